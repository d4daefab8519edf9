"""The map of what pixels add to the answers, as a drawing of a page."""

from math import ceil

from mlptrain.explain.pixel_maps import Grid
from mlptrain.reporting.html_parts import Html
from mlptrain.reporting.pixel_shades import LEVELS, MOST_BLOCKS, SIDE, average_blocks, trace_level
from mlptrain.reporting.svg import Chart, draw_box, write_number


def draw_pixel_chart(values: Grid, *, title: str, description: str) -> Chart:
    """The sizes of effects as shades: the larger, the fuller; of large images the means of blocks of pixels."""
    block = ceil(max(len(values), len(values[0])) / MOST_BLOCKS)
    blocks = average_blocks(values, block, block) if block > 1 else values
    side = SIDE / len(blocks[0])
    height = ceil(side * len(blocks))
    paths = [trace_level(blocks, max(map(max, blocks)), level) for level in range(1, LEVELS + 1)]
    shades = "".join(
        f'<path class="pixel s1" stroke-opacity="{level / LEVELS:.3g}" d="{path}"/>'
        for level, path in enumerate(paths, 1)
        if path
    )
    marks = (
        draw_box(0, 0, SIDE, height, "frame"),
        Html(f'<g transform="scale({write_number(side)})">{shades}</g>'),
    )
    return Chart(title=title, description=description, width=SIDE, height=height, marks=marks)
