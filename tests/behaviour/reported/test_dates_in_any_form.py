"""Dates however they are written: called so, with the format to write; times with and without a zone told apart."""

import datetime as dt
import re

import numpy as np
import pytest
import yaml

from mlptrain.data.date_recognition import list_formats_of_shape, look_at_dates
from mlptrain.data.dates import parse_dates
from mlptrain.data.moments import make_date_reader
from mlptrain.interface import fit as fit_in_memory
from mlptrain.model.prediction_notices import OddCellsNotice
from tests.support.command import mlptrain

DAYS = [dt.datetime(2020, 1, 2, 9, 5) + dt.timedelta(days=k, minutes=73 * k) for k in range(60)]
FORMS = {
    "spreadsheet": ("%-m/%-d/%Y %-H:%M", "%m/%d/%Y %H:%M"),
    "half days": ("%-m/%-d/%Y %-I:%M %p", "%m/%d/%Y %I:%M %p"),
    "half days, close": ("%d.%m.%Y %I:%M%p", "%d.%m.%Y %I:%M%p"),
    "one-digit days": ("%-d.%-m.%Y %-H:%M", "%d.%m.%Y %H:%M"),
    "utc as a word": ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S %z"),
    "gmt of a mail": ("%a, %d %b %Y %H:%M:%S GMT", "%a, %d %b %Y %H:%M:%S %z"),
    "offset after a blank": ("%Y-%m-%d %H:%M:%S +0100", "%Y-%m-%d %H:%M:%S %z"),
    "one-digit hours": ("%Y-%m-%d %-H:%M", "%Y-%m-%d %H:%M"),
    "two-digit year": ("%d.%m.%y", "%d.%m.%y"),
    "two-digit year, slashes": ("%m/%d/%y", "%m/%d/%y"),
    "month names": ("%d-%b-%Y", "%d-%b-%Y"),
    "long month names": ("%B %-d, %Y", "%B %d, %Y"),
    "upper case": ("%d%b%Y", "%d%b%Y"),
    "ctime": ("%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S %Y"),
    "logs of a server": ("%d/%b/%Y:%H:%M:%S +0000", "%d/%b/%Y:%H:%M:%S %z"),
    "fractions behind a comma": ("%Y-%m-%d %H:%M:%S,%f", "%Y-%m-%d %H:%M:%S,%f"),
    "weeks": ("%G-W%V", "%G-W%V"),
    "days of weeks": ("%G-W%V-%u", "%G-W%V-%u"),
    "months": ("%Y-%m", "%Y-%m"),
    "clock times": ("%H:%M", "%H:%M"),
    "clock times with seconds": ("%-I:%M:%S %p", "%I:%M:%S %p"),
    "compact": ("%Y%m%dT%H:%M", "%Y%m%dT%H:%M"),
    "iso without marks": ("%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S%z"),
    "iso without marks, an offset": ("%Y%m%dT%H%M%S+0100", "%Y%m%dT%H%M%S%z"),
    "iso without marks, minutes": ("%Y%m%dT%H%M", "%Y%m%dT%H%M"),
    "iso without marks, fractions": ("%Y%m%dT%H%M%S.%f", "%Y%m%dT%H%M%S.%f"),
    "days of the year": ("%Y-%j", "%Y-%j"),
    "days of the year with times": ("%Y-%jT%H:%M:%SZ", "%Y-%jT%H:%M:%S%z"),
    "fractions": ("%Y/%m/%d %H:%M:%S.%f", None),
    "iso with a short offset": ("%Y-%m-%d %H:%M:%S+01", None),
    "iso": ("%Y-%m-%dT%H:%M", None),
}
GAPS = ["NaT", "NULL", "NA", "0000-00-00", "\\N", "?", "None"]


def texts_in(form: str) -> list[str]:
    return [day.strftime(form) for day in DAYS]


