"""Where arrays of size rows live: in memory, or in files without a name that the system maps into memory.

A mapped array is an array like any other, so that a fit has the same results, to the byte. Its pages are the disk's:
the system drops them where memory is short, and reads them again. Nothing is left of the files when their process
ends, however it ends.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from mmap import mmap
from pathlib import Path
from typing import Any, BinaryIO, Generic, Protocol, Self, TypeVar
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from mlptrain.errors import EnvironmentFailure
from mlptrain.machine import measure_available_memory

Scalar = TypeVar("Scalar", bound=np.generic)
SHARE = 0.7
"""The share of the free memory beyond which arrays go to files where a spec leaves the choice open."""
CURE = "make room, or name another folder with --spill-dir"
BLOCK = 1 << 15
"""Numbers of a block that stays in the cache."""
ZEROS = 1 << 20
"""Bytes that are written at once where the system cannot set room aside."""


class Takeable(Protocol):
    """The cells of a column."""

    def take(self, rows: NDArray[np.int64], /) -> Self:
        """Some of them."""


Taken = TypeVar("Taken", bound=Takeable)


class Growing(Generic[Scalar]):
    """An array that grows at its end: its room is doubled when it is full, so that memory holds it once.

    Room that was never written to takes no memory.
    """

    def __init__(self, dtype: type[Scalar]) -> None:
        self._room = np.empty(0, dtype)
        self._size = 0

    def append(self, values: NDArray[Scalar]) -> None:
        """Add values at the end."""
        size = self._size + len(values)
        if size > len(self._room):
            larger = np.empty(max(size, 2 * len(self._room)), self._room.dtype)
            larger[: self._size] = self.array
            self._room = larger
        self._room[self._size : size] = values
        self._size = size

    @property
    def array(self) -> NDArray[Scalar]:
        """The values that were added."""
        return self._room[: self._size]


class GrowingFile(Generic[Scalar]):
    """An array that grows at its end in a file, which is there from the first value on."""

    def __init__(self, dtype: type[Scalar], files: "Files") -> None:
        self._dtype, self._files, self._size = np.dtype(dtype), files, 0
        self._file: BinaryIO | None = None

    def append(self, values: NDArray[Scalar]) -> None:
        """Add values at the end."""
        if not len(values):
            return
        with self._files.faults(values.nbytes):
            if self._file is None:
                self._file = self._files.open()
                finalize(self, self._file.close)
            self._file.write(np.ascontiguousarray(values, self._dtype).data)
            self._file.flush()
        self._size += len(values)

    @property
    def array(self) -> NDArray[Scalar]:
        """The values that were added."""
        return np.empty(0, self._dtype) if self._file is None else map_file(self._file, (self._size,), self._dtype)


@dataclass(frozen=True)
class Memory:
    """Arrays in memory."""

    def measure_disk(self) -> int:
        """The bytes of disk that a matrix may take: none."""
        return 0

    def grow(self, dtype: type[Scalar]) -> Growing[Scalar]:
        """An array without values that grows at its end."""
        return Growing(dtype)

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """An array whose numbers are still to be written."""
        return np.empty(shape, dtype)

    def keep(self, array: NDArray[Any]) -> NDArray[Any]:
        """The numbers of an array that memory holds."""
        return array

    def take(self, columns: Mapping[str, Taken], rows: NDArray[np.int64]) -> Mapping[str, Taken]:
        """Some rows of columns."""
        return {name: cells.take(rows) for name, cells in columns.items()}


@dataclass(frozen=True)
class Sparing(Memory):
    """Arrays in memory, but a matrix that does not fit well into what is free goes to a file."""

    files: "Files"

    def measure_disk(self) -> int:
        """The bytes of disk that a matrix may take."""
        return self.files.measure_disk()

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        there, size = measure_available_memory(), prod(shape) * dtype.itemsize
        fits = there is None or size <= SHARE * there
        return super().empty(shape, dtype) if fits else self.files.empty(shape, dtype)


@dataclass(frozen=True)
class Files:
    """Arrays in files without a name in a folder."""

    folder: Path

    def measure_disk(self) -> int:
        """The bytes of disk that a matrix may take: what is free."""
        return shutil.disk_usage(self.folder).free

    def grow(self, dtype: type[Scalar]) -> GrowingFile[Scalar]:
        return GrowingFile(dtype, self)

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """An array whose numbers are still to be written; the room on the disk is set aside."""
        size = prod(shape) * dtype.itemsize
        if not size:
            return np.empty(shape, dtype)
        with self.faults(size), self.open() as file:
            reserve_room(file, size)
            return map_file(file, shape, dtype)

    def keep(self, array: NDArray[Any]) -> NDArray[Any]:
        kept = self.empty(array.shape, array.dtype)
        kept[...] = array
        return kept

    def take(self, columns: Mapping[str, Taken], rows: NDArray[np.int64]) -> Mapping[str, Taken]:
        """Some rows of columns, which are taken when a column is asked for."""
        return TakenColumns(columns, rows)

    def open(self) -> BinaryIO:
        """A new file, which has no name for longer than a moment."""
        return tempfile.TemporaryFile(prefix="mlptrain-", dir=self.folder)

    def require_room(self, size: int) -> None:
        """Fail now, not when half of a table is read, if the disk has no room for so many bytes."""
        free = self.measure_disk()
        if size > free:
            why = f"the table needs about {size:,} bytes of this disk, {free:,} are free"
            raise EnvironmentFailure(f"{self.folder}: {why}; {CURE}")

    @contextmanager
    def faults(self, size: int) -> Iterator[None]:
        """Say what could not be kept on the disk, and what to do."""
        try:
            yield
        except OSError as problem:
            why = f"{size:,} bytes of the table could not be kept there: {problem.strerror}"
            raise EnvironmentFailure(f"{self.folder}: {why}; {CURE}") from None


Store = Memory | Sparing | Files
MEMORY = Memory()


class TakenColumns(Mapping[str, Taken]):
    """Some rows of columns. A column is taken when it is asked for; the last one is kept, since it often is again."""

    def __init__(self, columns: Mapping[str, Taken], rows: NDArray[np.int64]) -> None:
        self.columns, self.rows = columns, rows
        self._last: tuple[str, Taken] | None = None

    def __getitem__(self, name: str) -> Taken:
        if self._last is None or self._last[0] != name:
            self._last = None  # memory holds one column, not two
            self._last = name, self.columns[name].take(self.rows)
        return self._last[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)


def cut_blocks(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """An array in blocks that stay in the cache, one after another."""
    return (array[start : start + BLOCK] for start in range(0, len(array), BLOCK))


def iterate_number_bytes(numbers: NDArray[np.float64]) -> Iterator[memoryview]:
    """The bytes of numbers, block by block, the same on machines of either byte order; −0 is 0."""
    return ((block + 0.0).astype("<f8").data for block in cut_blocks(numbers))


def map_file(file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The numbers of a file as an array, which keeps the file for as long as it lives."""
    return np.ndarray(shape, dtype, buffer=mmap(file.fileno(), prod(shape) * dtype.itemsize))


def reserve_room(file: BinaryIO, size: int) -> None:
    """Make a file of a size whose room the disk has set aside: writing to a mapped array cannot fail later."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    for start in range(0, size, ZEROS):
        file.write(bytes(min(ZEROS, size - start)))
    file.flush()


def is_mapped(array: Any) -> bool:
    """Whether an array lies in a file."""
    while isinstance(array, np.ndarray | memoryview):
        array = array.base if isinstance(array, np.ndarray) else array.obj
    return isinstance(array, mmap)
