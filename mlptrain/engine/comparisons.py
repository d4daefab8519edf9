"""Comparisons of predictions with the truth, and samples of them: what metrics are computed from.

A comparison holds B rows and what does not depend on their weights. A sample is a comparison under weights w (B,): the
whole, a slice, or one draw of a bootstrap. Both compute what several metrics share once, when it is first needed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.arrays import Floats, Integers
from mlptrain.engine.ranking import Curve, Ranking, rank_rows_per_class, trace_curve

Doubles = NDArray[np.float64]
BINS = 15
"""Bins of probabilities of which the calibration error is made."""


@dataclass(frozen=True)
class Undefined:
    """Why a metric has no value here."""

    reason: str


Value = float | Undefined

NO_WEIGHT = Undefined("no rows with weight")


@dataclass(frozen=True)
class ClassComparison:
    """Scores (B, K) of K classes beside the true codes 0 … K − 1 (B,)."""

    scores: Floats
    truth: Integers
    probabilistic: bool
    """Whether scores are probabilities."""
    positive: int = 1
    """The code of the positive class of two."""
    kept: tuple[Ranking, ...] | None = None
    """The rankings, if they are kept in memory."""

    @property
    def rows(self) -> int:
        """B."""
        return len(self.truth)

    @property
    def classes(self) -> int:
        """K."""
        return self.scores.shape[1]

    @property
    def size(self) -> int:
        """The number of scores."""
        return self.scores.size

    @cached_property
    def cells(self) -> NDArray[np.intp]:
        """The cell K · truth + prediction of the confusion matrix into which each row falls (B,)."""
        cells: NDArray[np.intp] = self.truth.astype(np.intp) * self.classes + self.scores.argmax(axis=1)
        return cells

    @cached_property
    def lost(self) -> NDArray[np.bool_] | None:
        """The rows from whose scores no class can be told, as they are not all finite; None if there are none."""
        lost: NDArray[np.bool_] = np.logical_not(np.isfinite(self.scores).all(axis=1))
        return lost if lost.any() else None

    @cached_property
    def surprisals(self) -> Doubles:
        """−log p(true class) of each row (B,), p not below the resolution ε of its floating-point type."""
        p = self.scores[np.arange(self.rows), self.truth]
        return -np.log(np.maximum(p.astype(np.float64), np.finfo(self.scores.dtype).eps))

    @cached_property
    def squared_distances(self) -> Doubles:
        """Σₖ (pₖ − yₖ)² of each row (B,), with y 1 for the true class; of two classes half of it, (1 − p)²."""
        p = self.scores[np.arange(self.rows), self.truth].astype(np.float64)
        if self.classes == 2:
            return np.square(1 - p)
        squares = np.einsum("bk,bk->b", self.scores, self.scores, dtype=np.float64)
        return np.maximum(squares - 2 * p + 1, 0)

    @cached_property
    def confidence_bins(self) -> NDArray[np.intp]:
        """The bin of the probability p of the predicted class of each row (B,): b where b < 15 p ≤ b + 1."""
        p = self.scores.max(axis=1, initial=0).astype(np.float64)
        return np.clip(np.nan_to_num(np.ceil(p * BINS), nan=1), 1, BINS).astype(np.intp) - 1

    @cached_property
    def overconfidence(self) -> Doubles:
        """p − h of each row (B,), with p the probability of the predicted class, h 1 where it is the true one."""
        right = self.cells % self.classes == self.truth
        return self.scores.max(axis=1, initial=0).astype(np.float64) - right

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """The place of the true class among the scores of each row (B,), from 0; of equal ones, the first is first."""
        own = self.scores[np.arange(self.rows), self.truth][:, None]
        before = (self.scores == own) & (np.arange(self.classes) < self.truth[:, None])
        places: NDArray[np.intp] = (before | (self.scores > own)).sum(axis=1)
        return places

    @property
    def rankings(self) -> Iterable[Ranking]:
        """The ranking of the positive class of two, else of each class against the rest."""
        return rank_rows_per_class(self.truth, self.scores, self.positive) if self.kept is None else self.kept

    def keep_rankings(self) -> "ClassComparison":
        """Sort the rows once for all samples, at the price of the memory."""
        return self if self.kept is not None else replace(self, kept=tuple(self.rankings))

    def weigh(self, weights: Doubles) -> "ClassSample":
        """The rows under weights (B,)."""
        return ClassSample(self, weights)


@dataclass(frozen=True)
class NumberComparison:
    """The truth and the errors of predicted numbers, both (B, K)."""

    truth: Doubles
    errors: Doubles

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """The rows of each target (B, K) in ascending order of |e|."""
        return np.abs(self.errors).argsort(axis=0)

    @property
    def rows(self) -> int:
        """B."""
        return len(self.truth)

    @property
    def size(self) -> int:
        """The number of predictions."""
        return self.truth.size

    def keep_rankings(self) -> "NumberComparison":
        """The same comparison: numbers are not ranked."""
        return self

    def weigh(self, weights: Doubles) -> "NumberSample":
        """The rows under weights (B,)."""
        return NumberSample(self, weights)


Comparison = ClassComparison | NumberComparison


def compare_classes(
    scores: Floats, truth: Integers, *, probabilistic: bool = True, positive: int = 1
) -> ClassComparison:
    """Compare scores (B, K) with the true codes (B,); `positive` is the code of the positive class of two."""
    return ClassComparison(scores, truth, probabilistic, positive)


def compare_numbers(predicted: Floats, truth: Floats) -> NumberComparison:
    """Compare predicted numbers (B, K) with the true ones, in float64."""
    y = truth.astype(np.float64)
    return NumberComparison(y, predicted - y)


@dataclass(frozen=True)
class ClassSample:
    """A comparison of classes under weights w (B,)."""

    comparison: ClassComparison
    weights: Doubles
    of_classes: ClassVar[bool] = True

    @property
    def classes(self) -> int:
        """K."""
        return self.comparison.classes

    @property
    def probabilistic(self) -> bool:
        return self.comparison.probabilistic

    @property
    def is_told(self) -> bool:
        """Whether all rows with weight have finite scores."""
        lost = self.comparison.lost
        return lost is None or not (self.weights[lost] > 0).any()

    @cached_property
    def confusion(self) -> Doubles:
        """C (K, K): C[i, j] is the weight of the rows of class i that were predicted as class j."""
        classes = self.comparison.classes
        counts: Doubles = np.bincount(self.comparison.cells, self.weights, classes * classes)  # type: ignore[assignment]
        return counts.reshape(classes, classes)

    @cached_property
    def curves(self) -> list[Curve]:
        """What is known of the ranking of the positive class of two, else of each class against the rest."""
        return [trace_curve(ranking, self.weights) for ranking in self.comparison.rankings]


@dataclass(frozen=True)
class NumberSample:
    """A comparison of numbers under weights w (B,); y are the true numbers and e the errors of rows with weight."""

    comparison: NumberComparison
    weights: Doubles
    of_classes: ClassVar[bool] = False
    classes: ClassVar[int] = 0
    probabilistic: ClassVar[bool] = False
    is_told: ClassVar[bool] = True
    """Numbers that are not finite are seen in the metrics."""

    @property
    def targets(self) -> int:
        """K."""
        return self.comparison.truth.shape[1]

    @cached_property
    def total(self) -> float:
        """Σ w."""
        return self.weights.sum()

    @cached_property
    def seen(self) -> NDArray[np.bool_]:
        """Whether each row has weight: the others count for nothing, even if they are not finite."""
        return self.weights > 0

    @cached_property
    def w(self) -> Doubles:
        return self.weights[self.seen]

    @cached_property
    def y(self) -> Doubles:
        return self.comparison.truth[self.seen]

    @cached_property
    def e(self) -> Doubles:
        return self.comparison.errors[self.seen]

    @cached_property
    def mean_square(self) -> Doubles:
        """Σ w e² / Σ w of each target (K,)."""
        return self.average(self.e * self.e)

    @cached_property
    def variance(self) -> Doubles:
        """Σ w (y − ȳ)² / Σ w with ȳ = Σ w y / Σ w, of each target (K,)."""
        return self.w @ np.square(self.y - self.w @ self.y / self.total) / self.total

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Whether each target (K,) is the same in all rows with weight, or spreads too little to be squared."""
        same: NDArray[np.bool_] = (self.y == self.y[:1]).all(axis=0) | (self.variance == 0)
        return same

    def average(self, values: Doubles) -> Doubles:
        """Σ w v / Σ w of the values v of rows with weight, of each target (K,)."""
        mean: Doubles = self.w @ values / self.total
        return mean


