"""Reliability: how often what is predicted with a probability comes true (Murphy & Winkler, 1977)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.comparisons import Doubles
from mlptrain.engine.proportions import count_effective_rows, make_wilson_interval

GROUPS = 10


@dataclass(frozen=True, kw_only=True)
class ShareOfGroup:
    """Rows of similar predictions: Σ w p / Σ w, Σ w h / Σ w with its 95 % interval, and how many they are."""

    predicted: float
    observed: float
    interval: tuple[float, float]
    rows: int


def group_by_size(values: Doubles, groups: int = GROUPS) -> NDArray[np.intp]:
    """The group (B,) of each value, 0, 1 …: groups of (nearly) as many rows, ascending; equal values stay together."""
    if not len(values):
        return np.empty(0, np.intp)
    places = (np.arange(1, groups) * len(values)) // groups
    codes = np.searchsorted(np.unique(np.sort(values)[places]), values, side="right")
    return np.unique(codes, return_inverse=True)[1]


def measure_reliability(p: Doubles, h: NDArray[np.bool_], weights: Doubles) -> Iterator[ShareOfGroup]:
    """The predicted probability p beside the share of rows h for which it came true, in ten groups by p (B,)."""
    codes = group_by_size(p)
    for group in range(int(codes.max(initial=-1)) + 1):
        inside = codes == group
        w = weights[inside]
        observed = float(np.average(h[inside], weights=w))
        yield ShareOfGroup(
            predicted=float(np.average(p[inside], weights=w)),
            observed=observed,
            interval=make_wilson_interval(observed, count_effective_rows(w)),
            rows=int(inside.sum()),
        )
