"""Columns of categories."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.random import BitGenerator

from mlptrain.data.column import (
    ONE_VALUE,
    Column,
    ColumnLook,
    ColumnSettings,
    Doubles,
    Flags,
    Integers,
    Matrix,
    OwnKey,
    Understood,
    describe_broken_rule,
    find_repeated,
)
from mlptrain.data.column_names import format_quoted_names
from mlptrain.data.encodings import FittedEncoding
from mlptrain.data.grammar import NUMBERS
from mlptrain.data.levels import NONE, LevelFinder, describe_near_levels, make_level_finder, merge_levels
from mlptrain.data.meanings import choose_meaning
from mlptrain.data.number_texts import sort_numbers_or_texts
from mlptrain.data.odd_cells import OddRows
from mlptrain.data.table import Table
from mlptrain.errors import DataError
from mlptrain.randomness import uniform

HIDDEN = 0.01
"""The share of category cells that are hidden in training, so that the slot for unseen values is a trained one."""
MANY_LEVELS = 255
"""A first spec encodes a category of more levels than this by the target."""
MOST_HINTS = 20
"""Unseen values that are compared with the levels for a hint."""
NO_KEY = "a {{kind}} column has no {}; set type: category"


def choose_levels(table: Table, asked: ColumnSettings, counts: dict[str, int]) -> tuple[str, ...]:
    """The declared levels; else those that are frequent enough, in natural order.

    Missing is a level of its own, the last one, but has no place in an order.
    """
    if asked.levels is not None:
        finder = LevelFinder(asked.levels, table.gaps(asked.name, asked.missing), table.grammar_of(asked.name))
        if all(finder.find_code(level) == NONE for level in counts):
            found = format_quoted_names(sorted(counts.keys() - {""}), 5)
            why = f"none of its declared levels occurs; the cells are {found}"
            raise DataError(f'{table.name}: column "{asked.name}": {why}')
        return asked.levels
    order = sort_numbers_or_texts(counts.keys() - {""})
    if "" in counts and not asked.encoding.orders_levels:
        order.append("")
    return tuple(level for level in order if counts[level] >= asked.min_frequency)


def find_levels_fault(levels: Sequence[str]) -> str:
    """The problem of declared levels; empty if there is none."""
    meaning = choose_meaning(levels, NUMBERS)
    seen: dict[Hashable, str] = {}
    for level in levels:
        key = meaning.find_key(level)
        if key in seen:
            return "give each level once" + (f"; {seen[key]!r} and {level!r} are one" if seen[key] != level else "")
        seen[key] = level
    return "" if levels else "give each level once"


@dataclass(frozen=True, kw_only=True)
class CategoryColumn(Column):
    """One of the levels seen in training, or any other value, encoded."""

    kinds: ClassVar = ("category",)
    own_keys: ClassVar = (
        OwnKey(name="encoding", kinds=("category",), refusal=NO_KEY.format("encoding"), means="category"),
        OwnKey(name="min_frequency", kinds=("category",), refusal=NO_KEY.format("min_frequency")),
        OwnKey(
            name="levels",
            kinds=("category",),
            refusal=NO_KEY.format("levels"),
            means="category",
            find_fault=find_levels_fault,
        ),
    )
    keeps_codes: ClassVar = True
    changes_in_training: ClassVar = True

    kind: Literal["category"] = "category"
    name: str
    levels: tuple[str, ...]
    encoding: FittedEncoding
    missing: tuple[str, ...] = ()

    @classmethod
    def recognise(cls, look: ColumnLook) -> Understood:
        """A category is what no other kind has recognised, unless it is constant or different in nearly every row."""
        if look.is_constant:
            if look.counts and look.present < look.texts.rows:
                return Understood("category", ONE_VALUE)
            return Understood("ignore", "constant" if look.counts else "all cells are missing")
        if look.is_unique:
            return Understood("ignore", f"text with {len(look.counts)} different values in {look.present} cells")
        said = look.describe_identifier()
        return Understood("category", said, notice=bool(said))

    @classmethod
    def describe(cls, look: ColumnLook, found: Understood, quote: Callable[[str], str]) -> tuple[str, str]:
        levels = look.levels
        shown = ", ".join(map(quote, levels[:6])) + (", …" if len(levels) > 6 else "")
        note = f"{found.note}; " if found.note else ""
        said = "{type: category, encoding: target}" if len(levels) > MANY_LEVELS else "category"
        return said, f"{note}{len(levels)} level{'s' * (len(levels) != 1)}: {shown}{look.describe_gaps(look.missing)}"

    @classmethod
    def fit(cls, table: Table, asked: ColumnSettings, targets: Doubles) -> Self | None:
        cells = table.code_texts(asked.name)
        gaps = table.gaps(asked.name, asked.missing)
        counts = merge_levels(cells.counts, gaps, table.grammar_of(asked.name))
        levels = choose_levels(table, asked, counts) if len(counts) > 1 else ()
        if not levels:
            return None
        codes = LevelFinder(levels, gaps, table.grammar_of(asked.name)).code_cells(cells)
        codes[codes == NONE] = len(levels)
        encoding = asked.encoding.fit(codes, levels=len(levels), targets=targets)
        return cls(name=asked.name, levels=levels, encoding=encoding, missing=asked.missing)

    @classmethod
    def explain_unfit(cls, asked: ColumnSettings) -> str:
        return f"constant{' or too rare' if asked.min_frequency > 1 else ''} in the training rows"

    @property
    def width(self) -> int:
        return self.encoding.width

    @property
    def known_texts(self) -> tuple[str, ...]:
        return (*self.levels, *self.missing)

    @property
    def code_embedding(self) -> tuple[int, int] | None:
        return self.encoding.code_embedding

    def codes(self, table: Table) -> Integers:
        """The place of each cell's level; the number of levels for any other value."""
        codes = self.find_levels(table).code_cells(table.code_texts(self.name))
        codes[codes == NONE] = len(self.levels)
        return codes

    def find_levels(self, table: Table) -> LevelFinder:
        """Finds the levels that the cells of a table mean."""
        return make_level_finder(self.levels, table.marks(self.name, self.missing), table.grammar_of(self.name))

    def compact(self, table: Table, dtype: np.dtype[Any], odd: OddRows) -> Integers:
        codes = self.codes(table)
        unseen = codes == len(self.levels)
        if unseen.any():
            odd.unseen[self.name] = unseen
            if hint := self.hint_at_level(table, unseen):
                odd.hints[self.name] = hint
        return codes

    def hint_at_level(self, table: Table, unseen: Flags) -> str:
        """What one of the unseen values may have been meant as; empty if nothing tells."""
        cells, finder = table.code_texts(self.name), self.find_levels(table)
        texts = (cells.values[code] for code in np.unique(cells.codes[unseen])[:MOST_HINTS].tolist())
        return next((hint for text in texts if text and (hint := finder.find_near(text))), "")

    def describe_outliers(self, table: Table) -> Iterator[str]:
        """A notice of levels that may be meant alike."""
        said = describe_near_levels(self.name, self.levels, table.grammar_of(self.name), what="levels")
        return iter([said] if said else [])

    def write(self, compact: Integers, out: Matrix) -> None:
        self.encoding.encode(compact, out)

    def write_training(
        self,
        table: Table,
        out: Matrix,
        *,
        asked: ColumnSettings,
        targets: Doubles,
        draw: Callable[[str], BitGenerator],
    ) -> None:
        """Encode without the row's own target, and hide some cells behind the slot for unseen values."""
        if asked.encoding.sees_targets:
            out[...] = asked.encoding.cross_fit(
                self.encoding,
                self.codes(table),
                levels=len(self.levels),
                targets=targets,
                bits=draw("target encoding"),
            )
        hidden = uniform(draw("hide"), (len(out),)) < HIDDEN
        other = np.empty((int(hidden.sum()), self.width), out.dtype)
        self.encoding.encode(np.full(len(other), len(self.levels)), other)
        out[hidden] = other

    def broken_rules(self) -> Iterator[str]:
        if (level := find_repeated(self.levels)) is not None:
            yield f"the level {level!r:.80} is there twice"
        yield from (describe_broken_rule(self.name, rule) for rule in self.encoding.broken_rules(len(self.levels)))
