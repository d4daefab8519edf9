"""From cells to values: what kind a column is, and its numbers, truth values, dates or texts."""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.cells import LONGEST_DIGITS, Cells, NumberCells, TextCells
from mlptrain.data.dates import looks_like_dates, parse_dates
from mlptrain.data.grammar import LARGEST, NumberGrammar, is_inexact, is_number
from mlptrain.data.table import Table, listed
from mlptrain.errors import DataError

Kind = Literal["number", "category", "boolean", "date", "ignore"]
Doubles = NDArray[np.float64]

MISSING_NUMBERS = frozenset(["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"])
"""What stands for a missing number; for categories only the empty cell does, and what `missing_values` lists."""
BOOLEANS = tuple(
    frozenset(pair) for pair in (("true", "false"), ("yes", "no"), ("t", "f"), ("y", "n"), ("1", "0"), ("on", "off"))
)
CAPITALS = 2**4 + 2**5
"""Ways to write true and false, with and without capitals."""
TRUE = frozenset(["true", "yes", "t", "y", "1", "on"])
NEARLY_ALL, MOST, MANY = 0.99, 0.9, 20
"""A column with some text is one of numbers with faults, not one of categories, if nearly all of its cells are numbers,
or most of them and more than this many different ones."""
INFINITE = frozenset(["inf", "infinity", "nan"])
"""Words that other programs write for numbers; beside numbers they are always a mistake."""
UNIQUE, UNIQUE_TEXTS = 0.5, 100
"""Texts are too different to learn from if there are more than 100, and more than half as many as cells."""
RUNNING = 10
"""So many whole numbers, each one more than the one before, are a running number."""
OTHER_GRAMMARS = (
    (NumberGrammar(",", ""), 'data.decimal: ","'),
    (NumberGrammar(",", "."), 'data.decimal: "," and data.thousands: "."'),
    (NumberGrammar(".", ","), 'data.thousands: ","'),
    (NumberGrammar(",", " "), 'data.decimal: "," and data.thousands: " "'),
    (NumberGrammar(".", "'"), 'data.thousands: "\'"'),
)
"""Ways to write numbers that are texts here, and what would make them numbers."""
UNITS = re.compile(r"[-+]?[$€£¥] ?[0-9.,]+|[-+]?[0-9.,]+ ?[$€£¥%]")


@dataclass(frozen=True)
class Understood:
    """What a column was found to be, and why, where that is worth a word; `notice` if the user should hear it."""

    kind: Kind
    note: str = ""
    notice: bool = False


RUNNING_NUMBER = Understood("ignore", "a running number: an identifier")


def understand(table: Table, name: str, missing: Collection[str]) -> Understood:
    """The kind of a column, from all of its cells."""
    cells = table.column(name)
    if isinstance(cells, NumberCells):
        words = words_in(table, cells.odd, missing)
        if not (words or cells.inexact or leading_zeros(cells)):
            return RUNNING_NUMBER if is_running(figures_of(table, cells, missing)[0]) else Understood("number")
        if words and not marked(words):  # else all texts may be numbers in another way of writing them
            check_infinite(table, name, words)
            check_words(table, name, cells.odd, missing, figures=count_figures(table, cells, missing))
        cells = table.coded(name)
    gaps = {"", *missing, *same_number(cells.counts, missing, table.grammar)}
    counts = {value: count for value, count in cells.counts.items() if value not in gaps}
    if len(counts) < 2:
        if sum(counts.values()) < cells.rows and not any(map(table.grammar.reads, counts)) and counts:
            return Understood("category", "one value, or missing")
        return Understood("ignore", "all cells are missing" if not counts else "constant")
    if len(counts) <= CAPITALS and frozenset(value.lower() for value in counts) in BOOLEANS:
        return Understood("boolean")
    return understood_texts(table, name, cells, missing, counts)


