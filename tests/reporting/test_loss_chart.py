import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.reporting.curve import Curve
from mlptrain.reporting.loss_chart import (
    BOTTOM,
    HEIGHT,
    LEFT,
    MOST_POINTS,
    RIGHT,
    TOP,
    WIDTH,
    draw_loss_chart,
    thin_values,
    trace_path,
)
from tests.support.html import find_flaws
from tests.support.streams import drawn, optional

heights = st.lists(st.none() | st.floats(0, 1), max_size=500)


def points(path):
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]


@drawn
@given(heights)
def test_a_path_has_a_point_for_each_value_that_is_there_within_the_frame(values):
    found = points(trace_path(values))
    assert len(found) == sum(value is not None for value in values)
    assert all(LEFT <= x <= WIDTH - RIGHT and TOP <= y <= HEIGHT - BOTTOM for x, y in found)
    assert [x for x, _ in found] == sorted(x for x, _ in found)


def test_a_gap_interrupts_the_line_and_one_value_alone_is_a_dot():
    assert re.sub(r"[\d. ]+", "", trace_path([0.0, 0.5, None, 1.0, None, 0.0])) == "MhLMhMh"


def test_higher_values_stand_higher():
    low, high = points(trace_path([0.0, 1.0]))
    assert low[1] == HEIGHT - BOTTOM
    assert high == (WIDTH - RIGHT, TOP)


@drawn
@given(st.lists(st.integers(), min_size=1, max_size=2000))
def test_thinned_values_keep_their_order_and_their_ends(values):
    thin = thin_values(values)
    assert len(thin) == min(len(values), MOST_POINTS)
    assert (thin[0], thin[-1]) == (values[0], values[-1])
    rest = iter(values)
    assert all(value in rest for value in thin)


@drawn
@given(st.lists(optional, max_size=60), st.lists(optional, max_size=60), st.integers(0, 80))
def test_any_two_curves_make_harmless_html(one, other, best):
    curves = [Curve("train loss", one), Curve("<b>\u202e", other)]
    assert find_flaws(draw_loss_chart(curves, first=1, last=max(len(one), len(other)), best=best)) == []


def test_what_the_chart_says():
    curves = [Curve("train loss", [4.0, 2.0, 1.0]), Curve("validation loss", [5.0, 3.0, 3.5])]
    chart = draw_loss_chart(curves, first=1, last=3, best=2)
    texts = re.findall(r">([^<>\n]+)</text>", chart)
    assert texts == ["5.000", "1.000", "epoch 1", "3", "train loss", "validation loss", "best: 2"]
    assert 'aria-label="train loss, validation loss over the epochs, from 1.000 to 5.000"' in chart
    assert chart.count("stroke-dasharray") == 3


def test_a_scale_over_many_decades_is_logarithmic_and_says_so():
    assert ">log<" in draw_loss_chart([Curve("loss", [1.0, 1e-4])], first=1, last=2, best=None)


@pytest.mark.parametrize("values", [[], [1.0], [None, None], [float("nan")] * 3])
def test_nothing_is_drawn_where_there_is_nothing_to_see(values):
    assert draw_loss_chart([Curve("loss", values)], first=1, last=len(values), best=None) == ""


def test_the_whole_scale_is_said_where_the_values_are_means():
    chart = draw_loss_chart([Curve("loss", [2.0, 3.0], [1.0, 9.0])], first=1, last=500, best=None)
    assert ">9.000<" in chart
    assert ">500<" in chart
