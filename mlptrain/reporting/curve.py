"""Curves: of which values, on which scale, drawn with characters; a series of any length in bounded memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, log10
from typing import Literal, get_args

Values = Sequence[float | None]

Part = Literal["train", "validation"]
PARTS: tuple[Part, ...] = get_args(Part)

BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII_BLOCKS = " .:"
ASCII_LINE = " _.-*'"
"""For a curve on one line: these signs stand at different heights."""
DECADES = 2.0
"""A scale that spans more than this many decades is logarithmic."""


@dataclass(frozen=True)
class Curve:
    """The values of epochs at equal distances, measured on a part of the rows."""

    name: str
    values: Values
    ends: Values = ()
    """The least and the largest of all epochs, where the values are means of many of them."""
    part: Part = "train"

    @property
    def is_drawable(self) -> bool:
        """Whether there are several values, and a finite one among them."""
        return len(self.values) > 1 and any(value is not None and isfinite(value) for value in self.values)


@dataclass(frozen=True)
class Scale:
    """From values to heights: 0 at `low`, 1 at `high`, straight or logarithmic in between."""

    low: float
    high: float
    logarithmic: bool

    @classmethod
    def over_curves(cls, curves: Iterable[Curve]) -> "Scale":
        """The scale that holds every epoch of every curve."""
        return cls.over(*(curve.ends or curve.values for curve in curves))

    @classmethod
    def over(cls, *series: Values) -> "Scale":
        """The scale that holds every finite value of every series."""
        finite = [value for values in series for value in values if value is not None and isfinite(value)]
        low, high = min(finite, default=0.0), max(finite, default=1.0)
        return cls(low, high, low > 0 and log10(high) - log10(low) > DECADES)

    def __call__(self, value: float | None) -> float | None:
        """The height of a value, in [0, 1]; ½ where all values are one; None for what is not a finite number."""
        if value is None or not isfinite(value):
            return None
        low, high = self._straight(self.low), self._straight(self.high)
        if not high > low:
            return 0.5
        return min(max((self._straight(value) - low) / (high - low), 0.0), 1.0)

    def _straight(self, value: float) -> float:
        """log₁₀ value, or a quarter of it: the distance of the largest two floats is then a float too."""
        return log10(value) if self.logarithmic else value / 4


def draw_curve(
    values: Values, width: int, height: int, *, ascii: bool = False, scale: Scale | None = None
) -> list[str]:
    """`values` as `height` lines of `width` characters, top first: blocks that reach up to the value.

    Between fewer values than columns lines are drawn, of more the mean is. A gap stays where nothing is finite.

    >>> draw_curve([3, 2, 1, 0], width=4, height=1)
    ['█▆▃▁']
    >>> draw_curve([4, 3, 2, 1, 0], width=5, height=2, ascii=True)
    [':..  ', '::::.']
    """
    blocks = (ASCII_LINE if height == 1 else ASCII_BLOCKS) if ascii else BLOCKS
    steps = len(blocks) - 1
    heights = _resample([(scale or Scale.over(values))(value) for value in values], width)
    tops = [0 if top is None else 1 + round(top * (steps * height - 1)) for top in heights]
    floors = range(steps * (height - 1), -1, -steps)
    return ["".join(blocks[min(max(top - floor, 0), steps)] for top in tops) for floor in floors]


def _resample(values: Values, width: int) -> list[float | None]:
    if not values:
        return [None] * width
    if len(values) > width:
        return [_average(values[i * len(values) // width : (i + 1) * len(values) // width]) for i in range(width)]
    return [_interpolate(values, i * (len(values) - 1) / max(width - 1, 1)) for i in range(width)]


def _average(values: Values) -> float | None:
    present = [value for value in values if value is not None]
    return sum(present) / len(present) if present else None


def _interpolate(values: Values, at: float) -> float | None:
    """The value at a fractional index: on the line between its neighbours, or the nearer one's where one lacks."""
    index = int(at)
    part = at - index
    left, right = values[index], values[min(index + 1, len(values) - 1)]
    if left is None or right is None:
        return left if part < 0.5 else right
    return left + (right - left) * part


class Trace:
    """The means of a series over stretches of equal length: never more than `capacity`, whatever the length."""

    def __init__(self, capacity: int = 256) -> None:
        self._capacity = capacity
        self._stretch = 1
        self._room = 0
        self._sums: list[float] = []
        self._counts: list[float] = []
        self.ends: list[float] = []
        """The least and the largest finite value, of all that were added."""

    def add(self, value: float | None) -> None:
        """The next value of the series; what is not a finite number counts as missing."""
        if not self._room:
            self._open()
        self._room -= 1
        if value is not None and isfinite(value):
            self._sums[-1] += value
            self._counts[-1] += 1
            self.ends = [min([*self.ends, value]), max([*self.ends, value])]

    def values(self) -> list[float | None]:
        """The mean of each stretch, None where all of it is missing."""
        return [total / count if count else None for total, count in zip(self._sums, self._counts, strict=True)]

    def _open(self) -> None:
        if len(self._sums) == self._capacity:
            self._sums, self._counts = _sum_pairs(self._sums), _sum_pairs(self._counts)
            self._stretch *= 2
        self._sums.append(0)
        self._counts.append(0)
        self._room = self._stretch


def _sum_pairs(values: list[float]) -> list[float]:
    return [sum(values[i : i + 2]) for i in range(0, len(values), 2)]


def find_curve_column(position: float, width: int) -> int:
    """The column of `width` in which a fraction of the curve's length lies."""
    return round(min(max(position, 0.0), 1.0) * (width - 1))
