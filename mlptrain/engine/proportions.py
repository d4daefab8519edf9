"""Shares of rows, and the intervals of those shares."""

from math import sqrt

from mlptrain.engine.comparisons import Doubles

NORMAL_95 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""


def count_effective_rows(weights: Doubles) -> float:
    """n = (Σ w)² / Σ w²: as many equal rows tell as much of a mean as the weighted ones do (Kish, 1965); 0 of none."""
    total = float(weights.sum())
    return total * total / float(weights @ weights) if total > 0 else 0.0


def make_wilson_interval(share: float, rows: float, z: float = NORMAL_95) -> tuple[float, float]:
    """(p + z² / 2n ± z √(p (1 − p) / n + z² / 4n²)) / (1 + z² / n): the shares that a share p of n rows speaks for.

    Wilson (1927). It stays within 0 and 1, and has a width where p is 0 or 1. Of no rows it is 0 to 1.
    """
    if not rows > 0:
        return 0.0, 1.0
    square = z * z / rows
    middle, half = share + square / 2, z * sqrt(max(share * (1 - share), 0) / rows + square / (4 * rows))
    low, high = (middle - half) / (1 + square), (middle + half) / (1 + square)
    return (max(low, 0.0) if share > 0 else 0.0), (min(high, 1.0) if share < 1 else 1.0)
