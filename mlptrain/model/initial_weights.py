"""The weights that a network starts from in place of drawn ones: those of a model, with its columns and its target."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from mlptrain.engine.network import Network
from mlptrain.errors import MissingFile, SpecError
from mlptrain.model.file import ModelContents, read_arrays, restore_contents_from_arrays
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.network_arrays import collect_named_arrays
from mlptrain.model.rows import locate_file
from mlptrain.plain import to_plain
from mlptrain.spec.fields import InitialWeights, Spec
from mlptrain.storage.container import Arrays, decode_container, encode_npy_array

KEY = "initial_weights.file"
HEAD = ("output", "calibration")
"""The layers that belong to a target."""
OF_TRAINING = frozenset(
    ["kernel_initializer", "bias_initializer", "max_norm", "running_momentum", "start", "frequency_scale"]
)
"""The settings of layers that say nothing of what a trained layer computes."""


@dataclass(frozen=True, kw_only=True)
class LoadedWeights:
    """The content of the file that a spec names, or of a model in memory."""

    name: str
    """What messages call it."""
    digest: str
    """The SHA-256 of its arrays."""
    networks: Sequence[FittedNetwork]

    def choose_network(self, number: int) -> FittedNetwork:
        """The network that the training of a number, from 1, starts from: all of them from the only one, or its own."""
        return self.networks[number - 1 if len(self.networks) > 1 else 0]

    def make_start(self, number: int, *, fresh_head: bool) -> "NetworkStart":
        """What the network of a training starts from."""
        network = self.choose_network(number).network
        return NetworkStart(name=self.name, network=network, fresh=HEAD if fresh_head else ())


@dataclass(frozen=True, kw_only=True)
class NetworkStart:
    """What one network starts from."""

    name: str
    network: Network
    fresh: Sequence[str] = ()
    """The layers that keep the weights that were drawn for them."""

    def fill(self, network: Network) -> None:
        """Copy parameters and buffers into a network; a SpecError says why that is not possible."""
        if other := describe_first_other_layer(self.network, network, leave_out=self.fresh):
            raise SpecError(f"{KEY}: {self.name}: {other}")
        stored, views = (self.select_arrays(each) for each in (self.network, network))
        if lost := [name for name in stored if name not in views]:  # what else differs, a layer has said
            raise SpecError(f"{KEY}: {self.name} has {lost[0]}; set model.calibration: temperature, as it had it")
        for name in stored:
            views[name][...] = convert_array(f"{self.name}: {name}", stored[name], network.dtype)

    def select_arrays(self, network: Network) -> Arrays:
        """The arrays of a network by name, without those of the fresh layers."""
        return {
            name: view for name, view in collect_named_arrays(network).items() if find_layer(name) not in self.fresh
        }


def find_layer(name: str) -> str:
    """The layer of the network that an array belongs to: "parameters.hidden_1.weight" is of hidden_1."""
    return name.split(".")[1]


def load_initial_weights(start: InitialWeights, folder: Path, given: bytes | None) -> LoadedWeights:
    """The weights in the file that a spec names, or in the bytes of a model in memory; an error if they are others."""
    if given is None and not start.file:
        raise SpecError(f"{KEY}: the weights were those of a model in memory; give them again, or name a file")
    name = locate_file(start.file, folder) if given is None else "the given model"
    if given is None and not Path(name).exists():
        problem = MissingFile(f"{name}: no such file; name a model that mlptrain fit wrote")
        problem.key = KEY.split(".")
        raise problem
    arrays = read_arrays(Path(name)) if given is None else decode_container(memoryview(given))
    digest = digest_arrays(arrays)
    if start.digest not in (None, digest):
        why = f"{name} has changed: the SHA-256 of its arrays is {digest[:12]}…, not {str(start.digest)[:12]}…"
        raise SpecError(f"initial_weights.digest: {why}; name the file that it was, or remove the digest")
    return LoadedWeights(
        name=name, digest=digest, networks=restore_contents_from_arrays(name, arrays, ModelContents).networks
    )


def restore_loaded_weights(spec: Spec, networks: Sequence[FittedNetwork]) -> LoadedWeights | None:
    """What a fit had loaded, as its own networks keep it; None where their weights were drawn."""
    if (start := spec.start) is None:
        return None
    return LoadedWeights(name=start.file or "the given model", digest=start.digest or "", networks=networks)


def digest_arrays(arrays: Arrays) -> str:
    """The SHA-256 of arrays with their names, types and shapes, in their order."""
    found = sha256()
    for name, array in arrays.items():
        found.update(f"{name}\n".encode())
        found.update(encode_npy_array(array))
    return found.hexdigest()


def convert_array(name: str, array: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """An array in the type of the network's numbers; a SpecError where that has no such number."""
    with np.errstate(over="ignore"):
        converted = array.astype(dtype)
    if not np.isfinite(converted).all():
        raise SpecError(f"{KEY}: {name} has numbers that {dtype} cannot hold; set model.dtype: {array.dtype}")
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


SAME_MODEL = "give the model section of that model (`mlptrain show` tells it), or train without its weights"
FRESH_HEAD = "set initial_weights.head: fresh to draw it anew"


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
