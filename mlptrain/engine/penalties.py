"""What is added to the loss or done to the gradient and the weights: penalties, clipping, the bound on norms."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from math import hypot, sqrt
from typing import Annotated

import numpy as np
from annotated_types import Ge

from mlptrain.engine.arrays import Floats, slice_range_into_blocks
from mlptrain.engine.parameters import Parameters


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """l1 Σ abs w + l2 Σ w² over the weights W of all layers (no biases, no norms), without ½ (Keras's convention).

    The derivative is l1 sign(w) + 2 l2 w.
    """

    l1: Annotated[float, Ge(0)] = 0.0
    """The factor of Σ abs w."""
    l2: Annotated[float, Ge(0)] = 0.0
    """The factor of Σ w²."""

    def value(self, weights: Floats) -> float:
        total = 0.0
        if self.l1:
            total += self.l1 * sum(
                float(np.abs(weights[block]).sum()) for block in slice_range_into_blocks(weights.size)
            )
        if self.l2:
            total += self.l2 * float(np.dot(weights, weights))
        return total

    def add_gradient(self, weights: Floats, gradient: Floats) -> float:
        """Add the derivative to `gradient`; the value of the penalty is returned."""
        if not (self.l1 or self.l2):
            return 0.0
        for block in slice_range_into_blocks(weights.size):
            w = weights[block]
            gradient[block] += self.l1 * np.sign(w) + 2 * self.l2 * w
        return self.value(weights)


def clip_gradient(
    parameters: Parameters,
    *,
    clipvalue: float | None = None,
    clipnorm: float | None = None,
    global_clipnorm: float | None = None,
) -> None:
    """Bound the gradient, in Keras's words and in this order.

    clipvalue: every component into [−c, c]. clipnorm: each parameter's gradient scaled to norm ≤ c.
    global_clipnorm: the whole gradient scaled to norm ≤ c (Pascanu et al., 2013). Of members that
    share nothing each one's own is scaled.
    """
    gradient = parameters.gradient
    if clipvalue is not None:
        np.clip(gradient, -clipvalue, clipvalue, out=gradient)
    if clipnorm is not None:
        for part in chain(*parameters.gradients_apart):
            clip_vector_norm([part], clipnorm)
    if global_clipnorm is not None:
        for parts in parameters.gradients_apart if len(parameters.gradients_apart) > 1 else [[gradient]]:
            clip_vector_norm(parts, global_clipnorm)


def compute_norm(vector: Floats) -> float:
    """‖v‖₂, with the largest component divided out first so that squares cannot overflow."""
    largest = max(float(vector.max(initial=0)), -float(vector.min(initial=0)))
    if largest == 0 or not np.isfinite(largest):
        return largest
    scaled = (vector[block] / vector.dtype.type(largest) for block in slice_range_into_blocks(vector.size))
    return largest * sqrt(sum(float(np.dot(part, part)) for part in scaled))


def clip_vector_norm(parts: Sequence[Floats], bound: float) -> None:
    """v ← v · min(1, bound / ‖v‖), in place, of the vector v that the parts make together."""
    length = hypot(*map(compute_norm, parts))
    if length > bound:
        for part in parts:
            part *= bound / length


def bound_unit_norms(parameters: Parameters) -> None:
    """Max-norm: columns of W (a unit's incoming weights) with a norm above c are scaled to c (Srebro et al., 2004)."""
    for name, max_norm in parameters.max_norms.items():
        W = parameters.values[name]
        norms = np.sqrt(np.einsum("...io,...io->...o", W, W))
        if norms.max() > max_norm:
            W *= (max_norm / np.maximum(norms, max_norm))[..., None, :]