@pytest.mark.parametrize(("written", "form"), FORMS.values(), ids=FORMS)
def test_dates_are_called_so_with_the_format_to_write(tmp_path, written, form):
    """`init` writes what reads them; `fit` without it leaves them out and says how; with it, it reads them."""
    rows = [f'"{text}",{k % 3},{"yes" if k % 2 else "no"}' for k, text in enumerate(texts_in(written))]
    (tmp_path / "t.csv").write_text("\n".join(["when,a,y", *rows, f"{GAPS[0]},1,yes"]) + "\n")
    started = mlptrain("init", "t.csv", "--target", "y", "--out", "-", cwd=tmp_path)
    said = re.search("^ +when: (.*?)  +#", started.out, re.MULTILINE)[1]
    assert said == ("date" if form is None else f'{{type: date, format: "{form}"}}')
    spec = "data: {{train: t.csv, target: y{}}}\nmodel: {{hidden: [2]}}\ntraining: {{epochs: 1}}\n"
    (tmp_path / "s.yaml").write_text(spec.format(""))
    (tmp_path / "d.yaml").write_text(spec.format(f", columns: {{when: {said}}}"))
    left_out = mlptrain("fit", "s.yaml", cwd=tmp_path).err
    assert f'note: column "when" is left out: dates; to use them, set data.columns: {{when: {said}}}' in left_out
    assert mlptrain("fit", "d.yaml", "-q", cwd=tmp_path).code == 0
    answers = mlptrain("predict", "d.npz", "t.csv", cwd=tmp_path)
    assert (answers.code, "missing cells filled: when 1" in answers.err) == (0, True)


@pytest.mark.parametrize("gap", GAPS)
def test_what_can_be_no_date_is_a_missing_one(gap):
    found = look_at_dates(dict.fromkeys([*texts_in("%d.%m.%Y"), gap], 1))
    assert (found.is_known, found.words) == (True, ())


def test_words_among_dates_are_named(tmp_path):
    counts = dict.fromkeys([*texts_in("%d-%b-%Y"), "unknown"], 1)
    assert look_at_dates(counts).settings() == '{type: date, format: "%d-%b-%Y", missing_values: ["unknown"]}'


@pytest.mark.parametrize("share", [0.05, 0.1, 0.125, 0.45])
@pytest.mark.parametrize("kinds", [1, 12])
@pytest.mark.parametrize("written", [each for each, _ in FORMS.values()], ids=FORMS)
def test_words_of_few_kinds_are_named_at_any_share_of_less_than_half(written, kinds, share):
    """They may stand before all dates, in more kinds than texts are looked at."""
    texts = list(dict.fromkeys(texts_in(written)))
    words = [f"word {chr(97 + k)}" for k in range(kinds)]
    count = share * len(texts) / (1 - share) / kinds
    found = look_at_dates(dict.fromkeys(words, count) | dict.fromkeys(texts, 1))
    assert found is not None
    assert found.words == tuple(words)


@pytest.mark.parametrize("others", [[f"v{k}x" for k in range(25)], [f"{k + 1}.3.2020" for k in range(15)], ["-"] * 70])
def test_codes_other_forms_and_words_in_most_cells_are_not_taken_for_words_among_dates(others):
    texts = [*texts_in("%Y-%m-%dT%H:%M"), *others]
    assert look_at_dates({text: texts.count(text) for text in texts}) is None


@pytest.mark.parametrize(
    "texts",
    [
        ["01/02/20", "03/04/20", "05/06/20"],
        ["01-02-2020", "03-04-2020"],
        ["1/2/2020 9:05", "3/4/2020 9:05"],
        ["01/02/2020", "03/04/2020"],
        ["20-01-02", "20-03-04", "12-03-04"],
    ],
)
def test_a_doubtful_order_is_never_guessed(texts, tmp_path):
    assert look_at_dates(dict.fromkeys(texts, 1)).is_doubtful
    rows = [f"{texts[k % len(texts)]},{k % 5},{'pq'[k % 2]}" for k in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["when,a,y", *rows]) + "\n")
    (tmp_path / "s.yaml").write_text(
        "data: {train: t.csv, target: y, columns: {when: date}}\nmodel: {hidden: [2]}\ntraining: {epochs: 1}\n"
    )
    ended = mlptrain("fit", "s.yaml", cwd=tmp_path)
    assert (ended.code, "may have the day" in ended.err) == (3, True), ended.err
    started = mlptrain("init", "t.csv", "--target", "y", "--out", "-", cwd=tmp_path)
    assert "when: ignore" in started.out
    assert "the day or the month first" in started.out


