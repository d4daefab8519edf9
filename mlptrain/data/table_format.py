"""How the text of a table is written: the settings of a spec that its readers ask for."""

import codecs
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge, Le, Len

from mlptrain.data.grammar import DecimalPoint, NumberGrammar, ThousandsMark

DELIMITERS = {"\t": r'"\t"', ";": '";"', "|": '"|"'}
"""Other delimiters than the comma, as YAML writes them."""


@dataclass(frozen=True, kw_only=True)
class TableFormat:
    """How the text of a table is written."""

    delimiter: Annotated[str, Len(1, 1)] | None = None
    """One character; by default a comma, or a tab where the first line has tabs and no commas."""
    encoding: str = "utf-8"
    """The text's encoding, by Python's names (utf-8, cp1252, latin-1 …)."""
    header: bool | None = None
    """true: the first line names the columns; false: it is a row, and they are column_1, column_2, …; by default it
    names them, but names that are all numbers are refused, unless the spec speaks of one of them."""
    skip_rows: Annotated[int, Ge(0), Le(10**6)] = 0
    """Lines to skip before the header (or the first row), such as titles."""
    skip_after_names: Annotated[int, Ge(0), Le(10**6)] = 0
    """Lines to skip between the header and the first row, such as units."""
    skip_footer: Annotated[int, Ge(0), Le(10**6)] = 0
    """Lines to skip at the end of each file, such as sums; lines without any cell do not count."""
    sheet: str | None = None
    """The sheet of an Excel workbook, by its name or its number from 1; by default the first."""
    skip_initial_space: bool = False
    """Drop blanks after a delimiter."""
    decimal: DecimalPoint = "."
    """The decimal point of numbers."""
    thousands: ThousandsMark = ""
    """The mark between groups of digits, as in 1,234,567; " " stands for blanks of every kind (also no-break and thin
    ones), "'" for a typographic apostrophe, too."""
    loose_signs: bool = False
    """Read as numbers, too: a dash or U+2212 for the minus, 12- and (12) for -12, 12.- for 12 (or 12,- with decimal
    commas), full-width figures, an apostrophe before a number."""
    units: tuple[str, ...] = ()
    """Texts that may stand before or after a number and are dropped: ["%", "€", "EUR"]; 12.3% is 12.3."""
    replace: Mapping[str, str] = field(default_factory=dict)
    """Cells to be read as another text, in every column: {"<=50K.": "<=50K"}."""

    @property
    def grammar(self) -> NumberGrammar:
        return NumberGrammar(self.decimal, self.thousands, loose_signs=self.loose_signs, units=self.units)

    @property
    def has_header(self) -> bool:
        """Whether a line of names is expected."""
        return self.header is not False

    @property
    def column_names(self) -> Collection[str]:
        """Columns of which it is known that the file has them."""
        return ()


def quote_delimiter(mark: str) -> str:
    """A delimiter as YAML writes it."""
    return DELIMITERS.get(mark, f'"{mark}"')


def is_known_encoding(name: str) -> bool:
    """Whether Python knows a text encoding of this name."""
    try:
        "".encode(name)
        return codecs.lookup(name).name not in NO_TEXT
    except (LookupError, ValueError):
        return False


NO_TEXT = frozenset(["utf-7", "unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined"])
"""Encodings of names and of source code, and those in which halves of characters can be written."""
