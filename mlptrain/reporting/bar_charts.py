"""Charts of bars: values with names and intervals, histograms, and the small ones that stand in tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from mlptrain.figures import format_figure, format_weight
from mlptrain.reporting.axes import Axis, format_ticks, make_axis, widen_axis
from mlptrain.reporting.html_parts import Html
from mlptrain.reporting.line_charts import BOTTOM, HEIGHT, RIGHT, WIDTH, draw_axes, lay_plane
from mlptrain.reporting.svg import Chart, draw_box, draw_boxes, draw_dots, draw_line, draw_lines, draw_text, find_widest
from mlptrain.reporting.words import format_count_with_noun

BAR, STEP = 13, 22
"""How thick bars with names are, and from one to the next."""
NAMES = 220
"""The most pixels of a name."""
SMALL_WIDTH, SMALL_HEIGHT = 120, 24
MOST_SMALL = 24


@dataclass(frozen=True, kw_only=True)
class NamedBar:
    """A value with a name, from 0, and its interval."""

    name: str
    value: float
    interval: tuple[float, float] | None = None
    css: str = "s1"


def draw_named_bars(bars: Sequence[NamedBar], *, title: str, description: str, x_name: str) -> Chart:
    """Bars one below the other, to the left where values are below 0, with the intervals as lines."""
    left = 12 + find_widest([each.name for each in bars], NAMES) + 8
    ends = [end for each in bars for end in (each.value, *(each.interval or ()))]
    low = 8 + STEP * len(bars)
    axis = widen_axis([0.0, *ends], left, WIDTH - RIGHT)
    marks = draw_lower_axis(axis, low, x_name)
    for number, each in enumerate(bars):
        marks += draw_named_bar(each, axis, 8 + STEP * number)
    marks.append(draw_line((axis(0), 4), (axis(0), low), "axis"))
    return Chart(title=title, description=description, width=WIDTH, height=low + BOTTOM, marks=tuple(marks))


def draw_lower_axis(axis: Axis, low: float, name: str) -> list[Html]:
    """Upright lines at round numbers, the numbers below, and their name."""
    ticks = axis.find_ticks(4)
    marks = [draw_lines([((axis(value), 4), (axis(value), low)) for value in ticks], "grid")]
    for value, text in zip(ticks, format_ticks(ticks), strict=True):
        place = min(axis(value), WIDTH - find_widest([text], 90) / 2)
        marks.append(draw_text(text, place, low + 16, anchor="middle", room=90))
    return [*marks, draw_text(name, (axis.start + axis.end) / 2, low + 34, anchor="middle", room=axis.end - axis.start)]


def draw_named_bar(bar: NamedBar, axis: Axis, top: float) -> list[Html]:
    """A bar with its name on the left and its interval over it."""
    zero, end, middle = axis(0), axis(bar.value), top + BAR / 2
    marks = [
        draw_text(bar.name, axis.start - 8, middle + 4, anchor="end", room=NAMES),
        draw_box(min(zero, end), top, abs(end - zero), BAR, f"bar {bar.css}"),
    ]
    if bar.interval is not None:
        low, high = map(axis, bar.interval)
        ends = [((x, middle - 4), (x, middle + 4)) for x in (low, high)]
        marks.append(draw_lines([((low, middle), (high, middle)), *ends], "whisker"))
    return marks


def draw_histogram(
    edges: Sequence[float], counts: Sequence[float], *, title: str, description: str, x_name: str, y_name: str = "rows"
) -> Chart:
    """How many numbers lie between neighbouring edges."""
    plane = lay_plane(edges, [0.0, *counts], x_name=x_name, y_name=y_name)
    boxes = [
        (plane.x(low), plane.y(count), plane.x(high) - plane.x(low) - 1, plane.y.start - plane.y(count))
        for low, high, count in zip(edges, edges[1:], counts, strict=False)
    ]
    marks = [*draw_axes(plane), draw_boxes(boxes, "bar s1")]
    return Chart(title=title, description=description, width=WIDTH, height=HEIGHT, marks=tuple(marks))


def draw_small_bars(counts: Sequence[float], *, title: str, description: str) -> Chart:
    """Bars for a cell of a table, as high as the counts."""
    shown, most = counts[:MOST_SMALL], max(counts, default=0.0) or 1.0
    step = SMALL_WIDTH / max(len(shown), 1)
    width = min(max(step - 1, 1.0), 24.0)
    boxes = [
        (step * place, SMALL_HEIGHT * (1 - count / most), width, SMALL_HEIGHT * count / most)
        for place, count in enumerate(shown)
    ]
    marks = [draw_boxes(boxes, "bar s1")]
    return Chart(title=title, description=description, width=SMALL_WIDTH, height=SMALL_HEIGHT, marks=tuple(marks))


def draw_small_interval(
    value: float, interval: tuple[float, float], ends: Sequence[float], whole: float | None, name: str
) -> Chart:
    """An interval for a cell of a table, with an upright line at the value of all rows."""
    axis = make_axis(ends, 4, SMALL_WIDTH - 4)
    middle = SMALL_HEIGHT / 2
    marks = [
        *([] if whole is None else [draw_line((axis(whole), 2), (axis(whole), SMALL_HEIGHT - 2), "rule")]),
        draw_line((axis(interval[0]), middle), (axis(interval[1]), middle), "whisker"),
        draw_dots([(axis(value), middle)], "dot s1"),
    ]
    said = f"{format_figure(value)}, from {format_figure(interval[0])} to {format_figure(interval[1])}"
    beside = "" if whole is None else f"; all rows {format_figure(whole)}"
    return Chart(title=name, description=said + beside, width=SMALL_WIDTH, height=SMALL_HEIGHT, marks=tuple(marks))


def describe_counts(labels: Sequence[str], counts: Sequence[float]) -> str:
    """The largest of some counts in words."""
    if not counts or not max(counts):
        return "no rows"
    first = max(range(len(counts)), key=lambda place: counts[place])
    share = f"{format_weight(counts[first])} of {format_weight(sum(counts))} rows"
    return f"{format_count_with_noun(len(counts), 'bar')}, the highest {labels[first]} with {share}"