@pytest.mark.parametrize(
    "texts",
    [
        ["C85", "E46"],
        ["12-34", "56-78"],
        ["1/2", "3/4"],
        ["A-12", "B-7"],
        ["1:2:3", "4:5:6"],
        ["Mr. 5, 2020", "x"],
        ["192.168.0.1"],
        ["555-12-3456"],
        ["99-99-9999"],
        ["may"],
    ],
)
def test_other_texts_are_no_dates(texts):
    assert look_at_dates(dict.fromkeys(texts, 1)) is None


@pytest.mark.parametrize(
    ("form", "text", "seconds"),
    [
        ("epoch", "1577955900", 1577955900),
        ("epoch", "-1.5", -1.5),
        ("epoch_ms", "1577955900500", 1577955900.5),
        ("epoch_us", "1577955900500000", 1577955900.5),
        ("epoch_ns", "1577955900500000000", 1577955900.5),
        ("%H:%M", "9:05", 32700),
        ("%I:%M %p", "12:30 am", 1800),
        ("%I:%M %p", "9:05 p.m.", 75900),
        ("%Y-%m-%d %H:%M:%S%z", "2020-01-02 09:05:00+01", 1577952300),
        ("%Y-%m-%d %H:%M:%S%z", "2020-01-02 09:05:00-0130", 1577961300),
        ("%Y-%m-%d %H:%M:%S %Z", "2020-01-02 09:05:00 UTC", 1577955900),
        ("%YQ%q", "2020Q2", 1585699200),
        ("%G-W%V", "2020-W01", 1577664000),
        ("%G-W%V-%u", "2020-W53-7", 1609632000),
    ],
)
def test_formats_that_other_programs_write(form, text, seconds):
    assert parse_dates([text], form).tolist() == [seconds]


@pytest.mark.parametrize(
    ("form", "text"), [("%G-W%V", "2021-W53"), ("%YQ%q", "2020Q5"), ("epoch", "soon"), ("%H:%M", "24:00")]
)
def test_what_a_format_does_not_read(form, text):
    assert make_date_reader(form)(text) is None


def test_a_shape_has_few_formats():
    assert list_formats_of_shape("2020-01-02 09:05 pm +01") == [
        f"{day} %I:%M %p %z" for day in ("%Y-%m-%d", "%d-%m-%Y", "%m-%d-%Y", "%y-%m-%d", "%d-%m-%y", "%m-%d-%y")
    ]


NUMBERS = {
    "epoch_ms": (1577955900000, 60_000, "x", "milliseconds since 1970"),
    "epoch": (1577955900, 60, "created_at", "seconds since 1970"),
    "%Y%m%d": (20200101, 1, "date", "dates"),
}


@pytest.mark.parametrize("form", NUMBERS)
def test_numbers_that_may_be_dates_are_noted(tmp_path, form):
    first, step, name, what = NUMBERS[form]
    rows = [f"{first + step * ((k * 7) % 28)},{k % 3},{'yes' if k % 2 else 'no'}" for k in range(60)]
    (tmp_path / "t.csv").write_text("\n".join([f"{name},a,y", *rows]) + "\n")
    spec = "data: {{train: t.csv, target: y{}}}\nmodel: {{hidden: [2]}}\ntraining: {{epochs: 1}}\n"
    (tmp_path / "s.yaml").write_text(spec.format(""))
    ended = mlptrain("fit", "s.yaml", cwd=tmp_path)
    said = f'{{type: date, format: "{form}"}}'
    assert f'note: column "{name}": may be {what}; as dates: data.columns: {{{name}: {said}}}' in ended.err
    (tmp_path / "s.yaml").write_text(spec.format(f", columns: {{{name}: {said}}}"))
    assert mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    (tmp_path / "s.yaml").write_text(spec.format(f", columns: {{{name}: date}}"))
    wrong = mlptrain("fit", "s.yaml", cwd=tmp_path)
    assert (wrong.code, f"give the column's format ({form})" in wrong.err) == (3, True), wrong.err


