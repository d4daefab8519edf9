"""From text to values: what kind a column is, and its numbers, truth values or categories."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.grammar import is_number
from mlptrain.data.table import Table, listed

Kind = Literal["number", "category", "boolean", "ignore"]

DIGITS = b"0123456789+-.eE"
LARGEST = 1e300
"""Beyond this, a difference or a mean of numbers could overflow."""
MISSING_NUMBERS = frozenset(["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"])
"""What stands for a missing number; for categories only the empty cell does, and what `missing_values` lists."""
BOOLEANS = tuple(
    frozenset(pair) for pair in (("true", "false"), ("yes", "no"), ("t", "f"), ("y", "n"), ("1", "0"), ("on", "off"))
)
TRUE = frozenset(["true", "yes", "t", "y", "1", "on"])
NEARLY_ALL, MOST, MANY = 0.99, 0.9, 20
"""A column with some text is one of numbers with faults, not one of categories, if nearly all of its cells are numbers,
or most of them and more than this many different ones."""


@dataclass(frozen=True)
class Understood:
    """What a column was found to be, and why, where that is worth a word."""

    kind: Kind
    note: str = ""


def understand(table: Table, name: str, missing: Collection[str]) -> Understood:
    """The kind of a column, from all of its cells."""
    cells = table.columns[name]
    values = set(cells) - set(missing)
    if len(values) < 2:
        return Understood("ignore", "all cells are missing" if not values else "constant")
    if frozenset(value.lower() for value in values) in BOOLEANS:
        return Understood("boolean")
    figures = {value for value in values if is_number(value.strip(" "))}
    words = {value for value in values - figures if value.strip(" ") not in MISSING_NUMBERS}
    if figures and not words:
        return coded(figures) or Understood("number")
    present = [cell for cell in cells if cell not in missing]
    right, wrong = sum(cell in figures for cell in present), sum(cell in words for cell in present)
    share = right / max(right + wrong, 1)
    if share > NEARLY_ALL or (share > MOST and len(figures) > MANY):
        bad = [row for row, cell in enumerate(cells) if cell in words]
        lines = ", ".join(f"{cells[row]!r} on line {table.line_of(row)}" for row in bad[:5])
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        hint = f"mend them, list them in data.missing_values, or set data.columns: {{{name}: category}}"
        raise table.fault(bad[0], name, f"{right} cells are numbers but not {lines}{more}; {hint}")
    if len(values) > 100 and len(values) > 0.5 * len(present):
        return Understood("ignore", f"text with {len(values)} different values in {len(present)} cells")
    return Understood("category")


def coded(values: Collection[str]) -> Understood | None:
    """Digits of one length of which some begin with 0 are codes, not numbers."""
    lengths = {len(value) for value in values}
    if len(lengths) == 1 and any(re.fullmatch(r"0[0-9]+", value) for value in values):
        return Understood("category", "codes with leading zeros")
    return None


def numbers(table: Table, name: str, missing: Collection[str]) -> NDArray[np.float64]:
    """The numbers of a column, NaN where missing; an error lists the cells that are none, with their lines."""
    cells = table.column(name)
    marks = MISSING_NUMBERS.union(missing)
    values = parsed(cells) if marks.isdisjoint(cells) else None
    if values is None:
        texts = [cell if cell in marks else cell.strip(" ") for cell in cells]
        known = [row for row, text in enumerate(texts) if text not in marks]
        found = parsed([texts[row] for row in known])
        if found is None:
            raise not_numbers(table, name, [row for row in known if not is_number(texts[row])])
        values = np.full(len(cells), np.nan)
        values[known] = found
    large = np.abs(values) > LARGEST
    if large.any():
        row = int(large.argmax())
        raise table.fault(row, name, f"{cells[row]!r} is too large for a number (at most {LARGEST:g}); mend it")
    return values


def parsed(texts: Sequence[str]) -> NDArray[np.float64] | None:
    """The numbers, or None if a text is none: only bytes of the grammar, and Python can read it."""
    if "".join(texts).encode("utf-8", "surrogatepass").translate(None, DIGITS):
        return None
    try:
        return np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        return None


def not_numbers(table: Table, name: str, rows: Sequence[int]) -> Exception:
    """The error that names the first cells that are not numbers."""
    cells = table.columns[name]
    others = ", ".join(f"{cells[row]!r} on line {table.line_of(row)}" for row in rows[1:5])
    more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
    hint = f"mend it, add it to data.missing_values, or set data.columns: {{{name}: category}}"
    nor = f", nor is {others}{more}" if others else ""
    return table.fault(rows[0], name, f"{cells[rows[0]]!r} is not a number{nor}; {hint}")


def booleans(table: Table, name: str, missing: Collection[str]) -> NDArray[np.float64]:
    """1 for true, 0 for false, NaN where missing."""
    values = np.full(table.rows, np.nan)
    known = frozenset().union(*BOOLEANS)
    for row, cell in enumerate(table.column(name)):
        if cell in missing or cell == "":
            continue
        if cell.lower() not in known:
            hint = f"write one of {listed(sorted(known))}, or set data.columns: {{{name}: category}}"
            raise table.fault(row, name, f"{cell!r} is not a truth value; {hint}")
        values[row] = cell.lower() in TRUE
    return values


def natural_order(values: Collection[str]) -> list[str]:
    """Sorted as numbers where all are numbers, as text otherwise."""
    if all(is_number(value) for value in values):
        return sorted(values, key=lambda value: (float(value), value))
    return sorted(values)
