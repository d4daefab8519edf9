"""Delimited text (CSV, TSV …) to columns of texts, block by block; messages name file, line and column.

The standard library's `csv` reads, in strict mode; ours are the checks around it and the words. A block without a
quote is divided at its delimiters, which is what `csv` would do, at half the cost.
"""

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Annotated, Any, NoReturn, TextIO

from annotated_types import Ge, Le, Len

from mlptrain.data.coding import NulByte
from mlptrain.data.column_types import ColumnType
from mlptrain.data.files import GZIP_FAULTS, Opener, SameFile
from mlptrain.data.grammar import DecimalPoint, NumberGrammar, ThousandsMark, is_number
from mlptrain.errors import DataError

FIELD_LIMIT = 1 << 20
ROWS_AT_ONCE = 4096
CHARACTERS_AT_ONCE = 1 << 18  # whose cells stay in the outer cache
CHARACTERS_OF_A_COLUMN, CHARACTERS_AT_MOST = 1 << 12, 1 << 23  # of wide tables some hundred rows at a time
DELIMITERS = {"\t": r'"\t"', ";": '";"', "|": '"|"'}
"""Other delimiters than the comma, as YAML writes them."""

Record = list[str]
Columns = Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class TableFormat:
    """How the text of a table is written."""

    delimiter: Annotated[str, Len(1, 1)] | None = None
    """One character; by default a comma, or a tab where the first line has tabs and no commas."""
    encoding: str = "utf-8"
    """The text's encoding, by Python's names (utf-8, cp1252, latin-1 …)."""
    header: bool = True
    """The first line names the columns; without a header they are column_1, column_2, …"""
    skip_rows: Annotated[int, Ge(0), Le(10**6)] = 0
    """Lines to skip before the header (or the first row)."""
    skip_initial_space: bool = False
    """Drop blanks after a delimiter."""
    decimal: DecimalPoint = "."
    """The decimal point of numbers."""
    thousands: ThousandsMark = ""
    """The mark between groups of digits, as in 1,234,567; " " stands for blanks of every kind (also no-break and thin
    ones), "'" for a typographic apostrophe, too."""
    loose_signs: bool = False
    """Read as numbers, too: a dash or U+2212 for the minus, 12- and (12) for -12, full-width figures, an apostrophe
    before a number."""
    units: tuple[str, ...] = ()
    """Texts that may stand before or after a number and are dropped: ["%", "€", "EUR"]; 12.3% is 12.3."""
    replace: Mapping[str, str] = field(default_factory=dict)
    """Cells to be read as another text, in every column: {"<=50K.": "<=50K"}."""

    @property
    def grammar(self) -> NumberGrammar:
        return NumberGrammar(self.decimal, self.thousands, loose_signs=self.loose_signs, units=self.units)


def is_known_encoding(name: str) -> bool:
    """Whether Python knows a text encoding of this name."""
    try:
        "".encode(name)
        return codecs.lookup(name).name not in NO_TEXT
    except (LookupError, ValueError):
        return False


NO_TEXT = frozenset(["utf-7", "unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined"])
"""Encodings of names and of source code, and those in which halves of characters can be written."""


