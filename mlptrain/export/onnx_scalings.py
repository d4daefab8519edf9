"""Scalings of numbers as nodes: all columns (N, F) of one kind of scaling at once, in double precision."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from mlptrain.data.scaling import (
    CENTRAL,
    EDGE,
    FAR,
    NEAR,
    Affine,
    FittedScaling,
    LogAffine,
    NormalQuantiles,
    SmoothlyClipped,
)
from mlptrain.export.onnx_graph import DOUBLE, INTEGER, Array, Tensor

LARGEST_SQUARED = 1e150
"""Larger numbers have no square; far before, z / √(1 + (z / 3)²) is ±3."""
LOWEST = -np.finfo(np.float64).max


def scale_numbers(x: Tensor, scalings: Sequence[FittedScaling]) -> Tensor:
    """The scaled columns of x (N, F); the scalings of the columns are of one kind."""
    return SCALING_WRITERS[type(scalings[0])](x, scalings)


def center_and_divide(x: Tensor, scalings: Sequence[Any]) -> Tensor:
    """(x − center) / scale."""
    return (x - [each.center for each in scalings]) / [each.scale for each in scalings]


def clip_smoothly(x: Tensor, scalings: Sequence[Any]) -> Tensor:
    """z / √(1 + (z / 3)²)."""
    z = center_and_divide(x, scalings).max(-LARGEST_SQUARED).min(LARGEST_SQUARED)
    third = z / 3
    return z / (1 + third * third).apply("Sqrt")


def scale_logarithm(x: Tensor, scalings: Sequence[Any]) -> Tensor:
    """(y − center) / scale of y = sign(x) log(1 + |x|)."""
    return center_and_divide(x.apply("Sign") * compute_log1p(x.apply("Abs")), scalings)


def compute_log1p(a: Tensor) -> Tensor:
    """log(1 + a) = log(u) a / (u − 1) with u = 1 + a, to all digits (Kahan); a itself where u is 1."""
    u = 1 + a
    return u.equals(1).choose(a, u.apply("Log") * (a / (u - 1)))


def find_normal_quantiles(x: Tensor, scalings: Sequence[Any]) -> Tensor:
    """Φ⁻¹(p), p the place of x among the quantiles of its column, the middle of those that equal it.

    The quantiles q of each column are a row of one table: −the largest number, q, ∞ … Of the last element below x and
    of the next one, p is the place between, in steps of 1 / (Q − 1).
    """
    table = tabulate_quantiles(scalings)
    first = np.arange(len(scalings)) * table.shape[1]
    place = find_last_below(x, table)
    before, after = place.look_up(table.ravel(), DOUBLE), (place + 1).look_up(table.ravel(), DOUBLE)
    steps = place.cast(DOUBLE) - (first + 1) + (x - before) / (after - before)
    ties = np.stack([count_steps_to_middle(row) for row in table])
    if ties.any():
        steps = steps + after.equals(x).choose((place + 1).look_up(ties.ravel(), DOUBLE), 0)
    p = steps / [len(each.values) - 1 for each in scalings]
    return compute_normal_quantiles(p.max(EDGE).min(1 - EDGE))


def tabulate_quantiles(scalings: Sequence[Any]) -> Array:
    """The quantiles of each column, filled up to rows of the least power of two that leaves room at both ends."""
    most = max(len(each.values) for each in scalings)
    table = np.full((len(scalings), 1 << (most + 1).bit_length()), np.inf)
    table[:, 0] = LOWEST
    for row, each in zip(table, scalings, strict=True):
        row[1 : len(each.values) + 1] = each.values
    return table


def count_steps_to_middle(row: Array) -> Array:
    """At the first of equal quantiles, the steps from it to their middle, to the end of all if they are the largest.

    >>> count_steps_to_middle(np.array([-9.0, 1, 1, 2, 2, 2, 3, 3, np.inf, np.inf]))
    array([0., 0., 0., 1., 0., 0., 1., 0., 0., 0.])
    """
    steps, place = np.zeros(len(row)), 0
    runs = [len(list(run)) for _, run in groupby(row.tolist())]
    for number, length in enumerate(runs[:-1]):
        if number > 1:
            steps[place] = (length - 1) / (1 if number == len(runs) - 2 else 2)
        place += length
    return steps


def find_last_below(x: Tensor, table: Array) -> Tensor:
    """Where in the table, read row by row, the last element below x of its column's row is: a search in halves."""
    rows, length = table.shape
    place = x.graph.add_constant(np.arange(rows) * length, INTEGER)
    step = length // 2
    while step:
        next_place = place + step
        place = (next_place.look_up(table.ravel(), DOUBLE) < x).choose(next_place, place)
        step //= 2
    return place


def compute_normal_quantiles(p: Tensor) -> Tensor:
    """Φ⁻¹(p): all three rational functions of Wichura's AS 241 at once, on a first axis, then the one that counts."""
    q = p - 0.5
    r = (-p.min(1 - p).apply("Log")).apply("Sqrt")
    is_central = p.graph.add_constant(np.reshape([True, False, False], (3, 1, 1)), np.bool_)
    argument = is_central.choose(0.180625 - q * q, r) - np.reshape([0, 1.6, 5], (3, 1, 1))
    both = evaluate_polynomials(argument)
    ratio = both.take(0, axis=0) / both.take(1, axis=0)
    central, near, far = (ratio.take(which, axis=0) for which in range(3))
    tail = q.apply("Sign") * (r <= 5).choose(near, far)
    return (q.apply("Abs") <= 0.425).choose(q * central, tail)


def evaluate_polynomials(x: Tensor) -> Tensor:
    """The three numerators and denominators at x (3, N, F), by Horner's rule: (2, 3, N, F)."""
    coefficients = np.array([CENTRAL, NEAR, FAR]).transpose(2, 1, 0)[..., None, None]
    y = coefficients[0] * x
    for each in coefficients[1:-1]:
        y = (y + each) * x
    return y + coefficients[-1]


SCALING_WRITERS: dict[type[FittedScaling], Callable[[Tensor, Sequence[Any]], Tensor]] = {
    Affine: center_and_divide,
    SmoothlyClipped: clip_smoothly,
    LogAffine: scale_logarithm,
    NormalQuantiles: find_normal_quantiles,
}
