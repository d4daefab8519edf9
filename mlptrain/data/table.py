"""Text to columns of text, and back. Cells stay text until a column's kind is known; messages name line and column.

The standard library's `csv` reads, in strict mode; ours are the checks around it and the words.
"""

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import chain, islice
from typing import Annotated, Any, NoReturn, TextIO

from annotated_types import Len

from mlptrain.data.files import GZIP_FAULTS, Opener, opener
from mlptrain.data.grammar import is_number
from mlptrain.errors import DataError

FIELD_LIMIT = 1 << 20
ROWS_AT_ONCE = 4096
DELIMITERS = {"\t": r'"\t"', ";": '";"', "|": '"|"'}
"""Other delimiters than the comma, as YAML writes them."""

Record = list[str]


@dataclass(frozen=True, kw_only=True)
class TableFormat:
    """How the text of a table is written."""

    delimiter: Annotated[str, Len(1, 1)] | None = None
    """One character; by default a comma, or a tab where the first line has tabs and no commas."""
    encoding: str = "utf-8"
    """The text's encoding, by Python's names (utf-8, cp1252, latin-1 …)."""
    header: bool = True
    """Whether the first line names the columns; without it they are column_1, column_2, …"""
    skip_initial_space: bool = False
    """Whether blanks after a delimiter are dropped."""
    replace: Mapping[str, str] = field(default_factory=dict)
    """Cells to be read as another text, in every column: {"<=50K.": "<=50K"}."""


@dataclass(frozen=True)
class Table:
    """Columns of text, all of one length, in the order of the file; `line_of(row)` is the file line a row begins on."""

    name: str
    columns: dict[str, list[str]]
    rows: int
    line_of: Callable[[int], int]
    inner_blank_lines: int = 0

    def column(self, name: str) -> list[str]:
        """The cells of one column; an error names the nearest one where it is missing."""
        if name not in self.columns:
            raise DataError(self.missing([name]))
        return self.columns[name]

    def missing(self, names: Sequence[str]) -> str:
        """The message that columns are missing."""
        what = f"column {names[0]!r} is" if len(names) == 1 else f"columns {listed(names)} are"
        close = [match for name in names for match in near(name, self.columns)]
        hint = f"; did you mean {listed(close)}?" if close else f"; the columns are {listed(self.columns)}"
        return f"{self.name}:1: {what} missing{hint}"

    def fault(self, row: int, column: str, why: str) -> DataError:
        """The error that a cell is wrong, at its line and column."""
        return DataError(f'{self.name}:{self.line_of(row)}: column "{column}": {why}')

    def take(self, rows: Iterable[int]) -> "Table":
        """A table of some rows."""
        chosen = list(rows)
        columns = {name: [cells[row] for row in chosen] for name, cells in self.columns.items()}
        return Table(self.name, columns, len(chosen), lambda row: self.line_of(chosen[row]))


def near(name: str, names: Iterable[str]) -> list[str]:
    """The name that differs only by case or blanks, else the closest one, if any."""
    same = [other for other in names if other.strip().lower() == name.strip().lower()]
    return same[:1] or get_close_matches(name, list(names), n=1, cutoff=0.7)


def listed(names: Iterable[str], most: int = 20) -> str:
    """Names for a message: quoted, the first 20 of them."""
    shown = list(names)
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(repr(name) for name in shown[:most]) + more


def from_columns(columns: Mapping[str, Iterable[Any]], name: str = "table") -> Table:
    """A table of values that are in memory already; None, NaN and pandas' NA are missing."""
    cells = {str(key): ["" if is_missing(value) else str(value) for value in columns[key]] for key in columns}
    lengths = {len(column) for column in cells.values()}
    if len(lengths) > 1:
        raise DataError(f"{name}: columns of different lengths: {sorted(lengths)}")
    return Table(name, cells, lengths.pop() if lengths else 0, lambda row: row + 1)


def is_missing(value: Any) -> bool:
    return value is None or type(value).__name__ == "NAType" or value != value


def known_encoding(name: str) -> bool:
    """Whether Python knows a text encoding of this name."""
    try:
        "".encode(name)
    except (LookupError, ValueError):
        return False
    return True


