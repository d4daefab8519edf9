"""Activations: y = σ(z), elementwise, and the product of dy with the derivative (the vector–Jacobian product).

Every formula is finite for abs z up to 1e4 in float32. `family` names the initialisers whose variance suits
the activation (He et al., 2015; LeCun et al., 1998; Glorot & Bengio, 2010).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Lt

from mlptrain.engine.arrays import Floats

ZERO, ONE, TWO, FOUR, LARGE = np.float32(0), np.float32(1), np.float32(2), np.float32(4), np.float32(22)
"""Constants of the smaller type: with numbers of either type they give that type, for NumPy and the compiler alike."""

Family = Literal["he", "lecun", "glorot"]
Scalars = tuple[np.floating[Any], ...]
Bounds = tuple[float, float]
"""The limits of σ far below and far above 0."""


class Curve:
    """An activation of at most one transcendental function: σ(z) = formula(z, t) with t = transcendental(bent(z)).

    `bent`, `formula` and `slope_at` (σ′) are arithmetic alone, pure functions of numbers or arrays and, last, of the
    activation's `scalars`, and can be run with what stands before and after them by any executor; t is NumPy's. A
    rectifier has no t. Its slope follows from the sign of z, which is that of y however y is scaled (dropout), so that
    y alone need be kept.
    """

    transcendental: ClassVar[np.ufunc | None] = None
    straight: ClassVar[bool] = False
    """Whether σ(z) = z."""
    bounds: ClassVar[Bounds | None] = None
    """Both limits of σ; None where it has not both."""
    bent: ClassVar[Callable[..., Any]]
    formula: ClassVar[Callable[..., Any]]
    slope_at: ClassVar[Callable[..., Any]]

    def scalars(self, dtype: np.dtype[Any]) -> Scalars:
        """The constants of the formulas."""
        return ()

    def tabulate(self, z: Floats) -> tuple[Floats, ...]:
        """t of z, if there is one."""
        if self.transcendental is None:
            return ()
        with np.errstate(over="ignore"):  # 1 / (1 + e⁻ᶻ) is the 0 that it should be where e⁻ᶻ is too large
            return (self.transcendental(self.bent(z, *self.scalars(z.dtype))),)

    def __call__(self, z: Floats) -> Floats:
        y: Floats = self.formula(z, *self.tabulate(z), *self.scalars(z.dtype))
        return y

    def vjp(self, dy: Floats, z: Floats, y: Floats) -> Floats:
        kept = y if self.transcendental is None else z
        dz: Floats = dy * self.slope_at(kept, *self.tabulate(z), *self.scalars(z.dtype))
        return dz


def sigmoid(z: Floats) -> Floats:
    """1 / (1 + e⁻ᶻ); where e⁻ᶻ is too large for a number, the quotient is the 0 that it should be."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z))


