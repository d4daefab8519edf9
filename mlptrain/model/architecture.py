"""The model section of a spec as the engine's network."""

from collections.abc import Iterator, Sequence
from itertools import chain
from math import prod

import numpy as np

from mlptrain.data.encodings import LevelCodes
from mlptrain.data.features import CategoryColumn, Features, NumberColumn, PixelFeatures
from mlptrain.engine.activations import Family
from mlptrain.engine.blocks import Residual
from mlptrain.engine.embeddings import Codes, InputEmbedding, InputLayout
from mlptrain.engine.initializers import Auto, Initializer, Normal, Ones, PerFeature, Signs
from mlptrain.engine.layers import (
    Activate,
    AnyActivation,
    AnyDropout,
    Dense,
    Layer,
    Maxout,
    Parametric,
    PReLU,
    Scale,
    Temperature,
)
from mlptrain.engine.members import Members, Networks, Start
from mlptrain.engine.network import NamedLayers, Network
from mlptrain.spec.fields import LayerSpec, ModelSpec


def hidden_layers(model: ModelSpec) -> list[LayerSpec]:
    """The hidden layers in the long form, with what they do not say taken from the model."""
    layers = model.layers if model.layers is not None else tuple(LayerSpec(units=units) for units in model.hidden)
    return [completed(layer, model, position) for position, layer in enumerate(layers)]


def completed(layer: LayerSpec, model: ModelSpec, position: int) -> LayerSpec:
    dropout: AnyDropout | None
    dropout = model.dropout[position] if isinstance(model.dropout, tuple) else model.dropout
    return LayerSpec(
        units=layer.units,
        activation=layer.activation or model.activation,
        norm=layer.norm or model.norm,
        dropout=layer.dropout or dropout,
        kernel_initializer=layer.kernel_initializer or model.kernel_initializer,
        bias_initializer=layer.bias_initializer or model.bias_initializer,
        max_norm=layer.max_norm or model.max_norm,
    )


def input_layout(features: Features | PixelFeatures) -> InputLayout:
    """What the columns of the input matrix are."""
    if isinstance(features, PixelFeatures):
        return InputLayout(width=features.width)
    numbers, codes = [], []
    for column, place in features.places():
        if isinstance(column, NumberColumn) and not column.boolean:
            numbers.append(place.start)
        elif isinstance(column, CategoryColumn) and isinstance(column.encoding, LevelCodes):
            codes.append(Codes(place=place.start, levels=column.encoding.levels + 1, width=column.encoding.embedding))
    widths = tuple(column.width for column in features.columns)
    return InputLayout(width=features.width, numbers=tuple(numbers), codes=tuple(codes), features=widths)


def layers_of(model: ModelSpec, layout: InputLayout, outputs: int, members: Members) -> Iterator[tuple[str, Layer]]:
    """The layers in order: embedding; input dropout and scaling; the hidden layers; the output, linear."""
    runs = tuple(enumerate(layout.features))
    if layout.codes or (model.numeric_embedding is not None and layout.numbers):
        embedding = InputEmbedding(layout=layout, numeric=model.numeric_embedding)
        yield "input.embedding", members.embedding(embedding)
        runs = embedding.runs
    if model.input_dropout is not None:
        yield "input.dropout", model.input_dropout
    if model.input_scaling:
        yield "input.scaling", Scale()
    embedded = model.numeric_embedding is not None and bool(layout.numbers)
    start = PerFeature(of=Normal(standard_deviation=1.0) if embedded else Signs(), runs=runs)
    yield from members.entrance(start)
    yield from in_blocks(list(hidden(model, members, start)), model.residual)
    output, bias = model.output.kernel_initializer or model.kernel_initializer, model.output.bias_initializer
    yield (
        "output",
        Dense(
            units=outputs,
            kernel_initializer=chosen(output, "glorot", model),
            bias_initializer=bias or model.bias_initializer,
            parametrization=model.parametrization,
        ),
    )
    if model.calibration == "temperature":
        yield "calibration", Temperature()


def hidden(model: ModelSpec, members: Members, start: Start) -> Iterator[NamedLayers]:
    """The hidden layers, each of them dense, norm, activation, dropout."""
    for number, layer in enumerate(hidden_layers(model), 1):
        (name, dense), *others = made(f"hidden_{number}", layer, model)
        assert isinstance(dense, Dense)
        yield (name, members.dense(dense, start if number == 1 else Ones())), *others


def in_blocks(layers: Sequence[NamedLayers], size: int | None) -> Iterator[tuple[str, Layer]]:
    """Hidden layers in a row; or the first, then the others in residual blocks of `size`."""
    plain = len(layers) if size is None else 1
    yield from chain(*layers[:plain])
    for number, start in enumerate(range(plain, len(layers), size or 1), 1):
        yield f"block_{number}", Residual(layers=tuple(chain(*layers[start : start + (size or 1)])))


def made(name: str, layer: LayerSpec, model: ModelSpec) -> Iterator[tuple[str, Layer]]:
    """One hidden layer: dense, norm, activation, dropout."""
    assert layer.activation is not None
    assert layer.bias_initializer is not None
    yield (
        name,
        Dense(
            units=columns(layer),
            kernel_initializer=suited(layer.kernel_initializer, layer.activation, model),
            bias_initializer=layer.bias_initializer,
            max_norm=layer.max_norm,
            parametrization=model.parametrization,
        ),
    )
    if layer.norm is not None:
        yield f"{name}.{layer.norm.name}_norm", layer.norm
    yield f"{name}.{layer.activation.name}", as_layer(layer.activation)
    if layer.dropout is not None:
        yield f"{name}.dropout", layer.dropout


def as_layer(activation: AnyActivation) -> Layer:
    """The activation as a layer: it is one if it has parameters or changes the width."""
    return activation if isinstance(activation, PReLU | Parametric | Maxout) else Activate(activation=activation)


def columns(layer: LayerSpec) -> int:
    """Columns of the product before the activation: one a unit, or several where a unit has pieces."""
    assert layer.activation is not None
    return as_layer(layer.activation).inputs(layer.units)


def suited(initializer: Auto | Initializer | None, activation: AnyActivation, model: ModelSpec) -> Initializer:
    """The initialiser itself, or what `auto` means before this activation."""
    assert initializer is not None
    return chosen(initializer, activation.family, model)


def chosen(initializer: Auto | Initializer, family: Family, model: ModelSpec) -> Initializer:
    """The initialiser itself, or what `auto` means for a family and the parametrisation."""
    if not isinstance(initializer, Auto):
        return initializer
    return initializer.for_family(family) if model.parametrization == "standard" else Normal(standard_deviation=1.0)


ALONE = Networks()


def build_network(
    model: ModelSpec, layout: InputLayout, outputs: int, *, members: Members = ALONE, dtype: str | None = None
) -> Network:
    """The network, its parameters still zero."""
    layers = list(layers_of(model, layout, outputs, members))
    return Network(layers, layout.width, np.dtype(dtype or model.dtype), members.axis)


def parameter_count(model: ModelSpec, layout: InputLayout, outputs: int, members: Members) -> int:
    """The numbers in θ, without making any of them."""
    width, count = layout.width, 0
    for _, layer in layers_of(model, layout, outputs, members):
        count += sum(prod(each.whole(members.axis)) for each in layer.declare(width).values())
        width = layer.outputs(width)
    return count
