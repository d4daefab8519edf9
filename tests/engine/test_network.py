"""The gradient check of whole networks, over everything that can be combined, and the laws of a pass."""

import math
import pickle
from copy import deepcopy
from functools import partial, reduce
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from mlptrain.engine.activations import GELU, ReLU, Tanh
from mlptrain.engine.dropout import AnyDropout, Dropout, GaussianDropout
from mlptrain.engine.layer import Layer
from mlptrain.engine.layers import Dense
from mlptrain.engine.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError, average_loss_with_gradient
from mlptrain.engine.network import Network
from mlptrain.engine.norms import BatchNorm, LayerNorm, Norm
from mlptrain.engine.penalties import Penalty
from mlptrain.engine.units import Activate, PReLU
from mlptrain.randomness import stream
from tests.support.drawing import (
    DTYPES,
    LOSSES,
    activation_layers,
    distance,
    drawn,
    identical,
    label,
    members,
    outputs_of,
    slopes,
    standard_normal,
    targets_for,
)

FLOAT = np.dtype(float)
DIRECTIONS = 2
NO_PENALTY = Penalty()
PENALTIES = [NO_PENALTY, Penalty(l1=0.01), Penalty(l2=0.02), Penalty(l1=0.01, l2=0.02)]
NORMS = [None, *members(Norm)]
DROPOUTS = {
    "none": (None, None),
    "bernoulli": (None, Dropout(rate=0.3)),
    "gaussian": (None, GaussianDropout(rate=0.3)),
    "input": (Dropout(rate=0.2), None),
}
SMOOTHED = [CrossEntropy(label_smoothing=0.1), BinaryCrossEntropy(label_smoothing=0.1)]


def network(hidden, outputs, *, inputs=3, dropout=None, dtype=FLOAT, seed=0):
    """Dense layers with the drawn layers of `hidden` behind each, and a linear end; every parameter drawn."""
    layers = [] if dropout is None else [("input_dropout", dropout)]
    for i, (units, behind) in enumerate(hidden):
        columns = reduce(lambda width, layer: layer.inputs(width), filter(None, reversed(behind)), units)
        layers.append((f"dense_{i}", Dense(units=columns)))
        layers += [(f"{type(layer).__name__}_{i}", layer) for layer in behind if layer is not None]
    net = Network([*layers, ("output", Dense(units=outputs))], inputs, dtype)
    net.parameters.theta[...] = 0.7 * default_rng(seed).standard_normal(net.parameters.theta.size)
    return net


def problem(net, loss, rows, seed=0):
    """Drawn x, targets and weights."""
    draw = default_rng(seed)
    return draw.standard_normal((rows, net.inputs)), targets_for(loss, rows, draw), draw.uniform(0.5, 3, rows)


class Check:
    """The loss of one batch as a function of θ, the noise frozen, and its derivative along directions."""

    def __init__(self, net, loss, batch):
        self.net, self.loss, self.batch = net, loss, batch
        self.theta, self.weight = net.parameters.theta, net.parameters.regions["weight"]

    def value(self, penalty=NO_PENALTY):
        x, targets, weights = self.batch
        run = self.net.begin(len(x), train=True, noise=[stream(7, "dropout", 2, 5)])
        self.last = sum(self.net.objective(x, targets, weights, loss=self.loss, penalty=penalty, run=run))
        return self.last

    def gradient(self, penalty=NO_PENALTY):
        self.value(penalty)
        return self.net.parameters.gradient.copy()

    def along(self, direction, f, h):
        """The central difference of f at θ along a direction."""
        start = self.theta.copy()
        self.theta[...] = start + h * direction
        above = f()
        self.theta[...] = start - h * direction
        below = f()
        self.theta[...] = start
        return (above - below) / (2 * h)

    def direction(self, gradient, draw):
        """Half the gradient's own direction, so that the derivative is not near 0 by chance, half a drawn one."""
        u, v = draw.standard_normal(self.theta.size), gradient
        return u / np.linalg.norm(u) + (v / np.linalg.norm(v) if v.any() else 0)

    def straddles_a_kink(self, direction, h):
        """Whether two difference quotients disagree: then a kink lies between the points, whatever the gradient is."""
        one, other = (self.along(direction, self.value, step) for step in (h, h / 7))
        return abs(one - other) > 2e-7 * max(abs(one), abs(other)) + 2e-9

    def passes(self, draw, directions=DIRECTIONS, h=1e-6):
        """The derivatives along drawn directions, under every penalty, to 1e-6.

        The step is smaller than elsewhere: two rows that are nearly alike bend a batch norm sharply.
        """
        gradient = self.gradient()
        noise = 1e-9 * max(1.0, abs(self.last))
        return all(self.passes_along(gradient, draw, h, noise) for _ in range(directions))

    def passes_along(self, gradient, draw, h, noise):
        """Along one direction; where it crosses a kink another one is drawn."""
        for _ in range(6):
            direction = self.direction(gradient, draw)
            if self.agrees(gradient, direction, h, noise):
                return True
            if not self.straddles_a_kink(direction, h):
                return False
        raise AssertionError("every direction crosses a kink")

    def agrees(self, gradient, direction, h, noise):
        numeric, w = self.along(direction, self.value, h), self.theta[self.weight]
        for penalty in PENALTIES:
            analytic = gradient.copy()
            penalty.add_gradient(w, analytic[self.weight])
            whole = numeric + self.along(direction, partial(penalty.value, w), h)
            if abs(analytic @ direction - whole) > 1e-6 * abs(whole) + noise:
                return False
        return True


