"""Predictions as columns of text: what passes through, how numbers are written, what a spreadsheet would run."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.data.frames import read_columns
from mlptrain.errors import SpecError
from mlptrain.model.answers import (
    ColumnGroup,
    escape_spreadsheet_formula,
    escape_spreadsheet_formulas,
    format_predicted_numbers,
    join_columns,
    select_kept_columns,
)
from mlptrain.model.rows import ImageRows, TableRows
from tests.support.flows import drawn

ROWS = TableRows(read_columns({"a": ["1", "2"], "b": ["x", ""], "y": ["u", "v"]}, "t"))

# what passes through


def test_columns_pass_through_in_the_order_asked_for():
    assert select_kept_columns(ROWS, [], ["y"]) == {}
    assert list(select_kept_columns(ROWS, ["b", "a"], ["y"]).items()) == [("b", ["x", ""]), ("a", ["1", "2"])]


def test_all_are_all_but_those_that_are_predicted():
    assert select_kept_columns(ROWS, ["all"], ["y"]) == {"a": ["1", "2"], "b": ["x", ""]}
    assert list(select_kept_columns(ROWS, ["all"], ["z"])) == ["a", "b", "y"]


def test_a_column_under_the_name_of_a_prediction_is_refused():
    with pytest.raises(SpecError, match="--keep y: the prediction is written under this name; rename the column"):
        select_kept_columns(ROWS, ["a", "y"], ["y"])


def test_images_have_no_columns_to_keep_but_need_none():
    images = ImageRows("i", np.zeros((2, 1, 1), np.uint8))
    assert select_kept_columns(images, [], ["y"]) == {}
    with pytest.raises(SpecError, match="--keep: images have no columns"):
        select_kept_columns(images, ["all"], ["y"])


# numbers


@drawn
@given(
    st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=5),
    st.sampled_from(["float32", "float64"]),
)
def test_numbers_are_read_back_as_the_same_numbers_of_their_precision(values, dtype):
    values = np.array(values, np.dtype(dtype))
    texts = format_predicted_numbers(values.astype(np.float64), np.dtype(dtype))
    np.testing.assert_array_equal(np.array(texts, np.dtype(dtype)) if texts else values[:0], values)


def test_numbers_have_no_more_digits_than_they_need():
    assert format_predicted_numbers(np.array([0.1, 1 / 3]), np.dtype("float32")) == ["0.1", "0.33333334"]


def test_what_the_models_precision_cannot_hold_is_written_in_a_wider_one():
    values = np.array([0.1, 1e300, -1e39, 1e-150, 0.0, 1e-45])
    texts = format_predicted_numbers(values, np.dtype("float32"))
    assert texts == ["0.1", "1e+300", "-1e+39", "1e-150", "0.0", "1e-45"]
    assert format_predicted_numbers(np.array([1e-45], np.float32), np.dtype("float32")) == ["1e-45"]


def test_what_is_not_finite_has_no_text():
    values = np.array([np.nan, 1.5, np.inf, -np.inf])
    assert format_predicted_numbers(values, np.dtype("float32")) == ["", "1.5", "", ""]
    assert format_predicted_numbers(values.astype(np.float32), np.dtype("float32")) == ["", "1.5", "", ""]


# names


def test_columns_are_joined_in_order_and_two_of_one_name_are_refused():
    one = ColumnGroup(origin="the one", columns={"a": ["1"], "b": ["2"]})
    other = ColumnGroup(origin="the other", columns={"c": ["3"]}, cure="do something")
    assert join_columns([one, other]) == {"a": ["1"], "b": ["2"], "c": ["3"]}
    with pytest.raises(SpecError, match="two columns would be named 'c': the other and the other; do something"):
        join_columns([one, other, other])


def test_two_names_that_are_disarmed_alike_are_refused():
    with pytest.raises(
        SpecError, match=re.escape("would be named \"'=a\": the column '=a' and the column \"'=a\"; rename")
    ):
        escape_spreadsheet_formulas({"=a": ["1"], "'=a": ["2"]})


# formulas

FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "-"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_begins_like_a_formula_gets_an_apostrophe(text):
    assert escape_spreadsheet_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "-1.5", "+2", "-1e-3", "1", " =1", "'=1", "red"])
def test_numbers_and_other_texts_stay(text):
    assert escape_spreadsheet_formula(text) == text


def test_names_and_cells_are_disarmed_and_nothing_else_changes():
    columns = {"=a": ["1", "-1.5", "-x"], "b": ["@", "plain", ""]}
    assert escape_spreadsheet_formulas(columns) == {"'=a": ["1", "-1.5", "'-x"], "b": ["'@", "plain", ""]}


@drawn
@given(st.text(max_size=5))
def test_disarming_twice_is_disarming_once(text):
    once = escape_spreadsheet_formula(text)
    assert escape_spreadsheet_formula(once) == once
    assert once.removeprefix("'" if once != text else "") == text
