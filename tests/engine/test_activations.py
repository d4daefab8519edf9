"""The laws of activations, over the union."""

from functools import cache
from typing import Any, get_args

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from mlptrain.engine.activations import (
    ELU,
    GELU,
    SELU,
    Activation,
    Family,
    HardSigmoid,
    HardTanh,
    LeakyReLU,
    Linear,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Softsign,
    Tanh,
)
from mlptrain.engine.arrays import BLOCK, apply_blockwise
from tests.support.drawing import DTYPES, H, identical, label, members, standard_normal

ALL = [*members(Activation), LeakyReLU(slope=0.3), ELU(alpha=0.5)]
each = pytest.mark.parametrize("activation", ALL, ids=label)
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)
KINKS = np.array([-3.0, -1.0, 0.0, 1.0, 3.0])


def away_from_kinks(z):
    return z[np.abs(z[:, None] - KINKS).min(axis=1) > 1e-3]


def value_and_vjp(activation, z):
    y = activation(z)
    return y, activation.vjp(np.ones_like(z), z, y)


@each
def test_bounds_are_the_limits_on_both_sides_and_where_there_are_none_it_grows(activation):
    low, high = activation(np.array([-1e4, 1e4]))
    if activation.bounds is None:
        assert max(abs(low), abs(high)) > 50
    else:
        np.testing.assert_allclose([low, high], activation.bounds, atol=2e-4)


@each
def test_vjp_is_the_derivative(activation):
    z = away_from_kinks(np.concatenate([np.linspace(-12, 12, 1001), standard_normal(200)]))
    dy = standard_normal(z.size, seed=1)
    numeric = dy * (activation(z + H) - activation(z - H)) / (2 * H)
    np.testing.assert_allclose(activation.vjp(dy, z, activation(z)), numeric, rtol=1e-6, atol=1e-9)


@each
@pytest.mark.parametrize("kink", KINKS)
def test_at_a_kink_the_derivative_lies_between_those_of_the_two_sides(activation, kink):
    z = np.array([kink])
    right = (activation(z + H) - activation(z)) / H
    left = (activation(z) - activation(z - H)) / H
    derivative = value_and_vjp(activation, z)[1]
    assert min(left, right) - 1e-4 <= derivative <= max(left, right) + 1e-4


@each
@dtypes
@pytest.mark.parametrize("shape", [(5,), (0, 3), (3, 4), (2, 3, 4)], ids=str)
def test_dtype_and_shape_are_kept(activation, dtype, shape):
    for result in value_and_vjp(activation, standard_normal(*shape, dtype=dtype)):
        assert result.dtype == dtype
        assert result.shape == shape


@each
@dtypes
def test_inputs_are_left_as_they_are(activation, dtype):
    z, dy = standard_normal(40, dtype=dtype), standard_normal(40, seed=1, dtype=dtype)
    y = activation(z)
    before = [a.copy() for a in (dy, z, y)]
    activation.vjp(dy, z, y)
    activation(z)
    assert identical(before, (dy, z, y))


@each
@dtypes
def test_value_and_derivative_are_finite_up_to_ten_thousand(activation, dtype):
    z = np.concatenate([np.linspace(-1e4, 1e4, 4001), np.geomspace(1e-45, 1e4, 500), -np.geomspace(1e-45, 1e4, 500)])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y, derivative = value_and_vjp(activation, z.astype(dtype))
    assert np.isfinite(y).all()
    assert np.isfinite(derivative).all()


@each
@dtypes
def test_blocks_change_nothing(activation, dtype):
    z = 4 * standard_normal(2 * BLOCK + 12_345, dtype=dtype)
    dy, y = standard_normal(z.size, seed=1, dtype=dtype), activation(z)
    in_blocks = apply_blockwise(activation, lambda: np.empty_like(z), z)
    back_in_blocks = apply_blockwise(activation.vjp, lambda: np.empty_like(z), dy, z, y)
    assert identical([in_blocks, back_in_blocks], [y, activation.vjp(dy, z, y)])


