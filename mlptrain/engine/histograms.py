"""How numbers are distributed: their root mean square, and how many lie in each of some buckets."""

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.arrays import Floats, slice_range_into_blocks

BUCKETS = 30
NARROWEST, WIDEST = 1e-30, 1e30
"""Ranges of values within which the places of buckets can be found in float32."""
TINY = 1e-290
"""Values that differ by less are taken for equal."""


@np.errstate(over="ignore")
def compute_root_mean_square(values: Floats) -> float:
    """√ mean v², from sums in float64; 0 of no values."""
    flat = values.reshape(-1)
    if not flat.size:
        return 0.0
    total = float(np.dot(flat, flat))
    if not NARROWEST < total < WIDEST:  # squares in float32 are lost far from 1
        total = float(np.square(flat, dtype=np.float64).sum())
    return float((total / flat.size) ** 0.5)


@np.errstate(invalid="ignore", over="ignore")
def compute_mean_and_deviation(values: Floats) -> tuple[float, float]:
    """The mean m of values, and √ mean (v − m)²."""
    flat = values.reshape(-1)
    mean = flat.sum() / flat.size
    return float(mean), compute_root_mean_square(flat - mean)


def count_into_buckets(values: Floats, buckets: int = BUCKETS) -> tuple[NDArray[np.float64], NDArray[np.int64]] | None:
    """The edges (buckets + 1,) of buckets of equal width from the least to the largest value, and the counts in them.

    A value that lies on an edge, to the precision of its type, counts on either side of it. Equal values v are in the
    midst of v − ½ … v + ½, as NumPy has it; of large ones the range is wider. None where there are no values, or one is
    not finite.
    """
    flat = values.reshape(-1)
    if not flat.size:
        return None
    low, high = float(flat.min()), float(flat.max())
    width = high - low
    if not np.isfinite(width):
        return None
    if width < TINY:
        half = max(0.5, 1e-6 * abs(low))  # of large numbers ½ more is the same number
        low, high = low - half, high + half
        counts = np.zeros(buckets, np.int64)
        counts[buckets // 2] = flat.size
        return np.linspace(low, high, buckets + 1), counts
    if not NARROWEST < width < WIDEST:
        flat = flat.astype(np.float64)
    first, scale = flat.dtype.type(low), flat.dtype.type(buckets / width)
    found = np.zeros(buckets + 1, np.int64)
    for block in slice_range_into_blocks(flat.size):
        places = flat[block] - first
        places *= scale
        found += np.bincount(places.astype(np.intp), minlength=buckets + 1)
    found[buckets - 1] += found[buckets]  # the largest value lies on the last edge
    return np.linspace(low, high, buckets + 1), found[:buckets]


def spread_edges(low: float, high: float, buckets: int) -> NDArray[np.float64]:
    """The edges (buckets + 1,) of buckets of equal width from low to high; of equal ones, low is in their midst."""
    size = max(abs(low), abs(high))
    if not high - low > 1e-9 * size:
        half = max(0.5, 1e-6 * size)
        low, high = low - half, high + half
    return np.linspace(low, high, buckets + 1)


def count_between_edges(
    values: NDArray[np.float64], edges: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], float, float]:
    """The weights of the values (B,) in each bucket, of those below the first edge, and of those above the last."""
    w = np.ones(len(values)) if weights is None else weights
    counts, _ = np.histogram(values, edges, weights=w)
    return counts, float(w[values < edges[0]].sum()), float(w[values > edges[-1]].sum())
