"""How a model was trained, as a section: its epochs as curves, and the metrics of the parts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from mlptrain.diagnostics.training_course import NetworkCourse, TrainingCourse
from mlptrain.figures import format_figure
from mlptrain.model.history import IMPORTED
from mlptrain.reporting.line_charts import LineChart, PlotLine, choose_css, describe_line, find_ends
from mlptrain.reporting.metric_rows import choose_headline, shorten_metrics
from mlptrain.reporting.page_blocks import Block, Figure, Grid, Paragraph, Table, fold_numbers
from mlptrain.reporting.show_results import VERBOSE_EPOCHS, choose_epochs
from mlptrain.reporting.text_tables import REFIT, tabulate_metrics
from mlptrain.reporting.words import NOT_OF_WEIGHTS, STORED_REASONS, format_count_with_noun

PARTS = (("training", "train"), ("validation", "validation"))


def show_course(course: TrainingCourse) -> Iterator[Block]:
    """How a model was trained."""
    yield Paragraph(text=describe_end(course))
    if course.reason == IMPORTED:
        yield Paragraph(text=f"{NOT_OF_WEIGHTS[:1].upper()}{NOT_OF_WEIGHTS[1:]}.")
    drawn = draw_one(course, course.networks[0]) if len(course.networks) == 1 else draw_several(course)
    blocks: list[Block] = [*drawn, *tabulate_parts(course), *tabulate_networks(course)]
    if blocks:
        yield Grid(blocks=blocks)
    if course.refit:
        yield Paragraph(text=f"{REFIT[:1].upper()}{REFIT[1:]}.", quiet=True)


def describe_end(course: TrainingCourse) -> str:
    """Why training ended, after how many epochs, and what was watched."""
    reason = STORED_REASONS.get(course.reason, course.reason) or "done"
    watched = f"; watched: validation {course.watched.name}" if course.watched.name else ""
    best = course.networks[0].best_epoch if len(course.networks) == 1 else None
    kept = f", the parameters of epoch {best:,} kept" if best is not None and course.watched.name else ""
    refit = "; then trained anew on all rows up to the best epoch" if course.refit else ""
    count = f"{len(course.networks)} trainings, " if len(course.networks) > 1 else ""
    epochs = format_count_with_noun(course.epochs, "epoch")
    return f"{reason[:1].upper()}{reason[1:]}: {count}{epochs}{kept}{watched}{refit}."


def tabulate_parts(course: TrainingCourse) -> Iterator[Table]:
    """The metrics of the parts, beside the baseline of the last."""
    metrics = {name: values for name, values in course.metrics.items() if values}
    if not metrics:
        return
    last = list(metrics)[-1]
    names = shorten_metrics(metrics, course.watched, first=choose_headline(metrics[last], course.watched))
    beside = {"baseline": fill_gaps(course.baseline[last], names)} if course.baseline.get(last) else {}
    headings, *rows = tabulate_metrics(metrics | beside, names)
    title = "Metrics of the parts"
    yield Table(name=title, heading=title, headings=["metric", *headings[1:]], rows=rows)


def fill_gaps(metrics: Mapping[str, float | None], names: Sequence[str]) -> dict[str, float | None]:
    """Metrics with None for those that are not there."""
    return {name: metrics.get(name) for name in names}


def tabulate_networks(course: TrainingCourse) -> Iterator[Table]:
    """Each of several trainings, with its best epoch and what it reached there."""
    if len(course.networks) < 2:
        return
    rows = [
        [
            each.name,
            f"{len(each.history.get('epoch', ())):,}",
            "-" if each.best_epoch is None else f"{each.best_epoch:,}",
            format_figure(read_best(each, "validation_loss")),
            format_figure(read_best(each, "validation_metric")),
        ]
        for each in course.networks
    ]
    headings = ["", "epochs", "best", "validation loss", f"validation {course.watched.metric}"]
    yield Table(name="trainings", heading="Each training, at its best epoch", headings=headings, rows=rows)


def read_best(network: NetworkCourse, column: str) -> float | None:
    """The value of a column at the best epoch."""
    values, epochs = network.history.get(column, ()), network.history.get("epoch", ())
    found = [value for value, epoch in zip(values, epochs, strict=False) if epoch == network.best_epoch]
    return found[-1] if found else None


def draw_one(course: TrainingCourse, network: NetworkCourse) -> Iterator[Figure]:
    """The curves of one network: loss, metric, learning rate, norm of the gradient."""
    loss = "batch loss" if course.running_loss else "training loss"
    metric = course.watched.metric
    shown = (
        ("Loss", [(loss, "train_loss", "s1"), ("validation loss", "validation_loss", "s2 dashed")], True),
        (
            f"Metric: {metric}",
            [(f"training {metric}", "train_metric", "s1"), (f"validation {metric}", "validation_metric", "s2 dashed")],
            False,
        ),
        ("Learning rate", [("learning rate", "learning_rate", "s1")], False),
        ("Norm of the gradient", [("norm of the gradient", "gradient_norm", "s1")], True),
    )
    for heading, columns, logarithmic in shown:
        lines = [make_line(network, name, column, css) for name, column, css in columns]
        figure = draw_epochs(heading, [line for line in lines if line], network, logarithmic=logarithmic)
        yield from figure


def make_line(network: NetworkCourse, name: str, column: str, css: str) -> PlotLine | None:
    """A column of the history as a line; None where it has nothing to draw."""
    values = network.history.get(column, ())
    if find_ends(values) is None or len(values) < 2:
        return None
    return PlotLine(name=name, x=[float(each or 0) for each in network.history["epoch"]], y=values, css=css)


def draw_epochs(
    heading: str, lines: Sequence[PlotLine], network: NetworkCourse, *, logarithmic: bool
) -> Iterator[Figure]:
    """Lines over the epochs of one network; nothing of a constant, or of no line."""
    if not lines or len({value for line in lines for value in line.y}) < 2:
        return
    best = None if network.best_epoch is None else (float(network.best_epoch), f"best: {network.best_epoch:,}")
    chart = LineChart(
        title=f"{heading} over the epochs",
        description=" ".join(describe_line(line) for line in lines),
        x_name="epoch",
        y_name=heading.removeprefix("Metric: ").lower() if len(lines) > 1 else lines[0].name,
        curves=lines if len(lines) > 1 else [replace(lines[0], name="")],  # one is named by its axis
        logarithmic=logarithmic,
        upright=best,
    ).draw()
    epochs = [int(each) for each in lines[0].x]
    rows = [
        [f"{epochs[k]:,}", *(format_figure(line.y[k]) for line in lines)]
        for k in choose_epochs(epochs, network.best_epoch or 0, VERBOSE_EPOCHS)
    ]
    table = fold_numbers(["epoch", *(line.name for line in lines)], rows, heading)
    yield Figure(heading=heading, chart=chart, table=table)


def draw_several(course: TrainingCourse) -> Iterator[Figure]:
    """The validation and training curves of several networks, a line each."""
    metric, networks = course.watched.metric, course.networks
    loss = "Batch loss" if course.running_loss else "Training loss"
    for heading, column, logarithmic in (
        ("Validation loss", "validation_loss", True),
        (loss, "train_loss", True),
        (f"Validation {metric}", "validation_metric", False),
        ("Learning rate", "learning_rate", False),
    ):
        found = [make_line(each, each.name, column, choose_css(k, len(networks))) for k, each in enumerate(networks)]
        lines = [line for line in found if line is not None]
        if not lines or len({value for line in lines for value in line.y}) < 2:
            continue
        chart = LineChart(
            title=f"{heading} of {len(lines)} trainings over the epochs",
            description=" ".join(describe_line(line) for line in lines[:6]),
            x_name="epoch",
            y_name=heading.lower(),
            curves=lines,
            logarithmic=logarithmic,
        ).draw()
        rows = [[line.name, *map(format_figure, find_ends(line.y) or ())] for line in lines]
        yield Figure(heading=heading, chart=chart, table=fold_numbers(["", "first", "last"], rows, heading))
