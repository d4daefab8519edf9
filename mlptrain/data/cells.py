"""The cells of a column in memory: texts as codes of the different ones, or numbers once many of them are different.

Which of the two it is changes no meaning: every text, or its number, can be asked of both.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.grammar import EXACT, LARGEST, NumberGrammar, is_inexact

Codes = NDArray[np.int32]
Doubles = NDArray[np.float64]
RowNumbers = NDArray[np.int64]
Scalar = TypeVar("Scalar", bound=np.generic)

FEW, FEWEST, FEW_IN_ALL = 1000, 100, 1 << 20
"""Up to so many different texts a column stays coded; beyond, it is kept as numbers if most of them are numbers. Of a
wide table fewer, so that all its columns together hold about a million (each takes 64 bytes, somewhere in memory)."""
WORDS = 0.1
"""The share of different texts that may be no numbers in a column that is kept as numbers."""
LONGEST_DIGITS = 15
"""Whole numbers of so many digits are exact, so that their text can be had back."""


class NulByte(Exception):
    """A cell holds a NUL character."""


@dataclass(frozen=True)
class TextCells:
    """Cell i is `values[codes[i]]`; `values` are different from each other, some of them may not occur."""

    codes: Codes
    values: Sequence[str]
    readings: dict[Hashable, Doubles] = field(default_factory=dict, repr=False, compare=False)
    """The values as numbers, by what they were read as: read once for all cells that are taken from these."""

    @property
    def rows(self) -> int:
        return len(self.codes)

    def take(self, rows: RowNumbers) -> "TextCells":
        """Some of the cells."""
        return TextCells(self.codes[rows], self.values, self.readings)

    def text(self, row: int) -> str:
        """One cell."""
        return self.values[self.codes[row]]

    def texts(self) -> list[str]:
        """All cells."""
        return list(map(self.values.__getitem__, self.codes.tolist()))

    @cached_property
    def counts(self) -> dict[str, int]:
        """How often each text occurs, in the order of their first appearance in the file."""
        counts = np.bincount(self.codes, minlength=len(self.values)).tolist()
        return {value: count for value, count in zip(self.values, counts, strict=True) if count}


@dataclass(frozen=True)
class NumberCells:
    """Cell i is `numbers[i]`, NaN where it is one of the odd cells, which are no numbers (or too large for one)."""

    numbers: Doubles
    odd_rows: RowNumbers
    odd: TextCells
    digits: int = 0
    """If all cells but the odd ones are written as so many digits, else 0."""
    inexact: bool = False
    """Whether a whole number was rounded."""

    @property
    def rows(self) -> int:
        return len(self.numbers)

    def take(self, rows: RowNumbers) -> "NumberCells":
        """Some of the cells."""
        place = np.full(self.rows, -1)
        place[self.odd_rows] = np.arange(len(self.odd_rows))
        taken = place[rows]
        odd_rows = np.flatnonzero(taken >= 0)
        return NumberCells(self.numbers[rows], odd_rows, self.odd.take(taken[odd_rows]), self.digits, self.inexact)

    def text(self, row: int) -> str:
        """One cell, as it was written if it is odd, else as a number."""
        place = int(np.searchsorted(self.odd_rows, row))
        if place < len(self.odd_rows) and self.odd_rows[place] == row:
            return self.odd.text(place)
        return f"{int(self.numbers[row]):0{self.digits}d}" if self.digits else f"{self.numbers[row]:.15g}"

    def coded(self) -> TextCells | None:
        """The same cells as texts, where their text is known."""
        if not self.digits:
            return None
        known = ~np.isnan(self.numbers)
        numbers, codes = np.unique(self.numbers[known].astype(np.int64), return_inverse=True)
        values = [f"{number:0{self.digits}d}" for number in numbers.tolist()]
        all_codes = np.empty(self.rows, np.int32)
        all_codes[known] = codes
        all_codes[self.odd_rows] = self.odd.codes + len(values)
        return TextCells(all_codes, [*values, *self.odd.values])


Cells = TextCells | NumberCells


def few(columns: int) -> int:
    """Up to how many different texts each of so many columns stays coded."""
    return min(FEW, max(FEW_IN_ALL // columns, FEWEST))


@dataclass
class Coder:
    """Gives each different text a code, in order of appearance."""

    code_of: dict[str, int] = field(default_factory=dict)

    def codes(self, texts: Sequence[str]) -> Codes:
        """The codes of texts; new ones get the next codes."""
        try:
            return self.known_codes(texts)
        except KeyError:
            new = [text for text in dict.fromkeys(texts) if text not in self.code_of]
            if "\0" in "".join(new):
                raise NulByte from None
            self.code_of.update(zip(new, count(len(self.code_of))))
        return self.known_codes(texts)

    def known_codes(self, texts: Sequence[str]) -> Codes:
        return np.fromiter(map(self.code_of.__getitem__, texts), np.int32, len(texts))

    @property
    def values(self) -> list[str]:
        return list(self.code_of)


class Growing(Generic[Scalar]):
    """An array that grows at its end: its room is doubled when it is full, so that memory holds it once.

    Room that was never written to takes no memory.
    """

    def __init__(self, dtype: type[Scalar]) -> None:
        self._room = np.empty(0, dtype)
        self._size = 0

    def append(self, values: NDArray[Scalar]) -> None:
        """Add values at the end."""
        size = self._size + len(values)
        if size > len(self._room):
            larger = np.empty(max(size, 2 * len(self._room)), self._room.dtype)
            larger[: self._size] = self.array
            self._room = larger
        self._room[self._size : size] = values
        self._size = size

    @property
    def array(self) -> NDArray[Scalar]:
        """What was added."""
        return self._room[: self._size]


class Gatherer:
    """Gathers the cells of one of so many columns, block by block."""

    def __init__(
        self,
        grammar: NumberGrammar,
        *,
        as_text: bool = False,
        replace: Mapping[str, str] | None = None,
        columns: int = 1,
    ) -> None:
        self.few = few(columns)
        self.grammar, self.as_text, self.replace = grammar, as_text or bool(replace), replace or {}
        self.numeric = False
        self.digits = 0
        self.begin()

    def begin(self) -> None:
        """Forget the cells, but not whether they are gathered as numbers."""
        self.rows = 0  # while they are numbers
        self.inexact = False
        self.coder = Coder()
        self.codes = Growing(np.int32)
        self.numbers = Growing(np.float64)
        self.odd_rows = Growing(np.int64)

    def add(self, cells: "Block") -> None:
        """More cells: as texts, as coded texts, or as numbers with NaN for an empty cell."""
        if isinstance(cells, np.ndarray):
            self.add_array(cells)
        elif isinstance(cells, TextCells):
            self.add_coded(cells)
        elif self.numeric:
            self.add_numbers(self.figures(cells), lambda rows: [cells[row] for row in rows.tolist()])
        else:
            self.codes.append(self.coder.codes(cells))
            self.reconsider()

    def add_coded(self, cells: TextCells) -> None:
        """More cells, coded by another reader."""
        if self.numeric:
            self.add_numbers(self.figures(cells.values)[cells.codes], lambda rows: cells.take(rows).texts())
            return
        self.codes.append(self.coder.codes(cells.values)[cells.codes])
        self.reconsider()

    def add_array(self, numbers: Doubles) -> None:
        """More numbers, of which no text is known; in a column of texts, they are written in their shortest form."""
        if self.numeric:
            self.digits = 0
            self.add_numbers(numbers, lambda rows: list(map(shortest, numbers[rows].tolist())))
            return
        different, codes = np.unique(numbers, return_inverse=True)
        values = [shortest(number) for number in different.tolist()]
        self.add_coded(TextCells(codes.astype(np.int32), values))

    def reconsider(self) -> None:
        """Gather numbers from now on, where many different texts are numbers."""
        if len(self.coder.code_of) > self.few and not self.as_text:
            self.turn_numeric()

    def figures(self, texts: Sequence[str]) -> Doubles:
        """The numbers, NaN for what is none."""
        numbers = self.grammar.parse(texts)
        return np.fromiter(map(self.figure, texts), np.float64, len(texts)) if numbers is None else numbers

    def figure(self, text: str) -> float:
        number = self.grammar.parse([text])
        return np.nan if number is None else float(number[0])

    def add_numbers(self, numbers: Doubles, texts: Callable[[RowNumbers], list[str]]) -> None:
        """More numbers; where they are NaN (empty or odd cells), too large or inexact, `texts` tells what is there."""
        size = np.abs(numbers)
        if (size > LARGEST).any():
            numbers = np.where(size > LARGEST, np.nan, numbers)
        if not self.inexact and (size >= EXACT).any():  # 2⁵³ + 1 is read as 2⁵³
            self.inexact = any(map(is_inexact, texts(np.flatnonzero(size >= EXACT))))
        odd = np.flatnonzero(np.isnan(numbers))
        if odd.size:
            self.odd_rows.append(odd + self.rows)
            self.codes.append(self.coder.codes(texts(odd)))
        if self.digits:
            figures = texts(np.flatnonzero(~np.isnan(numbers)))
            self.digits = self.digits if not figures or common_digits(figures) == self.digits else 0
        self.numbers.append(numbers)
        self.rows += len(numbers)

    def turn_numeric(self) -> None:
        """Keep numbers from now on, if most of the different texts are numbers and are no codes."""
        values = self.coder.values
        figures = self.figures(values)
        known = np.flatnonzero(np.abs(figures) <= LARGEST).tolist()
        present = [values[code] for code in known]
        digits = common_digits(present) if present else 0
        self.as_text = (
            len(present) < (1 - WORDS) * len(values) or digits > LONGEST_DIGITS or any(map(is_inexact, present))
        )
        if self.as_text:
            return
        codes = self.codes.array
        self.begin()
        self.numeric, self.digits = True, 0
        self.add_numbers(figures[codes], lambda rows: [values[code] for code in codes[rows].tolist()])
        self.digits = digits

    def finish(self) -> Cells:
        """All cells; the next ones begin anew."""
        codes = self.codes.array
        coded = TextCells(codes, self.coder.values)
        if self.replace:
            merged = Coder()
            again = merged.codes([self.replace.get(value, value) for value in coded.values])
            coded = TextCells(again[codes], merged.values)
        cells: Cells = coded
        if self.numeric:
            numbers, odd_rows = self.numbers.array, self.odd_rows.array
            cells = NumberCells(numbers, odd_rows, coded, self.digits, self.inexact)
        self.begin()
        return cells


def shortest(number: float) -> str:
    """A number in its shortest text; empty for NaN.

    >>> [shortest(number) for number in (1.0, 0.1, float("nan"))]
    ['1', '0.1', '']
    """
    if number != number:
        return ""
    return str(int(number)) if number.is_integer() and abs(number) <= EXACT else repr(number)


def common_digits(texts: Sequence[str]) -> int:
    """How many digits each of the texts is written as, 0 if not all are written as equally many digits."""
    length = len(texts[0])
    return length if set(map(len, texts)) == {length} and all(t.isascii() and t.isdecimal() for t in texts) else 0


Block = Sequence[str] | TextCells | Doubles
"""Some cells of a column, as a reader gives them."""
