"""The metrics of classes: frozen dataclasses, computed from a sample of compared classes.

C is the confusion matrix of the sample, in which Cᵢⱼ is the weight of the rows of class i that were predicted as class
j; + is the positive class of two. All are scikit-learn's definitions but where it is said, weighted throughout.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from mlptrain.engine.comparisons import (
    NO_WEIGHT,
    ClassSample,
    Doubles,
    Undefined,
    Value,
    compute_weighted_mean,
    divide_or_undefined,
    drop_rounding,
)

TOP = 5
"""Of how many classes the true one is to be one for `top_5_accuracy`."""
NO_POSITIVE_ROWS = Undefined("no rows of the positive class")


class ClassMetric:
    """What the metrics of classes share."""

    of_classes: ClassVar[bool] = True
    larger_is_better: ClassVar[bool] = True
    needs_probabilities: ClassVar[bool] = False
    of_median: ClassVar[bool] = False
    resamples: ClassVar[bool] = True
    """Whether drawing rows anew spreads its values around that of all rows, so that it has an interval."""
    least_classes: ClassVar[int] = 2
    """The number of classes from which on it says anything."""
    gap_of_constant: ClassVar[str] = ""
    """Why the same prediction for every row may have no value where others have one; empty if it always has."""

    def is_left_out(self, sample: ClassSample) -> bool:
        """Whether the value of a sample drawn anew says nothing of the metric's spread, though it has one."""
        return False

    def infer_from_accuracy(self, accuracy: float) -> float | None:
        """The value if all that is known is the accuracy; None if the metric needs to know more."""
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
class Precision(ClassMetric):
    """TP / (TP + FP) = Cᵢᵢ / Σⱼ Cⱼᵢ: the share of the rows predicted as a class that are of it.

    Of the positive class of two, undefined if it is never predicted; of more, the mean over the classes i that occur or
    are predicted (macro), in which a class that is never predicted counts 0.
    """

    name: Literal["precision"] = "precision"
    gap_of_constant: ClassVar[str] = "it never predicts the positive class"

    def value(self, sample: ClassSample) -> Value:
        nothing = Undefined("the positive class is never predicted")
        return average_shares(sample, sample.confusion.sum(axis=0), nothing)


@dataclass(frozen=True, kw_only=True)
class Recall(ClassMetric):
    """TP / (TP + FN) = Cᵢᵢ / Σⱼ Cᵢⱼ: the share of the rows of a class that are predicted as it.

    Of the positive class of two, undefined without rows of it; of more, the mean over the classes i that occur or are
    predicted (macro), in which a class without rows counts 0.
    """

    name: Literal["recall"] = "recall"

    def value(self, sample: ClassSample) -> Value:
        return average_shares(sample, sample.confusion.sum(axis=1), NO_POSITIVE_ROWS)


@dataclass(frozen=True, kw_only=True)
class F1(ClassMetric):
    """2 TP / (2 TP + FP + FN) = 2 Cᵢᵢ / Σⱼ (Cᵢⱼ + Cⱼᵢ) (van Rijsbergen, 1979).

    Of the positive class of two; of more, the mean over the classes i that occur or are predicted (macro).
    """

    name: Literal["f1"] = "f1"
    gap_of_constant: ClassVar[str] = "it never predicts the positive class, which has no rows"

    def value(self, sample: ClassSample) -> Value:
        c = sample.confusion
        nothing = Undefined("the positive class neither occurs nor is predicted")
        return average_shares(sample, (c.sum(axis=0) + c.sum(axis=1)) / 2, nothing)


def average_shares(sample: ClassSample, totals: Doubles, otherwise: Undefined) -> Value:
    """Cᵢᵢ / totalᵢ of the positive class of two; of more the mean over the classes that occur or are predicted."""
    c = sample.confusion
    if len(c) == 2:
        positive = sample.comparison.positive
        return divide_or_undefined(c[positive, positive], totals[positive], otherwise)
    seen = c.sum(axis=0) + c.sum(axis=1) > 0
    right, all_rows = np.diag(c)[seen], totals[seen]
    shares = np.divide(right, all_rows, out=np.zeros(len(right)), where=all_rows > 0)
    return float(shares.mean()) if seen.any() else NO_WEIGHT


@dataclass(frozen=True, kw_only=True)
class AUC(ClassMetric):
    """The area under the ROC curve; of more than two classes, the mean over each against the rest (macro).

    P(s₊ > s₋) + ½ P(s₊ = s₋), with s₊ and s₋ the scores of a positive and a negative row drawn by weight (Mann &
    Whitney, 1947).
    """

    name: Literal["auc"] = "auc"

    def value(self, sample: ClassSample) -> Value:
        nothing = Undefined("rows of one class only")
        return average_classes([divide_or_undefined(each.wins, each.pairs, nothing) for each in sample.curves])


@dataclass(frozen=True, kw_only=True)
class AveragePrecision(ClassMetric):
    """Σₙ (Rₙ − Rₙ₋₁) Pₙ, with Pₙ and Rₙ the precision and recall of the rows whose score is at least the n-th largest.

    The area under the curve of precision and recall, as steps (Manning, Raghavan & Schütze, 2008, chapter 8.4): of the
    positive class of two; of more, the mean over each against the rest (macro).
    """

    name: Literal["average_precision"] = "average_precision"

    def value(self, sample: ClassSample) -> Value:
        found = [divide_or_undefined(each.gains, each.positives, NO_POSITIVE_ROWS) for each in sample.curves]
        return average_classes(found)


