"""The curves of several trainings as lines of styled text: a line for each, on one scale and over the same epochs."""

from collections.abc import Mapping, Sequence

from mlptrain.figures import format_figure
from mlptrain.reporting.curve import Scale, draw_curve
from mlptrain.reporting.glyphs import Glyphs, Line
from mlptrain.reporting.panels import GAP, NARROWEST, divide_width, shorten_title
from mlptrain.reporting.training_curves import TrainingCurves


def draw_curve_rows(trainings: Sequence[TrainingCurves], width: int, glyphs: Glyphs) -> list[Line]:
    """A line of titles and one for each training; without the last curves where there is no room for them."""
    scales = find_scales(trainings)
    titles = {curve.name: curve for training in trainings for chart in training.charts for curve in chart}
    shown = [titles[name] for name in scales]
    label = max((len(each.name) for each in trainings), default=0)
    while shown and divide_width(width - label, [shown]) < NARROWEST:
        shown.pop()
    if not shown:
        return []
    panel = divide_width(width - label, [shown])
    heading: Line = [(" " * label, "")]
    heading += [(GAP + shorten_title(each.name, panel).ljust(panel), each.part) for each in shown]
    longest = max(map(count_epochs, trainings))
    rows: list[Line] = []
    for each in trainings:
        part = max(round(panel * count_epochs(each) / longest), 2)
        row: Line = [(each.name.ljust(label), "quiet")]
        row += [(GAP + draw_row(each, title.name, scales, part, glyphs).ljust(panel), title.part) for title in shown]
        rows.append(row)
    return [heading, *rows]


def find_scales(trainings: Sequence[TrainingCurves]) -> dict[str, Scale]:
    """The scale of each curve, by its name, losses first: that of all losses, or of all metrics."""
    losses = [curve for each in trainings for curve in each.losses]
    metrics = [curve for each in trainings for curve in each.metrics]
    return {curve.name: Scale.over_curves(chart) for chart in (losses, metrics) for curve in chart}


def draw_row(training: TrainingCurves, name: str, scales: Mapping[str, Scale], width: int, glyphs: Glyphs) -> str:
    """A curve of a training on one line; blanks where it has none of this name."""
    own = {curve.name: curve for chart in training.charts for curve in chart}
    values = own[name].values if name in own else ()
    return draw_curve(values, width, 1, ascii=glyphs.ascii, scale=scales[name])[0]


def count_epochs(training: TrainingCurves) -> int:
    """The epochs of a training."""
    return training.epochs.last - training.epochs.first + 1


def describe_scales(trainings: Sequence[TrainingCurves]) -> str:
    """What the lowest and the highest sign stand for."""
    scales = {name.partition(" ")[2]: scale for name, scale in find_scales(trainings).items()}
    return ", ".join(
        f"{what} from {format_figure(scale.low)} to {format_figure(scale.high)}{' (log)' * scale.logarithmic}"
        for what, scale in scales.items()
    )