# ---- the gradient check


CHECKED = [*members(Loss), *SMOOTHED]


@pytest.mark.parametrize(("first", "loss"), list(enumerate(CHECKED)), ids=[label(loss) for loss in CHECKED])
@pytest.mark.parametrize("activation", activation_layers(), ids=label)
def test_gradient_of_every_combination(activation, first, loss):
    """× norm × dropout × penalty, with the next number of rows for the next loss, and now with weights, now without.

    Batch norm skips one row: the batch has no variance.
    """
    draw = default_rng(0)
    for turn, (norm, dropout) in enumerate(product(NORMS, DROPOUTS), first):
        on_input, behind = DROPOUTS[dropout]
        hidden = [(4, (norm, activation, behind)), (3, (norm, activation, behind))]
        batches = (2, 7) if isinstance(norm, BatchNorm) else (1, 2, 7)
        rows = batches[turn % len(batches)]
        net = network(hidden, outputs_of(loss), dropout=on_input, seed=rows)
        x, targets, weights = problem(net, loss, rows, seed=rows)
        used = weights if turn // len(batches) % 2 else None
        passed = Check(net, loss, (x, targets, used)).passes(draw)
        assert passed, f"{norm}, dropout {dropout}, {rows} rows, {'plain' if used is None else 'weighted'}"


def layers_behind():
    """What may stand behind a dense layer: a norm, an activation, a dropout, each or none."""
    norms, activations = st.sampled_from(NORMS), st.sampled_from(activation_layers())
    return st.tuples(norms, activations, st.sampled_from([None, *members(AnyDropout)]))


@drawn
@given(
    hidden=st.lists(st.tuples(st.integers(1, 5), layers_behind()), max_size=3),
    loss=st.sampled_from(LOSSES),
    penalty=st.sampled_from(PENALTIES),
    rows=st.integers(2, 6),
    inputs=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
def test_gradient_of_drawn_networks(hidden, loss, penalty, rows, inputs, seed):
    """Any depth (none: a linear model), any width, any mixture of layers, along three directions."""
    net = network(hidden, outputs_of(loss), inputs=inputs, seed=seed)
    check = Check(net, loss, problem(net, loss, rows, seed))
    assert check.passes(default_rng(seed), directions=3)
    without = check.gradient()
    with_penalty = check.gradient(penalty)
    penalty.add_gradient(check.theta[check.weight], without[check.weight])
    assert identical([with_penalty], [without])


@pytest.mark.parametrize("loss", members(Loss), ids=label)
def test_gradient_coordinate_by_coordinate(loss):
    """Every single number of θ, in a network that has one of everything smooth."""
    behind = (
        (LayerNorm(), Activate(activation=GELU()), Dropout(rate=0.2)),
        (BatchNorm(), PReLU(), GaussianDropout(rate=0.1)),
    )
    net = network([(4, behind[0]), (3, behind[1])], outputs_of(loss), dropout=Dropout(rate=0.1), seed=3)
    check = Check(net, loss, problem(net, loss, 7, seed=3))
    np.testing.assert_allclose(check.gradient(), slopes(check.value, check.theta), rtol=1e-6, atol=1e-8)


def test_the_gradient_check_would_notice_a_gradient_off_by_a_hundred_thousandth():
    net = network([(4, (Activate(activation=Tanh()),))], 2)
    check = Check(net, MeanSquaredError(), problem(net, MeanSquaredError(), 7))
    assert check.passes(default_rng(0))
    honest = check.gradient
    check.gradient = lambda: honest() * (1 + 1e-5)
    assert not check.passes(default_rng(0))


# ---- the laws of a pass

MIXED = [(5, (BatchNorm(), PReLU(), Dropout(rate=0.3))), (4, (LayerNorm(), Activate(activation=Tanh())))]
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)


