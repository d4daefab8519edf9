"""Far out is what lies far from the numbers of training, whatever the scaling makes of it."""

import json
from dataclasses import fields, replace
from typing import get_args

import numpy as np
import pytest
from numpy.random import default_rng

from mlptrain.data.column_rules import ColumnRules, FeatureRules
from mlptrain.data.feature_fitting import decide_column_kinds, fit_features
from mlptrain.data.features import Features
from mlptrain.data.odd_cells import KINDS, OddCells, OddRows, find_first_odd, join_odd_rows
from mlptrain.data.scaling import NoScaling, Scaling
from mlptrain.data.usual_numbers import UsualNumbers
from mlptrain.plain import from_plain, to_plain
from tests.support.table_cases import table

SCALINGS = [each() for each in get_args(Scaling)]
DRAWN = {
    "normal": lambda rng: rng.normal(5, 2, 60),
    "heavy tails": lambda rng: rng.standard_cauchy(60),
    "whole": lambda rng: rng.integers(0, 7, 60).astype(float),
    "one other": lambda rng: np.array([0.0] * 59 + [1.0]),
    "quartiles of one number": lambda rng: np.array([3.0] * 50 + rng.normal(3, 1e-3, 10).tolist()),
    "tiny": lambda rng: rng.normal(0, 1e-120, 60),
    "huge": lambda rng: rng.normal(0, 1e25, 60),
}


def fit(cells, kind="number", **rules) -> Features:
    found, rules = table(x=cells), FeatureRules(columns={"x": ColumnRules(type=kind)}, **rules)
    targets = np.arange(found.rows, dtype=np.float64)[:, None]
    return fit_features(found, decide_column_kinds(found, ["x"], rules), rules, targets=targets)


def find_far_rows(features, cells) -> list[int]:
    odd = OddRows()
    features.encode(table(x=cells), np.dtype(np.float64), odd)
    assert odd.filled.keys() <= {"x"}
    return np.flatnonzero(odd.beyond.get("x", np.zeros(0, bool))).tolist()


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_cells_are_far_out_under_every_scaling(name):
    numbers = DRAWN[name](default_rng(1))
    reach = 1000 * numbers.std()
    low, high, middle = numbers.min(), numbers.max(), float(np.median(numbers))
    near = [middle, low, high, low - 0.999 * reach, high + 0.999 * reach]
    far = [low - 1.001 * reach, high + 1.001 * reach]
    cells = [*map(repr, [*map(float, near), *map(float, far)]), ""]
    for scaling in SCALINGS:
        features = fit(list(map(repr, numbers.tolist())), scaling=scaling)
        assert find_far_rows(features, cells) == [5, 6], scaling
        assert find_far_rows(features, cells[:5]) == []


@pytest.mark.parametrize("scaling", SCALINGS, ids=lambda each: each.name)
def test_a_number_that_a_scaling_clips_is_far_out(scaling):
    features = fit([f"{10 + k}" for k in range(81)], scaling=scaling)
    assert find_far_rows(features, ["1000000000000", "55", "-1e12", "90"]) == [0, 2]


@pytest.mark.parametrize("name", DRAWN)
def test_no_number_of_training_is_far_out(name):
    cells = list(map(repr, DRAWN[name](default_rng(2)).tolist()))
    assert all(find_far_rows(fit(cells, scaling=scaling), cells) == [] for scaling in SCALINGS)


def test_where_numbers_differ_by_less_than_their_deviation_can_tell_all_others_are_far_out():
    features = fit(["0", "5e-324"] * 9, scaling=NoScaling())
    assert features.columns[0].usual.deviation == 0
    assert find_far_rows(features, ["0", "5e-324", "1e-300", "-1"]) == [2, 3]


@pytest.mark.parametrize("scaling", SCALINGS, ids=lambda each: each.name)
def test_truth_values_are_never_far_out(scaling):
    cells = ["0"] * 3_000_000 + ["1"]
    features = fit(cells[-100:] if scaling.name != "standard" else cells, "boolean", scaling=scaling)
    for each in (features, without_usual_numbers(features)):
        assert find_far_rows(each, ["1", "0", ""]) == []


