import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.reporting.curve import PARTS, Curve
from mlptrain.reporting.glyphs import ASCII, UNICODE
from mlptrain.reporting.panels import NARROWEST, Epochs, draw_panels
from tests.support.streams import drawn, optional

curves = st.builds(
    Curve,
    st.sampled_from(["batch loss", "validation loss", "validation balanced_accuracy"]),
    st.lists(optional, max_size=30),
    part=st.sampled_from(PARTS),
)
signs = st.sampled_from([ASCII, UNICODE])
charts = st.lists(st.lists(curves, max_size=2), max_size=3)


def texts(lines):
    return ["".join(text for text, _ in line) for line in lines]


@drawn
@given(charts, st.integers(1, 120), st.integers(2, 6), st.none() | st.integers(1, 30), signs)
def test_panels_are_a_rectangle_that_the_terminal_has_room_for(charts, width, height, best, glyphs):
    lines = texts(draw_panels(charts, Epochs(first=1, last=30, best=best), width, height, glyphs))
    assert len(lines) in (0, height + 2)
    assert len({len(line) for line in lines}) <= 1
    assert all(len(line) <= width for line in lines)
    assert glyphs is UNICODE or "".join(lines).isascii()


CHARTS = [
    [Curve("train loss", [2.0, 1.0]), Curve("validation loss", [3.0, 1.5], part="validation")],
    [Curve("validation accuracy", [0.5, 0.9], part="validation")],
]


@pytest.mark.parametrize("width", range(15, 120))
def test_as_many_charts_are_drawn_as_there_is_room_for(width):
    lines = texts(draw_panels(CHARTS, Epochs(first=1, last=2, best=2), width, 3, UNICODE))
    stars = lines[-1].count(UNICODE.best) if lines else 0
    first, both = 7 + 2 * (3 + NARROWEST), 7 + 2 * (3 + NARROWEST) + 3 + 7 + 3 + NARROWEST
    assert stars == (0 if width < first else 2 if width < both else 3)


def test_a_chart_has_a_scale_of_its_own_and_a_curve_its_part():
    lines = draw_panels(CHARTS, Epochs(first=1, last=2, best=None), 88, 3, UNICODE)
    assert [figure in text for text in texts(lines)[1:2] for figure in ("3.000", "0.9000")] == [True, True]
    assert [figure in text for text in texts(lines)[3:4] for figure in ("1.000", "0.5000")] == [True, True]
    assert [style for _, style in lines[0]] == ["quiet", "train", "validation", "quiet", "validation"]
