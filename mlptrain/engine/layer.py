"""What a layer is: y = f(x) and, three lines below, the way back: dx and the gradients of the layer's own parameters.

A layer declares its parameters and buffers for a number of inputs and is called with its `LayerState`, the views of
them. It returns `(y, backward)`; `backward(dy, wanted)` writes the gradients into their views of the flat gradient and
returns dx, or nothing of meaning where dx is not wanted. `dy` may be overwritten. Shapes: x (…, B, I), y (…, B, O); a
leading axis of members, if there is one, runs through by broadcasting.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.random import BitGenerator
from numpy.typing import NDArray

from mlptrain.engine.activations import Curve
from mlptrain.engine.arrays import Floats, Workspace
from mlptrain.engine.elementwise import NUMPY, Executor
from mlptrain.engine.parameters import Declaration

Backward = Callable[[Floats, bool], Floats]


@dataclass(frozen=True, slots=True)
class LayerState:
    """The views a layer works on: its parameters, where their gradients go, its buffers."""

    parameters: dict[str, Floats]
    gradients: dict[str, Floats]
    buffers: dict[str, Floats]
    frozen: frozenset[str] = frozenset()
    """The parameters and buffers that are kept as they are."""

    def part(self, name: str) -> "LayerState":
        """The views of one of several layers, by the part's own name: "hidden_1.weight" is "weight" of hidden_1."""
        prefix = f"{name}."
        return LayerState(
            select_layer_views(self.parameters, name),
            select_layer_views(self.gradients, name),
            select_layer_views(self.buffers, name),
            frozenset(each.removeprefix(prefix) for each in self.frozen if each.startswith(prefix)),
        )


def select_layer_views(views: Mapping[str, Floats], name: str) -> dict[str, Floats]:
    """The views of one of several layers, without the layer's name."""
    prefix = name + "."
    return {key.removeprefix(prefix): view for key, view in views.items() if key.startswith(prefix)}


@dataclass(slots=True)
class ForwardContext:
    """The circumstances of a pass through the network: its arrays, training or evaluation, the noise of this step.

    `rate` maps the dropout rate of a layer to that of this step (a schedule); `noise` are the bit streams of the step,
    one for each member; `executor` runs elementwise formulas. If the pass is `one_way`, nothing need be kept for a way
    back.
    """

    work: Workspace
    train: bool = False
    noise: Sequence[BitGenerator] = ()
    rate: Callable[[float], float] = float
    executor: Executor = NUMPY
    one_way: bool = False

    def pair_noise(self, drawn: NDArray[Any]) -> Iterator[tuple[BitGenerator, NDArray[Any]]]:
        """The bit stream of each member, with its part of what is drawn, (M, B, O) or one below the other (M B, O)."""
        return zip(self.noise, drawn.reshape(len(self.noise), -1, drawn.shape[-1]), strict=True)

    def repeat_rows(self, x: Floats) -> Floats:
        """x (B, I), which members see alike, as rows of each (M, B, I), where each draws noise of its own."""
        return x if x.ndim > 2 or len(self.noise) < 2 else np.broadcast_to(x, (len(self.noise), *x.shape))


class Mask(NamedTuple):
    """Dropout's m, a factor for each row and unit: `scale` where 16 random bits reach the threshold, 0 elsewhere."""

    bits: NDArray[np.uint16]
    threshold: np.uint16
    scale: np.floating[Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Traits:
    """The properties of a layer that the network, the training and the rules of a spec ask for."""

    noisy: bool = False
    """It draws random numbers in training."""
    several_rows: bool = False
    """It needs them: a batch of one row has no meaning in training."""
    adapts: bool = False
    """Its initial values depend on training rows."""
    shared: bool = False
    """Members share its buffers."""


def combine_traits(layers: Iterable["Layer"]) -> Traits:
    """The traits of several layers as one: what holds for any of them; buffers are shared if those of all are."""
    traits = [layer.traits for layer in layers]
    return Traits(
        noisy=any(each.noisy for each in traits),
        several_rows=any(each.several_rows for each in traits),
        adapts=any(each.adapts for each in traits),
        shared=all(each.shared for each in traits),
    )


class Layer:
    """A layer without parameters and buffers that keeps the width; the others override what differs."""

    blends: ClassVar[bool] = False
    """Whether it blends its curve with the identity, by a learned slope for each unit."""
    masks: ClassVar[bool] = False
    """Whether all it does is to multiply by the mask that it draws."""
    calibrates: ClassVar[bool] = False
    """Whether its buffer `temperature` is set after training."""
    activates: ClassVar[bool] = False
    """Whether it is an activation, whose outputs say which units are of use."""
    idle: ClassVar[bool] = False
    """Whether it does nothing in evaluation, until training is over."""

    @property
    def kind(self) -> str:
        """What it is called."""
        return type(self).__name__

    @property
    def traits(self) -> Traits:
        return Traits()

    @property
    def curve(self) -> Curve | None:
        """The curve that it applies to every number, if it does that and nothing else but what `blends` says."""
        return None

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The limits of its outputs, where it is an activation that has both."""
        return None

    def declare(self, inputs: int) -> dict[str, Declaration]:
        return {}

    def buffers(self, inputs: int) -> dict[str, Floats]:
        """Names and initial values of what is saved but never stepped: running statistics (I,) and the like."""
        return {}

    def outputs(self, inputs: int) -> int:
        return inputs

    def inputs(self, outputs: int) -> int:
        """How many inputs it takes to give so many outputs."""
        return outputs

    def adapt(self, x: Floats, state: LayerState, bits: Sequence[BitGenerator]) -> None:
        """Set what depends on the rows x (…, B, I) that reach the layer before training, with a stream a member."""

    def takes(self, follower: "Layer") -> bool:
        """Whether a layer that follows it can be done in the array of its output, as an epilogue."""
        return False

    def draw_mask(self, shape: tuple[int, ...], run: ForwardContext) -> Mask | None:
        """The mask of this step for an output of `shape`; None where nothing is dropped."""
        return None

    def walk(self, name: str, inputs: int) -> Iterator[tuple[str, "Layer", int]]:
        """The layers it is made of and, last, itself: the name, the layer, its number of inputs."""
        yield name, self, inputs

    def trace(self, name: str, x: Floats, state: LayerState, run: ForwardContext) -> Iterator[tuple[str, Floats]]:
        """The outputs of the layers it is made of and, last, its own: to look into a pass."""
        yield name, self(x, state, run)[0]

    def __call__(self, x: Floats, state: LayerState, run: ForwardContext) -> tuple[Floats, Backward]:
        raise NotImplementedError


def sum_gradient_over_members(dx: Floats, x: Floats) -> Floats:
    """dx of the shape of x: of rows (B, I) that all members see, the sum over the members of dx (M, B, I)."""
    total: Floats = dx if dx.ndim == x.ndim else dx.sum(axis=0)
    return total
