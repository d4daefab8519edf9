"""Residual blocks: layers in a row whose output is added to their input."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import BitGenerator

from mlptrain.engine.arrays import Floats, Workspace
from mlptrain.engine.layer import Backward, ForwardContext, Layer, LayerState, Traits, combine_traits
from mlptrain.engine.parameters import Declaration


@dataclass(frozen=True, kw_only=True)
class Residual(Layer):
    """y = x + f(x), f the layers in a row (He et al., 2016); dx is dy and what f gives back of it.

    The parameters and buffers are those of the layers, each after its layer's name ("hidden_2.weight").
    """

    layers: Sequence[tuple[str, Layer]]

    @property
    def traits(self) -> Traits:
        return combine_traits(layer for _, layer in self.layers)

    def place_layers(self, inputs: int) -> Iterator[tuple[str, Layer, int]]:
        """Each layer with its name and its number of inputs."""
        for name, layer in self.layers:
            yield name, layer, inputs
            inputs = layer.outputs(inputs)

    def declare(self, inputs: int) -> dict[str, Declaration]:
        placed = self.place_layers(inputs)
        return {f"{name}.{part}": each for name, layer, width in placed for part, each in layer.declare(width).items()}

    def buffers(self, inputs: int) -> dict[str, Floats]:
        placed = self.place_layers(inputs)
        return {f"{name}.{part}": each for name, layer, width in placed for part, each in layer.buffers(width).items()}

    def outputs(self, inputs: int) -> int:
        width = inputs
        for _, layer in self.layers:
            width = layer.outputs(width)
        if width != inputs:
            raise ValueError(f"a residual block makes {width} outputs of {inputs} inputs, and cannot add them")
        return inputs

    def walk(self, name: str, inputs: int) -> Iterator[tuple[str, Layer, int]]:
        for inner, layer, width in self.place_layers(inputs):
            yield from layer.walk(f"{name}.{inner}", width)
        yield name, self, inputs

    def adapt(self, x: Floats, state: LayerState, bits: Sequence[BitGenerator]) -> None:
        run = ForwardContext(Workspace(x.dtype))
        run.work.restart(x.shape[-2])
        for name, layer in self.layers:
            layer.adapt(x, state.part(name), bits)
            x, _ = layer(x, state.part(name), run)

    def trace(self, name: str, x: Floats, state: LayerState, run: ForwardContext) -> Iterator[tuple[str, Floats]]:
        y = x
        for inner, layer in self.layers:
            for each, z in layer.trace(f"{name}.{inner}", y, state.part(inner), run):
                yield each, z
            y = z
        yield name, x + y

    def __call__(self, x: Floats, state: LayerState, run: ForwardContext) -> tuple[Floats, Backward]:
        f, tape = x, []
        for name, layer in self.layers:
            f, backward = layer(f, state.part(name), run)
            tape.append(backward)
        y = np.add(x, f, out=run.work.array(f.shape))

        def backward_through(dy: Floats, wanted: bool) -> Floats:
            d = run.work.array(dy.shape)
            np.copyto(d, dy)
            for position in range(len(tape) - 1, -1, -1):
                d = tape[position](d, wanted or position > 0)
            return np.add(dy, d, out=dy) if wanted else d

        return y, backward_through
