"""θ and its gradient: two vectors, and the views that layers take of them."""

from math import prod
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.engine.initializers import Constant, Normal, Ones, VarianceScaling
from mlptrain.engine.parameters import Declaration, Kind, Parameters
from tests.support.drawing import DTYPES, drawn, identical

FLOAT = np.dtype(float)
KINDS = get_args(Kind)
LAYERS = {
    "hidden_1.weight": Declaration(shape=(3, 4), kind="weight", initializer=VarianceScaling()),
    "hidden_1.bias": Declaration(shape=(4,), kind="bias", initializer=Constant(value=0.5)),
    "hidden_1.scale": Declaration(shape=(4,), kind="scale", initializer=Ones()),
    "hidden_10.weight": Declaration(shape=(4, 2), kind="weight", initializer=Normal(), max_norm=2.0),
    "hidden_10.bias": Declaration(shape=(2,), kind="bias", initializer=Constant(value=-1.0)),
}


@st.composite
def declarations(draw):
    """Any parameters, in any order of kinds, empty ones included."""
    shapes = st.lists(st.integers(0, 4), min_size=1, max_size=3).map(tuple)
    drawn_parts = draw(st.lists(st.tuples(shapes, st.sampled_from(KINDS)), max_size=8))
    return {
        f"layer_{i}.part": Declaration(shape=shape, kind=kind, initializer=Ones())
        for i, (shape, kind) in enumerate(drawn_parts)
    }


@drawn
@given(declared=declarations())
def test_views_cover_theta_once_and_keep_their_shapes(declared):
    parameters = Parameters(declared, FLOAT)
    views = parameters.views(parameters.theta)
    assert list(views) == list(declared)
    assert {name: view.shape for name, view in views.items()} == {name: d.shape for name, d in declared.items()}
    for view in views.values():
        view += 1
    np.testing.assert_array_equal(parameters.theta, 1)
    assert parameters.theta.size == sum(prod(d.shape) for d in declared.values())


@drawn
@given(declared=declarations())
def test_every_kind_is_one_region_in_the_order_of_kinds(declared):
    parameters = Parameters(declared, FLOAT)
    assert list(parameters.regions) == list(KINDS)
    borders = [0, *(region.stop for region in parameters.regions.values())]
    assert [region.start for region in parameters.regions.values()] == borders[:-1]
    assert borders[-1] == parameters.theta.size
    for name, part in parameters.slices.items():
        region = parameters.regions[declared[name].kind]
        assert region.start <= part.start <= part.stop <= region.stop


def test_within_a_kind_parameters_follow_the_order_of_the_layers():
    starts = {name: part.start for name, part in Parameters(LAYERS, FLOAT).slices.items()}
    assert starts == {
        "hidden_1.weight": 0,
        "hidden_10.weight": 12,
        "hidden_1.bias": 20,
        "hidden_10.bias": 24,
        "hidden_1.scale": 26,
    }


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_theta_and_gradient_start_at_zero_and_share_nothing(dtype):
    parameters = Parameters(LAYERS, dtype)
    for vector in (parameters.theta, parameters.gradient):
        assert (vector.shape, vector.dtype) == ((30,), dtype)
        assert vector.flags.c_contiguous
        assert not vector.any()
    assert not np.shares_memory(parameters.theta, parameters.gradient)


def test_views_alias_the_vector_they_were_taken_of():
    """Of θ, of the gradient, or of any vector laid out like them, as an average of θ."""
    parameters = Parameters(LAYERS, FLOAT)
    for vector in (parameters.theta, parameters.gradient, np.zeros(30)):
        views = parameters.views(vector)
        vector[...] = np.arange(30)
        np.testing.assert_array_equal(views["hidden_10.weight"], np.arange(12, 20).reshape(4, 2))
        views["hidden_1.bias"][...] = -7
        np.testing.assert_array_equal(vector[20:24], -7)


def test_the_values_and_gradients_kept_are_views_of_theta_and_of_its_gradient():
    parameters = Parameters(LAYERS, FLOAT)
    for kept, vector in ((parameters.values, parameters.theta), (parameters.gradients, parameters.gradient)):
        vector[...] = np.arange(30)
        assert list(kept) == list(LAYERS)
        assert all(np.shares_memory(view, vector) for view in kept.values())
        assert identical(kept.values(), parameters.views(vector).values())