def test_a_gap_is_not_far_out_whatever_fills_it():
    filling = from_plain(FeatureRules, {"imputing": {"strategy": "constant", "value": -1e9}}).imputing
    features = fit(["1", "2", "", "3"] * 5, imputing=filling)
    for each in (features, without_usual_numbers(features)):
        assert find_far_rows(each, ["", "2"]) == []


def test_a_date_is_far_out_as_a_number_is():
    features = fit([f"2024-05-01T{hour:02d}:30" for hour in range(24)], "date")
    assert find_far_rows(features, ["2024-05-01", "2024-06-01", "1924-05-01", "", "2025-12-24"]) == [2, 4]


def without_usual_numbers(features) -> Features:
    """The features as earlier versions wrote them."""
    plain = json.loads(json.dumps(to_plain(features)))
    del plain["columns"][0]["usual"]
    return from_plain(Features, plain)


@pytest.mark.parametrize("scaling", SCALINGS, ids=lambda each: each.name)
def test_where_a_model_has_no_usual_numbers_the_scaling_tells(scaling):
    features = without_usual_numbers(fit([f"{10 + k}" for k in range(81)], scaling=scaling))
    assert features.columns[0].usual is None
    clips = scaling.name in ("robust", "quantile", "log1p")  # a logarithm reaches nowhere either
    assert find_far_rows(features, ["55", "1e12", ""]) == ([] if clips else [1])


def test_dates_of_a_model_without_usual_moments_are_never_far_out():
    features = without_usual_numbers(fit([f"2024-05-{day:02d}" for day in range(1, 30)], "date"))
    assert find_far_rows(features, ["1024-05-01"]) == []


def test_no_rows_are_no_obstacle():
    assert find_far_rows(fit(["1", "2"]), []) == []


@pytest.mark.parametrize("change", [{"lowest": 3.5}, {"deviation": -1.0}])
@pytest.mark.parametrize(("kind", "cells"), [("number", ["1", "2", "3"]), ("date", ["2024-05-01", "2024-06-01"])])
def test_usual_numbers_out_of_order_are_refused(kind, cells, change):
    (column,) = fit(cells, kind).columns
    broken = replace(column, usual=replace(column.usual, **{name: value * 1e12 for name, value in change.items()}))
    assert list(broken.broken_rules()) == ["column 'x': its usual numbers are not in order"]


def test_usual_numbers_are_the_ends_and_the_deviation():
    numbers = default_rng(3).normal(5, 2, 1000)
    found = UsualNumbers.fit(numbers)
    assert (found.lowest, found.highest) == (numbers.min(), numbers.max())
    assert found.deviation == pytest.approx(numbers.std(), rel=1e-12)


def test_whatever_can_be_odd_is_counted_said_and_named_as_the_first():
    assert list(KINDS) == [each.name for each in fields(OddRows) if each.name not in ("columns", "hints", "fractions")]
    for kind, what in KINDS.items():
        rows, counts = OddRows(columns=["x"], **{kind: {"x": np.array([False, True, True])}}), OddCells()
        counts.add(rows)
        assert getattr(counts, kind) == {"x": 2}
        assert counts.words().endswith(": x 2")
        assert find_first_odd(rows) == counts.first == (1, "x", what)


def find_fractions(features, cells) -> set[str]:
    odd = OddRows()
    features.encode(table(x=cells), np.dtype(np.float64), odd)
    return odd.fractions


def test_fractions_are_told_in_a_column_of_whole_numbers_only():
    whole = [*map(str, range(9)), "", "1.0", "2e3"]
    for known, new, told in (
        (whole, ["1", "0.5"], {"x"}),
        (whole, ["3.0", ""], set()),
        ([*whole, "0.5"], ["1.5"], set()),
    ):
        features = fit(known)
        assert find_fractions(features, new) == told
        assert find_fractions(from_plain(Features, to_plain(features)), new) == told
    truth = fit(["0", "1"] * 9, "boolean")
    assert not truth.columns[0].whole


def test_fractions_are_new_to_several_networks_where_each_that_looks_at_the_column_knew_whole_numbers_only():
    first, second = OddRows(columns=["x", "z"], fractions={"x", "z", "y"}), OddRows(columns=["x"], fractions={"y"})
    assert join_odd_rows([first, second]).fractions == {"z", "y"}
    counts = OddCells()
    for each in (first, second):
        counts.add(each)
    assert counts.fractions == {"x", "y", "z"}
