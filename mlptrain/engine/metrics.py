"""Metrics: what is reported. Every one is defined for every input: a number, or None with the reason why.

Weighted by `weights` (B,) throughout; scikit-learn's definitions. Codes are classes 0 … K − 1. `Classified` and
`Regressed` are answers from which the metrics under any weights are quickly had: of a slice, of a bootstrap sample.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.random import BitGenerator
from numpy.typing import NDArray

from mlptrain.engine.arrays import Floats, Integers
from mlptrain.randomness import uniform

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Undefined:
    """Why a metric has no value here."""

    reason: str


Value = float | Undefined


def confusion(truth: Integers, predicted: Integers, classes: int, weights: Doubles) -> Doubles:
    """C[i, j]: the weight of rows of class i that were predicted as class j."""
    cells = truth.astype(np.intp) * classes + predicted
    counts: Doubles = np.bincount(cells, weights, classes * classes)  # type: ignore[assignment]
    return counts.reshape(classes, classes)


def accuracy(c: Doubles) -> Value:
    """Σᵢ Cᵢᵢ / Σ C."""
    return ratio(np.trace(c), c.sum(), "no rows with weight")


def balanced_accuracy(c: Doubles) -> Value:
    """The mean of the classes' recalls Cᵢᵢ / Σⱼ Cᵢⱼ, over the classes that occur."""
    rows = c.sum(axis=1)
    recalls = np.diag(c)[rows > 0] / rows[rows > 0]
    return float(recalls.mean()) if recalls.size else Undefined("no rows with weight")


def f1(c: Doubles) -> Value:
    """2 TP / (2 TP + FP + FN): of the second class of two, else the mean over the classes seen or predicted."""
    twice, denominator = 2 * np.diag(c), c.sum(axis=0) + c.sum(axis=1)
    if len(c) == 2:
        return ratio(twice[1], denominator[1], "the positive class neither occurs nor is predicted")
    seen = denominator > 0
    return float((twice[seen] / denominator[seen]).mean()) if seen.any() else Undefined("no rows with weight")


@dataclass(frozen=True)
class PerClass:
    """What is right about each class (K,): NaN where there is nothing to divide by.

    Precision has no value for a class that is never predicted, recall for one that does not occur, f1 for one that is
    neither; the support is the weight of the rows of the class.
    """

    precision: Doubles
    recall: Doubles
    f1: Doubles
    support: Doubles


def per_class(c: Doubles) -> PerClass:
    """Precision Cᵢᵢ / Σⱼ Cⱼᵢ, recall Cᵢᵢ / Σⱼ Cᵢⱼ, f1 = 2 Cᵢᵢ / Σⱼ (Cⱼᵢ + Cᵢⱼ) and support Σⱼ Cᵢⱼ of each class i."""
    right, predicted, support = np.diag(c), c.sum(axis=0), c.sum(axis=1)
    return PerClass(
        precision=ratios(right, predicted),
        recall=ratios(right, support),
        f1=ratios(2 * right, predicted + support),
        support=support,
    )


def ratios(numerators: Doubles, denominators: Doubles) -> Doubles:
    """numerators / denominators, NaN where the denominator is 0."""
    result = np.full(denominators.shape, np.nan)
    return np.divide(numerators, denominators, out=result, where=denominators > 0)


def mcc(c: Doubles) -> Value:
    """Matthews correlation (Gorodkin, 2004): covariance of truth and prediction over their deviations, or 0."""
    total = c.sum()
    if not total:
        return Undefined("no rows with weight")
    truth, predicted = c.sum(axis=1) / total, c.sum(axis=0) / total
    covariance = np.trace(c) / total - truth @ predicted
    spread = (1 - truth @ truth) * (1 - predicted @ predicted)
    return float(covariance / np.sqrt(spread)) if spread > 0 else 0.0


@dataclass(frozen=True)
class Ranking:
    """The rows in ascending order of their scores: all that the area under the ROC curve needs to know of scores."""

    order: NDArray[np.int32]
    positive: NDArray[np.bool_]
    """Whether each row, in this order, is of the positive class."""
    starts: NDArray[np.intp] | None
    """Where each run of equal scores begins; None where no two are equal."""


def ranking(positive: NDArray[np.bool_], scores: Floats) -> Ranking:
    """The order of the rows; rows of equal scores keep theirs."""
    order = np.argsort(scores, kind="stable").astype(np.int32)
    s = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], s[1:] != s[:-1]])[: s.size])
    return Ranking(order, positive[order], starts if starts.size < s.size else None)


