"""What was predicted for each row by the trainings that had held it out."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.model.model import Model
from mlptrain.model.rows import Rows
from mlptrain.storage.publishing import publish_table

OUT_OF_FOLD = b"row,fold,"
"""What a file of out-of-fold predictions begins with."""


class HeldOut:
    """What was predicted for each row while it was held out, averaged where it was held out more than once."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.counts, self.folds = np.zeros(rows.count, np.int64), np.zeros(rows.count, np.int64)
        self.total: NDArray[Any] | None = None

    def add(self, rows: NDArray[np.int64], predictions: NDArray[Any], fold: int) -> None:
        """The predictions of a fold's rows."""
        if self.total is None:
            self.total = np.zeros((len(self.counts), predictions.shape[1]))
        self.total[rows] += predictions
        self.counts[rows] += 1
        self.folds[rows] = fold

    def write(self, path: Path, model: Model) -> None:
        """Publish a CSV: the number of each row in its file(s), its (last) fold, its prediction, probabilities."""
        assert self.total is not None
        held = np.flatnonzero(self.counts)
        predictions = self.total[held] / self.counts[held, None]
        numbers = {"row": self.rows.numbers[held], "fold": self.folds[held]}
        columns = {name: list(map(str, values.tolist())) for name, values in numbers.items()}
        columns |= model.head.write_answers(predictions, model.dtype)
        if model.loss.probabilistic:
            columns |= model.head.write_probabilities(predictions, model.dtype)
        publish_table(columns, path)
