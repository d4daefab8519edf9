"""Metrics: what is reported. Each is defined for every input: a number, or Undefined with the reason.

`value(sample)` computes a metric from a comparison under weights; C is its confusion matrix, in which Cᵢⱼ is the weight
of the rows of class i that were predicted as class j. All are scikit-learn's definitions, weighted throughout. Metrics
of numbers are averaged over the K targets, in the user's units.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar, Literal, get_args

import numpy as np

from mlptrain.engine.arrays import Floats
from mlptrain.engine.comparisons import (
    NO_WEIGHT,
    ClassSample,
    Comparison,
    Doubles,
    NumberSample,
    Sample,
    Undefined,
    Value,
    compute_weighted_mean,
    divide_or_undefined,
    fill_default_weights,
)
from mlptrain.engine.ranking import Ranking

Metrics = dict[str, float | None]
"""Values by name; None for what is undefined."""


class ClassMetric:
    """What the metrics of classes share."""

    of_classes: ClassVar[bool] = True
    larger_is_better: ClassVar[bool] = True
    needs_probabilities: ClassVar[bool] = False

    def infer_from_accuracy(self, accuracy: float) -> float | None:
        """The value if all that is known is the accuracy; None if the metric needs to know more."""
        return None


class NumberMetric:
    """What the metrics of numbers share."""

    of_classes: ClassVar[bool] = False
    larger_is_better: ClassVar[bool] = False
    needs_probabilities: ClassVar[bool] = False

    def infer_from_accuracy(self, accuracy: float) -> float | None:
        """None: numbers have no accuracy."""
        return None


@dataclass(frozen=True, kw_only=True)
class Accuracy(ClassMetric):
    """Σᵢ Cᵢᵢ / Σ C: the share of the rows whose class was predicted."""

    name: Literal["accuracy"] = "accuracy"

    def value(self, sample: ClassSample) -> Value:
        c = sample.confusion
        return divide_or_undefined(np.trace(c), c.sum(), NO_WEIGHT)

    def infer_from_accuracy(self, accuracy: float) -> float:
        return accuracy


@dataclass(frozen=True, kw_only=True)
class ErrorRate(ClassMetric):
    """1 − Σᵢ Cᵢᵢ / Σ C: the share of the rows of which another class was predicted."""

    name: Literal["error_rate"] = "error_rate"
    larger_is_better: ClassVar[bool] = False

    def value(self, sample: ClassSample) -> Value:
        accuracy = Accuracy().value(sample)
        return accuracy if isinstance(accuracy, Undefined) else self.infer_from_accuracy(accuracy)

    def infer_from_accuracy(self, accuracy: float) -> float:
        return 1 - accuracy


@dataclass(frozen=True, kw_only=True)
class BalancedAccuracy(ClassMetric):
    """The mean of the recalls Cᵢᵢ / Σⱼ Cᵢⱼ over the classes i that occur (Brodersen et al., 2010)."""

    name: Literal["balanced_accuracy"] = "balanced_accuracy"

    def value(self, sample: ClassSample) -> Value:
        c = sample.confusion
        rows = c.sum(axis=1)
        recalls = np.diag(c)[rows > 0] / rows[rows > 0]
        return float(recalls.mean()) if recalls.size else NO_WEIGHT


@dataclass(frozen=True, kw_only=True)
class F1(ClassMetric):
    """2 TP / (2 TP + FP + FN) = 2 Cᵢᵢ / Σⱼ (Cᵢⱼ + Cⱼᵢ) (van Rijsbergen, 1979).

    Of the second class of two; of more, the mean over the classes i that occur or are predicted (macro).
    """

    name: Literal["f1"] = "f1"

    def value(self, sample: ClassSample) -> Value:
        c = sample.confusion
        twice, denominator = 2 * np.diag(c), c.sum(axis=0) + c.sum(axis=1)
        if len(c) == 2:
            nothing = Undefined("the positive class neither occurs nor is predicted")
            return divide_or_undefined(twice[1], denominator[1], nothing)
        seen = denominator > 0
        return float((twice[seen] / denominator[seen]).mean()) if seen.any() else NO_WEIGHT


@dataclass(frozen=True, kw_only=True)
class AUC(ClassMetric):
    """The area under the ROC curve; of more than two classes, the mean over each against the rest (macro).

    P(s₊ > s₋) + ½ P(s₊ = s₋), with s₊ and s₋ the scores of a positive and a negative row drawn by weight (Mann &
    Whitney, 1947).
    """

    name: Literal["auc"] = "auc"

    def value(self, sample: ClassSample) -> Value:
        areas = [compute_area(ranking, sample.weights) for ranking in sample.comparison.rankings]
        numbers = [area for area in areas if not isinstance(area, Undefined)]
        if len(numbers) < len(areas):
            return areas[0] if len(areas) == 1 else Undefined("a class without rows")
        return float(np.mean(numbers))


@dataclass(frozen=True, kw_only=True)
class LogLoss(ClassMetric):
    """−Σ w log p / Σ w, with p the probability of the true class, not below ε of its type (Good, 1952)."""

    name: Literal["log_loss"] = "log_loss"
    larger_is_better: ClassVar[bool] = False
    needs_probabilities: ClassVar[bool] = True

    def value(self, sample: ClassSample) -> Value:
        return compute_weighted_mean(sample.comparison.surprisals, sample.weights)


@dataclass(frozen=True, kw_only=True)
class MCC(ClassMetric):
    """Matthews correlation of K classes (Gorodkin, 2004), 0 if the truth or the prediction is of one class only.

    (Σᵢ Cᵢᵢ − Σᵢ tᵢ pᵢ) / √((1 − Σᵢ tᵢ²) (1 − Σᵢ pᵢ²)), with Σ C = 1, tᵢ = Σⱼ Cᵢⱼ and pᵢ = Σⱼ Cⱼᵢ.
    """

    name: Literal["mcc"] = "mcc"

    def value(self, sample: ClassSample) -> Value:
        c = sample.confusion
        total = c.sum()
        if not total:
            return NO_WEIGHT
        t, p = c.sum(axis=1) / total, c.sum(axis=0) / total
        covariance = np.trace(c) / total - t @ p
        spread = (1 - t @ t) * (1 - p @ p)
        return float(covariance / np.sqrt(spread)) if spread > 0 else 0.0


@dataclass(frozen=True, kw_only=True)
class RMSE(NumberMetric):
    """√(Σ w e² / Σ w) with the errors e = prediction − truth."""

    name: Literal["rmse"] = "rmse"

    def value(self, sample: NumberSample) -> Value:
        return float(np.sqrt(sample.mean_square).mean()) if sample.total > 0 else NO_WEIGHT


@dataclass(frozen=True, kw_only=True)
class MAE(NumberMetric):
    """Σ w |e| / Σ w with the errors e = prediction − truth."""

    name: Literal["mae"] = "mae"

    def value(self, sample: NumberSample) -> Value:
        return float((sample.w @ np.abs(sample.e) / sample.total).mean()) if sample.total > 0 else NO_WEIGHT


@dataclass(frozen=True, kw_only=True)
class R2(NumberMetric):
    """1 − Σ w e² / Σ w (y − ȳ)²: the explained share of the variance (Wright, 1921); ȳ is the weighted mean of y."""

    name: Literal["r2"] = "r2"
    larger_is_better: ClassVar[bool] = True

    def value(self, sample: NumberSample) -> Value:
        if not sample.total > 0:
            return NO_WEIGHT
        if sample.is_constant:
            return Undefined("the target is constant")
        return float(np.mean(1 - sample.mean_square / sample.variance))


Metric = Accuracy | ErrorRate | BalancedAccuracy | F1 | AUC | LogLoss | MCC | RMSE | MAE | R2
METRICS: Mapping[str, Metric] = {kind.name: kind() for kind in get_args(Metric)}
"""The metrics by name, in the order in which they are reported; the first of each kind of target is its default."""


def compute_area(ranking: Ranking, weights: Doubles) -> Value:
    """Σ₊ w₊ (Σ₋ w₋ [s₋ < s₊] + ½ Σ₋ w₋ [s₋ = s₊]) / (Σ w₊ Σ w₋): the area under the curve of one ranking."""
    w = weights[ranking.order]
    above, below = w * ranking.positive, w * ~ranking.positive
    if ranking.starts is not None:
        above, below = np.add.reduceat(above, ranking.starts), np.add.reduceat(below, ranking.starts)
    wins = above @ (np.cumsum(below) - 0.5 * below)
    return divide_or_undefined(wins, above.sum() * below.sum(), Undefined("rows of one class only"))


def find_default_metric(*, of_classes: bool) -> Metric:
    """The metric that is reported if none is asked for: the first of its kind in the union."""
    return next(metric for metric in METRICS.values() if metric.of_classes == of_classes)


def is_larger_better(name: str) -> bool:
    """Whether a larger value of a metric, or of "loss", is a better one."""
    return name in METRICS and METRICS[name].larger_is_better


def measure_metric(metric: Metric, comparison: Comparison, weights: Floats | None = None) -> Value:
    """One metric alone, without the work that only others need."""
    return measure_metric_on_sample(metric, comparison.weigh(fill_default_weights(comparison.rows, weights)))


def measure_metrics(
    comparison: Comparison, weights: Floats | None = None, *, losses: Doubles | None = None
) -> dict[str, Value]:
    """All metrics that suit the target, after the mean of the rows' `losses` (B,) as "loss" if there are any."""
    w = fill_default_weights(comparison.rows, weights)
    sample = comparison.weigh(w)
    values = {} if losses is None else {"loss": compute_weighted_mean(losses, w)}
    for name, metric in METRICS.items():
        if metric.of_classes == sample.of_classes:
            values[name] = measure_metric_on_sample(metric, sample)
    return values


