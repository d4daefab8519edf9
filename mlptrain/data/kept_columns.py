"""Columns that pass from one file that knows its types to another: their texts become values again.

A table keeps a cell as its text. A cell whose text is that of no value of its column's type, such as one that the spec
replaces, stays a text.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from mlptrain.data.column_types import ColumnType
from mlptrain.data.excel import write_value
from mlptrain.data.grammar import is_inexact_whole_number

FIRST_DAY = date(1900, 3, 1)
"""Before this day the calendar of workbooks is none."""

Pieces = Iterable[Mapping[str, Sequence[Any]]]


def restore_pieces(pieces: Pieces, types: Mapping[str, ColumnType]) -> Iterator[dict[str, Sequence[Any]]]:
    """The pieces of a table, with values as workbooks have them in the columns whose types are known."""
    begin = 0
    for columns in pieces:
        rows = len(next(iter(columns.values()), ()))
        yield {
            name: restore_cells(cells, types[name], begin) if name in types else cells
            for name, cells in columns.items()
        }
        begin += rows


def restore_cells(cells: Sequence[str], of: ColumnType, begin: int) -> Sequence[Any]:
    """The values of some cells, which begin at row `begin`: those of the sheet they come from, or by their type."""
    if of.values is not None:
        held = of.values[begin : begin + len(cells)]
        return [restore_sheet_value(text, value) for text, value in zip(cells, held, strict=True)]
    return [restore_value(text, of.kind) for text in cells] if of.has_values else cells


def restore_sheet_value(text: str, value: Any) -> Any:
    """The value of a sheet where the text is its own, whatever the mark of its decimal point."""
    own = write_value(value)
    if text == own or (isinstance(value, float) and text.replace(",", ".") == own):
        return drop_midnight(getattr(value, "fraction", value))
    return text


def restore_value(text: str, kind: str) -> Any:
    """The value that a workbook has for a text of a kind; the text where it has none.

    >>> [restore_value(text, "number") for text in ("1", "0.5", "", "9007199254740993")]
    [1.0, 0.5, None, '9007199254740993']
    """
    if not text:
        return None
    try:
        if kind == "number":
            return text if is_inexact_whole_number(text) else float(text)
        if kind == "boolean":
            return {"true": True, "false": False}[text]
        return drop_midnight(read_moment(text)) if kind == "date" else text
    except (ValueError, KeyError, OverflowError):
        return text


def read_moment(text: str) -> datetime:
    """The moment of a text; a ValueError where a workbook does not hold it: with a zone, too fine, or too early."""
    moment = datetime.fromisoformat(text)
    digits = text.partition(".")[2]
    if moment.tzinfo is not None or digits[6:].strip("0") or moment.date() < FIRST_DAY:
        raise ValueError(text)
    return moment


def drop_midnight(value: Any) -> Any:
    """A moment at midnight as a day, which workbooks show without the time."""
    if isinstance(value, datetime) and value == datetime(value.year, value.month, value.day):
        return value.date()
    return value
