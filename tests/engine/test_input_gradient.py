"""The gradient of inputs: against differences, over everything that a network may be made of."""

from itertools import cycle, product
from typing import get_args

import numpy as np
import pytest
from numpy.random import default_rng

from mlptrain.engine.dropout import Dropout
from mlptrain.engine.embeddings import NumericEmbedding, PiecewiseLinear
from mlptrain.engine.input_gradient import (
    copy_in_float64,
    embed_inputs,
    find_input_embedding,
    run_with_way_back,
)
from mlptrain.engine.members import Members, TabM
from mlptrain.engine.norms import Norm
from mlptrain.engine.units import AnyActivation
from mlptrain.model.architecture import build_network
from mlptrain.spec.fields import ModelSpec
from tests.support.drawing import DTYPES, identical, label, members
from tests.support.networks import EMBEDDINGS, MEMBERS, NUMBERS, ROWS, draw_inputs, make_network

CLOSE = 1e-6


def weigh(net, seed=5):
    """c, so that f = Σ c · logits."""
    return default_rng(seed).standard_normal(() if net.members is None else (net.members, 1, 1)) + np.arange(2.0)


def value(net, x, c, embedded=False):
    """f of rows."""
    return float((c * run_with_way_back(net, x, embedded=embedded)[0]).sum())


def gradient(net, x, c, embedded=False):
    logits, go_back = run_with_way_back(net, x, embedded=embedded)
    return go_back(c * np.ones_like(logits)).copy()


def agrees(net, x, c, fixed=(), embedded=False, seed=3):
    """Whether ∇f · v is the difference quotient along drawn v, none of them across a kink; codes are not moved."""
    found, draw = gradient(net, x, c, embedded), default_rng(seed)
    assert found.shape == x.shape
    for _ in range(6):
        v = draw.standard_normal(x.shape)
        v[..., fixed] = 0
        one, other = ((value(net, x + h * v, c, embedded) - value(net, x - h * v, c, embedded)) / (2 * h)
                      for h in (1e-6, 1e-7))  # fmt: skip
        if abs(one - other) <= 1e-5 * abs(one) + 1e-7:
            return abs(float((found * v).sum()) - one) <= CLOSE * abs(one) + 1e-8
    raise AssertionError("every direction crosses a kink")


def test_every_embedding_and_kind_of_members_is_among_those_tested():
    assert {type(each) for _, each in EMBEDDINGS} == {type(None), *get_args(NumericEmbedding)}
    assert {type(each) for each in MEMBERS} == set(get_args(Members))


@pytest.mark.parametrize("activation", members(AnyActivation), ids=label)
def test_the_gradient_of_every_combination_is_the_derivative(activation):
    """× norm × embedding, with each kind of members in turn: of the inputs themselves, and of what is made of them."""
    kinds = cycle(MEMBERS)
    for number, (norm, (layout, embedding)) in enumerate(product([None, *members(Norm)], EMBEDDINGS)):
        for _ in range(1 + number % 2):
            kind = next(kinds)
        net = make_network(layout, embedding, kind, activation=activation, norm=norm, seed=number)
        x, c = draw_inputs(layout), weigh(net)
        codes = [each.place for each in layout.codes]
        case = f"{norm}, {embedding}, {kind}"
        assert agrees(net, x, c, codes), case
        assert not gradient(net, x, c)[:, codes].any()
        assert agrees(net, embed_inputs(net, x), c, embedded=True), case


@pytest.mark.parametrize("kind", MEMBERS, ids=lambda each: f"{each.name}-{each.count}")
@pytest.mark.parametrize(("layout", "embedding"), EMBEDDINGS)
def test_every_embedding_for_every_kind_of_members(layout, embedding, kind):
    """With a dropout, a scaling, a residual block and a temperature: all that a network may begin and end with."""
    spec = {"input_dropout": Dropout(rate=0.2), "input_scaling": True, "residual": 1, "parametrization": "ntk"}
    net = make_network(layout, embedding, kind, hidden=(3, 3), calibration="temperature", **spec)
    net.buffers["calibration.temperature"][...] = 1.7
    x, c = draw_inputs(layout), weigh(net)
    assert agrees(net, x, c, [each.place for each in layout.codes])
    h = embed_inputs(net, x)
    assert agrees(net, h, c, embedded=True)
    assert identical([run_with_way_back(net, h, embedded=True)[0].copy()], [next(net.logits(x))])
    assert (find_input_embedding(net) is None) == (embedding is None and not layout.codes)


@pytest.mark.parametrize("kind", MEMBERS[1:], ids=lambda each: each.name)
def test_rows_that_all_members_see_get_the_sum_over_the_members(kind):
    layout, embedding = EMBEDDINGS[2]
    net = make_network(layout, embedding, kind)
    x, c = draw_inputs(layout), weigh(net)
    apart = gradient(net, np.repeat(x[None], 3, axis=0), c)
    np.testing.assert_allclose(gradient(net, x, c), apart.sum(axis=0), rtol=1e-12, atol=1e-14)


def test_at_an_edge_of_two_pieces_the_slope_is_that_of_the_piece_above():
    net = make_network(NUMBERS, PiecewiseLinear(bins=3, outputs=2))
    x = draw_inputs(NUMBERS, 1)
    x[0, [0, 2]] = net.buffers["input.embedding.start"][:, 1]
    above = (value(net, x + 1e-7, 1.0) - value(net, x, 1.0)) / 1e-7
    assert gradient(net, x, np.ones(2)).sum() == pytest.approx(above, rel=1e-5)


def test_training_is_not_touched():
    """A gradient of θ is the same whether or not that of the inputs is wanted, and what is not wanted costs nothing."""
    for layout, embedding in EMBEDDINGS[1:]:
        net = make_network(layout, embedding)
        x, stage = draw_inputs(layout), net.stages[0]
        found = []
        for wanted in (False, True):
            y, backward = stage(x, net.begin(ROWS))
            net.parameters.gradient[...] = np.nan
            dx = backward(np.ones_like(y), wanted)
            found.append([each.copy() for each in stage.state.gradients.values()])
        assert identical(*found)
        assert dx.shape == x.shape


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_copy_in_float64_is_the_same_network_and_leaves_it_alone(dtype):
    layout, embedding = EMBEDDINGS[-1]
    spec = ModelSpec(hidden=(4,), dtype=dtype.name, numeric_embedding=embedding)
    net = build_network(spec, layout, 2, members=TabM(count=3))
    net.initialize(draw_inputs(layout, 40).astype(dtype), 1)
    net.parameters.gradient[...] = 7
    x = draw_inputs(layout).astype(dtype)
    copy = copy_in_float64(net)
    logits, go_back = run_with_way_back(copy, x.astype(np.float64))
    go_back(logits)
    assert (net.parameters.gradient == 7).all()
    np.testing.assert_allclose(next(net.logits(x)), next(copy.logits(x.astype(np.float64))), rtol=1e-4, atol=1e-5)