def softplus(z: Floats) -> Floats:
    """log(1 + eᶻ) = max(z, 0) + log1p(e^(−abs z))."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


@dataclass(frozen=True, kw_only=True)
class Linear(Curve):
    """z."""

    name: Literal["linear"] = "linear"
    family: ClassVar[Family] = "glorot"
    straight: ClassVar[bool] = True

    @staticmethod
    def formula(z: Any) -> Any:
        return z

    @staticmethod
    def slope_at(z: Any) -> Any:
        return ONE


@dataclass(frozen=True, kw_only=True)
class Sigmoid:
    """1 / (1 + e⁻ᶻ)."""

    name: Literal["sigmoid"] = "sigmoid"
    family: ClassVar[Family] = "glorot"
    bounds: ClassVar[Bounds | None] = (0.0, 1.0)

    def __call__(self, z: Floats) -> Floats:
        return sigmoid(z)

    def vjp(self, dy: Floats, z: Floats, y: Floats) -> Floats:
        return dy * (y * (1 - y))


@dataclass(frozen=True, kw_only=True)
class Tanh:
    """(eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ)."""

    name: Literal["tanh"] = "tanh"
    family: ClassVar[Family] = "glorot"
    bounds: ClassVar[Bounds | None] = (-1.0, 1.0)

    def __call__(self, z: Floats) -> Floats:
        return np.tanh(z)

    def vjp(self, dy: Floats, z: Floats, y: Floats) -> Floats:
        return dy * (1 - y * y)


@dataclass(frozen=True, kw_only=True)
class ReLU(Curve):
    """max(z, 0) (Nair & Hinton, 2010); the derivative at 0 is taken as 0."""

    name: Literal["relu"] = "relu"
    family: ClassVar[Family] = "he"

    @staticmethod
    def formula(z: Any) -> Any:
        return np.maximum(z, ZERO) + ZERO  # of two zeros the larger one is not the same for every processor: −0 + 0 = 0

    @staticmethod
    def slope_at(z: Any) -> Any:
        return z > ZERO


@dataclass(frozen=True, kw_only=True)
class LeakyReLU(Curve):
    """z where z > 0, slope · z elsewhere (Maas et al., 2013)."""

    name: Literal["leaky_relu"] = "leaky_relu"
    slope: Annotated[float, Ge(0), Lt(1)] = 0.01
    """The slope below 0."""
    family: ClassVar[Family] = "he"

    def scalars(self, dtype: np.dtype[Any]) -> Scalars:
        return (dtype.type(self.slope),)

    @staticmethod
    def formula(z: Any, slope: Any) -> Any:
        return np.maximum(z, slope * z)

    @staticmethod
    def slope_at(z: Any, slope: Any) -> Any:
        return np.maximum((z > ZERO) * ONE, slope)


@dataclass(frozen=True, kw_only=True)
class ELU(Curve):
    """z where z > 0, alpha · (eᶻ − 1) elsewhere (Clevert et al., 2016)."""

    name: Literal["elu"] = "elu"
    alpha: Annotated[float, Gt(0)] = 1.0
    """α, the limit −α far below 0."""
    family: ClassVar[Family] = "he"
    transcendental: ClassVar[np.ufunc | None] = np.expm1

    def scalars(self, dtype: np.dtype[Any]) -> Scalars:
        return (dtype.type(self.alpha),)

    @staticmethod
    def bent(z: Any, alpha: Any) -> Any:
        return np.minimum(z, ZERO)

    @staticmethod
    def formula(z: Any, t: Any, alpha: Any) -> Any:
        return np.maximum(z, ZERO) + alpha * t

    @staticmethod
    def slope_at(z: Any, t: Any, alpha: Any) -> Any:
        above = (z > ZERO) * ONE
        return above + (ONE - above) * (alpha * (t + ONE))


@dataclass(frozen=True, kw_only=True)
class SELU(Curve):
    """scale · z where z > 0, scale · alpha · (eᶻ − 1) elsewhere (Klambauer et al., 2017)."""

    name: Literal["selu"] = "selu"
    family: ClassVar[Family] = "lecun"
    scale: ClassVar[float] = 1.0507009873554805
    alpha: ClassVar[float] = 1.6732632423543772
    transcendental: ClassVar[np.ufunc | None] = np.expm1

    def scalars(self, dtype: np.dtype[Any]) -> Scalars:
        return dtype.type(self.scale), dtype.type(self.alpha)

    @staticmethod
    def bent(z: Any, scale: Any, alpha: Any) -> Any:
        return np.minimum(z, ZERO)

    @staticmethod
    def formula(z: Any, t: Any, scale: Any, alpha: Any) -> Any:
        return scale * (np.maximum(z, ZERO) + alpha * t)

    @staticmethod
    def slope_at(z: Any, t: Any, scale: Any, alpha: Any) -> Any:
        above = (z > ZERO) * ONE
        return scale * (above + (ONE - above) * (alpha * (t + ONE)))


@dataclass(frozen=True, kw_only=True)
class GELU:
    """½ z (1 + tanh u) = z / (1 + e⁻²ᵘ), u = √(2/π) (z + 0.044715 z³): the tanh form of Hendrycks & Gimpel (2016).

    It differs from the form with the error function, PyTorch's default, by at most 5e-4. Computed with the exponential,
    for 1 + tanh u has no digits left below u = −9. With s = 1 / (1 + e⁻²ᵘ) the derivative is s + z · 2u′ s (1 − s).
    """

    name: Literal["gelu"] = "gelu"
    family: ClassVar[Family] = "he"
    bounds: ClassVar[Bounds | None] = None
    a: ClassVar[float] = 1.5957691216057308  # 2 √(2/π)
    c: ClassVar[float] = 0.044715

    def exponential(self, z: Floats) -> Floats:
        """e⁻²ᵘ, stopped at e⁸⁷, within the range of float32."""
        return np.exp(np.minimum(z * (-self.a - self.a * self.c * (z * z)), 87))

    def __call__(self, z: Floats) -> Floats:
        return z / (1 + self.exponential(z))

    def vjp(self, dy: Floats, z: Floats, y: Floats) -> Floats:
        e = self.exponential(z)
        s = 1 / (1 + e)
        du = self.a * (1 + 3 * self.c * (z * z))
        return dy * (s + z * du * s * (e * s))


@dataclass(frozen=True, kw_only=True)
class SiLU(Curve):
    """z · sigmoid(z) (Elfwing et al., 2018; "swish" of Ramachandran et al., 2017)."""

    name: Literal["silu"] = "silu"
    family: ClassVar[Family] = "he"
    transcendental: ClassVar[np.ufunc | None] = np.exp

    @staticmethod
    def bent(z: Any) -> Any:
        return -z

    @staticmethod
    def formula(z: Any, t: Any) -> Any:
        return z / (ONE + t)  # the quotient is not rounded twice

    @staticmethod
    def slope_at(z: Any, t: Any) -> Any:
        s = ONE / (ONE + t)
        return s * (ONE + z * (ONE - s))


@dataclass(frozen=True, kw_only=True)
class Mish(Curve):
    """z · tanh(log(1 + eᶻ)) (Misra, 2019) = z n / (n + 2) with e = eᶻ and n = e (e + 2).

    The derivative is n / (n + 2) + z · 4 e (1 + e) / (n + 2)². Above z = 22 the fractions are 1 and 0 to all digits;
    and there (n + 2)² still is a float32.
    """

    name: Literal["mish"] = "mish"
    family: ClassVar[Family] = "he"
    transcendental: ClassVar[np.ufunc | None] = np.exp

    @staticmethod
    def bent(z: Any) -> Any:
        return np.minimum(z, LARGE)

    @staticmethod
    def formula(z: Any, t: Any) -> Any:
        n = t * (t + TWO)
        return z * (n / (n + TWO))

    @staticmethod
    def slope_at(z: Any, t: Any) -> Any:
        n = t * (t + TWO)
        d = n + TWO
        return n / d + z * (FOUR * t * (ONE + t) / (d * d))


@dataclass(frozen=True, kw_only=True)
class Softplus:
    """log(1 + eᶻ) (Dugas et al., 2001); the derivative is sigmoid(z)."""

    name: Literal["softplus"] = "softplus"
    family: ClassVar[Family] = "he"
    bounds: ClassVar[Bounds | None] = None

    def __call__(self, z: Floats) -> Floats:
        return softplus(z)

    def vjp(self, dy: Floats, z: Floats, y: Floats) -> Floats:
        return dy * sigmoid(z)


@dataclass(frozen=True, kw_only=True)
class Softsign:
    """z / (1 + abs z) (Turian et al., 2009)."""

    name: Literal["softsign"] = "softsign"
    family: ClassVar[Family] = "glorot"
    bounds: ClassVar[Bounds | None] = (-1.0, 1.0)

    def __call__(self, z: Floats) -> Floats:
        return z / (1 + np.abs(z))

    def vjp(self, dy: Floats, z: Floats, y: Floats) -> Floats:
        d = 1 + np.abs(z)
        return dy / (d * d)


@dataclass(frozen=True, kw_only=True)
class HardSigmoid:
    """min(max(z / 6 + ½, 0), 1): Keras's and PyTorch's form (Courbariaux et al., 2015, have slope 1/2)."""

    name: Literal["hard_sigmoid"] = "hard_sigmoid"
    family: ClassVar[Family] = "glorot"
    bounds: ClassVar[Bounds | None] = (0.0, 1.0)

    def __call__(self, z: Floats) -> Floats:
        return np.clip(z / 6 + 0.5, 0, 1)

    def vjp(self, dy: Floats, z: Floats, y: Floats) -> Floats:
        return dy * (np.abs(z) < 3) / 6


@dataclass(frozen=True, kw_only=True)
class HardTanh:
    """min(max(z, −1), 1) (Collobert, 2004)."""

    name: Literal["hard_tanh"] = "hard_tanh"
    family: ClassVar[Family] = "glorot"
    bounds: ClassVar[Bounds | None] = (-1.0, 1.0)

    def __call__(self, z: Floats) -> Floats:
        return np.clip(z, -1, 1)

    def vjp(self, dy: Floats, z: Floats, y: Floats) -> Floats:
        return dy * (np.abs(z) < 1)


Activation = (
    Linear
    | Sigmoid
    | Tanh
    | ReLU
    | LeakyReLU
    | ELU
    | SELU
    | GELU
    | SiLU
    | Mish
    | Softplus
    | Softsign
    | HardSigmoid
    | HardTanh
)
"""The activations without parameters; what has some or changes the width is a layer (`units`)."""


def narrow_to_curve(activation: Activation) -> Curve | None:
    """The activation itself, if it is a curve."""
    return activation if isinstance(activation, Curve) else None
