"""Several models on one page: which is better, where they disagree, what differs, and each one's own report folded."""

import re
from collections.abc import Iterator, Sequence

from mlptrain.commands.report import ComparedReports
from mlptrain.diagnostics.comparison import ComparedModel, ModelComparison
from mlptrain.diagnostics.report import Report
from mlptrain.figures import format_figure, format_interval
from mlptrain.reporting.bar_charts import NamedBar, draw_named_bars
from mlptrain.reporting.line_charts import LineChart, PlotLine, choose_css, describe_line
from mlptrain.reporting.metric_rows import SHORT
from mlptrain.reporting.page_blocks import Block, Card, Figure, Fold, Grid, Page, Paragraph, Remark, Section, Table
from mlptrain.reporting.page_course import make_line
from mlptrain.reporting.page_report import MOST_CARDS, MOST_REMARKS, describe_muted, describe_subject, list_sections

ABSOLUTE = re.compile(r"""(?<![^\s\["'])(?:[A-Za-z]:)?[/\\][^\],"']*[/\\]""")
"""The folders of an absolute path in the text of a setting."""


def lay_out_comparison(compared: ComparedReports) -> Page:
    """The page of several models."""
    comparison, reports = compared.comparison, compared.reports
    names = [each.name for each in comparison.models]
    targets = ", ".join(comparison.targets[:5]) + (" …" if len(comparison.targets) > 5 else "")
    found = (
        ("comparison", "Which is better", "Which is better", show_ranking(comparison)),
        ("disagreement", "Where they disagree", "Where they disagree", show_disagreement(comparison)),
        ("settings", "What differs", "What differs", show_settings(comparison)),
        ("course", "How they were trained", "How trained", show_courses(reports)),
        *((f"model-{k}", name, name, show_report(reports[k - 1])) for k, name in enumerate(names, 1)),
    )
    return Page(
        title=", ".join(names),
        lead=f"{len(names)} models that predict {targets}, compared on {comparison.rows_name} ({comparison.rows:,}).",
        warnings=list(dict.fromkeys(each.seen for each in comparison.models if each.seen)),
        cards=[make_card(each, comparison.metric) for each in comparison.models[: MOST_CARDS + 1]],
        remarks=rank_remarks(reports),
        muted=describe_muted(list(dict.fromkeys(code for each in reports for code in each.muted))),
        sections=[Section(id=id, title=title, short=short, blocks=list(blocks)) for id, title, short, blocks in found],
        foot=f"Written by mlptrain {reports[0].reproduction.mlptrain}.",
    )


def make_card(model: ComparedModel, metric: str) -> Card:
    """A model at the head of the page."""
    interval = [f"{format_interval(*model.intervals[metric])} (95\u00a0%)"] if metric in model.intervals else []
    value = format_figure(model.metrics[metric])
    return Card(name=model.name, value=value, remarks=[metric.replace("_", " "), *interval])


def rank_remarks(reports: Sequence[Report]) -> list[Remark]:
    """What stands out in any of the models: the worst of each first."""
    found = sorted(
        (place, number, finding)
        for number, report in enumerate(reports, 1)
        for place, finding in enumerate(report.findings)
    )
    return [
        Remark(
            code=each.code,
            title=f"{reports[number - 1].subject.name}: {each.title}",
            sentence=each.sentence,
            section=f"model-{number}",
        )
        for _, number, each in found[:MOST_REMARKS]
    ]


def show_ranking(comparison: ModelComparison) -> Iterator[Block]:
    """Whether the ranking is decided, and the numbers that say so."""
    yield Paragraph(text=f"{comparison.verdict[:1].upper()}{comparison.verdict[1:]}.")
    yield Grid(blocks=[draw_ranking(comparison), tabulate_models(comparison)])
    yield tabulate_differences(comparison)
    how = "Each difference is of both models on the same samples of the rows, so that its interval may leave 0 out"
    many = f"All intervals of differences together are of 95 % ({comparison.resamples:,} samples)."
    yield Paragraph(
        text=f"{how} where the intervals of the models overlap. {many}",
        quiet=True,
    )


def draw_ranking(comparison: ModelComparison) -> Figure:
    """The models by the metric, each with its interval."""
    metric, first = comparison.metric, comparison.models[0]
    bars = [
        NamedBar(name=each.name, value=each.metrics[metric] or 0.0, interval=each.intervals.get(metric))
        for each in comparison.models
    ]
    way = "larger is better" if comparison.larger_is_better else "smaller is better"
    chart = draw_named_bars(
        bars,
        title=f"{metric} of the models",
        description=f"The best is {first.name} with {format_figure(first.metrics[metric])}.",
        x_name=f"{metric} ({way})",
    )
    return Figure(heading=f"The models by {metric}", chart=chart)


