"""Delimited text as rows of cells, with the standard library alone.

The text of this file is copied into what is exported, after those of `data/column_names.py` and `data/text_lines.py`,
without its imports of ours.
"""

import csv
import gzip
import io
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

from mlptrain.data.column_names import format_quoted_names, name_saved_index
from mlptrain.data.text_lines import drop_last_lines, find_stray_quote, read_separator_line

FIELD_LIMIT = 1 << 20
"""Characters of a cell, at most."""

Record = list[str]
Records = Iterator[tuple[int, Record]]
"""Records, each with the line that it begins on."""


class TableError(ValueError):
    """A table cannot be read: where, and why."""


def open_table(path: str, encoding: str) -> TextIO:
    """The text of a file, which gzip may have compressed; "-" is stdin."""
    stream: Any = sys.stdin.buffer if path == "-" else Path(path).open("rb")  # noqa: SIM115  (the text closes it)
    if stream.peek(2)[:2] == b"\x1f\x8b":
        stream = gzip.GzipFile(fileobj=stream) if path == "-" else reopen_compressed(stream, path)
    named = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
    return io.TextIOWrapper(stream, encoding=named, newline="")


def reopen_compressed(stream: Any, path: str) -> Any:
    """What a compressed file holds; closing it closes the file."""
    stream.close()
    return gzip.open(path)


class TableReader:
    """The names and the rows of a table that is written as the training table was, which `form` tells."""

    def __init__(self, stream: TextIO, form: Mapping[str, Any], name: str) -> None:
        csv.field_size_limit(FIELD_LIMIT)
        self.form, self.name, self.passed = form, name, 0
        self.lines = self.check_lines(stream)
        self.skip_lines(form["skip_rows"])
        first = self.find_first_line()
        self.delimiter = form["delimiter"] or ("\t" if "\t" in first and "," not in first else ",")
        before, taken = self.passed - 1, list[str]()
        _, head = next(self.number_records(self.keep_lines(chain([first], self.lines), taken), before))
        if form["header"] is False:
            self.names: Sequence[str] = [f"column_{place}" for place in range(1, len(head) + 1)]
            self.records = self.number_records(self.drop_footer(chain(taken, self.lines)), before)
        else:
            self.names, self.records = self.read_below_names(head)
            self.check_names()

    def keep_lines(self, lines: Iterable[str], taken: list[str]) -> Iterator[str]:
        """The lines, kept as they are taken."""
        for line in lines:
            taken.append(line)
            yield line

    def drop_footer(self, lines: Iterable[str]) -> Iterable[str]:
        """The lines without those at the end that are no rows."""
        count = self.form["skip_footer"]
        return drop_last_lines(lines, count, self.delimiter) if count else lines

    def read_below_names(self, names: Record) -> tuple[Sequence[str], Records]:
        """The names, one for an index without a name among them, and the records behind them."""
        self.skip_lines(self.form["skip_after_names"])
        before, taken = self.passed, list[str]()
        looked_at = self.number_records(self.keep_lines(self.lines, taken), before)
        named = name_saved_index(names, (record for _, record in looked_at))
        return named, self.number_records(self.drop_footer(chain(taken, self.lines)), before)

    def skip_lines(self, count: int) -> None:
        """Leave some lines out."""
        for _ in islice(self.lines, count):
            pass

    def find_first_line(self) -> str:
        """The first line with a text."""
        first = next((line for line in self.lines if line.strip("\r\n")), "")
        if not first:
            raise TableError(f"{self.name}:1: the file is empty; name one with rows")
        if read_separator_line(first):
            raise TableError(f"{self.name}:{self.passed}: this line tells Excel the delimiter; remove it")
        return first

    def check_lines(self, stream: TextIO) -> Iterator[str]:
        """The lines of a text, counted; an error where they are none."""
        try:
            for line in stream:
                self.passed += 1
                if "\0" in line:
                    raise TableError(f"{self.name}:{self.passed}: a NUL byte; save the file as CSV (UTF-8)")
                yield line
        except UnicodeError:
            encoding = self.form["encoding"]
            raise TableError(f"{self.name}: the bytes are not {encoding}; save the file as {encoding}") from None
        except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
            raise TableError(f"{self.name}: the gzip data is damaged: {problem}") from None

    def check_names(self) -> None:
        """An error where a name is there twice."""
        twice = [name for name in self.names if name and self.names.count(name) > 1]
        if twice:
            raise TableError(f"{self.name}:1: there are several columns {format_quoted_names(twice)}; rename them")

    def check_quotes(self, lines: Iterable[str], before: int) -> Iterator[str]:
        """The lines; an error where a quote within a cell seems to open another one."""
        for number, line in enumerate(lines, before + 1):
            spaces = self.form["skip_initial_space"]
            if '"' in line and find_stray_quote(line, self.delimiter, spaces=spaces) is not None:
                raise TableError(f"{self.name}:{number}: a quote within an unquoted cell; quote the whole cell")
            yield line

    def number_records(self, lines: Iterable[str], before: int) -> Records:
        """The records of lines, of which the first one follows `before` others."""
        spaces = self.form["skip_initial_space"]
        checked = self.check_quotes(lines, before)
        reader = csv.reader(checked, delimiter=self.delimiter, strict=True, skipinitialspace=spaces)
        while True:
            line = before + reader.line_num + 1
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as problem:
                raise TableError(f"{self.name}:{line}: {problem}") from None
            yield line, record

    def read_rows(self) -> Records:
        """The rows; an error where one has too many or too few cells, or a line between them has none."""
        width, blank = len(self.names), 0
        for line, record in self.records:
            if width > 1 and not any(record):
                blank = blank or line
                continue
            if blank:
                raise TableError(f"{self.name}:{blank}: a blank line between the rows; remove it")
            row = record or [""]
            if len(row) != width:
                fields = f"{len(row)} field{'s' * (len(row) != 1)}, {width} expected"
                raise TableError(f"{self.name}:{line}: {fields}; mend the line")
            yield line, row


def read_rows(stream: TextIO, form: Mapping[str, Any], name: str = "rows") -> Iterator[dict[str, str]]:
    """The rows of a table as mappings from names to cells."""
    table = TableReader(stream, form, name)
    for _, record in table.read_rows():
        yield dict(zip(table.names, record, strict=True))
