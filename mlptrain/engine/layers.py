"""Layers: y = f(x) and, three lines below, the way back: dx and the gradients of the layer's own parameters.

A layer declares its parameters and buffers for a number of inputs and is called with `Own`, the views of them. It
returns `(y, backward)`; `backward(dy, wanted)` writes the gradients into their views of the flat gradient and returns
dx, or nothing of meaning where dx is not wanted. `dy` may be overwritten. Shapes: x (…, B, I), y (…, B, O); a leading
axis of members, if there is one, runs through by broadcasting.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Le, Lt
from numpy.random import BitGenerator, Generator
from numpy.typing import NDArray

from mlptrain.engine.activations import SELU, Activation, Curve, Family, Linear, Rectifier
from mlptrain.engine.arrays import Floats, Workspace, blocks, blockwise, row_blocks
from mlptrain.engine.curves import RESPONSES, bending
from mlptrain.engine.elementwise import NUMPY, Composed, Executor, Mask
from mlptrain.engine.initializers import (
    BiasInitializer,
    Constant,
    Initializer,
    Ones,
    ThroughRows,
    UnitVariance,
    VarianceScaling,
    Zeros,
)
from mlptrain.engine.parameters import Declaration
from mlptrain.randomness import short_integers

Backward = Callable[[Floats, bool], Floats]
Parametrization = Literal["standard", "ntk"]


@dataclass(frozen=True, slots=True)
class Own:
    """The views a layer works on: its parameters, where their gradients go, its buffers."""

    parameters: dict[str, Floats]
    gradients: dict[str, Floats]
    buffers: dict[str, Floats]


@dataclass(slots=True)
class Pass:
    """What a pass through the network is: where arrays come from, training or evaluation, the noise of this step.

    `rate` maps the dropout rate of a layer to that of this step (a schedule); `noise` are the bit streams of the step,
    one for each member; `executor` runs elementwise formulas.
    """

    work: Workspace
    train: bool = False
    noise: Sequence[BitGenerator] = ()
    rate: Callable[[float], float] = float
    executor: Executor = NUMPY

    def noises(self, drawn: NDArray[Any]) -> Iterator[tuple[BitGenerator, NDArray[Any]]]:
        """The bit stream of each member, with its part of what is drawn, (M, B, O) or one below the other (M B, O)."""
        return zip(self.noise, drawn.reshape(len(self.noise), -1, drawn.shape[-1]), strict=True)

    def of_each(self, x: Floats) -> Floats:
        """x (B, I), which members see alike, as rows of each (M, B, I), where each draws noise of its own."""
        return x if x.ndim > 2 or len(self.noise) < 2 else np.broadcast_to(x, (len(self.noise), *x.shape))


class Layer:
    """A layer without parameters and buffers that keeps the width; the others override what differs."""

    @property
    def kind(self) -> str:
        """What it is called."""
        return type(self).__name__

    @property
    def noisy(self) -> bool:
        """Whether it draws random numbers in training."""
        return False

    @property
    def needs_several_rows(self) -> bool:
        """Whether a batch of one row has no meaning in training."""
        return False

    def declare(self, inputs: int) -> dict[str, Declaration]:
        return {}

    def buffers(self, inputs: int) -> dict[str, Floats]:
        """Names and initial values of what is saved but never stepped: running statistics (I,) and the like."""
        return {}

    def outputs(self, inputs: int) -> int:
        return inputs

    def inputs(self, outputs: int) -> int:
        """How many inputs it takes to give so many outputs."""
        return outputs

    @property
    def adapts(self) -> bool:
        """Whether anything of the layer follows from rows."""
        return False

    def adapt(self, x: Floats, own: Own, bits: Sequence[BitGenerator]) -> None:
        """Set what follows from the rows x (…, B, I) that reach the layer before training, with a stream a member."""

    @property
    def shared(self) -> bool:
        """Whether members share its buffers."""
        return False

    def takes(self, epilogue: "AnyEpilogue") -> bool:
        """Whether what follows it can be done in the array of its output, given along with the call."""
        return False

    def unfolded(self, name: str, inputs: int) -> "Iterator[tuple[str, Layer, int]]":
        """The layers it is made of and, last, itself: the name, the layer, its number of inputs."""
        yield name, self, inputs

    def in_turn(self, name: str, x: Floats, own: Own, run: Pass) -> Iterator[tuple[str, Floats]]:
        """The outputs of the layers it is made of and, last, its own: to look into a pass."""
        yield name, self(x, own, run)[0]

    def __call__(self, x: Floats, own: Own, run: Pass) -> tuple[Floats, Backward]:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Dense(Layer):
    """y = γ x W + b.   x (…, B, I)   W (…, I, O)   b (…, O)   →   y (…, B, O).

    γ is 1 in the standard parametrisation, 1/√I in that of the neural tangent kernel (Jacot et al., 2018). What follows
    within the same array, its `epilogue`, can be given along: y = m σ(γ x W + b).
    """

    units: int
    kernel_initializer: Initializer = field(default_factory=VarianceScaling)
    bias_initializer: BiasInitializer = field(default_factory=Zeros)
    max_norm: float | None = None
    parametrization: Parametrization = "standard"

    def declare(self, inputs: int) -> dict[str, Declaration]:
        weight = Declaration(
            shape=(inputs, self.units), kind="weight", initializer=self.kernel_initializer, max_norm=self.max_norm
        )
        return {
            "weight": weight,
            "bias": Declaration(shape=(self.units,), kind="bias", initializer=self.bias_initializer),
        }

    def outputs(self, inputs: int) -> int:
        return self.units

    def takes(self, epilogue: "AnyEpilogue") -> bool:
        return True

    def __call__(
        self, x: Floats, own: Own, run: Pass, epilogue: "AnyEpilogue | None" = None, after: Own | None = None
    ) -> tuple[Floats, Backward]:
        W, b = own.parameters["weight"], own.parameters["bias"]
        gamma = self.gamma(W)
        if gamma != 1:
            W = np.multiply(W, gamma, out=run.work.array(W.shape))
        xW = product(x, W, run.work.array(W.shape[:-2] + (x.shape[-2], W.shape[-1])))  # noqa: RUF005  (a hot line)
        y, epilogue_vjp = (epilogue or PLAIN)(xW, b, run, after)

        def backward(dy: Floats, wanted: bool) -> Floats:
            dz = epilogue_vjp(dy)
            dW = product(x.mT, dz, own.gradients["weight"])
            if gamma != 1:
                dW *= gamma
            product(run.work.ones(dz.shape[-2]), dz, own.gradients["bias"])  # the sum over the rows
            return product(dz, W.mT, run.work.array(x.shape)) if wanted else dz

        return y, backward

    def gamma(self, W: Floats) -> float:
        """The factor of x W."""
        return 1.0 if self.parametrization == "standard" else float(W.shape[-2]) ** -0.5

    @property
    def adapts(self) -> bool:
        return isinstance(self.kernel_initializer, UnitVariance) or isinstance(self.bias_initializer, ThroughRows)

    def adapt(self, x: Floats, own: Own, bits: Sequence[BitGenerator]) -> None:
        """Data-driven initial values (Holzmüller et al., 2024, RealMLP).

        Weights: each unit's are divided by the standard deviation of γ x W over the rows, which then is 1. Biases:
        b = −Σₖ pₖ zₖ of z = γ x W at 5 rows k, drawn for each unit, with p ~ Dirichlet(1, 1, 1, 1, 1).
        """
        W, b = own.parameters["weight"], own.parameters["bias"]
        weights, biases = (W, b) if W.ndim > 2 else (W[None], b[None])
        for m, stream in enumerate(bits):
            z = self.gamma(W) * (x if x.ndim == 2 else x[m]) @ weights[m]
            if isinstance(self.kernel_initializer, UnitVariance):
                deviation = z.std(axis=0)
                deviation[deviation == 0] = 1
                weights[m] /= deviation
                z /= deviation
            if isinstance(self.bias_initializer, ThroughRows):
                biases[m] = self.bias_initializer.through(z, stream)


def seen_alike(x: Floats, dx: Floats) -> Floats:
    """dx of the shape of x: of rows (B, I) that all members see, the sum over the members of dx (M, B, I)."""
    total: Floats = dx if dx.ndim == x.ndim else dx.sum(axis=0)
    return total


def product(a: Floats, b: Floats, out: Floats) -> Floats:
    """a b into `out`; with members, of each member."""
    return np.dot(a, b, out=out) if b.ndim == 2 else np.matmul(a, b, out=out)  # dot is called in less time


@dataclass(frozen=True, kw_only=True)
class Activate(Layer):
    """y = σ(z) for an activation σ without parameters."""

    activation: Activation

    def __call__(self, x: Floats, own: Own, run: Pass) -> tuple[Floats, Backward]:
        y = blockwise(self.activation, lambda: run.work.array(x.shape), x)

        def backward(dy: Floats, wanted: bool) -> Floats:
            return blockwise(self.activation.vjp, lambda: dy, dy, x, y)

        return y, backward


@dataclass(frozen=True, kw_only=True)
class PReLU(Layer):
    """z where z > 0, a · z elsewhere, with a learned slope a, one per unit or one per layer (He et al., 2015).

    ∂L/∂a sums dy · z over the rows (and, if shared, the units) where z ≤ 0.
    """

    name: Literal["prelu"] = "prelu"
    slope: Annotated[float, Ge(0), Lt(1)] = 0.25
    shared: bool = False

    @property
    def family(self) -> Family:
        return "he"

    def declare(self, inputs: int) -> dict[str, Declaration]:
        shape = (1,) if self.shared else (inputs,)
        return {"slope": Declaration(shape=shape, kind="slope", initializer=Constant(value=self.slope))}

    def __call__(self, x: Floats, own: Own, run: Pass) -> tuple[Floats, Backward]:
        a, da = own.parameters["slope"][..., None, :], own.gradients["slope"]
        y, below = run.work.array(x.shape), run.work.array(x.shape)
        np.minimum(x, 0, out=below)
        np.maximum(x, 0, out=y)
        for rows in row_blocks(x):
            y[..., rows, :] += a * below[..., rows, :]

        def backward(dy: Floats, wanted: bool) -> Floats:
            d = np.einsum("...bo,...bo->...o", dy, below)
            da[...] = d.sum(axis=-1, keepdims=True) if self.shared else d
            for rows in row_blocks(x):
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

    @property
    def family(self) -> Family:
        return self.activation.family

    def declare(self, inputs: int) -> dict[str, Declaration]:
        return {"slope": Declaration(shape=(inputs,), kind="slope", initializer=Constant(value=self.start))}

    def __call__(self, x: Floats, own: Own, run: Pass) -> tuple[Floats, Backward]:
        a, da = own.parameters["slope"][..., None, :], own.gradients["slope"]
        s = blockwise(self.activation, lambda: run.work.array(x.shape), x)
        rest = np.subtract(s, x, out=run.work.array(x.shape))
        y = np.multiply(a, rest, out=run.work.array(x.shape))
        y += x

        def backward(dy: Floats, wanted: bool) -> Floats:
            np.multiply(dy, rest, out=rest)
            product(run.work.ones(rest.shape[-2]), rest, da)  # the sum over the rows
            d = blockwise(self.activation.vjp, lambda: run.work.array(x.shape), dy, x, s)
            d -= dy
            d *= a
            return np.add(dy, d, out=dy)

        return y, backward


@dataclass(frozen=True, kw_only=True)
class Scale(Layer):
    """y = x ⊙ s with a learned factor s for each input, 1 at the start (Holzmüller et al., 2024, RealMLP).

    x (…, B, I), s (…, I): ∂L/∂s sums dy ⊙ x over the rows; dx = dy ⊙ s.
    """

    def declare(self, inputs: int) -> dict[str, Declaration]:
        return {"scale": Declaration(shape=(inputs,), kind="scale", initializer=Ones())}

    def __call__(self, x: Floats, own: Own, run: Pass) -> tuple[Floats, Backward]:
        s = own.parameters["scale"][..., None, :]
        y = np.multiply(x, s, out=run.work.array(np.broadcast_shapes(x.shape, s.shape)))

        def backward(dy: Floats, wanted: bool) -> Floats:
            np.einsum("...bi,...bi->...i", dy, x, out=own.gradients["scale"])
            return np.multiply(dy, s, out=dy) if wanted else dy

        return y, backward


@dataclass(frozen=True, kw_only=True)
class Maxout(Layer):
    """y_j = max over k of z_kj: the largest of a unit's K pieces, each with its own weights (Goodfellow et al., 2013).

    z (…, B, K·O) has the first pieces of all units, then the second ones …; y (…, B, O). ∂L/∂z_kj is dy_j where piece k
    is the largest, the first of those that are equal, and 0 elsewhere. `pieces` is K.
    """

    name: Literal["maxout"] = "maxout"
    pieces: Annotated[int, Ge(2), Le(100)] = 2

    @property
    def family(self) -> Family:
        return "lecun"

    def outputs(self, inputs: int) -> int:
        return inputs // self.pieces

    def inputs(self, outputs: int) -> int:
        return outputs * self.pieces

    def __call__(self, x: Floats, own: Own, run: Pass) -> tuple[Floats, Backward]:
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


@dataclass(frozen=True, kw_only=True)
class Temperature(Layer):
    """y = x / T in evaluation, y = x in training: T, 1 until it is set after training, calibrates probabilities.

    (Guo et al., 2017.) In evaluation dx = dy / T.
    """

    def buffers(self, inputs: int) -> dict[str, Floats]:
        return {"temperature": np.ones(1)}

    def __call__(self, x: Floats, own: Own, run: Pass) -> tuple[Floats, Backward]:
        if run.train:
            return x, lambda dy, wanted: dy
        T = own.buffers["temperature"][..., None, :]
        return np.divide(x, T, out=run.work.array(x.shape)), lambda dy, wanted: np.divide(dy, T, out=dy)


@dataclass(frozen=True, kw_only=True)
class Dropout(Layer):
    """y = x m / (1 − p), m ~ Bernoulli(1 − p), one independent m per unit and row; identity in evaluation.

    Inverted dropout (Srivastava et al., 2014, section 10). `rate` is p, the probability of zeroing. m is drawn from 16
    random bits, so p is taken to the nearest 1/65536 and the survivors are divided by exactly that 1 − p.
    """

    name: Literal["bernoulli"] = "bernoulli"
    rate: Annotated[float, Ge(0), Lt(1)] = 0.5

    @property
    def noisy(self) -> bool:
        return True

    def mask(self, shape: tuple[int, ...], run: Pass) -> Mask | None:
        """The mask of this step; None where nothing is dropped."""
        threshold = min(round(run.rate(self.rate) * 65536), 65535)
        if not run.train or not run.noise or threshold == 0:
            return None
        bits = run.work.bits(shape)
        for stream, part in run.noises(bits):
            for block in blocks(part.size):
                part.reshape(-1)[block] = short_integers(stream, block.stop - block.start)
        return Mask(bits, np.uint16(threshold), run.work.dtype.type(65536 / (65536 - threshold)))

    def __call__(self, x: Floats, own: Own, run: Pass) -> tuple[Floats, Backward]:
        rows = run.of_each(x)
        mask = self.mask(rows.shape, run)
        if mask is None:
            return x, lambda dy, wanted: dy
        y = run.work.array(rows.shape)
        np.copyto(y, rows)
        respond(run, Linear(), y, None, mask)
        return y, lambda dy, wanted: seen_alike(x, respond_vjp(run, Linear(), dy, y, mask))


@dataclass(frozen=True, kw_only=True)
class GaussianDropout(Layer):
    """y = x n, n ~ N(1, p / (1 − p)), independent per unit and row; identity in evaluation (Srivastava, 2014)."""

    name: Literal["gaussian"] = "gaussian"
    rate: Annotated[float, Ge(0), Lt(1)] = 0.5

    @property
    def noisy(self) -> bool:
        return True

    def __call__(self, x: Floats, own: Own, run: Pass) -> tuple[Floats, Backward]:
        p = run.rate(self.rate)
        if not run.train or not run.noise or p == 0:
            return x, lambda dy, wanted: dy
        rows = run.of_each(x)
        n = run.work.array(rows.shape)
        for stream, part in run.noises(n):
            Generator(stream).standard_normal(out=part, dtype=n.dtype.type)
        n *= (p / (1 - p)) ** 0.5
        n += 1
        y = np.multiply(x, n, out=run.work.array(n.shape))
        return y, lambda dy, wanted: seen_alike(x, np.multiply(dy, n, out=dy))


@dataclass(frozen=True, kw_only=True)
class Epilogue:
    """m σ(x + b) in the array of x: the bias, the activation and the dropout after a product, in one go.

    σ is a rectifier, whose derivative follows from y, so that nothing else needs to be kept.
    """

    rectifier: Rectifier = field(default_factory=Linear)
    dropout: Dropout | None = None

    def __call__(
        self, x: Floats, b: Floats, run: Pass, own: Own | None = None
    ) -> tuple[Floats, Callable[[Floats], Floats]]:
        mask = self.dropout.mask(x.shape, run) if self.dropout else None
        y = respond(run, self.rectifier, x, b, mask)
        return y, lambda dy: respond_vjp(run, self.rectifier, dy, y, mask)


PLAIN = Epilogue()


@dataclass(frozen=True, kw_only=True)
class CurveEpilogue:
    """m (z + a (σ(z) − z)) of z = x + b: the bias, a curve, blended with the identity if it is `blended`, the dropout.

    z and t, the curve's transcendental function, are kept; σ and its derivative are arithmetic on them. a is the
    parameter of the `Parametric` layer whose place this takes.
    """

    curve: Curve
    blended: bool = False
    dropout: Dropout | None = None

    def __call__(
        self, x: Floats, b: Floats, run: Pass, own: Own | None = None
    ) -> tuple[Floats, Callable[[Floats], Floats]]:
        curve, scalars = self.curve, self.curve.scalars(x.dtype)
        mask = self.dropout.mask(x.shape, run) if self.dropout else None
        drawn = () if mask is None else (mask.bits,)
        scalars_after: tuple[Any, ...] = scalars if mask is None else (mask.threshold, mask.scale, *scalars)
        there, back = RESPONSES[self.blended, mask is not None]
        a = () if own is None else (own.parameters["slope"],)
        z, t, y = x, run.work.array(x.shape), run.work.array(x.shape)
        mapped(run, Composed(bending, (curve.bent,)), (z, t), (x,), (b,), scalars)
        with np.errstate(over="ignore"):
            curve.transcendental(t, out=t)
        mapped(run, Composed(there, (curve.formula,)), (y,), (z, t, *drawn), a, scalars_after)

        def vjp(dy: Floats) -> Floats:
            out = (dy,) if own is None else (dy, y)
            mapped(run, Composed(back, (curve.formula, curve.slope)), out, (dy, z, t, *drawn), a, scalars_after)
            if own is not None:
                product(run.work.ones(y.shape[-2]), y, own.gradients["slope"])  # the sum over the rows
            return dy

        return y, vjp


AnyEpilogue = Epilogue | CurveEpilogue


def mapped(
    run: Pass,
    composed: Composed,
    out: Sequence[Floats],
    arrays: Sequence[NDArray[Any]],
    columns: Sequence[Floats],
    scalars: Sequence[Any],
) -> None:
    """(*out) ← formula(*arrays, *columns, *scalars), for each member if there are several."""
    if out[0].ndim == 2:
        run.executor.map(composed, out, arrays, columns, scalars)
        return
    for m in range(len(out[0])):
        own, given, each = (tuple(array[m] for array in group) for group in (out, arrays, columns))
        run.executor.map(composed, own, given, each, scalars)


def respond(run: Pass, rectifier: Rectifier, x: Floats, b: Floats | None, mask: Mask | None) -> Floats:
    """x ← m σ(x + b), for each member if there are several."""
    if x.ndim == 2:
        run.executor.respond(rectifier, x, b, mask)
    else:
        for m, member in enumerate(x):
            respond(run, rectifier, member, None if b is None else b[m], None if mask is None else mask.of_member(m))
    return x


def respond_vjp(run: Pass, rectifier: Rectifier, dy: Floats, y: Floats, mask: Mask | None) -> Floats:
    """dy ← dy m σ′(y), for each member if there are several."""
    if isinstance(rectifier, Linear) and mask is None:
        return dy
    if dy.ndim == 2:
        run.executor.respond_vjp(rectifier, dy, y, mask)
    else:
        for m, member in enumerate(dy):
            respond_vjp(run, rectifier, member, y[m], None if mask is None else mask.of_member(m))
    return dy


AnyDropout = Dropout | GaussianDropout
AnyActivation = Activation | PReLU | Parametric | Maxout
