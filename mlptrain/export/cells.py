"""The cells of rows as an export is given them: numbers and moments as float64, texts as they are written."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.date_column import DateColumn
from mlptrain.data.features import FeatureColumn
from mlptrain.data.frames import replace_texts
from mlptrain.data.meanings import trim_text
from mlptrain.data.number_column import NumberColumn
from mlptrain.data.table import Table
from mlptrain.export.plan import Codes, NetworkPlan, NotExportable, TextPlan
from mlptrain.model.model import Model
from mlptrain.model.rows import ImageRows, Rows

Values = NDArray[np.float64] | NDArray[np.uint8] | Sequence[str]
Cells = Mapping[str, Values]
"""By the name of the input: numbers, or seconds (B,), NaN where missing; texts, "" where missing; `pixels` (B, P)."""

TRUTH_TEXTS = {0.0: "false", 1.0: "true"}
PIXELS = "pixels"
"""The input of a model of images."""


def collect_cells(model: Model, rows: Rows, *, as_read: bool = False) -> Cells:
    """The cells of the model's columns in rows that are read without `data.replace`.

    What counts as another cell (`data.replace`, `data.missing_values`) is left as it is, for the export to replace; a
    word among numbers or dates, which no input of an export holds, is read as the model reads it. So is every cell with
    `as_read`: for a model that reads these rows otherwise than it was trained to.
    """
    if isinstance(rows, ImageRows):
        return {PIXELS: rows.images.reshape(rows.count, -1)}
    columns = model.columns()
    table = replace(rows.table, columns={name: rows.table.column(name) for name in columns})
    replaced = replace_texts(table, model.spec.data.replace)
    if as_read:
        return {name: read_column(column, replaced) for name, column in columns.items()}
    return {name: collect_column(column, table, replaced) for name, column in columns.items()}


# Cells as they are written


@singledispatch
def collect_column(column: FeatureColumn, table: Table, replaced: Table) -> Values:
    """The cells of a fitted column: as they are in `table`, in `replaced` as the model reads them."""
    raise NotExportable(f"column {column.name!r}: a {type(column).__name__} has no form in an export")


@collect_column.register
def collect_numbers(column: NumberColumn, table: Table, replaced: Table) -> Values:
    if column.boolean:
        return collect_texts(table, column.name)
    numbers, _ = table.column(column.name).read_numbers((), table.grammar_of(column.name))
    return np.where(np.isfinite(numbers), numbers, column.read(replaced))


@collect_column.register
def collect_moments(column: DateColumn, table: Table, replaced: Table) -> Values:
    return column.read(replaced)


@collect_column.register
def collect_categories(column: CategoryColumn, table: Table, replaced: Table) -> Values:
    return collect_texts(table, column.name)


def collect_texts(table: Table, name: str) -> Sequence[str]:
    """The texts of a column, without blanks around them and in Unicode's composed form."""
    return list(map(trim_text, table.texts(name)))


# Cells as the model reads them


@singledispatch
def read_column(column: FeatureColumn, table: Table) -> Values:
    """The cells of a fitted column as the model reads them: numbers, moments, levels in the spelling of training."""
    raise NotExportable(f"column {column.name!r}: a {type(column).__name__} has no form in an export")


@read_column.register
def read_numbers_or_truths(column: NumberColumn, table: Table) -> Values:
    numbers = column.read(table)
    return [TRUTH_TEXTS.get(number, "") for number in numbers.tolist()] if column.boolean else numbers


@read_column.register
def read_moments(column: DateColumn, table: Table) -> Values:
    return column.read(table)


@read_column.register
def read_levels(column: CategoryColumn, table: Table) -> Values:
    codes, texts, levels = column.codes(table).tolist(), collect_texts(table, column.name), column.levels
    return [levels[code] if code < len(levels) else text for code, text in zip(codes, texts, strict=True)]


# Texts for exports that do not read numbers as the table writes them


def collect_codes(networks: Sequence[NetworkPlan]) -> Mapping[str, Sequence[Codes]]:
    """The codes that networks have for the texts of each input."""
    found: dict[str, list[Codes]] = {}
    for network in networks:
        for each in network.columns:
            if isinstance(each, TextPlan):
                found.setdefault(each.input, []).append(each.codes)
    return found


def write_known_texts(texts: Sequence[str], codes: Sequence[Codes]) -> list[str]:
    """Texts as exports know them that do not read numbers: one among levels that are numbers as Python writes it."""
    if not any(each.numbers for each in codes):
        return list(texts)
    known = set.intersection(*(set(each.texts) for each in codes))
    grammar = codes[0].grammar

    def write(text: str) -> str:
        number = None if text in known else grammar.read_mark(text)
        return text if number is None else grammar.write(str(number))

    return list(map(write, texts))
