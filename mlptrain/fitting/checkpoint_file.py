"""The checkpoint: an unfinished fit in one file, a container like that of models; the one before it is kept beside it.

Members: `metadata` (UTF-8 JSON), the arrays of each training that is under way (`under_way.<number>.state.…`,
`….best.…`, `….history.…`, see `training.snapshot`), and of each one that is done those of its model
(`finished.<number>.…`). The first format had one under way, without a number, behind those that were done.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mlptrain.errors import ModelFileError
from mlptrain.model.file import CHECKPOINT_FORMAT, WRITER
from mlptrain.model.network_arrays import select_arrays_by_prefix
from mlptrain.model.training_names import name_training
from mlptrain.preparation.fingerprint import Input
from mlptrain.storage.companions import derive_checkpoint_path, derive_previous_checkpoint_path
from mlptrain.storage.container import Arrays, read_container, write_container
from mlptrain.storage.metadata import Json, parse_json, require_readable_metadata
from mlptrain.storage.publishing import publish_file
from mlptrain.training.snapshot import Snapshot

FORMAT_VERSION = 2


@dataclass(frozen=True, kw_only=True)
class FinishedTraining:
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
    inputs: Sequence[Input]
    """What the inputs of the first training mean, in their order; empty in a file that does not say it."""
    fitted: Mapping[int, str]
    """The digest of what was fitted for each training that has begun, as far as the file says it."""
    surroundings: Mapping[str, str]
    """What decides the last bits of results: versions, the library of products and its threads."""
    finished: Mapping[int, FinishedTraining]
    """The trainings that are done, by their numbers."""
    under_way: Mapping[int, Snapshot]
    """Where those stand that have begun."""
    threads: int | None = None
    """Those of the matrix products; None where nothing says it."""
    diverged: bool = False
    """Whether training has left the finite numbers, so that only its best epoch is of use."""

    @property
    def epochs(self) -> int:
        """Epochs of a training at most."""
        return int(self.spec["training"]["epochs"])

    @property
    def place(self) -> str:
        """Where the fit stood, in words."""
        if not self.under_way:
            return f"with {len(self.finished)} of {self.trainings} trainings done"
        return "; ".join(map(self.describe_place, sorted(self.under_way)))

    def describe_place(self, number: int) -> str:
        """Where a training stood that was under way, in words."""
        name, snapshot = self.name(number), self.under_way[number]
        here = describe_progress(snapshot.epoch, snapshot.batches)
        return f"{name}, {here}" if name else here

    @property
    def trainings(self) -> int:
        """How many there are, but for a refit."""
        split = self.spec["data"]["split"]
        return int((split.get("folds") or 1) * (split.get("repeats") or 1))

    @property
    def most_epochs(self) -> int:
        """Those of the training that has most of them."""
        done = [int(each.result["epochs"]) for each in self.finished.values()]
        return max([0, *done, *(each.epoch for each in self.under_way.values())])

    @property
    def finite(self) -> bool:
        """Whether all that is under way holds finite numbers only."""
        return all(each.finite for each in self.under_way.values())

    def name(self, number: int) -> str:
        """What one of several trainings is called; empty where there is one alone."""
        if self.spec["training"].get("refit"):
            return "the refit" if number > 1 else ""
        repeats = self.spec["data"]["split"].get("repeats") or 1
        return name_training(number, self.trainings, repeats) if self.trainings > 1 else ""


def describe_progress(epoch: int, batches: int) -> str:
    """Where a training stands, in words."""
    return f"after epoch {epoch:,}" + (f", batch {batches:,} of the next" if batches else "")


def save_checkpoint(checkpoint: Checkpoint, model: Path) -> None:
    """Publish a checkpoint; the existing one is kept as the previous one."""
    metadata = {
        "format": CHECKPOINT_FORMAT,
        "format_version": FORMAT_VERSION,
        "mlptrain": WRITER,
        "spec": checkpoint.spec,
        "data": checkpoint.data,
        "inputs": checkpoint.inputs,
        "fitted": {str(number): digest for number, digest in sorted(checkpoint.fitted.items())},
        "surroundings": checkpoint.surroundings,
        "threads": checkpoint.threads,
        "finished": {str(number): each.result for number, each in sorted(checkpoint.finished.items())},
        "under_way": {str(number): each.numbers for number, each in sorted(checkpoint.under_way.items())},
        "diverged": checkpoint.diverged,
    }
    text = json.dumps(metadata, ensure_ascii=False, allow_nan=False).encode()
    require_readable_metadata(text)
    arrays: Arrays = {"metadata": np.frombuffer(text, np.uint8)}
    for what, trainings in (("under_way", checkpoint.under_way), ("finished", checkpoint.finished)):
        for number, each in trainings.items():
            arrays |= {f"{what}.{number}.{name}": values for name, values in each.arrays.items()}
    publish_file(
        derive_checkpoint_path(model),
        partial(write_container, arrays=arrays),
        keep=derive_previous_checkpoint_path(model),
        follow=False,
    )


def has_checkpoint(model: Path) -> bool:
    """Whether an unfinished fit has left a checkpoint."""
    return derive_checkpoint_path(model).exists() or derive_previous_checkpoint_path(model).exists()


def load_newest_checkpoint(model: Path, notice: Callable[[str], object]) -> Checkpoint | None:
    """The last checkpoint; where it is damaged or gone the one before it, which is said; None if there is none."""
    path, before = derive_checkpoint_path(model), derive_previous_checkpoint_path(model)
    try:
        if path.exists() or not before.exists():
            return load_checkpoint(path) if path.exists() else None
        problem = f"{path}: is not there"
    except ModelFileError as damage:
        if not before.exists():
            raise
        problem = str(damage)
    found = load_checkpoint(before)
    notice(f"{problem}; the checkpoint before it is used, {before} ({found.place})")
    return found


def remove_checkpoints(model: Path) -> None:
    """Remove the checkpoints of a fit that is done."""
    for path in (derive_checkpoint_path(model), derive_previous_checkpoint_path(model)):
        path.unlink(missing_ok=True)


def load_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a file; anything else is a ModelFileError."""
    arrays = read_container(path)
    text = arrays.pop("metadata", np.empty(0, np.uint8))
    try:
        metadata = parse_json(text.tobytes())
        require_known_format(path, metadata)
        if metadata["format_version"] == 1:
            metadata, arrays = renew_first_format(metadata, arrays)
        found = Checkpoint(
            **{name: metadata[name] for name in ("spec", "data", "surroundings", "diverged")},
            inputs=[Input(*map(require_text, each)) for each in metadata.get("inputs", [])],
            fitted={int(number): require_text(digest) for number, digest in metadata["fitted"].items()},
            threads=require_threads(metadata.get("threads")),
            finished={
                int(number): FinishedTraining(
                    result=result, arrays=select_arrays_by_prefix(arrays, f"finished.{number}.")
                )
                for number, result in metadata["finished"].items()
            },
            under_way={
                int(number): Snapshot(numbers=numbers, arrays=select_arrays_by_prefix(arrays, f"under_way.{number}."))
                for number, numbers in metadata["under_way"].items()
            },
        )
        if found.epochs < 1 or not found.place:
            raise ValueError("its epochs")
        return found
    except (LookupError, TypeError, ValueError, AttributeError) as problem:
        raise ModelFileError(f"{path}: the checkpoint is damaged: {problem}") from None


