"""Excel workbooks (.xlsx), by openpyxl, as columns of cells: the typed values of a sheet, not the texts shown for them.

A workbook is a zip of XML. Nothing of it is unpacked that would not fit into the memory, and no part that declares
entities is parsed at all: what a spreadsheet program writes has none.
"""

import warnings
import zipfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

import numpy as np

from mlptrain.data.cells import Block, TextCells, format_double
from mlptrain.data.coding import NulByte
from mlptrain.data.column_names import name_saved_index
from mlptrain.data.column_types import TEXT, ColumnType
from mlptrain.data.files import SameFile, name_input, open_stored_bytes
from mlptrain.data.left_out_lines import LeftOutLines
from mlptrain.data.percents import count_in_percent, describe_fractions, has_percent_styles, mark_fractions
from mlptrain.data.table_format import TableFormat
from mlptrain.errors import DataError, EnvironmentFailure
from mlptrain.machine import measure_available_memory

WORKBOOK = "xl/workbook.xml"
OTHERS = {"xl/workbook.bin": "a binary workbook (.xlsb)", "content.xml": "an OpenDocument table (.ods)"}
BYTES_OF_A_CELL = 100
"""What a cell takes as a value of Python, at least."""

Value = Any
Values = list[Value]


class ExcelReader:
    """Columns of a sheet of a workbook."""

    unit = " row "

    def __init__(self, path: str, layout: TableFormat) -> None:
        self.path, self.name, self.layout, self.same = path, name_input(path), layout, SameFile(path)
        self.same.check()
        self.inner_blank_lines = self.empty_rows_at_end = 0
        self.sheet, self.sheets, rows = read_sheet(path, layout.sheet)
        numbered = [(number, row) for number, row in enumerate(rows, 1) if number > layout.skip_rows]
        filled = [(number, row) for number, row in numbered if any(map(is_filled, row))]
        if not filled:
            skipped = f" after {layout.skip_rows} skipped rows" if layout.skip_rows else ""
            others = self.list_other_sheets()
            hint = f"; the others are {others} (data.sheet names one)" if others else ""
            raise DataError(f"{self.name}: the sheet {self.sheet!r} is empty{skipped}{hint}")
        self.first, named = filled[0] if layout.has_header else (filled[0][0], [])
        filled = filled[1:] if layout.has_header else filled
        after = min(layout.skip_after_names if layout.has_header else 0, len(filled))
        filled = filled[after:]
        end = max(len(filled) - layout.skip_footer, 0)
        last = [(number, ",".join(map(write_value, row))) for number, row in filled[end:]]
        self.left_out = LeftOutLines(after_names=after, at_end=last, unit="row")
        filled = filled[:end]
        self.lines = [number for number, _ in filled]
        if filled:
            self.inner_blank_lines = filled[-1][0] - filled[0][0] + 1 - len(filled)
        self.columns = self.arrange_columns(named, [row for _, row in filled])
        if "%" in layout.units:
            self.columns = {name: list(map(count_in_percent, values)) for name, values in self.columns.items()}

    def find_blank_line(self) -> int:
        """The first row without a cell among the others."""
        filled = set(self.lines)
        return next(line for line in range(self.lines[0], self.lines[-1]) if line not in filled)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the user should hear of the workbook: which of its sheets is read."""
        if len(self.sheets) == 1:
            return () if self.layout.sheet in (None, self.sheet, "1") else (f"{self.name}: its only sheet is read",)
        if self.layout.sheet is not None:
            return ()
        return (f"{self.name}: {self.which_sheet}",)

    @property
    def which_sheet(self) -> str:
        """Which of several sheets is read; empty if there is one only."""
        others = self.list_other_sheets()
        return f"the sheet {self.sheet!r} is read, not {others}; data.sheet names another one" if others else ""

    @property
    def place_of_names(self) -> str:
        """What messages call the place of the columns' names."""
        return self.name

    def list_other_sheets(self) -> str:
        """The names of the sheets that are not read."""
        return ", ".join(repr(name) for name in self.sheets if name != self.sheet)

    def arrange_columns(self, named: Sequence[Value], rows: Sequence[Sequence[Value]]) -> dict[str, Values]:
        """The columns by name; those that have neither a name nor a cell are none."""
        width = max([len(named), *map(len, rows)])
        columns = [[row[place] if place < len(row) else None for row in rows] for place in range(width)]
        names = [write_value(named[place]) if place < len(named) else "" for place in range(width)]
        names = name_saved_index(names, (list(map(write_value, row)) for row in zip(*columns, strict=True)))
        found: dict[str, Values] = {}
        for place, (name, values) in enumerate(zip(names, columns, strict=True)):
            row = next((row for row, value in enumerate(values) if is_filled(value)), None)
            if name == "" and row is None:
                continue
            label = name if self.layout.has_header else f"column_{place + 1}"
            if not label.strip():
                raise DataError(f"{self.name} row {self.first}: {self.explain_no_name(names, place, row or 0)}")
            if label in found:
                raise DataError(f"{self.name} row {self.first}: column {label!r} is named twice; rename one of them")
            found[label] = values
        return found

    def explain_no_name(self, names: Sequence[str], place: int, row: int) -> str:
        """What is wrong with a column that has cells but no name."""
        if sum(map(bool, names)) <= 1 < len(names):
            return "there is one name only; if the table begins further down, set data.skip_rows"
        where = f"column {write_column_letters(place)} has no name, but a cell in row {self.lines[row]}"
        return f"{where}; name it, or remove it"

    def header(self) -> list[str]:
        """The names of the columns."""
        return list(self.columns)

    def types(self) -> dict[str, ColumnType]:
        """The types of the columns, by those of their cells."""
        return {
            name: replace(find_type(values), values=values, reading=describe_fractions(values))
            for name, values in self.columns.items()
        }

    def check_unchanged(self) -> None:
        """An error if the file has changed since it was first opened."""
        self.same.check()

    def blocks(self, unread: Collection[str] = ()) -> Iterator[Sequence[Block]]:
        """All cells as one block; `unread` columns have empty ones."""
        if not self.lines:
            return
        wanted = [name for name in self.columns if name not in unread]
        self.refuse_formulas_without_values([name for name in wanted if not any(map(is_filled, self.columns[name]))])
        empty = TextCells(np.zeros(len(self.lines), np.int32), [""])
        yield [self.cells(values) if name in wanted else empty for name, values in self.columns.items()]

    def cells(self, values: Values) -> Block:
        """The cells of one column: numbers as numbers, among texts as the table's texts have them."""
        of = find_type(values)
        if of.kind == "number":
            return np.array([float(value) if is_filled(value) else np.nan for value in values], np.float64)
        write = self.layout.grammar.write if not of.has_values else str
        return [write_value(value) if isinstance(value, str) else write(write_value(value)) for value in values]

    def refuse_formulas_without_values(self, names: Sequence[str]) -> None:
        """An error if columns without a cell have formulas, whose values no program has stored."""
        if not names:
            return
        rows = read_sheet(self.path, self.sheet, formulas=True)[2]
        wanted = {place: name for place, name in enumerate(map(write_value, rows[self.first - 1])) if name in names}
        for number in self.lines if self.layout.has_header else ():
            for place, name in wanted.items():
                if place < len(rows[number - 1]) and str(rows[number - 1][place]).startswith("="):
                    cure = "open the workbook in a spreadsheet program and save it there"
                    why = f"its formulas have no stored values; {cure}"
                    raise DataError(f'{self.name} row {number}: column "{name}": {why}')

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Turn an exception of the gatherers into an error that names the file."""
        try:
            yield
        except NulByte:
            raise DataError(f"{self.name}: a cell holds a NUL character; remove it") from None

    def lines_of(self, rows: Sequence[int]) -> list[int]:
        """The numbers of rows in the sheet, from 1."""
        return [self.lines[row] for row in rows]


# The file


def read_sheet(path: str, sheet: str | None, *, formulas: bool = False) -> tuple[str, list[str], list[Sequence[Value]]]:
    """The name of a sheet, those of all of them, and the sheet's rows; values or formulas."""
    name = name_input(path)
    try:
        import openpyxl
    except ImportError:
        why = "this is an Excel workbook; to read it: pip install 'mlptrain[excel]'"
        raise EnvironmentFailure(f"{name}: {why}, or save the sheet as CSV (UTF-8)") from None
    refuse_hostile_workbook(path)
    try:
        with warnings.catch_warnings(), open_stored_bytes(path) as stream:
            styled = shows_percents(stream)
            warnings.simplefilter("ignore")  # of what a table does not need: styles, validation, charts
            book = openpyxl.load_workbook(stream, read_only=True, data_only=not formulas)
            names = [each.title for each in book.worksheets]
            found = book[choose_sheet(name, names, sheet)]
            found.reset_dimensions()
            rows = map(mark_fractions, found.iter_rows()) if styled else found.iter_rows(values_only=True)
            return found.title, names, collect_rows(name, rows)
    except (MemoryError, DataError, EnvironmentFailure):
        raise
    except Exception as problem:  # whatever the library meets in a file that anyone may have written
        why = (str(problem).splitlines() or [type(problem).__name__])[0]
        raise DataError(f"{name}: this Excel workbook is damaged: {why:.200}") from None


