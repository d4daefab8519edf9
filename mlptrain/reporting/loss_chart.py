"""Curves of losses as SVG without colours of its own: it is drawn in the colour of the text around it."""

from collections.abc import Sequence

from mlptrain.figures import format_figure
from mlptrain.reporting.curve import Curve, Scale, Values
from mlptrain.reporting.html_parts import Html, escape_html

WIDTH, HEIGHT = 480, 190
LEFT, RIGHT, TOP, BOTTOM = 66, 10, 24, 22
"""Margins: of the numbers beside the curves, of their names above them."""
MOST_POINTS = 200
DASHES = ("", "5 3")
"""How the curves are told apart without a colour: the first solid, the second dashed."""


def draw_loss_chart(curves: Sequence[Curve], *, first: int, last: int, best: int | None) -> Html:
    """Curves (two at most) over the epochs from `first` to `last`, a line at the best one; nothing of one epoch."""
    curves = [curve for curve in curves if curve.is_drawable]
    if last <= first or not curves:
        return Html("")
    scale = Scale.over_curves(curves)
    named = ", ".join(curve.name for curve in curves)
    about = f"{named} over the epochs, from {format_figure(scale.low)} to {format_figure(scale.high)}"
    parts = [
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape_html(about)}" fill="none" stroke="currentColor" stroke-linecap="round">',
        f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" stroke-opacity="0.5"/>',
        *draw_numbers(scale, first, last),
        *(draw_curve_and_name(curve, DASHES[k], scale, k) for k, curve in enumerate(curves)),
        *draw_best(best, first, last),
    ]
    return Html("\n".join([*parts, "</svg>"]))


def draw_numbers(scale: Scale, first: int, last: int) -> list[str]:
    """The ends of the scale and of the epochs, and whether the scale is logarithmic."""
    low = HEIGHT - BOTTOM
    texts = [
        write_label(format_figure(scale.high), LEFT - 6, TOP + 9, anchor="end"),
        write_label(format_figure(scale.low), LEFT - 6, low, anchor="end"),
        write_label(f"epoch {first}", LEFT, HEIGHT - 6),
        write_label(f"{last:,}", WIDTH - RIGHT, HEIGHT - 6, anchor="end"),
    ]
    return [*texts, *([write_label("log", LEFT - 6, (TOP + low) / 2, anchor="end")] if scale.logarithmic else [])]


def draw_curve_and_name(curve: Curve, dash: str, scale: Scale, position: int) -> str:
    """A curve, and above it a piece of its line with its name."""
    x, dashed = LEFT + position * 170, f' stroke-dasharray="{dash}"' if dash else ""
    heights = [scale(value) for value in thin_values(curve.values)]
    line = trace_path(heights)
    name = write_label(curve.name, x + 30, 14)
    return f'<path d="{line}" stroke-width="1.5"{dashed}/><path d="M{x} 10H{x + 24}"{dashed}/>{name}'


def draw_best(best: int | None, first: int, last: int) -> list[str]:
    """A dotted line at the best epoch, named above."""
    if best is None or not first <= best <= last:
        return []
    x = LEFT + (WIDTH - RIGHT - LEFT) * (best - first) / (last - first)
    line = f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke-dasharray="1 3"/>'
    return [line, write_label(f"best: {best:,}", WIDTH - RIGHT, 14, anchor="end")]


def trace_path(heights: Values) -> str:
    """The line through points at equal distances, with a gap where one is missing; one alone is a dot (h0)."""
    step, low, room = (WIDTH - RIGHT - LEFT) / max(len(heights) - 1, 1), HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP
    pieces, pen = [], "M"
    for position, height in enumerate(heights):
        if height is None:
            pen = "M"
            continue
        pieces.append(f"{pen}{LEFT + position * step:.1f} {low - height * room:.1f}{'h0' if pen == 'M' else ''}")
        pen = "L"
    return "".join(pieces)


def thin_values(values: Values) -> Values:
    """At most `MOST_POINTS` of the values, at equal distances, the first and the last among them."""
    if len(values) <= MOST_POINTS:
        return values
    last = len(values) - 1
    return [values[round(k * last / (MOST_POINTS - 1))] for k in range(MOST_POINTS)]


def write_label(text: str, x: float, y: float, *, anchor: str = "start") -> str:
    """A text in the chart."""
    where = f'x="{x:.0f}" y="{y:.0f}" font-size="11" text-anchor="{anchor}"'
    return f'<text {where} fill="currentColor" stroke="none">{escape_html(text, 40)}</text>'
