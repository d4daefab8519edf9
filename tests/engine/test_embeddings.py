"""The laws of embeddings: each by a slow loop over its equation, and its gradients by differences."""

from math import cos, pi, sin
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from mlptrain.engine.arrays import Workspace
from mlptrain.engine.embeddings import PBLD, PLR, InputEmbedding, NumericEmbedding, PiecewiseLinear
from mlptrain.engine.input_layout import Codes, InputLayout
from mlptrain.engine.layer import ForwardContext
from mlptrain.randomness import stream
from tests.support.drawing import (
    DTYPES,
    distance,
    drawn,
    evaluation,
    identical,
    label,
    member_of,
    members,
    own_of,
    slopes,
    standard_normal,
    training,
)

EMBEDDINGS = [
    *members(NumericEmbedding),
    PBLD(frequencies=5, outputs=2),
    PBLD(frequencies=1, outputs=1, frequency_scale=2.0),
    PLR(frequencies=6, outputs=4),
    PLR(frequencies=2, outputs=1, relu=False),
    PiecewiseLinear(bins=4, outputs=3),
    PiecewiseLinear(bins=1, outputs=1),
]
each = pytest.mark.parametrize("embedding", EMBEDDINGS, ids=label)
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)

CATEGORIES = (
    Codes(place=1, levels=4, width=2),
    Codes(place=3, levels=3, width=3),
    Codes(place=5, levels=6, width=2),
)
"""Two categories share a width and with it a table of 4 + 6 rows."""
LAYOUT = InputLayout(width=7, numbers=(0, 4), codes=CATEGORIES)
"""number · category · 0/1 · category · number · category · 0/1."""
LAYERS = [
    *(InputEmbedding(layout=LAYOUT, numeric=embedding) for embedding in EMBEDDINGS),
    *(InputEmbedding(layout=InputLayout(width=2, numbers=(0, 1)), numeric=one) for one in members(NumericEmbedding)),
    InputEmbedding(layout=LAYOUT),
    InputEmbedding(layout=InputLayout(width=1, codes=(Codes(place=0, levels=4, width=3),))),
]
each_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: f"{layer.layout.width}-{layer.numeric}")
seen = pytest.mark.parametrize("lead", [(), (1,), (3,)], ids=["alone", "one member", "three members"])
shared = pytest.mark.parametrize("shared", [False, True], ids=["own rows", "shared rows"])


def inputs(layout, rows, lead=(), seed=1, dtype=np.float64):
    """Drawn columns: numbers, 0/1, and codes of which the last level of each category never occurs."""
    draw = default_rng(seed)
    x = draw.standard_normal((*lead, rows, layout.width))
    for place in set(range(layout.width)) - set(layout.numbers):
        x[..., place] = x[..., place] > 0
    for each in layout.codes:
        x[..., each.place] = draw.integers(0, each.levels - 1, (*lead, rows))
    return x.astype(dtype)


def case(layer, rows=6, *, lead=(), shared=False, dtype=np.float64):
    """(x, views, dy); the pieces are fitted on other rows, and reach less far than x."""
    layout = layer.layout
    own = own_of(layer, layout.width, default_rng(2), lead=lead, dtype=dtype)
    layer.adapt(0.5 * inputs(layout, 40, seed=9, dtype=dtype), own, [stream(m, "adapt") for m in range(sum(lead) or 1)])
    dy = standard_normal(*lead, rows, layer.outputs(layout.width), seed=3, dtype=dtype)
    return inputs(layout, rows, () if shared else lead, dtype=dtype), own, dy


def there_and_back(layer, x, own, dy, run):
    y, backward = layer(x, own, run)
    backward(dy.copy(), False)
    return y


def test_every_embedding_is_among_those_tested():
    assert {type(embedding) for embedding in EMBEDDINGS} == set(get_args(NumericEmbedding))


# ---- by their equations


def waves(own, f, x):
    """Wᵀ c + b of one number, c(θ) given below."""
    return own["weight"][f].T @ np.array(x) + own["bias"][f]


