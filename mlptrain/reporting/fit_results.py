"""The result of `fit`, for people and for programs."""

from dataclasses import asdict
from typing import Any

from mlptrain.commands.fit import FitResult
from mlptrain.figures import format_figure
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.text_tables import REFIT, align_rows, format_metrics


def format_fit_result(result: FitResult) -> str:
    """The metrics, and where the model is: what `fit` ends with."""
    size = f"{result.parameters:,} parameters, epoch {result.best_epoch} of {result.epochs}"
    if result.folds:
        size = f"{len(result.folds)} networks that predict with their average, {result.parameters:,} parameters"
    table = format_folds(result) if result.folds else format_metrics(result.metrics)
    if result.refit:
        table += f"\n  ({REFIT})"
    return f"{table}\nmodel: {escape_text(result.model)} ({size})"


def format_folds(result: FitResult) -> str:
    """The validation metrics of each fold, their mean and standard deviation."""
    part = "validation" if "validation" in result.metrics else "train"
    names = list(result.metrics[part])
    rows = [
        [f"fold {number}", str(fold.best_epoch), *(format_figure(fold.metrics[part][name]) for name in names)]
        for number, fold in enumerate(result.folds, 1)
    ]
    mean = ["mean", "", *(format_figure(result.metrics[part][name]) for name in names)]
    deviation = ["± sd", "", *(format_figure(result.deviations[part][name]) for name in names)]
    return align_rows([[part, "epoch", *names], *rows, mean, deviation])


def build_fit_document(result: FitResult) -> dict[str, Any]:
    """The result of `fit` for programs; it has the keys of folds and of a refit only if there were any."""
    document = {"model": result.model} | asdict(result)
    if not result.folds:
        del document["folds"], document["deviations"]
    if result.refit is None:
        del document["refit"]
    return document
