"""Columns of numbers and truth values."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np

from mlptrain.data.column import (
    Column,
    ColumnLook,
    ColumnSettings,
    Doubles,
    Flags,
    Matrix,
    OwnKey,
    Understood,
    describe_broken_rule,
)
from mlptrain.data.number_reading import describe_range, read_booleans, read_numbers
from mlptrain.data.number_recognition import recognise_numbers
from mlptrain.data.number_texts import MISSING_NUMBERS, are_whole_numbers, has_fraction
from mlptrain.data.odd_cells import BEYOND, OddRows
from mlptrain.data.scaling import Affine, FittedScaling
from mlptrain.data.table import Table
from mlptrain.data.truth_values import list_truth_values, recognise_truth_values
from mlptrain.data.usual_numbers import UsualNumbers
from mlptrain.figures import format_figure

LARGEST_SCALED = 1e30
"""A scaled number beyond this leaves no room for its products, in float32."""
FAR_OUT = 1e6
"""A number more interquartile ranges than this from the median is worth a notice."""
FEW_NUMBERS = 20
"""Whole numbers of no more different values than this may be codes."""


@dataclass(frozen=True, kw_only=True)
class NumberColumn(Column):
    """One number (or truth value) a row, scaled; missing ones are filled, and marked if fitted so."""

    kinds: ClassVar = ("number", "boolean")
    own_keys: ClassVar = (OwnKey(name="scaling", kinds=("number",), refusal="a {kind} column is not scaled"),)
    is_scaled: ClassVar = True

    kind: Literal["number"] = "number"
    name: str
    boolean: bool
    fill: float
    scaling: FittedScaling
    indicator: bool
    missing: tuple[str, ...] = ()
    usual: UsualNumbers | None = None
    """The numbers of training; None of truth values, and in models that did not keep them."""
    whole: bool = False
    """Whether all training numbers were whole; False of truth values, and in models that did not keep it."""

    @classmethod
    def recognise(cls, look: ColumnLook) -> Understood | None:
        return recognise_numbers(look) or (None if look.cells.is_numeric else recognise_truth_values(look))

    @classmethod
    def describe(cls, look: ColumnLook, found: Understood, quote: Callable[[str], str]) -> tuple[str, str]:
        if found.kind == "boolean":
            return "boolean", ", ".join(list_truth_values(look)) + look.describe_gaps(look.missing)
        words, texts = describe_range(look.table, look.name, look.missing), look.cells.kept_texts.counts
        if not look.cells.is_numeric and len(texts) <= FEW_NUMBERS and are_whole_numbers(texts):
            known = texts.keys() - {"", *MISSING_NUMBERS, *look.missing}
            words += f", {len(known)} different ones; if they are codes: category"
        words += f"; {found.note}" if found.notice else ""
        return "number", words + look.describe_gaps(MISSING_NUMBERS.union(look.missing))

    @classmethod
    def needs_texts_of(cls, kind: str) -> bool:
        return kind == "boolean"

    @classmethod
    def fit(cls, table: Table, asked: ColumnSettings, targets: Doubles) -> Self | None:
        boolean = asked.kind == "boolean"
        values = (read_booleans if boolean else read_numbers)(table, asked.name, asked.missing)
        known = values[~np.isnan(values)]
        if not known.size:
            return None
        indicator = asked.imputing.indicator and known.size < values.size
        scaling: FittedScaling = asked.scaling.fit(known)
        varies = not scaling.degenerate and known.min() < known.max()
        if not varies:
            if not indicator:
                return None
            scaling = Affine(center=float(known[0]), scale=LARGEST_SCALED)  # what differs later says nothing known
        return cls(
            name=asked.name,
            boolean=boolean,
            fill=asked.imputing.fit(known),
            scaling=scaling,
            indicator=indicator,
            missing=asked.missing,
            usual=None if boolean and varies else UsualNumbers.fit(known),
            whole=not boolean and not has_fraction(known),
        )

    @classmethod
    def find_gaps(cls, table: Table, asked: ColumnSettings) -> Flags:
        if asked.kind == "boolean":
            return super().find_gaps(table, asked)
        gaps: Flags = np.isnan(read_numbers(table, asked.name, asked.missing))
        return gaps

    @property
    def kind_in_spec(self) -> str:
        return "boolean" if self.boolean else "number"

    @property
    def width(self) -> int:
        return 1 + self.indicator

    @property
    def needs_texts(self) -> bool:
        return self.boolean

    @property
    def is_plain_number(self) -> bool:
        return not self.boolean

    def read(self, table: Table) -> Doubles:
        """The numbers, NaN where missing."""
        return (read_booleans if self.boolean else read_numbers)(table, self.name, self.missing)

    def compact(self, table: Table, dtype: np.dtype[Any], odd: OddRows) -> Matrix:
        numbers = self.read(table)
        gaps = np.isnan(numbers)
        values = numbers
        if gaps.any():
            values = np.where(gaps, self.fill, numbers)
            odd.filled[self.name] = gaps
        scaled = self.scaling(values)
        if (far := self.find_far_numbers(numbers, scaled)) is not None:
            odd.beyond[self.name] = far
        if self.whole and has_fraction(numbers):
            odd.fractions.add(self.name)
        self.require_room_for_products(table, scaled)
        columns = [scaled, gaps] if self.indicator else [scaled]
        return np.stack([column.astype(dtype) for column in columns], axis=1)

    def find_far_numbers(self, numbers: Doubles, scaled: Doubles) -> Flags | None:
        """Which numbers are far out; None if none is. Where training kept none, what the scaling shows must do."""
        if self.usual is not None:
            return self.usual.find_far(numbers)
        far = (np.abs(scaled) > BEYOND) & ~np.isnan(numbers)
        return far if far.any() and not self.boolean else None

    def require_room_for_products(self, table: Table, scaled: Doubles) -> None:
        """An error at the first number that is too large once it is scaled."""
        if np.max(scaled, initial=0) > LARGEST_SCALED or np.min(scaled, initial=0) < -LARGEST_SCALED:
            row = int((np.abs(scaled) > LARGEST_SCALED).argmax())
            cell, cure = table.columns[self.name].text(row), "mend it, or set another data.scaling for the column"
            size = f"{format_figure(scaled[row])} once scaled"
            why = f"{cell!r} is out of all proportion to the training rows ({size}); {cure}"
            raise table.fault(row, self.name, why)

    def describe_outliers(self, table: Table) -> Iterator[str]:
        """A notice of the number that is farthest out, if it is out of all proportion."""
        values = self.read(table)
        known = np.sort(values[~np.isnan(values)])
        if known[-1] - known[0] <= FAR_OUT * abs(known[len(known) // 2] - known[0]):
            return
        low, median, high = (float(known[len(known) * k // 4]) for k in (1, 2, 3))
        spread = high - low or float((known / 1e150).std() * 1e150)
        distances = np.abs(values - median) / spread if spread > 0 else np.zeros(1)
        row = int(np.nanargmax(distances))
        if distances[row] > FAR_OUT:
            where, cell = table.lines([row])[0], table.columns[self.name].text(row)
            how_far = f"{distances[row]:.0e} interquartile ranges from the median"
            yield f'column "{self.name}": {cell} on {where} is {how_far}'

    def broken_rules(self) -> Iterator[str]:
        yield from (describe_broken_rule(self.name, rule) for rule in self.scaling.broken_rules())
        if self.usual is not None:
            yield from (describe_broken_rule(self.name, rule) for rule in self.usual.broken_rules())
