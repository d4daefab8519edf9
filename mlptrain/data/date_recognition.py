"""Texts that surely are dates, in whatever way they are written: the format to read them with.

A text is cut into a date and a time; the shape of each leaves a few formats, and what reads (nearly) all texts of the
column is one of its formats. Where there are two, the day and the month cannot be told from each other: nobody guesses.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.blanks import strip_blanks
from mlptrain.data.column import ColumnLook, Understood
from mlptrain.data.dates import find_date_format, looks_like_dates
from mlptrain.data.moments import DATE_FORMATS, DAY_FIRST, EPOCHS, EXCEL, ISO, MONTH_FIRST, make_date_reader
from mlptrain.data.number_forms import MOST_WORDS
from mlptrain.data.number_texts import MISSING_NUMBERS
from mlptrain.data.yaml_keys import quote_yaml_key

MISSING_DATES = MISSING_NUMBERS | {"NaT", "nat", "\\N", "0000-00-00", "0000-00-00 00:00:00", "00.00.0000", "00/00/0000"}
"""What stands for a missing date; none of these can be one."""
MOST, HALF = 0.9, 0.5
"""A column is one of dates if most of its cells are, or more than half of them beside words of few kinds."""
SAMPLES, LONGEST = 8, 48
"""Texts whose shape is looked at, and how long they may be."""
FIRST, LAST = -5364662400, 7258118400
"""The years 1800 to 2200: other numbers with dashes are no dates."""
TIME = re.compile(
    r"(?P<gap>[T :]|, ?| at )?(?<![0-9])(?P<clock>[0-9]{1,2}:[0-9]{2})(?P<second>:[0-9]{2})?"
    r"(?P<fraction>[.,][0-9]{1,9})?(?P<half> ?[ap]\.?m\.?)?(?P<zone> ?(?:Z|UTC|GMT|[-+][0-9]{2}(?::?[0-9]{2})?))?",
    re.ASCII | re.IGNORECASE,
)
COMPACT = re.compile(
    r"[0-9]{8}(?P<gap>[T ])[0-9]{4}(?P<second>[0-9]{2})?(?P<fraction>[.,][0-9]{1,9})?"
    r"(?P<zone>Z|[-+][0-9]{2}(?::?[0-9]{2})?)?",
    re.ASCII,
)
"""Dates and times without marks within, as in the basic form of ISO 8601."""
DAY_OF_YEAR = re.compile(r"[0-9]{4}-[0-9]{3}", re.ASCII)
"""A year and the number of a day in it."""
SHAPES: Mapping[str, tuple[str, ...]] = {
    "9-9-9": ("%Y-%m-%d", "%d-%m-%Y", "%m-%d-%Y", "%y-%m-%d", "%d-%m-%y", "%m-%d-%y"),
    "9/9/9": ("%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%y/%m/%d", "%d/%m/%y", "%m/%d/%y"),
    "9.9.9": ("%d.%m.%Y", "%Y.%m.%d", "%d.%m.%y"),
    "9. 9. 9": ("%d. %m. %Y", "%d. %m. %y"),
    "9 9 9": ("%Y %m %d", "%d %m %Y", "%m %d %Y"),
    "9-a-9": ("%d-%b-%Y", "%d-%B-%Y", "%d-%b-%y", "%Y-%b-%d"),
    "9/a/9": ("%d/%b/%Y", "%d/%b/%y", "%Y/%b/%d"),
    "9.a.9": ("%d.%b.%Y", "%d.%b.%y"),
    "9 a 9": ("%d %b %Y", "%d %B %Y", "%d %b %y", "%Y %b %d"),
    "9. a 9": ("%d. %B %Y", "%d. %b %Y", "%d. %b %y"),
    "9a9": ("%d%b%Y", "%d%b%y", "%YQ%q", "%GW%V", "%qQ%Y"),
    "a 9, 9": ("%b %d, %Y", "%B %d, %Y"),
    "a. 9, 9": ("%b. %d, %Y",),
    "a 9 9": ("%b %d %Y", "%B %d %Y"),
    "a-9-9": ("%b-%d-%Y", "%b-%d-%y"),
    "a, 9 a 9": ("%a, %d %b %Y", "%A, %d %B %Y", "%A, %d %b %Y"),
    "a 9 a 9": ("%a %d %b %Y", "%A %d %B %Y"),
    "a, a 9, 9": ("%A, %B %d, %Y", "%a, %b %d, %Y"),
    "a, 9-a-9": ("%A, %d-%b-%y", "%a, %d-%b-%Y"),
    "a 9": ("%b %Y", "%B %Y", "%b %y"),
    "a-9": ("%b-%Y", "%b-%y", "%B-%Y"),
    "a9 9": ("Q%q %Y",),
    "a9-9": ("Q%q-%Y",),
    "a9/9": ("Q%q/%Y",),
    "9 a9": ("%Y Q%q", "%G W%V"),
    "9-a9": ("%Y-Q%q", "%G-W%V"),
    "9-a9-9": ("%G-W%V-%u",),
    "9/a9": ("%Y/Q%q",),
    "9-9": ("%Y-%m", "%m-%Y"),
    "9/9": ("%Y/%m", "%m/%Y"),
    "9": ("%Y%m%d",),
}
"""Formats of dates, by the shape of the text: 9 for figures, a for letters; without a time, only what is no number."""


@dataclass(frozen=True)
class DateLook:
    """How a column of dates is written, as far as its texts tell."""

    formats: tuple[str, ...]
    """The formats that read most of its cells; one, or those between which the texts leave it open."""
    words: tuple[str, ...]
    """The texts that none of them reads, and that no one takes for a missing date."""
    is_known: bool = False
    """Whether the dates are read without a format."""

    def settings(self, missing: Collection[str] = ()) -> str:
        """What the spec has to say of the column, as YAML; `missing` are marks that it has already."""
        form = "" if self.is_known else f", format: {quote(self.formats[0])}"
        listed = dict.fromkeys([*sorted(filter(None, missing)), *self.words])
        marks = f", missing_values: [{', '.join(map(quote, listed))}]" if self.words else ""
        return f"{{type: date{form}{marks}}}" if form or marks else "date"

    @property
    def dates_of_other_forms(self) -> list[str]:
        """The first of the words that are dates, too, but written in another way."""
        return [word for word in self.words[:SAMPLES] if is_date_of_some_form(word)]

    @property
    def is_doubtful(self) -> bool:
        """Whether the order of day, month and year is left open."""
        return len(self.formats) > 1


def understand_dates(name: str, counts: Mapping[str, int], missing: Collection[str]) -> Understood | None:
    """A column of texts that are dates, beside marks that mean missing: left out with a notice that says how to use it;
    None if they are none.
    """
    look = look_at_dates(counts)
    if look is None:
        return None
    said, cure = "dates", f"set data.columns: {{{quote_yaml_key(name)}: {look.settings(missing)}}}"
    if look.words:
        shown = ", ".join(f"{word!r} ({counts[word]:,} cell{'s' * (counts[word] > 1)})" for word in look.words[:3])
        said += f" but for {shown}" + (f" and {len(look.words) - 3} more texts" if len(look.words) > 3 else "")
    if look.is_doubtful:
        others = " or ".join(map(quote, look.formats[1:]))
        return Understood(
            "ignore", f"{said}, with the day or the month first? {cure}, or format: {others}", notice=True
        )
    if apart := look.dates_of_other_forms:
        way = f"{apart[0]!r} is a date in another form: write all dates in one way; to use the others alone, {cure}"
        return Understood("ignore", f"{said}; {way}", notice=True)
    return Understood("ignore", f"{said}; to use them, {cure}", notice=True)


def choose_date_format(counts: Mapping[str, int]) -> str | None:
    """The format of a column's dates that need not be named, None if there is none; an error if there are two ways."""
    known = find_date_format(counts)
    if known is not None and looks_like_dates(counts):
        return known
    look = look_at_dates(counts)
    if look is None or look.is_known:
        return known
    if look.is_doubtful:
        ways = " or ".join(map(quote, look.formats))
        raise ValueError(f"{next(iter(counts))!r} may have the day or the month first; set the format to {ways}")
    return look.formats[0]


