"""The laws of layers: the way back is the derivative of the way there, for one network and for members."""

from functools import partial
from typing import get_args

import numpy as np
import pytest
from numpy.random import default_rng

from mlptrain.engine.activations import Activation, Family, Tanh
from mlptrain.engine.arrays import BLOCK, Workspace
from mlptrain.engine.dropout import AnyDropout, Dropout, GaussianDropout
from mlptrain.engine.embeddings import InputEmbedding
from mlptrain.engine.layer import ForwardContext, Layer
from mlptrain.engine.layers import Dense, Scale, Temperature
from mlptrain.engine.members import Adapter, BatchEnsemble, Shared
from mlptrain.engine.network import AnyLayer
from mlptrain.engine.norms import BatchNorm, LayerNorm, Norm
from mlptrain.engine.residual import Residual
from mlptrain.engine.units import Activate, AnyActivation, Maxout, Parametric, PReLU
from mlptrain.randomness import stream
from tests.support.drawing import (
    DTYPES,
    activation_layers,
    distance,
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

BLOCK_OF_LAYERS = (
    ("a", Dense(units=3)),
    ("a.norm", LayerNorm()),
    ("a.prelu", PReLU()),
    ("b", Dense(units=4)),
    ("b.tanh", Activate(activation=Tanh())),
)
LAYERS = [
    Shared(layer=Dense(units=3)),
    Adapter(),
    BatchEnsemble(units=3),
    BatchEnsemble(units=3, parametrization="ntk"),
    Residual(layers=BLOCK_OF_LAYERS),
    Residual(layers=(("in", Residual(layers=BLOCK_OF_LAYERS)), ("in.scale", Scale()))),
    Dense(units=3),
    Dense(units=3, parametrization="ntk"),
    Scale(),
    Temperature(),
    *activation_layers(),
    *members(Norm),
    *members(AnyDropout),
    Dropout(rate=0.2),
]
each = pytest.mark.parametrize("layer", LAYERS, ids=label)
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)
modes = pytest.mark.parametrize("mode", [training, evaluation], ids=lambda mode: mode.__name__)
norms = pytest.mark.parametrize("layer", members(Norm), ids=label)
dropouts = pytest.mark.parametrize("kind", get_args(AnyDropout))
prelus = pytest.mark.parametrize("layer", [PReLU(), PReLU(shared=True)], ids=label)


def drawn_case(layer, rows=5, inputs=4, dtype=np.float64, lead=()):
    """x away from kinks, the layer's own views, and dy."""
    x = standard_normal(*lead, rows, inputs, seed=1)
    x[np.abs(np.abs(x) - 1) < 1e-3] = 0.5
    own = own_of(layer, inputs, default_rng(2), lead=lead, dtype=dtype)
    return x.astype(dtype), own, standard_normal(*lead, rows, layer.outputs(inputs), seed=3, dtype=dtype)


def there_and_back(layer, x, own, dy, run, *, wanted=True):
    """(y, dx); dy is given away as a copy, for the layer may write on it."""
    y, backward = layer(x, own, run)
    return y, backward(dy.copy(), wanted)


def test_every_kind_of_layer_is_among_those_tested():
    kinds = set(get_args(AnyLayer))
    assert kinds == {*Layer.__subclasses__(), *Dense.__subclasses__()}
    assert {type(layer) for layer in LAYERS} == kinds - {InputEmbedding}  # whose inputs are data
    assert {layer.activation.name for layer in LAYERS if isinstance(layer, Activate)} == {
        activation.name for activation in members(Activation)
    }


@pytest.mark.parametrize("activation", members(AnyActivation), ids=label)
def test_every_activation_names_a_family_of_initialisers(activation):
    assert activation.family in get_args(Family)


# ---- derivatives


@each
@modes
@pytest.mark.parametrize("rows", [1, 2, 7])
def test_the_way_back_is_the_derivative(layer, mode, rows):
    """Of Σ c y, with respect to x and to every parameter. One row has no batch statistics: x̂ = 0 and dx = 0."""
    x, own, c = drawn_case(layer, rows)
    f = lambda: float((c * layer(x, own, mode(rows))[0]).sum())  # noqa: E731
    dx = there_and_back(layer, x, own, c, mode(rows))[1]
    np.testing.assert_allclose(dx, slopes(f, x), rtol=1e-6, atol=1e-8)
    for name, parameter in own.parameters.items():
        assert distance(own.gradients[name], slopes(f, parameter)) <= 1e-6, name


