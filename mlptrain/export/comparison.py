"""Predictions of an export beside those of its model: how far they differ, and how many labels do."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mlptrain.export.plan import Exponential, Plan

Doubles = NDArray[np.float64]

BOUND = 1e-5
"""By how much a probability may differ, or a number in the target's scale."""
MARGIN = 2e-5
"""Labels must be equal where the two best scores are farther apart."""


@dataclass
class Comparison:
    """Rows predicted twice, piece by piece."""

    plan: Plan
    rows: int = 0
    not_finite: int = 0
    """Rows that are not compared: the model's prediction is no finite number."""
    largest: float = 0.0
    """The largest difference, of probabilities, or of numbers and scores in their own scale."""
    place: str = ""
    """The row of it."""
    labels: int = 0
    """Labels that differ though the two best scores are farther apart than the margin."""
    by_target: dict[str, float] = field(default_factory=dict)
    """The largest difference of each number, in the user's units."""

    @property
    def is_within_bound(self) -> bool:
        """Whether the export predicts what the model predicts."""
        return self.largest <= BOUND and not self.labels

    def add(self, found: Doubles, expected: Doubles, describe_place: Callable[[int], str]) -> None:
        """Compare rows more: scores of the classes (B, C), or numbers (B, K)."""
        known = np.isfinite(expected).all(axis=1)
        self.rows += len(expected)
        self.not_finite += int((~known).sum())
        if not known.any():
            return
        rows, found, expected = np.flatnonzero(known), found[known], expected[known]
        gaps = replace_nan(np.abs(found - expected))
        differences = replace_nan(gaps / measure_scales(expected, self.plan))
        row, largest = int(differences.max(axis=1).argmax()), float(differences.max())
        if largest > self.largest or not self.place:
            self.largest, self.place = largest, describe_place(int(rows[row]))
        if self.plan.classes:
            self.labels += count_other_labels(found, expected)
        else:
            for name, gap in zip(self.plan.targets, gaps.max(axis=0).tolist(), strict=True):
                self.by_target[name] = max(gap, self.by_target.get(name, 0.0))


def replace_nan(values: Doubles) -> Doubles:
    """Values with infinity for what is no number."""
    return np.where(np.isnan(values), np.inf, values)


def count_other_labels(found: Doubles, expected: Doubles) -> int:
    """How many labels differ, of those that are clear."""
    second, best = np.sort(expected, axis=1)[:, -2:].T
    others = found.argmax(axis=1) != expected.argmax(axis=1)
    return int((others & (best - second > MARGIN)).sum())


def measure_scales(expected: Doubles, plan: Plan) -> Doubles:
    """What a difference of each prediction is divided by (B, K).

    1 for probabilities. A number's is the scale of the target, that of a logarithm the number itself (of log1p, it and
    1), so that its difference is a relative one; far out, where a number is many scales from the center, as many times
    more: it has no more digits than the network's.
    """
    units, size = plan.networks[0].units, np.abs(expected)
    if units is None:
        return np.ones_like(expected) if plan.are_probabilities else np.maximum(size, 1)
    scale, center = np.array(units.scale), np.array(units.center)
    if units.transform == "none":
        scales: Doubles = np.maximum(scale, np.abs(expected - center))
        return np.maximum(scales, size) if isinstance(plan.networks[0].link, Exponential) else scales
    inner = size + (units.transform == "log1p")
    with np.errstate(divide="ignore"):
        return inner * np.maximum(np.abs(np.log(inner) - center) / scale, 1)
