"""Effects of single columns on the predictions f of a model, on B rows x.

* Partial dependence (Friedman, 2001): PD(z) = mean over rows of f(x with the column at z). It follows f also where no
  rows are, as it must where columns go together.
* Accumulated local effects (Apley & Zhu, 2020): ALE(z_k) = Σ up to k of the mean of f(x with z_k) − f(x with z_{k−1})
  over the rows of bin k, (z_{k−1}, z_k]. It looks at each row only near its own value.
* Individual conditional expectation (Goldstein et al., 2015): the curves of single rows, whose mean PD is.

Effects are centred: their mean over the rows is 0. The values z are cells of actual rows, whose encodings are moved.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.date_column import DateColumn
from mlptrain.data.features import FeatureColumn
from mlptrain.data.number_column import NumberColumn
from mlptrain.data.number_texts import sort_numbers_or_texts
from mlptrain.data.odd_cells import OddCells
from mlptrain.data.table import Table
from mlptrain.errors import SpecError
from mlptrain.explain.column_groups import parse_columns
from mlptrain.explain.effect_curves import Effect, EffectCurves, EffectPoint
from mlptrain.explain.encoded_rows import EncodedRows
from mlptrain.explain.row_choice import choose_rows
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows

Doubles = NDArray[np.float64]
RowNumbers = NDArray[np.int64]

EDGES = (0.01, 0.99)
"""The quantiles between which the values of numbers lie: beyond them there are too few rows."""
MOST_POINTS = 24
"""Values of a number, unless another number of them is asked for."""
ROWS_OF_INTERVAL = 10
"""Rows of an interval of accumulated local effects, on average: each adds the mean change of its own rows, which of two
or three rows is noise, to all that follow."""
FEWEST_INTERVALS = 2
"""Intervals of accumulated local effects however few the rows are: one alone shows no shape."""
ICE_LINES = 15
MOST_COLUMNS_WITH_LINES = 100
MOST_LEVELS = 50
"""Levels of a category that are looked at, the most frequent ones."""


@dataclass(frozen=True, kw_only=True)
class Effects:
    """The shape of each column's effect on the prediction."""

    name: Literal["effects"] = "effects"
    columns: str | tuple[str, ...] | None = None
    """The columns, as a text parted by commas; by default all."""
    class_label: str | None = None
    """The class whose probability it is; by default the positive one of two, else all."""
    curve: Literal["auto", "partial_dependence"] = "auto"
    """`auto`: accumulated local effects of numbers and dates, partial dependence of categories."""
    points: Annotated[int, Ge(2)] | None = None
    """The most values of a number; by default 24, with accumulated local effects of few rows fewer: one interval for
    ten rows, but at least two.
    """
    rows_limit: Annotated[int, Ge(2)] = 1000
    """The most rows; of more, as many are drawn."""
    needs_targets: ClassVar[bool] = False
    of_images: ClassVar[bool] = False

    def explain(self, model: Model, rows: Rows, _: Callable[[], float]) -> EffectCurves:
        """The effects of a model's columns on rows."""
        names = self.choose_columns(list(model.columns()))
        places, outputs = choose_outputs(model, self.class_label)
        chosen = choose_rows(rows, self.rows_limit, model.spec.seed)
        odd = OddCells()
        encoded = EncodedRows.encode(model, chosen, odd, with_targets=False)
        probe = Probe(encoded, places, with_lines=len(places) == 1 and len(names) <= MOST_COLUMNS_WITH_LINES)
        table, notices = chosen.require_table("explain"), list[str]()
        found = [self.find_effect(probe, model.columns()[name], table, notices) for name in names]
        return EffectCurves(
            method=self.name,
            rows=chosen.count,
            rows_given=rows.count,
            outputs=outputs,
            of_classes=model.head.has_classes,
            mean=to_floats(probe.mean),
            columns=tuple(sorted(found, key=lambda each: (-measure_range(each), each.column))),
            odd_cells=odd,
            notices=tuple(notices),
        )

    def choose_columns(self, names: list[str]) -> list[str]:
        """The columns that are asked for."""
        if self.columns is None:
            return names
        return parse_columns(self.columns, names, option="columns", why="an effect is of one column")

    def find_effect(self, probe: "Probe", column: FeatureColumn, table: Table, notices: list[str]) -> Effect:
        """The effect of one column."""
        if isinstance(column, CategoryColumn) or (isinstance(column, NumberColumn) and column.boolean):
            return find_level_effects(probe, column, table, notices)
        values = column.read(table)
        texts = table.column(column.name).text if isinstance(column, DateColumn) else None
        local = self.curve == "auto"
        points = self.points or (count_local_points(values) if local else MOST_POINTS)
        return find_number_effects(probe, column.name, values, texts, points=points, local=local)


