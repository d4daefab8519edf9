"""A ranking is the rows in order of their scores, with the runs of equal ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from mlptrain.engine.ranking import measure_row_wins, rank_rows, rank_rows_per_class, trace_curve
from tests.support.comparing import draw_labels
from tests.support.drawing import drawn

seeds = st.integers(0, 10**6)
ties = st.sampled_from([1, 3, 1000])


@drawn
@given(seed=seeds, rows=st.integers(0, 40), levels=ties)
def test_rows_are_in_ascending_order_and_equal_ones_in_their_own(seed, rows, levels):
    draw = default_rng(seed)
    scores, positive = np.round(draw.random(rows) * levels), draw.random(rows) < 0.5
    ranking = rank_rows(positive, scores)
    np.testing.assert_array_equal(ranking.order, np.lexsort((np.arange(rows), scores)))
    np.testing.assert_array_equal(ranking.positive, positive[ranking.order])


@drawn
@given(seed=seeds, rows=st.integers(0, 40), levels=ties)
def test_a_run_starts_where_the_score_changes(seed, rows, levels):
    scores = np.round(default_rng(seed).random(rows) * levels)
    starts = rank_rows(np.zeros(rows, bool), scores).starts
    different, first = np.unique(np.sort(scores), return_index=True)
    if starts is None:
        assert len(different) == rows
    else:
        np.testing.assert_array_equal(starts, first)


@drawn
@given(seed=seeds, rows=st.integers(0, 40), classes=st.integers(2, 5), levels=ties)
def test_two_classes_are_ranked_once_and_more_each_against_the_rest(seed, rows, classes, levels):
    p, truth = draw_labels(seed, rows, classes, levels)
    found = list(rank_rows_per_class(truth, p))
    expected = [1] if classes == 2 else range(classes)
    assert len(found) == len(expected)
    for ranking, k in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ranking.positive, (truth == k)[ranking.order])
        margins = p[:, 1] - p[:, 0] if classes == 2 else p[:, k]
        assert (np.diff(margins[ranking.order]) >= 0).all()


@pytest.mark.parametrize("ties", [False, True])
def test_the_mean_wins_of_both_classes_are_the_area_under_the_curve(ties):
    random = np.random.default_rng(3)
    scores, positive, weights = random.normal(size=60), random.random(60) < 0.4, random.integers(1, 4, 60) * 1.0
    scores = np.round(scores) if ties else scores
    ranking = rank_rows(positive, scores)
    curve = trace_curve(ranking, weights)
    wins, own = measure_row_wins(ranking, weights)
    for of_class in (positive, ~positive):
        assert (weights * wins / own)[of_class].sum() == pytest.approx(curve.wins / curve.pairs, abs=1e-12)
    row = int(np.flatnonzero(positive)[0])
    others, w = scores[~positive], weights[~positive]
    expected = (w * ((others < scores[row]) + 0.5 * (others == scores[row]))).sum() / w.sum()
    assert wins[row] == pytest.approx(expected, abs=1e-12)
