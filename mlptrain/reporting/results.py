"""Results as text for a terminal, plain and aligned, or as one JSON document."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from mlptrain.reporting.text import json_safe, plain

if TYPE_CHECKING:
    from mlptrain.commands.check import Check
    from mlptrain.commands.evaluate import Evaluation
    from mlptrain.commands.fit import FitResult
    from mlptrain.commands.show import Description
    from mlptrain.spec.file import Expansion


def json_text(result: Any) -> str:
    """One JSON document; numbers that are not finite are null."""
    plain_values = strict(asdict(result) if is_dataclass(result) else result)  # type: ignore[arg-type]
    return json_safe(json.dumps(plain_values, indent=2, ensure_ascii=False))


def strict(value: Any) -> Any:
    """A value of which JSON's readers can read every part."""
    if isinstance(value, Mapping):
        return {key: strict(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [strict(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def columns(rows: Sequence[Sequence[str]], indent: str = "  ") -> str:
    """Rows as columns, the first one left, the others right."""
    widths = [max(len(row[position]) for row in rows) for position in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if not k else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)


def figure(value: float | None) -> str:
    """A number for people: four decimals, or four digits where it is large."""
    if value is None:
        return "–"
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:,.0f}" if abs(value) >= 1e5 else f"{value:,.1f}"


def metrics_table(parts: Mapping[str, Mapping[str, float | None]]) -> str:
    """Metrics as rows, parts as columns."""
    names = list(next(iter(parts.values())))
    return columns([["", *parts], *([name, *(figure(values[name]) for values in parts.values())] for name in names)])


def fit_text(result: "FitResult") -> str:
    """What `fit` says at the end."""
    size = f"{result.parameters:,} parameters, epoch {result.best_epoch} of {result.epochs}"
    if result.folds:
        size = f"{len(result.folds)} networks that predict with their average, {result.parameters:,} parameters"
    table = folds_table(result) if result.folds else metrics_table(result.metrics)
    if result.refit:
        table += f"\n  ({REFIT})"
    return f"{table}\nmodel: {plain(result.model)} ({size})"


REFIT = "train: the refit on all rows; validation: the network before it, which had not seen these rows"
"""What the metrics of a refitted network are of."""


def folds_table(result: "FitResult") -> str:
    """The validation metrics of each fold, their mean and standard deviation."""
    part = "validation" if "validation" in result.metrics else "train"
    names = list(result.metrics[part])
    rows = [
        [f"fold {number}", str(fold.best_epoch), *(figure(fold.metrics[part][name]) for name in names)]
        for number, fold in enumerate(result.folds, 1)
    ]
    mean = ["mean", "", *(figure(result.metrics[part][name]) for name in names)]
    deviation = ["± sd", "", *(figure(result.deviations[part][name]) for name in names)]
    return columns([[part, "epoch", *names], *rows, mean, deviation])


def fit_document(result: "FitResult") -> dict[str, Any]:
    """The result of `fit` for programs; what is about folds or a refit only where there are any."""
    left_out = ("folds", "deviations") * (not result.folds) + ("refit",) * (result.refit is None)
    return {key: value for key, value in asdict(result).items() if key not in left_out}


def evaluation_document(result: "Evaluation") -> dict[str, Any]:
    """The result of `eval` for programs."""
    document = asdict(result)
    always = {key: document[key] for key in ("rows", "metrics", "intervals")}
    if result.classes:
        always |= {"classes": document["classes"], "confusion": document["confusion"]}
    return always | ({"by": result.by, "slices": document["slices"]} if result.by else {})


def evaluation_text(result: "Evaluation") -> str:
    """What `eval` says."""
    rows = [["", f"{result.rows:,} rows", *(["95 % interval"] if result.intervals else [])]]
    for name, value in result.metrics.items():
        between = [" to ".join(map(figure, result.intervals.get(name, ())))] if result.intervals else []
        rows.append([name, figure(value), *between])
    lines = [columns(rows), *(f"  {name}: undefined: {plain(why)}" for name, why in result.undefined.items())]
    if result.intervals:
        lines.append(f"  (intervals from {result.resamples:,} bootstrap samples)")
    if result.classes:
        lines += ["", "classes", classes_table(result), *confusion_table(result)]
    if result.by:
        lines += ["", f"by {plain(result.by)}", slices_table(result)]
    return "\n".join(lines)


def classes_table(result: "Evaluation", most: int = 30) -> str:
    """What is right about each class."""
    rows = [
        [plain(each.name, 40), f"{each.rows:,g}", figure(each.precision), figure(each.recall), figure(each.f1)]
        for each in result.classes[:most]
    ]
    table = columns([["", "rows", "precision", "recall", "f1"], *rows])
    more = len(result.classes) - most
    return f"{table}\n  and {more} more classes" if more > 0 else table


def confusion_table(result: "Evaluation", most: int = 12) -> list[str]:
    """Rows by true class (down) and predicted class (across), where they are few enough to be read."""
    if len(result.classes) > most:
        return []
    names = [plain(each.name, 20) for each in result.classes]
    rows = [[name, *(f"{count:,g}" for count in counts)] for name, counts in zip(names, result.confusion, strict=True)]
    return ["", "true class (down), predicted class (across)", columns([["", *names], *rows])]


def slices_table(result: "Evaluation", most: int = 50) -> str:
    """The metrics of each slice."""
    names = list(result.metrics)
    rows = [
        [plain(each.value, 40), f"{each.rows:,}", *(figure(each.metrics[name]) for name in names)]
        for each in result.slices[:most]
    ]
    return columns([["", "rows", *names], *rows])


def spec_text(spec: Mapping[str, Any]) -> str:
    """A resolved spec as YAML; where a text holds a line break of Unicode, which YAML would fold, all is escaped."""
    import yaml

    layout: dict[str, Any] = {"sort_keys": False, "default_flow_style": None, "width": 100}
    text = yaml.safe_dump(spec, allow_unicode=True, **layout)
    folded = any(mark in text for mark in "\x85\u2028\u2029")
    return (yaml.safe_dump(spec, **layout) if folded else text).rstrip()


def check_text(result: "Check") -> str:
    """What `check` says: spec, columns, model, gradient."""
    from mlptrain.spec.plain import to_plain

    sections = [] if result.recipe is None else ["recipe", indented("\n".join(recipe_lines(result.recipe))), ""]
    sections += ["resolved spec", indented(spec_text(to_plain(result.spec)))]
    if result.columns:
        sections += ["", "columns", columns_table(result.columns)]
    sections += ["", "model", columns([["layer", "output", "parameters"], *model_rows(result)])]
    sections += [f"  {result.parameters:,} parameters; training takes about {mebibytes(result.memory)} of memory"]
    sections += [f"  matrix products: {plain(result.products)}", f"  elementwise: {plain(result.elementwise)}"]
    sections += [
        "",
        f"gradient against finite differences (float64, {result.rows_checked} rows)",
        gradient_table(result),
    ]
    return "\n".join(sections)


def trial_lines(expansion: "Expansion") -> list[str]:
    """Which choices `fit` decides between, and which of them is shown."""
    trial = expansion.recipe.trial
    if trial is None:
        return []
    choices = " or ".join(choice.about for choice in trial.choices)
    return [f"`fit` decides by trials of {trial.steps:,} steps: {choices}; shown is: {expansion.choice}"]


def recipe_lines(expansion: "Expansion") -> list[str]:
    """Which recipe the spec names, what it went by, and what the user has said otherwise."""
    recipe, facts = expansion.recipe, expansion.facts
    return [
        f"{recipe.name}: {recipe.about}",
        f"as it is for {facts.rows:,} rows and a target of {facts.target}",
        f"overridden: {', '.join(expansion.overridden) or 'nothing'}",
        *trial_lines(expansion),
    ]


def columns_table(rows: Sequence[Sequence[str]], most: int = 20) -> str:
    """Columns as they were understood; of very many the first and the last (the target)."""
    shown = [*rows[: most - 1], rows[-1]] if len(rows) > most else list(rows)
    table = columns([["column", "understood as", "", ""], *([plain(cell) for cell in row] for row in shown)])
    return f"{table}\n  ({len(rows) - most} more columns are not shown)" if len(rows) > most else table


def model_rows(result: "Check") -> list[list[str]]:
    return [[plain(name), " × ".join(map(str, shape)), f"{count:,}"] for name, shape, count in result.layers]


def gradient_table(result: "Check") -> str:
    """The largest relative error of each parameter's gradient."""
    rows = [
        [check.name, " × ".join(map(str, check.shape)), f"{check.error:.1e}", "right" if check.right else "WRONG"]
        for check in result.gradient
    ]
    return columns([["parameter", "shape", "relative error", ""], *rows])


def indented(text: str) -> str:
    return "\n".join(f"  {plain(line, 2000)}" for line in text.splitlines())


def mebibytes(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"


def description_text(result: "Description") -> str:
    """What `show` says."""
    epochs = f"{result.epochs} epochs ({result.reason}), best {result.best_epoch}"
    networks = f"{result.networks} networks, " if result.networks > 1 else ""
    lines = [
        f"{plain(result.model)}: {networks}{result.parameters:,} parameters, {mebibytes(result.bytes)}, {epochs}",
        "",
        "metrics",
        metrics_table(result.metrics),
        *([f"  ({REFIT})"] if result.refit else []),
        "",
        "columns",
        columns([[plain(name), plain(kind)] for name, kind in result.columns.items()]),
        "",
        "target",
        indented(result.target),
        "",
        "history",
        history_table(result.history),
        "",
        "spec",
        indented(spec_text(result.spec)),
    ]
    return "\n".join(lines)


def history_table(history: Mapping[str, Sequence[float | None]]) -> str:
    """At most twenty epochs of the history, evenly taken, the first and the last among them."""
    names = [name for name, values in history.items() if any(value is not None for value in values)]
    count = len(history["epoch"])
    if not count:
        return "  no epochs"
    chosen = sorted({round(position * (count - 1) / 19) for position in range(20)})
    shown = [name for name in names if name not in ("epoch", "best")]
    rows = [[str(int(history["epoch"][k] or 0)), *(figure(history[name][k]) for name in shown)] for k in chosen]
    return columns([["epoch", *(name.replace("_", " ") for name in shown)], *rows])
