"""Counterfactuals, for people and for programs."""

from typing import Any

from mlptrain.explain.changes import Counterfactuals, RowChange
from mlptrain.figures import format_figure
from mlptrain.reporting.terminal import ANYWHERE, Terminal
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.words import format_count_with_noun

MOST_CHANGED = 20
"""Rows that are shown unless all are asked for."""
MEANING_OF_CHANGES = "what this model would answer for another cell, not what would happen if it were changed"


def format_counterfactuals(
    result: Counterfactuals, terminal: Terminal = ANYWHERE, *, signs: str = "", verbose: bool = False
) -> str:
    """A sentence a row, and what the sentences mean; they have no bars."""
    del signs
    sentences = list_sentences(result, len(result.rows) if verbose else MOST_CHANGED)
    return "\n".join([*map(terminal.wrap, sentences), terminal.wrap(f"  ({MEANING_OF_CHANGES})", "   ")])


def list_sentences(result: Counterfactuals, most: int = MOST_CHANGED) -> list[str]:
    """What becomes of the first rows."""
    more = len(result.rows) - most
    found = [describe_row_change(each, result) for each in result.rows[:most]]
    rest = f"and {format_count_with_noun(more, 'more row')}; --verbose, --out FILE and --json have all"
    return [*found, *([rest] if more > 0 else [])]


def describe_row_change(each: RowChange, result: Counterfactuals) -> str:
    """What changes a row's answer."""
    row = f"row {each.row:,}: {escape_text(each.prediction, 40)} ({format_figure(each.score)})"
    if each.new_prediction is None:
        names = ", ".join(escape_text(name, 40) for name in result.columns[:5]) + " …" * (len(result.columns) > 5)
        at_once = f", {result.most_changes} at once," if result.most_changes > 1 else ""
        return f"{row}; no change of {names}{at_once} was found that gives what is wanted"
    if not each.changes:
        return f"{row}; it is what is wanted"
    changes = [
        f"{escape_text(one.column, 40)} from {quote_cell(one.cell)} to {quote_cell(one.new_cell)}"
        for one in each.changes
    ]
    new = f"{escape_text(each.new_prediction, 40)} ({format_figure(each.new_score)})"
    return f"{row} would be {new} with {' and '.join(changes)}"


def quote_cell(text: str) -> str:
    """A cell in a sentence."""
    return escape_text(text, 30) if text.strip() else "(missing)"


def build_counterfactuals_document(result: Counterfactuals) -> dict[str, Any]:
    """All rows with their changes, for programs."""
    document: dict[str, Any] = {name: getattr(result, name) for name in ("method", "columns", "most_changes")}
    document["rows"] = [{**vars(each), "changes": [vars(one) for one in each.changes]} for each in result.rows]
    document["seen"] = result.seen or None
    return document
