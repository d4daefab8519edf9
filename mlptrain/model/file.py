"""The model file: a container of the parameters under readable names and one JSON array.

`numpy.load(path, allow_pickle=False)` opens it. Members: `metadata` (UTF-8 JSON as bytes), `parameters.<layer>.<part>`,
`buffers.<layer>.<part>`, `history.<column>`; of a model of several networks (folds) each name begins with `1.`, `2.` …
"""

import json
import os
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mlptrain.data.features import Features, PixelFeatures
from mlptrain.data.targets import Target
from mlptrain.engine.embeddings import InputLayout
from mlptrain.engine.network import Network
from mlptrain.errors import Diverged, ModelFileError, SpecError
from mlptrain.model.architecture import build_network, input_layout, parameter_count
from mlptrain.model.encoding import AnyFeatures
from mlptrain.model.head import outputs_for
from mlptrain.model.model import Member, Model
from mlptrain.model.rules import (
    HISTORY,
    MOST_LAYERS,
    check_alike,
    check_features,
    check_history,
    check_result,
    check_target,
    require,
)
from mlptrain.spec.fields import Spec
from mlptrain.spec.plain import from_plain, to_plain
from mlptrain.storage.container import Arrays, read, write
from mlptrain.storage.foreign import foreign
from mlptrain.storage.metadata import LARGEST, Json, parsed, require_readable
from mlptrain.storage.publishing import publish
from mlptrain.training.events import EpochEnded

FORMAT = "mlptrain model"


FORMAT_VERSION = 1


WRITER = version("mlptrain")

"""Read once, and early: a disk that fails when training is over must not come between."""


KEYS = {
    *("format", "format_version", "mlptrain", "spec", "members", "result", "spec_folder", "data_digest"),
}

"""What the metadata says, no more and no less."""


def history_arrays(epochs: list[EpochEnded]) -> Arrays:
    """The history as one array a column; None is NaN."""
    return {name: np.array([number(getattr(epoch, name)) for epoch in epochs], np.float64) for name in HISTORY}


def number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def save(model: Model, path: Path) -> None:
    """Publish the model at `path`; a model that stood there is kept as <name>.previous.npz."""
    metadata = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "mlptrain": WRITER,
        "spec": to_plain(model.spec),
        "members": [{"features": to_plain(each.features), "target": to_plain(each.target)} for each in model.members],
        "result": model.result,
        "spec_folder": model.spec_folder,
        "data_digest": model.data_digest,
    }
    for position, member in enumerate(model.members, 1):
        require_finite(member.network, f" of fold {position}" if len(model.members) > 1 else "")
    text = json.dumps(metadata, ensure_ascii=False, allow_nan=False).encode()
    require_readable(text)
    arrays: Arrays = {"metadata": np.frombuffer(text, np.uint8)}
    for position, member in enumerate(model.members):
        arrays |= {prefix(position, len(model.members)) + name: value for name, value in stored(member).items()}

    if holds_already(path, arrays):
        return
    publish(path, partial(write, arrays=arrays), keep=previous(path))


def require_storable(spec: Spec, features: AnyFeatures, target: Target, members: int) -> None:
    """Fail now, not after hours of training, if what was fitted on the rows is too much for a model file."""
    fitted = {"features": to_plain(features), "target": to_plain(target)}
    require_readable(json.dumps([to_plain(spec), *[fitted] * members], ensure_ascii=False).encode())


class Comparison:
    """A stream that compares what is written to it with what is in a file."""

    def __init__(self, there: BinaryIO) -> None:
        self.there, self.same = there, True

    def write(self, data: bytes) -> int:
        """Compare the next bytes."""
        self.same = self.same and self.there.read(len(data)) == data
        return len(data)


def holds_already(path: Path, arrays: Arrays) -> bool:
    """Whether the very model is there, so that the one before it stays the previous one."""
    if not path.is_file():
        return False
    with path.open("rb") as there:
        comparison = Comparison(there)
        write(comparison, arrays)
        return comparison.same and not there.read(1)


