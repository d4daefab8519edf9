"""Which rows are for training, validation and test, and which make up a batch."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlptrain.randomness import permutation, stream

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Parts:
    """The row numbers of each part, ascending."""

    train: Rows
    validation: Rows
    test: Rows


def split_rows(
    count: int, *, validation: float, test: float, seed: int, classes: NDArray[np.int64] | None = None
) -> Parts:
    """A random split by shares; with `classes` (codes) each class keeps its share in every part (stratified).

    The sizes are count · share, rounded. A class of one row goes to training.
    """
    order = permutation(stream(seed, "split"), count)
    sizes = [round(count * test), round(count * validation)]
    if classes is not None:
        order = interleaved(order, classes)
    cuts = np.cumsum(sizes)
    held = [np.sort(order[: cuts[0]]), np.sort(order[cuts[0] : cuts[1]])]
    return Parts(train=np.sort(order[cuts[1] :]), validation=held[1], test=held[0])


def interleaved(order: Rows, classes: NDArray[np.int64]) -> Rows:
    """The rows reordered so that every stretch holds the classes in their shares; single rows of a class come last.

    Row j of the n rows of a class (in random order) stands at (j + ½) / n: sorting by that mixes the classes evenly.
    """
    codes = classes[order]
    place = np.empty(len(order))
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        place[rows] = (np.arange(len(rows)) + 0.5) / len(rows) if len(rows) > 1 else 2.0
    return order[np.argsort(place, kind="stable")]


def batch_slices(rows: int, size: int, *, merge_single: bool) -> Iterator[slice]:
    """Consecutive slices of `size` rows; the last may be shorter.

    With `merge_single` a last batch of one row is joined to the one before (batch normalisation needs two).
    """
    starts = list(range(0, rows, size))
    if merge_single and len(starts) > 1 and rows - starts[-1] == 1:
        starts.pop()
    return (slice(start, stop) for start, stop in zip(starts, [*starts[1:], rows], strict=True))
