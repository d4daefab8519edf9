"""The rows that a report is about where the user names none, and the training rows that it compares them with."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mlptrain.commands.evaluate import describe_training_rows, read_test_rows
from mlptrain.diagnostics.report import Subjects
from mlptrain.errors import DataError, SpecError
from mlptrain.model.evaluation import JudgedRows
from mlptrain.model.held_out_rows import make_held_out_model
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows, list_files, locate_file, read_rows
from mlptrain.preparation.material import TrainingData, digest_training_data, read_training_data_again
from mlptrain.preparation.partitions import divide_rows, join_validation_to_training
from mlptrain.preparation.splits import Parts
from mlptrain.spec.fields import narrow_to_images

STEERED = (
    "no test part, so these are the validation rows, by which the training was steered: it does a little worse on new "
    "ones"
)
"""What is said of validation rows."""
HELD_OUT = (
    "no test part, so each row is judged by the networks that had held it out, whose training it steered: they do a "
    "little worse on new ones; importance and effects are of all {count} networks, which have seen these rows"
)
THEMSELVES = "these are the training rows themselves"
TEST, VALIDATION = "test rows", "validation rows"


@dataclass(frozen=True, kw_only=True)
class NamedFile:
    """A table that the spec of a model names, to be read however it is written."""

    key: str
    path: str
    subjects: Subjects
    """What is to be said of its rows, before they are read."""


@dataclass(frozen=True, kw_only=True)
class KnownRows:
    """The rows that a model is judged on, and what it is worth on them, where that is known already."""

    subjects: Subjects
    judged: JudgedRows | None = None


def find_named_file(model: Model, model_path: Path) -> NamedFile | None:
    """The one file of test rows that the spec of a model of tables names, else that of validation rows."""
    data, folder = model.spec.data, model_path.parent / model.spec_folder
    if model.reads_images:
        return None
    if isinstance(data.test, str):
        return NamedFile(key="data.test", path=locate_file(data.test, folder), subjects=Subjects(rows=None, name=TEST))
    if data.test is None and not data.split.test and isinstance(file := data.split.validation_file, str):
        subjects = Subjects(rows=None, name=VALIDATION, seen=STEERED)
        return NamedFile(key="data.split.validation", path=locate_file(file, folder), subjects=subjects)
    return None


def list_named_files(model: Model) -> Iterator[str]:
    """The files of rows that the spec of a model names."""
    data = model.spec.data
    for source in (data.train, data.test, data.split.validation_file):
        if source is not None and (images := narrow_to_images(source)) is not None:
            yield from filter(None, (images.images, images.labels))
        elif source:
            yield from list_files(source)


def find_known_rows(model: Model, model_path: Path) -> KnownRows:
    """The rows that the spec of a model names: test rows, else rows that were held out, else those of the training."""
    try:
        return find_test_or_held_out_rows(model, model_path)
    except (DataError, SpecError) as problem:
        return KnownRows(subjects=describe_absent_rows(str(problem)))


def describe_absent_rows(why: str) -> Subjects:
    """No rows, for a reason, and what to do."""
    return Subjects(rows=None, absent=f"{why.removesuffix('; give DATA')}; give --data")


def find_test_or_held_out_rows(model: Model, model_path: Path) -> KnownRows:
    """The same, or an error that says why there are none."""
    data, folder = model.spec.data, model_path.parent / model.spec_folder
    if data.test is not None:
        subjects = Subjects(rows=read_test_rows(model, model_path, ()), name=TEST)
        return KnownRows(subjects=add_training_rows(subjects, model, model_path))
    if data.split.validation_file is not None and not data.split.test:
        rows = read_rows(data.split.validation_file, data, folder, only=model.columns())
        subjects = Subjects(rows=rows, name=VALIDATION, seen=STEERED)
        return KnownRows(subjects=add_training_rows(subjects, model, model_path))
    if why := describe_missing_training(model):
        return KnownRows(subjects=describe_absent_rows(why))
    training = read_training_data_again(model, folder)
    if model.data_digest not in ("", digest_training_data(training)):
        if data.split.test:
            read_test_rows(model, model_path, ())  # an error that says why there are none
        return KnownRows(subjects=describe_all_rows(training, changed=True))
    return find_rows_of_training(model, training)


def find_rows_of_training(model: Model, training: TrainingData) -> KnownRows:
    """The test rows of a training file that has not changed, else those that were held out, else all.

    Where networks of another recipe share in the predictions, or the fit was ended before all folds, it is not known
    which network has held out what.
    """
    parts, rows = divide_rows(training), training.rows
    if len(parts[0].test):
        subjects = Subjects(rows=rows.take(parts[0].test), name=TEST, training=take_training_part(model, training))
        return KnownRows(subjects=subjects)
    unknown = not model.data_digest or training.spec.training.refit or len(parts) != len(model.networks)
    if unknown or not len(parts[0].validation):
        return KnownRows(subjects=describe_all_rows(training, changed=False))
    if len(parts) > 1:
        return judge_held_out_rows(model, training, parts)
    validation, own = rows.take(parts[0].validation), rows.take(parts[0].train)
    return KnownRows(subjects=Subjects(rows=validation, name=VALIDATION, seen=STEERED, training=own))


def judge_held_out_rows(model: Model, training: TrainingData, parts: list[Parts]) -> KnownRows:
    """The rows that folds or repeats have held out, judged by the networks that did."""
    held_out, numbers = make_held_out_model(model, [each.validation for each in parts])
    judged = held_out.judge_and_evaluate(training.rows.take(numbers))
    seen = HELD_OUT.format(count=len(parts))
    subjects = Subjects(rows=judged.rows, name="held-out rows", seen=seen, training=training.rows)
    return KnownRows(subjects=subjects, judged=judged)


def describe_all_rows(training: TrainingData, *, changed: bool) -> Subjects:
    """All rows of the training file, most of which the model has seen."""
    seen = describe_training_rows(training.rows, None, changed=changed)
    return Subjects(rows=training.rows, name="training rows", seen=seen, no_training=THEMSELVES)


def add_training_rows(subjects: Subjects, model: Model, model_path: Path) -> Subjects:
    """The rows to judge beside those of the training, or why those are not there."""
    why = describe_missing_training(model)
    if not why:
        try:
            training = read_training_data_again(model, model_path.parent / model.spec_folder)
        except (DataError, SpecError) as problem:
            why = str(problem)
        else:
            if model.data_digest == digest_training_data(training):
                return replace(subjects, training=take_training_part(model, training))
            why = f"{training.rows.name}: it has changed since the model was trained"
    return replace(subjects, no_training=why)


def describe_missing_training(model: Model) -> str:
    """Why a model's training rows cannot be read again; empty if they are in a file."""
    places = {"": "rows in memory", "-": "standard input"}
    train = model.spec.data.train
    return f"the model was trained on {places[train]}" if isinstance(train, str) and train in places else ""


def take_training_part(model: Model, training: TrainingData) -> Rows:
    """The rows of the training file that any network of the model was trained on."""
    split, parts = training.spec.data.split, divide_rows(training)[0]
    if split.folds is not None or len(model.networks) > 1 or training.spec.training.refit:
        parts = join_validation_to_training(parts)
    return training.rows.take(parts.train)
