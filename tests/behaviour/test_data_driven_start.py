"""Initial values that follow from rows: unit spread behind every layer, hyperplanes among the rows."""

import numpy as np
import pytest

from mlptrain.engine import network as network_file
from mlptrain.engine.activations import SELU, ReLU
from mlptrain.engine.dropout import Dropout
from mlptrain.engine.embeddings import PBLD, InputEmbedding, PiecewiseLinear
from mlptrain.engine.initializers import Normal, ThroughRows, UnitVariance
from mlptrain.engine.input_layout import Codes, InputLayout
from mlptrain.engine.layers import Dense, Scale
from mlptrain.engine.network import Network
from mlptrain.engine.norms import BatchNorm
from mlptrain.engine.units import Activate, Parametric
from mlptrain.randomness import stream
from tests.support.drawing import DTYPES, identical, standard_normal

ROWS, LAYOUT = 200, InputLayout(width=4, numbers=(0, 1), codes=(Codes(place=3, levels=5, width=3),))
parametrizations = pytest.mark.parametrize("parametrization", ["standard", "ntk"])
counts = pytest.mark.parametrize("count", [None, 3])
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)


def data_driven(units, parametrization="ntk"):
    return Dense(
        units=units,
        kernel_initializer=UnitVariance(),
        bias_initializer=ThroughRows(),
        parametrization=parametrization,
    )


def network(parametrization="ntk", count=None, dtype=DTYPES[1], numeric=None):
    """Everything that may stand before, between and behind data-driven layers."""
    dense = [data_driven(units, parametrization) for units in (9, 8, 7, 3)]
    layers = [
        ("embedding", InputEmbedding(layout=LAYOUT, numeric=numeric or PBLD(frequencies=4))),
        ("noise", Dropout(rate=0.5)),
        ("scaling", Scale()),
        ("a", dense[0]), ("a.selu", Parametric(activation=SELU())), ("a.dropout", Dropout(rate=0.5)),
        ("b", dense[1]), ("b.norm", BatchNorm()), ("b.relu", Activate(activation=ReLU())),
        ("c", dense[2]), ("c.relu", Activate(activation=ReLU())),
        ("output", dense[3]),
    ]  # fmt: skip
    return Network(layers, LAYOUT.width, dtype, count)


def rows_of(count=ROWS, dtype=np.float64):
    x = 3 + 2 * standard_normal(count, LAYOUT.width, seed=3)
    x[:, 3] = np.arange(count) % 5
    return x.astype(dtype)


def pre_activations(net, x):
    """z = γ x W of every dense layer (M, B, O), without its bias, with the layer's name."""
    for name, y in net.trace_outputs(x, net.begin(len(x))):
        if f"{name}.weight" in net.parameters.values and name in ("a", "b", "c", "output"):
            bias = net.parameters.values[f"{name}.bias"]
            yield name, (y - bias[..., None, :]).reshape(net.members or 1, len(x), -1), bias.reshape(-1, y.shape[-1])


@parametrizations
@counts
@dtypes
def test_every_unit_has_spread_1_over_the_rows_and_its_hyperplane_passes_among_them(parametrization, count, dtype):
    net, x = network(parametrization, count, dtype), rows_of(dtype=dtype)
    net.initialize(x, seed=4)
    seen = []
    for name, z, bias in pre_activations(net, x):
        np.testing.assert_allclose(z.std(axis=1), 1, rtol=1e-10 if dtype == np.float64 else 1e-3, err_msg=name)
        assert (bias >= (-z).min(axis=1) - 1e-3).all()
        assert (bias <= (-z).max(axis=1) + 1e-3).all()
        assert np.unique(bias).size == bias.size
        seen.append(name)
    assert seen == ["a", "b", "c", "output"]


def test_a_member_starts_as_the_network_of_its_seed_and_the_same_seed_starts_alike():
    many, again, x = network(count=3), network(count=3), rows_of()
    many.initialize(x, seed=4)
    again.initialize(x, seed=4)
    assert identical([many.parameters.theta], [again.parameters.theta])
    for m in range(3):
        one = network(count=None)
        one.initialize(x, seed=4 + m)
        for name, values in one.parameters.values.items():
            np.testing.assert_allclose(many.parameters.values[name][m], values, rtol=1e-10, err_msg=name)


