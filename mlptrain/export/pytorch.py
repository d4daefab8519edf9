"""A model's networks as a script of PyTorch."""

from collections.abc import Iterable
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
    kind="as a PyTorch network",
    network_type="nn.Sequential",
    parts=("pytorch_layers.py", "pytorch_network.py"),
    training=(
        "x = torch.from_numpy(encode_rows(rows{number}))",
        "y = torch.from_numpy(encode_targets(targets{number}))",
        "loss = compute_loss(network(x), y{number})",
    ),
)
ACTIVATIONS = {
    Linear: "Identity",
    Sigmoid: "Sigmoid",
    Tanh: "Tanh",
    ReLU: "ReLU",
    LeakyReLU: "LeakyReLU",
    ELU: "ELU",
    SELU: "SELU",
    GELU: "GELU",
    SiLU: "SiLU",
    Mish: "Mish",
    Softplus: "Softplus",
    Softsign: "Softsign",
    HardSigmoid: "Hardsigmoid",
    HardTanh: "Hardtanh",
}


def write_pytorch(model: Model, plan: Plan) -> str:
    """The text of a script."""
    networks = [write_network(each.network) for each in model.networks]
    return write_script(model, plan, networks, FRAMEWORK)


def write_network(network: Network) -> NetworkCode:
    """The function that builds a network."""
    layers = [(name, write_layer(unwrap_layer(layer), network.state_of(name))) for name, layer in network.layers]
    names = [name_arrays(name, make_identifier(name), network.state_of(name), code.arrays) for name, code in layers]
    if (split := find_split(network)) is not None:
        layers.insert(split, ("members", LayerCode(call=write_call("SplitMembers", network.members))))
    logits = f"(B, {network.outputs})" if network.members is None else f"(B, {network.members}, {network.outputs})"
    body = f'''    """x (B, {network.inputs}) → logits {logits}."""
    return {indent_lines(write_call("nn.Sequential", write_stack(layers)))}'''
    return NetworkCode(
        body=body + (".double()" if network.dtype == "float64" else ""),
        names={k: v for each in names for k, v in each.items()},
    )


def write_stack(layers: Iterable[tuple[str, LayerCode]]) -> str:
    """Layers by their names, a line each."""
    return "\n".join(
        ["OrderedDict(", *(f"    {make_identifier(name)}={indent_lines(code.call)}," for name, code in layers), ")"]
    )


# Layers


@singledispatch
def write_layer(layer: Layer, state: LayerState) -> LayerCode:
    """A layer as code."""
    raise NotExportable(f"the layer {layer.kind!r} has no form in PyTorch")


def write_own(function: str, state: LayerState, *shape: int, **settings: object) -> LayerCode:
    """A layer of the script, whose arrays have our names."""
    arrays = {part: part for part in (*state.parameters, *state.buffers) if "." not in part}  # no others' parts
    return LayerCode(call=write_call(function, *shape, **settings), arrays=arrays)


@write_layer.register
def write_dense(layer: Dense, state: LayerState) -> LayerCode:
    W = state.parameters["weight"]
    gamma = layer.gamma(W)
    return write_own("nn.Linear" if W.ndim == 2 and gamma == 1 else "Dense", state, *W.shape, **write_gamma(gamma))


def write_gamma(gamma: float) -> dict[str, float]:
    """The factor of x W, where it is not 1."""
    return {} if gamma == 1 else {"gamma": gamma}


@write_layer.register
def write_batch_ensemble(layer: BatchEnsemble, state: LayerState) -> LayerCode:
    W, r = state.parameters["weight"], state.parameters["input_factor"]
    return write_own("BatchEnsemble", state, len(r), *W.shape, **write_gamma(layer.gamma(W)))


@write_layer.register
def write_adapter(layer: Adapter, state: LayerState) -> LayerCode:
    return LayerCode(call=write_call("Scale", *state.parameters["factor"].shape), arrays={"scale": "factor"})


@write_layer.register
def write_scale(layer: Scale, state: LayerState) -> LayerCode:
    return write_own("Scale", state, *state.parameters["scale"].shape)


