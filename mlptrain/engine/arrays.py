"""The array type of the engine, the workspace that reuses arrays, and the driver that runs a formula block by block."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]
ShortIntegers = NDArray[np.uint16]
SHORT = np.dtype(np.uint16)

BLOCK = 1 << 15
"""Numbers in a block: 128 KiB in float32, so that a block and its companions stay in a core's second-level cache."""

FLUSH_EVERY = 64
SMALLEST = 1e-30


class Workspace:
    """Arrays handed out by order of request: the n-th request of a step gets the n-th array of that batch size.

    A step asks for the same shapes in the same order every time, so nothing is allocated after the first step of a
    batch size, and no layer keeps books.
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self._sets: dict[int, tuple[list[Floats], list[ShortIntegers]]] = {}
        self._arrays: list[Floats] = []
        self._bits: list[ShortIntegers] = []
        self._ones: dict[int, Floats] = {}
        self._next = self._next_bits = 0

    def ones(self, rows: int) -> Floats:
        """A one for each row: ones @ dy is the sum over the rows, by the fastest way there is."""
        return self._ones[rows] if rows in self._ones else self._ones.setdefault(rows, np.ones(rows, self.dtype))

    def restart(self, rows: int) -> None:
        """Begin a step of `rows` rows: the next request gets the first array again."""
        self._arrays, self._bits = self._sets.setdefault(rows, ([], []))
        self._next = self._next_bits = 0

    def array(self, shape: tuple[int, ...]) -> Floats:
        """An uninitialised array of `shape`."""
        position, self._next = self._next, self._next + 1
        return reuse_or_allocate_array(self._arrays, position, shape, self.dtype)

    def bits(self, shape: tuple[int, ...]) -> ShortIntegers:
        """An uninitialised array of short integers for random bits."""
        position, self._next_bits = self._next_bits, self._next_bits + 1
        return reuse_or_allocate_array(self._bits, position, shape, SHORT)


def reuse_or_allocate_array(
    arrays: list[NDArray[Any]], position: int, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """The array at a position, made anew where there is none or one of another shape."""
    if position < len(arrays) and (found := arrays[position]).shape == shape:
        return found
    arrays[position : position + 1] = [np.empty(shape, dtype)]
    return arrays[position]


def slice_range_into_blocks(size: int, block: int = BLOCK) -> Iterator[slice]:
    """The slices that cover `range(size)` in steps of one block."""
    return (slice(start, min(start + block, size)) for start in range(0, size, block))


def slice_rows_into_blocks(x: Floats) -> Sequence[slice]:
    """Slices of the rows of x (…, B, O) that hold about a block of numbers each."""
    rows = x.shape[-2]
    return [slice(None)] if x.size <= BLOCK else list(slice_range_into_blocks(rows, max(BLOCK * rows // x.size, 1)))


def apply_blockwise(formula: Callable[..., Floats], out: Callable[[], Floats], *arrays: NDArray[Any]) -> Floats:
    """The elementwise `formula` of contiguous `arrays` of one shape, block by block, into the array that `out()` gives.

    What fits in one block is simply `formula(*arrays)`: a fresh small array costs less than a copy.
    """
    if arrays[0].size <= BLOCK:
        return formula(*arrays)
    result = out()
    flat, sources = result.reshape(-1), [array.reshape(-1) for array in arrays]
    for block in slice_range_into_blocks(flat.size):
        flat[block] = formula(*(source[block] for source in sources))
    return result


def multiply_matrices(a: Floats, b: Floats, out: Floats) -> Floats:
    """a b into `out`; with members, of each member."""
    return np.dot(a, b, out=out) if b.ndim == 2 else np.matmul(a, b, out=out)  # dot is called in less time


def flush_denormals(*arrays: Floats) -> None:
    """Set what has decayed below 1e-30 to zero: arithmetic on denormal numbers can be many times slower.

    Slots of inputs that are constant or rare decay geometrically, and so do decayed weights and the running statistics
    of units that are off. Between two flushes (64 steps) a decay by 0.76 or more a step does not get from 1e-30 down to
    the denormals (1e-38); a faster one is through them, at 0, in a few steps.
    """
    for array in arrays:
        flat = array.reshape(-1)
        for block in slice_range_into_blocks(flat.size):
            flat[block] *= np.abs(flat[block]) > SMALLEST
