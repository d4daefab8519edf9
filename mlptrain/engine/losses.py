"""Losses: from *logits* (the last linear output) to a value and its gradient; each loss owns its link.

`rows(logits, targets)` gives the loss of every row, ℓ (B,), and its derivative ∂ℓ/∂logits (B, K). From them
`average_loss_with_gradient` makes the weighted mean over rows, L = Σ wᵢ ℓᵢ / Σ wᵢ, and ∂L/∂logits. Losses of classes
take codes (B,), losses of numbers take values (B, K) and average over the K outputs of a row.
"""

from dataclasses import dataclass
from functools import cache
from math import log
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Lt

from mlptrain.engine.activations import sigmoid, softplus
from mlptrain.engine.arrays import Floats, Integers
from mlptrain.engine.best_constant import Doubles, average_targets, find_best_constant, take_log_of_shares
from mlptrain.engine.elementwise import NUMPY, Executor

TAIL = np.float32(1e-20)
"""(p + 1e-20) − 1e-20 is 0 where p is below 3e-28 (in float32), p from 2e-13 on, between them p to the last place.

The probabilities of classes that are out of the question fall to denormal numbers, and with them, without this, all
products on the way back: those are many times slower on some processors.
"""

Rows = tuple[Floats, Floats]
"""ℓ (…, B) and ∂ℓ/∂logits (…, B, K)."""


