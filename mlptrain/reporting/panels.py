"""Curves side by side, as lines of styled text: of one training in panels, of several in a row each."""

from collections.abc import Sequence
from dataclasses import dataclass

from mlptrain.figures import format_figure
from mlptrain.reporting.curve import Curve, Scale, draw_curve, find_curve_column
from mlptrain.reporting.glyphs import Glyphs, Line

GAP = "   "
"""Before a panel, and between two charts."""
NARROWEST, WIDEST = 8, 60
"""Columns of a panel."""
Chart = Sequence[Curve]
"""Curves on one scale."""


@dataclass(frozen=True, kw_only=True)
class Epochs:
    """What lies under curves: the first epoch, the last one, and the best if one is marked."""

    first: int
    last: int
    best: int | None


def draw_panels(charts: Sequence[Chart], epochs: Epochs, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """A panel for each curve, `height` lines between its title and its axis; no charts that there is no room for.

    At the left of a chart are the ends of its scale, under each curve is the place of the best epoch.
    """
    shown = [chart for chart in charts if chart and len(chart[0].values) > 1]
    while shown and measure_panel(shown, width, height) < NARROWEST:
        shown.pop()
    panel, blocks = measure_panel(shown, width, height) if shown else 0, list[list[Line]]()
    for chart in shown:
        scale = Scale.over_curves(chart)
        blocks.append([[(GAP * bool(blocks) + text, "quiet")] for text in format_scale_labels(scale, height)])
        blocks += [draw_panel(curve, scale, epochs, panel, height, glyphs) for curve in chart]
    return join_sideways(blocks)


def measure_panel(charts: Sequence[Chart], width: int, height: int) -> int:
    """The columns of each panel where some charts, with their labels, share a width."""
    labels = sum(len(format_scale_labels(Scale.over_curves(chart), height)[0]) for chart in charts)
    return divide_width(width - labels, charts)


def divide_width(width: int, charts: Sequence[Chart]) -> int:
    """The columns of each panel where all panels of some charts, and the gaps, share a width."""
    gaps = len(GAP) * (len(charts) - 1)
    return min((width - gaps) // sum(map(len, charts)) - len(GAP), WIDEST)


def draw_panel(curve: Curve, scale: Scale, epochs: Epochs, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """A title, a curve and its axis."""
    title = shorten_title(curve.name, width).ljust(width)
    texts = [title, *draw_curve(curve.values, width, height, ascii=glyphs.ascii, scale=scale)]
    lines: list[Line] = [[(GAP + text, curve.part)] for text in texts]
    return [*lines, [(GAP, ""), *draw_axis(epochs, width, glyphs)]]


def shorten_title(name: str, width: int) -> str:
    """A name of a part and of a metric, or the one of both that tells curves apart where there is no room.

    >>> shorten_title("validation loss", 12), shorten_title("validation accuracy", 12)
    ('validation', 'accuracy')
    """
    if len(name) > width:
        part, _, metric = name.partition(" ")
        name = part if metric == "loss" else metric
    return name[:width]


def draw_axis(epochs: Epochs, width: int, glyphs: Glyphs) -> Line:
    """A rule with the sign of the best epoch, if one is marked."""
    if epochs.best is None:
        return [(glyphs.rule * width, "quiet")]
    at = find_curve_column((epochs.best - epochs.first) / max(epochs.last - epochs.first, 1), width)
    return [(glyphs.rule * at, "quiet"), (glyphs.best, "best"), (glyphs.rule * (width - 1 - at), "quiet")]


def format_scale_labels(scale: Scale, height: int) -> list[str]:
    """Left of a chart, from title to axis: the ends of the scale, and whether it is logarithmic in between."""
    texts = ["", format_figure(scale.high), *[""] * (height - 2), format_figure(scale.low), ""]
    if scale.logarithmic:
        texts[1 + height // 2] = "log"
    width = max(7, *map(len, texts))
    return [text.rjust(width) for text in texts]


def join_sideways(blocks: Sequence[Sequence[Line]]) -> list[Line]:
    """Blocks of equally many lines, one beside the other."""
    return [[span for line in lines for span in line] for lines in zip(*blocks, strict=True)]
