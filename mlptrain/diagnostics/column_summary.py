"""The columns: what each is to the model, how its cells lie, and which were left out and why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.date_column import DateColumn
from mlptrain.data.features import FeatureColumn
from mlptrain.data.number_column import NumberColumn
from mlptrain.data.number_texts import write_data_number
from mlptrain.data.table import Table
from mlptrain.engine.histograms import count_between_edges, spread_edges
from mlptrain.model.evaluation import JudgedRows
from mlptrain.model.layer_history import Histogram
from mlptrain.model.model import Model
from mlptrain.model.slicing import count_levels

Doubles = NDArray[np.float64]
MOST_COLUMNS = 200
"""Columns that are summarised."""
MOST_LEVELS = 8
"""Levels of a category that are listed, the most frequent ones; numbers with up to so many different ones have levels,
too."""
BUCKETS = 12
CENTRAL = (0.01, 0.99)
"""The quantiles between which numbers are counted in buckets."""
EXACT = 1e15
"""Up to this, the number that is ½ less than a whole one is a number of float64."""


@dataclass(frozen=True, kw_only=True)
class LevelCount:
    """How many of the judged rows have a value."""

    level: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class ColumnSummary:
    """A column of the training table."""

    name: str
    kind: str
    """number, category … or "ignore"."""
    inputs: int
    """The inputs of the network that it becomes."""
    left_out: str = ""
    """Why it is not used; empty if it is."""
    missing: int | None = None
    """Cells of the judged rows; None without any."""
    unseen: int | None = None
    beyond: int | None = None
    different: int | None = None
    """Different values, missing apart."""
    lowest: str = ""
    highest: str = ""
    """The range of numbers and dates as texts; empty of other kinds."""
    levels: tuple[LevelCount, ...] = ()
    """Of categories and truth values the most frequent first, of few different numbers in their order."""
    others: int = 0
    """The rows of all levels that are not listed."""
    histogram: Histogram | None = None
    """Of more numbers, and of dates in seconds since 1970."""
    below: int = 0
    above: int = 0
    """The rows that are less than the first edge of the histogram, or more than the last."""


def summarize_columns(model: Model, judged: JudgedRows | None) -> tuple[tuple[ColumnSummary, ...], int]:
    """The columns of a model, those that it uses first, and how many more than may be summarised there are."""
    used = model.columns()
    ignored = {name: why for each in model.networks for name, why in each.features.ignored.items() if name not in used}
    table = None if judged is None or judged.rows.are_images else judged.rows.inputs
    found = [summarize_column(column, table, judged) for column in list(used.values())[:MOST_COLUMNS]]
    room = MOST_COLUMNS - len(found)
    left_out = [
        ColumnSummary(name=name, kind="ignore", inputs=0, left_out=why) for name, why in list(ignored.items())[:room]
    ]
    return (*found, *left_out), len(used) + len(ignored) - len(found) - len(left_out)


def summarize_column(column: FeatureColumn, table: Table | None, judged: JudgedRows | None) -> ColumnSummary:
    """A column that the model uses, and how its cells lie in the judged rows."""
    kind = "boolean" if isinstance(column, NumberColumn) and column.boolean else column.kind
    if table is None or judged is None:
        return ColumnSummary(name=column.name, kind=kind, inputs=column.width)
    odd = judged.evaluation.odd_cells
    return ColumnSummary(
        name=column.name,
        kind=kind,
        inputs=column.width,
        unseen=odd.unseen.get(column.name, 0),
        beyond=odd.beyond.get(column.name, 0),
        **describe_cells(column, table),
    )


def describe_cells(column: FeatureColumn, table: Table) -> dict[str, Any]:
    """What the cells of a column tell, as fields of its summary."""
    if isinstance(column, CategoryColumn) or (isinstance(column, NumberColumn) and column.boolean):
        return summarize_levels(column, table)
    return summarize_numbers(column, table)


def summarize_levels(column: CategoryColumn | NumberColumn, table: Table) -> dict[str, Any]:
    """The counts of the levels of a column of texts."""
    counts = count_levels(column, table)
    missing = counts.pop("", 0)
    return {"missing": missing, "different": len(counts), **list_levels(counts)}


def list_levels(counts: Mapping[str, int]) -> dict[str, Any]:
    """The most frequent levels, of equal ones the first, and the rows of all others."""
    often = sorted(counts, key=lambda level: -counts[level])[:MOST_LEVELS]
    levels = tuple(LevelCount(level=level, rows=counts[level]) for level in often)
    return {"levels": levels, "others": sum(counts.values()) - sum(each.rows for each in levels)}


def summarize_numbers(column: NumberColumn | DateColumn, table: Table) -> dict[str, Any]:
    """The range of a column of numbers or dates, and the counts of few different ones or of buckets."""
    values: Doubles = column.read(table)
    known = values[~np.isnan(values)]
    different, counts = np.unique(known, return_counts=True)
    found: dict[str, Any] = {"missing": len(values) - len(known), "different": len(different)}
    if not len(known):
        return found
    name = choose_writer(column, table, values)
    found |= {"lowest": name(float(different[0])), "highest": name(float(different[-1]))}
    if len(different) <= MOST_LEVELS:
        pairs = zip(different.tolist(), counts.tolist(), strict=True)
        return found | {"levels": tuple(LevelCount(level=name(value), rows=count) for value, count in pairs)}
    edges = choose_edges(known)
    inside, below, above = count_between_edges(known, edges)
    buckets = Histogram(edges=tuple(edges.tolist()), counts=tuple(inside.astype(int).tolist()))
    return found | {"histogram": buckets, "below": int(below), "above": int(above)}


def choose_writer(column: NumberColumn | DateColumn, table: Table, values: Doubles) -> Callable[[float], str]:
    """What writes a number of a column: dates are written as a cell that has it."""
    if isinstance(column, NumberColumn):
        return write_data_number
    return lambda value: table.column(column.name).text(int((values == value).argmax()))


def choose_edges(known: Doubles) -> Doubles:
    """The edges of buckets between two quantiles of numbers, of which there are more than one.

    Buckets of whole numbers have room for equally many of them, so that none is higher for having room for one more:
    for one where there are up to twice as many numbers as buckets.
    """
    low, high = np.quantile(known, CENTRAL, method="inverted_cdf").tolist()
    is_whole = abs(low) < EXACT and abs(high) < EXACT and bool((known == np.floor(known)).all())
    if is_whole:
        numbers = high - low + 1
        width = 1 if numbers <= 2 * BUCKETS else np.ceil(numbers / BUCKETS)
        return low - 0.5 + width * np.arange(np.ceil(numbers / width) + 1)
    return spread_edges(low, high, BUCKETS)
