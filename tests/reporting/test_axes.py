"""Axes: round numbers in ascending order that are told apart, for any values that floats have."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlptrain.reporting.axes import find_round, format_tick, format_ticks, make_axis, widen_axis

finite = st.floats(allow_nan=False, allow_infinity=False)
any_number = st.none() | st.floats()


@settings(max_examples=60, deadline=None)
@given(st.lists(any_number, max_size=6), st.booleans(), st.integers(2, 8))
def test_ticks_lie_on_the_axis_in_ascending_order(values, may_be_logarithmic, most):
    for axis in (make_axis(values, 10, 400, may_be_logarithmic=may_be_logarithmic), widen_axis(values, 10, 400)):
        ticks = axis.find_ticks(most)
        assert 1 <= len(ticks) <= 3 * most
        assert all(a <= b for a, b in pairwise(ticks))
        assert all(10 <= axis(tick) <= 400 for tick in ticks)


@settings(max_examples=60, deadline=None)
@given(finite, finite, st.integers(2, 8))
def test_the_numbers_of_an_axis_differ_where_its_ticks_do(low, high, most):
    ticks = find_round(min(low, high), max(low, high), most)
    if all(b - a > 1e-12 * max(map(abs, ticks)) for a, b in pairwise(ticks)):
        assert len(set(format_ticks(ticks))) == len(ticks)


@settings(max_examples=60, deadline=None)
@given(st.lists(finite, min_size=1, max_size=5))
def test_pixels_ascend_with_values(values):
    axis = make_axis(values, 0, 100)
    pixels = [axis(value) for value in sorted(values)]
    assert pixels == sorted(pixels)
    assert all(0 <= pixel <= 100 for pixel in pixels)


@pytest.mark.parametrize(
    ("value", "text"),
    [(200_000.0, "200k"), (1.5e6, "1.5M"), (2015.0, "2015"), (0.25, "0.25"), (1e-5, "1e-5"), (-3e9, "-3G"), (0.0, "0")],
)
def test_numbers_have_units_in_place_of_exponents(value, text):
    assert format_tick(value) == text
