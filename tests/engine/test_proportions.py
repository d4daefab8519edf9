"""Intervals of shares: SciPy's numbers, and what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from mlptrain.engine.proportions import count_effective_rows, make_wilson_interval
from tests.support.drawing import drawn

stats = pytest.importorskip("scipy.stats")


@drawn
@given(rows=st.integers(1, 500), part=st.floats(0, 1), level=st.sampled_from([0.9, 0.95, 0.9999]))
def test_the_interval_is_that_of_wilson(rows, part, level):
    hits = round(part * rows)
    expected = stats.binomtest(hits, rows).proportion_ci(level, method="wilson")
    found = make_wilson_interval(hits / rows, rows, z=stats.norm.ppf(0.5 + level / 2))
    assert found == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_of_no_rows_any_share_may_be():
    assert make_wilson_interval(0.0, 0) == (0.0, 1.0)


@drawn
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 50), scale=st.sampled_from([1e-9, 1.0, 1e9]))
def test_equal_weights_are_as_many_rows_and_others_are_fewer(seed, rows, scale):
    assert count_effective_rows(np.full(rows, scale)) == pytest.approx(rows)
    assert count_effective_rows(scale * default_rng(seed).random(rows)) <= rows * (1 + 1e-12)
    assert count_effective_rows(np.zeros(rows)) == 0


def test_an_end_is_exactly_that_of_all_shares_where_there_is_nothing_beyond():
    """Rounding would show 3.4e-17 in place of 0."""
    for rows in range(1, 200):
        assert make_wilson_interval(0.0, rows)[0] == 0
        assert make_wilson_interval(1.0, rows)[1] == 1
