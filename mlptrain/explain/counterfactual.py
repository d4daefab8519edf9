"""Counterfactuals (Wachter, Mittelstadt, Russell, 2018): the nearest change of a row that gives it another class.

Only the columns that the user names change, at most three of them, and only to cells of actual rows: numbers and dates
to those at quantiles, categories to their levels. The search keeps the `BEAM` sets of changes with the highest score of
another class, and stops at the least number of changes that gives one. Of those the nearest counts: the way of a number
is the share of rows that lie between both cells, that of a category 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.column_names import format_quoted_names
from mlptrain.data.features import FeatureColumn
from mlptrain.data.number_column import NumberColumn
from mlptrain.data.odd_cells import OddCells
from mlptrain.data.table import Table
from mlptrain.errors import SpecError
from mlptrain.explain.changes import Change, Counterfactuals, RowChange
from mlptrain.explain.column_groups import parse_columns
from mlptrain.explain.effects import choose_edges
from mlptrain.explain.encoded_rows import EncodedNetwork, EncodedRows
from mlptrain.explain.row_choice import RowsAsked, choose_row_numbers, choose_rows
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows

Doubles = NDArray[np.float64]
Numbers = NDArray[np.int64]

POINTS = 24
"""Cells that a number may become."""
BEAM = 8
"""Sets of changes that are changed further."""
MOST_USUAL = 5000
"""Rows whose cells are taken; of more, as many are drawn."""


@dataclass(frozen=True)
class Candidates:
    """The cells that a column may become, by the rows that have them, and the ways there."""

    column: str
    donors: Numbers
    ways: Doubles
    """From the cell of each row that is explained to each donor's (B, D): 0 where they are alike."""


@dataclass(frozen=True)
class Trial:
    """Some changes of a row: the donors of columns, the way there, the scores of the classes after it (C,)."""

    donors: Mapping[str, int]
    way: float
    scores: Doubles


def find_candidates(column: FeatureColumn, rows: Table, usual: Table) -> Candidates:
    """The cells that a column may become in rows, from usual ones."""
    if isinstance(column, CategoryColumn) or (isinstance(column, NumberColumn) and column.boolean):
        own, others = (read_levels(column, each) for each in (rows, usual))
        levels = np.unique(others[~np.isnan(others)])
        ways = (own[:, None] != levels).astype(np.float64)
    else:
        own, others = column.read(rows), column.read(usual)
        levels = choose_edges(others, POINTS)
        known = np.sort(others[~np.isnan(others)])
        ranks = (np.searchsorted(known, each, side="right") / max(len(known), 1) for each in (own, levels))
        of_rows, of_levels = ranks
        ways = np.where(np.isnan(own)[:, None], 1, np.abs(of_rows[:, None] - of_levels))
        ways[own[:, None] != levels] += 1 / (10 * len(known) + 1)  # another cell is never no way at all
    donors = np.array([int((others == level).argmax()) for level in levels], np.int64)
    return Candidates(column.name, donors, ways)


def read_levels(column: FeatureColumn, table: Table) -> Doubles:
    """The codes of levels, or truth values, NaN where missing."""
    if isinstance(column, CategoryColumn):
        return column.codes(table).astype(np.float64)
    return column.read(table)


@dataclass(frozen=True)
class Search:
    """The search for changes of rows, in the encoding of every network."""

    rows: EncodedRows
    usual: EncodedRows
    candidates: Sequence[Candidates]
    most: int
    wanted: int | None
    """The class that is to be predicted; None for any other one."""

    def find(self, row: int, predicted: int) -> Trial | None:
        """The nearest change of a row that gives it another class; None if none was found."""
        beam = [Trial({}, 0.0, np.empty(0))]
        for _ in range(self.most):
            tried = self.score(row, [trial for each in beam for trial in self.extend(row, each)])
            if reached := [each for each in tried if self.is_reached(each, predicted)]:
                return min(reached, key=lambda each: (each.way, sorted(each.donors.items())))
            beam = sorted(tried, key=lambda each: -self.measure_other(each, predicted))[:BEAM]
        return None

    def extend(self, row: int, trial: Trial) -> list[Trial]:
        """The trial with one more column changed."""
        return [
            Trial({**trial.donors, each.column: donor}, trial.way + way, trial.scores)
            for each in self.candidates
            if each.column not in trial.donors
            for donor, way in zip(each.donors.tolist(), each.ways[row].tolist(), strict=True)
            if way > 0
        ]

    def score(self, row: int, trials: Sequence[Trial]) -> list[Trial]:
        """The trials with their scores; one of several with the same changes."""
        different = list({tuple(sorted(each.donors.items())): each for each in trials}.values())
        if not different:
            return []
        networks = [self.change(network, others, row, different) for network, others in self.pair_networks()]
        found = EncodedRows(networks, self.rows.shares, len(different)).predict()
        return [Trial(each.donors, each.way, scores) for each, scores in zip(different, found, strict=True)]

    def pair_networks(self) -> list[tuple[EncodedNetwork, EncodedNetwork]]:
        """Each network with the rows, and with the usual ones."""
        return list(zip(self.rows.networks, self.usual.networks, strict=True))

    def change(
        self, network: EncodedNetwork, others: EncodedNetwork, row: int, trials: Sequence[Trial]
    ) -> EncodedNetwork:
        """The row with the changes of each trial (T, I)."""
        x = np.repeat(network.x[row : row + 1], len(trials), axis=0)
        for each in self.candidates:
            places = network.select_places([each.column])
            donors = np.array([trial.donors.get(each.column, -1) for trial in trials], np.int64)
            changed = np.flatnonzero(donors >= 0)
            x[np.ix_(changed, places)] = others.x[np.ix_(donors[changed], places)]
        return EncodedNetwork(network.network, x)

    def is_reached(self, trial: Trial, predicted: int) -> bool:
        """Whether it has the class that is wanted."""
        best = int(trial.scores.argmax())
        return best != predicted if self.wanted is None else best == self.wanted

    def measure_other(self, trial: Trial, predicted: int) -> float:
        """The score of the class that is wanted, or of the best other one, over that of the predicted one."""
        others = np.delete(trial.scores, predicted).max() if self.wanted is None else trial.scores[self.wanted]
        return float(others - trial.scores[predicted])