def read_table(path: str, layout: TableFormat) -> Table:
    """The table in a file of delimited text, gzip or not ("-": standard input)."""
    name = "standard input" if path == "-" else path
    return read_stream(opener(path), name, layout)


def read_stream(open_bytes: Opener, name: str, layout: TableFormat) -> Table:
    """The table in the bytes that `open_bytes()` gives."""
    reader = Reader(open_bytes, name, layout)
    header = reader.header()
    columns: dict[str, list[str]] = {column: [] for column in header}
    for block in reader.blocks(len(header)):
        for cells, texts in zip(columns.values(), zip(*block, strict=True), strict=True):
            cells.extend(texts)
    if layout.replace:
        for column, cells in columns.items():
            columns[column] = [layout.replace.get(cell, cell) for cell in cells]
    rows = len(next(iter(columns.values())))
    return Table(name, columns, rows, reader.line_of, reader.inner_blank_lines)


class Reader:
    """Records of delimited text, with the checks that `csv` leaves out; a fault is located in a second, slow pass."""

    def __init__(self, open_bytes: Opener, name: str, layout: TableFormat) -> None:
        self.open_bytes, self.name, self.layout = open_bytes, name, layout
        self.inner_blank_lines = 0
        self._delimiter = layout.delimiter or ","
        self._width = 0
        if not known_encoding(layout.encoding):
            raise DataError(f"{name}: unknown encoding: {layout.encoding!r}; see data.encoding")
        csv.field_size_limit(FIELD_LIMIT)

    def text(self) -> TextIO:
        encoding = "utf-8-sig" if self.layout.encoding.lower() in ("utf-8", "utf8") else self.layout.encoding
        return io.TextIOWrapper(self.open_bytes(), encoding=encoding, newline="")

    def records(self, stream: TextIO) -> Any:
        space = self.layout.skip_initial_space
        return csv.reader(self.lines(stream), delimiter=self._delimiter, strict=True, skipinitialspace=space)

    def lines(self, stream: TextIO) -> Iterator[str]:
        """The lines, with their ends; `csv` would let NUL bytes pass."""
        for number, line in enumerate(stream, 1):
            if "\0" in line:
                raise DataError(f"{self.name}:{number}: a NUL byte; is this CSV, and not UTF-16? Save it as UTF-8")
            yield line

    def header(self) -> Record:
        """The names of the columns."""
        with self.faults(), self.text() as stream:
            first = next((line for line in self.lines(stream) if line.strip("\r\n")), "")
            if self.layout.delimiter is None and "\t" in first and "," not in first:
                self._delimiter = "\t"
            stream.seek(0)
            record, line = next((found for found in self.located(stream) if found[0]), ([], 1))
        if not record:
            raise DataError(f"{self.name}:1: the file is empty")
        self._width = len(record)
        if not self.layout.header:
            return [f"column_{position}" for position in range(1, len(record) + 1)]
        self.check_names(record, f"{self.name}:{line}")
        return record

    def check_names(self, names: Record, place: str) -> None:
        positions: dict[str, int] = {}
        for position, column in enumerate(names, 1):
            if not column.strip():
                raise DataError(f"{place}: column {position} has no name; name it (is it an index column?)")
            if column in positions:
                both = f"columns {positions[column]} and {position}"
                raise DataError(f"{place}: column {column!r} is named twice ({both}); rename one of them")
            positions[column] = position
        other = next((mark for mark in DELIMITERS if len(names) == 1 and mark in names[0]), None)
        if other and self.layout.delimiter is None:
            hint = f"if another character divides the columns, set data.delimiter: {DELIMITERS[other]}"
            raise DataError(f"{place}: there is one column only, {names[0]!r}; {hint}")
        if all(is_number(column) for column in names):
            raise DataError(f"{place}: the first line looks like data, not names; set data.header: false")

    def blocks(self, width: int) -> Iterator[list[Record]]:
        """Blocks of records of `width` fields, without blank lines."""
        with self.faults(), self.text() as stream:
            records = self.records(stream)
            if self.layout.header:
                next(record for record in records if record)
            trailing = 0
            while block := list(islice(records, ROWS_AT_ONCE)):
                if [] in block:
                    block, trailing = self.without_blanks(block, width, trailing)
                elif trailing:
                    self.inner_blank_lines, trailing = self.inner_blank_lines + trailing, 0
                if not {width}.issuperset(map(len, block)):
                    self.ragged(width)
                if block:
                    yield block

    def without_blanks(self, block: list[Record], width: int, trailing: int) -> tuple[list[Record], int]:
        """The block without blank lines, and the blank lines at its end; a blank line of one column is a cell."""
        if width == 1:
            return [record or [""] for record in block], 0
        kept = []
        for record in block:
            if record:
                self.inner_blank_lines, trailing = self.inner_blank_lines + trailing, 0
                kept.append(record)
            else:
                trailing += 1
        return kept, trailing

    def ragged(self, width: int) -> NoReturn:
        """Raise for the first record that does not have `width` fields."""
        with self.text() as stream:
            for record, line in self.located(stream):
                if record and len(record) != width:
                    hint = (
                        " (an index column without a name, or a delimiter at the end?)" if len(record) > width else ""
                    )
                    raise DataError(f"{self.name}:{line}: {len(record)} fields, {width} expected{hint}; mend the line")
        raise DataError(f"{self.name}: the file has changed while it was read; try again")

    def located(self, stream: TextIO) -> Iterator[tuple[Record, int]]:
        """Records, each with the file line it begins on."""
        records, line = self.records(stream), 1
        for record in records:
            yield record, line
            line = records.line_num + 1

    def line_of(self, row: int) -> int:
        """The file line that a row of the table begins on."""
        with self.text() as stream:
            located = self.located(stream)
            if self.layout.header:
                next(found for found in located if found[0])
            lines = (line for record, line in located if record or self._width == 1)
            return next(islice(lines, row, None))

    def faults(self) -> "Faults":
        return Faults(self)


