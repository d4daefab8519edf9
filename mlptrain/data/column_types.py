"""The types of columns whose source knows them: how the spec's words meet typed values, which is by value.

How numbers and dates are written in text has no meaning for a column of numbers or dates. What a spec lists
(`missing_values`, the keys of `replace`) is text, and means the same value however it is written: -999 is -999.0.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mlptrain.data.blanks import strip_blanks
from mlptrain.data.grammar import NUMBERS, NumberGrammar
from mlptrain.data.moments import DATE_FORMATS, DAY_FIRST, ISO, MONTH_FIRST, parse_moment

READ_BY_VALUE = frozenset(["number", "boolean", "date"])
"""The kinds whose values are no texts."""


@dataclass(frozen=True)
class ColumnType:
    """The kind that a source declares for a column by the type of its values."""

    kind: str
    strays: Mapping[str, int] = field(default_factory=dict)
    """The texts of values that are of another type, each with its first row."""
    is_index: bool = False
    """Whether the source says that the column holds no data but the names of the rows."""
    only_index_in: str = ""
    """The first of several files that says so, where others do not."""
    unreadable: str = ""
    """The name of a type of which no cells can be made; empty if they can."""
    reading: str = field(default="", compare=False)
    """What the user should hear of how the values are read."""
    native: Any = field(default=None, compare=False)
    """The type in the words of the library that reads it, which may have several of one kind."""
    values: Sequence[Any] | None = field(default=None, compare=False, repr=False)
    """The values of all cells, where each of them has a type of its own and they are held anyway."""

    @property
    def has_values(self) -> bool:
        """Whether the cells are values, which are not written in any way, and no texts."""
        return self.kind in READ_BY_VALUE


TEXT = ColumnType("category")
"""What a column is whose source knows nothing of it: its cells are texts."""


def make_typed_grammar(written: NumberGrammar) -> NumberGrammar:
    """How the numbers of typed columns are written, beside a spec that writes its numbers in another way."""
    return NUMBERS if written == NUMBERS else replace(NUMBERS, written=written)


def find_texts_of_equal_value(
    texts: Collection[str], marks: Collection[str], of: ColumnType, written: NumberGrammar
) -> frozenset[str]:
    """The texts of a typed column whose value is that of one of the marks; strays are texts, and equal as such.

    >>> sorted(find_texts_of_equal_value(["-999", "1"], ["-999.0", "x"], ColumnType("number"), NUMBERS))
    ['-999']
    """
    wanted = {read_mark(mark, of.kind, written) for mark in marks} - {None}
    if not wanted and not of.strays:
        return frozenset()
    return frozenset(
        text
        for text in texts
        if (text in marks if text in of.strays else read_value(text, of.kind) in wanted)  # None is never wanted
    )


def write_replacement(word: str, of: ColumnType, written: NumberGrammar) -> str:
    """The text that a word of `replace` is in a column of a type.

    >>> write_replacement("0,5", ColumnType("number"), NumberGrammar(","))
    '0.5'
    """
    is_typed_number = of.kind == "number" and written.reads(word)
    return written.normal(strip_blanks(word)) if is_typed_number else word


def find_keys_of_values(
    texts: Collection[str], keys: Collection[str], of: ColumnType, written: NumberGrammar
) -> dict[str, str]:
    """The texts of a typed column whose value is that of one of some keys, with the key.

    >>> find_keys_of_values(["-999", "1"], {"-999,0": "0,5"}, ColumnType("number"), NumberGrammar(","))
    {'-999': '-999,0'}
    """
    return {text: key for key in keys for text in find_texts_of_equal_value(texts, [key], of, written)}


def read_mark(text: str, kind: str, written: NumberGrammar) -> Hashable:
    """The value that a text of the spec has in a column of a kind; None if it has none."""
    if kind == "number":
        return make_typed_grammar(written).read_mark(text)
    return read_value(strip_blanks(text), kind)


def read_value(text: str, kind: str) -> Hashable:
    """The value of a text; None if it has none of the kind."""
    if kind == "number":
        return NUMBERS.read_mark(text)
    if kind == "boolean":
        return text.lower() if text.lower() in ("true", "false") else None
    formats = (form for name, form in DATE_FORMATS.items() if name == ISO or name not in (DAY_FIRST, MONTH_FIRST))
    return next((moment for form in formats if (moment := parse_moment(text, form)) is not None), None)
