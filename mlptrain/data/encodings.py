"""Encodings of category columns: what a spec asks for, and what it became on the training rows.

A column is codes (n,): 0 … L − 1 for its L levels in natural order, and L for any other value. `levels` is L; `targets`
(n, K) are numbers, the 0/1 of two classes (K = 1), or the one-hot codes of several.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.random import BitGenerator
from numpy.typing import NDArray

from mlptrain.data.scaling import Affine, Doubles, RobustScaling, SmoothlyClipped, measure_mean_and_deviation
from mlptrain.randomness import permutation

Codes = NDArray[np.int64]
Matrix = NDArray[np.floating[Any]]
OUT_OF_PROPORTION = "its values are out of all proportion"


def explain_level_count_mismatch(levels: int, found: int | str) -> str:
    """The rule that an encoding breaks that was fitted on another number of levels than its column has."""
    return f"it has {levels} levels, not {found}"


class Inputs:
    """Columns of the matrix that are inputs as they are, not codes for which the network has embeddings."""

    code_embedding: ClassVar[tuple[int, int] | None] = None


@dataclass(frozen=True, kw_only=True)
class OneHot(Inputs):
    """One 0/1 column per level, and one more for any other value."""

    name: Literal["one_hot"] = "one_hot"
    levels: int

    @property
    def width(self) -> int:
        return self.levels + 1

    def broken_rules(self, levels: int) -> Iterator[str]:
        """The rules that an encoding from a model file breaks, whose column has some `levels`."""
        if not levels or self.levels != levels:
            yield explain_level_count_mismatch(levels, self.levels)

    def encode(self, codes: Codes, out: Matrix) -> None:
        """Write the columns out (n, width)."""
        out[...] = 0
        out[np.arange(len(codes)), codes] = 1


@dataclass(frozen=True, kw_only=True)
class LevelValues(Inputs):
    """(values[code] − center) / scale: one row of values per level, the last one for any other value."""

    name: Literal["level_values"] = "level_values"
    values: tuple[tuple[float, ...], ...]
    center: tuple[float, ...]
    scale: tuple[float, ...]
    """0 for a column that is constant in the training rows; it is 0 everywhere."""

    @property
    def width(self) -> int:
        return len(self.center)

    def broken_rules(self, levels: int) -> Iterator[str]:
        """There is a row of values for each level and for any other value, as wide as centers and scales."""
        if not levels or len(self.values) != levels + 1:
            yield f"it has {levels} levels, but values of {len(self.values) - 1}"
        elif not self.width or len(self.scale) != self.width or {len(row) for row in self.values} != {self.width}:
            yield "its levels have different numbers of values"
        elif min(self.scale) < 0:
            yield "its scale is below 0"
        else:
            with np.errstate(all="ignore"):
                if not np.isfinite(self.standardised(np.asarray(self.values))).all():
                    yield OUT_OF_PROPORTION

    def encode(self, codes: Codes, out: Matrix) -> None:
        """Write the columns out (n, width)."""
        out[...] = self.standardised(np.asarray(self.values))[codes]

    def standardised(self, values: Doubles) -> Doubles:
        """(values − center) / scale, column by column."""
        scale = np.asarray(self.scale)
        known = np.where(scale > 0, scale, 1)
        return np.where(scale > 0, (values - np.asarray(self.center)) / known, 0)


@dataclass(frozen=True, kw_only=True)
class LevelCodes:
    """The code itself, 0 … L, from which the network's embedding makes `embedding` numbers."""

    name: Literal["codes"] = "codes"
    levels: int
    embedding: int

    @property
    def width(self) -> int:
        return 1

    @property
    def code_embedding(self) -> tuple[int, int]:
        """How many codes there are, and the width of their embedding."""
        return self.levels + 1, self.embedding

    def broken_rules(self, levels: int) -> Iterator[str]:
        """The codes are those of the levels, and are embedded in one number or more."""
        if not levels or self.levels != levels:
            yield explain_level_count_mismatch(levels, self.levels)
        if self.embedding < 1:
            yield "its embedding has no width"

    def encode(self, codes: Codes, out: Matrix) -> None:
        """Write the column out (n, 1)."""
        out[:, 0] = codes


@dataclass(frozen=True, kw_only=True)
class ScaledOneHot(Inputs):
    """on[k] in column k of the row's level k, off[j] in the other columns j; any other value is off everywhere."""

    name: Literal["scaled_one_hot"] = "scaled_one_hot"
    on: tuple[float, ...]
    off: tuple[float, ...]

    @property
    def width(self) -> int:
        return len(self.on)

    def broken_rules(self, levels: int) -> Iterator[str]:
        """There are two values for each level, and no scaled one is beyond ±3."""
        if not 0 < levels == len(self.on) == len(self.off):
            yield f"it has {levels} levels, but values of {len(self.on)}"
        elif max(map(abs, self.on + self.off)) > 3:
            yield OUT_OF_PROPORTION

    def encode(self, codes: Codes, out: Matrix) -> None:
        """Write the columns out (n, width)."""
        out[...] = np.asarray(self.off)
        known = np.flatnonzero(codes < self.width)
        out[known, codes[known]] = np.asarray(self.on)[codes[known]]


