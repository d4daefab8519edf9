"""The result of `compare`, for people and for programs."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from mlptrain.commands.compare import ComparedFiles
from mlptrain.diagnostics.comparison import ComparedModel, MetricDifference, ModelComparison
from mlptrain.figures import format_figure, format_interval
from mlptrain.reporting.metric_rows import SHORT, Metrics
from mlptrain.reporting.terminal import ANYWHERE, Paint, Terminal
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.text_tables import Rows, align_rows, describe_dropped_columns, drop_columns
from mlptrain.reporting.words import format_count_with_noun

MOST_SETTINGS = 12
"""Settings that differ which are shown, unless all are asked for."""
SEEN = " *"
"""Behind the name of a model that has seen the rows, or whose training they steered."""
LONGEST = 60
"""Characters of a name or a setting."""


def format_comparison(result: ComparedFiles, terminal: Terminal = ANYWHERE, *, verbose: bool = False) -> str:
    """The models by their metric, which differences are decided, what else differs, and what was left out."""
    found = result.comparison
    ranking, dropped = drop_columns(tabulate_ranking(found, verbose=verbose), terminal, keep=3)
    rows = f"{format_count_with_noun(found.rows, 'row')} ({escape_text(found.rows_name)})"
    title = f"{', '.join(map(escape_text, found.targets[:5]))} on {rows}, the best first"
    lines = [
        terminal.paint(terminal.wrap(title), "strong"),
        align_rows(ranking, terminal=terminal, paints=["", "best", "quiet"]),
        *describe_dropped_columns(dropped, terminal),
        *(terminal.wrap(f"{SEEN} {escape_text(why)}", "   ") for why in list_seen(found.models)),
        "",
        terminal.wrap(f"{found.verdict[:1].upper()}{found.verdict[1:]}."),
    ]
    lines += format_differences(found, terminal, verbose=verbose)
    lines += describe_disagreement(found, terminal)
    lines += format_settings(found, terminal, verbose=verbose)
    lines += [terminal.wrap(f"left out: {escape_text(each.why)}", "   ") for each in result.left_out]
    return "\n".join(lines)


def list_seen(models: Sequence[ComparedModel]) -> list[str]:
    """Why rows say little of new ones for some models, each sentence once."""
    return list(dict.fromkeys(each.seen for each in models if each.seen))


def tabulate_ranking(found: ModelComparison, *, verbose: bool) -> list[list[str]]:
    """The models and the baseline, each with the metric of the ranking and others, below a row of headings."""
    others = choose_other_metrics(found, verbose=verbose)
    headings = ["", found.metric, "95 % interval", *others, "networks", "parameters"]
    rows = [
        [
            f"{escape_text(each.name, LONGEST)}{SEEN if each.seen else ''}",
            format_figure(each.metrics.get(found.metric)),
            format_interval(*each.intervals[found.metric]) if found.metric in each.intervals else "-",
            *list_figures(each.metrics, others),
            f"{each.networks:,}",
            f"{each.parameters:,}",
        ]
        for each in found.models
    ]
    trivial = ["baseline", format_figure(found.baseline.get(found.metric)), "", *list_figures(found.baseline, others)]
    return [headings, *rows, *([[*trivial, "", ""]] if found.baseline else [])]


def choose_other_metrics(found: ModelComparison, *, verbose: bool) -> list[str]:
    """The metrics beside that of the ranking; the loss is none, for models may have losses of their own."""
    names = dict.fromkeys([*SHORT, *(found.models[0].metrics if verbose else ())])
    return [
        name
        for name in names
        if name not in ("loss", found.metric) and any(each.metrics.get(name) is not None for each in found.models)
    ]


def list_figures(metrics: Metrics, names: Sequence[str]) -> list[str]:
    """Some metrics as texts."""
    return [format_figure(metrics.get(name)) for name in names]


def format_differences(found: ModelComparison, terminal: Terminal, *, verbose: bool) -> list[str]:
    """How much better the best model is than each other one; of all pairs where all is asked for."""
    shown = [each for each in found.differences if verbose or each.better == found.models[0].name]
    if found.resamples:
        count = len(found.differences)
        together = f" for all {count:,} pairs together" if count > 1 else ""
        meaning = f"(both models on the same {found.resamples:,} samples of the rows; 95 %{together})"
    else:
        meaning = f"({found.metric} has no intervals: no difference is decided)"
    table, dropped = drop_columns(tabulate_differences(found, shown), terminal, keep=3)
    paints: list[Paint] = ["", "", "", "best", "quiet"]
    return [
        "",
        align_rows(table, terminal=terminal, paints=paints, left=2),
        *describe_dropped_columns(dropped, terminal),
        terminal.wrap(f"  {meaning}", "   "),
    ]


def tabulate_differences(found: ModelComparison, differences: Sequence[MetricDifference]) -> list[list[str]]:
    """Pairs of models, by how much the first is better, and whether that is decided, below a row of headings."""
    rows = [
        [
            escape_text(each.better, LONGEST),
            escape_text(each.worse, LONGEST),
            "yes" if each.is_decided else "no",
            format_figure(each.gain),
            "-" if each.interval is None else format_interval(*each.interval),
        ]
        for each in differences
    ]
    return [["", "better than", "decided", f"by {found.metric}", "95 % interval"], *rows]


def describe_disagreement(found: ModelComparison, terminal: Terminal) -> list[str]:
    """For how many rows not all models predict the same class."""
    count = found.disagreement.rows
    if count is None:
        return []
    rows = f"{format_count_with_noun(count, 'row')} ({count / max(found.rows, 1):.1%})"
    return ["", terminal.wrap(f"Not all models predict the same class for {rows}.")]


def format_settings(found: ModelComparison, terminal: Terminal, *, verbose: bool) -> Iterator[str]:
    """What differs between the specs, one line a key, the values in the order of the ranking."""
    shown = found.settings if verbose else found.settings[:MOST_SETTINGS]
    if not shown:
        yield "\nThe specs are the same."
        return
    yield f"\n{terminal.paint('what differs', 'strong')}"
    table, dropped = drop_columns(tabulate_settings(found, len(shown)), terminal)
    yield align_rows(table, terminal=terminal)
    yield from describe_dropped_columns(dropped, terminal)
    if more := len(found.settings) - len(shown):
        yield f"  and {format_count_with_noun(more, 'more key')}; --verbose has all"


def tabulate_settings(found: ModelComparison, count: int) -> Rows:
    """The first keys in which not all specs agree, and the values of all models, below a row of their names."""
    headings = ["", *(escape_text(each.name, LONGEST) for each in found.models)]
    return [
        headings,
        *(
            [escape_text(each.key, LONGEST), *(escape_text(value, LONGEST) for value in each.values)]
            for each in found.settings[:count]
        ),
    ]


def build_comparison_document(comparison: ModelComparison) -> dict[str, Any]:
    """A comparison as a document; of each difference also whether it is decided."""
    document = asdict(comparison)
    for written, each in zip(document["differences"], comparison.differences, strict=True):
        written["is_decided"] = each.is_decided
    return document


def build_compared_files_document(result: ComparedFiles) -> dict[str, Any]:
    """The result of `compare` for programs: the comparison as `report` has it, the files, and what was left out."""
    return {
        "comparison": build_comparison_document(result.comparison),
        "files": result.files,
        "left_out": [asdict(each) for each in result.left_out],
        "notices": result.notices,
    }
