"""Data in memory as a table: columns, records, arrays, and every data frame that narwhals knows.

No cell is guessed: the type of a column in its source is the column's kind, unless the spec declares another. Values
have the texts that files have for them (1, 0.5, True, 2020-02-29 12:30:00), and every library's missing values, NaN and
the empty text are missing cells.
"""

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.cells import TextCells, format_double
from mlptrain.data.coding import Coder, NulByte
from mlptrain.data.column import Column
from mlptrain.data.column_names import describe_missing_columns
from mlptrain.data.column_types import ColumnType
from mlptrain.data.grammar import EXACT, is_number
from mlptrain.data.replacements import find_replacements
from mlptrain.data.table import Part, Table, Texts
from mlptrain.data.typed_cells import (
    BILLION,
    TRUTHS,
    Mask,
    TypedCells,
    UnreadableCell,
    convert_array_to_cells,
    convert_masked_to_cells,
    convert_moments_to_cells,
    convert_objects_to_cells,
    convert_texts_to_cells,
    format_category,
    insert_missing_code,
    shorten_value,
    split_ticks_into_seconds,
)
from mlptrain.errors import DataError, SpecError

# From any data to columns


def read_frame(
    data: Any,
    *,
    names: Sequence[str] | None = None,
    only: Sequence[str] | None = None,
    optional: Sequence[str] = (),
    unread: Collection[str] = (),
    name: str = "table",
) -> Table:
    """The table in any data in memory: columns, records, one record, a structured array, an array or rows, a frame.

    `names` are those of the columns of an array or of rows, which have none; `only` are the columns to read,
    and `optional` others that may be missing. The
    cells of `unread` columns are missing, whatever their values are.
    """
    columns = convert_data_to_columns(data, names, name)
    if not columns:
        raise DataError(f"{name}: there are no columns")
    if only is None:
        return read_columns(columns, name, unread=unread)
    there = stringify_column_names(columns, name)
    if absent := [wanted for wanted in only if wanted not in there]:
        raise DataError(f"{name}: {describe_missing_columns(absent, there)}")
    chosen = dict.fromkeys([*only, *(other for other in optional if other in there)])
    return read_columns({wanted: there[wanted] for wanted in chosen}, name)


def convert_data_to_columns(data: Any, names: Sequence[str] | None, name: str) -> Mapping[Any, Any]:
    """The columns of any data, by name."""
    if isinstance(data, Mapping):
        is_record = bool(data) and not any(map(is_column_like, data.values()))
        return {key: [value] for key, value in data.items()} if is_record else data
    if isinstance(data, list | tuple):
        are_records = any(isinstance(row, Mapping) for row in data)
        return convert_records_to_columns(data, name) if are_records else convert_rows_to_columns(data, names, name)
    if isinstance(data, np.ndarray):
        return convert_array_to_columns(data, names, name)
    if has_columns(data):
        return convert_frame_to_columns(data, name)
    if hasattr(data, "__array__"):
        return convert_array_to_columns(np.asarray(data), names, name)
    forms = "a mapping of columns, a list of records, an array with names, or a data frame"
    is_path = isinstance(data, str | os.PathLike)
    cure = "; a file of rows is named in the spec (data.train), or read first, such as by pandas" if is_path else ""
    raise SpecError(f"data: a {type(data).__name__} is no table; give {forms}{cure}")


def has_columns(data: Any) -> bool:
    """Whether something has columns, as data frames do; to ask a lazy one itself for them is a warning."""
    return hasattr(type(data), "columns") or "columns" in dir(data)


def is_column_like(value: Any) -> bool:
    """Whether something is a column of values, not one value."""
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes) and getattr(value, "ndim", 1) != 0


def convert_records_to_columns(records: Sequence[Any], name: str) -> dict[Any, list[Any]]:
    """The columns of records; what a record lacks is missing."""
    for number, record in enumerate(records, 1):
        if not isinstance(record, Mapping):
            raise DataError(f"{name} row {number}: {shorten_value(record)} is no record, as other rows are")
    keys = dict.fromkeys(key for record in records for key in record)
    return {key: [record.get(key) for record in records] for key in keys}


