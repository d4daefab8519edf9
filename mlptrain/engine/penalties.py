"""What is added to the loss or done to the gradient and the weights: penalties, clipping, the bound on norms."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from math import hypot, sqrt
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt

from mlptrain.engine.arrays import Floats, blocks
from mlptrain.engine.parameters import Parameters


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """l1 Σ abs w + l2 Σ w² over the weights W of all layers (no biases, no norms), without ½ (Keras's convention).

    The derivative is l1 sign(w) + 2 l2 w.
    """

    l1: Annotated[float, Ge(0)] = 0.0
    l2: Annotated[float, Ge(0)] = 0.0

    def value(self, weights: Floats) -> float:
        total = 0.0
        if self.l1:
            total += self.l1 * sum(float(np.abs(weights[block]).sum()) for block in blocks(weights.size))
        if self.l2:
            total += self.l2 * float(np.dot(weights, weights))
        return total

    def add_gradient(self, weights: Floats, gradient: Floats) -> float:
        """Add the derivative to `gradient`; the value of the penalty is returned."""
        if not (self.l1 or self.l2):
            return 0.0
        for block in blocks(weights.size):
            w = weights[block]
            gradient[block] += self.l1 * np.sign(w) + 2 * self.l2 * w
        return self.value(weights)


@dataclass(frozen=True, kw_only=True)
class Clipping:
    """Bounds on the gradient, in Keras's words, applied in this order.

    clipvalue: every component into [−c, c]. clipnorm: each parameter's gradient scaled to norm ≤ c.
    global_clipnorm: the whole gradient scaled to norm ≤ c (Pascanu et al., 2013). Of members that
    share nothing each one's own is scaled.
    """

    clipvalue: Annotated[float, Gt(0)] | None = None
    clipnorm: Annotated[float, Gt(0)] | None = None
    global_clipnorm: Annotated[float, Gt(0)] | None = None

    def __call__(self, parameters: Parameters) -> None:
        gradient = parameters.gradient
        if self.clipvalue is not None:
            np.clip(gradient, -self.clipvalue, self.clipvalue, out=gradient)
        if self.clipnorm is not None:
            for part in chain(*parameters.gradients_apart):
                scale_to_norm([part], self.clipnorm)
        if self.global_clipnorm is not None:
            for parts in parameters.gradients_apart if len(parameters.gradients_apart) > 1 else [[gradient]]:
                scale_to_norm(parts, self.global_clipnorm)


def norm(vector: Floats) -> float:
    """‖v‖₂, with the largest component divided out first so that squares cannot overflow."""
    largest = max(float(vector.max(initial=0)), -float(vector.min(initial=0)))
    if largest == 0 or not np.isfinite(largest):
        return largest
    scaled = (vector[block] / vector.dtype.type(largest) for block in blocks(vector.size))
    return largest * sqrt(sum(float(np.dot(part, part)) for part in scaled))


def scale_to_norm(parts: Sequence[Floats], bound: float) -> None:
    """v ← v · min(1, bound / ‖v‖), in place, of the vector v that the parts make together."""
    length = hypot(*map(norm, parts))
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
