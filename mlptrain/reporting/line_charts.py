"""Charts of lines over numbers: curves, bands around them, points with intervals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TypeVar

from mlptrain.figures import format_figure
from mlptrain.reporting.axes import Axis, format_ticks, make_axis, widen_axis
from mlptrain.reporting.curve import Values
from mlptrain.reporting.html_parts import Html
from mlptrain.reporting.svg import (
    Chart,
    Point,
    draw_box,
    draw_dots,
    draw_line,
    draw_lines,
    draw_path,
    draw_polyline,
    draw_text,
    find_widest,
    measure_text,
    write_number,
)

WIDTH, HEIGHT = 440, 260
RIGHT, BOTTOM = 14, 42
"""Margins: of the last number of the horizontal axis; of its numbers and its name."""
LEGEND_LINE = 20
NAME_LINE = 12
"""Room for the name of an upright line below a legend."""
MOST_POINTS = 200
MOST_NAMED = 6
"""Curves that are told apart; of more, all are alike and none is named."""
DASHES = ("", "dashed", "dotted", "long", "mixed", "short")
"""How curves of equal rank are told apart without a colour."""
ASIDE = 70
"""Room for the point of missing cells."""
SAMPLE = 26
"""Pixels of line beside a name."""


Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class PlotLine:
    """Points of a line, None where there is none; empty names are not in the legend."""

    name: str
    x: Sequence[float]
    y: Values
    css: str
    """Its classes: the first curve of a part is solid, its partner dashed, so that no colour is needed."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """What lies between two lines."""

    name: str
    x: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True, kw_only=True)
class Whisker:
    """A point with an interval."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Plane:
    """The two axes that a chart is drawn between."""

    x: Axis
    y: Axis
    x_name: str
    y_name: str
    x_texts: Sequence[str] = ()

    def list_x_ticks(self) -> list[tuple[float, str]]:
        """The numbers of the horizontal axis that have room, or the texts in their place."""
        room = self.x.end - self.x.start
        if self.x_texts:
            most = max(2, int(room / (find_widest(self.x_texts, 110) + 18)))
            return [(float(k), self.x_texts[k]) for k in thin_evenly(range(len(self.x_texts)), most)]
        widest = find_widest(format_axis(self.x, 6), 90)
        ticks = self.x.find_ticks(max(2, min(6, int(room / (widest + 18)))))
        return list(zip(ticks, format_ticks(ticks), strict=True))

    def place(self, x: float, y: float | None) -> Point | None:
        """The pixel of a point; None of what is not a finite number."""
        if y is None or not (isfinite(x) and isfinite(y)):
            return None
        return self.x(x), self.y(y)


def lay_plane(
    x_values: Iterable[float],
    y_values: Iterable[float | None],
    *,
    x_name: str,
    y_name: str,
    top: float = LEGEND_LINE,
    logarithmic: bool = False,
    right: float = RIGHT,
    x_texts: Sequence[str] = (),
) -> Plane:
    """The axes of values in a chart; the margin on the left has room for the numbers."""
    y_known, low = list(y_values), HEIGHT - BOTTOM
    y = make_axis(y_known, low, top, may_be_logarithmic=logarithmic)
    if not y.logarithmic:
        y = widen_axis(y_known, low, top)
    left = 12 + LEGEND_LINE + find_widest(format_axis(y, 5), 90)
    return Plane(x=make_axis(x_values, left, WIDTH - right), y=y, x_name=x_name, y_name=y_name, x_texts=x_texts)


def format_axis(axis: Axis, most: int) -> list[str]:
    """The numbers of an axis; on a logarithmic one each has its own unit."""
    ticks = axis.find_ticks(most)
    return [text for tick in ticks for text in format_ticks([tick])] if axis.logarithmic else format_ticks(ticks)


