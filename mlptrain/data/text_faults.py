"""What is wrong with bytes or lines that are read as delimited text, in words."""

import codecs
import csv
import re
from collections.abc import Callable
from itertools import islice
from typing import Any, TextIO

from mlptrain.data.files import Opener
from mlptrain.data.table_format import TableFormat, quote_delimiter

BEGINNING = 1 << 12
"""Bytes of the beginning by which an encoding is known."""


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


NO_TEXT = bytes({*range(32)} - {*b"\t\n\v\f\r\x1a\x1b"})
"""Bytes that no text holds."""
SAVE_AS_UTF8 = "save the file as UTF-8 or set data.encoding (cp1252 and latin-1 are common)"


def find_unmarked_utf16(beginning: bytes) -> str:
    r"""The encoding of text of two bytes a character that has no byte order mark; empty if it is no such text.

    Half of its characters or more are of ASCII, so that every other byte is zero, and none of the others is.

    >>> [find_unmarked_utf16("a;b\n1;2\n".encode(each)) for each in ("utf-16-le", "utf-16-be", "utf-8")]
    ['utf-16-le', 'utf-16-be', '']
    """
    pairs = len(beginning) // 2
    zeros = [beginning[start : 2 * pairs : 2].count(0) for start in (0, 1)]
    if pairs and min(zeros) == 0 and 2 * max(zeros) >= pairs:
        return "utf-16-le" if zeros[1] else "utf-16-be"
    return ""


WIDE = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""Byte order marks; that of UTF-32 begins with that of UTF-16."""


def find_wide_encoding(beginning: bytes) -> str | None:
    """The encoding of two or four bytes a character that a byte order mark tells, or every other byte, if zero."""
    marked = next((said for mark, said in WIDE.items() if beginning.startswith(mark)), None)
    return marked or find_unmarked_utf16(beginning).upper() or None


def describe_wide_encoding(beginning: bytes) -> str:
    """What is to be done about text of two or four bytes a character; empty where it is another text."""
    wide = find_wide_encoding(beginning)
    return f"this is {wide} text; save it as UTF-8 or set data.encoding: {wide.lower()}" if wide else ""


def describe_undecodable(open_bytes: Opener, name: str, layout: TableFormat, delimiter: str) -> str:
    """The message for the first line whose bytes are not of the encoding."""
    encoding = layout.encoding
    if "\n".encode(encoding) != b"\n":
        return f"{name}: the bytes are not {encoding}; {SAVE_AS_UTF8}"
    with open_bytes() as stream:
        beginning = stream.read(BEGINNING)
    if wide := describe_wide_encoding(beginning):
        return f"{name}:1: {wide}"
    if len(beginning.translate(None, NO_TEXT)) < 0.95 * len(beginning):
        return f"{name}: this is no text, but bytes of a kind that is not known; save tables as CSV (UTF-8)"
    with open_bytes() as stream:
        for number, raw in enumerate(stream, 1):
            if fault := find_undecodable_byte(raw, encoding, delimiter):
                return f"{name}:{number}: {fault} is not {encoding}; {SAVE_AS_UTF8}"
    return f"{name}: the bytes are not {encoding}; {SAVE_AS_UTF8}"


def describe_nul(open_bytes: Opener, place: str, line: str, encoding: str) -> str:
    """The message for a line with a NUL byte: the file is in another encoding, or damaged."""
    with open_bytes() as stream:
        if wide := describe_wide_encoding(stream.read(BEGINNING)):
            return f"{place}: a NUL byte: {wide}"
    at = len(line[: line.index("\0")].encode(encoding, "replace")) + 1
    return f"{place}: a NUL byte, byte {at} of the line; is this CSV, and not UTF-16? Save it as UTF-8"


def describe_separator_line(name: str, number: int, line: str, mark: str) -> str:
    """The message for the line that tells Excel the delimiter, where the names are expected."""
    cure = f"set data.skip_rows: {number} and data.delimiter: {quote_delimiter(mark)}"
    return f"{name}:{number}: this line tells Excel the delimiter ({line.strip()!r}), it holds no names; {cure}"


def describe_stray_quote(line: str, place: int) -> str:
    """What is wrong with a quote within a field, and what to do."""
    said = f"a quote within an unquoted field ({line[max(place - 12, 0) : place + 28].strip()})"
    cure = "put the missing delimiter before it, or quote the whole field and double the quotes in it"
    return f"{said} may open a cell that holds a delimiter; {cure}"


def find_broken_line(open_text: Callable[[], TextIO], divide: Callable[[TextIO], Any], skipped: int) -> int:
    """The line on which the record begins that `csv` cannot read."""
    with open_text() as stream:
        line = before = sum(1 for _ in islice(stream, skipped)) + 1
        records = divide(stream)
        try:
            for _ in records:
                line = before + records.line_num
        except csv.Error:
            return line
    return line


LONE_QUOTE = 'a quote that stands alone opens a cell that holds whole rows; if it is a text, write it as """"'
OTHER_TEXT = (
    (re.compile(r"\s*(\{\s*$|\{\s*\"|\[\s*$|\[\s*[\[{\"])"), "JSON"),
    (re.compile(r"\s*(@relation\b|%.*arff)", re.IGNORECASE), "an ARFF file"),
    (re.compile(r"\s*<(\?xml|!doctype|html)\b", re.IGNORECASE), "HTML or XML"),
)
"""How texts begin that are no tables."""
ROW_NAMES = "rows have one cell more than there are names; the first one is read as the name of the row ('Unnamed: 0')"
BLANK_DELIMITER = 'blanks divide the quoted names; if they divide the columns, set data.delimiter: " "'
CSV_WORDS = {
    "unexpected end of data": "a quote is opened here and never closed; close it",
    "expected after": "text follows a closing quote; double the quotes inside a quoted field, or remove them",
    "field larger than field limit": "a field is larger than 1 MiB; is a quote not closed?",
}
