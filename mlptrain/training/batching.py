"""Which rows make up a batch."""

from collections.abc import Iterator


def slice_batches(rows: int, size: int, *, merge_single: bool, drop_last: bool = False) -> Iterator[slice]:
    """Consecutive slices of `size` rows; the last may be shorter, or with `drop_last` is left out then.

    With `merge_single` a last batch of one row is joined to the one before (batch normalisation needs two).
    """
    starts = list(range(0, rows, size))
    if drop_last and len(starts) > 1 and rows - starts[-1] < size:
        rows = starts.pop()
    if merge_single and len(starts) > 1 and rows - starts[-1] == 1:
        starts.pop()
    return (slice(start, stop) for start, stop in zip(starts, [*starts[1:], rows][: len(starts)], strict=True))
