"""The laws of optimizers, over the union of those that are formulas."""

from dataclasses import replace
from functools import partial
from itertools import pairwise
from math import copysign, sqrt
from typing import get_args

import numpy as np
import pytest

from mlptrain.engine import arrays, elementwise
from mlptrain.engine.first_order import NO_DECAY, LearningRateFactors, WeightDecayFactors, group_parameters_by_factors
from mlptrain.engine.initializers import Zeros
from mlptrain.engine.lbfgs import LBFGS
from mlptrain.engine.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Elementwise,
    Lion,
    Momentum,
    NAdam,
    Nesterov,
    Optimizer,
    RAdam,
    RMSprop,
)
from mlptrain.engine.parameters import Declaration, Kind, Parameters
from tests.support.drawing import DTYPES, identical, label, members, standard_normal

ALL = members(Elementwise)
VARIANTS = [
    *ALL,
    Momentum(momentum=0.5),
    Nesterov(momentum=0.5),
    Adam(beta_1=0.0, beta_2=0.5),
    RAdam(beta_2=0.9),
    Adadelta(weight_decay=0.1),
    NAdam(beta_1=0.5, weight_decay=0.1),
]
each = pytest.mark.parametrize("optimizer", ALL, ids=label)
every_variant = pytest.mark.parametrize("optimizer", VARIANTS, ids=label)
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)
FLOAT = np.dtype(float)


def parameters_of(weights, biases=0, dtype=FLOAT, seed=0):
    """One weight and one bias parameter, drawn; weights come first in θ."""
    sizes = {"a.bias": (biases, "bias"), "a.weight": (weights, "weight")}
    declarations = {
        name: Declaration(shape=(size,), kind=kind, initializer=Zeros()) for name, (size, kind) in sizes.items()
    }
    parameters = Parameters(declarations, dtype)
    parameters.theta[...] = standard_normal(weights + biases, seed=seed, dtype=dtype)
    return parameters


def gradients(steps, size, dtype=FLOAT):
    """Drawn gradients of different sizes, one a step."""
    return standard_normal(steps, size, seed=5, dtype=dtype) * np.geomspace(1e-3, 10, size, dtype=dtype)


def run(optimizer, parameters, slots, given, *, lr=0.01, first=1):
    """Steps first, first + 1 …, one for each given gradient, at a learning rate that changes."""
    for t, g in enumerate(given, first):
        parameters.gradient[...] = g
        optimizer.step(parameters, slots, lr=lr * (1 + 0.1 * t), t=t)


def trained(optimizer, steps=20, size=8, dtype=FLOAT, **kinds):
    """(θ, slots) after some steps."""
    parameters = parameters_of(**kinds or {"weights": size}, dtype=dtype)
    slots = optimizer.init(parameters.theta.size, dtype)
    run(optimizer, parameters, slots, gradients(steps, parameters.theta.size, dtype))
    return parameters.theta, slots


# ---- the formulas, once more, number by number


def sgd(o, s, g, lr, t):
    return lr * g


def momentum(o, s, g, lr, t):
    s["v"] = o.momentum * s.get("v", 0) + g
    return lr * s["v"]


def nesterov(o, s, g, lr, t):
    s["v"] = o.momentum * s.get("v", 0) + g
    return lr * (g + o.momentum * s["v"])


def adagrad(o, s, g, lr, t):
    s["sum"] = s.get("sum", 0) + g**2
    return lr * g / (sqrt(s["sum"]) + o.epsilon)


def rmsprop(o, s, g, lr, t):
    s["mean"] = o.rho * s.get("mean", 0) + (1 - o.rho) * g**2
    return lr * g / (sqrt(s["mean"]) + o.epsilon)


def adadelta(o, s, g, lr, t):
    s["g2"] = o.rho * s.get("g2", 0) + (1 - o.rho) * g**2
    change = sqrt(s.get("x2", 0) + o.epsilon) / sqrt(s["g2"] + o.epsilon) * g
    s["x2"] = o.rho * s.get("x2", 0) + (1 - o.rho) * change**2
    return lr * change


def moments(o, s, g, t):
    """m, and m̂ and v̂ with their bias corrected."""
    s["m"] = o.beta_1 * s.get("m", 0) + (1 - o.beta_1) * g
    s["v"] = o.beta_2 * s.get("v", 0) + (1 - o.beta_2) * g**2
    return s["m"], s["m"] / (1 - o.beta_1**t), s["v"] / (1 - o.beta_2**t)


