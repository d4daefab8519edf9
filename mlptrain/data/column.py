"""The surface of a column kind: what every fitted column answers, and what its class knows before any fit.

A kind is one class in a file of its own, named in the union of `features.py`. The class recognises its columns among
the cells of a table, fits them on training rows and describes them; a fitted column makes inputs of the network.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np
from numpy.random import BitGenerator
from numpy.typing import NDArray

from mlptrain.data.cells import Cells, TextCells
from mlptrain.data.encodings import Encoding
from mlptrain.data.grammar import NumberGrammar
from mlptrain.data.imputing import Imputing
from mlptrain.data.levels import merge_levels
from mlptrain.data.number_texts import find_missing_number_texts
from mlptrain.data.odd_cells import OddRows
from mlptrain.data.scaling import Scaling
from mlptrain.data.table import Table
from mlptrain.data.yaml_keys import quote_yaml_key

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Matrix = NDArray[np.floating[Any]]

UNIQUE, UNIQUE_TEXTS = 0.5, 100
"""Texts are too different to learn from if there are more than 100, and more than half as many as cells."""


ROWS_TO_TELL, ONE_OF = 10, 50
"""Cells of at least so many rows are an identifier if all are different, but for one in so many."""


ONE_VALUE = "one value, or missing"
"""What is said of a category whose cells say one thing at most: which of them are missing is what it tells."""


REASONS = {"number": "numbers", "boolean": "truth values", "category": "texts", "date": "dates"}
"""What the cells of a column are, for a kind that needs no other reason."""


@dataclass(frozen=True)
class Understood:
    """The kind that a column was found to be, and why, where that is worth a word; `notice` if the user should hear it.

    The kind is one of those of the column classes, or "ignore".
    """

    kind: str
    note: str = ""
    notice: bool = False
    declared: bool = False
    """Whether the spec says the kind."""
    hides_numbers: bool = False
    """Whether the spec says another kind than number, and the cells look like numbers."""

    @property
    def reason(self) -> str:
        """Why the column is of its kind."""
        return self.note or f"its cells are {REASONS[self.kind]}"


def explain_different_cells(what: str, key: str, different: int, rows: int) -> str:
    """What is said of cells that are different in every row, or nearly so; empty if they are not."""
    if rows < ROWS_TO_TELL or different < rows - rows // ONE_OF:
        return ""
    where = "every row" if different == rows else f"nearly every row ({different:,} of {rows:,})"
    return f"{what}, different in {where}: probably an identifier; to leave it out, set data.columns: {{{key}: ignore}}"


@dataclass(frozen=True)
class ColumnLook:
    """A column of a table while its kind is to be found out."""

    table: Table
    name: str
    missing: Collection[str]
    """The texts that mean missing, beside the empty cell."""

    @property
    def cells(self) -> Cells:
        return self.table.column(self.name)

    @property
    def grammar(self) -> NumberGrammar:
        """How numbers are written in the column."""
        return self.table.grammar_of(self.name)

    @cached_property
    def texts(self) -> TextCells:
        """The cells as texts."""
        return self.table.code_texts(self.name)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How often each text occurs, without those that mean missing however they are written (-999, -999.0)."""
        found = self.texts.counts
        numbers = find_missing_number_texts(found, self.missing, self.grammar)
        gaps = self.table.gaps(self.name, self.missing) | numbers
        return {value: count for value, count in found.items() if value not in gaps}

    @property
    def levels(self) -> list[str]:
        """The levels, each under its most frequent spelling, without missing."""
        gaps = self.table.gaps(self.name, self.missing)
        return [level for level in merge_levels(self.texts.counts, gaps, self.grammar) if level]

    @property
    def is_constant(self) -> bool:
        """Whether all cells that are not missing are one text."""
        return len(self.counts) < 2

    @property
    def present(self) -> int:
        """How many cells are not missing."""
        return sum(self.counts.values())

    @property
    def is_unique(self) -> bool:
        """Whether the texts are too different from each other to learn from."""
        return len(self.counts) > UNIQUE_TEXTS and len(self.counts) > UNIQUE * self.present

    def describe_identifier(self, what: str = "texts") -> str:
        """What is said of texts that are different in nearly every row; empty if they are not."""
        return explain_different_cells(what, quote_yaml_key(self.name), len(self.counts), self.cells.rows)

    def describe_gaps(self, missing: Collection[str]) -> str:
        """How many cells are missing, for the end of a remark; empty if none is."""
        gaps = len(self.cells.find_rows(self.table.gaps(self.name, missing)))
        return f"; {gaps:,} missing ({gaps / self.table.rows:.1%})" if gaps else ""


@dataclass(frozen=True, kw_only=True)
class ColumnSettings:
    """All that is said about one column, with nothing left open: its kind, and how it is to be fitted."""

    name: str
    kind: str
    missing: tuple[str, ...]
    """The texts that mean missing, beside the empty cell."""
    scaling: Scaling
    imputing: Imputing
    encoding: Encoding
    min_frequency: int
    levels: tuple[str, ...] | None
    format: str | None
    clock: Literal["utc", "local"]


class Settling(Protocol):
    """Rules of a spec that settle everything about a column."""

    def settle(self, name: str, kind: str) -> ColumnSettings:
        """All that is said about a column of a kind."""


