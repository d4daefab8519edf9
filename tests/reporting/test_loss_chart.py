import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.reporting.curve import Curve
from mlptrain.reporting.loss_chart import draw_loss_chart
from tests.support.html import find_flaws
from tests.support.streams import drawn, optional


@drawn
@given(st.lists(optional, max_size=60), st.lists(optional, max_size=60), st.integers(0, 80))
def test_any_two_curves_make_harmless_html(one, other, best):
    curves = [Curve("train loss", one), Curve('<b>\u202e" class="s1', other, part="validation")]
    assert find_flaws(draw_loss_chart(curves, first=1, last=max(len(one), len(other)), best=best)) == []


CURVES = [
    Curve("train loss", [4.0, 2.0, 1.0]),
    Curve("validation loss", [5.0, 3.0, 3.5], part="validation"),
]


def test_what_the_chart_says():
    chart = draw_loss_chart(CURVES, first=1, last=3, best=2)
    texts = re.findall(r">([^<>\n]+)</text>", chart)
    assert {"train loss", "validation loss", "best: 2", "epoch", "loss", "1", "3", "5"} <= set(texts)
    said = "train loss goes from 4.000 to 1.000. validation loss goes from 5.000 to 3.500."
    assert f'aria-label="loss over the epochs: {said}"' in chart


def test_the_parts_are_told_apart_without_a_colour():
    chart = draw_loss_chart(CURVES, first=1, last=3, best=None)
    assert set(re.findall(r'(?:stroke|fill)="([^"]+)"', chart)) == {"none", "currentColor"}
    assert len(re.findall(r"<path [^>]*stroke-dasharray", chart)) == 2  # the line and its sample


def test_a_scale_over_decades_is_logarithmic_and_says_so():
    assert ">loss (log)<" in draw_loss_chart([Curve("train loss", [1.0, 1e-4])], first=1, last=2, best=None)


@pytest.mark.parametrize("values", [[], [1.0], [None, None], [float("nan")] * 3])
def test_nothing_is_drawn_where_there_is_nothing_to_see(values):
    assert draw_loss_chart([Curve("train loss", values)], first=1, last=len(values), best=None) == ""


def test_the_whole_scale_is_said_where_the_values_are_means():
    chart = draw_loss_chart([Curve("train loss", [2.0, 3.0], [1.0, 9.0])], first=1, last=500, best=None)
    assert ">10<" in chart
    assert ">500<" in chart