@each
def test_parameter_gradients_are_the_same_where_dx_is_not_wanted(layer):
    x, own, dy = drawn_case(layer)
    there_and_back(layer, x, own, dy, training(5))
    wanted = [gradient.copy() for gradient in own.gradients.values()]
    there_and_back(layer, x, own, dy, training(5), wanted=False)
    assert identical(wanted, own.gradients.values())


@each
@modes
@dtypes
def test_dtype_and_shape_are_kept(layer, mode, dtype):
    x, own, dy = drawn_case(layer, dtype=dtype)
    y, dx = there_and_back(layer, x, own, dy, mode(5, dtype))
    assert (y.dtype, y.shape) == (dtype, (5, layer.outputs(4)))
    assert (dx.dtype, dx.shape) == (dtype, x.shape)


@each
@modes
def test_input_and_parameters_are_left_as_they_are(layer, mode):
    x, own, dy = drawn_case(layer)
    before = [x.copy(), *(parameter.copy() for parameter in own.parameters.values())]
    there_and_back(layer, x, own, dy, mode(5))
    assert identical(before, [x, *own.parameters.values()])


@each
def test_a_pass_in_evaluation_leaves_the_buffers_alone(layer):
    x, own, dy = drawn_case(layer)
    before = [buffer.copy() for buffer in own.buffers.values()]
    there_and_back(layer, x, own, dy, evaluation(5))
    assert identical(before, own.buffers.values())


@each
def test_large_batches_follow_the_same_equation(layer):
    """More than a block of numbers: the arrays come from the workspace, the values stay the same."""
    rows = BLOCK // 4 + 100
    x, own, dy = drawn_case(layer, rows)
    whole, dx = there_and_back(layer, x, own, dy, evaluation(rows))
    for part in (slice(0, 100), slice(rows - 100, rows)):
        y, dx_part = there_and_back(layer, x[part], own, dy[part], evaluation(100))
        np.testing.assert_allclose(whole[part], y, rtol=1e-12)
        np.testing.assert_allclose(dx[part], dx_part, rtol=1e-12)


@each
def test_after_the_first_step_the_workspace_does_not_grow(layer):
    """Two steps of the same size leave their results in the same arrays, if they come from the workspace at all."""
    x, own, dy = drawn_case(layer)
    work = Workspace(np.dtype(float))

    def step():
        work.restart(5)
        there_and_back(layer, x, own, dy, ForwardContext(work, train=True, noise=[stream(1, "dropout")]))
        return work.array((5, 9))

    after_first = step()
    assert step() is after_first


# ---- members: a leading axis runs through

with_members = pytest.mark.parametrize(
    "layer",
    [layer for layer in LAYERS if not (layer.traits.noisy or any(each.shared for each in layer.declare(4).values()))],
    ids=label,
)


@with_members
@modes
@pytest.mark.parametrize("count", [1, 3])
def test_members_side_by_side_are_as_each_alone(layer, mode, count):
    x, own, dy = drawn_case(layer, lead=(count,))
    buffers = {name: buffer.copy() for name, buffer in own.buffers.items()}
    y, dx = there_and_back(layer, x, own, dy, mode(5))
    for m in range(count):
        alone = own_of(layer, 4, default_rng(0))
        alone.parameters.update(member_of(own, m).parameters)
        alone.buffers.update({name: buffer[m] for name, buffer in buffers.items()})
        y_alone, dx_alone = there_and_back(layer, x[m], alone, dy[m], mode(5))
        np.testing.assert_allclose(y[m], y_alone, rtol=1e-12)
        np.testing.assert_allclose(dx[m], dx_alone, rtol=1e-10, atol=1e-12)
        together = member_of(own, m)
        for part in ("gradients", "buffers"):
            for name, value in getattr(alone, part).items():
                np.testing.assert_allclose(getattr(together, part)[name], value, rtol=1e-10, atol=1e-12)