@dataclass(frozen=True)
class Probe:
    """The predictions of encoded rows, with the cells of a column moved; of the outputs that matter."""

    rows: EncodedRows
    places: RowNumbers
    """The outputs that matter, among all of the model."""
    with_lines: bool = True
    """Whether the curves of single rows are drawn: of one output, and of not too many columns."""

    @property
    def count(self) -> int:
        """B."""
        return self.rows.count

    @cached_property
    def mean(self) -> Doubles:
        """The mean prediction of each output (K,)."""
        return self.move((), np.arange(self.count)).mean(axis=0)

    def move(self, names: tuple[str, ...], donors: RowNumbers) -> Doubles:
        """f (B, K) of each row with the cells of its donor."""
        return self.rows.predict(names, donors)[:, self.places].astype(np.float64)

    def give(self, name: str, donor: int, rows: RowNumbers) -> Doubles:
        """f (rows, K) of some rows, all with the cell of one."""
        return self.rows.predict_one_row((name,), donor, rows)[:, self.places].astype(np.float64)


def find_number_effects(
    probe: Probe, name: str, values: Doubles, text: Callable[[int], str] | None, *, points: int, local: bool
) -> Effect:
    """The effect of a column of numbers, NaN where missing; `text` writes the cell of a row in place of its number."""
    edges = choose_edges(values, points)
    donors = np.array([int((values == z).argmax()) for z in edges], np.int64)
    bins = np.clip(np.searchsorted(edges, values), 1, max(len(edges) - 1, 1))
    inside = (values >= edges[0]) & (values <= edges[-1]) if len(edges) else np.zeros(len(values), bool)
    counts = np.bincount(np.searchsorted(edges, values[inside]), minlength=len(edges))
    lines = draw_ice_lines(probe, name, donors)
    if local:
        effects = accumulate_local_effects(probe, name, donors, np.where(inside, bins, 0))
    else:
        effects = np.array([probe.give(name, donor, np.arange(probe.count)).mean(axis=0) for donor in donors.tolist()])
        effects = effects - probe.mean if len(effects) else effects
    shown = [float(z) if text is None else text(int(row)) for z, row in zip(edges, donors, strict=True)]
    found = zip(shown, counts.tolist(), effects, strict=True)
    return Effect(
        column=name,
        curve="ale" if local else "partial_dependence",
        points=tuple(EffectPoint(value=value, rows=rows, effect=to_floats(effect)) for value, rows, effect in found),
        missing=find_missing_effect(probe, name, np.isnan(values)),
        ice=tuple(to_floats(line) for line in lines),
        has_every_value=len(edges) > 0 and len(np.unique(values[inside])) == len(edges),
    )


