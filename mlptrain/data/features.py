"""Columns to the matrix the network sees, and the target to what the loss wants, and back.

What is fitted (statistics of the training rows only, in float64) is plain numbers and texts in frozen dataclasses: they
go into the model file as they are.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.columns import Kind, Understood, booleans, natural_order, numbers, understand
from mlptrain.data.table import Table, listed
from mlptrain.errors import DataError
from mlptrain.randomness import stream, uniform

Doubles = NDArray[np.float64]
Matrix = NDArray[np.floating[Any]]
OTHER = "(other)"


@dataclass(frozen=True, kw_only=True)
class StandardScaling:
    """(x − mean) / standard deviation, the population one, over the training rows."""

    name: Literal["standard"] = "standard"

    def fit(self, values: Doubles) -> tuple[float, float]:
        _, exponent = np.frexp(np.abs(values).max())
        scaled = np.ldexp(values, -exponent)  # by a power of two, which changes no digit: squares stay in range
        return float(np.ldexp(scaled.mean(), exponent)), float(np.ldexp(scaled.std(), exponent))


@dataclass(frozen=True, kw_only=True)
class MinMaxScaling:
    """(x − min) / (max − min) over the training rows: 0 … 1."""

    name: Literal["min_max"] = "min_max"

    def fit(self, values: Doubles) -> tuple[float, float]:
        return float(values.min()), float(values.max() - values.min())


@dataclass(frozen=True, kw_only=True)
class NoScaling:
    """x, as it is."""

    name: Literal["none"] = "none"

    def fit(self, values: Doubles) -> tuple[float, float]:
        return 0.0, 1.0


Scaling = StandardScaling | MinMaxScaling | NoScaling


@dataclass(frozen=True, kw_only=True)
class Imputing:
    """How missing numbers are filled: by the `strategy` statistic of the training rows, with a 0/1 column beside it."""

    strategy: Literal["median", "mean"] = "median"
    indicator: bool = True
    """Whether a column that has missing cells in training gets a second one that says where."""

    def fit(self, values: Doubles) -> float:
        return float(np.median(values) if self.strategy == "median" else values.mean())


@dataclass(frozen=True, kw_only=True)
class NumberColumn:
    """One number (or truth value) a row: (x − center) / scale; missing ones are filled, and marked if fitted so."""

    kind: Literal["number"] = "number"
    name: str
    boolean: bool
    fill: float
    center: float
    scale: float
    indicator: bool

    @property
    def width(self) -> int:
        return 1 + self.indicator

    def read(self, table: Table, missing: Collection[str]) -> Doubles:
        return (booleans if self.boolean else numbers)(table, self.name, missing)

    def encode(self, table: Table, missing: Collection[str], out: Matrix) -> int:
        """Write the column(s) of the matrix; the number of cells that were filled is returned."""
        values = self.read(table, missing)
        gaps = np.isnan(values)
        with np.errstate(over="ignore"):
            scaled = (np.where(gaps, self.fill, values) - self.center) / self.scale
        large = np.abs(scaled) > np.finfo(out.dtype).max
        if large.any():
            row = int(large.argmax())
            why = f"{table.columns[self.name][row]!r} is out of all proportion to the training rows; mend it"
            raise table.fault(row, self.name, why)
        out[:, 0] = scaled
        if self.indicator:
            out[:, 1] = gaps
        return int(gaps.sum())


@dataclass(frozen=True, kw_only=True)
class CategoryColumn:
    """One 0/1 column per level seen in training, and one slot more for every other value."""

    kind: Literal["category"] = "category"
    name: str
    levels: tuple[str, ...]

    @property
    def width(self) -> int:
        return len(self.levels) + 1

    def codes(self, table: Table) -> NDArray[np.int64]:
        """The position of each cell's level; the slot's for any other value."""
        cells = table.column(self.name)
        position = {level: code for code, level in enumerate(self.levels)}
        return np.fromiter((position.get(cell, len(self.levels)) for cell in cells), np.int64, len(cells))

    def encode(self, table: Table, missing: Collection[str], out: Matrix) -> int:
        """Write the columns of the matrix; the number of cells that fell into the slot is returned."""
        codes = self.codes(table)
        out[...] = 0
        out[np.arange(len(codes)), codes] = 1
        return int((codes == len(self.levels)).sum())


FeatureColumn = NumberColumn | CategoryColumn


@dataclass(frozen=True, kw_only=True)
class Features:
    """The fitted input columns, in the order of the training table, and what was left out and why."""

    columns: tuple[FeatureColumn, ...]
    ignored: Mapping[str, str] = field(default_factory=dict)
    missing_values: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return sum(column.width for column in self.columns)

    def encode(self, table: Table, dtype: np.dtype[Any], counts: dict[str, int] | None = None) -> Matrix:
        """The matrix (rows, width); `counts` gets the number of filled or unseen cells of each column that has some."""
        absent = [column.name for column in self.columns if column.name not in table.columns]
        if absent:
            raise DataError(table.missing(absent))
        matrix = np.empty((table.rows, self.width), dtype)
        marks, start = {"", *self.missing_values}, 0
        for column in self.columns:
            odd = column.encode(table, marks, matrix[:, start : start + column.width])
            start += column.width
            if odd and counts is not None:
                counts[column.name] = odd
        return matrix


HIDDEN = 0.01
"""The share of category cells that are hidden in training, so that the slot for unseen values is a trained one."""


def hide_categories(features: Features, matrix: Matrix, seed: int) -> None:
    """Move a random share of each category column's cells into its slot for other values, in place."""
    start = 0
    for position, column in enumerate(features.columns):
        if isinstance(column, CategoryColumn):
            hidden = uniform(stream(seed, "hide", position), (len(matrix),)) < HIDDEN
            matrix[hidden, start : start + column.width] = 0
            matrix[hidden, start + column.width - 1] = 1
        start += column.width


