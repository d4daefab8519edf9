"""What predictions are worth: error, log loss and AUC of classes, RMSE of numbers; each by its definition.

Written apart from `mlptrain.engine.metrics`, and from the texts that `mlptrain predict` writes: what is compared with
other systems is what a user gets.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

FLOOR = 2.0**-23
"""No probability counts as less: the resolution of the float32 that predictions are made in."""
PROBABILITY = "probability_"

Columns = Mapping[str, Sequence[str]]
"""The texts of each column of a table."""


@dataclass(frozen=True)
class Classes:
    """The target is one of some classes."""

    kind: str = "category"
    options: tuple[str, ...] = ("--probabilities",)

    def metrics(self, target: str, truth: Columns, predictions: Columns) -> dict[str, float]:
        """Error and log loss; of two classes the AUC too, where both occur."""
        classes = truth[target]
        shares = {
            name.removeprefix(PROBABILITY): list(map(float, cells))
            for name, cells in predictions.items()
            if name.startswith(PROBABILITY) and name != target
        }
        found = {"error": error(classes, predictions[target]), "log_loss": log_loss(classes, shares)}
        if len(shares) == 2 and len(set(classes)) == 2:
            positive = list(shares)[1]
            found["auc"] = auc([name == positive for name in classes], shares[positive])
        return found


@dataclass(frozen=True)
class Numbers:
    """The target is a number."""

    kind: str = "number"
    options: tuple[str, ...] = ()

    def metrics(self, target: str, truth: Columns, predictions: Columns) -> dict[str, float]:
        """The RMSE, and the standard deviation of the truth, to measure it by."""
        numbers = list(map(float, truth[target]))
        return {"rmse": rmse(numbers, list(map(float, predictions[target]))), "deviation": pstdev(numbers)}


Task = Classes | Numbers
TASKS: Mapping[str, Task] = {"binary": Classes(), "multiclass": Classes(), "regression": Numbers()}
"""By the word in a table's meta.json."""


def error(truth: Sequence[str], predicted: Sequence[str]) -> float:
    """The share of rows of which another class is predicted."""
    return sum(y != p for y, p in zip(truth, predicted, strict=True)) / len(truth)


def log_loss(truth: Sequence[str], probabilities: Mapping[str, Sequence[float]]) -> float:
    """−mean log p(true class); p of a class that the model does not know is the floor."""
    never = [0.0] * len(truth)
    return -fmean(math.log(max(probabilities.get(y, never)[k], FLOOR)) for k, y in enumerate(truth))


def auc(positive: Sequence[bool], scores: Sequence[float]) -> float:
    """(R₊ − n₊(n₊ + 1)/2) / (n₊ n₋), R₊ the sum of the positive rows' ranks (Mann & Whitney, 1947)."""
    n = sum(positive)
    ranks = sum(rank for rank, yes in zip(mean_ranks(scores), positive, strict=True) if yes)
    return (ranks - n * (n + 1) / 2) / (n * (len(positive) - n))


def rmse(truth: Sequence[float], predicted: Sequence[float]) -> float:
    """√mean (y − p)²."""
    return math.sqrt(fmean((y - p) ** 2 for y, p in zip(truth, predicted, strict=True)))


def mean_ranks(values: Sequence[float]) -> list[float]:
    """Rank 1 is the smallest; equal values share the mean of their ranks.

    >>> mean_ranks([0.2, 0.1, 0.2, 0.3])
    [2.5, 1.0, 2.5, 4.0]
    """
    ordered = sorted(values)
    return [(bisect_left(ordered, v) + 1 + bisect_right(ordered, v)) / 2 for v in values]


def shifted_geometric_mean(values: Sequence[float], *, shift: float = 0.01) -> float:
    """exp(mean(log(x + shift))): with the shift, an error near 0 does not decide alone.

    >>> round(shifted_geometric_mean([0.04, 0.19]), 3)
    0.1
    """
    return math.exp(fmean(math.log(x + shift) for x in values))
