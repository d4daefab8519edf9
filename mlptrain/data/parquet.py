"""Parquet files, by PyArrow, as columns of cells. What a column is, its schema says: nothing else is read for that."""

import io
import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from mlptrain.data.cells import Block, TextCells
from mlptrain.data.coding import NulByte
from mlptrain.data.column_types import TEXT, ColumnType
from mlptrain.data.files import SameFile, name_input, open_file, read_standard_input
from mlptrain.data.grammar import EXACT
from mlptrain.data.left_out_lines import LeftOutLines
from mlptrain.data.urls import is_url
from mlptrain.data.yaml_keys import quote_yaml_key
from mlptrain.errors import DataError, EnvironmentFailure
from mlptrain.machine import measure_available_memory

ROWS_AT_ONCE = 1 << 15


class ParquetReader:
    """Columns of a Parquet file, block by block."""

    unit = " row "
    inner_blank_lines = 0
    remarks: Sequence[str] = ()
    which_sheet = ""
    empty_rows_at_end = 0
    left_out = LeftOutLines()

    def find_blank_line(self) -> int:
        """A row without a cell among the others; 0, as every row of this kind of file is one."""
        return 0

    def __init__(self, path: str) -> None:
        try:
            import pyarrow.parquet  # noqa: F401 (whether it is there)
        except ImportError:
            why = "this is a Parquet file; to read it: pip install 'mlptrain[parquet]'"
            raise DataError(f"{name_input(path)}: {why}") from None
        self.name, self.same = name_input(path), SameFile(path)
        self.source = read_standard_input() if path == "-" else path
        self.same.check()
        with self.damage("cannot be read"):
            self.schema = self.file.schema_arrow
            self.names: list[str] = list(self.schema.names)

    @cached_property
    def file(self) -> Any:
        """The open file."""
        from pyarrow import parquet

        if isinstance(self.source, bytes):
            return parquet.ParquetFile(io.BytesIO(self.source))
        return parquet.ParquetFile(open_file(self.source) if is_url(self.source) else self.source)

    def __getstate__(self) -> dict[str, Any]:
        """All but the open file, which another process opens when it reads."""
        return {name: value for name, value in vars(self).items() if name != "file"}

    @property
    def place_of_names(self) -> str:
        """What messages call the place of the columns' names."""
        return self.name

    @contextmanager
    def damage(self, what: str) -> Iterator[None]:
        """Turn what PyArrow raises into one sentence; a lack of memory stays one."""
        from pyarrow import ArrowException, ArrowNotImplementedError

        try:
            yield
        except (MemoryError, DataError):
            raise
        except UnicodeDecodeError as problem:
            raise DataError(f"{self.name}: a name in this Parquet file is not UTF-8: {problem.object!r:.60}") from None
        except ArrowNotImplementedError as problem:
            why = f"PyArrow cannot read this Parquet file: {get_first_error_line(problem)}"
            raise DataError(f"{self.name}: {why}") from None
        except (ArrowException, OSError, ValueError, OverflowError) as problem:
            raise DataError(f"{self.name}: this Parquet file {what}: {get_first_error_line(problem)}") from None

    def header(self) -> list[str]:
        """The names of the columns."""
        if doubled := [name for name in self.names if self.names.count(name) > 1]:
            raise DataError(f"{self.name}: column {doubled[0]!r} is there twice; rename one of them")
        if not self.names:
            raise DataError(f"{self.name}: the file has no columns")
        return self.names

    def types(self) -> dict[str, ColumnType]:
        """The types of the columns; those that the file's metadata call an index are marked."""
        index = find_index_columns(self.schema.metadata)
        return {field.name: make_type(field.type, is_index=field.name in index) for field in self.schema}

    def check_unchanged(self) -> None:
        """An error if the file has changed since it was first opened."""
        self.same.check()

    def blocks(self, unread: Collection[str] = ()) -> Iterator[Sequence[Block]]:
        """Blocks of columns; the cells of `unread` ones are empty, and nothing of them is unpacked."""
        wanted = [name for name in self.names if name not in unread]
        for name in wanted:
            refuse_type(self.name, name, self.schema.field(name).type)
        self.refuse_too_large_row_group(wanted)
        row = 0
        with self.damage("is damaged"):
            for batch in self.file.iter_batches(batch_size=ROWS_AT_ONCE, columns=wanted):
                columns = dict(zip(batch.schema.names, batch, strict=True))
                yield [
                    make_empty_cells(batch.num_rows) if name in unread else self.cells(name, columns[name], row)
                    for name in self.names
                ]
                row += batch.num_rows

    def refuse_too_large_row_group(self, wanted: Collection[str]) -> None:
        """An error if what one group of rows unpacks to does not fit into the memory, by what the file says of it."""
        free = measure_available_memory()
        with self.damage("is damaged"):
            metadata = self.file.metadata
            groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
            largest = max(groups, key=lambda group: group.total_byte_size, default=None)
            if free is None or largest is None or largest.total_byte_size <= free:
                return
            chunks = map(largest.column, range(largest.num_columns))
            size = sum(
                chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema.split(".")[0] in wanted
            )
        if size > free:
            why = f"a group of rows unpacks to {size:,} bytes, but {free:,} are free"
            cure = "write the file with smaller row groups, or leave columns out (data.columns: {…: ignore})"
            raise EnvironmentFailure(f"{self.name}: {why}; {cure}")

    def cells(self, name: str, column: Any, row: int) -> Block:
        """One column, from row `row` on: numbers as numbers, everything else as its text."""
        from pyarrow import types

        if types.is_dictionary(column.type) and not are_different_texts(column.dictionary):
            column = column.dictionary_decode()
        kind = column.type
        if types.is_floating(kind) or (types.is_integer(kind) and are_integers_exact_doubles(column)):
            numbers = column.cast("float64").to_numpy(zero_copy_only=False)
            self.check_finite(name, numbers, row)
            return np.asarray(numbers, np.float64)
        coded = column if types.is_dictionary(kind) else cast_to_text(column).dictionary_encode()
        codes = coded.indices.cast("int32").fill_null(len(coded.dictionary)).to_numpy(zero_copy_only=False)
        codes = np.array(codes, np.int32)
        values = self.decode_texts(name, coded.dictionary, codes, row)
        return merge_missing_with_empty(codes, values) if "" in values else TextCells(codes, [*values, ""])

    def decode_texts(self, name: str, dictionary: Any, codes: Any, row: int) -> list[str]:
        """The different texts; an error names the first cell that is none."""
        try:
            return [str(value) for value in dictionary.to_pylist()]
        except UnicodeDecodeError:
            pass
        from pyarrow import binary

        wrong = {
            code: problem
            for code, raw in enumerate(dictionary.cast(binary()).to_pylist())
            if (problem := find_byte_that_is_no_text(raw))
        }
        first = int(np.flatnonzero(np.isin(codes, list(wrong)))[0]) if np.isin(codes, list(wrong)).any() else 0
        why = wrong.get(int(codes[first]), next(iter(wrong.values())))
        cure = f"mend it, or leave the column out (data.columns: {{{quote_yaml_key(name)}: ignore}})"
        raise DataError(f'{self.name} row {row + first + 1}: column "{name}": {why}; {cure}') from None

    def check_finite(self, name: str, numbers: Any, row: int) -> None:
        """An error at the first infinity."""
        infinite = np.isinf(numbers)
        if infinite.any():
            first = int(infinite.argmax())
            why = f"{numbers[first]} is not a number; mend it, or leave the column out"
            cure = f"{why} (data.columns: {{{quote_yaml_key(name)}: ignore}})"
            raise DataError(f'{self.name} row {row + first + 1}: column "{name}": {cure}')

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Turn an exception of the gatherers into an error that names the file."""
        try:
            yield
        except NulByte:
            raise DataError(f"{self.name}: a cell holds a NUL character; remove it") from None

    def lines_of(self, rows: Sequence[int]) -> list[int]:
        """The numbers of rows, from 1."""
        return [row + 1 for row in rows]


# What the schema says


def make_type(of: Any, *, is_index: bool) -> ColumnType:
    """The type of a column in our words."""
    kind = find_kind(of)
    return ColumnType(kind or TEXT.kind, is_index=is_index, unreadable="" if kind else shorten_type(of), native=of)


def find_kind(of: Any) -> str | None:
    """The kind of a type's values: number, boolean, date or category (texts, clock times); None if it is refused."""
    from pyarrow import types

    if types.is_dictionary(of):
        return find_kind(of.value_type)
    if types.is_integer(of) or types.is_floating(of) or types.is_decimal(of):
        return "number"
    if types.is_boolean(of):
        return "boolean"
    if types.is_date(of) or types.is_timestamp(of):
        return "date"
    return "category" if is_text(of) or types.is_time(of) or types.is_null(of) else None