def test_members_may_share_the_rows_they_see():
    """x (B, I) without an axis of members: the first layer broadcasts it."""
    layer = Dense(units=3)
    own = own_of(layer, 4, default_rng(0), lead=(2,))
    x, dy = standard_normal(5, 4), standard_normal(2, 5, 3)
    y, _ = there_and_back(layer, x, own, dy, training(5), wanted=False)
    np.testing.assert_allclose(y, x @ own.parameters["weight"] + own.parameters["bias"][:, None])
    np.testing.assert_allclose(own.gradients["weight"], x.T @ dy)
    np.testing.assert_allclose(own.gradients["bias"], dy.sum(axis=1))


@dropouts
def test_members_get_masks_of_their_own(kind):
    x = np.ones((2, 50, 4))
    y, dx = there_and_back(kind(rate=0.5), x, own_of(kind(), 4, default_rng(0)), x, training(50, count=2))
    assert not np.array_equal(y[0], y[1])
    np.testing.assert_array_equal(y, dx)


# ---- dense and PReLU, by their definitions


def test_dense_is_x_w_plus_b():
    layer = Dense(units=3)
    x, own, dy = drawn_case(layer)
    y, dx = there_and_back(layer, x, own, dy, training(5))
    W, b = own.parameters["weight"], own.parameters["bias"]
    np.testing.assert_allclose(
        y, [[sum(x[r, i] * W[i, o] for i in range(4)) + b[o] for o in range(3)] for r in range(5)]
    )
    np.testing.assert_allclose(dx, dy @ W.T)
    np.testing.assert_allclose(own.gradients["weight"], sum(np.outer(x[r], dy[r]) for r in range(5)))
    np.testing.assert_allclose(own.gradients["bias"], dy.sum(axis=0))


@pytest.mark.parametrize("lead", [(), (2,)], ids=str)
def test_ntk_is_dense_with_weights_divided_by_the_root_of_the_inputs(lead):
    ntk, plain = Dense(units=3, parametrization="ntk"), Dense(units=3)
    x, own, dy = drawn_case(ntk, inputs=7, lead=lead)
    other = own_of(plain, 7, default_rng(0), lead=lead)
    other.parameters["weight"][...] = own.parameters["weight"] / np.sqrt(7)
    other.parameters["bias"][...] = own.parameters["bias"]
    found, expected = (there_and_back(*each, dy, training(5)) for each in ((ntk, x, own), (plain, x, other)))
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-12)
    np.testing.assert_allclose(own.gradients["weight"], other.gradients["weight"] / np.sqrt(7), rtol=1e-12)
    np.testing.assert_allclose(own.gradients["bias"], other.gradients["bias"], rtol=1e-12)


@pytest.mark.parametrize("activation", members(Activation), ids=label)
def test_parametric_is_the_activation_at_1_the_identity_at_0_and_on_the_line_between(activation):
    layer = Parametric(activation=activation)
    x, own, _ = drawn_case(layer)
    curve = activation(x)
    for a, expected in ((1.0, curve), (0.0, x), (0.3, 0.3 * curve + 0.7 * x), (-2.0, 3 * x - 2 * curve)):
        own.parameters["slope"][...] = a
        np.testing.assert_allclose(layer(x, own, training(5))[0], expected, rtol=1e-12, atol=1e-13)
    assert layer.declare(4)["slope"].initializer(stream(0, "initialize"), (4,)).tolist() == [1.0] * 4


def test_input_scaling_multiplies_each_input_by_its_factor_and_begins_with_1():
    layer = Scale()
    x, own, dy = drawn_case(layer)
    y, dx = there_and_back(layer, x, own, dy, training(5))
    s = own.parameters["scale"]
    np.testing.assert_allclose(y, [[x[r, i] * s[i] for i in range(4)] for r in range(5)], rtol=1e-14)
    np.testing.assert_allclose(dx, dy * s, rtol=1e-14)
    assert layer.declare(4)["scale"].initializer(stream(0, "initialize"), (4,)).tolist() == [1.0] * 4


@prelus
def test_prelu_is_a_line_with_a_slope_on_each_side(layer):
    x, own, dy = drawn_case(layer)
    y, _ = there_and_back(layer, x, own, dy, training(5))
    a = own.parameters["slope"]
    assert a.shape == ((1,) if layer.shared else (4,))
    np.testing.assert_allclose(y, np.where(x > 0, x, a * x))
    da = (dy * np.where(x > 0, 0, x)).sum(axis=0)
    np.testing.assert_allclose(own.gradients["slope"], [da.sum()] if layer.shared else da)


