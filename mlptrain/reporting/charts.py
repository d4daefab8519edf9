"""Charts of a report as SVG: classes in place of colours, so that one drawing serves light, dark and print."""

from mlptrain.diagnostics.training_course import NetworkCourse
from mlptrain.reporting.html_parts import Html
from mlptrain.reporting.loss_chart import LossCurve, draw_loss_chart


def draw_history(course: NetworkCourse) -> Html:
    """The losses over the epochs."""
    history = course.history
    epochs = [int(each) for each in history.get("epoch", ()) if each is not None]
    if not epochs:
        return Html("")
    curves = [
        LossCurve(name, history[column])
        for name, column in (("training loss", "train_loss"), ("validation loss", "validation_loss"))
        if column in history
    ]
    return draw_loss_chart(curves, first=epochs[0], last=epochs[-1], best=course.best_epoch)
