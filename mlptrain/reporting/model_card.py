"""A report as a model card: Markdown below a head of YAML, as model hubs read it (model-index of the Hugging Face hub).

Mitchell et al., 2019, "Model cards for model reporting", say what belongs into one. What only a person can say is left
empty, and a card in which it has been filled in is never replaced.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlptrain.diagnostics.report import Report
from mlptrain.figures import format_figure, format_interval
from mlptrain.model.evaluation import Evaluation
from mlptrain.reporting.importance_results import describe_importance
from mlptrain.reporting.page_course import describe_end
from mlptrain.reporting.page_report import choose_card_metrics, describe_muted, describe_subject
from mlptrain.reporting.spec_text import format_spec_as_yaml
from mlptrain.reporting.text import escape_text
from mlptrain.storage.publishing import check_writable, is_device_or_pipe, publish_file, require_replaceable_file

BEGINNING = "---\n# mlptrain model card\n"
"""What every card begins with: a comment of YAML."""
ENDING = """
## Intended use

## Limits

## Ethics
"""
"""What every card ends with until a person has filled it in."""
IDENTIFIERS = {"auc": "roc_auc", "mcc": "matthews_correlation", "r2": "r_squared", "brier": "brier_score"}
"""The names of metrics on the hub, where they differ from ours."""
MOST_COLUMNS = 5
MARKUP = re.compile(r"[\\`*_{}\[\]<>|~&#!@$]|//|(?i:(?<=www)\.)")
"""What Markdown, or HTML in it, reads as more than itself; and what makes a link of an address."""


def write_card(report: Report) -> str:
    """The card of a model; the same report gives the same bytes."""
    head = format_spec_as_yaml(build_head(report))
    body = "\n".join(f"{line}\n" for line in list_paragraphs(report))
    return f"{BEGINNING}{head}\n---\n\n{body}{ENDING}"


def escape_markdown(text: str, longest: int = 2000) -> str:
    r"""A text that Markdown shows as it is.

    >>> escape_markdown("a_b <i> www.x")
    'a\\_b \\<i\\> www\\.x'
    """
    return MARKUP.sub(lambda match: "".join(f"\\{sign}" for sign in match[0]), escape_text(text, longest))


def build_head(report: Report) -> dict[str, Any]:
    """The facts that programs read."""
    task = name_task(report)
    head: dict[str, Any] = {"library_name": "mlptrain", "pipeline_tag": task, "tags": ["mlptrain", task]}
    if report.quality is None:
        return head
    evaluation = report.quality.evaluation
    names = choose_card_metrics(evaluation)
    result = {
        "task": {"type": task},
        "dataset": {"type": task.partition("-")[0], "name": escape_text(report.subject.rows_name)},
        "metrics": [
            {"type": IDENTIFIERS.get(name, name), "name": name, "value": evaluation.metrics[name]} for name in names
        ],
    }
    index = [{"name": escape_text(report.subject.name), "results": [result]}]
    return head | {"metrics": [IDENTIFIERS.get(name, name) for name in names], "model-index": index}


def name_task(report: Report) -> str:
    """The task by its name on the hub."""
    kind = "classification" if report.subject.classes else "regression"
    return f"{'tabular' if report.columns else 'image'}-{kind}"


def list_paragraphs(report: Report) -> Iterator[str]:
    """What the model is, how it was trained, how good it is, what it looks at, what stands out."""
    yield f"# {escape_markdown(report.subject.name, 200)}"
    yield escape_markdown(describe_subject(report))
    yield "## Training"
    again = report.reproduction
    digest = f" Digest of the training data: {again.data_digest}." if again.data_digest else ""
    yield escape_markdown(f"{describe_end(report.course)} Written with mlptrain {again.mlptrain}.{digest}")
    yield "## Quality"
    if report.subject.seen:
        yield escape_markdown(f"{report.subject.seen[:1].upper()}{report.subject.seen[1:]}.")
    yield describe_absence(report, "quality") if report.quality is None else tabulate_quality(report.quality.evaluation)
    yield "## What it looks at"
    yield describe_columns(report)
    yield "## What stands out"
    findings = [f"* {each.title}: {escape_markdown(each.sentence)}" for each in report.findings]
    yield "\n".join(findings) or describe_nothing(report)
    if report.muted:
        yield describe_muted(report.muted)


def describe_nothing(report: Report) -> str:
    """What is said where there are no findings."""
    return "Nothing." if report.quality is not None else describe_absence(report, "quality")


def describe_absence(report: Report, part: str) -> str:
    """Why a part is not there."""
    return escape_markdown(f"Not known: {report.absent.get(part, 'it was not looked at')}.")


def tabulate_quality(evaluation: Evaluation) -> str:
    """The metrics of the cards with their intervals and the baseline, as a table."""
    rows = [("metric", "value", "95 %", "baseline"), ("---", "---:", "---:", "---:")]
    for name in choose_card_metrics(evaluation):
        interval = format_interval(*evaluation.intervals[name]) if name in evaluation.intervals else ""
        value, baseline = evaluation.metrics[name], evaluation.baseline.get(name)
        rows.append((escape_markdown(name), format_figure(value), interval, format_figure(baseline)))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def describe_columns(report: Report) -> str:
    """The most important columns, with their intervals."""
    if report.importance is None:
        return describe_absence(report, "importance")
    said = describe_importance(report.importance)
    columns = [each for each in report.importance.columns[:MOST_COLUMNS] if each.importance > 0]
    if not columns:
        return escape_markdown(f"{said[:1].upper()}{said[1:]}. No column is of measurable use.")
    parts = (
        f"{each.column} {format_figure(each.importance)}"
        + ("" if each.interval is None else f" ({format_interval(*each.interval)})")
        for each in columns
    )
    return escape_markdown(f"{said[:1].upper()}{said[1:]}. The most important columns: {', '.join(parts)}.")


def require_free_card(path: Path) -> None:
    """Refuse to write where no file can be, or in the place of what is no card, or of one that was filled in."""
    if str(path) == "-":
        return
    check_writable(path)
    fault = "is no model card, or one whose headings were filled in"
    require_replaceable_file(path, is_empty_card, fault=fault, option="--card")


def is_empty_card(path: Path) -> bool:
    """Whether a file is a card in which no person has written, or has nothing in it to lose."""
    if is_device_or_pipe(path):
        return True
    if not path.is_file():
        return False
    text = path.read_bytes()
    return not text or (text.startswith(BEGINNING.encode()) and text.endswith(ENDING.encode()))


def publish_card(report: Report, path: Path) -> None:
    """Write the card of a model, which is whole or not there."""
    card = write_card(report).encode()
    publish_file(path, lambda stream: stream.write(card))
