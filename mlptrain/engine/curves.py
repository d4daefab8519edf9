"""What follows a product of matrices where the activation is a curve: formulas for an `Executor` to run in one go.

y = m (z + a (σ(z) − z)) of z = x + b, where a (then y = m σ) or m may be missing. σ and its slope σ′ are functions of z
and t, the curve's one transcendental function, which NumPy computes in between. Way back, with d = m dy:
dz = d + a (d σ′ − d) and, summed over the rows, ∂a = Σ d (σ − z). m is `scale` where bits reach the threshold, else 0.
"""

from functools import cache
from typing import Any

from mlptrain.engine.elementwise import Formula


@cache
def bending(bent: Formula) -> Formula:
    """z, and what t is the function of."""

    def formula(x: Any, b: Any, *scalars: Any) -> Any:
        z = x + b
        return z, bent(z, *scalars)

    return formula


@cache
def plain(sigma: Formula) -> Formula:
    def formula(z: Any, t: Any, *scalars: Any) -> Any:
        return (sigma(z, t, *scalars),)

    return formula


@cache
def masked(sigma: Formula) -> Formula:
    def formula(z: Any, t: Any, bits: Any, threshold: Any, scale: Any, *scalars: Any) -> Any:
        return (sigma(z, t, *scalars) * ((bits >= threshold) * scale),)

    return formula


@cache
def blended(sigma: Formula) -> Formula:
    def formula(z: Any, t: Any, a: Any, *scalars: Any) -> Any:
        return (z + a * (sigma(z, t, *scalars) - z),)

    return formula


@cache
def blended_masked(sigma: Formula) -> Formula:
    def formula(z: Any, t: Any, bits: Any, a: Any, threshold: Any, scale: Any, *scalars: Any) -> Any:
        return ((z + a * (sigma(z, t, *scalars) - z)) * ((bits >= threshold) * scale),)

    return formula


@cache
def plain_vjp(sigma: Formula, slope: Formula) -> Formula:
    def formula(dy: Any, z: Any, t: Any, *scalars: Any) -> Any:
        return (dy * slope(z, t, *scalars),)

    return formula


@cache
def masked_vjp(sigma: Formula, slope: Formula) -> Formula:
    def formula(dy: Any, z: Any, t: Any, bits: Any, threshold: Any, scale: Any, *scalars: Any) -> Any:
        return (dy * ((bits >= threshold) * scale) * slope(z, t, *scalars),)

    return formula


@cache
def blended_vjp(sigma: Formula, slope: Formula) -> Formula:
    def formula(dy: Any, z: Any, t: Any, a: Any, *scalars: Any) -> Any:
        return dy + a * (dy * slope(z, t, *scalars) - dy), dy * (sigma(z, t, *scalars) - z)

    return formula


@cache
def blended_masked_vjp(sigma: Formula, slope: Formula) -> Formula:
    def formula(dy: Any, z: Any, t: Any, bits: Any, a: Any, threshold: Any, scale: Any, *scalars: Any) -> Any:
        d = dy * ((bits >= threshold) * scale)
        return d + a * (d * slope(z, t, *scalars) - d), d * (sigma(z, t, *scalars) - z)

    return formula


RESPONSES = {
    (False, False): (plain, plain_vjp),
    (False, True): (masked, masked_vjp),
    (True, False): (blended, blended_vjp),
    (True, True): (blended_masked, blended_masked_vjp),
}
"""The way there and the way back, by whether it is blended and whether it is masked."""
