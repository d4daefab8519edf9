"""A report: all that is found of a model, part by part, as plain numbers and short texts."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mlptrain.data.odd_cells import OddCells
from mlptrain.diagnostics.column_summary import ColumnSummary, summarize_columns
from mlptrain.diagnostics.finding_kinds import Evidence
from mlptrain.diagnostics.findings import Finding, list_findings
from mlptrain.diagnostics.network_layers import NetworkLayers, describe_networks
from mlptrain.diagnostics.quality import Quality, measure_quality
from mlptrain.diagnostics.reproduction import Reproduction, describe_reproduction
from mlptrain.diagnostics.training_course import TrainingCourse, describe_course
from mlptrain.diagnostics.weak_rows import WeakRows, find_weak_rows
from mlptrain.display import Exportable
from mlptrain.errors import DataError
from mlptrain.explain.effect_curves import EffectCurves
from mlptrain.explain.effects import Effects
from mlptrain.explain.importance import Importance
from mlptrain.explain.methods import explain_rows
from mlptrain.explain.permutation import Permutation
from mlptrain.explain.pixel_maps import PixelMaps
from mlptrain.explain.pixels import PixelGradients
from mlptrain.model.evaluation import Evaluation, JudgedRows
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows
from mlptrain.randomness import permutation as permute
from mlptrain.randomness import stream

NO_COLUMNS = "images have no columns"
MOST_EFFECTS = 6
"""The most important columns, whose effects are looked at."""
PARTS_OF_ROWS = ("quality", "weak_rows", "importance", "effects")
"""The parts of a report that need rows."""
MOST_TRAINING = 20_000
"""The training rows that are judged, to be compared with the others: more would cost time and say no more."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a report is about."""

    name: str
    """The name of the model."""
    targets: tuple[str, ...]
    classes: tuple[str, ...]
    """The labels of the target; of numbers none."""
    positive_class: str | None
    networks: int
    parameters: int
    rows: int | None
    """The rows that it was judged on; None where there are none."""
    rows_name: str
    """What they are called: test rows, validation rows …; empty where there are none."""
    seen: str = ""
    """Why these rows say little of new ones: the model has seen them; empty if that is not known."""


@dataclass(frozen=True, kw_only=True)
class Report(Exportable):
    """All that is found of a model. A part that could not be found is None, and `absent` says why, by its name."""

    subject: Subject
    findings: tuple[Finding, ...] = ()
    """What stands out, the worst first."""
    quality: Quality | None
    weak_rows: WeakRows | None
    importance: Importance | None
    effects: EffectCurves | None
    """What columns change; of images None, as is the importance."""
    course: TrainingCourse
    layers: tuple[NetworkLayers, ...]
    columns: tuple[ColumnSummary, ...]
    more_columns: int = 0
    """How many more there are than are summarised."""
    reproduction: Reproduction
    pixels: PixelMaps | None = None
    """What each pixel adds to the answers; None but of images."""
    muted: tuple[str, ...] = ()
    """The codes of findings that were muted and would be there."""
    absent: dict[str, str] = field(default_factory=dict)
    odd_cells: OddCells = field(default_factory=OddCells)
    """Cells that were filled, unseen or far out, counted by column."""
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Subjects:
    """The rows that a model is judged on, and what is to be said of them; or why there are none."""

    rows: Rows | None
    name: str = ""
    seen: str = ""
    absent: str = ""
    training: Rows | None = None
    """The rows that it was trained on, where they are others; None where they are not there."""
    no_training: str = ""
    """Why they are not."""


