"""Dates: what datetime writes is read again, what could be two dates is asked about, cycles close."""

import json
import locale
import os
import time
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mlptrain.data.dates import DateParts, find_date_format, looks_like_dates, parse_dates
from mlptrain.data.moments import DATE_FORMATS, compile_date_format
from mlptrain.plain import from_plain, to_plain
from tests.support.table_cases import drawn

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STRPTIME = {
    "YYYY-MM-DD": "%Y-%m-%d",
    "YYYY/MM/DD": "%Y/%m/%d",
    "DD.MM.YYYY": "%d.%m.%Y",
    "DD/MM/YYYY": "%d/%m/%Y",
    "MM/DD/YYYY": "%m/%d/%Y",
}
DECLARED = [
    *STRPTIME.values(),
    *("%Y%m%d", "%Y%m%d%H%M%S", "%d-%b-%Y", "%d. %B %Y", "%a, %d %b %Y %H:%M:%S %z", "%A %d %B %Y", "%m/%d/%y"),
    *("%Y-%j", "%I:%M %p on %d/%m/%Y", "%Y", "%Y-%m", "%H:%M:%S.%f %d.%m.%Y", "100%% on %Y.%m.%d", "[%Y]+(%m)?%d*"),
]
NOT_DATES = [
    *(
        "",
        " ",
        "2020",
        "20200101",
        "2020-01",
        "12",
        "1.5",
        "-3",
        "1e5",
        "abc",
        "2020-13-01",
        "2021-02-29",
        "2020-00-10",
    ),
    *("0000-01-01", "2020-01-32", "2020-1-1", "2020-01-01T", "2020-01-01T24:00", "2020-01-01T10", "2020-01-01 10:60"),
    *("2020-01-01T10:00:00.", "2020-01-01T10:00:0", "2020-01-01Z", "2020-01-01T10:00+5", "2020-01-01T10:00+24:00"),
    *("2020-01-01x", "x2020-01-01", "2020/01-01", "13/13/2020", "30/02/2020", "31.04.2020", "1.2.20"),
    *("20-01-01", "1.1.1.1", "10:30", "٢٠٢٠-٠١-٠١", "2020-01-01T1:00", "20200-01-01", "2020-01-011", "NaN", "None"),
]

each_format = pytest.mark.parametrize("name", DATE_FORMATS)
moments = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31, 23, 59, 59, 999999))
recent = st.datetimes(min_value=datetime(1969, 1, 1), max_value=datetime(2068, 12, 31))
zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def seconds(*when):
    """Seconds since 1970 of naive or aware datetimes, naive ones being UTC."""
    aware = (each if each.tzinfo else each.replace(tzinfo=UTC) for each in when)
    return np.array([(each - EPOCH).total_seconds() for each in aware])


def written(when, format):
    """As strftime, with years of four digits on every platform."""
    return when.strftime(format.replace("%Y", f"{when.year:04}"))


def can_set(name):
    language = locale.setlocale(locale.LC_TIME)
    try:
        locale.setlocale(locale.LC_TIME, name)
    except locale.Error:
        return False
    locale.setlocale(locale.LC_TIME, language)
    return True


def days(first, count, step=1):
    """Moments of midnight, `step` days apart."""
    return seconds(*(first + timedelta(days=step * k) for k in range(count)))


def new_years_eve(year):
    return date(year, 12, 31)


def steps(parts, first, second):
    """How far two moments are apart on the circle of each cycle."""
    step = np.diff(parts(seconds(first, second)), axis=0)[0, 1:].reshape(-1, 2)
    return np.hypot(step[:, 0], step[:, 1])


# Reading.


@drawn
@given(st.lists(moments, min_size=1, max_size=5), st.sampled_from("T "), zones | st.none())
def test_iso_times_are_read_back_exactly_with_and_without_zones(times, separator, zone):
    assume(all(2 <= when.year <= 9998 for when in times))
    times = [when.replace(tzinfo=zone) for when in times]
    texts = [when.isoformat(separator) for when in times]
    assert looks_like_dates(texts)
    np.testing.assert_array_equal(parse_dates(texts, None), seconds(*times))
    np.testing.assert_array_equal(parse_dates(texts, "YYYY-MM-DD"), seconds(*times))


def test_every_format_has_its_strptime():
    assert STRPTIME.keys() == DATE_FORMATS.keys()


@each_format
@pytest.mark.parametrize("clock", ["", "T%H:%M", " %H:%M:%S", " %H:%M:%S.%f"])
@drawn
@given(when=moments)
def test_each_format_reads_what_was_written_in_it_with_and_without_a_time(name, clock, when):
    format = STRPTIME[name] + clock
    text = written(when, format)
    expected = seconds(datetime.strptime(text, format))
    assert looks_like_dates([text])
    for declared in (name, format):
        np.testing.assert_array_equal(parse_dates([text], declared), expected)


@pytest.mark.parametrize("format", DECLARED)
@drawn
@given(when=recent, zone=zones)
def test_declared_formats_are_read_as_datetime_reads_them(format, when, zone):
    text = written(when.replace(tzinfo=zone), format)
    expected = seconds(datetime.strptime(text, format))
    for variant in (text, text.upper(), text.lower(), f"  {text} "):
        np.testing.assert_array_equal(parse_dates([variant], format), expected)


