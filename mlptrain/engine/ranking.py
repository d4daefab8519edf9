"""Rankings: rows in the order of their scores, sorted once for any number of weightings."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.arrays import Floats, Integers


@dataclass(frozen=True)
class Ranking:
    """The rows in ascending order of their scores: all that the area under the ROC curve needs to know of scores."""

    order: NDArray[np.int32]
    positive: NDArray[np.bool_]
    """Whether each row, in this order, is of the positive class."""
    starts: NDArray[np.intp] | None
    """Where each run of equal scores begins; None if no two are equal."""


def rank_rows(positive: NDArray[np.bool_], scores: Floats) -> Ranking:
    """Sort the rows by their scores (B,); rows of equal scores keep their order."""
    order = np.argsort(scores, kind="stable").astype(np.int32)
    s = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], s[1:] != s[:-1]])[: s.size])
    return Ranking(order, positive[order], starts if starts.size < s.size else None)


def rank_rows_per_class(truth: Integers, scores: Floats) -> Iterator[Ranking]:
    """Rank the rows for the second class of two, else for each class against the rest, by scores (B, K).

    The rankings come one at a time, because they are large.
    """
    if scores.shape[1] == 2:
        yield rank_rows(truth == 1, scores[:, 1].astype(np.float64) - scores[:, 0].astype(np.float64))
        return
    for k in range(scores.shape[1]):
        yield rank_rows(truth == k, scores[:, k])
