"""Columns to the matrix the network sees.

What is fitted (statistics of the training rows only, in float64) is plain numbers and texts in frozen dataclasses: they
go into the model file as they are.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np
from numpy.random import BitGenerator
from numpy.typing import NDArray

from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.column import Doubles, Integers, Matrix, Settling, find_repeated
from mlptrain.data.date_column import DateColumn
from mlptrain.data.number_column import NumberColumn
from mlptrain.data.odd_cells import OddRows
from mlptrain.data.stores import MEMORY, Store
from mlptrain.data.table import Table
from mlptrain.errors import DataError
from mlptrain.randomness import stream

ROWS_AT_ONCE = 1024
MOST_PIXELS = 10**9

FeatureColumn = NumberColumn | DateColumn | CategoryColumn
"""The column kinds; a column is of the first that recognises it, and a category is what no other one is."""

COLUMN_CLASSES: Sequence[type[FeatureColumn]] = get_args(FeatureColumn)
CLASS_OF = {kind: column for column in COLUMN_CLASSES for kind in column.kinds}
USUAL = ("number", "category", "boolean", "date")
"""The kinds that are named first where all of them are listed."""
KINDS = (*sorted(CLASS_OF, key=lambda kind: (*USUAL, kind).index(kind)), "ignore")

if TYPE_CHECKING:
    Kind = str
else:
    Kind = Literal[KINDS]
"""What a spec may say that a column is."""


Part = tuple[slice, Any, Callable[[Any, Matrix], None]]
"""Some columns of the matrix, what they are made of (rows, …), and what writes them."""


class Compact:
    """The matrix (rows, width) in less room: `compact[start:stop]` are some rows, valid until others are made."""

    def __init__(
        self, rows: int, width: int, dtype: np.dtype[Any], parts: Sequence[Part], store: Store = MEMORY
    ) -> None:
        self.rows, self.width, self.parts, self.store = rows, width, parts, store
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
        """All rows, where the table lives."""
        matrix: Matrix = self.store.empty((self.rows, self.width), self._room.dtype)
        for start in range(0, self.rows, ROWS_AT_ONCE):  # so that a block of the matrix stays in the cache
            rows = slice(start, start + ROWS_AT_ONCE)
            self.write(rows, matrix[rows])
        return matrix


@dataclass(frozen=True, kw_only=True)
class Features:
    """The fitted input columns, in the order of the training table, and what was left out and why."""

    on_images: ClassVar[bool] = False

    columns: tuple[FeatureColumn, ...]
    ignored: Mapping[str, str] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return sum(column.width for column in self.columns)

    def places(self) -> Iterator[tuple[FeatureColumn, slice]]:
        """Each column with its columns of the matrix."""
        start = 0
        for column in self.columns:
            yield column, slice(start, start + column.width)
            start += column.width

    def find_column(self, place: int, /) -> FeatureColumn | None:
        """The column that makes a column of the matrix."""
        return next(column for column, inputs in self.places() if place < inputs.stop)

    def broken_rules(self) -> Iterator[str]:
        """The rules that features from a model file break, which anyone may have written."""
        if not self.columns:
            yield "it has no columns"
        if (name := find_repeated([column.name for column in self.columns])) is not None:
            yield f"the column {name!r:.80} is there twice"
        for column in self.columns:
            yield from column.broken_rules()

    def encode(self, table: Table, dtype: np.dtype[Any], odd: OddRows | None = None) -> Matrix:
        """The matrix (rows, width); `odd` is told which cells are filled or unseen."""
        return self.compact(table, dtype, odd).matrix()

    def compact(self, table: Table, dtype: np.dtype[Any], odd: OddRows | None = None) -> "Compact":
        """The matrix, to be made of some rows at a time; `odd` is told which cells are filled or unseen."""
        absent = [column.name for column in self.columns if column.name not in table.columns]
        if absent:
            raise DataError(table.missing(absent))
        odd = OddRows() if odd is None else odd
        odd.columns = [column.name for column in self.columns]
        parts = list(self.compact_parts(table, dtype, odd))
        return Compact(table.rows, self.width, dtype, parts, table.store)

    def compact_parts(self, table: Table, dtype: np.dtype[Any], odd: OddRows) -> Iterator[Part]:
        """The parts of the matrix: the codes of one column, or the numbers of neighbouring columns."""
        for keeps_codes, group in groupby(self.places(), lambda each: each[0].keeps_codes):
            columns = list(group)
            if keeps_codes:
                for column, place in columns:
                    yield place, table.store.keep(column.compact(table, dtype, odd)), column.write
            else:
                whole = slice(columns[0][1].start, columns[-1][1].stop)
                values = table.store.empty((table.rows, whole.stop - whole.start), dtype)
                for column, place in columns:
                    values[:, place.start - whole.start : place.stop - whole.start] = column.compact(table, dtype, odd)
                yield whole, values, columns[0][0].write

    def compact_images(self, images: NDArray[np.uint8], dtype: np.dtype[Any], name: str) -> "Pixels":
        """Refuse images."""
        raise DataError(f"{name}: the model was trained on a table; give one")

    def encode_training(
        self,
        table: Table,
        dtype: np.dtype[Any],
        *,
        rules: Settling,
        targets: Doubles,
        seed: int,
        odd: OddRows | None = None,
    ) -> Matrix:
        """The matrix of the training rows: target encodings without a row's own target, some categories hidden.

        `odd` is told which cells are filled or unseen.
        """
        matrix = self.encode(table, dtype, odd)
        for position, (column, place) in enumerate(self.places()):
            if column.changes_in_training:
                column.write_training(
                    table,
                    matrix[:, place],
                    asked=rules.settle(column.name, column.kind),
                    targets=targets,
                    draw=partial(make_column_random_bits, seed, position),
                )
        return matrix


def make_column_random_bits(seed: int, position: int, purpose: str) -> BitGenerator:
    """The random bits of a purpose for the column at a position."""
    return stream(seed, purpose, position)


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
        return self.divide_bytes(self.bytes[rows])

    @property
    def nbytes(self) -> int:
        return self.bytes.nbytes

    def matrix(self) -> "Pixels":
        """All rows: themselves, since rows are made when they are asked for."""
        return self

    def take(
        self, indices: Integers, axis: Literal[0], out: Matrix | None = None, mode: Literal["clip"] = "clip"
    ) -> Matrix:
        """The rows of these numbers."""
        return self.divide_bytes(self.bytes.take(indices, axis, mode=mode), out)

    def divide_bytes(self, some: NDArray[np.uint8], out: Matrix | None = None) -> Matrix:
        """Some rows / 255, in the matrix's own type."""
        made: Matrix = np.divide(some, 255, out=out, dtype=self.dtype)
        return made


