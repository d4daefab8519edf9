"""Texts of a spec that are in no cell: marks of missing cells, and cells to replace. None is lost in silence."""

from collections.abc import Collection, Iterator

import numpy as np

from mlptrain.data.column_names import format_quoted_names
from mlptrain.data.column_types import find_texts_of_equal_value
from mlptrain.data.meanings import find_texts_of_marks, trim_text
from mlptrain.data.number_texts import parse_missing_numbers
from mlptrain.data.table import Table
from mlptrain.spec.fields import Data


def describe_unmatched_texts(table: Table, data: Data) -> list[str]:
    """A notice of the texts of a spec that no cell of the table is, by the keys that list them."""
    found = {key: texts for key, texts in list_unmatched_texts(table, data) if texts}
    count = sum(map(len, found.values()))
    listed = "; ".join(f"{key} ({format_quoted_names(texts, 5)})" for key, texts in found.items())
    return [f"{count} text{'s' * (count > 1)} of the spec in no cell of the rows: {listed}"] if found else []


def list_unmatched_texts(table: Table, data: Data) -> Iterator[tuple[str, list[str]]]:
    """The keys of a spec that list texts of cells, each with those that no cell is."""
    rules = data.rules
    own = {name: rules.of(name).missing_values for name in rules.columns if rules.of(name).type != "ignore"}
    marks = {name: {*data.missing_values, *own.get(name, ())} for name in table.columns}
    matched = {name: find_marks_in_column(table, name, each) for name, each in marks.items() if each}
    everywhere = set[str]().union(*matched.values())
    yield "data.missing_values", [mark for mark in data.missing_values if mark and mark not in everywhere]
    for name, texts in own.items():
        yield f"data.columns.{name}.missing_values", [mark for mark in texts if mark and mark not in matched[name]]
    yield "data.replace", [key for key in data.replace if key not in table.replaced_keys]


def find_marks_in_column(table: Table, name: str, marks: Collection[str]) -> set[str]:
    """The marks that are in some cell of a column: as a text, or as the same number, truth value or date."""
    cells, of, grammar = table.column(name), table.type_of(name), table.grammar_of(name)
    kept = cells.kept_texts.values
    texts = set(map(trim_text, find_texts_of_marks(kept, marks)))
    found = {mark for mark in marks if trim_text(mark) in texts}
    if of.has_values:
        found |= {mark for mark in marks if find_texts_of_equal_value(kept, [mark], of, table.grammar)}
    others = set(marks) - found
    numbers = {mark: number for mark in others for number in parse_missing_numbers([mark], grammar)}
    if not numbers:
        return found
    there = set(np.unique(cells.read_numbers((), grammar)[0]).tolist())
    return found | {mark for mark, number in numbers.items() if number in there}
