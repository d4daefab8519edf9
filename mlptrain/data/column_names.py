"""Names of columns in messages: listed, and what is said of those that are missing."""

import re
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Literal
from unicodedata import normalize

from mlptrain.data.blanks import strip_blanks
from mlptrain.data.grammar import is_number

SAVED_INDEX = "Unnamed: 0"
"""What pandas calls a first column without a name, which is how it saves the index of a data frame."""
CELLS_OF_INDEX = 100
"""Cells of a column from which it is told whether it is one."""


def has_saved_index(names: Sequence[str]) -> bool:
    """Whether a line of names may be that of a saved data frame: all columns but the first have one."""
    return len(names) > 1 and not names[0].strip() and all(map(str.strip, names[1:])) and SAVED_INDEX not in names


def name_saved_index(names: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The names, with one for a first column that has none, if its cells number or name the `rows`.

    There may also be one name less than there are cells, as R writes tables.

    >>> name_saved_index(["", "a"], [["0", "x"], ["1", "x"]]), name_saved_index(["", "a"], [["0", "x"], ["0", "x"]])
    (['Unnamed: 0', 'a'], ['', 'a'])
    >>> name_saved_index(["", "a"], [["Oslo", "x"], ["Rome", "x"]]), name_saved_index(["", "a"], [["1.5", "x"]])
    (['Unnamed: 0', 'a'], ['', 'a'])
    >>> name_saved_index(["a", "b"], [["Oslo", "1", "x"], ["Rome", "2", "x"]])
    ['Unnamed: 0', 'a', 'b']
    """
    if len(names) < 2 or SAVED_INDEX in names or not all(map(str.strip, names[1:])):
        return list(names)
    rows = filter(any, rows)
    if not names[0].strip():
        first = [row[0] for row in islice(rows, CELLS_OF_INDEX)]
        return [SAVED_INDEX if name_rows(first) and not any(map(is_amount, first)) else names[0], *names[1:]]
    known = list(islice(rows, 1))
    if is_cut_short(names, known):
        known += islice(rows, CELLS_OF_INDEX - 1)
    return [SAVED_INDEX, *names] if is_cut_short(names, known) and name_rows([row[0] for row in known]) else list(names)


def is_cut_short(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether all rows have one cell more than there are names, which are names and stand above no others."""
    if not rows or any(len(row) != len(names) + 1 for row in rows) or any(map(is_number, names)):
        return False
    are_named_below = len(rows) > 1 and not any(map(is_number, rows[0])) and any(map(is_number, rows[1]))
    return not are_named_below and any(row[-1] for row in rows)


def is_amount(cell: str) -> bool:
    """Whether a cell is a number, with a decimal point or comma, that numbers nothing."""
    return is_number(cell.replace(",", ".")) and not (cell.isascii() and cell.isdecimal())


def name_rows(cells: Sequence[str]) -> bool:
    """Whether cells may be the names or numbers of rows: none is empty, and all differ."""
    return len(set(cells)) == len(cells) and all(map(str.strip, cells))


FORMS: Sequence[Literal["NFC", "NFD"]] = ("NFC", "NFD")
"""Unicode's forms of letters with marks: composed, and as letters and marks."""
SHORTEST = 3
"""Letters of a name that another name may have as a part by more than chance."""


def find_near_name(name: str, names: Iterable[str]) -> list[str]:
    """The name that differs only by case, blanks or the form of its letters, else the closest one, else the only one
    that is a part of it or has it as a part.
    """
    known = list(names)
    same = [other for other in known if simplify_name(other) == simplify_name(name)]
    parts = [other for other in known if is_part_of_name(name, other) or is_part_of_name(other, name)]
    return same[:1] or get_close_matches(name, known, n=1, cutoff=0.7) or (parts if len(parts) == 1 else [])


def is_part_of_name(part: str, name: str) -> bool:
    """Whether a name begins with another one, or has it as one of its words.

    >>> [is_part_of_name(part, name) for part, name in (("Ort", "ort (PLZ)"), ("area", "my_area"), ("ice", "price"))]
    [True, True, False]
    """
    short, long = simplify_name(part), simplify_name(name)
    inside = rf"^{re.escape(short)}|(?<![^\W_]){re.escape(short)}(?![^\W_])"
    return len(short) >= SHORTEST and re.search(inside, long) is not None


def simplify_name(name: str) -> str:
    """A name without what eyes hardly tell: case, blanks around it, their kinds, and whether letters are composed."""
    return " ".join(strip_blanks(normalize("NFC", name)).split()).lower()


def describe_missing_columns(names: Sequence[str], known: Collection[str], taken: Collection[str] = ()) -> str:
    """What a message says of columns that are missing among the known ones, of which those `taken` are others."""
    names = list(dict.fromkeys(names))
    what = f"column {names[0]!r} is" if len(names) == 1 else f"columns {format_quoted_names(names)} are"
    free = [name for name in known if name not in taken]
    close = list(dict.fromkeys(match for name in names for match in find_near_name(name, free)))
    if close:
        said = explain_letters(names, close) or explain_blanks_and_capitals(names, close)
        return f"{what} missing; did you mean {format_quoted_names(close)}?{said}"
    rows = "; the first line looks like a row: write the names above it" if any(map(is_number, known)) else ""
    return f"{what} missing; the columns are {format_quoted_names(known)}{rows}"


def explain_letters(names: Sequence[str], close: Sequence[str]) -> str:
    """That names look alike and are not, as their letters are composed otherwise; empty if they are not so."""
    wanted = {normalize("NFC", name) for name in names}
    alike = [name for name in close if name not in names and normalize("NFC", name) in wanted]
    if not alike:
        return ""
    some = f"{format_quoted_names(alike)} look{'s' * (len(alike) == 1)} the same"
    which = "they look alike" if len(alike) == len(names) else some
    form = next((form for form in FORMS if all(name == normalize(form, name) for name in alike)), "")
    found = f"the Unicode form {form}" if form else "several Unicode forms"
    them = "it" if len(alike) == 1 and len(names) > 1 else "them"
    return f" ({which}, but the file has {them} in {found}; write the names anew)"


def explain_blanks_and_capitals(names: Sequence[str], close: Sequence[str]) -> str:
    """What names have that were asked for without it, in blanks and capitals, and what to do; empty if nothing."""
    pairs = [(next((name for name in names if simplify_name(name) == simplify_name(near)), ""), near) for near in close]
    said = [f"{near!r} {describe_difference(name, near)}" for name, near in pairs if name]
    return f" ({', '.join(said)}; write names alike in both places)" if said else ""


def find_name_but_for_blanks(name: str, names: Iterable[str]) -> str | None:
    r"""The only name that differs from one in nothing but the blanks around it; None if none or several do.

    >>> [find_name_but_for_blanks("y", names) for names in (["y\xa0", "Y"], ["y ", " y"], ["x"])]
    ['y\xa0', None, None]
    """
    same = [other for other in names if strip_blanks(other) == strip_blanks(name)]
    return same[0] if len(same) == 1 else None


def describe_difference(name: str, near: str) -> str:
    r"""What a name has that eyes hardly tell from the one that was asked for.

    >>> [describe_difference("y", near) for near in ("y\xa0", " Y", "Y")]
    ['has a no-break space after it', 'has a blank before it and other capitals', 'has other capitals']
    """
    core, near_core = strip_blanks(name), strip_blanks(near)
    before, after = name.partition(core)[0], name.partition(core)[2]
    near_before, near_after = near.partition(near_core)[0], near.partition(near_core)[2]
    facts = [f"{call_blank(near_before)} before it"] * (before != near_before)
    facts += [f"{call_blank(near_after)} after it"] * (after != near_after)
    facts += ["other blanks in it"] * (re.findall(r"\s", core) != re.findall(r"\s", near_core))
    facts += ["other capitals"] * (core.split() != near_core.split())
    return f"has {' and '.join(facts)}"


def call_blank(blanks: str) -> str:
    """What messages call blanks around a name."""
    if not blanks:
        return "no blank"
    if blanks.strip(" ") == "":
        return "a blank" if len(blanks) == 1 else f"{len(blanks)} blanks"
    return "a no-break space" if blanks == "\xa0" else "a blank that is not seen"


def format_quoted_names(names: Iterable[str], most: int = 20) -> str:
    """Names for a message: each once and quoted, the first 20 of them."""
    shown = list(dict.fromkeys(names))
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(repr(name) for name in shown[:most]) + more
