"""A graph of ONNX operators in the making: formulas over tensors are written as in NumPy, each of them adds its nodes.

Nothing is there twice: equal constants are one constant, and the same operator of the same tensors is one node.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Attribute = int | float | str | tuple[int, ...] | tuple[str, ...]

DOUBLE, INTEGER, TRUTH, TEXT = np.dtype(np.float64), np.dtype(np.int64), np.dtype(np.bool_), np.dtype(np.str_)
AXES_AS_INPUT = 18
"""The version of the operators from which all reductions have their axes as an input."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """An operator with the names of its inputs and outputs."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: tuple[tuple[str, Attribute], ...]


@dataclass(frozen=True, kw_only=True)
class Port:
    """An input or output of a graph; its shape (N, …) has N rows."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    """Without the rows."""
    description: str


@dataclass(kw_only=True)
class Graph:
    """Nodes in order, constants by name, inputs and outputs; no name is there twice."""

    opset: int = 17
    """The version of the operators."""
    names: set[str] = field(default_factory=set)
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)
    known: dict[Any, tuple[str, ...]] = field(default_factory=dict)
    """The names of constants and of outputs of nodes, by what they are."""

    def add_input(self, name: str, dtype: np.dtype[Any], width: int, description: str) -> "Tensor":
        """An input (N, width) under a name of the user's."""
        self.names.add(name)
        self.inputs.append(Port(name=name, dtype=dtype, shape=(width,), description=description))
        return Tensor(self, name, dtype)

    def add_output(self, tensor: "Tensor", name: str, shape: tuple[int, ...], description: str) -> None:
        """A tensor as output, named `predicted_…` where the graph already has a tensor of the name."""
        while name in self.names:
            name = f"predicted_{name}"
        self.names.add(name)
        self.nodes.append(Node(operator="Identity", inputs=(tensor.name,), outputs=(name,), attributes=()))
        self.outputs.append(Port(name=name, dtype=tensor.dtype, shape=shape, description=description))

    def add_constant(self, values: Any, dtype: np.dtype[Any] | type) -> "Tensor":
        """A constant."""
        array = np.ascontiguousarray(np.asarray(values, dtype)).reshape(np.shape(values))
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.known:
            self.known[key] = (self.choose_name("constant"),)
            self.constants[self.known[key][0]] = array
        return Tensor(self, self.known[key][0], TEXT if array.dtype.kind == "U" else array.dtype)

    def add_node(
        self, operator: str, inputs: Sequence["Tensor"], dtype: np.dtype[Any], **attributes: Attribute
    ) -> "Tensor":
        """What an operator makes of tensors."""
        return self.add_nodes(operator, inputs, dtype, outputs=1, attributes=attributes)[0]

    def add_nodes(
        self,
        operator: str,
        inputs: Sequence["Tensor"],
        dtype: np.dtype[Any],
        *,
        outputs: int,
        attributes: Mapping[str, Attribute],
    ) -> list["Tensor"]:
        """All that an operator with several outputs makes of tensors."""
        names, given = tuple(each.name for each in inputs), tuple(sorted(attributes.items()))
        key = (operator, names, given, outputs)
        if key not in self.known:
            self.known[key] = tuple(self.choose_name(operator) for _ in range(outputs))
            self.nodes.append(Node(operator=operator, inputs=names, outputs=self.known[key], attributes=given))
        return [Tensor(self, name, dtype) for name in self.known[key]]

    def remove_unused(self) -> None:
        """Remove the nodes and constants that no output needs."""
        needed, kept = {port.name for port in self.outputs}, []
        for node in reversed(self.nodes):
            if needed.intersection(node.outputs):
                kept.append(node)
                needed.update(node.inputs)
        self.nodes = kept[::-1]
        self.constants = {name: values for name, values in self.constants.items() if name in needed}

    def choose_name(self, what: str) -> str:
        """A name that nothing has, and no user gives."""
        number = len(self.nodes) + len(self.constants)
        while (name := f"{what}_{number}") in self.names:
            number += 1
        self.names.add(name)
        return name


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of a graph. Numbers and arrays beside it become constants of its type."""

    graph: Graph = field(repr=False)
    name: str
    dtype: np.dtype[Any]
    __array_ufunc__: ClassVar[None] = None  # NumPy leaves formulas of arrays and tensors to the tensors

    def apply(self, operator: str, *others: Any, dtype: np.dtype[Any] | None = None, **given: Attribute) -> "Tensor":
        """An operator of this tensor and of others of its type."""
        inputs = [self, *map(self.convert, others)]
        return self.graph.add_node(operator, inputs, dtype or self.dtype, **given)

    def convert(self, other: Any) -> "Tensor":
        """A number or an array as a constant of this tensor's type."""
        return other if isinstance(other, Tensor) else self.graph.add_constant(other, self.dtype)

    def __add__(self, other: Any) -> "Tensor":
        return self.apply("Add", other)

    def __sub__(self, other: Any) -> "Tensor":
        return self.apply("Sub", other)

    def __mul__(self, other: Any) -> "Tensor":
        return self.apply("Mul", other)

    def __truediv__(self, other: Any) -> "Tensor":
        """The quotient; of whole numbers that are not negative without its fraction."""
        return self.apply("Div", other)

    def __radd__(self, other: Any) -> "Tensor":
        return self.convert(other).apply("Add", self)

    def __rsub__(self, other: Any) -> "Tensor":
        return self.convert(other).apply("Sub", self)

    def __rmul__(self, other: Any) -> "Tensor":
        return self.convert(other).apply("Mul", self)

    def __rtruediv__(self, other: Any) -> "Tensor":
        return self.convert(other).apply("Div", self)

    def __neg__(self) -> "Tensor":
        return self.apply("Neg")

    def __matmul__(self, other: Any) -> "Tensor":
        return self.apply("MatMul", other)

    def __mod__(self, other: Any) -> "Tensor":
        """The rest of whole numbers, with the sign of the divisor."""
        return self.apply("Mod", other)

    def __lt__(self, other: Any) -> "Tensor":
        return self.apply("Less", other, dtype=TRUTH)

    def __le__(self, other: Any) -> "Tensor":
        return self.apply("LessOrEqual", other, dtype=TRUTH)

    def __gt__(self, other: Any) -> "Tensor":
        return self.apply("Greater", other, dtype=TRUTH)

    def __and__(self, other: "Tensor") -> "Tensor":
        return self.apply("And", other)

    def __or__(self, other: "Tensor") -> "Tensor":
        return self.apply("Or", other)

    def equals(self, other: Any) -> "Tensor":
        """Where it equals another."""
        return self.apply("Equal", other, dtype=TRUTH)

    def max(self, other: Any) -> "Tensor":
        """The larger of both."""
        return self.apply("Max", other)

    def min(self, other: Any) -> "Tensor":
        """The smaller of both."""
        return self.apply("Min", other)

    def sin(self) -> "Tensor":
        """The sine."""
        return self.apply("Sin")

    def cos(self) -> "Tensor":
        """The cosine; in double precision by the sine, as some versions of ONNX Runtime have only this for doubles."""
        return (self + np.pi / 2).sin() if self.dtype == DOUBLE else self.apply("Cos")

    def cast(self, dtype: np.dtype[Any]) -> "Tensor":
        """The same numbers of another type."""
        return self if dtype == self.dtype else self.apply("Cast", dtype=dtype, to=dtype.name)

    def choose(self, a: Any, b: Any) -> "Tensor":
        """a where it is true, b elsewhere; one of them is a tensor."""
        kind = a if isinstance(a, Tensor) else b
        return self.graph.add_node("Where", [self, kind.convert(a), kind.convert(b)], kind.dtype)

    def look_up(self, table: Any, dtype: np.dtype[Any] | type) -> "Tensor":
        """table[i] for each of its numbers i: they are rows of a table."""
        rows = self.graph.add_constant(table, dtype)
        return self.graph.add_node("Gather", [rows, self], rows.dtype, axis=0)

    def take(self, places: int | Sequence[int], axis: int) -> "Tensor":
        """What is at places of an axis; a single place removes the axis."""
        indices = self.graph.add_constant(places, INTEGER)
        return self.graph.add_node("Gather", [self, indices], self.dtype, axis=axis)

    def divide(self, count: int) -> "list[Tensor]":
        """Equal parts of the last axis."""
        counted = {"num_outputs": count} if self.graph.opset >= AXES_AS_INPUT else {}
        return self.graph.add_nodes("Split", [self], self.dtype, outputs=count, attributes={"axis": -1, **counted})

    def split_texts(self, delimiter: str) -> "Tensor":
        """The parts of texts, on a new last axis; all have equally many."""
        parts, _ = self.graph.add_nodes("StringSplit", [self], TEXT, outputs=2, attributes={"delimiter": delimiter})
        return parts

    def reshape(self, *shape: int) -> "Tensor":
        """The same numbers in another shape, in which 0 stands for the length that the axis has."""
        return self.apply_with_integers("Reshape", shape)

    def add_axes(self, *axes: int) -> "Tensor":
        """New axes of length 1."""
        return self.apply_with_integers("Unsqueeze", axes)

    def transpose(self, *axes: int) -> "Tensor":
        """Its axes in another order."""
        return self.apply("Transpose", perm=axes)

    def sum(self, axis: int) -> "Tensor":
        """The sum over an axis, which is removed."""
        return self.apply_with_integers("ReduceSum", [axis], keepdims=0)

    def reduce(self, operator: str, axis: int, *, keep: bool) -> "Tensor":
        """A reduction over an axis, which older versions are told as an attribute."""
        if self.graph.opset >= AXES_AS_INPUT:
            return self.apply_with_integers(operator, [axis], keepdims=int(keep))
        return self.apply(operator, axes=(axis,), keepdims=int(keep))

    def mean(self, axis: int, *, keep: bool = False) -> "Tensor":
        """The mean over an axis."""
        return self.reduce("ReduceMean", axis, keep=keep)

    def largest(self, axis: int) -> "Tensor":
        """The largest of an axis, which is removed."""
        return self.reduce("ReduceMax", axis, keep=False)

    def apply_with_integers(self, operator: str, *lists: Sequence[int], **attributes: Attribute) -> "Tensor":
        """An operator that is told axes, shapes or places."""
        inputs = [self, *(self.graph.add_constant(list(each), INTEGER) for each in lists)]
        return self.graph.add_node(operator, inputs, self.dtype, **attributes)


def concatenate(tensors: Iterable[Tensor], axis: int = -1) -> Tensor:
    """Tensors side by side on an axis."""
    given = list(tensors)
    return given[0] if len(given) == 1 else given[0].graph.add_node("Concat", given, given[0].dtype, axis=axis)