class Reader:
    """Columns of delimited text, with the checks that `csv` leaves out; a fault is located in a second, slow pass."""

    def __init__(self, open_bytes: Opener, name: str, layout: TableFormat) -> None:
        self.open_bytes, self.name, self.layout = open_bytes, name, layout
        self.inner_blank_lines = 0
        self.unit = ":"
        self.delimiter = layout.delimiter or ","
        self.width = 0
        self.first_line = 0  # lines before the first row
        self._blank = 0
        if not is_known_encoding(layout.encoding):
            raise DataError(f"{name}: unknown encoding: {layout.encoding!r}; see data.encoding")
        csv.field_size_limit(FIELD_LIMIT)

    def text(self) -> TextIO:
        encoding = "utf-8-sig" if self.layout.encoding.lower() in ("utf-8", "utf8") else self.layout.encoding
        return io.TextIOWrapper(self.open_bytes(), encoding=encoding, newline="")

    def records(self, lines: Iterable[str]) -> Any:
        space = self.layout.skip_initial_space
        return csv.reader(lines, delimiter=self.delimiter, strict=True, skipinitialspace=space)

    def check_unchanged(self) -> None:
        """An error if the file has changed since it was first opened."""
        if isinstance(self.open_bytes, SameFile):
            self.open_bytes.check()

    def header(self) -> Record:
        """The names of the columns."""
        with self.faults(), self.text() as stream:
            skip = self.layout.skip_rows
            skipped = sum(1 for _ in islice(stream, skip))
            lines = iter(stream)
            blank = 0
            first = ""
            for first in lines:
                if first.strip("\r\n"):
                    break
                blank += 1
            if not first.strip("\r\n"):
                raise DataError(f"{self.name}:1: the file is empty" + (f" after {skip} skipped lines" if skip else ""))
            if other := next((kind for form, kind in OTHER_TEXT if form.match(first)), None):
                raise DataError(f"{self.name}:{skipped + blank + 1}: this is {other}, not a table; save it as CSV")
            if self.layout.delimiter is None and "\t" in first and "," not in first:
                self.delimiter = "\t"
            records = self.records(self.without_nul(chain([first], lines), skipped + blank))
            record = next(records)
        place = f"{self.name}:{skipped + blank + 1}"
        self.width = len(record)
        self.first_line = skipped + blank
        if not self.layout.header:
            return [f"column_{position}" for position in range(1, len(record) + 1)]
        self.first_line += records.line_num
        self.check_names(record, place)
        return record

    def types(self) -> dict[str, ColumnType]:
        """The types of columns: a text file has none."""
        return {}

    def without_nul(self, lines: Iterable[str], before: int = 0) -> Iterator[str]:
        """The lines; `csv` would let NUL bytes pass."""
        for number, line in enumerate(lines, before + 1):
            if "\0" in line:
                place = len(line[: line.index("\0")].encode(self.layout.encoding, "replace")) + 1
                cure = "is this CSV, and not UTF-16? Save it as UTF-8"
                raise DataError(f"{self.name}:{number}: a NUL byte, byte {place} of the line; {cure}")
            yield line

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

    def rows_stream(self, stream: TextIO) -> TextIO:
        """The stream, behind the header."""
        for _ in range(self.first_line):
            stream.readline()
        return stream

    def blocks(self, unread: Collection[str] = ()) -> Iterator[Columns]:  # noqa: ARG002  (the text is read as a whole)
        """Blocks of columns, without blank lines."""
        self.inner_blank_lines = self._blank = 0
        with self.faults(), self.text() as stream:
            self.rows_stream(stream)
            at_once = max(CHARACTERS_AT_ONCE, min(CHARACTERS_OF_A_COLUMN * self.width, CHARACTERS_AT_MOST))
            while text := stream.read(at_once):
                text += stream.readline()
                columns = None if self.layout.skip_initial_space else self.divide_text(text)
                if columns is None:
                    yield from self.csv_blocks(chain(io.StringIO(text, newline=""), stream))
                elif columns:
                    yield columns

    def divide_text(self, text: str) -> Columns | None:
        """The columns of whole lines; None if only `csv` can read them."""
        if '"' in text:
            return None
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = text.removesuffix("\n")
        if len(text) - text.rfind("\n") - 1 > FIELD_LIMIT:  # only the last line can be longer than what is read at once
            return None
        columns = self.aligned(text)
        if columns is None:
            text = "\n".join(self.without_blanks(text.split("\n")))
            columns = self.aligned(text) if text else []
            if columns is None:
                self.refuse_ragged_rows()
        elif self._blank:
            self.inner_blank_lines, self._blank = self.inner_blank_lines + self._blank, 0
        return columns

    def aligned(self, text: str) -> Columns | None:
        """The columns of lines without quotes; None if there are not `width` fields in each line.

        Cut at the delimiters, with one before each line's end, the text gives a line's end before each line's first
        cell; it is aligned if that is every `width`-th cell.
        """
        if self.width == 1:
            return [text.split("\n")] if self.delimiter not in text else None
        cells = text.replace("\n", self.delimiter + "\n").split(self.delimiter)
        lines, rest = divmod(len(cells), self.width)
        first = "".join(cells[:: self.width])
        if (
            rest
            or first.count("\n") != lines - 1
            or text.count("\n") != lines - 1
            or not all(cells[self.width :: self.width])
        ):
            return None
        return [
            strip_leading_line_ends(cells[:: self.width]),
            *(cells[column :: self.width] for column in range(1, self.width)),
        ]

    def csv_blocks(self, lines: Iterable[str]) -> Iterator[Columns]:
        """Blocks of columns as `csv` reads them."""
        records = self.records(lines)
        while block := list(islice(records, ROWS_AT_ONCE)):
            if [] in block:
                block = self.without_blanks(block) if self.width > 1 else [record or [""] for record in block]
            elif self._blank:
                self.inner_blank_lines, self._blank = self.inner_blank_lines + self._blank, 0
            if not {self.width}.issuperset(map(len, block)):
                self.refuse_ragged_rows()
            if block:
                yield list(zip(*block, strict=True))

    def without_blanks(self, block: list[Any]) -> list[Any]:
        """The block without blank lines; those at its end are counted once another row follows."""
        kept = []
        for record in block:
            if record:
                self.inner_blank_lines, self._blank = self.inner_blank_lines + self._blank, 0
                kept.append(record)
            else:
                self._blank += 1
        return kept

    def refuse_ragged_rows(self) -> NoReturn:
        """Raise for the first record that has too few or too many fields."""
        for position, (record, line) in enumerate(self.locate_records()):
            if len(record) != self.width:
                fields = f"{len(record)} field{'s' * (len(record) != 1)}, {self.width} expected"
                hint = self.suggest_ragged_cause(len(record)) if position == 0 or self.width == 1 else ""
                raise DataError(f"{self.name}:{line}: {fields}{hint}; mend the line")
        raise DataError(f"{self.name}: the file has changed while it was read; try again")

    def suggest_ragged_cause(self, fields: int) -> str:
        """The likely cause if the very first row does not fit the names."""
        if fields == self.width + 1 and all(len(record) == fields for record, _ in self.locate_records()):
            return " in every row (an index column without a name, or a delimiter at the end of the lines?)"
        return " (if the table begins further down, set data.skip_rows)"

    def locate_records(self) -> Iterator[tuple[Record, int]]:
        """The records of the rows, each with the file line it begins on."""
        with self.faults(), self.text() as stream:
            records, line = self.records(self.rows_stream(stream)), self.first_line + 1
            for record in records:
                if record or self.width == 1:
                    yield record or [""], line
                line = self.first_line + records.line_num + 1

    def lines_of(self, rows: Sequence[int]) -> list[int]:
        """The file lines that some rows (ascending) begin on."""
        wanted, last = set(rows), max(rows, default=-1)
        found = enumerate(line for _, line in self.locate_records())
        return [line for row, line in islice(found, last + 1) if row in wanted]

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Turn exceptions of `csv`, decoding and gzip into errors that name the line."""
        try:
            yield
        except csv.Error as problem:
            said = next((words for part, words in CSV_WORDS.items() if part in str(problem)), str(problem))
            where = self.large_field() if "field limit" in str(problem) else ""
            raise DataError(f"{self.name}:{self.broken_line()}: {where}{said}") from None
        except NulByte:
            raise DataError(self.nul_byte()) from None
        except UnicodeError:
            raise DataError(self.undecodable()) from None
        except GZIP_FAULTS as problem:
            cure = "fetch or make the file again"
            raise DataError(f"{self.name}: the gzip data is damaged: {problem}; {cure}") from None

    def nul_byte(self) -> str:
        """The message for the first NUL byte."""
        skip = self.layout.skip_rows
        with self.text() as stream:
            try:
                for _ in self.without_nul(islice(stream, skip, None), skip):
                    pass
            except DataError as problem:
                return str(problem)
        return f"{self.name}: the file has changed while it was read; try again"

    def large_field(self) -> str:
        """The column of the first field that is too large."""
        csv.field_size_limit(2**31 - 1)
        try:
            with self.text() as stream:
                for record in self.records(islice(stream, self.layout.skip_rows, None)):
                    large = [position for position, cell in enumerate(record, 1) if len(cell) > FIELD_LIMIT]
                    if large:
                        return f"column {large[0]}: "
        except csv.Error:  # a quote that is never closed
            pass
        finally:
            csv.field_size_limit(FIELD_LIMIT)
        return ""

    def broken_line(self) -> int:
        """The line on which the record begins that cannot be read."""
        with self.text() as stream:
            line = before = sum(1 for _ in islice(stream, self.layout.skip_rows)) + 1
            records = self.records(stream)
            try:
                for _ in records:
                    line = before + records.line_num
            except csv.Error:
                return line
        return line

    def undecodable(self) -> str:
        """The message for the first line whose bytes are not of the encoding."""
        name, encoding = self.name, self.layout.encoding
        hint = "save the file as UTF-8 or set data.encoding (cp1252 and latin-1 are common)"
        with self.open_bytes() as stream:
            bytewise = "\n".encode(encoding) == b"\n"
            for number, raw in enumerate(stream if bytewise else (), 1):
                wide = next((said for mark, said in WIDE.items() if number == 1 and raw.startswith(mark)), None)
                if wide:
                    return f"{name}:1: this is {wide} text; save it as UTF-8 or set data.encoding: {wide.lower()}"
                if fault := find_undecodable_byte(raw, encoding, self.delimiter):
                    return f"{name}:{number}: {fault} is not {encoding}; {hint}"
        return f"{name}: the bytes are not {encoding}; {hint}"


def strip_leading_line_ends(cells: Sequence[str]) -> list[str]:
    """The first cell of each line, without the line end that precedes it (the first cell has none)."""
    return [cells[0], *(cell[1:] for cell in cells[1:])]


def find_undecodable_byte(line: bytes, encoding: str, delimiter: str) -> str:
    """The first byte of a line that is not of the encoding; empty where there is none, or it cannot be told."""
    try:
        line.decode(encoding)
    except UnicodeDecodeError as problem:
        column = line[: problem.start].decode(encoding).count(delimiter) + 1
        return f"column {column}: byte {problem.start + 1} of the line (0x{line[problem.start]:02x})"
    except UnicodeError:
        pass
    return ""


WIDE = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""Byte order marks; that of UTF-32 begins with that of UTF-16."""
OTHER_TEXT = (
    (re.compile(r"\s*(\{\s*$|\{\s*\"|\[\s*$|\[\s*[\[{\"])"), "JSON"),
    (re.compile(r"\s*(@relation\b|%.*arff)", re.IGNORECASE), "an ARFF file"),
    (re.compile(r"\s*<(\?xml|!doctype|html)\b", re.IGNORECASE), "HTML or XML"),
)
"""How texts begin that are no tables."""
CSV_WORDS = {
    "unexpected end of data": "a quote is opened here and never closed; close it",
    "expected after": "text follows a closing quote; double the quotes inside a quoted field, or remove them",
    "field larger than field limit": "a field is larger than 1 MiB; is a quote not closed?",
}