def rankings(truth: Integers, scores: Floats) -> Iterator[Ranking]:
    """That of the second class of two, else of each class against the rest; one at a time, for they are large."""
    if scores.shape[1] == 2:
        yield ranking(truth == 1, scores[:, 1].astype(np.float64) - scores[:, 0].astype(np.float64))
        return
    for k in range(scores.shape[1]):
        yield ranking(truth == k, scores[:, k])


def binary_auc(ranks: Ranking, weights: Doubles) -> Value:
    """The probability that a positive row scores above a negative one, ties counting half (Mann & Whitney, 1947)."""
    w = weights[ranks.order]
    above, below = w * ranks.positive, w * ~ranks.positive
    if ranks.starts is not None:
        above, below = np.add.reduceat(above, ranks.starts), np.add.reduceat(below, ranks.starts)
    wins = above @ (np.cumsum(below) - 0.5 * below)
    return ratio(wins, above.sum() * below.sum(), "rows of one class only")


def auc(ranked: Iterable[Ranking], weights: Doubles) -> Value:
    """Area under the ROC curve; of several classes the mean of one against the rest (macro)."""
    values = [binary_auc(ranks, weights) for ranks in ranked]
    numbers = [value for value in values if not isinstance(value, Undefined)]
    if len(numbers) < len(values):
        return values[0] if len(values) == 1 else Undefined("a class without rows")
    return float(np.mean(numbers))


def surprisals(truth: Integers, probabilities: Floats) -> Doubles:
    """−log p(true class) of each row (B,), p not below the resolution ε of its floating-point type."""
    p = probabilities[np.arange(len(truth)), truth]
    return -np.log(np.maximum(p.astype(np.float64), np.finfo(probabilities.dtype).eps))


def mean(values: Doubles, weights: Doubles) -> Value:
    """Σ w v / Σ w of one value a row, finite or not where there is no weight; of surprisals the log loss."""
    seen = weights > 0
    return ratio(weights[seen] @ values[seen], weights.sum(), "no rows with weight")


def ratio(numerator: Any, denominator: Any, reason: str) -> Value:
    """numerator / denominator, undefined for `reason` where the denominator is 0."""
    return float(numerator / denominator) if denominator > 0 else Undefined(reason)


def classification(
    scores: Floats, truth: Integers, weights: Doubles | None = None, *, probabilistic: bool = True
) -> dict[str, Value]:
    """All metrics of a classifier from scores (B, K); without `probabilistic` the log loss is undefined."""
    w = weights_of(len(truth), weights)
    c = confusion(truth, scores.argmax(axis=1), scores.shape[1], w)
    return class_metrics(c, auc(rankings(truth, scores), w), surprisals(truth, scores) if probabilistic else None, w)


def class_metrics(c: Doubles, area: Value, lost: Doubles | None, weights: Doubles) -> dict[str, Value]:
    """All metrics of a classifier from the confusion, the area under the ROC curve, and surprisals if it has any."""
    correct = accuracy(c)
    return {
        "accuracy": correct,
        "error_rate": correct if isinstance(correct, Undefined) else 1 - correct,
        "balanced_accuracy": balanced_accuracy(c),
        "f1": f1(c),
        "auc": area,
        "log_loss": Undefined("scores are not probabilities") if lost is None else mean(lost, weights),
        "mcc": mcc(c),
    }


def regression(predicted: Floats, truth: Floats, weights: Doubles | None = None) -> dict[str, Value]:
    """All metrics of a regression from predictions (B, K), in the user's units, averaged over the K targets."""
    return regressed(predicted, truth).metrics(weights_of(len(truth), weights))


def weights_of(rows: int, weights: Doubles | None) -> Doubles:
    """The weights of the rows in float64: 1 where there are none."""
    return np.ones(rows) if weights is None else np.asarray(weights, np.float64)


@dataclass(frozen=True)
class Classified:
    """What a classifier answered, sorted once: `metrics` of any weights are those of `classification`."""

    truth: Integers
    predicted: Integers
    classes: int
    ranked: Sequence[Ranking]
    lost: Doubles | None
    """The surprisals, if scores are probabilities."""

    @property
    def numbers(self) -> int:
        """How many scores there are."""
        return len(self.truth) * self.classes

    def metrics(self, weights: Doubles) -> dict[str, Value]:
        c = confusion(self.truth, self.predicted, self.classes, weights)
        return class_metrics(c, auc(self.ranked, weights), self.lost, weights)


