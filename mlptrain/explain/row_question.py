"""What the methods for single rows are asked: which rows, which number of each, against which usual rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.odd_cells import OddCells, OddRows
from mlptrain.engine.input_gradient import copy_in_float64
from mlptrain.engine.network import Network
from mlptrain.errors import DataError
from mlptrain.explain.answers import Explained, choose_explained, weigh_voters
from mlptrain.explain.encoded_rows import encode_for_network
from mlptrain.explain.row_choice import RowsAsked, choose_row_numbers, choose_rows
from mlptrain.explain.row_effects import RowEffect, RowEffects, list_doubts, measure_gaps
from mlptrain.model.answers import Columns
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows

Doubles = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class RowsInNetwork:
    """Rows as one network sees them, x (B, I), and usual ones (U, I); the network in float64."""

    fitted: FittedNetwork
    network: Network
    x: Doubles
    usual: Doubles

    @property
    def runs(self) -> list[tuple[int, int]]:
        """The numbers of the features, and how many inputs each makes, in order."""
        return list(enumerate(column.width for column in self.fitted.features.columns))


@dataclass(frozen=True)
class RowQuestion:
    """Rows to explain, what is predicted for them, and the number that is explained of each."""

    model: Model
    rows: Rows
    usual: Rows
    predictions: NDArray[Any]
    explained: Explained
    odd: OddCells

    @property
    def columns(self) -> list[str]:
        """The columns whose effects are asked for."""
        return list(self.model.columns())

    @property
    def weights(self) -> Doubles:
        """Those of all members of all networks."""
        return weigh_voters(self.model)

    def encode(self) -> list[RowsInNetwork]:
        """The rows as each network sees them."""
        return [self.encode_for(each) for each in self.model.networks]

    def encode_for(self, fitted: FittedNetwork) -> RowsInNetwork:
        """The rows as one network sees them."""
        both = (encode_for_network(fitted, each, OddRows(), with_targets=False).x for each in (self.rows, self.usual))
        x, usual = (each.astype(np.float64) for each in both)
        return RowsInNetwork(fitted, copy_in_float64(fitted.network), x, usual)

    def find_owners(self, fitted: FittedNetwork, runs: Sequence[tuple[int, int]]) -> Numbers:
        """The place of each input's column, from the number of a feature and how many inputs it makes, in order."""
        names, columns = self.columns, fitted.features.columns
        return np.concatenate([np.full(width, names.index(columns[feature].name)) for feature, width in runs])

    def answer(
        self, method: str, usual: str, effects: Doubles, scores: tuple[Doubles, Doubles], errors: Doubles | None = None
    ) -> RowEffects:
        """The effects (B, C), and the scores of the rows and of the baseline (B,), as a result."""
        given = zip(effects, *scores, errors if errors is not None else [None] * len(effects), strict=True)
        found = [self.describe_row(place, *each) for place, each in enumerate(given)]
        differences = scores[0] - scores[1]
        gap = float(measure_gaps(effects, differences).max(initial=0))
        return RowEffects(
            method=method,
            score=self.explained.words,
            usual=usual,
            rows=tuple(found),
            largest_gap=gap,
            odd_cells=self.odd,
            notices=list_doubts(differences, gap),
        )

    def describe_row(
        self, place: int, effects: Doubles, score: float, baseline: float, errors: Doubles | None
    ) -> RowEffect:
        """The effects of one row."""
        names = self.columns
        return RowEffect(
            row=int(self.rows.numbers[place]),
            prediction=self.read_prediction(place),
            explained=self.explained.names[place],
            score=float(score),
            baseline=float(baseline),
            effects=dict(zip(names, effects.tolist(), strict=True)),
            errors=None if errors is None else dict(zip(names, errors.tolist(), strict=True)),
            cells={name: self.cells[name][place] for name in names},
        )

    def read_prediction(self, place: int) -> str:
        """What is predicted for a row: its class, or of several targets the one that is explained."""
        return self.answers.get(self.explained.names[place], next(iter(self.answers.values())))[place]

    @cached_property
    def answers(self) -> Columns:
        """What is predicted, as texts."""
        return self.model.head.write_answers(self.predictions, self.model.dtype)

    @cached_property
    def cells(self) -> Columns:
        """The cells of the rows, as texts."""
        return {name: self.rows.inputs.texts(name) for name in self.columns}


def ask_about_rows(
    model: Model, rows: Rows, usual: Rows | None, *, asked: RowsAsked, of: str | None, most_usual: int
) -> RowQuestion:
    """The question about the rows that are asked for, of a class or target; usual are all, unless others are given."""
    if usual is None and rows.count < 2:
        why = "effects are counted from what is usual among the rows, and there is one only"
        raise DataError(f"{rows.name}: {why}; give more rows, or others as the baseline (--baseline FILE)")
    chosen, odd = rows.take(choose_row_numbers(asked, rows)), OddCells()
    predictions = model.predict_values(chosen, odd)
    explained = choose_explained(model, predictions, of)
    some = choose_rows(rows if usual is None else usual, most_usual, model.spec.seed)
    return RowQuestion(model, chosen, some, predictions, explained, odd)
