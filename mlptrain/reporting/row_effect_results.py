"""The effects of columns on the answers for single rows, for people and for programs."""

from typing import Any

from mlptrain.explain.row_effects import RowEffect, RowEffects
from mlptrain.figures import format_figure
from mlptrain.reporting.bars import EIGHTHS, draw_bar
from mlptrain.reporting.terminal import ANYWHERE, Terminal
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.text_tables import align_rows, describe_dropped_columns, drop_columns
from mlptrain.reporting.words import format_count_with_noun

MOST_EFFECTS = 10
"""Columns of a row that are shown unless all are asked for."""
MOST_EXPLAINED = 5
"""Rows that are shown."""
MEANING_OF_EFFECTS = "they say what the model did with the cells, not what causes the target"


def format_row_effects(
    result: RowEffects, terminal: Terminal = ANYWHERE, *, signs: str = EIGHTHS, verbose: bool = False
) -> str:
    """The effects of the first rows, one table each."""
    lines = []
    for each in result.rows[:MOST_EXPLAINED]:
        lines.append(terminal.paint(terminal.wrap(describe_row_effect(each, result)), "strong"))
        headings, *rows = tabulate_row_effect(each, signs)
        most = len(rows) if verbose else MOST_EFFECTS
        shown, dropped = drop_columns([headings, *rows[:most]], terminal)
        lines.append(align_rows(shown, terminal=terminal, paints=["", "best", "", "quiet"]))
        more = len(rows) - most
        lines += [f"  and {format_count_with_noun(more, 'more column')}; --verbose has all"] if more > 0 else []
        lines += describe_dropped_columns(dropped, terminal)
    more = len(result.rows) - MOST_EXPLAINED
    lines += [f"and {format_count_with_noun(more, 'more row')}; --out FILE and --json have all"] if more > 0 else []
    return "\n".join([*lines, terminal.wrap(f"  ({describe_sum(result)})", "   ")])


def describe_row_effect(each: RowEffect, result: RowEffects) -> str:
    """Which row, what is predicted for it, and from where to where its effects lead."""
    way = f"{format_figure(each.score)}, from {format_figure(each.baseline)}"
    of = escape_text(each.explained, 40)
    if result.score == "prediction":
        return f"row {each.row:,}: {of} {way}"
    which = "" if each.explained == each.prediction else f" of {of}"
    return f"row {each.row:,}: {escape_text(each.prediction, 40)}; {result.score}{which} {way}"


def tabulate_row_effect(each: RowEffect, signs: str = EIGHTHS) -> list[list[str]]:
    """The columns, the one with the largest effect first, below a row of headings."""
    ranked = each.rank_effects()
    largest = max((abs(effect) for _, effect in ranked), default=0.0)
    errors = each.errors or {}
    estimated = any(errors.values())
    rows = []
    for name, effect in ranked:
        bar = draw_bar(abs(effect) / largest if largest > 0 else 0.0, signs)
        sign = "+" * (effect > 0)
        error = [f"± {format_figure(errors[name])}"] if estimated else []
        rows.append(
            [escape_text(name, 40), f"{sign}{format_figure(effect)}", bar, escape_text(each.cells[name], 30), *error]
        )
    return [["", "effect", "", "cell", *(["standard error"] if estimated else [])], *rows]


def describe_sum(result: RowEffects) -> str:
    """What the effects add up to, and what they do not mean."""
    return f"effects add up from {result.usual} to the row; {MEANING_OF_EFFECTS}"


def build_row_effects_document(result: RowEffects) -> dict[str, Any]:
    """All rows with all effects, for programs."""
    document: dict[str, Any] = {name: getattr(result, name) for name in ("method", "score", "usual", "largest_gap")}
    document["rows"] = [dict(vars(each)) for each in result.rows]
    document["seen"] = result.seen or None
    return document
