"""Lines of delimited text that are no rows, and lines that cannot be divided safely, found by their texts alone."""

import re
from collections import deque
from collections.abc import Generator, Iterable, Sequence

SEPARATOR_LINE = re.compile(r'"?sep=(?P<mark>[^\r\n])"?[\s,;|]*', re.IGNORECASE)
"""The line by which Excel is told the delimiter."""
QUOTED_NAMES = re.compile(r'"[^"]*"(?: "[^"]*")+\s*')
"""Quoted names that blanks divide, as R writes them."""
CLOSING = re.compile(r'(?<!")"(?:"")*(?!")')
"""A run of an odd number of quotes, which ends a quoted cell (or begins one)."""


def read_separator_line(line: str) -> str:
    """The delimiter that Excel's line names; empty if the line is another one.

    >>> read_separator_line("sep=;"), read_separator_line("separator")
    (';', '')
    """
    found = SEPARATOR_LINE.fullmatch(line.strip("\ufeff\r\n"))
    return found["mark"] if found else ""


def drop_last_lines(
    lines: Iterable[str], count: int, delimiter: str, before: int = 0
) -> Generator[str, None, list[tuple[int, str]]]:
    """The lines but for the last `count` that have a text, and what follows them; returns those with a text, and the
    number of each, of which the first line follows `before` others.
    """
    held: deque[tuple[int, str]] = deque()
    full = 0
    for number, line in enumerate(lines, before + 1):
        held.append((number, line))
        full += has_text(line, delimiter)
        while full > count:
            first = held.popleft()[1]
            full -= has_text(first, delimiter)
            yield first
        while held and not has_text(held[0][1], delimiter):
            yield held.popleft()[1]
    return [(number, line) for number, line in held if has_text(line, delimiter)]


def has_text(line: str, delimiter: str) -> bool:
    """Whether there is more on a line than delimiters and blanks."""
    return bool(line.strip(delimiter + '" \t\r\n'))


def find_stray_quote(line: str, delimiter: str, *, spaces: bool = False) -> int | None:
    """Where a quote within an unquoted field seems to open a cell that holds a delimiter; None if there is none.

    A quote does not open a cell if nothing closes it, or no delimiter is within, or it is one of two inch marks.
    `spaces` may stand before opening quotes.

    >>> find_stray_quote('5,$78.07"Table, round",x', ",")
    8
    >>> find_stray_quote('3" steel,15",x', ","), find_stray_quote('37.8"N 121.2"W,15', ",")
    (None, None)
    """
    for opening in CLOSING.finditer(line):
        before = line[: opening.start()]
        bare = before.rstrip(" ") if spaces else before
        after = line[opening.end() : opening.end() + 1]
        if not bare or bare[-1] in (delimiter, '"') or after in ("", delimiter, "\r", "\n"):
            continue
        closing = CLOSING.search(line, opening.end())
        if not closing or delimiter not in line[opening.end() : closing.start()]:
            continue
        inches = is_inch_mark(line, opening) and is_inch_mark(line, closing)
        words = before[-1] == " " and line[closing.end() : closing.end() + 1] == " "
        if not inches and (words or ends_cell(line, closing.end(), delimiter)):
            return opening.start()
    return None


def ends_cell(line: str, place: int, delimiter: str) -> bool:
    """Whether a cell ends at a place of a line, blanks apart."""
    return line[place:].lstrip(" " if delimiter == "\t" else " \t")[:1] in ("", delimiter, "\r", "\n")


def is_inch_mark(line: str, quote: re.Match[str]) -> bool:
    """Whether a quote belongs to the figure before it, as the text behind it does not begin as a cell does.

    >>> [is_inch_mark(line, CLOSING.search(line)) for line in ('3" steel', '3"x4', '3",5', '3"', '3"steel', '3"-5')]
    [True, True, True, True, False, False]
    """
    after = line[quote.end() : quote.end() + 2]
    number = after[1:].isdecimal()
    ends = not after[:1].isalnum() and after[:1] not in BEGINS_TEXT and not (after[:1] in "+-." and number)
    alone = quote.end() - quote.start() == 1
    return alone and line[quote.start() - 1] in BEFORE_INCHES and (not after or ends or (after[0] in "xX" and number))


BEFORE_INCHES = frozenset("0123456789½¼¾⅛⅜⅝⅞'’′")
"""What an inch mark stands behind; feet, too."""
BEGINS_TEXT = frozenset("$€£¥#@&(<[{'")
"""Signs with which a cell may begin."""


def may_have_lone_quote(text: str, delimiter: str) -> bool:
    """Whether a quote may be a cell by itself."""
    marks = (f'{delimiter}"{delimiter}', f'{delimiter}"\n', f'{delimiter}"\r', f'\n"{delimiter}')
    return text.startswith(f'"{delimiter}') or any(mark in text for mark in marks)


def swallows_rows(record: Sequence[str], delimiter: str) -> bool:
    r"""Whether a cell of a record holds rows between two quotes that are cells by themselves, as marks of ditto are.

    Its lines have as many fields as the record, if the quotes are texts.

    >>> swallows_rows(["1", ",x\n2,", "y"], ","), swallows_rows(["1", "x\n2,", "y"], ",")
    (True, False)
    """
    for place, cell in enumerate(record):
        lines = re.split("\r\n|\r|\n", cell)
        if len(lines) > 1 and delimiter in (cell[0], cell[-1]):
            fields = [line.count(delimiter) + 1 for line in lines]
            fields[0] += place
            fields[-1] += len(record) - place - 1
            if set(fields) == {len(record)}:
                return True
    return False


def strip_leading_line_ends(cells: Sequence[str]) -> list[str]:
    """The first cell of each line, without the line end that precedes it (the first cell has none)."""
    return [cells[0], *(cell[1:] for cell in cells[1:])]
