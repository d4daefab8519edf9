"""The laws of initialisers, over the union."""

from math import sqrt
from typing import get_args, get_type_hints

import numpy as np
import pytest

from mlptrain.engine.activations import Family
from mlptrain.engine.initializers import (
    Auto,
    BiasInitializer,
    Constant,
    Initializer,
    Normal,
    Ones,
    Orthogonal,
    ThroughRows,
    Uniform,
    UnitVariance,
    VarianceScaling,
    Zeros,
    compute_fans,
)
from mlptrain.engine.parameters import Declaration, Parameters
from mlptrain.randomness import stream
from tests.support.drawing import DTYPES, identical, label

SHAPE = (500, 12, 20)
"""Of 500 members, so that a sample is large while each matrix is small."""
SIZE = 500 * 12 * 20
VARIANCES = {
    "glorot_uniform": 2 / 32,
    "glorot_normal": 2 / 32,
    "he_uniform": 2 / 12,
    "he_normal": 2 / 12,
    "lecun_uniform": 1 / 12,
    "lecun_normal": 1 / 12,
}
"""By the definitions: glorot 2 / (fan_in + fan_out), he 2 / fan_in, lecun 1 / fan_in."""

SCALED = [VarianceScaling(name=name) for name in get_args(get_type_hints(VarianceScaling)["name"])]
OF_VALUES = [
    Uniform(),
    Uniform(minimum=-1.0, maximum=3.0),
    Normal(),
    Normal(mean=2.0, standard_deviation=0.5),
    UnitVariance(),
]
FLAT = [Constant(), Constant(value=0.3), Zeros(), Ones(), ThroughRows()]
ALL = [*SCALED, Orthogonal(), Orthogonal(gain=2.0), *OF_VALUES, *FLAT]
each = pytest.mark.parametrize("initializer", ALL, ids=label)


def values(initializer, shape=SHAPE, seed=1):
    return initializer(stream(seed, "initialize", 0), shape)


def moments(initializer):
    """(mean, variance) by the definition."""
    match initializer:
        case VarianceScaling(name=name):
            return 0.0, VARIANCES[name]
        case Orthogonal(gain=gain):
            return 0.0, gain**2 / 20
        case Uniform(minimum=a, maximum=b):
            return (a + b) / 2, (b - a) ** 2 / 12
        case Normal(mean=mean, standard_deviation=deviation):
            return mean, deviation**2
        case Constant(value=value):
            return value, 0.0
        case UnitVariance():
            return 0.0, 1.0
        case Zeros() | ThroughRows():
            return 0.0, 0.0
        case Ones():
            return 1.0, 0.0


def test_every_initialiser_is_among_those_tested():
    assert {type(initializer) for initializer in ALL} == {*get_args(Initializer), *get_args(BiasInitializer)}


@each
@pytest.mark.parametrize("seed", [1, 2])
def test_mean_and_variance_are_those_of_the_definition(initializer, seed):
    """Within four standard errors; no distribution here has a fourth moment above the normal's, 3 v²."""
    drawn, (mean, variance) = values(initializer, seed=seed), moments(initializer)
    assert drawn.mean() == pytest.approx(mean, abs=4 * sqrt(variance / SIZE) + 1e-15)
    assert drawn.var() == pytest.approx(variance, abs=4 * variance * sqrt(2 / SIZE) + 1e-30)


@each
def test_the_same_seed_gives_the_same_values(initializer):
    assert identical([values(initializer)], [values(initializer)])


@pytest.mark.parametrize("initializer", [*SCALED, Orthogonal(), *OF_VALUES], ids=label)
def test_another_seed_gives_other_values(initializer):
    assert not np.isin(values(initializer, (20, 30), 1), values(initializer, (20, 30), 2)).any()


@each
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (3, 4), (2, 3, 4)], ids=str)
def test_shapes_are_kept_and_values_finite(initializer, shape):
    drawn = values(initializer, shape)
    assert (drawn.shape, drawn.dtype) == (shape, np.float64)
    assert np.isfinite(drawn).all()


@pytest.mark.parametrize("initializer", [i for i in ALL if isinstance(i, get_args(BiasInitializer))], ids=label)
def test_initialisers_of_biases_take_vectors(initializer):
    assert values(initializer, (7,)).shape == (7,)