def look_at_dates(counts: Mapping[str, int]) -> DateLook | None:
    """How the dates among texts, each with its count, are written; None if they are none."""
    known = {text: count for text, count in counts.items() if strip_blanks(text) not in MISSING_DATES}
    if looks_like_dates(known):
        try:
            find_date_format(known)
        except ValueError:
            return DateLook((DAY_FIRST, MONTH_FIRST), ())
        return DateLook((), (), is_known=True)
    cells, best = sum(known.values()), 0
    found: dict[tuple[float, ...], tuple[str, set[str]]] = {}
    samples = islice((text for text in known if any(map(str.isdigit, text))), SAMPLES)
    for form in dict.fromkeys(form for text in samples for form in list_formats_of_shape(text)):
        moments = read_moments(known, form)
        count = sum(known[text] for text in moments)
        least = HALF if are_few_words(known.keys() - moments.keys()) else MOST
        if moments and count > least * cells and count >= best:
            found = {} if count > best else found
            best = count
            found.setdefault(tuple(moments.values()), (form, known.keys() - moments.keys()))  # twins read the same
    if not found:
        return None
    forms, words = [form for form, _ in found.values()], next(iter(found.values()))[1]
    return DateLook(tuple(forms), tuple(sorted(words)))


def are_few_words(texts: Collection[str]) -> bool:
    """Whether texts beside dates are words of few kinds, none of which looks like a date in another form."""
    return len(texts) <= MOST_WORDS and not any(map(list_formats_of_shape, texts))


