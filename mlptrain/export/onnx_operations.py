"""Operations of a network as nodes: x (N, I), or (M, N, I) from where members differ."""

from collections.abc import Sequence
from functools import singledispatch

from mlptrain.export.onnx_activations import write_activation
from mlptrain.export.onnx_columns import Matrix
from mlptrain.export.onnx_embeddings import drop_single_member, write_embeddings
from mlptrain.export.onnx_graph import Array, Tensor
from mlptrain.export.plan import (
    AddedBack,
    Affine,
    BlendedCurve,
    Curve,
    Embed,
    LargestPiece,
    Leaky,
    Linear,
    Normalize,
    NotExportable,
    Operation,
)


def write_operations(operations: Sequence[Operation], x: Tensor) -> Tensor:
    """The operations, one after another."""
    for each in operations:
        x = write_operation(each, x)
    return x


def write_network(operations: Sequence[Operation], matrix: Matrix) -> Tensor:
    """The outputs of a network for its input matrix; only the first operation sees what columns are codes."""
    first = operations[0] if operations else None
    if isinstance(first, Embed):
        return write_operations(operations[1:], write_embeddings(first, matrix))
    return write_operations(operations, matrix.take_all())


def place_members(values: Array) -> Array:
    """Parameters (M, I) as they meet x (M, N, I), or (I,) where they are one for all members."""
    return values[:, None] if len(values) > 1 else values[0]


@singledispatch
def write_operation(operation: Operation, x: Tensor) -> Tensor:
    """y of x."""
    raise NotExportable(f"the operation {operation.name!r} has no form in ONNX")


@write_operation.register
def write_dense(operation: Linear, x: Tensor) -> Tensor:
    product = x @ drop_single_member(operation.weight)
    return product if operation.bias is None else product + place_members(operation.bias)


@write_operation.register
def write_affine(operation: Affine, x: Tensor) -> Tensor:
    product = x * place_members(operation.factor)
    return product if operation.shift is None else product + place_members(operation.shift)


@write_operation.register
def write_normalize(operation: Normalize, x: Tensor) -> Tensor:
    deviation = x - x.mean(-1, keep=True)
    variance = (deviation * deviation).mean(-1, keep=True)
    normalized = deviation / (variance + operation.epsilon).apply("Sqrt")
    return normalized * place_members(operation.scale) + place_members(operation.shift)


@write_operation.register
def write_curve(operation: Curve, x: Tensor) -> Tensor:
    return write_activation(operation.activation, x)


@write_operation.register
def write_blended_curve(operation: BlendedCurve, x: Tensor) -> Tensor:
    return x + place_members(operation.slope) * (write_activation(operation.activation, x) - x)


@write_operation.register
def write_leaky(operation: Leaky, x: Tensor) -> Tensor:
    return x.apply("Relu") + place_members(operation.slope) * x.min(0)


@write_operation.register
def write_largest_piece(operation: LargestPiece, x: Tensor) -> Tensor:
    first, *others = x.divide(operation.pieces)
    return first.apply("Max", *others)


@write_operation.register
def write_embed(operation: Embed, x: Tensor) -> Tensor:
    raise NotExportable("an embedding that is not a network's first layer has no form in ONNX")


@write_operation.register
def write_added_back(operation: AddedBack, x: Tensor) -> Tensor:
    return x + write_operations(operation.operations, x)
