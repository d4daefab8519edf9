"""The residuals of a number target, as drawings."""

from collections.abc import Iterator

from mlptrain.diagnostics.quality import Residuals
from mlptrain.figures import format_figure, format_interval, format_weight
from mlptrain.reporting.bar_charts import draw_histogram
from mlptrain.reporting.line_charts import Band, LineChart, PlotLine
from mlptrain.reporting.page_blocks import Figure, fold_numbers
from mlptrain.reporting.scatter_chart import draw_scatter


def describe_coverage(residuals: Residuals) -> str:
    """How many true numbers lie at or below the predictions of a quantile, beside how many should; empty of others."""
    cover = residuals.coverage
    if cover is None:
        return ""
    share = f"{cover.observed:.1%} ({cover.low:.1%} to {cover.high:.1%})"
    return f"{share} of the true values of {residuals.target} lie at or below the prediction; {cover.level:.0%} should."


def draw_residuals(residuals: Residuals, of: str) -> Iterator[Figure]:
    """The drawings of one target."""
    if residuals.points:
        shown = f"{len(residuals.points):,} of {residuals.rows:,} rows"
        chart = draw_scatter(
            residuals.points,
            title=f"Predicted and true numbers{of}",
            description=f"{shown}; on the dotted line the prediction is the truth.",
            x_name=f"true {residuals.target}",
            y_name="predicted",
        )
        yield Figure(heading=f"Predicted and true numbers{of}", chart=chart, remark=chart.description)
    if residuals.counts:
        yield draw_errors(residuals, of)
    if residuals.by_prediction:
        yield draw_errors_by_prediction(residuals, of)


def draw_errors(residuals: Residuals, of: str) -> Figure:
    """How often errors are how large."""
    edges, counts = residuals.edges, residuals.counts
    below, above = residuals.below, residuals.above
    outside = f"; {format_weight(below + above)} further out are not drawn" if below or above else ""
    total = sum(counts) + below + above
    said = (
        f"Errors of {format_weight(total)} rows, from {format_interval(edges[0], edges[-1])}{outside}. "
        "An error is the predicted number less the true one: above 0 the prediction is too high."
    )
    chart = draw_histogram(
        edges, counts, title=f"Errors{of}", description=said, x_name="predicted − true", y_name="rows"
    )
    rows = [
        [format_figure(low), format_figure(high), format_weight(count)]
        for low, high, count in zip(edges, edges[1:], counts, strict=False)
    ]
    table = fold_numbers(["from", "to", "rows"], rows, "errors")
    return Figure(heading=f"Errors{of}", chart=chart, remark=said, table=table)


def draw_errors_by_prediction(residuals: Residuals, of: str) -> Figure:
    """Whether errors grow with the prediction."""
    groups = residuals.by_prediction
    x = [each.predicted for each in groups]
    chart = LineChart(
        title=f"Errors by prediction{of}",
        description=f"The median error is {format_figure(groups[0].median)} at the lowest predictions and "
        f"{format_figure(groups[-1].median)} at the highest.",
        x_name="predicted",
        y_name="predicted − true",
        curves=[
            PlotLine(name="median error", x=x, y=[each.median for each in groups], css="s1"),
            PlotLine(name="", x=[x[0], x[-1]], y=[0.0, 0.0], css="zero"),
        ],
        bands=[Band(name="80 % of the errors", x=x, low=[g.low for g in groups], high=[g.high for g in groups])],
    ).draw()
    rows = [[format_figure(g.predicted), *map(format_figure, (g.low, g.median, g.high)), f"{g.rows:,}"] for g in groups]
    table = fold_numbers(["predicted", "10 %", "median", "90 %", "rows"], rows, "quantiles of the errors")
    return Figure(heading=f"Errors by prediction{of}", chart=chart, remark=chart.description, table=table)
