"""Metrics: what is reported. Every one is defined for every input: a number, or None with the reason why.

Weighted by `weights` (B,) throughout; scikit-learn's definitions. Codes are classes 0 … K − 1.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.arrays import Floats, Integers

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


def mcc(c: Doubles) -> Value:
    """Matthews correlation (Gorodkin, 2004): covariance of truth and prediction over their deviations, or 0."""
    total = c.sum()
    if not total:
        return Undefined("no rows with weight")
    truth, predicted = c.sum(axis=1) / total, c.sum(axis=0) / total
    covariance = np.trace(c) / total - truth @ predicted
    spread = (1 - truth @ truth) * (1 - predicted @ predicted)
    return float(covariance / np.sqrt(spread)) if spread > 0 else 0.0


def binary_auc(positive: NDArray[np.bool_], scores: Doubles, weights: Doubles) -> Value:
    """The probability that a positive row scores above a negative one, ties counting half (Mann & Whitney, 1947)."""
    order = np.argsort(scores, kind="stable")
    s, w, p = scores[order], weights[order], positive[order]
    starts = np.flatnonzero(np.concatenate([[True], s[1:] != s[:-1]])) if s.size else np.zeros(0, int)
    above = np.add.reduceat(w * p, starts) if s.size else np.zeros(0)
    below = np.add.reduceat(w * ~p, starts) if s.size else np.zeros(0)
    wins = above @ (np.cumsum(below) - 0.5 * below)
    return ratio(wins, above.sum() * below.sum(), "rows of one class only")


def auc(truth: Integers, scores: Doubles, weights: Doubles) -> Value:
    """Area under the ROC curve; of several classes the mean of one against the rest (macro)."""
    if scores.shape[1] == 2:
        return binary_auc(truth == 1, scores[:, 1] - scores[:, 0], weights)
    values = [binary_auc(truth == k, scores[:, k], weights) for k in range(scores.shape[1])]
    numbers = [value for value in values if not isinstance(value, Undefined)]
    if len(numbers) < len(values):
        return Undefined("a class without rows")
    return float(np.mean(numbers))


def log_loss(truth: Integers, probabilities: Floats, weights: Doubles) -> Value:
    """−Σ w log p(true class) / Σ w, p not below the resolution ε of its floating-point type."""
    p = probabilities[np.arange(len(truth)), truth]
    lost = -np.log(np.maximum(p.astype(np.float64), np.finfo(probabilities.dtype).eps))
    return ratio(weights @ lost, weights.sum(), "no rows with weight")


def ratio(numerator: Any, denominator: Any, reason: str) -> Value:
    """numerator / denominator, undefined for `reason` where the denominator is 0."""
    return float(numerator / denominator) if denominator > 0 else Undefined(reason)


def classification(
    scores: Floats, truth: Integers, weights: Doubles | None = None, *, probabilistic: bool = True
) -> dict[str, Value]:
    """All metrics of a classifier from scores (B, K); without `probabilistic` the log loss is undefined."""
    w = np.ones(len(truth)) if weights is None else np.asarray(weights, np.float64)
    c = confusion(truth, scores.argmax(axis=1), scores.shape[1], w)
    correct = accuracy(c)
    return {
        "accuracy": correct,
        "error_rate": correct if isinstance(correct, Undefined) else 1 - correct,
        "balanced_accuracy": balanced_accuracy(c),
        "f1": f1(c),
        "auc": auc(truth, scores.astype(np.float64), w),
        "log_loss": log_loss(truth, scores, w) if probabilistic else Undefined("scores are not probabilities"),
        "mcc": mcc(c),
    }


def regression(predicted: Floats, truth: Floats, weights: Doubles | None = None) -> dict[str, Value]:
    """All metrics of a regression from predictions (B, K), in the user's units, averaged over the K targets."""
    w = np.ones(len(truth)) if weights is None else np.asarray(weights, np.float64)
    total = w.sum()
    if not total > 0:
        return dict.fromkeys(("rmse", "mae", "r2"), Undefined("no rows with weight"))
    seen = w > 0
    w, y = w[seen], truth[seen].astype(np.float64)
    e = predicted[seen].astype(np.float64) - y
    mean_square = w @ (e * e) / total
    variance = w @ np.square(y - w @ y / total) / total
    constant = (y == y[:1]).all(axis=0) | (variance == 0)
    return {
        "rmse": float(np.sqrt(mean_square).mean()),
        "mae": float((w @ np.abs(e) / total).mean()),
        "r2": Undefined("the target is constant") if constant.any() else float(np.mean(1 - mean_square / variance)),
    }
