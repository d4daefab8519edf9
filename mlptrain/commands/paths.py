"""The files that one command reads and writes: no two of them may be one, or one would take the other's place."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, filterfalse
from pathlib import Path

from mlptrain.data.files import match_files
from mlptrain.data.urls import is_url
from mlptrain.errors import DataError, SpecError
from mlptrain.model.rows import list_source_names, locate_file
from mlptrain.spec.fields import Data, Source
from mlptrain.storage.companions import (
    derive_checkpoint_path,
    derive_lock_path,
    derive_previous_checkpoint_path,
    get_previous_model_path,
)
from mlptrain.storage.publishing import is_device_or_pipe


@dataclass(frozen=True, kw_only=True)
class NamedFile:
    """A file as messages call it: "where the model goes"; an option chose it, if any."""

    path: Path
    role: str
    option: str = ""
    of_fit: bool = False
    """Whether it is the model or a file beside it: their names differ, and a fit itself links one to another."""


def require_separate_files(written: Sequence[NamedFile], read: Sequence[NamedFile] = ()) -> None:
    """Refuse a command that would write a file which it also reads, or writes twice."""
    for position, file in enumerate(written):
        for other in chain(written[:position], read):
            if not (file.of_fit and other.of_fit) and is_same_file(file.path, other.path):
                raise SpecError(f"{file.option} {file.path}: this is {other.role}; choose another name".lstrip())


def is_same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead, or would lead, to one file. What is no file (/dev/null, a pipe) may be named twice."""
    places = {os.path.normcase(os.path.realpath(path)) for path in (one, other)}
    if is_device_or_pipe(one) or is_device_or_pipe(other):
        return False
    try:
        return len(places) == 1 or one.samefile(other)
    except OSError:  # one of them is not there
        return False


def list_files_beside_model(model: Path) -> list[NamedFile]:
    """The files that a fit makes itself, beside that of the model."""
    beside = {
        derive_checkpoint_path(model): "the checkpoint of this model's fit",
        derive_previous_checkpoint_path(model): "the previous checkpoint of this model's fit",
        derive_lock_path(model): "the lock of this model's fit",
        get_previous_model_path(model): "where the model is kept that this one replaces",
    }
    return [NamedFile(path=path, role=role, of_fit=True) for path, role in beside.items()]


def list_data_files(data: Data, folder: Path) -> list[NamedFile]:
    """The files that a spec names, as far as they are there."""
    sources = {"training file": data.train, "validation file": data.split.validation, "test file": data.test}
    return [
        NamedFile(path=Path(path), role=f"the {role}")
        for role, source in sources.items()
        if source is not None and not isinstance(source, float | int) and source != ""
        for path in list_source_files(source, folder)
    ]


def list_source_files(source: Source, folder: Path) -> Iterator[str]:
    """The files of a source; a pattern that no file matches has none."""
    for name in filterfalse(is_url, list_source_names(source)):
        try:
            yield from (path for path in match_files(locate_file(name, folder)) if path != "-")
        except DataError:
            continue


def name_models(paths: Sequence[str]) -> list[str]:
    """The names of models, that of each folder before it where files are called alike.

    >>> name_models(["a.npz", "b.npz"]), name_models(["runs/1/m.npz", "runs/2/m.npz"])
    (['a', 'b'], ['1/m', '2/m'])
    """
    files = [os.path.realpath(path) for path in paths]
    if twice := next((path for path, file in zip(paths, files, strict=True) if files.count(file) > 1), None):
        raise SpecError(f"{twice}: the same model is named twice; compare different ones")
    places = [Path(path).absolute().with_suffix("").parts for path in paths]
    longest = max(map(len, places))
    named = (["/".join(place[-count:]) for place in places] for count in range(1, longest + 1))
    return next(names for names in named if len(set(names)) == len(names))
