"""Rows of a table that look like none: units below the names, sums at the end. They are named, and stay."""

from collections.abc import Sequence

from mlptrain.data.table import Table
from mlptrain.data.table_shape import MISSING_WORDS, SUM_WORDS, is_figure

FEWEST_ROWS = 4


def describe_doubtful_rows(table: Table) -> list[str]:
    """Notices of a first row that says what stands in the columns, and of a last row of sums."""
    if table.rows < FEWEST_ROWS or not table.columns or table.parts[0].unit != ":":
        return []
    return [*describe_row_of_units(table), *describe_row_of_sums(table)]


def describe_row_of_units(table: Table) -> list[str]:
    """A notice of a first row of words above columns of numbers."""
    first = {name: cells.text(0) for name, cells in table.columns.items()}
    if any(map(is_figure, first.values())):
        return []
    numbers = [name for name, text in first.items() if are_figures_but(table, name, text)]
    words = [name for name in numbers if first[name].strip().lower() not in MISSING_WORDS]
    others = [name for name, text in first.items() if text.strip() and name not in numbers]
    again = any(table.columns[name].kept_texts.counts.get(first[name], 0) > 1 for name in [*words, *others])
    if not words or again or 2 * len(words) < len(numbers):
        return []
    shown = show_cells([first[name] for name in words])
    why = f"no cell of this row is a number, while those below are ({shown})"
    return [f"{table.places([0])[0]}: {why}; if it holds units or the like, set data.skip_after_names: 1"]


def are_figures_but(table: Table, name: str, text: str) -> bool:
    """Whether all cells of a column are numbers or missing, but for one text."""
    cells = table.columns[name]
    others = [
        value for value in cells.kept_texts.counts if value != text and value.strip().lower() not in MISSING_WORDS
    ]
    return (cells.is_numeric or bool(others)) and all(map(is_figure, others))


def describe_row_of_sums(table: Table) -> list[str]:
    """A notice of a last row with a word that stands beside sums, and nowhere else."""
    last = table.rows - 1
    for cells in table.columns.values():
        text = cells.text(last)
        if SUM_WORDS.fullmatch(text.strip().rstrip(":. ")) and cells.kept_texts.counts.get(text, 0) == 1:
            cure = "if it is none of the rows, set data.skip_footer: 1"
            return [f"{table.places([last])[0]}: the last row looks like sums ({text!r}); {cure}"]
    return []


def show_cells(texts: Sequence[str]) -> str:
    """Some cells for a message."""
    return ", ".join(f"{text!r:.30}" for text in texts[:3]) + (" …" if len(texts) > 3 else "")
