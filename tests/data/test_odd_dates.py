"""Texts that look like dates but are read by no format are told, with what to do; others are not."""

import datetime as dt
import re

import pytest

from mlptrain.data.date_recognition import look_at_dates
from mlptrain.data.odd_dates import MONTHS, explain_odd_dates, translate_months
from tests.support.command import mlptrain

DAYS = [dt.datetime(2023, 1, 1) + dt.timedelta(days=7 * k) for k in range(60)]
GERMAN = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
SHORT = "Jan Feb Mrz Apr Mai Jun Jul Aug Sep Okt Nov Dez"
FRENCH = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
WRITE = {
    "two ways": lambda day: f"{day:%d.%m.%Y}" if day.day % 2 else f"{day:%Y-%m-%d}",
    "three ways": lambda day: day.strftime(("%d.%m.%Y", "%Y-%m-%d", "%d %B %Y")[day.toordinal() // 7 % 3]),
    "a zone in words": lambda day: f"{day:%Y-%m-%d %H:%M:%S} CEST",
    "a zone in brackets": lambda day: f"{day:%d.%m.%Y %H:%M} (MEZ)",
    "German months": lambda day: f"{day.day}. {GERMAN.split()[day.month - 1]} {day.year}",
    "short German months": lambda day: f"{day.day:02}-{SHORT.split()[day.month - 1]}-{day.year}",
    "French months": lambda day: f"{day.day} {FRENCH.split()[day.month - 1]} {day.year}",
}
SAID = {
    "ways": "texts that look like dates in several ways (",
    "a zone": "texts that look like dates with a word for the zone (",
    "months": "texts that look like dates with names of months that no format reads (",
}
NO_DATES = {
    "codes": [f"C{k} {k % 7}" for k in range(60)],
    "words": [f"{month} report" for month in GERMAN.split()],
    "versions": [f"{k % 5}.{k % 7}" for k in range(60)],
    "sizes": [f"{k} x {k + 3}" for k in range(60)],
    "one text": ["1. März 2020"],
    "nothing": [""],
}


@pytest.mark.parametrize("name", WRITE)
def test_odd_dates_are_told(name):
    counts = dict.fromkeys(map(WRITE[name], DAYS), 1)
    assert look_at_dates(counts) is None
    said = explain_odd_dates(counts)
    assert any(said.startswith(words) for end, words in SAID.items() if end in name), said


@pytest.mark.parametrize("name", NO_DATES)
def test_other_texts_are_no_dates(name):
    assert explain_odd_dates(dict.fromkeys(NO_DATES[name], 1)) == ""


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y %H:%M", "%d %B %Y", "%Y-%m-%d %H:%M:%S UTC"])
def test_dates_that_a_format_reads_are_not_odd(form):
    assert look_at_dates(dict.fromkeys((f"{day:{form}}" for day in DAYS), 1)) is not None


@pytest.mark.parametrize("month", MONTHS)
def test_every_name_of_a_month_means_one_month(month):
    others = {name for other, names in MONTHS.items() if other != month for name in names.split()}
    assert others.isdisjoint(MONTHS[month].split())
    assert {translate_months(name) for name in MONTHS[month].split()} == {month}


@pytest.mark.parametrize("name", WRITE)
def test_check_and_init_say_it(name, tmp_path):
    rows = [f"{k * k % 17}.5,{WRITE[name](day)},{'ab'[k % 2]}" for k, day in enumerate(DAYS)]
    (tmp_path / "t.csv").write_text("\n".join(["x,when,y", *rows]) + "\n", encoding="utf-8")
    (tmp_path / "s.yaml").write_text("data: {train: t.csv, target: y}\nmodel: {hidden: []}\ntraining: {epochs: 1}\n")
    for line in (["init", "t.csv", "--target", "y", "--out", "-"], ["check", "s.yaml"], ["fit", "s.yaml"]):
        ended = mlptrain(*line, cwd=tmp_path)
        assert ended.code == 0
        assert re.search('column "when" is (a category|left out): texts that look like dates', ended.err), ended.err
