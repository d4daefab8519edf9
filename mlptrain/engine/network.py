"""The network: layers in a row, θ and its gradient, the forward pass and the way back."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from mlptrain.engine.arrays import Floats, Integers, Workspace
from mlptrain.engine.dropout import AnyDropout
from mlptrain.engine.elementwise import NUMPY, Executor
from mlptrain.engine.embeddings import InputEmbedding
from mlptrain.engine.epilogues import Stage, fuse_layers
from mlptrain.engine.layer import Backward, ForwardContext, Layer, LayerState, Traits, combine_traits
from mlptrain.engine.layers import Dense, Scale, Temperature
from mlptrain.engine.losses import Loss, average_loss_with_gradient
from mlptrain.engine.members import Adapter, BatchEnsemble, Shared
from mlptrain.engine.norms import Norm
from mlptrain.engine.parameters import Parameters
from mlptrain.engine.penalties import Penalty
from mlptrain.engine.residual import Residual
from mlptrain.engine.units import Activate, ActivationLayer
from mlptrain.randomness import stream

AnyLayer = (
    Dense
    | BatchEnsemble
    | Shared
    | Adapter
    | InputEmbedding
    | Scale
    | Norm
    | Activate
    | ActivationLayer
    | AnyDropout
    | Residual
    | Temperature
)
"""The layers that a network is made of."""

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
    The arrays of a pass come from a workspace: what it returned is valid until the next pass begins. Evaluations have
    each a workspace of their own, so that several can go on at a time.
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
        self.gradient_scale = 1 if self.parameters.shares or members is None else members
        """The gradient is this factor times that of the mean loss: 1 for members that share parameters, M for
        independent ones, so that each learns as if it were alone."""
        self.executor: Executor = NUMPY
        """Runs the elementwise formulas."""
        self._work = Workspace(dtype)
        self._idle: list[Workspace] = []
        """Workspaces of evaluations that are over, for later ones."""
        self.frozen: frozenset[str] = frozenset()
        """The names of the parameters and buffers that training keeps as they are."""
        self.stages, self._first = self._make_stages()

    def _make_stages(self) -> tuple[list[Stage], int]:
        """The layers, fused, with their views; the place of the first one that has parameters to train."""
        fused = list(fuse_layers(self.layers))
        trained = [name for name in self.parameters.values if name not in self.frozen]
        names = [tuple(f"{name}." for name in (each.name, each.slopes) if name) for each in fused]
        first = next((i for i, prefixes in enumerate(names) if any(name.startswith(prefixes) for name in trained)), 0)
        return [each.bind(self.state_of) for each in fused], first

    def __getstate__(self) -> dict[str, Any]:
        """What a copy is made of: a view would be copied as an array of its own."""
        names = ("layers", "inputs", "dtype", "members", "frozen", "buffers")
        return {name: getattr(self, name) for name in names} | {"theta": self.parameters.theta}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Lay the parameters out anew, and fill them."""
        Network.__init__(self, state["layers"], state["inputs"], state["dtype"], state["members"])
        self.parameters.theta[...] = state["theta"]
        for name, values in state["buffers"].items():
            self.buffers[name][...] = values
        if state["frozen"]:
            self._freeze_arrays(state["frozen"])

    def freeze(self, layers: Collection[str]) -> None:
        """Keep the parameters and buffers of some layers as they are, by the beginnings of their names.

        Running statistics that are frozen are what training takes, too.
        """
        prefixes = tuple(f"{name}." for name in layers)
        self._freeze_arrays(name for name in (*self.parameters.values, *self.buffers) if name.startswith(prefixes))

    def _freeze_arrays(self, names: Iterable[str]) -> None:
        self.frozen = frozenset(names)
        self.parameters.freeze(self.frozen)
        self.stages, self._first = self._make_stages()

    def list_trained_arrays(self) -> list[Floats]:
        """The parts of θ and the buffers that training may change."""
        parts = [self.parameters.theta[start:stop] for _, start, stop in self.parameters.layout]
        return [*parts, *(buffer for name, buffer in self.buffers.items() if name not in self.frozen)]

    def _axis(self, layer: Layer) -> tuple[int, ...]:
        """The axis of members in the buffers of a layer."""
        return () if self.members is None or layer.traits.shared else (self.members,)

    def state_of(self, name: str) -> LayerState:
        """The views of one layer."""
        return LayerState(self.parameters.values, self.parameters.gradients, self.buffers, self.frozen).part(name)

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
    def traits(self) -> Traits:
        """Those of all its layers."""
        return combine_traits(layer for _, layer in self.layers)

    def walk(self) -> Iterator[tuple[str, Layer, int]]:
        """All layers, those of a block before the block: the name, the layer, its number of inputs."""
        for (name, layer), width in zip(self.layers, self.widths, strict=False):
            yield from layer.walk(name, width)

    @cached_property
    def widest(self) -> int:
        """The inputs or outputs of the widest layer."""
        return max(max(inputs, layer.outputs(inputs)) for _, layer, inputs in self.walk())

    @cached_property
    def largest_layer(self) -> int:
        """Inputs · outputs of the layer where that is most."""
        return max(inputs * layer.outputs(inputs) for _, layer, inputs in self.walk())

    def chunk_rows(self) -> int:
        """Rows of a chunk in evaluation."""
        return max(CHUNK_NUMBERS // (self.widest * (self.members or 1)), 16)

    def initialize(self, x: Inputs, seed: int) -> None:
        """Fill θ, and what follows from rows x that the network is to learn from; member m has seed + m.

        Of many rows some are taken, evenly spaced; they go no further than the last layer that looks at them.
        """
        self.parameters.initialize(seed)
        adapting = [position for position, stage in enumerate(self.stages) if stage.layer.traits.adapts]
        if not adapting:
            return
        most = self.chunk_rows() * max(ADAPTED_NUMBERS // CHUNK_NUMBERS, 1)
        rows = x[:: -(-len(x) // most)]
        seeds = range(seed, seed + (self.members or 1))
        for position, stage in enumerate(self.stages[: adapting[-1] + 1]):
            stage.layer.adapt(rows, stage.state, [stream(each, "adapt", position) for each in seeds])
            if position < adapting[-1]:
                rows = stage(rows, self.begin(len(rows)))[0]
                self._work = Workspace(self.dtype)  # the other arrays of so many rows are not needed again

    def begin(self, rows: int, **mode: Any) -> ForwardContext:
        """A pass of `rows` rows, in evaluation unless `mode` says otherwise."""
        self._work.restart(rows)
        return ForwardContext(self._work, executor=self.executor, **mode)

    def logits(self, x: Inputs) -> Iterator[Floats]:
        """The logits of x in evaluation, chunk by chunk; each chunk is valid until the next one is asked for."""
        rows, work = self.chunk_rows(), self._borrow_workspace()
        in_place = self.executor is NUMPY  # compiled loops, which pass over an array once, are as quick as they are
        run = ForwardContext(work, executor=self.executor, one_way=in_place)
        try:
            for start in range(0, len(x), rows):
                chunk = x[start : start + rows]
                work.restart(len(chunk))
                with np.errstate(over="ignore"):  # of exponentials in quotients
                    for stage in self.stages:
                        chunk, _ = stage(chunk, run)
                yield chunk
        finally:
            self._idle.append(work)

    def _borrow_workspace(self) -> Workspace:
        """A workspace that no other evaluation has."""
        try:
            return self._idle.pop()
        except IndexError:  # no question before: another thread might take the last one in between
            return Workspace(self.dtype)

    def trace_outputs(self, x: Floats, run: ForwardContext) -> Iterator[tuple[str, Floats]]:
        """The name and the output of every layer, also of those that are an epilogue elsewhere: to look into a pass."""
        for name, layer in self.layers:
            for each, y in layer.trace(name, x, self.state_of(name), run):
                yield each, y
            x = y  # the last one is the layer's own

    def loss_and_gradient(
        self,
        x: Floats,
        targets: Floats | Integers,
        weights: Floats | None,
        *,
        loss: Loss,
        run: ForwardContext,
    ) -> float:
        """The loss of a batch; its gradient with respect to θ is left in `parameters.gradient`.

        forward  x → logits;  loss → ∂L/∂logits;  backward, layer by layer, down to the first with parameters.
        """
        tape: list[Backward] = []
        for stage in self.stages:
            x, backward = stage(x, run)
            tape.append(backward)
        value, dy = average_loss_with_gradient(loss, x, targets, weights, self.executor)
        if self.members is not None and self.gradient_scale == 1:
            dy /= self.members
        for position in range(len(tape) - 1, self._first - 1, -1):
            dy = tape[position](dy, position > self._first)
        self.parameters.clear_frozen_gradients()
        return value

    def objective(
        self,
        x: Floats,
        targets: Floats | Integers,
        weights: Floats | None,
        *,
        loss: Loss,
        penalty: Penalty,
        run: ForwardContext,
    ) -> tuple[float, float]:
        """(loss, penalty) of a batch; the gradient of their sum is left in `parameters.gradient`."""
        value = self.loss_and_gradient(x, targets, weights, loss=loss, run=run)
        if not (penalty.l1 or penalty.l2):
            return value, 0.0
        theta, gradient = self.parameters.theta, self.parameters.gradient
        trained = [slice(start, stop) for kind, start, stop in self.parameters.layout if kind == "weight"]
        added = sum(penalty.add_gradient(theta[part], gradient[part]) for part in trained)
        return value, added / self.gradient_scale
