"""What `init` proposes for a target of numbers: the logarithm, where they are positive and their spread says so."""

import math
from collections.abc import Iterator, Sequence
from statistics import fmean, median

FEWEST, MOST = 20, 10_000
"""So many numbers are needed, and enough, to tell."""
SKEWED = 1.0
"""From this skewness on, numbers are strongly skewed."""
WIDE = 5.0
"""The largest is at least this many times the median."""


def explain_logarithm(values: Sequence[float]) -> str:
    """Why the logarithm suits some numbers: positive, strongly skewed, their logarithms less so; empty if not."""
    known = [value for value in values if math.isfinite(value)]
    if len(known) < FEWEST or min(known) <= 0:
        return ""
    middle, largest = median(known), max(known)
    sample = known[:: -(-len(known) // MOST)]
    skewness, of_logarithms = find_skewness(sample), find_skewness(list(map(math.log, sample)))
    if skewness < SKEWED or abs(of_logarithms) > skewness / 2 or largest < WIDE * middle:
        return ""
    return f"positive and strongly skewed (median {middle:.4g}, largest {largest:.4g}), as prices are"


def find_skewness(values: Sequence[float]) -> float:
    """E((x − mean)³) / sd³; 0 for constant values."""
    mean = fmean(values)
    spread = math.sqrt(fmean((value - mean) ** 2 for value in values))
    return fmean(((value - mean) / spread) ** 3 for value in values) if spread else 0.0


def format_target_transform(values: Sequence[float]) -> Iterator[str]:
    """The line of the spec that proposes the logarithm, and what may be watched then; none where it does not suit."""
    if why := explain_logarithm(values):
        yield f"  target_transform: log    # {why}: errors then count in percent; none: in units"


def format_metric_hint(values: Sequence[float]) -> Iterator[str]:
    """The comment that names the metrics of relative errors, where the logarithm is proposed."""
    if explain_logarithm(values):
        yield "# training: {monitor: rmsle}    # the metrics of relative errors are rmsle and mape"
