"""The cells of a column in memory: codes of its different texts, or numbers once many of them are different.

Both forms mean the same and answer the same questions: a cell's text, or its number.
"""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.coding import Coder, Codes
from mlptrain.data.column_types import TEXT, ColumnType
from mlptrain.data.grammar import EXACT, LARGEST, NUMBERS, NumberGrammar, is_inexact_whole_number
from mlptrain.data.number_texts import MISSING_NUMBERS, parse_missing_numbers, parse_numbers
from mlptrain.data.replacements import find_replacements
from mlptrain.data.stores import MEMORY, Store, cut_blocks, iterate_number_bytes

Doubles = NDArray[np.float64]
RowNumbers = NDArray[np.int64]

FEW, FEWEST, FEW_IN_ALL = 1000, 100, 1 << 20
"""A column stays coded up to this number of different texts; beyond, it is kept as numbers if most of them are numbers.
The columns of a wide table get fewer, so that all together hold about a million texts of 64 bytes each."""
WORDS = 0.1
"""The share of different texts that may be no numbers in a column that is kept as numbers."""
MOMENT_READING = "moments"
"""The reading of cells that are dates in memory: the moment of each value, which is in no format of texts."""
AHEAD_READING = "ahead"
"""Beside it: the seconds that the clock of each value's zone is ahead of UTC, NaN where it has no zone."""
LONGEST_DIGITS = 15
"""Whole numbers of up to 15 digits are exact, so that their text can be written again."""


@dataclass(frozen=True)
class TextCells:
    """Cell i is `values[codes[i]]`; `values` are different from each other, some of them may not occur."""

    is_numeric: ClassVar[bool] = False
    is_inexact: ClassVar[bool] = False
    has_leading_zeros: ClassVar[bool] = False
    first_texts: ClassVar[Sequence[str]] = ()

    codes: Codes
    values: Sequence[str]
    readings: dict[Hashable, Doubles] = field(default_factory=dict, repr=False, compare=False)
    """The values as numbers, by marks and grammar: parsed once for all cells that are taken from these."""

    @property
    def rows(self) -> int:
        return len(self.codes)

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, part: slice) -> "TextCells":
        return TextCells(self.codes[part], self.values)

    @property
    def kept_texts(self) -> "TextCells":
        """The cells that are kept as texts: all of them."""
        return self

    @property
    def array_bytes(self) -> int:
        """Bytes that grow with the rows."""
        return self.codes.nbytes

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

    def code_texts(self) -> "TextCells":
        """The cells as texts."""
        return self

    def find_rows(self, values: Collection[str]) -> list[int]:
        """The rows of the cells that are one of the texts, ascending."""
        wanted = [code for code, value in enumerate(self.values) if value in values]
        rows: list[int] = np.flatnonzero(np.isin(self.codes, wanted)).tolist()
        return rows

    def parse_values(self, missing: Collection[str], grammar: NumberGrammar) -> Doubles:
        """The number of each different text: NaN for missing ones, infinity for one that is no number, or too large."""
        marks = MISSING_NUMBERS.union(missing)
        if (marks, grammar) not in self.readings:
            self.readings[marks, grammar] = parse_numbers(self.values, marks, grammar)
        return self.readings[marks, grammar]

    def read_numbers(self, missing: Collection[str], grammar: NumberGrammar) -> tuple[Doubles, Doubles]:
        """The numbers of the cells and of `values`: NaN where missing, infinity where there is none."""
        found = self.parse_values(missing, grammar)
        return found[self.codes], found

    def count_plain_numbers(self, marks: Sequence[float]) -> int:
        """How many cells are kept as numbers, without `marks`, which mean missing."""
        return 0

    def count_different_numbers(self) -> int:
        """How many different numbers are kept as numbers: none."""
        return 0

    def digest_parts(self) -> Iterator[bytes | memoryview]:
        """Bytes that are the same for the same cells in the same order: the texts, and which of them each cell is."""
        present = sorted(self.counts)
        place_of = {text: place for place, text in enumerate(present)}
        places = np.array([place_of.get(text, -1) for text in self.values], np.int64)
        yield "\0".join(present).encode("utf-8", "surrogatepass")
        yield from (places[codes].astype("<i8").data for codes in cut_blocks(self.codes))


