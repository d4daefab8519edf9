"""Which of the different texts of a column are numbers, which mean missing, and which are words."""

from array import array
from collections.abc import Collection, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.blanks import is_blank, strip_blanks
from mlptrain.data.grammar import LARGEST, NumberGrammar, is_number

Doubles = NDArray[np.float64]

MISSING_NUMBERS = frozenset(["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"])
"""What stands for a missing number; for categories only the empty cell does, and what `missing_values` lists."""


def parse_number(text: str, grammar: NumberGrammar) -> float:
    """The number that a text is, infinity if it is none."""
    number = grammar.parse([text])
    return np.inf if number is None else number[0]


def parse_numbers(values: Sequence[str], marks: Collection[str], grammar: NumberGrammar) -> Doubles:
    """The number of each text: NaN for `marks`, which mean missing, infinity for a text that is none or too large.

    All texts are parsed at once; where blanks or words are among them, each by itself.
    """
    parsed = grammar.parse(values)
    if parsed is None:
        texts = ["" if text in marks else strip_blanks(text) for text in values]
        known = ["" if text in marks else text for text in texts]
        parsed = grammar.parse(known)
        if parsed is None:
            parsed = array("d", (parse_number(text, grammar) if text else np.nan for text in known))
    found = np.asarray(parsed)
    found = np.where(np.abs(found) > LARGEST, np.inf, found)
    return np.where(np.isin(found, parse_missing_numbers(marks, grammar)), np.nan, found)


def parse_missing_numbers(missing: Collection[str], grammar: NumberGrammar) -> Sequence[float]:
    """The numbers among the texts that mean missing; they do so however they are written (-999, -999.0)."""
    return parse_marks(frozenset(missing), grammar)


@lru_cache(maxsize=1024)
def parse_marks(marks: frozenset[str], grammar: NumberGrammar) -> Sequence[float]:
    """The numbers among some texts, found once for all columns with the same marks."""
    return tuple(number for text in marks if (number := grammar.read_mark(text)) is not None)


def find_missing_number_texts(values: Collection[str], missing: Collection[str], grammar: NumberGrammar) -> set[str]:
    """The texts that are one of the numbers that mean missing."""
    marks = parse_missing_numbers(missing, grammar)
    read = (value for value in values if marks and grammar.reads(value))
    return {value for value in read if grammar.read_number(value) in marks}


def find_words(values: Collection[str], missing: Collection[str], grammar: NumberGrammar) -> set[str]:
    """The texts that are neither numbers nor missing."""
    others = set(values) - grammar.read(values) - set(missing)
    return {value for value in others if strip_blanks(value) not in MISSING_NUMBERS and not is_blank(value)}


def are_whole_numbers(values: Collection[str]) -> bool:
    """Whether all texts but empty ones are whole numbers."""
    return all(strip_blanks(value).lstrip("+-").isdecimal() for value in values if not is_blank(value))


def has_fraction(numbers: Doubles) -> bool:
    """Whether one of some numbers is not whole; a missing one, NaN, is neither."""
    return bool((np.floor(numbers) < numbers).any())


def sort_numbers_or_texts(values: Collection[str]) -> list[str]:
    """Sorted as numbers where all are numbers, as text otherwise."""
    if all(is_number(value) for value in values):
        return sorted(values, key=lambda value: (float(value), value))
    return sorted(values)


def write_data_number(number: float) -> str:
    """A number of the data for a message: six significant digits, and all digits before the decimal point.

    >>> [write_data_number(number) for number in (0.1, 92813.5, 2328508.59, 1577955900000.0, 1.5e-7, 1e20)]
    ['0.1', '92813.5', '2328509', '1577955900000', '1.5e-07', '1e+20']
    """
    return f"{number:.0f}" if 999_999.5 <= abs(number) < 1e15 else f"{number:g}"
