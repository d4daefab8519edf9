"""Durations as a spec has them, 90s, 10m, 1.5h, and in round words."""

import re

SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600}
DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(s|m|min|h)")


def parse_duration(duration: float | str) -> float:
    """The seconds of a duration; a number is returned as it is. ValueError for a text that is no duration, or zero.

    >>> [parse_duration(duration) for duration in (5.0, "90s", "10m", "1.5 h")]
    [5.0, 90.0, 600.0, 5400.0]
    """
    if not isinstance(duration, str):
        return float(duration)
    found = DURATION.fullmatch(duration)
    if found is None or not float(found[1]):
        raise ValueError(f"{duration[:80]!r} is no duration; write 90s, 10m or 1.5h")
    return float(found[1]) * SECONDS[found[2]]


def describe_duration(duration: float) -> str:
    """Seconds in round words.

    >>> [describe_duration(seconds) for seconds in (0.42, 42.3, 1510, 30_000)]
    ['0.4 s', '42 s', '25 min', '8.3 h']
    """
    if duration < 7200:
        return f"{duration / 60:.0f} min" if duration >= 120 else f"{duration:.{int(duration < 10)}f} s"
    return f"{duration / 3600:,.1f} h"