def trained_mode(net, rows):
    return net.begin(rows, train=True, noise=[stream(7, "dropout", 2, 5)])


def logits_of(net, x):
    return np.concatenate([chunk.copy() for chunk in net.logits(x)])


def test_a_network_is_its_layers_in_a_row():
    net = network([(5, (Activate(activation=Tanh()),)), (4, (Activate(activation=GELU()),))], 2)
    x = standard_normal(6, 3)
    views = net.parameters.values
    a1 = np.tanh(x @ views["dense_0.weight"] + views["dense_0.bias"])
    a2 = GELU()(a1 @ views["dense_1.weight"] + views["dense_1.bias"])
    np.testing.assert_allclose(logits_of(net, x), a2 @ views["output.weight"] + views["output.bias"], rtol=1e-12)
    assert (net.inputs, net.outputs, net.widths) == (3, 2, [3, 5, 5, 4, 4, 2])


def test_a_network_without_hidden_layers_is_a_linear_model():
    """And at θ = 0 it loses ln 2 a row on XOR, with gradient 0: the best that a linear model can do."""
    net = network([], 1, inputs=2)
    x, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    W, b = net.parameters.values.values()
    np.testing.assert_allclose(logits_of(net, x), x @ W + b)
    net.parameters.theta[...] = 0
    assert net.loss_and_gradient(x, y, None, loss=BinaryCrossEntropy(), run=net.begin(4)) == pytest.approx(math.log(2))
    np.testing.assert_array_equal(net.parameters.gradient, 0)


@pytest.mark.parametrize("dropout", [Dropout(rate=0.3), GaussianDropout(rate=0.3)], ids=label)
@pytest.mark.parametrize("norm", NORMS, ids=lambda norm: norm and norm.name)
def test_the_outputs_in_turn_are_those_of_the_pass_that_gave_the_loss(dropout, norm):
    """Layer by layer, though a rectifier and a dropout are elsewhere done in the array of the product before them."""
    net = network([(5, [norm, Activate(activation=ReLU()), dropout]), (4, [PReLU(), dropout])], 3, dropout=dropout)
    x, targets, weights = problem(net, CrossEntropy(), 7)
    value = net.loss_and_gradient(
        x, targets, weights, loss=CrossEntropy(), run=net.begin(7, train=True, noise=[stream(7, "dropout", 2)])
    )
    outputs = list(net.trace_outputs(x, net.begin(7, train=True, noise=[stream(7, "dropout", 2)])))
    assert [name for name, _ in outputs] == [name for name, _ in net.layers]
    assert [y.shape for _, y in outputs] == [(7, width) for width in net.widths[1:]]
    assert average_loss_with_gradient(CrossEntropy(), outputs[-1][1], targets, weights)[0] == value


def test_the_chunks_of_an_evaluation_do_not_show():
    net = network(MIXED, 2)
    rows = net.chunk_rows()
    x = standard_normal(2 * rows + 5, 3)
    chunks = [len(chunk) for chunk in net.logits(x)]
    assert chunks == [rows, rows, 5]
    whole = logits_of(net, x)
    alone = np.concatenate([logits_of(net, x[i : i + 1]) for i in (0, rows - 1, rows, 2 * rows + 4)])
    np.testing.assert_allclose(whole[[0, rows - 1, rows, 2 * rows + 4]], alone, rtol=1e-10)
    assert list(net.logits(x[:0])) == []


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("first", activation_layers(), ids=label)
def test_an_evaluation_has_the_bits_of_a_pass_with_a_way_back(first, dtype):
    net = network([(6, (first,)), (5, (first, LayerNorm()))], 2, dtype=dtype)
    x = standard_normal(9, 3, dtype=dtype)
    expected, run = x, net.begin(len(x))
    for stage in net.stages:
        expected, _ = stage(expected, run)
    assert identical([logits_of(net, x)], [expected])


