"""Records that are no rows of a table: titles above the names, units below them, sums and remarks at the end."""

import re
from collections.abc import Sequence

from mlptrain.data.grammar import is_number
from mlptrain.data.levels import is_blank, is_word_for_missing

Record = list[str]

MOST_AFTER = 3
"""Lines between names and rows, at most."""
FEWEST_ROWS = 2
MOSTLY = 0.8
"""The share of a column's cells that are numbers, where it is one of numbers."""
SUM_WORDS = re.compile(
    r"(?:grand |sub)?totals?|(?:gesamt|zwischen)?summen?|gesamt|insgesamt|ergebnis|gesamtergebnis|sum|average|mean"
    r"|count|mittelwert|durchschnitt|anzahl|totale?s?|somme|moyenne|suma|totaal|summa",
    re.IGNORECASE,
)
"""What stands beside sums."""
RULE = re.compile(r"[-=_*~.+| ]*[-=_*~]{2}[-=_*~.+| ]*")
"""A line that is drawn between names and rows."""


def is_gap(text: str) -> bool:
    """Whether a cell among numbers is empty or a word for it."""
    return is_blank(text) or is_word_for_missing(text)


def is_figure(text: str) -> bool:
    """Whether a text looks like a number, however its marks are written."""
    bare = text.strip(" ").replace("\u00a0", "").replace("\u202f", "").replace("'", "").replace(" ", "")
    return is_number(bare.replace(".", "").replace(",", "")) and any(map(str.isdigit, bare))


def is_padded_title(record: Record, below: Sequence[Record]) -> bool:
    """Whether a record holds one text in its first cell alone, above records that are fuller."""
    if len(record) < 2 or not record[0].strip() or any(cell.strip() for cell in record[1:]):
        return False
    return len(below) > 1 and all(sum(map(bool, map(str.strip, each))) > 1 for each in below[:2])


def find_number_columns(rows: Sequence[Record]) -> list[int]:
    """The columns whose cells are mostly numbers."""
    found = []
    for place, cells in enumerate(zip(*rows, strict=False)):
        given = [cell for cell in cells if not is_gap(cell)]
        if given and sum(map(is_figure, given)) >= MOSTLY * len(given):
            found.append(place)
    return found


def count_rows_after_names(rows: Sequence[Record]) -> int:
    """How many of the first rows are none: units, types, descriptions or a drawn line, above rows of numbers."""
    for count in range(min(MOST_AFTER, len(rows) - FEWEST_ROWS), 0, -1):
        rest = rows[count:]
        numbers = find_number_columns(rest)
        if all(is_remark(row, rest, numbers) for row in rows[:count]):
            return count
    return 0


def is_remark(row: Record, rest: Sequence[Record], numbers: Sequence[int]) -> bool:
    """Whether a row says what stands in the columns: words above numbers, and nowhere a value that comes again."""
    given = [cell for cell in row if cell.strip()]
    if given and all(RULE.fullmatch(cell.strip()) for cell in given):
        return len(given) > 1 or len(row) == 1
    words = [place for place in numbers if not is_gap(row[place])]
    if not words or any(is_figure(row[place]) for place in numbers):
        return False
    others = [place for place in range(len(row)) if place not in numbers and row[place].strip()]
    again = any(row[place] in {each[place] for each in rest} for place in [*words, *others])
    return not again and 2 * len(words) >= len(numbers)


def count_footer_rows(rows: Sequence[Record], tail: Sequence[Record], width: int, *, whole: bool) -> int:
    """How many of the last records (`tail`) are no rows: remarks of other widths, sums with or without a word."""
    count = 0
    for record in reversed(tail):
        above = [row for row in (rows if whole else [*rows, *tail]) if row is not record and len(row) == width]
        if len(record) == width and not is_sum(record, above[: len(above) - count] if whole else above, whole=whole):
            break
        if len(record) != width and is_torn(record):
            break
        count += 1
    return count if count < len(tail) else 0


def is_torn(record: Record) -> bool:
    """Whether a record of another width may be a row that has lost cells: it has figures, and no word says sum."""
    words = any(SUM_WORDS.fullmatch(cell.strip().rstrip(":. ")) for cell in record)
    return not words and any(is_figure(cell) for cell in record)


def is_sum(record: Record, rows: Sequence[Record], *, whole: bool) -> bool:
    """Whether a record holds sums: its word says so, or its numbers are those sums and other cells are empty."""
    empty = [place for place, cell in enumerate(record) if not cell.strip() and all(row[place].strip() for row in rows)]
    words = [place for place, cell in enumerate(record) if SUM_WORDS.fullmatch(cell.strip().rstrip(":. "))]
    numbers = find_number_columns(rows)
    if any(place in numbers or not any(row[place] == record[place] for row in rows) for place in words):
        return True
    given = [place for place, cell in enumerate(record) if is_figure(cell)]
    return bool(whole and empty and given and len(rows) > 2) and all(is_total(record, rows, place) for place in given)


def is_total(record: Record, rows: Sequence[Record], place: int) -> bool:
    """Whether a cell is the sum of those above it, up to rounding."""
    numbers = [read_figure(row[place]) for row in rows if is_figure(row[place])]
    return is_sum_of(read_figure(record[place]), total=sum(numbers), count=len(numbers))


def is_sum_of(said: float, *, total: float, count: int) -> bool:
    """Whether a number is the total of so many others, each of which may be rounded to two decimals."""
    share = 0.01 * abs(said)
    return said != 0 and abs(total - said) <= share / max(count, 1) + min(0.005 * count, share)


def read_figure(text: str) -> float:
    """A number whose last mark before one or two figures is its decimal point."""
    bare = "".join(text.split()).replace("'", "")
    point = re.search(r"[.,](?=[0-9]{1,2}$|[0-9]{4,}$)", bare) or (
        re.search(r"[.,]", bare) if sum(map(bare.count, ".,")) == 1 else None
    )
    whole = bare if point is None else bare[: point.start()]
    fraction = "" if point is None else "." + bare[point.end() :]
    return float(whole.replace(".", "").replace(",", "") + fraction)