def adam(o, s, g, lr, t):
    _, m_hat, v_hat = moments(o, s, g, t)
    return lr * m_hat / (sqrt(v_hat) + o.epsilon)


def adamax(o, s, g, lr, t):
    s["m"] = o.beta_1 * s.get("m", 0) + (1 - o.beta_1) * g
    s["n"] = max(o.beta_2 * s.get("n", 0), abs(g) + o.epsilon)
    return lr / (1 - o.beta_1**t) * s["m"] / s["n"]


def nadam(o, s, g, lr, t):
    m, _, v_hat = moments(o, s, g, t)
    mu = o.beta_1 * (1 - 0.5 * 0.96 ** (0.004 * t))
    mu_next = o.beta_1 * (1 - 0.5 * 0.96 ** (0.004 * (t + 1)))
    s["product"] = s.get("product", 1) * mu
    nesterov_m = (1 - mu) * g / (1 - s["product"]) + mu_next * m / (1 - s["product"] * mu_next)
    return lr * nesterov_m / (sqrt(v_hat) + o.epsilon)


def radam(o, s, g, lr, t):
    _, m_hat, v_hat = moments(o, s, g, t)
    limit = 2 / (1 - o.beta_2) - 1
    rho = limit - 2 * t * o.beta_2**t / (1 - o.beta_2**t)
    if rho <= 5:
        return lr * m_hat
    r = sqrt((rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho))
    return lr * r * m_hat / (sqrt(v_hat) + o.epsilon)


def lion(o, s, g, lr, t):
    c = o.beta_1 * s.get("m", 0) + (1 - o.beta_1) * g
    s["m"] = o.beta_2 * s.get("m", 0) + (1 - o.beta_2) * g
    return lr * copysign(1, c)


TEXTBOOK = {
    SGD: sgd,
    Momentum: momentum,
    Nesterov: nesterov,
    Adagrad: adagrad,
    RMSprop: rmsprop,
    Adadelta: adadelta,
    Adam: adam,
    AdamW: adam,
    Adamax: adamax,
    NAdam: nadam,
    RAdam: radam,
    Lion: lion,
}


@every_variant
def test_twenty_steps_are_those_of_the_textbook(optimizer):
    theta, _ = trained(optimizer, weights=5, biases=3)
    expected = []
    for i, (start, column) in enumerate(zip(parameters_of(5, 3).theta, gradients(20, 8).T, strict=True)):
        value, state, decay = float(start), {}, optimizer.weight_decay if i < 5 else 0.0
        for t, g in enumerate(map(float, column), 1):
            lr = 0.01 * (1 + 0.1 * t)
            value = value - lr * decay * value - TEXTBOOK[type(optimizer)](optimizer, state, g, lr, t)
        expected.append(value)
    np.testing.assert_allclose(theta, expected, rtol=1e-11, atol=1e-14)


# ---- convergence

LEARNING_RATES = {SGD: 0.1, Momentum: 0.05, Nesterov: 0.05, Adagrad: 0.5, Adadelta: 10.0}


@every_variant
@dtypes
def test_the_minimum_of_a_parabola_is_reached(optimizer, dtype):
    """f = ½ Σ kᵢ (θᵢ − cᵢ)², curvatures 1 … 10, a learning rate that falls to 0; no decay, for it moves the minimum."""
    optimizer = replace(optimizer, weight_decay=0.0)
    parameters = parameters_of(6, dtype=dtype)
    slots = optimizer.init(6, dtype)
    k, c = np.geomspace(1, 10, 6, dtype=dtype), np.linspace(-1, 1, 6, dtype=dtype)
    base, steps = LEARNING_RATES.get(type(optimizer), 0.05), 1500
    for t in range(1, steps + 1):
        parameters.gradient[...] = k * (parameters.theta - c)
        optimizer.step(parameters, slots, lr=base * (1 - (t - 1) / steps), t=t)
    np.testing.assert_allclose(parameters.theta, c, atol=1e-3)


@each
def test_the_first_step_goes_downhill(optimizer):
    parameters = parameters_of(6)
    start, g = parameters.theta.copy(), gradients(1, 6)
    run(replace(optimizer, weight_decay=0.0), parameters, optimizer.init(6, FLOAT), g)
    assert (np.sign(start - parameters.theta) == np.sign(g[0])).all()


