"""The model section of a spec as the engine's network."""

from collections.abc import Iterator

import numpy as np

from mlptrain.engine.initializers import Auto, Initializer
from mlptrain.engine.layers import Activate, AnyActivation, AnyDropout, Dense, Layer, Maxout, PReLU
from mlptrain.engine.network import Network
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


def layers_of(model: ModelSpec, outputs: int) -> Iterator[tuple[str, Layer]]:
    """The layers in order: input dropout; per hidden layer dense, norm, activation, dropout; the output, linear."""
    if model.input_dropout is not None:
        yield "input.dropout", model.input_dropout
    for number, layer in enumerate(hidden_layers(model), 1):
        name = f"hidden_{number}"
        assert layer.activation is not None
        assert layer.bias_initializer is not None
        yield (
            name,
            Dense(
                units=columns(layer),
                kernel_initializer=suited(layer.kernel_initializer, layer.activation),
                bias_initializer=layer.bias_initializer,
                max_norm=layer.max_norm,
            ),
        )
        if layer.norm is not None:
            yield f"{name}.{layer.norm.name}_norm", layer.norm
        yield f"{name}.{layer.activation.name}", as_layer(layer.activation)
        if layer.dropout is not None:
            yield f"{name}.dropout", layer.dropout
    output = model.kernel_initializer
    yield (
        "output",
        Dense(
            units=outputs,
            kernel_initializer=output.for_family("glorot") if isinstance(output, Auto) else output,
            bias_initializer=model.bias_initializer,
        ),
    )


def as_layer(activation: AnyActivation) -> Layer:
    """The activation as a layer: it is one if it has parameters or changes the width."""
    return activation if isinstance(activation, PReLU | Maxout) else Activate(activation=activation)


def columns(layer: LayerSpec) -> int:
    """Columns of the product before the activation: one a unit, or several where a unit has pieces."""
    assert layer.activation is not None
    return as_layer(layer.activation).inputs(layer.units)


def suited(initializer: Auto | Initializer | None, activation: AnyActivation) -> Initializer:
    """The initialiser itself, or what `auto` means before this activation."""
    assert initializer is not None
    return initializer.for_family(activation.family) if isinstance(initializer, Auto) else initializer


def build_network(model: ModelSpec, inputs: int, outputs: int, dtype: str | None = None) -> Network:
    """The network, its parameters still zero."""
    return Network(list(layers_of(model, outputs)), inputs, np.dtype(dtype or model.dtype))
