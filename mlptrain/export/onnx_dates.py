"""Parts of dates as nodes: all date columns (N, D) at once."""

import numpy as np

from mlptrain.export.onnx_graph import DOUBLE, INTEGER, Tensor

DAY = 86400
CYCLE_DAYS = 146097
"""Days of 400 years, after which the calendar repeats."""
DAYS_BEFORE_1970 = 719162
"""Days from 0001-01-01 to 1970-01-01."""
YEARS = np.arange(402)
YEAR_STARTS = 365 * YEARS + YEARS // 4 - YEARS // 100 + YEARS // 400
"""Days from the start of 400 years to that of each of them."""

GUESS = 600
"""Added to 400 times a day, it makes the quotient by all days the day's year, or the next one, never an earlier one."""


def find_phases(t: Tensor) -> dict[str, Tensor]:
    """Where moments t, in seconds since 1970, are in their year, week and day: 0 … 1."""
    whole = t.apply("Floor").cast(INTEGER)
    day = (whole - whole % DAY) / DAY
    return {
        "year": find_phase_of_year(day),
        "week": ((day + 3) % 7).cast(DOUBLE) / 7,
        "day": (t - day.cast(DOUBLE) * DAY) / DAY,
    }


def find_phase_of_year(day: Tensor) -> Tensor:
    """(day − start of its year) / days of the year; days since 1970, of any sign."""
    place = (day + DAYS_BEFORE_1970) % CYCLE_DAYS
    late = (place * 400 + GUESS) / CYCLE_DAYS
    year = late - (late.look_up(YEAR_STARTS, INTEGER) > place).cast(INTEGER)
    start, length = year.look_up(YEAR_STARTS, INTEGER), year.look_up(np.diff(YEAR_STARTS), INTEGER)
    return (place - start).cast(DOUBLE) / length.cast(DOUBLE)
