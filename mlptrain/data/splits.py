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

    The sizes are count · share, rounded. A class of one row goes to training, even if a part is smaller for it.
    """
    order = permutation(stream(seed, "split"), count)
    codes = np.zeros(count, np.int64) if classes is None else classes[order]
    divided = np.bincount(codes, minlength=1)
    divided[divided == 1] = 0
    rows = int(divided.sum())
    tests = min(round(count * test), rows)
    validations = min(round(count * validation), rows - tests)
    taken = apportioned(divided, np.array([rows - tests - validations, validations, tests]))
    rank = ranks(codes)
    in_test = rank < taken[codes, 2]
    in_validation = ~in_test & (rank < taken[codes, 2] + taken[codes, 1])
    return Parts(
        train=np.sort(order[~in_test & ~in_validation]),
        validation=np.sort(order[in_validation]),
        test=np.sort(order[in_test]),
    )


def apportioned(counts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of each class's `counts` go to each part of `sizes` (K, parts): counts ⊗ sizes / Σ, up or down.

    Both margins are exact: what rounding down leaves of a class goes to as many different parts, first to those of
    the largest remainders; classes that have most left choose first, so that none is left over (Gale & Ryser, 1957).
    """
    total = max(int(counts.sum()), 1)
    taken, remainders = np.divmod(np.outer(counts, sizes), total)
    left = counts - taken.sum(axis=1)
    for part, size in enumerate(sizes):
        wish = left + remainders[:, part] / total
        more = np.argsort(-wish, kind="stable")[: size - taken[:, part].sum()]
        taken[more, part] += 1
        left[more] -= 1
    return taken


def ranks(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of earlier rows of the same class, for each row."""
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], codes[order])
    result = np.empty_like(order)
    result[order] = np.arange(len(codes)) - starts
    return result


def batch_slices(rows: int, size: int, *, merge_single: bool) -> Iterator[slice]:
    """Consecutive slices of `size` rows; the last may be shorter.

    With `merge_single` a last batch of one row is joined to the one before (batch normalisation needs two).
    """
    starts = list(range(0, rows, size))
    if merge_single and len(starts) > 1 and rows - starts[-1] == 1:
        starts.pop()
    return (slice(start, stop) for start, stop in zip(starts, [*starts[1:], rows][: len(starts)], strict=True))
