"""How a network starts from another one, or from arrays alone: what must be alike, and every number copied."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.network import Network
from mlptrain.errors import SpecError
from mlptrain.model.network_arrays import collect_named_arrays
from mlptrain.plain import to_plain
from mlptrain.storage.container import Arrays

KEY = "initial_weights.file"
"""The key of a spec that names the weights."""
HEAD = ("output", "calibration")
"""The layers that belong to a target."""
TEMPERATURE = "buffers.calibration."
OF_TRAINING = frozenset(
    ["kernel_initializer", "bias_initializer", "max_norm", "running_momentum", "start", "frequency_scale"]
)
"""The settings of layers that say nothing of what a trained layer computes."""
NAMED = "the arrays are named as in a model file: parameters.<layer>.<part>, buffers.<layer>.<part>"
SAME_SHAPE = "set the model section as it was where these weights were trained"
SAME_MODEL = "give the model section of that model (`mlptrain show` tells it), or train without its weights"
FRESH_HEAD = "set initial_weights.head: fresh to draw it anew"
"""What messages propose."""
MOST_COMPARED = 200
"""Names of a file that are looked at for the one that was probably meant."""


@dataclass(frozen=True, kw_only=True)
class StartFromNetwork:
    """A network whose arrays another one starts from."""

    name: str
    """What errors begin with."""
    network: Network
    fresh: Sequence[str] = ()
    """The layers that keep the weights that were drawn for them."""

    def fill(self, network: Network) -> None:
        """Copy parameters and buffers into a network; a SpecError says why that is not possible."""
        if other := describe_first_other_layer(self.network, network, leave_out=self.fresh):
            raise SpecError(f"{self.name}: {other}")
        stored, views = (drop_layers(collect_named_arrays(each), self.fresh) for each in (self.network, network))
        if lost := [name for name in stored if name not in views]:  # what else differs, a layer has said
            raise SpecError(f"{self.name}: it has {lost[0]}; set model.calibration: temperature, as it had it")
        for name in stored:
            views[name][...] = convert_array(f"{self.name}: {name}", stored[name], network.dtype)


@dataclass(frozen=True, kw_only=True)
class StartFromArrays:
    """Arrays alone that a network starts from, under their names in a model file."""

    name: str
    """What errors begin with."""
    arrays: Arrays
    fresh: Sequence[str] = ()
    """The layers that keep the weights that were drawn for them."""
    optional: Sequence[str] = (TEMPERATURE,)
    """How the names of arrays begin that may be missing: a temperature is 1 until training is over."""

    def fill(self, network: Network) -> None:
        """Copy the arrays into a network; a SpecError names the first one that does not fit."""
        views = drop_layers(collect_named_arrays(network), self.fresh)
        given = drop_layers(self.arrays, self.fresh)
        for name, view in views.items():
            if name in given:
                fit_array(view, given[name], f"{self.name}: {name}")
            elif not name.startswith(tuple(self.optional)):
                near = name_nearest(name, given)
                raise SpecError(f"{self.name}: {name} {view.shape} is missing{near}; {NAMED}")
        if odd := [name for name in given if name not in views]:
            raise SpecError(f"{self.name}: {odd[0]} is no array of this network; {NAMED}")


NetworkStart = StartFromNetwork | StartFromArrays


def find_layer(name: str) -> str:
    """The layer of the network that an array belongs to: "parameters.hidden_1.weight" is of hidden_1."""
    return name.split(".")[1]


def drop_layers(arrays: Arrays, layers: Sequence[str]) -> Arrays:
    """The arrays that are not of some layers."""
    return {name: array for name, array in arrays.items() if find_layer(name) not in layers}


def fit_array(view: NDArray[Any], array: NDArray[Any], name: str) -> None:
    """Copy an array into a view of the same shape; a SpecError says what is wrong with it."""
    if array.shape != view.shape:
        is_turned = view.ndim > 1 and array.shape == view.mT.shape
        cure = "transpose it: weights are (inputs, units)" if is_turned else SAME_SHAPE
        raise SpecError(f"{name} is {array.shape}, this network has {view.shape}; {cure}")
    if array.dtype not in (np.float32, np.float64):
        raise SpecError(f"{name} is of type {array.dtype}; save it as float32 or float64")
    if not np.isfinite(array).all():
        raise SpecError(f"{name} has numbers that are not finite; train it anew with a smaller learning rate")
    view[...] = convert_array(name, array, view.dtype)


def name_nearest(name: str, given: Arrays) -> str:
    """The name in a file that was probably meant; empty if there is none."""
    near = get_close_matches(name, [*given][:MOST_COMPARED], n=1, cutoff=0.8)
    return f" (there is {near[0]})" if near else ""


def convert_array(name: str, array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array in the type of the network's numbers; a SpecError where that has no such number."""
    with np.errstate(over="ignore"):
        converted = array.astype(dtype)
    if not np.isfinite(converted).all():
        raise SpecError(f"{name} has numbers that {dtype} cannot hold; set model.dtype: {array.dtype}")
    return converted


