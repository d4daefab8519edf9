"""The curves of a ranking as points, from its highest threshold to its lowest, and polylines of fewer points.

A threshold is a score, and predicts as positive all rows that reach it. P are the positive rows, N the others; TP and
FP are their weights among the predicted ones.
"""

from heapq import heapify, heappop, heappush
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.comparisons import Doubles
from mlptrain.engine.ranking import Ranking

MOST_POINTS = 200


class Polyline(NamedTuple):
    """Points (n,) that are joined in their order."""

    x: Doubles
    y: Doubles


class Reached(NamedTuple):
    """What is predicted as positive at each threshold (T,), the highest first."""

    positive: Doubles
    """TP."""
    negative: Doubles
    """FP."""


def count_reached_rows(ranking: Ranking, weights: Doubles) -> Reached:
    """TP and FP of each of the different scores as a threshold, under weights (B,)."""
    w = weights[ranking.order]
    positive, negative = w * ranking.positive, w * ~ranking.positive
    if ranking.starts is not None:
        positive, negative = np.add.reduceat(positive, ranking.starts), np.add.reduceat(negative, ranking.starts)
    return Reached(np.cumsum(positive[::-1]), np.cumsum(negative[::-1]))


def trace_roc_curve(reached: Reached) -> Polyline | None:
    """x = FP / Σ₋ w and y = TP / Σ₊ w of each threshold, from (0, 0) on; None without weight in P or in N."""
    if not len(reached.positive) or not (reached.positive[-1] > 0 and reached.negative[-1] > 0):
        return None
    x, y = reached.negative / reached.negative[-1], reached.positive / reached.positive[-1]
    return Polyline(np.concatenate([[0.0], x]), np.concatenate([[0.0], y]))


def trace_precision_recall_curve(reached: Reached) -> Polyline | None:
    """x = TP / Σ₊ w and y = TP / (TP + FP) of each threshold, from (0, 1) on; None without weight in P.

    (0, 1) belongs to no threshold: with it the curve begins at the axis.
    """
    if not len(reached.positive) or not reached.positive[-1] > 0:
        return None
    predicted = reached.positive + reached.negative
    counts = predicted > 0
    x, y = reached.positive[counts] / reached.positive[-1], reached.positive[counts] / predicted[counts]
    return Polyline(np.concatenate([[0.0], x]), np.concatenate([[1.0], y]))


def find_best_threshold(reached: Reached) -> tuple[int, float]:
    """The number of the threshold of the largest f1, 2 TP / (TP + FP + Σ₊ w), the highest such one, and that f1."""
    f1 = 2 * reached.positive / (reached.positive + reached.negative + reached.positive[-1])
    best = int(f1.argmax())
    return best, float(f1[best])


def thin_polyline(line: Polyline, most: int = MOST_POINTS) -> Polyline:
    """The line through at most so many of its points, both ends among them.

    The point that lies farthest from the line so far is added, again and again: the rule of Ramer (1972) and Douglas &
    Peucker (1973), with a number of points in place of a tolerance. Points on the line add nothing, and are left out.
    """
    if len(line.x) <= 2:
        return line
    kept = {0, len(line.x) - 1}
    waiting = list(find_farthest_point(line, 0, len(line.x) - 1))
    heapify(waiting)
    while waiting and len(kept) < most:
        _, start, place, stop = heappop(waiting)
        kept.add(place)
        for part in (*find_farthest_point(line, start, place), *find_farthest_point(line, place, stop)):
            heappush(waiting, part)
    chosen: NDArray[np.intp] = np.array(sorted(kept))
    return Polyline(line.x[chosen], line.y[chosen])


def find_farthest_point(line: Polyline, start: int, stop: int) -> list[tuple[float, int, int, int]]:
    """The point between two others that is farthest from the segment between them, as (−distance, start, point, stop).

    Nothing where all lie on the segment. Distances are to the segment, not to the line through its ends.
    """
    if stop - start < 2:
        return []
    x, y = line.x[start + 1 : stop] - line.x[start], line.y[start + 1 : stop] - line.y[start]
    dx, dy = line.x[stop] - line.x[start], line.y[stop] - line.y[start]
    square = dx * dx + dy * dy
    along = np.clip((x * dx + y * dy) / square, 0, 1) if square > 0 else np.zeros(len(x))
    distances = np.hypot(x - along * dx, y - along * dy)
    farthest = int(distances.argmax())
    if distances[farthest] < 1e-12:
        return []
    return [(-float(distances[farthest]), start, start + 1 + farthest, stop)]