@counts
def test_rows_that_are_all_alike_and_units_without_input_leave_finite_numbers(count):
    for x in (np.repeat(rows_of(1), 50, axis=0), np.zeros((50, LAYOUT.width)), rows_of(1)):
        for numeric in (PBLD(frequencies=2), PiecewiseLinear(bins=3, outputs=2)):
            net = network(count=count, numeric=numeric)
            net.initialize(x, seed=1)
            assert np.isfinite(net.parameters.theta).all()
            assert all(np.isfinite(buffer).all() for buffer in net.buffers.values())
            assert np.isfinite(next(net.logits(x))).all()


def test_a_bias_is_a_mean_of_five_rows_with_random_weights():
    """Of one row it is that row. Of independent rows of variance 1 it has variance E Σ p² = 1/3, each unit its own."""
    initializer, bits = ThroughRows(), stream(1, "adapt")
    z = standard_normal(1, 6)
    b = np.empty(z.shape[1])
    initializer.adapt_bias(b, z, bits)
    np.testing.assert_allclose(b, -z[0], rtol=1e-12)
    b = np.empty(20_000)
    initializer.adapt_bias(b, standard_normal(3000, 20_000, seed=2), bits)
    assert b.mean() == pytest.approx(0, abs=0.02)
    assert b.var() == pytest.approx(1 / 3, rel=0.03)


def test_running_statistics_and_gradients_are_left_as_they_were():
    net = network()
    net.initialize(rows_of(), seed=1)
    assert not net.buffers["b.norm.running_mean"].any()
    assert (net.buffers["b.norm.running_variance"] == 1).all()
    assert not net.parameters.gradient.any()


class Looked:
    """Rows that remember which of them were asked for."""

    def __init__(self, x):
        self.x, self.slices = x, []

    def __len__(self):
        return len(self.x)

    def __getitem__(self, rows):
        self.slices.append(rows)
        return self.x[rows]


def test_a_network_without_such_values_does_not_look_at_the_rows():
    net, x = Network([("a", Dense(units=3)), ("output", Dense(units=2))], 4, DTYPES[1]), Looked(rows_of())
    net.initialize(x, seed=1)
    assert x.slices == []
    assert net.parameters.theta.any()


@pytest.mark.parametrize(("rows", "most", "step"), [(200, 200, 1), (200, 199, 2), (201, 100, 3), (200, 10**6, 1)])
def test_of_very_many_rows_evenly_spaced_ones_are_taken(rows, most, step, monkeypatch):
    """From the first to the last: a file may be in order."""
    net, x = network(), Looked(rows_of(rows))
    monkeypatch.setattr(net, "chunk_rows", lambda: most)
    monkeypatch.setattr(network_file, "ADAPTED_NUMBERS", network_file.CHUNK_NUMBERS)
    net.initialize(x, seed=1)
    assert [range(rows)[each] for each in x.slices] == [range(0, rows, step)]
    other = network()
    other.initialize(x.x[::step], seed=1)
    assert identical([net.parameters.theta], [other.parameters.theta])


@pytest.mark.parametrize("kernel", [UnitVariance(), Normal(standard_deviation=1.0)], ids=["data-driven", "drawn"])
@pytest.mark.parametrize("bias", [ThroughRows(), Normal()], ids=["data-driven", "drawn"])
def test_each_of_the_two_is_for_itself(kernel, bias):
    """Drawn biases stay as drawn beside data-driven weights, and the other way round."""
    dense = Dense(units=5, kernel_initializer=kernel, bias_initializer=bias)
    net = Network([("output", dense)], LAYOUT.width, DTYPES[1])
    net.parameters.initialize(2)
    drawn = {name: values.copy() for name, values in net.parameters.values.items()}
    net.initialize(rows_of(), seed=2)
    same = {name: bool((values == drawn[name]).all()) for name, values in net.parameters.values.items()}
    assert same == {
        "output.weight": isinstance(kernel, Normal),
        "output.bias": isinstance(bias, Normal),
    }
    assert dense.traits.adapts == (not all(same.values()))