def require_finite(network: Network, which: str) -> None:
    """Never publish a network with numbers that are not finite."""
    for name, values in (network.parameters.values | network.buffers).items():
        if not np.isfinite(values).all():
            why = f"{(~np.isfinite(values)).sum():,} of the {values.size:,} numbers of {name}{which} are not finite"
            raise Diverged(f"training diverged: after the last step {why}; try a smaller optimizer.learning_rate")


def prefix(position: int, members: int) -> str:
    """What the names of a member's arrays begin with: nothing where there is one member only."""
    return f"{position + 1}." if members > 1 else ""


def stored(member: Member) -> Arrays:
    """The arrays of a member."""
    arrays: Arrays = {f"parameters.{name}": value for name, value in member.network.parameters.values.items()}
    arrays |= {f"buffers.{name}": value for name, value in member.network.buffers.items()}
    return arrays | {f"history.{name}": value for name, value in member.history.items()}


def previous(path: Path) -> Path:
    """Where the model that stood at `path` is kept."""
    return path.with_name(f"{path.stem}.previous.npz")


def check_replaceable(path: Path) -> None:
    """Refuse to replace anything but a model of mlptrain, be it by the new model or by the one that it replaces."""
    if path.exists():
        refuse_foreign(path)
        refuse_foreign(previous(path))


def refuse_foreign(path: Path) -> None:
    """Raise where something that is not a model stands at `path`."""
    if path.exists() and not is_model(path):
        raise SpecError(f"{path}: exists and is not a model of mlptrain; choose another --out")


def is_model(path: Path) -> bool:
    """Whether a file is a model that this version of mlptrain reads."""
    try:
        load(path)
    except ModelFileError:
        return False
    return True


def load(path: Path) -> Model:
    """The model in a file; anything else is a ModelFileError."""
    return model_of(path, read_arrays(path))


def model_of(path: Path, arrays: Arrays) -> Model:
    """The model in the arrays of a file."""
    metadata = read_metadata(path, arrays)
    try:
        return made(metadata, arrays)
    except (LookupError, TypeError, ValueError, AttributeError, AssertionError, ArithmeticError) as problem:
        raise ModelFileError(f"{path}: the model is damaged: {problem}") from None


def made(metadata: Json, arrays: Arrays) -> Model:
    """The model of checked metadata and arrays."""
    require(metadata.keys() == KEYS, f"its metadata has other keys: {', '.join(sorted(metadata.keys() ^ KEYS))[:80]}")
    for name in ("mlptrain", "spec_folder", "data_digest"):
        require(isinstance(metadata[name], str), f"{name} is no text")
    check_result(metadata["result"])
    require_few_layers(metadata["spec"])
    spec, plain = from_plain(Spec, metadata["spec"]), metadata["members"]
    require(isinstance(plain, list), "its members are not a list")
    groups = grouped(arrays, len(plain))
    members = [restored(spec, each, group) for each, group in zip(plain, groups, strict=True)]
    check_alike([each.target for each in members], [each.features for each in members])
    kept = {name: metadata[name] for name in ("result", "spec_folder", "data_digest")}
    return Model(spec=spec, members=members, **kept)


def grouped(arrays: Arrays, members: int) -> list[Arrays]:
    """The arrays of each member, under their names within it; there are no others."""
    groups: list[Arrays] = [{} for _ in range(min(members, len(arrays)))]
    numbers = {str(position): group for position, group in enumerate(groups, 1)}
    for name, value in arrays.items():
        number, _, rest = name.partition(".") if members > 1 else ("1", "", name)
        if name != "metadata":
            require(number in numbers, f"its arrays are not those of its spec: {name}")
            numbers[number][rest] = value
    return groups


def beginning(arrays: Arrays, start: str) -> Arrays:
    """The arrays whose names begin so, without that."""
    return {name.removeprefix(start): value for name, value in arrays.items() if name.startswith(start)}


