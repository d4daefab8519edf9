"""Which rows are for training, validation and test, which are held out in each fold, and which make up a batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapreplace

import numpy as np
from numpy.random import BitGenerator
from numpy.typing import NDArray

from mlptrain.randomness import permutation, stream

Rows = NDArray[np.int64]
Fold = tuple[Rows, Rows]
"""The row numbers to train on and those held out, ascending."""

PART_WORDS = {
    **dict.fromkeys(("train", "training"), 0),
    **dict.fromkeys(("validation", "val", "valid", "dev"), 1),
    "test": 2,
}
"""The words of a split column, in small letters, with the code of the part that each means."""


@dataclass(frozen=True)
class Parts:
    """The row numbers of each part, ascending."""

    train: Rows
    validation: Rows
    test: Rows


def split_rows(
    count: int,
    *,
    validation: float,
    test: float,
    seed: int,
    classes: NDArray[np.int64] | None = None,
    repeat: int = 0,
) -> Parts:
    """A random split by shares; with `classes` (codes) each class keeps its share in every part (stratified).

    The sizes are count · share, rounded. A class of one row goes to training, even if a part is smaller for it.
    Each `repeat` is another split of the same seed.
    """
    order = permutation(seed_repeat(seed, "split", repeat), count)
    codes = np.zeros(count, np.int64) if classes is None else classes[order]
    divided = np.bincount(codes, minlength=1)
    divided[divided == 1] = 0
    rows = int(divided.sum())
    tests = min(round(count * test), rows)
    validations = min(round(count * validation), rows - tests)
    taken = apportion_class_counts(divided, np.array([rows - tests - validations, validations, tests]))
    rank = number_within_class(codes)
    in_test = rank < taken[codes, 2]
    in_validation = ~in_test & (rank < taken[codes, 2] + taken[codes, 1])
    return Parts(
        train=np.sort(order[~in_test & ~in_validation]),
        validation=np.sort(order[in_validation]),
        test=np.sort(order[in_test]),
    )


def seed_repeat(seed: int, purpose: str, repeat: int) -> BitGenerator:
    """The bits of one repetition; the first are those of the plain seed."""
    return stream(seed, purpose, *([repeat] if repeat else []))


def split_groups(groups: NDArray[np.int64], *, validation: float, test: float, seed: int, repeat: int = 0) -> Parts:
    """A random split of whole groups (codes), by shares of rows.

    Test, then validation, goes through the groups in one random order and takes each that fits into what it still
    lacks of count · share, rounded; then the smallest that is left, if that brings it nearer or it has none yet.
    So it misses or exceeds its size by at most half of the smallest group left. Training has the rest. Each part
    with a share gets at least one group; where there are too few, training comes first and test last.
    """
    codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)[1:]
    order = permutation(seed_repeat(seed, "split", repeat), len(sizes))
    part = np.zeros(len(sizes), np.int64)
    for code, share, others in ((2, test, 1 + (validation > 0)), (1, validation, 1)):
        left = order[part[order] == 0]
        if share and len(left) > others:
            taken = choose_groups_near_size(sizes[left], round(len(groups) * share), at_most=len(left) - others)
            part[left[taken]] = code
    return make_parts_from_codes(part[codes.reshape(-1)])


def choose_groups_near_size(sizes: NDArray[np.int64], wanted: int, *, at_most: int) -> list[int]:
    """The numbers of at least one and `at_most` groups that together have nearly `wanted` rows."""
    taken: list[int] = []
    lacking = wanted
    for number, size in enumerate(sizes.tolist()):
        if size <= lacking and len(taken) < at_most:
            taken.append(number)
            lacking -= size
    rest = np.delete(np.arange(len(sizes)), taken)
    smallest = int(rest[np.argmin(sizes[rest])])
    if not taken or (len(taken) < at_most and sizes[smallest] < 2 * lacking):
        taken.append(smallest)
    return taken


def split_times(times: NDArray[np.float64], *, validation: float, test: float) -> Parts:
    """Training has the earliest rows, test the latest, validation those between; the times are finite.

    The sizes are count · share, rounded, and more where rows of one time would be divided: all of them go to the
    later part.
    """
    ordered = np.sort(times)
    tests = find_time_cut(ordered, len(times), round(len(times) * test))
    validations = find_time_cut(ordered, tests, round(len(times) * validation))
    first = np.searchsorted(ordered, times)
    return make_parts_from_codes((first >= validations).astype(np.int64) + (first >= tests))


def find_time_cut(ordered: NDArray[np.float64], stop: int, size: int) -> int:
    """Where the last `size` of `stop` ordered times begin, all of the first one's time included."""
    size = min(size, stop)
    return int(np.searchsorted(ordered, ordered[stop - size])) if size else stop


