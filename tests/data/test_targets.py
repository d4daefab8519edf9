"""Targets: classes coded in natural order, numbers scaled and back, missing ones counted and named."""

import json
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mlptrain.data.cells import NumberCells
from mlptrain.data.targets import (
    ClassTarget,
    NumberTarget,
    Target,
    Transform,
    convert_labels_to_array,
    describe_doubtful_labels,
    fit_classes,
    fit_target_numbers,
    mark_rows_without_target,
    read_targets,
    require_targets_present,
)
from mlptrain.errors import DataError
from mlptrain.plain import from_plain, to_plain
from tests.support.table_cases import coded, drawn, read, table

FLOAT64, FLOAT32 = np.dtype(np.float64), np.dtype(np.float32)


# Classes.


def test_classes_are_coded_in_natural_order_and_an_unknown_one_is_minus_one():
    target = fit_classes("y", coded(["10", "9 ", "2", "9"]), "f.csv")
    assert target == ClassTarget(name="y", classes=("2", "9", "10"))
    assert target.codes(coded(["9", "2", "x", " 10", ""])).tolist() == [1, 0, -1, 2, -1]


def test_one_class_only_is_an_error():
    with pytest.raises(DataError, match=r'f.csv: column "y": there is one class only, \'a\'; nothing can be learned'):
        fit_classes("y", coded(["a", "a "]), "f.csv")


# Numbers.


@drawn
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=2), st.booleans())
def test_scaled_targets_are_scaled_back(rows, scaled):
    values = np.array(rows)
    assume((np.ptp(values, axis=0) > 1e-3).all())
    target = fit_target_numbers(("a", "b"), values, scaled=scaled, source="f.csv")
    z = target.scale_values(values, FLOAT64)
    np.testing.assert_allclose(target.restore_units(z), values, rtol=1e-9, atol=1e-6)
    if scaled:
        np.testing.assert_allclose([z.mean(axis=0), z.std(axis=0)], [[0, 0], [1, 1]], atol=1e-6)
    else:
        np.testing.assert_array_equal(z, values)


def test_predictions_in_the_users_units_are_float64():
    target = NumberTarget(names=("a",), center=(1e9,), scale=(0.5,))
    assert target.restore_units(np.array([[1.0]], np.float32)).tolist() == [[1e9 + 0.5]]


@drawn
@given(
    predicted=st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=1),
    transform=st.sampled_from(get_args(Transform)),
)
def test_predictions_stay_within_the_bounds_of_each_target_in_the_users_units(predicted, transform):
    free = NumberTarget(names=("a", "b"), center=(1.0, -2.0), scale=(0.5, 3.0), transform=transform)
    bound = replace(free, lowest=(0.25, -7.0), highest=(40.0, 0.125))
    z = np.array(predicted)
    np.testing.assert_array_equal(bound.restore_units(z), np.clip(free.restore_units(z), [0.25, -7.0], [40.0, 0.125]))
    np.testing.assert_array_equal(bound.scale_values(np.abs(z) + 1, FLOAT64), free.scale_values(np.abs(z) + 1, FLOAT64))
    assert np.isnan(bound.restore_units(np.array([[np.nan, 0.0]]))[0, 0])


def test_a_constant_target_is_an_error():
    with pytest.raises(DataError, match=r'f.csv: column "b": the target is constant; nothing can be learned'):
        fit_target_numbers(("a", "b"), np.array([[1.0, 5.0], [2.0, 5.0]]), scaled=True, source="f.csv")


def test_a_target_too_large_for_the_network_has_no_scaled_number():
    target = fit_target_numbers(("a", "b"), np.array([[1.0, 1e40], [2.0, 1.0]]), scaled=False, source="f.csv")
    assert np.isnan(target.scale_values(np.array([[1.0, 1e40]]), FLOAT32)).tolist() == [[False, True]]
    said = "the target 1e+40 is more than float32 can hold; set data.scale_target: true"
    assert target.explain_no_scaled(1e40, FLOAT32) == said
    assert np.isfinite(target.scale_values(np.array([[1.0, 1e40]]), FLOAT64)).all()