def test_a_chunk_has_at_least_sixteen_rows_however_wide_the_network():
    assert network([(40_000, ())], 1, inputs=1).chunk_rows() == 16


def test_evaluations_at_a_time_do_not_see_each_other():
    net, x = network(MIXED, 2), standard_normal(20, 3)
    going_on = net.logits(x)
    found = next(going_on)
    kept, other = found.copy(), logits_of(net, -x).copy()
    assert identical([found], [kept])
    assert not identical([found], [other])
    assert list(going_on) == []
    assert identical([other], [logits_of(net, -x)])


def test_evaluation_changes_nothing():
    net = network(MIXED, 2)
    x = standard_normal(20, 3)
    state = lambda: [net.parameters.theta, net.parameters.gradient, *net.buffers.values(), x]  # noqa: E731
    before = [array.copy() for array in state()]
    assert identical([logits_of(net, x)], [logits_of(net, x)])
    assert identical(before, state())


def test_a_step_changes_only_the_gradient_and_the_running_statistics():
    net = network(MIXED, 3)
    inputs = problem(net, CrossEntropy(), 7)
    before = [array.copy() for array in (net.parameters.theta, *inputs)]
    buffers = {name: buffer.copy() for name, buffer in net.buffers.items()}
    net.loss_and_gradient(*inputs, loss=CrossEntropy(), run=trained_mode(net, 7))
    assert identical(before, (net.parameters.theta, *inputs))
    assert set(buffers) == {"BatchNorm_0.running_mean", "BatchNorm_0.running_variance"}
    assert all((net.buffers[name] != buffer).all() for name, buffer in buffers.items())


def test_the_gradient_does_not_remember_the_last_step():
    net = network(MIXED, 3)
    inputs = problem(net, CrossEntropy(), 7)

    def gradient():
        net.loss_and_gradient(*inputs, loss=CrossEntropy(), run=trained_mode(net, 7))
        return net.parameters.gradient.copy()

    first = gradient()
    net.parameters.gradient[...] = np.nan
    assert identical([first], [gradient()])


