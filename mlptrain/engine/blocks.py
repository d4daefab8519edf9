"""Residual blocks: layers in a row whose output is added to their input."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import BitGenerator

from mlptrain.engine.arrays import Floats, Workspace
from mlptrain.engine.layers import Backward, Layer, Own, Pass
from mlptrain.engine.parameters import Declaration


@dataclass(frozen=True, kw_only=True)
class Residual(Layer):
    """y = x + f(x), f the layers in a row (He et al., 2016); dx is dy and what f gives back of it.

    The parameters and buffers are those of the layers, each after its layer's name ("hidden_2.weight").
    """

    layers: Sequence[tuple[str, Layer]]

    @property
    def noisy(self) -> bool:
        return any(layer.noisy for _, layer in self.layers)

    @property
    def needs_several_rows(self) -> bool:
        return any(layer.needs_several_rows for _, layer in self.layers)

    @property
    def adapts(self) -> bool:
        return any(layer.adapts for _, layer in self.layers)

    def placed(self, inputs: int) -> Iterator[tuple[str, Layer, int]]:
        """Each layer with its name and its number of inputs."""
        for name, layer in self.layers:
            yield name, layer, inputs
            inputs = layer.outputs(inputs)

    def declare(self, inputs: int) -> dict[str, Declaration]:
        placed = self.placed(inputs)
        return {f"{name}.{part}": each for name, layer, width in placed for part, each in layer.declare(width).items()}

    def buffers(self, inputs: int) -> dict[str, Floats]:
        placed = self.placed(inputs)
        return {f"{name}.{part}": each for name, layer, width in placed for part, each in layer.buffers(width).items()}

    def outputs(self, inputs: int) -> int:
        width = inputs
        for _, layer in self.layers:
            width = layer.outputs(width)
        if width != inputs:
            raise ValueError(f"a residual block makes {width} outputs of {inputs} inputs, and cannot add them")
        return inputs

    def unfolded(self, name: str, inputs: int) -> Iterator[tuple[str, Layer, int]]:
        for inner, layer, width in self.placed(inputs):
            yield from layer.unfolded(f"{name}.{inner}", width)
        yield name, self, inputs

    def adapt(self, x: Floats, own: Own, bits: Sequence[BitGenerator]) -> None:
        run = Pass(Workspace(x.dtype))
        run.work.restart(x.shape[-2])
        for name, layer in self.layers:
            layer.adapt(x, part_of(own, name), bits)
            x, _ = layer(x, part_of(own, name), run)

    def in_turn(self, name: str, x: Floats, own: Own, run: Pass) -> Iterator[tuple[str, Floats]]:
        y = x
        for inner, layer in self.layers:
            for each, z in layer.in_turn(f"{name}.{inner}", y, part_of(own, inner), run):
                yield each, z
            y = z
        yield name, x + y

    def __call__(self, x: Floats, own: Own, run: Pass) -> tuple[Floats, Backward]:
        f, tape = x, []
        for name, layer in self.layers:
            f, backward = layer(f, part_of(own, name), run)
            tape.append(backward)
        y = np.add(x, f, out=run.work.array(f.shape))

        def backward_through(dy: Floats, wanted: bool) -> Floats:
            d = run.work.array(dy.shape)
            np.copyto(d, dy)
            for position in range(len(tape) - 1, -1, -1):
                d = tape[position](d, wanted or position > 0)
            return np.add(dy, d, out=dy) if wanted else d

        return y, backward_through


def part_of(own: Own, name: str) -> Own:
    """The views of one of several layers."""
    return Own(*(of_layer(each, name) for each in (own.parameters, own.gradients, own.buffers)))


def of_layer(views: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The views of one layer, by the part's own name."""
    prefix = name + "."
    return {key.removeprefix(prefix): view for key, view in views.items() if key.startswith(prefix)}