def renew_first_format(metadata: Json, arrays: Arrays) -> tuple[Json, Arrays]:
    """Metadata and arrays of the first format as the second has them."""
    done, fitted = metadata.pop("folds"), metadata.get("fitted", [])
    renewed = metadata | {
        "fitted": {str(number): digest for number, digest in enumerate(fitted, 1)},
        "finished": {str(number): result for number, result in enumerate(done, 1)},
        "under_way": {str(len(done) + 1): metadata.pop("numbers")},
    }
    names = {name: name.replace("folds.", "finished.", 1) for name in arrays if name.startswith("folds.")}
    return renewed, {names.get(name, f"under_way.{len(done) + 1}.{name}"): each for name, each in arrays.items()}


def require_text(value: Any) -> str:
    """A text as it was stored."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.80} is no text")
    return value


def require_threads(value: Any) -> int | None:
    """A number of threads as it was stored."""
    if value is not None and (type(value) is not int or value < 1):
        raise ValueError(f"{value!r:.80} threads")
    return value


def require_known_format(path: Path, metadata: Any) -> None:
    """Refuse what is no checkpoint, or one of another format."""
    if metadata["format"] != CHECKPOINT_FORMAT:
        raise ModelFileError(f"{path}: this is no checkpoint of mlptrain")
    if metadata["format_version"] not in (1, FORMAT_VERSION):
        written = f"written by mlptrain {metadata['mlptrain']} in format {metadata['format_version']}"
        raise ModelFileError(f"{path}: {written}; go on with that version, or begin anew with --restart")
