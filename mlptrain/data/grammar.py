"""The project's own grammar of numbers, for tables and for specs: ASCII digits, one point, an exponent.

No inf, no nan, no 1_000, no 0x10, no digits of other scripts: what Python's `float()` takes beyond this is a mistake
more often than a number.
"""

import re
from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from mlptrain.data.blanks import strip_blanks

NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)
BYTES = b"0123456789+-.eE"
EXACT = 2.0**53
"""Whole numbers beyond this are not all floating-point numbers."""
LARGEST = 1e300
"""Beyond this, a difference or a mean of numbers could overflow."""


DecimalPoint = Literal[".", ","]
ThousandsMark = Literal["", ",", ".", " ", "'", "_", "\u00a0", "\u202f", "\u2009", "\u2019"]
LIKE_MARK = {" ": " \u00a0\u2007\u2008\u2009\u202f", "'": "'\u2019\u02bc"}
"""The characters that a mark of thousands stands for, where it stands for several: all blanks, all apostrophes."""
MINUS_LIKE = "\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d"
"""Signs and dashes that are written for a minus."""
TO_ASCII = str.maketrans(
    dict.fromkeys(MINUS_LIKE, "-")
    | {chr(0xFF10 + digit): str(digit) for digit in range(10)}
    | {"\uff0b": "+", "\uff0e": ".", "\uff0c": ",", "\uff08": "(", "\uff09": ")"}
)
"""Signs and full-width figures as the characters of ASCII that they stand for."""
NO_CENTS = re.compile(r"(?<=[0-9][.,])-+(?!-|[eE]?[-+]?[0-9])", re.ASCII)
"""Dashes in the place of the decimals of a price: 509.- and 509,-- are 509, never -509."""


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
    digits = strip_blanks(text).lstrip("+-")
    return 15 < len(digits) <= 300 and digits.isdecimal() and digits.isascii() and int(digits) != int(float(digits))


@dataclass(frozen=True)
class NumberGrammar:
    """How the numbers of a table are written; what has marks of thousands in other places is no number."""

    decimal: DecimalPoint = "."
    thousands: ThousandsMark = ""
    loose_signs: bool = False
    """Whether other signs and figures than those of ASCII count, -12 may be 12- or (12), and 12 may be 12.- or 12,-."""
    units: tuple[str, ...] = ()
    """Texts that may stand before or after a number and do not count."""
    written: "NumberGrammar | None" = None
    """How the spec writes its numbers, where cells are values, which are not written in its way."""

    @property
    def is_plain(self) -> bool:
        """Whether numbers are written as Python reads them."""
        return self.decimal == "." and not (self.thousands or self.loose_signs or self.units)

    def normal(self, text: str) -> str:
        """Text with the decimal point and without marks of thousands; in it, "." is no number's part any more.

        >>> NumberGrammar(",", ".").normal("1.234,56")
        '1234.56'
        """
        if self.loose_signs:
            text = straighten_signs(text)
        if self.units:
            text = self.drop_unit(text)
        if self.thousands and self._marks.search(text):
            if not self._groups.fullmatch(text):
                return f"?{text}"
            text = self._marks.sub("", text)
        if self.decimal != ".":
            text = text.replace(".", "?").replace(self.decimal, ".")
        return text

    @cached_property
    def _marks(self) -> re.Pattern[str]:
        return re.compile(f"[{re.escape(LIKE_MARK.get(self.thousands, self.thousands))}]")

    @cached_property
    def _groups(self) -> re.Pattern[str]:
        """Marks of thousands between groups of three digits, the first without a leading 0."""
        mark, point = self._marks.pattern, re.escape(self.decimal)
        return re.compile(rf"[-+]?[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+(?:{point}[0-9]*)?", re.ASCII)

    @cached_property
    def _with_unit(self) -> re.Pattern[str]:
        unit = "|".join(map(re.escape, sorted(self.units, key=len, reverse=True)))
        return re.compile(rf"(?P<sign>[-+]?)(?:(?:{unit})\s*(?P<after>.*)|(?P<before>.*?)\s*(?:{unit}))", re.DOTALL)

    def drop_unit(self, text: str) -> str:
        """Text without a unit before or after it.

        >>> [NumberGrammar(units=("$", "%")).drop_unit(text) for text in ("-$5", "12 %", "7", "$")]
        ['-5', '12', '7', '$']
        """
        found = self._with_unit.fullmatch(text)
        rest = found and (found["after"] or found["before"])
        return f"{found['sign']}{rest}" if found and rest else text

    def read_mark(self, text: str) -> float | None:
        """The number that a text of the spec means, as it writes numbers or as all programs do; None if it is none."""
        grammar = next((each for each in (self.written or self, NUMBERS) if each.reads(text)), None)
        return None if grammar is None else grammar.read_number(text)

    def write(self, number: str) -> str:
        """A number that is written with a point, as this grammar has it; other texts stay.

        >>> NumberGrammar(",", ".").write("1234.5"), NumberGrammar(",").write("a.b")
        ('1234,5', 'a.b')
        """
        return number.replace(".", self.decimal) if self.decimal != "." and is_number(number) else number

    def reads(self, text: str) -> bool:
        """Whether a text is a number, blanks of any kind around it apart."""
        return is_number(self.normal(strip_blanks(text)))

    def read_number(self, text: str) -> float:
        """The number that a text is which the grammar reads."""
        return float(self.normal(strip_blanks(text)))

    def read(self, texts: Collection[str]) -> set[str]:
        """The texts that are numbers: all are parsed at once, or each by itself."""
        if "" not in texts and self.parse(list(texts)) is not None:
            return set(texts)
        return {text for text in texts if self.reads(text)}

    def parse(self, texts: Sequence[str]) -> "array[float] | None":
        """The numbers (NaN for empty texts), or None if one is none: only bytes of the grammar, and Python reads it."""
        if not self.is_plain:
            texts = list(map(self.normal, texts))
        if "".join(texts).encode("utf-8", "surrogatepass").translate(None, BYTES):
            return None
        try:
            return array("d", map(float, replace_empty_with_nan(texts)))
        except ValueError:
            return None


def straighten_signs(text: str) -> str:
    """A number with signs and figures of ASCII: a minus before it, where there are other ones, brackets or one behind.

    >>> [straighten_signs(text) for text in ("\u221212", "12-", "(12)", "'12", "-12-", "12.-", "12,\u2014")]
    ['-12', '-12', '-12', '12', '-12-', '12.', '12,']
    """
    text = text.translate(TO_ASCII)
    if "-" in text[1:]:  # the mark stays: the grammar says whether it is the decimal point
        text = NO_CENTS.sub("", text)
    if len(text) < 2:
        return text
    if text[0] in LIKE_MARK["'"]:
        text = text[1:]
    if text[0] == "(" and text[-1] == ")" and text[1:2] not in ("-", "+"):
        return f"-{text[1:-1].strip()}"
    return f"-{text[:-1].rstrip()}" if text[-1] == "-" and text[0] not in "-+" else text


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
