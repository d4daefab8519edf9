"""A model's networks as a script of Keras."""

from collections.abc import Iterator, Mapping
from functools import singledispatch

from mlptrain.engine.activations import (
    ELU,
    GELU,
    SELU,
    Activation,
    HardSigmoid,
    HardTanh,
    LeakyReLU,
    Linear,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Softsign,
    Tanh,
)
from mlptrain.engine.dropout import Dropout, GaussianDropout
from mlptrain.engine.embeddings import PBLD, PLR, InputEmbedding, NumericEmbedding, PiecewiseLinear
from mlptrain.engine.layer import Layer, LayerState
from mlptrain.engine.layers import Dense, Scale, Temperature
from mlptrain.engine.members import Adapter, BatchEnsemble
from mlptrain.engine.network import Network
from mlptrain.engine.norms import BatchNorm, LayerNorm
from mlptrain.engine.residual import Residual
from mlptrain.engine.units import Activate, Maxout, Parametric, PReLU
from mlptrain.export.framework_script import (
    Framework,
    LayerCode,
    NetworkCode,
    find_split,
    indent_lines,
    make_identifier,
    name_arrays,
    name_embedding_arrays,
    place_tables,
    unwrap_layer,
    wrap_call,
    write_call,
    write_numbers,
    write_script,
)
from mlptrain.export.plan import NotExportable, Plan
from mlptrain.model.model import Model

FRAMEWORK = Framework(
    kind="as a Keras network",
    network_type="keras.Model",
    parts=("keras_layers.py", "keras_network.py"),
    training=(
        "x, y = encode_rows(rows{number}), encode_targets(targets{number})",
        'network.compile("adam", loss=lambda targets, logits: compute_loss(targets, logits{number}))',
        "network.fit(x, y)",
    ),
)
ACTIVATIONS = {Linear, Sigmoid, Tanh, ReLU, SELU, SiLU, Mish, Softplus, Softsign, HardSigmoid, HardTanh}
"""The activations that Keras has under the same names."""
Options = Mapping[str, object]
"""What every layer of Keras is told: its name, and its type where that is not the usual one."""


def write_keras(model: Model, plan: Plan) -> str:
    """The text of a script, for any of Keras's backends."""
    networks = [write_network(each.network) for each in model.networks]
    return write_script(model, plan, networks, FRAMEWORK)


def write_network(network: Network) -> NetworkCode:
    """The function that builds a network."""
    own: dict[str, object] = {} if network.dtype == "float32" else {"dtype": network.dtype.name}
    steps, names = [], dict[str, str]()
    for place, (name, layer) in enumerate(network.layers):
        if place == find_split(network):
            steps.append(write_step(write_call("keras.layers.RepeatVector", network.members, name="members", **own)))
        for lines, arrays in write_layers(name, unwrap_layer(layer), network.state_of(name), own):
            steps.append(lines)
            names |= arrays
    logits = f"(B, {network.outputs})" if network.members is None else f"(B, {network.members}, {network.outputs})"
    head = f'"""x (B, {network.inputs}) → logits {logits}."""'
    inputs = f"x = inputs = {write_call('keras.Input', f'({network.inputs},)', name='inputs', **own)}"
    return NetworkCode(
        body="\n".join(f"    {indent_lines(line)}" for line in (head, inputs, *steps, RETURN)), names=names
    )


RETURN = "return keras.Model(inputs, x)"


def write_step(call: str) -> str:
    """A layer applied to what is there."""
    return f"x = {call}(x)"


def write_layers(name: str, layer: Layer, state: LayerState, own: Options) -> Iterator[tuple[str, dict[str, str]]]:
    """The lines of a layer, of a block those of its layers, each with its arrays' names."""
    if not isinstance(layer, Residual):
        code = write_layer(layer, state, {"name": make_identifier(name), **own})
        short = make_identifier(name)
        yield write_step(code.call), name_arrays(name, short, state, code.arrays)
        return
    yield f"{name} = x", {}
    for inner, each in layer.layers:
        part = state.part(inner)
        code = write_layer(unwrap_layer(each), part, {"name": make_identifier(inner), **own})
        yield write_step(code.call), name_arrays(f"{name}.{inner}", make_identifier(inner), part, code.arrays)
    yield f"x = {write_call('keras.layers.Add', name=name, **own)}([{name}, x])", {}


# Layers


@singledispatch
def write_layer(layer: Layer, state: LayerState, options: Options) -> LayerCode:
    """A layer as code."""
    raise NotExportable(f"the layer {layer.kind!r} has no form in Keras")


def write_own(function: str, state: LayerState, *arguments: object, **settings: object) -> LayerCode:
    """A layer of the script, whose arrays have our names."""
    arrays = {part: part for part in (*state.parameters, *state.buffers) if "." not in part}  # no others' parts
    return LayerCode(call=write_call(function, *arguments, **settings), arrays=arrays)


@write_layer.register
def write_dense(layer: Dense, state: LayerState, options: Options) -> LayerCode:
    W = state.parameters["weight"]
    gamma = layer.gamma(W)
    if W.ndim == 2 and gamma == 1:
        arrays = {"kernel": "weight", "bias": "bias"}
        return LayerCode(call=write_call("keras.layers.Dense", W.shape[1], **options), arrays=arrays)
    return write_own("Dense", state, W.shape, **write_gamma(gamma), **options)


def write_gamma(gamma: float) -> dict[str, float]:
    """The factor of x W, where it is not 1."""
    return {} if gamma == 1 else {"gamma": gamma}


