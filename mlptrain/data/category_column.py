"""Columns of categories."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.random import BitGenerator

from mlptrain.data.cells import TextCells
from mlptrain.data.column import (
    Column,
    ColumnLook,
    ColumnSettings,
    Doubles,
    Integers,
    Matrix,
    OwnKey,
    Understood,
    describe_broken_rule,
    find_repeated,
)
from mlptrain.data.encodings import FittedEncoding
from mlptrain.data.number_texts import sort_numbers_or_texts
from mlptrain.data.odd_cells import OddRows
from mlptrain.data.table import Table, format_quoted_names
from mlptrain.errors import DataError
from mlptrain.randomness import uniform

HIDDEN = 0.01
"""The share of category cells that are hidden in training, so that the slot for unseen values is a trained one."""
MANY_LEVELS = 255
"""A first spec encodes a category of more levels than this by the target."""
NO_KEY = "a {{kind}} column has no {}; set type: category"


def code_cells_by_level(cells: TextCells, levels: Sequence[str], missing: Collection[str]) -> Integers:
    """The place of each cell's text in `levels`, their number for any other text; texts that mean missing are empty."""
    place = {level: code for code, level in enumerate(levels)}
    of_value = [place.get("" if value in missing else value, len(levels)) for value in cells.values]
    return np.array(of_value, np.int64)[cells.codes]


def count_cells_by_level(cells: TextCells, missing: Collection[str]) -> dict[str, int]:
    """How often each level occurs; all texts that mean missing are the empty level."""
    counts: dict[str, int] = {}
    for value, count in cells.counts.items():
        level = "" if value in missing else value
        counts[level] = counts.get(level, 0) + count
    return counts


def choose_levels(table: Table, asked: ColumnSettings, counts: dict[str, int]) -> tuple[str, ...]:
    """The declared levels; else those that are frequent enough, in natural order.

    Missing is a level of its own, the last one, but has no place in an order.
    """
    if asked.levels is not None:
        if not counts.keys() & set(asked.levels):
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
    return "give each level once" if len(set(levels)) < max(len(levels), 1) else ""


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
            reads = look.table.grammar_of(look.name).reads
            if look.counts and look.present < look.texts.rows and not any(map(reads, look.counts)):
                return Understood("category", "one value, or missing")
            return Understood("ignore", "constant" if look.counts else "all cells are missing")
        if look.is_unique:
            return Understood("ignore", f"text with {len(look.counts)} different values in {look.present} cells")
        return Understood("category")

    @classmethod
    def describe(cls, look: ColumnLook, found: Understood, quote: Callable[[str], str]) -> tuple[str, str]:
        levels = look.levels
        shown = ", ".join(map(quote, levels[:6])) + (", …" if len(levels) > 6 else "")
        note = f"{found.note}; " if found.note else ""
        said = "{type: category, encoding: target}" if len(levels) > MANY_LEVELS else "category"
        return said, f"{note}{len(levels)} levels: {shown}{look.describe_gaps(look.missing)}"

    @classmethod
    def fit(cls, table: Table, asked: ColumnSettings, targets: Doubles) -> Self | None:
        cells = table.coded(asked.name)
        gaps = table.gaps(asked.name, asked.missing)
        counts = count_cells_by_level(cells, gaps)
        levels = choose_levels(table, asked, counts) if len(counts) > 1 else ()
        if not levels:
            return None
        codes = code_cells_by_level(cells, levels, gaps)
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
    def embedded_codes(self) -> tuple[int, int] | None:
        return self.encoding.embedded_codes

    def codes(self, table: Table) -> Integers:
        """The place of each cell's level; the number of levels for any other value."""
        return code_cells_by_level(table.coded(self.name), self.levels, table.gaps(self.name, self.missing))

    def compact(self, table: Table, dtype: np.dtype[Any], odd: OddRows) -> Integers:
        codes = self.codes(table)
        unseen = codes == len(self.levels)
        if unseen.any():
            odd.unseen[self.name] = unseen
        return codes

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