def accept_any_value(value: Any) -> str:
    """No fault, whatever the value."""
    return ""


@dataclass(frozen=True, kw_only=True)
class OwnKey:
    """A key of a column's settings in the spec that only columns of some kinds take."""

    name: str
    kinds: tuple[str, ...]
    """The kinds that may be declared beside it."""
    refusal: str
    """The problem if another kind is declared; {kind} stands for that kind."""
    means: str = ""
    """The kind of a column that has the key and declares none; empty if the key does not tell."""
    find_fault: Callable[[Any], str] = accept_any_value
    """Gives the problem of a value in words; empty if there is none."""

    def explain_refusal(self, kind: str | None) -> str:
        """Why the key cannot stand beside a declared kind; empty if it can."""
        return "" if kind is None or kind in self.kinds else self.refusal.format(kind=kind)


class Column(ABC):
    """One fitted column: plain numbers and texts, which go into the model file as they are."""

    kinds: ClassVar[tuple[str, ...]]
    """The kinds of `data.columns` that the class fits."""
    own_keys: ClassVar[tuple[OwnKey, ...]] = ()
    is_scaled: ClassVar[bool] = False
    """Whether `data.scaling` is for columns of this class."""
    keeps_codes: ClassVar[bool] = False
    """Whether `compact` gives one code per row, from which `write` makes the columns of the matrix."""
    changes_in_training: ClassVar[bool] = False
    """Whether `write_training` gives training rows other columns than later rows get."""
    name: str
    missing: tuple[str, ...]

    # what the class knows

    @classmethod
    @abstractmethod
    def recognise(cls, look: ColumnLook) -> Understood | None:
        """The finding, if the cells are of a kind of this class or are left out for a reason that it knows."""

    @classmethod
    def is_offered(cls, look: ColumnLook) -> bool:
        """Whether `init` declares this kind for a column that would be left out if nothing were declared."""
        return False

    @classmethod
    @abstractmethod
    def describe(cls, look: ColumnLook, found: Understood, quote: Callable[[str], str]) -> tuple[str, str]:
        """The value that `init` writes for the column, and the remark beside it; `quote` shortens cells in it."""

    @classmethod
    def needs_texts_of(cls, kind: str) -> bool:
        """Whether columns of a kind are read as texts, not as numbers."""
        return True

    @classmethod
    @abstractmethod
    def fit(cls, table: Table, asked: ColumnSettings, targets: Doubles) -> Self | None:
        """The column fitted on training rows and their `targets` (n, K); None if it says nothing about them."""

    @classmethod
    def explain_unfit(cls, asked: ColumnSettings) -> str:
        """Why `fit` gave None."""
        return "constant in the training rows"

    @classmethod
    def find_gaps(cls, table: Table, asked: ColumnSettings) -> Flags:
        """Which rows have no value (imputing: drop_row leaves them out)."""
        gaps = np.zeros(table.rows, bool)
        gaps[table.code_texts(asked.name).find_rows(table.gaps(asked.name, asked.missing))] = True
        return gaps

    # what a fitted column is for readers and for the network

    @property
    def kind_in_spec(self) -> str:
        """What `data.columns` calls its kind."""
        return self.kinds[0]

    @property
    @abstractmethod
    def width(self) -> int:
        """How many columns of the matrix it makes."""

    @property
    def needs_texts(self) -> bool:
        """Whether readers are to keep the texts of the cells."""
        return True

    @property
    def known_texts(self) -> tuple[str, ...]:
        """The texts that the column tells from all others; empty if it reads values, not texts."""
        return ()

    @property
    def is_plain_number(self) -> bool:
        """Whether its first column of the matrix is a number, for which a numeric embedding may stand."""
        return False

    @property
    def code_embedding(self) -> tuple[int, int] | None:
        """How many codes its column of the matrix has, and the width of their embedding; None if it has no codes."""
        return None

    # what a fitted column does with cells

    @abstractmethod
    def compact(self, table: Table, dtype: np.dtype[Any], odd: OddRows) -> NDArray[Any]:
        """The columns of the matrix (rows, width), or codes (rows,); `odd` is told which cells are odd."""

    def write(self, compact: NDArray[Any], out: Matrix) -> None:
        """Write the columns of the matrix of some rows."""
        out[...] = compact

    def write_training(
        self,
        table: Table,
        out: Matrix,
        *,
        asked: ColumnSettings,
        targets: Doubles,
        draw: Callable[[str], BitGenerator],
    ) -> None:
        """Change the columns of the training rows; `draw` gives the random bits of a purpose."""

    def describe_outliers(self, table: Table) -> Iterator[str]:
        """Notices of training cells that are out of all proportion."""
        return iter(())

    @abstractmethod
    def broken_rules(self) -> Iterator[str]:
        """The rules that a column from a model file breaks, which anyone may have written."""


def find_repeated(texts: Sequence[str]) -> str | None:
    """A text that occurs more than once; None if all are distinct."""
    return next((one for one, other in pairwise(sorted(texts)) if one == other), None)


def describe_broken_rule(name: str, rule: str) -> str:
    """A broken rule with the name of its column."""
    return f"column {name!r:.80}: {rule}"
