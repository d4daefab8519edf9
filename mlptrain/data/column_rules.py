"""What a spec says about columns: kinds, missing values, scaling, filling, encoding; for all and one by one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from mlptrain.data.columns import Kind
from mlptrain.data.encodings import (
    Encoding,
    OneHotEncoding,
)
from mlptrain.data.scaling import Scaling, StandardScaling

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]
Matrix = NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True)
class Imputing:
    """How missing numbers are filled, and whether a 0/1 column beside them says where.

    Missing categories are a level of their own; missing dates are filled by the median date.
    """

    strategy: Literal["median", "mean", "constant", "drop_row"] = "median"
    """By a statistic of the training rows or by `value`; `drop_row` leaves such rows out of training and validation
    (in `eval` and `predict`, where every row counts, the median takes their place)."""
    value: float = 0.0
    """What `constant` fills in."""
    indicator: bool = True
    """Whether a column that has missing cells in training gets a second one that says where."""

    def fit(self, values: Doubles) -> float:
        """What is filled in, from the known numbers of the training rows."""
        if self.strategy == "constant":
            return self.value
        return float(values.mean() if self.strategy == "mean" else np.median(values))


@dataclass(frozen=True, kw_only=True)
class ColumnRules:
    """What a spec says about one column, where it differs from what `data` says about all of them."""

    type: Kind | None = None
    """number, category, boolean, date (elapsed time and cycles) or ignore; by default what its cells say."""
    scaling: Scaling | None = None
    imputing: Imputing | None = None
    encoding: Encoding | None = None
    min_frequency: Annotated[int, Ge(1), Le(10**9)] | None = None
    levels: tuple[str, ...] | None = None
    """The levels of a category in their order, for the ordinal encoding; other values share the slot for unseen."""
    format: str | None = None
    """How dates are written: DD/MM/YYYY, MM/DD/YYYY, or %d %B %Y and the like; by default it is found out."""
    missing_values: tuple[str, ...] = ()
    """Texts that mean missing in this column, beside those of `data`."""


@dataclass(frozen=True, kw_only=True)
class FeatureRules:
    """What a spec says about columns: kinds, missing values, scaling, filling, encoding; for all and one by one."""

    columns: Mapping[str, ColumnRules] = field(default_factory=dict)
    missing_values: tuple[str, ...] = ()
    scaling: Scaling = field(default_factory=StandardScaling)
    imputing: Imputing = field(default_factory=Imputing)
    encoding: Encoding = field(default_factory=OneHotEncoding)
    min_frequency: int = 1

    def of(self, name: str) -> ColumnRules:
        """The column's own rules."""
        return self.columns.get(name, ColumnRules())

    def missing(self, name: str) -> tuple[str, ...]:
        """The texts that mean missing in a column, beside the empty cell."""
        return tuple(dict.fromkeys((*self.missing_values, *self.of(name).missing_values)))