def list_likely_formats(counts: Mapping[str, int]) -> list[str]:
    """The formats that texts, each with its count, may be dates in; none if they are no dates."""
    look = look_at_dates(counts)
    if look is None:
        return find_number_formats(counts)
    if look.is_known:
        return [find_date_format({text for text in counts if strip_blanks(text) not in MISSING_DATES}) or ISO]
    return list(look.formats)


def find_other_format(counts: Mapping[str, int], form: str) -> str | None:
    """The only format that reads all of some texts as dates, where `form` does not; None if there is none.

    It tells the day if `form` does: hours or months do not stand for days.
    """
    likely = list_likely_formats(counts) if not reads_all(form, counts) else []
    if len(likely) != 1 or find_grain(likely[0]) != find_grain(form):
        return None
    return likely[0] if reads_all(likely[0], counts) else None


def reads_all(form: str, texts: Collection[str]) -> bool:
    """Whether a format reads all of some texts."""
    read = make_date_reader(form)
    return all(read(text) is not None for text in texts)


def find_grain(form: str) -> tuple[bool, bool]:
    """Whether a format tells the year, and whether it tells the day."""
    told = set(re.findall("%(.)", form))
    return ("%" not in form or bool(told & set("YyG"))), ("%" not in form or bool(told & set("dju")))


NAMES = re.compile(
    r"time|date|stamp|epoch|when|created|updated|modified|datum|zeit|(^|_)(ts|at|on|day)$", re.IGNORECASE
)
"""Names of columns that may hold moments."""
SERIALS = (0, 2208988800)
"""The years 1970 to 2040, in seconds: what days of spreadsheets are likely to mean."""
CENTURY = (946684800, 2208988800)
"""The years 2000 to 2040, in seconds: what numbers of seconds are likely to mean."""


def find_number_formats(texts: Collection[str]) -> list[str]:
    """The formats of numbers that all of the texts may be dates in: as figures, or counted from 1970."""
    return [
        form
        for form, low, high in (("%Y%m%d", FIRST, LAST), (EXCEL, *SERIALS), *((form, *CENTURY) for form in EPOCHS))
        if texts and all(low <= (each or (np.nan,))[0] < high for each in map(make_date_reader(form), texts))
    ]


def explain_number_dates(name: str, look: ColumnLook) -> str:
    """What numbers that may be dates may be, and how to use them so; empty if they are no dates."""
    numbers = look.cells.read_numbers(look.missing, look.table.grammar_of(name))[0]
    known = numbers[np.isfinite(numbers)]
    if not known.size or not may_be_dates(float(known[0])):
        return ""
    low, high = float(known.min()), float(known.max())
    if not (may_be_dates(low) and may_be_dates(high) and (known == np.floor(known)).all()):
        return ""
    different = np.unique(known[:SAMPLED])
    texts = [f"{number:.0f}" for number in (different.tolist() if low < 1e8 else (low, high))]
    forms = find_number_formats([*texts, f"{low:.0f}", f"{high:.0f}"])
    if not forms or not is_telling(forms[0], name, different):
        return ""
    key = quote_yaml_key(name)
    return f"may be {UNITS[forms[0]]}; as dates: data.columns: {{{key}: {{type: date, format: {quote(forms[0])}}}}}"


def is_telling(form: str, name: str, different: NDArray[np.float64]) -> bool:
    """Whether numbers that fit a format tell that they are dates: by their name, or as few other numbers look so."""
    if form == EXCEL:
        return DATE_NAMES.search(name) is not None
    if NAMES.search(name):
        return True
    if ID_NAMES.search(name):
        return False
    if form == "epoch_ms":
        return True
    if form == "%Y%m%d":
        return len(different) >= FEWEST_DAYS
    return form == "epoch" and len(different) >= FEWEST_DAYS and bool((different % 60 == 0).all())


