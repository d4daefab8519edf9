"""Texts → moments, by formats of dates, with the standard library alone.

A moment is seconds since 1970-01-01 00:00 UTC. A time without a zone is one of UTC, a time without a date is one of
1970-01-01: nothing here depends on the zone or the language of the machine.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache, partial
from math import nan

from mlptrain.data.blanks import strip_blanks

DAY = 86400
MOMENTS = 1e12
"""Dates are at most this many seconds from 1970."""
EPOCH = date(1970, 1, 1).toordinal()

MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def join_alternatives(names: Sequence[str]) -> str:
    return "(?:" + "|".join(names) + ")"


DIRECTIVES: Mapping[str, str] = {
    "Y": "(?P<year>(?!0000)[0-9]{4})",
    "y": "(?P<short_year>[0-9]{2})",
    "m": "(?P<month>0?[1-9]|1[0-2])",
    "b": f"(?P<month_name>{join_alternatives([name[:3] for name in MONTHS])})",
    "B": f"(?P<month_name>{join_alternatives(MONTHS)})",
    "q": "(?P<quarter>[1-4])",
    "G": "(?P<week_year>(?!0000)[0-9]{4})",
    "V": "(?P<week>0?[1-9]|[1-4][0-9]|5[0-3])",
    "u": "(?P<weekday>[1-7])",
    "d": "(?P<day>0?[1-9]|[12][0-9]|3[01])",
    "j": "(?P<day_of_year>[0-9]{1,3})",
    "a": join_alternatives([name[:3] for name in WEEKDAYS]),
    "A": join_alternatives(WEEKDAYS),
    "H": "(?P<hour>[01]?[0-9]|2[0-3])",
    "I": "(?P<half_hour>0?[1-9]|1[0-2])",
    "p": r"(?P<half>[ap]\.?m\.?)",
    "M": "(?P<minute>[0-5]?[0-9])",
    "S": "(?P<second>[0-5]?[0-9])",
    "f": "(?P<fraction>[0-9]{1,9})",
    "z": "(?P<zone>Z|UTC|GMT|[-+](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)",
    "Z": "(?P<zone>Z|UTC|GMT)",
    "%": "%",
}
"""The directives of strptime that are understood, names in English, as patterns; %q is a quarter."""
TIMES = frozenset(["hour", "half_hour", "half", "minute", "second", "fraction", "zone"])
"""The groups that tell no day."""
EPOCHS = {"epoch": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}
"""Formats of numbers: seconds, thousandths … since 1970, by how many of them a second has."""
EXCEL, DAYS_BEFORE_1970 = "excel", 25569
"""The format of numbers that spreadsheets have for dates: days, of which so many are before 1970."""


def compile_strptime_pattern(template: str) -> re.Pattern[str]:
    """A regular expression with strptime's directives in it, in capitals or not."""
    return re.compile(re.sub("%(.)", lambda found: DIRECTIVES[found[1]], template), re.ASCII | re.IGNORECASE)


STRICT = "(?=[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}(?![0-9]))"
TIME = r"(?:[T ](?=[0-9]{2}:[0-9]{2}(?![0-9]))%H:%M(?::(?=[0-9]{2})%S(?:\.%f)?)?%z?)?"
ISO, DAY_FIRST, MONTH_FIRST = "YYYY-MM-DD", "DD/MM/YYYY", "MM/DD/YYYY"
DATE_FORMATS: Mapping[str, re.Pattern[str]] = {
    ISO: compile_strptime_pattern(f"{STRICT}%Y-%m-%d{TIME}"),
    "YYYY/MM/DD": compile_strptime_pattern(f"{STRICT}%Y/%m/%d{TIME}"),
    "DD.MM.YYYY": compile_strptime_pattern(rf"%d\.%m\.%Y{TIME}"),
    DAY_FIRST: compile_strptime_pattern(f"%d/%m/%Y{TIME}"),
    MONTH_FIRST: compile_strptime_pattern(f"%m/%d/%Y{TIME}"),
}
"""The formats that are recognised, each with or without a time after it: HH:MM, HH:MM:SS, fractions, Z or ±hh:mm."""


def make_date_reader(format: str) -> Callable[[str], tuple[float, float] | None]:
    """A function that reads a text as a moment and as how far its clock is ahead; an error if the format is wrong."""
    if format in EPOCHS:
        return partial(parse_epoch, per_second=EPOCHS[format])
    if format == EXCEL:
        return parse_excel_day
    return partial(parse_moment_and_zone, expression=compile_date_format(format))


def find_format_fault(format: str) -> str:
    """The problem of a format of dates; empty if there is none."""
    try:
        make_date_reader(format)
    except ValueError as problem:
        return str(problem)
    return ""


def parse_excel_day(text: str) -> tuple[float, float] | None:
    """The moment that a number of days is by which spreadsheets count dates, None if the text is no such number.

    >>> parse_excel_day("45292.5"), parse_excel_day("x")
    ((1704110400.0, nan), None)
    """
    if re.fullmatch(r"[0-9]{1,7}(\.[0-9]*)?", strip_blanks(text), re.ASCII) is None:
        return None
    return (float(text) - DAYS_BEFORE_1970) * 86400, nan