@dataclass
class Faults:
    """Turns what the readers below raise into errors that name the line."""

    reader: Reader

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: object) -> None:
        name = self.reader.name
        if isinstance(problem, csv.Error):
            said = next((words for part, words in CSV_WORDS.items() if part in str(problem)), str(problem))
            raise DataError(f"{name}:{self.broken_line()}: {said}") from None
        if isinstance(problem, UnicodeError):
            raise DataError(self.undecodable()) from None
        if isinstance(problem, GZIP_FAULTS):
            raise DataError(f"{name}: the gzip data is damaged: {problem}; fetch or make the file again") from None

    def broken_line(self) -> int:
        """The line on which the record begins that cannot be read."""
        line = 1
        with self.reader.text() as stream:
            records = self.reader.records(stream)
            try:
                for _ in records:
                    line = records.line_num + 1
            except csv.Error:
                return line
        return line

    def undecodable(self) -> str:
        """The message for the first line whose bytes are not of the encoding."""
        name, encoding = self.reader.name, self.reader.layout.encoding
        hint = "save the file as UTF-8 or set data.encoding (cp1252 and latin-1 are common)"
        with self.reader.open_bytes() as stream:
            bytewise = "\n".encode(encoding) == b"\n"
            for number, raw in enumerate(stream if bytewise else (), 1):
                if number == 1 and raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                    return f"{name}:1: this is UTF-16 text; save it as UTF-8 or set data.encoding: utf-16"
                if fault := undecodable_byte(raw, encoding):
                    return f"{name}:{number}: {fault} is not {encoding}; {hint}"
        return f"{name}: the bytes are not {encoding}; {hint}"


def undecodable_byte(line: bytes, encoding: str) -> str:
    """The first byte of a line that is not of the encoding; empty where there is none, or it cannot be told."""
    try:
        line.decode(encoding)
    except UnicodeDecodeError as problem:
        return f"byte {problem.start + 1} (0x{line[problem.start]:02x})"
    except UnicodeError:
        pass
    return ""


CSV_WORDS = {
    "unexpected end of data": "a quote is opened here and never closed; close it",
    "expected after": "text follows a closing quote; double the quotes inside a quoted field, or remove them",
    "field larger than field limit": "a field is larger than 1 MiB; is a quote not closed?",
}


def write_table(columns: Mapping[str, Sequence[str]], stream: TextIO) -> None:
    """Write columns of text as CSV, names first."""
    # Before Python 3.13, `csv` leaves a carriage return unquoted that is no part of the line's end.
    returns = "\r" in "".join(chain(columns, *columns.values()))
    writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
