"""The rows of one part as the network and the metrics want them, and where they come from."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.features import FeatureColumn, Pixels
from mlptrain.engine.arrays import Floats
from mlptrain.model.rows import AnyFeatures, Rows


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where examples come from: the rows that were read, the number of each example among them, the fitted columns."""

    rows: Rows
    numbers: NDArray[np.int64]
    features: AnyFeatures

    def describe_place(self, example: int) -> str:
        """The file and line of an example, or the number of its image."""
        return self.rows.describe_place(int(self.numbers[example]))

    def find_column(self, place: int) -> FeatureColumn | None:
        """The column that makes an input; None for a pixel."""
        return next((column for column, inputs in self.features.places() if place < inputs.stop), None)

    def describe_input(self, example: int, place: int) -> str:
        """An input of an example as it is written in the file."""
        column = self.find_column(place)
        return self.describe_cell(example, str(place + 1) if column is None else column.name)

    def describe_cell(self, example: int, name: str) -> str:
        """A cell of an example as it is written in the file."""
        return self.rows.describe_cell(int(self.numbers[example]), name)


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

    def take_first(self, rows: int) -> "Examples":
        """The first rows, without their origin."""
        return replace(
            self,
            x=self.x[:rows],
            targets=self.targets[:rows],
            truth=self.truth[:rows],
            weights=None if self.weights is None else self.weights[:rows],
            origin=None,
        )
