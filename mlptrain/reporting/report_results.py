"""A report for programs: the facts of its page as one document."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from mlptrain.commands.report import ComparedReports
from mlptrain.diagnostics.quality import Quality
from mlptrain.diagnostics.report import Report
from mlptrain.reporting.compare_results import build_comparison_document
from mlptrain.reporting.effect_results import build_effects_document
from mlptrain.reporting.evaluate_results import build_evaluation_document
from mlptrain.reporting.importance_results import build_importance_document
from mlptrain.reporting.pixel_results import build_pixel_maps_document


def build_document(report: Report | ComparedReports) -> dict[str, Any]:
    """The facts of a report, or of several models."""
    return build_report_document(report) if isinstance(report, Report) else build_comparison_of_reports_document(report)


def build_report_document(report: Report) -> dict[str, Any]:
    """All facts of a report, with evaluation, importance and effects as `eval` and `explain` print them."""
    quality, importance, effects = report.quality, report.importance, report.effects
    return {
        "subject": asdict(report.subject),
        "findings": list_parts(report.findings),
        "muted": report.muted,
        "quality": None if quality is None else build_quality_document(quality),
        "weak_rows": None if report.weak_rows is None else asdict(report.weak_rows),
        "importance": None if importance is None else build_importance_document(importance),
        "effects": None if effects is None else build_effects_document(effects),
        "pixels": None if report.pixels is None else build_pixel_maps_document(report.pixels),
        "course": asdict(report.course),
        "layers": list_parts(report.layers),
        "columns": list_parts(report.columns),
        "more_columns": report.more_columns,
        "reproduction": asdict(report.reproduction),
        "absent": report.absent,
        "notices": report.notices,
    }


def build_quality_document(quality: Quality) -> dict[str, Any]:
    """How good a model is, with the metrics as `eval` prints them."""
    parts = {name: list_parts(vars(quality)[name]) for name in ("curves", "reliability", "thresholds", "residuals")}
    return {"evaluation": build_evaluation_document(quality.evaluation), **parts, "absent": quality.absent}


def list_parts(parts: Iterable[Any]) -> list[dict[str, Any]]:
    """Parts of one kind as documents."""
    return [asdict(each) for each in parts]


def build_comparison_of_reports_document(compared: ComparedReports) -> dict[str, Any]:
    """Several models as one document: the comparison, then the report of each in the order of the ranking."""
    return {
        "comparison": build_comparison_document(compared.comparison),
        "reports": [build_report_document(each) for each in compared.reports],
    }
