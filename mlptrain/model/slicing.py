"""Slices of rows: by their part, or by the values of a column, of many numbers by its quartiles; missing ones apart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.blanks import strip_blanks
from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.date_column import DateColumn
from mlptrain.data.features import FeatureColumn
from mlptrain.data.levels import NONE, LevelFinder, describe_near_levels, merge_levels
from mlptrain.data.number_column import NumberColumn
from mlptrain.data.number_reading import read_numbers
from mlptrain.data.number_texts import MISSING_NUMBERS, sort_numbers_or_texts, write_data_number
from mlptrain.data.table import Table
from mlptrain.engine.arrays import Integers
from mlptrain.errors import DataError

Doubles = NDArray[np.float64]
MOST_SLICES = 50
"""A column of numbers with more different values than this is divided at its quartiles."""
FEW_NUMBERS = 8
"""An input of up to so many different numbers has a slice for each, of more one for each quarter of the rows."""
MISSING, OTHERS = "(missing)", "(others)"


@dataclass(frozen=True)
class Slicing:
    """The values that divide rows, and which of them each row has."""

    column: str
    values: Sequence[str]
    codes: Integers
    notice: str = ""
    """What is said of values that may be meant alike; empty if there are none."""


def slice_rows_by_part(rows: int, validation: Integers) -> Slicing:
    """The rows of a training file by their part; `validation` are the numbers of those to validate on."""
    codes = np.zeros(rows, np.int64)
    codes[validation] = 1
    return Slicing("part", ["training", "validation"], codes)


def slice_rows_by_column(table: Table, by: str, missing: Sequence[str]) -> Slicing:
    """The rows by the values of a column, or by the quartiles of many numbers; missing ones apart."""
    cells, gaps = table.code_texts(by), table.gaps(by, missing)
    grammar = table.grammar_of(by)
    present = [level for level in merge_levels(cells.counts, gaps, grammar) if level]
    if len(present) > MOST_SLICES:
        return slice_rows_at_quartiles(table, by, missing, present)
    ordered = sort_numbers_or_texts(present)
    codes = LevelFinder([*ordered, ""], gaps, grammar).code_cells(cells)
    near = describe_near_levels(by, ordered, grammar, what="slices", may_be_joined=False)
    return Slicing(by, [*ordered, MISSING], codes, near)


def slice_rows_at_quartiles(table: Table, by: str, missing: Sequence[str], present: Sequence[str]) -> Slicing:
    """A column of many numbers, divided at its quartiles."""
    if not all(table.grammar_of(by).reads(value) or strip_blanks(value) in MISSING_NUMBERS for value in present):
        raise DataError(
            f'{table.name}: column "{by}": {len(present)} different texts are too many slices '
            f"(at most {MOST_SLICES}); name a column of fewer, or one of numbers, which is divided at its quartiles"
        )
    edges, codes = divide_at_quartiles(values := read_numbers(table, by, missing))
    names = name_ranges(list(map(write_data_number, edges)))
    return Slicing(by, [*names, *([MISSING] if np.isnan(values).any() else [])], codes)


def divide_at_quartiles(values: Doubles) -> tuple[list[float], Integers]:
    """The lowest number, the quartiles and the highest one, equal ones once; and the range of each number.

    Missing ones, NaN, have the number behind the last range. There must be another one.
    """
    low, *inner, high = np.unique(np.nanquantile(values, [0, 0.25, 0.5, 0.75, 1])).tolist()
    codes = np.searchsorted(inner, values, side="right")
    return [low, *inner, high], np.where(np.isnan(values), len(inner) + 1, codes)


def name_ranges(edges: Sequence[str]) -> list[str]:
    """The names of the ranges between edges."""
    return [" to ".join(ends) for ends in pairwise(edges)]


def slice_rows_by_input(column: FeatureColumn, table: Table) -> Slicing:
    """The rows by the values of a fitted column, whatever its kind and however many values it has."""
    if isinstance(column, CategoryColumn) or (isinstance(column, NumberColumn) and column.boolean):
        return slice_rows_by_level(column, table)
    return slice_rows_by_number(column, table)


def count_levels(column: CategoryColumn | NumberColumn, table: Table) -> dict[str, int]:
    """How many rows have each level of a column of texts; missing ones have the empty one."""
    return merge_levels(table.code_texts(column.name).counts, find_gaps(column, table), table.grammar_of(column.name))


def find_gaps(column: CategoryColumn | NumberColumn, table: Table) -> frozenset[str]:
    """The texts of a column that mean missing: of truth values also those that are none of a number."""
    words = () if isinstance(column, CategoryColumn) else MISSING_NUMBERS
    return table.gaps(column.name, {*words, *column.missing})


def slice_rows_by_level(column: CategoryColumn | NumberColumn, table: Table) -> Slicing:
    """The rows by the most frequent levels among them; all others are one slice."""
    counts = count_levels(column, table)
    often = sorted(filter(None, counts), key=lambda level: -counts[level])[:MOST_SLICES]
    ordered = sort_numbers_or_texts(often)
    finder = LevelFinder([*ordered, ""], find_gaps(column, table), table.grammar_of(column.name))
    codes = finder.code_cells(table.code_texts(column.name))
    return Slicing(column.name, [*ordered, MISSING, OTHERS], np.where(codes == NONE, len(ordered) + 1, codes))


def slice_rows_by_number(column: NumberColumn | DateColumn, table: Table) -> Slicing:
    """The rows by few numbers, or by the quartiles of many; dates are named by their cells."""
    values = column.read(table)

    def name(value: float) -> str:
        if isinstance(column, NumberColumn):
            return write_data_number(value)
        return table.column(column.name).text(int(np.nanargmin(np.abs(values - value))))

    names, codes = divide_numbers(values, name)
    return Slicing(column.name, [*names, MISSING], codes)


def divide_numbers(values: Doubles, name: Callable[[float], str]) -> tuple[list[str], Integers]:
    """The named slices of numbers, and the slice of each; missing ones, NaN, have the number behind the last.

    If a quarter of them or more are the lowest one, such as 0, it is a slice, and the others are divided.
    """
    different, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    if len(different) <= FEW_NUMBERS:
        places = np.where(np.isnan(values), len(different), np.searchsorted(different, values))
        return list(map(name, different.tolist())), places
    if counts[0] >= 0.25 * counts.sum():
        lowest = values == different[0]
        names, codes = divide_numbers(np.where(lowest, np.nan, values), name)
        return [name(float(different[0])), *names], np.where(lowest, 0, codes + 1)
    edges, codes = divide_at_quartiles(values)
    return name_ranges(list(map(name, edges))), codes