FittedEncoding = OneHot | LevelValues | LevelCodes | ScaledOneHot


class LevelEncoding:
    """The usual case of an encoding that a spec asks for: levels have no order, and targets play no part."""

    # Whether levels have an order, in which missing has no place.
    orders_levels: ClassVar[bool] = False
    # Whether the columns depend on targets, so that training rows need others than later rows.
    sees_targets: ClassVar[bool] = False

    def cross_fit(
        self, fitted: FittedEncoding, codes: Codes, *, levels: int, targets: Doubles, bits: BitGenerator
    ) -> Doubles:
        """The columns (n, width) of the training rows, n ≥ 2: without any trace of a row's own target in the row."""
        out = np.empty((len(codes), fitted.width))
        fitted.encode(codes, out)
        return out


@dataclass(frozen=True, kw_only=True)
class OneHotEncoding(LevelEncoding):
    """1 in the column of the row's level, 0 in those of the others; one column more for any other value."""

    name: Literal["one_hot"] = "one_hot"

    def fit(self, codes: Codes, *, levels: int, targets: Doubles) -> FittedEncoding:
        return OneHot(levels=levels)


@dataclass(frozen=True, kw_only=True)
class RobustOneHotEncoding(LevelEncoding):
    """One-hot columns scaled as the robust scaling does; two levels are one column of ±1 (RealMLP, 2024).

    z / √(1 + (z / 3)²) of z = (x − median) / (q75 − q25), or 2 (x − median) / (max − min) where the quartiles are
    equal: 0 and 1.66 for a rare level. Any other value has 0 in all columns before they are scaled.
    """

    name: Literal["robust_one_hot"] = "robust_one_hot"

    def fit(self, codes: Codes, *, levels: int, targets: Doubles) -> FittedEncoding:
        if levels == 2:
            raw = np.array([1.0, -1.0, 0.0])
            scaled = fit_robust_scaling(raw[codes])(raw)
            return LevelValues(values=tuple((value,) for value in scaled.tolist()), center=(0.0,), scale=(1.0,))
        scalings = [fit_robust_scaling((codes == level).astype(np.float64)) for level in range(levels)]
        off, on = np.array([scaling(np.array([0.0, 1.0])) for scaling in scalings]).reshape(levels, 2).T
        return ScaledOneHot(on=tuple(on.tolist()), off=tuple(off.tolist()))


@dataclass(frozen=True, kw_only=True)
class EmbeddingEncoding(LevelEncoding):
    """A learned row of `width` numbers for each level, and one for any other value; few levels are one-hot columns."""

    name: Literal["embedding"] = "embedding"
    width: Annotated[int, Ge(1), Le(1000)] = 8
    """The numbers of each level."""
    one_hot_up_to: Annotated[int, Ge(0)] = 8
    """Columns of no more levels than this are one-hot, scaled as the robust scaling does."""

    def fit(self, codes: Codes, *, levels: int, targets: Doubles) -> FittedEncoding:
        if levels <= self.one_hot_up_to:
            return RobustOneHotEncoding().fit(codes, levels=levels, targets=targets)
        return LevelCodes(levels=levels, embedding=self.width)


@dataclass(frozen=True, kw_only=True)
class OrdinalEncoding(LevelEncoding):
    """(k − mean) / standard deviation of the level's place k in natural order; any other value is the mean, 0."""

    name: Literal["ordinal"] = "ordinal"
    orders_levels: ClassVar[bool] = True

    def fit(self, codes: Codes, *, levels: int, targets: Doubles) -> LevelValues:
        known = codes[codes < levels]
        other = known.mean() if known.size else 0.0
        return standardise_level_values(np.append(np.arange(levels), other)[:, None], codes)


@dataclass(frozen=True, kw_only=True)
class FrequencyEncoding(LevelEncoding):
    """(f − mean) / standard deviation of f = the share of the training rows that have the row's level."""

    name: Literal["frequency"] = "frequency"

    def fit(self, codes: Codes, *, levels: int, targets: Doubles) -> LevelValues:
        shares = np.bincount(codes, minlength=levels + 1) / len(codes)
        return standardise_level_values(shares[:, None], codes)


