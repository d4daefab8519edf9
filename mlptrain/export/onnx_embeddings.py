"""Embeddings of numbers and codes as nodes."""

from dataclasses import fields, is_dataclass
from functools import singledispatch
from typing import Any

import numpy as np

from mlptrain.export.onnx_columns import Matrix
from mlptrain.export.onnx_graph import Array, Tensor, concatenate
from mlptrain.export.plan import Embed, EmbeddingTable, NotExportable, NumericEmbeddingPlan, Pieces, Waves


def count_members(value: Any) -> int:
    """The length of the axis of members in a plan's parameters, 1 where all members see the same."""
    if isinstance(value, np.ndarray):
        return len(value)
    if is_dataclass(value):
        return max((count_members(getattr(value, each.name)) for each in fields(value)), default=1)
    return max(map(count_members, value), default=1) if isinstance(value, tuple) else 1


def drop_single_member(values: Array) -> Array:
    """Parameters without the axis of members where they are one for all members."""
    return values if len(values) > 1 else values[0]


def write_embeddings(operation: Embed, matrix: Matrix) -> Tensor:
    """[ E | the kept columns | T[code], table by table ]: (N, I), or (M, N, I) where members differ."""
    parts: list[tuple[Tensor, int]] = []
    if operation.numeric is not None:
        numbers = matrix.take_columns(operation.numbers)
        parts.append((embed_numbers(operation.numeric, numbers), count_members(operation.numeric)))
    if operation.kept:
        parts.append((matrix.take_columns(operation.kept), 1))
    parts += [(embed_codes(each, matrix.codes[each.place]), len(each.table)) for each in operation.tables]
    members = max(count for _, count in parts)
    return concatenate(part if count == members else repeat_for_members(part, members) for part, count in parts)


def repeat_for_members(x: Tensor, members: int) -> Tensor:
    """x (N, I) for each member (M, N, I)."""
    return x.apply_with_integers("Expand", [members, 1, 1])


def embed_codes(embedding: EmbeddingTable, codes: Tensor) -> Tensor:
    """The rows of a table for codes (N, 1): (N, K), or (M, N, K) where members differ."""
    table = codes.graph.add_constant(drop_single_member(embedding.table), embedding.table.dtype)
    codes = codes.reshape(-1)
    return codes.graph.add_node("Gather", [table, codes], table.dtype, axis=int(len(embedding.table) > 1))


def embed_numbers(numeric: NumericEmbeddingPlan, x: Tensor) -> Tensor:
    """All values of all numbers x (N, F): (N, F K), or (M, N, F K) where members differ."""
    e = write_numeric_embedding(numeric, x.transpose(1, 0).add_axes(-1))
    width = numeric.bias.shape[1] * numeric.bias.shape[2]
    if count_members(numeric) == 1:
        return e.transpose(1, 0, 2).reshape(0, width)
    return e.transpose(0, 2, 1, 3).reshape(0, 0, width)


@singledispatch
def write_numeric_embedding(numeric: NumericEmbeddingPlan, x: Tensor) -> Tensor:
    """e of each number x (F, N, 1): (F, N, K), or (M, F, N, K) where members differ."""
    raise NotExportable(f"the numeric embedding {numeric.name!r} has no form in ONNX")


@write_numeric_embedding.register
def write_waves(numeric: Waves, x: Tensor) -> Tensor:
    angle = x * place_numbers(numeric.frequency)
    if numeric.phase is not None:
        angle = angle + place_numbers(numeric.phase)
    waves = concatenate([angle.cos(), angle.sin()] if numeric.sines else [angle.cos()])
    e = waves @ drop_single_member(numeric.weight) + place_numbers(numeric.bias)
    return e.apply("Relu") if numeric.relu else e


@write_numeric_embedding.register
def write_pieces(numeric: Pieces, x: Tensor) -> Tensor:
    share = (x - place_numbers(numeric.start)) / place_numbers(numeric.width)
    share = share.max(place_numbers(numeric.lowest)).min(place_numbers(numeric.highest))
    linear = x * place_numbers(numeric.slope) + place_numbers(numeric.bias)
    return linear + share @ drop_single_member(numeric.weight)


def place_numbers(values: Array) -> Array:
    """Parameters (M, F, H) as they meet x (F, N, 1): (F, 1, H), or (M, F, 1, H) where members differ."""
    return drop_single_member(values)[..., None, :]
