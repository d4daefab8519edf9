"""The effects of columns as drawings: lines with those of single rows, or bars where values are few."""

from collections.abc import Iterator, Sequence

from mlptrain.explain.effect_curves import Effect, EffectCurves
from mlptrain.figures import format_figure
from mlptrain.reporting.bar_charts import NamedBar, draw_named_bars
from mlptrain.reporting.effect_results import MEANING, describe_effects, format_value, tabulate_points
from mlptrain.reporting.line_charts import MOST_NAMED, LineChart, PlotLine, choose_css
from mlptrain.reporting.page_blocks import Block, Figure, Grid, Paragraph, Table, fold_numbers
from mlptrain.reporting.svg import Chart

MOST_EFFECTS = 6
FEW_VALUES = 10
"""Numbers up to which a column is drawn as bars."""
MOST_LEVELS = 20
HIDDEN = 5
"""How many times wider than the mean curve those of single rows are when they are drawn from a common start."""


def show_effects(effects: EffectCurves) -> Iterator[Block]:
    """The effects of the columns that matter most."""
    shown = [each for each in effects.columns[:MOST_EFFECTS] if each.list_points()]
    if not shown:
        return
    yield Paragraph(text=f"E{describe_effects(effects)[1:]}. {MEANING[:1].upper()}{MEANING[1:]}.")
    yield Grid(blocks=[draw_effect(effects, each) for each in shown])


def draw_effect(effects: EffectCurves, effect: Effect) -> Figure:
    """The effect of a column as a line or as bars, and its numbers."""
    has_intervals = len(effect.points) > FEW_VALUES or (effect.curve == "ale" and not effect.has_every_value)
    is_line = has_intervals and (effect.curve == "ale" or has_numbers(effect))
    outputs = choose_outputs(effects, effect)
    chart, remark = (draw_effect_line if is_line else draw_effect_bars)(effects, effect, outputs)
    return Figure(heading=effect.column, chart=chart, remark=remark, table=tabulate_effect(effects, effect, outputs))


def has_numbers(effect: Effect) -> bool:
    """Whether all values of a column are numbers."""
    return all(isinstance(each.value, float | int) for each in effect.points)


def tabulate_effect(effects: EffectCurves, effect: Effect, outputs: Sequence[int]) -> Table:
    """The numbers of a drawing: of many outputs those that the column moves most."""
    headings, *rows = tabulate_points(effects, effect)
    kept = [0, *(1 + output for output in outputs), len(headings) - 1]
    names = ["value", *(headings[place] for place in kept[1:])]
    return fold_numbers(names, [[row[place] for place in kept] for row in rows], f"effect of {effect.column}")


def describe_effect(effects: EffectCurves, effect: Effect, output: int) -> str:
    """The range of an effect in words."""
    low, high = effect.find_range(output)
    return f"{name_output(effects, output)} changes by {format_figure(low)} to {format_figure(high)} around its mean."


def name_output(effects: EffectCurves, output: int) -> str:
    """What is predicted."""
    return f"probability of {effects.outputs[output]}" if effects.of_classes else effects.outputs[output]


def choose_outputs(effects: EffectCurves, effect: Effect) -> list[int]:
    """The outputs that the column moves most, in their order."""
    widths = [effect.find_range(k)[1] - effect.find_range(k)[0] for k in range(len(effects.outputs))]
    widest = sorted(range(len(widths)), key=lambda k: -widths[k])[:MOST_NAMED]
    return sorted(widest)


def draw_effect_line(effects: EffectCurves, effect: Effect, outputs: Sequence[int]) -> tuple[Chart, str]:
    """The curve; of one output also those of single rows, of several a curve each."""
    points, alone = effect.points, len(effects.outputs) == 1
    numeric = has_numbers(effect)
    x = [float(each.value) for each in points] if numeric else [float(k) for k in range(len(points))]
    centred = alone and hides_shape(effect)
    start = effects.mean[0] if alone and not centred else 0.0
    curves = draw_single_rows(effect, x, centred=centred) if alone else []
    for place, output in enumerate(outputs):
        y = [start + each.effect[output] for each in points]
        name = "mean effect" if alone and curves else "" if alone else effects.outputs[output]
        curves.append(PlotLine(name=name, x=x, y=y, css=choose_css(place, len(outputs))))
    chart = LineChart(
        title=f"Effect of {effect.column}",
        description=" ".join(describe_effect(effects, effect, output) for output in outputs),
        x_name=effect.column,
        y_name=name_output(effects, 0) if alone and not centred else name_change(effects),
        curves=curves,
        ruled=[place for place, each in zip(x, points, strict=True) if each.rows],
        aside=place_missing(effect, outputs, start),
        x_texts=() if numeric else [each.label for each in points],
    ).draw()
    said = "Single rows are drawn from a common start: their distances would hide the shape." if centred else ""
    return chart, said


def place_missing(effect: Effect, outputs: Sequence[int], start: float) -> list[tuple[float, str]]:
    """The points of missing cells, one for each of the outputs; none where no cell is missing."""
    if effect.missing is None:
        return []
    css = (choose_css(place, len(outputs)) for place in range(len(outputs)))
    return [(start + effect.missing.effect[output], each) for output, each in zip(outputs, css, strict=True)]


def name_change(effects: EffectCurves) -> str:
    """What is changed, of one output by its name."""
    several = "probability" if effects.of_classes else "target"
    return f"change of {name_output(effects, 0) if len(effects.outputs) == 1 else several}"


def hides_shape(effect: Effect) -> bool:
    """Whether the curves of single rows lie so far apart that the shape of their mean could not be seen."""
    if not effect.ice:
        return False
    own = [each.effect[0] for each in effect.points]
    return max(map(max, effect.ice)) - min(map(min, effect.ice)) > HIDDEN * (max(own) - min(own))


def draw_single_rows(effect: Effect, x: Sequence[float], *, centred: bool) -> list[PlotLine]:
    """The curves of single rows, or their changes from where the mean curve begins."""
    lines = [line for line in effect.ice if len(line) == len(x)]
    if centred:
        lines = [tuple(value - line[0] + effect.points[0].effect[0] for value in line) for line in lines]
    return [
        PlotLine(name="" if number else "single rows", x=x, y=line, css="s1 faint") for number, line in enumerate(lines)
    ]


def draw_effect_bars(effects: EffectCurves, effect: Effect, outputs: Sequence[int]) -> tuple[Chart, str]:
    """A bar for each value, on the output that the column moves most."""
    output = max(outputs, key=lambda k: effect.find_range(k)[1] - effect.find_range(k)[0])
    points = effect.list_points()
    kept = sorted(sorted(range(len(points)), key=lambda k: -points[k].rows)[:MOST_LEVELS])
    bars = [
        NamedBar(
            name=f"{format_value(points[k])} ({points[k].rows:,})",
            value=points[k].effect[output],
            css="s2" if points[k] is effect.missing else "s1",
        )
        for k in kept
    ]
    chart = draw_named_bars(
        bars,
        title=f"Effect of {effect.column}",
        description=describe_effect(effects, effect, output),
        x_name=f"effect on {'the ' * effects.of_classes}{name_output(effects, output)}",
    )
    said = "In brackets the rows with each value."
    return chart, said if len(kept) == len(points) else f"The {len(kept)} most frequent values. {said}"