@dataclass(frozen=True)
class NumberCells:
    """Cell i is `numbers[i]`, NaN where it is one of the odd cells, which are no numbers (or too large for one)."""

    is_numeric: ClassVar[bool] = True

    numbers: Doubles
    odd_rows: RowNumbers
    odd: TextCells
    digits: int = 0
    """The number of digits that each cell but the odd ones is written with, 0 if they differ or have other marks."""
    inexact: bool = False
    """Whether a whole number was rounded."""
    first_texts: Sequence[str] = ()
    """The texts of the first different numbers, from which it is told how they are written."""

    @property
    def rows(self) -> int:
        return len(self.numbers)

    @property
    def is_inexact(self) -> bool:
        """Whether a whole number was rounded."""
        return self.inexact

    @property
    def has_leading_zeros(self) -> bool:
        """Whether all numbers are written with equally many digits, some of which begin with 0."""
        return self.digits > 1 and bool((self.numbers < 10 ** (self.digits - 1)).any())

    @property
    def kept_texts(self) -> TextCells:
        """The cells that are kept as texts: the odd ones."""
        return self.odd

    @property
    def array_bytes(self) -> int:
        """Bytes that grow with the rows."""
        return self.numbers.nbytes + self.odd_rows.nbytes + self.odd.codes.nbytes

    def take(self, rows: RowNumbers) -> "NumberCells":
        """Some of the cells."""
        place = np.full(self.rows, -1)
        place[self.odd_rows] = np.arange(len(self.odd_rows))
        taken = place[rows]
        odd_rows = np.flatnonzero(taken >= 0)
        odd = self.odd.take(taken[odd_rows])
        return NumberCells(self.numbers[rows], odd_rows, odd, self.digits, self.inexact, self.first_texts)

    def text(self, row: int) -> str:
        """One cell, as it was written if it is odd, else as a number."""
        place = int(np.searchsorted(self.odd_rows, row))
        if place < len(self.odd_rows) and self.odd_rows[place] == row:
            return self.odd.text(place)
        return f"{int(self.numbers[row]):0{self.digits}d}" if self.digits else f"{self.numbers[row]:.15g}"

    def code_texts(self) -> TextCells | None:
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

    def find_rows(self, values: Collection[str]) -> list[int]:
        """The rows of the odd cells that are one of the texts, ascending."""
        rows: list[int] = self.odd_rows[self.odd.find_rows(values)].tolist()
        return rows

    def read_numbers(self, missing: Collection[str], grammar: NumberGrammar) -> tuple[Doubles, Doubles]:
        """The numbers of the cells and of the different odd texts: NaN where missing, infinity where there is none."""
        found, values = self.odd.parse_values(missing, grammar), self.numbers
        if marks := parse_missing_numbers(missing, grammar):
            values = np.where(np.isin(values, marks), np.nan, values)
        if not np.isnan(found).all():
            values = values.copy()
            values[self.odd_rows] = found[self.odd.codes]
        return values, found

    def count_plain_numbers(self, marks: Sequence[float]) -> int:
        """How many cells are kept as numbers, without `marks`, which mean missing."""
        return int((~np.isnan(self.numbers) & ~np.isin(self.numbers, marks)).sum())

    def count_different_numbers(self) -> int:
        """How many different numbers are kept as numbers; all odd cells together are one more."""
        return len(np.unique(self.numbers))

    def digest_parts(self) -> Iterator[bytes | memoryview]:
        """Bytes that are the same for the same cells in the same order: the numbers, and the odd cells."""
        yield from iterate_number_bytes(self.numbers)
        yield self.odd_rows.astype("<i8").data
        yield from self.odd.digest_parts()


Cells = TextCells | NumberCells


