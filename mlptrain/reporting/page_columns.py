"""The columns, as a section: what each is to the model, how its cells lie, and which are left out."""

from collections.abc import Iterator, Sequence

from mlptrain.diagnostics.column_summary import ColumnSummary
from mlptrain.diagnostics.report import Report
from mlptrain.figures import format_interval
from mlptrain.reporting.bar_charts import describe_counts, draw_small_bars
from mlptrain.reporting.page_blocks import Block, Cell, Paragraph, Table
from mlptrain.reporting.page_layers import merge_counts
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.words import format_count_with_noun

MOST_COLUMNS = 200
MOST_BARS = 24


def show_columns(report: Report) -> Iterator[Block]:
    """The columns that are used, then those that are not."""
    used = [each for each in report.columns if not each.left_out and each.kind != "ignore"]
    left_out = [each for each in report.columns if each.left_out or each.kind == "ignore"]
    if not report.columns:
        yield Paragraph(
            text=report.absent.get("columns") or "The model reads images, which have no columns.", quiet=True
        )
        return
    yield Paragraph(text=describe_columns(used, left_out))
    if used:
        yield tabulate_columns(used[:MOST_COLUMNS])
    if more := max(len(used) - MOST_COLUMNS, 0) + report.more_columns:
        yield Paragraph(text=f"{more:,} more columns are not shown.", quiet=True)
    if left_out:
        rows = [[each.name, each.left_out or "data.columns says so"] for each in left_out[:MOST_COLUMNS]]
        title = "Columns that are not used"
        yield Table(name=title, heading=title, headings=["column", "why"], rows=rows, numbers=2, prose=(1,))
    if len(left_out) > MOST_COLUMNS:
        yield Paragraph(text=f"{len(left_out) - MOST_COLUMNS:,} more columns are not used.", quiet=True)


def describe_columns(used: Sequence[ColumnSummary], left_out: Sequence[ColumnSummary]) -> str:
    """How many there are, and how many inputs they become."""
    inputs = format_count_with_noun(sum(each.inputs for each in used), "input")
    more = f"; {len(left_out):,} {'is' if len(left_out) == 1 else 'are'} not used" if left_out else ""
    return f"{format_count_with_noun(len(used), 'column')} become{'s' * (len(used) == 1)} {inputs}{more}."


def tabulate_columns(columns: Sequence[ColumnSummary]) -> Table:
    """A row a column, with what its cells are among the rows that were judged."""
    counts = {
        "missing": [each.missing for each in columns],
        "unseen": [each.unseen for each in columns],
        "far out": [each.beyond for each in columns],
        "different": [each.different for each in columns],
    }
    shown = {name: numbers for name, numbers in counts.items() if any(number is not None for number in numbers)}
    drawn = any(each.histogram is not None or each.levels for each in columns)
    ranged = any(each.lowest for each in columns)
    rows = [
        [
            each.name,
            each.kind,
            f"{each.inputs:,}",
            *("-" if numbers[k] is None else f"{numbers[k]:,}" for numbers in shown.values()),
            *([f"{each.lowest} to {each.highest}" if each.lowest else ""] if ranged else []),
            *([draw_cells(each)] if drawn else []),
        ]
        for k, each in enumerate(columns)
    ]
    headings = ["column", "kind", "inputs", *shown, *["range"] * ranged, *["cells"] * drawn]
    texts = range(3 + len(shown), len(headings))
    return Table(name="columns", headings=headings, rows=rows, numbers=2, texts=texts)


def draw_cells(column: ColumnSummary) -> Cell:
    """How the cells of a column lie: a histogram of numbers, or the most frequent values."""
    title = f"Cells of {escape_text(column.name, 60)}"
    if column.histogram is not None and any(column.histogram.counts):
        said = f"numbers from {format_interval(column.histogram.edges[0], column.histogram.edges[-1])}"
        return draw_small_bars(merge_counts(column.histogram.counts, MOST_BARS), title=title, description=said)
    if column.levels:
        counts = [each.rows for each in column.levels]
        names = [escape_text(each.level, 40) for each in column.levels]
        rest = [column.others] if column.others else []
        said = describe_counts([*names, "others"][: len(counts) + len(rest)], [*counts, *rest])
        return draw_small_bars([*counts, *rest], title=title, description=said)
    return ""
