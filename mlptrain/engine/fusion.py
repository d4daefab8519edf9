"""Fusion: bias, activation and dropout in the array of the product before them, by formulas that an `Executor` runs.

y = m (z + a (σ(z) − z)) with z = x + b, where b, a (then y = m σ) or m may be missing. σ and its slope σ′ are functions
of z and t, the curve's one transcendental function, which NumPy computes between two formulas; a rectifier has none:
there all is one formula. Way back, with d = m dy: dz = d + a (d σ′ − d) and, summed over the rows, ∂a = Σ d (σ − z).

A function `compose_…` that takes a formula returns another one with further arguments, which follow the first one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np

from mlptrain.engine.activations import Curve
from mlptrain.engine.arrays import Floats, multiply_matrices
from mlptrain.engine.elementwise import ARRAY, COLUMN, SCALAR, Composed, Executor, Formula, Loop
from mlptrain.engine.in_place import InPlace
from mlptrain.engine.layer import ForwardContext, LayerState, Mask


def apply_dropout_mask(y: Any, bits: Any, threshold: Any, scale: Any) -> Any:
    """y times the dropout mask: `scale` where the bits reach the threshold, 0 elsewhere."""
    return y * ((bits >= threshold) * scale)


def compose_formula_alone(f: Formula) -> Formula:
    """f itself."""
    return lambda z, *rest: f(z, *rest)


def compose_bias_before_formula(f: Formula) -> Formula:
    """f of z = x + b."""
    return lambda x, b, *rest: f(x + b, *rest)


def compose_biased_transcendental_argument(bent: Formula) -> Formula:
    """z = x + b, and the argument of the transcendental function t."""

    def formula(x: Any, b: Any, *scalars: Any) -> Any:
        z = x + b
        return z, bent(z, *scalars)

    return formula


def compose_blend_with_identity(sigma: Formula) -> Formula:
    """z + a (σ − z)."""
    return lambda z, a, *rest: z + a * (sigma(z, *rest) - z)


def compose_mask_after_formula(f: Formula, drop: Formula) -> Formula:
    """m f."""
    return lambda x, bits, threshold, scale, *rest: drop(f(x, *rest), bits, threshold, scale)


def compose_mask_before_formula(f: Formula, drop: Formula) -> Formula:
    """f of d = m dy."""
    return lambda dy, bits, threshold, scale, *rest: f(drop(dy, bits, threshold, scale), *rest)


def compose_activation_gradient(slope_at: Formula) -> Formula:
    """d σ′."""
    return lambda d, *rest: d * slope_at(*rest)


def compose_blended_activation_gradients(sigma: Formula, slope_at: Formula) -> Formula:
    """d + a (d σ′ − d), and d (σ − z), whose sum is ∂a."""

    def formula(d: Any, a: Any, z: Any, *rest: Any) -> Any:
        return d + a * (d * slope_at(z, *rest) - d), d * (sigma(z, *rest) - z)

    return formula


def add_mask_to_formula(add: Callable[..., Formula], formula: Composed) -> Composed:
    """The formula with the arguments of a mask after its first one."""
    kinds = ARRAY + ARRAY + SCALAR + SCALAR + formula.kinds[1:]
    return replace(formula, compose=add, parts=(formula, apply_dropout_mask), kinds=kinds)


Bias = tuple[Floats] | tuple[()]
Noise = Mask | tuple[()]
Response = Callable[[Floats, Bias, ForwardContext, Noise, LayerState | None], tuple[Floats, Callable[[Floats], Floats]]]
"""Takes x, b and m, which are empty where they are missing, and a; gives y and the way back, in the array of dy."""


def make_fused_activation(
    curve: Curve, *, biased: bool = True, blended: bool = False, masked: bool = False
) -> Response:
    """The response of a curve; one with a t always has a bias, and no other one is blended."""
    through = None if masked else make_one_way_formula(curve, biased=biased, blended=blended)
    if curve.transcendental is None:
        forward, backward = compose_rectifier_formulas(type(curve), biased, masked)  # type: ignore[arg-type]
        return RectifierResponse(curve, forward, backward, through).respond
    entry, forward, backward = compose_curve_formulas(type(curve), blended, masked)  # type: ignore[arg-type]
    return CurveResponse(curve, entry, forward, backward, through).respond


def make_one_way_formula(curve: Curve, *, biased: bool, blended: bool) -> InPlace:
    """y of x, b and a as one formula in the array of x, with t in it."""
    sigma = compose_blend_with_identity(curve.formula) if blended else curve.formula

    def formula(x: Any, *rest: Any) -> Any:
        z, a, scalars = (x + rest[0] if biased else x), rest[biased : biased + blended], rest[biased + blended :]
        t = () if curve.transcendental is None else (curve.transcendental(curve.bent(z, *scalars)),)
        return sigma(z, *a, *t, *scalars)

    return InPlace(formula, ARRAY + COLUMN * (biased + blended) + SCALAR * len(curve.scalars(np.dtype(np.float32))))


def refuse_way_back(dy: Floats) -> Floats:
    """There is no way back through a pass that keeps nothing for it."""
    raise AssertionError("the pass was one way")


@cache
def compose_rectifier_formulas(curve: type[Curve], biased: bool, masked: bool) -> tuple[Composed, Composed | None]:
    """The formulas of y and, unless it is dy, of dz: the same ones for the same kind, so that each is compiled once."""
    forward = Composed(
        compose_bias_before_formula if biased else compose_formula_alone, (curve.formula,), ARRAY + COLUMN * biased
    )
    backward = Composed(compose_activation_gradient, (curve.slope_at,), ARRAY + ARRAY)
    if masked:
        return add_mask_to_formula(compose_mask_after_formula, forward), add_mask_to_formula(
            compose_mask_after_formula, backward
        )
    return forward, None if curve.straight else backward


@cache
def compose_curve_formulas(curve: type[Curve], blended: bool, masked: bool) -> tuple[Composed, Composed, Composed]:
    """The formulas of z with the argument of t, of y, and of dz; cached, so that each is compiled once for a kind."""
    entry = Composed(compose_biased_transcendental_argument, (curve.bent,), ARRAY + COLUMN, outs=1)
    if blended:
        forward = Composed(
            compose_blend_with_identity, (curve.formula,), ARRAY + COLUMN + ARRAY, outs=1, in_place=False
        )
        backward = Composed(
            compose_blended_activation_gradients,
            (curve.formula, curve.slope_at),
            ARRAY + COLUMN + ARRAY + ARRAY,
            outs=1,
        )
    else:
        forward = Composed(compose_formula_alone, (curve.formula,), ARRAY + ARRAY, outs=1, in_place=False)
        backward = Composed(compose_activation_gradient, (curve.slope_at,), ARRAY + ARRAY + ARRAY)
    if masked:
        return (
            entry,
            add_mask_to_formula(compose_mask_after_formula, forward),
            add_mask_to_formula(compose_mask_before_formula, backward),
        )
    return entry, forward, backward


@dataclass(frozen=True, slots=True)
class RectifierResponse:
    """y = m σ(x + b) of a rectifier, in the array of x; y is kept."""

    curve: Curve
    forward: Composed
    backward: Composed | None
    through: InPlace | None

    def respond(
        self, x: Floats, b: Bias, run: ForwardContext, m: Noise, slopes: LayerState | None
    ) -> tuple[Floats, Callable[[Floats], Floats]]:
        scalars = self.curve.scalars(x.dtype)
        if run.one_way and self.through is not None:
            self.through.run(x, *b, *scalars)
            return x, refuse_way_back
        loop = run.executor.loop if x.ndim == 2 else partial(make_memberwise_loop, run.executor)
        loop(self.forward)(x, *m, *b, *scalars)

        def vjp(dy: Floats) -> Floats:
            if self.backward is not None:
                loop(self.backward)(dy, *m, x, *scalars)
            return dy

        return x, vjp


@dataclass(frozen=True, slots=True)
class CurveResponse:
    """y = m (z + a (σ(z) − z)) of z = x + b and a curve with a t; z, in the array of x, and t are kept."""

    curve: Curve
    entry: Composed
    forward: Composed
    backward: Composed
    through: InPlace | None

    def respond(
        self, x: Floats, b: Bias, run: ForwardContext, m: Noise, slopes: LayerState | None
    ) -> tuple[Floats, Callable[[Floats], Floats]]:
        scalars = self.curve.scalars(x.dtype)
        a = () if slopes is None else (slopes.parameters["slope"],)
        if run.one_way and self.through is not None:
            self.through.run(x, *b, *a, *scalars)
            return x, refuse_way_back
        loop = run.executor.loop if x.ndim == 2 else partial(make_memberwise_loop, run.executor)
        z, t, y = x, run.work.array(x.shape), run.work.array(x.shape)
        loop(self.entry)(t, x, *b, *scalars)
        with np.errstate(over="ignore"):
            self.curve.transcendental(t, out=t)  # type: ignore[misc]
        loop(self.forward)(y, z, *m, *a, t, *scalars)

        def vjp(dy: Floats) -> Floats:
            if slopes is None:
                loop(self.backward)(dy, *m, z, t, *scalars)
            else:
                loop(self.backward)(y, dy, *m, *a, z, t, *scalars)
                multiply_matrices(run.work.ones(y.shape[-2]), y, slopes.gradients["slope"])  # the sum over the rows
            return dy

        return y, vjp


def make_memberwise_loop(executor: Executor, composed: Composed) -> Loop:
    """The loop of a formula over each of several members."""
    loop = executor.loop(composed)

    def loop_each(*given: Any) -> None:
        for m in range(len(given[0])):
            loop(*(each[m] if each.ndim else each for each in given))

    return loop_each