def understood_texts(
    table: Table, name: str, cells: TextCells, missing: Collection[str], counts: dict[str, int]
) -> Understood:
    """The kind of a column of texts that is neither constant nor boolean."""
    present = sum(counts.values())
    figures = table.grammar.read(counts)
    words = {value for value in counts.keys() - figures if value.strip(" ") not in MISSING_NUMBERS}
    unique = len(counts) > UNIQUE_TEXTS and len(counts) > UNIQUE * present
    if figures and not words:
        codes = coded(figures)
        if codes and unique:
            return Understood("ignore", f"{codes}, {len(counts)} different ones: an identifier")
        if codes:
            return Understood("category", codes)
        different = len(counts) == cells.rows
        running = different and is_running(figures_of(table, cells, missing)[0])
        return RUNNING_NUMBER if running else Understood("number")
    if figures:
        check_infinite(table, name, words)
    if looks_like_dates(counts):
        return Understood("ignore", f"dates; to use them, set data.columns: {{{key(name)}: date}}", notice=True)
    if marks := marked(counts):
        said = f"these look like numbers; to read them as numbers, give {marks}"
        return Understood("ignore" if unique else "category", said, notice=True)
    if figures:
        check_words(table, name, cells, missing, figures=sum(counts[value] for value in figures), many=len(figures))
    if unique:
        return Understood("ignore", f"text with {len(counts)} different values in {present} cells")
    return Understood("category")


def check_infinite(table: Table, name: str, words: Collection[str]) -> None:
    """An error where all words in a column with numbers are infinities, which a network cannot learn from."""
    if words and all(word.strip(" +-").lower() in INFINITE for word in words):
        raise not_numbers(table, name, rows_of(table.column(name), words))


def check_words(
    table: Table, name: str, cells: TextCells, missing: Collection[str], *, figures: int, many: int = MANY + 1
) -> None:
    """An error where some `cells` are words in a column with so many `figures`, of which `many` are different."""
    words = words_in(table, cells, missing)
    wrong = sum(cells.counts[value] for value in words)
    share = figures / max(figures + wrong, 1)
    if not wrong or not (share > NEARLY_ALL or (share > MOST and many > MANY)):
        return
    rows = rows_of(table.column(name), words)
    shown = with_lines(table, name, rows[:5])
    if foreign := code_points(table.column(name).text(rows[0])):
        shown += foreign
    more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
    hint = f"mend them, list them in data.missing_values, or set data.columns: {{{key(name)}: category}}"
    raise table.fault(rows[0], name, f"{figures} cells are numbers but not {shown}{more}; {hint}")


def words_in(table: Table, cells: TextCells, missing: Collection[str]) -> set[str]:
    """The texts that are neither numbers nor missing."""
    others = cells.counts.keys() - table.grammar.read(cells.counts) - set(missing)
    return {value for value in others if value.strip(" ") not in MISSING_NUMBERS}


def count_figures(table: Table, cells: NumberCells, missing: Collection[str]) -> int:
    """How many cells are numbers and not missing."""
    gaps = {*missing, *same_number(cells.odd.counts, missing, table.grammar)}
    odd = sum(count for value, count in cells.odd.counts.items() if value not in gaps and table.grammar.reads(value))
    return odd + int((~np.isnan(cells.numbers) & ~np.isin(cells.numbers, marks_of(missing, table.grammar))).sum())


def marks_of(missing: Collection[str], grammar: NumberGrammar) -> list[float]:
    """The numbers among the texts that mean missing; they do so however they are written (-999, -999.0)."""
    return [figure(text.strip(" "), grammar) for text in missing if grammar.reads(text)]


def same_number(values: Collection[str], missing: Collection[str], grammar: NumberGrammar) -> set[str]:
    """The texts that are one of the numbers that mean missing."""
    marks = marks_of(missing, grammar)
    read = (value for value in values if marks and grammar.reads(value))
    return {value for value in read if figure(value.strip(" "), grammar) in marks}


def rows_of(cells: Cells, values: Collection[str]) -> list[int]:
    """The rows of the cells that are one of the texts, ascending."""
    coded = cells.odd if isinstance(cells, NumberCells) else cells
    wanted = [code for code, value in enumerate(coded.values) if value in values]
    found = np.flatnonzero(np.isin(coded.codes, wanted))
    return (cells.odd_rows[found] if isinstance(cells, NumberCells) else found).tolist()


