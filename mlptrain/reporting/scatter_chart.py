"""Points of two numbers as one path."""

from collections.abc import Sequence

from mlptrain.reporting.axes import widen_axis
from mlptrain.reporting.line_charts import HEIGHT, WIDTH, draw_axes, lay_plane, thin_evenly
from mlptrain.reporting.svg import Chart, draw_dots, draw_polyline

MOST_POINTS = 1500


def draw_scatter(
    points: Sequence[tuple[float, float]], *, title: str, description: str, x_name: str, y_name: str
) -> Chart:
    """Points, and the diagonal on which both numbers are one; both axes are the same."""
    shown = thin_evenly(points, MOST_POINTS)
    ends = widen_axis([value for point in shown for value in point], 0, 1, most=8)
    plane = lay_plane([ends.low, ends.high], [ends.low, ends.high], x_name=x_name, y_name=y_name)
    places = [place for x, y in shown if (place := plane.place(x, y)) is not None]
    marks = [
        *draw_axes(plane),
        draw_dots(places, "points s1"),
        draw_polyline([plane.place(end, end) for end in (ends.low, ends.high)], "rule"),
    ]
    return Chart(title=title, description=description, width=WIDTH, height=HEIGHT, marks=tuple(marks))
