"""Delimited text (CSV, TSV …) to columns of texts, block by block; messages name file, line and column.

The standard library's `csv` reads, in strict mode; ours are the checks around it and the words. A block without a
quote is divided at its delimiters, which is what `csv` would do, at half the cost.
"""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, islice
from typing import Any, NoReturn, TextIO

from mlptrain.data import stray_quotes, text_faults, text_lines
from mlptrain.data.coding import NulByte
from mlptrain.data.column_names import name_saved_index
from mlptrain.data.column_types import ColumnType
from mlptrain.data.files import GZIP_FAULTS, Opener, SameFile
from mlptrain.data.grammar import is_number
from mlptrain.data.left_out_lines import LeftOutLines
from mlptrain.data.table_format import DELIMITERS, TableFormat, is_known_encoding
from mlptrain.errors import DataError

FIELD_LIMIT, ROWS_AT_ONCE = 1 << 20, 4096
CHARACTERS_AT_ONCE = 1 << 18  # whose cells stay in the outer cache
CHARACTERS_OF_A_COLUMN, CHARACTERS_AT_MOST = 1 << 12, 1 << 23  # of wide tables some hundred rows at a time
TITLES, FOOTER_LINES = 20, 5
"""Lines among which titles above the table are looked for; lines behind it that are taken for its footer, at most."""
NO_CAUSE = " (if the table begins further down, set data.skip_rows)"

Record = list[str]
Columns = Sequence[Sequence[str]]


