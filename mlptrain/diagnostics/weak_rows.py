"""Where a model is wrong: slices of the rows by the values of a column, and the rows with the largest losses."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mlptrain.data.table import Table
from mlptrain.model.evaluation import JudgedRows
from mlptrain.model.model import Model

MOST_WORST = 12
"""Rows that are shown."""
LONGEST_CELL = 40
"""Characters of a cell that are shown."""


@dataclass(frozen=True, kw_only=True)
class WeakSlice:
    """Rows with one value of a column, or between two of its quartiles."""

    column: str
    value: str
    rows: int
    metric: float | None
    interval: tuple[float, float] | None
    """95 %, for all slices together (Bonferroni)."""
    is_weak: bool
    """Whether it has rows enough, and its interval lies on the worse side of the metric of all rows."""


@dataclass(frozen=True, kw_only=True)
class WorstRow:
    """A row with a large loss."""

    place: str
    """File and line."""
    truth: str
    predicted: str
    probability: float | None
    """That of the true class; of numbers None."""
    loss: float
    cells: dict[str, str]
    """Its cells as they are written, of the columns that matter."""


@dataclass(frozen=True, kw_only=True)
class WeakRows:
    """Where a model is wrong."""

    metric: str
    """The metric of the slices."""
    overall: float | None
    slices: tuple[WeakSlice, ...]
    """The worst first."""
    slices_measured: int
    """All slices of all columns, of which the worst are kept."""
    worst: tuple[WorstRow, ...]
    """The largest loss first."""
    absent: dict[str, str] = field(default_factory=dict)
    """Why slices or worst are empty."""


def find_weak_rows(model: Model, judged: JudgedRows) -> WeakRows:
    """The weak slices and the worst rows among judged rows."""
    name = model.watched.metric
    return WeakRows(
        metric=name,
        overall=judged.evaluation.metrics.get(name),
        slices=(),
        slices_measured=0,
        worst=tuple(find_worst_rows(model, judged)),
    )


def find_worst_rows(model: Model, judged: JudgedRows) -> Iterator[WorstRow]:
    """The rows with the largest losses, of known classes."""
    head, rows, judgement = model.head, judged.rows, judged.judgement
    told = np.flatnonzero(head.find_known(judgement.truth) & np.isfinite(judgement.losses))
    worst = told[np.argsort(-judgement.losses[told], kind="stable")[:MOST_WORST]]
    said = head.write_answers(judgement.predictions[worst], model.dtype)
    true = head.write_answers(head.make_perfect_values(judgement.truth[worst]), model.dtype)
    for number, row in enumerate(worst.tolist()):
        chance = float(judgement.predictions[row, judgement.truth[row]]) if head.has_classes else None
        yield WorstRow(
            place=rows.describe_place(row).rpartition("/")[2],
            truth=join_answers(true, number),
            predicted=join_answers(said, number),
            probability=chance,
            loss=float(judgement.losses[row]),
            cells={} if rows.are_images else read_cells(rows.require_table("report"), row, model),
        )


def join_answers(columns: Mapping[str, Sequence[str]], row: int) -> str:
    """The answers of a row, of several targets one after the other."""
    return ", ".join(values[row] for values in columns.values())


def read_cells(table: Table, row: int, model: Model) -> dict[str, str]:
    """The cells of a row, of the columns that the model uses."""
    return {name: table.column(name).text(row)[:LONGEST_CELL] for name in model.columns()}