def test_years_of_two_digits_are_those_of_datetime():
    texts = [f"01.01.{year:02}" for year in range(100)]
    expected = seconds(*(datetime.strptime(text, "%d.%m.%y") for text in texts))
    np.testing.assert_array_equal(parse_dates(texts, "%d.%m.%y"), expected)


def test_letters_of_other_scripts_are_not_those_of_a_month():
    np.testing.assert_array_equal(np.isnan(parse_dates(["3 SEP 2020", "3 \u017fep 2020"], "%d %b %Y")), [False, True])


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2020-02-29T12:30Z", "2020-02-29 12:30:00"),
        ("2020-02-29T12:30+01:30", "2020-02-29T11:00"),
        ("2020-02-29T00:00-00:30", "2020-02-29 00:30"),
        (" 2020-02-29 ", "2020-02-29T00:00:00.000000"),
        ("\u200e2020-02-29\u00a0\n", "2020-02-29"),
        ("1.2.2020", "01.02.2020"),
        ("2020-02-29 00:00:00.5", "2020-02-29T00:00:00.500000000"),
    ],
)
def test_two_ways_to_write_a_moment_are_one(text, same):
    one, other = parse_dates([text, same], None)
    assert one == other


@pytest.mark.parametrize("text", NOT_DATES)
def test_what_is_not_a_date_is_nan_and_makes_a_column_not_one_of_dates(text):
    assert not looks_like_dates([text])
    assert not looks_like_dates(["2020-05-17", text])
    assert np.isnan(parse_dates([text], None)).all()
    np.testing.assert_array_equal(parse_dates(["1970-01-02", text], None), [86400, np.nan])
    for name in DATE_FORMATS:
        assert np.isnan(parse_dates([text], name)).all()


def test_a_column_of_dates_has_one_format():
    assert not looks_like_dates([])
    assert looks_like_dates({"2020-05-17", "2020-05-17 10:30"})
    assert not looks_like_dates(["2020-05-17", "17.05.2020"])
    assert not looks_like_dates(["17/05/2020", "05/17/2020"])
    assert find_date_format(["17.05.2020", "18.05.2020", "2020-05-17"]) == "DD.MM.YYYY"
    assert find_date_format(["", "x"]) is None
    assert parse_dates([], None).shape == (0,)


def test_the_first_text_that_is_not_a_date_is_the_last_that_is_looked_at():
    class Texts(list):
        def __iter__(self):
            yield "word"
            raise AssertionError("looked on")

    assert not looks_like_dates(Texts(["word", "2020-01-01"]))


# Slashes.


@drawn
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), min_size=1, max_size=6))
def test_slash_dates_that_could_all_be_both_need_a_format(pairs):
    texts = [f"{first}/{second:02}/2021" for first, second in pairs]
    assert looks_like_dates(texts)
    with pytest.raises(ValueError, match="may have the day or the month first"):
        parse_dates([*texts, "no date"], None)
    days, months = (parse_dates(texts, f"{name}/%Y") for name in ("%d/%m", "%m/%d"))
    np.testing.assert_array_equal(days, seconds(*(datetime(2021, month, day) for day, month in pairs)))
    np.testing.assert_array_equal(months, seconds(*(datetime(2021, month, day) for month, day in pairs)))


@pytest.mark.parametrize(("text", "format"), [("13/01/2020", "DD/MM/YYYY"), ("01/13/2020", "MM/DD/YYYY")])
def test_one_slash_date_that_cannot_be_both_decides_for_all(text, format):
    texts = ["02/03/2020", text, "04/05/2020"]
    assert find_date_format(texts) == format
    np.testing.assert_array_equal(parse_dates(texts, None), parse_dates(texts, format))


def test_slash_dates_of_both_orders_are_an_error_that_shows_one_of_each():
    with pytest.raises(ValueError, match=r"'13/01/2020' has the day first but '01/13/2020' the month"):
        parse_dates(["13/01/2020", "01/13/2020"], None)
    np.testing.assert_array_equal(np.isnan(parse_dates(["13/01/2020", "01/13/2020"], "DD/MM/YYYY")), [False, True])


@pytest.mark.parametrize(
    ("format", "why"),
    [
        ("%d.%m.%Q", "'%Q' in the date format"),
        ("%Y-%m-%d %s", "'%s' in the date format"),
        ("%Y%", "'%' in the date format"),
        ("%d.%m", "has no year"),
        ("dd.mm.yyyy", "has no year"),
        ("%Y-%d-%d", "has the day twice"),
    ],
)
def test_a_format_that_cannot_be_read_is_an_error_in_one_sentence(format, why):
    with pytest.raises(ValueError, match=why) as found:
        compile_date_format(format)
    assert "\n" not in str(found.value)


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of the process cannot be set on this system")
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "XYZ-11"])
def test_the_zone_and_the_language_of_the_machine_do_not_matter(zone, monkeypatch):
    before = os.environ.get("TZ")
    language = locale.setlocale(locale.LC_TIME)
    names = [each for each in ("de_DE.UTF-8", "fr_FR.UTF-8", "C") if can_set(each)]
    try:
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        for each in names:
            locale.setlocale(locale.LC_TIME, each)
            found = parse_dates(["3 March 2021 01:00"], "%d %B %Y %H:%M")
            np.testing.assert_array_equal(found, seconds(datetime(2021, 3, 3, 1)))
    finally:
        locale.setlocale(locale.LC_TIME, language)
        monkeypatch.setenv("TZ", before) if before is not None else monkeypatch.delenv("TZ")
        time.tzset()


