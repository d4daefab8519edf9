"""Levels, labels and groups: texts of one meaning are one of them.

What may be meant alike and is kept apart, such as levels that differ by capitals only, is told.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import chain, combinations
from math import isfinite
from typing import Protocol
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.blanks import ZERO_WIDTH, strip_blanks
from mlptrain.data.grammar import NUMBERS, NumberGrammar, is_inexact_whole_number
from mlptrain.data.meanings import Meaning, choose_meaning, find_texts_of_marks, trim_text

Integers = NDArray[np.int64]

NONE = -1
"""The code of a text that means none of the levels."""
MISSING_WORDS = frozenset(
    word
    for line in (
        "na|n/a|n.a.|n. a.|#n/a|#na|<na>|nan|nat|none|null|nil|missing|-|--|---|.|?|\\n",
        "k.a.|k. a.|keine angabe|n.v.|n. v.|nicht verfügbar|fehlt|leer|(leer)|(blank)|(blanks)|(empty)|(null)|(none)",
        "#nv|#wert!|#bezug!|#zahl!|#null!|#value!|#ref!|#num!|#div/0!|#name?|#error!|#fehler!",
        "s.o.|n.d.|n. d.|n.c.|sin datos|non disponible",
    )
    for word in line.split("|")
)
"""Words, in small letters, that programs write for a missing value; as labels they may mean what they say."""


def is_word_for_missing(text: str) -> bool:
    """Whether a text is one of the words that programs and people write for a missing value.

    >>> [is_word_for_missing(text) for text in ("#NV", " k.A.", "(leer)", "-", "", "none of these")]
    [True, True, True, True, False, False]
    """
    return trim_text(text).lower() in MISSING_WORDS


def merge_levels(counts: Mapping[str, int], marks: Collection[str], grammar: NumberGrammar) -> dict[str, int]:
    """How often each level occurs, under its most frequent spelling; texts that mean missing are the empty level.

    >>> merge_levels({"1.0": 2, "1": 1, " 2": 1, "-": 4}, ["-"], NUMBERS)
    {'': 4, '1.0': 3, '2': 1}
    """
    gaps = find_texts_of_marks(counts, marks)
    meaning = choose_meaning([text for text in counts if text not in gaps], grammar)
    empty = {meaning.find_key(mark) for mark in marks}
    spellings: dict[Hashable, dict[str, int]] = {}
    merged = {"": sum(counts[text] for text in gaps)} if gaps else {}
    for text, count in counts.items():
        key = meaning.find_key(text)
        if text not in gaps and key in empty:
            merged[""] = merged.get("", 0) + count
        elif text not in gaps:
            own = spellings.setdefault(key, {})
            spelling = strip_blanks(text)
            own[spelling] = own.get(spelling, 0) + count
    for own in spellings.values():
        merged[min(own, key=lambda spelling: (-own[spelling], spelling))] = sum(own.values())
    return merged


class CodedTexts(Protocol):
    """Cells as codes of their different texts."""

    @property
    def codes(self) -> NDArray[np.int32]: ...

    @property
    def values(self) -> Sequence[str]: ...

    @property
    def counts(self) -> Mapping[str, int]: ...


class LevelFinder:
    """Finds the level that a text means: the very text, else the one level of its meaning."""

    def __init__(self, levels: Sequence[str], marks: Collection[str] = (), grammar: NumberGrammar = NUMBERS) -> None:
        self.levels, self.marks, self.grammar = levels, marks, grammar
        places = {level: code for code, level in enumerate(levels)}
        self.places = places | dict.fromkeys(["", *marks], places.get("", NONE))

    @cached_property
    def meaning(self) -> Meaning:
        """What the levels mean."""
        return choose_meaning([level for level in self.levels if level not in self.marks], self.grammar)

    @cached_property
    def of_key(self) -> dict[Hashable, int]:
        """The level of each meaning; none where levels of one meaning are kept apart."""
        found: dict[Hashable, int] = {}
        for code, level in enumerate(self.levels):
            key = self.meaning.find_key(level)
            found[key] = NONE if key in found else code
        gap = self.places[""]
        return found | {self.meaning.find_key(mark): gap for mark in ["", *self.marks]}

    def find_code(self, text: str) -> int:
        """The place of the level, −1 if there is none."""
        code = self.places.get(text)
        return self.of_key.get(self.meaning.find_key(text), NONE) if code is None else code

    def code_cells(self, cells: CodedTexts) -> Integers:
        """The place of each cell's level, −1 where there is none: each different text is looked at once."""
        places = self.places
        codes = [places[text] if text in places else self.find_code(text) for text in cells.values]
        return np.array(codes, np.int64)[cells.codes]

    @cached_property
    def near(self) -> dict[Hashable, str]:
        """The levels by what texts have in common that may be meant alike."""
        found: dict[Hashable, str] = {}
        for level in filter(None, self.levels):
            for key in list_near_keys(level, self.grammar):
                found.setdefault(key, level)
        return found

    def find_near(self, text: str) -> str:
        """In words, the level that a text without one may have been meant as; empty if there is none."""
        level = next((self.near[key] for key in list_near_keys(text, self.grammar) if key in self.near), None)
        return "" if level is None else f"{text!r} is not {level!r}: they differ {describe_difference(text, level)}"


