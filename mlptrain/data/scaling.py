"""Scalings of number columns: what a spec asks for, and what it became on the training rows.

`scaling.fit(values)` takes the known numbers of the training rows: float64, finite, at most 1e300 in size, at least
one. What it returns is plain numbers in a frozen dataclass that maps any finite numbers; NaN stays NaN.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

EDGE = 1e-7 - 2.0**-52
"""Quantiles are kept this far from 0 and 1, as in scikit-learn: a normal distribution has no ends."""


class DividesByScale:
    """A fitted scaling that divides by `scale`, 0 where the training rows differ by less than float64 can tell."""

    scale: float

    @property
    def degenerate(self) -> bool:
        """Whether the training rows are all alike."""
        return self.scale == 0

    def broken_rules(self) -> Iterator[str]:
        """The rules that a scaling from a model file breaks."""
        if self.scale <= 0:
            yield "its scale is not above 0"


@dataclass(frozen=True, kw_only=True)
class Affine(DividesByScale):
    """(x − center) / scale; infinite only where that is beyond float64."""

    name: Literal["affine"] = "affine"
    center: float
    scale: float

    def __call__(self, x: Doubles) -> Doubles:
        return center_and_scale(x, self.center, self.scale)


@dataclass(frozen=True, kw_only=True)
class SmoothlyClipped(DividesByScale):
    """z / √(1 + (z / 3)²) of z = (x − center) / scale: z itself near 0, within ±3 everywhere."""

    name: Literal["smoothly_clipped"] = "smoothly_clipped"
    center: float
    scale: float

    def __call__(self, x: Doubles) -> Doubles:
        z = np.clip(center_and_scale(x, self.center, self.scale), -1e300, 1e300)
        return z / np.hypot(1, z / 3)


@dataclass(frozen=True, kw_only=True)
class LogAffine(DividesByScale):
    """(y − center) / scale of y = sign(x) log(1 + |x|)."""

    name: Literal["log_affine"] = "log_affine"
    center: float
    scale: float

    def __call__(self, x: Doubles) -> Doubles:
        return center_and_scale(compute_signed_log(x), self.center, self.scale)


@dataclass(frozen=True, kw_only=True)
class NormalQuantiles:
    """Φ⁻¹(p) of p = the place of x among evenly spaced quantiles, linear between them, kept from 0 and 1 by 1e-7.

    Where quantiles are equal, p is the middle of their places. As scikit-learn's QuantileTransformer, except that there
    any x within 1e-7 of the smallest or largest value counts as that value, whatever the unit of x.
    """

    name: Literal["normal_quantiles"] = "normal_quantiles"
    values: tuple[float, ...]

    @property
    def degenerate(self) -> bool:
        return self.values[0] == self.values[-1]

    def broken_rules(self) -> Iterator[str]:
        """The quantiles ascend, and differ."""
        quantiles = np.asarray(self.values, np.float64)
        if not len(quantiles) or not (quantiles[1:] >= quantiles[:-1]).all() or not quantiles[0] < quantiles[-1]:
            yield "its quantiles are not in order"

    def __call__(self, x: Doubles) -> Doubles:
        quantiles, places = np.asarray(self.values), np.linspace(0, 1, len(self.values))
        below = np.clip(np.interp(x, quantiles, places), 0, 1)  # a slope between subnormal numbers may be infinite
        above = np.clip(np.interp(-x, -quantiles[::-1], -places[::-1]), -1, 0)
        p = np.where(x >= quantiles[-1], 1.0, (below - above) / 2)
        return compute_normal_quantile(np.clip(np.where(x <= quantiles[0], 0.0, p), EDGE, 1 - EDGE))


FittedScaling = Affine | SmoothlyClipped | LogAffine | NormalQuantiles


@dataclass(frozen=True, kw_only=True)
class StandardScaling:
    """(x − mean) / standard deviation, the population one, over the training rows."""

    name: Literal["standard"] = "standard"

    def fit(self, values: Doubles) -> Affine:
        center, scale = measure_mean_and_deviation(values)
        return Affine(center=center, scale=scale)


@dataclass(frozen=True, kw_only=True)
class RobustScaling:
    """z / √(1 + (z / 3)²), within ±3, of z = (x − median) / (q75 − q25), the quartiles over the training rows.

    Where the quartiles are equal, z = 2 (x − median) / (max − min). (Holzmüller et al., 2024, RealMLP.)
    """

    name: Literal["robust"] = "robust"

    def fit(self, values: Doubles) -> SmoothlyClipped:
        low, median, high = (float(each) for each in np.percentile(values, [25, 50, 75]))
        scale = high - low if high > low else float(values.max() / 2 - values.min() / 2)
        return SmoothlyClipped(center=median, scale=scale)


@dataclass(frozen=True, kw_only=True)
class QuantileScaling:
    """Φ⁻¹(p), p being the share of training rows below x: normally distributed, whatever the distribution of x."""

    name: Literal["quantile"] = "quantile"
    quantiles: Annotated[int, Ge(2), Le(10000)] = 1000
    """How many quantiles of the training rows are kept, at most one a row; p is linear between them."""

    def fit(self, values: Doubles) -> NormalQuantiles:
        places = np.linspace(0, 1, min(self.quantiles, len(values)))
        return NormalQuantiles(values=tuple(np.percentile(values, places * 100).tolist()))


@dataclass(frozen=True, kw_only=True)
class MinMaxScaling:
    """(x − min) / (max − min) over the training rows: 0 … 1."""

    name: Literal["min_max"] = "min_max"

    def fit(self, values: Doubles) -> Affine:
        return Affine(center=float(values.min()), scale=float(values.max() - values.min()))


@dataclass(frozen=True, kw_only=True)
class Log1pScaling:
    """(y − mean) / standard deviation of y = sign(x) log(1 + |x|), over the training rows."""

    name: Literal["log1p"] = "log1p"

    def fit(self, values: Doubles) -> LogAffine:
        center, scale = measure_mean_and_deviation(compute_signed_log(values))
        return LogAffine(center=center, scale=scale)


@dataclass(frozen=True, kw_only=True)
class NoScaling:
    """x, as it is."""

    name: Literal["none"] = "none"

    def fit(self, values: Doubles) -> Affine:
        return Affine(center=0.0, scale=1.0)


Scaling = StandardScaling | RobustScaling | QuantileScaling | MinMaxScaling | Log1pScaling | NoScaling


def measure_mean_and_deviation(values: Doubles) -> tuple[float, float]:
    """Mean and population standard deviation; exactly 0 where all values are equal."""
    if values.min() == values.max():
        return float(values[0]), 0.0
    _, exponent = np.frexp(np.abs(values).max())
    scaled = np.ldexp(values, -exponent)  # by a power of two, which changes no digit: squares stay in range
    return float(np.ldexp(scaled.mean(), exponent)), float(np.ldexp(scaled.std(), exponent))


def stack_scalings(scalings: Sequence[FittedScaling]) -> Callable[[Doubles], Doubles]:
    """One function of x (F,), a number of each of F columns with these scalings: those of one formula run as one.

    >>> [one, other] = [Affine(center=1.0, scale=2.0), Affine(center=0.0, scale=0.5)]
    >>> stack_scalings([one, other])(np.array([5.0, 5.0])).tolist()
    [2.0, 10.0]
    """
    kinds = [type(each) if isinstance(each, DividesByScale) else place for place, each in enumerate(scalings)]
    places = [np.flatnonzero([other == kind for other in kinds]) for kind in dict.fromkeys(kinds)]
    stacked = [stack_equal_scalings([scalings[place] for place in each.tolist()]) for each in places]
    if len(stacked) == 1:
        return stacked[0]

    def scale(x: Doubles) -> Doubles:
        scaled = np.empty_like(x)
        for each, own in zip(stacked, places, strict=True):
            scaled[own] = each(x[own])
        return scaled

    return scale


def stack_equal_scalings(scalings: Sequence[Any]) -> FittedScaling:
    """The scaling of one formula, with the center and the scale of each; of a single one itself."""
    first = scalings[0]
    if len(scalings) == 1:
        return first
    return replace(
        first, **{name: np.array([getattr(each, name) for each in scalings]) for name in ("center", "scale")}
    )


def center_and_scale(x: Doubles, center: float, scale: float) -> Doubles:
    """(x − center) / scale, also where x − center alone would overflow."""
    with np.errstate(over="ignore"):
        z = x - center
        far = np.isinf(z)
        z /= scale
        if far.any():
            z = np.where(far, x / scale - center / scale, z)
    return z


def compute_signed_log(x: Doubles) -> Doubles:
    """sign(x) log(1 + |x|)."""
    return np.copysign(np.log1p(np.abs(x)), x)


CENTRAL = (
    (
        *(2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4),
        *(1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080),
    ),
    (
        *(5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4),
        *(5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0),
    ),
)
NEAR = (
    (
        *(7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258),
        *(3.64784832476320460504, 5.76949722146069140550, 4.63033784615654529590, 1.42343711074968357734),
    ),
    (
        *(1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1),
        *(6.89767334985100004550e-1, 1.67638483018380384940, 2.05319162663775882187, 1.0),
    ),
)
FAR = (
    (
        *(2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2),
        *(2.96560571828504891230e-1, 1.78482653991729133580, 5.46378491116411436990, 6.65790464350110377720),
    ),
    (
        *(2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4),
        *(1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0),
    ),
)
"""Numerators and denominators of Wichura's three rational functions, the highest power first."""


def compute_normal_quantile(p: Doubles) -> Doubles:
    """Φ⁻¹(p), the inverse of the normal distribution, for 0 < p < 1, to 16 digits (Wichura, 1988, AS 241)."""
    return np.piecewise(p, [np.abs(p - 0.5) <= 0.425], [compute_central_quantile, compute_tail_quantile])


def compute_central_quantile(p: Doubles) -> Doubles:
    q = p - 0.5
    return q * evaluate_rational(CENTRAL, 0.180625 - q * q)


def compute_tail_quantile(p: Doubles) -> Doubles:
    r = np.sqrt(-np.log(np.minimum(p, 1 - p)))
    size = np.piecewise(
        r, [r <= 5], [lambda r: evaluate_rational(NEAR, r - 1.6), lambda r: evaluate_rational(FAR, r - 5)]
    )
    return np.copysign(size, p - 0.5)


def evaluate_rational(coefficients: tuple[tuple[float, ...], tuple[float, ...]], r: Doubles) -> Doubles:
    numerator, denominator = coefficients
    return np.polyval(numerator, r) / np.polyval(denominator, r)
