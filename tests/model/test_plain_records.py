"""One record without a table: the predictions, warnings and errors are those that a table of the record gives."""

import math
import random
import warnings
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import get_args

import numpy as np
import pytest

import mlptrain
from mlptrain.data.encodings import Encoding
from mlptrain.data.odd_cells import OddCells
from mlptrain.data.scaling import Scaling
from mlptrain.model import plain_records
from mlptrain.model.plain_records import RecordPredictor
from mlptrain.model.prediction_notices import OddCellsNotice

pd = pytest.importorskip("pandas", reason="pip install -e '.[integration]'")

ROWS = 48
SCALED = {f"n_{each().name}": {"type": "number", "scaling": each().name} for each in get_args(Scaling)}
ENCODED = {f"c_{each().name}": {"type": "category", "encoding": each().name} for each in get_args(Encoding)}
OTHERS = {
    "code": "category",
    "flag": "boolean",
    "day": {"type": "date", "clock": "local"},
    "gaps": "number",
    "none": "category",
}
SPEC = {
    "data": {"target": "y", "columns": {**SCALED, **ENCODED, **OTHERS}, "missing_values": ["-999", "k.A."]},
    "model": {"hidden": [4]},
    "training": {"epochs": 1},
}
DATA = SPEC["data"]
SPECS = {
    "classes": SPEC,
    "numbers": SPEC
    | {"data": DATA | {"columns": DATA["columns"] | {"y": "number"}}, "model": {"hidden": [4], "dtype": "float64"}},
    "networks": SPEC | {"data": DATA | {"split": {"folds": 2}, "decimal": ","}},
    "replaced": SPEC | {"data": DATA | {"replace": {"red": "blue", "7": "8"}}},
    "percents": SPEC | {"data": DATA | {"units": ["%"]}},
}
LOOKED_AT = {
    "classes": ["code", "c_one_hot", "gaps"],
    "numbers": ["n_robust", "day"],
    "networks": ["n_robust", "code", "flag"],
    "replaced": ["n_robust", "code"],
    "percents": ["n_robust"],
}
"""The columns that have odd cells, by spec: the tests are to be quick."""


def make_table():
    draw = random.Random(3)
    return {
        **{name: [round(draw.gauss(50, 20), 3) for _ in range(ROWS)] for name in SCALED},
        **{name: draw.choices(["red", "green", "blue", "0"], k=ROWS) for name in ENCODED},
        "code": draw.choices([1, 2, 30], k=ROWS),
        "flag": draw.choices([False, True], k=ROWS),
        "day": [date(2020, 1, 1) + timedelta(draw.randrange(700)) for _ in range(ROWS)],
        "gaps": [None if place % 5 == 0 else draw.random() for place in range(ROWS)],
        "none": [None if place % 7 == 0 else draw.choice("ab") for place in range(ROWS)],
        "y": draw.choices([0, 1], k=ROWS),
    }


TABLE = make_table()
USUAL = {name: values for name, values in TABLE.items() if name != "y"} | {"day": ["2020-03-01", "2021-01-31"]}
RECORD = {name: values[1] for name, values in USUAL.items()}
ODD = [
    *(None, math.nan, "", " ", 0, 0.0, -0.0, 1, 1.0, True, 7, 0.5, -999, -999.0, 1e9, -1e299, 1e301, math.inf),
    *("1", "01", "0,5", "-999", "k.A.", "50", "50 %", "true", "red ", "RED", "purple", "a\0b", "\ud800", "2020-03-01"),
    *(2**53 + 1, 10**400, 30 + 0j, Decimal("50"), b"red", [1.0], (), object(), np.str_("red"), np.bool_(True)),
    *(
        np.float16(50.2),
        np.float16(30.1),
        np.float32(0.1),
        np.float64(50),
        np.longdouble(50),
        np.int8(1),
        np.uint64(2**63),
    ),
    *(date(2020, 3, 1), datetime(2020, 3, 1, 12), datetime(2020, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))),
    *(np.datetime64("2020-03-01"), np.datetime64(1, "ns"), pd.Timestamp("2020-03-01"), pd.NA, pd.NaT),
]
"""Cells of every kind that a value can be, in whichever column they are."""


@pytest.fixture(scope="module", params=SPECS)
def model(request):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mlptrain.fit(SPECS[request.param], TABLE).model


