"""Dates: the formats that all texts of a column have, their moments, and the parts of them that a network can use."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mlptrain.data.moments import (
    DATE_FORMATS,
    DAY,
    DAY_FIRST,
    ISO,
    MOMENTS,
    MONTH_FIRST,
    make_date_reader,
    parse_moment,
)
from mlptrain.data.scaling import Doubles, measure_mean_and_deviation


def looks_like_dates(values: Collection[str]) -> bool:
    """Whether there is a text, and one of the formats reads all of them.

    >>> looks_like_dates(["2020-02-29", "2020-02-29T12:30Z"]), looks_like_dates(["2020"]), looks_like_dates([])
    (True, False, False)
    """
    formats = list(DATE_FORMATS.values())
    for value in values:
        formats = [each for each in formats if parse_moment(value, each) is not None]
        if not formats:
            return False
    return bool(values)


def find_date_format(values: Collection[str]) -> str | None:
    """The name of the format that reads most of the texts, None if none reads any; an error if there are two ways."""
    read = {
        name: {value for value in values if parse_moment(value, each) is not None}
        for name, each in DATE_FORMATS.items()
    }
    best = max(read, key=lambda name: len(read[name]))
    if best in (DAY_FIRST, MONTH_FIRST):
        refuse_ambiguous_day_order(read[DAY_FIRST], read[MONTH_FIRST])
    return best if read[best] else None


def refuse_ambiguous_day_order(day_first: Collection[str], month_first: Collection[str]) -> None:
    """An error if dates with slashes leave it open whether the day or the month is first."""
    days, months = sorted(set(day_first) - set(month_first)), sorted(set(month_first) - set(day_first))
    hint = f"set the format to {DAY_FIRST} or {MONTH_FIRST}"
    if days and months:
        raise ValueError(f"{days[0]!r} has the day first but {months[0]!r} the month; make them alike, or {hint}")
    if not days and not months:
        raise ValueError(f"{min(day_first)!r} may have the day or the month first, as may all dates here; {hint}")


@dataclass(frozen=True)
class Moments:
    """Texts read as dates (n,): NaN for one that is none."""

    seconds: Doubles
    """Since 1970-01-01 UTC."""
    ahead: Doubles
    """Seconds that the text's clock is ahead of UTC, NaN where it has no zone."""


def parse_dates(values: Sequence[str], format: str | None) -> Doubles:
    """Seconds since 1970-01-01 UTC (n,), NaN for a text that is not a date."""
    return parse_dates_and_zones(values, format).seconds


def parse_dates_and_zones(values: Sequence[str], format: str | None) -> Moments:
    """The moments of texts, and their zones.

    `format` is a name of DATE_FORMATS or EPOCHS or one in strptime's syntax; None is the one that `find_date_format`
    finds.
    """
    distinct = set(values)
    read = make_date_reader(format or find_date_format(distinct) or ISO)
    found = {value: read(value) or (np.nan, np.nan) for value in distinct}
    pairs = np.array([found[value] for value in values], np.float64).reshape(-1, 2)
    return Moments(pairs[:, 0], pairs[:, 1])


Cycle = Literal["year", "week", "day"]
SAME = {"year": 1.5 / 365, "week": 0.0, "day": 0.0}
"""Phases that differ by no more are one: a leap year moves a date by a day."""


@dataclass(frozen=True, kw_only=True)
class DateParts:
    """(t − center) / scale, and the sine and cosine of 2π times the phase of each cycle that varies in training.

    The phases are day of the year / its length, weekday / 7 (from Monday) and time of day / 24 hours. A missing date
    has the parts of the training rows' median date.
    """

    name: Literal["date_parts"] = "date_parts"
    center: float
    scale: float
    median: float
    cycles: tuple[Cycle, ...]

    @classmethod
    def fit(cls, seconds: Doubles) -> "DateParts":
        """From the moments of the training rows, NaN where missing; at least one is known."""
        known = seconds[~np.isnan(seconds)]
        center, scale = measure_mean_and_deviation(known)
        spans = {cycle: np.ptp(phase) for cycle, phase in compute_cycle_phases(known).items()}
        return cls(
            center=center,
            scale=scale,
            median=float(np.percentile(known, 50, method="lower")),
            cycles=tuple(cycle for cycle, span in spans.items() if span > SAME[cycle]),
        )

    @property
    def degenerate(self) -> bool:
        """Whether all training rows have one date."""
        return self.scale == 0

    def broken_rules(self) -> Iterator[str]:
        """The dates are of our time, and no cycle occurs twice."""
        if not 0 < self.scale <= MOMENTS or max(abs(self.center), abs(self.median)) > MOMENTS:
            yield "its dates are out of range"
        if len(set(self.cycles)) < len(self.cycles):
            yield "a cycle is there twice"

    @property
    def width(self) -> int:
        return 1 + 2 * len(self.cycles)

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each column."""
        return ("elapsed", *(f"{cycle}_{wave}" for cycle in self.cycles for wave in ("sine", "cosine")))

    def __call__(self, seconds: Doubles) -> Doubles:
        """The columns (n, width) of moments (n,)."""
        t = np.where(np.isnan(seconds), self.median, seconds)
        elapsed = (t - self.center) / self.scale if self.scale else np.zeros(len(t))
        angles = [2 * np.pi * phase for cycle, phase in compute_cycle_phases(t).items() if cycle in self.cycles]
        return np.stack([elapsed, *(wave(angle) for angle in angles for wave in (np.sin, np.cos))], axis=1)


def compute_cycle_phases(t: Doubles) -> dict[Cycle, Doubles]:
    """Where each moment (n,) is in its year, week and day: 0 … 1."""
    days, time = np.divmod(t, DAY)
    day = days.astype(np.int64).astype("datetime64[D]")
    year = day.astype("datetime64[Y]")
    start, end = year.astype("datetime64[D]"), (year + 1).astype("datetime64[D]")
    weekday = np.mod(days + 3, 7)  # 1970-01-01 was a Thursday
    return {"year": (day - start) / (end - start), "week": weekday / 7, "day": time / DAY}