def shows_percents(stream: BinaryIO) -> bool:
    """Whether cells of a workbook may be shown in per cent."""
    with zipfile.ZipFile(stream) as archive:
        found = any(
            has_percent_styles(archive.read(name)) for name in archive.namelist() if name.endswith("styles.xml")
        )
    stream.seek(0)
    return found


def collect_rows(path: str, rows: Iterator[Sequence[Value]]) -> list[Sequence[Value]]:
    """All rows, as long as there is memory for them."""
    free, cells, found = measure_available_memory(), 0, []
    for row in rows:
        cells += len(row) + 1
        if free is not None and cells * BYTES_OF_A_CELL > free:
            raise EnvironmentFailure(
                f"{name_input(path)}: its cells do not fit into the memory; save the sheet as CSV or Parquet"
            )
        found.append(row)
    return found


def choose_sheet(path: str, names: Sequence[str], sheet: str | None) -> str:
    """The name of the sheet that is meant: by its name, its number from 1, or the first; or the only one."""
    if not names:
        raise DataError(f"{name_input(path)}: this workbook has no sheet with cells")
    if sheet is None or sheet in names:
        return names[0] if sheet is None else sheet
    if sheet.isdecimal() and 1 <= int(sheet) <= len(names):
        return names[int(sheet) - 1]
    if len(names) == 1:
        return names[0]
    raise DataError(
        f"{name_input(path)}: there is no sheet {sheet!r} (data.sheet); the sheets are {', '.join(map(repr, names))}"
    )


