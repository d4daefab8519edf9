"""What is doubtful about a target: numbers that are read as labels, codes read as numbers, too many classes."""

from collections.abc import Mapping

from mlptrain.data.blanks import strip_blanks
from mlptrain.data.column import ColumnLook
from mlptrain.data.number_forms import NumberLook, look_at_number_texts
from mlptrain.data.number_reading import (
    describe_number_forms,
    describe_range,
    extend_marks,
    quote_yaml_key,
    read_numbers,
)
from mlptrain.data.number_recognition import MANY, explain_marks_of_thousands
from mlptrain.data.number_texts import MISSING_NUMBERS, are_whole_numbers
from mlptrain.data.table import Table
from mlptrain.errors import DataError
from mlptrain.spec.fields import Spec

ABOUT_HALF = 0.4
"""If this share of the labels are numbers, numbers may be meant."""
MOST_CODES = 40
"""Whole numbers of no more different values than this may be classes."""


def describe_codes(table: Table, name: str) -> str:
    """How many different whole numbers a target of numbers has, if they may be classes; empty if not."""
    cells = table.column(name)
    texts = set() if cells.is_numeric else set(map(strip_blanks, cells.kept_texts.counts))
    counts = texts - MISSING_NUMBERS
    few = 0 < len(counts) <= MOST_CODES and are_whole_numbers(counts)
    return f", {len(counts)} different ones; if they are classes, set loss: cross_entropy" if few else ""


def list_target_doubts(spec: Spec, table: Table, *, classes: bool) -> list[str]:
    """Notices about targets whose kind neither the spec's loss nor its `data.columns` decides; an error for labels
    that are numbers written in another way, if they are so many that no classes are meant.
    """
    names = [name for name in spec.data.targets if spec.data.rules.of(name).type is None]
    if classes:
        return [doubt for name in names for doubt in list_label_doubts(spec, table, name)]
    doubts = [doubt for name in names for doubt in list_number_doubts(spec, table, name)]
    said = describe_codes(table, names[0]) if spec.loss is None and len(spec.data.targets) == len(names) == 1 else ""
    if not said:
        return doubts
    as_numbers = f"if they are numbers, data.columns: {{{quote_yaml_key(names[0])}: number}}"
    where = f'column "{names[0]}": the target has numbers'
    return [*doubts, f"{where} {describe_range(table, names[0], spec.data.missing_targets)}{said}; {as_numbers}"]


def list_number_doubts(spec: Spec, table: Table, name: str) -> list[str]:
    """Notices about a target of numbers: their points may be marks of thousands."""
    look = ColumnLook(table, name, {"", *spec.data.missing_targets})
    said = explain_marks_of_thousands(look, read_numbers(table, name, spec.data.missing_targets))
    keep = f"if not, data.columns: {{{quote_yaml_key(name)}: number}}"
    return [f'column "{name}": of the target {said}; {keep}'] if said else []


def list_label_doubts(spec: Spec, table: Table, name: str) -> list[str]:
    """Notices about labels: they look like numbers, or nearly every row has its own."""
    gaps = {"", *spec.data.missing_targets}
    counts = {text: count for text, count in table.code_texts(name).counts.items() if strip_blanks(text) not in gaps}
    grammar, rows = table.grammar_of(name), sum(counts.values())
    present = {text: count for text, count in counts.items() if strip_blanks(text) not in MISSING_NUMBERS}
    seen = look_at_number_texts(present, grammar)
    many = len(counts) > MANY
    if seen.are_mostly_numbers and (seen.forms or seen.odd):
        said = f"{describe_share(seen)} of the target look like numbers, but make {len(counts):,} classes"
        cure = describe_label_cure(spec, seen, table, name)
        if many and spec.loss is None:
            raise DataError(f'{table.name}: column "{name}": {said}; {cure}')
        return [f'column "{name}": {said}; {cure}']
    if seen.odd and seen.read >= ABOUT_HALF * seen.cells:
        said = f"{describe_share(seen)} of the target are numbers, but all are read as labels: {len(counts):,} classes"
        return [f'column "{name}": {said}; {describe_label_cure(spec, seen, table, name)}']
    if table.kinds_follow_types and spec.loss is None and (said := explain_texts_of_numbers(present, seen, name)):
        return [said]
    if many and 2 * len(counts) > rows:
        why = f"{len(counts):,} classes in {rows:,} rows: hardly a class can be learned"
        return [f'column "{name}": {why}; is this the column to predict?']
    if spec.loss is not None or table.kinds_follow_types:
        return []
    return describe_two_numbers(present, seen, name)


def describe_share(seen: NumberLook) -> str:
    """The share of the cells that look like numbers."""
    return f"{seen.read:,} of the {seen.cells:,} cells" if seen.odd else "all cells"


def describe_label_cure(spec: Spec, seen: NumberLook, table: Table, name: str) -> str:
    """How to read labels as numbers, and how to keep them as classes."""
    key = quote_yaml_key(name)
    ways = [f"give {describe_number_forms(seen.forms, table.grammar_of(name))}"] if seen.forms else []
    marks = extend_marks(spec.data.rules.of(name).missing_values, seen.odd)
    missing = f"data.columns: {{{key}: {{missing_values: [{marks}]}}}} and data.missing_target: drop"
    ways += [f"list the others as missing by {missing}"] if seen.odd else []
    return f"to read them as numbers, {', and '.join(ways)}; if they are classes, set data.columns: {{{key}: category}}"


def describe_two_numbers(counts: Mapping[str, int], seen: NumberLook, name: str) -> list[str]:
    """A notice that two different numbers other than 0 and 1 are taken for two classes."""
    texts = sorted(strip_blanks(text) for text in counts)
    if seen.odd or seen.forms or not seen.plain or {*texts} <= {"0", "1", "0.0", "1.0"} or len(texts) != 2:
        return []
    cure = f"if they are numbers, set data.columns: {{{quote_yaml_key(name)}: number}}"
    why = f"the target has two different numbers, {' and '.join(texts)}, which are taken for two classes"
    return [f'column "{name}": {why}; {cure}']


def explain_texts_of_numbers(counts: Mapping[str, int], seen: NumberLook, name: str) -> str:
    """A notice of labels that are texts by their type, but all of them numbers; empty if they may well be codes."""
    if seen.plain < seen.cells or (len(counts) <= MANY and are_whole_numbers(counts)):
        return ""
    key = quote_yaml_key(name)
    why = f"the target has texts that look like numbers, which make {len(counts):,} classes"
    ways = f"to read them as numbers, set data.columns: {{{key}: number}}; if they are classes, {{{key}: category}}"
    return f'column "{name}": {why}; {ways}'