def convert_rows_to_columns(rows: Sequence[Any], names: Sequence[str] | None, name: str) -> dict[str, list[Any]]:
    """The columns of rows of values."""
    if not rows and names is None:
        raise DataError(f"{name}: there are no rows")
    given, listed = require_names(names), []
    for number, row in enumerate(rows, 1):
        values = list(row) if is_column_like(row) and not isinstance(row, set | frozenset) else None
        if values is None or len(values) != len(given):
            raise build_width_error(name, given, f"; row {number} is {shorten_value(row)}")
        listed.append(values)
    return {key: [row[place] for row in listed] for place, key in enumerate(given)}


def convert_array_to_columns(array: NDArray[Any], names: Sequence[str] | None, name: str) -> dict[str, NDArray[Any]]:
    """The fields of a structured array, or the columns of one with two dimensions."""
    if array.dtype.names is not None and array.ndim == 1:
        return {field: array[field] for field in array.dtype.names}
    given = require_names(names)
    if array.ndim != 2 or array.shape[1] != len(given):
        raise build_width_error(name, given, f", not one of the shape {array.shape}")
    return {key: array[:, place] for place, key in enumerate(given)}


def require_names(names: Sequence[str] | None) -> Sequence[str]:
    if names is None:
        forms = "give a mapping of columns, a list of records, an array with names, or a data frame"
        raise SpecError(f"data: an array or a list of rows has no names of columns; {forms}")
    return names


def build_width_error(name: str, names: Sequence[str], found: str) -> DataError:
    return DataError(f"{name}: an array of {len(names)} columns is expected ({', '.join(names)}){found}")


def import_narwhals() -> Any:
    """The library that knows the data frames of others, loaded when there is one to read."""
    import narwhals.stable.v2 as nw

    return nw


def convert_frame_to_columns(data: Any, name: str) -> dict[Any, Any]:
    """The columns of a data frame, read at last if it is a lazy one; its index is no column."""
    nw = import_narwhals()

    try:
        frame = nw.from_native(data, pass_through=True)
        frame = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
        if isinstance(frame, nw.DataFrame):
            return {series.name: series for series in frame.iter_columns()}
    except nw.exceptions.DuplicateError as problem:
        twice = re.findall(r"^- (.+) \d+ times", str(problem), re.MULTILINE)
        raise DataError(f"{name}: column {', '.join(twice)} is there twice; rename one of them") from None
    names = getattr(data, "column_names", data.columns)  # a batch of PyArrow has its arrays as columns
    return {column: data[column] for column in names}


def join_columns(first: Any, second: Any) -> Any:
    """The values of one column, then those of another of the same type."""
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        joined = np.concatenate([np.asarray(first), np.asarray(second)])
        masks = [np.ma.getmaskarray(each) for each in (first, second)]
        return np.ma.array(joined, mask=np.concatenate(masks)) if any(mask.any() for mask in masks) else joined
    return [*list_values(first), *list_values(second)]


def list_values(values: Any) -> list[Any]:
    """The values of a column as Python's objects."""
    for name in ("to_list", "to_pylist", "tolist"):
        if hasattr(values, name):
            return list(getattr(values, name)())
    return list(values)


# From columns to cells


def read_columns(columns: Mapping[Any, Any], name: str = "table", *, unread: Collection[str] = ()) -> Table:
    """The table of columns of values, each a list, a tuple, an array, a series, or anything else to iterate over."""
    sources = {
        key: make_column_rereadable(values, key, name) for key, values in stringify_column_names(columns, name).items()
    }
    sources |= {key: [None] * len(sources[key]) for key in unread if key in sources}
    read = {key: convert_column_to_cells(source, key, name) for key, source in sources.items()}
    cells = {key: each for key, (each, _) in read.items()}
    lengths = {each.rows for each in cells.values()}
    if len(lengths) > 1:
        raise DataError(f"{name}: columns of different lengths: {sorted(lengths)}")
    rows = lengths.pop() if lengths else 0
    types = {key: kind for key, (_, kind) in read.items()}
    table = Table(name, cells, rows, [Part(name, rows, count_from_one, " row ")], types=types, kinds_follow_types=True)
    return replace(table, again=partial(replace_by_texts, table, sources))


def count_from_one(rows: Sequence[int]) -> list[int]:
    """The numbers of rows, from 1."""
    return [row + 1 for row in rows]


def replace_by_texts(table: Table, sources: Mapping[str, Any], texts: Texts) -> Table:
    """The table with the cells of some columns as texts."""
    coded = {key: convert_column_to_cells(sources[key], key, table.name, as_text=True)[0] for key in texts}
    return replace(table, columns={**table.columns, **coded})


