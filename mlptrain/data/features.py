"""Columns to the matrix the network sees.

What is fitted (statistics of the training rows only, in float64) is plain numbers and texts in frozen dataclasses: they
go into the model file as they are.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.cells import TextCells
from mlptrain.data.column_rules import FeatureRules
from mlptrain.data.columns import booleans, dates, numbers
from mlptrain.data.dates import DateParts
from mlptrain.data.encodings import (
    FittedEncoding,
    TargetEncoding,
    cross_fitted,
)
from mlptrain.data.scaling import FittedScaling
from mlptrain.data.table import Table
from mlptrain.errors import DataError
from mlptrain.randomness import stream, uniform

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]
Matrix = NDArray[np.floating[Any]]
ROWS_AT_ONCE = 1024
BEYOND = 1e3
"""A scaled number beyond this is worth counting: training saw nothing like it."""
LARGEST = 1e30
"""A scaled number beyond this leaves no room for its products, in float32."""
HIDDEN = 0.01
"""The share of category cells that are hidden in training, so that the slot for unseen values is a trained one."""


@dataclass
class OddCells:
    """How many cells of each column were missing and filled, and how many are of no level that training knew."""

    filled: dict[str, int] = field(default_factory=dict)
    unseen: dict[str, int] = field(default_factory=dict)
    beyond: dict[str, int] = field(default_factory=dict)

    def words(self) -> str:
        """What was found, for a notice; empty if there is nothing to say."""
        kinds = (
            ("missing cells filled", self.filled),
            ("values that training did not see", self.unseen),
            (f"numbers more than {BEYOND:g} scales away from the training rows", self.beyond),
        )
        return "; ".join(f"{what}: {counted(counts)}" for what, counts in kinds if counts)

    def add(self, other: "OddCells") -> None:
        """Count those of more rows."""
        pairs = ((self.filled, other.filled), (self.unseen, other.unseen), (self.beyond, other.beyond))
        for mine, theirs in pairs:
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count


def counted(counts: Mapping[str, int], most: int = 20) -> str:
    """Numbers by column, for a message."""
    shown = ", ".join(f"{name} {count:,}" for name, count in list(counts.items())[:most])
    return shown + (f" and {len(counts) - most} more columns" if len(counts) > most else "")


@dataclass(frozen=True, kw_only=True)
class NumberColumn:
    """One number (or truth value) a row, scaled; missing ones are filled, and marked if fitted so."""

    kind: Literal["number"] = "number"
    name: str
    boolean: bool
    fill: float
    scaling: FittedScaling
    indicator: bool
    missing: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return 1 + self.indicator

    def read(self, table: Table) -> Doubles:
        """The numbers, NaN where missing."""
        return (booleans if self.boolean else numbers)(table, self.name, self.missing)

    def compact(self, table: Table, dtype: np.dtype[Any], odd: OddCells) -> Matrix:
        """The column(s) of the matrix (rows, width)."""
        values = self.read(table)
        gaps = np.isnan(values)
        if gaps.any():
            values = np.where(gaps, self.fill, values)
            odd.filled[self.name] = int(gaps.sum())
        scaled = self.scaling(values)
        size = np.abs(scaled)
        if beyond := int((size > BEYOND).sum()):
            odd.beyond[self.name] = beyond
        large = size > LARGEST
        if large.any():
            row = int(large.argmax())
            cell, cure = table.columns[self.name].text(row), "mend it, or set another data.scaling for the column"
            why = f"{cell!r} is out of all proportion to the training rows ({scaled[row]:.3g} once scaled); {cure}"
            raise table.fault(row, self.name, why)
        columns = [scaled, gaps] if self.indicator else [scaled]
        return np.stack([column.astype(dtype) for column in columns], axis=1)


@dataclass(frozen=True, kw_only=True)
class DateColumn:
    """The parts of a date: elapsed time and cycles; missing ones are the median date, and marked if fitted so."""

    kind: Literal["date"] = "date"
    name: str
    format: str
    parts: DateParts
    indicator: bool
    missing: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return self.parts.width + self.indicator

    def compact(self, table: Table, dtype: np.dtype[Any], odd: OddCells) -> Matrix:
        """The columns of the matrix (rows, width)."""
        seconds = dates(table, self.name, self.missing, self.format)
        gaps = np.isnan(seconds)
        if gaps.any():
            odd.filled[self.name] = int(gaps.sum())
        columns = [self.parts(seconds), gaps[:, None]] if self.indicator else [self.parts(seconds)]
        return np.concatenate(columns, axis=1).astype(dtype)


@dataclass(frozen=True, kw_only=True)
class CategoryColumn:
    """One of the levels seen in training, or any other value, encoded."""

    kind: Literal["category"] = "category"
    name: str
    levels: tuple[str, ...]
    encoding: FittedEncoding
    missing: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return self.encoding.width

    def codes(self, table: Table) -> Integers:
        """The place of each cell's level, as embeddings want it; the number of levels for any other value."""
        return level_codes(table.coded(self.name), self.levels, self.missing)

    def compact(self, table: Table, dtype: np.dtype[Any], odd: OddCells) -> Integers:
        """The codes (rows,), of which `write` makes the columns of the matrix."""
        codes = self.codes(table)
        unseen = int((codes == len(self.levels)).sum())
        if unseen:
            odd.unseen[self.name] = unseen
        return codes

    def write(self, compact: Integers, out: Matrix) -> None:
        """Write the columns of some rows."""
        self.encoding.encode(compact, out)

    def hide(self, out: Matrix) -> None:
        """Write the columns of any other value."""
        self.encoding.encode(np.full(len(out), len(self.levels)), out)


