"""Axes: from values to pixels, with round numbers to read them by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, isclose, isfinite, log10
from sys import float_info

from mlptrain.figures import format_setting

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
"""The distances of round numbers, in powers of ten."""
UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
LARGEST = float_info.max
DECADES = 1.5
"""A scale that may be logarithmic is so from this many decades on."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Values from `low` to `high` as pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """The pixel of a value; what lies outside is drawn at the nearer end."""
        low, high = self.straighten(self.low), self.straighten(self.high)
        share = (self.straighten(value) - low) / (high - low) if high > low else 0.5
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def straighten(self, value: float) -> float:
        """log₁₀ value, or a quarter of it: the distance of the largest two floats is then a float too."""
        return log10(max(value, self.low)) if self.logarithmic else value / 4

    def find_ticks(self, most: int) -> list[float]:
        """Round numbers on the axis, about as many as are asked for."""
        found = find_decades(self.low, self.high, most) if self.logarithmic else find_round(self.low, self.high, most)
        return found or [self.low]


def make_axis(values: Iterable[float | None], start: float, end: float, *, may_be_logarithmic: bool = False) -> Axis:
    """The axis that holds all finite values; of values that are all one, some room around it."""
    finite = [value for value in values if value is not None and isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    if may_be_logarithmic and low > 0 and log10(high) - log10(low) > DECADES:
        return Axis(low=low, high=high, start=start, end=end, logarithmic=True)
    if low == high:
        room = abs(low) / 2 or 0.5
        low, high = keep_finite(low - room), keep_finite(high + room)
    return Axis(low=low, high=high, start=start, end=end)


def widen_axis(values: Iterable[float | None], start: float, end: float, most: int = 5) -> Axis:
    """The axis from the round number below all values to the one above."""
    axis = make_axis(values, start, end)
    step = find_step(axis.low, axis.high, most)
    if not step:
        return axis
    low, high = keep_finite(floor(axis.low / step) * step), keep_finite(ceil(axis.high / step) * step)
    return Axis(low=low, high=high, start=start, end=end)


def keep_finite(value: float) -> float:
    """The nearest number that is finite."""
    return min(max(value, -LARGEST), LARGEST)


def find_step(low: float, high: float, most: int) -> float:
    """The least round distance that divides a range into at most so many parts; 0 if floats have none."""
    span = (high - low) / most
    if not (isfinite(span) and span > 1e-300):
        return 0.0
    power = 10.0 ** floor(log10(span))
    return next(step * power for step in STEPS if step * power >= span * (1 - 1e-9))


def find_round(low: float, high: float, most: int) -> list[float]:
    """The multiples of a round distance between two numbers, both included."""
    step = find_step(low, high, most)
    if not step or low + step in (low, high):
        return [low, high]
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def find_decades(low: float, high: float, most: int) -> list[float]:
    """Powers of ten between two numbers; where they are few, also twice and five times them."""
    first, last = floor(log10(low)), ceil(log10(high))
    every = max(ceil((last - first) / most), 1)
    digits = (1.0, 2.0, 5.0) if (log10(high) - log10(low)) * 2 <= most - 1 else (1.0,)
    found = [digit * 10.0**power for power in range(first, last + 1, every) for digit in digits]
    return [value for value in found if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]


def format_ticks(values: Sequence[float]) -> list[str]:
    """Round numbers as an axis has them: all with the same decimals and the same unit.

    >>> format_ticks([0.0, 50_000.0, 100_000.0]), format_ticks([0.0, 0.5, 1.0]), format_ticks([1e-7])
    (['0', '50k', '100k'], ['0', '0.5', '1.0'], ['1e-7'])
    """
    largest = max(map(abs, values), default=0.0)
    if not isfinite(largest) or largest >= 1e15 or 0 < largest < 1e-3:
        return [format_setting(value) if value else "0" for value in values]
    factor, unit = next(((factor, unit) for factor, unit in UNITS if largest >= max(factor, 1e4)), (1.0, ""))
    near = max((b - a for a, b in pairwise(values)), default=largest) * 1e-3
    for decimals in range(10):
        texts = [f"{value / factor:.{decimals}f}" for value in values]
        if all(
            isclose(float(text) * factor, value, rel_tol=1e-9, abs_tol=near)
            for text, value in zip(texts, values, strict=True)
        ):
            break
    return ["0" if not float(text) else text + unit for text in texts]


def format_tick(value: float) -> str:
    """One number of an axis: 200k, 0.25."""
    return format_ticks([value])[0]
