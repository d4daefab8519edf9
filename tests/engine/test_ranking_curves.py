"""The points of the curves are scikit-learn's, and fewer points are the same curve."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng
from sklearn.metrics import auc, precision_recall_curve, roc_curve

from mlptrain.engine.ranking import rank_rows, trace_curve
from mlptrain.engine.ranking_curves import (
    MOST_POINTS,
    Polyline,
    count_reached_rows,
    find_best_threshold,
    thin_polyline,
    trace_precision_recall_curve,
    trace_roc_curve,
)
from tests.support.drawing import drawn

seeds = st.integers(0, 10**6)
ties = st.sampled_from([1, 3, 1000])


def draw_ranking(seed, rows, levels):
    """Scores, classes of both kinds, weights and their ranking."""
    draw = default_rng(seed)
    scores, positive = np.round(draw.random(rows) * levels), draw.random(rows) < 0.5
    positive[:2] = [True, False]
    weights = draw.integers(1, 4, rows).astype(float)
    return scores, positive, weights, rank_rows(positive, scores)


@drawn
@given(seed=seeds, rows=st.integers(2, 60), levels=ties)
def test_the_points_of_the_roc_curve_are_those_of_scikit_learn(seed, rows, levels):
    scores, positive, weights, ranking = draw_ranking(seed, rows, levels)
    x, y, _ = roc_curve(positive, scores, sample_weight=weights, drop_intermediate=False)
    found = trace_roc_curve(count_reached_rows(ranking, weights))
    np.testing.assert_allclose(found, (x, y), atol=1e-12)
    curve = trace_curve(ranking, weights)
    assert auc(*found) == pytest.approx(curve.wins / curve.pairs)


@drawn
@given(seed=seeds, rows=st.integers(2, 60), levels=ties)
def test_the_points_of_precision_and_recall_are_those_of_scikit_learn(seed, rows, levels):
    scores, positive, weights, ranking = draw_ranking(seed, rows, levels)
    precision, recall, _ = precision_recall_curve(positive, scores, sample_weight=weights)
    x, y = trace_precision_recall_curve(count_reached_rows(ranking, weights))
    np.testing.assert_allclose((x, y), (recall[::-1], precision[::-1]), atol=1e-12)
    curve = trace_curve(ranking, weights)
    assert np.diff(x) @ y[1:] == pytest.approx(curve.gains / curve.positives)


@pytest.mark.parametrize("classes", [[True, True], [False, False], []])
def test_a_class_without_weight_has_no_roc_curve(classes):
    positive = np.array(classes, bool)
    reached = count_reached_rows(rank_rows(positive, np.arange(len(classes))), np.ones(len(classes)))
    assert trace_roc_curve(reached) is None
    assert (trace_precision_recall_curve(reached) is None) == (not positive.any())


@drawn
@given(seed=seeds, rows=st.integers(2, 60), levels=ties)
def test_no_threshold_has_a_larger_f1_than_the_best(seed, rows, levels):
    scores, positive, weights, ranking = draw_ranking(seed, rows, levels)

    def f1(threshold):
        said = scores >= threshold
        return 2 * weights[said & positive].sum() / (weights[said].sum() + weights[positive].sum())

    thresholds = np.unique(scores)[::-1]
    place, best = find_best_threshold(count_reached_rows(ranking, weights))
    assert best == pytest.approx(max(map(f1, thresholds)))
    assert f1(thresholds[place]) == pytest.approx(best)


def measure_distance(line, thinned):
    """How far the points of a line lie at most from the one through fewer points."""
    worst = 0.0
    for x, y in zip(*line, strict=True):
        ax, ay, bx, by = (part[each] for each in (slice(None, -1), slice(1, None)) for part in thinned)
        square = np.maximum((bx - ax) ** 2 + (by - ay) ** 2, 1e-300)
        along = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / square, 0, 1)
        worst = max(worst, np.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay)).min())
    return worst


@pytest.mark.parametrize("strength", [0.0, 1.0, 4.0])
@pytest.mark.parametrize("trace", [trace_roc_curve, trace_precision_recall_curve])
def test_fewer_points_are_nearly_the_same_curve(trace, strength):
    draw = default_rng(5)
    positive = draw.random(4000) < 0.1
    line = trace(count_reached_rows(rank_rows(positive, draw.normal(size=4000) + strength * positive), np.ones(4000)))
    thinned = thin_polyline(line)
    assert len(thinned.x) <= MOST_POINTS < len(line.x)
    assert set(zip(*thinned, strict=True)) <= set(zip(*line, strict=True))
    assert [each[[0, -1]].tolist() for each in thinned] == [each[[0, -1]].tolist() for each in line]
    assert measure_distance(line, thinned) < 0.02
    assert auc(*thinned) == pytest.approx(auc(*line), abs=2e-3)


@drawn
@given(seed=seeds, corners=st.integers(0, 30))
def test_corners_are_kept_and_points_between_them_are_not(seed, corners):
    draw = default_rng(seed)
    line = Polyline(*np.sort(draw.random((2, corners + 2)), axis=1))
    more = Polyline(*(np.interp(np.arange(0, corners + 1.01, 0.25), np.arange(corners + 2), each) for each in line))
    np.testing.assert_allclose(thin_polyline(more), line)
