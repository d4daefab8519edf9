"""Drawings: texts keep to their room, ids to their number, coordinates to a tenth of a pixel."""

import re

import pytest

from mlptrain.reporting.svg import FONT, Chart, cut_text, draw_polyline, measure_text, write_number, write_svg
from tests.support.strings import HOSTILE


@pytest.mark.parametrize("room", [20, 90, 200])
def test_a_text_is_cut_to_its_room(room):
    for text in HOSTILE:
        shown = cut_text(text, room)
        assert measure_text(shown) <= room
        assert shown == shown.strip() or measure_text(text) <= room


def test_a_wide_letter_takes_its_room():
    assert measure_text("日本") == 2 * FONT
    assert measure_text("e\u0301") == measure_text("e")


def test_ids_are_made_of_the_number_of_the_drawing():
    chart = Chart(title="a <b>", description="1 & 2", width=10, height=20, marks=())
    drawn = write_svg(chart, 7)
    ids = re.findall(r' id="([^"]+)"', drawn)
    assert [f'aria-labelledby="{" ".join(ids)}"' in drawn, len(ids)] == [True, 2]
    assert write_svg(chart, 8) == drawn.replace("chart-7", "chart-8")
    assert "a &lt;b&gt;" in drawn


def test_a_gap_divides_a_line_and_a_point_alone_is_a_dot():
    assert draw_polyline([(0, 0), (1, 2), None, (3.04, 4)], "line") == '<path class="line" d="M0 0h0l1 2M3 4h0"/>'
    assert draw_polyline([None], "line") == ""


@pytest.mark.parametrize("value", [-0.04, 0.0, 0.04])
def test_there_is_no_negative_zero(value):
    assert write_number(value) == "0"