def tabulate_models(comparison: ModelComparison) -> Table:
    """The metrics side by side, that of the ranking first."""
    metric, models = comparison.metric, comparison.models
    others = [name for name in (*SHORT, *models[0].metrics) if name not in ("loss", metric)]
    names = [
        name for name in dict.fromkeys([metric, *others]) if any(each.metrics.get(name) is not None for each in models)
    ]
    rows = [
        [
            name,
            *(format_figure(each.metrics.get(name)) for each in models),
            format_figure(comparison.baseline.get(name)),
        ]
        for name in names
    ]
    sizes = ["parameters", *(f"{each.parameters:,}" for each in models), ""]
    title = "Metrics side by side"
    headings = ["metric", *(each.name for each in models), "baseline"]
    return Table(name=title, heading=title, headings=headings, rows=[*rows, sizes])


def tabulate_differences(comparison: ModelComparison) -> Table:
    """The difference of every two models."""
    rows = [
        [
            each.better,
            each.worse,
            format_figure(each.gain),
            "-" if each.interval is None else format_interval(*each.interval),
            "yes" if each.is_decided else "no",
        ]
        for each in comparison.differences
    ]
    headings = ["model", "is better than", f"by so much {comparison.metric}", "95 % of all", "decided"]
    return Table(name="differences", heading="Paired differences", headings=headings, rows=rows, numbers=2, texts=(4,))


def show_disagreement(comparison: ModelComparison) -> Iterator[Block]:
    """How many rows the models predict otherwise, and some of them."""
    found, models = comparison.disagreement, comparison.models
    if found.rows is not None:
        share = f"{found.rows:,} of {comparison.rows:,} rows ({found.rows / max(comparison.rows, 1):.1%})"
        yield Paragraph(text=f"Not all models predict the same class for {share}.")
    if not found.disputed:
        return
    rows = [[each.place, each.truth, *list_answers(each.predictions, each.probabilities)] for each in found.disputed]
    name, count = "rows of which the models say different things", len(models)
    yield Table(
        name=name,
        heading="The rows whose answers lie furthest apart",
        headings=["row", "true", *(each.name for each in models)],
        rows=rows,
        texts=range(1, 2 + count),
    )
    if any(each.probabilities for each in found.disputed):
        yield Paragraph(text="In brackets: the probability that the model gives the true class.", quiet=True)


def list_answers(predictions: Sequence[str], probabilities: Sequence[float]) -> list[str]:
    """What each model says of a row."""
    if not probabilities:
        return list(predictions)
    return [f"{said} ({chance:.2f})" for said, chance in zip(predictions, probabilities, strict=True)]


def show_settings(comparison: ModelComparison) -> Iterator[Block]:
    """What differs between the specs."""
    if not comparison.settings:
        yield Paragraph(text="The specs are the same.")
        return
    yield Table(
        name="settings that differ",
        headings=["key", *(each.name for each in comparison.models)],
        rows=[[each.key, *map(hide_folders, each.values)] for each in comparison.settings],
        texts=range(1, 1 + len(comparison.models)),
        prose=range(1, 1 + len(comparison.models)),
    )


def hide_folders(value: str) -> str:
    """The value of a setting without the folders of absolute paths.

    >>> hide_folders('["/home/a/b.csv", "c/d.csv"]'), hide_folders("[64, 32]")
    ('["…/b.csv", "c/d.csv"]', '[64, 32]')
    """
    return ABSOLUTE.sub("…/", value)


def show_courses(reports: Sequence[Report]) -> Iterator[Block]:
    """The learning curves of all models in one chart each, of several networks those of the first."""
    metrics = {each.course.watched.metric for each in reports}
    charts = [(f"Validation {name}", "validation_metric") for name in metrics if len(metrics) == 1]
    drawn = [draw_courses(reports, *each) for each in (*charts, ("Learning rate", "learning_rate"))]
    blocks = [each for each in drawn if each is not None]
    if blocks:
        yield Grid(blocks=blocks)
    rows = [[each.subject.name, f"{each.course.epochs:,}", f"{len(each.course.networks):,}"] for each in reports]
    yield Table(name="epochs", headings=["model", "epochs", "networks"], rows=rows)


def draw_courses(reports: Sequence[Report], heading: str, column: str) -> Figure | None:
    """A column of the history of each model as a line; None where none has anything to draw."""
    found = [
        make_line(each.course.networks[0], each.subject.name, column, choose_css(k, len(reports)))
        for k, each in enumerate(reports)
        if each.course.networks
    ]
    lines: list[PlotLine] = [line for line in found if line is not None]
    if not lines:
        return None
    chart = LineChart(
        title=f"{heading} over the epochs",
        description=" ".join(describe_line(line) for line in lines[:6]),
        x_name="epoch",
        y_name=heading.lower(),
        curves=lines,
        logarithmic=column == "learning_rate",
    ).draw()
    return Figure(heading=heading, chart=chart)


def show_report(report: Report) -> Iterator[Block]:
    """A model's own report: its sentence, what stands out, and all else behind a click."""
    yield Paragraph(text=describe_subject(report))
    if report.findings:
        rows = [[each.code, each.title, each.sentence] for each in report.findings]
        headings = ["code", "finding", "what it is"]
        yield Table(name="what stands out", headings=headings, rows=rows, numbers=3, prose=(2,))
    else:
        yield Paragraph(text="Nothing stands out.")
    yield Fold(name=f"The whole report of {report.subject.name}", sections=list_sections(report))