def stringify_column_names(columns: Mapping[Any, Any], name: str) -> dict[str, Any]:
    """The columns by text; whole numbers become their texts."""
    named: dict[str, Any] = {}
    for column, values in columns.items():
        if not isinstance(column, str | Integral):
            raise DataError(f"{name}: the name of a column is {column!r}, which is no text; rename the columns")
        if str(column) in named:
            raise DataError(f"{name}: column {str(column)!r} is there twice; rename one of them")
        if re.search("[\0\ud800-\udfff]", str(column)):
            raise DataError(f"{name}: the name of column {str(column)!r} holds a NUL or half a character; rename it")
        named[str(column)] = values
    return named


def make_column_rereadable(values: Any, column: str, name: str) -> Any:
    """The values of a column as what can be read twice: a list, an array or a series of narwhals."""
    if not is_column_like(values) or isinstance(values, Mapping | set | frozenset):
        raise DataError(
            f"{name}: column {column!r} is {shorten_value(values)}; give a list of values, one for each row"
        )
    if isinstance(values, list | np.ndarray):
        return values
    if not hasattr(values, "__array__"):
        return list(values)
    nw = import_narwhals()

    if isinstance(values, nw.Series):
        return values
    values = values.to_native() if hasattr(values, "to_native") else values
    series = nw.from_native(values, allow_series=True, pass_through=True)
    if isinstance(series, nw.Series):
        return series
    return values.to_pylist() if hasattr(values, "to_pylist") else np.asarray(values)


def convert_column_to_cells(source: Any, column: str, name: str, *, as_text: bool = False) -> TypedCells:
    """The cells and the type of one column; an error names it."""
    try:
        if isinstance(source, list):
            return convert_objects_to_cells(source, as_text=as_text)
        return (convert_array_to_cells if isinstance(source, np.ndarray) else convert_series_to_cells)(
            source, as_text=as_text
        )
    except UnreadableCell as fault:
        raise DataError(f'{name} row {fault.row + 1}: column "{column}": {fault}') from None
    except (NulByte, UnicodeEncodeError) as fault:
        what = "a NUL character" if isinstance(fault, NulByte) else "half a character (a lone surrogate)"
        raise DataError(f"{name}: column {column!r}: a cell holds {what}; remove it") from None


def convert_series_to_cells(series: Any, *, as_text: bool) -> TypedCells:
    """The cells of a series of narwhals."""
    nw = import_narwhals()

    dtype = series.dtype
    if (dtype.is_integer() or dtype.is_float()) and dtype not in (nw.Int128, nw.UInt128):
        return convert_masked_to_cells(
            *fill_missing_with_zeros(series, lambda known: known.to_numpy()), as_text=as_text
        )
    if dtype == nw.Boolean:
        return convert_masked_to_cells(
            *fill_missing_with_zeros(series, lambda known: known.to_numpy().astype(bool)), as_text=as_text
        )
    if dtype in (nw.Datetime, nw.Date):
        return convert_dates_to_cells(series), ColumnType("date")
    if dtype in (nw.Categorical, nw.Enum) and (codes_of := find_category_code_reader(series)) is not None:
        codes, missing = fill_missing_with_zeros(series, codes_of)
        return convert_categories_to_cells(series, codes, missing), ColumnType("category")
    return convert_objects_to_cells(series.to_list(), as_text=as_text)


def convert_dates_to_cells(series: Any) -> TextCells:
    """Cells of dates and times, in UTC where they have a zone, and how far its clock is ahead."""
    unit = "ns" if getattr(series.dtype, "time_unit", "") == "ns" else "us"
    per_second = {"ns": BILLION, "us": 10**6}[unit]

    def read_ticks(known: Any) -> NDArray[Any]:
        return np.asarray(known.dt.timestamp(unit).to_numpy())

    ticks, missing = fill_missing_with_zeros(series, read_ticks)
    ahead = None
    if getattr(series.dtype, "time_zone", None) is not None:
        clock, _ = fill_missing_with_zeros(series.dt.replace_time_zone(None), read_ticks)
        ahead = (clock - ticks) / per_second
    return convert_moments_to_cells(*split_ticks_into_seconds(ticks, per_second), missing, ahead)


