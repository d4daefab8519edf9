"""Optimizers: θ ← θ (1 − f lr · d λ) − u, with u a formula of the gradient g and the optimizer's slots at rate f lr.

Each formula is written once, as a pure elementwise function `update(g, *slots, *scalars) → (u, *slots)` that is right
for scalars and arrays alike; `FirstOrder.step` runs it over θ. What every optimizer, L-BFGS too, says of itself:
`slots` and `init`, `schedulable`, `elementwise`, `full_batch`, `trains_members`, `temporaries`, `lacks_norm_bound`; and
`advance` makes a step of training.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Lt

from mlptrain.engine.arrays import Floats
from mlptrain.engine.first_order import FirstOrder
from mlptrain.engine.lbfgs import LBFGS

Fraction = Annotated[float, Ge(0), Lt(1)]


@dataclass(frozen=True, kw_only=True)
class SGD(FirstOrder):
    """u = lr g."""

    name: Literal["sgd"] = "sgd"
    learning_rate: Annotated[float, Gt(0)] = 0.01
    """lr, the step size after the schedule."""

    def scalars(self, lr: float, t: int) -> Sequence[float]:
        return (lr,)

    @staticmethod
    def update(g: Floats, lr: float) -> tuple[Floats]:
        return (lr * g,)


@dataclass(frozen=True, kw_only=True)
class Momentum(FirstOrder):
    """v ← μ v + g;  u = lr v (Polyak, 1964; PyTorch's form). Keras's v ← μ v − lr g is the same path at constant lr."""

    name: Literal["momentum"] = "momentum"
    learning_rate: Annotated[float, Gt(0)] = 0.01
    """lr, the step size after the schedule."""
    momentum: Fraction = 0.9
    """μ, the share of the earlier steps that is kept."""
    slots: ClassVar[tuple[str, ...]] = ("v",)
    schedulable: ClassVar[tuple[str, ...]] = ("momentum", "weight_decay")

    def scalars(self, lr: float, t: int) -> Sequence[float]:
        return lr, self.momentum

    @staticmethod
    def update(g: Floats, v: Floats, lr: float, mu: float) -> tuple[Floats, Floats]:
        v = mu * v + g
        return lr * v, v


@dataclass(frozen=True, kw_only=True)
class Nesterov(FirstOrder):
    """v ← μ v + g;  u = lr (g + μ v) (Nesterov, 1983; Sutskever et al., 2013)."""

    name: Literal["nesterov"] = "nesterov"
    learning_rate: Annotated[float, Gt(0)] = 0.01
    """lr, the step size after the schedule."""
    momentum: Fraction = 0.9
    """μ, the share of the earlier steps that is kept."""
    slots: ClassVar[tuple[str, ...]] = ("v",)
    schedulable: ClassVar[tuple[str, ...]] = ("momentum", "weight_decay")

    def scalars(self, lr: float, t: int) -> Sequence[float]:
        return lr, self.momentum

    @staticmethod
    def update(g: Floats, v: Floats, lr: float, mu: float) -> tuple[Floats, Floats]:
        v = mu * v + g
        return lr * (g + mu * v), v


@dataclass(frozen=True, kw_only=True)
class Adagrad(FirstOrder):
    """s ← s + g²;  u = lr g / (√s + ε) (Duchi et al., 2011)."""

    name: Literal["adagrad"] = "adagrad"
    learning_rate: Annotated[float, Gt(0)] = 0.01
    """lr, the step size after the schedule."""
    epsilon: Annotated[float, Gt(0)] = 1e-10
    """ε, added to the root."""
    slots: ClassVar[tuple[str, ...]] = ("s",)

    def scalars(self, lr: float, t: int) -> Sequence[float]:
        return lr, self.epsilon

    @staticmethod
    def update(g: Floats, s: Floats, lr: float, epsilon: float) -> tuple[Floats, Floats]:
        s = s + g * g
        return lr * g / (np.sqrt(s) + epsilon), s


@dataclass(frozen=True, kw_only=True)
class RMSprop(FirstOrder):
    """s ← ρ s + (1 − ρ) g²;  u = lr g / (√s + ε) (Tieleman & Hinton, 2012). Keras: ρ 0.9, ε 1e-7 inside the root."""

    name: Literal["rmsprop"] = "rmsprop"
    learning_rate: Annotated[float, Gt(0)] = 0.001
    """lr, the step size after the schedule."""
    rho: Fraction = 0.9
    """ρ, how much of the mean square is kept."""
    epsilon: Annotated[float, Gt(0)] = 1e-8
    """ε, added outside the root."""
    slots: ClassVar[tuple[str, ...]] = ("s",)

    def scalars(self, lr: float, t: int) -> Sequence[float]:
        return lr, self.rho, 1 - self.rho, self.epsilon

    @staticmethod
    def update(g: Floats, s: Floats, lr: float, rho: float, rest: float, epsilon: float) -> tuple[Floats, Floats]:
        s = rho * s + rest * (g * g)
        return lr * g / (np.sqrt(s) + epsilon), s


@dataclass(frozen=True, kw_only=True)
class Adadelta(FirstOrder):
    """s ← ρ s + (1 − ρ) g²;  x = √(d + ε) / √(s + ε) g;  d ← ρ d + (1 − ρ) x²;  u = lr x (Zeiler, 2012)."""

    name: Literal["adadelta"] = "adadelta"
    learning_rate: Annotated[float, Gt(0)] = 1.0
    """lr, the step size after the schedule."""
    rho: Fraction = 0.95
    """ρ, how much of the mean square is kept."""
    epsilon: Annotated[float, Gt(0)] = 1e-6
    """ε, added inside both roots."""
    slots: ClassVar[tuple[str, ...]] = ("s", "d")

    def scalars(self, lr: float, t: int) -> Sequence[float]:
        return lr, self.rho, 1 - self.rho, self.epsilon

    @staticmethod
    def update(
        g: Floats, s: Floats, d: Floats, lr: float, rho: float, rest: float, epsilon: float
    ) -> tuple[Floats, Floats, Floats]:
        s = rho * s + rest * (g * g)
        x = np.sqrt((d + epsilon) / (s + epsilon)) * g
        return lr * x, s, rho * d + rest * (x * x)


@dataclass(frozen=True, kw_only=True)
class Adam(FirstOrder):
    """m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;  u = lr m̂ / (√v̂ + ε) (Kingma & Ba, 2015).

    m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ). ε stands outside the root, after the bias correction, as in PyTorch;
    Keras adds its ε (1e-7) before the correction.
    """

    name: Literal["adam"] = "adam"
    learning_rate: Annotated[float, Gt(0)] = 0.001
    """lr, the step size after the schedule."""
    beta_1: Fraction = 0.9
    """β₁, how much of the mean gradient m is kept."""
    beta_2: Fraction = 0.999
    """β₂, how much of the mean square v is kept."""
    epsilon: Annotated[float, Gt(0)] = 1e-8
    """ε, added outside the root."""
    slots: ClassVar[tuple[str, ...]] = ("m", "v")

    def scalars(self, lr: float, t: int) -> Sequence[float]:
        root = sqrt(1 - self.beta_2**t)  # lr m̂ / (√v̂ + ε) = (lr √(1 − β₂ᵗ) / (1 − β₁ᵗ)) m / (√v + ε √(1 − β₂ᵗ))
        rate = lr * root / (1 - self.beta_1**t)
        return rate, self.beta_1, 1 - self.beta_1, self.beta_2, 1 - self.beta_2, self.epsilon * root

    @staticmethod
    def update(
        g: Floats,
        m: Floats,
        v: Floats,
        rate: float,
        beta_1: float,
        rest_1: float,
        beta_2: float,
        rest_2: float,
        epsilon: float,
    ) -> tuple[Floats, Floats, Floats]:
        m = beta_1 * m + rest_1 * g
        v = beta_2 * v + rest_2 * (g * g)
        return rate * m / (np.sqrt(v) + epsilon), m, v


@dataclass(frozen=True, kw_only=True)
class AdamW(Adam):
    """Adam with a weight decay of 0.01 unless told otherwise (Loshchilov & Hutter, 2019)."""

    name: Literal["adamw"] = "adamw"  # type: ignore[assignment]
    weight_decay: Annotated[float, Ge(0)] = 0.01


@dataclass(frozen=True, kw_only=True)
class Adamax(FirstOrder):
    """m ← β₁ m + (1 − β₁) g;  n ← max(β₂ n, abs g + ε);  u = lr m̂ / n (Kingma & Ba, 2015, section 7.1)."""

    name: Literal["adamax"] = "adamax"
    learning_rate: Annotated[float, Gt(0)] = 0.002
    """lr, the step size after the schedule."""
    beta_1: Fraction = 0.9
    """β₁, how much of the mean gradient m is kept."""
    beta_2: Fraction = 0.999
    """β₂, how much of the largest gradient n is kept."""
    epsilon: Annotated[float, Gt(0)] = 1e-8
    """ε, added to abs g."""
    slots: ClassVar[tuple[str, ...]] = ("m", "n")

    def scalars(self, lr: float, t: int) -> Sequence[float]:
        return lr / (1 - self.beta_1**t), self.beta_1, 1 - self.beta_1, self.beta_2, self.epsilon

    @staticmethod
    def update(
        g: Floats, m: Floats, n: Floats, rate: float, beta_1: float, rest_1: float, beta_2: float, epsilon: float
    ) -> tuple[Floats, Floats, Floats]:
        m = beta_1 * m + rest_1 * g
        n = np.maximum(beta_2 * n, np.abs(g) + epsilon)
        return rate * m / n, m, n


@dataclass(frozen=True, kw_only=True)
class NAdam(FirstOrder):
    """Adam with Nesterov momentum: u = lr ((1 − μₜ) g / (1 − Πμ) + μₜ₊₁ m / (1 − Πμ μₜ₊₁)) / (√v̂ + ε) (Dozat, 2016).

    μₜ = β₁ (1 − ½ 0.96^(0.004 t)); Πμ is the product of μ₁ … μₜ. The form of PyTorch; Keras 3 has 0.96ᵗ.
    """

    name: Literal["nadam"] = "nadam"
    learning_rate: Annotated[float, Gt(0)] = 0.002
    """lr, the step size after the schedule."""
    beta_1: Fraction = 0.9
    """β₁, how much of the mean gradient m is kept."""
    beta_2: Fraction = 0.999
    """β₂, how much of the mean square v is kept."""
    epsilon: Annotated[float, Gt(0)] = 1e-8
    """ε, added outside the root."""
    slots: ClassVar[tuple[str, ...]] = ("m", "v")

    def scalars(self, lr: float, t: int) -> Sequence[float]:
        mu, product = compute_nadam_momenta(self.beta_1)
        here, after = min(t, len(mu) - 2), min(t + 1, len(mu) - 1)
        of_g = lr * (1 - mu[here]) / (1 - product[here])
        of_m = lr * mu[after] / (1 - product[after])
        decays = self.beta_1, 1 - self.beta_1, self.beta_2, 1 - self.beta_2
        return of_g, of_m, *decays, self.epsilon, 1 / (1 - self.beta_2**t)

    @staticmethod
    def update(
        g: Floats,
        m: Floats,
        v: Floats,
        of_g: float,
        of_m: float,
        beta_1: float,
        rest_1: float,
        beta_2: float,
        rest_2: float,
        epsilon: float,
        correction: float,
    ) -> tuple[Floats, Floats, Floats]:
        m = beta_1 * m + rest_1 * g
        v = beta_2 * v + rest_2 * (g * g)
        return (of_g * g + of_m * m) / (np.sqrt(v * correction) + epsilon), m, v


@cache
def compute_nadam_momenta(beta_1: float) -> tuple[list[float], list[float]]:
    """μₜ and μ₁ … μₜ for t = 0, 1, …, 100,000: beyond it μ is β₁ to 4e-8 and the product 0."""
    mu = beta_1 * (1 - 0.5 * 0.96 ** (0.004 * np.arange(100_001)))
    mu[0] = 1.0
    return mu.tolist(), np.cumprod(mu).tolist()


@dataclass(frozen=True, kw_only=True)
class RAdam(FirstOrder):
    """Adam whose step is rectified by r while the variance of 1/√v̂ is unknown; m̂ alone at first (Liu et al., 2020).

    ρ∞ = 2/(1 − β₂) − 1;  ρ = ρ∞ − 2 t β₂ᵗ/(1 − β₂ᵗ);  for ρ > 5:
    r² = (ρ − 4)(ρ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρ) and u = lr r m̂ / (√v̂ + ε); else u = lr m̂.
    """

    name: Literal["radam"] = "radam"
    learning_rate: Annotated[float, Gt(0)] = 0.001
    """lr, the step size after the schedule."""
    beta_1: Fraction = 0.9
    """β₁, how much of the mean gradient m is kept."""
    beta_2: Annotated[float, Gt(0.6), Lt(1)] = 0.999
    """β₂, how much of the mean square v is kept."""
    epsilon: Annotated[float, Gt(0)] = 1e-8
    """ε, added outside the root."""
    slots: ClassVar[tuple[str, ...]] = ("m", "v")

    def scalars(self, lr: float, t: int) -> Sequence[float]:
        b = self.beta_2**t
        limit = 2 / (1 - self.beta_2) - 1
        rho = limit - 2 * t * b / (1 - b)
        rectified, plain = 0.0, 1.0
        if rho > 5:
            rectified = sqrt((rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho))
            plain = 0.0
        rate = lr / (1 - self.beta_1**t)
        decays = self.beta_1, 1 - self.beta_1, self.beta_2, 1 - self.beta_2
        return rate, *decays, self.epsilon, 1 / (1 - b), rectified, plain

    @staticmethod
    def update(
        g: Floats,
        m: Floats,
        v: Floats,
        rate: float,
        beta_1: float,
        rest_1: float,
        beta_2: float,
        rest_2: float,
        epsilon: float,
        correction: float,
        rectified: float,
        plain: float,
    ) -> tuple[Floats, Floats, Floats]:
        m = beta_1 * m + rest_1 * g
        v = beta_2 * v + rest_2 * (g * g)
        return rate * m * (rectified / (np.sqrt(v * correction) + epsilon) + plain), m, v


@dataclass(frozen=True, kw_only=True)
class Lion(FirstOrder):
    """u = lr sign(β₁ m + (1 − β₁) g);  m ← β₂ m + (1 − β₂) g (Chen et al., 2023)."""

    name: Literal["lion"] = "lion"
    learning_rate: Annotated[float, Gt(0)] = 1e-4
    """lr, the step size after the schedule."""
    beta_1: Fraction = 0.9
    """β₁, the share of m in the step."""
    beta_2: Fraction = 0.99
    """β₂, how much of m is kept."""
    slots: ClassVar[tuple[str, ...]] = ("m",)

    def scalars(self, lr: float, t: int) -> Sequence[float]:
        return lr, self.beta_1, 1 - self.beta_1, self.beta_2, 1 - self.beta_2

    @staticmethod
    def update(
        g: Floats, m: Floats, lr: float, beta_1: float, rest_1: float, beta_2: float, rest_2: float
    ) -> tuple[Floats, Floats]:
        return lr * np.sign(beta_1 * m + rest_1 * g), beta_2 * m + rest_2 * g


Elementwise = SGD | Momentum | Nesterov | Adagrad | RMSprop | Adadelta | Adam | AdamW | Adamax | NAdam | RAdam | Lion
Optimizer = Elementwise | LBFGS
