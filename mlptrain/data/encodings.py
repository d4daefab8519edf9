"""Encodings of category columns: what a spec asks for, and what it became on the training rows.

A column is codes (n,): 0 … L − 1 for its L levels in natural order, and L for any other value. `levels` is L; `targets`
(n, K) are numbers, the 0/1 of two classes (K = 1), or the one-hot codes of several.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.random import BitGenerator
from numpy.typing import NDArray

from mlptrain.data.scaling import Affine, Doubles, RobustScaling, SmoothlyClipped, mean_and_deviation
from mlptrain.randomness import permutation

Codes = NDArray[np.int64]
Matrix = NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True)
class OneHot:
    """One 0/1 column per level, and one more for any other value."""

    name: Literal["one_hot"] = "one_hot"
    levels: int

    @property
    def width(self) -> int:
        return self.levels + 1

    def encode(self, codes: Codes, out: Matrix) -> None:
        """Write the columns out (n, width)."""
        out[...] = 0
        out[np.arange(len(codes)), codes] = 1


@dataclass(frozen=True, kw_only=True)
class LevelValues:
    """(values[code] − center) / scale: one row of values per level, the last one for any other value."""

    name: Literal["level_values"] = "level_values"
    values: tuple[tuple[float, ...], ...]
    center: tuple[float, ...]
    scale: tuple[float, ...]
    """0 for a column that is constant in the training rows; it is 0 everywhere."""

    @property
    def width(self) -> int:
        return len(self.center)

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
    """The code itself, 0 … L, of which the network's embedding makes `embedding` numbers."""

    name: Literal["codes"] = "codes"
    levels: int
    embedding: int

    @property
    def width(self) -> int:
        return 1

    def encode(self, codes: Codes, out: Matrix) -> None:
        """Write the column out (n, 1)."""
        out[:, 0] = codes


@dataclass(frozen=True, kw_only=True)
class ScaledOneHot:
    """on[k] in column k of the row's level k, off[j] in the other columns j; any other value is off everywhere."""

    name: Literal["scaled_one_hot"] = "scaled_one_hot"
    on: tuple[float, ...]
    off: tuple[float, ...]

    @property
    def width(self) -> int:
        return len(self.on)

    def encode(self, codes: Codes, out: Matrix) -> None:
        """Write the columns out (n, width)."""
        out[...] = np.asarray(self.off)
        known = np.flatnonzero(codes < self.width)
        out[known, codes[known]] = np.asarray(self.on)[codes[known]]


FittedEncoding = OneHot | LevelValues | LevelCodes | ScaledOneHot


@dataclass(frozen=True, kw_only=True)
class OneHotEncoding:
    """1 in the column of the row's level, 0 in those of the others; one column more for any other value."""

    name: Literal["one_hot"] = "one_hot"

    def fit(self, codes: Codes, *, levels: int, targets: Doubles) -> FittedEncoding:
        return OneHot(levels=levels)


@dataclass(frozen=True, kw_only=True)
class RobustOneHotEncoding:
    """One-hot columns scaled as the robust scaling does; two levels are one column of ±1 (RealMLP, 2024).

    z / √(1 + (z / 3)²) of z = (x − median) / (q75 − q25), or 2 (x − median) / (max − min) where the quartiles are
    equal: 0 and 1.66 for a rare level. Any other value has 0 in all columns before they are scaled.
    """

    name: Literal["robust_one_hot"] = "robust_one_hot"

    def fit(self, codes: Codes, *, levels: int, targets: Doubles) -> FittedEncoding:
        if levels == 2:
            raw = np.array([1.0, -1.0, 0.0])
            scaled = robust(raw[codes])(raw)
            return LevelValues(values=tuple((value,) for value in scaled.tolist()), center=(0.0,), scale=(1.0,))
        scalings = [robust((codes == level).astype(np.float64)) for level in range(levels)]
        off, on = np.array([scaling(np.array([0.0, 1.0])) for scaling in scalings]).reshape(levels, 2).T
        return ScaledOneHot(on=tuple(on.tolist()), off=tuple(off.tolist()))


@dataclass(frozen=True, kw_only=True)
class EmbeddingEncoding:
    """A learned row of `width` numbers for each level, and one for any other value; few levels are one-hot columns."""

    name: Literal["embedding"] = "embedding"
    width: Annotated[int, Ge(1), Le(1000)] = 8
    one_hot_up_to: Annotated[int, Ge(0)] = 8
    """Columns of no more levels than this are one-hot, scaled as the robust scaling does."""

    def fit(self, codes: Codes, *, levels: int, targets: Doubles) -> FittedEncoding:
        if levels <= self.one_hot_up_to:
            return RobustOneHotEncoding().fit(codes, levels=levels, targets=targets)
        return LevelCodes(levels=levels, embedding=self.width)