@write_layer.register
def write_batch_ensemble(layer: BatchEnsemble, state: LayerState, options: Options) -> LayerCode:
    W, r = state.parameters["weight"], state.parameters["input_factor"]
    return write_own("BatchEnsemble", state, len(r), *W.shape, **write_gamma(layer.gamma(W)), **options)


@write_layer.register
def write_adapter(layer: Adapter, state: LayerState, options: Options) -> LayerCode:
    return LayerCode(call=write_call("Scale", state.parameters["factor"].shape, **options), arrays={"scale": "factor"})


@write_layer.register
def write_scale(layer: Scale, state: LayerState, options: Options) -> LayerCode:
    return write_own("Scale", state, state.parameters["scale"].shape, **options)


@write_layer.register
def write_temperature(layer: Temperature, state: LayerState, options: Options) -> LayerCode:
    return write_own("Temperature", state, state.buffers["temperature"].shape, **options)


@write_layer.register
def write_batch_norm(layer: BatchNorm, state: LayerState, options: Options) -> LayerCode:
    shape, epsilon, momentum = state.parameters["scale"].shape, layer.epsilon, layer.running_momentum
    if len(shape) > 1:
        return write_own("MemberBatchNorm", state, shape, epsilon=epsilon, momentum=momentum, **options)
    return LayerCode(
        call=write_call("keras.layers.BatchNormalization", epsilon=epsilon, momentum=1 - momentum, **options),
        arrays={
            **{"gamma": "scale", "beta": "shift"},
            **{"moving_mean": "running_mean", "moving_variance": "running_variance"},
        },
    )


@write_layer.register
def write_layer_norm(layer: LayerNorm, state: LayerState, options: Options) -> LayerCode:
    shape = state.parameters["scale"].shape
    if len(shape) > 1:
        return write_own("MemberLayerNorm", state, shape, epsilon=layer.epsilon, **options)
    call = write_call("keras.layers.LayerNormalization", epsilon=layer.epsilon, **options)
    return LayerCode(call=call, arrays={"gamma": "scale", "beta": "shift"})


@write_layer.register
def write_activation(layer: Activate, state: LayerState, options: Options) -> LayerCode:
    return LayerCode(call=call_activation(layer.activation, options))


def call_activation(activation: Activation, options: Options) -> str:
    """An activation as a layer."""
    match activation:
        case LeakyReLU():
            return write_call("keras.layers.LeakyReLU", negative_slope=activation.slope, **options)
        case ELU():
            return write_call("keras.layers.ELU", alpha=activation.alpha, **options)
        case GELU():
            return write_call("TanhGELU", **options)
    if type(activation) not in ACTIVATIONS:
        raise NotExportable(f"the activation {activation.name!r} has no form in Keras")
    return write_call("keras.layers.Activation", f'"{activation.name}"', **options)


@write_layer.register
def write_prelu(layer: PReLU, state: LayerState, options: Options) -> LayerCode:
    """The slopes of Keras's own have the shape of a row, but for the axes that share them."""
    axes = [state.parameters["slope"].ndim] if layer.shared else None
    start = f"keras.initializers.Constant({layer.slope})"
    return LayerCode(
        call=write_call("keras.layers.PReLU", start, shared_axes=axes, **options), arrays={"alpha": "slope"}
    )


@write_layer.register
def write_parametric(layer: Parametric, state: LayerState, options: Options) -> LayerCode:
    inner = call_activation(layer.activation, {name: value for name, value in options.items() if name != "name"})
    return write_own("Parametric", state, inner, state.parameters["slope"].shape, start=layer.start, **options)


@write_layer.register
def write_maxout(layer: Maxout, state: LayerState, options: Options) -> LayerCode:
    return LayerCode(call=write_call("Maxout", layer.pieces, **options))


@write_layer.register
def write_dropout(layer: Dropout, state: LayerState, options: Options) -> LayerCode:
    return LayerCode(call=write_call("keras.layers.Dropout", layer.rate, **options))


@write_layer.register
def write_gaussian_dropout(layer: GaussianDropout, state: LayerState, options: Options) -> LayerCode:
    return LayerCode(call=write_call("keras.layers.GaussianDropout", layer.rate, **options))


# Embeddings


@write_layer.register
def write_embedding(layer: InputEmbedding, state: LayerState, options: Options) -> LayerCode:
    own = {name: value for name, value in options.items() if name != "name"}
    numeric = write_numeric_embedding(layer.numeric, state, own) if layer.numeric and layer.embedded else None
    numbers, kept = write_numbers(layer.embedded), write_numbers(layer.layout.kept)
    places = numbers, kept, place_tables(layer, state)
    call = wrap_call(write_call("InputEmbedding", numeric, *places, **options))
    return LayerCode(call=call, arrays=name_embedding_arrays(layer, state))


@singledispatch
def write_numeric_embedding(embedding: NumericEmbedding, state: LayerState, options: Options) -> str:
    """A numeric embedding as a layer."""
    raise NotExportable(f"the numeric embedding {embedding.name!r} has no form in Keras")


@write_numeric_embedding.register(PBLD)
@write_numeric_embedding.register(PiecewiseLinear)
def write_plain_embedding(embedding: PBLD | PiecewiseLinear, state: LayerState, options: Options) -> str:
    return write_call(type(embedding).__name__, state.parameters["weight"].shape, **options)


@write_numeric_embedding.register
def write_plr(embedding: PLR, state: LayerState, options: Options) -> str:
    return write_call("PLR", state.parameters["weight"].shape, relu=embedding.relu, **options)