def with_lines(table: Table, name: str, rows: Sequence[int]) -> str:
    """Cells with their lines, for a message."""
    cells = table.columns[name]
    return ", ".join(f"{cells.text(row)!r} on {line}" for row, line in zip(rows, table.lines(rows), strict=True))


def coded(values: Collection[str]) -> str:
    """Why digits are codes, not numbers: of one length with some that begin with 0, or too long to be exact."""
    lengths = set(map(len, values))
    if len(lengths) == 1 and re.search(r"^0[0-9]+$", "\n".join(values), re.MULTILINE):
        return "codes with leading zeros"
    return (
        "whole numbers too long to be exact" if max(lengths) > LONGEST_DIGITS and any(map(is_inexact, values)) else ""
    )


def leading_zeros(cells: NumberCells) -> bool:
    """Whether all numbers are written with equally many digits, some of which begin with 0."""
    return cells.digits > 1 and bool((cells.numbers < 10 ** (cells.digits - 1)).any())


def is_running(numbers: Doubles) -> bool:
    """Whether whole numbers rise by one from cell to cell."""
    if len(numbers) < RUNNING or not np.isfinite(numbers).all():
        return False
    return float(numbers[0]).is_integer() and bool((np.diff(numbers) == 1).all())


def marked(values: Collection[str]) -> str:
    """What would make numbers of texts that are all written in one of the other ways; empty if they are not."""
    texts = [value.strip() for value in values]
    if all(map(UNITS.fullmatch, texts)):
        return "plain numbers, without signs of units"
    return " or ".join(cure for grammar, cure in OTHER_GRAMMARS if all(map(grammar.reads, texts)))


def numbers(table: Table, name: str, missing: Collection[str]) -> Doubles:
    """The numbers of a column, NaN where missing; an error lists the cells that are none, with their lines."""
    cells = table.column(name)
    values, found = figures_of(table, cells, missing)
    wrong = np.isposinf(found)
    if wrong.any():
        coded = cells.odd if isinstance(cells, NumberCells) else cells
        bad = {value for value, is_wrong in zip(coded.values, wrong.tolist(), strict=True) if is_wrong}
        if rows := rows_of(cells, bad):
            raise not_numbers(table, name, rows)
    return values


def figures_of(table: Table, cells: Cells, missing: Collection[str]) -> tuple[Doubles, Doubles]:
    """The numbers of cells, and those of their different (odd) texts: NaN where missing, infinity where none."""
    if isinstance(cells, NumberCells):
        found = numbers_of(cells.odd, missing, table.grammar)
        values = cells.numbers
        if marks := marks_of(missing, table.grammar):
            values = np.where(np.isin(values, marks), np.nan, values)
        if not np.isnan(found).all():
            values = values.copy()
            values[cells.odd_rows] = found[cells.odd.codes]
    else:
        found = numbers_of(cells, missing, table.grammar)
        values = found[cells.codes]
    return values, found


def numbers_of(cells: TextCells, missing: Collection[str], grammar: NumberGrammar) -> Doubles:
    """The number of each of the different texts: NaN for missing ones, infinity for what is none or too large."""
    marks = MISSING_NUMBERS.union(missing)
    if (marks, grammar) not in cells.readings:
        cells.readings[marks, grammar] = read_numbers(cells.values, marks, grammar)
    return cells.readings[marks, grammar]


def read_numbers(values: Sequence[str], marks: Collection[str], grammar: NumberGrammar) -> Doubles:
    """The number of each text: of all at a glance, or where blanks or words are among them, with a look at each."""
    found = grammar.parse(values)
    if found is None:
        texts = ["" if text in marks else text.strip(" ") for text in values]
        known = ["" if text in marks else text for text in texts]
        found = grammar.parse(known)
        if found is None:
            found = np.fromiter((figure(text, grammar) if text else np.nan for text in known), np.float64, len(known))
    found = np.where(np.abs(found) > LARGEST, np.inf, found)
    return np.where(np.isin(found, marks_of(marks, grammar)), np.nan, found)