@dataclass(frozen=True, kw_only=True)
class FeatureRules:
    """What a spec says about columns: kinds that overrule what is found, texts that mean missing, scaling, filling."""

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    missing_values: tuple[str, ...] = ()
    scaling: Scaling = field(default_factory=StandardScaling)
    imputing: Imputing = field(default_factory=Imputing)
    min_frequency: int = 1


def understand_columns(table: Table, names: Sequence[str], rules: FeatureRules) -> dict[str, Understood]:
    """The kind of each of the columns: the spec's, or what its cells say."""
    marks = {"", *rules.missing_values}
    return {
        name: Understood(rules.kinds[name], "as declared") if name in rules.kinds else understand(table, name, marks)
        for name in names
    }


def fit_features(table: Table, understood: Mapping[str, Understood], rules: FeatureRules) -> Features:
    """Fit the columns on the training rows."""
    marks = {"", *rules.missing_values}
    columns: list[FeatureColumn] = []
    ignored = {}
    for name, found in understood.items():
        column = None if found.kind == "ignore" else fit_column(table, name, found.kind, marks, rules)
        if column is None:
            rare = " or too rare" if found.kind == "category" and rules.min_frequency > 1 else ""
            ignored[name] = found.note if found.kind == "ignore" else f"constant{rare} in the training rows"
        else:
            columns.append(column)
    if not columns:
        left_out = f"left out: {listed(ignored)}" if ignored else "there is none beside the target"
        raise DataError(f"{table.name}: no column is left to learn from; {left_out}")
    return Features(columns=tuple(columns), ignored=ignored, missing_values=rules.missing_values)


def fit_column(
    table: Table, name: str, kind: Kind, marks: Collection[str], rules: FeatureRules
) -> FeatureColumn | None:
    """One fitted column; None where it is constant in the training rows."""
    if kind == "category":
        cells = table.column(name)
        counts = dict.fromkeys(natural_order(set(cells) - set(marks)), 0)
        for cell in cells:
            if cell in counts:
                counts[cell] += 1
        levels = tuple(level for level, count in counts.items() if count >= rules.min_frequency)
        return CategoryColumn(name=name, levels=levels) if len(set(cells)) > 1 and levels else None
    values = (booleans if kind == "boolean" else numbers)(table, name, marks)
    known = values[~np.isnan(values)]
    if not known.size or known.min() == known.max():
        return None
    center, scale = rules.scaling.fit(known)
    if scale == 0:
        return None
    return NumberColumn(
        name=name,
        boolean=kind == "boolean",
        fill=rules.imputing.fit(known),
        center=center,
        scale=scale,
        indicator=rules.imputing.indicator and known.size < values.size,
    )


