"""The scorer's cells: each text is what it is to the model, or both refuse it."""

import datetime as dt
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.cells import Gatherer
from mlptrain.data.date_column import Clock, DateColumn
from mlptrain.data.dates import DateParts
from mlptrain.data.encodings import OneHot
from mlptrain.data.features import FeatureColumn
from mlptrain.data.moments import DATE_FORMATS, EPOCHS, EXCEL
from mlptrain.data.number_column import LARGEST_SCALED, NumberColumn
from mlptrain.data.scaling import Affine
from mlptrain.data.table import Part, Table
from mlptrain.errors import DataError
from mlptrain.export import standalone_rows
from mlptrain.export.columns import plan_column, plan_input
from mlptrain.export.plan import TextPlan
from mlptrain.export.python import pack_plan
from mlptrain.export.standalone_cells import CellError, read_cells
from mlptrain.export.standalone_main import write_dates
from mlptrain.export.standalone_rows import find_code
from mlptrain.model.memory_rows import make_prediction_rows
from mlptrain.spec.fields import Data
from tests.support.table_cases import drawn

NAME = "x"
BLANKS = st.sampled_from(["", "", "", " ", "\t", "\u00a0", "\u200b", "\u2009", "\u200e", "\ufeff", "\u3000"])


def make_data(**settings: Any) -> Data:
    return Data(train="t.csv", target="y", **settings)


def read_by_model(column: FeatureColumn, data: Data, texts: Sequence[str]) -> float | None:
    """What the model makes of the last of some texts in a column; None if it refuses one of them."""
    gatherer = Gatherer(data.grammar, replace=data.replace)
    gatherer.add(list(texts))
    part = Part("t.csv", len(texts), list)
    table = Table("t.csv", {NAME: gatherer.finish()}, len(texts), [part], grammar=data.grammar)
    try:
        if isinstance(column, CategoryColumn):
            return float(column.codes(table)[-1])
        return float(column.read(table)[-1])
    except DataError:
        return None


def make_scorer(column: FeatureColumn, data: Data) -> Callable[[Any], float | None]:
    """What the scorer makes of a cell; None if it refuses it."""
    planned = plan_column(column, data)
    model = as_json({"inputs": (plan_input(column, data),), "table": data})
    codes = as_json(planned.codes) if isinstance(planned, TextPlan) else None

    def read(given: Any) -> float | None:
        try:
            cell = read_cells(write_dates({NAME: given}, model), model)[NAME]
            code = cell if codes is None else find_code(cell, codes)
        except CellError:
            return None
        return [0.0, 1.0, math.nan][code] if isinstance(column, NumberColumn) and column.boolean else float(code)

    return read


def as_json(part: Any) -> Any:
    """A part of a plan as it is read back."""
    return json.loads(json.dumps(pack_plan(part), default=str))


def assert_same_reading(column: FeatureColumn, data: Data, texts: Iterable[str], among: Sequence[str] = ()) -> None:
    read = make_scorer(column, data)
    for text in texts:
        found, expected = read(text), read_by_model(column, data, [*among, text])
        assert found == expected or (found != found and expected != expected), (text, found, expected)


# Numbers

GRAMMARS: list[dict[str, Any]] = [
    {"decimal": decimal, "thousands": thousands, "loose_signs": loose, "units": units}
    for decimal, thousands, loose, units in product(
        ".,", ("", " ", "'", ",", "."), (False, True), ((), ("%",), ("$", "kg", "k"))
    )
    if decimal != thousands
]
MISSING = ("-999", "gone", " spaced ", "caf\u00e9", "1,5", "0", "TRUE")
REPLACED = {"twelve": "12", "7": "-999", "8.5": "many", "n/a": "", "true": "1", "9,5": "3,25", "e\u0301": "4"}
WORDS = (
    *MISSING,
    *REPLACED,
    *("", "NA", "nan", "None", "?", "-", "-999.0", "-9.99e2", "7.0", "7,0", "07", "1e3", "1e301", "-1e300", "1e-400"),
    *("12%", "% 12", "$5", "-$5", "5kg", "5 k", "12-", "(12)", "12.-", "12,-", "'12", "\u221212", "\uff11\uff12"),
    *("1,234", "1.234", "1 234", "1'234", "1,23", "0,123", "1,234,567.5", "inf", "1_000", "0x10", "+.5", "5.", "."),
    *("True", "fAlSe", "yes", "No", "ON", "t", "F", "1.0", "1,0", "0.0", "0,00", "00", "2", "cafe\u0301", "\u00e9"),
)
TEXTS = st.builds(
    lambda before, text, after: before + text + after,
    BLANKS,
    st.sampled_from(WORDS)
    | st.text("0123456789+-.,eE'% $k()\u2212\u202f", max_size=7)
    | st.text(st.characters(exclude_characters="\0"), max_size=3),
    BLANKS,
)


