"""Inside the layers, as a section: what they are now, and what was seen of them while they were trained."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mlptrain.diagnostics.network_layers import NetworkLayers, ParameterFacts
from mlptrain.diagnostics.report import Report
from mlptrain.figures import format_figure, format_interval
from mlptrain.model.layer_history import Histogram, LayerFacts, LayersSeen
from mlptrain.reporting.bar_charts import draw_small_bars
from mlptrain.reporting.line_charts import LineChart, PlotLine, choose_css, find_ends
from mlptrain.reporting.page_blocks import Block, Cell, Figure, Grid, Paragraph, Table, fold_numbers
from mlptrain.reporting.words import format_count_with_noun

MOST_NETWORKS = 5
"""Networks whose layers are shown."""
MOST_LAYERS = 100
UNWATCHED = "What the layers were like while they were trained is not known: training.watch_layers: 1 keeps it."
WATCHED = {
    "update_ratio": "Size of a step beside the weights",
    "gradient_rms": "Size of the gradients",
    "weight_rms": "Size of the weights",
    "dead": "Dead units",
    "saturated": "Saturated units",
}
"""Facts that have a chart over the epochs, a line a layer in which it is not always 0."""
COUNTED = {"update_ratio": "step / weights", "dead": "units", "saturated": "units"}
"""The axes of those that are no root mean squares."""


def show_layers(report: Report) -> Iterator[Block]:
    """What the layers of the networks hold: those of the first at once, of the others by a click."""
    for number, each in enumerate(report.layers[:MOST_NETWORKS]):
        yield from show_network(each) if number == 0 else fold_network(each)
    if len(report.layers) > MOST_NETWORKS:
        more = len(report.layers) - MOST_NETWORKS
        yield Paragraph(text=f"The layers of {more:,} more networks are not shown.", quiet=True)
    if not any(each.snapshots for each in report.layers):
        yield Paragraph(text=report.absent.get("layers") or UNWATCHED, quiet=True)


def show_network(network: NetworkLayers) -> Iterator[Block]:
    """The layers of one network: what they give and hold now, and what was seen of them."""
    which = name_network(network)
    yield from list_faults(network)
    if network.now:
        yield tabulate_outputs(network.now, name_outputs(network))
    if network.parameters:
        yield tabulate_parameters(network.parameters, f"Parameters{which}")
    if network.snapshots:
        last = network.snapshots[-1]
        if not network.now:
            yield tabulate_outputs(last.layers, f"Outputs of the layers{which} after epoch {last.epoch:,}")
        yield tabulate_steps(last.layers, f"Gradients and steps{which} in epoch {last.epoch:,}")
        facts = WATCHED.items()
        drawn = [figure for fact, title in facts for figure in draw_fact(network.snapshots, fact, title + which)]
        if drawn:
            yield Grid(blocks=drawn)


def fold_network(network: NetworkLayers) -> Iterator[Block]:
    """The layers of a further network."""
    yield from list_faults(network)
    if network.now:
        yield replace(tabulate_outputs(network.now, name_outputs(network)), folded=True)


def list_faults(network: NetworkLayers) -> Iterator[Paragraph]:
    """What is wrong with the layers."""
    yield from (Paragraph(text=f"{fault.sentence[:1].upper()}{fault.sentence[1:]}.") for fault in network.faults)


def name_network(network: NetworkLayers) -> str:
    """Which of several networks it is."""
    return f" of {network.name}" if network.name else ""


def name_outputs(network: NetworkLayers) -> str:
    """The heading of the outputs."""
    rows = f" for {format_count_with_noun(network.rows, 'row')}" if network.rows else ""
    return f"Outputs of the layers{name_network(network)}{rows}"


def tabulate_outputs(layers: Sequence[LayerFacts], heading: str) -> Table:
    """A row a layer: what it gives, and its idle units."""
    rows = [
        [
            each.name,
            each.layer_kind,
            f"{each.units:,}",
            *map(format_figure, (each.output_mean, each.output_sd)),
            f"{each.zeros:.1%}",
            f"{each.dead:,}",
            f"{each.saturated:,}",
            draw_layer_histogram(each.outputs, f"outputs of layer {each.name}"),
        ]
        for each in layers[:MOST_LAYERS]
    ]
    headings = ["layer", "kind", "units", "mean", "sd", "zeros", "dead", "saturated", "outputs"]
    return Table(name=heading, heading=heading, headings=headings, rows=rows, numbers=2, texts=(8,))


def tabulate_steps(layers: Sequence[LayerFacts], heading: str) -> Table:
    """A row a layer with weights: their size, that of the last gradient, and of the last step."""
    rows = [
        [
            each.name,
            *map(format_figure, (each.weight_rms, each.gradient_rms, each.update_ratio)),
            draw_layer_histogram(each.gradients, f"gradients of layer {each.name}"),
        ]
        for each in layers[:MOST_LAYERS]
        if each.weight_rms is not None
    ]
    headings = ["layer", "weights", "gradients", "step / weights", "gradients"]
    return Table(name=heading, heading=heading, headings=headings, rows=rows, texts=(4,))


def draw_layer_histogram(histogram: Histogram | None, name: str) -> Cell:
    """A small histogram; no drawing of none."""
    if histogram is None or not sum(histogram.counts):
        return "-"
    said = f"numbers from {format_interval(histogram.edges[0], histogram.edges[-1])}"
    return draw_small_bars(merge_counts(histogram.counts), title=name, description=said)


def merge_counts(counts: Sequence[int], most: int = 24) -> list[int]:
    """The counts of neighbouring buckets added, so that there are at most so many."""
    size = -(-len(counts) // most)
    return [sum(counts[start : start + size]) for start in range(0, len(counts), size)]


def tabulate_parameters(parameters: Sequence[ParameterFacts], heading: str) -> Table:
    """A row a parameter: its shape, its size, its values."""
    rows = [
        [
            each.name,
            each.parameter_kind,
            " × ".join(map(str, each.shape)),
            format_figure(each.rms),
            *describe_ends(each.values),
            draw_layer_histogram(each.values, f"values of {each.name}"),
        ]
        for each in parameters[:MOST_LAYERS]
    ]
    headings = ["parameter", "kind", "shape", "rms", "lowest", "highest", "values"]
    return Table(name=heading, heading=heading, headings=headings, rows=rows, numbers=2, texts=(6,), folded=True)


def describe_ends(histogram: Histogram | None) -> list[str]:
    """The lowest and the highest of the numbers of a histogram."""
    return ["-", "-"] if histogram is None else [format_figure(histogram.edges[0]), format_figure(histogram.edges[-1])]


def draw_fact(snapshots: Sequence[LayersSeen], fact: str, title: str) -> Iterator[Figure]:
    """A fact of the layers over the epochs; nothing of one epoch, or where it is 0 in all layers."""
    names = [each.name for each in snapshots[-1].layers]
    found = [
        (name, [getattr(layer, fact) for seen in snapshots for layer in seen.layers if layer.name == name])
        for name in names
    ]
    known = [(name, values) for name, values in found if any(values)]
    if len(snapshots) < 2 or not known:
        return
    epochs = [float(each.epoch) for each in snapshots]
    lines = [
        PlotLine(name=f"layer {name}", x=epochs, y=values, css=choose_css(k, len(known)))
        for k, (name, values) in enumerate(known)
    ]
    rows = [[name, *map(format_figure, find_ends(values) or ())] for name, values in known]
    chart = LineChart(
        title=f"{title} over the epochs",
        description=" ".join(f"Layer {row[0]} goes from {row[1]} to {row[2]}." for row in rows[:6]),
        x_name="epoch",
        y_name=COUNTED.get(fact, "root mean square"),
        curves=lines,
        logarithmic=fact not in COUNTED,
    ).draw()
    yield Figure(heading=title, chart=chart, table=fold_numbers(["layer", "first", "last"], rows, title))
