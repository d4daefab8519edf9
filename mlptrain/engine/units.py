"""Units: activations as layers, those without parameters and those that learn some or change the width."""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le, Lt

from mlptrain.engine.activations import SELU, Activation, Bounds, Curve, Family, narrow_to_curve
from mlptrain.engine.arrays import Floats, apply_blockwise, multiply_matrices, slice_rows_into_blocks
from mlptrain.engine.initializers import Constant
from mlptrain.engine.layer import Backward, ForwardContext, Layer, LayerState
from mlptrain.engine.parameters import Declaration


@dataclass(frozen=True, kw_only=True)
class Activate(Layer):
    """y = σ(z) for an activation σ without parameters."""

    activation: Activation
    activates: ClassVar[bool] = True

    @property
    def curve(self) -> Curve | None:
        return narrow_to_curve(self.activation)

    @property
    def bounds(self) -> Bounds | None:
        return self.activation.bounds

    def __call__(self, x: Floats, state: LayerState, run: ForwardContext) -> tuple[Floats, Backward]:
        y = apply_blockwise(self.activation, lambda: run.work.array(x.shape), x)

        def backward(dy: Floats, wanted: bool) -> Floats:
            return apply_blockwise(self.activation.vjp, lambda: dy, dy, x, y)

        return y, backward


@dataclass(frozen=True, kw_only=True)
class PReLU(Layer):
    """z where z > 0, a · z elsewhere, with a learned slope a, one per unit or one per layer (He et al., 2015).

    ∂L/∂a sums dy · z over the rows (and, if shared, the units) where z ≤ 0.
    """

    name: Literal["prelu"] = "prelu"
    slope: Annotated[float, Ge(0), Lt(1)] = 0.25
    """The slope a at the start."""
    shared: bool = False
    """One slope for the layer, not one for each unit."""
    activates: ClassVar[bool] = True

    @property
    def family(self) -> Family:
        return "he"

    def declare(self, inputs: int) -> dict[str, Declaration]:
        shape = (1,) if self.shared else (inputs,)
        return {"slope": Declaration(shape=shape, kind="slope", initializer=Constant(value=self.slope))}

    def __call__(self, x: Floats, state: LayerState, run: ForwardContext) -> tuple[Floats, Backward]:
        a, da = state.parameters["slope"][..., None, :], state.gradients["slope"]
        y, below = run.work.array(x.shape), run.work.array(x.shape)
        np.minimum(x, 0, out=below)
        np.maximum(x, 0, out=y)
        for rows in slice_rows_into_blocks(x):
            y[..., rows, :] += a * below[..., rows, :]

        def backward(dy: Floats, wanted: bool) -> Floats:
            d = np.einsum("...bo,...bo->...o", dy, below)
            da[...] = d.sum(axis=-1, keepdims=True) if self.shared else d
            for rows in slice_rows_into_blocks(x):
                dy[..., rows, :] *= (x[..., rows, :] > 0) + (x[..., rows, :] <= 0) * a
            return dy

        return y, backward


@dataclass(frozen=True, kw_only=True)
class Parametric(Layer):
    """y = z + a (σ(z) − z) with a learned a for each unit: σ where a is 1, the identity where it is 0.

    ∂L/∂a sums dy (σ(z) − z) over the rows; dz = dy (1 − a + a σ′(z)). (Holzmüller et al., 2024, RealMLP.)
    """

    name: Literal["parametric"] = "parametric"
    activation: Activation = field(default_factory=SELU)
    """σ."""
    start: Annotated[float, Ge(0), Le(10)] = 1.0
    """a before training."""
    blends: ClassVar[bool] = True
    activates: ClassVar[bool] = True

    @property
    def family(self) -> Family:
        return self.activation.family

    @property
    def curve(self) -> Curve | None:
        """None for a rectifier: blended with the identity, it no longer tells its slope by its output."""
        curve = narrow_to_curve(self.activation)
        return None if curve is None or curve.transcendental is None else curve

    def declare(self, inputs: int) -> dict[str, Declaration]:
        return {"slope": Declaration(shape=(inputs,), kind="slope", initializer=Constant(value=self.start))}

    def __call__(self, x: Floats, state: LayerState, run: ForwardContext) -> tuple[Floats, Backward]:
        a, da = state.parameters["slope"][..., None, :], state.gradients["slope"]
        s = apply_blockwise(self.activation, lambda: run.work.array(x.shape), x)
        rest = np.subtract(s, x, out=run.work.array(x.shape))
        y = np.multiply(a, rest, out=run.work.array(x.shape))
        y += x

        def backward(dy: Floats, wanted: bool) -> Floats:
            np.multiply(dy, rest, out=rest)
            multiply_matrices(run.work.ones(rest.shape[-2]), rest, da)  # the sum over the rows
            d = apply_blockwise(self.activation.vjp, lambda: run.work.array(x.shape), dy, x, s)
            d -= dy
            d *= a
            return np.add(dy, d, out=dy)

        return y, backward


@dataclass(frozen=True, kw_only=True)
class Maxout(Layer):
    """y_j = max over k of z_kj: the largest of a unit's K pieces, each with its own weights (Goodfellow et al., 2013).

    z (…, B, K·O) has the first pieces of all units, then the second ones …; y (…, B, O). ∂L/∂z_kj is dy_j where piece k
    is the largest, the first of those that are equal, and 0 elsewhere. `pieces` is K.
    """

    name: Literal["maxout"] = "maxout"
    pieces: Annotated[int, Ge(2), Le(100)] = 2
    """The linear pieces of each unit."""
    activates: ClassVar[bool] = True

    @property
    def family(self) -> Family:
        return "lecun"

    def outputs(self, inputs: int) -> int:
        return inputs // self.pieces

    def inputs(self, outputs: int) -> int:
        return outputs * self.pieces

    def __call__(self, x: Floats, state: LayerState, run: ForwardContext) -> tuple[Floats, Backward]:
        first, *others = z = np.split(x, self.pieces, axis=-1)
        y = run.work.array(first.shape)
        np.copyto(y, first)
        for piece in others:
            np.maximum(y, piece, out=y)

        def backward(dy: Floats, wanted: bool) -> Floats:
            dx = run.work.array(x.shape)
            for piece, d in zip(z, np.split(dx, self.pieces, axis=-1), strict=True):
                np.multiply(dy, piece == y, out=d)
                dy -= d  # what is given to this piece is not given once more to one that equals it
            return dx

        return y, backward


ActivationLayer = PReLU | Parametric | Maxout
"""The activations that are layers: they have parameters or change the width."""
AnyActivation = Activation | ActivationLayer


def wrap_activation_as_layer(activation: AnyActivation) -> Layer:
    """The activation as a layer: itself, if it is one."""
    return activation if isinstance(activation, Layer) else Activate(activation=activation)
