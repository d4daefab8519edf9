"""Numbers of pixels as shades: of blocks of pixels, drawn with characters or as SVG without colours of its own."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import ceil, inf
from statistics import fmean

from mlptrain.explain.pixel_maps import Grid
from mlptrain.reporting.bars import EIGHTHS
from mlptrain.reporting.html_parts import Html, escape_html

SHADES, PLAIN_SHADES = " ░▒▓█", " .:+#"
MOST_SHADED = 80
"""Characters that a line has at most where it may be of any length."""
MOST_BLOCKS = 64
"""Blocks on a side of a picture."""
LEVELS = 8
"""Shades of a picture."""
SIDE = 224
"""The width of a picture."""
GAP = "   "


def choose_shades(signs: str) -> str:
    """The signs of shades, from none to full, that suit those of bars."""
    return SHADES if signs == EIGHTHS else PLAIN_SHADES


def split_signs(values: Grid) -> tuple[Grid, Grid]:
    """The sizes of the numbers above 0, and of those below."""
    above, below = (tuple(tuple(max(sign * value, 0.0) for value in line) for line in values) for sign in (1, -1))
    return above, below


def average_blocks(values: Grid, height: int, width: int) -> Grid:
    """The means of blocks of so many pixels, which are smaller at the edges.

    >>> average_blocks(((1.0, 3.0, 5.0), (3.0, 5.0, 7.0)), 2, 2)
    ((3.0, 6.0),)
    """
    return tuple(
        tuple(
            fmean(value for line in values[y : y + height] for value in line[x : x + width])
            for x in range(0, len(values[0]), width)
        )
        for y in range(0, len(values), height)
    )


def draw_map(values: Grid, shades: str, room: int) -> list[str]:
    """A map in lines."""
    return [line.rstrip() for line in shade_lines(values, shades, room, max(map(max, values)))]


def draw_maps_side_by_side(one: Grid, other: Grid, *, names: tuple[str, str], shades: str, room: int) -> list[str]:
    """Two maps on the same scale, each below its name."""
    largest, half = max(map(max, (*one, *other))), (room - len(GAP)) // 2
    left, right = (shade_lines(each, shades, half, largest) for each in (one, other))
    width = max(len(left[0]), len(names[0]))
    lines = zip([names[0], *left], [names[1], *right], strict=True)
    return [f"{first:{width}}{GAP}{second}".rstrip() for first, second in lines]


def shade_lines(values: Grid, shades: str, room: int, largest: float) -> list[str]:
    """Two signs a pixel where there is room, else one for a block that is twice as high as wide."""
    block = max(ceil(len(values[0]) / max(room, 1)), 1)
    blocks, signs = (values, 2) if 2 * len(values[0]) <= room else (average_blocks(values, 2 * block, block), 1)
    levels = [find_levels(line, largest, len(shades) - 1) for line in blocks]
    return ["".join(shades[level] * signs for level in line) for line in levels]


def find_levels(line: Sequence[float], largest: float, levels: int) -> list[int]:
    """The shade of each number, from 0 to `levels` for the largest; 0 where there is none."""
    return [round(min(value / largest, 1) * levels) if 0 < value < inf and largest < inf else 0 for value in line]


def draw_map_picture(values: Grid, about: str, largest: float | None = None) -> Html:
    """A map as SVG in the colour of the text around it, at most `MOST_BLOCKS` blocks high and wide."""
    block = ceil(max(len(values), len(values[0])) / MOST_BLOCKS)
    blocks = average_blocks(values, block, block) if block > 1 else values
    height, width = len(blocks), len(blocks[0])
    top = max(map(max, blocks)) if largest is None else largest
    paths = [trace_level(blocks, top, level) for level in range(1, LEVELS + 1)]
    parts = [
        f'<svg width="{SIDE}" height="{ceil(SIDE * height / width)}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape_html(about)}" fill="none" stroke="currentColor" stroke-width="1">',
        f'<path d="M0 0H{width}V{height}H0Z" stroke-opacity="0.3" stroke-width="{2 * width / SIDE:.3g}"/>',
        *(f'<path d="{path}" stroke-opacity="{level / LEVELS:.3g}"/>' for level, path in enumerate(paths, 1) if path),
    ]
    return Html("\n".join([*parts, "</svg>"]))


def trace_level(blocks: Grid, largest: float, level: int) -> str:
    """The runs of blocks of one shade, as lines that are one block wide."""
    return "".join(f"M{x} {y}.5h{run}" for y, line in enumerate(blocks) for x, run in find_runs(line, largest, level))


def find_runs(line: Sequence[float], largest: float, level: int) -> Iterator[tuple[int, int]]:
    """Where the runs of one shade begin, and how long they are."""
    x = 0
    for each, run in groupby(find_levels(line, largest, LEVELS)):
        length = len(list(run))
        if each == level:
            yield x, length
        x += length
