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


def rank_rows_per_class(truth: Integers, scores: Floats, positive: int = 1) -> Iterator[Ranking]:
    """Rank the rows for the positive class of two, else for each class against the rest, by scores (B, K).

    The rankings come one at a time, because they are large.
    """
    for k in [positive] if scores.shape[1] == 2 else range(scores.shape[1]):
        yield rank_rows_of_class(truth, scores, k)


def rank_rows_of_class(truth: Integers, scores: Floats, k: int) -> Ranking:
    """Rank the rows for class k against the rest by its score, of two classes by what it is above the other's."""
    if scores.shape[1] == 2:
        return rank_rows(truth == k, scores[:, k].astype(np.float64) - scores[:, 1 - k].astype(np.float64))
    return rank_rows(truth == k, scores[:, k])


@dataclass(frozen=True, kw_only=True)
class Curve:
    """What the curves of a ranking are made of: numerators and denominators, under weights.

    P are the positive rows, N the others; a threshold is a score, and predicts as positive all rows that reach it.
    """

    wins: float
    """Σ over P and N of w₊ w₋ ([s₋ < s₊] + ½ [s₋ = s₊])."""
    pairs: float
    """Σ₊ w · Σ₋ w."""
    gains: float
    """Σ over the thresholds of the weight of P at it, times the precision."""
    positives: float
    """Σ₊ w."""


def trace_curve(ranking: Ranking, weights: NDArray[np.float64]) -> Curve:
    """The curves of a ranking under weights (B,)."""
    w = weights[ranking.order]
    positive, negative = w * ranking.positive, w * ~ranking.positive
    if ranking.starts is not None:
        positive, negative = np.add.reduceat(positive, ranking.starts), np.add.reduceat(negative, ranking.starts)
    reached = np.cumsum(positive[::-1])[::-1]
    predicted = np.cumsum((positive + negative)[::-1])[::-1]
    precision = np.divide(reached, predicted, out=np.zeros(len(predicted)), where=predicted > 0)
    total = positive.sum()
    return Curve(
        wins=float(positive @ (np.cumsum(negative) - 0.5 * negative)),
        pairs=float(total * negative.sum()),
        gains=float(positive @ precision),
        positives=float(total),
    )


def measure_row_wins(ranking: Ranking, weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The share of the other class that each row (B,) is ordered rightly against, and the weight of its own class.

    Of a positive row the weight of N below it and half of that at it, Σ w₋ ([s₋ < s] + ½ [s₋ = s]) / Σ₋ w; of a
    negative one that of P above it. Both have the area under the ROC curve as their mean (DeLong et al., 1988).
    """
    w = weights[ranking.order]
    starts = np.arange(len(w)) if ranking.starts is None else ranking.starts
    lengths = np.diff(np.append(starts, len(w)))

    def sum_below(of_class: NDArray[np.float64]) -> NDArray[np.float64]:
        tied = np.add.reduceat(of_class, starts) if len(w) else of_class
        return np.repeat(np.cumsum(tied) - 0.5 * tied, lengths)

    positive, negative = w * ranking.positive, w * ~ranking.positive
    totals = positive.sum(), negative.sum()
    above = totals[0] - sum_below(positive)
    wins, own = np.empty(len(w)), np.empty(len(w))
    wins[ranking.order] = np.where(ranking.positive, sum_below(negative) / totals[1], above / totals[0])
    own[ranking.order] = np.where(ranking.positive, *totals)
    return wins, own
