"""The table of true and predicted classes as a heat map."""

from collections.abc import Sequence
from math import ceil

from mlptrain.figures import format_weight
from mlptrain.reporting.html_parts import Html
from mlptrain.reporting.svg import FONT, Chart, cut_text, draw_box, draw_text, find_widest, measure_text, write_number
from mlptrain.reporting.text import escape_text

DARKEST = 0.55
"""The opacity of a full cell: letters on it are still read easily, in light and dark."""
NAMES = 150
ENDING = 6
"""Letters at the end of a name that are kept where it is cut."""
TOP = 26
LARGE, LEAST = 74, 30
"""The side of a cell at most, and at least."""
MOST_SHARES = 12
"""Classes up to which a cell has its share below its count."""
MOST_WIDTH = 1000


def draw_heat_map(names: Sequence[str], counts: Sequence[Sequence[float]], *, title: str, description: str) -> Chart:
    """Rows by true class (down) and predicted class (across): count, and share of the true class as the colour."""
    left = 34 + find_widest(names, NAMES)
    upright = len(names) > MOST_SHARES or find_widest(names, NAMES) > LARGE
    head = TOP + (find_widest(names, NAMES) + 8 if upright else FONT + 6)
    side = choose_side(counts, left)
    high = max(26, min(side, 46)) if len(names) <= MOST_SHARES else max(22, side * 0.7)
    marks = draw_headings(names, left, head, side, upright=upright)
    for row, (name, numbers) in enumerate(zip(names, counts, strict=True)):
        top, total = head + high * row, sum(numbers)
        marks.append(draw_text(shorten_name(name), left - 8, top + high / 2 + 4, anchor="end"))
        for column, count in enumerate(numbers):
            x, share = left + side * column, count / total if total else 0.0
            marks += draw_cell(count, share, (x, top), (side, high), with_share=len(names) <= MOST_SHARES)
    width, height = ceil(left + side * len(names) + 8), ceil(head + high * len(names) + 8)
    return Chart(title=title, description=description, width=max(width, 220), height=height, marks=tuple(marks))


def choose_side(counts: Sequence[Sequence[float]], left: float) -> float:
    """The width of a cell: room for its number, and for all cells beside each other."""
    widest = max(measure_text(format_weight(count)) for numbers in counts for count in numbers)
    return min(LARGE, max(LEAST, widest + 6, min((440 - left) / len(counts), LARGE)), (MOST_WIDTH - left) / len(counts))


def draw_headings(names: Sequence[str], left: float, head: float, side: float, *, upright: bool) -> list[Html]:
    """What the rows and columns are, and the names of the columns, turned where they have no room."""
    marks = [
        draw_text("predicted", left, 14, css="quiet"),
        draw_text("true", left - 8, head - 8, anchor="end", css="quiet"),
    ]
    for column, name in enumerate(names):
        x = left + side * (column + 0.5)
        if upright:
            marks.append(turn_text(draw_text(shorten_name(name), 0, 0, anchor="end"), x - 4, head - 6, " rotate(90)"))
        else:
            marks.append(turn_text(draw_text(name, 0, 0, anchor="middle", room=side), x, head - 8, ""))
    return marks


def shorten_name(name: str) -> str:
    """A name in its room, cut before its end: names that begin alike differ there."""
    shown = escape_text(name)
    end = shown[-ENDING:]
    return shown if measure_text(shown) <= NAMES else cut_text(shown[:-ENDING], NAMES - measure_text(end)) + end


def turn_text(text: Html, x: float, y: float, turn: str) -> Html:
    """A text that was drawn at 0, moved to its place."""
    return Html(f'<g transform="translate({write_number(x)} {write_number(y)}){turn}">{text}</g>')


def draw_cell(
    count: float, share: float, place: tuple[float, float], size: tuple[float, float], *, with_share: bool
) -> list[Html]:
    """A cell with its count, and with the share below it where there is room."""
    (x, y), (width, height) = place, size
    box = draw_box(x, y, width - 1, height - 1, "heat", DARKEST * share)
    if not count and not with_share:
        return [box]
    middle = y + height / 2
    lines = [draw_text(format_weight(count), x + width / 2, middle - 2 if with_share else middle + 4, anchor="middle")]
    if with_share and count:
        lines.append(draw_text(format_share(share), x + width / 2, middle + 13, anchor="middle"))
    return [box, *lines]


def format_share(share: float) -> str:
    """A share in per cent; 0% and 100% are said of none and all only.

    >>> [format_share(share) for share in (0.0, 0.004, 0.25, 0.996)]
    ['0%', '0.4%', '25%', '99.6%']
    """
    return f"{share:.1%}" if f"{share:.0%}" in ("0%", "100%") and 0 < share < 1 else f"{share:.0%}"


def list_confusions(
    names: Sequence[str], counts: Sequence[Sequence[float]], most: int
) -> list[tuple[str, str, float, float]]:
    """The pairs of true and predicted class that are confused most: both names, rows, share of the true class."""
    pairs = [
        (names[row], names[column], count, count / sum(numbers))
        for row, numbers in enumerate(counts)
        for column, count in enumerate(numbers)
        if row != column and count
    ]
    return sorted(pairs, key=lambda pair: -pair[2])[:most]
