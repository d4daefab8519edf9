"""The model file: a container of the parameters under readable names and one JSON array.

`numpy.load(path, allow_pickle=False)` opens it. Members: `metadata` (UTF-8 JSON as bytes), `parameters.<layer>.<part>`,
`buffers.<layer>.<part>`, `history.<column>`, `layers.<fact>` where the layers were watched; of a model of several
networks (folds) each name begins with `1.`, `2.` …
"""

import io
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np

from mlptrain.data.features import Features, PixelFeatures
from mlptrain.data.targets import Target
from mlptrain.engine.input_layout import InputLayout
from mlptrain.engine.network import Network
from mlptrain.errors import Diverged, ModelFileError, SpecError
from mlptrain.model.architecture import build_network, count_parameters, make_input_layout
from mlptrain.model.baseline import Baseline
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.head import Head, make_head
from mlptrain.model.layer_history import list_seen_layers
from mlptrain.model.network_arrays import collect_named_arrays, fill_arrays, select_arrays_by_prefix
from mlptrain.model.rows import AnyFeatures
from mlptrain.model.rules import (
    MOST_LAYERS,
    check_baseline,
    check_features,
    check_head,
    check_history,
    check_layers,
    check_networks_agree,
    check_result,
    require_rule,
)
from mlptrain.model.training_names import name_training
from mlptrain.plain import from_plain, to_plain, to_stored
from mlptrain.spec.fields import Spec
from mlptrain.storage.companions import get_previous_model_path
from mlptrain.storage.container import Arrays, decode_container, read_container, write_container
from mlptrain.storage.foreign import SPEC, recognise_foreign
from mlptrain.storage.metadata import LARGEST, Json, parse_json, require_readable_metadata
from mlptrain.storage.publishing import publish_file

FORMAT = "mlptrain model"
CHECKPOINT_FORMAT = "mlptrain checkpoint"
FORMAT_VERSIONS = (1, 2)
"""In 1 all networks have one spec and the same weight; in 2 each may have its own, and a baseline."""
WRITER = version("mlptrain")
"""Read once, and early: a disk that fails when training is over must not come between."""
KEYS = frozenset(["format", "format_version", "mlptrain", "spec", "members", "result", "spec_folder", "data_digest"])
NETWORK_KEYS = frozenset(["features", "target"])
NEW_NETWORK_KEYS = frozenset(["baseline"])
"""What format 2 may say of a network beside that."""
"""What the metadata says, and what it says of each network, no more and no less; in format 2 the spec and the weight
stand with the networks."""


@dataclass(frozen=True, kw_only=True)
class ModelContents:
    """What a model file holds: networks with their weights, how their fit went, where its spec and rows were."""

    networks: Sequence[FittedNetwork]
    weights: Sequence[float] = (1.0,)
    result: Json = field(default_factory=dict)
    spec_folder: str = "."
    """The spec's folder, relative to that of the model file."""
    data_digest: str = ""
    """Of the training file: in another file, other rows would be drawn for a part. Empty where it is not known."""


Kind = TypeVar("Kind", bound=ModelContents)


def save_contents(contents: ModelContents, path: Path) -> None:
    """Publish a model at `path`; a model that stood there is kept as <name>.previous.npz."""
    arrays = make_arrays(contents)
    if not holds_same_arrays(path, arrays):
        publish_file(path, partial(write_container, arrays=arrays), keep=get_previous_model_path(path))
        return
    with suppress(OSError):  # the model that was fitted last is told by its time
        os.utime(path)


def encode_model(contents: ModelContents) -> bytes:
    """The bytes of a model's file."""
    stream = io.BytesIO()
    write_container(stream, make_arrays(contents))
    return stream.getvalue()


def make_arrays(contents: ModelContents) -> Arrays:
    """The arrays of a model's file, the metadata first."""
    several = len(contents.networks) > 1
    for position, each in enumerate(contents.networks, 1):
        require_finite(each.network, f" of {name_network(contents, position)}" if several else "")
    text = json.dumps(make_metadata(contents), ensure_ascii=False, allow_nan=False).encode()
    require_readable_metadata(text)
    arrays: Arrays = {"metadata": np.frombuffer(text, np.uint8)}
    for position, each in enumerate(contents.networks, 1):
        prefix = f"{position}." if several else ""
        arrays |= {f"{prefix}{name}": value for name, value in collect_network_arrays(each).items()}
    return arrays


