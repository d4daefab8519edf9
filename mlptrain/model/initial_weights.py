"""The weights that networks start from in place of drawn ones: those of a model, with its columns and its target, or
arrays alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from mlptrain.data.files import FOREIGN
from mlptrain.errors import MissingFile, ModelFileError, SpecError
from mlptrain.model.file import ModelContents, read_arrays, restore_contents_from_arrays
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.network_start import KEY, NAMED, NetworkStart, StartFromArrays, StartFromNetwork
from mlptrain.model.rows import locate_file
from mlptrain.spec.fields import InitialWeights, Spec
from mlptrain.storage.array_archive import read_array_archive
from mlptrain.storage.container import Arrays, decode_container, encode_npy_array
from mlptrain.storage.foreign import IN_ZIP, OTHER_NPZ, PICKLE, SAFETENSORS_FILE, recognise_foreign


@dataclass(frozen=True, kw_only=True)
class WeightsOfModel:
    """A model whose networks others start from; their columns and target come along."""

    name: str
    """What messages call it."""
    digest: str
    """The SHA-256 of its arrays."""
    networks: Sequence[FittedNetwork]
    data_digest: str = ""
    """Of the rows that the model was trained on; empty where that is not known."""

    @property
    def nbytes(self) -> int:
        """Bytes that are held of it: parameters with their gradients, buffers."""
        networks = [each.network for each in self.networks]
        buffers = sum(buffer.nbytes for each in networks for buffer in each.buffers.values())
        return sum(2 * each.parameters.theta.nbytes for each in networks) + buffers

    def choose_network(self, number: int) -> FittedNetwork:
        """The network that the training of a number, from 1, starts from: all of them from the only one, or its own."""
        return self.networks[number - 1 if len(self.networks) > 1 else 0]

    def make_start(self, number: int, fresh: Sequence[str]) -> NetworkStart:
        """What the network of a training starts from."""
        return StartFromNetwork(name=f"{KEY}: {self.name}", network=self.choose_network(number).network, fresh=fresh)


@dataclass(frozen=True, kw_only=True)
class WeightsAlone:
    """Arrays without columns and target, of one network or of several."""

    name: str
    digest: str
    networks: Sequence[Arrays]

    @property
    def nbytes(self) -> int:
        """Bytes that are held of it."""
        return sum(array.nbytes for arrays in self.networks for array in arrays.values())

    def make_start(self, number: int, fresh: Sequence[str]) -> NetworkStart:
        """What the network of a training starts from."""
        arrays = self.networks[number - 1 if len(self.networks) > 1 else 0]
        return StartFromArrays(name=f"{KEY}: {self.name}", arrays=arrays, fresh=fresh)


LoadedWeights = WeightsOfModel | WeightsAlone


# Reading.


def load_initial_weights(start: InitialWeights, folder: Path, given: bytes | None) -> LoadedWeights:
    """The weights in the file that a spec names, or in the bytes of a model in memory; an error if they are others."""
    if given is not None:
        loaded = decode_weights_of_model("the given model", decode_container(memoryview(given)))
    elif start.file:
        loaded = read_weights_file(Path(locate_file(start.file, folder)))
    else:
        raise SpecError(f"{KEY}: the weights were those of a model in memory; give them again, or name a file")
    if start.digest not in (None, loaded.digest):
        then = str(start.digest)[:12]
        why = f"{loaded.name} has changed: the SHA-256 of its arrays is {loaded.digest[:12]}…, not {then}…"
        raise SpecError(f"initial_weights.digest: {why}; name the file that it was, or remove the digest")
    return loaded


def read_weights_file(path: Path) -> LoadedWeights:
    """The weights in a file: a model of ours, or an archive of arrays; what else it is, an error says."""
    if not path.exists():
        problem = MissingFile(f"{path}: no such file; name the .npz of a model, or of its arrays")
        problem.key = KEY.split(".")
        raise problem
    kind = recognise_foreign(path)
    if kind == OTHER_NPZ:
        arrays = read_array_archive(path)
        return WeightsAlone(name=str(path), digest=digest_arrays(arrays), networks=group_networks(str(path), arrays))
    if kind in OTHER_WEIGHTS:
        raise ModelFileError(f"{path}: not weights that mlptrain reads: this is {kind}; {TO_MLPTRAIN}")
    return decode_weights_of_model(str(path), read_arrays(path))


TO_MLPTRAIN = (
    'to_mlptrain(network, "weights.npz") in the script that `mlptrain export` writes for PyTorch or Keras makes '
    "an .npz of its arrays"
)
OTHER_WEIGHTS = frozenset(
    [*(IN_ZIP[name] for name in (b"data.pkl", b"model.weights.h5")), FOREIGN[b"\x89HDF"], SAFETENSORS_FILE, PICKLE]
)
"""What else weights are kept in."""


def decode_weights_of_model(name: str, arrays: Arrays) -> LoadedWeights:
    """The model in the arrays of its file."""
    contents = restore_contents_from_arrays(name, arrays, ModelContents)
    digest = digest_arrays(arrays)
    return WeightsOfModel(name=name, digest=digest, networks=contents.networks, data_digest=contents.data_digest)


def restore_loaded_weights(spec: Spec, networks: Sequence[FittedNetwork]) -> LoadedWeights | None:
    """What a fit had loaded, as its own networks keep it; None where their weights were drawn."""
    if (start := spec.start) is None:
        return None
    return WeightsOfModel(name=start.file or "the given model", digest=start.digest or "", networks=networks)


def group_networks(name: str, arrays: Arrays) -> list[Arrays]:
    """The arrays of each network under their names within it: of several networks they begin with 1., 2. …"""
    groups: dict[str, Arrays] = {}
    for each, array in arrays.items():
        number, rest = NUMBERED.fullmatch(each).groups()  # type: ignore[union-attr]
        if not rest.startswith(("parameters.", "buffers.")):
            raise ModelFileError(f"{name}: {each} is no array of a network; {NAMED}")
        groups.setdefault(number or "", {})[rest] = array
    if [*groups] not in ([""], [str(number) for number in range(1, len(groups) + 1)]):
        found = ", ".join(number or "one without a number" for number in groups)
        raise ModelFileError(f"{name}: its networks are {found}; number them 1, 2 … in their order")
    return [*groups.values()]


NUMBERED = re.compile(r"(?:([0-9]+)\.)?(.*)")


def digest_arrays(arrays: Arrays) -> str:
    """The SHA-256 of arrays with their names, types and shapes, in their order."""
    found = sha256()
    for name, array in arrays.items():
        found.update(f"{name}\n".encode())
        found.update(encode_npy_array(array))
    return found.hexdigest()
