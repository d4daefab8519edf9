"""Guessing how delimited text is written from its bytes: for a first spec, or where a model's own way does not fit."""

import codecs
import csv
import io
from collections import Counter, deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TextIO

from mlptrain.data.blanks import strip_blanks
from mlptrain.data.column_names import name_saved_index
from mlptrain.data.delimited import FIELD_LIMIT
from mlptrain.data.files import GZIP_FAULTS, Opener, build_gzip_error, make_opener
from mlptrain.data.grammar import is_number
from mlptrain.data.table_format import TableFormat
from mlptrain.data.table_shape import (
    Record,
    Total,
    count_footer_rows,
    count_rows_after_names,
    find_names,
    is_figure,
    is_padded_title,
    read_figure,
)
from mlptrain.data.text_faults import find_unmarked_utf16
from mlptrain.data.text_lines import QUOTED_NAMES, has_text, read_separator_line

SAMPLE = 1 << 16
"""Bytes of the beginning from which delimiter and header are told."""
LINES = 1000
TAIL = 20
"""Lines of the end among which those behind the table are looked for."""
CANDIDATES = ",;\t|"
TITLES, FOOTERS = 20, 5
"""Lines above and behind a table, at most."""


@dataclass(frozen=True)
class Shape:
    """How the records of a text fit a delimiter: the names are record `start`, `end` lies behind the last full one."""

    delimiter: str
    records: Sequence[Record]
    lines: Sequence[int]
    """The lines before each record."""
    start: int
    end: int
    width: int

    @property
    def rank(self) -> tuple[float, ...]:
        """How well the delimiter fits; of several as good ones the comma comes last."""
        body = self.records[self.start : self.end]
        cells = [cell for record in body for cell in record]
        figures = sum(map(looks_like_number, cells)) / max(len(cells), 1)
        others = [mark for mark in CANDIDATES if mark not in (self.delimiter, ",")]
        mixed = sum(any(mark in cell for mark in others) for cell in cells) / max(len(cells), 1)
        return (
            self.width > 1,
            -(self.start > 0 or self.end < len(self.records)),
            figures > 0,
            figures - mixed,
            self.width,
        )


def sniff_format(
    path: str, names: Collection[str] = (), given: TableFormat | None = None, *, usual_footer: int = 0
) -> TableFormat:
    """The encoding of all bytes; delimiter, header, lines around the table and blanks after delimiters from some lines.

    A first line with a number in it is no header, unless one of `names`, which are known, is in it. What is `given`
    and differs from the defaults stands. Files of the same origin have `usual_footer` lines at the end that are none.
    """
    given, opened, plain = given or TableFormat(), make_opener(path), TableFormat()
    encoding = given.encoding if given.encoding != plain.encoding else sniff_encoding(path, opened)
    text = read_beginning(path, opened).decode(encoding, "replace").removeprefix("\ufeff")
    lines = list(io.StringIO(text, newline=""))
    whole = len(text) < SAMPLE // 4 and len(lines) < LINES
    if len(lines) > 1 and not whole:
        lines.pop()  # it may be cut
    mark = next((read_separator_line(line) for line in lines if line.strip("\r\n")), "")
    marked = next(number for number, line in enumerate(lines, 1) if line.strip("\r\n")) if mark else 0
    skipped = max(given.skip_rows, marked)
    blank = " " * any(QUOTED_NAMES.fullmatch(line) for line in islice(lines, skipped, skipped + 1))
    marks = given.delimiter or mark or blank + CANDIDATES
    known, fixed = set(names), bool(given.skip_rows)
    shapes = [shape for each in marks if (shape := find_shape(lines, skipped, each, known, fixed=fixed))]
    if not shapes:
        return TableFormat(encoding=encoding, delimiter=given.delimiter or mark or None, skip_rows=skipped)
    best = max(
        shapes, key=lambda shape: (not known.isdisjoint(shape.records[shape.start]), shape.rank, shape.delimiter != ",")
    )
    rest = None if whole else RestOfFile(path, opened, encoding, best)
    return describe_shape(best, encoding, known, rest, usual_footer=usual_footer)


@dataclass(frozen=True)
class RestOfFile:
    """What the first lines of a file do not show of a table: its last records, and the totals of its columns."""

    path: str
    opened: Opener
    encoding: str
    shape: Shape

    def read_last_records(self) -> list[Record]:
        """The last records of the file."""
        with self.open_text() as stream:
            lines = deque((line for line in stream if has_text(line, self.shape.delimiter)), TAIL)
        return parse_records(lines, 0, self.shape.delimiter)[0]

    def add_up(self, first: int, places: Sequence[int]) -> dict[int, Total]:
        """The totals of some columns from one of the first records on; none where the file cannot be divided."""
        sums, counts = [dict.fromkeys(places, each) for each in (0.0, 0)]
        with self.open_text() as stream, suppress(csv.Error):
            skipped = self.shape.lines[first]
            for record in csv.reader(islice(stream, skipped, None), delimiter=self.shape.delimiter, strict=True):
                for place in places if len(record) == self.shape.width else ():
                    if is_figure(record[place]):
                        sums[place] += read_figure(record[place])
                        counts[place] += 1
        return {place: Total(sums[place], int(counts[place])) for place in places}

    @contextmanager
    def open_text(self) -> Iterator[TextIO]:
        """The file as text; an error for damaged gzip data."""
        try:
            with io.TextIOWrapper(self.opened(), encoding=self.encoding, errors="replace", newline="") as stream:
                yield stream
        except GZIP_FAULTS as problem:
            raise build_gzip_error(self.path, problem) from None


