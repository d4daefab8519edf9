"""The heat map: each count is there once, as dark as its share; the pairs that are confused most."""

import re

import pytest

from mlptrain.reporting.heat_map import DARKEST, MOST_SHARES, MOST_WIDTH, draw_heat_map, list_confusions

COUNTS = ((8.0, 2.0, 0.0), (0.0, 0.0, 0.0), (1.0, 3.0, 2.0))
NAMES = ("cat", "dog", "a name that is longer than all the others of this table")


def test_cells_are_as_dark_as_their_share_of_the_row():
    chart = draw_heat_map(NAMES, COUNTS, title="t", description="d")
    found = [float(each) for each in re.findall(r'fill-opacity="([\d.]+)"', "".join(chart.marks))]
    shares = [count / (sum(row) or 1) for row in COUNTS for count in row]
    assert found == pytest.approx([DARKEST * share for share in shares], abs=0.006)


@pytest.mark.parametrize("classes", [1, 2, MOST_SHARES, MOST_SHARES + 1, 30])
def test_a_map_has_a_cell_for_each_pair_and_keeps_to_the_page(classes):
    counts = tuple(tuple(float(1000 * (a == b)) for b in range(classes)) for a in range(classes))
    chart = draw_heat_map([f"class {k}" for k in range(classes)], counts, title="t", description="d")
    assert sum("<rect" in mark for mark in chart.marks) == classes**2
    assert chart.width <= MOST_WIDTH + 10
    edges = [
        float(x) + float(width) for x, width in re.findall(r'x="([\d.]+)"[^>]* width="([\d.]+)"', "".join(chart.marks))
    ]
    assert max(edges) <= chart.width


def test_the_pairs_that_are_confused_most_come_first():
    assert list_confusions(("cat", "dog", "eel"), COUNTS, 2) == [("eel", "dog", 3.0, 0.5), ("cat", "dog", 2.0, 0.2)]


def test_a_cell_without_rows_has_no_share():
    marks = "".join(draw_heat_map(("cat", "dog"), ((3.0, 0.0), (1.0, 1.0)), title="t", description="d").marks)
    assert re.findall(r">(\d+%?)</text>", marks) == ["3", "100%", "0", "1", "50%", "1", "50%"]


def test_names_that_begin_alike_are_told_apart():
    names = [f"a name of a class that has no room, number {k}" for k in range(30)]
    chart = draw_heat_map(names, [[1.0] * 30] * 30, title="t", description="d")
    labels = re.findall(r">([^<]*… *[^<]*)</text>", "".join(chart.marks))
    assert len(labels) == 60
    assert len(set(labels)) == 30
