"""The layers of a trained network as operations, which evaluate it."""

from functools import singledispatch
from math import inf, pi

import numpy as np

from mlptrain.engine.dropout import Dropout, GaussianDropout
from mlptrain.engine.embeddings import PBLD, PLR, InputEmbedding, PiecewiseLinear
from mlptrain.engine.input_layout import Codes
from mlptrain.engine.layer import Layer, LayerState
from mlptrain.engine.layers import Dense, Scale, Temperature
from mlptrain.engine.members import Adapter, BatchEnsemble, Shared
from mlptrain.engine.network import Network
from mlptrain.engine.norms import BatchNorm, LayerNorm
from mlptrain.engine.residual import Residual
from mlptrain.engine.units import Activate, Maxout, Parametric, PReLU
from mlptrain.export.plan import (
    AddedBack,
    Affine,
    Array,
    BlendedCurve,
    Curve,
    Embed,
    EmbeddingTable,
    LargestPiece,
    Leaky,
    Linear,
    Normalize,
    NotExportable,
    NumericEmbeddingPlan,
    Operation,
    Pieces,
    Waves,
)

Operations = tuple[Operation, ...]


def plan_operations(network: Network) -> Operations:
    """All layers of a network, in order."""
    return tuple(each for name, layer in network.layers for each in plan_layer(layer, network.state_of(name)))


@singledispatch
def plan_layer(layer: Layer, state: LayerState) -> Operations:
    """What a layer does in evaluation."""
    raise NotExportable(f"the layer {layer.kind!r} has no form in an export")


def add_member_axis(values: Array, own_axes: int) -> Array:
    """Parameters with a leading axis of members, 1 long where they have none; without one they have `own_axes`."""
    return values[None] if values.ndim == own_axes else values


def copy_parameters(state: LayerState, name: str, own_axes: int = 1) -> Array:
    """A parameter of a layer, with an axis of members before its own axes."""
    return add_member_axis(state.parameters[name].copy(), own_axes)


@plan_layer.register
def plan_dense(layer: Dense, state: LayerState) -> Operations:
    W = copy_parameters(state, "weight", 2)
    gamma = W.dtype.type(layer.gamma(W))
    return (Linear(weight=W if gamma == 1 else W * gamma, bias=copy_parameters(state, "bias")),)


@plan_layer.register
def plan_batch_ensemble(layer: BatchEnsemble, state: LayerState) -> Operations:
    W = copy_parameters(state, "weight", 2)
    gamma = W.dtype.type(layer.gamma(W))
    return (
        Affine(factor=copy_parameters(state, "input_factor"), shift=None),
        Linear(weight=W if gamma == 1 else W * gamma, bias=None),
        Affine(factor=copy_parameters(state, "output_factor"), shift=copy_parameters(state, "bias")),
    )


@plan_layer.register
def plan_shared(layer: Shared, state: LayerState) -> Operations:
    return plan_layer(layer.layer, state)


@plan_layer.register
def plan_adapter(layer: Adapter, state: LayerState) -> Operations:
    return (Affine(factor=copy_parameters(state, "factor"), shift=None),)


@plan_layer.register
def plan_scale(layer: Scale, state: LayerState) -> Operations:
    return (Affine(factor=copy_parameters(state, "scale"), shift=None),)


@plan_layer.register
def plan_temperature(layer: Temperature, state: LayerState) -> Operations:
    T = add_member_axis(state.buffers["temperature"], 1)
    return () if (T == 1).all() else (Affine(factor=1 / T, shift=None),)


@plan_layer.register
def plan_batch_norm(layer: BatchNorm, state: LayerState) -> Operations:
    """γ (x − μ) / √(v + ε) + β = x a + b with a = γ / √(v + ε), b = β − μ a."""
    gamma, beta = (copy_parameters(state, name) for name in ("scale", "shift"))
    mean, variance = (add_member_axis(state.buffers[f"running_{name}"], 1) for name in ("mean", "variance"))
    a = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + layer.epsilon)
    return (Affine(factor=a.astype(gamma.dtype), shift=(beta - mean * a).astype(gamma.dtype)),)