@each
def test_float32_is_float64_rounded(initializer):
    """Drawn once in float64: a network of either type starts from the same numbers."""
    thetas = []
    for dtype in DTYPES:
        parameters = Parameters({"p": Declaration(shape=(9, 7), kind="weight", initializer=initializer)}, dtype)
        parameters.initialize(3)
        thetas.append(parameters.theta)
    assert identical([thetas[0]], [thetas[1].astype(np.float32)])


# ---- distributions


@pytest.mark.parametrize("initializer", [i for i in SCALED if i.name.endswith("normal")], ids=label)
def test_a_scaled_normal_is_truncated_at_two_of_its_own_deviations(initializer):
    """The bound is 2 / 0.8796 times the deviation asked for, and values come close to it on either side."""
    drawn, bound = values(initializer), 2 * sqrt(VARIANCES[initializer.name]) / 0.8796256610342398
    assert np.abs(drawn).max() <= bound
    assert drawn.max() > 0.99 * bound
    assert drawn.min() < -0.99 * bound


@pytest.mark.parametrize("initializer", [i for i in SCALED if i.name.endswith("uniform")], ids=label)
def test_a_scaled_uniform_fills_its_interval_evenly(initializer):
    drawn, bound = values(initializer), sqrt(3 * VARIANCES[initializer.name])
    counts, _ = np.histogram(drawn, bins=20, range=(-bound, bound))
    assert counts.sum() == SIZE
    assert np.abs(counts - SIZE / 20).max() < 5 * sqrt(SIZE / 20)


def test_a_uniform_stays_between_its_bounds():
    drawn = values(Uniform(minimum=-1.0, maximum=3.0))
    assert -1 <= drawn.min() < -0.999
    assert 2.999 < drawn.max() < 3


def test_the_constant_of_truncation_is_the_deviation_of_a_normal_cut_at_two():
    z = np.linspace(-2, 2, 400_001)
    density = np.exp(-z * z / 2)
    assert VarianceScaling.truncation == pytest.approx(sqrt((z * z * density).sum() / density.sum()), rel=1e-5)


def test_a_normal_is_a_standard_one_scaled_and_shifted():
    standard = values(Normal(mean=0.0, standard_deviation=1.0))
    np.testing.assert_allclose(values(Normal(mean=2.0, standard_deviation=0.5)), 2 + 0.5 * standard, rtol=1e-12)


@pytest.mark.parametrize("shape", [(6, 6), (9, 4), (4, 9), (1, 5), (5, 1), (3, 9, 4), (3, 4, 9)], ids=str)
@pytest.mark.parametrize("gain", [1.0, 2.5])
def test_an_orthogonal_matrix_keeps_lengths(shape, gain):
    """QᵀQ = gain² I of the smaller side, for each member."""
    Q = values(Orthogonal(gain=gain), shape)
    Q = Q if shape[-2] >= shape[-1] else np.swapaxes(Q, -1, -2)
    small = min(shape[-2:])
    expected = np.broadcast_to(gain**2 * np.eye(small), (*shape[:-2], small, small))
    np.testing.assert_allclose(np.swapaxes(Q, -1, -2) @ Q, expected, atol=1e-12)


def test_orthogonal_matrices_are_drawn_evenly():
    """The signs are free: every entry has mean 0 (Mezzadri, 2007); without the signs of R it would not."""
    Q = values(Orthogonal(), (4000, 3, 3))
    np.testing.assert_allclose(Q.mean(axis=0), 0, atol=5 * sqrt(1 / 3 / 4000))


@pytest.mark.parametrize(("shape", "expected"), [((3, 5), (3, 5)), ((2, 3, 5), (3, 5)), ((4,), (4, 4))], ids=str)
def test_fans_are_the_last_two_sides(shape, expected):
    assert compute_fans(shape) == expected


def test_members_do_not_change_the_variance():
    initializer = VarianceScaling(name="he_uniform")
    assert initializer.variance(SHAPE) == initializer.variance(SHAPE[1:]) == 2 / 12


# ---- the automatic choice


@pytest.mark.parametrize("family", get_args(Family))
def test_auto_chooses_a_member_of_the_family(family):
    chosen = Auto().for_family(family)
    assert chosen in SCALED
    assert chosen.name.startswith(family)


def test_auto_is_he_before_relu_lecun_before_selu_and_glorot_elsewhere():
    assert {family: Auto().for_family(family).name for family in get_args(Family)} == {
        "he": "he_uniform",
        "lecun": "lecun_normal",
        "glorot": "glorot_uniform",
    }
