"""The laws of penalties, clipping and the bound on norms."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.engine import arrays, penalties
from mlptrain.engine.arrays import BLOCK
from mlptrain.engine.initializers import Zeros
from mlptrain.engine.parameters import Declaration, Parameters
from mlptrain.engine.penalties import Penalty, bound_unit_norms, clip_gradient, clip_vector_norm, compute_norm
from tests.support.drawing import DTYPES, distance, drawn, identical, slopes, standard_normal

FLOAT = np.dtype(float)
PENALTIES = [Penalty(l1=0.3), Penalty(l2=0.2), Penalty(l1=0.3, l2=0.2)]
each = pytest.mark.parametrize("penalty", PENALTIES, ids=str)
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)


# ---- penalties


@each
def test_the_value_is_that_of_the_definition(penalty):
    w = standard_normal(50)
    expected = penalty.l1 * sum(abs(x) for x in w) + penalty.l2 * sum(x * x for x in w)
    assert penalty.value(w) == pytest.approx(expected, rel=1e-12)
    assert type(penalty.value(w)) is float


@each
def test_the_gradient_is_the_derivative(penalty):
    w = standard_normal(50)
    w[np.abs(w) < 1e-3] = 0.5
    gradient = np.zeros(50)
    value = penalty.add_gradient(w, gradient)
    assert value == penalty.value(w)
    assert distance(gradient, slopes(lambda: penalty.value(w), w)) <= 1e-8


@each
@dtypes
def test_the_gradient_is_added_and_nothing_else_is_touched(penalty, dtype):
    w, gradient = standard_normal(2, 50, dtype=dtype)
    before_w, before = w.copy(), gradient.copy()
    penalty.add_gradient(w, gradient)
    expected = before + penalty.l1 * np.sign(w) + 2 * penalty.l2 * w
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-6)
    assert gradient.dtype == dtype
    assert identical([w], [before_w])


@each
def test_a_weight_of_zero_is_not_pushed(penalty):
    gradient = np.zeros(3)
    assert penalty.add_gradient(np.zeros(3), gradient) == 0
    assert not gradient.any()


def test_no_penalty_is_nothing():
    gradient = standard_normal(50)
    before = gradient.copy()
    assert Penalty().add_gradient(standard_normal(50), gradient) == Penalty().value(standard_normal(50)) == 0
    assert identical([gradient], [before])


@each
@dtypes
def test_blocks_change_nothing(penalty, dtype, monkeypatch):
    w, gradient = standard_normal(2, 2 * BLOCK + 9, dtype=dtype)
    other = gradient.copy()
    penalty.add_gradient(w, gradient)
    monkeypatch.setattr(penalties, "slice_range_into_blocks", lambda size: arrays.slice_range_into_blocks(size, 1000))
    penalty.add_gradient(w, other)
    assert identical([gradient], [other])


# ---- norms


@drawn
@given(values=st.lists(st.floats(-1e6, 1e6), max_size=20))
def test_the_norm_is_the_root_of_the_sum_of_squares(values):
    vector = np.array(values, float)
    assert compute_norm(vector) == pytest.approx(float(np.sqrt((vector * vector).sum())), rel=1e-9, abs=1e-150)


@pytest.mark.parametrize("scale", [1e-40, 1e-30, 1e-20, 1.0, 1e20, 1e38])
def test_squares_neither_overflow_nor_vanish_in_float32(scale):
    vector = np.array([3, -4], np.float32) * np.float32(scale / 4)
    assert compute_norm(vector) == pytest.approx(1.25 * scale, rel=1e-4, abs=0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_norm_of_what_is_not_finite_is_not_finite(bad):
    assert not np.isfinite(compute_norm(np.array([1.0, bad, 2.0])))


@dtypes
@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
@pytest.mark.parametrize("bound", [1e-3, 1.0, 5.0])
def test_scaling_to_a_norm_keeps_the_direction(dtype, scale, bound):
    vector = (standard_normal(100) * scale).astype(dtype)
    before = vector.astype(float)
    clip_vector_norm([vector], bound)
    after = vector.astype(float)
    length = np.linalg.norm(before)
    np.testing.assert_allclose(after, before * min(1, bound / length), rtol=1e-5)
    assert np.linalg.norm(after) <= bound * (1 + 1e-6)
    if length <= bound:
        assert identical([after], [before])


# ---- clipping


def parameters_with(gradient, dtype=FLOAT):
    """Two parameters of equal size whose gradient is given."""
    size = len(gradient) // 2
    declaration = Declaration(shape=(size,), kind="weight", initializer=Zeros())
    parameters = Parameters({"a": declaration, "b": declaration}, dtype)
    parameters.gradient[...] = gradient
    return parameters


def clipped(gradient, dtype=FLOAT, **bounds):
    parameters = parameters_with(gradient, dtype)
    clip_gradient(parameters, **bounds)
    return parameters.gradient


GRADIENT = np.concatenate([standard_normal(10), 10 * standard_normal(10, seed=1)])


@dtypes
@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
def test_after_clipping_the_bounds_hold(dtype, scale):
    gradient = (GRADIENT * scale).astype(dtype)
    assert np.abs(clipped(gradient, dtype, clipvalue=0.7)).max() <= 0.7 * (1 + 1e-6)
    assert np.linalg.norm(clipped(gradient, dtype, global_clipnorm=2.0).astype(float)) <= 2 * (1 + 1e-6)
    parts = clipped(gradient, dtype, clipnorm=1.5).astype(float).reshape(2, 10)
    assert (np.linalg.norm(parts, axis=1) <= 1.5 * (1 + 1e-6)).all()


def test_components_are_clipped_alone():
    np.testing.assert_array_equal(clipped(GRADIENT, clipvalue=0.7), np.clip(GRADIENT, -0.7, 0.7))


def test_the_whole_gradient_keeps_its_direction():
    scaled = clipped(GRADIENT, global_clipnorm=2.0)
    np.testing.assert_allclose(scaled, GRADIENT * 2 / np.linalg.norm(GRADIENT), rtol=1e-12)


def test_each_parameter_is_scaled_by_itself():
    """The first is short enough and stays; the second is scaled."""
    first, second = GRADIENT[:10], GRADIENT[10:]
    bound = np.linalg.norm(first) * 1.01
    scaled = clipped(GRADIENT, clipnorm=bound)
    np.testing.assert_array_equal(scaled[:10], first)
    np.testing.assert_allclose(scaled[10:], second * bound / np.linalg.norm(second), rtol=1e-12)


def test_the_bounds_apply_in_their_order():
    together = clipped(GRADIENT, clipvalue=3.0, clipnorm=4.0, global_clipnorm=5.0)
    one_by_one = clipped(clipped(clipped(GRADIENT, clipvalue=3.0), clipnorm=4.0), global_clipnorm=5.0)
    assert identical([together], [one_by_one])


@pytest.mark.parametrize("bounds", [{"clipnorm": 2.0}, {"global_clipnorm": 3.0}, {"clipvalue": 0.5}], ids=str)
def test_the_gradient_of_a_member_is_clipped_as_if_it_were_alone(bounds):
    own = Declaration(shape=(4,), kind="weight", initializer=Zeros())
    many = Parameters({"a": own, "b": own}, FLOAT, members=3)
    many.gradient[...] = standard_normal(many.gradient.size) * np.arange(1, many.gradient.size + 1)
    before = {name: gradient.copy() for name, gradient in many.gradients.items()}
    clip_gradient(many, **bounds)
    for m in range(3):
        alone = clipped(np.concatenate([before["a"][m], before["b"][m]]), **bounds)
        np.testing.assert_allclose(np.concatenate([many.gradients["a"][m], many.gradients["b"][m]]), alone, rtol=1e-12)


def test_the_gradient_of_members_that_share_something_is_clipped_as_one():
    own = Declaration(shape=(4,), kind="weight", initializer=Zeros())
    many = Parameters({"a": own, "shared": replace(own, shared=True), "b": own}, FLOAT, members=3)
    many.gradient[...] = before = standard_normal(many.gradient.size)
    clip_gradient(many, global_clipnorm=0.5)
    np.testing.assert_allclose(many.gradient, before * 0.5 / np.linalg.norm(before), rtol=1e-12)


def test_without_bounds_or_below_them_the_gradient_stays():
    assert identical([clipped(GRADIENT)], [GRADIENT])
    assert identical([clipped(GRADIENT, clipvalue=1e3, clipnorm=1e3, global_clipnorm=1e3)], [GRADIENT])
    assert not clipped(np.zeros(4), clipnorm=1.0, global_clipnorm=1.0).any()


@pytest.mark.parametrize("bounds", [{"clipvalue": 1.0}, {"clipnorm": 1.0}, {"global_clipnorm": 1.0}], ids=str)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_clipping_does_not_hide_that_a_gradient_is_not_a_number(bounds, bad):
    """An infinite component may be clipped to its bound; NaN stays to be found."""
    with np.errstate(invalid="ignore"):
        gradient = clipped(np.array([1.0, bad, 2.0, 3.0]), **bounds)
    assert not np.isfinite(gradient).all() or ("clipvalue" in bounds and bad == np.inf)


# ---- the bound on the norms of units


def bounded(W, bound, *, dtype=FLOAT):
    """W after the bound; another parameter without a bound stays beside it."""
    declarations = {
        name: Declaration(shape=W.shape, kind="weight", initializer=Zeros(), max_norm=max_norm)
        for name, max_norm in (("a.weight", bound), ("b.weight", None))
    }
    parameters = Parameters(declarations, dtype)
    for view in parameters.values.values():
        view[...] = W
    bound_unit_norms(parameters)
    np.testing.assert_array_equal(parameters.values["b.weight"], W.astype(dtype))
    return parameters.values["a.weight"]


@dtypes
@pytest.mark.parametrize("shape", [(6, 8), (3, 6, 8), (1, 8), (6, 1)], ids=str)
@pytest.mark.parametrize("bound", [0.5, 2.0, 4.5])
def test_columns_above_the_bound_are_scaled_to_it_and_others_stay(dtype, shape, bound):
    W = (standard_normal(*shape) * np.linspace(0.2, 3, shape[-1])).astype(dtype)
    result = bounded(W, bound, dtype=dtype)
    norms = np.linalg.norm(W.astype(float), axis=-2, keepdims=True)
    np.testing.assert_allclose(result, W * np.minimum(1, bound / norms), rtol=1e-5)
    assert (np.linalg.norm(result.astype(float), axis=-2) <= bound * (1 + 1e-6)).all()
    within = np.broadcast_to(norms <= bound * (1 - 1e-6), W.shape)
    np.testing.assert_array_equal(result[within], W[within])


@dtypes
@pytest.mark.parametrize("bound", [1.0, 5.0, 1000.0])
def test_a_unit_without_weights_stays_without(dtype, bound):
    """A column of zeros or of very small weights beside one above the bound: no division by its norm."""
    W = np.full((4, 3), 1e4, dtype)
    W[:, 1], W[:, 2] = 0, 1e-30
    result = bounded(W, bound, dtype=dtype)
    np.testing.assert_array_equal(result[:, 1:], W[:, 1:])
    np.testing.assert_allclose(np.linalg.norm(result[:, 0].astype(float)), bound, rtol=1e-6)


def test_the_bound_does_not_hide_that_a_weight_is_not_a_number():
    W = np.ones((3, 2))
    W[0, 0] = np.nan
    assert np.isnan(bounded(W, 0.5)[0, 0])


@dtypes
def test_the_bound_applied_twice_is_the_bound_applied_once(dtype):
    once = bounded((3 * standard_normal(6, 8)).astype(dtype), 2.0, dtype=dtype)
    np.testing.assert_allclose(bounded(once, 2.0, dtype=dtype), once, rtol=1e-6)