# Two networks, layer by layer.

LayerFacts = tuple[str, str, int, int, Mapping[str, Any]]
"""Of a layer: its name, its kind, its inputs, its outputs, and the settings that decide what it computes."""


def describe_first_other_layer(then: Network, now: Network, *, leave_out: Sequence[str] = ()) -> str:
    """The first layer that differs between two networks, in words; empty if they compute the same functions of θ."""
    if then.members != now.members:
        return f"it has {count_members(then)}, this network {count_members(now)}; set members as that model has it"
    for before, present in zip_longest(*(list_layer_facts(each, leave_out) for each in (then, now))):
        if before != present:
            is_head = before is not None and present is not None and before[0] == present[0] in HEAD
            return f"{describe_difference_of_layers(before, present)}; {FRESH_HEAD if is_head else SAME_MODEL}"
    return ""


def describe_difference_of_layers(before: LayerFacts | None, present: LayerFacts | None) -> str:
    """How two layers at the same place differ; one of them may be missing."""
    if before is None or present is None or before[:2] != present[:2]:
        then, now = (f"the layer {each[0]} ({each[1]})" if each else "no further layer" for each in (before, present))
        return f"where it has {then}, this network has {now}"
    name, kind, *sizes, settings = before
    if sizes != [*present[2:4]]:
        of_both = (f"{inputs:,} inputs and {outputs:,} outputs" for inputs, outputs in (sizes, present[2:4]))
        return f"its layer {name} ({kind}) has {', in this network '.join(of_both)}"
    key = next(key for key, value in settings.items() if present[4].get(key) != value)
    return f"its layer {name} ({kind}) has another {key} in this network"


def count_members(network: Network) -> str:
    """How many networks stand side by side."""
    count = network.members or 1
    return f"{count} member{'s' * (count != 1)}"


def list_layer_facts(network: Network, leave_out: Sequence[str]) -> Iterator[LayerFacts]:
    """The layers that compute something of what reaches them, in their order."""
    for name, layer, inputs in network.walk():
        if not layer.idle and name not in leave_out:
            yield name, layer.kind, inputs, layer.outputs(inputs), drop_settings_of_training(to_plain(layer))


def drop_settings_of_training(value: Any) -> Any:
    """A plain value without the settings that say nothing of a trained layer."""
    if isinstance(value, dict):
        return {key: drop_settings_of_training(each) for key, each in value.items() if key not in OF_TRAINING}
    if isinstance(value, list):
        return [*map(drop_settings_of_training, value)]
    return value


# Layers that stay as they are.


def require_layers_to_freeze(network: Network, names: Sequence[str]) -> Sequence[str]:
    """The names, each of which begins the names of parameters; a SpecError if one does not, or if nothing is left."""
    parameters = [*network.parameters.values]
    known = dict.fromkeys(prefix for name in parameters for prefix in list_prefixes(name))
    for name in names:
        if name not in known:
            raise SpecError(f"training.freeze: {name!r} is no layer with parameters; they are {', '.join(known)}")
    if all(name.startswith(tuple(f"{each}." for each in names)) for name in parameters):
        raise SpecError("training.freeze: no layer is left to train; leave one out")
    return names


def list_prefixes(name: str) -> list[str]:
    """The layers that a parameter belongs to, the outer ones first.

    >>> list_prefixes("block_1.hidden_2.weight")
    ['block_1', 'block_1.hidden_2']
    """
    steps = name.split(".")
    return [".".join(steps[:count]) for count in range(1, len(steps))]
