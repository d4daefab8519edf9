"""The rows of one part as the network and the metrics want them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.features import FeatureColumn, Features, PixelFeatures, Pixels
from mlptrain.engine.arrays import Floats
from mlptrain.model.rows import Rows

LONGEST_CELL = 40


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where examples come from: the rows that were read, the number of each example among them, the fitted columns."""

    rows: Rows
    numbers: NDArray[np.int64]
    features: Features | PixelFeatures

    def place(self, example: int) -> str:
        """The file and line of an example, or the number of its image."""
        row, table = int(self.numbers[example]), self.rows.table
        return f"{self.rows.name} image {row + 1}" if table is None else table.places([row])[0]

    def column(self, place: int) -> FeatureColumn | None:
        """The column that makes an input; None for a pixel."""
        if isinstance(self.features, PixelFeatures):
            return None
        return next(column for column, inputs in self.features.places() if place < inputs.stop)

    def input(self, example: int, place: int) -> str:
        """An input of an example as it is written in the file."""
        column = self.column(place)
        return f"pixel {place + 1}" if column is None else self.cell(example, column.name)

    def cell(self, example: int, name: str) -> str:
        """A cell of an example as it is written in the file."""
        assert self.rows.table is not None
        text = self.rows.table.column(name).text(int(self.numbers[example]))
        return f'column "{name}", {text[:LONGEST_CELL]!r}'


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Inputs, targets for the loss, the truth for the metrics (codes, or numbers in the user's units), weights."""

    x: Floats | Pixels
    targets: NDArray[Any]
    truth: NDArray[Any]
    weights: Floats | None = None
    """Weights of the rows, for the metrics and for the loss."""
    class_weights: Floats | None = None
    """Weights of the classes (K,), for the training loss only."""
    origin: Origin | None = None
    """For messages; it holds references alone."""

    @property
    def rows(self) -> int:
        return len(self.x)

    def training_weights(self) -> Floats | None:
        """Row weight times class weight, or None where all are 1."""
        if self.class_weights is None:
            return self.weights
        of_class = self.class_weights[self.truth]
        return of_class if self.weights is None else of_class * self.weights

    def first(self, rows: int) -> "Examples":
        """The first rows."""
        weights = None if self.weights is None else self.weights[:rows]
        return Examples(
            x=self.x[:rows],
            targets=self.targets[:rows],
            truth=self.truth[:rows],
            weights=weights,
            class_weights=self.class_weights,
        )
