"""All parameters in one vector θ (P,), their gradient in another, and named views of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Literal, get_args

import numpy as np

from mlptrain.engine.arrays import Floats
from mlptrain.engine.initializers import BiasInitializer, Initializer, PerFeature
from mlptrain.randomness import stream

Kind = Literal["weight", "embedding", "numeric_embedding", "bias", "scale", "shift", "slope", "adapter"]
"""What a parameter is: penalties touch weights only; a kind may carry its own factors on learning rate and decay."""


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """A parameter as its layer declares it: shape, kind, initial values, bound on the norm of a unit's weights.

    Of members side by side each has its own, unless it is `shared`; `alike` ones start from the same values.
    """

    shape: tuple[int, ...]
    kind: Kind
    initializer: Initializer | BiasInitializer | PerFeature
    max_norm: float | None = None
    shared: bool = False
    alike: bool = False

    def whole(self, members: int | None) -> tuple[int, ...]:
        """The shape with the axis of members, where they have their own."""
        return self.shape if members is None or self.shared else (members, *self.shape)


class Parameters:
    """θ and its gradient, contiguous, laid out kind by kind, with named views ("hidden_1.weight").

    Kind by kind, so that what belongs to one kind (a penalty, a decay, a factor on the learning rate) is one slice.
    With `members` every view has a leading axis of them.
    """

    def __init__(
        self, declarations: Mapping[str, Declaration], dtype: np.dtype[Any], members: int | None = None
    ) -> None:
        self.declarations, self.members = dict(declarations), members
        self.max_norms = {name: each.max_norm for name, each in declarations.items() if each.max_norm is not None}
        self.shapes = {name: each.whole(members) for name, each in declarations.items()}
        size = sum(map(prod, self.shapes.values()))
        self.theta: Floats = np.zeros(size, dtype)
        self.gradient: Floats = np.zeros(size, dtype)
        self.slices: dict[str, slice] = {}
        self.regions: dict[Kind, slice] = {}
        start = 0
        for kind in get_args(Kind):
            first = start
            for name, declaration in declarations.items():
                if declaration.kind == kind:
                    self.slices[name] = slice(start, start := start + prod(self.shapes[name]))
            self.regions[kind] = slice(first, start)
        self.layout = tuple(
            (kind, part.start, part.stop) for kind, part in self.regions.items() if part.stop > part.start
        )
        self.values = self.views(self.theta)
        self.gradients = self.views(self.gradient)
        self.gradients_apart = self.apart()

    def views(self, flat: Floats) -> dict[str, Floats]:
        """Named views of a vector that is laid out like θ, in the order of the layers."""
        return {name: flat[self.slices[name]].reshape(self.shapes[name]) for name in self.declarations}

    def apart(self) -> list[list[Floats]]:
        """The gradients of each member's own parameters, as vectors, and last those that all members share."""
        shared = [name for name, each in self.declarations.items() if self.members is None or each.shared]
        own = [view for name, view in self.gradients.items() if name not in shared]
        groups = [[view[m].reshape(-1) for view in own] for m in range(self.members or 0)]
        return [*groups, [self.gradients[name].reshape(-1) for name in shared]]

    def initialize(self, seed: int) -> None:
        """Fill θ; the values of a parameter depend on the seed, its position and its shape only.

        Member m has those of a network alone with seed + m, but all have the first one's where they start alike.
        """
        for position, (name, view) in enumerate(self.values.items()):
            declaration = self.declarations[name]
            for member, part in enumerate(view if view.shape != declaration.shape else [view]):
                drawn = seed if declaration.alike else seed + member
                part[...] = declaration.initializer(stream(drawn, "initialize", position), part.shape)
