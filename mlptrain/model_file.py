"""The model file: an .npz of the parameters under readable names and one JSON array, without pickle.

`numpy.load(path, allow_pickle=False)` opens it. Members: `metadata` (UTF-8 JSON as bytes), `parameters.<layer>.<part>`,
`buffers.<layer>.<part>`, `history.<column>`.
"""

import json
import os
import zipfile
from dataclasses import dataclass, field, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mlptrain.architecture import build_network
from mlptrain.data.features import Features, PixelFeatures, Target
from mlptrain.engine.losses import Loss
from mlptrain.engine.network import Network
from mlptrain.errors import ModelFileError, SpecError
from mlptrain.publishing import publish
from mlptrain.spec.fields import Spec
from mlptrain.spec.plain import from_plain, to_plain
from mlptrain.training.events import EpochEnded
from mlptrain.training.examples import outputs_for
from mlptrain.training.preparation import AnyFeatures

FORMAT = "mlptrain model"
FORMAT_VERSION = 1
HISTORY = tuple(each.name for each in fields(EpochEnded) if each.name != "rows_per_second")
"""The columns of the history that are stored: all but the speed, so that the same run gives the same bytes."""

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Model:
    """A trained model: the resolved spec, the fitted columns, the network, how training went."""

    spec: Spec
    features: AnyFeatures
    target: Target
    network: Network
    result: Json
    history: dict[str, NDArray[Any]] = field(default_factory=dict)
    spec_folder: str = "."
    """The spec's folder, relative to that of the model file."""

    @property
    def loss(self) -> Loss:
        assert self.spec.loss is not None
        return self.spec.loss


def history_arrays(epochs: list[EpochEnded]) -> dict[str, NDArray[Any]]:
    """The history as one array a column; None is NaN."""
    return {name: np.array([number(getattr(epoch, name)) for epoch in epochs], np.float64) for name in HISTORY}


def number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def save(model: Model, path: Path) -> None:
    """Publish the model at `path`; a model that stood there is kept as <name>.previous.npz."""
    metadata = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "mlptrain": version("mlptrain"),
        "spec": to_plain(model.spec),
        "features": to_plain(model.features),
        "target": to_plain(model.target),
        "result": model.result,
        "spec_folder": model.spec_folder,
    }
    text = json.dumps(metadata, ensure_ascii=False, allow_nan=False)
    arrays: dict[str, NDArray[Any]] = {"metadata": np.frombuffer(text.encode(), np.uint8)}
    arrays |= {f"parameters.{name}": value for name, value in model.network.parameters.values.items()}
    arrays |= {f"buffers.{name}": value for name, value in model.network.buffers.items()}
    arrays |= {f"history.{name}": value for name, value in model.history.items()}

    def write(stream: BinaryIO) -> None:
        np.savez(stream, allow_pickle=False, **arrays)

    if path.exists():
        keep_previous(path)
    publish(path, write)


def previous(path: Path) -> Path:
    """Where the model that stood at `path` is kept."""
    return path.with_name(f"{path.stem}.previous.npz")


def keep_previous(path: Path) -> None:
    """Keep the model that is about to be replaced under a second name."""
    publish(previous(path), lambda stream: stream.write(path.read_bytes()))


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
    arrays = read_arrays(path)
    metadata = read_metadata(path, arrays)
    try:
        spec = from_plain(Spec, metadata["spec"])
        features = from_plain(Features | PixelFeatures, metadata["features"])
        target = from_plain(Target, metadata["target"])
        network = build_network(spec.model, features.width, outputs_for(spec.loss, target))
        restore(network, arrays)
        result, spec_folder = metadata["result"], metadata["spec_folder"]
    except (LookupError, TypeError, ValueError, AttributeError, AssertionError) as problem:
        raise ModelFileError(f"{path}: the model is damaged: {problem}") from None
    history = {name.removeprefix("history."): value for name, value in arrays.items() if name.startswith("history.")}
    return Model(
        spec=spec,
        features=features,
        target=target,
        network=network,
        result=result,
        history=history,
        spec_folder=spec_folder,
    )


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All members of the .npz."""
    if not path.is_file():
        what = "this is a folder" if path.is_dir() else "no such file"
        raise ModelFileError(f"{path}: {what}; name a model that mlptrain fit wrote")
    if not zipfile.is_zipfile(path):
        raise ModelFileError(f"{path}: not a model of mlptrain, or cut short; name a model that mlptrain fit wrote")
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as problem:
        raise ModelFileError(f"{path}: not a model of mlptrain, or damaged: {problem or 'it is cut short'}") from None


def read_metadata(path: Path, arrays: dict[str, NDArray[Any]]) -> Json:
    """The JSON of the file, of a format we know."""
    if "metadata" not in arrays:
        raise ModelFileError(f"{path}: this .npz has no metadata; it is not a model of mlptrain")
    try:
        metadata = json.loads(arrays["metadata"].tobytes().decode())
    except ValueError as problem:
        raise ModelFileError(f"{path}: the metadata is damaged: {problem}") from None
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise ModelFileError(f"{path}: this .npz is not a model of mlptrain")
    if metadata.get("format_version") != FORMAT_VERSION:
        newer = f"written by mlptrain {metadata.get('mlptrain')} in format {metadata.get('format_version')}"
        raise ModelFileError(f"{path}: {newer}; this is mlptrain {version('mlptrain')}: update it")
    return metadata


def restore(network: Network, arrays: dict[str, NDArray[Any]]) -> None:
    """Put parameters and buffers into the network; every one must be there, of its shape."""
    wanted = {f"parameters.{name}": view for name, view in network.parameters.values.items()}
    wanted |= {f"buffers.{name}": view for name, view in network.buffers.items()}
    present = {name for name in arrays if name.startswith(("parameters.", "buffers."))}
    if present != wanted.keys():
        raise ValueError(f"its arrays are not those of its spec: {sorted(present ^ wanted.keys())[0]}")
    for name, view in wanted.items():
        stored = arrays[name]
        if (stored.shape, stored.dtype) != (view.shape, view.dtype):
            raise ValueError(f"{name} is {stored.dtype} {stored.shape}, not {view.dtype} {view.shape}")
        view[...] = stored


def folder_between(model: Path, spec_folder: Path) -> str:
    """The spec's folder as seen from the model file's, so that a model moved with its spec finds its data again."""
    try:
        return Path(os.path.relpath(spec_folder.resolve(), model.resolve().parent)).as_posix()
    except ValueError:  # another drive
        return "."