def restored(spec: Spec, plain: Json, arrays: Arrays) -> Member:
    """One member from its part of the metadata and its arrays."""
    require(isinstance(plain, dict) and plain.keys() == {"features", "target"}, "the keys of a member")
    features = from_plain(Features | PixelFeatures, plain["features"])
    target = from_plain(Target, plain["target"])
    check_features(features, spec)
    check_target(target, spec, on_images=isinstance(features, PixelFeatures))
    assert spec.loss is not None
    outputs = outputs_for(spec.loss, target)
    layout = input_layout(features)
    require_arrays_for(spec, layout, outputs, arrays)
    network = build_network(spec.model, layout, outputs, members=spec.members)
    restore(network, arrays)
    history = beginning(arrays, "history.")
    check_history(history)
    return Member(features=features, target=target, network=network, history=history)


def read_arrays(path: Path) -> Arrays:
    """The arrays of a container; a file of another kind is called by its name."""
    try:
        return read(path)
    except ModelFileError:
        if kind := foreign(path):
            raise ModelFileError(f"{path}: not a model of mlptrain: this is {kind}") from None
        raise


def read_metadata(path: Path, arrays: Arrays) -> Json:
    """The JSON of the file, of a format we know."""
    text = arrays.get("metadata", np.empty(0, np.uint8))
    if text.dtype != np.uint8 or text.ndim != 1 or not 0 < text.size <= LARGEST:
        raise ModelFileError(f"{path}: this .npz has no metadata; it is not a model of mlptrain")
    try:
        metadata = parsed(text.tobytes())
    except ValueError as problem:
        raise ModelFileError(f"{path}: the metadata is damaged: {problem}") from None
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise ModelFileError(f"{path}: this .npz is not a model of mlptrain")
    if (number := metadata.get("format_version")) != FORMAT_VERSION or type(number) is not int:
        newer = f"written by mlptrain {metadata.get('mlptrain')!s:.40} in format {number!s:.40}"
        raise ModelFileError(f"{path}: {newer}; this is mlptrain {WRITER}: update it")
    return metadata


def require_few_layers(plain: Any) -> None:
    """Refuse a spec of very many layers, before anything is made of it."""
    model = plain.get("model") if isinstance(plain, dict) else None
    require(isinstance(model, dict), "its spec is no map with a model")
    for layers in (model.get("hidden"), model.get("layers")) if isinstance(model, dict) else ():
        require(not isinstance(layers, list) or len(layers) <= MOST_LAYERS, f"more than {MOST_LAYERS} layers")


def require_arrays_for(spec: Spec, layout: InputLayout, outputs: int, arrays: Arrays) -> None:
    """Refuse a network that is larger than the arrays in the file, before anything is allocated for it."""
    layers = len(spec.model.hidden if spec.model.layers is None else spec.model.layers)
    dropout = spec.model.dropout
    require(not isinstance(dropout, tuple) or len(dropout) == layers, "its spec has dropout for other layers")
    needed = parameter_count(spec.model, layout, outputs, spec.members)
    there = sum(value.size for name, value in arrays.items() if name.startswith("parameters."))
    # Where a few are missing, `restore` says which
    require(needed <= 2 * there, "its spec asks for a larger network than its arrays make")


def restore(network: Network, arrays: Arrays) -> None:
    """Put parameters and buffers into the network; every one must be there, of its shape."""
    wanted = {f"parameters.{name}": view for name, view in network.parameters.values.items()}
    wanted |= {f"buffers.{name}": view for name, view in network.buffers.items()}
    present = {name for name in arrays if not name.startswith("history.")}
    if present != wanted.keys():
        raise ValueError(f"its arrays are not those of its spec: {sorted(present ^ wanted.keys())[0]}")
    for name, view in wanted.items():
        stored = arrays[name]
        if (stored.shape, stored.dtype) != (view.shape, view.dtype):
            raise ValueError(f"{name} is {stored.dtype} {stored.shape}, not {view.dtype} {view.shape}")
        if not np.isfinite(stored).all():
            raise ValueError(f"{name} has numbers that are not finite")
        view[...] = stored


def folder_between(model: Path, spec_folder: Path) -> str:
    """The spec's folder as seen from the model file's, so that a model moved with its spec finds its data again."""
    try:
        folder = Path(os.path.relpath(spec_folder.resolve(), model.resolve().parent)).as_posix()
        folder.encode()
        return folder
    except ValueError:  # another drive, or a name that is no text
        return "."