def test_the_gradient_of_a_batch_is_the_mean_over_its_rows():
    """Without batch norm the rows of a batch do not know of each other."""
    net = network([(5, (LayerNorm(), Activate(activation=Tanh())))], 3)
    x, targets, weights = problem(net, CrossEntropy(), 7)

    def gradient(part, used):
        net.loss_and_gradient(x[part], targets[part], used, loss=CrossEntropy(), run=net.begin(len(x[part])))
        return net.parameters.gradient.copy()

    alone = np.array([gradient(slice(i, i + 1), None) for i in range(7)])
    np.testing.assert_allclose(gradient(slice(None), None), alone.mean(axis=0), rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(
        gradient(slice(None), weights), np.average(alone, axis=0, weights=weights), rtol=1e-10, atol=1e-14
    )


@pytest.mark.parametrize("loss", members(Loss), ids=label)
@pytest.mark.parametrize("activation", activation_layers(), ids=label)
def test_float32_follows_float64(activation, loss):
    """The loss to 1e-4, the gradient to 1e-3 of its length: float32 has seven digits."""
    hidden = [(8, (LayerNorm(), activation)), (6, (activation,))]
    results = {}
    for dtype in DTYPES:
        net = network(hidden, outputs_of(loss), dtype=dtype, seed=1)
        x, targets, weights = problem(net, loss, 7, seed=1)
        targets = targets if loss.classes else targets.astype(dtype)
        batch = x.astype(np.float32).astype(dtype), targets, weights.astype(dtype)
        value = net.loss_and_gradient(*batch, loss=loss, run=net.begin(7))
        assert net.parameters.gradient.dtype == dtype
        results[dtype.itemsize] = value, net.parameters.gradient.copy()
    assert results[4][0] == pytest.approx(results[8][0], rel=1e-4)
    assert distance(results[4][1], results[8][1]) <= 1e-3


def test_the_objective_is_the_loss_and_the_penalty_on_weights_alone():
    net, penalty = network(MIXED, 3), Penalty(l1=0.1, l2=0.2)
    inputs = problem(net, CrossEntropy(), 7)
    loss = net.loss_and_gradient(*inputs, loss=CrossEntropy(), run=trained_mode(net, 7))
    plain = net.parameters.gradient.copy()
    both = net.objective(*inputs, loss=CrossEntropy(), penalty=penalty, run=trained_mode(net, 7))
    weight = net.parameters.regions["weight"]
    W = net.parameters.theta[weight]
    assert both == (loss, penalty.value(W))
    added = net.parameters.gradient - plain
    np.testing.assert_allclose(added[weight], 0.1 * np.sign(W) + 0.4 * W, rtol=1e-10)
    assert not np.delete(added, np.arange(added.size)[weight]).any()


def test_steps_of_one_batch_size_use_the_same_arrays():
    net = network(MIXED, 3)
    x = standard_normal(5, 3)
    first, second = next(net.logits(x)), next(net.logits(x))
    assert first is second
    next(net.logits(x[:3]))
    assert next(net.logits(x)) is first


@pytest.mark.parametrize("norm", NORMS, ids=str)
def test_only_batch_norm_needs_several_rows(norm):
    assert network([(4, (norm, PReLU()))], 2).traits.several_rows == isinstance(norm, BatchNorm)


@pytest.mark.parametrize("rows", [1, 2])
def test_layers_before_the_first_parameters_are_not_differentiated(rows):
    """The way back stops at the first layer with parameters; the gradient is that of an input masked beforehand."""
    net = network([(4, (Activate(activation=Tanh()),))], 3, dropout=Dropout(rate=0.5))
    plain = network([(4, (Activate(activation=Tanh()),))], 3)
    x, targets, _ = problem(net, CrossEntropy(), rows)
    masked = Dropout(rate=0.5)(x, None, trained_mode(net, rows))[0].copy()
    net.loss_and_gradient(x, targets, None, loss=CrossEntropy(), run=trained_mode(net, rows))
    plain.loss_and_gradient(masked, targets, None, loss=CrossEntropy(), run=plain.begin(rows))
    assert identical([net.parameters.gradient], [plain.parameters.gradient])


@dtypes
def test_a_layer_reads_and_writes_views_of_one_vector(dtype):
    """Moving θ moves the network; the gradient of every layer lands in one vector of θ's type."""
    net = network(MIXED, 3, dtype=dtype)
    x, targets, _ = problem(net, CrossEntropy(), 7)
    before = logits_of(net, x.astype(dtype))
    net.parameters.theta *= 2
    assert not np.allclose(before, logits_of(net, x.astype(dtype)))
    net.parameters.gradient[...] = np.nan
    net.loss_and_gradient(x.astype(dtype), targets, None, loss=CrossEntropy(), run=trained_mode(net, 7))
    assert np.isfinite(net.parameters.gradient).all()
    assert net.parameters.theta.dtype == net.parameters.gradient.dtype == dtype


COPIES = {"pickled": lambda net: pickle.loads(pickle.dumps(net)), "copied": deepcopy}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("norm", [None, *NORMS], ids=str)
def test_a_copy_of_a_network_is_one_of_its_own(norm, copy):
    """Its layers see its own θ and buffers, and what is frozen stays so; moving it leaves the other alone."""
    net = network([(4, (norm, PReLU()) if norm else (PReLU(),)), (3, ())], 3)
    x, targets, _ = problem(net, CrossEntropy(), 7)
    net.loss_and_gradient(x, targets, None, loss=CrossEntropy(), run=trained_mode(net, 7))
    net.freeze(["hidden_1"])
    again, before = copy(net), logits_of(net, x)
    assert identical([logits_of(again, x)], [before])
    assert (again.frozen, again.parameters.layout) == (net.frozen, net.parameters.layout)
    again.parameters.theta *= 2
    for values in again.buffers.values():
        values *= 2
    assert not np.allclose(logits_of(again, x), before)
    assert identical([logits_of(net, x)], [before])
    again.loss_and_gradient(x, targets, None, loss=CrossEntropy(), run=trained_mode(again, 7))
    assert again.parameters.gradient.any()


def test_a_layer_must_say_what_it_does():
    with pytest.raises(NotImplementedError):
        Layer()(np.zeros((1, 1)), None, None)
