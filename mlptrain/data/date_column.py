"""Columns of dates."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np

from mlptrain.data.cells import AHEAD_READING, MOMENT_READING
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
from mlptrain.data.date_recognition import (
    MISSING_DATES,
    choose_date_format,
    is_date_of_some_form,
    list_likely_formats,
    look_at_dates,
    reads_all,
    understand_dates,
)
from mlptrain.data.dates import DateParts, Moments, parse_dates_and_zones
from mlptrain.data.moments import ISO, MOMENTS, find_format_fault
from mlptrain.data.odd_cells import OddRows
from mlptrain.data.table import Table
from mlptrain.data.usual_numbers import UsualNumbers
from mlptrain.data.yaml_keys import quote_yaml_key

Clock = Literal["utc", "local"]


def read_dates(table: Table, name: str, missing: Collection[str], form: str | None, *, clock: Clock = "utc") -> Doubles:
    """Seconds since 1970-01-01, NaN where missing; an error names the first cell that is no date.

    With the `local` clock, the time is what the cell says, whatever its zone.
    """
    cells = table.code_texts(name)
    found = parse_date_cells(table, name, missing, form)
    seconds = found.seconds if clock == "utc" else found.seconds + np.nan_to_num(found.ahead)
    gaps = list_date_gaps(table, name, missing)
    wrong = {text for text, each in zip(cells.values, seconds.tolist(), strict=True) if each != each} - gaps
    if wrong and (rows := cells.find_rows(wrong)):
        text = cells.text(rows[0])
        said = f"{text!r} is not a date{f' {form}' if form else ''}"
        raise table.fault(rows[0], name, said, cure=suggest_cure(table, name, form, wrong=wrong, first=text), text=text)
    return seconds[cells.codes]


def suggest_cure(table: Table, name: str, form: str | None, *, wrong: Collection[str], first: str) -> str:
    """What a message proposes for texts that `form` does not read, of which one is the `first`: the format of most
    texts, if it can be told and reads it; to write it as the others are, if it is a date of another form.

    Typed dates have no format: it is that of the texts among them, and there need be none.
    """
    counts, of = table.code_texts(name).counts, table.type_of(name)
    if of.kind == "date":
        counts = {text: count for text, count in counts.items() if text in of.strays}
    if forms := [each for each in list_likely_formats(counts) if reads_all(each, [first])]:
        return f"mend it, add it to data.missing_values, or give the column's format ({' or '.join(forms)})"
    read = {text: count for text, count in counts.items() if text not in wrong and text.strip() not in MISSING_DATES}
    if read and is_date_of_some_form(first):
        own, others = (" or ".join(list_likely_formats(each)) for each in ({first: 1}, read))
        return f"it is written as {own}, other dates of the column as {form or others}: write them in one way"
    more = ", add it to data.missing_values, or give the column's format"
    return f"mend it{more if not read and of.kind != 'date' else ', or add it to data.missing_values'}"


def list_date_gaps(table: Table, name: str, missing: Collection[str]) -> frozenset[str]:
    """The texts of a column of dates that mean missing."""
    return table.gaps(name, MISSING_DATES.union(missing)) | MISSING_DATES


def parse_date_cells(table: Table, name: str, missing: Collection[str], form: str | None) -> Moments:
    """The moment of each different text of a column, parsed once for all tables of these cells."""
    cells, gaps = table.code_texts(name), list_date_gaps(table, name, missing)
    keys = (("moments", form, gaps), ("zones", form, gaps))
    if keys[0] not in cells.readings:
        found = parse_date_texts(table, name, gaps, form)
        cells.readings.update(zip(keys, (found.seconds, found.ahead), strict=True))
    return Moments(cells.readings[keys[0]], cells.readings[keys[1]])


def parse_date_texts(table: Table, name: str, gaps: Collection[str], form: str | None) -> Moments:
    """The moment of each different text: typed dates have one form of text, whatever the format of texts is."""
    cells, of = table.code_texts(name), table.type_of(name)
    moments = cells.readings.get(MOMENT_READING)
    if moments is not None:
        missing = np.array([text in gaps for text in cells.values], bool)
        return Moments(*(np.where(missing, np.nan, cells.readings[each]) for each in (MOMENT_READING, AHEAD_READING)))
    seconds, ahead = np.full((2, len(cells.values)), np.nan)
    known = [place for place, text in enumerate(cells.values) if text not in gaps]
    typed = [place for place in known if of.kind == "date" and cells.values[place] not in of.strays]
    is_typed = set(typed)
    for places, each in ((typed, ISO), ([place for place in known if place not in is_typed], form)):
        texts = [cells.values[place] for place in places]
        try:
            found = parse_dates_and_zones(texts, each or choose_date_format(dict.fromkeys(texts, 1)))
        except ValueError as problem:
            cure = f"set data.columns: {{{quote_yaml_key(name)}: {{type: date, format: …}}}}"
            raise table.fault(0, name, str(problem), cure=cure) from None
        seconds[places], ahead[places] = found.seconds, found.ahead
    return Moments(seconds, ahead)


def mark_zones(table: Table, name: str, missing: Collection[str], form: str | None) -> Flags:
    """Which cells are times with a zone."""
    zoned: Flags = ~np.isnan(parse_date_cells(table, name, missing, form).ahead)[table.code_texts(name).codes]
    return zoned


def count_zones(table: Table, name: str, missing: Collection[str], form: str | None) -> tuple[int, int]:
    """How many cells have a zone, and how many are dates without one."""
    zoned = mark_zones(table, name, missing, form)
    known = ~np.isnan(parse_date_cells(table, name, missing, form).seconds)[table.code_texts(name).codes]
    return int(zoned.sum()), int((known & ~zoned).sum())


def find_table_date_format(table: Table, name: str, missing: Collection[str]) -> str:
    """The format of a column's dates."""
    gaps = list_date_gaps(table, name, missing)
    return (
        choose_date_format({text: count for text, count in table.code_texts(name).counts.items() if text not in gaps})
        or ""
    )