def fill_missing_with_zeros(series: Any, to_array: Callable[[Any], NDArray[Any]]) -> tuple[NDArray[Any], Mask]:
    """The values of a series as an array with zeros in place of missing ones, and where these are."""
    missing = np.asarray(series.is_null().to_numpy(), bool)
    if not missing.any():
        return to_array(series), missing
    known = to_array(series.drop_nulls())
    values = np.zeros(len(missing), known.dtype)
    values[~missing] = known
    return values, missing


def find_category_code_reader(series: Any) -> Callable[[Any], NDArray[Any]] | None:
    """A function that reads the category codes a library keeps (polars, PyArrow, pandas); None if it keeps none."""
    native = series.to_native()
    if hasattr(native, "to_physical"):
        return lambda known: known.to_native().to_physical().to_numpy()
    if hasattr(native, "unify_dictionaries"):
        return lambda known: known.to_native().unify_dictionaries().combine_chunks().indices.to_numpy()
    return (lambda known: known.to_native().cat.codes.to_numpy()) if hasattr(native, "cat") else None


def convert_categories_to_cells(series: Any, codes: NDArray[Any], missing: Mask) -> TextCells:
    """Cells of categories: their codes, and one value for each."""
    rows = np.flatnonzero(~missing)
    _, first, inverse = np.unique(codes[rows], return_index=True, return_inverse=True)
    values = series[rows[first].tolist()].to_list()
    coded = convert_texts_to_cells(list(map(format_category, values)))
    return insert_missing_code(coded.codes[inverse], coded.values, missing)


# Texts that are others elsewhere


def replace_texts(table: Table, words: Mapping[str, str]) -> Table:
    """The table with some texts in place of others, as `data.replace` says for files."""
    if not words:
        return table
    found = {
        name: find_replacements(
            table.code_texts(name).values, words, table.type_of(name), table.grammar_of(name), table.grammar
        )
        for name in table.columns
    }
    keys = frozenset[str]().union(*(each.keys for each in found.values()))
    rewrites = {name: make_text_replacer(each.words) for name, each in found.items()}
    return replace(rewrite_columns(table, rewrites), replaced_keys=keys)


def make_text_replacer(words: Mapping[str, str]) -> Callable[[str], str]:
    """A function that gives the word in place of a text; others stay."""
    return lambda text: words.get(text, text)


def adapt_texts_to_columns(table: Table, columns: Iterable[Column]) -> Table:
    """The table with the texts that fitted columns know for its values; only categories know texts."""
    return adapt_texts_to_known(table, {column.name: column.known_texts for column in columns if column.known_texts})


def adapt_texts_to_known(table: Table, known: Mapping[str, Collection[str]]) -> Table:
    """The table with known texts in place of others for the same number or truth value: 1.0 for 1, true for True.

    Levels are compared by what they mean, but beside a level that is no number 2 and 2.0 are two texts. A value in
    memory is written in none of these ways: it is the one that the model knows.
    """
    typed = [name for name in known if name in table.types and table.types[name].kind in ("number", "boolean")]
    return rewrite_columns(
        table, {name: make_known_text_chooser(frozenset(known[name])) for name in typed if name in table.columns}
    )


def make_known_text_chooser(known: frozenset[str]) -> Callable[[str], str]:
    """A function that gives the first known one of a value's equivalent texts, else the usual one."""
    return lambda text: next(
        (each for each in list_equivalent_texts(text) if each in known), list_equivalent_texts(text)[0]
    )


def list_equivalent_texts(text: str) -> list[str]:
    """The texts that a number or a truth value may have, the usual one first.

    >>> list_equivalent_texts("1"), list_equivalent_texts("0.50"), list_equivalent_texts("True")
    (['1', '1.0'], ['0.5', '0.50'], ['True', 'true', 'TRUE'])
    """
    if not is_number(text):
        return [text, text.lower(), text.upper()] if text in TRUTHS else [text]
    usual = format_double(float(text)) if abs(float(text)) < EXACT else text
    return list(dict.fromkeys([usual, text, *([f"{usual}.0"] if usual.lstrip("-").isdecimal() else [])]))


def rewrite_columns(table: Table, rewrites: Mapping[str, Callable[[str], str]]) -> Table:
    """The table with other texts in some columns."""
    columns = dict(table.columns)
    for name, rewrite in rewrites.items():
        cells = table.code_texts(name)
        texts = [rewrite(value) for value in cells.values]
        if texts != list(cells.values):
            coder = Coder()
            columns[name] = TextCells(coder.codes(texts)[cells.codes], coder.values)
    return replace(table, columns=columns)
