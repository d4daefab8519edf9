"""Rows of a table that look like none: units below the names, sums at the end. They are named, and stay."""

from collections.abc import Mapping, Sequence

import numpy as np

from mlptrain.data.table import Table
from mlptrain.data.table_shape import SUM_WORDS, is_figure, is_gap, is_sum_of

FEWEST_ROWS = 4


def describe_doubtful_rows(table: Table) -> list[str]:
    """Notices of a first row that says what stands in the columns, and of a last row of sums."""
    if table.rows < FEWEST_ROWS or not table.columns or not table.parts[0].may_have_others:
        return []
    return [*describe_row_of_units(table), *describe_row_of_sums(table)]


def describe_row_of_units(table: Table) -> list[str]:
    """A notice of a first row of words above columns of numbers."""
    first = {name: cells.text(0) for name, cells in table.columns.items()}
    if any(map(is_figure, first.values())):
        return []
    numbers = [name for name, text in first.items() if are_figures_but(table, name, text)]
    words = [name for name in numbers if not is_gap(first[name])]
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
    others = [value for value in cells.kept_texts.counts if value != text and not is_gap(value)]
    return (cells.is_numeric or bool(others)) and all(map(is_figure, others))


def describe_row_of_sums(table: Table) -> list[str]:
    """A notice of a last row with a word that stands beside sums, and nowhere else, or whose numbers are such sums."""
    last = table.rows - 1
    texts = {name: cells.text(last) for name, cells in table.columns.items()}
    words = (name for name, text in texts.items() if SUM_WORDS.fullmatch(text.strip().rstrip(":. ")))
    word = next((texts[name] for name in words if is_last_alone(table, name, texts[name])), None)
    if word is None and not has_only_sums(table, texts):
        return []
    why = f"the last row looks like sums ({word!r})" if word else "the numbers of the last row are sums of those above"
    return [f"{table.places([last])[0]}: {why}; if it is none of the rows, set data.skip_footer: 1"]


def is_last_alone(table: Table, name: str, text: str) -> bool:
    """Whether a text of the last row stands in no other row of its column."""
    return table.columns[name].kept_texts.counts.get(text, 0) == 1


def has_only_sums(table: Table, last: Mapping[str, str]) -> bool:
    """Whether all numbers of the last row are sums of those above, two of them or one beside a lone empty cell."""
    figures = [name for name, text in last.items() if is_figure(text)]
    alone = any(not text and is_last_alone(table, name, text) for name, text in last.items())
    return len(figures) + alone > 1 and all(is_sum_of_column(table, name) for name in figures)


def is_sum_of_column(table: Table, name: str) -> bool:
    """Whether the last cell of a column is the sum of all others, and larger than each of them."""
    numbers, _ = table.columns[name].read_numbers((), table.grammar_of(name))
    said = numbers[-1]
    others = numbers[:-1][~np.isnan(numbers[:-1])]
    if not len(others) or not np.isfinite(said) or abs(said) <= np.abs(others).max():
        return False
    return is_sum_of(float(said), total=float(others.sum()), count=len(others))


def show_cells(texts: Sequence[str]) -> str:
    """Some cells for a message."""
    return ", ".join(f"{text!r:.30}" for text in texts[:3]) + (" …" if len(texts) > 3 else "")