def draw_axes(plane: Plane) -> list[Html]:
    """Lines at round numbers, the numbers, and the names of the axes."""
    x, y = plane.x, plane.y
    ticks = y.find_ticks(5)
    marks = [draw_lines([((x.start, y(value)), (x.end, y(value))) for value in ticks], "grid")]
    for value, text in zip(ticks, format_axis(y, 5), strict=True):
        marks.append(draw_text(text, x.start - 6, y(value) + 4, anchor="end", room=90))
    places = [x(value) for value, _ in plane.list_x_ticks()]
    below = [((place, y.start), (place, y.start + 4)) for place in places]
    marks.append(draw_lines([((x.start, y.start), (x.end, y.start)), *below], "axis"))
    for value, text in plane.list_x_ticks():
        marks.append(draw_text(text, keep_inside(x(value), text, x), y.start + 18, anchor="middle", room=110))
    marks.append(draw_text(plane.x_name, (x.start + x.end) / 2, y.start + 36, anchor="middle", room=x.end - x.start))
    return [*marks, draw_upright(plane.y_name + (" (log)" if y.logarithmic else ""), y)]


def keep_inside(place: float, text: str, x: Axis) -> float:
    """Where the middle of a number stands, so that it does not leave the drawing."""
    return min(place, x.end + RIGHT - measure_text(text) / 2)


def draw_upright(name: str, y: Axis) -> Html:
    """The name of the vertical axis, turned."""
    middle = (y.start + y.end) / 2
    text = draw_text(name, 0, 0, anchor="middle", room=y.start - y.end)
    return Html(f'<g transform="translate(14 {write_number(middle)}) rotate(-90)">{text}</g>')


@dataclass(frozen=True, kw_only=True)
class LineChart:
    """A chart of curves, before it is drawn."""

    title: str
    description: str
    x_name: str
    y_name: str
    curves: Sequence[PlotLine] = ()
    bands: Sequence[Band] = ()
    whiskers: Sequence[Whisker] = ()
    x_ends: Sequence[float] = ()
    """Numbers that the axis reaches whatever the curves do."""
    y_ends: Sequence[float] = ()
    logarithmic: bool = False
    """Whether the vertical axis is logarithmic if its values span decades."""
    upright: tuple[float, str] | None = None
    """A number of the horizontal axis at which a line stands, and its name."""
    diagonal: bool = False
    ruled: Sequence[float] = ()
    """Numbers of the horizontal axis that have a short line of their own: a rug."""
    aside: Sequence[tuple[float, str]] = ()
    """The values of missing cells, with their classes: points of their own beside the axis."""
    x_texts: Sequence[str] = ()
    """What stands in place of the numbers 0, 1 … of the horizontal axis."""

    def draw(self) -> Chart:
        """The chart with its legend."""
        legend, top = draw_legend([*self.curves, *(make_band_sample(each) for each in self.bands)])
        plane = self.lay(top + NAME_LINE * bool(legend and self.upright))
        marks = [
            *draw_axes(plane),
            *([draw_polyline([plane.place(end, end) for end in self.x_ends], "rule")] if self.diagonal else []),
            *([] if self.upright is None else draw_upright_line(plane, *self.upright)),
            *(draw_band(plane, each) for each in self.bands),
            *draw_rug(plane, self.ruled),
            *(draw_curve_line(plane, each) for each in self.curves),
            *(draw_whiskers(plane, self.whiskers) if self.whiskers else []),
            *(draw_aside(plane, self.aside) if self.aside else []),
            *legend,
        ]
        return Chart(title=self.title, description=self.description, width=WIDTH, height=HEIGHT, marks=tuple(marks))

    def lay(self, top: float) -> Plane:
        """The axes that hold all that is drawn, below `top`."""
        heights = [y for each in self.curves for y in each.y]
        heights += [y for each in self.bands for y in (*each.low, *each.high)]
        heights += [y for each in self.whiskers for y in (each.low, each.high)]
        return lay_plane(
            [*(x for each in self.curves for x in each.x), *(x for each in self.bands for x in each.x), *self.x_ends],
            [*heights, *self.y_ends, *(value for value, _ in self.aside)],
            x_name=self.x_name,
            y_name=self.y_name,
            top=top,
            logarithmic=self.logarithmic,
            right=ASIDE if self.aside else RIGHT,
            x_texts=self.x_texts,
        )


def make_band_sample(band: Band) -> PlotLine:
    """What stands for a band in the legend."""
    return PlotLine(name=band.name, x=(), y=(), css="band")


def draw_rug(plane: Plane, values: Sequence[float]) -> list[Html]:
    """Short lines on the horizontal axis, as one path."""
    return [draw_lines([((plane.x(x), plane.y.start), (plane.x(x), plane.y.start - 7)) for x in values], "rug")]