def count_local_points(values: Doubles) -> int:
    """The most values of a curve of accumulated local effects: as many as the rows that have a number are worth."""
    intervals = max(int((~np.isnan(values)).sum()) // ROWS_OF_INTERVAL, FEWEST_INTERVALS)
    return min(intervals + 1, MOST_POINTS)


def choose_edges(values: Doubles, points: int) -> Doubles:
    """Ascending actual values between the 1 % and the 99 % quantile: all of few, else those at even quantiles."""
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return known
    low, high = np.quantile(known, EDGES, method="nearest")
    different = np.unique(known[(known >= low) & (known <= high)])
    if len(different) <= points:
        return different
    return np.unique(np.quantile(known, np.linspace(*EDGES, points), method="nearest"))


def accumulate_local_effects(probe: Probe, name: str, donors: RowNumbers, bins: RowNumbers) -> Doubles:
    """ALE (points, K) at the values of the donors; row i is in bin bins[i], from donor b − 1 to b, or in none (0)."""
    if len(donors) < 2:
        return np.zeros((len(donors), len(probe.places)))
    own = np.arange(probe.count)
    upper, lower = (np.where(bins > 0, donors[np.maximum(bins - step, 0)], own) for step in (0, 1))
    change = probe.move((name,), upper) - probe.move((name,), lower)
    counts = np.bincount(bins, minlength=len(donors))[1:]
    sums = np.zeros((len(donors), change.shape[1]))
    np.add.at(sums, bins, change)
    steps = sums[1:] / np.maximum(counts, 1)[:, None]
    curve = np.concatenate([np.zeros((1, change.shape[1])), np.cumsum(steps, axis=0)])
    between: Doubles = (curve[1:] + curve[:-1]) / 2
    return curve - counts @ between / counts.sum()


def draw_ice_lines(probe: Probe, name: str, donors: RowNumbers) -> Doubles:
    """f of some rows at each donor's value (lines, points), of one output: rows evenly spaced by their mean."""
    if not probe.with_lines or len(donors) < 2:
        return np.empty((0, len(donors)))
    some = np.linspace(0, probe.count - 1, min(probe.count, 10 * ICE_LINES)).round().astype(np.int64)
    lines = np.stack([probe.give(name, donor, some)[:, 0] for donor in donors.tolist()], axis=1)
    order = lines.mean(axis=1).argsort(kind="stable")
    return lines[order[np.linspace(0, len(some) - 1, min(len(some), ICE_LINES)).round().astype(np.int64)]]


def find_missing_effect(probe: Probe, name: str, gaps: NDArray[np.bool_]) -> EffectPoint | None:
    """The partial dependence of a missing cell; None where no row has one."""
    if not gaps.any():
        return None
    mean = probe.give(name, int(gaps.argmax()), np.arange(probe.count)).mean(axis=0)
    return EffectPoint(value="", rows=int(gaps.sum()), effect=to_floats(mean - probe.mean))


def find_level_effects(probe: Probe, column: CategoryColumn | NumberColumn, table: Table, notices: list[str]) -> Effect:
    """The partial dependence of the levels of a category, or of true and false."""
    levels = dict(list_level_rows(column, table))
    often = sorted(levels, key=lambda level: -len(levels[level]))[:MOST_LEVELS]
    if len(often) < len(levels):
        notices.append(f'column "{column.name}": effects of the {len(often)} most frequent of {len(levels)} levels')
    whole = np.arange(probe.count)
    effects = {
        level: probe.give(column.name, int(rows[0]), whole).mean(axis=0) - probe.mean
        for level, rows in levels.items()
        if level in often
    }
    points = [
        EffectPoint(value=level, rows=len(levels[level]), effect=to_floats(effect)) for level, effect in effects.items()
    ]
    return Effect(column=column.name, curve="partial_dependence", points=tuple(points))


def list_level_rows(column: CategoryColumn | NumberColumn, table: Table) -> Iterator[tuple[str, RowNumbers]]:
    """Each level that occurs, with its rows; missing cells are the empty text, what training did not see is none."""
    if isinstance(column, NumberColumn):
        values = column.read(table)
        texts = table.column(column.name).text
        for value in (*np.unique(values[~np.isnan(values)]).tolist(), np.nan):
            rows = np.flatnonzero(np.isnan(values) if np.isnan(value) else values == value)
            if len(rows):
                yield ("" if np.isnan(value) else texts(int(rows[0]))), rows
        return
    codes = column.codes(table)
    places = {level: code for code, level in enumerate(column.levels)}
    for level in sort_numbers_or_texts(column.levels):
        if len(rows := np.flatnonzero(codes == places[level])):
            yield level, rows


def choose_outputs(model: Model, label: str | None) -> tuple[RowNumbers, tuple[str, ...]]:
    """The outputs that effects are on, by place and name."""
    head = model.head
    if label is not None:
        if label not in head.classes:
            known = ", ".join(head.classes[:20]) if head.has_classes else "none: the target is a number"
            raise SpecError(f"class: {label!r:.80} is not one of the classes; there are {known}")
        return np.array([list(head.classes).index(label)]), (label,)
    if head.positive_class is not None:
        return choose_outputs(model, head.positive_class)
    names = tuple(head.classes) if head.has_classes else tuple(head.names)
    return np.arange(len(names)), names


def measure_range(effect: Effect) -> float:
    """The widest range of an effect over the outputs; 0 of a column without a known cell."""
    if not effect.list_points():
        return 0.0
    ranges = [effect.find_range(k) for k in range(len(effect.list_points()[0].effect))]
    return max(high - low for low, high in ranges)


def to_floats(values: NDArray[Any]) -> tuple[float, ...]:
    """An array as plain numbers."""
    return tuple(values.astype(np.float64).tolist())
