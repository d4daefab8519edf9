"""What was predicted for each row by the trainings that had held it out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.table_writing import choose_table_form
from mlptrain.engine.arrays import Floats
from mlptrain.engine.losses import Loss
from mlptrain.model.answers import AnswerOptions, ColumnGroup, Columns, NotFinite, join_columns
from mlptrain.model.head import ClassHead, list_answers
from mlptrain.model.model import Model
from mlptrain.model.network_outputs import predict_values
from mlptrain.model.rows import Rows
from mlptrain.model.training_names import locate_training
from mlptrain.preparation.material import TrainingData
from mlptrain.spec.fields import Split
from mlptrain.storage.publishing import publish_table
from mlptrain.training.course import Course


@dataclass(frozen=True, kw_only=True)
class HeldOutRows:
    """What a training predicts for the rows that it has held out, beside the truth and the weights of the rows."""

    numbers: NDArray[np.int64]
    """Of each row among those that were read, from 0."""
    predictions: NDArray[Any]
    truth: NDArray[Any]
    weights: Floats | None


def predict_held_out_rows(course: Course) -> HeldOutRows | None:
    """What the network of a training that is over predicts for its validation rows; None where there are none."""
    rows = course.validation
    if rows is None:
        return None
    assert rows.origin is not None
    predictions = predict_values(course.network, course.head, rows.x)
    return HeldOutRows(numbers=rows.origin.numbers, predictions=predictions, truth=rows.truth, weights=rows.weights)


class Recorder(Protocol):
    """Is told what each training predicts for the rows that it has held out."""

    def add(self, held_out: HeldOutRows, number: int) -> None:
        """The predictions of the training `number`, from 1."""


FOLD = re.compile(r"fold|repeat_\d+_fold")
"""The columns of the folds in a file of out-of-fold predictions."""


def are_held_out_names(names: Sequence[str], targets: Sequence[str]) -> bool:
    """Whether the names of a file's columns are those of out-of-fold predictions of some targets."""
    others = [name for name in names[2:] if name not in targets]
    begins = names[:1] == ["row"] and any(map(FOLD.fullmatch, names[1:2]))
    return begins and all(name.startswith("probability_") or FOLD.fullmatch(name) for name in others)


def name_fold_columns(repeats: int) -> list[str]:
    """The columns that say in which fold a row was held out, one for each repeat.

    >>> name_fold_columns(1), name_fold_columns(2)
    (['fold'], ['repeat_1_fold', 'repeat_2_fold'])
    """
    return ["fold"] if repeats == 1 else [f"repeat_{repeat}_fold" for repeat in range(1, repeats + 1)]


class HeldOut:
    """What was predicted for each row while it was held out: in each repeat once, and averaged over them."""

    def __init__(self, rows: Rows, split: Split) -> None:
        self.rows, self.split = rows, split
        self.folds = np.zeros((split.repeats, rows.count), np.int64)  # 0 in a repeat in which a row was not held out
        self.total: NDArray[Any] | None = None

    def add(self, held_out: HeldOutRows, number: int) -> None:
        """The predictions of the rows that a training held out; those that its preparation left out have none."""
        rows, predictions = held_out.numbers, held_out.predictions
        if self.total is None:
            self.total = np.zeros((self.folds.shape[1], predictions.shape[1]))
        self.total[rows] += predictions
        repeat, fold = locate_training(number, self.split.trainings, self.split.repeats)
        self.folds[repeat - 1, rows] = fold

    def write(self, path: Path, model: Model) -> NotFinite:
        """Publish a CSV: the number of each row in its file(s), its fold in each repeat, its prediction, probabilities.

        Returns the counts of predictions that are not finite; their cells are empty.
        """
        assert self.total is not None
        counts = np.count_nonzero(self.folds, axis=0)
        held = np.flatnonzero(counts)
        with np.errstate(all="ignore"):
            predictions = self.total[held] / counts[held, None]
        lost = NotFinite()
        lost.add(model.head.mark_not_finite(predictions), self.rows.take(held))
        numbers = list(map(str, self.rows.numbers[held].tolist()))
        texts = [[str(fold or "") for fold in each[held].tolist()] for each in self.folds]
        folds = dict(zip(name_fold_columns(self.split.repeats), texts, strict=True))
        answers = list_answers(model.head, predictions, model.dtype, choose_held_out_options(model.loss))
        columns = join_held_out_columns(numbers, folds, answers)
        numeric = columns.keys() - set(model.head.names if model.head.has_classes else ())
        publish_table(columns, path, choose_table_form(path, option="--out-of-fold"), numeric)
        return lost


def choose_held_out_options(loss: Loss) -> AnswerOptions:
    """What is written beside the prediction: probabilities where the loss has any."""
    return AnswerOptions(probabilities=loss.probabilistic)


def join_held_out_columns(numbers: list[str], folds: Columns, answers: Sequence[ColumnGroup]) -> Columns:
    """The columns of the file: row, folds, and what is predicted; a SpecError where two have one name."""
    cure = "rename the target, or leave out --out-of-fold"
    return join_columns(
        [
            ColumnGroup(origin="the number of the row", columns={"row": numbers}, cure=cure),
            ColumnGroup(origin="the fold", columns=folds, cure=cure),
            *answers,
        ]
    )


def require_distinct_held_out_columns(data: TrainingData) -> None:
    """Fail before training if two columns of the file would have one name."""
    if data.classes is None:
        answers = [ColumnGroup(origin="the prediction", columns={name: [] for name in data.spec.data.targets})]
    else:
        head = ClassHead(data.loss, data.classes)
        answers = list_answers(head, np.empty((0, head.width)), np.dtype("float64"), choose_held_out_options(data.loss))
    folds: Columns = {name: [] for name in name_fold_columns(data.spec.data.split.repeats)}
    join_held_out_columns([], folds, answers)
