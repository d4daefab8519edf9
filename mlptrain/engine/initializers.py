"""Initialisers: the values a parameter starts from, as a function of its shape and of a bit stream.

Uniform values come from raw bits and are the same on every platform and NumPy release; normal values are not promised
to be. Shapes are (…, fan_in, fan_out), our orientation of W.
"""

from dataclasses import dataclass
from math import prod, sqrt
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Gt
from numpy.random import BitGenerator, Generator
from numpy.typing import NDArray

from mlptrain.engine.activations import Family
from mlptrain.randomness import uniform

Values = NDArray[np.floating[Any]]


def compute_fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(fan_in, fan_out) of a W of `shape`; a vector has a fan of its length both ways."""
    return (shape[-2], shape[-1]) if len(shape) > 1 else (shape[-1], shape[-1])


def draw_truncated_normal(bits: BitGenerator, shape: tuple[int, ...]) -> Values:
    """Standard normal values with those beyond ±2 drawn again."""
    draw, wanted = Generator(bits), prod(shape)
    kept = np.empty(0)
    while kept.size < wanted:
        z = draw.standard_normal(wanted + 16)
        kept = np.concatenate([kept, z[np.abs(z) <= 2]])
    return kept[:wanted].reshape(shape)


class InitialValues:
    """Initial values that do not depend on training rows; those that do override what differs."""

    adapts: ClassVar[bool] = False
    """Whether they depend on training rows."""

    def adapt_weights(self, W: Values, z: Values) -> None:
        """Change W (I, O) by its sums z (B, O) over training rows, and z as it then is."""

    def adapt_bias(self, b: Values, z: Values, bits: BitGenerator) -> None:
        """Set b (O,) from the sums z (B, O) of training rows."""


@dataclass(frozen=True, kw_only=True)
class VarianceScaling(InitialValues):
    """Zero mean, variance scale / fan: glorot 1 / mean(fan_in, fan_out), he 2 / fan_in, lecun 1 / fan_in.

    Keras's families and names: `*_normal` is a normal truncated at two standard deviations with the variance put
    right (divided by 0.8796²); PyTorch's `*_normal_` is not truncated. `*_uniform` is U(−√(3 v), √(3 v)).
    Glorot & Bengio (2010), He et al. (2015), LeCun et al. (1998).
    """

    name: Literal["glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal"] = (
        "glorot_uniform"
    )
    truncation: ClassVar[float] = 0.8796256610342398  # standard deviation of a normal truncated at ±2

    def variance(self, shape: tuple[int, ...]) -> float:
        fan_in, fan_out = compute_fans(shape)
        family = self.name.partition("_")[0]
        return {"glorot": 2 / (fan_in + fan_out), "he": 2 / fan_in, "lecun": 1 / fan_in}[family]

    def __call__(self, bits: BitGenerator, shape: tuple[int, ...]) -> Values:
        v = self.variance(shape)
        if self.name.endswith("uniform"):
            return sqrt(3 * v) * (2 * uniform(bits, shape) - 1)
        return sqrt(v) / self.truncation * draw_truncated_normal(bits, shape)


@dataclass(frozen=True, kw_only=True)
class Auto:
    """he_uniform before a ReLU-like activation, lecun_normal before SELU, glorot_uniform elsewhere."""

    name: Literal["auto"] = "auto"
    choice: ClassVar[dict[Family, str]] = {"he": "he_uniform", "lecun": "lecun_normal", "glorot": "glorot_uniform"}

    def for_family(self, family: Family) -> VarianceScaling:
        return VarianceScaling(name=self.choice[family])  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Orthogonal(InitialValues):
    """gain · Q of the QR decomposition of a normal matrix, signs made unique by diag(R) (Saxe et al., 2014)."""

    name: Literal["orthogonal"] = "orthogonal"
    gain: Annotated[float, Gt(0)] = 1.0
    """The factor on the orthogonal matrix."""

    def __call__(self, bits: BitGenerator, shape: tuple[int, ...]) -> Values:
        fan_in, fan_out = compute_fans(shape)
        tall = (*shape[:-2], max(fan_in, fan_out), min(fan_in, fan_out))
        q, r = np.linalg.qr(Generator(bits).standard_normal(tall))
        q = q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
        return self.gain * (q if fan_in >= fan_out else np.swapaxes(q, -1, -2)).reshape(shape)


@dataclass(frozen=True, kw_only=True)
class Uniform(InitialValues):
    """U(minimum, maximum)."""

    name: Literal["uniform"] = "uniform"
    minimum: float = -0.05
    """The lower bound."""
    maximum: float = 0.05
    """The upper bound."""

    def __call__(self, bits: BitGenerator, shape: tuple[int, ...]) -> Values:
        return self.minimum + (self.maximum - self.minimum) * uniform(bits, shape)


@dataclass(frozen=True, kw_only=True)
class Normal(InitialValues):
    """N(mean, standard_deviation²)."""

    name: Literal["normal"] = "normal"
    mean: float = 0.0
    """The mean."""
    standard_deviation: Annotated[float, Gt(0)] = 0.05
    """The standard deviation."""

    def __call__(self, bits: BitGenerator, shape: tuple[int, ...]) -> Values:
        return self.mean + self.standard_deviation * Generator(bits).standard_normal(shape)


@dataclass(frozen=True, kw_only=True)
class Constant(InitialValues):
    """value, everywhere."""

    name: Literal["constant"] = "constant"
    value: float = 0.0
    """The value of every component."""

    def __call__(self, bits: BitGenerator, shape: tuple[int, ...]) -> Values:
        return np.full(shape, self.value)


@dataclass(frozen=True, kw_only=True)
class Zeros(InitialValues):
    """0, everywhere."""

    name: Literal["zeros"] = "zeros"

    def __call__(self, bits: BitGenerator, shape: tuple[int, ...]) -> Values:
        return np.zeros(shape)


@dataclass(frozen=True, kw_only=True)
class Ones(InitialValues):
    """1, everywhere."""

    name: Literal["ones"] = "ones"

    def __call__(self, bits: BitGenerator, shape: tuple[int, ...]) -> Values:
        return np.ones(shape)


@dataclass(frozen=True, kw_only=True)
class UnitVariance(InitialValues):
    """N(0, 1), each unit's weights then divided so that its sums over the training rows have standard deviation 1.

    As TD in Holzmüller et al. (2024).
    """

    name: Literal["data_driven"] = "data_driven"
    adapts: ClassVar[bool] = True

    def __call__(self, bits: BitGenerator, shape: tuple[int, ...]) -> Values:
        return Generator(bits).standard_normal(shape)

    def adapt_weights(self, W: Values, z: Values) -> None:
        deviation = z.std(axis=0)
        deviation[deviation == 0] = 1
        W /= deviation
        z /= deviation


@dataclass(frozen=True, kw_only=True)
class ThroughRows(InitialValues):
    """−(a random mean of the unit's sums at 5 training rows): its hyperplane passes among the rows.

    "he+5" in Holzmüller et al. (2024), after Steinwart (2019).
    """

    name: Literal["data_driven"] = "data_driven"
    adapts: ClassVar[bool] = True
    rows: ClassVar[int] = 5

    def __call__(self, bits: BitGenerator, shape: tuple[int, ...]) -> Values:
        return np.zeros(shape)

    def adapt_bias(self, b: Values, z: Values, bits: BitGenerator) -> None:
        """b ← −Σₖ pₖ z[rowₖ, unit] with rows and Dirichlet(1, …, 1) weights p drawn for each unit."""
        shape = (self.rows, z.shape[1])
        chosen = (uniform(bits, shape) * len(z)).astype(np.int64)
        p = -np.log1p(-uniform(bits, shape))
        p /= p.sum(axis=0)
        b[...] = -(p * np.take_along_axis(z, chosen, axis=0)).sum(axis=0)


@dataclass(frozen=True, kw_only=True)
class Signs:
    """−1 or 1."""

    def __call__(self, bits: BitGenerator, shape: tuple[int, ...]) -> Values:
        return np.where(uniform(bits, shape) < 0.5, -1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class PerFeature:
    """One value drawn for each feature, which all columns of the feature have (Gorishniy et al., 2025, TabM).

    `runs` are the columns in their order: a feature's number, and how many columns of it follow. None at all: every
    column is a feature.
    """

    of: Signs | Normal
    runs: tuple[tuple[int, int], ...] = ()

    def __call__(self, bits: BitGenerator, shape: tuple[int, ...]) -> Values:
        if not self.runs:
            return self.of(bits, shape)
        features, columns = np.array(self.runs).T
        return np.repeat(self.of(bits, (features.max() + 1,))[features], columns)


Initializer = VarianceScaling | Orthogonal | Uniform | Normal | Constant | Zeros | Ones | UnitVariance
"""The initialisers that can be called; `Auto` stands in a spec until the activation is known."""

BiasInitializer = Uniform | Normal | Constant | Zeros | Ones | ThroughRows
"""Those that mean something for a vector."""


def resolve_auto_initializer(initializer: Auto | Initializer, family: Family, *, unit_variance: bool) -> Initializer:
    """The initialiser itself; `auto` is the family's, or N(0, 1) where weights are to have a variance of 1."""
    if not isinstance(initializer, Auto):
        return initializer
    return Normal(standard_deviation=1.0) if unit_variance else initializer.for_family(family)