@dataclass(frozen=True, kw_only=True)
class TargetEncoding(LevelEncoding):
    """(t − mean) / standard deviation of t = λ · (mean target of the level) + (1 − λ) · (mean target of all rows).

    For classes t is one column per class (one for two classes). Training rows get the t of the other folds' rows, so
    that no row sees its own target; later rows get that of all training rows; any other value is the mean target.
    Where the deviation is below the standard error of t, the error takes its place: chance is not blown up.
    (Micci-Barreca, 2001; the formulas of scikit-learn's TargetEncoder.)
    """

    name: Literal["target"] = "target"
    smoothing: Literal["auto"] | Annotated[float, Ge(0)] = "auto"
    """For a level of n rows, λ = n / (n + m) of a number m (as if m rows with the mean target joined it), or auto, the
    empirical Bayes λ = n s² / (n s² + sₗ²), where s² and sₗ² are the variances of the target in all rows and in it."""
    folds: Annotated[int, Ge(2), Le(100)] = 5
    """Into how many parts the training rows are divided, each encoded from the others."""
    sees_targets: ClassVar[bool] = True

    def fit(self, codes: Codes, *, levels: int, targets: Doubles) -> LevelValues:
        means, errors = compute_smoothed_level_means(codes, levels, targets, smoothing=self.smoothing)
        largest = np.abs(errors).max(axis=0)
        relative = errors / np.where(largest > 0, largest, 1)  # squares stay in range
        return standardise_level_values(means, codes, least=largest * np.sqrt(np.square(relative)[codes].mean(axis=0)))

    def cross_fit(
        self, fitted: FittedEncoding, codes: Codes, *, levels: int, targets: Doubles, bits: BitGenerator
    ) -> Doubles:
        assert isinstance(fitted, LevelValues)
        out = np.empty((len(codes), fitted.width))
        fold = draw_folds(len(codes), self.folds, bits)
        for number in range(min(self.folds, len(codes))):
            inside, rest = fold == number, fold != number
            means, _ = compute_smoothed_level_means(codes[rest], levels, targets[rest], smoothing=self.smoothing)
            out[inside] = fitted.standardised(means)[codes[inside]]
        return out


Encoding = (
    OneHotEncoding | RobustOneHotEncoding | EmbeddingEncoding | OrdinalEncoding | FrequencyEncoding | TargetEncoding
)


def fit_robust_scaling(values: Doubles) -> SmoothlyClipped | Affine:
    """The robust scaling of a column; a constant one is 0 in all rows."""
    fitted = RobustScaling().fit(values)
    return Affine(center=fitted.center, scale=np.inf) if fitted.degenerate else fitted


def draw_folds(rows: int, folds: int, bits: BitGenerator) -> Codes:
    """The fold 0 … folds − 1 of each row, drawn, of sizes that differ by one at most."""
    fold = np.empty(rows, np.int64)
    fold[permutation(bits, rows)] = np.arange(rows) % folds
    return fold


def standardise_level_values(values: Doubles, codes: Codes, *, least: Doubles | float = 0.0) -> LevelValues:
    """Values (L + 1, width), standardised over the rows, by no less than `least` (width,)."""
    moments = [measure_mean_and_deviation(column[codes]) for column in values.T]
    center, scale = (tuple(each) for each in zip(*moments, strict=True))
    return LevelValues(
        values=tuple(tuple(row) for row in values.tolist()),
        center=center,
        scale=tuple(np.maximum(scale, least).tolist()),
    )


def compute_smoothed_level_means(
    codes: Codes, levels: int, targets: Doubles, *, smoothing: float | Literal["auto"]
) -> tuple[Doubles, Doubles]:
    """t = λ Σ y / n + (1 − λ) ȳ of each level, and its standard error s √(λ² / n + (1 − λ)² / N), both (levels + 1, K).

    ȳ and s are mean and deviation of all N rows; λ is 0 in the last row and for levels without rows.
    """
    _, exponent = np.frexp(np.abs(targets).max(axis=0))
    scaled = np.ldexp(targets, -exponent)  # by a power of two, which changes no digit: squares stay in range
    mean = np.where(np.ptp(scaled, axis=0) > 0, scaled.mean(axis=0), scaled[0])
    y, known = scaled - mean, codes < levels
    own, variance = codes[known], np.square(y).mean(axis=0)
    n = np.bincount(own, minlength=levels)[:, None]
    rows = np.maximum(n, 1)
    means = sum_by_code(y[known], own, levels) / rows
    within = sum_by_code(np.square(y[known] - means[own]), own, levels) / rows
    weight, against = (n * variance, within) if smoothing == "auto" else (n + 0 * mean, smoothing)
    total = weight + against
    shrinkage = np.where(total > 0, weight / np.where(total > 0, total, 1), 0)
    t, error = shrinkage * means, np.square(shrinkage) / rows + np.square(1 - shrinkage) / len(codes)
    t, error = np.append(t, [0 * mean], axis=0), np.append(error, [0 * mean + 1 / len(codes)], axis=0)
    return np.ldexp(mean + t, exponent), np.ldexp(np.sqrt(variance * error), exponent)


def sum_by_code(y: Doubles, codes: Codes, count: int) -> Doubles:
    """Σ y over the rows of each code (count, K)."""
    return np.stack([np.bincount(codes, column, count) for column in y.T], axis=1)
