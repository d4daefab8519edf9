"""Drawings as SVG without a colour in them: classes, which the style of the page colours for light, dark and print."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from unicodedata import combining, east_asian_width

from mlptrain.reporting.html_parts import Html, escape_html
from mlptrain.reporting.text import escape_text

FONT = 12
"""Pixels of the letters of all drawings, which are never enlarged."""
NARROW = frozenset("fijlrtI.,:;'|!()[]/ -")
WIDE = frozenset("<>=+~^#&wABCDEFGHKLNOPQRSTUVXYZ")
NARROW_EM, USUAL_EM, WIDE_EM, BROAD_EM = 0.42, 0.64, 0.84, 1.0
"""How wide letters are at most in common fonts, in font sizes."""
Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A drawing, with what is read aloud in its place."""

    title: str
    """What it shows."""
    description: str
    """The numbers that matter, in words."""
    width: int
    height: int
    marks: tuple[Html, ...]


def write_svg(chart: Chart, number: int) -> Html:
    """A chart as the drawing `number` of its page: ids are made of it, so that each is there once."""
    ids = f"chart-{number}-title chart-{number}-text"
    title, text = ids.split()
    lines = [
        f'<svg width="{chart.width}" height="{chart.height}" viewBox="0 0 {chart.width} {chart.height}" '
        f'role="img" aria-labelledby="{ids}">',
        f'<title id="{title}">{escape_html(chart.title)}</title>',
        f'<desc id="{text}">{escape_html(chart.description, 1000)}</desc>',
        *chart.marks,
        "</svg>",
    ]
    return Html("\n".join(line for line in lines if line))


def write_number(value: float) -> str:
    """A coordinate, to a tenth of a pixel.

    >>> [write_number(value) for value in (12.04, -0.01, 3)]
    ['12', '0', '3']
    """
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def draw_path(data: str, css: str) -> Html:
    """A path; nothing of no points."""
    return Html(f'<path class="{css}" d="{data}"/>' if data else "")


def draw_polyline(points: Iterable[Point | None], css: str) -> Html:
    """The line through points, with a gap where one is None; one alone is a dot."""
    return draw_path(trace_points(points), css)


def trace_points(points: Iterable[Point | None]) -> str:
    """The path through points: a gap where one is None, a dot (h0) of one between two gaps.

    Steps are written, which are shorter than places, between places that are rounded to tenths: they add up.
    """
    pieces, last = list[str](), None
    for point in points:
        if point is None:
            last = None
            continue
        x, y = (round(10 * value) for value in point)
        pieces.append(
            f"M{write_tenths(x)} {write_tenths(y)}h0" if last is None else write_step(x - last[0], y - last[1])
        )
        last = x, y
    return "".join(pieces)


def write_step(right: int, down: int) -> str:
    """A step of a path, in tenths of a pixel; nothing of none."""
    if not right or not down:
        return (f"h{write_tenths(right)}" if right else "") + (f"v{write_tenths(down)}" if down else "")
    sign = "" if down < 0 else " "
    return f"l{write_tenths(right)}{sign}{write_tenths(down)}"


def write_tenths(value: int) -> str:
    """Tenths of a pixel as pixels, without a zero before the point."""
    return write_number(value / 10).replace("0.", ".", 1) if abs(value) < 10 else write_number(value / 10)


def draw_line(start: Point, end: Point, css: str) -> Html:
    """A straight line."""
    return draw_polyline([start, end], css)


def draw_lines(lines: Iterable[tuple[Point, Point]], css: str) -> Html:
    """Straight lines as one path."""
    return draw_polyline([point for start, end in lines for point in (start, end, None)], css)


def draw_dots(points: Iterable[Point], css: str) -> Html:
    """Dots as one path, which is round at its ends."""
    return draw_path("".join(f"M{write_number(x)} {write_number(y)}h0" for x, y in points), css)


def draw_box(x: float, y: float, width: float, height: float, css: str, opacity: float | None = None) -> Html:
    """A rectangle."""
    sides = " ".join(
        f'{name}="{write_number(value)}"'
        for name, value in (("x", x), ("y", y), ("width", max(width, 0.0)), ("height", max(height, 0.0)))
    )
    faint = "" if opacity is None else f' fill-opacity="{opacity:.2f}"'
    return Html(f'<rect class="{css}" {sides}{faint}/>')


def draw_boxes(boxes: Iterable[tuple[float, float, float, float]], css: str) -> Html:
    """Rectangles (x, y, width, height) as one path; those without an area are left out."""
    places = [[round(10 * value) for value in box] for box in boxes]
    corners = [
        f"M{write_tenths(x)} {write_tenths(y)}h{write_tenths(width)}v{write_tenths(height)}h{write_tenths(-width)}z"
        for x, y, width, height in places
        if width > 0 and height > 0
    ]
    return draw_path("".join(corners), css)


def draw_text(text: str, x: float, y: float, *, anchor: str = "start", room: float = 1e9, css: str = "") -> Html:
    """A text of at most `room` pixels, its base line at y."""
    place = f'x="{write_number(x)}" y="{write_number(y)}"'
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    named = f' class="{css}"' if css else ""
    return Html(f"<text {place}{where}{named}>{escape_html(cut_text(text, room))}</text>")


def cut_text(text: str, room: float) -> str:
    """A text as it is shown, cut to a width in pixels."""
    shown = escape_text(text)
    if measure_text(shown) <= room:
        return shown
    width = measure_letter("…")
    for position, letter in enumerate(shown):
        width += measure_letter(letter)
        if width > room:
            return shown[:position].rstrip() + "…"
    return shown


def measure_text(text: str) -> float:
    """The width of a text in pixels, rather too much than too little."""
    return sum(map(measure_letter, text))


def measure_letter(letter: str) -> float:
    """The width of a letter in pixels."""
    if letter in NARROW:
        return NARROW_EM * FONT
    if combining(letter):
        return 0.0
    if east_asian_width(letter) in "WF" or letter in "MWm…@%":
        return BROAD_EM * FONT
    return (WIDE_EM if letter in WIDE else USUAL_EM) * FONT


def find_widest(texts: Sequence[str], most: float) -> float:
    """The width of the widest of some texts, at most `most` pixels."""
    return min(max((measure_text(escape_text(each)) for each in texts), default=0.0), most)