def average_classes(values: list[Value]) -> Value:
    """The mean over the classes, each against the rest; undefined if one of them is."""
    numbers = [value for value in values if not isinstance(value, Undefined)]
    if len(numbers) < len(values):
        return values[0] if len(values) == 1 else Undefined("a class without rows")
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
class Brier(ClassMetric):
    """Σ w b / Σ w, with b = Σₖ (pₖ − yₖ)² over the probabilities of the classes, y 1 for the true one (Brier, 1950).

    Of two classes b = (p₊ − y₊)², half of that sum.
    """

    name: Literal["brier"] = "brier"
    larger_is_better: ClassVar[bool] = False
    needs_probabilities: ClassVar[bool] = True

    def value(self, sample: ClassSample) -> Value:
        return compute_weighted_mean(sample.comparison.squared_distances, sample.weights)


@dataclass(frozen=True, kw_only=True)
class ECE(ClassMetric):
    """Σ_b |Σ w (h − p)| / Σ w: the expected calibration error over the bins b (Guo et al., 2017, section 2).

    p is the probability of the predicted class, h is 1 where that class is the true one, else 0; bin b of 15 has the
    rows with (b − 1) / 15 < p ≤ b / 15. It has no bootstrap interval: each draw adds its own noise to the absolute
    values.
    """

    name: Literal["ece"] = "ece"
    resamples: ClassVar[bool] = False
    larger_is_better: ClassVar[bool] = False
    needs_probabilities: ClassVar[bool] = True

    def value(self, sample: ClassSample) -> Value:
        bins, seen = sample.comparison.confidence_bins, sample.weights > 0
        terms = sample.weights[seen] * sample.comparison.overconfidence[seen]
        sums, sizes = np.bincount(bins[seen], terms), np.bincount(bins[seen], np.abs(terms))
        gaps = drop_rounding(sums, terms=len(terms), size=sizes)
        return divide_or_undefined(np.abs(gaps).sum(), sample.weights.sum(), NO_WEIGHT)


@dataclass(frozen=True, kw_only=True)
class MCC(ClassMetric):
    """Matthews correlation of K classes (Gorodkin, 2004), 0 if the truth or the prediction is of one class only.

    (Σᵢ Cᵢᵢ − Σᵢ tᵢ pᵢ) / √((1 − Σᵢ tᵢ²) (1 − Σᵢ pᵢ²)), with Σ C = 1, tᵢ = Σⱼ Cᵢⱼ and pᵢ = Σⱼ Cⱼᵢ. Its interval leaves
    out samples whose truth is of one class: their 0 is a convention, and says nothing of the predictions.
    """

    name: Literal["mcc"] = "mcc"

    def is_left_out(self, sample: ClassSample) -> bool:
        return bool(np.count_nonzero(sample.confusion.sum(axis=1)) < 2)

    def value(self, sample: ClassSample) -> Value:
        c = sample.confusion
        total = c.sum()
        if not total:
            return NO_WEIGHT
        t, p = c.sum(axis=1) / total, c.sum(axis=0) / total
        right, chance = np.trace(c) / total, t @ p
        covariance = drop_rounding(right - chance, terms=c.size, size=right + chance)
        spread = (1 - t @ t) * (1 - p @ p)
        return float(covariance / np.sqrt(spread)) if spread > 0 else 0.0


@dataclass(frozen=True, kw_only=True)
class CohenKappa(ClassMetric):
    """(Σᵢ Cᵢᵢ − Σᵢ tᵢ pᵢ) / (1 − Σᵢ tᵢ pᵢ): the agreement beyond that by chance (Cohen, 1960).

    With Σ C = 1, tᵢ = Σⱼ Cᵢⱼ and pᵢ = Σⱼ Cⱼᵢ; undefined if all rows are of one class and predicted as it.
    """

    name: Literal["cohen_kappa"] = "cohen_kappa"
    gap_of_constant: ClassVar[str] = "all rows are of one class, which it predicts"

    def value(self, sample: ClassSample) -> Value:
        c = sample.confusion
        total = c.sum()
        if not total:
            return NO_WEIGHT
        t, p = c.sum(axis=1), c.sum(axis=0)
        if np.count_nonzero(t + p) == 1:
            return Undefined("all rows are of one class and predicted as it")
        right, chance = np.trace(c) / total, (t / total) @ (p / total)
        return float(drop_rounding(right - chance, terms=c.size, size=right + chance) / (1 - chance))


@dataclass(frozen=True, kw_only=True)
class Top5Accuracy(ClassMetric):
    """Σ w h / Σ w, with h 1 where the true class is among the five of the largest scores (of equal ones, the first).

    Only of more than five classes: of fewer, each class is among the first five (Russakovsky et al., 2015).
    """

    name: Literal["top_5_accuracy"] = "top_5_accuracy"
    least_classes: ClassVar[int] = TOP + 1

    def value(self, sample: ClassSample) -> Value:
        return compute_weighted_mean((sample.comparison.places < TOP).astype(np.float64), sample.weights)


AnyClassMetric = (
    Accuracy
    | ErrorRate
    | BalancedAccuracy
    | Precision
    | Recall
    | F1
    | AUC
    | AveragePrecision
    | LogLoss
    | Brier
    | ECE
    | MCC
    | CohenKappa
    | Top5Accuracy
)
