"""Counting in buckets, and the root mean square, beside NumPy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mlptrain.engine.histograms import BUCKETS, compute_root_mean_square, count_into_buckets
from tests.support.courses import drawn

numbers = st.sampled_from([np.float32, np.float64]).flatmap(
    lambda kind: arrays(
        kind,
        array_shapes(max_dims=3),
        elements=st.floats(-(2.0**99), 2.0**99, width=8 * np.dtype(kind).itemsize) | st.just(0.0),
    )
)


@drawn
@given(numbers)
def test_every_value_is_counted_once_between_its_edges(values):
    edges, counts = count_into_buckets(values)
    assert counts.sum() == values.size
    assert (counts >= 0).all()
    assert len(edges) == len(counts) + 1 == BUCKETS + 1
    assert edges[0] <= values.min() <= values.max() <= edges[-1]
    assert (np.diff(edges) >= 0).all()
    assert edges[0] < edges[-1]


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e-40, 1e-3, 1.0, 1e25])
def test_the_counts_are_those_of_numpy(kind, size):
    values = np.random.default_rng(1).standard_normal((40, 25)).astype(kind) * kind(size)
    edges, counts = count_into_buckets(values)
    expected, places = np.histogram(values.astype(np.float64), BUCKETS)
    assert np.allclose(edges, places, rtol=1e-9, atol=0)
    assert np.abs(counts - expected).sum() <= 2 * (kind is np.float32)  # a value on an edge


def test_equal_values_are_in_one_bucket():
    for value in (0.0, 3.0, -1e17, 1e300):
        edges, counts = count_into_buckets(np.full(7, value))
        assert counts.tolist() == [7 * (k == BUCKETS // 2) for k in range(BUCKETS)]
        assert edges[0] < value < edges[-1]


@pytest.mark.parametrize("bad", [[], [np.nan, 1.0], [np.inf, 1.0], [-1e308, 1e308]])
@np.errstate(over="ignore")
def test_there_are_no_buckets_without_finite_values(bad):
    assert count_into_buckets(np.array(bad)) is None


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e-38, 1e-20, 1.0, 1e25])
def test_the_root_mean_square_is_that_of_the_numbers_however_small(kind, size):
    values = np.random.default_rng(1).standard_normal((4, 5)).astype(kind) * kind(size)
    expected = np.sqrt(np.mean(np.square(values.astype(np.float64))))
    assert np.isclose(compute_root_mean_square(values), expected, rtol=1e-5)


def test_the_root_mean_square_of_nothing_is_zero():
    assert compute_root_mean_square(np.empty(0)) == 0.0
