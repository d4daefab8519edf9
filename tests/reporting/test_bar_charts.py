"""Charts of bars: their lengths are their values, and none leaves the drawing."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlptrain.reporting.bar_charts import (
    MOST_SMALL,
    SMALL_HEIGHT,
    SMALL_WIDTH,
    NamedBar,
    describe_counts,
    draw_histogram,
    draw_named_bars,
    draw_small_bars,
    draw_small_interval,
)
from mlptrain.reporting.line_charts import WIDTH

numbers = st.floats(-1e6, 1e6)


def read_boxes(marks):
    """The rectangles among the marks of a chart: x, y, width, height."""
    boxes = re.findall(r'<rect [^>]*x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="([\d.]+)"', "".join(marks))
    return [tuple(map(float, box)) for box in boxes]


@settings(max_examples=30, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=6))
def test_bars_begin_at_zero_and_are_as_long_as_their_values(values):
    chart = draw_named_bars([NamedBar(name="a", value=v) for v in values], title="t", description="d", x_name="x")
    boxes = read_boxes(chart.marks)
    assert len(boxes) == len(values)
    assert all(x >= 0 and x + width <= WIDTH and y + height <= chart.height for x, y, width, height in boxes)
    largest, longest = max(map(abs, values)), max(width for _, _, width, _ in boxes)
    assert [width for _, _, width, _ in boxes] == pytest.approx(
        [abs(v) / (largest or 1) * longest for v in values], abs=0.2
    )


def test_a_histogram_has_a_bar_for_each_bucket_that_has_rows():
    chart = draw_histogram((0.0, 1.0, 2.0, 3.0), (4.0, 0.0, 2.0), title="t", description="d", x_name="x")
    [bars] = [mark for mark in chart.marks if 'class="bar' in mark]
    heights = [float(each) for each in re.findall(r"v([\d.]+)h-", bars)]
    assert len(heights) == 2
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.2)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 10**9), max_size=40))
def test_small_bars_keep_to_their_cell(counts):
    chart = draw_small_bars(counts, title="t", description="d")
    bars = re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)", "".join(chart.marks))
    assert len(bars) <= MOST_SMALL
    for x, y, width, height in (map(float, bar) for bar in bars):
        assert x + width <= SMALL_WIDTH + 0.1
        assert y + height <= SMALL_HEIGHT + 0.1


def test_a_small_interval_says_its_numbers():
    chart = draw_small_interval(0.5, (0.25, 0.75), (0.0, 1.0), 0.9, "sex: male")
    assert chart.description == "0.5000, from 0.2500 to 0.7500; all rows 0.9000"
    assert chart.title == "sex: male"


@pytest.mark.parametrize(
    ("counts", "text"), [((), "no rows"), ((0, 0), "no rows"), ((1, 3), "2 bars, the highest b with 3 of 4 rows")]
)
def test_counts_are_told_in_words(counts, text):
    assert describe_counts(["a", "b"], counts) == text
