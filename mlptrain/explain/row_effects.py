"""What moved the answers for single rows: the effect of each column, which add up from a baseline to the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.odd_cells import OddCells
from mlptrain.data.table import format_row_count
from mlptrain.display import Displayable
from mlptrain.explain.importance import write_number

CLOSE = 1e-3
"""How far effects may miss what they add up to, as a share of the mean difference."""


@dataclass(frozen=True, kw_only=True)
class RowEffect:
    """How the answer for one row comes about: score = baseline + Σ effects, but for a small gap."""

    row: int
    """Its number in the file, from 1."""
    prediction: str
    explained: str
    """The class, or the target, whose score this is."""
    score: float
    baseline: float
    """The score of what is usual."""
    effects: Mapping[str, float]
    errors: Mapping[str, float] | None = None
    """The standard errors of effects that were estimated."""
    cells: Mapping[str, str]

    def rank_effects(self) -> Sequence[tuple[str, float]]:
        """The columns with their effects, the largest first."""
        return sorted(self.effects.items(), key=lambda each: (-abs(each[1]), each[0]))


@dataclass(frozen=True, kw_only=True)
class RowEffects(Displayable):
    """The effects of the columns on the answers for some rows."""

    method: str
    score: str
    """What a score is: "log-odds", "prediction"."""
    usual: str
    """What the baseline is."""
    rows: tuple[RowEffect, ...]
    largest_gap: float
    """How far the effects of a row at most miss its difference from the baseline, as a share of the mean difference."""
    odd_cells: OddCells = field(default_factory=OddCells)
    """Cells that were filled, unseen or far out, counted by column."""
    seen: str = ""
    """Why the rows say little of new ones: the model was trained on them; empty if that is not known."""
    notices: tuple[str, ...] = ()

    def tabulate(self) -> tuple[dict[str, list[str]], set[str]]:
        """One line a row as columns of texts, and which of them are numbers."""
        names = list(self.rows[0].effects) if self.rows else []
        columns = {
            "row": [str(each.row) for each in self.rows],
            "prediction": [each.prediction for each in self.rows],
            "explained": [each.explained for each in self.rows],
            "score": [write_number(each.score) for each in self.rows],
            "baseline": [write_number(each.baseline) for each in self.rows],
            **{f"effect_{name}": [write_number(each.effects[name]) for each in self.rows] for name in names},
        }
        return columns, {*columns} - {"prediction", "explained"}


def list_doubts(differences: NDArray[np.float64], largest_gap: float, miss: float = CLOSE) -> tuple[str, ...]:
    """Notices of scores that are no finite numbers, and of effects that miss what they add up to by more than that."""
    lost = int((~np.isfinite(differences)).sum())
    notices = [f"{format_row_count(lost)} whose score is not a finite number: the effects say nothing"] * (lost > 0)
    if largest_gap > miss:
        most = f"{largest_gap:.1%} of the mean difference"
        notices.append(f"effects miss the difference of a row from the baseline by up to {most}")
    return tuple(notices)


def measure_gaps(effects: NDArray[np.float64], differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the effects (B, C) of each row miss its difference (B,), as a share of the mean size of differences.

    0 where the difference is not a finite number.
    """
    missed = np.where(np.isfinite(differences), np.abs(effects.sum(axis=1) - differences), 0)
    return np.asarray(missed / find_mean_size(differences))


def find_mean_size(differences: NDArray[np.float64]) -> float:
    """The mean size of those that are finite numbers; 1 where that is 0."""
    known = differences[np.isfinite(differences)]
    return (float(np.abs(known).mean()) if len(known) else 0.0) or 1.0