@prelus
def test_prelu_starts_from_its_slope(layer):
    declaration = layer.declare(4)["slope"]
    np.testing.assert_array_equal(declaration.initializer(stream(0, "initialize"), declaration.shape), layer.slope)


@pytest.mark.parametrize(("pieces", "lead"), [(2, ()), (3, ()), (3, (2,))])
def test_maxout_is_the_largest_piece_and_its_derivative_is_the_winners(pieces, lead):
    """With several members too; the pieces of unit j are the columns j, O + j, 2 O + j …"""
    layer = Maxout(pieces=pieces)
    x, own, dy = drawn_case(layer, inputs=4 * pieces, lead=lead)
    y, dx = there_and_back(layer, x, own, dy, training(5))
    z = x.reshape(*lead, 5, pieces, 4)
    np.testing.assert_array_equal(y, z.max(axis=-2))
    winner = np.arange(pieces)[:, None] == z.argmax(axis=-2)[..., None, :]
    np.testing.assert_array_equal(dx.reshape(z.shape), winner * dy[..., None, :])


def test_of_equal_pieces_the_first_gets_the_derivative():
    layer, x, dy = Maxout(pieces=3), np.tile([[1.0, 0.0, 1.0, 2.0, 0.0, 2.0]], (5, 1)), standard_normal(5, 2)
    _, dx = there_and_back(layer, x, own_of(layer, 6, default_rng(0)), dy, training(5))
    nothing = np.zeros(5)
    np.testing.assert_array_equal(dx, np.stack([dy[:, 0], nothing, nothing, dy[:, 1], nothing, nothing], axis=1))


def test_maxout_of_a_line_and_its_opposite_is_the_absolute_value():
    x, layer = standard_normal(5, 4), Maxout()
    y, _ = layer(np.concatenate([x, -x], axis=1), own_of(layer, 8, default_rng(0)), training(5))
    np.testing.assert_array_equal(y, np.abs(x))


@each
def test_a_layer_asks_for_the_inputs_that_give_the_outputs_it_has(layer):
    if not isinstance(layer, Dense | Shared | Residual):  # which give their units, whatever they take
        assert [layer.outputs(layer.inputs(width)) for width in (1, 2, 7)] == [1, 2, 7]


# ---- norms


def started(layer, inputs, dtype=np.float64):
    """Parameters as a norm starts: γ = 1, β = 0."""
    own = own_of(layer, inputs, default_rng(0), dtype=dtype)
    own.parameters["scale"][...], own.parameters["shift"][...] = 1, 0
    return own


def normalized_axis(layer):
    return 0 if isinstance(layer, BatchNorm) else 1


@norms
def test_a_norm_gives_mean_shift_and_deviation_scale(layer):
    x = 5 + 3 * standard_normal(50, 40)
    own, axis = started(layer, 40), normalized_axis(layer)
    y, _ = layer(x, own, training(50))
    np.testing.assert_allclose(y.mean(axis=axis), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=axis), x.var(axis=axis) / (x.var(axis=axis) + layer.epsilon), rtol=1e-10)
    own.parameters["scale"][...], own.parameters["shift"][...] = standard_normal(2, 40)
    again, _ = layer(x, own, training(50))
    np.testing.assert_allclose(again, own.parameters["scale"] * y + own.parameters["shift"], rtol=1e-10, atol=1e-12)


@norms
def test_a_norm_in_float32_survives_a_large_mean(layer):
    """Two passes: in one pass the variance of float32 numbers around a million would be lost."""
    x = (1e6 + np.tile([-2.0, 2.0], (50, 20)) * np.where(np.arange(50) % 2, 1, -1)[:, None]).astype(np.float32)
    y, _ = layer(x, started(layer, 40, np.float32), training(50, np.float32))
    np.testing.assert_allclose(y, np.sign(x - 1e6), rtol=1e-3)


@norms
def test_a_constant_input_is_normalized_to_the_shift(layer):
    x, own = np.full((6, 4), 3.0), started(layer, 4)
    own.parameters["shift"][...] = 7
    y, dx = there_and_back(layer, x, own, standard_normal(6, 4), training(6))
    np.testing.assert_array_equal(y, 7)
    assert np.isfinite(dx).all()