def pbld(embedding, own, f, x):
    w, b = own["frequency"][f], own["phase"][f]
    return waves(own, f, [cos(2 * pi * w[h] * x + b[h]) for h in range(embedding.frequencies)])


def plr(embedding, own, f, x):
    angles = [2 * pi * w * x for w in own["frequency"][f]]
    e = waves(own, f, [*map(cos, angles), *map(sin, angles)])
    return np.maximum(e, 0) if embedding.relu else e


def pieces(edges, bins, x):
    """ple(x) by its definition: of T pieces the first is open below, the last above, those beyond T are 0."""
    values, last = [0.0] * bins, len(edges) - 2
    for t in range(last + 1):
        part = (x - edges[t]) / (edges[t + 1] - edges[t])
        part = part if t == 0 else max(part, 0.0)
        values[t] = part if t == last else min(part, 1.0)
    return values


def edges_of(values, bins):
    return sorted({float(np.quantile(values, t / bins)) for t in range(bins + 1)})


def by_hand(embedding, own, f, x, fitted_on):
    match embedding:
        case PBLD():
            return pbld(embedding, own.parameters, f, x)
        case PLR():
            return plr(embedding, own.parameters, f, x)
        case PiecewiseLinear():
            ple = pieces(edges_of(fitted_on[:, f], embedding.bins), embedding.bins, x)
            return own.parameters["slope"][f] * x + waves(own.parameters, f, ple)


@each
def test_an_embedding_is_its_equation_number_by_number(embedding):
    layer = InputEmbedding(layout=LAYOUT, numeric=embedding)
    x, own, _ = case(layer)
    fitted_on = 0.5 * inputs(LAYOUT, 40, seed=9)[:, list(LAYOUT.numbers)]
    y, _ = layer(x, own, training(6))
    K = embedding.outputs
    for row in range(6):
        for f, place in enumerate(LAYOUT.numbers):
            expected = by_hand(embedding, own, f, x[row, place], fitted_on)
            np.testing.assert_allclose(y[row, f * K : (f + 1) * K], expected, rtol=1e-9, atol=1e-11)


def test_frequencies_of_plr_are_sines_and_cosines_together():
    assert PLR(frequencies=16).declare(3)["frequency"].shape == (3, 8)
    assert PLR(frequencies=16).declare(3)["weight"].shape == (3, 16, 3)
    assert PBLD(frequencies=16).declare(3)["frequency"].shape == (3, 16)


@each_layer
def test_the_columns_are_embedded_numbers_then_what_is_no_code_then_embedded_codes(layer):
    x, own, _ = case(layer)
    layout = layer.layout
    y, _ = layer(x, own, training(6))
    first = len(layer.embedded) * layer.numeric.outputs if layer.numeric else 0
    kept = [place for place in range(layout.width) if place not in {each.place for each in layout.codes}]
    np.testing.assert_array_equal(y[:, first : first + len(kept)], x[:, kept])
    place, before = first + len(kept), {}
    for each in sorted(layout.codes, key=lambda each: [one.width for one in layout.codes].index(each.width)):
        start = before.get(each.width, 0)
        table = own.parameters[f"categories_{each.width}"][start : start + each.levels]
        np.testing.assert_array_equal(y[:, place : place + each.width], table[x[:, each.place].astype(int)])
        place, before[each.width] = place + each.width, start + each.levels
    assert place == y.shape[1] == layer.outputs(layout.width)
    assert {own.parameters[f"categories_{width}"].shape for width in before} == {(n, k) for k, n in before.items()}


# ---- derivatives


@each_layer
@seen
@shared
def test_gradients_are_the_derivatives(layer, lead, shared):
    """Of Σ c y with respect to every parameter, in one network and for members."""
    x, own, c = case(layer, lead=lead, shared=shared)
    f = lambda: float((c * layer(x, own, training(6))[0]).sum())  # noqa: E731
    there_and_back(layer, x, own, c, training(6))
    assert own.parameters
    for name, parameter in own.parameters.items():
        assert distance(own.gradients[name], slopes(f, parameter)) <= 1e-6, name