def measure_metric_on_sample(metric: Metric, sample: Sample) -> Value:
    """The value of a metric that suits the target; undefined if it needs probabilities and there are none, or if a row
    has scores from which no class can be told.
    """
    if metric.needs_probabilities and not sample.probabilistic:
        return Undefined("scores are not probabilities")
    if not sample.is_told:
        return Undefined("a score is not a finite number")
    return metric.value(sample)  # type: ignore[arg-type]


def derive_metrics_from_accuracy(accuracy: float) -> dict[str, float]:
    """The metrics whose values follow from the accuracy alone."""
    values = {name: metric.infer_from_accuracy(accuracy) for name, metric in METRICS.items()}
    return {name: value for name, value in values.items() if value is not None}


def undefine_nonfinite(values: Mapping[str, Value]) -> dict[str, Value]:
    """The values, with Undefined in place of what is not finite."""
    reason = Undefined("it is not a finite number")
    return {
        name: value if isinstance(value, Undefined) or isfinite(value) else reason for name, value in values.items()
    }


def separate_undefined(values: Mapping[str, Value]) -> tuple[Metrics, dict[str, str]]:
    """The numbers (None where undefined), and the reasons for what is undefined."""
    reasons = {name: value.reason for name, value in values.items() if isinstance(value, Undefined)}
    numbers = {name: None if isinstance(value, Undefined) else value for name, value in values.items()}
    return numbers, reasons
