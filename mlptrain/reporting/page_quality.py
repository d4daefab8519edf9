"""How good a model is, as a section: metrics, classes, curves, calibration, thresholds; of numbers the residuals."""

from collections.abc import Iterator, Sequence

from mlptrain.diagnostics.quality import ClassCurves, Quality, Reliability, ThresholdResult
from mlptrain.diagnostics.report import Report
from mlptrain.figures import format_figure, format_interval, format_rate, format_weight
from mlptrain.model.evaluation import Evaluation
from mlptrain.reporting.evaluate_results import (
    choose_metrics,
    describe_class_gaps,
    tabulate_classes,
    tabulate_evaluation,
    tabulate_targets,
)
from mlptrain.reporting.heat_map import MOST_SHARES, draw_heat_map, list_confusions
from mlptrain.reporting.line_charts import LineChart, PlotLine, Whisker, choose_css, thin_evenly
from mlptrain.reporting.metric_rows import describe_scaled_loss
from mlptrain.reporting.page_blocks import Block, Figure, Grid, Paragraph, Stack, Table, explain_absence, fold_numbers
from mlptrain.reporting.page_residuals import describe_coverage, draw_residuals
from mlptrain.reporting.terminal import ANYWHERE

MOST_CLASSES = 30
"""Classes whose confusion is drawn; of more, the pairs that are confused most are listed."""
MOST_PAIRS = 20
FEW_PAIRS = 10
"""Pairs that are listed beside a confusion of so many classes that it needs the width of the page."""
MOST_TABLED = 12
"""Points of a curve in the table under it."""
UNIT = (0.0, 1.0)


def show_quality(report: Report) -> Iterator[Block]:
    """How good a model is."""
    quality = report.quality
    if quality is None:
        yield from explain_absence(report.absent.get("quality", ""))
        return
    residuals = quality.residuals
    alone = list(draw_residuals(residuals[0], "")) if len(residuals) == 1 else []
    yield from show_metrics(quality.evaluation, alone[:1])
    drawn: list[Block] = [*alone[1:], *draw_ranking_curves(quality), *map(draw_reliability, quality.reliability)]
    if quality.thresholds:
        drawn.append(tabulate_thresholds(quality.thresholds, quality.evaluation.positive_class or ""))
    if drawn:
        yield Grid(blocks=drawn)
    yield from (Grid(blocks=list(draw_residuals(each, f" of {each.target}"))) for each in residuals if not alone)
    yield from (Paragraph(text=describe_coverage(each)) for each in residuals if each.coverage is not None)
    yield from (
        Paragraph(text=f"{name.replace('_', ' ').capitalize()}: {why}", quiet=True)
        for name, why in quality.absent.items()
    )


def show_metrics(evaluation: Evaluation, more: Sequence[Block]) -> Iterator[Block]:
    """The metrics with their intervals beside the baseline; of several targets those of each; `more` beside them."""
    names = choose_metrics(evaluation, verbose=False)
    rows = tabulate_evaluation(evaluation, names)
    tables = [Table(name="metrics", heading="Metrics", headings=["metric", "value", *rows[0][2:]], rows=rows[1:])]
    if evaluation.targets:
        headings, *rows = tabulate_targets(evaluation, names)
        tables.append(Table(name="targets", heading="Each target", headings=["target", *headings[1:]], rows=rows))
    confusion, classes = list(draw_confusion(evaluation)), list(tabulate_class_results(evaluation))
    is_wide = any(isinstance(each, Figure) and each.is_wide for each in confusion)
    beside = [*more, *(tabulate_confusions(evaluation, FEW_PAIRS) if is_wide else confusion), *classes]
    yield Grid(blocks=[*tables, *([Stack(blocks=beside)] if beside else [])])
    yield from confusion if is_wide else []
    yield from (Paragraph(text=f"{name}: undefined: {why}", quiet=True) for name, why in evaluation.undefined.items())
    scaled = [] if evaluation.watched is None else describe_scaled_loss(names, evaluation.watched)
    lines = [f"{line.strip(' ()').capitalize()}." for line in scaled]
    if evaluation.intervals:
        lines = [*lines, f"Intervals hold 95 % of {evaluation.resamples:,} bootstrap samples of the rows."]
    if evaluation.baseline:
        lines = [*lines, "The baseline knows nothing of a row: it always predicts what was usual in training."]
    if lines:
        yield Paragraph(text=" ".join(lines), quiet=True)


