"""What `init` proposes for a target of numbers: the logarithm, where they are positive and their spread says so."""

import math
from collections.abc import Collection, Iterator, Sequence
from statistics import fmean, median

from mlptrain.commands.starter_yaml import format_yaml_comment
from mlptrain.data.levels import merge_levels
from mlptrain.data.number_reading import describe_range
from mlptrain.data.number_texts import sort_numbers_or_texts
from mlptrain.data.table import Table, format_quoted_names
from mlptrain.errors import DataError
from mlptrain.preparation.target_doubts import describe_codes

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


def ask_for_target(data: str, table: Table) -> str:
    """The message that the target is missing, with the columns and how to go on."""
    names = list(table.columns)
    example = names[-1] if names[-1].isidentifier() else f'"{names[-1]}"'
    which, way = f"the columns are {format_quoted_names(names)}", f"write: mlptrain init {data} --target {example}"
    return f"--target is missing: which column is to be predicted? {which}; {way}"


def describe_target(table: Table, target: str, *, classes: bool, missing: Collection[str]) -> str:
    """What the target is."""
    if not classes:
        codes = describe_codes(table, target)
        return f"numbers {describe_range(table, target, missing)}{codes}"
    counts = merge_levels(table.coded(target).counts, table.gaps(target, missing), table.grammar_of(target))
    counts.pop("", None)
    if len(counts) < 2:
        raise DataError(f'{table.name}: column "{target}": there is one class only; nothing can be learned')
    shown = ", ".join(
        f"{format_yaml_comment(label)} ({counts[label]:,})" for label in sort_numbers_or_texts(counts)[:6]
    )
    return f"{len(counts)} classes: {shown}{', …' if len(counts) > 6 else ''}"