def compute_distinct_text_limit(columns: int) -> int:
    """The number of different texts up to which each of the columns of a table stays coded."""
    return min(FEW, max(FEW_IN_ALL // columns, FEWEST))


class Gatherer:
    """Gathers the cells of one column block by block, in a store; its table has `columns` in all.

    Values of a type are kept as they are in a column of this type; among texts they get the text that the grammar has
    for them.
    """

    def __init__(
        self,
        grammar: NumberGrammar,
        *,
        as_text: bool = False,
        replace: Mapping[str, str] | None = None,
        columns: int = 1,
        of: ColumnType = TEXT,
        store: Store = MEMORY,
    ) -> None:
        self.few = compute_distinct_text_limit(columns)
        self.as_text, self.replace = as_text or bool(replace), replace or {}
        self.written, self.type, self.store = grammar, of, store
        self.grammar = NUMBERS if of.has_values else grammar
        self.numeric = False
        self.digits = 0
        self.first_texts: Sequence[str] = ()
        self.replaced_keys: frozenset[str] = frozenset()
        self.begin()

    def begin(self) -> None:
        """Forget the cells, but not whether they are gathered as numbers."""
        self.rows = 0  # while they are numbers
        self.inexact = False
        self.coder = Coder()
        self.codes = self.store.grow(np.int32)
        self.numbers = self.store.grow(np.float64)
        self.odd_rows = self.store.grow(np.int64)

    def add(self, cells: "Block") -> None:
        """Add cells: texts, coded texts, or numbers with NaN for an empty cell."""
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
        """Add cells that another reader has coded."""
        if self.numeric:
            self.add_numbers(self.figures(cells.values)[cells.codes], lambda rows: cells.take(rows).texts())
            return
        self.codes.append(self.coder.codes(cells.values)[cells.codes])
        self.reconsider()

    def add_array(self, numbers: Doubles) -> None:
        """Add numbers without texts; a column of texts gets their shortest form."""
        if self.numeric:
            self.digits = 0
            self.add_numbers(
                numbers, lambda rows: list(map(self.grammar.write, map(format_double, numbers[rows].tolist())))
            )
            return
        different, codes = np.unique(numbers, return_inverse=True)
        values = [self.grammar.write(format_double(number)) for number in different.tolist()]
        self.add_coded(TextCells(codes.astype(np.int32), values))

    def write_values(self, cells: "Block") -> "Block":
        """Typed cells among texts: numbers are written as the texts of the table are."""
        if not isinstance(cells, TextCells):
            return cells
        return TextCells(cells.codes, list(map(self.grammar.write, cells.values)))

    def reconsider(self) -> None:
        """Keep numbers from now on, if there are many different texts and most of them are numbers."""
        if len(self.coder.code_of) > self.few and not self.as_text:
            self.turn_numeric()

    def figures(self, texts: Sequence[str]) -> Doubles:
        """The numbers, NaN for texts that are none."""
        numbers = self.grammar.parse(texts)
        return np.fromiter(map(self.figure, texts), np.float64, len(texts)) if numbers is None else np.asarray(numbers)

    def figure(self, text: str) -> float:
        number = self.grammar.parse([text])
        return np.nan if number is None else number[0]

    def add_numbers(self, numbers: Doubles, texts: Callable[[RowNumbers], list[str]]) -> None:
        """Add numbers; `texts` gives the texts of rows, asked for numbers that are NaN, too large or not exact."""
        size = np.abs(numbers)
        if (size > LARGEST).any():
            numbers = np.where(size > LARGEST, np.nan, numbers)
        if not self.inexact and (size >= EXACT).any():  # 2⁵³ + 1 is read as 2⁵³
            self.inexact = any(map(is_inexact_whole_number, texts(np.flatnonzero(size >= EXACT))))
        odd = np.flatnonzero(np.isnan(numbers))
        if odd.size:
            self.odd_rows.append(odd + self.rows)
            self.codes.append(self.coder.codes(texts(odd)))
        if self.digits:
            figures = texts(np.flatnonzero(~np.isnan(numbers)))
            self.digits = self.digits if not figures or measure_fixed_digit_width(figures) == self.digits else 0
        self.numbers.append(numbers)
        self.rows += len(numbers)

    def turn_numeric(self) -> None:
        """Keep numbers from now on, if most of the different texts are numbers and are no codes."""
        values = self.coder.values
        figures = self.figures(values)
        known = np.flatnonzero(np.abs(figures) <= LARGEST).tolist()
        present = [values[code] for code in known]
        digits = measure_fixed_digit_width(present) if present else 0
        self.as_text = (
            len(present) < (1 - WORDS) * len(values)
            or digits > LONGEST_DIGITS
            or any(map(is_inexact_whole_number, present))
        )
        if self.as_text:
            return
        codes = self.codes.array
        self.begin()
        self.numeric, self.digits = True, 0
        self.first_texts = present[:FEW]
        self.add_numbers(figures[codes], lambda rows: [values[code] for code in codes[rows].tolist()])
        self.digits = digits

    def finish(self) -> Cells:
        """All cells; the next ones begin anew."""
        codes = self.codes.array
        coded = TextCells(codes, self.coder.values)
        if self.replace:
            merged = Coder()
            found = find_replacements(coded.values, self.replace, self.type, self.grammar, self.written)
            self.replaced_keys |= found.keys
            again = merged.codes([found.words.get(value, value) for value in coded.values])
            coded = TextCells(self.store.keep(again[codes]), merged.values)
        cells: Cells = coded
        if self.numeric:
            numbers, odd_rows = self.numbers.array, self.odd_rows.array
            cells = NumberCells(numbers, odd_rows, coded, self.digits, self.inexact, self.first_texts)
        self.begin()
        return cells


def format_double(number: float) -> str:
    """A number in its shortest text; empty for NaN.

    >>> [format_double(number) for number in (1.0, 0.1, float("nan"))]
    ['1', '0.1', '']
    """
    if number != number:
        return ""
    return str(int(number)) if number.is_integer() and abs(number) <= EXACT else repr(number)


def measure_fixed_digit_width(texts: Sequence[str]) -> int:
    """The number of digits that every text consists of, 0 if the texts differ in it or have other characters."""
    length = len(texts[0])
    return length if set(map(len, texts)) == {length} and all(t.isascii() and t.isdecimal() for t in texts) else 0


Block = Sequence[str] | TextCells | Doubles
"""Some cells of a column, as a reader gives them."""
