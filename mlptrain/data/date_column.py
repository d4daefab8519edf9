"""Columns of dates."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np

from mlptrain.data.cells import MOMENT_READING
from mlptrain.data.column import (
    Column,
    ColumnLook,
    ColumnSettings,
    Doubles,
    Matrix,
    OwnKey,
    Understood,
    describe_broken_rule,
)
from mlptrain.data.column_types import ColumnType
from mlptrain.data.dates import ISO, DateParts, compile_date_format, find_date_format, looks_like_dates, parse_dates
from mlptrain.data.number_reading import quote_yaml_key
from mlptrain.data.odd_cells import OddRows
from mlptrain.data.table import Table


def read_dates(table: Table, name: str, missing: Collection[str], form: str | None) -> Doubles:
    """Seconds since 1970-01-01, NaN where missing."""
    cells = table.coded(name)
    gaps = table.gaps(name, missing)
    texts = ["" if value in gaps else value for value in cells.values]
    known = [text for text in texts if text]
    try:
        moments = cells.readings.get(MOMENT_READING)
        if moments is not None:
            found = dict(zip(known, moments[list(map(bool, texts))].tolist(), strict=True))
        else:
            found = parse_typed_dates(known, form, table.type_of(name))
    except ValueError as problem:
        cure = f"set data.columns: {{{quote_yaml_key(name)}: {{type: date, format: …}}}}"
        raise table.fault(0, name, f"{problem}; {cure}") from None
    wrong = {text for text, seconds in found.items() if seconds != seconds}
    if wrong and (rows := cells.find_rows(wrong)):
        hint = "mend it, add it to data.missing_values, or give the column's format"
        raise table.fault(rows[0], name, f"{cells.text(rows[0])!r} is not a date{f' {form}' if form else ''}; {hint}")
    return np.array([found.get(text, np.nan) for text in texts], np.float64)[cells.codes]


def parse_typed_dates(texts: Sequence[str], form: str | None, of: ColumnType) -> dict[str, float]:
    """The moment of each text, NaN where it is no date: values have one form of text, whatever the format of texts."""
    values = [text for text in texts if of.kind == "date" and text not in of.strays]
    others = [text for text in texts if of.kind != "date" or text in of.strays]
    found = zip(values, parse_dates(values, ISO).tolist(), strict=True)
    return dict([*found, *zip(others, parse_dates(others, form).tolist(), strict=True)])


def find_format_fault(form: str) -> str:
    """The problem of a format of dates; empty if there is none."""
    try:
        compile_date_format(form)
    except ValueError as problem:
        return str(problem)
    return ""


def find_table_date_format(table: Table, name: str, missing: Collection[str]) -> str:
    """The format of a column's dates."""
    gaps = table.gaps(name, missing)
    return find_date_format([value for value in table.coded(name).counts if value not in gaps]) or ""


@dataclass(frozen=True, kw_only=True)
class DateColumn(Column):
    """The parts of a date: elapsed time and cycles; missing ones are the median date, and marked if fitted so."""

    kinds: ClassVar = ("date",)
    own_keys: ClassVar = (
        OwnKey(
            name="format",
            kinds=("date", "ignore"),
            refusal="a {kind} column has no format; set type: date",
            means="date",
            find_fault=find_format_fault,
        ),
    )

    kind: Literal["date"] = "date"
    name: str
    format: str
    parts: DateParts
    indicator: bool
    missing: tuple[str, ...] = ()

    @classmethod
    def recognise(cls, look: ColumnLook) -> Understood | None:
        """Dates are left out with a notice; a spec that wants them declares them."""
        if look.is_constant or not looks_like_dates(look.counts):
            return None
        cure = f"to use them, set data.columns: {{{quote_yaml_key(look.name)}: date}}"
        return Understood("ignore", f"dates; {cure}", notice=True)

    @classmethod
    def is_offered(cls, look: ColumnLook) -> bool:
        """Whether the cells can be read as dates without being told how they are written."""
        try:
            return looks_like_dates(look.levels) and find_date_format(look.levels) is not None
        except ValueError:
            return False

    @classmethod
    def describe(cls, look: ColumnLook, found: Understood, quote: Callable[[str], str]) -> tuple[str, str]:
        said = "elapsed time, and cycles of the year, the week and the day"
        return "date", said + look.describe_gaps(look.missing)

    @classmethod
    def fit(cls, table: Table, asked: ColumnSettings, targets: Doubles) -> Self | None:
        seconds = read_dates(table, asked.name, asked.missing, asked.format)
        gaps = np.isnan(seconds)
        if gaps.all():
            return None
        parts = DateParts.fit(seconds)
        if parts.degenerate:
            return None
        return cls(
            name=asked.name,
            format=asked.format or find_table_date_format(table, asked.name, asked.missing),
            parts=parts,
            indicator=asked.imputing.indicator and bool(gaps.any()),
            missing=asked.missing,
        )

    @property
    def width(self) -> int:
        return self.parts.width + self.indicator

    def read(self, table: Table) -> Doubles:
        """The moments, NaN where missing."""
        return read_dates(table, self.name, self.missing, self.format)

    def compact(self, table: Table, dtype: np.dtype[Any], odd: OddRows) -> Matrix:
        seconds = self.read(table)
        gaps = np.isnan(seconds)
        if gaps.any():
            odd.filled[self.name] = gaps
        columns = [self.parts(seconds), gaps[:, None]] if self.indicator else [self.parts(seconds)]
        return np.concatenate(columns, axis=1).astype(dtype)

    def broken_rules(self) -> Iterator[str]:
        if fault := find_format_fault(self.format):
            yield fault
        yield from (describe_broken_rule(self.name, rule) for rule in self.parts.broken_rules())
