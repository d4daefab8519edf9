"""Epilogues: what follows a dense layer, done in the array of its output; which layers of a network become one."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, cast

from mlptrain.engine.activations import Curve, Linear
from mlptrain.engine.arrays import Floats
from mlptrain.engine.fusion import Response, make_fused_activation
from mlptrain.engine.layer import Backward, ForwardContext, Layer, LayerState


@dataclass(frozen=True, kw_only=True)
class Epilogue:
    """m (z + a (σ(z) − z)) of z = x + b: the bias, a curve σ, blended with the identity if it is `blended`, the mask.

    a is the slope of the blending layer whose place this takes, m the mask of the layer `dropout`.
    """

    curve: Curve = field(default_factory=Linear)
    blended: bool = False
    dropout: Layer | None = None

    @cached_property
    def plain(self) -> Response:
        """The response without a mask."""
        return make_fused_activation(self.curve, blended=self.blended)

    @cached_property
    def masked(self) -> Response:
        """The response with a mask."""
        return make_fused_activation(self.curve, blended=self.blended, masked=True)

    def __call__(
        self, x: Floats, b: Floats, run: ForwardContext, slopes: LayerState | None = None
    ) -> tuple[Floats, Callable[[Floats], Floats]]:
        if self.dropout is None or (mask := self.dropout.draw_mask(x.shape, run)) is None:
            return self.plain(x, (b,), run, (), slopes)
        return self.masked(x, (b,), run, mask, slopes)


PLAIN = Epilogue()
"""The bias alone."""


class FusingLayer(Protocol):
    """A layer that takes an epilogue along."""

    def __call__(
        self,
        x: Floats,
        state: LayerState,
        run: ForwardContext,
        epilogue: Epilogue | None = None,
        slopes: LayerState | None = None,
    ) -> tuple[Floats, Backward]: ...


@dataclass(frozen=True, slots=True)
class Fused:
    """A named layer with the epilogue that took the place of what follows it, and the name of the layer with slopes."""

    name: str
    layer: Layer
    epilogue: Epilogue | None = None
    slopes: str = ""

    def bind(self, state: Callable[[str], LayerState]) -> "Stage":
        """The layer with the views of its parameters, and of the slopes in its epilogue."""
        if self.epilogue is None:
            return Stage(self.layer, state(self.name))
        slopes = state(self.slopes) if self.slopes else None
        return FusedStage(self.layer, state(self.name), cast("FusingLayer", self.layer), self.epilogue, slopes)


@dataclass(frozen=True, slots=True)
class Stage:
    """A layer with the views of its parameters."""

    layer: Layer
    state: LayerState

    def __call__(self, x: Floats, run: ForwardContext) -> tuple[Floats, Backward]:
        return self.layer(x, self.state, run)


@dataclass(frozen=True, slots=True)
class FusedStage(Stage):
    """A layer with its epilogue."""

    fusing: FusingLayer
    epilogue: Epilogue
    slopes: LayerState | None

    def __call__(self, x: Floats, run: ForwardContext) -> tuple[Floats, Backward]:
        return self.fusing(x, self.state, run, self.epilogue, self.slopes)


def fuse_layers(layers: Iterable[tuple[str, Layer]]) -> Iterator[Fused]:
    """The layers; where one takes the activation and the dropout that follow it, they become its epilogue."""
    waiting = deque(layers)
    while waiting:
        name, layer = waiting.popleft()
        after, activation = pop_fusible_layer(waiting, layer, lambda follower: follower.curve is not None)
        _, dropout = pop_fusible_layer(waiting, layer, lambda follower: follower.masks)
        if activation is None and dropout is None:
            yield Fused(name, layer)
            continue
        curve = (activation and activation.curve) or Linear()
        blended = activation is not None and activation.blends
        yield Fused(name, layer, Epilogue(curve=curve, blended=blended, dropout=dropout), after if blended else "")


def pop_fusible_layer(
    waiting: deque[tuple[str, Layer]], layer: Layer, suits: Callable[[Layer], bool]
) -> tuple[str, Layer | None]:
    """Remove the next layer, if it suits and the layer before takes it; else none."""
    return waiting.popleft() if waiting and suits(waiting[0][1]) and layer.takes(waiting[0][1]) else ("", None)
