"""All parameters in one vector θ (P,), their gradient in another, and named views of both."""

from collections.abc import Collection, Mapping, Sequence
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
        self.shares = any(each.shared for each in declarations.values())
        """Whether members have any parameter in common."""
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
        """The parts of θ that are trained, each of one kind."""
        self.frozen: Sequence[slice] = ()
        """The other parts."""
        self.values = self.views(self.theta)
        self.gradients = self.views(self.gradient)
        self.gradients_apart = self.apart()

    def views(self, flat: Floats) -> dict[str, Floats]:
        """Named views of a vector that is laid out like θ, in the order of the layers."""
        return {name: flat[self.slices[name]].reshape(self.shapes[name]) for name in self.declarations}

    def freeze(self, names: Collection[str]) -> None:
        """Keep some parameters as they are: no step, decay, penalty or bound on norms reaches them.

        Their gradient is to be 0, see `clear_frozen_gradients`.
        """
        self.frozen = tuple(self.slices[name] for name in self.declarations if name in names)
        self.max_norms = {name: bound for name, bound in self.max_norms.items() if name not in names}
        trained: list[tuple[Kind, int, int]] = []
        for name, part in sorted(self.slices.items(), key=lambda each: each[1].start):
            kind = self.declarations[name].kind
            if name in names or part.start == part.stop:
                continue
            begin = trained.pop()[1] if trained and trained[-1][::2] == (kind, part.start) else part.start
            trained.append((kind, begin, part.stop))
        self.layout = tuple(trained)

    def clear_frozen_gradients(self) -> None:
        """Set the gradients of frozen parameters to 0: so they count in no norm and move nothing."""
        for part in self.frozen:
            self.gradient[part] = 0

    def apart(self) -> list[list[Floats]]:
        """The gradient of each network by itself, as the vectors of its parameters: of each member that shares nothing.

        Members that share a parameter have one loss and one gradient.
        """
        if self.members is None or self.shares:
            return [[gradient.reshape(-1) for gradient in self.gradients.values()]]
        return [[view[m].reshape(-1) for view in self.gradients.values()] for m in range(self.members)]

    def initialize(self, seed: int) -> None:
        """Fill θ; the values of a parameter depend on the seed, its position and its shape only.

        Member m has those of a network alone with seed + m, but all have the first one's where they start alike.
        """
        for position, (name, view) in enumerate(self.values.items()):
            declaration = self.declarations[name]
            for member, part in enumerate(view if view.shape != declaration.shape else [view]):
                drawn = seed if declaration.alike else seed + member
                part[...] = declaration.initializer(stream(drawn, "initialize", position), part.shape)
