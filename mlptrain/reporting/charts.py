"""Charts of a report as SVG: classes in place of colours, so that one drawing serves light, dark and print."""

from mlptrain.diagnostics.training_course import NetworkCourse
from mlptrain.reporting.curve import PARTS, Curve
from mlptrain.reporting.html_parts import Html
from mlptrain.reporting.loss_chart import draw_loss_chart


def draw_history(course: NetworkCourse) -> Html:
    """The losses over the epochs."""
    history = course.history
    epochs = [int(each) for each in history.get("epoch", ()) if each is not None]
    if not epochs:
        return Html("")
    curves = [Curve(f"{part} loss", history[f"{part}_loss"], part=part) for part in PARTS if f"{part}_loss" in history]
    return draw_loss_chart(curves, first=epochs[0], last=epochs[-1], best=course.best_epoch)
