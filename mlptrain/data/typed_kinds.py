"""The kind of a column of a table in memory: its type, unless the spec declares another."""

from collections.abc import Collection
from dataclasses import replace
from itertools import islice

import numpy as np

from mlptrain.data.cells import Doubles
from mlptrain.data.column import ONE_VALUE, UNIQUE, UNIQUE_TEXTS, Understood, explain_different_cells
from mlptrain.data.date_recognition import understand_dates
from mlptrain.data.grammar import NUMBERS
from mlptrain.data.number_forms import LOOKED_AT, NumberLook, look_at_number_texts
from mlptrain.data.number_reading import quote_yaml_key, read_numbers
from mlptrain.data.number_recognition import MANY, describe_number_look, recognise_identifier
from mlptrain.data.number_texts import MISSING_NUMBERS, are_whole_numbers
from mlptrain.data.table import Table


def infer_kind_from_type(table: Table, name: str, missing: Collection[str]) -> Understood | None:
    """The kind of a column that the spec does not declare, by its type in memory; None where it has none, in files."""
    if not table.kinds_follow_types:
        return None
    refuse_mistyped_values(table, name, missing)
    if table.types[name].kind == "number":
        return infer_typed_number_kind(name, read_numbers(table, name, missing))
    return infer_typed_text_kind(table, name, missing)


def refuse_mistyped_values(table: Table, name: str, missing: Collection[str]) -> None:
    """An error at the first value that is of another type than its column, unless its text means missing."""
    found = table.types[name]
    gaps = table.gaps(name, missing)
    marks = MISSING_NUMBERS.union(gaps) if found.kind in ("number", "boolean") else gaps
    strays = {row: text for text, row in found.strays.items() if text not in marks}
    if strays:
        row, text = min(strays.items())
        what = "truth value" if found.kind == "boolean" else found.kind
        cure = f"make all of them alike, or set data.columns: {{{quote_yaml_key(name)}: category}}"
        raise replace(table, origin=None).fault(row, name, f"{text!r} is no {what}, as other values are; {cure}")


def infer_typed_number_kind(name: str, values: Doubles) -> Understood:
    """A column of numbers; constants and running numbers are left out, one number beside gaps is a category."""
    known = values[~np.isnan(values)]
    if known.size and known.size < values.size and known.min() == known.max():
        return Understood("category", ONE_VALUE)
    if not known.size or known.min() == known.max():
        return Understood("ignore", "constant" if known.size else "all cells are missing")
    return recognise_identifier(name, values) or Understood("number")


def infer_typed_text_kind(table: Table, name: str, missing: Collection[str]) -> Understood:
    """A column of texts, truth values or dates; constants and texts that are nearly all different are left out."""
    kind, cells = table.types[name].kind, table.code_texts(name)
    gaps = table.gaps(name, missing)
    counts = {value: count for value, count in cells.counts.items() if value not in gaps}
    present = sum(counts.values())
    if len(counts) < 2:
        if counts and present < cells.rows:
            return Understood("category", ONE_VALUE)
        return Understood("ignore", "constant" if counts else "all cells are missing")
    if kind != "category":
        return Understood(kind)
    if dates := understand_dates(name, counts, missing):
        return dates
    key = quote_yaml_key(name)
    if len(counts) > UNIQUE_TEXTS and len(counts) > UNIQUE * present:
        kept = Understood("ignore", f"text with {len(counts)} different values in {present} cells")
    else:
        said = explain_different_cells("texts", key, len(counts), cells.rows)
        kept = Understood("category", said, notice=bool(said))
    first = dict(islice(counts.items(), LOOKED_AT))
    if (len(first) <= MANY or kept.notice) and are_whole_numbers(first):  # codes
        return kept
    said = describe_text_of_numbers(key, look_at_number_texts(first, table.grammar_of(name)))
    left_out = f"{kept.note}; " if kept.kind == "ignore" else ""
    return replace(kept, note=f"{left_out}{said}", notice=True) if said else kept


def describe_text_of_numbers(key: str, seen: NumberLook) -> str:
    """What a notice says of texts that look like numbers; empty if they do not."""
    if seen.odd or not seen.are_mostly_numbers or seen.forms:
        return describe_number_look(seen, NUMBERS)
    return f"texts that look like numbers; to read them as numbers, set data.columns: {{{key}: number}}"