def refuse_hostile_workbook(path: str) -> None:
    """An error if a zip file is no workbook, unpacks to more than the memory has, or declares entities in its XML."""
    name = name_input(path)
    try:
        with open_stored_bytes(path) as stream, zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
            if WORKBOOK not in {part.filename for part in parts}:
                kind = next((kind for part, kind in OTHERS.items() if part in archive.namelist()), "a zip file")
                raise DataError(f"{name}: this is {kind}, not an Excel workbook (.xlsx); save tables as .xlsx or CSV")
            size, free = sum(part.file_size for part in parts), measure_available_memory()
            if free is not None and size > free // 2:
                why = f"it unpacks to {size:,} bytes, but {free:,} are free; save the sheet as CSV or Parquet"
                raise EnvironmentFailure(f"{name}: {why}")
            for part in parts:
                with archive.open(part) as content:
                    if part.filename.endswith((".xml", ".rels")) and b"<!" in content.read(1024).partition(b"<!--")[0]:
                        raise DataError(f"{name}: {part.filename} in it declares a document type; no workbook does")
    except DataError:  # a ValueError, too
        raise
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        NotImplementedError,
        RuntimeError,
        ValueError,
        OSError,
    ) as problem:
        raise DataError(f"{name}: this zip file or Excel workbook is damaged: {problem}") from None


# Values


def is_filled(value: Value) -> bool:
    """Whether a cell has a value."""
    return value is not None and value != ""


def find_type(values: Values) -> ColumnType:
    """The type of a column's cells; dates among others are dates, whose others are named; a mixture is texts."""
    kinds = {find_kind(value) for value in values if is_filled(value)}
    if kinds in ({"number"}, {"boolean"}, {"date"}):
        return ColumnType(kinds.pop())
    if "date" in kinds:
        others = [(row, value) for row, value in enumerate(values) if is_filled(value) and find_kind(value) != "date"]
        return ColumnType("date", {write_value(value): row for row, value in reversed(others)})
    return TEXT


def find_kind(value: Value) -> str:
    """The kind of a value: boolean, number, date, or category (texts, clock times, lengths of time)."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "date" if isinstance(value, date) else "category"


def write_value(value: Value) -> str:
    """The text of a value; that of numbers has a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return format_double(float(value))
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(value, timedelta):
        hours, rest = divmod(round(value.total_seconds()), 3600)
        return f"{hours}:{rest // 60:02}:{rest % 60:02}"
    return value.isoformat() if isinstance(value, date | time) else str(value)


def write_column_letters(place: int) -> str:
    """The letters that spreadsheets give a column.

    >>> [write_column_letters(place) for place in (0, 25, 26, 702)]
    ['A', 'Z', 'AA', 'AAA']
    """
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
