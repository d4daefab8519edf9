"""Writing Excel workbooks, by openpyxl: texts stay texts, whatever they begin with."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from mlptrain.data.excel import read_sheet, write_value
from mlptrain.data.percents import Fraction
from mlptrain.errors import DataError, EnvironmentFailure

MOST_ROWS = 2**20 - 1
"""Rows of a sheet below the names."""


def require_openpyxl() -> None:
    """An error with the line that installs openpyxl, where it is not installed."""
    try:
        import openpyxl  # noqa: F401
    except ImportError:
        raise EnvironmentFailure("Excel files are written by openpyxl: pip install 'mlptrain[excel]'") from None


def write_workbook(pieces: Iterable[Mapping[str, Sequence[Any]]], stream: BinaryIO) -> None:
    """Write pieces of a table, whose cells are texts, numbers or None, as the only sheet of a workbook."""
    import openpyxl
    from openpyxl.utils.exceptions import IllegalCharacterError

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("predictions")
    try:
        for row in list_rows_with_names(pieces):
            sheet.append([make_cell(sheet, value) for value in row])
    except IllegalCharacterError:
        raise DataError("a control character cannot stand in a workbook; name the file .csv") from None
    finally:
        sheet.close()
    whole = BytesIO()  # a zip file is not written from its beginning to its end
    book.save(whole)
    stream.write(whole.getbuffer())


def list_rows_with_names(pieces: Iterable[Mapping[str, Sequence[Any]]]) -> Iterator[Sequence[Any]]:
    """The names of the columns, and the rows of all pieces; an error where a sheet cannot hold them."""
    rows = 0
    for number, columns in enumerate(pieces):
        if not number:
            yield list(columns)
        for row in zip(*columns.values(), strict=True):
            rows += 1
            if rows > MOST_ROWS:
                raise DataError(f"a sheet of a workbook holds {MOST_ROWS:,} rows at most; name the file .csv")
            yield row


def make_cell(sheet: Any, value: Any) -> Any:
    """A cell of a value; a text that begins with = is no formula."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        cell.data_type = "s"
    elif isinstance(value, Fraction):
        cell.number_format = "0.00%"
    return cell


def read_workbook_names(path: Path) -> list[str]:
    """The names of the columns in the first sheet of a workbook; none if it is another kind of file."""
    try:
        return [write_value(value) for value in next(iter(read_sheet(str(path), None)[2]), ())]
    except DataError:
        return []