# Parts.


@drawn
@given(st.lists(moments, min_size=2, max_size=30, unique=True))
def test_elapsed_time_is_standardised_over_training(times):
    t = seconds(*times)
    parts = DateParts.fit(t)
    elapsed = parts(t)[:, 0]
    np.testing.assert_allclose([elapsed.mean(), elapsed.std()], [0, 1], atol=1e-4)
    assert not parts.degenerate


@drawn
@given(st.lists(moments, min_size=1, max_size=20))
def test_parts_have_their_width_their_labels_and_circles_of_radius_1_and_survive_json(times):
    t = seconds(*times)
    parts = DateParts.fit(t)
    assert from_plain(DateParts, json.loads(json.dumps(to_plain(parts)))) == parts
    columns = parts(t)
    assert columns.shape == (len(t), parts.width) == (len(t), len(parts.labels))
    np.testing.assert_allclose(columns[:, 1::2] ** 2 + columns[:, 2::2] ** 2, 1)


@drawn
@given(when=moments)
def test_the_phases_are_those_of_the_calendar(when):
    parts = DateParts(center=0.0, scale=1.0, median=0.0, cycles=("year", "week", "day"))
    start = datetime(when.year, 1, 1)
    length = 366 if (when.year % 4 == 0 and when.year % 100) or when.year % 400 == 0 else 365
    time_of_day = (when - datetime(when.year, when.month, when.day)).total_seconds()
    phase = [(when - start).days / length, when.weekday() / 7, time_of_day / 86400]
    expected = np.stack([np.sin(2 * np.pi * np.array(phase)), np.cos(2 * np.pi * np.array(phase))], axis=1)
    np.testing.assert_allclose(parts(seconds(when))[0, 1:], expected.ravel(), atol=1e-8)


@drawn
@given(day=st.dates(min_value=date(1, 1, 1), max_value=date(9998, 12, 31)) | st.integers(1, 9998).map(new_years_eve))
def test_cycles_close(day):
    parts = DateParts(center=0.0, scale=1e12, median=0.0, cycles=("year", "week", "day"))
    midnight = datetime(day.year, day.month, day.day)
    year, week, _ = steps(parts, midnight, midnight + timedelta(days=1))
    np.testing.assert_allclose([year, week], [2 * np.sin(np.pi / 365), 2 * np.sin(np.pi / 7)], atol=1e-4)
    second = steps(parts, midnight + timedelta(seconds=86399), midnight + timedelta(days=1))[2]
    np.testing.assert_allclose(second, 2 * np.pi / 86400, rtol=1e-6)


def test_a_cycle_is_there_only_where_it_varies_in_training():
    assert DateParts.fit(days(datetime(2019, 5, 1), 800)).cycles == ("year", "week")
    assert DateParts.fit(days(datetime(2019, 5, 1), 800) + np.arange(800) * 3600).cycles == ("year", "week", "day")
    assert DateParts.fit(days(datetime(2019, 5, 1), 100, step=7)).cycles == ("year",)
    assert DateParts.fit(seconds(*(datetime(2020, 5, 1, hour) for hour in range(24)))).cycles == ("day",)
    yearly = seconds(*(datetime(year, 7, 1) for year in range(1990, 2020)))
    assert DateParts.fit(yearly).cycles == ("week",)
    assert DateParts.fit(days(datetime(2019, 5, 1), 1)).cycles == ()


def test_a_missing_date_has_the_parts_of_the_median_date():
    t = np.concatenate([days(datetime(2021, 1, 1), 100), [np.nan] * 3])
    parts = DateParts.fit(t)
    assert parts == DateParts.fit(t[:100])
    np.testing.assert_array_equal(parts(t)[100:], parts(days(datetime(2021, 2, 19), 1)).repeat(3, axis=0))


def test_training_rows_of_one_date_are_degenerate_and_later_rows_finite():
    parts = DateParts.fit(days(datetime(2020, 5, 1), 1).repeat(4))
    assert parts.degenerate
    assert parts.labels == ("elapsed",)
    np.testing.assert_array_equal(parts(np.array([0.0, np.nan])), [[0], [0]])


def test_labels_name_the_columns():
    parts = DateParts.fit(days(datetime(2019, 5, 1), 800))
    assert parts.labels == ("elapsed", "year_sine", "year_cosine", "week_sine", "week_cosine")
    monday, first = parts(seconds(datetime(2021, 1, 4), datetime(2021, 1, 1)))
    assert (monday[3], monday[4]) == (0, 1)
    assert (first[1], first[2]) == (0, 1)
