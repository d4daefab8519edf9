"""Where a model is wrong, as a section: its weak slices, and the rows with the largest losses."""

from collections.abc import Iterator, Sequence

from mlptrain.diagnostics.report import Report
from mlptrain.diagnostics.weak_rows import WeakRows, WeakSlice, WorstRow
from mlptrain.figures import format_figure, format_interval
from mlptrain.reporting.bar_charts import draw_small_interval
from mlptrain.reporting.page_blocks import Block, Cell, Paragraph, Table, explain_absence
from mlptrain.reporting.words import format_count_with_noun

MOST_SLICES = 50
MOST_OPEN = 12
"""Slices that are shown at once, with drawings; the weak ones are among them, the others are opened by a click."""
MOST_CELLS = 12
"""Columns of the worst rows that are shown, the most important ones."""


def show_weak_rows(report: Report) -> Iterator[Block]:
    """Where a model is wrong."""
    weak = report.weak_rows
    if weak is None:
        yield from explain_absence(report.absent.get("weak_rows", ""))
        return
    if weak.slices:
        yield from tabulate_slices(weak)
        yield Paragraph(text=describe_slices(weak), quiet=True)
    if weak.worst:
        columns = choose_columns(report, weak.worst)
        yield tabulate_worst_rows(weak.worst, columns)
        if hidden := len(weak.worst[0].cells) - len(columns):
            yield Paragraph(text=f"{hidden:,} more columns are not shown.", quiet=True)
    yield from (Paragraph(text=f"{name.capitalize()}: {why}", quiet=True) for name, why in weak.absent.items())


def tabulate_slices(weak: WeakRows) -> Iterator[Table]:
    """The slices, the worst first: some with their intervals drawn on one scale, the others folded."""
    slices = weak.slices[:MOST_SLICES]
    count = max(MOST_OPEN, sum(each.is_weak for each in slices))
    shown, others = slices[:count], slices[count:]
    ends = [end for each in shown for end in (*(each.interval or ()), each.metric, weak.overall) if end is not None]
    verdict = ["verdict"] * any(each.is_weak for each in shown)
    rows = [
        [*list_cells(each), draw_slice(each, ends, weak), *("weak" * each.is_weak for _ in verdict)] for each in shown
    ]
    heading, headings = "Slices, the worst first", ["column", "value", "rows", weak.metric, "interval"]
    drawn = [*headings, "beside all rows", *verdict]
    yield Table(name=heading, heading=heading, headings=drawn, rows=rows, numbers=2, texts=(5, 6))
    if others:
        more = f"{format_count_with_noun(len(others), 'slice')} more"
        rows = [list_cells(each) for each in others]
        yield Table(name=more, heading=more, headings=headings, rows=rows, numbers=2, folded=True)


def list_cells(each: WeakSlice) -> list[Cell]:
    """A slice in texts."""
    between = "-" if each.interval is None else format_interval(*each.interval)
    return [each.column, each.value, f"{each.rows:,}", format_figure(each.metric), between]


def draw_slice(each: WeakSlice, ends: Sequence[float], weak: WeakRows) -> Cell:
    """The interval of a slice; no drawing where there is none."""
    if each.metric is None or each.interval is None:
        return ""
    return draw_small_interval(each.metric, each.interval, ends, weak.overall, f"{each.column}: {each.value}")


def describe_slices(weak: WeakRows) -> str:
    """How many were measured, and what calls one weak."""
    shown, measured = min(len(weak.slices), MOST_SLICES), weak.slices_measured
    which = f"The first {shown} of {measured:,} slices" if shown < measured else f"All {measured} slices"
    none = "" if any(each.is_weak for each in weak.slices) else ", as none does here"
    overall = f"{weak.metric} of all rows is {format_figure(weak.overall)} (dotted)"
    return (
        f"{which}; {overall}. The worst is the one whose interval has the worst better end, so that a bad "
        "value of few rows stands further down. Intervals hold with 95 % for all slices together. "
        f"A slice is weak if it has rows enough and its interval lies on the worse side{none}."
    )


def choose_columns(report: Report, worst: Sequence[WorstRow]) -> list[str]:
    """The columns whose cells are shown, the most important first."""
    names = list(worst[0].cells)
    if report.importance is not None:
        rank = {each.column: place for place, each in enumerate(report.importance.columns)}
        names.sort(key=lambda name: rank.get(name, len(rank)))
    return names[:MOST_CELLS]


def tabulate_worst_rows(worst: Sequence[WorstRow], columns: Sequence[str]) -> Table:
    """The rows with the largest losses, with some of their cells."""
    told = any(each.probability is not None for each in worst)
    rows = [
        [
            each.place,
            each.truth,
            each.predicted,
            *([format_figure(each.probability)] if told else []),
            format_figure(each.loss),
            *(each.cells.get(name, "") for name in columns),
        ]
        for each in worst
    ]
    probability = ["probability of the truth"] if told else []
    headings = ["row", "true", "predicted", *probability, "loss", *columns]
    return Table(
        name="rows with the largest loss",
        heading=f"The {format_count_with_noun(len(worst), 'row')} with the largest loss",
        headings=headings,
        rows=rows,
        numbers=3,
        texts=range(len(headings) - len(columns), len(headings)),
    )
