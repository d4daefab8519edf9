"""Layers of their own: dense, the scaling of inputs, the temperature of logits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
from numpy.random import BitGenerator

from mlptrain.engine.arrays import Floats, multiply_matrices
from mlptrain.engine.epilogues import PLAIN, Epilogue
from mlptrain.engine.initializers import BiasInitializer, Initializer, Ones, VarianceScaling, Zeros
from mlptrain.engine.layer import Backward, ForwardContext, Layer, LayerState, Traits, sum_gradient_over_members
from mlptrain.engine.parameters import Declaration

Parametrization = Literal["standard", "ntk"]


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

    def takes(self, follower: Layer) -> bool:
        return True

    def __call__(
        self,
        x: Floats,
        state: LayerState,
        run: ForwardContext,
        epilogue: Epilogue | None = None,
        slopes: LayerState | None = None,
    ) -> tuple[Floats, Backward]:
        W, b = state.parameters["weight"], state.parameters["bias"]
        gamma = self.gamma(W)
        if gamma != 1:
            W = np.multiply(W, gamma, out=run.work.array(W.shape))
        xW = multiply_matrices(x, W, run.work.array(W.shape[:-2] + (x.shape[-2], W.shape[-1])))  # noqa: RUF005  (a hot line)
        y, epilogue_vjp = (epilogue or PLAIN)(xW, b, run, slopes)

        def backward(dy: Floats, wanted: bool) -> Floats:
            dz = epilogue_vjp(dy)
            dW = multiply_matrices(x.mT, dz, state.gradients["weight"])
            if gamma != 1:
                dW *= gamma
            multiply_matrices(run.work.ones(dz.shape[-2]), dz, state.gradients["bias"])  # the sum over the rows
            return multiply_matrices(dz, W.mT, run.work.array(x.shape)) if wanted else dz

        return y, backward

    def gamma(self, W: Floats) -> float:
        """The factor of x W."""
        return 1.0 if self.parametrization == "standard" else float(W.shape[-2]) ** -0.5

    @property
    def traits(self) -> Traits:
        return Traits(adapts=self.kernel_initializer.adapts or self.bias_initializer.adapts)

    def adapt(self, x: Floats, state: LayerState, bits: Sequence[BitGenerator]) -> None:
        """Data-driven initial values (Holzmüller et al., 2024, RealMLP).

        Weights: each unit's are divided by the standard deviation of γ x W over the rows, which then is 1. Biases:
        b = −Σₖ pₖ zₖ of z = γ x W at 5 rows k, drawn for each unit, with p ~ Dirichlet(1, 1, 1, 1, 1).
        """
        W, b = state.parameters["weight"], state.parameters["bias"]
        weights, biases = (W, b) if W.ndim > 2 else (W[None], b[None])
        for m, stream in enumerate(bits):
            z = self.gamma(W) * (x if x.ndim == 2 else x[m]) @ weights[m]
            self.kernel_initializer.adapt_weights(weights[m], z)
            self.bias_initializer.adapt_bias(biases[m], z, stream)


@dataclass(frozen=True, kw_only=True)
class Scale(Layer):
    """y = x ⊙ s with a learned factor s for each input, 1 at the start (Holzmüller et al., 2024, RealMLP).

    x (…, B, I), s (…, I): ∂L/∂s sums dy ⊙ x over the rows; dx = dy ⊙ s, of rows that all members see summed over them.
    """

    def declare(self, inputs: int) -> dict[str, Declaration]:
        return {"scale": Declaration(shape=(inputs,), kind="scale", initializer=Ones())}

    def __call__(self, x: Floats, state: LayerState, run: ForwardContext) -> tuple[Floats, Backward]:
        s = state.parameters["scale"][..., None, :]
        y = np.multiply(x, s, out=run.work.array(np.broadcast_shapes(x.shape, s.shape)))

        def backward(dy: Floats, wanted: bool) -> Floats:
            np.einsum("...bi,...bi->...i", dy, x, out=state.gradients["scale"])
            return sum_gradient_over_members(np.multiply(dy, s, out=dy), x) if wanted else dy

        return y, backward


@dataclass(frozen=True, kw_only=True)
class Temperature(Layer):
    """y = x / T in evaluation, y = x in training: T, 1 until it is set after training, calibrates probabilities.

    (Guo et al., 2017.) In evaluation dx = dy / T.
    """

    calibrates: ClassVar[bool] = True
    idle: ClassVar[bool] = True

    def buffers(self, inputs: int) -> dict[str, Floats]:
        return {"temperature": np.ones(1)}

    def __call__(self, x: Floats, state: LayerState, run: ForwardContext) -> tuple[Floats, Backward]:
        if run.train:
            return x, lambda dy, wanted: dy
        T = state.buffers["temperature"][..., None, :]
        return np.divide(x, T, out=run.work.array(x.shape)), lambda dy, wanted: np.divide(dy, T, out=dy)
