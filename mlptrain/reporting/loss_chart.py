"""Curves as SVG for notebooks: no class and no colour of its own, all is drawn in the colour of the text around it."""

import re
from collections.abc import Mapping, Sequence

from mlptrain.reporting.curve import Curve
from mlptrain.reporting.html_parts import Html, escape_html
from mlptrain.reporting.panels import Epochs
from mlptrain.reporting.svg import FONT, Chart
from mlptrain.reporting.training_charts import PENS, chart_curves

LINE = 'fill="none" stroke="currentColor"'
PLAIN: Mapping[str, str] = {
    "grid": f'{LINE} stroke-opacity="0.15"',
    "axis": f'{LINE} stroke-opacity="0.5"',
    "rule": f'{LINE} stroke-dasharray="1 3"',
    f"line {PENS['train']}": f'{LINE} stroke-width="1.5" stroke-linecap="round"',
    f"line {PENS['validation']}": f'{LINE} stroke-width="1.5" stroke-linecap="round" stroke-dasharray="5 3"',
}
"""What stands in place of each class."""


def draw_loss_chart(curves: Sequence[Curve], *, first: int, last: int, best: int | None) -> Html:
    """Curves (two at most) over the epochs from `first` to `last`, a line at the best one; nothing of one epoch."""
    shown = [curve for curve in curves if curve.is_drawable]
    if last <= first or not shown:
        return Html("")
    marked = best if best is not None and first <= best <= last else None
    return write_plain_svg(chart_curves(shown, Epochs(first=first, last=last, best=marked)).draw())


def write_plain_svg(chart: Chart) -> Html:
    """A chart without classes. Texts of the user have no quotes in them that are not escaped, and so no class."""
    marks = re.sub('class="([^"]*)"', lambda match: PLAIN[match[1]], "\n".join(mark for mark in chart.marks if mark))
    about = escape_html(f"{chart.title}: {chart.description}", 1000)
    size = f'width="{chart.width}" height="{chart.height}" viewBox="0 0 {chart.width} {chart.height}"'
    opened = f'<svg {size} role="img" aria-label="{about}" fill="currentColor" font-size="{FONT}">'
    return Html(f"{opened}\n{marks}\n</svg>")