# ---- initial values


def initialized(layers=LAYERS, seed=1, dtype=FLOAT):
    parameters = Parameters(layers, dtype)
    parameters.initialize(seed)
    return parameters


def test_initial_values_are_a_function_of_the_seed():
    assert identical([initialized().theta], [initialized().theta])
    one, other = (initialized(seed=seed).theta[:20] for seed in (1, 2))
    assert not np.isin(one, other).any()


def test_every_parameter_gets_its_own_initialiser():
    parameters = initialized()
    views = parameters.values
    np.testing.assert_array_equal(views["hidden_1.bias"], 0.5)
    np.testing.assert_array_equal(views["hidden_10.bias"], -1)
    np.testing.assert_array_equal(views["hidden_1.scale"], 1)
    assert np.unique(parameters.theta[:20]).size == 20
    assert not parameters.gradient.any()


def test_the_values_of_a_parameter_depend_on_its_position_and_shape_only():
    """Not on the names or sizes of the others: a wider last layer leaves the first as it was."""
    wider = {**LAYERS, "hidden_10.weight": Declaration(shape=(4, 9), kind="weight", initializer=Normal())}
    renamed = {name.replace("hidden", "h"): declaration for name, declaration in LAYERS.items()}
    for layers in (wider, renamed):
        parameters = initialized(layers)
        assert identical([parameters.theta[:12]], [initialized().theta[:12]])


def test_two_parameters_of_one_shape_do_not_start_alike():
    twins = {name: Declaration(shape=(20,), kind="weight", initializer=Normal()) for name in ("a", "b")}
    theta = initialized(twins).theta
    assert not np.isin(theta[:20], theta[20:]).any()


# ---- members

SHARED = LAYERS | {"trunk.weight": Declaration(shape=(3, 5), kind="weight", initializer=Normal(), shared=True)}


@pytest.mark.parametrize("count", [1, 3])
def test_members_have_an_axis_of_their_own_unless_a_parameter_is_shared(count):
    parameters = Parameters(SHARED, FLOAT, members=count)
    for name, declaration in SHARED.items():
        own = () if declaration.shared else (count,)
        assert parameters.values[name].shape == parameters.shapes[name] == (*own, *declaration.shape)
        assert declaration.whole(None) == declaration.shape
    assert parameters.theta.size == 30 * count + 15
    borders = [0, *(region.stop for region in parameters.regions.values())]
    assert [region.start for region in parameters.regions.values()] == borders[:-1]


@pytest.mark.parametrize("count", [1, 3])
def test_a_member_starts_from_its_own_seed_and_what_is_shared_from_the_first(count):
    """Also where the axis of members is as long as another: what is shared is not taken apart."""
    declared = SHARED | {"trunk.bias": Declaration(shape=(count,), kind="bias", initializer=Normal(), shared=True)}
    together = Parameters(declared, FLOAT, members=count)
    together.initialize(7)
    for m in range(count):
        alone = initialized(declared, seed=7 + m)
        for name, declaration in declared.items():
            if declaration.shared:
                assert m or identical([together.values[name]], [alone.values[name]])
            else:
                assert identical([together.values[name][m]], [alone.values[name]])


@pytest.mark.parametrize("declared", [LAYERS, SHARED], ids=["their own", "shared"])
@pytest.mark.parametrize("count", [None, 1, 3])
def test_the_gradients_apart_are_all_of_the_gradient_once(count, declared):
    """One for each member that shares nothing; what members share makes them one."""
    parameters = Parameters(declared, FLOAT, members=count)
    assert parameters.shares == (declared is SHARED)
    assert len(parameters.gradients_apart) == (1 if count is None or declared is SHARED else count)
    for group in parameters.gradients_apart:
        for part in group:
            assert np.shares_memory(part, parameters.gradient)
            part += 1
    np.testing.assert_array_equal(parameters.gradient, 1)


def test_the_layout_names_every_kind_that_is_there_with_its_part_of_theta():
    parameters = Parameters(SHARED, FLOAT, members=2)
    assert parameters.layout == (("weight", 0, 55), ("bias", 55, 67), ("scale", 67, 75))