# Zones


def write_times(path, *zones: str) -> None:
    """Times whose label follows the local hour, each with one of the zones."""
    times = [dt.datetime(2020, 1, 1) + dt.timedelta(hours=7 * k) for k in range(80)]
    rows = [
        f"{time:%Y-%m-%d %H:%M:%S}{zones[k % len(zones)]},{'day' if 8 <= time.hour < 20 else 'night'}"
        for k, time in enumerate(times)
    ]
    path.write_text("\n".join(["when,y", *rows]) + "\n")


def write_spec(path, column: str) -> None:
    data = f"train: t.csv, target: y, columns: {{when: {column}}}"
    path.write_text(f"data: {{{data}}}\nmodel: {{hidden: [4]}}\ntraining: {{epochs: 3}}\n")


@pytest.mark.parametrize("zones", [("+01:00",), ("+01", "+0200"), ("Z",), ("-05:00",), ("+05:30",)])
def test_zones_in_one_file_only_are_counted_or_do_not_matter(tmp_path, zones):
    for column, noted in (("date", True), ("{type: date, clock: local}", False)):
        write_spec(tmp_path / "s.yaml", column)
        write_times(tmp_path / "t.csv", *zones)
        write_times(tmp_path / "plain.csv", "")
        assert mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
        same, other = (mlptrain("predict", "s.npz", name, cwd=tmp_path) for name in ("t.csv", "plain.csv"))
        assert (same.err, "times without a zone, read as UTC, where training had zones" in other.err) == ("", noted)
        assert (same.out == other.out) == (not noted or zones == ("Z",))
        write_times(tmp_path / "t.csv", "")
        write_times(tmp_path / "zone.csv", *zones)
        assert mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
        assert ("times with a zone" in mlptrain("predict", "s.npz", "zone.csv", cwd=tmp_path).err) == noted


def test_a_column_that_mixes_zones_is_noted(tmp_path):
    write_times(tmp_path / "t.csv", "+01:00", "", "")
    for column, noted in (("date", True), ("{type: date, clock: local}", False)):
        write_spec(tmp_path / "s.yaml", column)
        for command in ("fit", "check"):
            ended = mlptrain(command, "s.yaml", cwd=tmp_path)
            assert ("27 times have a zone, 53 have none and are read as UTC" in ended.err + ended.out) == noted


def test_a_clock_is_for_dates(tmp_path):
    write_times(tmp_path / "t.csv", "")
    write_spec(tmp_path / "s.yaml", "{type: number, clock: local}")
    ended = mlptrain("fit", "s.yaml", cwd=tmp_path)
    assert (ended.code, "has no clock; set type: date" in ended.err) == (2, True), ended.err


def test_dates_of_python_are_dates():
    days = [day.replace(second=k) for k, day in enumerate(DAYS)]
    spec = {"data": {"target": "y", "columns": {"when": {"format": "DD.MM.YYYY"}}}, "training": {"epochs": 1}}
    rows = {"when": days, "y": [day.hour + 0.5 for day in days]}
    model = fit_in_memory(spec, rows).model
    answers = [model.predict({"when": each}) for each in (days, np.array(days, "datetime64[s]"))]
    with pytest.warns(OddCellsNotice, match=f"^times with a zone, which training had none of .*: when {len(days)}$"):
        answers.append(model.predict({"when": [day.replace(tzinfo=dt.UTC) for day in days]}))
    assert len({str(np.asarray(each).tolist()) for each in answers}) == 1