@dataclass(frozen=True)
class Regressed:
    """The truth and the errors of a regression, both (B, K): `metrics` of any weights are those of `regression`."""

    truth: Doubles
    errors: Doubles

    @property
    def numbers(self) -> int:
        """How many predictions there are."""
        return self.truth.size

    def metrics(self, weights: Doubles) -> dict[str, Value]:
        total = weights.sum()
        if not total > 0:
            return dict.fromkeys(("rmse", "mae", "r2"), Undefined("no rows with weight"))
        seen = weights > 0
        w, y, e = weights[seen], self.truth[seen], self.errors[seen]
        mean_square = w @ (e * e) / total
        variance = w @ np.square(y - w @ y / total) / total
        constant = (y == y[:1]).all(axis=0) | (variance == 0)
        return {
            "rmse": float(np.sqrt(mean_square).mean()),
            "mae": float((w @ np.abs(e) / total).mean()),
            "r2": Undefined("the target is constant") if constant.any() else float(np.mean(1 - mean_square / variance)),
        }


Answers = Classified | Regressed


def classified(scores: Floats, truth: Integers, *, probabilistic: bool = True) -> Classified:
    """The answers in scores (B, K)."""
    lost = surprisals(truth, scores) if probabilistic else None
    return Classified(truth, scores.argmax(axis=1), scores.shape[1], tuple(rankings(truth, scores)), lost)


def regressed(predicted: Floats, truth: Floats) -> Regressed:
    """The answers in predictions (B, K)."""
    y = truth.astype(np.float64)
    return Regressed(y, predicted - y)


def measured(answers: Answers, weights: Doubles, *, losses: Doubles | None = None) -> dict[str, Value]:
    """All metrics, after the mean of the rows' `losses` (B,) as "loss" if there are any."""
    loss = {} if losses is None else {"loss": mean(losses, weights)}
    return loss | answers.metrics(weights)


def sliced(
    answers: Answers, codes: Integers, weights: Doubles | None = None, *, losses: Doubles | None = None
) -> list[dict[str, Value]]:
    """The metrics of the rows of each code 0, 1, …, max: of each value of a column, say."""
    w = weights_of(len(codes), weights)
    return [measured(answers, w * (codes == code), losses=losses) for code in range(codes.max(initial=-1) + 1)]


def default_resamples(answers: Answers) -> int:
    """How many bootstrap samples about a second of time is good for: 20 million / numbers, from 100 to 1000."""
    return min(max(20_000_000 // max(answers.numbers, 1), 100), 1000)


def bootstrap(
    answers: Answers,
    weights: Doubles | None = None,
    *,
    bits: BitGenerator,
    resamples: int | None = None,
    losses: Doubles | None = None,
) -> dict[str, tuple[float, float]]:
    """The 95 % percentile interval of every metric, and of the mean loss if there are `losses` (B,).

    From the 2.5th to the 97.5th percentile over `resamples` (`default_resamples`) samples of as many rows, drawn with
    replacement (Efron & Tibshirani, 1993, chapter 13). A metric that is undefined or not finite in the whole has no
    interval; samples in which it is so are left out of its percentiles.
    """
    w = weights_of(len(answers.truth), weights)
    values: dict[str, list[float]] = {name: [] for name in numbers_of(measured(answers, w, losses=losses))}
    for _ in range(default_resamples(answers) if resamples is None else resamples):
        sample = numbers_of(measured(answers, resampled(w, bits), losses=losses))
        for name in values.keys() & sample.keys():
            values[name].append(sample[name])
    return {name: interval(sampled) for name, sampled in values.items() if sampled}


def resampled(weights: Doubles, bits: BitGenerator) -> Doubles:
    """The weights times how often each row is drawn in as many draws as there are rows with weight."""
    rows = np.flatnonzero(weights)
    drawn = rows[(uniform(bits, rows.shape) * rows.size).astype(np.intp)]
    return weights * np.bincount(drawn, minlength=weights.size)


def numbers_of(values: Mapping[str, Value]) -> dict[str, float]:
    """The values that are finite numbers."""
    return {name: value for name, value in values.items() if not isinstance(value, Undefined) and isfinite(value)}


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 2.5th and the 97.5th percentile, interpolated."""
    lower, upper = np.percentile(values, [2.5, 97.5]).tolist()
    return lower, upper
