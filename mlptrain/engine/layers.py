"""Layers: y = f(x) and, three lines below, the way back: dx and the gradients of the layer's own parameters.

A layer declares its parameters and buffers for a number of inputs and is called with `Own`, the views of them. It
returns `(y, backward)`; `backward(dy, wanted)` writes the gradients into their views of the flat gradient and returns
dx, or nothing of meaning where dx is not wanted. `dy` may be overwritten. Shapes: x (…, B, I), y (…, B, O); a leading
axis of members, if there is one, runs through by broadcasting.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Lt
from numpy.random import BitGenerator, Generator

from mlptrain.engine.activations import Activation, Family
from mlptrain.engine.arrays import Floats, Workspace, blockwise
from mlptrain.engine.initializers import BiasInitializer, Constant, Initializer, Ones, VarianceScaling, Zeros
from mlptrain.engine.parameters import Declaration
from mlptrain.randomness import short_integers

Backward = Callable[[Floats, bool], Floats]


@dataclass(frozen=True)
class Own:
    """The views a layer works on: its parameters, where their gradients go, its buffers."""

    parameters: dict[str, Floats]
    gradients: dict[str, Floats]
    buffers: dict[str, Floats]


@dataclass(frozen=True)
class Pass:
    """What a pass through the network is: where arrays come from, training or evaluation, the noise of this step.

    `rate` maps the dropout rate of a layer to that of this step (a schedule); `noise` is the bit stream of the step.
    """

    work: Workspace
    train: bool = False
    noise: BitGenerator | None = None
    rate: Callable[[float], float] = float


class Layer:
    """A layer without parameters and buffers that keeps the width; the others override what differs."""

    def declare(self, inputs: int) -> dict[str, Declaration]:
        return {}

    def buffers(self, inputs: int) -> dict[str, float]:
        """Names and initial values of running statistics (I,): saved, never stepped."""
        return {}

    def outputs(self, inputs: int) -> int:
        return inputs

    def __call__(self, x: Floats, own: Own, run: Pass) -> tuple[Floats, Backward]:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Dense(Layer):
    """y = x W + b.   x (…, B, I)   W (…, I, O)   b (…, O)   →   y (…, B, O)."""

    units: int
    kernel_initializer: Initializer = field(default_factory=VarianceScaling)
    bias_initializer: BiasInitializer = field(default_factory=Zeros)
    max_norm: float | None = None

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

    def __call__(self, x: Floats, own: Own, run: Pass) -> tuple[Floats, Backward]:
        W, b = own.parameters["weight"], own.parameters["bias"]
        y = np.matmul(x, W, out=run.work.array((*W.shape[:-2], x.shape[-2], W.shape[-1])))
        y += b[..., None, :]

        def backward(dy: Floats, wanted: bool) -> Floats:
            np.matmul(x.swapaxes(-1, -2), dy, out=own.gradients["weight"])
            np.matmul(run.work.ones, dy, out=own.gradients["bias"])  # the sum over the rows
            return np.matmul(dy, W.swapaxes(-1, -2), out=run.work.array(x.shape)) if wanted else dy

        return y, backward


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
        below = np.minimum(x, 0)
        y = np.add(np.maximum(x, 0), a * below, out=run.work.array(x.shape))

        def backward(dy: Floats, wanted: bool) -> Floats:
            d = (dy * below).sum(axis=-2)
            da[...] = d.sum(axis=-1, keepdims=True) if self.shared else d
            return np.multiply(dy, np.where(x > 0, 1, a), out=dy)

        return y, backward


@dataclass(frozen=True, kw_only=True)
class BatchNorm(Layer):
    """y = γ (x − μ) / √(v + ε) + β, with mean and biased variance of the batch in training, running ones otherwise.

    running ← (1 − running_momentum) · running + running_momentum · batch (Ioffe & Szegedy, 2015). The running variance
    takes the batch's biased variance, as Keras does; PyTorch takes the unbiased one. ε 1e-5 (Keras 1e-3).
    dx = γ / √(v + ε) · (dy − mean dy − x̂ mean(dy x̂)): the gradient passes through mean and variance.
    """

    name: Literal["batch"] = "batch"
    epsilon: Annotated[float, Gt(0)] = 1e-5
    running_momentum: Annotated[float, Gt(0), Lt(1)] = 0.1

    def declare(self, inputs: int) -> dict[str, Declaration]:
        return scale_and_shift(inputs)

    def buffers(self, inputs: int) -> dict[str, float]:
        return {"running_mean": 0.0, "running_variance": 1.0}

    def __call__(self, x: Floats, own: Own, run: Pass) -> tuple[Floats, Backward]:
        running_mean, running_variance = own.buffers["running_mean"], own.buffers["running_variance"]
        if not run.train:
            return normalize(x, running_mean[..., None, :], running_variance[..., None, :], self.epsilon, own, None)
        mean = x.mean(axis=-2, keepdims=True)
        variance = np.square(x - mean).mean(axis=-2, keepdims=True)
        for running, batch in ((running_mean, mean), (running_variance, variance)):
            running += self.running_momentum * (batch[..., 0, :] - running)
        return normalize(x, mean, variance, self.epsilon, own, -2)


@dataclass(frozen=True, kw_only=True)
class LayerNorm(Layer):
    """y = γ (x − μ) / √(v + ε) + β, with mean and variance over the units of each row (Ba et al., 2016)."""

    name: Literal["layer"] = "layer"
    epsilon: Annotated[float, Gt(0)] = 1e-5

    def declare(self, inputs: int) -> dict[str, Declaration]:
        return scale_and_shift(inputs)

    def __call__(self, x: Floats, own: Own, run: Pass) -> tuple[Floats, Backward]:
        mean = x.mean(axis=-1, keepdims=True)
        variance = np.square(x - mean).mean(axis=-1, keepdims=True)
        return normalize(x, mean, variance, self.epsilon, own, -1)


Norm = BatchNorm | LayerNorm


def scale_and_shift(inputs: int) -> dict[str, Declaration]:
    """γ and β of a normalisation, 1 and 0 at the start."""
    return {
        "scale": Declaration(shape=(inputs,), kind="scale", initializer=Ones()),
        "shift": Declaration(shape=(inputs,), kind="shift", initializer=Zeros()),
    }


def normalize(
    x: Floats, mean: Floats, variance: Floats, epsilon: float, own: Own, axis: int | None
) -> tuple[Floats, Backward]:
    """y = γ x̂ + β with x̂ = (x − μ) / √(v + ε); `axis` is the one μ and v were taken over, None if they are constants.

    With s = 1/√(v + ε) and dx̂ = γ dy: dx = s (dx̂ − mean dx̂ − x̂ mean(dx̂ x̂)), the means over `axis`.
    """
    s = 1 / np.sqrt(variance + epsilon)
    hat = (x - mean) * s
    gamma, beta = own.parameters["scale"][..., None, :], own.parameters["shift"][..., None, :]

    def backward(dy: Floats, wanted: bool) -> Floats:
        np.sum(dy * hat, axis=-2, out=own.gradients["scale"])
        np.sum(dy, axis=-2, out=own.gradients["shift"])
        d = gamma * dy
        if axis is None:
            return s * d
        return s * (d - d.mean(axis=axis, keepdims=True) - hat * (d * hat).mean(axis=axis, keepdims=True))

    return gamma * hat + beta, backward


@dataclass(frozen=True, kw_only=True)
class Dropout(Layer):
    """y = x m / (1 − p), m ~ Bernoulli(1 − p), one independent m per unit and row; identity in evaluation.

    Inverted dropout (Srivastava et al., 2014, section 10). `rate` is p, the probability of zeroing. m is drawn from 16
    random bits, so p is taken to the nearest 1/65536 and the survivors are divided by exactly that 1 − p.
    """

    name: Literal["bernoulli"] = "bernoulli"
    rate: Annotated[float, Ge(0), Lt(1)] = 0.5

    def __call__(self, x: Floats, own: Own, run: Pass) -> tuple[Floats, Backward]:
        threshold = min(round(run.rate(self.rate) * 65536), 65535)
        if not run.train or run.noise is None or threshold == 0:
            return x, lambda dy, wanted: dy
        bits = short_integers(run.noise, x.size).reshape(x.shape)
        m = run.work.array(x.shape)
        np.multiply(bits >= threshold, m.dtype.type(65536 / (65536 - threshold)), out=m)
        return np.multiply(x, m, out=run.work.array(x.shape)), lambda dy, wanted: np.multiply(dy, m, out=dy)


@dataclass(frozen=True, kw_only=True)
class GaussianDropout(Layer):
    """y = x n, n ~ N(1, p / (1 − p)), independent per unit and row; identity in evaluation (Srivastava, 2014)."""

    name: Literal["gaussian"] = "gaussian"
    rate: Annotated[float, Ge(0), Lt(1)] = 0.5

    def __call__(self, x: Floats, own: Own, run: Pass) -> tuple[Floats, Backward]:
        p = run.rate(self.rate)
        if not run.train or run.noise is None or p == 0:
            return x, lambda dy, wanted: dy
        n = run.work.array(x.shape)
        Generator(run.noise).standard_normal(out=n, dtype=n.dtype.type)
        n *= (p / (1 - p)) ** 0.5
        n += 1
        return np.multiply(x, n, out=run.work.array(x.shape)), lambda dy, wanted: np.multiply(dy, n, out=dy)


AnyDropout = Dropout | GaussianDropout
AnyActivation = Activation | PReLU
