"""The operations of a network in C, one member after another."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import singledispatch
from typing import Any

import numpy as np

from mlptrain.engine.activations import Activation
from mlptrain.export.c_text import CFile, write_double
from mlptrain.export.plan import (
    AddedBack,
    Affine,
    Array,
    Average,
    BlendedCurve,
    Curve,
    Embed,
    Exponential,
    LargestPiece,
    Leaky,
    Linear,
    Link,
    Logistic,
    NetworkPlan,
    Normalize,
    NotExportable,
    NumericEmbeddingPlan,
    Operation,
    Pieces,
    Softmax,
    Units,
    Waves,
)

TRANSFORMS = {"none": "{}", "log": "exp({})", "log1p": "expm1({})"}


class Layers:
    """The lines of a network in the making, and the array that holds what the last operation made.

    Arrays take turns: few are needed, each as long as the longest of what it holds. One that is `kept` is read again.
    """

    def __init__(self, file: CFile, inputs: int) -> None:
        self.file, self.place, self.width = file, "x", inputs
        self.kept = ["x"]
        self.sizes: dict[str, int] = {}
        self.lines: list[str] = []

    def step(self, width: int, *, in_place: bool = True) -> tuple[str, str]:
        """The array that an operation reads, and the one that it writes: the same one where it may be changed."""
        x = self.place
        if x in self.kept or not in_place:
            self.place = next(name for name in self._names() if name not in (*self.kept, x))
        self.width = width
        self.sizes[self.place] = max(self.sizes.get(self.place, 0), width)
        return x, self.place

    def _names(self) -> Iterator[str]:
        yield from (f"h{number}" for number in range(len(self.kept) + 2))

    def add(self, statement: str) -> None:
        """Add a line."""
        self.lines.append(f"{statement};")

    def add_loop(self, statement: str) -> None:
        """Add a statement for each unit i."""
        self.lines += [f"for (int i = 0; i < {self.width}; i++)", f"    {statement};"]

    def define(self, label: str, values: Array | None) -> str:
        """Where the parameters of the member m begin; NULL for none."""
        if values is None:
            return "NULL"
        name = self.file.define_array(label, values)
        return name if len(values) == 1 else f"{name} + m * {values[0].size}"

    def define_unit(self, label: str, values: Array) -> str:
        """The parameter of the member m for the unit i."""
        name, (members, units) = self.file.define_array(label, values), values.shape
        unit = "i" if units > 1 or self.width == 1 else "0"
        return f"{name}[{unit}]" if members == 1 else f"{name}[m * {units} + {unit}]"


# Operations


@singledispatch
def write_operation(operation: Operation, layers: Layers) -> None:
    """Add the lines of an operation."""
    raise NotExportable(f"the operation {operation.name!r} has no form in C")


@write_operation.register
def write_linear(operation: Linear, layers: Layers) -> None:
    W, b, inputs = layers.define("weight", operation.weight), layers.define("bias", operation.bias), layers.width
    outputs = operation.weight.shape[2]
    x, y = layers.step(outputs, in_place=False)
    layers.add(layers.file.call("multiply", inputs, outputs, x, W, b, y))


@write_operation.register
def write_affine(operation: Affine, layers: Layers) -> None:
    x, y = layers.step(layers.width)
    factor = layers.define_unit("factor", operation.factor)
    shift = "" if operation.shift is None else f" + {layers.define_unit('shift', operation.shift)}"
    layers.add_loop(f"{y}[i] = {x}[i] * {factor}{shift}")


@write_operation.register
def write_normalize(operation: Normalize, layers: Layers) -> None:
    x, y = layers.step(layers.width)
    scale, shift = layers.define("factor", operation.scale), layers.define("shift", operation.shift)
    layers.add(layers.file.call("normalize", layers.width, x, scale, shift, write_double(operation.epsilon), y))


def write_curve(activation: Activation, z: str, file: CFile) -> str:
    """σ(z): the helper of its name, called with its numbers."""
    given = [getattr(activation, each.name) for each in fields(activation) if each.name != "name"]
    return file.call(activation.name, z, *map(file.write_real, given))


@write_operation.register
def write_curve_operation(operation: Curve, layers: Layers) -> None:
    x, y = layers.step(layers.width)
    layers.add_loop(f"{y}[i] = {write_curve(operation.activation, f'{x}[i]', layers.file)}")


@write_operation.register
def write_blended_curve(operation: BlendedCurve, layers: Layers) -> None:
    x, y = layers.step(layers.width)
    slope, curve = (
        layers.define_unit("slope", operation.slope),
        write_curve(operation.activation, f"{x}[i]", layers.file),
    )
    layers.add_loop(f"{y}[i] = {x}[i] + {slope} * ({curve} - {x}[i])")


@write_operation.register
def write_leaky(operation: Leaky, layers: Layers) -> None:
    x, y = layers.step(layers.width)
    layers.add_loop(f"{y}[i] = {x}[i] < 0 ? {layers.define_unit('slope', operation.slope)} * {x}[i] : {x}[i]")


@write_operation.register
def write_largest_piece(operation: LargestPiece, layers: Layers) -> None:
    units = layers.width // operation.pieces
    x, y = layers.step(units)
    layers.add(layers.file.call("take_largest", units, operation.pieces, x, y))


@write_operation.register
def write_embed(operation: Embed, layers: Layers) -> None:
    tables = [each.table for each in operation.tables]
    numbers = len(operation.numbers) * (operation.numeric.bias.shape[2] if operation.numeric else 0)
    x, y = layers.step(numbers + len(operation.kept) + sum(T.shape[2] for T in tables), in_place=False)
    file, end = layers.file, numbers + len(operation.kept)
    if operation.numeric:
        write_numeric_embedding(operation.numeric, layers, x, define_places(file, operation.numbers), y)
    if operation.kept:
        layers.add(
            file.call("take_places", len(operation.kept), x, define_places(file, operation.kept), f"{y} + {numbers}")
        )
    for each in operation.tables:
        row, K = (
            f"{layers.define('table', each.table)} + (int){x}[{each.place}] * {each.table.shape[2]}",
            each.table.shape[2],
        )
        layers.add(file.call("copy", K, row, f"{y} + {end}"))
        end += K


def define_places(file: CFile, places: Sequence[int]) -> str:
    """An array of places."""
    return file.define_array("places", np.array(places, np.int64))


@singledispatch
def write_numeric_embedding(embedding: NumericEmbeddingPlan, layers: Layers, x: str, places: str, y: str) -> None:
    """Add the lines that embed the numbers at some places of x."""
    raise NotExportable(f"the numeric embedding {embedding.name!r} has no form in C")


@write_numeric_embedding.register
def write_waves(embedding: Waves, layers: Layers, x: str, places: str, y: str) -> None:
    _, F, H = embedding.frequency.shape
    K = embedding.bias.shape[2]
    parameters = define_all(layers, embedding, "frequency", "phase", "weight", "bias")
    layers.add(layers.file.call("embed_waves", F, H, K, int(embedding.sines), x, places, *parameters, y))
    if embedding.relu:
        layers.lines.append(f"for (int i = 0; i < {F * K}; i++)")
        layers.add(f"    {y}[i] = {layers.file.call('relu', f'{y}[i]')}")


@write_numeric_embedding.register
def write_pieces(embedding: Pieces, layers: Layers, x: str, places: str, y: str) -> None:
    (_, F, T), K = embedding.start.shape, embedding.bias.shape[2]
    parameters = define_all(layers, embedding, "start", "width", "lowest", "highest", "slope", "weight", "bias")
    layers.add(layers.file.call("embed_pieces", F, T, K, x, places, *parameters, y))


def define_all(layers: Layers, owner: object, *names: str) -> list[str]:
    """Where the parameters of some names begin."""
    return [layers.define(name, getattr(owner, name)) for name in names]


@write_operation.register
def write_added_back(operation: AddedBack, layers: Layers) -> None:
    start = layers.place
    layers.kept.append(start)
    for each in operation.operations:
        write_operation(each, layers)
    layers.kept.remove(start)
    added, y = layers.step(layers.width)
    layers.add_loop(f"{y}[i] = {start}[i] + {added}[i]")


# A whole network


def count_members(operation: Any) -> int:
    """The members that an operation tells apart, 1 if it is the same for all."""
    if isinstance(operation, AddedBack):
        return max(map(count_members, operation.operations), default=1)
    parts = [operation.numeric, *operation.tables] if isinstance(operation, Embed) else [operation]
    values = [getattr(part, each.name) for part in parts if part is not None for each in fields(part)]
    return max((len(each) for each in values if isinstance(each, np.ndarray)), default=1)


def write_network(file: CFile, network: NetworkPlan, inputs: int) -> tuple[list[str], dict[str, int]]:
    """The lines from the inputs x to `values`, and the lengths of the arrays that they work in.

    What is the same for all members is done once.
    """
    layers, operations = Layers(file, inputs), network.operations
    alike = next((at for at, each in enumerate(operations) if count_members(each) > 1), len(operations))
    for each in operations[:alike]:
        write_operation(each, layers)
    before, layers.lines = layers.lines, []
    layers.kept.append(layers.place)
    for each in operations[alike:]:
        write_operation(each, layers)
    members = 1 if alike == len(operations) else network.members
    first, last = write_link(network.link, layers, members)
    inside = layers.lines
    if members > 1:
        inside = [f"for (int m = 0; m < {members}; m++) {{", *(f"    {line}" for line in inside), "}"]
    units = [] if network.units is None else write_units(network.units, file)
    return [*first, *before, *inside, *last, *units], layers.sizes


@singledispatch
def write_link(link: Link, layers: Layers, members: int) -> tuple[list[str], list[str]]:
    """Add the lines that add up a member's predictions; what stands before all members, and after them."""
    raise NotExportable(f"the link {link.name!r} has no form in C")