@lru_cache(maxsize=1024)
def make_level_finder(
    levels: tuple[str, ...], marks: frozenset[str] = frozenset(), grammar: NumberGrammar = NUMBERS
) -> LevelFinder:
    """The finder of some levels, made once for all pieces of a file."""
    return LevelFinder(levels, marks, grammar)


def code_by_meaning(cells: CodedTexts, grammar: NumberGrammar) -> Integers:
    """A code of each cell: cells have the same one if they mean the same."""
    meaning = choose_meaning(list(cells.counts), grammar)
    first: dict[Hashable, int] = {}
    keys = (meaning.find_key(text) for text in cells.values)
    return np.array([first.setdefault(key, code) for code, key in enumerate(keys)], np.int64)[cells.codes]


def list_near_keys(text: str, grammar: NumberGrammar) -> Iterator[Hashable]:
    """What texts have in common that may be meant alike: their letters, or their number."""
    trimmed = trim_text(text)
    yield " ".join(normalize("NFKC", remove_unseen_signs(trimmed)).casefold().split())
    number = grammar.read_mark(trimmed)
    if number is not None and isfinite(number) and not is_inexact_whole_number(trimmed):
        yield number


def remove_unseen_signs(text: str) -> str:
    """A text without signs of no width, such as soft hyphens and marks of direction."""
    return text if text.isascii() else text.translate(dict.fromkeys(ZERO_WIDTH))


DIFFERENCES: Mapping[str, Callable[[str], str]] = {
    "capitals": str.casefold,
    "blanks": lambda text: " ".join(text.split()),
    "signs that are not seen": remove_unseen_signs,
    "the form of their letters": lambda text: normalize("NFKC", text),
}
"""What texts may differ by that are meant alike, and what takes the difference away."""


def describe_difference(one: str, other: str) -> str:
    """How texts differ that may be meant alike, in the fewest words; what does not count is no difference.

    >>> describe_difference("Rome ", " rome"), describe_difference("New York", "new  york")
    ('by capitals only', 'by capitals and blanks only')
    """
    one, other = trim_text(one), trim_text(other)
    for names in chain.from_iterable(combinations(DIFFERENCES, count) for count in range(1, len(DIFFERENCES) + 1)):
        if reduce_text(one, names) == reduce_text(other, names):
            return f"by {' and '.join(filter(None, [', '.join(names[:-1]), names[-1]]))} only"
    return "only as texts, not as numbers"


def reduce_text(text: str, differences: Iterable[str]) -> str:
    """A text without some of the differences."""
    for name in differences:
        text = DIFFERENCES[name](text)
    return text


def find_near_levels(levels: Iterable[str], grammar: NumberGrammar = NUMBERS) -> list[tuple[str, str]]:
    """The pairs of levels that are kept apart and may be meant alike.

    >>> find_near_levels(["oslo", "Rome", "ROME"])
    [('Rome', 'ROME')]
    """
    seen: dict[Hashable, str] = {}
    pairs = []
    for level in levels:
        near = next((seen[key] for key in list_near_keys(level, grammar) if key in seen), None) if level else None
        if near is not None:
            pairs.append((near, level))
        for key in list_near_keys(level, grammar):
            seen.setdefault(key, level)
    return pairs


def describe_near_levels(
    name: str, levels: Iterable[str], grammar: NumberGrammar, *, what: str, may_be_joined: bool = True
) -> str:
    """A notice of levels (classes, groups …) that are kept apart and may be meant alike; empty if there are none.

    Where a spec is no more to be changed, they may not be joined.
    """
    pairs = find_near_levels(levels, grammar)
    if not pairs:
        return ""
    one, other = pairs[0]
    more = f" (and {len(pairs) - 1} more such pair{'s' * (len(pairs) > 2)})" if len(pairs) > 1 else ""
    differ = f"{one!r} and {other!r} are two {what}, which differ {describe_difference(one, other)}{more}"
    cure = f"; to make them one, set data.replace: {{{other!r}: {one!r}}}" if may_be_joined else ""
    return f'column "{name}": {differ}{cure}'