FeatureColumn = NumberColumn | DateColumn | CategoryColumn


def level_codes(cells: TextCells, levels: Sequence[str], missing: Collection[str]) -> Integers:
    """The place of each cell's text in `levels`, their number for any other text; what means missing is empty."""
    place = {level: code for code, level in enumerate(levels)}
    of_value = [place.get("" if value in missing else value, len(levels)) for value in cells.values]
    return np.array(of_value, np.int64)[cells.codes]


Part = tuple[slice, Any, Callable[[Any, Matrix], None]]
"""Some columns of the matrix, what they are made of (rows, …), and what writes them."""


def copy_numbers(compact: Matrix, out: Matrix) -> None:
    """Numbers are what they are."""
    out[...] = compact


class Compact:
    """The matrix (rows, width) in less room: `compact[start:stop]` are some rows, valid until others are made."""

    def __init__(self, rows: int, width: int, dtype: np.dtype[Any], parts: Sequence[Part]) -> None:
        self.rows, self.width, self.parts = rows, width, parts
        self._room = np.empty((0, width), dtype)

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, rows: slice) -> Matrix:
        """Some rows, one after another."""
        start, stop, _ = rows.indices(self.rows)
        if len(self._room) < stop - start:
            self._room = np.empty((stop - start, self.width), self._room.dtype)
        made = self._room[: stop - start]
        self.write(slice(start, stop), made)
        return made

    def write(self, rows: slice, out: Matrix) -> None:
        """Write some rows."""
        for place, values, write in self.parts:
            write(values[rows], out[:, place])

    def matrix(self) -> Matrix:
        """All rows."""
        matrix = np.empty((self.rows, self.width), self._room.dtype)
        for start in range(0, self.rows, ROWS_AT_ONCE):  # so that a block of the matrix stays in the cache
            rows = slice(start, start + ROWS_AT_ONCE)
            self.write(rows, matrix[rows])
        return matrix