def parse_epoch(text: str, per_second: int) -> tuple[float, float] | None:
    """The moment that a number of seconds (or of parts of them) since 1970 is, None if the text is no such number.

    >>> parse_epoch("1577955900500", 1000), parse_epoch("2020", 1), parse_epoch("x", 1)
    ((1577955900.5, nan), (2020.0, nan), None)
    """
    found = re.fullmatch(r"([-+]?[0-9]{1,30})(\.[0-9]*)?", strip_blanks(text), re.ASCII)
    if found is None:
        return None
    seconds = int(found[1]) / per_second if not found[2] else float(found[0]) / per_second
    return (seconds, nan) if abs(seconds) <= MOMENTS else None


@cache
def compile_date_format(format: str) -> re.Pattern[str]:
    """The expression of a format's name or of strptime's syntax; an error says what is wrong with it.

    >>> compile_date_format("%d. %B %Y").fullmatch("1. May 2020")["day"]
    '1'
    """
    if format in DATE_FORMATS:
        return DATE_FORMATS[format]
    directives = re.findall("%(.?)", format, re.DOTALL)
    unknown = [each for each in directives if each not in DIRECTIVES]
    if unknown:
        known = " ".join(f"%{each}" for each in DIRECTIVES)
        epochs = f"; for numbers of seconds since 1970, write {', '.join(EPOCHS)}" if unknown[0] == "s" else ""
        raise ValueError(f"'%{unknown[0]}' in the date format {format!r} is not one of {known}{epochs}")
    groups = [group for each in directives for group in re.findall(r"\?P<(\w+)>", DIRECTIVES[each])]
    twice = {group for group in groups if groups.count(group) > 1}
    if twice:
        raise ValueError(f"the date format {format!r} has the {min(twice).replace('_', ' ')} twice")
    is_time = bool({"hour", "half_hour"} & set(groups)) and TIMES.issuperset(groups)
    if not is_time and not {"year", "short_year", "week_year"} & set(groups):
        raise ValueError(f"the date format {format!r} has no year; write one such as %d.%m.%Y")
    blanks = re.sub(r"(\\\s)+", r"\\s+", re.escape(format))
    return compile_strptime_pattern(blanks)


def parse_moment(text: str, expression: re.Pattern[str]) -> float | None:
    """Seconds since 1970-01-01 UTC, None if the text does not match or there is no such day."""
    found = parse_moment_and_zone(text, expression)
    return None if found is None else found[0]


def parse_moment_and_zone(text: str, expression: re.Pattern[str]) -> tuple[float, float] | None:
    """Seconds since 1970-01-01 UTC, and how many the text's clock is ahead of it (NaN without a zone)."""
    found = expression.fullmatch(strip_blanks(text))
    parts = {name: part for name, part in found.groupdict().items() if part is not None} if found else {}
    day = count_days_since_epoch(parts) if parts else None
    if day is None:
        return None
    time = 3600 * read_hour(parts) + 60 * int(parts.get("minute", 0)) + int(parts.get("second", 0))
    billionths = int(parts.get("fraction", "0").ljust(9, "0"))
    ahead = read_zone_offset(parts["zone"]) if "zone" in parts else 0
    seconds = ((day * DAY + time - ahead) * 10**9 + billionths) / 10**9
    return seconds, ahead if "zone" in parts else nan


def count_days_since_epoch(parts: Mapping[str, str]) -> int | None:
    """Days since 1970-01-01, None if the month or the year has no such day; 0 for a time without a date."""
    if "week_year" in parts:
        return count_days_to_week(int(parts["week_year"]), int(parts.get("week", 1)), int(parts.get("weekday", 1)))
    if TIMES.issuperset(parts):
        return 0
    year, month = read_year(parts), read_month(parts)
    if "day_of_year" in parts:
        first, of_year = date(year, 1, 1).toordinal(), int(parts["day_of_year"])
        return first + of_year - 1 - EPOCH if 1 <= of_year <= 337 + monthrange(year, 2)[1] else None
    day = int(parts.get("day", 1))
    return date(year, month, day).toordinal() - EPOCH if day <= monthrange(year, month)[1] else None


def count_days_to_week(year: int, week: int, weekday: int) -> int | None:
    """Days since 1970-01-01 of a weekday of a week (ISO 8601), None if the year has no such week."""
    try:
        return date.fromisocalendar(year, week, weekday).toordinal() - EPOCH
    except ValueError:
        return None


def read_year(parts: Mapping[str, str]) -> int:
    """The year; of two digits 69 … 99 are 19.., 00 … 68 are 20.. (POSIX)."""
    if "year" in parts:
        return int(parts["year"])
    short = int(parts["short_year"])
    return short + (1900 if short >= 69 else 2000)


def read_month(parts: Mapping[str, str]) -> int:
    names = [name[:3] for name in MONTHS]
    if "quarter" in parts:
        return 3 * int(parts["quarter"]) - 2
    return names.index(parts["month_name"].lower()[:3]) + 1 if "month_name" in parts else int(parts.get("month", 1))


def read_hour(parts: Mapping[str, str]) -> int:
    """The hour of 24; 12 am is 0, 12 pm is 12."""
    if "half_hour" in parts:
        return int(parts["half_hour"]) % 12 + 12 * (parts.get("half", "am")[0] in "pP")
    return int(parts.get("hour", 0))


def read_zone_offset(zone: str) -> int:
    """Seconds that a zone's clocks are ahead of UTC."""
    if zone[0] not in "+-":
        return 0
    size = 3600 * int(zone[1:3]) + 60 * int(zone[3:].removeprefix(":") or 0)
    return -size if zone[0] == "-" else size
