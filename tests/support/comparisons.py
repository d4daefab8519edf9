"""Several models of made-up facts on the same rows."""

from dataclasses import replace

from mlptrain.commands.report import ComparedReports
from mlptrain.diagnostics.comparison import ComparedModel, MetricDifference, ModelComparison, SettingDifference
from mlptrain.diagnostics.disagreement import Disagreement, DisputedRow
from tests.support.reports import Namer, keep_name, make_report


def make_comparison(name: Namer = keep_name, *, models: int = 2, classes: int = 3) -> ComparedReports:
    """Models with all facts; every text of a user is given by the test."""
    names = [name(f"model {k}") for k in range(models)]
    metric = "accuracy" if classes else "rmse"
    labels = tuple(name(f"class {k % max(classes, 1)}") for k in range(models))
    comparison = ModelComparison(
        targets=(name("target"),),
        rows=300,
        rows_name=f"the rows of {name('file')}",
        metric=metric,
        larger_is_better=bool(classes),
        baseline={metric: 0.4},
        models=tuple(
            ComparedModel(
                name=each,
                metrics={"loss": 0.5, metric: 0.9 - k / 100, "auc": None},
                intervals={metric: (0.8, 0.95)},
                networks=1,
                parameters=1234,
                seen=f"{name('file')} is the training file",
            )
            for k, each in enumerate(names)
        ),
        differences=tuple(
            MetricDifference(better=names[0], worse=each, gain=0.01, interval=(-0.02, 0.04)) for each in names[1:]
        ),
        resamples=1000,
        verdict=f"{names[0]} is better",
        disagreement=Disagreement(
            rows=20 if classes else None,
            disputed=(
                DisputedRow(
                    place=f"{name('file')}:7",
                    truth=name("class 0"),
                    predictions=labels,
                    probabilities=(0.5,) * models if classes else (),
                ),
            ),
        ),
        settings=(SettingDifference(key=name("data.columns"), values=labels),),
    )
    reports = tuple(make_report(name, classes=classes) for _ in names)
    named = tuple(
        replace(each, subject=replace(each.subject, name=own)) for each, own in zip(reports, names, strict=True)
    )
    return ComparedReports(comparison=comparison, reports=named)