def test_times_of_python_with_a_zone_are_those_of_a_file_with_zones(tmp_path):
    """Each way from file to memory: no notice where both have zones, one where only training had."""
    days = [day.replace(tzinfo=dt.timezone(dt.timedelta(hours=2))) for day in DAYS]
    answers = [day.hour + 0.5 for day in days]
    lines = [f"{day.isoformat()},{answer}\n" for day, answer in zip(days, answers, strict=True)]
    (tmp_path / "t.csv").write_text("when,y\n" + "".join(lines))
    spec = {"data": {"target": "y", "columns": {"when": "date"}}, "training": {"epochs": 1}}
    models = [
        fit_in_memory(spec, {"when": days, "y": answers}).model,
        fit_in_memory({**spec, "data": {**spec["data"], "train": str(tmp_path / "t.csv")}}).model,
    ]
    assert models[0].networks[0].features.columns == models[1].networks[0].features.columns
    for model in models:
        model.save(tmp_path / "m.npz")
        ended = mlptrain("predict", "m.npz", "t.csv", cwd=tmp_path)
        assert (ended.code, "zone" in ended.err) == (0, False)
        expected = model.predict({"when": days})
        with pytest.warns(OddCellsNotice, match="^times without a zone, read as UTC, where training had zones"):
            model.predict({"when": [day.replace(tzinfo=None) for day in days]})
        assert np.allclose([float(line) for line in ended.out.split()[1:]], expected)


