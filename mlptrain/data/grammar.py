"""The project's own grammar of numbers, for tables and for specs: ASCII digits, one point, an exponent.

No inf, no nan, no 1_000, no 0x10, no digits of other scripts: what Python's `float()` takes beyond this is a mistake
more often than a number.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)
BYTES = b"0123456789+-.eE"
EXACT = 2.0**53
"""Whole numbers beyond this are not all floating-point numbers."""
LARGEST = 1e300
"""Beyond this, a difference or a mean of numbers could overflow."""


DecimalPoint = Literal[".", ","]
ThousandsMark = Literal["", ",", ".", " ", "'", "_"]


def is_number(text: str) -> bool:
    """Whether a text is a number.

    >>> [is_number(text) for text in ("1e-3", ".5", "1_000", "inf", "")]
    [True, True, False, False, False]
    """
    return NUMBER.fullmatch(text) is not None


def is_inexact_whole_number(text: str) -> bool:
    """Whether a text is a whole number that no floating-point number equals, as long identifiers are.

    >>> [is_inexact_whole_number(text) for text in ("9007199254740992", "9007199254740993", "1e300")]
    [False, True, False]
    """
    digits = text.lstrip("+-")
    return 15 < len(digits) <= 300 and digits.isdecimal() and digits.isascii() and int(digits) != int(float(digits))


@dataclass(frozen=True)
class NumberGrammar:
    """How the numbers of a table are written; what has marks of thousands in other places is no number."""

    decimal: DecimalPoint = "."
    thousands: ThousandsMark = ""
    written: "NumberGrammar | None" = None
    """How the spec writes its numbers, where cells are values, which are not written in its way."""

    def normal(self, text: str) -> str:
        """Text with the decimal point and without marks of thousands; in it, "." is no number's part any more.

        >>> NumberGrammar(",", ".").normal("1.234,56")
        '1234.56'
        """
        if self.thousands and self.thousands in text:
            if not self.has_whole_groups(text):
                return f"?{text}"
            text = text.replace(self.thousands, "")
        if self.decimal != ".":
            text = text.replace(".", "?").replace(self.decimal, ".")
        return text

    def has_whole_groups(self, text: str) -> bool:
        """Whether the marks of thousands stand between groups of three digits, the first without a leading 0."""
        mark, point = re.escape(self.thousands), re.escape(self.decimal)
        return (
            re.fullmatch(rf"[-+]?[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+(?:{point}[0-9]*)?", text, re.ASCII) is not None
        )

    def read_mark(self, text: str) -> float | None:
        """The number that a text of the spec means, as it writes numbers or as all programs do; None if it is none."""
        grammar = next((each for each in (self.written or self, NUMBERS) if each.reads(text)), None)
        return None if grammar is None else float(grammar.normal(text.strip(" ")))

    def write(self, number: str) -> str:
        """A number that is written with a point, as this grammar has it; other texts stay.

        >>> NumberGrammar(",", ".").write("1234.5"), NumberGrammar(",").write("a.b")
        ('1234,5', 'a.b')
        """
        return number.replace(".", self.decimal) if self.decimal != "." and is_number(number) else number

    def reads(self, text: str) -> bool:
        """Whether a text is a number, blanks around it apart."""
        return is_number(self.normal(text.strip(" ")))

    def read(self, texts: Collection[str]) -> set[str]:
        """The texts that are numbers: all are parsed at once, or each by itself."""
        if "" not in texts and self.parse(list(texts)) is not None:
            return set(texts)
        return {text for text in texts if self.reads(text)}

    def parse(self, texts: Sequence[str]) -> NDArray[np.float64] | None:
        """The numbers (NaN for empty texts), or None if one is none: only bytes of the grammar, and Python reads it."""
        if self.decimal != "." or self.thousands:
            texts = list(map(self.normal, texts))
        if "".join(texts).encode("utf-8", "surrogatepass").translate(None, BYTES):
            return None
        try:
            return np.fromiter(map(float, replace_empty_with_nan(texts)), np.float64, len(texts))
        except ValueError:
            return None


def replace_empty_with_nan(texts: Sequence[str]) -> Sequence[str]:
    """The texts with nan for empty ones: where these are few, finding them is quicker than asking each text."""
    empty = texts.count("")
    if not empty:
        return texts
    if empty > len(texts) // 16:
        return [text or "nan" for text in texts]
    known, place = list(texts), -1
    for _ in range(empty):
        place = known.index("", place + 1)
        known[place] = "nan"
    return known


NUMBERS = NumberGrammar()
"""Numbers as most files write them."""
