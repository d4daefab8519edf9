from math import exp, inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.reporting.curve import ASCII_BLOCKS, ASCII_LINE, BLOCKS, Scale, Trace, draw_curve, find_curve_column
from tests.support.streams import drawn, optional

values = st.lists(optional, max_size=60)


def heights(lines):
    """The curve read back: how many steps each column is high."""
    return [sum(BLOCKS.index(line[i]) for line in lines) for i in range(len(lines[0]))]


@drawn
@given(values, st.booleans(), st.integers(1, 200), st.integers(1, 4))
def test_always_the_size_asked_for(values, ascii, width, height):
    lines = draw_curve(values, width, height, ascii=ascii)
    assert [len(line) for line in lines] == [width] * height
    signs = (ASCII_LINE if height == 1 else ASCII_BLOCKS) if ascii else BLOCKS
    assert set("".join(lines)) <= set(signs)


@drawn
@given(values)
def test_a_scale_maps_into_zero_to_one_and_keeps_order(values):
    scale = Scale.over(values)
    finite = sorted(value for value in values if value is not None and abs(value) < inf)
    mapped = [scale(value) for value in finite]
    assert all(height is not None and 0 <= height <= 1 for height in mapped)
    assert mapped == sorted(mapped)


def test_what_is_not_finite_has_no_height():
    assert [Scale(0, 1, logarithmic=False)(value) for value in (None, nan, inf, -inf)] == [None] * 4


def test_extremes_fill_the_height():
    assert heights(draw_curve([2, 1], 2, 4)) == [32, 1]


def test_a_falling_curve_falls():
    drawn = heights(draw_curve([exp(-i / 9) for i in range(100)], 40, 3))
    assert drawn == sorted(drawn, reverse=True)
    assert drawn[0] > 20


def test_lines_between_few_values():
    assert heights(draw_curve([0, 31], 32, 4)) == list(range(1, 33))


def test_a_gap_stays_a_gap():
    assert draw_curve([1, None, None, None, 0], 5, 1) == ["█   ▁"]


@pytest.mark.parametrize(("low", "logarithmic"), [(0.02, False), (0.009, True), (0.0, False), (-1.0, False)])
def test_logarithmic_beyond_two_decades_of_positive_values(low, logarithmic):
    assert Scale.over([1.0, 0.5], [None, low, nan]).logarithmic is logarithmic


def test_a_logarithmic_scale_is_straight_in_decades():
    scale = Scale.over([1e-4, 1.0])
    assert [scale(10.0**-k) for k in range(5)] == pytest.approx([1, 0.75, 0.5, 0.25, 0])


@drawn
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300), st.sampled_from([2, 8, 16]))
def test_a_trace_is_bounded_and_keeps_the_mean(series, capacity):
    trace = Trace(capacity)
    for value in series:
        trace.add(value)
    means = trace.values()
    stretch = next(2**k for k in range(20) if 2**k * capacity >= len(series))
    assert len(means) <= capacity
    parts = [series[i : i + stretch] for i in range(0, len(series), stretch)]
    assert means == pytest.approx([sum(part) / len(part) for part in parts], abs=1e-3)


def test_missing_values_do_not_weigh():
    trace = Trace(2)
    for value in (1.0, None, 3.0, 5.0, nan, None):
        trace.add(value)
    assert trace.values() == [3.0, None]


@drawn
@given(st.floats(-1, 2), st.integers(1, 200))
def test_a_column_is_within_the_width(position, width):
    assert 0 <= find_curve_column(position, width) < width