class Reader:
    """Columns of delimited text, with the checks that `csv` leaves out; a fault is located in a second, slow pass."""

    remarks: Sequence[str] = ()
    which_sheet = ""

    def __init__(self, open_bytes: Opener, name: str, layout: TableFormat, known: Collection[str] = ()) -> None:
        self.open_bytes, self.name, self.layout = open_bytes, name, layout
        self.known = {*known, *layout.column_names}
        self.inner_blank_lines = self.empty_rows_at_end = 0
        self.left_out = LeftOutLines()
        self.unit, self.delimiter = ":", layout.delimiter or ","
        self.width = 0
        self.place_of_names, self.first_line = f"{name}:1", 0  # until they are read; the lines before the rows
        self._blank, self.has_lone_quotes = 0, False
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
                after = f" after {skip} skipped lines" if skip else ""
                raise DataError(f"{self.name}:1: the file is empty{after}; name one with a line of names and rows")
            if other := next((kind for form, kind in text_faults.OTHER_TEXT if form.match(first)), None):
                raise DataError(f"{self.name}:{skipped + blank + 1}: this is {other}, not a table; save it as CSV")
            if mark := text_lines.read_separator_line(first):
                raise DataError(text_faults.describe_separator_line(self.name, skipped + blank + 1, first, mark))
            if self.layout.delimiter is None and text_lines.QUOTED_NAMES.fullmatch(first):
                raise DataError(f"{self.name}:{skipped + blank + 1}: {text_faults.BLANK_DELIMITER}")
            self.check_quotes(first)
            if self.layout.delimiter is None and "\t" in first and "," not in first:
                self.delimiter = "\t"
            records = self.records(self.without_nul(chain([first], lines), skipped + blank))
            record, lines_of_names = next(records), records.line_num
            self.left_out = LeftOutLines(after_names=sum(1 for _ in islice(lines, self.layout.skip_after_names)))
            if self.layout.has_header:
                named = name_saved_index(record, records)
                if len(named) > len(record):
                    self.remarks = [f"{self.name}: {text_faults.ROW_NAMES}"]
                record = named
        self.width = len(record)
        self.place_of_names, self.first_line = f"{self.name}:{skipped + blank + 1}", skipped + blank
        if not self.layout.has_header:
            return [f"column_{position}" for position in range(1, len(record) + 1)]
        self.first_line += lines_of_names
        self.check_names(record, self.place_of_names)
        self.first_line += self.layout.skip_after_names
        return record

    def types(self) -> dict[str, ColumnType]:
        """The types of columns: a text file has none."""
        return {}

    def without_nul(self, lines: Iterable[str], before: int = 0) -> Iterator[str]:
        """The lines; `csv` would let NUL bytes pass."""
        for number, line in enumerate(lines, before + 1):
            if "\0" in line:
                raise DataError(
                    text_faults.describe_nul(self.open_bytes, f"{self.name}:{number}", line, self.layout.encoding)
                )
            yield line

    def check_names(self, names: Record, place: str) -> None:
        positions: dict[str, int] = {}
        for position, column in enumerate(names, 1):
            if not column.strip():
                hint = self.suggest_table_start() or "; name it (is it an index column?)"
                raise DataError(f"{place}: column {position} has no name{hint}")
            if column in positions:
                both = f"columns {positions[column]} and {position}"
                hint = self.suggest_table_start() or "; rename one of them"
                raise DataError(f"{place}: column {column!r} is named twice ({both}){hint}")
            positions[column] = position
        other = next((mark for mark in DELIMITERS if len(names) == 1 and mark in names[0]), None)
        if other and self.layout.delimiter is None:
            hint = f"if another character divides the columns, set data.delimiter: {DELIMITERS[other]}"
            raise DataError(f"{place}: there is one column only, {names[0]!r}; {hint}")
        if self.layout.header is None and all(map(is_number, names)) and self.known.isdisjoint(names):
            either = "set data.header: false if it is a row, or data.header: true if these are the names"
            skip = f"; if it is neither, data.header: false and data.skip_rows: {self.layout.skip_rows + 1}"
            raise DataError(f"{place}: the first line looks like data, not names; {either}{skip}")

    def suggest_table_start(self) -> str:
        """A hint at titles above the names; empty if no line below is fuller than the first one."""
        with suppress(csv.Error, UnicodeError, *GZIP_FAULTS), self.text() as stream:
            records = self.records(islice(stream, self.layout.skip_rows, None))
            most, first = 0, 0
            for record in islice(records, TITLES):
                full = len(record) if all(map(str.strip, record)) and not any(map(is_number, record)) else 0
                if full > 1 and full >= self.width and most:
                    begin = self.layout.skip_rows + records.line_num
                    cure = f"if the table begins on line {begin}, set data.skip_rows: {begin - 1}"
                    return f"; line {first} looks like a title: {cure}"
                first = first or self.layout.skip_rows + records.line_num * bool(record)
                most = most or len(record)
        return ""

    def rows_stream(self, stream: TextIO) -> TextIO:
        """The stream, behind the header."""
        for _ in range(self.first_line):
            stream.readline()
        return stream

    def blocks(self, unread: Collection[str] = ()) -> Iterator[Columns]:  # noqa: ARG002  (the text is read as a whole)
        """Blocks of columns, without blank lines."""
        self.inner_blank_lines = self.empty_rows_at_end = self._blank = 0
        by_csv = self.layout.skip_initial_space or self.layout.skip_footer
        with self.faults(), self.text() as stream:
            texts = self.read_texts(self.rows_stream(stream))
            for text in texts:
                columns = None if by_csv else self.divide_text(text)
                if columns is None:
                    yield from self.csv_blocks(self.lines_of_rows(chain([text], texts)))
                elif columns:
                    yield columns

    def read_texts(self, stream: TextIO) -> Iterator[str]:
        """The rest of a stream in pieces of whole lines."""
        at_once = max(CHARACTERS_AT_ONCE, min(CHARACTERS_OF_A_COLUMN * self.width, CHARACTERS_AT_MOST))
        while text := stream.read(at_once):
            yield text + stream.readline()

    def lines_of_rows(self, texts: Iterable[str]) -> Iterator[str]:
        """The lines of texts but for those at the end that are no rows; a doubtful quote is an error."""
        lines = chain.from_iterable(io.StringIO(self.check_quotes(text), newline="") for text in texts)
        if self.layout.skip_footer:
            count = self.layout.skip_footer
            held = yield from text_lines.drop_last_lines(lines, count, self.delimiter, self.first_line)
            self.left_out = self.left_out.end_with(held)
        else:
            yield from lines

    def check_quotes(self, text: str) -> str:
        """The text; an error if a quote within a field hides a delimiter."""
        self.has_lone_quotes |= text_lines.may_have_lone_quote(text, self.delimiter)
        if stray_quotes.may_have_stray_quote(text, self.delimiter):
            for line in io.StringIO(text, newline=""):
                if self.find_stray_quote(line) is not None:
                    raise DataError(self.stray_quote())
        return text

    def find_stray_quote(self, line: str) -> int | None:
        return text_lines.find_stray_quote(line, self.delimiter, spaces=self.layout.skip_initial_space)

    def stray_quote(self) -> str:
        """The message for the first quote within a field that hides a delimiter."""
        with self.text() as stream:
            for number, line in enumerate(islice(stream, self.layout.skip_rows, None), self.layout.skip_rows + 1):
                if (place := self.find_stray_quote(line)) is not None:
                    return f"{self.name}:{number}: {text_faults.describe_stray_quote(line, place)}"
        return f"{self.name}: the file has changed while it was read; try again"

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
            text = "\n".join(self.without_blanks(text.split("\n"), self.line_has_cells if self.width > 1 else bool))
            columns = self.aligned(text) if text else []
            if columns is None:
                self.refuse_ragged_rows()
        else:
            self.count_inner_blanks()
        return columns

    def aligned(self, text: str) -> Columns | None:
        """The columns of lines without quotes; None if there are not `width` fields in each line.

        Cut at the delimiters, with one before each line's end, the text gives a line's end before each line's first
        cell; it is aligned if that is every `width`-th cell.
        """
        if self.width == 1:
            return [text.split("\n")] if self.delimiter not in text else None
        if self.has_empty_rows(text):
            return None
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
            text_lines.strip_leading_line_ends(cells[:: self.width]),
            *(cells[column :: self.width] for column in range(1, self.width)),
        ]

    def csv_blocks(self, lines: Iterable[str]) -> Iterator[Columns]:
        """Blocks of columns as `csv` reads them."""
        records = self.records(lines)
        empty = [""] * self.width
        while block := list(islice(records, ROWS_AT_ONCE)):
            whole = {self.width}.issuperset(map(len, block))
            if self.has_lone_quotes and any(text_lines.swallows_rows(record, self.delimiter) for record in block):
                self.remarks = self.remarks or [self.describe_swallowed_rows()]
            if self.width == 1:
                block = block if whole else [record or [""] for record in block]
            elif not whole or empty in block:
                block = self.without_blanks(block, any)
            else:
                self.count_inner_blanks()
            if not (whole or {self.width}.issuperset(map(len, block))):
                self.refuse_ragged_rows()
            if block:
                yield list(zip(*block, strict=True))

    def describe_swallowed_rows(self) -> str:
        """The notice of the first record that holds others between two quotes, unless these are meant."""
        line = next(line for record, line in self.locate_lines() if text_lines.swallows_rows(record, self.delimiter))
        return f"{self.name}:{line}: {text_faults.LONE_QUOTE}"

    def without_blanks(self, block: list[Any], has_cells: Callable[[Any], bool]) -> list[Any]:
        """The block without blank lines and rows without a cell; those at its end count once another row follows."""
        kept = []
        for record in block:
            if has_cells(record):
                self.count_inner_blanks()
                kept.append(record)
            else:
                self._blank += 1
                self.empty_rows_at_end += bool(record)
        return kept

    def count_inner_blanks(self) -> None:
        """Count the blank lines so far as such between rows: another row follows."""
        if self._blank:
            self.inner_blank_lines, self._blank, self.empty_rows_at_end = self.inner_blank_lines + self._blank, 0, 0

    def has_empty_rows(self, text: str) -> bool:
        """Whether a line has delimiters only, as many as a row has."""
        empty = self.delimiter * (self.width - 1)
        return f"\n{empty}\n" in text or text.startswith(f"{empty}\n") or text.endswith(f"\n{empty}") or text == empty

    def line_has_cells(self, line: str) -> bool:
        return bool(line.strip(self.delimiter))

    def refuse_ragged_rows(self) -> NoReturn:
        """Raise for the first record that has too few or too many fields."""
        for position, (record, line) in enumerate(self.locate_records()):
            if len(record) != self.width:
                fields = f"{len(record)} field{'s' * (len(record) != 1)}, {self.width} expected"
                hint = self.suggest_ragged_cause(len(record)) if position == 0 or self.width == 1 else ""
                footer = "" if hint else self.suggest_footer(line)
                raise DataError(f"{self.name}:{line}: {fields}{hint}; mend the line{footer}")
        raise DataError(f"{self.name}: the file has changed while it was read; try again")

    def suggest_ragged_cause(self, fields: int) -> str:
        """The likely cause if the very first row does not fit the names."""
        if fields == self.width + 1 and all(len(record) == fields for record, _ in self.locate_records()):
            return " in every row (an index column without a name, or a delimiter at the end of the lines?)"
        return self.suggest_table_start() or NO_CAUSE

    def suggest_footer(self, line: int) -> str:
        """A hint at lines behind the table; empty if rows follow after a line that is none."""
        try:
            wrong = [len(record) != self.width for record, place in self.locate_records() if place >= line]
        except DataError:
            return ""
        if not all(wrong) or len(wrong) > FOOTER_LINES:
            return ""
        return f", or set data.skip_footer: {len(wrong)} if the table ends above it"

    def locate_records(self) -> Iterator[tuple[Record, int]]:
        """The records of the rows, each with the file line it begins on."""
        lines = self.locate_lines()
        return ((record or [""], line) for record, line in lines if self.width == 1 or any(record))

    def locate_lines(self) -> Iterator[tuple[Record, int]]:
        """All records behind the names, also those without a cell, each with the file line it begins on."""
        with self.faults(), self.text() as stream:
            records, line = (
                self.records(self.lines_of_rows(self.read_texts(self.rows_stream(stream)))),
                self.first_line + 1,
            )
            for record in records:
                yield record, line
                line = self.first_line + records.line_num + 1

    def find_blank_line(self) -> int:
        """The first line without a cell behind the names; 0 if there is none."""
        return next((line for record, line in self.locate_lines() if not any(record)), 0)

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
            said = next((words for part, words in text_faults.CSV_WORDS.items() if part in str(problem)), str(problem))
            where = self.large_field() if "field limit" in str(problem) else ""
            line = text_faults.find_broken_line(self.text, self.records, self.layout.skip_rows)
            raise DataError(f"{self.name}:{line}: {where}{said}") from None
        except NulByte:
            raise DataError(self.nul_byte()) from None
        except UnicodeError:
            raise DataError(
                text_faults.describe_undecodable(self.open_bytes, self.name, self.layout, self.delimiter)
            ) from None
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
