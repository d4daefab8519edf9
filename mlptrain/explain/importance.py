"""What permutation importance finds: how much worse a model is where the cells of a column are those of other rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.odd_cells import OddCells
from mlptrain.display import Displayable
from mlptrain.engine.proportions import NORMAL_95
from mlptrain.explain.column_groups import Group, Ties

NUMBERS = ("importance", "low", "high", "above_zero")
"""What a table of importances calls the numbers of an estimate."""
LEAST_SHARE = 0.1
"""The share of its group's importance up to which a column's own is next to nothing."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """An importance: mean over repeats of metric(moved) − metric(intact), above 0 where the model needs the cells."""

    importance: float
    interval: tuple[float, float] | None
    """95 %, over rows and repeats; None where the metric cannot be resampled."""
    above_zero: float
    """The share of the repeats in which it is above 0."""

    @property
    def is_measurable(self) -> bool:
        """Whether the interval is above 0."""
        return self.interval is not None and self.interval[0] > 0

    def list_numbers(self) -> list[str]:
        """Importance, both ends of the interval, share above 0, each with all its digits."""
        return [write_number(each) for each in (self.importance, *(self.interval or (None, None)), self.above_zero)]


@dataclass(frozen=True, kw_only=True)
class ColumnImportance(Estimate):
    """What a column is worth to the model."""

    column: str
    partner: str | None = None
    """The column that goes with it most closely, if any does."""
    association: float | None = None
    """How closely, from 0.7 to 1."""
    stands_in_for: str | None = None
    """The partner, where the model needs the group of both and hardly this column, which could take its place."""


@dataclass(frozen=True, kw_only=True)
class GroupImportance(Estimate):
    """What columns that stand for each other are worth together: their cells are moved as one."""

    columns: Group


@dataclass(frozen=True, kw_only=True)
class Importance(Displayable):
    """What each column is worth to a model on some rows, the most important one first."""

    method: str
    metric: str
    larger_is_better: bool
    """Whether the metric falls where the model loses what it needs."""
    score: float
    """The metric of the intact rows."""
    rows: int
    rows_given: int
    """The rows of the data, of which `rows` were drawn."""
    repeats: int
    repeats_asked: int
    columns: tuple[ColumnImportance, ...]
    groups: tuple[GroupImportance, ...] = ()
    odd_cells: OddCells = field(default_factory=OddCells)
    """Cells that were filled, unseen or far out, counted by column."""
    seen: str = ""
    """Why the rows say little of new ones: the model was trained on them; empty if that is not known."""
    notices: tuple[str, ...] = ()

    def tabulate(self) -> tuple[dict[str, list[str]], set[str]]:
        """The importances as columns of texts, and which of them are numbers; groups below the columns."""
        names = ["column", *NUMBERS, "partner", "association", "stands_in_for"]
        rows = [
            [
                each.column,
                *each.list_numbers(),
                each.partner or "",
                write_number(each.association),
                each.stands_in_for or "",
            ]
            for each in self.columns
        ]
        rows += [["+".join(each.columns), *each.list_numbers(), "", "", ""] for each in self.groups]
        return {name: [row[place] for row in rows] for place, name in enumerate(names)}, {*NUMBERS, "association"}


def write_number(value: float | None) -> str:
    """A number with all its digits; no text for None."""
    return "" if value is None else repr(value)


def make_interval(value: float, error: float, rows: int, z: float = NORMAL_95) -> tuple[float, float] | None:
    """I ± t s, t a percentile of Student's distribution with ν = B − 1, by default the 97.5th; None if s is unknown.

    t = z + (z³ + z) / 4ν + (5 z⁵ + 16 z³ + 3 z) / 96 ν² of the normal one, z (Abramowitz & Stegun, 1972, 26.7.5).
    """
    freedom = max(rows - 1, 1)
    t = z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    return None if np.isnan(error) else (value - t * error, value + t * error)


def make_estimate(differences: NDArray[np.float64], error: float, rows: int) -> Estimate:
    """The estimate from the differences of all repeats."""
    mean = float(differences.mean())
    share = float((differences > 0).mean())
    return Estimate(importance=mean, interval=make_interval(mean, error, rows), above_zero=share)


def rank_columns(
    found: Sequence[tuple[str, Estimate]], ties: Ties, groups: Sequence[GroupImportance]
) -> list[ColumnImportance]:
    """The columns by their importance, each with its partner, and with what it stands in for."""
    columns = []
    for name, own in found:
        partner = ties.partners.get(name)
        group = next((each for each in groups if name in each.columns), None)
        replaced = partner is not None and group is not None and partner.name in group.columns and is_spare(own, group)
        columns.append(
            ColumnImportance(
                column=name,
                **vars(own),
                partner=None if partner is None else partner.name,
                association=None if partner is None else partner.association,
                stands_in_for=partner.name if replaced and partner is not None else None,
            )
        )
    return sorted(columns, key=lambda each: (-each.importance, each.column))


def is_spare(own: Estimate, group: GroupImportance) -> bool:
    """Whether a column is worth next to nothing, and its group is worth something."""
    return group.is_measurable and own.importance <= LEAST_SHARE * group.importance