@pytest.mark.parametrize("momentum", [0.1, 0.5])
def test_running_statistics_move_towards_the_batch_by_the_momentum(momentum):
    layer = BatchNorm(running_momentum=momentum)
    own = started(layer, 4)
    mean, variance = np.zeros(4), np.ones(4)
    for seed in range(5):
        x = 2 + 3 * standard_normal(8, 4, seed=seed)
        layer(x, own, training(8))
        mean = (1 - momentum) * mean + momentum * x.mean(axis=0)
        variance = (1 - momentum) * variance + momentum * x.var(axis=0)
        np.testing.assert_allclose(own.buffers["running_mean"], mean, rtol=1e-12)
        np.testing.assert_allclose(own.buffers["running_variance"], variance, rtol=1e-12)


def test_batch_norm_starts_as_the_identity_up_to_epsilon():
    layer, x = BatchNorm(), standard_normal(6, 4)
    np.testing.assert_allclose(layer(x, started(layer, 4), evaluation(6))[0], x / np.sqrt(1 + layer.epsilon))


def test_batch_norm_in_evaluation_uses_the_running_statistics_and_no_other_row():
    layer, own, x = BatchNorm(), None, standard_normal(6, 4)
    own = own_of(layer, 4, default_rng(0))
    own.buffers["running_mean"][...], own.buffers["running_variance"][...] = [1, 2, 3, 4], [4, 3, 2, 1]
    y, _ = layer(x, own, evaluation(6))
    expected = (x - [1, 2, 3, 4]) / np.sqrt(np.array([4, 3, 2, 1]) + layer.epsilon)
    np.testing.assert_allclose(y, own.parameters["scale"] * expected + own.parameters["shift"])
    np.testing.assert_array_equal(layer(x[2:3], own, evaluation(1))[0], y[2:3])


def test_layer_norm_is_the_same_in_training_and_evaluation():
    layer = LayerNorm()
    x, own, _ = drawn_case(layer)
    np.testing.assert_array_equal(layer(x, own, training(5))[0], layer(x, own, evaluation(5))[0])


# ---- dropout

ROWS, UNITS = 400, 250
"""100,000 draws: a share is known to ± 0.005 (three standard deviations of 0.5/√100,000)."""


def noise_of(layer, seed=1):
    """What each number is multiplied by."""
    ones = np.ones((ROWS, UNITS))
    return layer(ones, own_of(layer, UNITS, default_rng(0)), training(ROWS, seed=seed))[0].copy()


@dropouts
@pytest.mark.parametrize("rate", [0.0, 0.3])
def test_dropout_is_the_identity_in_evaluation(kind, rate):
    x, own, dy = drawn_case(kind(rate=rate))
    assert identical(there_and_back(kind(rate=rate), x, own, dy, evaluation(5)), (x, dy))


@dropouts
def test_a_rate_of_zero_is_the_identity(kind):
    x, own, dy = drawn_case(kind(rate=0.0))
    assert identical(there_and_back(kind(rate=0.0), x, own, dy, training(5)), (x, dy))


@dropouts
def test_the_same_stream_gives_the_same_mask_and_another_stream_another(kind):
    assert identical([noise_of(kind())], [noise_of(kind())])
    assert not identical([noise_of(kind())], [noise_of(kind(), seed=2)])


@dropouts
def test_the_way_back_is_multiplied_by_the_same_noise(kind):
    layer = kind(rate=0.4)
    x, own, dy = drawn_case(layer, ROWS, UNITS)
    y, dx = there_and_back(layer, x, own, dy, training(ROWS))
    np.testing.assert_allclose(dx, dy * noise_of(layer), rtol=1e-12)
    np.testing.assert_allclose(y, x * noise_of(layer), rtol=1e-12)


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5, 0.8])
def test_dropout_zeroes_its_share_and_scales_the_survivors_exactly(rate):
    """p̂, the rate to the nearest 1/65536, is both: what is drawn and what is divided out."""
    noise, p_hat = noise_of(Dropout(rate=rate)), round(rate * 65536) / 65536
    assert set(np.unique(noise)) == {0.0, 1 / (1 - p_hat)}
    assert (noise == 0).mean() == pytest.approx(rate, abs=3 * np.sqrt(rate * (1 - rate) / noise.size))


class EveryShortInteger:
    """A bit stream that gives 0 … 65535, once each, four to a raw integer."""

    given = 0

    def random_raw(self, count):
        first, self.given = self.given, self.given + 4 * count
        return np.arange(first, self.given).astype("<u2").view("<u8").astype(np.uint64)


