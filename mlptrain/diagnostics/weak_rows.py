"""Where a model is wrong: slices of the rows by the values of a column, and the rows with the largest losses."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite, nan
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.table import Table
from mlptrain.engine.class_metrics import AUC, Accuracy, Brier, ErrorRate
from mlptrain.engine.metrics import is_larger_better
from mlptrain.engine.proportions import NORMAL_95, count_effective_rows, make_wilson_interval
from mlptrain.explain.importance import make_interval
from mlptrain.explain.scores import KNOWN, LOSS, choose_metric
from mlptrain.model.evaluation import JudgedRows
from mlptrain.model.fitted_network import Judgement
from mlptrain.model.head import Head
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows
from mlptrain.model.slicing import Slicing, slice_rows_by_input

RowNumbers = NDArray[np.intp]
LEAST_ROWS = 20
"""Rows from which on a slice may be weak."""
FEWEST_ROWS = 5
"""Of slices of fewer rows nothing is said: it would mean little, and tell of single rows."""
UNDIVIDED = f"no column divides the rows into slices of {FEWEST_ROWS} rows or more"
MOST_SLICES = 50
"""Slices that are kept, the worst ones."""
SHARES = (Accuracy.name, ErrorRate.name)
"""Metrics that are a share of the rows."""
MOST_CELLS = 12
"""Cells of a row that are shown."""
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
    """The slices of all columns that have rows enough, of which the worst are kept."""
    worst: tuple[WorstRow, ...]
    """The largest loss first."""
    absent: dict[str, str] = field(default_factory=dict)
    """Why slices or worst are empty."""


def find_weak_rows(model: Model, judged: JudgedRows, columns: Sequence[str] | None = None) -> WeakRows:
    """The weak slices and the worst rows among judged rows; the cells shown are of `columns`, by default the first."""
    absent = {}
    scored, slicings = score_rows(model, judged), slice_rows_by_inputs(model, judged.rows)
    slices = measure_slices(scored, slicings) if scored.overall is not None else []
    if not slices:
        why = "images have no columns" if judged.rows.are_images else UNDIVIDED
        absent["slices"] = scored.absent or why
    shown = [*(columns or model.columns())][:MOST_CELLS]
    if not (worst := tuple(find_worst_rows(model, judged, shown))):
        absent["worst"] = judged.judgement.no_loss or "no row has a finite loss"
    return WeakRows(
        metric=scored.name,
        overall=scored.overall,
        slices=tuple(slices[:MOST_SLICES]),
        slices_measured=len(slices),
        worst=worst,
        absent=absent,
    )


@dataclass(frozen=True, kw_only=True)
class ScoredRows:
    """The rows that slices are made of, and the metric that they are measured by."""

    name: str
    head: Head
    judgement: Judgement
    """Of the chosen rows."""
    chosen: RowNumbers
    """Their numbers among the judged rows."""
    overall: float | None
    absent: str = ""
    """Why the metric has no value for all of them together."""

    def measure(self, places: RowNumbers, z: float = NORMAL_95) -> tuple[float | None, tuple[float, float] | None]:
        """The metric of some of the chosen rows, and its interval; None where there is none."""
        some = self.judgement.take(places)
        value, influence = KNOWN[self.name].measure(some, self.head.compare(some.predictions, some.truth))
        if not isfinite(value):
            return None, None
        if self.name in SHARES:
            return value, make_wilson_interval(value, count_effective_rows(some.weights), z)
        rows = len(places)
        error = float(np.sqrt(influence @ influence / (rows * (rows - 1)))) if rows > 1 else nan
        interval = make_interval(value, error, rows, z) if isfinite(error) else None
        return value, None if interval is None else clip_interval(self.name, interval)


def clip_interval(name: str, interval: tuple[float, float]) -> tuple[float, float]:
    """The part of an interval in which the metric can be: the loss alone may be less than 0, only errors above 1."""
    low, high = interval
    return low if name == LOSS else max(low, 0.0), min(high, 1.0) if name in (AUC.name, Brier.name) else high


@np.errstate(all="ignore")  # a metric that is not finite is none
def score_rows(model: Model, judged: JudgedRows) -> ScoredRows:
    """The rows that can be measured by the watched metric, if slices can be, else by the default one of importance.

    Slices cannot be measured by the AUC: it ranks the rows within a slice, and is less wherever a slice narrows what
    tells the classes apart, as one of the best column does, though no row in it is predicted worse.
    """
    head, judgement = model.head, judged.judgement
    watched = model.watched.metric
    name = watched if watched in KNOWN and watched != AUC.name else choose_metric(None, None, head)
    told = np.isfinite(judgement.predictions).all(axis=1)
    if name == LOSS:
        told &= np.isfinite(judgement.losses)
    if name not in SHARES:  # in those a row of an unknown class is a wrong one
        told &= head.find_known(judgement.truth)
    chosen = np.flatnonzero(told)
    scored = ScoredRows(name=name, head=head, judgement=judgement.take(chosen), chosen=chosen, overall=None)
    overall = scored.measure(np.arange(len(chosen)))[0] if len(chosen) else None
    return replace(scored, overall=overall, absent="" if overall is not None else f"{name} is not defined on the rows")


def slice_rows_by_inputs(model: Model, rows: Rows) -> Iterator[Slicing]:
    """The rows by the values of each column that the model uses; images have none."""
    return (slice_rows_by_input(column, rows.inputs) for column in model.columns().values())


@np.errstate(all="ignore")
def measure_slices(scored: ScoredRows, slicings: Iterable[Slicing]) -> list[WeakSlice]:
    """All slices, the worst first: those of enough rows go before, in the order of the better ends of their intervals.

    The intervals are those of 95 % for all slices of enough rows together (Bonferroni).
    """
    parts = [part for slicing in slicings for part in divide_rows(slicing, scored)]
    tests = sum(len(part.places) >= LEAST_ROWS for part in parts)
    z = NormalDist().inv_cdf(1 - 0.025 / max(tests, 1))
    slices = [make_slice(part, scored, z) for part in parts]
    sign = 1 if is_larger_better(scored.name) else -1

    def rank(each: WeakSlice) -> tuple[bool, bool, float]:
        better_end = max(sign * end for end in each.interval) if each.interval else 0.0
        return each.rows < LEAST_ROWS, each.interval is None, better_end

    return sorted(slices, key=rank)


class SliceRows(NamedTuple):
    """The rows of a slice."""

    column: str
    value: str
    places: RowNumbers
    """Their places among the scored rows."""


def divide_rows(slicing: Slicing, scored: ScoredRows) -> Iterator[SliceRows]:
    """The slices that have some of the scored rows, and not too few, but not all."""
    codes = slicing.codes[scored.chosen]
    order = np.argsort(codes, kind="stable")
    different, starts = np.unique(codes[order], return_index=True)
    for code, places in zip(different.tolist(), np.split(order, starts[1:]), strict=True):
        if len(different) > 1 and len(places) >= FEWEST_ROWS:
            yield SliceRows(slicing.column, slicing.values[code], places)


def make_slice(part: SliceRows, scored: ScoredRows, z: float) -> WeakSlice:
    """A slice with its metric."""
    value, interval = scored.measure(part.places, z)
    sign = 1 if is_larger_better(scored.name) else -1
    assert scored.overall is not None
    is_worse = interval is not None and all(sign * end < sign * scored.overall for end in interval)
    return WeakSlice(
        column=part.column,
        value=part.value,
        rows=len(part.places),
        metric=value,
        interval=interval,
        is_weak=is_worse and len(part.places) >= LEAST_ROWS,
    )


def find_worst_rows(model: Model, judged: JudgedRows, columns: Sequence[str]) -> Iterator[WorstRow]:
    """The rows with the largest losses, of known classes and with finite predictions."""
    head, rows, judgement = model.head, judged.rows, judged.judgement
    told = head.find_known(judgement.truth) & np.isfinite(judgement.losses)
    known = np.flatnonzero(told & np.isfinite(judgement.predictions).all(axis=1))
    worst = known[np.argsort(-judgement.losses[known], kind="stable")[:MOST_WORST]]
    said = head.write_answers(judgement.predictions[worst], model.dtype)
    true = head.write_answers(head.make_perfect_values(judgement.truth[worst]), model.dtype)
    for number, row in enumerate(worst.tolist()):
        probabilistic = head.has_classes and head.loss.probabilistic
        yield WorstRow(
            place=re.sub(r".*[/\\]", "", rows.describe_place(row)),
            truth=join_answers(true, number),
            predicted=join_answers(said, number),
            probability=float(judgement.predictions[row, judgement.truth[row]]) if probabilistic else None,
            loss=float(judgement.losses[row]),
            cells={} if rows.are_images else read_cells(rows.require_table("report"), row, columns),
        )


def join_answers(columns: Mapping[str, Sequence[str]], row: int) -> str:
    """The answers of a row, of several targets one after the other."""
    return ", ".join(values[row] for values in columns.values())


def read_cells(table: Table, row: int, columns: Sequence[str]) -> dict[str, str]:
    """The cells of a row as they are written, long ones cut."""
    return {name: shorten_cell(table.column(name).text(row)) for name in columns}


def shorten_cell(text: str) -> str:
    """A text of at most `LONGEST_CELL` characters, the last one an ellipsis if it is cut.

    >>> shorten_cell("short"), shorten_cell("x" * 50)[-2:], len(shorten_cell("x" * 50))
    ('short', 'x…', 40)
    """
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"
