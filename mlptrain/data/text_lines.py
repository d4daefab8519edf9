"""Lines of delimited text that are no rows, and lines that cannot be divided safely, found by their texts alone."""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import numpy as np

SEPARATOR_LINE = re.compile(r'"?sep=(?P<mark>[^\r\n])"?[\s,;|]*', re.IGNORECASE)
"""The line by which Excel is told the delimiter."""
CLOSING = re.compile(r'(?<!")"(?:"")*(?!")')
"""A run of an odd number of quotes, which ends a quoted cell (or begins one)."""

QUOTE, END, OTHER = b'",x'
"""Bytes that stand for a quote, for what ends a cell, and for all others."""


def read_separator_line(line: str) -> str:
    """The delimiter that Excel's line names; empty if the line is another one.

    >>> read_separator_line("sep=;"), read_separator_line("separator")
    (';', '')
    """
    found = SEPARATOR_LINE.fullmatch(line.strip("\ufeff\r\n"))
    return found["mark"] if found else ""


def drop_last_lines(lines: Iterable[str], count: int, delimiter: str) -> Iterator[str]:
    """The lines but for the last `count` that have a text, and what follows them."""
    held: deque[str] = deque()
    full = 0
    for line in lines:
        held.append(line)
        full += has_text(line, delimiter)
        while full > count:
            first = held.popleft()
            full -= has_text(first, delimiter)
            yield first
        while held and not has_text(held[0], delimiter):
            yield held.popleft()


def has_text(line: str, delimiter: str) -> bool:
    """Whether there is more on a line than delimiters and blanks."""
    return bool(line.strip(delimiter + '" \t\r\n'))


def may_have_stray_quote(text: str, delimiter: str) -> bool:
    """Whether a quote may stand within a field: a quick look at all bytes at once."""
    if '"' not in text:
        return False
    flattening = make_flattening(delimiter)
    content = text.encode("utf-8", "replace")
    found = np.frombuffer(b",%b," % content, np.uint8)
    places = np.flatnonzero(found == QUOTE)
    around = np.frombuffer(flattening, np.uint8)[np.stack([found[places - 1], found[places + 1]])]
    if (around == QUOTE).any():
        return b'x"x' in content.translate(flattening).replace(b'""', b"")
    return bool((around == OTHER).all(axis=0).any())


@cache
def make_flattening(delimiter: str) -> bytes:
    """For each byte: a quote, a comma for what ends a cell, else x."""
    ends = {ord(mark) for mark in (delimiter, "\r", "\n") if mark.isascii()}
    return bytes(QUOTE if byte == QUOTE else END if byte in ends else OTHER for byte in range(256))


def find_stray_quote(line: str, delimiter: str, *, spaces: bool = False) -> int | None:
    """Where a quote within an unquoted field seems to open a cell that holds a delimiter; None if there is none.

    An inch mark does not: nothing closes it, or no delimiter is within. `spaces` may stand before opening quotes.

    >>> find_stray_quote('5,$78.07"Table, round",x', ",")
    8
    >>> find_stray_quote('37.8"N 121.2"W,15', ",")
    """
    for opening in CLOSING.finditer(line):
        before = line[: opening.start()]
        before = before.rstrip(" ") if spaces else before
        after = line[opening.end() : opening.end() + 1]
        if not before or before[-1] in (delimiter, '"') or after in ("", delimiter, "\r", "\n"):
            continue
        closing = CLOSING.search(line, opening.end())
        if closing and delimiter in line[opening.end() : closing.start()] and ends_cell(line, closing.end(), delimiter):
            return opening.start()
    return None


def ends_cell(line: str, place: int, delimiter: str) -> bool:
    """Whether a cell ends at a place of a line, blanks apart."""
    return line[place : place + 1] in ("", delimiter, " ", "\t", "\r", "\n")


def strip_leading_line_ends(cells: Sequence[str]) -> list[str]:
    """The first cell of each line, without the line end that precedes it (the first cell has none)."""
    return [cells[0], *(cell[1:] for cell in cells[1:])]