def is_text(of: Any) -> bool:
    """Whether a type is one of texts."""
    from pyarrow import types

    return types.is_string(of) or types.is_large_string(of) or str(of) == "string_view"


def refuse_type(file: str, name: str, of: Any) -> None:
    """An error if a column that is needed has a type of which no cells can be made."""
    if find_kind(of) is None:
        cure = f"keep columns of numbers, texts and dates, or set data.columns: {{{quote_yaml_key(name)}: ignore}}"
        raise DataError(f"{file}: column {name!r} is of type {shorten_type(of)}; {cure}")


def shorten_type(of: Any) -> str:
    """The name of a type, which of nested ones may be long."""
    text = str(of)
    return text if len(text) <= 80 else f"{text[:79]}…"


def find_index_columns(metadata: Any) -> frozenset[str]:
    """The columns that are no data but the index of the data frame that was stored, by what pandas wrote about them."""
    try:
        said = json.loads((metadata or {}).get(b"pandas", b"{}"))
    except (ValueError, RecursionError):
        return frozenset()
    names = said.get("index_columns", []) if isinstance(said, dict) else []
    return frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()


# Cells


def make_empty_cells(rows: int) -> TextCells:
    """Cells all of which are empty."""
    return TextCells(np.zeros(rows, np.int32), [""])


