"""Which rows are explained: so many, all, or by their numbers."""

import numpy as np
import pytest

import mlptrain
from mlptrain.errors import DataError, SpecError
from mlptrain.explain.row_choice import choose_row_numbers, drop_unknown_classes
from mlptrain.model.memory_rows import make_evaluation_rows, make_prediction_rows
from tests.support.in_memory import make_columns, make_spec
from tests.support.linear import make_linear_model

MODEL = make_linear_model({"a": 1.0})
ROWS = make_prediction_rows({"a": np.arange(12.0)}, MODEL.spec.data, MODEL.columns())


@pytest.mark.parametrize(
    ("asked", "places"),
    [
        *((3, [0, 1, 2]), ("3", [0, 1, 2]), (99, range(12)), ("all", range(12))),
        *(("1,5,7", [0, 4, 6]), (" 7 , 1,", [6, 0]), ("4,", [3]), ((12, 1, 1), [11, 0, 0])),
    ],
)
def test_rows_by_their_count_or_numbers(asked, places):
    assert choose_row_numbers(asked, ROWS).tolist() == list(places)


@pytest.mark.parametrize("asked", [0, -1, "0", "first", "", "1.5", ",", "1,x", (1, -2), ()])
def test_what_names_no_rows_is_refused(asked):
    with pytest.raises(SpecError, match=r"rows: .* is no number of"):
        choose_row_numbers(asked, ROWS)


def test_a_row_that_is_not_there_is_named():
    with pytest.raises(DataError, match="there is no row 13 among the 12 rows, 1 to 12"):
        choose_row_numbers("1,13", ROWS)


def test_numbers_are_those_of_the_file():
    some = ROWS.take(np.array([3, 8, 9]))
    assert choose_row_numbers("9,4", some).tolist() == [1, 0]


def test_where_no_class_is_known_that_is_the_reason():
    columns = make_columns()
    model = mlptrain.fit(make_spec(), columns).model
    unknown = columns | {"label": ["new"] * len(columns["label"])}
    rows = make_evaluation_rows(unknown, model.spec.data, model.columns(), model.head, [])
    with pytest.raises(DataError, match="no row is of a class that the model knows"):
        drop_unknown_classes(model, rows)
