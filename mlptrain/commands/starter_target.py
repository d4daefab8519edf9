"""What `init` proposes for a target of numbers: the logarithm, where they are positive and their spread says so."""

import math
import re
from collections.abc import Collection, Iterator, Sequence
from statistics import fmean, median

from mlptrain.commands.starter_columns import understand_columns_despite_faults
from mlptrain.commands.starter_yaml import format_yaml_comment, format_yaml_text
from mlptrain.data.column_names import format_quoted_names
from mlptrain.data.column_rules import FeatureRules
from mlptrain.data.levels import merge_levels
from mlptrain.data.number_reading import describe_range, read_numbers
from mlptrain.data.number_texts import sort_numbers_or_texts, write_data_number
from mlptrain.data.table import Table
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
    shown = f"median {write_data_number(middle)}, largest {write_data_number(largest)}"
    return f"positive and strongly skewed ({shown}), as prices are"


def find_skewness(values: Sequence[float]) -> float:
    """E((x − mean)³) / sd³; 0 for constant values."""
    mean = fmean(values)
    spread = math.sqrt(fmean((value - mean) ** 2 for value in values))
    return fmean(((value - mean) / spread) ** 3 for value in values) if spread else 0.0


def format_target_transform(values: Sequence[float]) -> Iterator[str]:
    """The line of the spec that proposes the logarithm, and what may be watched then; none where it does not suit."""
    if why := explain_logarithm(values):
        yield f"  target_transform: log    # {why}: errors then count in percent; none: in units"


def describe_target_transform(values: Sequence[float]) -> Iterator[str]:
    """A notice that the spec proposes the logarithm; none where it does not."""
    if why := explain_logarithm(values):
        yield f"data.target_transform: log, as {why}: the network learns the logarithm of the target; none undoes it"


def format_metric_hint(values: Sequence[float]) -> Iterator[str]:
    """The comment that names the metrics of relative errors, where the logarithm is proposed."""
    if explain_logarithm(values):
        yield "# training: {monitor: rmsle}    # the metrics of relative errors are rmsle and mape"


YES = frozenset(
    word
    for line in ("ja j yes y true t wahr oui si sí sì sim tak on", "1 1.0 positiv positive pos +")
    for word in line.split()
)
NO = frozenset(
    word
    for line in ("nein n no false f falsch non nej não nao nie off", "0 0.0 -1 negativ negative neg -")
    for word in line.split()
)
"""Words, in small letters, for that which is looked for, and for its absence."""


def format_positive_class(labels: Sequence[str]) -> Iterator[str]:
    """Of two classes, the line of the spec that says which one is positive: that which means yes, else a proposal."""
    if len(labels) != 2:
        return
    what = "precision, recall, f1 and average_precision are of this class"
    yes = [label for label in labels if label.lower() in YES]
    others = {label.lower() for label in labels if label not in yes}
    if len(yes) == 1 and others <= NO:
        yield f"  positive_class: {format_yaml_text(yes[0])}    # {what}"
    else:
        yield f"  # positive_class: {format_yaml_text(labels[0])}    # {what}; by default of the second"


def list_labels(table: Table, target: str, missing: Collection[str]) -> list[str]:
    """The classes of a target, in their order."""
    counts = merge_levels(table.code_texts(target).counts, table.gaps(target, missing), table.grammar_of(target))
    return sort_numbers_or_texts(counts.keys() - {""})


TARGET_NAMES = re.compile(
    r"target|label|class|y|outcome|response|result|ziel|klasse|ergebnis|price|preis|survived|churn|default|species"
    r"|(.*[ _.-])?(target|label|class|outcome|price|preis|value)",
    re.IGNORECASE,
)
"""What targets are often called."""
LIKELY = 3
"""Columns that are proposed as targets."""


def ask_for_target(data: str, table: Table) -> str:
    """The message that the target is missing, with the columns and how to go on."""
    names = list(table.columns)
    likely = list_likely_targets(table)[:LIKELY]
    first = likely[0] if likely else names[-1]
    example = first if first.isidentifier() else f'"{first}"'
    which = f"the columns are {format_quoted_names(names)}"
    hint = f", of which {format_quoted_names(likely)} {'are' if len(likely) > 1 else 'is'} likely" if likely else ""
    way = f"write: mlptrain init {data} --target {example}"
    return f"--target is missing: which column is to be predicted? {which}{hint}; {way}"


def list_likely_targets(table: Table) -> list[str]:
    """The columns that have the names of targets, else the last ones; no identifiers, dates, constants, or texts that
    are different in nearly every row.
    """
    found = understand_columns_despite_faults(table, list(table.columns), FeatureRules())
    useful = [name for name, each in found.items() if each.kind != "ignore" and "identifier" not in each.note]
    return [name for name in useful if TARGET_NAMES.fullmatch(name)] or useful[::-1]


def describe_target(table: Table, target: str, *, classes: bool, missing: Collection[str]) -> str:
    """What the target is; an error if all rows have one value."""
    where = f'{table.name}: column "{target}"'
    if not classes:
        numbers = read_numbers(table, target, missing)
        if numbers.min() == numbers.max():
            raise DataError(f"{where}: the target is constant; nothing can be learned")
        return f"numbers {describe_range(table, target, missing)}{describe_codes(table, target)}"
    counts = merge_levels(table.code_texts(target).counts, table.gaps(target, missing), table.grammar_of(target))
    labels = list_labels(table, target, missing)
    if len(labels) < 2:
        raise DataError(f"{where}: there is one class only; nothing can be learned")
    shown = ", ".join(f"{format_yaml_comment(label)} ({counts[label]:,})" for label in labels[:6])
    return f"{len(labels)} classes: {shown}{', …' if len(labels) > 6 else ''}"