@dataclass(frozen=True, kw_only=True)
class OrdinalEncoding:
    """(k − mean) / standard deviation of the level's place k in natural order; any other value is the mean, 0."""

    name: Literal["ordinal"] = "ordinal"

    def fit(self, codes: Codes, *, levels: int, targets: Doubles) -> LevelValues:
        known = codes[codes < levels]
        other = known.mean() if known.size else 0.0
        return level_values(np.append(np.arange(levels), other)[:, None], codes)


@dataclass(frozen=True, kw_only=True)
class FrequencyEncoding:
    """(f − mean) / standard deviation of f = the share of the training rows that have the row's level."""

    name: Literal["frequency"] = "frequency"

    def fit(self, codes: Codes, *, levels: int, targets: Doubles) -> LevelValues:
        shares = np.bincount(codes, minlength=levels + 1) / len(codes)
        return level_values(shares[:, None], codes)


@dataclass(frozen=True, kw_only=True)
class TargetEncoding:
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

    def fit(self, codes: Codes, *, levels: int, targets: Doubles) -> LevelValues:
        means, errors = smoothed_means(codes, levels, targets, smoothing=self.smoothing)
        largest = np.abs(errors).max(axis=0)
        relative = errors / np.where(largest > 0, largest, 1)  # squares stay in range
        return level_values(means, codes, least=largest * np.sqrt(np.square(relative)[codes].mean(axis=0)))


Encoding = (
    OneHotEncoding | RobustOneHotEncoding | EmbeddingEncoding | OrdinalEncoding | FrequencyEncoding | TargetEncoding
)


def robust(values: Doubles) -> SmoothlyClipped | Affine:
    """The robust scaling of a column; a constant one is 0 in all rows."""
    fitted = RobustScaling().fit(values)
    return Affine(center=fitted.center, scale=np.inf) if fitted.degenerate else fitted


def cross_fitted(
    encoding: Encoding, fitted: FittedEncoding, codes: Codes, *, levels: int, targets: Doubles, bits: BitGenerator
) -> Doubles:
    """The columns (n, width) of the training rows, n ≥ 2: without any trace of a row's own target in the row."""
    out = np.empty((len(codes), fitted.width))
    if not isinstance(encoding, TargetEncoding) or not isinstance(fitted, LevelValues):
        fitted.encode(codes, out)
        return out
    folds = folds_of_rows(len(codes), encoding.folds, bits)
    for fold in range(min(encoding.folds, len(codes))):
        inside, rest = folds == fold, folds != fold
        means, _ = smoothed_means(codes[rest], levels, targets[rest], smoothing=encoding.smoothing)
        out[inside] = fitted.standardised(means)[codes[inside]]
    return out


def folds_of_rows(rows: int, folds: int, bits: BitGenerator) -> Codes:
    """The fold 0 … folds − 1 of each row, drawn, of sizes that differ by one at most."""
    fold = np.empty(rows, np.int64)
    fold[permutation(bits, rows)] = np.arange(rows) % folds
    return fold


def level_values(values: Doubles, codes: Codes, *, least: Doubles | float = 0.0) -> LevelValues:
    """Values (L + 1, width), standardised over the rows, by no less than `least` (width,)."""
    moments = [mean_and_deviation(column[codes]) for column in values.T]
    center, scale = (tuple(each) for each in zip(*moments, strict=True))
    return LevelValues(
        values=tuple(tuple(row) for row in values.tolist()),
        center=center,
        scale=tuple(np.maximum(scale, least).tolist()),
    )


def smoothed_means(
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
    means = sums_by_code(y[known], own, levels) / rows
    within = sums_by_code(np.square(y[known] - means[own]), own, levels) / rows
    weight, against = (n * variance, within) if smoothing == "auto" else (n + 0 * mean, smoothing)
    total = weight + against
    shrinkage = np.where(total > 0, weight / np.where(total > 0, total, 1), 0)
    t, error = shrinkage * means, np.square(shrinkage) / rows + np.square(1 - shrinkage) / len(codes)
    t, error = np.append(t, [0 * mean], axis=0), np.append(error, [0 * mean + 1 / len(codes)], axis=0)
    return np.ldexp(mean + t, exponent), np.ldexp(np.sqrt(variance * error), exponent)


def sums_by_code(y: Doubles, codes: Codes, count: int) -> Doubles:
    """Σ y over the rows of each code (count, K)."""
    return np.stack([np.bincount(codes, column, count) for column in y.T], axis=1)
