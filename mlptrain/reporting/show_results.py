"""What a model file holds, for people and for programs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from typing import Any

from mlptrain.commands.show import Description, OtherNetworks
from mlptrain.figures import format_figure
from mlptrain.model.history import IMPORTED
from mlptrain.model.training_names import choose_training_noun, describe_best_epochs
from mlptrain.reporting.curve_rows import describe_scales, draw_curve_rows
from mlptrain.reporting.digest import generate_round_steps
from mlptrain.reporting.frame import WIDEST
from mlptrain.reporting.glyphs import UNICODE, Glyphs
from mlptrain.reporting.layer_table import format_layers
from mlptrain.reporting.metric_rows import choose_headline, describe_scaled_loss, explain_gaps, shorten_metrics
from mlptrain.reporting.panels import draw_panels
from mlptrain.reporting.spec_text import format_spec_as_yaml
from mlptrain.reporting.terminal import ANYWHERE, Terminal
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.text_tables import (
    REFIT,
    TABLE_WIDTH,
    align_rows,
    describe_dropped_columns,
    drop_columns,
    format_metrics,
    format_size,
)
from mlptrain.reporting.training_curves import list_training_curves
from mlptrain.reporting.words import NOT_OF_WEIGHTS, STORED_REASONS, format_count_with_noun

MOST_COLUMNS, MOST_EPOCHS = 10, 7
"""What fits on one screen; --verbose shows all columns and more epochs."""
VERBOSE_EPOCHS = 24
MOST_TRAININGS, CURVE_HEIGHT = 5, 4
INDENT = "  "


def format_description(
    result: Description, terminal: Terminal = ANYWHERE, *, glyphs: Glyphs = UNICODE, verbose: bool = False
) -> str:
    """The size, metrics, columns, target, curves and history of a model file: what fits on one screen."""
    networks = f"{result.networks} networks, " if result.networks > 1 else ""
    size = f"{format_count_with_noun(result.parameters, 'parameter')}, {format_size(result.bytes)}"
    epochs = format_count_with_noun(result.epochs, "epoch")
    best = describe_best_epochs(result.best_epochs if result.networks > 1 else [result.best_epoch])
    ended = f"{describe_end(result)}: {epochs}{f', best {best}' if best else ''}"
    lines = [
        terminal.wrap(f"{escape_text(result.model)}: {networks}{size}; {ended}"),
        *([terminal.wrap(NOT_OF_WEIGHTS)] if result.reason == IMPORTED else []),
        *(terminal.wrap(line) for line in describe_start(result.spec)),
        *(terminal.wrap(describe_other_networks(each)) for each in result.others),
        *describe_metrics(result, terminal, verbose=verbose),
        *describe_columns(result.columns, terminal, verbose=verbose),
        *(terminal.wrap(f"target {escape_text(line, 2000)}") for line in result.target.splitlines()),
        *draw_curves(result, terminal, glyphs, verbose=verbose),
        *describe_history(result, terminal, most=VERBOSE_EPOCHS if verbose else MOST_EPOCHS),
        *describe_layers(result, terminal, verbose=verbose),
        terminal.wrap(f"spec: `mlptrain show {escape_text(result.model)} --spec` prints it"),
    ]
    return "\n".join(lines)


def describe_start(spec: Mapping[str, Any]) -> Iterator[str]:
    """What the training started from, and which layers it kept."""
    if (start := spec["initial_weights"]) is not None:
        file = escape_text(start["file"]) or "a model in memory"
        fresh = ", with a fresh head" if start["head"] == "fresh" else ""
        yield f"started from the weights of {file} (SHA-256 of its arrays {start['digest'][:12]}…){fresh}"
    if frozen := spec["training"]["freeze"]:
        yield f"frozen layers: {', '.join(map(escape_text, frozen))}"


def describe_other_networks(others: OtherNetworks) -> str:
    """How many networks have another spec than the first, and their share of the weight."""
    count = f"{format_count_with_noun(others.networks, 'network')} of these"
    return f"{count} with another spec, {others.share:.0%} of the weight; metrics and history are of the first ones"


def describe_end(result: Description) -> str:
    """Why training ended, and how many of several trainings the model holds if it was finished before the last."""
    word = STORED_REASONS.get(result.reason, result.reason)
    split = result.spec["data"]["split"]
    repeats = split["repeats"]
    count = (split["folds"] or 1) * repeats
    if result.reason != "interrupted" or result.networks >= count:
        return word
    return f"{word} with {result.networks} of {count} {choose_training_noun(count, repeats)}"


def describe_metrics(result: Description, terminal: Terminal, *, verbose: bool) -> list[str]:
    """The metrics that the model was saved with."""
    watched, measured = result.watched, list(result.metrics.values())[-1]
    first = choose_headline(measured, watched)
    names = shorten_metrics(result.metrics, watched, first=first)
    if verbose:
        names = sorted(measured, key=lambda name: name != first)
    table = format_metrics(result.metrics | add_baseline(result), names, terminal=terminal)
    lines = [table, *describe_shown_gaps(result, names, terminal), *describe_scaled_loss(names, watched)]
    return [*lines, *([terminal.wrap(f"  ({REFIT})", "   ")] if result.refit else [])]


def describe_shown_gaps(result: Description, names: Sequence[str], terminal: Terminal = ANYWHERE) -> list[str]:
    """A line for each metric that is shown and has no value of some part, or of the baseline: why."""
    gaps = explain_gaps(result.metrics, result.undefined, result.baseline)
    return [terminal.wrap(f"  ({name}: {escape_text(gaps[name])})", "   ") for name in names if name in gaps]


def add_baseline(result: Description) -> dict[str, dict[str, float | None]]:
    """A column for the baseline on the last of the parts, if the model has one."""
    last = list(result.metrics)[-1]
    return {"baseline": result.baseline[last]} if last in result.baseline else {}


def describe_columns(columns: Mapping[str, str], terminal: Terminal, *, verbose: bool) -> list[str]:
    """The columns that the networks read, and what they became."""
    shown = list(columns.items())
    shown = shown if verbose or len(shown) <= MOST_COLUMNS else shown[:MOST_COLUMNS]
    words = "; ".join(f"{escape_text(name, 60)} ({escape_text(kind)})" for name, kind in shown)
    more = f"; and {len(columns) - len(shown):,} more (--verbose shows all)" if len(shown) < len(columns) else ""
    return [terminal.wrap(f"columns: {words}{more}")] if columns else []


def draw_curves(result: Description, terminal: Terminal, glyphs: Glyphs, *, verbose: bool) -> list[str]:
    """The curves of the training, of several a line each; nothing where there is nothing to draw."""
    trainings = list_training_curves(result.histories, result.names, result.watched, running_loss=result.running_loss)
    width = min(terminal.width or TABLE_WIDTH, WIDEST) - len(INDENT)
    if result.networks > 1:
        shown = trainings if verbose else trainings[:MOST_TRAININGS]
        lines, more = draw_curve_rows(shown, width, glyphs), len(trainings) - len(shown)
        last = [f"  ({describe_scales(shown)}{f'; and {more} more networks, --verbose shows all' * (more > 0)})"]
    else:
        (training,), last = trainings, []
        lines = draw_panels(training.charts, training.epochs, width, CURVE_HEIGHT, glyphs)
    painted = [INDENT + "".join(terminal.paint(text, style) for text, style in line).rstrip() for line in lines]
    return [*painted, *(terminal.wrap(line, "   ") for line in last)] if painted else []


def describe_history(result: Description, terminal: Terminal, *, most: int) -> list[str]:
    """The history as a table: epochs at round distances, the first, the best and the last."""
    table = tabulate_history(result, most)
    if len(table) == 1:
        return ["history: no epochs"]
    shown, dropped = drop_columns(table, terminal)
    legend = " (* best)" if any(row[0].startswith("*") for row in table) else ""
    heading = "history of the first network" if result.networks > 1 else "history"
    lines = [terminal.paint(f"{heading}{legend}", "strong"), align_rows(shown, terminal=terminal, left=0)]
    lines += ["  (-: not defined in that epoch)"] if any("-" in row for row in shown) else []
    return [*lines, *describe_dropped_columns(dropped, terminal)]


def tabulate_history(result: Description, most: int) -> list[list[str]]:
    """Some epochs below a row of headings, the best one with a star."""
    history = result.history
    epochs = [int(number or 0) for number in history.get("epoch", ())]
    names = [name for name, values in history.items() if any(value is not None for value in values)]
    shown = [name for name in names if name not in ("epoch", "best", "penalty") or any(history[name])]
    shown = [name for name in shown if name not in ("epoch", "best")]
    shown.sort(key=lambda name: name != find_watched_column(result))
    best = max((epoch for epoch, is_best in zip(epochs, history.get("best", ()), strict=False) if is_best), default=0)
    chosen = choose_epochs(epochs, best, most) if epochs else []
    rows = [
        [f"{'*' * (epochs[k] == best)} {epochs[k]}", *(format_figure(history[name][k]) for name in shown)]
        for k in chosen
    ]
    return [["epoch", *(label_history_column(name, result) for name in shown)], *rows]


def describe_layers(result: Description, terminal: Terminal, *, verbose: bool) -> list[str]:
    """The layers as they were seen last, if they were watched."""
    if result.last_layers is None:
        return []
    which = " of the first network" if result.networks > 1 else ""
    title = f"layers{which} after epoch {result.last_layers.epoch:,}"
    return format_layers(result.last_layers, terminal, verbose=verbose, title=title)


def find_watched_column(result: Description) -> str:
    """The column of the history that stands first, so that the narrowest terminal has room for it."""
    if result.watched.name is None:
        return "train_loss"
    return "validation_loss" if result.watched.name == "loss" else "validation_metric"


def label_history_column(name: str, result: Description) -> str:
    """The heading of a column of the history: the words of the live table."""
    metric = escape_text(result.watched.metric)
    words = {
        "train_loss": "batch loss" if result.running_loss else "train loss",
        "train_metric": f"train {metric}",
        "validation_metric": f"validation {metric}",
    }
    return words.get(name, name.replace("_", " "))


def choose_epochs(epochs: Sequence[int], best: int, most: int) -> list[int]:
    """The positions of the first, the best and the last epoch, and of as many at a round distance as there is room for.

    >>> choose_epochs(range(1, 51), 23, 8)
    [0, 9, 19, 22, 29, 39, 49]
    """
    needed = {0, len(epochs) - 1} | ({epochs.index(best)} if best in epochs else set())
    for step in generate_round_steps(epochs[-1]):
        round_ones = {position for position, epoch in enumerate(epochs) if epoch % step == 0}
        if len(needed | round_ones) <= most:
            return sorted(needed | round_ones)
    return sorted(needed)


def format_stored_spec(result: Description) -> str:
    """The resolved spec as YAML that `fit` takes, with a comment about its place if its paths need one.

    Specs of further networks follow as comments.
    """
    data = result.spec["data"]
    lines = []
    if data["train"] == "":
        lines = ["# trained on rows in memory: say data.train"]
    elif result.spec_folder not in ("", "."):
        lines = [f"# paths are relative to {escape_text(result.spec_folder, 2000)}: save it there"]
    if (start := result.spec["initial_weights"]) is not None and not start["file"]:
        lines.append("# started from a model in memory: say initial_weights.file")
    return "\n".join([*lines, format_spec_as_yaml(result.spec), *chain(*map(format_other_spec, result.others))])


def format_other_spec(others: OtherNetworks) -> Iterator[str]:
    """The spec of networks that have another one than the first, as comments."""
    networks = format_count_with_noun(others.networks, "network")
    yield f"# the spec of {networks} more, {others.share:.0%} of the weight:"
    yield from (f"# {line}" for line in format_spec_as_yaml(others.spec).splitlines())


def build_description_document(result: Description) -> dict[str, Any]:
    """What a model file holds, for programs."""
    document = asdict(result)
    unwatched, alone = () if result.layers else ("layers",), () if result.networks > 1 else ("histories",)
    absent = (*unwatched, *alone, *(() if result.others else ("others",)))
    for name in ("spec_folder", "running_loss", "best_epochs", "names", "last_layers", *absent):
        del document[name]
    return document | {"watched": {"name": result.watched.name, "values": result.watched.values}}