def draw_confusion(evaluation: Evaluation) -> Iterator[Block]:
    """The rows by true and predicted class, where they are few enough to be drawn."""
    names, counts = [each.name for each in evaluation.classes], evaluation.confusion
    if not names:
        return
    if len(names) > MOST_CLASSES:
        yield from tabulate_confusions(evaluation, MOST_PAIRS)
        return
    right = sum(numbers[place] for place, numbers in enumerate(counts))
    everything = sum(map(sum, counts)) or 1.0
    chart = draw_heat_map(
        names,
        counts,
        title="True class (down) and predicted class (across)",
        description=f"{format_weight(right)} of {format_weight(everything)} rows are in the class that is predicted.",
    )
    rows = [[name, *map(format_weight, numbers)] for name, numbers in zip(names, counts, strict=True)]
    table = fold_numbers(["true", *names], rows, "rows by true class and predicted class")
    remark = f"Colours{' and per cents' * (len(names) <= MOST_SHARES)} are shares of the true class."
    yield Figure(heading="True and predicted classes", chart=chart, remark=remark, table=table)


def tabulate_confusions(evaluation: Evaluation, most: int) -> Iterator[Table]:
    """The pairs of classes that are confused most; nothing where none is."""
    pairs = list_confusions([each.name for each in evaluation.classes], evaluation.confusion, most)
    if not pairs:
        return
    rows = [[truth, said, format_weight(rows), f"{share:.1%}"] for truth, said, rows, share in pairs]
    headings = ["true", "predicted", "rows", "share of the true class"]
    title = f"The {len(rows)} pairs of classes that are confused most" if len(rows) > 1 else "The one confused pair"
    yield Table(name=title, heading=title, headings=headings, rows=rows, numbers=2)


def tabulate_class_results(evaluation: Evaluation) -> Iterator[Block]:
    """Precision, recall and F1 of each class."""
    if not evaluation.classes:
        return
    headings, *rows = tabulate_classes(evaluation)
    positive = "" if evaluation.positive_class is None else f" (positive: {evaluation.positive_class})"
    yield Table(
        name="classes",
        heading=f"Each class{positive}",
        headings=["class", *headings[1:]],
        rows=rows,
        folded=len(rows) > MOST_SHARES,
    )
    for line in describe_class_gaps(evaluation.classes, ANYWHERE):
        yield Paragraph(text=line.strip().removeprefix("(").removesuffix(")"), quiet=True)


def draw_ranking_curves(quality: Quality) -> Iterator[Figure]:
    """ROC and precision by recall, of each class against the rest."""
    curves, classes = quality.curves, len(quality.evaluation.classes)
    if not curves:
        return
    roc = [make_line(each, each.roc.x, each.roc.y, k, len(curves)) for k, each in enumerate(curves)]
    chart = LineChart(
        title="ROC curve",
        description=describe_areas("AUC", [(each.name, each.auc) for each in curves], classes),
        x_name="false positive rate",
        y_name="true positive rate",
        curves=roc,
        x_ends=UNIT,
        y_ends=UNIT,
        diagonal=True,
    ).draw()
    yield Figure(heading="ROC", chart=chart, table=tabulate_areas(curves, "AUC"), remark=chart.description)
    lines = [
        make_line(each, each.precision_recall.x, each.precision_recall.y, k, len(curves))
        for k, each in enumerate(curves)
    ]
    chart = LineChart(
        title="Precision by recall",
        description=describe_areas(
            "Average precision", [(each.name, each.average_precision) for each in curves], classes
        ),
        x_name="recall",
        y_name="precision",
        curves=lines,
        x_ends=UNIT,
        y_ends=UNIT,
    ).draw()
    table = tabulate_areas(curves, "average precision")
    yield Figure(heading="Precision and recall", chart=chart, table=table, remark=chart.description)