@pytest.mark.parametrize("rate", [1 / 65536, 0.3, 0.5, 0.9])
def test_of_all_short_integers_exactly_the_share_is_zeroed(rate):
    layer, x = Dropout(rate=rate), np.ones((256, 256))
    run = ForwardContext(training(256).work, train=True, noise=[EveryShortInteger()])
    y = layer(x, own_of(layer, 256, default_rng(0)), run)[0]
    assert (y == 0).sum() == round(rate * 65536)
    assert y.mean() == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("rate", [1e-9, 1 - 1e-9])
def test_an_extreme_rate_stays_finite(rate):
    noise = noise_of(Dropout(rate=rate))
    assert set(np.unique(noise)) <= {0.0, 1.0, 65536.0}


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_gaussian_dropout_has_mean_one_and_variance_p_over_one_minus_p(rate):
    noise, variance = noise_of(GaussianDropout(rate=rate)), rate / (1 - rate)
    assert noise.mean() == pytest.approx(1, abs=4 * np.sqrt(variance / noise.size))
    assert noise.var() == pytest.approx(variance, rel=4 * np.sqrt(2 / noise.size))


@pytest.mark.parametrize("rate", [0.1, 0.8])
def test_gaussian_dropout_scales_one_and_the_same_noise(rate):
    """n = 1 + √(p / (1 − p)) z with z of the stream, whatever p."""
    z = noise_of(GaussianDropout(rate=0.5)) - 1
    np.testing.assert_allclose(noise_of(GaussianDropout(rate=rate)), 1 + np.sqrt(rate / (1 - rate)) * z, rtol=1e-11)


@dropouts
def test_masks_are_independent_per_unit_and_per_row(kind):
    """No two rows and no two units share their noise: correlations are those of independent draws."""
    noise = noise_of(kind(rate=0.5)) - 1
    for values in (noise, noise.T):
        correlation = np.corrcoef(values)
        np.fill_diagonal(correlation, 0)
        assert np.abs(correlation).max() < 6 / np.sqrt(values.shape[1])


@dropouts
def test_a_schedule_sets_the_rate_of_the_step(kind):
    layer, x = kind(rate=0.5), np.ones((ROWS, UNITS))
    run = training(ROWS)
    scheduled = ForwardContext(run.work, train=True, noise=run.noise, rate=lambda rate: 0.5 * rate)
    y = layer(x, own_of(layer, UNITS, default_rng(0)), scheduled)[0]
    np.testing.assert_array_equal(y, noise_of(kind(rate=0.25)))


@dropouts
@dtypes
def test_the_expected_value_is_kept(kind, dtype):
    layer, x = kind(rate=0.3), np.full((ROWS, UNITS), 2, dtype)
    y = layer(x, own_of(layer, UNITS, default_rng(0), dtype=dtype), training(ROWS, dtype))[0]
    assert y.mean(dtype=float) == pytest.approx(2, rel=0.01)


def test_blocks_change_nothing_in_a_mask():
    """More than a block of numbers, drawn and dropped block by block, or at once."""
    rows = BLOCK // 8 + 1
    x, layer = standard_normal(rows, 16), Dropout(rate=0.4)
    y = partial(layer, x, own_of(layer, 16, default_rng(0)))(training(rows))[0]
    kept = y != 0
    np.testing.assert_array_equal(y[kept], x[kept] * (1 / (1 - round(0.4 * 65536) / 65536)))
    assert kept.mean() == pytest.approx(0.6, abs=3 * np.sqrt(0.24 / x.size))


@dropouts
def test_members_that_share_rows_get_masks_of_their_own(kind):
    """x (B, I) becomes (M, B, I): of each member what it would be alone; dx is the sum over them."""
    layer, x = kind(rate=0.4), standard_normal(30, 4)
    own = own_of(layer, 4, default_rng(0))
    y, dx = there_and_back(layer, x, own, np.ones((3, 30, 4)), training(30, count=3))
    alone = [there_and_back(layer, x, own, np.ones((30, 4)), training(30, seed=1 + m)) for m in range(3)]
    assert all(np.array_equal(y[m], alone[m][0]) for m in range(3))
    np.testing.assert_allclose(dx, sum(dx_alone for _, dx_alone in alone), rtol=1e-12)
    assert there_and_back(layer, x, own, np.ones((30, 4)), evaluation(30))[0] is x
