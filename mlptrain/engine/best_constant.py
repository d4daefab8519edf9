"""The constant of the least loss: what a network that knows nothing of a row would best say of all of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
HALVINGS = 50
"""Steps of the search; each halves the range."""
LEAST = 1e-12
"""Shares of classes are not below this where their logarithm is taken."""


def find_best_constant(rows: Callable[[Any, Any], tuple[Any, Any]], targets: Doubles, weights: Doubles) -> Doubles:
    """The z (K,) of the least Σ w ℓ(z, y) for each output, ℓ convex in z and smallest between the y (B, K): bisection.

    `rows` gives ℓ (B,) and ∂ℓ/∂z (B, K).
    """
    seen = targets[weights > 0]
    low, high = seen.min(axis=0), seen.max(axis=0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        _, slopes = rows(np.broadcast_to(middle, targets.shape), targets)
        falling = weights @ slopes < 0
        low, high = np.where(falling, middle, low), np.where(falling, high, middle)
    result: Doubles = (low + high) / 2
    return result


def average_targets(targets: Doubles, weights: Doubles) -> Doubles:
    """Σ w y / Σ w of each output (K,)."""
    mean: Doubles = weights @ targets / weights.sum()
    return mean


def take_log_of_shares(shares: Doubles, smoothing: float) -> Doubles:
    """log q of the classes (K,), with q the shares of which a part, `smoothing`, is spread evenly."""
    q = (1 - smoothing) * shares + smoothing / len(shares)
    logs: Doubles = np.log(np.maximum(q, LEAST))
    return logs


def count_shares(codes: NDArray[Any], weights: Doubles, classes: int) -> Doubles:
    """The share of the weight that each class has (K,)."""
    totals = np.bincount(codes, weights, classes)
    shares: Doubles = totals / totals.sum()
    return shares