def make_line(curve: ClassCurves, x: Sequence[float], y: Sequence[float], number: int, count: int) -> PlotLine:
    """The line of a class; of one alone it needs no name."""
    return PlotLine(name=curve.name if count > 1 else "", x=x, y=y, css=choose_css(number, count))


def describe_areas(what: str, areas: Sequence[tuple[str, float | None]], classes: int) -> str:
    """The areas under curves in words; of many classes only the largest have curves."""
    if len(areas) == 1:
        return f"{what} of {areas[0][0]}: {format_figure(areas[0][1])}."
    known = [(value, name) for name, value in areas if value is not None]
    if not known:
        return f"{what} is not defined."
    (low, worst), (high, best) = min(known), max(known)
    whose = "each class" if len(areas) >= classes else f"the {len(areas)} largest of {classes} classes, each"
    return f"{what} of {whose} against the rest, from {format_figure(low)} ({worst}) to {format_figure(high)} ({best})."


def tabulate_areas(curves: Sequence[ClassCurves], what: str) -> Table:
    """The areas of several classes, or some points of the curve of one."""
    of_roc = what == "AUC"
    if len(curves) > 1:
        rows = [
            [each.name, format_weight(each.rows), format_figure(each.auc if of_roc else each.average_precision)]
            for each in curves
        ]
        return fold_numbers(["class", "rows", what], rows, f"{what} of each class")
    line = curves[0].roc if of_roc else curves[0].precision_recall
    points = thin_evenly(list(zip(line.x, line.y, strict=True)), MOST_TABLED)
    names = ["false positive rate", "true positive rate"] if of_roc else ["recall", "precision"]
    return fold_numbers(
        names,
        [list(map(format_figure, point)) for point in points],
        f"points of the {'ROC' if of_roc else 'precision'} curve",
    )


def draw_reliability(reliability: Reliability) -> Figure:
    """Predicted beside observed probabilities, group by group."""
    groups = reliability.groups
    outside = sum(not each.low <= each.predicted <= each.high for each in groups)
    name = "the predicted class" if reliability.name is None else reliability.name
    said = f"{outside} of {len(groups)} groups of rows lie outside their 95 % intervals."
    chart = LineChart(
        title=f"Calibration of {name}",
        description=said,
        x_name="predicted probability",
        y_name="observed share",
        curves=[PlotLine(name="", x=[g.predicted for g in groups], y=[g.observed for g in groups], css="s1 thin")],
        whiskers=[Whisker(x=g.predicted, y=g.observed, low=g.low, high=g.high) for g in groups],
        x_ends=UNIT,
        y_ends=UNIT,
        diagonal=True,
    ).draw()
    rows = [
        [format_figure(g.predicted), format_figure(g.observed), format_interval(g.low, g.high), f"{g.rows:,}"]
        for g in groups
    ]
    table = fold_numbers(["predicted", "observed", "95 % interval", "rows"], rows, "groups of similar probability")
    return Figure(heading=f"Calibration: {name}", chart=chart, remark=said, table=table)


def tabulate_thresholds(thresholds: Sequence[ThresholdResult], positive: str) -> Table:
    """What predictions are worth that say the positive class from a probability on."""
    rows = [
        [
            format_rate(each.threshold) + " (best f1)" * each.is_best,
            f"{each.predicted:.1%}",
            *map(format_figure, (each.precision, each.recall, each.f1, each.accuracy)),
        ]
        for each in thresholds
    ]
    heading = f"Thresholds from which on {positive} is predicted"
    headings = ["threshold", "predicted", "precision", "recall", "f1", "accuracy"]
    return Table(name=heading, heading=heading, headings=headings, rows=rows)