def describe_shape(
    shape: Shape, encoding: str, names: Collection[str], rest: RestOfFile | None, *, usual_footer: int
) -> TableFormat:
    """The format of a text of this shape, which has a `rest` if the records of the shape are not all."""
    body = shape.records[shape.start : shape.end]
    spaces = bool(body) and all(cell.startswith(" ") for record in body for cell in record[1:])
    first = [cell.strip(" ") if spaces else cell for cell in body[0]]
    header = find_header(first, names)
    rows = body[1:] if header is not False else body
    after = count_rows_after_names(rows) if header is not False else 0
    footer = count_footer(shape, rows[after:], rest, usual_footer)
    return TableFormat(
        delimiter=None if shape.delimiter == "," else shape.delimiter,
        encoding=encoding,
        header=header,
        skip_rows=shape.lines[shape.start] if shape.start or shape.lines[0] else 0,
        skip_after_names=after,
        skip_footer=min(footer, FOOTERS),
        skip_initial_space=spaces and len(first) > 1,
    )


def count_footer(shape: Shape, rows: Sequence[Record], rest: RestOfFile | None, usual: int) -> int:
    """How many records at the end are no rows, where `rows` are the first ones of the table."""
    if rest is None:
        behind = shape.records[shape.end :]
        return count_footer_rows(rows, [*rows, *behind][-TAIL:], shape.width, usual=usual)
    begin = shape.end - len(rows)
    add_up = partial(rest.add_up, begin) if rows else None
    return count_footer_rows(rows, rest.read_last_records(), shape.width, add_up=add_up, usual=usual)


def find_shape(
    lines: Sequence[str], skipped: int, delimiter: str, names: Collection[str], *, fixed: bool
) -> Shape | None:
    """The table in lines divided by a delimiter: the names behind titles, unless `fixed`, and what is behind it."""
    records, places = parse_records(lines, skipped, delimiter)
    if not records:
        return None
    width = find_common_width(records)
    records[0] = name_saved_index(records[0], records[1:]) if len(records[0]) == width - 1 else records[0]
    known = None if fixed else find_known_start(records, names)
    width = width if known is None else len(records[known])
    start = known if known is not None else 0 if fixed else find_start(records, width)
    end = len(records)
    while end > start + 1 and len(records) - end < FOOTERS and len(records[end - 1]) != width:
        end -= 1
    if any(len(record) != width for record in records[start:end]):
        return None
    return Shape(delimiter, records, places, start, end, width)


def find_known_start(records: Sequence[Record], names: Collection[str]) -> int | None:
    """The record with the known names at the top, if those above it are titles: of another width, or not full."""
    known = find_names(records[: TITLES + 1], names)
    full = (len(each) == len(records[known or 0]) and all(map(str.strip, each)) for each in records[:known])
    return None if known is None or any(full) else known


def find_start(records: Sequence[Record], width: int) -> int:
    """The record in which a table begins: the first that is as wide as the table and no title."""
    for start, record in enumerate(records[: min(len(records) - 1, TITLES)]):
        if len(record) == width and not is_padded_title(record, records[start + 1 :]):
            return start
    return min(len(records) - 1, TITLES)


def find_common_width(records: Sequence[Record]) -> int:
    """The number of fields that most records have, of several the largest."""
    counts = Counter(map(len, records))
    return max(counts, key=lambda width: (counts[width], width))


def find_header(first: Sequence[str], names: Collection[str]) -> bool | None:
    """Whether the first record names the columns; None where the reader sees it, too."""
    if any(map(looks_like_number, first)):
        if set(names).isdisjoint(first):
            return False
        return True if all(map(is_number, first)) else None
    return None


def looks_like_number(text: str) -> bool:
    """Whether a text is a number with a decimal point or comma."""
    return is_number(strip_blanks(text).replace(",", ".", 1))


def read_beginning(path: str, opened: Opener | None = None) -> bytes:
    """The first bytes."""
    try:
        with (opened or make_opener(path))() as stream:
            return stream.read(SAMPLE)
    except GZIP_FAULTS as problem:
        raise build_gzip_error(path, problem) from None


def sniff_encoding(path: str, opened: Opener | None = None) -> str:
    """utf-8 if all bytes are, utf-16 if the first two or zeros among them say so, else cp1252 (Windows), or latin-1."""
    opened = opened or make_opener(path)
    beginning = read_beginning(path, opened)
    if beginning[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    if unmarked := find_unmarked_utf16(beginning):
        return unmarked
    return next(encoding for encoding in ("utf-8", "cp1252", "latin-1") if is_encoded_as(opened, encoding))


def is_encoded_as(opened: Opener, encoding: str) -> bool:
    """Whether a whole file can be decoded with an encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with opened() as stream:
            while piece := stream.read(1 << 20):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def parse_records(lines: Collection[str], skipped: int, delimiter: str) -> tuple[list[Record], list[int]]:
    """The first records with a cell, as far as they end within the lines, and the lines before each."""
    csv.field_size_limit(FIELD_LIMIT)
    found: list[Record] = []
    places: list[int] = []
    reader = csv.reader(list(lines)[skipped:], delimiter=delimiter, strict=True)
    before = 0
    try:
        for record in reader:
            if any(record):
                found.append(record)
                places.append(skipped + before)
            before = reader.line_num
            if len(found) == LINES:
                break
    except csv.Error as problem:
        return (found, places) if "unexpected end" in str(problem) else ([], [])
    return found, places
