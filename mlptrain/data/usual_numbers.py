"""What numbers a column had in training, before any scaling, and which later ones are far out of them.

With the smallest and the largest training number, lowest and highest, and their standard deviation s, a number x is far
out if x < lowest − 1000 s or x > highest + 1000 s. A scaling has no say in it: one that clips shows no sign of such x.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from mlptrain.data.odd_cells import BEYOND, Flags
from mlptrain.data.scaling import Doubles, measure_mean_and_deviation


@dataclass(frozen=True, kw_only=True)
class UsualNumbers:
    """The smallest and the largest training number, and the population standard deviation of all of them."""

    lowest: float
    highest: float
    deviation: float

    @classmethod
    def fit(cls, known: Doubles) -> Self:
        """From the known numbers of the training rows, of which there is at least one."""
        _, deviation = measure_mean_and_deviation(known)
        return cls(lowest=float(known.min()), highest=float(known.max()), deviation=deviation)

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the largest number that is not far out."""
        return self.lowest - BEYOND * self.deviation, self.highest + BEYOND * self.deviation

    def find_far(self, values: Doubles) -> Flags | None:
        """Which numbers are far out; None if none is. A missing one, NaN, is not."""
        least, most = self.bounds
        if not (np.fmin.reduce(values, initial=most) < least or np.fmax.reduce(values, initial=least) > most):
            return None
        far: Flags = (values < least) | (values > most)
        return far

    def broken_rules(self) -> Iterator[str]:
        """The rules that these numbers from a model file break."""
        if self.lowest > self.highest or self.deviation < 0:
            yield "its usual numbers are not in order"
