"""Cells of a row as the model reads them, with the standard library alone.

The text of this file is copied into what is exported, after those of `data/blanks.py`, `grammar.py`, `meanings.py` and
`moments.py`, without its imports of ours. A text is read as the model reads a table with this text alone.
"""

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from functools import lru_cache
from numbers import Real
from typing import Any

from mlptrain.data.blanks import strip_blanks
from mlptrain.data.column_names import describe_missing_columns
from mlptrain.data.grammar import EXACT, LARGEST, NumberGrammar
from mlptrain.data.meanings import find_keys_of_texts, trim_text
from mlptrain.data.moments import DATE_FORMATS, DAY_FIRST, MONTH_FIRST, make_date_reader

CACHED = 4096
"""Texts of a column of which it is known what they mean."""
ONE_ORDER = tuple(name for name in DATE_FORMATS if name not in (DAY_FIRST, MONTH_FIRST))
"""Formats of dates that leave no doubt which number is the day: those of columns without a format of texts."""
GAPS = ("NAType", "NaTType")
"""The types of what data frames have for a missing value."""
MOMENT = "datetime64"
"""The type of NumPy's moments."""
NO_NUMBERS = ("bool", "bool_", "timedelta64")
"""Types that Python counts among the numbers, or turns into them, though a cell of them is none."""

Plain = Mapping[str, Any]
"""A part of the model, as JSON has it."""
Reader = Callable[[Any], Any]


class CellError(ValueError):
    """A cell cannot be read."""


def is_missing(cell: Any) -> bool:
    """Whether a value means that there is none."""
    name = type(cell).__name__
    return cell is None or name in GAPS or ((isinstance(cell, Real) or name == MOMENT) and bool(cell != cell))


def is_real(cell: Any) -> bool:
    """Whether a value is a number."""
    return isinstance(cell, Real | Decimal) and type(cell).__name__ not in NO_NUMBERS


def make_grammar(table: Plain) -> NumberGrammar:
    """How numbers are written."""
    written = {name: table[name] for name in ("decimal", "thousands", "loose_signs")}
    return NumberGrammar(**written, units=tuple(table["units"]))


def replace_text(text: str, words: Mapping[str, str], grammar: NumberGrammar) -> str:
    """The text that a text is read as."""
    found = find_keys_of_texts([text], words, grammar) if words else {}
    return words[found[text]] if found else text


def write_text(cell: Any) -> str:
    """A value as the text of a cell, without blanks around it; empty if it is missing."""
    if isinstance(cell, str):
        return trim_text(cell)
    if is_missing(cell):
        return ""
    if type(cell).__name__ in ("bool", "bool_"):
        return str(cell).lower()
    if not (is_real(cell) or isinstance(cell, date) or type(cell).__name__ == MOMENT):
        raise CellError(f"{cell!r} is no number, text, truth value or date")
    number = float(cell) if isinstance(cell, Real) else math.nan
    return str(int(number)) if number.is_integer() and abs(number) <= EXACT else trim_text(str(cell))


# Readers of one column: a value of any type → what the network's columns are made of


def make_number_reader(given: Plain, table: Plain) -> Reader:
    """A function that reads numbers, NaN where missing."""
    grammar, words, marks = make_grammar(table), table["replace"], frozenset(given["missing"])
    numbers = {number for mark in marks if (number := grammar.read_mark(mark)) is not None}
    replaced = {old: math.nan if new is None else new for old, new in given["replaced"]}

    @lru_cache(CACHED)
    def read_text(text: str) -> float:
        text = replace_text(text, words, grammar)
        if text in marks or strip_blanks(text) in marks:
            return math.nan
        number = require_moderate(grammar.read_number(text), text) if grammar.reads(text) else None
        if number is None:
            raise CellError(f"{text!r} is not a number")
        return math.nan if number in numbers else number

    def read(cell: Any) -> float:
        if isinstance(cell, str):
            return read_text(cell)
        number = math.nan if is_missing(cell) else require_moderate(read_real(cell), cell)
        return replaced.get(number, number)

    return read


def read_real(cell: Any) -> float:
    """The number that a value is; a CellError if it is none, though `float` may take it, as it does bytes."""
    if not is_real(cell):
        raise CellError(f"{cell!r} is not a number")
    return float(cell)


def require_moderate(number: float, cell: Any) -> float:
    """The number; a CellError if it is too large."""
    if abs(number) > LARGEST:
        raise CellError(f"{cell!r} is too large for a number (at most {LARGEST:g})")
    return number


def make_moment_reader(given: Plain, table: Plain) -> Reader:
    """A function that reads moments, seconds since 1970-01-01 UTC, NaN where missing.

    A number is one of seconds; a text is what the format says.
    """
    grammar, words, marks = make_grammar(table), table["replace"], frozenset(given["missing"])
    trimmed = frozenset(map(trim_text, marks)) | {""}
    formats = [make_date_reader(name) for name in ([given["format"]] if given["format"] else ONE_ORDER)]
    is_local = given["clock"] == "local"

    @lru_cache(CACHED)
    def read_text(text: str) -> float:
        text = replace_text(text, words, grammar)
        if text in marks or trim_text(text) in trimmed:
            return math.nan
        for read_format in formats:
            if (found := read_format(text)) is not None:
                seconds, ahead = found
                return seconds + ahead if is_local and ahead == ahead else seconds
        raise CellError(f"{text!r} is not a date {given['format']}".rstrip())

    def read(cell: Any) -> float:
        if isinstance(cell, str):
            return read_text(cell)
        if is_missing(cell):
            return math.nan
        if type(cell).__name__ == MOMENT:
            return int(cell.astype("datetime64[us]").astype("int64")) / 1e6
        return count_seconds(cell, is_local=is_local) if isinstance(cell, date) else read_real(cell)

    return read


def count_seconds(moment: date, *, is_local: bool) -> float:
    """Seconds since 1970-01-01 UTC; of the local clock as it shows. A time without a zone is one of UTC."""
    if not isinstance(moment, datetime):
        return float((moment - date(1970, 1, 1)).days * 86400)
    if moment.tzinfo is None or is_local:
        return (moment.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds()
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds()  # noqa: UP017  (Python 3.10)


def make_text_reader(given: Plain, table: Plain) -> Reader:
    """A function that reads texts: what they mean is up to the codes."""
    return write_text


READERS = {"number": make_number_reader, "date": make_moment_reader, "text": make_text_reader}


def make_readers(model: dict[str, Any]) -> dict[str, Reader]:
    """The reader of each column that the model uses, made once."""
    if "readers" not in model:
        table = model["table"]
        model["readers"] = {given["name"]: READERS[given["kind"]](given, table) for given in model["inputs"]}
    readers: dict[str, Reader] = model["readers"]
    return readers


def read_cells(row: Mapping[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    """The cells of a row that the model uses, by name; a CellError names the one that cannot be read."""
    readers, cells = make_readers(model), {}
    if absent := [name for name in readers if name not in row]:
        raise CellError(describe_missing_columns(absent, list(row), list(readers)))
    for name, read in readers.items():
        try:
            cells[name] = read(row[name])
        except (TypeError, ValueError, OverflowError) as problem:
            raise CellError(f"column {name!r}: {problem}") from None
    return cells