def draw_aside(plane: Plane, values: Sequence[tuple[float, str]]) -> list[Html]:
    """The points of missing cells, right of the axis."""
    x = plane.x.end + ASIDE / 2
    name = draw_text("missing", x, plane.y.start + 36, anchor="middle", room=ASIDE)
    dots = [draw_dots([(x, plane.y(value))], f"dot {css.split()[0]}") for value, css in values]
    return [draw_line((x, plane.y.start), (x, plane.y.end), "grid"), *dots, name]


def draw_curve_line(plane: Plane, curve: PlotLine) -> Html:
    """The line of a curve, of at most so many points."""
    pairs = thin_evenly(list(zip(curve.x, curve.y, strict=True)), MOST_POINTS)
    return draw_polyline([plane.place(x, y) for x, y in pairs], f"line {curve.css}")


def draw_band(plane: Plane, band: Band) -> Html:
    """The area between two lines."""
    there = [plane.place(x, y) for x, y in zip(band.x, band.high, strict=True)]
    back = [plane.place(x, y) for x, y in zip(band.x, band.low, strict=True)]
    edge = [point for point in (*there, *reversed(back)) if point is not None]
    return draw_path("M" + "L".join(f"{write_number(x)} {write_number(y)}" for x, y in edge) + "Z", "band")


def draw_whiskers(plane: Plane, whiskers: Sequence[Whisker]) -> list[Html]:
    """Points with upright lines from the lower to the upper end of their intervals."""
    ends = [[plane.place(each.x, each.low), plane.place(each.x, each.high), None] for each in whiskers]
    points = [point for each in whiskers if (point := plane.place(each.x, each.y)) is not None]
    return [draw_polyline([point for each in ends for point in each], "whisker s1"), draw_dots(points, "dot s1")]


def draw_upright_line(plane: Plane, value: float, name: str) -> list[Html]:
    """A dotted line at a number, named above its upper end."""
    x, half = plane.x(value), measure_text(name) / 2
    middle = min(max(x, plane.x.start + half), plane.x.end + RIGHT - half)
    text = draw_text(name, middle, plane.y.end - 5, anchor="middle", room=200)
    return [draw_line((x, plane.y.start), (x, plane.y.end - 3), "rule"), text]


def draw_legend(curves: Sequence[PlotLine]) -> tuple[list[Html], float]:
    """The names of the curves beside pieces of their lines, and where the room for the chart begins."""
    named = [each for each in curves if each.name]
    if not named or len(named) > MOST_NAMED:
        return [], LEGEND_LINE
    marks, x, y = list[Html](), 12.0, 12.0
    room = (WIDTH - 24) / (2 if len(named) > 2 else 1) - SAMPLE - 20
    for each in named:
        width = SAMPLE + 6 + find_widest([each.name], room) + 14
        if x > 12 and x + width > WIDTH:
            x, y = 12.0, y + LEGEND_LINE
        marks.append(draw_sample(each, x, y))
        marks.append(draw_text(each.name, x + SAMPLE + 6, y + 4, room=room))
        x += width
    return marks, y + LEGEND_LINE


def draw_sample(curve: PlotLine, x: float, y: float) -> Html:
    """A piece of a curve's line, or of a band, for the legend."""
    if curve.css == "band":
        return draw_box(x, y - 6, SAMPLE, 12, "band")
    return draw_line((x, y), (x + SAMPLE, y), f"line {curve.css}")


def choose_css(number: int, count: int) -> str:
    """The classes of one of several curves of equal rank: of many, all are faint."""
    return f"s{number + 1} {DASHES[number]}".strip() if count <= MOST_NAMED else "s1 faint"


def thin_evenly(items: Sequence[Item], most: int) -> Sequence[Item]:
    """At most so many of the items at equal distances, the first and the last among them."""
    if len(items) <= most:
        return items
    return [items[round(k * (len(items) - 1) / (most - 1))] for k in range(most)]


def find_ends(values: Values) -> tuple[float, float] | None:
    """The first and the last finite value."""
    finite = [value for value in values if value is not None and isfinite(value)]
    return (finite[0], finite[-1]) if finite else None


def describe_line(line: PlotLine) -> str:
    """Where a line begins and ends."""
    first, last = find_ends(line.y) or (None, None)
    return f"{line.name} goes from {format_figure(first)} to {format_figure(last)}."
