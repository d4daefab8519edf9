"""What was predicted for each row by the trainings that had held it out."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.targets import ClassTarget, Target
from mlptrain.engine.losses import Loss
from mlptrain.model.answers import predicted_columns, probability_columns
from mlptrain.model.rows import Rows
from mlptrain.storage.publishing import publish_table


def row_numbers(rows: Rows) -> NDArray[np.int64]:
    """The number of each row in its file(s), from 1, also where others were left out."""
    origin = None if rows.table is None else rows.table.origin
    return np.arange(1, rows.count + 1) if origin is None else origin + 1


OUT_OF_FOLD = b"row,fold,"
"""What a file of out-of-fold predictions begins with."""


class HeldOut:
    """What was predicted for each row while it was held out, averaged where it was held out more than once."""

    def __init__(self, rows: int) -> None:
        self.counts, self.folds = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
        self.total: NDArray[Any] | None = None

    def add(self, rows: NDArray[np.int64], predictions: NDArray[Any], fold: int) -> None:
        """The predictions of a fold's rows."""
        if self.total is None:
            self.total = np.zeros((len(self.counts), predictions.shape[1]))
        self.total[rows] += predictions
        self.counts[rows] += 1
        self.folds[rows] = fold

    def write(self, path: Path, target: Target, loss: Loss, dtype: np.dtype[Any], numbers: NDArray[np.int64]) -> None:
        """Publish a CSV: the number of each row in its file(s), its (last) fold, its prediction, probabilities."""
        assert self.total is not None
        rows = np.flatnonzero(self.counts)
        values = self.total[rows] / self.counts[rows, None]
        columns = {"row": list(map(str, numbers[rows].tolist())), "fold": list(map(str, self.folds[rows].tolist()))}
        columns |= predicted_columns(target, values, dtype)
        if isinstance(target, ClassTarget) and loss.probabilistic:
            columns |= probability_columns(target, values, dtype)
        publish_table(columns, path)
