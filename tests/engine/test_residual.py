"""Residual blocks: the equation by hand, names, noise, widths, data-driven starts, and blocks within a network."""

import numpy as np
import pytest
from numpy.random import default_rng

from mlptrain.engine.activations import ReLU, Tanh
from mlptrain.engine.arrays import Workspace
from mlptrain.engine.dropout import Dropout, GaussianDropout
from mlptrain.engine.initializers import ThroughRows, UnitVariance
from mlptrain.engine.layer import ForwardContext, Traits
from mlptrain.engine.layers import Dense
from mlptrain.engine.losses import MeanSquaredError
from mlptrain.engine.network import Network
from mlptrain.engine.norms import BatchNorm, LayerNorm
from mlptrain.engine.residual import Residual
from mlptrain.engine.units import Activate
from mlptrain.randomness import stream
from tests.support.drawing import evaluation, identical, own_of, slopes, standard_normal, training

BLOCK = Residual(layers=(("a", Dense(units=5)), ("a.tanh", Activate(activation=Tanh())), ("b", Dense(units=4))))


def test_a_block_adds_its_input_to_its_layers_output():
    x, own = standard_normal(6, 4), own_of(BLOCK, 4, default_rng(0))
    y, backward = BLOCK(x, own, training(6))
    W1, b1, W2, b2 = (own.parameters[name] for name in ("a.weight", "a.bias", "b.weight", "b.bias"))
    a = np.tanh(x @ W1 + b1)
    np.testing.assert_allclose(y, x + a @ W2 + b2, rtol=1e-12)
    dy = standard_normal(6, 4, seed=1)
    dx = backward(dy.copy(), True)
    np.testing.assert_allclose(dx, dy + ((dy @ W2.T) * (1 - a * a)) @ W1.T, rtol=1e-12)
    np.testing.assert_allclose(own.gradients["b.weight"], a.T @ dy, rtol=1e-12)


def test_a_block_whose_last_layer_is_zero_is_the_identity():
    x, own = standard_normal(6, 4), own_of(BLOCK, 4, default_rng(0))
    own.parameters["b.weight"][...] = own.parameters["b.bias"][...] = 0
    y, backward = BLOCK(x, own, training(6))
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(backward(x.copy(), True), x)


def test_a_block_has_the_parts_of_its_layers():
    block = Residual(layers=(("a", Dense(units=4)), ("a.norm", BatchNorm()), ("a.dropout", Dropout())))
    assert list(block.declare(4)) == ["a.weight", "a.bias", "a.norm.scale", "a.norm.shift"]
    assert list(block.buffers(4)) == ["a.norm.running_mean", "a.norm.running_variance"]
    assert [(name, inputs) for name, _, inputs in block.walk("block", 4)] == [
        ("block.a", 4), ("block.a.norm", 4), ("block.a.dropout", 4), ("block", 4)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("layer", "noisy", "several"),
    [
        (Dropout(), True, False),
        (GaussianDropout(), True, False),
        (BatchNorm(), False, True),
        (LayerNorm(), False, False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_block_is_what_its_layers_are(layer, noisy, several):
    block = Residual(layers=(("a", Dense(units=4)), ("a.more", layer)))
    assert layer.traits == block.traits == Traits(noisy=noisy, several_rows=several)


def test_a_block_that_changes_the_width_is_refused():
    with pytest.raises(ValueError, match="makes 5 outputs of 4 inputs"):
        Residual(layers=(("a", Dense(units=5)),)).outputs(4)


def test_data_driven_starts_reach_the_layers_of_a_block():
    """The second layer adapts to what the first one gives."""
    driven = {"kernel_initializer": UnitVariance(), "bias_initializer": ThroughRows()}
    layers = (("a", Dense(units=5, **driven)), ("a.relu", Activate(activation=ReLU())), ("b", Dense(units=4, **driven)))
    x = 3 + 2 * standard_normal(200, 4)
    block, own = Residual(layers=layers), own_of(Residual(layers=layers), 4, default_rng(0))
    alone = {name: value.copy() for name, value in own.parameters.items()}
    block.adapt(x, own, [stream(1, "adapt", 0)])
    a = x @ own.parameters["a.weight"]
    np.testing.assert_allclose(a.std(axis=0), 1)
    b = np.maximum(a + own.parameters["a.bias"], 0) @ own.parameters["b.weight"]
    np.testing.assert_allclose(b.std(axis=0), 1)
    assert not any(np.array_equal(own.parameters[name], value) for name, value in alone.items())
    assert block.traits.adapts
    assert not BLOCK.traits.adapts


def network(dropout=0.3):
    inner = [("b", Dense(units=7)), ("b.relu", Activate(activation=ReLU())), ("b.dropout", Dropout(rate=dropout))]
    block = Residual(layers=[*inner, ("c", Dense(units=4)), ("c.norm", LayerNorm())])
    made = Network([("a", Dense(units=4)), ("block", block), ("output", Dense(units=2))], 3, np.dtype(float))
    made.parameters.initialize(1)
    return made


def test_a_network_knows_of_the_layers_within_a_block():
    net = network()
    assert list(net.parameters.values)[2:6] == ["block.b.weight", "block.b.bias", "block.c.weight", "block.c.bias"]
    names = ["a", "block.b", "block.b.relu", "block.b.dropout", "block.c", "block.c.norm", "block", "output"]
    assert [name for name, _, _ in net.walk()] == names
    x = standard_normal(6, 3)
    outputs = dict(net.trace_outputs(x, net.begin(6, train=True, noise=[stream(1, "dropout", 1)])))
    assert list(outputs) == names
    np.testing.assert_array_equal(outputs["block"], outputs["a"] + outputs["block.c.norm"])
    again = net.begin(6, train=True, noise=[stream(1, "dropout", 1)])
    y = net.layers[0][1](x, net.state_of("a"), again)[0]
    np.testing.assert_array_equal(net.layers[1][1](y, net.state_of("block"), again)[0], outputs["block"])


def test_the_widest_layer_within_a_block_decides_the_chunks():
    wide = Residual(layers=[("b", Dense(units=4000)), ("c", Dense(units=4))])
    net = Network([("a", Dense(units=4)), ("block", wide)], 3, np.dtype(float))
    assert net.chunk_rows() == Network([("a", Dense(units=4000))], 3, np.dtype(float)).chunk_rows() == 65


def test_the_gradient_of_a_network_with_a_block():
    net = network()
    x, y = standard_normal(6, 3), standard_normal(6, 2, seed=1)

    def value():
        run = net.begin(6, train=True, noise=[stream(1, "dropout", 1)])
        return net.loss_and_gradient(x, y, None, loss=MeanSquaredError(), run=run)

    value()
    gradient = net.parameters.gradient.copy()
    np.testing.assert_allclose(gradient, slopes(value, net.parameters.theta), rtol=1e-6, atol=1e-8)


def test_a_step_asks_the_workspace_for_the_same_arrays():
    work, own, x = Workspace(np.dtype(float)), own_of(BLOCK, 4, default_rng(0)), standard_normal(5, 4)

    def step():
        work.restart(5)
        y, backward = BLOCK(x, own, ForwardContext(work, train=True))
        backward(y.copy(), True)
        return work.array((5, 9))

    assert step() is step()


def test_a_block_in_evaluation_is_the_same_twice():
    own, x = own_of(BLOCK, 4, default_rng(0)), standard_normal(5, 4)
    assert identical([BLOCK(x, own, evaluation(5))[0].copy()], [BLOCK(x, own, evaluation(5))[0]])
