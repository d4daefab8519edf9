"""The network: layers in a row, θ and its gradient, the forward pass and the way back."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from mlptrain.engine.activations import Curve, Rectifier
from mlptrain.engine.arrays import Floats, Integers, Workspace
from mlptrain.engine.blocks import part_of
from mlptrain.engine.elementwise import NUMPY, Executor
from mlptrain.engine.layers import (
    PLAIN,
    Activate,
    AnyEpilogue,
    Backward,
    CurveEpilogue,
    Dense,
    Dropout,
    Epilogue,
    Layer,
    Own,
    Parametric,
    Pass,
)
from mlptrain.engine.losses import Loss, average
from mlptrain.engine.members import Shared
from mlptrain.engine.parameters import Parameters
from mlptrain.engine.penalties import Penalty
from mlptrain.randomness import stream

NamedLayers = Sequence[tuple[str, Layer]]
ADAPTED_NUMBERS = 1 << 22
"""Numbers of the widest layer, of all members, that data-driven initial values are found from."""
CHUNK_NUMBERS = 1 << 18
"""Numbers of the widest layer in a chunk of evaluation: with its companions it stays in the outer cache."""


class Inputs(Protocol):
    """Rows of inputs: an array, or what makes some of them at a time, valid until others are asked for."""

    def __len__(self) -> int: ...
    def __getitem__(self, rows: slice, /) -> Floats: ...


class Network:
    """x (B, I) → logits (B, K) through named layers; the network ends linear.

    With `members` M it is M networks side by side: x (B, I), or (M, B, I) for rows of their own, → logits (M, B, K).
    The arrays of a pass come from one workspace: what a pass returned is valid until the next pass begins.
    """

    def __init__(self, layers: NamedLayers, inputs: int, dtype: np.dtype[Any], members: int | None = None) -> None:
        self.layers, self.members = list(layers), members
        self.inputs, self.dtype = inputs, dtype
        widths = [inputs]
        for _, layer in self.layers:
            widths.append(layer.outputs(widths[-1]))
        self.widths = widths
        self.parameters = Parameters(
            {
                f"{name}.{part}": declaration
                for (name, layer), width in zip(self.layers, widths, strict=False)
                for part, declaration in layer.declare(width).items()
            },
            dtype,
            members,
        )
        self.buffers: dict[str, Floats] = {
            f"{name}.{part}": np.broadcast_to(value, (*self._axis(layer), *value.shape)).astype(dtype)
            for (name, layer), width in zip(self.layers, widths, strict=False)
            for part, value in layer.buffers(width).items()
        }
        shares = any(each.shared for each in self.parameters.declarations.values())
        self.summed = 1 if shares or members is None else members
        """The gradient is that of the loss, the mean over the members, times this: of members that share nothing it is
        that of the sum, so that each learns as if it were alone."""
        self.executor: Executor = NUMPY
        """Runs the elementwise formulas."""
        self._work = Workspace(dtype)
        self._stages = [
            Stage(layer, self._own(name), epilogue, self._own(after) if after else None)
            for name, layer, epilogue, after in with_epilogues(self.layers)
        ]
        self._first = next((i for i, stage in enumerate(self._stages) if stage.layer.declare(1)), 0)

    def _axis(self, layer: Layer) -> tuple[int, ...]:
        """The axis of members in the buffers of a layer."""
        return () if self.members is None or layer.shared else (self.members,)

    def _own(self, name: str) -> Own:
        """The views of one layer."""
        return part_of(Own(self.parameters.values, self.parameters.gradients, self.buffers), name)

    def like(self, dtype: str) -> "Network":
        """A network of another type with the same layers and buffers, its parameters still zero."""
        other = Network(self.layers, self.inputs, np.dtype(dtype), self.members)
        for name, values in self.buffers.items():
            other.buffers[name][...] = values
        return other

    @property
    def outputs(self) -> int:
        return self.widths[-1]

    @property
    def needs_several_rows(self) -> bool:
        """Whether a batch of one row has no meaning in training."""
        return any(layer.needs_several_rows for _, layer in self.layers)

    def unfolded(self) -> Iterator[tuple[str, Layer, int]]:
        """All layers, those of a block before the block: the name, the layer, its number of inputs."""
        for (name, layer), width in zip(self.layers, self.widths, strict=False):
            yield from layer.unfolded(name, width)

    def chunk_rows(self) -> int:
        """Rows of a chunk in evaluation."""
        widest = max(max(inputs, layer.outputs(inputs)) for _, layer, inputs in self.unfolded())
        return max(CHUNK_NUMBERS // (widest * (self.members or 1)), 16)

    def initialize(self, x: Inputs, seed: int) -> None:
        """Fill θ, and what follows from rows x that the network is to learn from; member m has seed + m.

        Of many rows some are taken, evenly spaced; they go no further than the last layer that looks at them.
        """
        self.parameters.initialize(seed)
        adapting = [position for position, stage in enumerate(self._stages) if stage.layer.adapts]
        if not adapting:
            return
        most = self.chunk_rows() * max(ADAPTED_NUMBERS // CHUNK_NUMBERS, 1)
        rows = x[:: -(-len(x) // most)]
        seeds = range(seed, seed + (self.members or 1))
        for position, stage in enumerate(self._stages[: adapting[-1] + 1]):
            stage.layer.adapt(rows, stage.own, [stream(each, "adapt", position) for each in seeds])
            if position < adapting[-1]:
                rows = stage(rows, self.begin(len(rows)))[0]
                self._work = Workspace(self.dtype)  # the other arrays of so many rows are not needed again

    def begin(self, rows: int, **mode: Any) -> Pass:
        """A pass of `rows` rows, in evaluation unless `mode` says otherwise."""
        self._work.restart(rows)
        return Pass(self._work, executor=self.executor, **mode)

    def logits(self, x: Inputs) -> Iterator[Floats]:
        """The logits of x in evaluation, chunk by chunk; each chunk is valid until the next one is asked for."""
        rows = self.chunk_rows()
        for start in range(0, len(x), rows):
            chunk = x[start : start + rows]
            run = self.begin(len(chunk))
            for stage in self._stages:
                chunk, _ = stage(chunk, run)
            yield chunk

    def outputs_in_turn(self, x: Floats, run: Pass) -> Iterator[tuple[str, Floats]]:
        """The name and the output of every layer, also of those that are an epilogue elsewhere: to look into a pass."""
        for name, layer in self.layers:
            for each, y in layer.in_turn(name, x, self._own(name), run):
                yield each, y
            x = y  # the last one is the layer's own

    def loss_and_gradient(
        self,
        x: Floats,
        targets: Floats | Integers,
        weights: Floats | None,
        *,
        loss: Loss,
        run: Pass,
    ) -> float:
        """The loss of a batch; its gradient with respect to θ is left in `parameters.gradient`.

        forward  x → logits;  loss → ∂L/∂logits;  backward, layer by layer, down to the first with parameters.
        """
        tape: list[Backward] = []
        for stage in self._stages:
            x, backward = stage(x, run)
            tape.append(backward)
        value, dy = average(loss, x, targets, weights, self.executor)
        if self.members is not None and self.summed == 1:
            dy /= self.members
        for position in range(len(tape) - 1, self._first - 1, -1):
            dy = tape[position](dy, position > self._first)
        return value

    def objective(
        self,
        x: Floats,
        targets: Floats | Integers,
        weights: Floats | None,
        *,
        loss: Loss,
        penalty: Penalty,
        run: Pass,
    ) -> tuple[float, float]:
        """(loss, penalty) of a batch; the gradient of their sum is left in `parameters.gradient`."""
        value = self.loss_and_gradient(x, targets, weights, loss=loss, run=run)
        if not (penalty.l1 or penalty.l2):
            return value, 0.0
        weight = self.parameters.regions["weight"]
        added = penalty.add_gradient(self.parameters.theta[weight], self.parameters.gradient[weight])
        return value, added / self.summed


@dataclass(frozen=True, slots=True)
class Stage:
    """A layer with the views of its parameters, and what follows it in the same array, with the views of that."""

    layer: Layer
    own: Own
    epilogue: AnyEpilogue | None
    after: Own | None

    def __call__(self, x: Floats, run: Pass) -> tuple[Floats, Backward]:
        if self.epilogue is None:
            return self.layer(x, self.own, run)
        assert isinstance(self.layer, Dense | Shared)
        return self.layer(x, self.own, run, self.epilogue, self.after)


def with_epilogues(layers: NamedLayers) -> Iterator[tuple[str, Layer, AnyEpilogue | None, str]]:
    """The layers; an activation and a dropout that follow a dense layer become its epilogue: the same, in one go.

    The last is the name of the parametric activation in it.
    """
    waiting = deque(layers)
    while waiting:
        name, layer = waiting.popleft()
        epilogue, parametric = None, ""
        if layer.takes(PLAIN):
            if waiting and (found := epilogue_of(waiting[0][1])) and layer.takes(found):
                after, _ = waiting.popleft()
                epilogue, parametric = found, after if isinstance(found, CurveEpilogue) and found.blended else ""
            if waiting and isinstance(dropout := waiting[0][1], Dropout):
                epilogue = replace(epilogue or Epilogue(), dropout=dropout)
                waiting.popleft()
        yield name, layer, epilogue, parametric


def epilogue_of(layer: Layer) -> AnyEpilogue | None:
    """An activation as an epilogue, if it can be one."""
    if isinstance(layer, Parametric) and isinstance(layer.activation, Curve):
        return CurveEpilogue(curve=layer.activation, blended=True)
    if isinstance(layer, Activate) and isinstance(layer.activation, Curve):
        return CurveEpilogue(curve=layer.activation)
    if isinstance(layer, Activate) and isinstance(layer.activation, Rectifier):
        return Epilogue(rectifier=layer.activation)
    return None