def observe(predict, data):
    """What comes of a prediction: bits, or an error, and the warnings, each with what it counts."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            values = predict(data)
            found = (values.dtype, values.shape, values.tobytes())
        except Exception as problem:
            found = (type(problem), str(problem))
    return found, [(each.category, str(each.message), getattr(each.message, "counts", None)) for each in told]


def observe_by_table(model, data):
    """The same where no record is known."""
    with pytest.MonkeyPatch.context() as without:
        without.setattr(RecordPredictor, "find_record", lambda _, __: None)
        return observe(model.predict_memory, data)


def assert_equal_to_table(model, data):
    """The second time more of the data is known."""
    expected = observe_by_table(model, data)
    assert [observe(model.predict_memory, data) for _ in range(2)] == [expected] * 2, data


def make_array(value):
    """An array of one row, of the type that its value has."""
    try:
        return np.array([value])
    except (ValueError, UnicodeError):
        return np.array([None])


def make_series(value, **given):
    """The same as a series."""
    try:
        return pd.Series([value], **given)
    except (TypeError, ValueError, UnicodeError, NotImplementedError):
        return pd.Series([None], dtype=object)


FORMS = [
    lambda record: record,
    lambda record: [record],
    lambda record: {name: np.array([value, 0], object)[:1] for name, value in record.items()},
    lambda record: {name: make_array(value) for name, value in record.items()},
    lambda record: pd.DataFrame({name: make_series(value, dtype=object) for name, value in record.items()}),
    lambda record: pd.DataFrame({name: make_series(value) for name, value in record.items()}),
    lambda record: pd.DataFrame({name: make_series(value, dtype="category") for name, value in record.items()}),
]
"""A record, and what says the same: a list of it, columns of arrays, a frame."""


def test_a_record_with_any_cell_is_predicted_as_a_table_of_it_is(model, request):
    for name in LOOKED_AT[request.node.callspec.params["model"]]:
        for cell in ODD:
            assert_equal_to_table(model, RECORD | {name: cell})


@pytest.mark.parametrize("form", range(1, len(FORMS)))
@pytest.mark.parametrize("model", ["networks"], indirect=True)
def test_what_says_the_same_as_a_record_is_predicted_as_a_table_of_it_is(model, form):
    """Of frames, which take long, every second cell in turn."""
    for cell in ODD[form % 2 :: 2] if form > 3 else ODD:
        for name in LOOKED_AT["networks"][: 1 + (form < 4)]:
            assert_equal_to_table(model, FORMS[form](RECORD | {name: cell}))


@pytest.mark.parametrize("model", ["classes", "numbers", "networks"], indirect=True)
def test_records_of_known_cells_need_no_table(model):
    """In each form, and where numbers are missing, too."""
    for make_form in FORMS[:-1]:
        for record in (RECORD, RECORD | {"gaps": None}):
            observe(model.predict, make_form(record))
            assert model.records.predict(make_form(record)) is not None


@pytest.mark.parametrize("model", ["classes", "numbers", "networks"], indirect=True)
def test_missing_numbers_are_a_warning_with_their_counts_at_the_users_line(model):
    record = RECORD | {"gaps": None, "n_robust": -999}
    for _ in range(2):
        with pytest.warns(OddCellsNotice, match="^missing cells filled: n_robust 1, gaps 1$") as told:
            model.predict(record)
        assert [(each.message.counts.filled, each.filename) for each in told] == [
            ({"n_robust": 1, "gaps": 1}, __file__)
        ]


@pytest.mark.parametrize("model", ["classes", "numbers"], indirect=True)
def test_predictions_that_are_not_finite_are_what_they_are_of_a_table(model):
    bias = model.networks[0].network.parameters.values["output.bias"]
    kept = bias.copy()
    for value in (np.nan, np.inf):
        bias[...] = value
        assert_equal_to_table(model, RECORD)
    bias[...] = kept


@pytest.mark.parametrize("model", ["classes"], indirect=True)
@pytest.mark.parametrize(
    "more",
    [{3: 1}, {"3": 1, 3: 1}, {(): 1}, {"a\0": 1}, {"more": [1, 2]}, {"more": None}, {"more": np.zeros(1)}],
    ids=str,
)
def test_other_columns_than_those_of_the_model_are_what_they_are_in_a_table(model, more):
    assert_equal_to_table(model, RECORD)
    for record in (RECORD | more, more | RECORD, {name: RECORD[name] for name in list(RECORD)[1:]} | more):
        assert_equal_to_table(model, record)


@pytest.mark.parametrize("model", ["classes"], indirect=True)
def test_no_more_cells_are_remembered_than_there_is_room_for(model, monkeypatch):
    monkeypatch.setattr(plain_records, "MOST_CELLS", 3)
    predictor = RecordPredictor(model.networks, model.weights)
    for place in range(5):
        record = RECORD | {"day": str(date(2020, 1, 1) + timedelta(place))}
        predictor.remember(record, model.read_inputs(record), OddCells())
    assert [len(known) for name, _, known in predictor.encoders[0].others if name == "day"] == [3]


@pytest.mark.parametrize("model", ["classes"], indirect=True)
@pytest.mark.parametrize("cell", [0.0, -0.0, np.float32(0), math.nan], ids=str)
def test_a_cell_that_is_equal_to_another_or_not_to_itself_is_not_remembered(model, cell):
    predictor, record = RecordPredictor(model.networks, model.weights), RECORD | {"c_one_hot": cell}
    predictor.remember(record, model.read_inputs(record), OddCells())
    assert [len(known) for name, _, known in predictor.encoders[0].others if name in ("c_one_hot", "code")] == [0, 1]