def make_metadata(contents: ModelContents) -> Json:
    """What the file says in JSON: in format 1 where nothing needs format 2."""
    first = contents.networks[0].spec
    alike = len(set(contents.weights)) == 1 and all(each.spec == first for each in contents.networks)
    first_format = alike and all(each.baseline is None and not each.layers for each in contents.networks)
    first_format = first_format and not first.training.watch_layers
    own = zip(contents.networks, contents.weights, strict=True)
    return {
        "format": FORMAT,
        "format_version": 1 if first_format else 2,
        "mlptrain": WRITER,
        **({"spec": to_stored(first)} if alike else {}),
        "members": [
            ({} if alike else {"spec": to_stored(each.spec), "weight": weight})
            | {"features": to_plain(each.features), "target": to_plain(each.head.target)}
            | ({} if each.baseline is None else {"baseline": to_plain(each.baseline)})
            for each, weight in own
        ],
        "result": contents.result,
        "spec_folder": contents.spec_folder,
        "data_digest": contents.data_digest,
    }


def require_model_fits_file(spec: Spec, features: AnyFeatures, head: Head, networks: int) -> None:
    """Fail now, not after hours of training, if what was fitted on the rows is too much for a model file."""
    fitted = {"features": to_plain(features), "target": to_plain(head.target)}
    require_readable_metadata(json.dumps([to_plain(spec), *[fitted] * networks], ensure_ascii=False).encode())


class Comparison:
    """A stream that compares the bytes written to it with those of a file."""

    def __init__(self, there: BinaryIO) -> None:
        self.there, self.same = there, True

    def write(self, data: bytes) -> int:
        """Compare the next bytes."""
        self.same = self.same and self.there.read(len(data)) == data
        return len(data)


def holds_same_arrays(path: Path, arrays: Arrays) -> bool:
    """Whether the file holds exactly these arrays: then it stays, and so does the previous model."""
    if not path.is_file():
        return False
    with path.open("rb") as there:
        comparison = Comparison(there)
        write_container(comparison, arrays)
        return comparison.same and not there.read(1)


def name_network(contents: ModelContents, position: int) -> str:
    """What one of several networks is called."""
    split, count = contents.networks[0].spec.data.split, len(contents.networks)
    return name_training(position, count, split.repeats if count == split.trainings else 1)


def require_finite(network: Network, which: str) -> None:
    """Never publish a network with numbers that are not finite."""
    for name, values in (network.parameters.values | network.buffers).items():
        if not np.isfinite(values).all():
            why = f"{(~np.isfinite(values)).sum():,} of the {values.size:,} numbers of {name}{which} are not finite"
            raise Diverged(f"training diverged: after the last step {why}; try a smaller optimizer.learning_rate")


def collect_network_arrays(fitted: FittedNetwork) -> Arrays:
    """The arrays of one network, its history, and what was seen of its layers."""
    history = {f"history.{name}": value for name, value in fitted.history.items()}
    layers = {f"layers.{name}": value for name, value in fitted.layers.items()}
    return collect_named_arrays(fitted.network) | history | layers


def require_replaceable_model(path: Path) -> None:
    """Refuse to replace anything but a model: neither `path` nor its .previous.npz may be another kind of file."""
    if path.exists():
        refuse_non_model_file(path)
        refuse_non_model_file(get_previous_model_path(path))


def refuse_non_model_file(path: Path) -> None:
    """Raise where something that is not a model stands at `path`."""
    if path.exists() and not is_model(path):
        raise SpecError(f"{path}: exists and is not a model of mlptrain; choose another --out")


def is_model(path: Path) -> bool:
    """Whether a file is a model that this version of mlptrain reads."""
    try:
        load_contents(path, ModelContents)
    except ModelFileError:
        return False
    return True


def load_contents(path: Path, kind: type[Kind]) -> Kind:
    """The model in a file, as a `kind` of contents; anything else is a ModelFileError."""
    return restore_contents_from_arrays(str(path), read_arrays(path), kind)