def softmax(logits: Floats) -> Floats:
    """e^z / Σ e^z over the last axis, with the largest z subtracted."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(logits: Floats) -> Floats:
    """z − max z − log Σ exp(z − max z) over the last axis."""
    z = logits - logits.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def average(values: Floats, weights: Floats | None) -> Floats:
    """Σ w v / Σ w over the first axis; the mean where there are no weights, or all are alike."""
    if weights is None or (weights == weights[0]).all():
        return values.mean(axis=0)
    return np.average(values, axis=0, weights=weights).astype(values.dtype)


def log_mean_exp(logs: Floats, weights: Floats | None = None) -> Floats:
    """log of the (weighted) mean of e^z over the first axis."""
    largest = logs.max(axis=0)
    return largest + np.log(average(np.exp(logs - largest), weights))


@cache
def get_cached_ones(count: int, dtype: np.dtype[Any]) -> Floats:
    """Ones to sum with: e @ 1 is the sum over the classes."""
    array = np.ones(count, dtype)
    array.flags.writeable = False
    return array


def average_loss_over_outputs(loss: Floats, derivative: Floats) -> Rows:
    """The mean over the outputs of each row, of a loss that is elementwise."""
    return loss.mean(axis=-1), derivative / derivative.shape[-1]


class NumberLoss:
    """What the losses of numbers share: one output per target, predicted as it is."""

    classes: ClassVar[bool] = False
    probabilistic: ClassVar[bool] = False
    most_classes: ClassVar[int | None] = None
    counts: ClassVar[bool] = False
    """Whether targets are counts: 0 or more, and as they are, not scaled."""

    def predict(self, logits: Floats) -> Floats:
        return logits

    def find_constant(self, targets: Doubles, weights: Doubles) -> Doubles:
        """The logits (K,) that are the best for all rows alike, whose targets are (B, K)."""
        return find_best_constant(self.rows, targets, weights)

    def rows(self, logits: Floats, targets: Floats, executor: Executor = NUMPY) -> Rows:
        """ℓ (B,) and ∂ℓ/∂logits (B, K)."""
        raise NotImplementedError

    def pool_logits(self, logits: Floats, weights: Floats | None = None) -> Floats:
        """The logits (B, K) of the mean prediction of several members, whose logits are (M, B, K)."""
        return average(logits, weights)


class ClassLoss:
    """What the losses of classes share: one logit per class."""

    classes: ClassVar[bool] = True
    probabilistic: ClassVar[bool] = True
    most_classes: ClassVar[int | None] = None
    """The number of classes that it can tell apart, where there is one."""
    counts: ClassVar[bool] = False

    def outputs(self, classes: int) -> int:
        return classes

    def find_constant(self, shares: Doubles) -> Doubles:
        """The logits (K,) that say of every row what share each class has, (K,)."""
        return take_log_of_shares(shares, 0.0)

    def predict(self, logits: Floats) -> Floats:
        return softmax(logits)

    def pool_logits(self, logits: Floats, weights: Floats | None = None) -> Floats:
        """The logits (B, K) of the mean probabilities of several members, log mean softmax(z), z (M, B, K)."""
        return log_mean_exp(log_softmax(logits), weights)


@dataclass(frozen=True, kw_only=True)
class MeanSquaredError(NumberLoss):
    """e² with e = z − y, without ½; the derivative is 2e."""

    name: Literal["mean_squared_error"] = "mean_squared_error"

    def rows(self, logits: Floats, targets: Floats, executor: Executor = NUMPY) -> Rows:
        e = logits - targets
        return average_loss_over_outputs(e * e, 2 * e)

    def find_constant(self, targets: Doubles, weights: Doubles) -> Doubles:
        return average_targets(targets, weights)


@dataclass(frozen=True, kw_only=True)
class MeanAbsoluteError(NumberLoss):
    """abs e with e = z − y; the derivative is sign(e), 0 at 0."""

    name: Literal["mean_absolute_error"] = "mean_absolute_error"

    def rows(self, logits: Floats, targets: Floats, executor: Executor = NUMPY) -> Rows:
        e = logits - targets
        return average_loss_over_outputs(np.abs(e), np.sign(e))


@dataclass(frozen=True, kw_only=True)
class Huber(NumberLoss):
    """½ e² where abs e ≤ delta, delta · (abs e − ½ delta) elsewhere (Huber, 1964); e as the network sees it, scaled."""

    name: Literal["huber"] = "huber"
    delta: Annotated[float, Gt(0)] = 1.0
    """δ, the error from which on the loss is linear."""

    def rows(self, logits: Floats, targets: Floats, executor: Executor = NUMPY) -> Rows:
        e = logits - targets
        c = np.clip(e, -self.delta, self.delta)
        return average_loss_over_outputs(c * (e - 0.5 * c), c)


@dataclass(frozen=True, kw_only=True)
class LogCosh(NumberLoss):
    """log cosh e = abs e + log1p(e^(−2 abs e)) − log 2; the derivative is tanh(e)."""

    name: Literal["log_cosh"] = "log_cosh"

    def rows(self, logits: Floats, targets: Floats, executor: Executor = NUMPY) -> Rows:
        e = logits - targets
        a = np.abs(e)
        # Below 1 the sum above would lose its digits: there cosh e = 1 + 2 sinh²(e/2) keeps them
        h = np.sinh(0.5 * np.minimum(a, 1))
        return average_loss_over_outputs(
            np.where(a < 1, np.log1p(2 * h * h), a + np.log1p(np.exp(-2 * a)) - log(2)), np.tanh(e)
        )


@dataclass(frozen=True, kw_only=True)
class Quantile(NumberLoss):
    """Pinball loss: level · (y − z) where y > z, (1 − level) · (z − y) elsewhere (Koenker & Bassett, 1978)."""

    name: Literal["quantile"] = "quantile"
    level: Annotated[float, Gt(0), Lt(1)] = 0.5
    """The quantile that is predicted, as a share."""

    def rows(self, logits: Floats, targets: Floats, executor: Executor = NUMPY) -> Rows:
        e = logits - targets
        slope = np.where(e > 0, 1 - self.level, np.where(e < 0, -self.level, 0)).astype(e.dtype)
        return average_loss_over_outputs(slope * e, slope)


@dataclass(frozen=True, kw_only=True)
class Poisson(NumberLoss):
    """eᶻ − y z: the negative log-likelihood of a count y ≥ 0 with mean eᶻ, up to log y! (log link).

    Above z = 60 the exponential goes on as its tangent, so that the loss stays finite in float32.
    """

    name: Literal["poisson"] = "poisson"
    counts: ClassVar[bool] = True
    ceiling: ClassVar[float] = 60.0

    def mean(self, logits: Floats) -> tuple[Floats, Floats]:
        """eᶻ (above the ceiling its tangent) and its derivative."""
        e = np.exp(np.minimum(logits, self.ceiling))
        return e * (1 + np.maximum(logits - self.ceiling, 0)), e

    def rows(self, logits: Floats, targets: Floats, executor: Executor = NUMPY) -> Rows:
        mean, derivative = self.mean(logits)
        return average_loss_over_outputs(mean - targets * logits, (derivative + TAIL) - TAIL - targets)

    def predict(self, logits: Floats) -> Floats:
        return self.mean(logits)[0]

    def find_constant(self, targets: Doubles, weights: Doubles) -> Doubles:
        return take_log_of_shares(average_targets(targets, weights), 0.0)

    def pool_logits(self, logits: Floats, weights: Floats | None = None) -> Floats:
        return log_mean_exp(logits, weights)


@dataclass(frozen=True, kw_only=True)
class CrossEntropy(ClassLoss):
    """−Σ q log softmax(z), q = (1 − ε) onehot(y) + ε / K with ε = label_smoothing; the derivative is softmax(z) − q."""

    name: Literal["cross_entropy"] = "cross_entropy"
    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0
    """ε, the share of each target that is spread evenly over the classes."""

    def rows(self, logits: Floats, targets: Integers, executor: Executor = NUMPY) -> Rows:
        classes, scalar = logits.shape[-1], logits.dtype.type
        on, off = 1 - self.label_smoothing, self.label_smoothing / classes
        z, z_true = executor.largest_removed(logits, targets)
        e = np.exp(z)
        total = np.dot(e, get_cached_ones(classes, e.dtype))
        loss = np.log(total) - scalar(on) * z_true
        if off:
            loss -= scalar(off) * np.add.reduce(z, axis=-1)
        executor.class_tail(self.slope, e, total, targets, (scalar(on), scalar(off)))
        return loss, e

    def find_constant(self, shares: Doubles) -> Doubles:
        return take_log_of_shares(shares, self.label_smoothing)

    @staticmethod
    def slope(e: Floats, total: Floats, true: Integers, on: Any, off: Any) -> Any:
        """softmax(z) − q from e^z and its sum over the classes."""
        return (e / total + TAIL) - TAIL - (off + on * true)


@dataclass(frozen=True, kw_only=True)
class BinaryCrossEntropy(ClassLoss):
    """max(z, 0) − z q + log1p(e^(−abs z)) with q = (1 − ε) y + ε / 2; the derivative is sigmoid(z) − q. One logit."""

    name: Literal["binary_cross_entropy"] = "binary_cross_entropy"
    most_classes: ClassVar[int | None] = 2
    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0
    """ε, the share of each target that is spread evenly over the classes."""

    def outputs(self, classes: int) -> int:
        return 1

    def find_constant(self, shares: Doubles) -> Doubles:
        first, second = take_log_of_shares(shares, self.label_smoothing)
        return np.array([second - first])

    def rows(self, logits: Floats, targets: Integers, executor: Executor = NUMPY) -> Rows:
        q = ((1 - self.label_smoothing) * targets[:, None] + self.label_smoothing / 2).astype(logits.dtype)
        rest = np.log1p(np.exp(-np.abs(logits)))
        # softplus(z) − z q = (1 − q) softplus(z) + q softplus(−z): no difference of large numbers
        loss = (1 - q) * (np.maximum(logits, 0) + rest) + q * (np.maximum(-logits, 0) + rest)
        return loss[..., 0], (sigmoid(logits) + TAIL) - TAIL - q

    def predict(self, logits: Floats) -> Floats:
        return np.concatenate([sigmoid(-logits), sigmoid(logits)], axis=-1)

    def pool_logits(self, logits: Floats, weights: Floats | None = None) -> Floats:
        """log(p / (1 − p)) of the mean probability p."""
        return log_mean_exp(-softplus(-logits), weights) - log_mean_exp(-softplus(logits), weights)


@dataclass(frozen=True, kw_only=True)
class Focal(ClassLoss):
    """−(1 − p)^γ log p, p the softmax probability of the true class (Lin et al., 2017); γ = 0 is cross-entropy.

    With s = 1 − p: ∂ℓ/∂z = (γ p s^(γ−1) log p − s^γ) · (onehot(y) − softmax(z)).
    """

    name: Literal["focal"] = "focal"
    gamma: Annotated[float, Ge(0)] = 2.0
    """γ; the larger, the less a row counts that is already right."""

    def rows(self, logits: Floats, targets: Integers, executor: Executor = NUMPY) -> Rows:
        log_p = log_softmax(logits)
        row = np.arange(len(targets))
        log_true = log_p[..., row, targets]
        s = np.maximum(-np.expm1(log_true), np.finfo(logits.dtype).tiny)
        power = s**self.gamma
        slope = power * (self.gamma * np.exp(log_true) * log_true / s - 1)
        d = -np.exp(log_p)
        d[..., row, targets] += 1
        return -power * log_true, (slope[..., None] * d + TAIL) - TAIL


@dataclass(frozen=True, kw_only=True)
class Hinge(ClassLoss):
    """max(0, 1 + max over j ≠ y of z_j − z_y) (Crammer & Singer, 2001). Its scores are not probabilities."""

    name: Literal["hinge"] = "hinge"
    probabilistic: ClassVar[bool] = False

    def rows(self, logits: Floats, targets: Integers, executor: Executor = NUMPY) -> Rows:
        row = np.arange(len(targets))
        others = logits.copy()
        others[..., row, targets] = -np.inf
        rival = others.argmax(axis=-1)
        margin = 1 + others.max(axis=-1) - logits[..., row, targets]
        d = np.zeros_like(logits)
        np.put_along_axis(d, rival[..., None], 1, axis=-1)
        d[..., row, targets] = -1
        return np.maximum(margin, 0), d * (margin > 0)[..., None]

    def predict(self, logits: Floats) -> Floats:
        return logits

    def find_constant(self, shares: Doubles) -> Doubles:
        """1 for a class of more than half of the rows, 0 for all others: a margin pays for no smaller one."""
        return (shares > 0.5).astype(np.float64)

    def pool_logits(self, logits: Floats, weights: Floats | None = None) -> Floats:
        """The mean score."""
        return average(logits, weights)


Loss = (
    MeanSquaredError
    | MeanAbsoluteError
    | Huber
    | LogCosh
    | Quantile
    | Poisson
    | CrossEntropy
    | BinaryCrossEntropy
    | Focal
    | Hinge
)


def average_loss_with_gradient(
    loss: Loss,
    logits: Floats,
    targets: Floats | Integers,
    weights: Floats | None = None,
    executor: Executor = NUMPY,
) -> tuple[float, Floats]:
    """L = Σ wᵢ ℓᵢ / Σ wᵢ over the rows of the batch and ∂L/∂logits; all weights are 1 where none are given.

    With members (logits (M, B, K), targets and weights (M, B)) each one's rows are averaged apart: the gradient is of
    the sum over members, the value the mean.
    """
    if logits.ndim > 2:
        return average_members_with_gradient(loss, logits, targets, weights, executor)
    rows, d = loss.rows(logits, targets, executor)  # type: ignore[arg-type]
    if weights is None:
        d /= len(rows)
        return float(np.add.reduce(rows)) / len(rows), d
    share = weights / weights.sum()
    d *= share[:, None]
    return float((rows * share).sum()), d


def compute_member_row_losses(
    loss: Loss, logits: Floats, targets: Floats | Integers, executor: Executor = NUMPY
) -> Rows:
    """ℓ (M, B) and ∂ℓ/∂logits (M, B, K) of members that have rows of their own, or see the same ones."""
    members, count = logits.shape[:2]
    if targets.ndim + loss.classes < logits.ndim:  # all members see the same rows
        targets = np.broadcast_to(targets, (members, *targets.shape))  # type: ignore[assignment]
    flat = logits.reshape(members * count, -1)
    rows, d = loss.rows(flat, targets.reshape(members * count, *targets.shape[2:]), executor)
    return rows.reshape(members, count), d.reshape(logits.shape)


def average_members_with_gradient(
    loss: Loss, logits: Floats, targets: Floats | Integers, weights: Floats | None, executor: Executor
) -> tuple[float, Floats]:
    """Each member's rows divided by its own Σ w."""
    members, count = logits.shape[:2]
    rows, d = compute_member_row_losses(loss, logits, targets, executor)
    if weights is None:
        d /= count
        return float(np.add.reduce(rows, axis=None)) / rows.size, d
    share = np.broadcast_to(weights / weights.sum(axis=-1, keepdims=True), (members, count))
    d *= share[..., None]
    return float((rows * share).sum(axis=-1).mean()), d