@plan_layer.register
def plan_layer_norm(layer: LayerNorm, state: LayerState) -> Operations:
    scale, shift = (copy_parameters(state, name) for name in ("scale", "shift"))
    return (Normalize(scale=scale, shift=shift, epsilon=layer.epsilon),)


@plan_layer.register
def plan_activation(layer: Activate, state: LayerState) -> Operations:
    return (Curve(activation=layer.activation),)


@plan_layer.register
def plan_prelu(layer: PReLU, state: LayerState) -> Operations:
    return (Leaky(slope=copy_parameters(state, "slope")),)


@plan_layer.register
def plan_parametric(layer: Parametric, state: LayerState) -> Operations:
    return (BlendedCurve(activation=layer.activation, slope=copy_parameters(state, "slope")),)


@plan_layer.register
def plan_maxout(layer: Maxout, state: LayerState) -> Operations:
    return (LargestPiece(pieces=layer.pieces),)


@plan_layer.register(Dropout)
@plan_layer.register(GaussianDropout)
def plan_dropout(layer: Layer, state: LayerState) -> Operations:
    """Nothing: in evaluation it is the identity."""
    return ()


@plan_layer.register
def plan_residual(layer: Residual, state: LayerState) -> Operations:
    inner = tuple(each for name, one in layer.layers for each in plan_layer(one, state.part(name)))
    return (AddedBack(operations=inner),)


@plan_layer.register
def plan_embedding(layer: InputEmbedding, state: LayerState) -> Operations:
    numeric = plan_numeric_embedding(layer.numeric, state) if layer.embedded else None
    tables = [
        table
        for width, columns in layer.widths.items()
        for table in divide_table(state, f"categories_{width}", columns)
    ]
    return (Embed(numbers=layer.embedded, numeric=numeric, kept=tuple(layer.layout.kept), tables=tuple(tables)),)


def divide_table(state: LayerState, name: str, columns: list[Codes]) -> list[EmbeddingTable]:
    """The tables of columns whose rows stand one below the other."""
    T, found, start = copy_parameters(state, name, 2), [], 0
    for each in columns:
        found.append(EmbeddingTable(place=each.place, table=T[:, start : start + each.levels]))
        start += each.levels
    return found


@singledispatch
def plan_numeric_embedding(embedding: object, state: LayerState) -> NumericEmbeddingPlan:
    """What a numeric embedding does with each number."""
    raise NotExportable(f"the numeric embedding {type(embedding).__name__} has no form in an export")


@plan_numeric_embedding.register(PBLD)
@plan_numeric_embedding.register(PLR)
def plan_waves(embedding: PBLD | PLR, state: LayerState) -> NumericEmbeddingPlan:
    frequency, has_phase = copy_parameters(state, "frequency", 2), isinstance(embedding, PBLD)
    return Waves(
        frequency=frequency.dtype.type(2 * pi) * frequency,
        phase=copy_parameters(state, "phase", 2) if has_phase else None,
        sines=not has_phase,
        weight=copy_parameters(state, "weight", 3),
        bias=copy_parameters(state, "bias", 2),
        relu=isinstance(embedding, PLR) and embedding.relu,
    )


@plan_numeric_embedding.register
def plan_pieces(embedding: PiecewiseLinear, state: LayerState) -> NumericEmbeddingPlan:
    start, width = (add_member_axis(state.buffers[name], 2) for name in ("start", "width"))
    used = width > 0
    first, last = (mark[..., 0] for mark in embedding.mark_open_pieces(used[..., None]))
    V = copy_parameters(state, "weight", 3)
    return Pieces(
        start=start,
        width=np.where(used, width, 1),
        lowest=np.where(first, -inf, 0).astype(V.dtype) + np.zeros_like(start),
        highest=np.where(last, inf, 1).astype(V.dtype),
        slope=copy_parameters(state, "slope", 2),
        weight=V * used[..., None],
        bias=copy_parameters(state, "bias", 2),
    )