def decode_model(content: bytes, kind: type[Kind]) -> Kind:
    """The model in the bytes of its file."""
    try:
        arrays = decode_container(memoryview(content))
    except ValueError as problem:
        raise ModelFileError(f"a model's bytes: {problem}") from None
    return restore_contents_from_arrays("a model's bytes", arrays, kind)


def restore_contents_from_arrays(name: str, arrays: Arrays, kind: type[Kind]) -> Kind:
    """The model in the arrays of a file."""
    metadata = read_metadata(name, arrays)
    try:
        return make_contents_from_metadata(metadata, arrays, kind)
    except (LookupError, TypeError, ValueError, AttributeError, AssertionError, ArithmeticError) as problem:
        raise ModelFileError(f"{name}: the model is damaged: {problem}") from None


def make_contents_from_metadata(metadata: Json, arrays: Arrays, kind: type[Kind]) -> Kind:
    """The contents of checked metadata and arrays."""
    alike = metadata["format_version"] == 1 or "spec" in metadata
    wanted = KEYS if alike else KEYS - {"spec"}
    require_rule(
        metadata.keys() == wanted, f"its metadata has other keys: {', '.join(sorted(metadata.keys() ^ wanted))[:80]}"
    )
    for name in ("mlptrain", "spec_folder", "data_digest"):
        require_rule(isinstance(metadata[name], str), f"{name} is no text")
    check_result(metadata["result"])
    spec, plain = restore_stored_spec(metadata["spec"]) if alike else None, metadata["members"]
    require_rule(isinstance(plain, list), "its members are not a list")
    networks, weights = [], []
    for each, group in zip(plain, group_arrays(arrays, len(plain)), strict=True):
        own = each if alike else select_network_metadata(each)
        networks.append(restore_network(spec or restore_stored_spec(each["spec"]), own, group))
        weights.append(1.0 if alike else each["weight"])
    require_rule(all(type(weight) is float and weight > 0 for weight in weights), "the weights of its networks")
    check_networks_agree([each.head for each in networks], [each.features for each in networks])
    kept = {name: metadata[name] for name in ("result", "spec_folder", "data_digest")}
    return kind(networks=networks, weights=weights, **kept)


def restore_stored_spec(plain: Any) -> Spec:
    """A spec of the metadata."""
    refuse_too_many_layers(plain)
    spec: Spec = from_plain(Spec, plain)
    return spec


def select_network_metadata(plain: Any) -> Json:
    """What format 1 says of a network, from what format 2 says."""
    needed = NETWORK_KEYS | {"spec", "weight"}
    known = isinstance(plain, dict) and needed <= plain.keys() <= needed | NEW_NETWORK_KEYS
    require_rule(known, "the keys of a member")
    return {name: value for name, value in plain.items() if name not in ("spec", "weight")}


def group_arrays(arrays: Arrays, networks: int) -> list[Arrays]:
    """The arrays of each network, under their names within it; there are no others."""
    groups: list[Arrays] = [{} for _ in range(min(networks, len(arrays)))]
    numbers = {str(position): group for position, group in enumerate(groups, 1)}
    for name, value in arrays.items():
        number, _, rest = name.partition(".") if networks > 1 else ("1", "", name)
        if name != "metadata":
            require_rule(number in numbers, f"its arrays are not those of its spec: {name}")
            numbers[number][rest] = value
    return groups


def restore_network(spec: Spec, plain: Json, arrays: Arrays) -> FittedNetwork:
    """One network from its part of the metadata and its arrays."""
    known = isinstance(plain, dict) and NETWORK_KEYS <= plain.keys() <= NETWORK_KEYS | NEW_NETWORK_KEYS
    require_rule(known, "the keys of a member")
    features: AnyFeatures = from_plain(Features | PixelFeatures, plain["features"])
    target: Target = from_plain(Target, plain["target"])
    check_features(features, spec)
    if spec.loss is None:
        raise ValueError("its spec has no loss")
    head, layout = make_head(spec.loss, target), make_input_layout(features)
    check_head(head, of_images=features.on_images)
    refuse_network_beyond_arrays(spec, layout, head.outputs, arrays)
    network = build_network(spec.model, layout, head.outputs, members=spec.members)
    load_arrays_into_network(network, arrays)
    history = select_arrays_by_prefix(arrays, "history.")
    check_history(history)
    layers = select_arrays_by_prefix(arrays, "layers.")
    check_layers(layers, len(list_seen_layers(network)))
    baseline: Baseline | None = from_plain(Baseline, plain["baseline"]) if "baseline" in plain else None
    check_baseline(baseline, head)
    return FittedNetwork(
        spec=spec,
        features=features,
        head=head,
        network=network,
        history=history,
        layers=layers,
        baseline=baseline,
    )


