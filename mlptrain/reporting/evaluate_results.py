"""The result of `eval`, for people and for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mlptrain.commands.evaluate import EvaluationResult
from mlptrain.figures import format_figure, format_interval, format_weight
from mlptrain.model.baseline import describe_no_better, explain_baseline_gap
from mlptrain.model.evaluation import ClassResult, Evaluation, SliceResult
from mlptrain.reporting.bars import EIGHTHS, draw_bar
from mlptrain.reporting.importance_results import build_importance_document, format_importance
from mlptrain.reporting.metric_rows import choose_headline, describe_scaled_loss, list_baseline_gaps, order_metrics
from mlptrain.reporting.terminal import ANYWHERE, Paint, Terminal
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.text_tables import TABLE_WIDTH, align_rows, describe_dropped_columns, drop_columns
from mlptrain.reporting.words import format_count_with_noun

MOST_IMPORTANCES = 10
"""Columns whose importance is shown below the rest."""


def format_evaluation(
    result: EvaluationResult, terminal: Terminal = ANYWHERE, *, signs: str = EIGHTHS, verbose: bool = False
) -> str:
    """The metrics with their intervals, then classes, slices and the importance of columns, if there are any.

    `signs` are those of bars.
    """
    names = choose_metrics(result, verbose=verbose)
    shown, dropped = drop_columns(tabulate_evaluation(result, names), terminal)
    lines = [terminal.wrap(escape_text(result.seen))] if result.seen else []
    lines += [align_rows(shown, terminal=terminal, paints=["", "best", "quiet"])]
    lines += [terminal.wrap(f"  {name}: undefined: {escape_text(why)}") for name, why in result.undefined.items()]
    lines += [terminal.wrap(line, "   ") for line in explain_baseline_gaps(result, names)]
    if result.intervals and not dropped:
        lines.append(terminal.wrap(f"  (intervals from {result.resamples:,} bootstrap samples)"))
    if result.watched is not None:
        lines += describe_scaled_loss(names, result.watched)
        no_better = describe_no_better("these", names[0], result.metrics, result.baseline)
        lines += [terminal.wrap(f"  ({no_better})", "   ")] if no_better else []
    lines += describe_dropped_columns(dropped, terminal)
    if result.classes:
        lines += [
            "",
            terminal.paint("classes", "strong") + describe_positive_class(result),
            format_classes(result, terminal, signs=signs),
        ]
        lines += format_confusion(result, terminal)
    if result.targets:
        lines += ["", terminal.paint("targets", "strong"), *format_targets(result, names, terminal)]
    if result.by:
        lines += ["", terminal.paint(f"by {escape_text(result.by)}", "strong"), *format_slices(result, names, terminal)]
    if result.importance is not None:
        shown_below = format_importance(
            result.importance, terminal, signs=signs, verbose=verbose, most=MOST_IMPORTANCES
        )
        lines += ["", shown_below]
    return "\n".join(lines)


def tabulate_evaluation(result: Evaluation, names: Sequence[str]) -> list[list[str]]:
    """Metrics with those of the baseline and their intervals, below a row of headings."""
    baseline = ["baseline"] if result.baseline else []
    rows = [
        ["", format_count_with_noun(result.rows, "row"), *baseline, *(["95 % interval"] if result.intervals else [])]
    ]
    for name in names:
        between = format_interval(*result.intervals[name]) if name in result.intervals else ""
        trivial = [format_figure(result.baseline.get(name))] if result.baseline else []
        rows.append([name, format_figure(result.metrics[name]), *trivial, *([between] if result.intervals else [])])
    return rows


def choose_metrics(result: Evaluation, *, verbose: bool) -> list[str]:
    """The metrics that are shown: what the fit watched first, none that says what another one says."""
    if result.watched is None or verbose:
        return list(result.metrics)
    return order_metrics({"": result.metrics}, result.watched, first=choose_headline(result.metrics, result.watched))


def explain_baseline_gaps(result: Evaluation, names: Sequence[str]) -> list[str]:
    """A line for each metric that is shown and that the baseline alone does not have."""
    gaps = list_baseline_gaps({name: result.metrics[name] for name in names}, result.baseline)
    return [f"  ({name}: {explain_baseline_gap(name)})" for name in gaps]


def describe_positive_class(result: Evaluation) -> str:
    """What stands behind the heading of the classes: which of two is the positive one."""
    return "" if result.positive_class is None else f" (positive: {escape_text(result.positive_class, 40)})"


def format_classes(result: Evaluation, terminal: Terminal = ANYWHERE, most: int = 30, *, signs: str = EIGHTHS) -> str:
    """Rows, precision, recall and F1 of each class, the recall also as a bar where there is room for bars."""
    headings, *rows = tabulate_classes(result)
    table = [headings, *rows[:most]]
    with_bars = [[*row[:4], bar, *row[4:]] for row, bar in zip(table, draw_recalls(result, signs), strict=False)]
    has_room = not drop_columns(with_bars, terminal)[1]
    shown, dropped = drop_columns(with_bars if has_room else table, terminal)
    paints: list[Paint] = ["", "", "", "", "best"] if has_room else []
    lines = [align_rows(shown, terminal=terminal, paints=paints), *describe_class_gaps(result.classes[:most], terminal)]
    lines += describe_dropped_columns(dropped, terminal)
    more = len(result.classes) - most
    return "\n".join([*lines, *([f"  and {more:,} more class{'es' * (more > 1)}"] if more > 0 else [])])


def tabulate_classes(result: Evaluation) -> list[list[str]]:
    """Rows, precision, recall and F1 of each class, below a row of headings."""
    rows = [
        [
            escape_text(each.name, 40),
            format_weight(each.rows),
            format_figure(each.precision),
            format_figure(each.recall),
            format_figure(each.f1),
        ]
        for each in result.classes
    ]
    return [["", "rows", "precision", "recall", "f1"], *rows]


def draw_recalls(result: Evaluation, signs: str) -> list[str]:
    """The bar of each class, below a heading without words: whole where the recall is 1, none where there is none."""
    return ["", *(draw_bar(each.recall or 0.0, signs) for each in result.classes)]


def describe_class_gaps(classes: Sequence[ClassResult], terminal: Terminal) -> list[str]:
    """Why some class has no precision or no recall."""
    never = any(each.precision is None for each in classes)
    absent = any(each.recall is None for each in classes)
    why = ["no precision where a class is never predicted"] * never + ["no recall where it has no rows"] * absent
    return [terminal.wrap(f"  (-: {', '.join(why)})", "   ")] if why else []


def format_confusion(result: Evaluation, terminal: Terminal = ANYWHERE, most: int = 12) -> list[str]:
    """Rows by true class (down) and predicted class (across), where they are few enough to be read."""
    table = tabulate_confusion(result, most)
    if not table:
        return []
    if drop_columns(table, terminal)[1]:
        return ["", terminal.wrap("(no room for the table of true and predicted classes; --json has it)")]
    heading = terminal.paint(CONFUSION, "strong")
    return ["", heading, align_rows(table, terminal=terminal)]


CONFUSION = "true class (down), predicted class (across)"
"""What stands above the table of both."""


def tabulate_confusion(result: Evaluation, most: int = 12) -> list[list[str]]:
    """Rows by true class and predicted class, below a row of the classes; nothing of more than `most` classes."""
    if not 0 < len(result.classes) <= most:
        return []
    names = [escape_text(each.name, 20) for each in result.classes]
    rows = [[name, *map(format_weight, counts)] for name, counts in zip(names, result.confusion, strict=True)]
    return [["", *names], *rows]


def format_targets(result: Evaluation, names: Sequence[str], terminal: Terminal = ANYWHERE) -> list[str]:
    """The metrics of each of several targets."""
    shown, dropped = drop_columns(tabulate_targets(result, names), terminal)
    return [align_rows(shown, terminal=terminal), *describe_dropped_columns(dropped, terminal)]


def tabulate_targets(result: Evaluation, names: Sequence[str]) -> list[list[str]]:
    """The metrics of each of several targets, below a row of their names."""
    names = [name for name in names if name != "loss"]
    rows = [
        [escape_text(target, 40), *(format_figure(metrics[name]) for name in names)]
        for target, metrics in result.targets.items()
    ]
    return [["", *names], *rows]


def format_slices(result: Evaluation, names: Sequence[str], terminal: Terminal = ANYWHERE, most: int = 50) -> list[str]:
    """The metrics of each slice."""
    headings, *rows = tabulate_slices(result, names)
    narrow = Terminal(width=terminal.width or TABLE_WIDTH)
    shown, dropped = drop_columns([headings, *rows[:most]], narrow, keep=3)
    lines = [align_rows(shown, terminal=terminal), *describe_slice_gaps(result.slices[:most], shown[0], terminal)]
    return [*lines, *describe_dropped_columns(dropped, terminal)]


def tabulate_slices(result: Evaluation, names: Sequence[str]) -> list[list[str]]:
    """The metrics of each slice, below a row of their names."""
    rows = [
        [escape_text(each.value, 40), f"{each.rows:,}", *(format_figure(each.metrics[name]) for name in names)]
        for each in result.slices
    ]
    return [["", "rows", *names], *rows]


def describe_slice_gaps(slices: Sequence[SliceResult], names: Sequence[str], terminal: Terminal) -> list[str]:
    """A line for each metric that is shown and that some slice does not have: how many, and why the first has none."""
    lines = []
    for name in names:
        if reasons := [(each.value, each.undefined[name]) for each in slices if name in each.undefined]:
            value, why = escape_text(reasons[0][0], 40), escape_text(reasons[0][1])
            count = format_count_with_noun(len(reasons), "slice")
            lines.append(terminal.wrap(f"  ({name}: undefined in {count}; in {value}: {why})", "   "))
    return lines


def build_evaluation_document(result: Evaluation) -> dict[str, Any]:
    """An evaluation for programs."""
    document = asdict(result)
    always = {key: document[key] for key in ("rows", "metrics", "intervals")}
    always |= {"baseline": document["baseline"], "undefined": document["undefined"]}
    if result.targets:
        always["targets"] = document["targets"]
    always["odd_cells"] = {kind: document["odd_cells"][kind] for kind in ("filled", "unseen", "beyond")}
    always["seen"] = document["seen"] or None
    always["not_finite"] = document["not_finite"]
    if result.positive_class is not None:
        always["positive_class"] = result.positive_class
    if result.classes:
        always |= {"classes": document["classes"], "confusion": document["confusion"]}
    return always | ({"by": result.by, "slices": document["slices"]} if result.by else {})


def build_evaluation_result_document(result: EvaluationResult) -> dict[str, Any]:
    """The result of `eval` for programs; that the rows were seen in training is said of the whole."""
    document = build_evaluation_document(result)
    if result.importance is not None:
        document["importance"] = build_importance_document(result.importance)
        del document["importance"]["seen"]
    return document