@each_layer
@shared
def test_members_are_as_each_alone(layer, shared):
    x, own, dy = case(layer, lead=(3,), shared=shared)
    y = there_and_back(layer, x, own, dy, training(6))
    for m in range(3):
        alone = own_of(layer, layer.layout.width, default_rng(0))
        one = member_of(own, m)
        alone.parameters.update(one.parameters)
        alone.buffers.update(one.buffers)
        y_alone = there_and_back(layer, x if shared else x[m], alone, dy[m], training(6))
        np.testing.assert_allclose(y[m], y_alone, rtol=1e-12, atol=1e-12)
        for name, gradient in alone.gradients.items():
            np.testing.assert_allclose(one.gradients[name], gradient, rtol=1e-10, atol=1e-12)


@drawn
@given(
    codes=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 5)), min_size=1, max_size=12),
    lead=st.sampled_from([(), (2,)]),
    shared=st.booleans(),
)
def test_a_row_of_a_table_gets_the_sum_over_the_batch_and_0_where_its_code_is_absent(codes, lead, shared):
    layer, rows = InputEmbedding(layout=LAYOUT), len(codes)
    x, own, dy = case(layer, rows, lead=lead, shared=shared)
    x[..., [1, 3, 5]] = codes
    there_and_back(layer, x, own, dy, training(rows))
    expected = {name: np.zeros_like(gradient) for name, gradient in own.gradients.items()}
    for row, (a, b, c) in enumerate(codes):
        d = dy[..., row, 2 + 2 :]  # behind two numbers and two 0/1
        expected["categories_2"][..., a, :] += d[..., 0:2]
        expected["categories_2"][..., 4 + c, :] += d[..., 2:4]
        expected["categories_3"][..., b, :] += d[..., 4:7]
    for name, gradient in own.gradients.items():
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-12, atol=1e-13)
        assert not gradient[expected[name] == 0].any()


# ---- a layer like the others


@each_layer
@dtypes
@seen
def test_dtype_and_shape_are_kept_and_inputs_left_alone(layer, dtype, lead):
    x, own, dy = case(layer, lead=lead, dtype=dtype)
    before = [array.copy() for array in (x, *own.parameters.values(), *own.buffers.values())]
    y = there_and_back(layer, x, own, dy, training(6, dtype))
    assert (y.dtype, y.shape) == (dtype, dy.shape)
    assert identical(before, [x, *own.parameters.values(), *own.buffers.values()])
    for name, gradient in own.gradients.items():
        assert np.isfinite(gradient).all(), name


@each_layer
def test_rows_do_not_know_of_each_other_nor_of_training(layer):
    x, own, dy = case(layer)
    whole = there_and_back(layer, x, own, dy, training(6))
    for row in range(6):
        alone, _ = layer(x[row : row + 1], own, evaluation(1))
        np.testing.assert_allclose(alone[0], whole[row], rtol=1e-12, atol=1e-13)


@each_layer
def test_after_the_first_step_the_workspace_does_not_grow(layer):
    x, own, dy = case(layer)
    work = Workspace(np.dtype(float))

    def step():
        work.restart(6)
        there_and_back(layer, x, own, dy, ForwardContext(work, train=True))
        return work.array((6, 9))

    after_first = step()
    assert step() is after_first


@each
@pytest.mark.parametrize("name", ["weight", "bias", "frequency", "phase", "slope"])
def test_initial_values_are_those_of_the_docstring(embedding, name):
    """Bounds of the uniform ones, the deviation of the normal one, zeros."""
    declared = embedding.declare(2000)
    if name not in declared:
        return
    values = declared[name].initializer(stream(1, "initialize"), declared[name].shape)
    match embedding, name:
        case PBLD() | PLR(), "frequency":
            assert values.std() == pytest.approx(embedding.frequency_scale, rel=0.06)
            return
        case PBLD(), "phase":
            bound = pi
        case PiecewiseLinear(), "weight":
            assert not values.any()
            return
        case PiecewiseLinear(), _:
            bound = embedding.outputs**-0.5
        case _:
            bound = embedding.frequencies**-0.5
    assert 0.99 * bound < np.abs(values).max() <= bound
    assert abs(values.mean()) < 0.1 * bound