def make_report(
    model: Model,
    name: str,
    subjects: Subjects,
    *,
    permutation: Permutation,
    clock: Callable[[], float],
    threads: int | None = None,
    mute: Collection[str] = (),
    judged: JudgedRows | None = None,
) -> Report:
    """The report of a model on rows whose targets are known, or of the model alone; `mute` has codes of findings.

    `judged` is what the model is worth on the rows, where that is known already.
    """
    parts: dict[str, Any] = dict.fromkeys(PARTS_OF_ROWS)
    absent = dict.fromkeys(PARTS_OF_ROWS, subjects.absent)
    if subjects.rows is not None:
        judged = judged or model.judge_and_evaluate(subjects.rows)
        parts, absent = judge_parts(model, subjects.rows, judged, permutation, clock, threads)
        absent |= {"training": subjects.no_training} if subjects.no_training else {}
    columns, more_columns = summarize_columns(model, judged)
    report = Report(
        subject=describe_subject(model, name, subjects, judged),
        **parts,
        course=describe_course(model),
        layers=describe_networks(model, judged),
        columns=columns,
        more_columns=more_columns,
        reproduction=describe_reproduction(model, name),
        absent=absent,
        odd_cells=OddCells() if judged is None else judged.evaluation.odd_cells,
        notices=() if judged is None else judged.evaluation.notices,
    )
    return add_findings(report, model, subjects.training, mute)


def judge_parts(
    model: Model,
    rows: Rows,
    judged: JudgedRows,
    permutation: Permutation,
    clock: Callable[[], float],
    threads: int | None,
) -> tuple[dict[str, Any], dict[str, str]]:
    """The parts of a report that are of rows, by their names; and why some are None."""
    parts: dict[str, Any] = dict.fromkeys(PARTS_OF_ROWS) | {"quality": measure_quality(model.head, judged)}
    names = ("importance", "effects")
    absent, important = dict.fromkeys(names, NO_COLUMNS) if rows.are_images else {}, None
    try:
        if rows.are_images:
            parts["pixels"] = explain_rows(model, rows, PixelGradients(), clock=clock, threads=threads)
        else:
            importance, parts["effects"] = look_at_columns(model, rows, permutation, clock, threads)
            parts["importance"], important = importance, [each.column for each in importance.columns]
    except DataError as problem:
        absent = dict.fromkeys(names, str(problem))
    return parts | {"weak_rows": find_weak_rows(model, judged, important)}, absent


def judge_training_rows(model: Model, rows: Rows) -> Evaluation:
    """What a model is worth on the rows that it was trained on, of very many on some."""
    if rows.count > MOST_TRAINING:
        drawn = permute(stream(model.spec.seed, "report"), rows.count)[:MOST_TRAINING]
        rows = rows.take(np.sort(drawn))
    return model.evaluate_rows(rows)


def add_findings(report: Report, model: Model, training: Rows | None, mute: Collection[str]) -> Report:
    """A report with what stands out in it, also beside the training rows."""
    evidence = Evidence(
        course=report.course,
        quality=report.quality,
        weak_rows=report.weak_rows,
        importance=report.importance,
        layers=report.layers,
        training=None if training is None else judge_training_rows(model, training),
    )
    findings, muted = list_findings(evidence, mute)
    return replace(report, findings=tuple(findings), muted=tuple(muted))


def look_at_columns(
    model: Model, rows: Rows, permutation: Permutation, clock: Callable[[], float], threads: int | None
) -> tuple[Importance, EffectCurves]:
    """What each column is worth, and the effects of those that are worth most."""
    importance = explain_rows(model, rows, permutation, clock=clock, threads=threads)
    assert isinstance(importance, Importance)
    names = tuple(each.column for each in importance.columns[:MOST_EFFECTS])
    effects = explain_rows(model, rows, Effects(columns=names), clock=clock, threads=threads)
    assert isinstance(effects, EffectCurves)
    return importance, effects


def describe_subject(model: Model, name: str, subjects: Subjects, judged: JudgedRows | None) -> Subject:
    """What a report is about."""
    return Subject(
        name=name,
        targets=tuple(model.head.names),
        classes=tuple(model.head.classes),
        positive_class=model.head.positive_class,
        networks=len(model.networks),
        parameters=model.parameters,
        rows=None if judged is None else judged.rows.count,
        rows_name=subjects.name,
        seen=subjects.seen,
    )