def write_mean(values: int, members: int) -> tuple[list[str], list[str]]:
    """What stands around members whose mean it is."""
    loop = f"for (int k = 0; k < {values}; k++)"
    return [loop, "    values[k] = 0;"], [loop, f"    values[k] /= {members};"] * (members > 1)


@write_link.register
def write_softmax(link: Softmax, layers: Layers, members: int) -> tuple[list[str], list[str]]:
    layers.add(layers.file.call("add_softmax", layers.width, layers.place, "values"))
    return write_mean(layers.width, members)


@write_link.register
def write_logistic(link: Logistic, layers: Layers, members: int) -> tuple[list[str], list[str]]:
    layers.add(layers.file.call("add_logistic", f"{layers.place}[0]", "values"))
    return write_mean(2, members)


@write_link.register
def write_average(link: Average, layers: Layers, members: int) -> tuple[list[str], list[str]]:
    layers.add_loop(f"values[i] += {layers.place}[i]")
    first, last = write_mean(layers.width, members)
    return first, [*last, *PAIR] if link.is_pair else last


PAIR = ["values[1] = values[0];", "values[0] = 1 - values[1];"]


@write_link.register
def write_exponential(link: Exponential, layers: Layers, members: int) -> tuple[list[str], list[str]]:
    K, ceiling = layers.width, write_double(link.ceiling)
    layers.sizes["z"] = members * K
    layers.add(layers.file.call("copy", K, layers.place, f"z + m * {K}" if members > 1 else "z"))
    pooled = layers.file.call("pool_exponentials", members, K, "k", "z", ceiling)
    last = [f"for (int k = 0; k < {K}; k++)", f"    values[k] = {pooled};"]
    return [], [*last, *PAIR] if link.is_pair else last


def write_units(units: Units, file: CFile) -> list[str]:
    """The lines that give numbers the user's units."""
    lines = []
    for k, (scale, center) in enumerate(zip(units.scale, units.center, strict=True)):
        scaled = f"values[{k}] * {write_double(scale)} + {write_double(center)}"
        lines.append(f"values[{k}] = {TRANSFORMS[units.transform].format(scaled)};")
        if units.lowest:
            low, high = write_double(units.lowest[k]), write_double(units.highest[k])
            lines.append(f"values[{k}] = fmin(fmax(values[{k}], {low}), {high});")
    return lines
