"""The result of `eval`, for people and for programs."""

from dataclasses import asdict
from typing import Any

from mlptrain.figures import format_figure, format_interval, format_weight
from mlptrain.model.evaluation import Evaluation
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.text_tables import align_rows


def format_evaluation(result: Evaluation) -> str:
    """The metrics with their intervals, then the classes and the slices, if there are any."""
    rows = [["", f"{result.rows:,} rows", *(["95 % interval"] if result.intervals else [])]]
    for name, value in result.metrics.items():
        between = (
            [format_interval(*result.intervals[name]) if name in result.intervals else ""] if result.intervals else []
        )
        rows.append([name, format_figure(value), *between])
    lines = [align_rows(rows), *(f"  {name}: undefined: {escape_text(why)}" for name, why in result.undefined.items())]
    if result.intervals:
        lines.append(f"  (intervals from {result.resamples:,} bootstrap samples)")
    if result.classes:
        lines += ["", "classes", format_classes(result), *format_confusion(result)]
    if result.by:
        lines += ["", f"by {escape_text(result.by)}", format_slices(result)]
    return "\n".join(lines)


def format_classes(result: Evaluation, most: int = 30) -> str:
    """Rows, precision, recall and F1 of each class."""
    rows = [
        [
            escape_text(each.name, 40),
            format_weight(each.rows),
            format_figure(each.precision),
            format_figure(each.recall),
            format_figure(each.f1),
        ]
        for each in result.classes[:most]
    ]
    table = align_rows([["", "rows", "precision", "recall", "f1"], *rows])
    more = len(result.classes) - most
    return f"{table}\n  and {more} more classes" if more > 0 else table


def format_confusion(result: Evaluation, most: int = 12) -> list[str]:
    """Rows by true class (down) and predicted class (across), where they are few enough to be read."""
    if len(result.classes) > most:
        return []
    names = [escape_text(each.name, 20) for each in result.classes]
    rows = [
        [name, *(format_weight(count) for count in counts)]
        for name, counts in zip(names, result.confusion, strict=True)
    ]
    return ["", "true class (down), predicted class (across)", align_rows([["", *names], *rows])]


def format_slices(result: Evaluation, most: int = 50) -> str:
    """The metrics of each slice."""
    names = list(result.metrics)
    rows = [
        [escape_text(each.value, 40), f"{each.rows:,}", *(format_figure(each.metrics[name]) for name in names)]
        for each in result.slices[:most]
    ]
    return align_rows([["", "rows", *names], *rows])


def build_evaluation_document(result: Evaluation) -> dict[str, Any]:
    """The result of `eval` for programs."""
    document = asdict(result)
    always = {key: document[key] for key in ("rows", "metrics", "intervals")}
    if result.classes:
        always |= {"classes": document["classes"], "confusion": document["confusion"]}
    return always | ({"by": result.by, "slices": document["slices"]} if result.by else {})