def test_every_family_of_initialisers_is_one_that_exists():
    assert {activation.family for activation in ALL} == set(get_args(Family))


# ---- against mpmath, on a grid of 0, ±1e-30 … ±1e4

SELU_SCALE, SELU_ALPHA = mpf("1.0507009873554804934"), mpf("1.6732632423543772848")
EXACT: dict[Any, Any] = {
    Linear: lambda a, z: z,
    Sigmoid: lambda a, z: 1 / (1 + mpmath.exp(-z)),
    Tanh: lambda a, z: mpmath.tanh(z),
    ReLU: lambda a, z: max(z, mpf(0)),
    LeakyReLU: lambda a, z: z if z > 0 else mpf(a.slope) * z,
    ELU: lambda a, z: z if z > 0 else mpf(a.alpha) * mpmath.expm1(z),
    SELU: lambda a, z: SELU_SCALE * (z if z > 0 else SELU_ALPHA * mpmath.expm1(z)),
    GELU: lambda a, z: z / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (z + mpf("0.044715") * z**3))),
    SiLU: lambda a, z: z / (1 + mpmath.exp(-z)),
    Mish: lambda a, z: z * mpmath.tanh(mpmath.log1p(mpmath.exp(z))),
    Softplus: lambda a, z: mpmath.log1p(mpmath.exp(z)),
    Softsign: lambda a, z: z / (1 + abs(z)),
    HardSigmoid: lambda a, z: min(max(z / 6 + mpf(1) / 2, mpf(0)), mpf(1)),
    HardTanh: lambda a, z: min(max(z, mpf(-1)), mpf(1)),
}
SMALLEST_RELATIVE = {GELU: 1e-4, SiLU: 1e-35}
"""Values below which the error is held absolutely: eᵘ of a rounded u ≫ 1 cannot keep all its digits (GELU); where e⁻ᶻ
is too large for a float32, the result is 0 in place of some 1e-37 (SiLU)."""


def grid():
    """Numbers of float32, so that both types see the same."""
    steps = [digit * 10.0**power for power in range(-30, 4) for digit in (1, 2.5, 5)]
    positive = np.concatenate([steps, [1e4], np.arange(0.37, 20, 0.37)])
    return np.concatenate([[0], positive, -positive]).astype(np.float32)


def outside(z):
    """Where the derivative exists and a difference quotient can be trusted."""
    return z[(np.abs(z) > 1e-12) & ~np.isin(np.abs(z), [1, 3])]


@cache
def exact_values(activation):
    with mpmath.workdps(50):
        return [EXACT[type(activation)](activation, mpf(float(z))) for z in grid()]


@cache
def exact_derivatives(activation):
    with mpmath.workdps(50):
        return [
            mpmath.diff(lambda x: EXACT[type(activation)](activation, x), mpf(float(z)), h=mpf(10) ** -20)
            for z in outside(grid())
        ]


def worst_error(found, exact, floor):
    """The largest error relative to the exact number, or to `floor` where the number is smaller."""
    with mpmath.workdps(50):
        return max(float(abs(mpf(float(f)) - e) / max(abs(e), floor)) for f, e in zip(found, exact, strict=True))


@each
@dtypes
def test_values_agree_with_mpmath(activation, dtype):
    floor = SMALLEST_RELATIVE.get(type(activation), 100 * float(np.finfo(dtype).tiny))
    tolerance = 1e-6 if dtype == np.float32 else 2e-14
    assert worst_error(activation(grid().astype(dtype)), exact_values(activation), floor) <= tolerance


@each
@dtypes
def test_derivatives_agree_with_mpmath(activation, dtype):
    derivative = value_and_vjp(activation, outside(grid()).astype(dtype))[1]
    tolerance = 2e-6 if dtype == np.float32 else 2e-14
    assert worst_error(derivative, exact_derivatives(activation), 1.0) <= tolerance