@each
@dtypes
def test_without_a_gradient_nothing_moves(optimizer, dtype):
    parameters = parameters_of(6, dtype=dtype)
    start, slots = parameters.theta.copy(), optimizer.init(6, dtype)
    run(replace(optimizer, weight_decay=0.0), parameters, slots, np.zeros((3, 6)))
    assert identical([parameters.theta], [start])


# ---- elementwise: in blocks, permuted, alone


@each
@dtypes
@pytest.mark.parametrize("block", [1, 7, 1000])
def test_blocks_change_nothing(optimizer, dtype, block, monkeypatch):
    whole = trained(optimizer, size=None, dtype=dtype, weights=50, biases=23)
    monkeypatch.setattr(elementwise, "slice_range_into_blocks", partial(arrays.slice_range_into_blocks, block=block))
    theta, slots = trained(optimizer, size=None, dtype=dtype, weights=50, biases=23)
    assert identical([theta, *slots.values()], [whole[0], *whole[1].values()])


def numbers(optimizer, size=40, dtype=FLOAT):
    """g, the slots after some steps, and the scalars, as `update` takes them."""
    _, slots = trained(optimizer, 5, size, dtype)
    scalars = [dtype.type(value) for value in optimizer.scalars(0.01, 6)]
    return [gradients(1, size, dtype)[0], *slots.values()], scalars


@each
@dtypes
def test_permuted_entries_give_permuted_results(optimizer, dtype):
    given, scalars = numbers(optimizer, dtype=dtype)
    order = np.random.default_rng(0).permutation(40)
    expected = [result[order] for result in optimizer.update(*given, *scalars)]
    assert identical(optimizer.update(*(array[order] for array in given), *scalars), expected)


@each
@dtypes
def test_a_number_alone_gives_what_it_gives_in_an_array(optimizer, dtype):
    """The same function is right for scalars: a compiler may run it number by number, with the same bits."""
    given, scalars = numbers(optimizer, dtype=dtype)
    together = optimizer.update(*given, *scalars)
    for i in range(40):
        alone = optimizer.update(*(array[i] for array in given), *scalars)
        assert identical(alone, [result[i] for result in together])


@each
@dtypes
def test_a_step_is_the_update_in_numbers_of_thetas_own_type(optimizer, dtype):
    """θ − u and the new slots, bit for bit; decay off."""
    optimizer = replace(optimizer, weight_decay=0.0)
    (g, *slots), scalars = numbers(optimizer, dtype=dtype)
    parameters = parameters_of(40, dtype=dtype)
    u, *expected = optimizer.update(g, *slots, *scalars)
    expected = [parameters.theta - u, *expected]
    parameters.gradient[...] = g
    kept = dict(zip(optimizer.slots, slots, strict=True))
    optimizer.step(parameters, kept, lr=0.01, t=6)
    assert identical([parameters.theta, *kept.values()], expected)


@each
def test_update_leaves_its_inputs_as_they_are(optimizer):
    given, scalars = numbers(optimizer)
    before = [array.copy() for array in given]
    optimizer.update(*given, *scalars)
    assert identical(given, before)


@each
@dtypes
def test_theta_and_slots_keep_their_type(optimizer, dtype):
    theta, slots = trained(optimizer, dtype=dtype)
    assert {array.dtype for array in (theta, *slots.values())} == {dtype}
    assert tuple(slots) == optimizer.slots


# ---- state


@each
def test_the_slots_are_the_whole_state(optimizer, tmp_path):
    """Stopped, written to a file, read back and continued: the same bits as without a stop."""
    given = gradients(10, 8)
    straight = parameters_of(8)
    straight_slots = optimizer.init(8, FLOAT)
    run(optimizer, straight, straight_slots, given)
    stopped = parameters_of(8)
    slots = optimizer.init(8, FLOAT)
    run(optimizer, stopped, slots, given[:4])
    np.savez(tmp_path / "state.npz", theta=stopped.theta, **slots)
    resumed = parameters_of(8, seed=9)
    with np.load(tmp_path / "state.npz") as state:
        resumed.theta[...] = state["theta"]
        slots = {name: state[name] for name in optimizer.slots}
    run(optimizer, resumed, slots, given[4:], first=5)
    assert identical([resumed.theta, *slots.values()], [straight.theta, *straight_slots.values()])