def read_arrays(path: Path) -> Arrays:
    """The arrays of a container; a file of another kind is called by its name."""
    try:
        return read_container(path)
    except ModelFileError:
        if kind := recognise_foreign(path):
            cure = "; a model is the .npz that `mlptrain fit` writes"
            cure = f"; mlptrain fit {path} makes a model" if kind == SPEC else cure
            raise ModelFileError(f"{path}: not a model of mlptrain: this is {kind}{cure}") from None
        raise


def read_metadata(name: str, arrays: Arrays) -> Json:
    """The JSON of the file, of a format we know."""
    text = arrays.get("metadata", np.empty(0, np.uint8))
    if text.dtype != np.uint8 or text.ndim != 1 or not 0 < text.size <= LARGEST:
        raise ModelFileError(f"{name}: this .npz has no metadata; it is not a model of mlptrain")
    try:
        metadata = parse_json(text.tobytes())
    except ValueError as problem:
        raise ModelFileError(f"{name}: the metadata is damaged: {problem}") from None
    if isinstance(metadata, dict) and metadata.get("format") == CHECKPOINT_FORMAT:
        cure = "`mlptrain fit SPEC --finish` makes a model of it, `--resume` goes on with it"
        raise ModelFileError(f"{name}: this is an unfinished fit of mlptrain, and no model yet; {cure}")
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise ModelFileError(f"{name}: this .npz is not a model of mlptrain")
    if (number := metadata.get("format_version")) not in FORMAT_VERSIONS or type(number) is not int:
        newer = f"written by mlptrain {metadata.get('mlptrain')!s:.40} in format {number!s:.40}"
        raise ModelFileError(f"{name}: {newer}; this is mlptrain {WRITER}: update it")
    return metadata


def refuse_too_many_layers(plain: Any) -> None:
    """Refuse a spec of very many layers, before anything is made of it."""
    model = plain.get("model") if isinstance(plain, dict) else None
    require_rule(isinstance(model, dict), "its spec is no map with a model")
    for layers in (model.get("hidden"), model.get("layers")) if isinstance(model, dict) else ():
        require_rule(not isinstance(layers, list) or len(layers) <= MOST_LAYERS, f"more than {MOST_LAYERS} layers")


def refuse_network_beyond_arrays(spec: Spec, layout: InputLayout, outputs: int, arrays: Arrays) -> None:
    """Refuse a network that is larger than the arrays in the file, before anything is allocated for it."""
    layers = len(spec.model.hidden if spec.model.layers is None else spec.model.layers)
    dropout = spec.model.dropout
    require_rule(not isinstance(dropout, tuple) or len(dropout) == layers, "its spec has dropout for other layers")
    needed = count_parameters(spec.model, layout, outputs, spec.members)
    there = sum(value.size for name, value in arrays.items() if name.startswith("parameters."))
    # Where a few are missing, `fill_arrays` says which
    require_rule(needed <= 2 * there, "its spec asks for a larger network than its arrays make")


def load_arrays_into_network(network: Network, arrays: Arrays) -> None:
    """Put parameters and buffers into the network; every one must be there, of its shape, and finite."""
    stored = {name: array for name, array in arrays.items() if not name.startswith(("history.", "layers."))}
    for name, array in stored.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name} has numbers that are not finite")
    fill_arrays(collect_named_arrays(network), stored)


def compute_relative_spec_folder(model: Path, spec_folder: Path) -> str:
    """The spec's folder as seen from the model file's, so that a model moved with its spec finds its data again."""
    try:
        folder = Path(os.path.relpath(spec_folder.resolve(), model.resolve().parent)).as_posix()
        folder.encode()
        return folder
    except ValueError:  # another drive, or a name that is no text
        return "."
