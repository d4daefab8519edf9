"""The effects of columns, for people and for programs."""

from typing import Any

from mlptrain.explain.effect_curves import Effect, EffectCurves, EffectPoint
from mlptrain.figures import format_figure
from mlptrain.reporting.bars import EIGHTHS
from mlptrain.reporting.curve import draw_curve
from mlptrain.reporting.terminal import ANYWHERE, Terminal
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.text_tables import align_rows, describe_dropped_columns, drop_columns
from mlptrain.reporting.words import format_count_with_noun

CURVE_WIDTH = 16
MOST_ROWS = 30
"""Curves that are shown unless all are asked for."""
FEW = 3
"""Columns of which all values are shown."""
CURVES = {"ale": "ALE", "partial_dependence": "PDP"}
"""How the kinds of curves are named in a table: accumulated local effects, partial dependence."""
MEANING = "it says how the prediction of this model changes, not what would happen if the value were changed"


def format_effects(
    result: EffectCurves, terminal: Terminal = ANYWHERE, *, signs: str = EIGHTHS, verbose: bool = False
) -> str:
    """A line a column, the widest range first; of few columns, or of all if it is asked for, also each value."""
    headings, *rows = tabulate_ranges(result, ascii=signs == "#")
    most = len(rows) if verbose else MOST_ROWS
    shown, dropped = drop_columns([headings, *rows[:most]], terminal, keep=3)
    lines = [terminal.wrap(escape_text(result.seen))] if result.seen else []
    lines += [terminal.wrap(describe_effects(result)), align_rows(shown, terminal=terminal)]
    more = len(rows) - most
    lines += [f"  and {format_count_with_noun(more, 'more curve')}; --verbose has all"] if more > 0 else []
    lines += describe_dropped_columns([name for name in dropped if name], terminal)
    lines.append(terminal.wrap(f"  ({MEANING})", "   "))
    for each in result.columns if verbose or len(result.columns) <= FEW else ():
        points, left_out = drop_columns(tabulate_points(result, each), terminal)
        lines += ["", terminal.paint(escape_text(each.column, 40), "strong"), align_rows(points, terminal=terminal)]
        lines += describe_dropped_columns(left_out, terminal)
    return "\n".join(lines)


def describe_effects(result: EffectCurves) -> str:
    """What is counted from where, on how many rows."""
    of = f" of {result.rows_given:,}" if result.rows < result.rows_given else ""
    rows = f"{result.rows:,}{of} rows" if of else format_count_with_noun(result.rows, "row")
    if len(result.outputs) > 1:
        what = "the class's probability" if result.of_classes else "the target"
        return f"effect: how far {what} lies from its mean with a value of the column ({rows})"
    name = escape_text(result.outputs[0], 40)
    what = f"the probability of {name}" if result.of_classes else name
    return f"effect: how far {what} lies from its mean {format_figure(result.mean[0])} ({rows})"


def tabulate_ranges(result: EffectCurves, *, ascii: bool = False) -> list[list[str]]:
    """The lowest and the highest effect of each column on each output, the widest range first."""
    several = len(result.outputs) > 1
    found = [(each, output) for each in result.columns for output in range(len(result.outputs)) if each.list_points()]
    found.sort(key=lambda pair: pair[0].find_range(pair[1])[0] - pair[0].find_range(pair[1])[1])
    rows = []
    for each, output in found:
        low, high = each.find_range(output)
        names = [escape_text(each.column, 40), *([escape_text(result.outputs[output], 20)] if several else [])]
        rows.append(
            [*names, format_figure(low), format_figure(high), draw_effect(each, output, ascii), *describe_ends(each)]
        )
    return [["", *(["on"] if several else []), "lowest", "highest", "", "from", "to", "curve"], *rows]


def draw_effect(each: Effect, output: int, ascii: bool) -> str:
    """The curve in one line, from its lowest to its highest effect; of few values a sign for each."""
    width = min(len(each.points), CURVE_WIDTH)
    drawn = draw_curve([point.effect[output] for point in each.points], width, 1, ascii=ascii) if width else [""]
    return drawn[0].ljust(CURVE_WIDTH)


def describe_ends(each: Effect) -> list[str]:
    """The first and the last value of a curve, and its kind."""
    ends = [format_value(each.points[0]), format_value(each.points[-1])] if each.points else ["", ""]
    return [*ends, CURVES[each.curve]]


def format_value(point: EffectPoint) -> str:
    """A value of a column."""
    return escape_text(point.label, 20) or "(missing)"


def tabulate_points(result: EffectCurves, each: Effect) -> list[list[str]]:
    """The effects of all values of a column, below a row of headings."""
    names = ["effect"] if len(result.outputs) == 1 else [escape_text(name, 20) for name in result.outputs]
    rows = [
        [format_value(point), *(format_figure(value) for value in point.effect), f"{point.rows:,}"]
        for point in each.list_points()
    ]
    return [["", *names, "rows"], *rows]


def build_effects_document(result: EffectCurves) -> dict[str, Any]:
    """The effects for programs."""
    columns = [
        {
            "column": each.column,
            "curve": each.curve,
            "points": [vars(point) for point in each.points],
            "missing": None if each.missing is None else vars(each.missing),
            "ice": each.ice,
        }
        for each in result.columns
    ]
    same = ("method", "rows", "rows_given", "outputs", "mean")
    return {name: getattr(result, name) for name in same} | {"columns": columns, "seen": result.seen or None}
