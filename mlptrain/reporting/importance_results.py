"""Permutation importances, for people and for programs."""

from collections.abc import Sequence
from typing import Any

from mlptrain.explain.importance import ColumnImportance, Estimate, GroupImportance, Importance
from mlptrain.figures import format_figure, format_interval
from mlptrain.reporting.bars import EIGHTHS, draw_bar
from mlptrain.reporting.terminal import ANYWHERE, Terminal
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.text_tables import align_rows, describe_dropped_columns, drop_columns
from mlptrain.reporting.words import format_count_with_noun

MOST_ROWS = 30
"""Columns that are shown unless all are asked for."""
MOST_NAMES, FEWEST_NAMES = 4, 2
"""Columns of a group that are named."""
MEANING = (
    "it says what the model uses, not what causes the target; columns that go together can take each other's place"
)


def format_importance(
    result: Importance,
    terminal: Terminal = ANYWHERE,
    *,
    signs: str = EIGHTHS,
    verbose: bool = False,
    most: int = MOST_ROWS,
) -> str:
    """The columns and the groups, the most important first, with bars; at most so many columns, `verbose` all."""
    most = len(result.columns) if verbose else most
    headings, *rows = tabulate_importance(result, signs)
    lines = [terminal.wrap(escape_text(result.seen))] if result.seen else []
    lines.append(terminal.wrap(describe_importance(result)))
    shown, dropped = drop_columns([headings, *rows[:most]], terminal)
    lines.append(align_rows(shown, terminal=terminal, paints=["", "best", "validation", "quiet"]))
    more = len(rows) - most
    lines += [f"  and {format_count_with_noun(more, 'more column')}; --verbose has all"] if more > 0 else []
    lines += describe_dropped_columns([name for name in dropped if name], terminal)
    if result.groups:
        groups, more_dropped = choose_groups_table(result, terminal, signs)
        lines += ["", terminal.paint("moved together", "strong")]
        lines.append(align_rows(groups, terminal=terminal, paints=["", "best", "validation", "quiet"]))
        lines += describe_dropped_columns([name for name in more_dropped if name and name not in dropped], terminal)
    lines += [terminal.wrap(f"  ({line})", "   ") for line in list_remarks(result)]
    return "\n".join(lines)


def choose_groups_table(result: Importance, terminal: Terminal, signs: str) -> tuple[list[Sequence[str]], list[str]]:
    """The groups with as many names as leave room for all figures, but no fewer than two; and what has no room then."""
    tables = [
        drop_columns(tabulate_groups(result, signs, most=most), terminal)
        for most in range(MOST_NAMES, FEWEST_NAMES - 1, -1)
    ]
    return next((table for table in tables if not table[1]), tables[-1])


def describe_importance(result: Importance) -> str:
    """What was measured, on how many rows, how often."""
    way = "falls" if result.larger_is_better else "rises"
    of = f" of {result.rows_given:,}" if result.rows < result.rows_given else ""
    rows = f"{result.rows:,}{of} rows" if of else format_count_with_noun(result.rows, "row")
    repeats = format_count_with_noun(result.repeats, "repeat")
    score = f"{result.metric} {way} from {format_figure(result.score)}"
    return f"importance: how far {score} where a column has the cells of other rows ({rows}, {repeats})"


def tabulate_importance(result: Importance, signs: str = EIGHTHS) -> list[list[str]]:
    """The columns, the most important first, below a row of headings."""
    headings = ["", "importance", "", "95 % interval", "goes with", "above 0"]
    largest = find_largest(result)
    rows = []
    for each in result.columns:
        *cells, above = tabulate_estimate(each, largest, signs)
        rows.append([escape_text(each.column, 40), *cells, name_partner(each), above])
    return [headings, *rows]


def tabulate_groups(result: Importance, signs: str = EIGHTHS, *, most: int = MOST_NAMES) -> list[list[str]]:
    """The groups, at most so many columns of each by name, below a row of headings."""
    headings = ["", "importance", "", "95 % interval", "above 0"]
    largest = find_largest(result)
    return [headings, *([name_group(each, most), *tabulate_estimate(each, largest, signs)] for each in result.groups)]


def find_largest(result: Importance) -> float:
    """The importance that fills a bar."""
    return max((each.importance for each in (*result.columns, *result.groups)), default=0.0)


def tabulate_estimate(each: Estimate, largest: float, signs: str) -> list[str]:
    """The cells of an importance."""
    bar = draw_bar(each.importance / largest if largest > 0 else 0.0, signs)
    interval = "-" if each.interval is None else format_interval(*each.interval)
    return [format_figure(each.importance), bar, interval, f"{each.above_zero:.0%}"]


def name_partner(each: ColumnImportance) -> str:
    """The column that goes with another one, and how closely."""
    if each.partner is None or each.association is None:
        return ""
    stands = "stands in for " * (each.stands_in_for is not None)
    return f"{stands}{escape_text(each.partner, 40)} ({each.association:.2f})"


def name_group(each: GroupImportance, most: int = MOST_NAMES) -> str:
    """The columns of a group, the first of many."""
    names = " + ".join(escape_text(name, 20) for name in each.columns[:most])
    more = len(each.columns) - most
    return f"{names} + {more} more" if more > 0 else names


def list_remarks(result: Importance) -> list[str]:
    """Which columns have no measurable use, and what the table does not mean."""
    without = [escape_text(each.column, 40) for each in result.columns if not each.is_measurable and each.interval]
    more = f" and {len(without) - 10} more" if len(without) > 10 else ""
    none = f"no measurable use, as the interval is not above 0: {', '.join(without[:10])}{more}"
    return [*([none] if without else []), MEANING]


def build_importance_document(result: Importance) -> dict[str, Any]:
    """The importances for programs."""
    same = ("method", "metric", "larger_is_better", "score", "rows", "rows_given", "repeats", "repeats_asked")
    document: dict[str, Any] = {name: getattr(result, name) for name in same}
    document["columns"] = [{"column": each.column, **vars(each)} for each in result.columns]
    document["groups"] = [{"columns": each.columns, **vars(each)} for each in result.groups]
    document["seen"] = result.seen or None
    return document
