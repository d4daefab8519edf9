"""Groups of predictions, and whether the intervals of their shares hold what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from mlptrain.engine.reliability import GROUPS, group_by_size, measure_reliability
from tests.support.drawing import drawn


@drawn
@given(seed=st.integers(0, 10**6), rows=st.integers(0, 200), levels=st.sampled_from([0, 1, 7, 10**6]))
def test_groups_are_ranges_of_values_of_about_equal_size(seed, rows, levels):
    values = np.round(default_rng(seed).random(rows) * levels)
    codes = group_by_size(values)
    assert len(codes) == rows
    assert sorted(set(codes.tolist())) == list(range(len(set(codes.tolist()))))
    order = np.argsort(values, kind="stable")
    assert (np.diff(codes[order]) >= 0).all()
    assert (np.diff(codes[order])[np.diff(values[order]) == 0] == 0).all()
    if len(set(values.tolist())) == rows >= GROUPS:
        assert set(np.bincount(codes).tolist()) <= {rows // GROUPS, rows // GROUPS + 1}


@pytest.mark.parametrize("weighted", [False, True])
def test_calibrated_predictions_lie_in_their_intervals_as_often_as_is_said(weighted):
    draw = default_rng(8)
    inside = []
    for _ in range(300):
        p = draw.beta(1, 2, 500)
        weights = draw.random(500) + 0.5 if weighted else np.ones(500)
        groups = measure_reliability(p, draw.random(500) < p, weights)
        inside += [each.interval[0] <= each.predicted <= each.interval[1] for each in groups]
    assert len(inside) == 300 * GROUPS
    assert np.mean(inside) == pytest.approx(0.95, abs=0.03)


def test_shares_and_probabilities_are_weighted_means_and_rows_are_counted():
    (group,) = measure_reliability(np.array([0.5, 0.5]), np.array([True, False]), np.array([3.0, 1.0]))
    assert (group.predicted, group.observed, group.rows) == (0.5, 0.75, 2)
    assert not list(measure_reliability(np.empty(0), np.empty(0, bool), np.empty(0)))