def figure(text: str, grammar: NumberGrammar) -> float:
    number = grammar.parse([text])
    return np.inf if number is None else float(number[0])


def not_numbers(table: Table, name: str, rows: Sequence[int]) -> DataError:
    """The error that names the first cells that are not numbers."""
    text = table.columns[name].text(rows[0])
    if table.grammar.reads(text):
        return table.fault(rows[0], name, f"{text!r} is too large for a number (at most {LARGEST:g}); mend it")
    others = with_lines(table, name, rows[1:5])
    more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
    hint = f"mend it, add it to data.missing_values, or set data.columns: {{{key(name)}: category}}"
    nor = f", nor is {others}{more}" if others else ""
    return table.fault(rows[0], name, f"{text!r}{code_points(text)} is not a number{nor}; {hint}")


def code_points(text: str) -> str:
    """The characters of a number-like text that are not ASCII, by their code points."""
    foreign = [f"U+{ord(character):04X}" for character in dict.fromkeys(text) if not character.isascii()]
    return f" (with {', '.join(foreign[:3])})" if foreign and any(map(str.isdecimal, text)) else ""


def booleans(table: Table, name: str, missing: Collection[str]) -> Doubles:
    """1 for true, 0 for false (also where other programs write 1.0 and 0.0), NaN where missing."""
    cells = table.coded(name)
    known = frozenset().union(*BOOLEANS)
    gaps = MISSING_NUMBERS.union(missing)
    words = [plain_boolean(value, table.grammar) for value in cells.values]
    bad = {value for value, word in zip(cells.values, words, strict=True) if value not in gaps and word not in known}
    if rows := rows_of(cells, bad):
        hint = f"write one of {listed(sorted(known))}, or set data.columns: {{{key(name)}: category}}"
        raise table.fault(rows[0], name, f"{cells.text(rows[0])!r} is not a truth value; {hint}")
    values = [np.nan if value in gaps else float(word in TRUE) for value, word in zip(cells.values, words, strict=True)]
    return np.array(values, np.float64)[cells.codes]


def plain_boolean(text: str, grammar: NumberGrammar) -> str:
    """A truth value in lower case; 1.0 is 1, and 0.0 is 0."""
    if grammar.reads(text):
        number = float(grammar.normal(text.strip(" ")))
        return str(int(number)) if number in (0, 1) else text
    return text.lower()


def dates(table: Table, name: str, missing: Collection[str], form: str | None) -> Doubles:
    """Seconds since 1970-01-01, NaN where missing."""
    cells = table.coded(name)
    gaps = {"", *missing}
    texts = ["" if value in gaps else value for value in cells.values]
    known = [text for text in texts if text]
    try:
        found = dict(zip(known, parse_dates(known, form).tolist(), strict=True))
    except ValueError as problem:
        cure = f"set data.columns: {{{key(name)}: {{type: date, format: …}}}}"
        raise table.fault(0, name, f"{problem}; {cure}") from None
    wrong = {text for text, seconds in found.items() if seconds != seconds}
    if wrong and (rows := rows_of(cells, wrong)):
        hint = "mend it, add it to data.missing_values, or give the column's format"
        raise table.fault(rows[0], name, f"{cells.text(rows[0])!r} is not a date{f' {form}' if form else ''}; {hint}")
    return np.array([found.get(text, np.nan) for text in texts], np.float64)[cells.codes]


def key(name: str) -> str:
    """A column's name as a key of YAML, in a message."""
    return name if re.fullmatch(r"[\w.-]+(?: [\w.-]+)*", name) else json.dumps(name, ensure_ascii=False)


def natural_order(values: Collection[str]) -> list[str]:
    """Sorted as numbers where all are numbers, as text otherwise."""
    if all(is_number(value) for value in values):
        return sorted(values, key=lambda value: (float(value), value))
    return sorted(values)
