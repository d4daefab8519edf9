"""The network: layers in a row, θ and its gradient, the forward pass and the way back."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from mlptrain.engine.arrays import Floats, Integers, Workspace
from mlptrain.engine.layers import BatchNorm, Layer, Own, Pass
from mlptrain.engine.losses import Loss, average
from mlptrain.engine.parameters import Parameters
from mlptrain.engine.penalties import Penalty

NamedLayers = Sequence[tuple[str, Layer]]
CHUNK_NUMBERS = 1 << 18
"""Numbers of the widest layer in a chunk of evaluation: with its companions it stays in the outer cache."""


class Inputs(Protocol):
    """Rows of inputs: an array, or what makes some of them at a time, valid until others are asked for."""

    def __len__(self) -> int: ...
    def __getitem__(self, rows: slice, /) -> Floats: ...


class Network:
    """x (B, I) → logits (B, K) through named layers; the network ends linear.

    The arrays of a pass come from one workspace: what a pass returned is valid until the next pass begins.
    """

    def __init__(self, layers: NamedLayers, inputs: int, dtype: np.dtype[Any]) -> None:
        self.layers = list(layers)
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
        )
        self.buffers: dict[str, Floats] = {
            f"{name}.{part}": np.full(width, value, dtype)
            for (name, layer), width in zip(self.layers, widths, strict=False)
            for part, value in layer.buffers(width).items()
        }
        self._work = Workspace(dtype)
        self._owned = self._own_views()
        self._first = next((i for i, (_, layer) in enumerate(self.layers) if layer.declare(1)), 0)

    def _own_views(self) -> list[tuple[Layer, Own]]:
        values, gradients = self.parameters.values, self.parameters.gradients
        return [
            (layer, Own(of_layer(values, name), of_layer(gradients, name), of_layer(self.buffers, name)))
            for name, layer in self.layers
        ]

    @property
    def outputs(self) -> int:
        return self.widths[-1]

    @property
    def needs_several_rows(self) -> bool:
        """Whether a batch of one row has no meaning in training."""
        return any(isinstance(layer, BatchNorm) for _, layer in self.layers)

    def chunk_rows(self) -> int:
        """Rows of a chunk in evaluation."""
        return max(CHUNK_NUMBERS // max(self.widths), 16)

    def begin(self, rows: int, **mode: Any) -> Pass:
        """A pass of `rows` rows, in evaluation unless `mode` says otherwise."""
        self._work.restart(rows)
        return Pass(self._work, **mode)

    def logits(self, x: Inputs) -> Iterator[Floats]:
        """The logits of x in evaluation, chunk by chunk; each chunk is valid until the next one is asked for."""
        rows = self.chunk_rows()
        for start in range(0, len(x), rows):
            chunk = x[start : start + rows]
            run = self.begin(len(chunk))
            for layer, own in self._owned:
                chunk, _ = layer(chunk, own, run)
            yield chunk

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
        tape = []
        for layer, own in self._owned:
            x, backward = layer(x, own, run)
            tape.append(backward)
        value, dy = average(loss, x, targets, weights)
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
        weight = self.parameters.regions["weight"]
        return value, penalty.add_gradient(self.parameters.theta[weight], self.parameters.gradient[weight])


def of_layer(views: dict[str, Floats], name: str) -> dict[str, Floats]:
    """The views of one layer, by the part's own name."""
    prefix = name + "."
    return {key.removeprefix(prefix): view for key, view in views.items() if key.startswith(prefix)}
