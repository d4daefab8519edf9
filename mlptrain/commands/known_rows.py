"""The rows that a report is about where the user names none, and the training rows that it compares them with."""

from dataclasses import replace
from pathlib import Path

from mlptrain.commands.evaluate import (
    describe_training_rows,
    find_validation_part,
    names_test_part,
    read_test_rows,
)
from mlptrain.diagnostics.report import Subjects
from mlptrain.errors import DataError
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows
from mlptrain.preparation.material import TrainingData, digest_training_data, read_training_data
from mlptrain.preparation.partitions import divide_rows, join_validation_to_training

STEERED = "no test part, so these are the validation rows, by which the training was steered: it does a little worse"
"""What is said of validation rows."""


def find_known_rows(model: Model, model_path: Path) -> Subjects:
    """The rows that the spec of a model names: test rows, else validation rows, else those of the training."""
    try:
        if names_test_part(model):
            found = Subjects(rows=read_test_rows(model, model_path, ()), name="test rows")
            return add_training_rows(found, model, model_path)
        return find_rows_of_training(model, model_path)
    except DataError as problem:
        return Subjects(rows=None, absent=f"{problem}; give --data")


def find_rows_of_training(model: Model, model_path: Path) -> Subjects:
    """The validation rows of the training file, if they are known; else all of its rows."""
    if why := describe_missing_training(model):
        return Subjects(rows=None, absent=f"{why}; give --data")
    training = read_training_data(model.spec, model_path.parent / model.spec_folder)
    changed = model.data_digest not in ("", digest_training_data(training))
    parts = None if changed or not model.data_digest else find_validation_part(training)
    if parts is not None:
        validation = training.rows.take(parts.validation)
        seen = f"{STEERED} on new ones"
        own = training.rows.take(parts.train)
        return Subjects(rows=validation, name="validation rows", seen=seen, training=own)
    seen = describe_training_rows(training.rows, None, changed=changed)
    return Subjects(
        rows=training.rows, name="training rows", seen=seen, no_training="these are the training rows themselves"
    )


def add_training_rows(subjects: Subjects, model: Model, model_path: Path) -> Subjects:
    """The rows to judge beside those of the training, or why those are not there."""
    why = describe_missing_training(model)
    if not why:
        try:
            training = read_training_data(model.spec, model_path.parent / model.spec_folder)
        except DataError as problem:
            why = str(problem)
        else:
            if model.data_digest == digest_training_data(training):
                return replace(subjects, training=take_training_part(training))
            why = f"{training.rows.name}: it has changed since the model was trained"
    return replace(subjects, no_training=why)


def describe_missing_training(model: Model) -> str:
    """Why a model's training rows cannot be read again; empty if they are in a file."""
    places = {"": "rows in memory", "-": "standard input"}
    train = model.spec.data.train
    return f"the model was trained on {places[train]}" if isinstance(train, str) and train in places else ""


def take_training_part(training: TrainingData) -> Rows:
    """The rows of the training file that any network of the model was trained on."""
    split, parts = training.spec.data.split, divide_rows(training)[0]
    if split.folds is not None or split.repeats > 1 or training.spec.training.refit:
        parts = join_validation_to_training(parts)
    return training.rows.take(parts.train)
