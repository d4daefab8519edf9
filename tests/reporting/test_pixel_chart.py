"""The map of pixels: each block is there once, the fuller the larger its effect, however large the images are."""

import re

import pytest

from mlptrain.reporting.pixel_chart import draw_pixel_chart
from mlptrain.reporting.pixel_shades import LEVELS, MOST_BLOCKS, SIDE


@pytest.mark.parametrize(("height", "width"), [(1, 1), (6, 5), (28, 28), (200, 300)])
def test_the_runs_of_a_map_cover_its_blocks(height, width):
    values = tuple(tuple(1.0 + (x + y) % 7 for x in range(width)) for y in range(height))
    chart = draw_pixel_chart(values, title="t", description="d")
    drawn = "".join(chart.marks)
    runs = [int(each) for each in re.findall(r"h(\d+)", drawn.partition("scale")[2])]
    assert height * width == sum(runs) or height * width > MOST_BLOCKS**2 > sum(runs)
    assert (chart.width, len(drawn) < 50_000) == (SIDE, True)


def test_the_largest_effect_is_full():
    drawn = "".join(draw_pixel_chart(((0.0, 1.0), (8.0, 4.0)), title="t", description="d").marks)
    assert re.findall(r'stroke-opacity="([\d.]+)" d="([^"]+)"', drawn) == [
        (f"{1 / LEVELS:.3g}", "M1 0.5h1"),
        ("0.5", "M1 1.5h1"),
        ("1", "M0 1.5h1"),
    ]
