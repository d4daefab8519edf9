"""What was predicted for each row by the trainings that had held it out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.table_writing import choose_table_form
from mlptrain.engine.losses import Loss
from mlptrain.model.answers import AnswerOptions, ColumnGroup, Columns, NotFinite, join_columns
from mlptrain.model.examples import Examples
from mlptrain.model.head import ClassHead, list_answers
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows
from mlptrain.preparation.material import TrainingData
from mlptrain.storage.publishing import publish_table

PLACES = ["row", "fold"]
"""The columns that a file of out-of-fold predictions begins with."""


def are_held_out_names(names: Sequence[str], targets: Sequence[str]) -> bool:
    """Whether the names of a file's columns are those of out-of-fold predictions of some targets."""
    others = [name for name in names[2:] if name not in targets]
    return [*names[:2]] == PLACES and all(name.startswith("probability_") for name in others)


class HeldOut:
    """What was predicted for each row while it was held out, averaged where it was held out more than once."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.counts, self.folds = np.zeros(rows.count, np.int64), np.zeros(rows.count, np.int64)
        self.total: NDArray[Any] | None = None

    def add(self, examples: Examples, predictions: NDArray[Any], fold: int) -> None:
        """The predictions of the rows that a fold held out; those that its preparation left out have none."""
        assert examples.origin is not None
        rows = examples.origin.numbers
        if self.total is None:
            self.total = np.zeros((len(self.counts), predictions.shape[1]))
        self.total[rows] += predictions
        self.counts[rows] += 1
        self.folds[rows] = fold

    def write(self, path: Path, model: Model) -> NotFinite:
        """Publish a CSV: the number of each row in its file(s), its (last) fold, its prediction, probabilities.

        Returns the counts of predictions that are not finite; their cells are empty.
        """
        assert self.total is not None
        held = np.flatnonzero(self.counts)
        with np.errstate(all="ignore"):
            predictions = self.total[held] / self.counts[held, None]
        lost = NotFinite()
        lost.add(model.head.mark_not_finite(predictions), self.rows.take(held))
        numbers, folds = (list(map(str, values.tolist())) for values in (self.rows.numbers[held], self.folds[held]))
        answers = list_answers(model.head, predictions, model.dtype, choose_held_out_options(model.loss))
        columns = join_held_out_columns(numbers, folds, answers)
        numeric = columns.keys() - set(model.head.names if model.head.has_classes else ())
        publish_table(columns, path, choose_table_form(path, option="--out-of-fold"), numeric)
        return lost


def choose_held_out_options(loss: Loss) -> AnswerOptions:
    """What is written beside the prediction: probabilities where the loss has any."""
    return AnswerOptions(probabilities=loss.probabilistic)


def join_held_out_columns(numbers: list[str], folds: list[str], answers: Sequence[ColumnGroup]) -> Columns:
    """The columns of the file: row, fold, and what is predicted; a SpecError where two have one name."""
    cure = "rename the target, or leave out --out-of-fold"
    return join_columns(
        [
            ColumnGroup(origin="the number of the row", columns={"row": numbers}, cure=cure),
            ColumnGroup(origin="the fold", columns={"fold": folds}, cure=cure),
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
    join_held_out_columns([], [], answers)