def make_number_column(*, boolean: bool = False, missing: tuple[str, ...] = MISSING) -> NumberColumn:
    scaling = Affine(center=0.0, scale=1.0)
    return NumberColumn(name=NAME, boolean=boolean, fill=0.0, scaling=scaling, indicator=True, missing=missing)


@drawn
@given(st.sampled_from(GRAMMARS), st.sampled_from([{}, REPLACED]), st.sampled_from([(), MISSING]), TEXTS)
def test_numbers_are_those_of_the_model(grammar, replace, missing, text):
    data = make_data(**grammar, replace=replace)
    assert_same_reading(make_number_column(missing=missing), data, [text])


@drawn
@given(st.sampled_from(GRAMMARS), st.sampled_from([{}, {"ja": "yes", "2": "TRUE", "yes": "maybe", "off": ""}]), TEXTS)
def test_truth_values_are_those_of_the_model(grammar, replace, text):
    data = make_data(**grammar, replace=replace)
    assert_same_reading(make_number_column(boolean=True, missing=("gone", "f", " spaced ")), data, [text])


@pytest.mark.parametrize("grammar", GRAMMARS[:: len(GRAMMARS) // 6], ids=str)
def test_every_word_is_what_it_is_to_the_model(grammar: dict[str, Any]) -> None:
    for replace in ({}, REPLACED):
        data = make_data(**grammar, replace=replace)
        for column in (make_number_column(), make_number_column(boolean=True, missing=("gone", "f"))):
            assert_same_reading(column, data, WORDS)


# Dates

FORMATS = (
    *DATE_FORMATS,
    *EPOCHS,
    *(EXCEL, "%d. %B %Y", "%y%m%d %H%M", "%Y-W%V-%u", "%YQ%q", "%j/%Y", "%I:%M %p", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y"),
)
DATES = (
    *("2020-02-29", "2020-02-30", "0001-01-01", "9999-12-31T23:59:59.999999999Z", "2020-02-29 12:30+05:30"),
    *("0000-00-00", "69-01-01"),
    *("2020/03/01", "01.02.2020", "1/2/2020", "31/12/1999 7:05", "12/31/1999", "1577955900500", "-12.5", "45292.75"),
    *("1. May 2020", "29.  february 2021", "690101 0000", "2020-W53-5", "2021-W53-1", "2020Q3", "366/2020", "366/2021"),
    *("12:30 a.m.", "0:30 PM", "2020", "then", "gone", " gone", "NA", " NA ", "NaT", "\\N", "", "x", "2020-1-1"),
)


def make_date_column(form: str, clock: Clock) -> DateColumn:
    parts = DateParts(center=0.0, scale=1.0, median=0.0, cycles=())
    return DateColumn(name=NAME, format=form, parts=parts, indicator=True, missing=("gone", "690101 0000"), clock=clock)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("clock", ["utc", "local"])
def test_dates_are_those_of_the_model(form: str, clock: Clock) -> None:
    data = make_data(replace={"then": "2001-02-03", "2020": "2021", "true": "x"})
    assert_same_reading(make_date_column(form, clock), data, DATES)


def test_dates_without_a_format_are_read_where_there_is_no_doubt():
    read = make_scorer(make_date_column("", "utc"), make_data())
    found = [read(text) is not None for text in ("2020-02-29", "2020/02/29 07:00", "29.02.2020", "02/01/2020")]
    assert found == [True, True, True, False]


def test_dates_of_python_are_moments():
    column, data = make_date_column("YYYY-MM-DD", "utc"), make_data()
    noon = dt.datetime(2020, 2, 29, 12)
    east = noon.replace(tzinfo=dt.timezone(dt.timedelta(hours=5)))
    for clock, moment, text in (
        ("utc", noon, "2020-02-29 12:00"),
        ("utc", noon.date(), "2020-02-29"),
        ("utc", east, "2020-02-29 07:00"),
        ("local", east, "2020-02-29 12:00"),
    ):
        given = plan_input(make_date_column("YYYY-MM-DD", clock), data)
        model = as_json({"inputs": (given,), "table": data})
        assert read_cells({NAME: moment}, model)[NAME] == read_by_model(column, data, [text])


# Categories

LEVELS: Mapping[str, tuple[str, ...]] = {
    "texts": ("red", "Red", "dark red", "Z\u00fcrich", "1", "NA", ""),
    "numbers": ("1", "2.50", "-3", "10", "1e6"),
    "commas": ("1,5", "2", "-3,25"),
    "codes": ("01", "12", "10", "07"),
    "long codes": ("9007199254740993", "9007199254740992"),
    "truth values": ("True", "False", "maybe", ""),
}
CATEGORY_WORDS = (
    *{level for levels in LEVELS.values() for level in levels},
    *("crimson", "2", "2,5", "2.5", "02.5", "+1", "1.0", "1,0", "1.", "1e0", "10.0", "010", "1000000", "-3.0", "0"),
    *("TRUE", "fAlse", "gone", "Gone", "-999", "-999,0", "seven", "7", "7.0", "Zu\u0308rich", "dark  red", "ja"),
    *("12.0", "00"),
)
CATEGORY_REPLACED = {"crimson": "red", "seven": "1", "7": "2.50", "ja": "true", "false": "red", "x ": "07"}


@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("replace", [{}, CATEGORY_REPLACED], ids=["as they are", "replaced"])
@pytest.mark.parametrize("decimal", [".", ","])
def test_levels_are_those_of_the_model(levels: str, replace: dict[str, str], decimal: str) -> None:
    known = LEVELS[levels]
    data = make_data(decimal=decimal, replace=replace)
    column = CategoryColumn(name=NAME, levels=known, encoding=OneHot(levels=len(known)), missing=("gone", "-999"))
    texts = [spelling for text in CATEGORY_WORDS for spelling in (text, f" {text}\u00a0")]
    assert_same_reading(column, data, texts, among=[level for level in known if level])


# Values


def test_values_are_the_texts_that_frames_have_for_them():
    model = {"inputs": [{"kind": "text", "name": NAME}], "table": {}}
    cells = [1, 1.0, 2.5, True, np.bool_(False), np.float32(3), np.int64(4), None, math.nan, " e\u0301 "]
    found = [read_cells({NAME: cell}, model)[NAME] for cell in cells]
    assert found == ["1", "1", "2.5", "true", "false", "3", "4", "", "", "\u00e9"]


DAY = np.datetime64("2020-02-29")
VALUES = (
    *(1, 2.5, np.float32(2.5), np.int8(1), np.float64(math.nan), Decimal("2.5"), Decimal(1), 10**30, math.inf, None),
    *(True, False, np.bool_(True), "1", "red", "", b"1", bytearray(b"2"), [1], object(), 1j, dt.time(1)),
    *(dt.date(2020, 2, 29), dt.datetime(2020, 2, 29, 12, 0, 0, 250_000), dt.timedelta(1), np.timedelta64(1, "D")),
    *(np.timedelta64(1, "ns"), DAY, np.datetime64("NaT"), np.datetime64("NaT", "ns"), np.datetime64("1500-01-01")),
    *(DAY.astype(f"datetime64[{unit}]") for unit in ("Y", "h", "s", "ms", "ns")),
)
KINDS: Mapping[str, FeatureColumn] = {
    "number": make_number_column(missing=()),
    "truth value": make_number_column(boolean=True, missing=()),
    "date": make_date_column("YYYY-MM-DD", "utc"),
    "local date": make_date_column("YYYY-MM-DD", "local"),
    "texts": CategoryColumn(name=NAME, levels=("red", "1"), encoding=OneHot(levels=2), missing=()),
    "numbers": CategoryColumn(name=NAME, levels=("1", "2.5"), encoding=OneHot(levels=2), missing=()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_of_any_type_is_what_it_is_to_the_model_or_is_refused(kind: str) -> None:
    column, data = KINDS[kind], make_data()
    read = make_scorer(column, data)
    for value in VALUES:
        found, expected = read(value), read_value_by_model(column, data, value)
        assert found == expected or (found != found and expected != expected), (value, found, expected)


def read_value_by_model(column: FeatureColumn, data: Data, value: Any) -> float | None:
    """What the model makes of a value in memory; None if it refuses it."""
    try:
        table = make_prediction_rows({NAME: [value]}, data, {NAME: column}).table
        return float((column.codes(table) if isinstance(column, CategoryColumn) else column.read(table))[0])
    except DataError:
        return None


def test_a_number_out_of_all_proportion_is_refused():
    assert standalone_rows.LARGEST_SCALED == LARGEST_SCALED
    column = pack_plan(plan_column(make_number_column(), make_data()))
    assert standalone_rows.encode_number(-1e30, column) == [-1e30, 0.0]
    with pytest.raises(CellError, match="out of all proportion"):
        standalone_rows.encode_number(1.1e30, column)
