"""Parquet files, by PyArrow, as columns of cells."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from mlptrain.data.cells import Block, TextCells
from mlptrain.data.coding import NulByte
from mlptrain.data.files import SameFile
from mlptrain.data.grammar import EXACT
from mlptrain.errors import DataError

ROWS_AT_ONCE = 1 << 15


class ParquetReader:
    """Columns of a Parquet file, block by block."""

    unit = " row "
    inner_blank_lines = 0

    def __init__(self, path: str) -> None:
        try:
            from pyarrow import ArrowException, parquet
        except ImportError:
            raise DataError(f"{path}: this is a Parquet file; to read it: pip install 'mlptrain[parquet]'") from None
        self.name, self.same = path, SameFile(path)
        self.same.check()
        self.damage = (ArrowException, OSError)
        try:
            self.file = parquet.ParquetFile(path)
        except self.damage as problem:
            raise DataError(f"{path}: this Parquet file cannot be read: {get_first_error_line(problem)}") from None

    def header(self) -> list[str]:
        """The names of the columns."""
        names = list(self.file.schema_arrow.names)
        if doubled := [name for name in names if names.count(name) > 1]:
            raise DataError(f"{self.name}: column {doubled[0]!r} is there twice; rename one of them")
        if not names:
            raise DataError(f"{self.name}: the file has no columns")
        return names

    def check_unchanged(self) -> None:
        """An error if the file has changed since it was first opened."""
        self.same.check()

    def blocks(self) -> Iterator[Sequence[Block]]:
        """Blocks of columns."""
        try:
            for batch in self.file.iter_batches(batch_size=ROWS_AT_ONCE):
                yield [self.cells(name, column) for name, column in zip(batch.schema.names, batch, strict=True)]
        except self.damage as problem:
            raise DataError(f"{self.name}: this Parquet file is damaged: {get_first_error_line(problem)}") from None

    def cells(self, name: str, column: Any) -> Block:
        """One column: numbers as numbers, everything else as its text."""
        from pyarrow import compute, types

        kind = column.type.value_type if types.is_dictionary(column.type) else column.type
        if types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind):
            raise DataError(f"{self.name}: column {name!r} is of type {kind}; keep columns of numbers, texts and dates")
        if types.is_floating(kind) or (types.is_integer(kind) and are_integers_exact_doubles(column)):
            numbers = column.cast("float64").to_numpy(zero_copy_only=False)
            self.check_finite(name, numbers)
            return np.asarray(numbers, np.float64)
        coded = column if types.is_dictionary(column.type) else compute.cast(column, "string").dictionary_encode()
        codes = coded.indices.fill_null(len(coded.dictionary)).to_numpy(zero_copy_only=False).astype(np.int32)
        values = [str(value) for value in coded.dictionary.to_pylist()]
        return merge_missing_with_empty(codes, values) if "" in values else TextCells(codes, [*values, ""])

    def check_finite(self, name: str, numbers: Any) -> None:
        """An error at the first infinity."""
        infinite = np.isinf(numbers)
        if infinite.any():
            raise DataError(f"{self.name}: column {name!r}: {numbers[infinite][0]} is not a number; mend it")

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


def get_first_error_line(problem: BaseException) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0]
