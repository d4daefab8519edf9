"""Shades of pixels: their places, their scale, within any width."""

import re

import numpy as np
import pytest

from mlptrain.reporting.bars import EIGHTHS
from mlptrain.reporting.pixel_shades import (
    LEVELS,
    MOST_BLOCKS,
    PLAIN_SHADES,
    SHADES,
    average_blocks,
    choose_shades,
    draw_map,
    draw_map_picture,
    draw_maps_side_by_side,
    split_signs,
)
from tests.support.html import find_flaws

RANDOM = np.random.default_rng(4)


def draw_grid(height, width):
    return tuple(map(tuple, RANDOM.random((height, width)).tolist()))


def test_blocks_are_means_and_those_of_equal_size_keep_the_mean():
    for height, width in ((1, 1), (2, 3), (3, 4)):
        blocks = average_blocks(draw_grid(6, 12), height, width)
        assert (len(blocks), len(blocks[0])) == (6 // height, 12 // width)
    grid = draw_grid(6, 12)
    assert np.mean(average_blocks(grid, 3, 4)) == pytest.approx(np.mean(grid))
    assert np.array(average_blocks(grid, 4, 5))[-1, -1] == pytest.approx(np.array(grid)[4:, 10:].mean())


@pytest.mark.parametrize("room", [7, 20, 28, 60, 80])
def test_a_map_fits_and_the_darkest_sign_is_of_the_largest_number(room):
    values = np.zeros((28, 28))
    values[20:22, 7:9] = 1
    lines = draw_map(tuple(map(tuple, values.tolist())), SHADES, room)
    assert max(map(len, lines)) <= room
    (dark,) = [place for place, line in enumerate(lines) if "█" in line] if room >= 28 and room < 2 * 28 else [None]
    assert dark in (None, 10)
    full = draw_map(((0.0, 0.2), (0.5, 1.0)), SHADES, 80)
    assert full == ["  ░░", "▒▒██"]
    assert draw_map(((0.0, 0.2), (0.5, 1.0)), choose_shades("#"), 80) == ["  ..", "::##"]


def test_shades_follow_the_signs_of_bars():
    assert choose_shades(EIGHTHS) == SHADES
    assert choose_shades("#") == PLAIN_SHADES
    PLAIN_SHADES.encode("ascii")


def test_signs_are_parted_and_drawn_on_one_scale():
    above, below = split_signs(((1.0, -0.5), (0.0, 0.25)))
    assert above == ((1.0, 0.0), (0.0, 0.25))
    assert below == ((0.0, 0.5), (0.0, 0.0))
    lines = draw_maps_side_by_side(above, below, names=("for", "against"), shades=SHADES, room=40)
    assert lines == ["for    against", "██       ▒▒", "  ░░"]


def test_numbers_that_are_not_finite_or_all_0_have_no_shade():
    for value in (0.0, float("nan"), float("inf")):
        assert draw_map(((value, value),), SHADES, 80) == [""]
        assert "M0 0.5h" not in draw_map_picture(((value, value),), "x")


@pytest.mark.parametrize(("height", "width"), [(1, 1), (28, 28), (5, 200), (300, 300)])
def test_a_picture_covers_each_block_once_and_is_small(height, width):
    grid = draw_grid(height, width)
    svg = draw_map_picture(grid, 'a "map" <of> pixels')
    assert find_flaws(svg) == []
    assert len(svg) < 60_000
    box = re.search(r'viewBox="0 0 (\d+) (\d+)"', svg)
    columns, lines = int(box[1]), int(box[2])
    assert max(columns, lines) <= MOST_BLOCKS
    covered = np.zeros((lines, columns))
    for path, opacity in re.findall(r'<path d="(M\d+ \d+\.5h[^"]+)" stroke-opacity="([\d.]+)"', svg):
        for x, y, run in re.findall(r"M(\d+) (\d+)\.5h(\d+)", path):
            covered[int(y), int(x) : int(x) + int(run)] += float(opacity)
    block = -(-max(height, width) // MOST_BLOCKS)
    blocks = np.array(average_blocks(grid, block, block))
    assert covered == pytest.approx(np.round(blocks / blocks.max() * LEVELS) / LEVELS, abs=1e-3)
