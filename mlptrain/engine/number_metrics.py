"""The metrics of numbers: frozen dataclasses, computed from a sample of compared numbers, in the user's units.

y is the truth, ŷ the prediction and e = ŷ − y the error of a row of weight w. `list_target_values` gives the value of
each of the K targets, `value` their mean. All are scikit-learn's definitions but where it is said, weighted throughout.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from mlptrain.engine.comparisons import NO_WEIGHT, Doubles, NumberSample, Undefined, Value, drop_rounding

BELOW = "is −1 or less, so 1 + it has no logarithm"


ROUNDING = 1e-9
"""Sums of weights that differ by this share are equal but for rounding."""


def find_weighted_median(ascending: Doubles, weights: Doubles) -> float:
    """The median of numbers in ascending order (B,) under weights; there is weight."""
    return find_weighted_quantile(ascending, weights, 0.5)


def find_weighted_quantile(ascending: Doubles, weights: Doubles, share: float) -> float:
    """The number that a share of the weight (above 0, below 1) is not above, of numbers in ascending order (B,).

    Where that is true of two neighbours and all between them, their mean.
    """
    sums = np.cumsum(weights)
    part = sums[-1] * share
    low = np.searchsorted(sums, part * (1 - ROUNDING))
    high = np.searchsorted(sums, part * (1 + ROUNDING), side="right")
    return float((ascending[low] + ascending[high]) / 2)


def find_median(values: Doubles, weights: Doubles) -> float:
    """The median of numbers (B,) in any order."""
    order = values.argsort()
    return find_weighted_median(values[order], weights[order])


class NumberMetric:
    """What the metrics of numbers share."""

    of_classes: ClassVar[bool] = False
    larger_is_better: ClassVar[bool] = False
    needs_probabilities: ClassVar[bool] = False
    resamples: ClassVar[bool] = True
    """Whether drawing rows anew spreads its values around that of all rows, so that it has an interval."""
    least_classes: ClassVar[int] = 0
    of_median: ClassVar[bool] = False
    """Whether the number to be compared with is the median of the training rows, not their mean."""
    gap_of_constant: ClassVar[str] = ""
    """Why the same prediction for every row may have no value where others have one; empty if it always has."""

    def infer_from_accuracy(self, accuracy: float) -> float | None:
        """None: numbers have no accuracy."""
        return None

    def value(self, sample: NumberSample) -> Value:
        """The mean over the targets; undefined if one of them has no value."""
        values = self.list_target_values(sample)
        numbers = [value for value in values if not isinstance(value, Undefined)]
        if len(numbers) < len(values):
            return next(value for value in values if isinstance(value, Undefined))
        return float(np.mean(numbers))

    def list_target_values(self, sample: NumberSample) -> Sequence[Value]:
        """The value of each target (K,)."""
        if not sample.total > 0:
            return [NO_WEIGHT] * sample.targets
        reasons = self.find_reasons(sample)
        with np.errstate(all="ignore"):  # of targets that have no value
            values = self.measure_targets(sample).tolist()
        return [value if reason is None else Undefined(reason) for value, reason in zip(values, reasons, strict=True)]

    def find_reasons(self, sample: NumberSample) -> Sequence[str | None]:
        """Why each target has no value, None where it has one."""
        return [None] * sample.targets

    def measure_targets(self, sample: NumberSample) -> Doubles:
        """The numbers (K,) of rows with weight; of a target without a value any."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class RMSE(NumberMetric):
    """√(Σ w e² / Σ w): the root of the mean squared error."""

    name: Literal["rmse"] = "rmse"

    def measure_targets(self, sample: NumberSample) -> Doubles:
        return np.sqrt(sample.mean_square)


@dataclass(frozen=True, kw_only=True)
class MAE(NumberMetric):
    """Σ w |e| / Σ w: the mean absolute error."""

    name: Literal["mae"] = "mae"
    of_median: ClassVar[bool] = True

    def measure_targets(self, sample: NumberSample) -> Doubles:
        return sample.average(np.abs(sample.e))


@dataclass(frozen=True, kw_only=True)
class R2(NumberMetric):
    """1 − Σ w e² / Σ w (y − ȳ)²: the explained share of the variance (Wright, 1921); ȳ is the weighted mean of y."""

    name: Literal["r2"] = "r2"
    larger_is_better: ClassVar[bool] = True

    def find_reasons(self, sample: NumberSample) -> Sequence[str | None]:
        return ["the target is constant" if constant else None for constant in sample.constant.tolist()]

    def measure_targets(self, sample: NumberSample) -> Doubles:
        rest = sample.mean_square / sample.variance
        return drop_rounding(1 - rest, terms=len(sample.w), size=1 + rest)


@dataclass(frozen=True, kw_only=True)
class RMSLE(NumberMetric):
    """√(Σ w (log(1 + ŷ) − log(1 + y))² / Σ w); undefined if a target or a prediction is −1 or less."""

    name: Literal["rmsle"] = "rmsle"
    of_median: ClassVar[bool] = True
    gap_of_constant: ClassVar[str] = f"its prediction {BELOW}"

    def find_reasons(self, sample: NumberSample) -> Sequence[str | None]:
        truth: list[bool] = np.any(sample.y <= -1, axis=0).tolist()
        predicted: list[bool] = np.any(sample.y + sample.e <= -1, axis=0).tolist()
        return [
            f"a target {BELOW}" if low else f"a prediction {BELOW}" if low_predicted else None
            for low, low_predicted in zip(truth, predicted, strict=True)
        ]

    def measure_targets(self, sample: NumberSample) -> Doubles:
        distance = np.log1p(sample.y + sample.e) - np.log1p(sample.y)
        return np.sqrt(sample.average(distance * distance))


@dataclass(frozen=True, kw_only=True)
class MAPE(NumberMetric):
    """Σ w |e / y| / Σ w: the mean error as a share of the truth (0.1 is 10 %); undefined if a target is 0."""

    name: Literal["mape"] = "mape"
    of_median: ClassVar[bool] = True

    def find_reasons(self, sample: NumberSample) -> Sequence[str | None]:
        return ["a target is 0" if zero else None for zero in (sample.y == 0).any(axis=0).tolist()]

    def measure_targets(self, sample: NumberSample) -> Doubles:
        return sample.average(np.abs(sample.e / sample.y))


@dataclass(frozen=True, kw_only=True)
class MedianAbsoluteError(NumberMetric):
    """The median of |e|: rows of half of Σ w have a smaller one; of two such numbers, their mean."""

    name: Literal["median_absolute_error"] = "median_absolute_error"
    of_median: ClassVar[bool] = True

    def measure_targets(self, sample: NumberSample) -> Doubles:
        errors, order = np.abs(sample.comparison.errors), sample.comparison.order
        columns = range(sample.targets)
        return np.array([find_weighted_median(errors[order[:, k], k], sample.weights[order[:, k]]) for k in columns])


AnyNumberMetric = RMSE | MAE | R2 | RMSLE | MAPE | MedianAbsoluteError