@pytest.mark.parametrize("transform", get_args(Transform))
@pytest.mark.parametrize("scaled", [True, False])
@drawn
@given(values=st.lists(st.floats(1e-3, 1e6), min_size=2))
def test_transformed_targets_are_transformed_back(transform, scaled, values):
    values = np.array(values)[:, None]
    f = {"none": lambda y: y, "log": np.log, "log1p": np.log1p}[transform]
    assume(np.ptp(f(values)) > 1e-3)
    target = fit_target_numbers(("y",), values, scaled=scaled, source="f.csv", transform=transform)
    z = target.scale_values(values, FLOAT64)
    expected = (f(values) - f(values).mean()) / f(values).std() if scaled else f(values)
    np.testing.assert_allclose(z, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(target.restore_units(z), values, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize(("transform", "least"), [("log", 0.0), ("log", -1.0), ("log1p", -1.0), ("log1p", -2.5)])
def test_what_has_no_logarithm_has_no_scaled_number(transform, least):
    target = NumberTarget(names=("y",), center=(0.0,), scale=(1.0,), transform=transform)
    assert np.isnan(target.scale_values(np.array([[1.0], [least]]), FLOAT64)).tolist() == [[False], [True]]
    said = f"{least:g} has no logarithm (data.target_transform: {transform})"
    assert target.explain_no_scaled(least, FLOAT64) == said


@pytest.mark.parametrize(
    "target",
    [
        ClassTarget(name="c", classes=("a", "b")),
        NumberTarget(names=("x", "z"), center=(0.1, 1e-300), scale=(1 / 3, 2.0)),
        NumberTarget(names=("x",), center=(0.0,), scale=(1.0,), transform="log1p"),
        NumberTarget(names=("x",), center=(0.0,), scale=(1.0,), lowest=(1 / 3,), highest=(1e300,)),
    ],
)
def test_fitted_targets_survive_json(target):
    assert from_plain(Target, json.loads(json.dumps(to_plain(target)))) == target


def test_labels_of_one_number_are_noticed():
    target = ClassTarget(name="y", classes=("0", "0.0", "1", "a"))
    how = "are two classes, which differ only as texts, not as numbers"
    cure = "to make them one, set data.replace: {'0.0': '0'}"
    said = describe_doubtful_labels(target, coded(target.classes))
    assert said == [f"column \"y\": '0' and '0.0' {how}; {cure}"]
    assert describe_doubtful_labels(ClassTarget(name="y", classes=("0", "1", "a")), coded("01a")) == []


# Missing targets.


def test_rows_without_a_target_are_counted_and_their_lines_named():
    require_targets_present(table(y="a b", z="1 2"), ["y", "z"], (), numeric=False)
    cure = "fill them in, remove the rows, or set data.missing_target: drop"
    said = rf'f.csv:3: column "y": the target is missing in 2 rows \(line 3, line 5\); {cure}'
    with pytest.raises(DataError, match=said):
        require_targets_present(table(y="a _ b ?"), ["y"], ["?"], numeric=False)
    with pytest.raises(DataError, match=r"missing in 1 row \(line 2\)"):
        require_targets_present(table(y="_ a b"), ["y"], (), numeric=False)
    with pytest.raises(DataError, match=r"missing in 7 rows \(line 2, line 3, line 4, line 5, line 6 …\)"):
        require_targets_present(table(x="1 2 3 4 5 6 7", y="_ _ _ _ _ _ _"), ["x", "y"], (), numeric=False)


NUMBERS = {
    "empty": ("1 _ 3", (), [1]),
    "NA": ("1 NA 0 nan", (), [1, 3]),
    "listed": ("1 - 2 _", ("-",), [1, 3]),
    "listed-number": ("1 -999 2", ("-999",), [1]),
    "listed-number-written-otherwise": ("1 -999.0 2", ("-999",), [1]),
}
WORDS = {
    "NA-among-words": ("a NA b", (), []),
    "only-NA": ("NA ? NA", (), []),
    "listed": ("a - b _", ("-",), [1, 3]),
}


@pytest.mark.parametrize(
    ("cells", "missing", "rows", "many"),
    [*((*case, many) for case in NUMBERS.values() for many in (0, 1500)), *((*case, 0) for case in WORDS.values())],
)
def test_missing_targets_are_found_however_many_numbers_there_are(cells, missing, rows, many):
    texts = ["" if cell == "_" else cell for cell in cells.split()] + [f"{k / 7:.9g}" for k in range(many)]
    found = read("y,z,id\n" + "".join(f"{text},,{k}\n" for k, text in enumerate(texts)))
    assert isinstance(found.columns["y"], NumberCells) == bool(many)
    assert np.flatnonzero(mark_rows_without_target(found, ["y"], missing)).tolist() == rows
    assert mark_rows_without_target(found, ["y", "z"], missing).all()
    if rows:
        with pytest.raises(DataError, match=rf"f.csv:{rows[0] + 2}: .* missing in {len(rows)} row"):
            require_targets_present(found, ["y"], missing, numeric=False)


def test_blanks_around_a_missing_number_do_not_hide_it():
    found = table(y=["1", " NA ", " -9.0 ", "2"])
    assert mark_rows_without_target(found, ["y"], ["-9"]).tolist() == [False, True, True, False]
    with pytest.raises(DataError, match="missing in 2 rows"):
        require_targets_present(found, ["y"], ["-9"], numeric=True)
    np.testing.assert_array_equal(read_targets(found, ["y", "y"], ["-9"]).T, [[1, np.nan, np.nan, 2]] * 2)


def test_a_word_among_number_targets_is_named():
    with pytest.raises(DataError, match=r"f.csv:3: column \"y\": 'a' is not a number"):
        require_targets_present(table(y="1 a _"), ["y"], (), numeric=True)


@pytest.mark.parametrize(
    ("classes", "array"),
    [
        (("0", "1"), np.array([0, 1])),
        (("-3", "0", "12"), np.array([-3, 0, 12])),
        ((str(-(2**63)), str(2**63 - 1)), np.array([-(2**63), 2**63 - 1])),
        (("7",), np.array([7])),
        (("False", "True"), np.array([False, True])),
        (("true", "false"), np.array([True, False])),
        (("False", "true"), np.array(["False", "true"])),
        (("False", "True", "x"), np.array(["False", "True", "x"])),
        (("True",), np.array(["True"])),
        (("FALSE", "TRUE"), np.array(["FALSE", "TRUE"])),
        (("1", "x"), np.array(["1", "x"])),
        (("01", "1"), np.array(["01", "1"])),
        (("1.0", "2.0"), np.array(["1.0", "2.0"])),
        (("+1", "1"), np.array(["+1", "1"])),
        (("-0", "1"), np.array(["-0", "1"])),
        (("1_0", "1"), np.array(["1_0", "1"])),
        (("١", "1"), np.array(["١", "1"])),
        (("1\n", "1"), np.array(["1\n", "1"])),
        ((str(2**63), "1"), np.array([str(2**63), "1"])),
        (("9" * 5000, "1"), np.array(["9" * 5000, "1"])),
        ((), np.array([], np.str_)),
    ],
)
def test_labels_are_an_array_of_what_their_texts_read_as(classes, array):
    found = convert_labels_to_array(classes)
    assert found.dtype == array.dtype
    assert found.tolist() == array.tolist()


@drawn
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1) | st.lists(st.text(), min_size=1))
def test_labels_read_back(values):
    assert list(map(str, convert_labels_to_array(list(map(str, values))).tolist())) == [
        str(value).rstrip("\0") for value in values
    ]
