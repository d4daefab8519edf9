"""Bootstrap intervals of the metrics, and the metrics of slices: one comparison under many weights."""

from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np
from numpy.random import BitGenerator

from mlptrain.engine.arrays import Floats, Integers
from mlptrain.engine.comparisons import Comparison, Doubles, Undefined, Value, fill_default_weights
from mlptrain.engine.metrics import METRICS, Metric, measure_metric, measure_metrics
from mlptrain.randomness import uniform


def bootstrap_intervals(
    comparison: Comparison,
    weights: Floats | None = None,
    *,
    bits: BitGenerator,
    resamples: int | None = None,
    losses: Doubles | None = None,
) -> dict[str, tuple[float, float]]:
    """The 95 % percentile interval of every metric, and of the mean loss if there are `losses` (B,).

    From the 2.5th to the 97.5th percentile over `resamples` (`choose_resample_count`) samples of as many rows, drawn
    with replacement (Efron & Tibshirani, 1993, chapter 13). A metric that is undefined or not finite in the whole has
    no interval, nor has one that cannot be resampled; samples in which it is so are left out of its percentiles,
    as are those of one class only for mcc.
    """
    comparison, w = comparison.keep_rankings(), fill_default_weights(comparison.rows, weights)
    whole = select_finite_metrics(measure_metrics(comparison, w, losses=losses))
    values: dict[str, list[float]] = {name: [] for name in whole if name not in METRICS or METRICS[name].resamples}
    for _ in range(choose_resample_count(comparison) if resamples is None else resamples):
        sample = select_finite_metrics(
            measure_metrics(comparison, resample_weights(w, bits), losses=losses, drawn=True)
        )
        for name in values.keys() & sample.keys():
            values[name].append(sample[name])
    return {name: compute_interval(sampled) for name, sampled in values.items() if sampled}


def resample_together(
    comparisons: Sequence[Comparison],
    metric: Metric,
    weights: Floats | None = None,
    *,
    bits: BitGenerator,
    resamples: int,
) -> Doubles:
    """A metric of several predictions of the same rows (R, M), each in the same R samples; NaN where it is undefined.

    Differences between the columns are paired: what a sample has of hard rows is hard for all.
    """
    kept, w = [each.keep_rankings() for each in comparisons], fill_default_weights(comparisons[0].rows, weights)
    values = np.full((resamples, len(kept)), np.nan)
    for sample in values:
        drawn = resample_weights(w, bits)
        for place, comparison in enumerate(kept):
            value = measure_metric(metric, comparison, drawn)
            sample[place] = np.nan if isinstance(value, Undefined) else value
    return values


def choose_resample_count(comparison: Comparison) -> int:
    """How many samples take about a second: 20 million / size of the comparison, from 100 to 1000."""
    return min(max(20_000_000 // max(comparison.size, 1), 100), 1000)


def resample_weights(weights: Doubles, bits: BitGenerator) -> Doubles:
    """The weights times how often each row is drawn in as many draws as there are rows with weight."""
    rows = np.flatnonzero(weights)
    drawn = rows[(uniform(bits, rows.shape) * rows.size).astype(np.intp)]
    return weights * np.bincount(drawn, minlength=weights.size)


def select_finite_metrics(values: Mapping[str, Value]) -> dict[str, float]:
    """The values that are finite numbers."""
    return {name: value for name, value in values.items() if not isinstance(value, Undefined) and isfinite(value)}


def compute_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 2.5th and the 97.5th percentile, interpolated."""
    lower, upper = np.percentile(values, [2.5, 97.5]).tolist()
    return lower, upper


def measure_slices(
    comparison: Comparison, codes: Integers, weights: Floats | None = None, *, losses: Doubles | None = None
) -> list[dict[str, Value]]:
    """The metrics of the rows of each code 0, 1, …, max: for example of each value of a column."""
    comparison, w = comparison.keep_rankings(), fill_default_weights(comparison.rows, weights)
    slices = range(codes.max(initial=-1) + 1)
    return [measure_metrics(comparison, w * (codes == code), losses=losses) for code in slices]