@pytest.mark.parametrize("optimizer", members(Optimizer), ids=label)
@dtypes
def test_slots_start_at_zero(optimizer, dtype):
    for slot in optimizer.init(5, dtype).values():
        assert slot.dtype == dtype
        assert slot.shape[-1] == 5
        assert not slot.any()


# ---- weight decay


@each
def test_weight_decay_is_decoupled_and_touches_weights_only(optimizer):
    """One step: θ (1 − lr λ) − u, with the u and the slots that the step without decay has."""
    lr, decay = 0.01, 0.1
    results = {}
    for weight_decay in (0.0, decay):
        parameters = parameters_of(5, 3)
        slots = optimizer.init(8, FLOAT)
        start = parameters.theta.copy()
        parameters.gradient[...] = gradients(1, 8)[0]
        replace(optimizer, weight_decay=weight_decay).step(parameters, slots, lr=lr, t=1)
        results[weight_decay] = parameters.theta, slots
    (plain, plain_slots), (decayed, slots) = results.values()
    np.testing.assert_allclose(decayed[:5], plain[:5] - lr * decay * start[:5], rtol=1e-12, atol=1e-16)
    assert identical([decayed[5:], *slots.values()], [plain[5:], *plain_slots.values()])


@pytest.mark.parametrize("kind", get_args(Kind))
def test_decay_alone_shrinks_weights_and_nothing_else(kind):
    parameters = Parameters({"p": Declaration(shape=(3,), kind=kind, initializer=Zeros())}, FLOAT)
    parameters.theta[...] = 2
    SGD(weight_decay=0.5).step(parameters, {}, lr=0.1, t=1)
    np.testing.assert_allclose(parameters.theta, 2 * 0.95 if kind == "weight" else 2)


def test_a_learning_rate_of_zero_changes_nothing_but_the_slots():
    for optimizer in ALL:
        parameters = parameters_of(5, 3)
        before = parameters.theta.copy()
        parameters.gradient[...] = gradients(1, 8)[0]
        optimizer.step(parameters, optimizer.init(8, FLOAT), lr=0.0, t=1)
        np.testing.assert_array_equal(parameters.theta, before)


# ---- special cases and clipping


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Momentum(momentum=0.0), SGD()),
        (Nesterov(momentum=0.0), SGD()),
        (AdamW(weight_decay=0.0), Adam()),
        (AdamW(weight_decay=0.1), Adam(weight_decay=0.1)),
    ],
    ids=lambda optimizer: label(optimizer),
)
def test_special_cases_coincide(one, other):
    assert identical([trained(one)[0]], [trained(other)[0]])


def test_adamw_decays_unless_told_otherwise_and_no_other_does():
    assert {o.name: o.weight_decay for o in ALL if o.weight_decay} == {"adamw": 0.01}


@each
def test_the_gradient_is_clipped_before_the_step(optimizer):
    given = gradients(5, 8)
    clipped, plain = parameters_of(8), parameters_of(8)
    run(replace(optimizer, clipvalue=0.5), clipped, optimizer.init(8, FLOAT), given)
    run(optimizer, plain, optimizer.init(8, FLOAT), np.clip(given, -0.5, 0.5))
    assert identical([clipped.theta], [plain.theta])


@pytest.mark.parametrize("beta_1", [0.0, 0.5, 0.9, 0.99])
def test_the_momenta_of_nadam_rise_to_beta_1_and_hold(beta_1):
    """Beyond the table of 100,000 steps the scalars no longer change."""
    optimizer = NAdam(beta_1=beta_1)
    ofs = np.array([optimizer.scalars(1.0, t)[:2] for t in (10**4, 10**5 - 1, 10**5, 10**6)])
    assert np.isfinite(ofs).all()
    np.testing.assert_allclose(ofs[1:], np.broadcast_to([1 - beta_1, beta_1], (3, 2)), atol=1e-7)
    assert all(a[1] <= b[1] for a, b in pairwise(ofs))


@pytest.mark.parametrize("optimizer", members(Optimizer), ids=label)
def test_the_name_in_the_spec_is_the_only_one_of_its_kind(optimizer):
    assert [other.name for other in members(Optimizer)].count(optimizer.name) == 1
    assert optimizer.learning_rate > 0
    assert isinstance(optimizer, LBFGS) or type(optimizer) in TEXTBOOK