Sample = ClassSample | NumberSample
EPSILON = float(np.finfo(np.float64).eps)
"""The distance of 1 from the next larger number of float64."""


def fill_default_weights(rows: int, weights: Floats | None) -> Doubles:
    """The weights of the rows in float64: 1 if there are none."""
    return np.ones(rows) if weights is None else np.asarray(weights, np.float64)


def compute_weighted_mean(values: Doubles, weights: Doubles) -> Value:
    """Σ w v / Σ w of one value a row (B,); a value without weight need not be finite."""
    seen = weights > 0
    return divide_or_undefined(weights[seen] @ values[seen], weights.sum(), NO_WEIGHT)


def drop_rounding(difference: Any, *, terms: int, size: Any) -> Doubles:
    """A difference of sums of n terms x, 0 where it is less than their rounding may be, n ε Σ |x| (Higham, 2002, 4.2).

    What is exactly 0 would else be shown as 5.9e-17.
    """
    known: Doubles = np.where(np.abs(difference) < terms * EPSILON * size, 0.0, difference)
    return known


def divide_or_undefined(numerator: Any, denominator: Any, otherwise: Undefined) -> Value:
    """numerator / denominator, or `otherwise` if the denominator is 0."""
    return float(numerator / denominator) if denominator > 0 else otherwise
