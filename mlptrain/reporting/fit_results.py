"""The result of `fit`, for people and for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from statistics import mean, stdev
from typing import Any

from mlptrain.commands.fit import FitResult
from mlptrain.figures import format_figure
from mlptrain.model.baseline import describe_no_better
from mlptrain.model.watched import Watched
from mlptrain.reporting.layer_table import list_layer_facts
from mlptrain.reporting.metric_rows import SHORT, choose_headline, describe_scaled_loss, explain_gaps, shorten_metrics
from mlptrain.reporting.terminal import ANYWHERE, Terminal
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.text_tables import (
    PART_PAINTS,
    REFIT,
    TABLE_WIDTH,
    align_rows,
    describe_dropped_columns,
    drop_columns,
    format_metrics,
)


def format_fit_result(result: FitResult, terminal: Terminal = ANYWHERE, *, verbose: bool = False) -> str:
    """The metrics, and where the model is: what `fit` ends with."""
    size = f"{result.parameters:,} parameters, epoch {result.best_epoch} of {result.epochs}"
    if result.networks > 1:
        size = f"{result.networks} networks that predict with their average, {result.parameters:,} parameters"
    lines = format_folds(result, terminal, verbose=verbose) if result.folds else format_parts(result, terminal, verbose)
    if result.positive_class is not None:
        lines.append(terminal.wrap(f"  (positive class: {escape_text(result.positive_class, 40)})", "   "))
    if result.refit:
        lines.append(terminal.wrap(f"  ({REFIT})", "   "))
    if result.remark:
        lines.append(terminal.wrap(f"remark: {result.remark}"))
    model = terminal.wrap(f"model: {escape_text(result.model)} ({size})")
    return "\n".join([*lines, model])


def format_parts(result: FitResult, terminal: Terminal, verbose: bool) -> list[str]:
    """The metrics of the parts, and what is to be said about them."""
    shown = collect_parts(result, verbose=verbose)
    lines = [
        format_metrics(shown, terminal=terminal),
        *describe_scaled_loss(list(next(iter(shown.values()))), result.watched),
    ]
    return [*lines, *describe_worth(result, list(result.metrics)[-1], terminal, verbose=verbose)]


def collect_parts(result: FitResult, *, verbose: bool) -> dict[str, dict[str, float | None]]:
    """The metrics that are shown of each part and of the baseline on the last one.

    The watched one is the first: it is the one of the best epoch, before any calibration.
    """
    parts, watched = result.metrics, result.watched
    names = choose_metrics(parts, watched, verbose=verbose)
    shown = {part: {name: values[name] for name in names} for part, values in parts.items()}
    if is_loss_apart(watched) and "validation" in shown:
        before = {part: watched.values[0] if part == "validation" else None for part in parts}
        shown = {part: {"loss": before[part]} | dict(values) for part, values in shown.items()}
    last = list(parts)[-1]
    if last in result.baseline:
        trivial = {name: result.baseline[last].get(name) for name in next(iter(shown.values()))}
        shown["baseline"] = trivial | ({"loss": None} if is_loss_apart(watched) else {})
    return shown


def describe_worth(result: FitResult, part: str, terminal: Terminal, *, verbose: bool) -> list[str]:
    """A line for each metric that is shown without a value, and one if the model is no better than the baseline."""
    watched = result.watched.name or "loss"
    gaps = explain_gaps(result.metrics, result.undefined, result.baseline)
    if is_loss_apart(result.watched):
        last = list(result.metrics)[-1]
        gaps["loss"] = f"that of the best epoch, before the calibration; it is known of the {last} rows alone"
    lines = [f"{name}: {why}" for name, why in gaps.items() if verbose or name in (watched, *SHORT)]
    no_better = describe_no_better(f"the {part}", watched, result.metrics[part], result.baseline.get(part, {}))
    return [terminal.wrap(f"  ({escape_text(line)})", "   ") for line in [*lines, no_better] if line]


def choose_metrics(parts: Mapping[str, Mapping[str, float | None]], watched: Watched, *, verbose: bool) -> list[str]:
    """The metrics that are shown, in order."""
    measured = list(parts.values())[-1]
    first = choose_headline(measured, watched) if is_loss_apart(watched) else watched.name or watched.metric
    if verbose:
        return sorted(measured, key=lambda name: name != first)
    return shorten_metrics(parts, watched, first=first)


def is_loss_apart(watched: Watched) -> bool:
    """Whether the loss that was watched is another one than that of the calibrated network."""
    return watched.calibrated and watched.name == "loss"


def format_folds(result: FitResult, terminal: Terminal, *, verbose: bool = False) -> list[str]:
    """The metrics of the folds, as many as there is room for, and what is to be said about them."""
    rows = tabulate_folds(result, verbose=verbose)
    part = rows[0][0]
    shown, dropped = drop_columns(rows, Terminal(width=terminal.width or TABLE_WIDTH), keep=3)
    table = align_rows(shown, terminal=terminal, paints=[PART_PAINTS[part]])
    lines = [table, *describe_scaled_loss(rows[0][2:], result.watched), *describe_dropped_columns(dropped, terminal)]
    return [*lines, *describe_worth(result, part, terminal, verbose=verbose)]


def tabulate_folds(result: FitResult, *, verbose: bool) -> list[list[str]]:
    """The validation metrics of each fold, their mean and standard deviation, below a row of their names."""
    part = "validation" if "validation" in result.metrics else "train"
    watched = result.watched
    names = choose_metrics({part: result.metrics[part]}, watched, verbose=verbose)
    columns = [[fold.metrics[part][name] for fold in result.folds] for name in names]
    ends = [[result.metrics[part][name], result.deviations[part][name]] for name in names]
    if is_loss_apart(watched) and part == "validation":
        names, columns = ["loss", *names], [list(watched.values), *columns]
        ends = [summarize_values(watched.values), *ends]
    rows = [[part, "epoch", *names]]
    for number, fold in enumerate(result.folds, 1):
        figures = (format_figure(column[number - 1]) for column in columns)
        rows.append([result.names[number - 1], str(fold.best_epoch), *figures])
    rows += [[word, "", *(format_figure(end[k]) for end in ends)] for k, word in enumerate(("mean", "sd"))]
    if part in result.baseline:
        trivial = [result.baseline[part].get(name) for name in names]
        trivial[:1] = [None] if is_loss_apart(watched) and part == "validation" else trivial[:1]
        rows.append(["baseline", "", *map(format_figure, trivial)])
    return rows


def summarize_values(values: Sequence[float | None]) -> list[float | None]:
    """Their mean and standard deviation; None where one is not known."""
    known = [value for value in values if value is not None]
    return [mean(known), stdev(known)] if len(known) == len(values) > 1 else [None, None]


def build_fit_document(result: FitResult) -> dict[str, Any]:
    """The result of `fit` for programs; it has the keys of folds, a refit and layers only if there were any."""
    document = {"model": result.model} | asdict(replace(result, histories=()))
    for name in ("names", "layers", "histories", "running_loss", "networks"):
        del document[name]
    if result.layers is not None:
        document["layers"] = list_layer_facts(result.layers)
    document["watched"] = {"name": result.watched.name, "values": result.watched.values}
    if not result.folds:
        del document["folds"], document["deviations"]
    if result.refit is None:
        del document["refit"]
    if result.positive_class is None:
        del document["positive_class"]
    if not result.targets:
        del document["targets"]
        for fold in document.get("folds", ()):
            del fold["targets"]
    return document