def cast_to_text(column: Any) -> Any:
    """The texts of values; times of a zone that this machine does not know are those of UTC."""
    from pyarrow import ArrowInvalid, compute, timestamp, types

    try:
        return compute.cast(column, "string")
    except ArrowInvalid:
        if not types.is_timestamp(column.type):
            raise
        return compute.cast(column.cast(timestamp(column.type.unit, "UTC")), "string")


def are_different_texts(dictionary: Any) -> bool:
    """Whether the values of a dictionary are texts, none of which is there twice or missing."""
    return is_text(dictionary.type) and not dictionary.null_count and len(dictionary.unique()) == len(dictionary)


def are_integers_exact_doubles(column: Any) -> bool:
    """Whether all whole numbers are exact as floating-point numbers."""
    from pyarrow import compute

    bounds = compute.min_max(column)
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    return low is None or max(abs(low), abs(high)) <= EXACT


def merge_missing_with_empty(codes: Any, values: list[str]) -> TextCells:
    """Cells in which the code of missing cells becomes that of the empty text, which means missing too."""
    codes[codes == len(values)] = values.index("")
    return TextCells(codes, values)


def find_byte_that_is_no_text(raw: bytes | None) -> str:
    """What is wrong with bytes that are not UTF-8; empty if they are."""
    try:
        (raw or b"").decode()
    except UnicodeDecodeError as problem:
        return f"byte 0x{problem.object[problem.start]:02x} is not UTF-8"
    return ""


def get_first_error_line(problem: BaseException) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0]
