"""Charts of lines: all of it lies inside the drawing, whatever the values; no line has more points than are seen."""

import re

import pytest

from mlptrain.reporting.line_charts import (
    HEIGHT,
    MOST_NAMED,
    MOST_POINTS,
    RIGHT,
    WIDTH,
    Band,
    LineChart,
    PlotLine,
    Whisker,
    choose_css,
)
from mlptrain.reporting.svg import FONT, write_svg

INF, NAN = float("inf"), float("nan")
VALUES = {
    "usual": (0.5, 0.7, 0.2, 0.9),
    "one": (3.0, 3.0, 3.0, 3.0),
    "gaps": (None, 1.0, NAN, INF),
    "nothing": (None, NAN, None, None),
    "huge": (1.7e308, -1.7e308, 0.0, 1.0),
    "tiny": (5e-324, 0.0, 1e-320, 5e-324),
    "decades": (1e-9, 1.0, 1e9, 1e4),
    "close": (1.0, 1.0 + 2e-16, 1.0, 1.0),
}


def follow_path(data):
    """The points that a path goes through."""
    found, x, y = [], 0.0, 0.0
    for letter, numbers in re.findall(r"([Mlhv])([-\d. ]+)", data):
        steps = [float(each) for each in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", numbers)]
        right, down = {"h": (*steps, 0.0), "v": (0.0, *steps)}.get(letter, steps)
        x, y = (right, down) if letter == "M" else (x + right, y + down)
        found.append((x, y))
    return found


def draw(values, **more):
    """A chart of four values over four others."""
    lines = [PlotLine(name="a", x=(1.0, 2.0, 3.0, 4.0), y=values, css="s1")]
    chart = LineChart(title="t", description="d", x_name="x", y_name="y", curves=lines, **more)
    return write_svg(chart.draw(), 1)


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("logarithmic", [False, True])
def test_all_points_lie_inside_the_drawing(values, logarithmic):
    drawn = draw(values, logarithmic=logarithmic, upright=(2.0, "best"), ruled=(1.0, 4.0), aside=[(0.5, "s1")])
    assert "nan" not in drawn
    assert "inf" not in drawn
    points = [point for data in re.findall(r' d="([^"]*)"', drawn) for point in follow_path(data)]
    assert points
    assert all(-0.01 <= x <= WIDTH + 0.01 and -0.01 <= y <= HEIGHT + 0.01 for x, y in points)


@pytest.mark.parametrize("best", [1.0, 2.0, 4.0])
def test_the_name_of_an_upright_line_stands_below_the_legend(best):
    drawn = draw(VALUES["usual"], upright=(best, "best"))
    heights = {name: float(y) for y, name in re.findall(r'<text [^>]*y="([-\d.]+)"[^>]*>(a|best)</text>', drawn)}
    assert heights["best"] - heights["a"] >= FONT


def test_a_long_line_is_thinned_and_keeps_its_ends():
    x = [float(k) for k in range(10_000)]
    chart = LineChart(
        title="t", description="d", x_name="x", y_name="y", curves=[PlotLine(name="", x=x, y=x, css="s1")]
    )
    line = next(mark for mark in chart.draw().marks if 'class="line' in mark)
    points = follow_path(line.partition(' d="')[2])
    assert len(points) == MOST_POINTS + 1
    assert points[-1][0] == pytest.approx(WIDTH - RIGHT)


def test_a_band_and_intervals_are_under_the_curve():
    chart = draw(
        (1.0, 2.0, 3.0, 4.0),
        bands=[Band(name="most", x=(1.0, 4.0), low=(0.0, 3.0), high=(2.0, 5.0))],
        whiskers=[Whisker(x=2.0, y=2.0, low=1.0, high=3.0)],
    )
    assert chart.index('class="band"') < chart.index('class="line s1"') < chart.index('class="whisker')
    assert ">most</text>" in chart


def test_curves_of_equal_rank_differ_without_their_colours():
    dashes = {choose_css(number, MOST_NAMED).partition(" ")[2] for number in range(MOST_NAMED)}
    assert len(dashes) == MOST_NAMED
    assert choose_css(3, MOST_NAMED + 1) == choose_css(4, MOST_NAMED + 1)