def test_tables_start_from_a_standard_normal():
    declared = InputEmbedding(layout=InputLayout(width=1, codes=(Codes(place=0, levels=5000, width=8),))).declare(1)[
        "categories_8"
    ]
    values = declared.initializer(stream(1, "initialize"), declared.shape)
    assert (values.mean(), values.std()) == pytest.approx((0, 1), abs=0.02)


# ---- piecewise linear


def fitted(values, bins=4, dtype=np.float64, lead=()):
    """(embedding, views) whose pieces of one number are fitted on some values."""
    embedding = PiecewiseLinear(bins=bins, outputs=2)
    layer = InputEmbedding(layout=InputLayout(width=1, numbers=(0,)), numeric=embedding)
    own = own_of(layer, 1, default_rng(0), dtype=dtype, lead=lead)
    embedding.adapt(np.array([values], dtype), own)
    return embedding, own


def encoded(embedding, own, x):
    """ple(x) (B, bins)."""
    x = np.asarray(x, own.buffers["start"].dtype)
    return embedding.pieces(x[None], own, evaluation(len(x), x.dtype))[..., 0, :, :].mT


@drawn
@given(
    values=st.lists(st.floats(-100, 100), min_size=1, max_size=50),
    x=st.lists(st.floats(-500, 500), min_size=1, max_size=10),
    bins=st.integers(1, 9),
)
def test_pieces_are_those_of_the_definition_also_outside_the_range_and_at_the_edges(values, x, bins):
    edges = edges_of(values, bins)
    if (np.diff(edges) < 1e-9).any():
        return
    at = [*x, *edges]
    embedding, own = fitted(values, bins)
    expected = [pieces(edges, bins, value) for value in at]
    np.testing.assert_allclose(encoded(embedding, own, at), expected, rtol=1e-7, atol=1e-7)


def test_a_piecewise_linear_code_goes_from_0_to_1_piece_by_piece():
    embedding, own = fitted([0, 1, 2, 4, 8])
    found = encoded(embedding, own, [-1, 0, 0.5, 1, 3, 8, 12])
    assert found.tolist() == [
        [-1, 0, 0, 0],
        [0, 0, 0, 0],
        [0.5, 0, 0, 0],
        [1, 0, 0, 0],
        [1, 1, 0.5, 0],
        [1, 1, 1, 1],
        [1, 1, 1, 2],
    ]


@pytest.mark.parametrize(
    ("values", "used"), [([3.0] * 9, 0), ([0.0] * 6 + [1.0] * 5, 1), ([0.0, 1.0], 4), ([5.0], 0), (range(9), 4)]
)
@dtypes
def test_pieces_that_are_not_used_are_0_everywhere(values, used, dtype):
    embedding, own = fitted(values, dtype=dtype)
    found = encoded(embedding, own, [-1e3, *values, 0.5, 1e3])
    assert np.isfinite(found).all()
    assert not found[:, used:].any()
    assert all(found[:, t].any() for t in range(used))


def test_members_have_pieces_of_the_same_rows():
    values = standard_normal(30)
    alone, together = fitted(values)[1], fitted(values, lead=(3,))[1]
    for name, buffer in alone.buffers.items():
        assert identical(together.buffers[name], [buffer] * 3)


def test_pieces_in_float32_do_not_lose_edges_that_float32_cannot_tell_apart():
    """Two edges that are one number in float32 are one edge: no piece of width 0, and none that is skipped."""
    embedding, own = fitted([1.0, 1.0 + 1e-9, 2.0, 3.0, 3.0 + 1e-9], dtype=np.float32)
    found = encoded(embedding, own, [0.0, 1.0, 1.5, 2.5, 3.0, 4.0])
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), [-1, 0, 0.5, 1.5, 2, 3], atol=1e-6)
