"""The model section of a spec as the engine's network."""

from collections.abc import Iterator, Sequence
from itertools import chain
from math import prod

import numpy as np

from mlptrain.data.features import Features, PixelFeatures
from mlptrain.engine.activations import Family
from mlptrain.engine.dropout import AnyDropout
from mlptrain.engine.embeddings import InputEmbedding
from mlptrain.engine.initializers import Auto, Initializer, Normal, Ones, PerFeature, Signs, resolve_auto_initializer
from mlptrain.engine.input_layout import Codes, InputLayout
from mlptrain.engine.layer import Layer
from mlptrain.engine.layers import Dense, Scale, Temperature
from mlptrain.engine.members import Members, Networks, Start
from mlptrain.engine.network import NamedLayers, Network
from mlptrain.engine.residual import Residual
from mlptrain.engine.units import AnyActivation, wrap_activation_as_layer
from mlptrain.spec.fields import LayerSpec, ModelSpec


def complete_hidden_layers(model: ModelSpec) -> list[LayerSpec]:
    """The hidden layers in the long form, with what they do not say taken from the model."""
    layers = model.layers if model.layers is not None else tuple(LayerSpec(units=units) for units in model.hidden)
    return [complete_hidden_layer(layer, model, position) for position, layer in enumerate(layers)]


def complete_hidden_layer(layer: LayerSpec, model: ModelSpec, position: int) -> LayerSpec:
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


def describe_layer_for_outputs(model: ModelSpec, outputs: int) -> str:
    """A notice of a last hidden layer that was probably meant to be the output layer; empty if there is none.

    It is as wide as the output layer, and a single unit or at most half as wide as every layer before it.
    """
    *before, last = [0, *(layer.units for layer in complete_hidden_layers(model))]
    if last != outputs or (outputs > 1 and (len(before) == 1 or min(before[1:]) < 2 * outputs)):
        return ""
    place = f"model.{'hidden' if model.layers is None else 'layers'}[{len(before) - 1}]"
    how = f"the last hidden layer is as wide as the output layer ({outputs}), which is added by itself"
    return f"{place}: {how}: remove it, if it stands for the outputs"


def make_input_layout(features: Features | PixelFeatures) -> InputLayout:
    """What the columns of the input matrix are."""
    numbers, codes = [], []
    for column, place in features.places():
        if column.is_plain_number:
            numbers.append(place.start)
        if column.code_embedding is not None:
            levels, width = column.code_embedding
            codes.append(Codes(place=place.start, levels=levels, width=width))
    widths = tuple(column.width for column in features.columns)
    return InputLayout(width=features.width, numbers=tuple(numbers), codes=tuple(codes), feature_widths=widths)


def make_network_layers(
    model: ModelSpec, layout: InputLayout, outputs: int, members: Members
) -> Iterator[tuple[str, Layer]]:
    """The layers in order: embedding; input dropout and scaling; the hidden layers; the output, linear."""
    runs = tuple(enumerate(layout.feature_widths))
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
    yield from group_into_residual_blocks(list(make_hidden_layers(model, members, start)), model.residual)
    output, bias = model.output.kernel_initializer or model.kernel_initializer, model.output.bias_initializer
    yield (
        "output",
        Dense(
            units=outputs,
            kernel_initializer=resolve_initializer_for_family(output, "glorot", model),
            bias_initializer=bias or model.bias_initializer,
            parametrization=model.parametrization,
        ),
    )
    if model.calibration == "temperature":
        yield "calibration", Temperature()


def make_hidden_layers(model: ModelSpec, members: Members, start: Start) -> Iterator[NamedLayers]:
    """The hidden layers, each of them dense, norm, activation, dropout."""
    for number, layer in enumerate(complete_hidden_layers(model), 1):
        name = f"hidden_{number}"
        dense = members.dense(make_dense_layer(layer, model), start if number == 1 else Ones())
        yield (name, dense), *make_layers_after_dense(name, layer)


def group_into_residual_blocks(layers: Sequence[NamedLayers], size: int | None) -> Iterator[tuple[str, Layer]]:
    """Hidden layers in a row; or the first, then the others in residual blocks of `size`."""
    plain = len(layers) if size is None else 1
    yield from chain(*layers[:plain])
    for number, start in enumerate(range(plain, len(layers), size or 1), 1):
        yield f"block_{number}", Residual(layers=tuple(chain(*layers[start : start + (size or 1)])))


def make_dense_layer(layer: LayerSpec, model: ModelSpec) -> Dense:
    """The dense layer of a hidden layer."""
    assert layer.activation is not None
    assert layer.bias_initializer is not None
    return Dense(
        units=count_dense_units(layer),
        kernel_initializer=resolve_initializer_for_activation(layer.kernel_initializer, layer.activation, model),
        bias_initializer=layer.bias_initializer,
        max_norm=layer.max_norm,
        parametrization=model.parametrization,
    )


def make_layers_after_dense(name: str, layer: LayerSpec) -> Iterator[tuple[str, Layer]]:
    """The layers after the dense layer of a hidden layer: norm, activation, dropout."""
    assert layer.activation is not None
    if layer.norm is not None:
        yield f"{name}.{layer.norm.name}_norm", layer.norm
    yield f"{name}.{layer.activation.name}", wrap_activation_as_layer(layer.activation)
    if layer.dropout is not None:
        yield f"{name}.dropout", layer.dropout


def count_dense_units(layer: LayerSpec) -> int:
    """Columns of the product before the activation: one a unit, or several where a unit has pieces."""
    assert layer.activation is not None
    return wrap_activation_as_layer(layer.activation).inputs(layer.units)


def resolve_initializer_for_activation(
    initializer: Auto | Initializer | None, activation: AnyActivation, model: ModelSpec
) -> Initializer:
    """The initialiser itself, or what `auto` means before this activation."""
    assert initializer is not None
    return resolve_initializer_for_family(initializer, activation.family, model)


def resolve_initializer_for_family(initializer: Auto | Initializer, family: Family, model: ModelSpec) -> Initializer:
    """The initialiser itself, or what `auto` means for a family and the parametrisation."""
    return resolve_auto_initializer(initializer, family, unit_variance=model.parametrization == "ntk")


ALONE = Networks()


def build_network(
    model: ModelSpec, layout: InputLayout, outputs: int, *, members: Members = ALONE, dtype: str | None = None
) -> Network:
    """The network, its parameters still zero."""
    layers = list(make_network_layers(model, layout, outputs, members))
    return Network(layers, layout.width, np.dtype(dtype or model.dtype), members.axis)


def count_parameters(model: ModelSpec, layout: InputLayout, outputs: int, members: Members) -> int:
    """The numbers in θ, without making any of them."""
    width, count = layout.width, 0
    for _, layer in make_network_layers(model, layout, outputs, members):
        count += sum(prod(each.whole(members.axis)) for each in layer.declare(width).values())
        width = layer.outputs(width)
    return count