@dataclass(frozen=True, kw_only=True)
class PixelFeatures:
    """Images as rows of pixels / 255."""

    on_images: ClassVar[bool] = True

    shape: tuple[int, ...]
    columns: tuple[()] = ()
    ignored: Mapping[str, str] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return int(np.prod(self.shape))

    def places(self) -> Iterator[tuple[FeatureColumn, slice]]:
        """No columns: a pixel is of no table."""
        return iter(())

    def find_column(self, _: int, /) -> FeatureColumn | None:
        """No column: a pixel is of no table."""
        return None

    def broken_rules(self) -> Iterator[str]:
        """The rules that the size of images from a model file breaks."""
        if not all(side > 0 for side in self.shape):
            yield "its images have no pixels"
        if not 0 < prod(self.shape) <= MOST_PIXELS:
            yield "its images are too large"

    def compact(self, table: Table, dtype: np.dtype[Any], odd: OddRows | None = None) -> Compact:
        """Refuse a table."""
        raise DataError(f"{table.name}: the model was trained on images; give an IDX file")

    def encode_training(
        self,
        table: Table,
        dtype: np.dtype[Any],
        *,
        rules: Settling,
        targets: Doubles,
        seed: int,
        odd: OddRows | None = None,
    ) -> Matrix:
        """Refuse a table."""
        return self.compact(table, dtype).matrix()

    def compact_images(self, images: NDArray[np.uint8], dtype: np.dtype[Any], name: str) -> Pixels:
        """The matrix, to be made of some rows at a time; images of another size are an error."""
        if images.shape[1:] != self.shape:
            raise DataError(
                f"{name}: images of {format_shape(images.shape[1:])}, the model knows {format_shape(self.shape)}"
            )
        return Pixels(images.reshape(len(images), self.width), dtype)


def format_shape(shape: tuple[int, ...]) -> str:
    """The sides of images, for a message."""
    return " × ".join(map(str, shape))


def get_stored_input_array(x: Matrix | Pixels) -> NDArray[Any]:
    """The array that inputs are kept as: themselves, or the bytes of images."""
    return x.bytes if isinstance(x, Pixels) else x


def count_batch_copy_bytes(x: Matrix | Pixels, rows: int) -> int:
    """Extra bytes of some rows: 0 for a matrix, whose rows are a view; those of the new float array for images."""
    return x[:rows].nbytes if isinstance(x, Pixels) else 0
