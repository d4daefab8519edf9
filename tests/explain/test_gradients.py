"""Integrated gradients: what they add up to, over everything that a network may be made of, and what they are where
that is known.
"""

from itertools import cycle

import numpy as np
import pytest
from numpy.random import default_rng

import mlptrain
from mlptrain.engine.input_gradient import embed_inputs, find_input_embedding
from mlptrain.engine.units import AnyActivation
from mlptrain.errors import DataError, SpecError
from mlptrain.explain.answers import LogOdds, Outputs
from mlptrain.explain.gradients import Parts, Route, integrate_gradients
from mlptrain.explain.row_effects import CLOSE, measure_gaps
from tests.support.drawing import label, members
from tests.support.linear import draw_normals, make_linear_model
from tests.support.networks import EMBEDDINGS, MEMBERS, draw_inputs, make_network

ROWS = 6
WEIGHTS = {"a": 2.0, "b": -1.0, "unused": 0.0}


def make_route(net, layout, rows=ROWS):
    """The way from the mean of drawn rows to others, by the columns of the matrix."""
    start = embed_inputs(net, draw_inputs(layout, 30, seed=7)).mean(axis=-2, keepdims=True)
    embedding = find_input_embedding(net)
    runs = list(enumerate([1] * layout.width)) if embedding is None else embedding.runs
    owners = np.concatenate([np.full(width, column) for column, width in runs])
    return Route(net, draw_inputs(layout, rows), start, owners)


@pytest.mark.parametrize("activation", members(AnyActivation), ids=label)
def test_effects_add_up_for_everything_that_a_network_may_be_made_of(activation):
    kinds, sizes = cycle([LogOdds(np.arange(ROWS) % 2), None]), []
    for number, (layout, embedding) in enumerate(EMBEDDINGS):
        for kind in MEMBERS:
            net = make_network(layout, embedding, kind, activation=activation, seed=number)
            voters = kind.count
            plain = Outputs(np.arange(ROWS) % 2, np.ones((voters, 2)), np.zeros((voters, 2)))
            found = integrate_gradients(
                [make_route(net, layout)], np.full(voters, 1 / voters), next(kinds) or plain, layout.width
            )
            gaps = measure_gaps(found.effects, found.score - found.baseline)
            assert gaps.max() <= CLOSE, f"{embedding}, {kind}"
            sizes.append(np.abs(found.score - found.baseline).max())
    assert np.median(sizes) > 1e-3


def test_points_integrate_what_is_smooth_exactly_whatever_the_parts():
    parts = Parts(np.zeros(1, np.int64), np.zeros(1), np.ones(1))
    for _ in range(4):
        t, shares = parts.points()
        assert shares.sum() == pytest.approx(1, rel=1e-13)
        assert (shares * np.exp(3 * t)).sum() == pytest.approx((np.exp(3) - 1) / 3, rel=1e-13)
        assert not shares[:, [0, -1]].any()
        parts = parts.halve()
    assert np.sort(parts.start).tolist() == (np.arange(16) / 16).tolist()
    np.testing.assert_array_equal(parts.stop - parts.start, 1 / 16)


def test_of_a_linear_model_they_are_its_terms():
    """wᵢ (xᵢ − x⁰ᵢ), x⁰ the mean of the rows, or of those that are given; of a column without weight exactly 0."""
    model, table = make_linear_model(WEIGHTS), draw_normals(1, 50, "ab")
    table["unused"] = np.arange(50.0)
    scale = model.head.target.scale[0]
    other = {name: cells[:7] + 1 for name, cells in table.items()}
    for usual in (None, other):
        mean = {name: cells.mean() for name, cells in (usual or table).items()}
        for place, row in enumerate(model.explain(table, method="gradients", rows="all", baseline=usual).rows):
            for name, w in WEIGHTS.items():
                assert row.effects[name] == pytest.approx(scale * w * (table[name][place] - mean[name]), abs=1e-6)
            assert row.effects["unused"] == 0
            assert row.score == pytest.approx(model.predict(table)[place], rel=1e-6)


@pytest.mark.parametrize("method", ["gradients", "shapley"])
def test_columns_that_are_used_alike_have_equal_effects_and_unused_ones_none(method):
    table = draw_normals(3, 40, "abc")
    table["b"] = table["a"]
    spec = {"data": {"target": "y"}, "model": {"hidden": [5], "activation": "tanh"}, "training": {"epochs": 2}}
    model = mlptrain.fit(spec, {**table, "y": table["a"] * table["c"]}).model
    weight = model.networks[0].network.parameters.values["hidden_1.weight"]
    weight[1], weight[2] = weight[0], 0
    for row in model.explain(table, method=method, rows=4).rows:
        assert row.effects["a"] == pytest.approx(row.effects["b"], rel=1e-12)
        assert abs(row.effects["a"]) > 1e-3
        assert row.effects["c"] == 0


def test_kinks_take_more_points_of_those_rows_alone():
    """A rectifier with one kink: the effect is exact where the path does not cross it, and close where it does."""
    table = {"x": np.linspace(-2, 2.2, 22)}
    spec = {"data": {"target": "y", "scaling": "none"}, "model": {"hidden": [2], "dtype": "float64"}, "seed": 1}
    model = mlptrain.fit({**spec, "training": {"epochs": 1, "batch_size": 22}}, {**table, "y": table["x"]}).model
    values = model.networks[0].network.parameters.values
    for name, value in {"hidden_1.weight": 1, "hidden_1.bias": 0.7, "output.weight": 0.5, "output.bias": 0}.items():
        values[name][...] = value
    found = model.explain(table, method="gradients", rows="all")
    assert 1e-9 < found.largest_gap <= CLOSE
    for row in found.rows:
        miss = row.baseline + sum(row.effects.values()) - row.score
        assert abs(miss) < (1e-12 if float(row.cells["x"]) > -0.7 else 0.01)


def test_one_row_alone_has_no_mean_to_start_from():
    model = make_linear_model(WEIGHTS)
    one = {name: [1.0] for name in WEIGHTS}
    for method in ("gradients", "shapley"):
        with pytest.raises(DataError, match="there is one only"):
            model.explain(one, method=method)
        assert model.explain(one, method=method, baseline=one).rows[0].effects == dict.fromkeys(WEIGHTS, 0)


def test_a_baseline_is_of_methods_for_rows():
    with pytest.raises(SpecError, match="baseline: the method permutation has no such option; it is of"):
        make_linear_model(WEIGHTS).explain({}, baseline={})


def test_the_model_is_left_as_it_was():
    model, table = (
        make_linear_model(WEIGHTS, classes=True),
        draw_normals(1, 20, "ab") | {"unused": default_rng(0).normal(size=20)},
    )
    parameters = model.networks[0].network.parameters
    before = [each.copy() for each in (parameters.theta, parameters.gradient)]
    for method in ("gradients", "shapley"):
        model.explain(table, method=method)
    assert np.array_equal(before, [parameters.theta, parameters.gradient])


def test_scores_that_are_not_finite_are_said(recwarn):
    model = make_linear_model({"a": 1e308, "b": 1e308})
    found = model.explain({"a": [1e9, 1.0], "b": [1e9, 1.0]}, method="gradients", baseline={"a": [0.0], "b": [0.0]})
    assert any("whose score is not a finite number" in each for each in found.notices)
    assert found.largest_gap <= CLOSE