WEEKS = [dt.datetime(2023, 1, 1) + dt.timedelta(days=7 * k) for k in range(60)]
SECONDS = [(moment - dt.datetime(1970, 1, 1)) // dt.timedelta(seconds=1) for moment in WEEKS]
SERIALS = [(moment - dt.datetime(1899, 12, 30)).days for moment in WEEKS]
NUMBERED = {
    "days of a spreadsheet": ("Datum", SERIALS, "excel"),
    "days of a spreadsheet, one after another": ("date", list(range(45000, 45060)), "excel"),
    "figures": ("tag", [f"{moment:%Y%m%d}" for moment in WEEKS], "%Y%m%d"),
    "figures without a name": ("k", [f"{moment:%Y%m%d}" for moment in WEEKS], "%Y%m%d"),
    "seconds": ("ts", SECONDS, "epoch"),
    "seconds without a name": ("k", SECONDS, "epoch"),
    "milliseconds": ("k", [1000 * second for second in SECONDS], "epoch_ms"),
}
NO_DATES = {
    "prices": ("price", SERIALS),
    "numbers of eight figures": ("k", [20230000 + 97 * k for k in range(60)]),
    "large numbers": ("k", [1672531217 + 1009 * k for k in range(60)]),
    "times": ("time", SERIALS),
    "identifiers": ("order_id", [1000 * second + 7 for second in SECONDS]),
}


def write_numbers(folder, name, numbers):
    lines = [f"{k * k % 17}.5,{number},{'ab'[k % 2]}" for k, number in enumerate(numbers)]
    (folder / "t.csv").write_text("\n".join([f"x,{name},y", *lines]) + "\n")
    (folder / "n.yaml").write_text("data: {train: t.csv, target: y}\nmodel: {hidden: []}\ntraining: {epochs: 1}\n")


@pytest.mark.parametrize("case", NUMBERED)
def test_numbers_that_are_dates_are_told_with_the_format_that_reads_them(case, tmp_path):
    name, numbers, form = NUMBERED[case]
    write_numbers(tmp_path, name, numbers)
    way = f'{{type: date, format: "{form}"}}'
    for line in (["init", "t.csv", "--target", "y", "--out", "-"], ["check", "n.yaml"], ["fit", "n.yaml"]):
        said = " ".join(mlptrain(*line, cwd=tmp_path).err.split())
        assert f"as dates: data.columns: {{{name}: {way}}}" in said
        assert "identifier" not in said
    ended = mlptrain("check", "n.yaml", "--set", f"data.columns.{name}={way}", "--json", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert '"kind": "date"' in ended.out


@pytest.mark.parametrize("case", NO_DATES)
def test_other_numbers_are_no_dates(case, tmp_path):
    write_numbers(tmp_path, *NO_DATES[case])
    assert "dates" not in mlptrain("check", "n.yaml", cwd=tmp_path).err


def test_days_of_a_spreadsheet_are_the_dates_that_it_shows():
    assert make_date_reader("excel")("45292")[0] == dt.datetime(2024, 1, 1, tzinfo=dt.UTC).timestamp()
    assert make_date_reader("excel")("45292.75")[0] == dt.datetime(2024, 1, 1, 18, tzinfo=dt.UTC).timestamp()
    assert make_date_reader("excel")("-1") is None


# Several forms in one column

FORMS = {"YYYY-MM-DD": "%Y-%m-%d", "DD.MM.YYYY": "%d.%m.%Y", "%d %b %Y": "%d %b %Y", "YYYY/MM/DD": "%Y/%m/%d"}
PAIRS_OF_FORMS = [(one, other) for one in FORMS for other in FORMS if one != other]


def write_days(path, form: str, odd: dict[int, str]) -> None:
    """Days in one form, but for the texts of some rows."""
    days = [dt.date(2016, 1, 25) + dt.timedelta(days=13 * k) for k in range(60)]
    cells = [odd.get(k, format(day, FORMS[form])) for k, day in enumerate(days)]
    rows = [f"{cell},{k * 7 % 11},{k % 2}" for k, cell in enumerate(cells)]
    path.write_text("\n".join(["since,x,y", *rows]) + "\n")


@pytest.mark.parametrize(("form", "other"), PAIRS_OF_FORMS)
@pytest.mark.parametrize("every", [5, 30])
def test_dates_of_another_form_are_called_so_and_never_missing(form, other, every, tmp_path):
    own = f'{{type: date, format: "{form}"}}'
    text = f"data: {{train: t.csv, target: y, missing_values: ['-999'], columns: {{since: {own}}}}}\n"
    (tmp_path / "s.yaml").write_text(f"{text}model: {{hidden: []}}\ntraining: {{epochs: 1, batch_size: full}}\n")
    write_days(tmp_path / "t.csv", form, {})
    assert mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    odd = {k: format(dt.date(2016, 12, 21 + k // 9), FORMS[other]) for k in range(3, 60, every)}
    write_days(tmp_path / "m.csv", form, odd)
    for command in (["predict", "s.npz", "m.csv"], ["check", "s.yaml", "--set", "data.train=m.csv"]):
        ended = mlptrain(*command, cwd=tmp_path)
        assert ended.code == 3
        assert f"it is written as {other}, other dates of the column as {form}: write them in one way" in ended.err
        assert "missing_values" not in ended.err
    started = mlptrain("init", "m.csv", "--target", "y", "--out", "i.yaml", cwd=tmp_path)
    assert ("write all dates in one way" in started.err) or ("look like dates in several ways" in started.err)
    assert yaml.safe_load((tmp_path / "i.yaml").read_text())["data"]["columns"]["since"] in ("ignore", "category")


@pytest.mark.parametrize("word", ["soon", "2016-13-45", "32.01.2016", "k.A."])
def test_a_word_among_dates_may_be_missing_and_no_format_is_proposed_that_does_not_read_it(word, tmp_path):
    text = "data: {train: t.csv, target: y, missing_values: ['-999'], columns: {since: date}}\n"
    (tmp_path / "s.yaml").write_text(f"{text}model: {{hidden: []}}\ntraining: {{epochs: 1, batch_size: full}}\n")
    write_days(tmp_path / "t.csv", "YYYY-MM-DD", {})
    assert mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    write_days(tmp_path / "m.csv", "YYYY-MM-DD", {30: word})
    ended = mlptrain("predict", "s.npz", "m.csv", cwd=tmp_path)
    proposed = f"""mlptrain predict … --set 'data.missing_values=["-999", "{word}"]' if it means missing"""
    assert ended.err.rstrip().endswith(f"mend it, or for this file: {proposed}")
    again = mlptrain("predict", "s.npz", "m.csv", "--set", f'data.missing_values=["-999", "{word}"]', cwd=tmp_path)
    assert (again.code, "missing cells filled: since 1" in again.err) == (0, True)