# ---- factors per kind of parameter

KINDS = get_args(Kind)
RATES = LearningRateFactors(**dict(zip(KINDS, (1.0, 0.5, 0.125, 2.0, 4.0, 0.0, 0.25, 8.0), strict=True)))
DECAYS = WeightDecayFactors(**dict(zip(KINDS, (1.0, 2.0, 0.0, 0.5, 4.0, 1.0, 0.25, 0.125), strict=True)))
"""Powers of two, so that products are the same in whatever order."""


def one_of_each_kind(size=3, seed=0):
    declared = {kind: Declaration(shape=(size,), kind=kind, initializer=Zeros()) for kind in reversed(KINDS)}
    parameters = Parameters(declared, FLOAT)
    parameters.theta[...] = standard_normal(parameters.theta.size, seed=seed)
    return parameters


@every_variant
def test_a_step_with_factors_is_a_step_of_each_kind_with_its_own_rate_and_decay(optimizer):
    with_factors = replace(optimizer, weight_decay=0.25, learning_rate_factors=RATES, weight_decay_factors=DECAYS)
    together = one_of_each_kind()
    given = gradients(6, together.theta.size)
    slots = with_factors.init(together.theta.size, FLOAT)
    start = together.theta.copy()
    run(with_factors, together, slots, given)
    for kind, part in together.slices.items():
        alone = parameters_of(3)
        alone.theta[...] = start[part]
        plain = replace(optimizer, weight_decay=0.25 * getattr(DECAYS, kind))
        own = plain.init(3, FLOAT)
        run(plain, alone, own, given[:, part], lr=0.01 * getattr(RATES, kind))
        np.testing.assert_array_equal(together.theta[part], alone.theta, err_msg=kind)
        for name, slot in own.items():
            np.testing.assert_array_equal(slots[name][part], slot, err_msg=kind)


@each
def test_factors_of_one_are_no_factors(optimizer):
    """And with them weights alone decay."""
    found = []
    for factors in ({}, {"learning_rate_factors": LearningRateFactors(), "weight_decay_factors": WeightDecayFactors()}):
        parameters = one_of_each_kind()
        decaying = replace(optimizer, weight_decay=0.1, **factors)
        slots = decaying.init(parameters.theta.size, FLOAT)
        run(decaying, parameters, slots, gradients(3, parameters.theta.size))
        found.append([parameters.theta, *slots.values()])
    assert identical(*found)
    assert LearningRateFactors() == LearningRateFactors(**dict.fromkeys(KINDS, 1.0))
    assert WeightDecayFactors() == WeightDecayFactors(**(dict.fromkeys(KINDS, 0.0) | {"weight": 1.0}))


@each
def test_a_kind_with_a_factor_of_0_stays_where_it_is(optimizer):
    frozen = replace(optimizer, weight_decay=0.1, learning_rate_factors=LearningRateFactors(embedding=0.0))
    parameters = one_of_each_kind()
    before = {kind: values.copy() for kind, values in parameters.values.items()}
    run(frozen, parameters, frozen.init(parameters.theta.size, FLOAT), gradients(3, parameters.theta.size))
    assert [kind for kind in KINDS if identical([before[kind]], [parameters.values[kind]])] == ["embedding"]


@pytest.mark.parametrize("decays", [False, True])
@pytest.mark.parametrize("of_rate", [LearningRateFactors(), LearningRateFactors(bias=2.0), RATES], ids=label)
@pytest.mark.parametrize("of_decay", [WeightDecayFactors(), WeightDecayFactors(embedding=1.0), DECAYS], ids=label)
def test_the_parts_of_theta_are_all_of_it_and_neighbours_differ(of_rate, of_decay, decays):
    parameters = one_of_each_kind()
    parts = group_parameters_by_factors(parameters.layout, of_rate, of_decay if decays else NO_DECAY)
    assert [i for part, _, _ in parts for i in range(part.start, part.stop)] == list(range(parameters.theta.size))
    assert all(a[1:] != b[1:] for a, b in pairwise(parts))
    for kind, region in parameters.regions.items():
        (found,) = [(f, d) for part, f, d in parts if part.start <= region.start < part.stop]
        assert found == (getattr(of_rate, kind), getattr(of_decay, kind) if decays else 0.0)
