"""Normalisations: layers that bring inputs to mean 0 and variance 1, over the rows or over the units, and scale."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Gt, Lt

from mlptrain.engine.arrays import Floats
from mlptrain.engine.initializers import Ones, Zeros
from mlptrain.engine.layer import Backward, ForwardContext, Layer, LayerState, Traits
from mlptrain.engine.parameters import Declaration


@dataclass(frozen=True, kw_only=True)
class BatchNorm(Layer):
    """y = γ (x − μ) / √(v + ε) + β, with mean and biased variance of the batch in training, running ones otherwise.

    running ← (1 − running_momentum) · running + running_momentum · batch (Ioffe & Szegedy, 2015). The running variance
    takes the batch's biased variance, as Keras does; PyTorch takes the unbiased one. ε 1e-5 (Keras 1e-3). Frozen ones
    stay as they are, and are what training takes, too.

    dx = γ / √(v + ε) · (dy − mean dy − x̂ mean(dy x̂)): the gradient passes through mean and variance.
    """

    name: Literal["batch"] = "batch"
    epsilon: Annotated[float, Gt(0)] = 1e-5
    """ε, added to the variance."""
    running_momentum: Annotated[float, Gt(0), Lt(1)] = 0.1
    """The weight of the new batch in the running mean and variance."""

    @property
    def traits(self) -> Traits:
        return Traits(several_rows=True)

    def declare(self, inputs: int) -> dict[str, Declaration]:
        return declare_scale_and_shift(inputs)

    def buffers(self, inputs: int) -> dict[str, Floats]:
        return {"running_mean": np.zeros(inputs), "running_variance": np.ones(inputs)}

    def __call__(self, x: Floats, state: LayerState, run: ForwardContext) -> tuple[Floats, Backward]:
        running_mean, running_variance = state.buffers["running_mean"], state.buffers["running_variance"]
        if not run.train or "running_mean" in state.frozen:
            return normalize(
                x, running_mean[..., None, :], running_variance[..., None, :], self.epsilon, state, run, None
            )
        mean, variance = compute_moments(x, -2, run)
        for running, batch in ((running_mean, mean), (running_variance, variance)):
            running += self.running_momentum * (batch[..., 0, :] - running)
        return normalize(x, mean, variance, self.epsilon, state, run, -2)


@dataclass(frozen=True, kw_only=True)
class LayerNorm(Layer):
    """y = γ (x − μ) / √(v + ε) + β, with mean and variance over the units of each row (Ba et al., 2016)."""

    name: Literal["layer"] = "layer"
    epsilon: Annotated[float, Gt(0)] = 1e-5
    """ε, added to the variance."""

    def declare(self, inputs: int) -> dict[str, Declaration]:
        return declare_scale_and_shift(inputs)

    def __call__(self, x: Floats, state: LayerState, run: ForwardContext) -> tuple[Floats, Backward]:
        return normalize(x, *compute_moments(x, -1, run), self.epsilon, state, run, -1)


Norm = BatchNorm | LayerNorm


def declare_scale_and_shift(inputs: int) -> dict[str, Declaration]:
    """γ and β of a normalisation, 1 and 0 at the start."""
    return {
        "scale": Declaration(shape=(inputs,), kind="scale", initializer=Ones()),
        "shift": Declaration(shape=(inputs,), kind="shift", initializer=Zeros()),
    }


def average_product(a: Floats, b: Floats, axis: int) -> Floats:
    """The mean of a b over the rows (axis −2) or the units (−1), which stays as an axis of length 1."""
    total = np.einsum("...bi,...bi->...i" if axis == -2 else "...bi,...bi->...b", a, b)
    return np.expand_dims(total, axis) / a.shape[axis]


def compute_moments(x: Floats, axis: int, run: ForwardContext) -> tuple[Floats, Floats]:
    """Mean and biased variance over the rows (axis −2) or the units (−1) of x."""
    mean = x.mean(axis=axis, keepdims=True)
    deviation = np.subtract(x, mean, out=run.work.array(x.shape))
    return mean, average_product(deviation, deviation, axis)


def normalize(
    x: Floats, mean: Floats, variance: Floats, epsilon: float, state: LayerState, run: ForwardContext, axis: int | None
) -> tuple[Floats, Backward]:
    """y = γ x̂ + β with x̂ = (x − μ) / √(v + ε); `axis` is the one μ and v were taken over, None if they are constants.

    With s = 1/√(v + ε) and dx̂ = γ dy: dx = s (dx̂ − mean dx̂ − x̂ mean(dx̂ x̂)), the means over `axis`.
    """
    gamma, beta = state.parameters["scale"][..., None, :], state.parameters["shift"][..., None, :]
    s = 1 / np.sqrt(variance + epsilon)
    hat = np.subtract(x, mean, out=run.work.array(x.shape))
    hat *= s
    y = np.multiply(gamma, hat, out=run.work.array(x.shape))
    y += beta

    def backward(dy: Floats, wanted: bool) -> Floats:
        np.einsum("...bi,...bi->...i", dy, hat, out=state.gradients["scale"])
        np.sum(dy, axis=-2, out=state.gradients["shift"])
        d = np.multiply(gamma, dy, out=dy)
        if axis is not None:
            mean_d, mean_d_hat = d.mean(axis=axis, keepdims=True), average_product(d, hat, axis)
            d -= mean_d
            d -= np.multiply(hat, mean_d_hat, out=hat)
        return np.multiply(s, d, out=d)

    return y, backward
