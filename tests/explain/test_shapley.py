"""Shapley values: against the formula by all orders, and where they are known; estimates within their errors."""

from itertools import permutations

import numpy as np
import pytest
from numpy.random import default_rng

import mlptrain
from mlptrain.explain.shapley import (
    compute_shapley_values,
    estimate_shapley_values,
    list_first_columns,
    list_sets,
)
from mlptrain.randomness import stream
from tests.support.linear import draw_normals, make_linear_model


def make_game(f, x, usual):
    """v of sets: the mean of f over usual rows with the cells of x in the columns of the set."""
    return lambda sets: np.array([f(np.where(each, x, usual)).mean() for each in sets])


def average_over_orders(game, columns):
    """φ by its first definition: the mean over all orders."""
    orders = list(permutations(range(columns)))
    found = np.zeros(columns)
    for order in orders:
        for place, column in enumerate(order):
            before = np.isin(np.arange(columns), order[:place])
            after = before | (np.arange(columns) == column)
            found[column] += (game([after]) - game([before]))[0] / len(orders)
    return found


DRAW = default_rng(3)
COLUMNS = 5
X, USUAL, WEIGHTS = DRAW.normal(size=COLUMNS), DRAW.normal(size=(7, COLUMNS)), DRAW.normal(size=COLUMNS)


def linear(rows):
    return rows @ WEIGHTS


def of_second_order(rows):
    return rows @ WEIGHTS + rows[:, 0] * rows[:, 1] - 2 * rows[:, 2] * rows[:, 4]


def of_higher_order(rows):
    return np.tanh(rows @ WEIGHTS) + rows[:, 0] * rows[:, 1] * rows[:, 2]


@pytest.mark.parametrize("f", [linear, of_second_order, of_higher_order])
def test_the_formula_over_sets_is_the_mean_over_orders(f):
    game = make_game(f, X, USUAL)
    found = compute_shapley_values(game, COLUMNS)
    np.testing.assert_allclose(found, average_over_orders(game, COLUMNS), atol=1e-12)
    assert found.sum() == pytest.approx(f(X[None])[0] - f(USUAL).mean(), abs=1e-12)


@pytest.mark.parametrize("columns", [1, 3, 10])
def test_of_a_linear_function_they_are_its_terms(columns):
    draw = default_rng(columns)
    x, usual, w = draw.normal(size=columns), draw.normal(size=(9, columns)), draw.normal(size=columns)
    game, expected = make_game(lambda rows: rows @ w, x, usual), w * (x - usual.mean(axis=0))
    np.testing.assert_allclose(compute_shapley_values(game, columns), expected, atol=1e-12)
    found, errors = estimate_shapley_values(game, columns, 2, stream(1, "test"))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert errors.max() < 1e-12


def test_mirror_images_cancel_interactions_of_two_columns():
    game = make_game(of_second_order, X, USUAL)
    found, _ = estimate_shapley_values(game, COLUMNS, 1, stream(1, "test"))
    np.testing.assert_allclose(found, compute_shapley_values(game, COLUMNS), atol=1e-12)


def test_an_estimate_is_within_its_errors_and_adds_up():
    game = make_game(of_higher_order, X, USUAL)
    expected = compute_shapley_values(game, COLUMNS)
    found, errors = estimate_shapley_values(game, COLUMNS, 40, stream(2, "test"))
    assert (errors > 0).all()
    assert (np.abs(found - expected) <= 3 * errors).all()
    assert found.sum() == pytest.approx(expected.sum(), abs=1e-12)


def test_errors_are_those_of_estimates():
    """The standard deviation of estimates from many seeds is the error that each of them tells."""
    game = make_game(of_higher_order, X, USUAL)
    values = {sets.tobytes(): value for sets, value in zip(list_sets(COLUMNS), game(list_sets(COLUMNS)), strict=True)}
    quick = lambda sets: np.array([values[each.tobytes()] for each in sets])  # noqa: E731
    found = [estimate_shapley_values(quick, COLUMNS, 20, stream(seed, "test")) for seed in range(200)]
    deviation = np.std([each for each, _ in found], axis=0)
    np.testing.assert_allclose(np.mean([error for _, error in found], axis=0), deviation, rtol=0.15)


def test_sets():
    assert list_sets(2).tolist() == [[False, False], [True, False], [False, True], [True, True]]
    assert list_first_columns(np.array([2, 0, 1])).astype(int).tolist() == [[0, 0, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1]]


@pytest.mark.parametrize("columns", ["ab", "abcdefghij"])
def test_of_a_linear_model_they_are_its_terms(columns):
    """Whether all sets are measured (two columns), or orders are drawn (ten)."""
    weights = {name: place - 2.5 for place, name in enumerate(columns)}
    model, table = make_linear_model(weights), draw_normals(1, 30, columns)
    scale = model.head.target.scale[0]
    for place, row in enumerate(model.explain(table, method="shapley", rows=3).rows):
        for name, w in weights.items():
            assert row.effects[name] == pytest.approx(scale * w * (table[name][place] - table[name].mean()), abs=1e-12)
        assert row.score == pytest.approx(model.predict(table)[place], rel=1e-12)
        assert max(row.errors.values()) < 1e-12


def test_orders_agree_with_sets_within_their_errors_and_more_of_them_come_closer():
    table = draw_normals(5, 60, "abcdefgh")
    y = np.where(table["a"] * table["b"] * table["c"] + table["d"] > 0, "yes", "no")
    spec = {"data": {"target": "y"}, "model": {"hidden": [8]}, "training": {"epochs": 20}}
    model = mlptrain.fit(spec, {**table, "y": y}).model
    exact = model.explain(table, method="shapley", rows=3, orders=20, usual_rows=10)
    some = model.explain(table, method="shapley", rows=3, orders=5, usual_rows=10)
    assert not any(error for row in exact.rows for error in row.errors.values())
    for one, other in zip(some.rows, exact.rows, strict=True):
        assert (one.score, one.baseline) == (other.score, other.baseline)
        z = [(one.effects[name] - other.effects[name]) / one.errors[name] for name in "abcdefgh"]
        assert np.sqrt(np.mean(np.square(z))) < 3
    assert max(some.largest_gap, exact.largest_gap) < 1e-12


def test_the_same_rows_have_the_same_shares_wherever_they_stand():
    """Orders are drawn by the row's number: whichever rows are asked for with it."""
    table = draw_normals(5, 30, "abcdefghij")
    spec = {"data": {"target": "y"}, "model": {"hidden": [4]}, "training": {"epochs": 1, "batch_size": 10}}
    model = mlptrain.fit(spec, {**table, "y": table["a"] * table["b"] * table["c"]}).model
    first, alone = (model.explain(table, method="shapley", rows=rows, orders=2) for rows in ("all", [3]))
    assert first.rows[2] == alone.rows[0]