def split_by_column(cells: Sequence[str]) -> Parts:
    """The parts that the cells name, in letters of either case; ValueError(row, cell) for the first that names none."""
    codes = [PART_WORDS.get(cell.strip().lower(), -1) for cell in cells]
    if -1 in codes:
        row = codes.index(-1)
        raise ValueError(row, cells[row])
    return make_parts_from_codes(np.array(codes, np.int64))


def make_parts_from_codes(codes: NDArray[np.int64]) -> Parts:
    """The rows of training (0), validation (1) and test (2)."""
    train, validation, test = (np.flatnonzero(codes == part) for part in range(3))
    return Parts(train=train, validation=validation, test=test)


def split_folds(
    count: int,
    *,
    k: int,
    seed: int,
    classes: NDArray[np.int64] | None = None,
    groups: NDArray[np.int64] | None = None,
    times: NDArray[np.float64] | None = None,
    repeat: int = 0,
) -> list[Fold]:
    """k folds, which hold out each row once; at most one of `classes`, `groups` and `times` is given.

    Sizes, and with `classes` (codes) each class's, differ by at most 1 (stratified); with `groups` (codes) no group
    is divided. With `times` the folds are those of `split_windows`: the first rows are never held out, and nothing
    is random. Each `repeat` gives other folds of the same seed. With fewer than k rows or groups some fold holds out
    nothing.
    """
    if times is not None:
        return split_windows(times, k=k)
    bits = seed_repeat(seed, "folds", repeat)
    if groups is not None:
        held = deal_groups_to_folds(groups, k, bits)
    else:
        held = deal_rows_to_folds(np.zeros(count, np.int64) if classes is None else classes, k, bits)
    return [(np.flatnonzero(held != fold), np.flatnonzero(held == fold)) for fold in range(k)]


def deal_rows_to_folds(classes: NDArray[np.int64], k: int, bits: BitGenerator) -> NDArray[np.int64]:
    """The fold of each row: rows in random order, class after class, dealt like cards (scikit-learn's counts)."""
    order = permutation(bits, len(classes))
    held = np.empty(len(classes), np.int64)
    held[order[np.argsort(classes[order], kind="stable")]] = np.arange(len(classes)) % k
    return held


def deal_groups_to_folds(groups: NDArray[np.int64], k: int, bits: BitGenerator) -> NDArray[np.int64]:
    """The fold of each row: large groups first, each to the fold that has the fewest rows.

    scikit-learn's GroupKFold goes by the very size, which leaves nothing to chance where sizes differ; here groups
    within a factor of two (of one ⌊log₂ size⌋) come in random order, so that repetitions differ. No fold exceeds
    another by twice its own smallest group.
    """
    codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)[1:]
    order = permutation(bits, len(sizes))
    order = order[np.argsort(-np.frexp(sizes[order])[1], kind="stable")]
    held = np.empty(len(sizes), np.int64)
    loads = [(0, fold) for fold in range(k)]
    for group in order.tolist():
        load, held[group] = loads[0]
        heapreplace(loads, (load + int(sizes[group]), int(held[group])))
    return held[codes.reshape(-1)]


def split_windows(times: NDArray[np.float64], *, k: int) -> list[Fold]:
    """Expanding windows: of k + 1 blocks in order of time the first k train for the one that follows them.

    The blocks are scikit-learn's TimeSeriesSplit's: ⌊count / (k + 1)⌋ rows each, the first has also what remains. Rows
    of one time stay together in the later block, so that a block, or the first one's training rows, may be empty.
    """
    ordered = np.sort(times)
    count, size = len(times), len(times) // (k + 1)
    starts = [find_time_cut(ordered, count, size * blocks) for blocks in range(k, 0, -1)]
    first = np.searchsorted(ordered, times)
    block = np.searchsorted(starts, first, side="right")
    return [(np.flatnonzero(block < fold), np.flatnonzero(block == fold)) for fold in range(1, k + 1)]


def apportion_class_counts(counts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
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


def number_within_class(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of earlier rows of the same class, for each row."""
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], codes[order])
    result = np.empty_like(order)
    result[order] = np.arange(len(codes)) - starts
    return result
