"""All parameters in one vector θ (P,), their gradient in another, and named views of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Literal, get_args

import numpy as np

from mlptrain.engine.arrays import Floats
from mlptrain.engine.initializers import Initializer
from mlptrain.randomness import stream

Kind = Literal["weight", "embedding", "bias", "scale", "shift", "slope"]
"""What a parameter is: penalties and decay touch weights only, and a kind may carry its own factors."""


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """A parameter as its layer declares it: shape, kind, initial values, bound on the norm of a unit's weights."""

    shape: tuple[int, ...]
    kind: Kind
    initializer: Initializer
    max_norm: float | None = None


class Parameters:
    """θ and its gradient, contiguous, laid out kind by kind, with named views ("hidden_1.weight").

    Kind by kind, so that what belongs to one kind (a penalty, a decay, a factor on the learning rate) is one slice.
    """

    def __init__(self, declarations: Mapping[str, Declaration], dtype: np.dtype[Any]) -> None:
        self.declarations = dict(declarations)
        self.max_norms = {name: each.max_norm for name, each in declarations.items() if each.max_norm is not None}
        size = sum(prod(declaration.shape) for declaration in declarations.values())
        self.theta: Floats = np.zeros(size, dtype)
        self.gradient: Floats = np.zeros(size, dtype)
        self.slices: dict[str, slice] = {}
        self.regions: dict[Kind, slice] = {}
        start = 0
        for kind in get_args(Kind):
            first = start
            for name, declaration in declarations.items():
                if declaration.kind == kind:
                    self.slices[name] = slice(start, start := start + prod(declaration.shape))
            self.regions[kind] = slice(first, start)
        self.values = self.views(self.theta)
        self.gradients = self.views(self.gradient)

    def views(self, flat: Floats) -> dict[str, Floats]:
        """Named views of a vector that is laid out like θ, in the order of the layers."""
        return {name: flat[self.slices[name]].reshape(each.shape) for name, each in self.declarations.items()}

    def initialize(self, seed: int) -> None:
        """Fill θ; the values of a parameter depend on the seed, its position and its shape only."""
        for position, (name, view) in enumerate(self.values.items()):
            initializer = self.declarations[name].initializer
            view[...] = initializer(stream(seed, "initialize", position), view.shape)
