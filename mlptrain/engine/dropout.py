"""Dropout: layers that multiply by random numbers in training."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Lt
from numpy.random import Generator

from mlptrain.engine.activations import Linear
from mlptrain.engine.arrays import Floats, slice_range_into_blocks
from mlptrain.engine.fusion import make_fused_activation
from mlptrain.engine.layer import Backward, ForwardContext, Layer, LayerState, Mask, Traits, sum_gradient_over_members
from mlptrain.randomness import draw_uint16_integers

APPLY_MASK = make_fused_activation(Linear(), biased=False, masked=True)
"""y = m x."""


@dataclass(frozen=True, kw_only=True)
class Dropout(Layer):
    """y = x m / (1 − p), m ~ Bernoulli(1 − p), one independent m per unit and row; identity in evaluation.

    Inverted dropout (Srivastava et al., 2014, section 10). `rate` is p, the probability of zeroing. m is drawn from 16
    random bits, so p is taken to the nearest 1/65536 and the survivors are divided by exactly that 1 − p.
    """

    name: Literal["bernoulli"] = "bernoulli"
    rate: Annotated[float, Ge(0), Lt(1)] = 0.5
    """p, the probability of zeroing."""
    masks: ClassVar[bool] = True
    idle: ClassVar[bool] = True

    @property
    def traits(self) -> Traits:
        return Traits(noisy=True)

    def draw_mask(self, shape: tuple[int, ...], run: ForwardContext) -> Mask | None:
        threshold = min(round(run.rate(self.rate) * 65536), 65535)
        if not run.train or not run.noise or threshold == 0:
            return None
        bits = run.work.bits(shape)
        for stream, part in run.pair_noise(bits):
            for block in slice_range_into_blocks(part.size):
                part.reshape(-1)[block] = draw_uint16_integers(stream, block.stop - block.start)
        return Mask(bits, np.uint16(threshold), run.work.dtype.type(65536 / (65536 - threshold)))

    def __call__(self, x: Floats, state: LayerState, run: ForwardContext) -> tuple[Floats, Backward]:
        rows = run.repeat_rows(x)
        mask = self.draw_mask(rows.shape, run)
        if mask is None:
            return x, lambda dy, wanted: dy
        y = run.work.array(rows.shape)
        np.copyto(y, rows)
        y, vjp = APPLY_MASK(y, (), run, mask, None)
        return y, lambda dy, wanted: sum_gradient_over_members(vjp(dy), x)


@dataclass(frozen=True, kw_only=True)
class GaussianDropout(Layer):
    """y = x n, n ~ N(1, p / (1 − p)), independent per unit and row; identity in evaluation (Srivastava, 2014)."""

    name: Literal["gaussian"] = "gaussian"
    rate: Annotated[float, Ge(0), Lt(1)] = 0.5
    """The p of the variance p / (1 − p)."""
    idle: ClassVar[bool] = True

    @property
    def traits(self) -> Traits:
        return Traits(noisy=True)

    def __call__(self, x: Floats, state: LayerState, run: ForwardContext) -> tuple[Floats, Backward]:
        p = run.rate(self.rate)
        if not run.train or not run.noise or p == 0:
            return x, lambda dy, wanted: dy
        rows = run.repeat_rows(x)
        n = run.work.array(rows.shape)
        for stream, part in run.pair_noise(n):
            Generator(stream).standard_normal(out=part, dtype=n.dtype.type)
        n *= (p / (1 - p)) ** 0.5
        n += 1
        y = np.multiply(x, n, out=run.work.array(n.shape))
        return y, lambda dy, wanted: sum_gradient_over_members(np.multiply(dy, n, out=dy), x)


AnyDropout = Dropout | GaussianDropout
