"""How a spec wants missing numbers to be filled."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Imputing:
    """How missing numbers are filled, with a 0/1 column beside them that says where.

    Missing categories are a level of their own; missing dates are filled by the median date.
    """

    strategy: Literal["median", "mean", "constant", "drop_row"] = "median"
    """By a statistic of the training rows or by `value`; `drop_row` leaves such rows out of training and validation
    (in `eval` and `predict`, where every row counts, the median takes their place)."""
    value: float = 0.0
    """The number that `constant` fills in."""
    indicator: bool = True
    """Add a second column, 1 where the cell was missing, to each column that has missing cells in training."""

    def fit(self, values: NDArray[np.float64]) -> float:
        """The number that fills gaps, from the known numbers of the training rows."""
        if self.strategy == "constant":
            return self.value
        return float(values.mean() if self.strategy == "mean" else np.median(values))