@dataclass(frozen=True, kw_only=True)
class Counterfactual:
    """The nearest change of a row that gives it another class."""

    name: Literal["counterfactual"] = "counterfactual"
    change: str | tuple[str, ...] | None = None
    """The columns that may change: "a,b"."""
    rows: RowsAsked = 5
    """The first so many rows, `all`, or their numbers: "1,5,7"."""
    class_label: str | None = None
    """The class that is to be predicted; by default any other one."""
    most_changes: Annotated[int, Ge(1), Le(3)] = 3
    """How many columns may change at once."""
    needs_targets: ClassVar[bool] = False
    of_images: ClassVar[bool] = False

    @np.errstate(all="ignore")  # what is too large for the network's numbers is seen in the scores
    def explain(self, model: Model, rows: Rows, usual: Rows | None = None) -> Counterfactuals:
        """The changes of the rows that are asked for, to cells of usual rows."""
        names, wanted = self.choose_columns(model), self.choose_class(model)
        chosen = rows.take(choose_row_numbers(self.rows, rows))
        some = choose_rows(rows if usual is None else usual, MOST_USUAL, model.spec.seed)
        odd, tables = OddCells(), (chosen.inputs, some.inputs)
        encoded = EncodedRows.encode(model, chosen, odd, with_targets=False)
        others = EncodedRows.encode(model, some, OddCells(), with_targets=False)
        candidates = [find_candidates(model.columns()[name], *tables) for name in names]
        search = Search(encoded, others, candidates, self.most_changes, wanted)
        scores = encoded.predict()
        labels, found = list(model.head.classes), []
        for row, predicted in enumerate(scores.argmax(axis=1).tolist()):
            trial = Trial({}, 0.0, scores[row]) if predicted == wanted else search.find(row, predicted)
            change = RowChange(
                row=int(chosen.numbers[row]), prediction=labels[predicted], score=float(scores[row, predicted])
            )
            found.append(change if trial is None else describe_trial(change, trial, labels, row, *tables))
        return Counterfactuals(
            method=self.name,
            columns=tuple(names),
            most_changes=min(self.most_changes, len(names)),
            rows=tuple(found),
            odd_cells=odd,
        )

    def choose_columns(self, model: Model) -> list[str]:
        """The columns that may change."""
        if self.change is None:
            raise SpecError('change: name the columns that may change: --change "a,b"')
        return parse_columns(self.change, list(model.columns()), option="change", why="columns change one by one")

    def choose_class(self, model: Model) -> int | None:
        """The place of the class that is to be predicted."""
        labels = list(model.head.classes)
        if not labels:
            raise SpecError("counterfactual: the target is a number; only models of classes have another answer")
        if self.class_label is not None and self.class_label not in labels:
            known = format_quoted_names(labels, 20)
            raise SpecError(f"class_label: {self.class_label!r:.80} is no class of the model; write one of {known}")
        return None if self.class_label is None else labels.index(self.class_label)


def describe_trial(
    change: RowChange, trial: Trial, labels: Sequence[str], row: int, rows: Table, usual: Table
) -> RowChange:
    """The change of a row with what its trial changes and what comes of it."""
    changes = [
        Change(column=name, cell=rows.column(name).text(row), new_cell=usual.column(name).text(donor))
        for name, donor in sorted(trial.donors.items())
    ]
    best = int(trial.scores.argmax())
    return replace(
        change,
        changes=tuple(changes),
        new_prediction=labels[best],
        new_score=float(trial.scores[best]),
        distance=trial.way,
    )