@dataclass(frozen=True, kw_only=True)
class Features:
    """The fitted input columns, in the order of the training table, and what was left out and why."""

    columns: tuple[FeatureColumn, ...]
    ignored: Mapping[str, str] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return sum(column.width for column in self.columns)

    def places(self) -> Iterator[tuple[FeatureColumn, slice]]:
        """Each column with the columns of the matrix that are its."""
        start = 0
        for column in self.columns:
            yield column, slice(start, start + column.width)
            start += column.width

    def encode(self, table: Table, dtype: np.dtype[Any], odd: OddCells | None = None) -> Matrix:
        """The matrix (rows, width); `odd` gets the numbers of filled and unseen cells."""
        return self.compact(table, dtype, odd).matrix()

    def compact(self, table: Table, dtype: np.dtype[Any], odd: OddCells | None = None) -> "Compact":
        """The matrix, to be made of some rows at a time; `odd` gets the numbers of filled and unseen cells."""
        absent = [column.name for column in self.columns if column.name not in table.columns]
        if absent:
            raise DataError(table.missing(absent))
        found = OddCells()
        parts = list(self.compact_parts(table, dtype, found))
        if odd is not None:
            odd.add(found)
        return Compact(table.rows, self.width, dtype, parts)

    def compact_parts(self, table: Table, dtype: np.dtype[Any], odd: OddCells) -> Iterator[Part]:
        """Codes of a category, numbers of columns that are neighbours."""
        for is_category, group in groupby(self.places(), lambda each: isinstance(each[0], CategoryColumn)):
            columns = [(column, place, column.compact(table, dtype, odd)) for column, place in group]
            if is_category:
                yield from ((place, codes, column.write) for column, place, codes in columns)  # type: ignore[union-attr]
            else:
                whole = slice(columns[0][1].start, columns[-1][1].stop)
                yield whole, np.concatenate([values for _, _, values in columns], axis=1), copy_numbers

    def first_odd(self, table: Table) -> DataError:
        """The error that names the first cell that is missing or unseen."""
        found: list[tuple[int, str, str]] = []
        for column in self.columns:
            if isinstance(column, CategoryColumn):
                odd, why = column.codes(table) == len(column.levels), "is no value that training saw"
            elif isinstance(column, DateColumn):
                odd, why = np.isnan(dates(table, column.name, column.missing, column.format)), "is missing"
            else:
                odd, why = np.isnan(column.read(table)), "is missing"
            if odd.any():
                found.append((int(odd.argmax()), column.name, why))
        row, name, why = min(found)
        return table.fault(row, name, f"{table.columns[name].text(row)!r} {why}")

    def encode_training(
        self, table: Table, dtype: np.dtype[Any], *, rules: FeatureRules, targets: Doubles, seed: int
    ) -> Matrix:
        """The matrix of the training rows: target encodings without a row's own target, some categories hidden."""
        matrix = self.encode(table, dtype)
        for position, (column, place) in enumerate(self.places()):
            if isinstance(column, CategoryColumn):
                asked = rules.of(column.name).encoding or rules.encoding
                if isinstance(asked, TargetEncoding):
                    matrix[:, place] = cross_fitted(
                        asked,
                        column.encoding,
                        column.codes(table),
                        levels=len(column.levels),
                        targets=targets,
                        bits=stream(seed, "target encoding", position),
                    )
                hidden = uniform(stream(seed, "hide", position), (len(matrix),)) < HIDDEN
                other = np.empty((int(hidden.sum()), column.width), dtype)
                column.hide(other)
                matrix[hidden, place] = other
        return matrix


@dataclass(frozen=True)
class Pixels:
    """The matrix x = pixels / 255 (rows, width), kept as the images' own bytes: rows are made when they are asked for.

    It answers as an array of `dtype` does, each time with a new array; `nbytes` are the bytes that it holds.
    """

    bytes: NDArray[np.uint8]
    dtype: np.dtype[Any]

    def __len__(self) -> int:
        return len(self.bytes)

    def __getitem__(self, rows: slice) -> Matrix:
        return self.divided(self.bytes[rows])

    @property
    def nbytes(self) -> int:
        return self.bytes.nbytes

    def take(
        self, indices: Integers, axis: Literal[0], out: Matrix | None = None, mode: Literal["clip"] = "clip"
    ) -> Matrix:
        """The rows of these numbers."""
        return self.divided(self.bytes.take(indices, axis, mode=mode), out)

    def divided(self, some: NDArray[np.uint8], out: Matrix | None = None) -> Matrix:
        """Some rows / 255, in the matrix's own type."""
        made: Matrix = np.divide(some, 255, out=out, dtype=self.dtype)
        return made


@dataclass(frozen=True, kw_only=True)
class PixelFeatures:
    """Images as rows of pixels / 255."""

    shape: tuple[int, ...]
    columns: tuple[()] = ()
    ignored: Mapping[str, str] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return int(np.prod(self.shape))

    def encode_images(self, images: NDArray[np.uint8], dtype: np.dtype[Any]) -> Pixels:
        """The matrix, to be made of some rows at a time."""
        return Pixels(images.reshape(len(images), self.width), dtype)
