"""The rows that several models are compared on: a file, or the test part that all have; which of them a model knows."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mlptrain.commands.evaluate import compare_with_training_file, name_key_of_model_spec, read_test_rows
from mlptrain.commands.judged_file import JudgedFile, judge_file
from mlptrain.commands.known_rows import describe_missing_training, take_training_part
from mlptrain.data.files import name_input
from mlptrain.errors import DataError, SpecError
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows, list_source_names, locate_file
from mlptrain.preparation.material import digest_training_data, read_training_data_again

ADVICE = "; give DATA"
"""What `eval` says where a test part cannot be read."""
CURE = "name rows that all are to be measured on: --data DATA"


@dataclass(frozen=True, kw_only=True)
class NamedModel:
    """A model that is compared, its file, and what it is called."""

    name: str
    path: Path
    model: Model

    @property
    def folder(self) -> Path:
        """What the paths in its spec are relative to."""
        return self.path.parent / self.model.spec_folder


@dataclass(frozen=True, kw_only=True)
class TestPart:
    """The rows that a spec keeps for the test; two of one identity are the same rows of the same files."""

    identity: tuple[str, ...]
    what: str
    judge: Callable[[], JudgedFile]


def judge_data(
    models: Sequence[NamedModel], data: str, labels: str | None, settings: Sequence[str]
) -> list[JudgedFile]:
    """Each model on the rows of a file."""
    return [
        judge_file(each.model, data, labels=labels, settings=settings, command="mlptrain compare") for each in models
    ]


def judge_test_part(models: Sequence[NamedModel]) -> list[JudgedFile]:
    """Each model on the test part that all have in common; a SpecError says why there is none."""
    parts = [find_test_part(each) for each in models]
    first = parts[0]
    for model, part in zip(models[1:], parts[1:], strict=True):
        if part.identity != first.identity:
            of_first, of_other = f"that of {models[0].name} is {first.what}", f"that of {model.name} is {part.what}"
            same = "; these are other rows, by another split or seed" if part.what == first.what else ""
            raise SpecError(f"the models have no test part in common: {of_first}, {of_other}{same}; {CURE}")
    return [part.judge() for part in parts]


def find_test_part(named: NamedModel) -> TestPart:
    """The test part that the spec of a model names: files of its own, or a part of the training file."""
    model, data = named.model, named.model.spec.data
    if data.test is not None:
        files = [locate_file(name, named.folder) for name in list_source_names(data.test)]
        identity = ("files", *map(os.path.realpath, files))
        what = ", ".join(name_input(Path(file).name) for file in files)
        return TestPart(identity=identity, what=what, judge=partial(judge_test_files, named))
    if not data.split.test and data.split.type != "column":
        raise SpecError(f"the models have no test part in common: the spec of {named.name} names none; {CURE}")
    if why := describe_missing_training(model):
        raise SpecError(f"the models have no test part in common: {named.name}: {why}; {CURE}")
    with advise_data(named):
        rows = read_test_rows(model, named.path, ())
    sources = [locate_file(name, named.folder) for name in list_source_names(data.train)]
    numbers = hashlib.sha256(rows.numbers.astype("<i8").tobytes()).hexdigest()
    identity = ("part", *map(os.path.realpath, sources), numbers)
    what = f"{rows.count:,} rows of {', '.join(name_input(Path(file).name) for file in sources)}"
    return TestPart(identity=identity, what=what, judge=partial(judge_rows, model, rows))


@contextmanager
def advise_data(named: NamedModel) -> Iterator[None]:
    """Say of rows that cannot be read which key names them, and that another file may be named with --data."""
    try:
        with name_key_of_model_spec(named.model, named.path):
            yield
    except DataError as problem:
        if not str(problem).endswith(ADVICE):
            raise
        raise DataError(f"{str(problem).removesuffix(ADVICE)}; give --data") from None


def judge_test_files(named: NamedModel) -> JudgedFile:
    """A model on the test files of its spec; one table is read however it is written."""
    test = named.model.spec.data.test
    with advise_data(named):
        if isinstance(test, str) and not named.model.reads_images:
            return judge_file(named.model, locate_file(test, named.folder), command="mlptrain compare")
        return judge_rows(named.model, read_test_rows(named.model, named.path, ()))


def judge_rows(model: Model, rows: Rows) -> JudgedFile:
    """A model on rows that are read already."""
    return JudgedFile(reader=model, judged=model.judge_and_evaluate(rows))


def describe_seen_rows(named: NamedModel, data: str | None, rows: Rows) -> str:
    """The sentence that a file holds rows that a model was trained on, and how many; empty if it is not known to.

    How many is known where the training file is as it was: then it is told which of its rows were not trained on.
    """
    if data is None or not (same := compare_with_training_file(named.model, named.path, data)):
        return describe_seen_validation_file(named, data)
    count = count_training_rows(named, rows)
    known = "these rows" if count is None else f"{count:,} of these {rows.count:,} rows"
    short = f"{name_input(Path(data).name)}{same.removeprefix(data)}"
    return f"{short} of {named.name}, which was trained on {known}: it does worse on new ones"


def count_training_rows(named: NamedModel, rows: Rows) -> int | None:
    """How many rows of the training file, read again, a model was trained on; None if that cannot be known."""
    try:
        training = read_training_data_again(named.model, named.folder)
        if named.model.data_digest != digest_training_data(training):
            return None
        trained = take_training_part(named.model, training).numbers
        return len(set(rows.numbers.tolist()) & set(trained.tolist()))
    except (DataError, SpecError):  # a folder that has moved: the file alone is known to be the same
        return None


def describe_seen_validation_file(named: NamedModel, data: str | None) -> str:
    """The sentence that a file is the one that a model's training was steered by; empty if it is not."""
    file = named.model.spec.data.split.validation_file
    if data is None or not isinstance(file, str) or named.model.reads_images:
        return ""
    if os.path.realpath(locate_file(file, named.folder)) != os.path.realpath(data):
        return ""
    short = name_input(Path(data).name)
    return (
        f"{short} is the validation file of {named.name}, whose training it steered: it does a little worse on new rows"
    )