DATE_NAMES = re.compile(r"date|datum|fecha|(^|[_ ])(day|tag|data)$", re.IGNORECASE)
"""Names of columns that may hold days."""
ID_NAMES = re.compile(r"(^|[_ .-])(id|ids|nr|no|key|code|number|nummer|uid|uuid)$|Id$|ID$")
"""Names of columns that hold identifiers, whatever their numbers look like."""
FEWEST_DAYS = 5
"""So many different numbers that all are days of the calendar, or whole minutes, are dates whatever their name."""
SAMPLED = 10_000
UNITS = {
    "%Y%m%d": "dates",
    EXCEL: "the days by which spreadsheets count dates",
    "epoch": "seconds since 1970",
    "epoch_ms": "milliseconds since 1970",
    "epoch_us": "microseconds since 1970",
    "epoch_ns": "nanoseconds since 1970",
}


def may_be_dates(number: float) -> bool:
    """Whether a number has the size of one of the ways to write dates as numbers."""
    bounds = ((18000101, 22001231), (25569, 51136), *((CENTURY[0] * per, CENTURY[1] * per) for per in EPOCHS.values()))
    return any(low <= number <= high for low, high in bounds)


def read_moments(texts: Mapping[str, int], form: str) -> dict[str, float]:
    """The moments of the texts that a format reads as a date of our time."""
    read = make_date_reader(form)
    found = {text: moment[0] for text in texts if (moment := read(text)) is not None}
    return {text: moment for text, moment in found.items() if FIRST <= moment < LAST}


def is_date_of_some_form(text: str) -> bool:
    """Whether a text is a date of our time in one of the known ways to write one."""
    forms = [*list_formats_of_shape(text), *DATE_FORMATS]
    return any(read_moments({text: 1}, form) for form in forms)


def list_formats_of_shape(text: str) -> list[str]:
    """The formats that a text may be written in, by its shape.

    >>> list_formats_of_shape("20200102T090500Z"), list_formats_of_shape("2020-002")
    (['%Y%m%dT%H%M%S%z'], ['%Y-%j'])
    >>> list_formats_of_shape("02-Jan-2020"), list_formats_of_shape("9:05 pm"), list_formats_of_shape("C85")
    (['%d-%b-%Y', '%d-%B-%Y', '%d-%b-%y', '%Y-%b-%d'], ['%I:%M %p'], [])
    """
    text = strip_blanks(text)
    if len(text) > LONGEST or not any(map(str.isdigit, text)):
        return []
    if (whole := COMPACT.fullmatch(text)) is not None:
        return [write_compact_format(whole)]
    found = TIME.search(text)
    before, after = (text, "") if found is None else (text[: found.start()], text[found.end() :])
    time = "" if found is None else write_time_format(found)
    if after:  # as ctime writes it: Thu Jan  2 09:05:00 2020
        return [f"%a %b %d{time} %Y"] if re.fullmatch(r" [0-9]{4}", after) else []
    if not before:
        return [time] if time else []
    if DAY_OF_YEAR.fullmatch(before):
        return [f"%Y-%j{time}"]
    shape = re.sub("[A-Za-z]+", "a", re.sub("[0-9]+", "9", re.sub(" +", " ", before)))
    return [] if shape == "9" and not time else [f"{form}{time}" for form in SHAPES.get(shape, ())]


def write_compact_format(found: re.Match[str]) -> str:
    """The format of a date and a time without marks within."""
    second, fraction = "%S" if found["second"] else "", f"{found['fraction'][0]}%f" if found["fraction"] else ""
    return f"%Y%m%d{found['gap']}%H%M{second}{fraction}{'%z' if found['zone'] else ''}"


def write_time_format(found: re.Match[str]) -> str:
    """The format of a time, with what stands before it."""
    half, zone = found["half"] or "", found["zone"] or ""
    return "".join(
        [
            found["gap"] or "",
            "%I:%M" if half else "%H:%M",
            ":%S" if found["second"] else "",
            f"{found['fraction'][0]}%f" if found["fraction"] else "",
            " " * half.startswith(" ") + "%p" if half else "",
            " " * zone.startswith(" ") + "%z" if zone else "",
        ]
    )


def quote(text: str) -> str:
    """A text in double quotes, as YAML has it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