@write_layer.register
def write_temperature(layer: Temperature, state: LayerState) -> LayerCode:
    return write_own("Temperature", state, *state.buffers["temperature"].shape)


@write_layer.register
def write_batch_norm(layer: BatchNorm, state: LayerState) -> LayerCode:
    shape = state.parameters["scale"].shape
    return write_own("BatchNorm", state, *shape, epsilon=layer.epsilon, momentum=layer.running_momentum)


@write_layer.register
def write_layer_norm(layer: LayerNorm, state: LayerState) -> LayerCode:
    return write_own("LayerNorm", state, *state.parameters["scale"].shape, epsilon=layer.epsilon)


@write_layer.register
def write_activation(layer: Activate, state: LayerState) -> LayerCode:
    return LayerCode(call=call_activation(layer.activation))


def call_activation(activation: Activation) -> str:
    """An activation as a module."""
    match activation:
        case LeakyReLU():
            settings: dict[str, object] = {"negative_slope": activation.slope}
        case ELU():
            settings = {"alpha": activation.alpha}
        case GELU():
            settings = {"approximate": "tanh"}
        case _:
            settings = {}
    if type(activation) not in ACTIVATIONS:
        raise NotExportable(f"the activation {activation.name!r} has no form in PyTorch")
    return write_call(f"nn.{ACTIVATIONS[type(activation)]}", **settings)


@write_layer.register
def write_prelu(layer: PReLU, state: LayerState) -> LayerCode:
    return write_own("PReLU", state, *state.parameters["slope"].shape, start=layer.slope)


@write_layer.register
def write_parametric(layer: Parametric, state: LayerState) -> LayerCode:
    activation, shape = call_activation(layer.activation), state.parameters["slope"].shape
    return LayerCode(call=write_call("Parametric", activation, *shape, start=layer.start), arrays={"slope": "slope"})


@write_layer.register
def write_maxout(layer: Maxout, state: LayerState) -> LayerCode:
    return LayerCode(call=write_call("Maxout", layer.pieces))


@write_layer.register
def write_dropout(layer: Dropout, state: LayerState) -> LayerCode:
    return LayerCode(call=write_call("nn.Dropout", layer.rate))


@write_layer.register
def write_gaussian_dropout(layer: GaussianDropout, state: LayerState) -> LayerCode:
    return LayerCode(call=write_call("GaussianDropout", layer.rate))


@write_layer.register
def write_residual(layer: Residual, state: LayerState) -> LayerCode:
    layers = [(name, write_layer(unwrap_layer(each), state.part(name))) for name, each in layer.layers]
    arrays = {
        f"{make_identifier(name)}.{own}": f"{name}.{part}" for name, code in layers for own, part in code.arrays.items()
    }
    return LayerCode(call=write_call("Residual", write_stack(layers)), arrays=arrays)


# Embeddings


@write_layer.register
def write_embedding(layer: InputEmbedding, state: LayerState) -> LayerCode:
    numeric = write_numeric_embedding(layer.numeric, state) if layer.numeric and layer.embedded else None
    numbers, kept = write_numbers(layer.embedded), write_numbers(layer.layout.kept)
    places = numbers, kept, place_tables(layer, state)
    return LayerCode(
        call=wrap_call(write_call("InputEmbedding", numeric, *places)), arrays=name_embedding_arrays(layer, state)
    )


@singledispatch
def write_numeric_embedding(embedding: NumericEmbedding, state: LayerState) -> str:
    """A numeric embedding as a module."""
    raise NotExportable(f"the numeric embedding {embedding.name!r} has no form in PyTorch")


@write_numeric_embedding.register(PBLD)
@write_numeric_embedding.register(PiecewiseLinear)
def write_plain_embedding(embedding: PBLD | PiecewiseLinear, state: LayerState) -> str:
    return write_call(type(embedding).__name__, *state.parameters["weight"].shape)


@write_numeric_embedding.register
def write_plr(embedding: PLR, state: LayerState) -> str:
    return write_call("PLR", *state.parameters["weight"].shape, relu=embedding.relu)
