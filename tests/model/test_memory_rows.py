"""Rows in memory as a spec or a model wants them: columns by name, texts as training had them, images as bytes."""

import re

import numpy as np
import pytest

import mlptrain
from mlptrain.errors import DataError, SpecError
from mlptrain.model.memory_rows import make_evaluation_rows, make_image_rows, make_prediction_rows, make_training_rows
from mlptrain.spec.fields import Data, Images
from tests.support.in_memory import KINDS, drop_gaps, make_columns, make_records, make_spec

COLUMNS = drop_gaps(make_columns())
DATA = Data(train="", target="label")


@pytest.fixture(scope="module")
def model():
    return mlptrain.fit(make_spec(), COLUMNS).model


def texts(rows, name):
    return rows.table.texts(name)


def test_all_columns_are_there_for_training():
    for data in (COLUMNS, make_records(COLUMNS)):
        rows = make_training_rows(data, DATA)
        assert (rows.name, rows.count, list(rows.table.columns)) == ("data", len(COLUMNS["size"]), list(COLUMNS))


def test_texts_are_replaced_as_the_spec_says(model):
    data = Data(train="", target="label", replace={"red": "blue"})
    replaced = ["blue" if colour == "red" else colour for colour in COLUMNS["colour"]]
    assert texts(make_training_rows(COLUMNS, data), "colour") == replaced
    assert texts(make_prediction_rows(COLUMNS, data, model.columns()), "colour") == replaced
    assert texts(make_evaluation_rows(COLUMNS, data, model.columns(), model.head, []), "colour") == replaced


def test_a_row_is_named_by_its_number():
    rows = make_training_rows(COLUMNS, DATA)
    assert rows.describe_place(4) == "data row 5"
    assert rows.take(np.array([7, 2])).describe_place(1) == "data row 3"


def test_a_spec_of_images_has_no_rows_in_memory():
    with pytest.raises(SpecError, match=r"^data: the spec names images \(data.train\); leave data out"):
        make_training_rows(COLUMNS, Data(train=Images(images="i", labels="l"), target=""))


def test_only_the_columns_of_the_model_are_read_for_a_prediction(model):
    """What is not needed may be of any kind."""
    rows = make_prediction_rows(COLUMNS | {"label": [object()] * 99, "more": "text"}, DATA, model.columns())
    assert set(rows.table.columns) == set(KINDS) == set(model.columns())
    assert rows.count == len(COLUMNS["size"])


def test_a_column_that_is_missing_is_named(model):
    lacking = {name: cells for name, cells in COLUMNS.items() if name != "colour"}
    said = "^data: column 'colour' is missing; did you mean 'Colour'"
    with pytest.raises(DataError, match=said):
        make_prediction_rows(lacking | {"Colour": COLUMNS["colour"]}, DATA, model.columns())
    inputs = {name: COLUMNS[name] for name in KINDS}
    with pytest.raises(DataError, match=r"^data: column 'label' is missing"):
        make_evaluation_rows(inputs, DATA, model.columns(), model.head, [])


def test_target_and_other_columns_are_read_for_an_evaluation(model):
    rows = make_evaluation_rows(COLUMNS, DATA, model.columns(), model.head, ["weight", "size"])
    assert set(rows.table.columns) == {*KINDS, "label", "weight"}
    with pytest.raises(DataError, match="column 'nope' is missing"):
        make_evaluation_rows(COLUMNS, DATA, model.columns(), model.head, ["nope"])


@pytest.mark.parametrize(
    ("labels", "asked", "read"),
    [
        (["1", "2"], [2.0, 1.0], ["2", "1"]),
        ([1, 2], [1.0, 2.0], ["1", "2"]),
        (["1.0", "2.0"], [1, 2], ["1.0", "2.0"]),
        (["true", "false"], [True, False], ["true", "false"]),
        ([True, False], [True, False], ["True", "False"]),
    ],
)
def test_labels_are_those_that_the_model_knows_for_the_same_values(labels, asked, read):
    rows = {"x": [0.5, 1.5, 2.5, 3.5], "y": labels * 2}
    spec = {"data": {"target": "y", "columns": {"y": "category"}}, "training": {"epochs": 1, "batch_size": 4}}
    model = mlptrain.fit(spec, rows).model
    found = make_evaluation_rows({"x": [1.0, 2.0], "y": asked}, model.spec.data, model.columns(), model.head, [])
    assert texts(found, "y") == read
    assert model.evaluate({"x": [1.0, 2.0], "y": asked}).notices == ()


def test_an_array_has_the_columns_in_the_order_of_the_model(model):
    names = [name for name in model.columns() if name != "day"]
    columns = {name: column for name, column in model.columns().items() if name in names}
    array = np.array([COLUMNS[name] for name in names], object).T
    for data in (array, array.tolist(), [tuple(row) for row in array]):
        rows = make_prediction_rows(data, DATA, columns)
        assert [texts(rows, name) for name in names] == [
            texts(make_prediction_rows(COLUMNS, DATA, columns), name) for name in names
        ]


@pytest.mark.parametrize("shape", [(5, 4), (5,), (5, 5, 1), (), (5, 0)])
def test_an_array_of_another_shape_is_refused_with_the_names(model, shape):
    names = re.escape(", ".join(model.columns()))
    with pytest.raises(DataError, match=rf"^data: an array of 5 columns is expected \({names}\)"):
        make_prediction_rows(np.zeros(shape), DATA, model.columns())


def test_images_are_an_array_of_bytes():
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    rows = make_image_rows(images)
    assert rows.images is images
    assert (rows.name, rows.count, rows.describe_place(1)) == ("data", 2, "data image 2")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (np.zeros((2, 3, 4)), "an array of float64"),
        (np.zeros((2, 3, 4), np.int8), "an array of int8"),
        (np.zeros(4, np.uint8), "an array of uint8"),
        ([[[0]]], "a list"),
        (COLUMNS, "a dict"),
        (None, "a NoneType"),
    ],
)
def test_anything_else_is_no_image(data, found):
    with pytest.raises(DataError, match=f"^data: {found} is given; the model wants images: an array of uint8"):
        make_image_rows(data)


def test_rows_in_memory_have_names():
    with pytest.raises(SpecError, match=r"^data\.header: rows in memory have names"):
        make_training_rows({"x": [1.0, 2.0], "y": [1.0, 2.0]}, Data(train="", target="y", header=False))


def test_an_ignored_column_may_hold_anything_and_changes_nothing():
    size = len(COLUMNS["size"])
    odd = [[object()] * size, [[1, 2]] * size, [{"a": 1}] * size, np.zeros((size, 2)), ["text"] * size]
    spec = make_spec()
    spec["data"]["columns"] = {**spec["data"].get("columns", {}), "odd": "ignore"}
    found = {mlptrain.fit(spec, COLUMNS | {"odd": values}).model.to_bytes() for values in odd}
    assert len(found) == 1
    with pytest.raises(DataError, match="lengths"):
        make_training_rows(COLUMNS | {"odd": [1]}, Data(train="", target="label", columns={"odd": "ignore"}))
