"""What a model looks at, as a section: the importance of its columns, and the effects of those that matter most."""

from collections.abc import Iterator

from mlptrain.diagnostics.report import Report
from mlptrain.explain.importance import Estimate, Importance
from mlptrain.explain.pixel_maps import PixelMaps
from mlptrain.figures import format_figure, format_interval
from mlptrain.reporting.bar_charts import NamedBar, draw_named_bars
from mlptrain.reporting.importance_results import (
    describe_importance,
    list_remarks,
    name_group,
    tabulate_groups,
    tabulate_importance,
)
from mlptrain.reporting.page_blocks import Block, Figure, Grid, Paragraph, Table, explain_absence, fold_numbers
from mlptrain.reporting.page_effects import show_effects
from mlptrain.reporting.pixel_chart import draw_pixel_chart
from mlptrain.reporting.pixel_results import describe_pixel_maps, describe_pixel_sum

MOST_BARS = 20


def show_importance(report: Report) -> Iterator[Block]:
    """What a model looks at."""
    importance, effects, pixels = report.importance, report.effects, report.pixels
    if pixels is not None:
        yield draw_pixels(pixels)
    elif importance is None:
        yield from explain_absence(report.absent.get("importance", ""))
    else:
        yield Grid(blocks=list(draw_importance(importance)))
        yield from (Paragraph(text=f"{line[:1].upper()}{line[1:]}.", quiet=True) for line in list_remarks(importance))
    if effects is not None:
        yield from show_effects(effects)
    elif importance is not None:
        yield from explain_absence(report.absent.get("effects", ""))


def draw_pixels(pixels: PixelMaps) -> Figure:
    """The pixels of images, the more they add to the answers the darker."""
    said = describe_pixel_maps(pixels)
    chart = draw_pixel_chart(pixels.values, title="What each pixel adds to the answers", description=said)
    shade = "the fuller the colour, the larger"
    remark = f"{said[:1].upper()}{said[1:]}: {shade}. {describe_pixel_sum(pixels).capitalize()}."
    return Figure(heading="Pixels", chart=chart, remark=remark)


def draw_importance(importance: Importance) -> Iterator[Block]:
    """The columns as bars with their intervals, and the groups of columns that stand for each other."""
    columns, way = importance.columns, "fall" if importance.larger_is_better else "rise"
    if columns:
        chart = draw_named_bars(
            [make_bar(each.column, each) for each in columns[:MOST_BARS]],
            title="Importance of the columns",
            description=f"The most important is {columns[0].column} ({describe_estimate(columns[0])}).",
            x_name=f"{way} of {importance.metric}",
        )
        many = len(columns) > MOST_BARS
        heading = f"The {MOST_BARS} most important of {len(columns):,} columns" if many else "Importance of the columns"
        remark = describe_importance(importance)
        yield Figure(heading=heading, chart=chart, remark=f"I{remark[1:]}.", table=tabulate_estimates(importance))
    if importance.groups:
        groups = importance.groups[:MOST_BARS]
        chart = draw_named_bars(
            [make_bar(name_group(each), each) for each in groups],
            title="Importance of groups of columns that stand for each other",
            description=f"The first group is {name_group(groups[0])} ({describe_estimate(groups[0])}).",
            x_name=f"{way} of {importance.metric}",
        )
        headings, *rows = tabulate_groups(importance)
        kept = [headings[:2] + headings[3:], *(row[:2] + row[3:] for row in rows)]
        table = fold_numbers(["columns", *kept[0][1:]], kept[1:], "importance of groups")
        remark = "Columns that go together have their cells moved at once, so that none can take the place of another."
        yield Figure(heading="Moved together", chart=chart, remark=remark, table=table)


def make_bar(name: str, estimate: Estimate) -> NamedBar:
    """The bar of an importance."""
    return NamedBar(name=name, value=estimate.importance, interval=estimate.interval)


def describe_estimate(estimate: Estimate) -> str:
    """An importance in words."""
    between = "" if estimate.interval is None else f", {format_interval(*estimate.interval)}"
    return f"{format_figure(estimate.importance)}{between}"


def tabulate_estimates(importance: Importance) -> Table:
    """The numbers of all columns, without the bars that terminals show."""
    headings, *rows = tabulate_importance(importance)
    names = ["column", *headings[1:2], *headings[3:]]
    return Table(
        name="importance of the columns",
        headings=names,
        rows=[[*row[:2], *row[3:]] for row in rows],
        texts=(names.index("goes with"),),
        folded=True,
    )
