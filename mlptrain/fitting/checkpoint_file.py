"""The checkpoint: an unfinished fit in one file, a container like that of models; the one before it is kept beside it.

Members: `metadata` (UTF-8 JSON), the arrays of the training that is under way (`state.…`, `best.…`, `history.…`, see
`training.snapshot`), and of each fold that is done those of its model (`folds.<number>.…`).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mlptrain.errors import ModelFileError
from mlptrain.model.file import WRITER, beginning
from mlptrain.storage.container import Arrays, read, write
from mlptrain.storage.metadata import Json, parsed, require_readable
from mlptrain.storage.publishing import publish
from mlptrain.training.snapshot import Snapshot

FORMAT = "mlptrain checkpoint"
FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Fold:
    """A training that is done: how it ended, and the arrays that its model keeps."""

    result: Json
    arrays: Arrays


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What an unfinished fit needs to go on."""

    spec: Json
    """The resolved spec."""
    data: Mapping[str, str]
    """The fingerprint of the data."""
    surroundings: Mapping[str, str]
    """What decides the last bits of results: versions, the library of products and its threads."""
    folds: Sequence[Fold]
    snapshot: Snapshot
    diverged: bool = False
    """Whether training has left the finite numbers, so that only its best epoch is of use."""

    @property
    def epochs(self) -> int:
        """Epochs of a training at most."""
        return int(self.spec["training"]["epochs"])

    @property
    def place(self) -> str:
        """Where the fit stood, in words."""
        training = "refit" if self.spec["training"].get("refit") else f"fold {len(self.folds) + 1}"
        here = place(self.snapshot.epoch, self.snapshot.batches)
        return f"{training}, {here}" if self.folds else here


def place(epoch: int, batches: int) -> str:
    """Where a training stands, in words."""
    return f"after epoch {epoch:,}" + (f", batch {batches:,} of the next" if batches else "")


def path_of(model: Path) -> Path:
    """Where the checkpoint of a fit is that will write `model`."""
    return model.with_name(f"{model.name}.ckpt")


def path_before(model: Path) -> Path:
    """Where the checkpoint before that is."""
    return model.with_name(f"{model.name}.ckpt.prev")


def save(checkpoint: Checkpoint, model: Path) -> None:
    """Publish a checkpoint; the one that is there becomes the one before it."""
    metadata = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "mlptrain": WRITER,
        "spec": checkpoint.spec,
        "data": checkpoint.data,
        "surroundings": checkpoint.surroundings,
        "folds": [fold.result for fold in checkpoint.folds],
        "numbers": checkpoint.snapshot.numbers,
        "diverged": checkpoint.diverged,
    }
    text = json.dumps(metadata, ensure_ascii=False, allow_nan=False).encode()
    require_readable(text)
    arrays: Arrays = {"metadata": np.frombuffer(text, np.uint8)} | checkpoint.snapshot.arrays
    for number, fold in enumerate(checkpoint.folds, 1):
        arrays |= {f"folds.{number}.{name}": values for name, values in fold.arrays.items()}
    publish(path_of(model), partial(write, arrays=arrays), keep=path_before(model))


def present(model: Path) -> bool:
    """Whether an unfinished fit has left a checkpoint."""
    return path_of(model).exists() or path_before(model).exists()


def newest(model: Path, notice: Callable[[str], object]) -> Checkpoint | None:
    """The last checkpoint; where it is damaged or gone the one before it, which is said; None if there is none."""
    path, before = path_of(model), path_before(model)
    try:
        if path.exists() or not before.exists():
            return load(path) if path.exists() else None
        problem = f"{path}: is not there"
    except ModelFileError as damage:
        if not before.exists():
            raise
        problem = str(damage)
    found = load(before)
    notice(f"{problem}; the checkpoint before it is used, {before} ({found.place})")
    return found


def remove(model: Path) -> None:
    """Remove the checkpoints of a fit that is done."""
    for path in (path_of(model), path_before(model)):
        path.unlink(missing_ok=True)


def load(path: Path) -> Checkpoint:
    """The checkpoint in a file; anything else is a ModelFileError."""
    arrays = read(path)
    text = arrays.pop("metadata", np.empty(0, np.uint8))
    try:
        metadata = parsed(text.tobytes())
        require_known(path, metadata)
        found = Checkpoint(
            **{name: metadata[name] for name in ("spec", "data", "surroundings", "diverged")},
            folds=[
                Fold(result=result, arrays=beginning(arrays, f"folds.{number}."))
                for number, result in enumerate(metadata["folds"], 1)
            ],
            snapshot=Snapshot(
                numbers=metadata["numbers"],
                arrays={name: values for name, values in arrays.items() if not name.startswith("folds.")},
            ),
        )
        if found.epochs < 1 or not found.place:
            raise ValueError("its epochs")
        return found
    except (LookupError, TypeError, ValueError, AttributeError) as problem:
        raise ModelFileError(f"{path}: the checkpoint is damaged: {problem}") from None


def require_known(path: Path, metadata: Any) -> None:
    """Refuse what is no checkpoint, or one of another format."""
    if metadata["format"] != FORMAT:
        raise ModelFileError(f"{path}: this is no checkpoint of mlptrain")
    if metadata["format_version"] != FORMAT_VERSION:
        written = f"written by mlptrain {metadata['mlptrain']} in format {metadata['format_version']}"
        raise ModelFileError(f"{path}: {written}; go on with that version, or begin anew with --restart")