Zones = Literal["", "all", "none", "some"]
"""Which of the training times had a zone; empty in models that did not look."""


def summarize_zones(zoned: int, plain: int) -> Zones:
    """Which of so many times have a zone."""
    return "some" if zoned and plain else "all" if zoned else "none"


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
        OwnKey(name="clock", kinds=("date", "ignore"), refusal="a {kind} column has no clock; set type: date"),
    )

    kind: Literal["date"] = "date"
    name: str
    format: str
    parts: DateParts
    indicator: bool
    missing: tuple[str, ...] = ()
    clock: Clock = "utc"
    zones: Zones = ""
    usual: UsualNumbers | None = None
    """The moments of training, in seconds; None in models that did not keep them."""

    @classmethod
    def recognise(cls, look: ColumnLook) -> Understood | None:
        """Texts that are dates are left out with a notice; a spec that wants them declares them. A typed column is its
        type.
        """
        if look.is_constant:
            return None
        of = look.table.type_of(look.name)
        is_typed = of.kind == "date" and of.strays.keys() <= list_date_gaps(look.table, look.name, look.missing)
        return Understood("date") if is_typed else understand_dates(look.name, look.counts, look.missing)

    @classmethod
    def is_offered(cls, look: ColumnLook) -> bool:
        """Whether the cells surely are dates, of one format."""
        found = look_at_dates(look.counts)
        return found is not None and not found.is_doubtful and not found.dates_of_other_forms

    @classmethod
    def describe(cls, look: ColumnLook, found: Understood, quote: Callable[[str], str]) -> tuple[str, str]:
        said = "elapsed time, and cycles of year, week and day that vary"
        dates = look_at_dates(look.counts)
        words = dates.words if dates else ()
        gaps = look.describe_gaps({*look.missing, *MISSING_DATES, *words})
        return (dates.settings() if dates else "date"), f"{said}{gaps}"

    @classmethod
    def fit(cls, table: Table, asked: ColumnSettings, targets: Doubles) -> Self | None:
        seconds = read_dates(table, asked.name, asked.missing, asked.format, clock=asked.clock)
        gaps = np.isnan(seconds)
        if gaps.all():
            return None
        parts, indicator = DateParts.fit(seconds), asked.imputing.indicator and bool(gaps.any())
        if parts.degenerate:
            if not indicator:
                return None
            parts = replace(parts, scale=MOMENTS)  # which of them are missing is what the column tells
        return cls(
            name=asked.name,
            format=asked.format or find_table_date_format(table, asked.name, asked.missing),
            parts=parts,
            indicator=indicator,
            missing=asked.missing,
            clock=asked.clock,
            zones=summarize_zones(*count_zones(table, asked.name, asked.missing, asked.format)),
            usual=UsualNumbers.fit(seconds[~gaps]),
        )

    @classmethod
    def find_gaps(cls, table: Table, asked: ColumnSettings) -> Flags:
        gaps: Flags = np.isnan(read_dates(table, asked.name, asked.missing, asked.format))
        return gaps

    @property
    def width(self) -> int:
        return self.parts.width + self.indicator

    def read(self, table: Table) -> Doubles:
        """The moments, NaN where missing."""
        return read_dates(table, self.name, self.missing, self.format, clock=self.clock)

    def compact(self, table: Table, dtype: np.dtype[Any], odd: OddRows) -> Matrix:
        seconds = self.read(table)
        gaps = np.isnan(seconds)
        if gaps.any():
            odd.filled[self.name] = gaps
        if self.usual is not None and (far := self.usual.find_far(seconds)) is not None:
            odd.beyond[self.name] = far
        self.mark_other_zones(table, ~gaps, odd)
        columns = [self.parts(seconds), gaps[:, None]] if self.indicator else [self.parts(seconds)]
        return np.concatenate(columns, axis=1).astype(dtype)

    def mark_other_zones(self, table: Table, known: Flags, odd: OddRows) -> None:
        """Mark the times that have a zone where those of training had none, or have none where those had one."""
        if self.clock == "local" or self.zones not in ("all", "none"):
            return
        zoned = mark_zones(table, self.name, self.missing, self.format)
        others, marked = (known & ~zoned, odd.without_zone) if self.zones == "all" else (zoned, odd.with_zone)
        if others.any():
            marked[self.name] = others

    def describe_outliers(self, table: Table) -> Iterator[str]:
        """A notice of times with and without a zone in one column."""
        zoned, plain = count_zones(table, self.name, self.missing, self.format)
        if zoned and plain and self.clock == "utc":
            cure = f"to read all of them as the clock shows, set data.columns: {{{quote_yaml_key(self.name)}: "
            said = f"{zoned:,} times have a zone, {plain:,} have none and are read as UTC"
            yield f'column "{self.name}": {said}; {cure}{{type: date, clock: local}}}}'

    def broken_rules(self) -> Iterator[str]:
        if fault := find_format_fault(self.format):
            yield fault
        yield from (describe_broken_rule(self.name, rule) for rule in self.parts.broken_rules())
        if self.usual is not None:
            yield from (describe_broken_rule(self.name, rule) for rule in self.usual.broken_rules())
