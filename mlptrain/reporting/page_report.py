"""A report as a page: its head, and its sections one after the other."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PureWindowsPath
from typing import Any

from mlptrain.diagnostics.report import Report
from mlptrain.figures import format_figure, format_interval
from mlptrain.model.evaluation import Evaluation
from mlptrain.reporting.metric_rows import SHORT, choose_headline, order_metrics
from mlptrain.reporting.page_blocks import Block, Card, Listing, Page, Paragraph, Remark, Section
from mlptrain.reporting.page_columns import show_columns
from mlptrain.reporting.page_course import show_course
from mlptrain.reporting.page_importance import show_importance
from mlptrain.reporting.page_layers import show_layers
from mlptrain.reporting.page_quality import show_quality
from mlptrain.reporting.page_weak_rows import show_weak_rows
from mlptrain.reporting.spec_text import format_spec_as_yaml
from mlptrain.reporting.words import format_count_with_noun

MOST_CARDS = 4
"""Metrics at the head; one more card is of the rows."""
MOST_REMARKS = 8
FIRST_METRICS = ("auc", "accuracy", "balanced_accuracy", "log_loss", "rmse", "r2", "mae", "median_absolute_error")
"""The metrics of the cards, after the one that was watched."""
SECTIONS = {
    "quality": "quality",
    "weak_rows": "weak-rows",
    "importance": "importance",
    "effects": "importance",
    "course": "course",
    "layers": "layers",
    "columns": "columns",
}
"""The part of a report → the id of the section that shows it."""


def lay_out_report(report: Report) -> Page:
    """The page of a report."""
    subject = report.subject
    return Page(
        title=subject.name,
        lead=describe_subject(report),
        warnings=[subject.seen] if subject.seen else [],
        cards=list(list_cards(report)),
        remarks=[
            Remark(code=each.code, title=each.title, sentence=each.sentence, section=SECTIONS.get(each.part, "quality"))
            for each in report.findings[:MOST_REMARKS]
        ],
        muted=" ".join(filter(None, [describe_muted(report.muted), describe_unsought(report)])),
        sections=list_sections(report),
        foot=f"Written by mlptrain {report.reproduction.mlptrain}.",
    )


def describe_muted(codes: Sequence[str]) -> str:
    """How many findings were muted, and which; empty for none.

    >>> describe_muted(["R03", "R09"])
    '2 findings are muted: R03, R09.'
    """
    verb = "is" if len(codes) == 1 else "are"
    return f"{format_count_with_noun(len(codes), 'finding')} {verb} muted: {', '.join(codes)}." if codes else ""


def describe_unsought(report: Report) -> str:
    """Which findings could not be looked for without the training rows; empty where they were there."""
    why = report.absent.get("training")
    return f"Overfitting and cells unlike those of training were not looked for: {why}." if why else ""


def list_sections(report: Report) -> list[Section]:
    """The parts of the page, in the order of an argument: how good, where wrong, why, and how it came about."""
    found = (
        ("quality", "How good it is", "How good", show_quality(report)),
        ("weak-rows", "Where it is wrong", "Where wrong", show_weak_rows(report)),
        ("importance", "What it looks at", "What it looks at", show_importance(report)),
        ("course", "How it was trained", "How trained", show_course(report.course)),
        ("layers", "Inside the layers", "Inside", show_layers(report)),
        ("columns", "The columns", "Columns", show_columns(report)),
        ("reproduction", "Make it again", "Make it again", show_reproduction(report)),
    )
    return [Section(id=id, title=title, short=short, blocks=list(blocks)) for id, title, short, blocks in found]


def describe_subject(report: Report) -> str:
    """What the page is about, in a sentence."""
    subject = report.subject
    count = subject.networks
    what = "A multilayer perceptron that predicts" if count == 1 else f"The average of {count} networks that predict"
    size = format_count_with_noun(subject.parameters, "parameter")
    targets = ", ".join(subject.targets[:5]) + (" …" if len(subject.targets) > 5 else "")
    kind = f" ({len(subject.classes)} classes)" if len(subject.classes) > 2 else ""
    if subject.rows is None:
        return f"{what} {targets}{kind}, with {size}. There were no rows to judge it on."
    name = subject.rows_name or "rows"
    judged = f"{name} ({subject.rows:,})" if name.startswith("the ") else f"{subject.rows:,} {name}"
    return f"{what} {targets}{kind}, with {size}; judged on {judged}."


def list_cards(report: Report) -> Iterator[Card]:
    """The metrics that say most, each with its interval and the baseline, and the rows."""
    if report.quality is None:
        return
    evaluation = report.quality.evaluation
    for name in choose_card_metrics(evaluation):
        remarks = []
        if name in evaluation.intervals:
            remarks.append(f"{format_interval(*evaluation.intervals[name])} (95\u00a0%)")
        if evaluation.baseline.get(name) is not None:
            remarks.append(f"baseline {format_figure(evaluation.baseline[name])}")
        yield Card(name=name.replace("_", " "), value=format_figure(evaluation.metrics[name]), remarks=remarks)
    yield Card(name="rows", value=f"{evaluation.rows:,}", remarks=[report.subject.rows_name])


def choose_card_metrics(evaluation: Evaluation) -> list[str]:
    """The metrics of the cards, the watched one first."""
    known = {name: value for name, value in evaluation.metrics.items() if value is not None}
    if evaluation.watched is None:
        return list(known)[:MOST_CARDS]
    watched = evaluation.watched
    first = choose_headline(evaluation.metrics, watched)
    first = watched.metric if first == "loss" and watched.scaled else first
    ordered = [
        name for name in order_metrics({"": evaluation.metrics}, evaluation.watched, first=first) if name in known
    ]
    rank = {name: place for place, name in enumerate([first, *FIRST_METRICS, *SHORT][::-1])}
    return sorted(ordered, key=lambda name: -rank.get(name, -1))[:MOST_CARDS]


def show_reproduction(report: Report) -> Iterator[Block]:
    """The commands, the spec, and what they were run with."""
    again, spec = report.reproduction, cut_spec_folders(report.reproduction.spec)
    yield Listing(name="commands", lines=again.commands)
    digest = f"; digest of the training data {again.data_digest}" if again.data_digest else ""
    yield Paragraph(text=f"mlptrain {again.mlptrain}{digest}")
    if again.spec_folder not in ("", "."):
        folder = cut_folders(again.spec_folder)
        yield Paragraph(text=f"The paths of the spec are relative to {folder}, seen from the model.", quiet=True)
    if spec != again.spec:
        yield Paragraph(text="Of absolute paths the folders are left out: …/ stands for them.", quiet=True)
    lines = format_spec_as_yaml(spec).split("\n")
    yield Listing(name="the whole spec, every default written out", lines=lines, folded=True)


def cut_spec_folders(spec: dict[str, Any]) -> dict[str, Any]:
    """A spec in which no path tells of folders of the machine."""
    data = dict(spec["data"])
    data |= {name: cut_folders(data[name]) for name in ("train", "test") if name in data}
    if "validation" in data.get("split", {}):
        data["split"] = data["split"] | {"validation": cut_folders(data["split"]["validation"])}
    return spec | {"data": data}


def cut_folders(paths: Any) -> Any:
    r"""Paths with a sign in place of the folders of absolute ones; what is no text stays.

    >>> cut_folders({"images": "/home/a/b.gz", "labels": "../c.gz", "validation": [0.2, "C:\\d\\e.csv"]})
    {'images': '…/b.gz', 'labels': '../c.gz', 'validation': [0.2, '…/e.csv']}
    """
    if isinstance(paths, Mapping):
        return {name: cut_folders(each) for name, each in paths.items()}
    if isinstance(paths, list | tuple):
        return [cut_folders(each) for each in paths]
    if not isinstance(paths, str):
        return paths
    own = PureWindowsPath(paths)
    return f"…/{own.name}" if own.drive or own.root else paths