@dataclass(frozen=True, kw_only=True)
class PixelFeatures:
    """Images as rows of pixels / 255."""

    shape: tuple[int, ...]
    columns: tuple[()] = ()
    ignored: Mapping[str, str] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return int(np.prod(self.shape))

    def encode_images(self, images: NDArray[np.uint8], dtype: np.dtype[Any]) -> Matrix:
        return images.reshape(len(images), self.width).astype(dtype) / 255


@dataclass(frozen=True, kw_only=True)
class ClassTarget:
    """A target of classes, coded 0 … K − 1 in natural order."""

    kind: Literal["classes"] = "classes"
    name: str
    classes: tuple[str, ...]

    def codes(self, cells: Sequence[str]) -> NDArray[np.int64]:
        """The code of each cell, −1 for a class that training did not have."""
        position = {label: code for code, label in enumerate(self.classes)}
        return np.fromiter((position.get(cell, -1) for cell in cells), np.int64, len(cells))


@dataclass(frozen=True, kw_only=True)
class NumberTarget:
    """One or several numbers: the network sees (y − center) / scale; metrics and predictions have the user's units."""

    kind: Literal["numbers"] = "numbers"
    names: tuple[str, ...]
    center: tuple[float, ...]
    scale: tuple[float, ...]

    def read(self, table: Table) -> Doubles:
        """The values (rows, targets) in the user's units."""
        return np.stack([numbers(table, name, ()) for name in self.names], axis=1)

    def scaled(self, values: Doubles, dtype: np.dtype[Any]) -> Matrix:
        scaled = (values - np.asarray(self.center)) / np.asarray(self.scale)
        large = (np.abs(scaled) > np.finfo(dtype).max).any(axis=0)
        if large.any():
            name = self.names[int(large.argmax())]
            raise DataError(f'column "{name}": there are targets too large for {dtype}; set data.scale_target: true')
        return scaled.astype(dtype)

    def unscaled(self, predicted: Matrix) -> Doubles:
        return predicted.astype(np.float64) * np.asarray(self.scale) + np.asarray(self.center)


Target = ClassTarget | NumberTarget


def require_present(table: Table, names: Sequence[str], marks: Collection[str]) -> None:
    """An error that counts the rows without a target and names the first lines."""
    for name in names:
        gaps = [row for row, cell in enumerate(table.column(name)) if cell in marks]
        if gaps:
            lines = ", ".join(str(table.line_of(row)) for row in gaps[:5]) + (" …" if len(gaps) > 5 else "")
            raise table.fault(
                gaps[0], name, f"the target is missing in {len(gaps)} rows (lines {lines}); remove them or fill them in"
            )


def fit_classes(name: str, cells: Sequence[str], source: str) -> ClassTarget:
    """The classes of a target column."""
    classes = tuple(natural_order(set(cells)))
    if len(classes) < 2:
        raise DataError(f'{source}: column "{name}": there is one class only, {classes[0]!r}; nothing can be learned')
    return ClassTarget(name=name, classes=classes)


def fit_numbers(names: tuple[str, ...], values: Doubles, *, scaled: bool, source: str) -> NumberTarget:
    """Center and scale of number targets: mean and standard deviation, or 0 and 1 where they are not to be scaled."""
    for position, name in enumerate(names):
        if len(values) and values[:, position].min() == values[:, position].max():
            raise DataError(f'{source}: column "{name}": the target is constant; nothing can be learned')
    if not scaled:
        return NumberTarget(names=names, center=(0.0,) * len(names), scale=(1.0,) * len(names))
    centers, scales = zip(*(StandardScaling().fit(column) for column in values.T), strict=True)
    return NumberTarget(names=names, center=centers, scale=scales)
