"""Columns of texts that are truth values, and the few stray cells that would make categories of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mlptrain.data.column import ColumnLook, Understood
from mlptrain.data.meanings import trim_text
from mlptrain.data.number_reading import BOOLEANS, build_odd_texts_error, normalise_boolean, quote_texts
from mlptrain.data.number_texts import MISSING_NUMBERS

WORDS = tuple(pair for pair in BOOLEANS if not any(map(str.isdecimal, pair)))
"""The pairs of truth values that are words; odd cells beside 1 and 0 are odd among numbers."""
NEARLY_ALL, MOST = 0.95, 0.9
"""Other texts in a column are stray ones if nearly all of its cells are truth values, and perhaps if most are."""
CAPITALS = (str.lower, str.upper, str.capitalize)
"""How truth values are written: as true, TRUE or True."""
LONGEST = max(len(word) for pair in WORDS for word in pair) + 8
"""A longer text is no truth value, with whatever blanks around it."""


@dataclass(frozen=True)
class TruthLook:
    """How far the texts of a column are truth values of one pair."""

    truths: int
    """The cells that are truth values."""
    odd: Mapping[str, int]
    """How often each other text occurs."""

    @property
    def share(self) -> float:
        """The share of the cells that are truth values."""
        return self.truths / (self.truths + sum(self.odd.values()))

    @property
    def strays(self) -> dict[str, int]:
        """The odd texts that do not mean a missing truth value anyway, if they are too few to be a value of their own;
        the most frequent first.
        """
        words = {text: count for text, count in self.odd.items() if text.strip() not in MISSING_NUMBERS}
        return dict(sorted(words.items(), key=lambda each: -each[1])) if self.share >= NEARLY_ALL else {}


def look_at_truth_values(counts: Mapping[str, int]) -> TruthLook | None:
    """How far texts, each with its number of cells, are truth values; None where not both of a pair occur.

    >>> look_at_truth_values({"true": 2, "FALSE": 1, "maybe": 1})
    TruthLook(truths=3, odd={'maybe': 1})
    """
    words = ((text, trim_text(text).lower()) for text in counts if len(text) <= LONGEST)
    meant = {text: word for text, word in words if any(word in pair for pair in WORDS)}
    for pair in WORDS:
        found = {text for text, word in meant.items() if word in pair}
        if {meant[text] for text in found} == pair:
            odd = {text: count for text, count in counts.items() if text not in found}
            return TruthLook(sum(counts[text] for text in found), odd)
    return None


def recognise_truth_values(look: ColumnLook) -> Understood | None:
    """What a column with truth values is; None if it has none, or other texts are values of their own.

    A few stray texts among them are an error, which names them.
    """
    seen = look_at_truth_values(look.counts)
    if seen is None or seen.share <= MOST:
        return None
    if strays := seen.strays:
        raise build_odd_texts_error(
            look.table, look.name, strays, missing=look.missing, figures=seen.truths, forms=(), what="truth values"
        )
    if seen.share >= NEARLY_ALL:
        return Understood("boolean")
    said = f"{seen.truths:,} of {look.present:,} cells are truth values"
    odd = f"list {quote_texts(seen.odd)} in data.missing_values"
    return Understood("category", f"{said}; if the others mean missing, {odd}", notice=True)


def list_truth_values(look: ColumnLook) -> list[str]:
    """Both values of a column of truth values, the false one first, with the capitals that most of its cells have."""
    words = {text: normalise_boolean(text, look.grammar) for text in look.counts}
    meant = {text: word for text, word in words.items() if any(word in pair for pair in BOOLEANS)}

    def count_cells(spell: Callable[[str], str]) -> int:
        return sum(look.counts[text] for text, word in meant.items() if trim_text(text) == spell(word))

    return list(map(max(CAPITALS, key=count_cells), sorted({*meant.values()})))
