"""What a report says of single rows, left out: for a page that goes to people who are not to see them."""

from dataclasses import replace

from mlptrain.diagnostics.comparison import ModelComparison
from mlptrain.diagnostics.quality import Quality
from mlptrain.diagnostics.report import Report
from mlptrain.diagnostics.weak_rows import WeakRows
from mlptrain.explain.effect_curves import EffectCurves

WHY = "left out on request (--no-rows)"


def remove_single_rows(report: Report) -> Report:
    """A report without its worst rows, the points of its residuals and the curves of single rows.

    What is of many rows stays: metrics, slices, histograms, the levels of categories and how many rows have them.
    """
    return replace(
        report,
        quality=None if report.quality is None else remove_points(report.quality),
        weak_rows=None if report.weak_rows is None else remove_worst_rows(report.weak_rows),
        effects=None if report.effects is None else remove_curves_of_rows(report.effects),
    )


def remove_points(quality: Quality) -> Quality:
    """The same without the true and predicted numbers of single rows."""
    if not quality.residuals:
        return quality
    residuals = tuple(replace(each, points=()) for each in quality.residuals)
    return replace(quality, residuals=residuals, absent=quality.absent | {"points of single rows": WHY})


def remove_worst_rows(found: WeakRows) -> WeakRows:
    """The same without the rows of the largest losses."""
    return replace(found, worst=(), absent=found.absent | {"worst": WHY})


def remove_curves_of_rows(effects: EffectCurves) -> EffectCurves:
    """The same without the predictions of single rows."""
    return replace(effects, columns=tuple(replace(each, ice=()) for each in effects.columns))


def remove_disputed_rows(comparison: ModelComparison) -> ModelComparison:
    """The same without the rows of which models say different things; how many they are stays."""
    return replace(comparison, disagreement=replace(comparison.disagreement, disputed=()))
