"""Records that are no rows of a table: titles above the names, units below them, sums and remarks at the end."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile, islice

from mlptrain.data.blanks import is_blank, strip_blanks
from mlptrain.data.grammar import is_number
from mlptrain.data.levels import is_word_for_missing

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
    bare = strip_blanks(text).replace("\u00a0", "").replace("\u202f", "").replace("'", "").replace(" ", "")
    return is_number(bare.replace(".", "").replace(",", "")) and any(map(str.isdigit, bare))


def is_padded_title(record: Record, below: Sequence[Record]) -> bool:
    """Whether a record is a title: a short line that is filled up to the width of the table, alone or with other titles
    above two records that are none. If it has more than one text, the first of those must look like names.
    """
    width, texts = len(record), count_leading_texts(record)
    rest = [*islice(dropwhile(lambda each: len(each) != width or count_leading_texts(each), below), 2)]
    return len(rest) > 1 and (texts == 1 or (texts > 1 and looks_like_names(rest[0])))


def count_leading_texts(record: Record) -> int:
    """How many texts stand in the first cells of a record whose other cells, half of all or more, are empty; else 0.

    >>> [count_leading_texts(each) for each in (["May", "", ""], ["as of", "2024", "", ""], ["a", "b", ""], ["", "a"])]
    [1, 2, 0, 0]
    """
    filled = [bool(cell.strip()) for cell in record]
    texts = sum(filled)
    return texts if 2 * texts <= len(record) and all(filled[:texts]) else 0


def looks_like_names(record: Record) -> bool:
    """Whether all cells of a record, the first perhaps apart, hold texts, and none is a number."""
    return all(cell.strip() for cell in record[1:]) and not any(map(is_figure, record))


def find_names(records: Sequence[Record], names: Collection[str]) -> int | None:
    """The first of the records that have the most of some known names; None if none has one."""
    counts = [len(set(names).intersection(record)) for record in records]
    most = max(counts, default=0)
    return counts.index(most) if most else None


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


@dataclass(frozen=True)
class Total:
    """What all cells of a column come to, as far as they are numbers, and how many of them are."""

    sum: float
    count: int


AddUp = Callable[[Sequence[int]], Mapping[int, Total]]
"""Gives the totals of some columns over all rows of a table and what follows them."""


def count_footer_rows(
    rows: Sequence[Record],
    tail: Sequence[Record],
    width: int,
    *,
    add_up: AddUp | None = None,
    usual: int = 0,
) -> int:
    """How many of the last records (`tail`) are no rows: remarks of other widths, sums with or without a word.

    `rows` are all rows, or the first ones where the totals of all are asked of `add_up`. Where tables of the same
    origin have a `usual` number of such lines, as many that look like sums need not be the exact ones, and where no
    record looks like a row, as many are left out.
    """
    for count in range(len(tail)):
        before, last = tail[: len(tail) - 1 - count], tail[len(tail) - 1 - count :]
        if len(last[0]) != width:
            is_row = is_torn(last[0])
        else:
            known = rows if add_up is None else [*rows, *before]
            above = [row for row in known if len(row) == width and row not in last]
            totals = add_up_rows(above) if add_up is None else subtract_rows(add_up, last)
            is_row = not (is_sum(last[0], above, totals) or (count < usual and is_like_sum(last[0], above)))
        if is_row:
            return count
    return min(usual, len(tail))


def add_up_rows(rows: Sequence[Record]) -> AddUp:
    """The totals of the columns of some rows."""

    def add_up(places: Sequence[int]) -> Mapping[int, Total]:
        found = {place: [read_figure(row[place]) for row in rows if is_figure(row[place])] for place in places}
        return {place: Total(sum(numbers), len(numbers)) for place, numbers in found.items()}

    return add_up


def subtract_rows(add_up: AddUp, last: Sequence[Record]) -> AddUp:
    """The totals without the last records."""

    def subtract(places: Sequence[int]) -> Mapping[int, Total]:
        width = max(places, default=0) + 1
        all_rows, less = add_up(places), add_up_rows([row for row in last if len(row) >= width])(places)
        return {
            place: Total(each.sum - less[place].sum, each.count - less[place].count) for place, each in all_rows.items()
        }

    return subtract


def is_torn(record: Record) -> bool:
    """Whether a record of another width may be a row that has lost cells: it has figures, and no word says sum."""
    words = any(SUM_WORDS.fullmatch(cell.strip().rstrip(":. ")) for cell in record)
    return not words and any(is_figure(cell) for cell in record)


def is_sum(record: Record, rows: Sequence[Record], add_up: AddUp) -> bool:
    """Whether a record holds sums: its word says so, or its numbers are those sums and other cells are empty; where it
    has hardly more than the numbers, it is enough that they are larger than all above, as sums of more rows are.
    """
    words = [place for place, cell in enumerate(record) if SUM_WORDS.fullmatch(cell.strip().rstrip(":. "))]
    numbers = find_number_columns(rows) if words else ()
    if any(place in numbers or not any(row[place] == record[place] for row in rows) for place in words):
        return True
    given = [place for place, cell in enumerate(record) if is_figure(cell)]
    if not given or len(rows) <= FEWEST_ROWS or not find_lone_gaps(record, rows):
        return False
    if is_like_sum(record, rows) and all(is_largest(record, rows, place) for place in given):
        return True
    totals = add_up(given)
    said = {place: read_figure(record[place]) for place in given}
    return all(is_sum_of(said[place], total=each.sum, count=each.count) for place, each in totals.items())


def find_lone_gaps(record: Record, rows: Sequence[Record]) -> list[int]:
    """The columns in which a record has an empty cell, and none of some rows has one."""
    gaps = [place for place, cell in enumerate(record) if not cell.strip()]
    return [place for place in gaps if all(row[place].strip() for row in rows)]


def is_largest(record: Record, rows: Sequence[Record], place: int) -> bool:
    """Whether a cell is a number farther from zero than all those above, which stand in a column of numbers."""
    others = [abs(read_figure(row[place])) for row in rows if is_figure(row[place])]
    return bool(others) and abs(read_figure(record[place])) > max(others)


def is_like_sum(record: Record, rows: Sequence[Record]) -> bool:
    """Whether a record has numbers alone, and most of its cells are empty where no row has an empty one."""
    given = [cell for cell in record if cell.strip()]
    alone = len(find_lone_gaps(record, rows))
    return bool(rows) and bool(given) and all(map(is_figure, given)) and 2 * alone > len(record)


def is_sum_of(said: float, *, total: float, count: int) -> bool:
    """Whether a number is the total of so many others, each of which may be rounded to two decimals."""
    share = 0.01 * abs(said)
    return said != 0 and abs(total - said) <= share / max(count, 1) + min(0.005 * count, share)


def read_figure(text: str) -> float:
    """A number whose last mark before one or two figures is its decimal point."""
    bare = "".join(strip_blanks(text).split()).replace("'", "")
    point = re.search(r"[.,](?=[0-9]{1,2}$|[0-9]{4,}$)", bare) or (
        re.search(r"[.,]", bare) if sum(map(bare.count, ".,")) == 1 else None
    )
    whole = bare if point is None else bare[: point.start()]
    fraction = "" if point is None else "." + bare[point.end() :]
    return float(whole.replace(".", "").replace(",", "") + fraction)
