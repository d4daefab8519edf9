"""Charts of curves over epochs: those of one training together, those of several trainings a chart each."""

from collections.abc import Iterator, Sequence

from mlptrain.reporting.curve import PARTS, Curve
from mlptrain.reporting.line_charts import LineChart, PlotLine, choose_css, describe_line
from mlptrain.reporting.panels import Epochs
from mlptrain.reporting.training_curves import TrainingCurves

PENS = dict(zip(PARTS, ("s1", "s2 dashed"), strict=True))
"""Training solid, validation dashed, so that no colour is needed to tell them apart."""


def chart_trainings(trainings: Sequence[TrainingCurves]) -> list[LineChart]:
    """The charts of a fit: of losses, and of the watched metric where it is another thing; none of no epochs."""
    if len(trainings) == 1:
        return [chart_curves(chart, trainings[0].epochs) for chart in trainings[0].charts]
    names = dict.fromkeys(curve.name for each in trainings for chart in each.charts for curve in chart)
    return [chart_same_curves(name, trainings) for name in names]


def chart_curves(curves: Sequence[Curve], epochs: Epochs) -> LineChart:
    """Curves of one training that share a scale, with a line at the best epoch."""
    what = curves[0].name.partition(" ")[2]
    lines = [plot_curve(curve, epochs, name=curve.name, css=PENS[curve.part]) for curve in curves]
    return LineChart(
        title=f"{what} over the epochs",
        description=" ".join(map(describe_line, lines)),
        x_name="epoch",
        y_name=what,
        curves=lines,
        y_ends=[end for curve in curves for end in curve.ends if end is not None],
        logarithmic=what == "loss",
        upright=None if epochs.best is None else (float(epochs.best), f"best: {epochs.best:,}"),
    )


def chart_same_curves(name: str, trainings: Sequence[TrainingCurves]) -> LineChart:
    """The curves of one name of several trainings."""
    found = list(find_curves(name, trainings))
    lines = [
        plot_curve(curve, training.epochs, name=training.name, css=choose_css(number, len(found)))
        for number, (training, curve) in enumerate(found)
    ]
    return LineChart(
        title=f"{name} of {len(found)} trainings over the epochs",
        description=" ".join(map(describe_line, lines)),
        x_name="epoch",
        y_name=name,
        curves=lines,
        logarithmic=name.endswith(" loss"),
    )


def find_curves(name: str, trainings: Sequence[TrainingCurves]) -> Iterator[tuple[TrainingCurves, Curve]]:
    """The trainings that have a curve of a name, and the curve."""
    for training in trainings:
        yield from ((training, curve) for chart in training.charts for curve in chart if curve.name == name)


def plot_curve(curve: Curve, epochs: Epochs, *, name: str, css: str) -> PlotLine:
    """A curve as a line of a chart: its values stand at equal distances from the first epoch to the last."""
    step = (epochs.last - epochs.first) / (len(curve.values) - 1)
    x = [epochs.first + step * position for position in range(len(curve.values))]
    return PlotLine(name=name, x=x, y=curve.values, css=css)
