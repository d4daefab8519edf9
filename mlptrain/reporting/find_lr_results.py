"""The result of `find-lr`: the curve and the suggestion, for people and for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mlptrain.commands.find_lr import RateSearch
from mlptrain.figures import format_figure, format_rate, format_setting
from mlptrain.reporting.curve import Curve
from mlptrain.reporting.frame import WIDEST
from mlptrain.reporting.glyphs import UNICODE, Glyphs, Line
from mlptrain.reporting.panels import Epochs, draw_panels
from mlptrain.reporting.terminal import ANYWHERE, Terminal
from mlptrain.reporting.text_tables import TABLE_WIDTH
from mlptrain.reporting.words import format_count_with_noun

HEIGHT = 8
"""Lines of the curve."""
INDENT = "  "


def format_rate_search(result: RateSearch, terminal: Terminal = ANYWHERE, *, glyphs: Glyphs = UNICODE) -> str:
    """The smoothed loss over the rate, the rate that it suggests, and what to type."""
    lines = [terminal.wrap(describe_test(result)), *draw_smoothed_losses(result, terminal, glyphs)]
    lines += [terminal.wrap(each) for each in describe_suggestion(result)]
    if result.option:
        lines.append(f"{INDENT}{terminal.paint(result.option, 'strong')}")
    return "\n".join(lines)


def describe_test(result: RateSearch) -> str:
    """What was done."""
    rates = f"{format_setting(result.rates.low)} to {format_setting(result.rates.high)}"
    steps = f"{len(result.steps):,} of {result.rates.steps:,}" if result.ended_early else f"{len(result.steps):,}"
    rows = f"{format_count_with_noun(result.batch_size, 'row')} of {result.train_rows:,}"
    return f"{result.optimizer}: {steps} steps of {rows}, at learning rates from {rates}"


def draw_smoothed_losses(result: RateSearch, terminal: Terminal, glyphs: Glyphs) -> list[str]:
    """The curve over the logarithm of the rate, with the rates of both ends and a sign at the suggestion."""
    rates, values = [each.rate for each in result.steps], [each.smoothed for each in result.steps]
    curve = Curve("smoothed loss", values, find_ends(values, result.rates.opening))
    if not curve.is_drawable:
        return []
    width = min(terminal.width or TABLE_WIDTH, WIDEST) - len(INDENT)
    suggested, marked = result.suggestion.rate, None
    if suggested is not None:
        marked = min(range(len(rates)), key=lambda k: abs(rates[k] - suggested))
    drawn = draw_panels([[curve]], Epochs(first=0, last=len(rates) - 1, best=marked), width, HEIGHT, glyphs)
    lines = [INDENT + "".join(terminal.paint(text, style) for text, style in line).rstrip() for line in drawn]
    return ["", *lines, *label_rates(rates[0], rates[-1], drawn), ""] if lines else []


def find_ends(values: Sequence[float], opening: int) -> tuple[float, ...]:
    """The ends of the scale: all values up to the least after the opening; what rises above them later is cut off."""
    if len(values) <= opening:
        return ()
    lowest = min(range(opening, len(values)), key=values.__getitem__)
    return min(values), max(values[: lowest + 1])


def label_rates(low: float, high: float, drawn: Sequence[Line]) -> list[str]:
    """The rates below the ends of the axis, the last line of what is drawn, which begins behind the last blank."""
    axis = "".join(text for text, _ in drawn[-1])
    start = axis.rindex(" ") + 1
    left, right = format_rate(low), format_rate(high)
    return [f"{INDENT}{' ' * start}{left}{right.rjust(max(len(axis) - start - len(left), len(right) + 1))}"]


def describe_suggestion(result: RateSearch) -> list[str]:
    """The rate that is suggested and why, or why there is none."""
    found = result.suggestion
    if found.rate is None or found.lowest is None:
        return [f"no suggestion: {found.why}"]
    lowest = f"{format_figure(found.lowest.smoothed)} at {format_figure(found.lowest.rate)}"
    fall = f"the smoothed loss falls from {format_figure(found.opening)} to {lowest}"
    own = f"a tenth of that rate is {format_setting(found.rate)} (the spec has {format_setting(result.rate)})"
    return [f"{fall}; {own}", *([found.why] if found.why else [])]


def build_rate_search_document(result: RateSearch) -> dict[str, Any]:
    """The result of `find-lr` for programs."""
    document = asdict(result)
    rates = document.pop("rates")
    steps = document.pop("steps")
    columns = {name: [each[name] for each in steps] for name in ("rate", "loss", "smoothed")}
    return document | rates | {"ended_early": result.ended_early, "option": result.option, "curve": columns}
