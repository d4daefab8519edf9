"""Reports of made-up facts: every field is filled, and every text of a user is given by the test."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import sin

from mlptrain.diagnostics.column_summary import ColumnSummary, LevelCount
from mlptrain.diagnostics.findings import Finding
from mlptrain.diagnostics.network_layers import NetworkLayers, ParameterFacts
from mlptrain.diagnostics.quality import (
    ClassCurves,
    Line,
    Quality,
    QuantileCoverage,
    Reliability,
    ReliabilityGroup,
    ResidualGroup,
    Residuals,
    ThresholdResult,
)
from mlptrain.diagnostics.report import Report, Subject
from mlptrain.diagnostics.reproduction import Reproduction
from mlptrain.diagnostics.training_course import NetworkCourse, TrainingCourse
from mlptrain.diagnostics.weak_rows import WeakRows, WeakSlice, WorstRow
from mlptrain.explain.effect_curves import Effect, EffectCurves, EffectPoint
from mlptrain.explain.importance import ColumnImportance, GroupImportance, Importance
from mlptrain.model.evaluation import ClassResult, Evaluation
from mlptrain.model.layer_findings import LayerFinding
from mlptrain.model.layer_history import Histogram, LayerFacts, LayersSeen
from mlptrain.model.watched import Watched

Namer = Callable[[str], str]
"""The text of a user that stands in place of a tame one."""
HISTOGRAM = Histogram(edges=tuple(k / 4 - 1 for k in range(9)), counts=(1, 2, 3, 4, 5, 3, 1, 0))
TENTHS = [k / 10 for k in range(11)]


def keep_name(tame: str) -> str:
    """The tame name itself."""
    return tame


def make_report(
    name: Namer = keep_name, *, classes: int = 3, columns: int = 8, networks: int = 1, rows: int = 300
) -> Report:
    """A report with all parts; of no classes one of numbers, of two with a positive class."""
    labels = tuple(name(f"class {k}") for k in range(classes))
    names = [name(f"column {k}") for k in range(columns)]
    return Report(
        subject=Subject(
            name=name("model"),
            targets=(name("target"),),
            classes=labels,
            positive_class=labels[1] if classes == 2 else None,
            networks=networks,
            parameters=1234,
            rows=rows,
            rows_name="test rows",
            seen=f"these rows are those of {name('file')}",
        ),
        findings=(
            Finding(code="R05", title="Weak slice", sentence=f"{names[0]} is weak", part="weak_rows"),
            Finding(code="R01", title="Overfitting", sentence="training is better", part="course"),
        ),
        quality=make_class_quality(labels, rows) if classes else make_number_quality(name("target"), rows),
        weak_rows=make_weak_rows(names, labels),
        importance=make_importance(names),
        effects=make_effects(names, labels or (name("target"),), of_classes=bool(classes)),
        course=make_course(networks, "accuracy" if classes else "rmse"),
        layers=tuple(make_layers(f"fold {k + 1}" if networks > 1 else "", name) for k in range(networks)),
        columns=make_columns(names, name),
        reproduction=Reproduction(
            commands=(f"mlptrain fit {name('model')}.yaml",),
            spec={"data": {"target": name("target"), "columns": {names[0]: "number"}}, "seed": 1},
            spec_folder=name("folder"),
            data_digest="0123abc",
            mlptrain="1.2.3",
        ),
        absent={},
    )


def make_watched(metric: str) -> Watched:
    """A fit that watched a metric."""
    return Watched(name=metric, metric=metric, values=(0.8,), calibrated=False, scaled=False, transformed=False)


def make_class_quality(labels: Sequence[str], rows: int) -> Quality:
    """Metrics, confusion, curves, calibration and thresholds."""
    count = len(labels)
    confusion = tuple(tuple(float(rows if a == b else (a * 7 + b) % 5) for b in range(count)) for a in range(count))
    metrics = {"loss": 0.41, "accuracy": 0.9, "auc": 0.95, "log_loss": 0.42, "f1": None}
    shown = labels[:6]
    return Quality(
        evaluation=Evaluation(
            rows=rows,
            metrics=metrics,
            undefined={"f1": f"{labels[0]} has no rows"},
            baseline={"loss": 1.1, "accuracy": 0.4, "auc": 0.5, "log_loss": 1.1, "f1": None},
            intervals={"accuracy": (0.85, 0.93), "auc": (0.9, 0.97)},
            resamples=1000,
            confusion=confusion,
            classes=tuple(
                ClassResult(name=label, rows=100.0, precision=0.9, recall=None if k else 0.8, f1=0.85)
                for k, label in enumerate(labels)
            ),
            positive_class=labels[1] if count == 2 else None,
            watched=make_watched("accuracy"),
        ),
        curves=tuple(
            ClassCurves(
                name=label,
                rows=100.0,
                auc=0.9 + k / 100,
                average_precision=0.8,
                roc=Line(x=tuple(TENTHS), y=tuple(x ** (1 / (k + 2)) for x in TENTHS)),
                precision_recall=Line(x=tuple(TENTHS), y=tuple(1 - x / (k + 2) for x in TENTHS)),
            )
            for k, label in enumerate(shown[1:] if count == 2 else shown)
        ),
        reliability=tuple(
            Reliability(
                name=label,
                groups=tuple(
                    ReliabilityGroup(predicted=x, observed=x * 0.9, low=x * 0.7, high=min(x * 1.1, 1), rows=30)
                    for x in TENTHS[1:]
                ),
            )
            for label in (shown[1], None)
        ),
        thresholds=tuple(
            ThresholdResult(
                threshold=x, predicted=1 - x, precision=x, recall=1 - x, f1=None, accuracy=0.5, is_best=x == 0.5
            )
            for x in TENTHS[1:-1]
        )
        if count == 2
        else (),
        absent={"thresholds": f"{labels[0]} is not alone"},
    )


def make_number_quality(target: str, rows: int) -> Quality:
    """Metrics and residuals."""
    return Quality(
        evaluation=Evaluation(
            rows=rows,
            metrics={"loss": 0.2, "rmse": 51_233.469, "mae": 40_000.0, "r2": 0.8},
            baseline={"loss": 1.0, "rmse": 115_000.0, "mae": 90_000.0, "r2": 0.0},
            intervals={"rmse": (35_409.0, 65_863.0), "r2": (0.75, 0.85)},
            resamples=1000,
            watched=make_watched("rmse"),
        ),
        residuals=(
            Residuals(
                target=target,
                points=tuple((1000.0 * k, 1000.0 * k + 5000 * sin(k)) for k in range(min(rows, 2000))),
                rows=rows,
                edges=tuple(float(1000 * k - 4000) for k in range(9)),
                counts=(1.0, 5.0, 20.0, 40.0, 42.0, 21.0, 4.0, 2.0),
                below=1.0,
                above=2.0,
                by_prediction=tuple(
                    ResidualGroup(predicted=1e4 * k, low=-1e3 * k, median=50.0, high=1e3 * k, rows=30)
                    for k in range(1, 9)
                ),
                coverage=QuantileCoverage(level=0.9, observed=0.88, low=0.85, high=0.91),
            ),
        ),
    )


def make_weak_rows(names: Sequence[str], labels: Sequence[str]) -> WeakRows:
    """Some slices, one of them weak, and the worst rows."""
    said = [*labels, "3.5", "4.5"][:2]
    return WeakRows(
        metric="accuracy",
        overall=0.9,
        slices=tuple(
            WeakSlice(
                column=column,
                value=said[0],
                rows=40 + k,
                metric=None if k == 3 else 0.5 + k / 20,
                interval=None if k == 3 else (0.4 + k / 20, 0.7 + k / 40),
                is_weak=k == 0,
            )
            for k, column in enumerate(names[:5])
        ),
        slices_measured=40,
        worst=tuple(
            WorstRow(
                place=f"test.csv:{k}",
                truth=said[0],
                predicted=said[1],
                probability=0.01 * k if labels else None,
                loss=5.0 - k / 10,
                cells=dict.fromkeys(names, said[0]),
            )
            for k in range(12)
        ),
        absent={},
    )


def make_importance(names: Sequence[str]) -> Importance:
    """Importances that fall from column to column; the last ones are not measurable."""
    columns = tuple(
        ColumnImportance(
            column=column,
            importance=0.2 / (k + 1) - 0.02,
            interval=(0.15 / (k + 1) - 0.03, 0.25 / (k + 1)),
            above_zero=0.9,
            partner=names[0] if k == 1 else None,
            association=0.95 if k == 1 else None,
        )
        for k, column in enumerate(names)
    )
    group = GroupImportance(columns=tuple(names[:2]), importance=0.3, interval=(0.2, 0.4), above_zero=1.0)
    return Importance(
        method="permutation",
        metric="accuracy",
        larger_is_better=True,
        score=0.9,
        rows=200,
        rows_given=300,
        repeats=10,
        repeats_asked=10,
        columns=columns,
        groups=(group,),
    )


def make_effects(names: Sequence[str], outputs: Sequence[str], *, of_classes: bool) -> EffectCurves:
    """A column of many numbers, one of few, one of categories, one of dates."""
    shown = outputs[1:] if len(outputs) == 2 else outputs
    many = [0.5 * k for k in range(24)]
    return EffectCurves(
        method="effects",
        rows=200,
        rows_given=300,
        outputs=tuple(shown),
        of_classes=of_classes,
        mean=(0.4,) * len(shown),
        columns=(
            make_effect(names[0], many, len(shown), missing=True),
            make_effect(names[1], [0.0, 1.0, 2.0], len(shown), missing=True),
            make_effect(names[2], [names[3], names[4], ""], len(shown), missing=False),
            make_effect(names[3], [f"2020-01-{k:02}" for k in range(1, 25)], len(shown), missing=True),
        ),
    )


def make_effect(column: str, values: Sequence[float | str], outputs: int, *, missing: bool) -> Effect:
    """The effect of a column; of numbers and dates with curves of single rows."""
    points = tuple(
        EffectPoint(value=value, rows=10 + k, effect=tuple(0.1 * sin(k / 5 + j) for j in range(outputs)))
        for k, value in enumerate(values)
    )
    lines = tuple(tuple(0.4 + 0.02 * j + 0.1 * sin(k / 5) for k in range(len(values))) for j in range(15))
    return Effect(
        column=column,
        curve="ale" if missing else "partial_dependence",
        points=points,
        has_every_value=len(values) < 24,
        missing=EffectPoint(value="", rows=7, effect=(0.05,) * outputs) if missing else None,
        ice=lines if missing and outputs == 1 else (),
    )


def make_course(networks: int, metric: str, epochs: int = 30) -> TrainingCourse:
    """One training or several."""
    many = [float(k) for k in range(1, epochs + 1)]
    history = {
        "epoch": tuple(many),
        "train_loss": tuple(1 / k for k in many),
        "train_metric": tuple(1 - 1 / (k + 1) for k in many),
        "penalty": (0.0,) * epochs,
        "validation_loss": tuple(1.1 / k + k / 1000 for k in many),
        "validation_metric": (None, *(0.9 - 1 / (k + 1) for k in many[1:])),
        "learning_rate": tuple(0.01 / k for k in many),
        "best": tuple(float(k <= 20) for k in many),
        "gradient_norm": tuple(2.0 / k for k in many),
    }
    return TrainingCourse(
        reason="early_stopping",
        epochs=epochs,
        watched=make_watched(metric),
        running_loss=False,
        refit=networks > 1,
        networks=tuple(
            NetworkCourse(name=f"fold {k + 1}" if networks > 1 else "", best_epoch=20, history=history)
            for k in range(networks)
        ),
        metrics={"train": {"loss": 0.3, metric: 0.95}, "validation": {"loss": 0.4, metric: 0.9}},
        baseline={"validation": {"loss": 1.1, metric: 0.4}},
    )


def make_layers(which: str, name: Namer) -> NetworkLayers:
    """Layers as they are, and as they were seen."""
    layers = tuple(
        LayerFacts(
            name=text,
            layer_kind=kind,
            units=32,
            weight_rms=0.3 if kind == "Dense" else None,
            gradient_rms=0.01 if kind == "Dense" else None,
            update_ratio=0.001 if kind == "Dense" else None,
            output_mean=0.1,
            output_sd=1.2,
            zeros=0.25,
            dead=3,
            saturated=0,
            weights=HISTOGRAM if kind == "Dense" else None,
            gradients=None,
            outputs=HISTOGRAM,
        )
        for text, kind in (("0", "Dense"), (f"0.{name('relu')}", "Activate"), ("1", "Dense"))
    )
    return NetworkLayers(
        name=which,
        rows=300,
        now=tuple(replace(each, gradient_rms=None, update_ratio=None) for each in layers),
        parameters=(
            ParameterFacts(name="0.W", parameter_kind="weight", shape=(8, 32), rms=0.3, values=HISTOGRAM),
            ParameterFacts(name="0.b", parameter_kind="bias", shape=(32,), rms=None, values=None),
        ),
        snapshots=tuple(LayersSeen(epoch=k, layers=layers, gradient_norm=1.0) for k in range(5)),
        faults=(LayerFinding(code="dead", layer="0", sentence=f"layer {name('relu')}: 3 of 32 units are dead"),),
    )


def make_columns(names: Sequence[str], name: Namer) -> tuple[ColumnSummary, ...]:
    """Numbers with a histogram and categories with levels by turns; the last one is left out."""
    *used, last = names
    found = [
        ColumnSummary(
            name=column,
            kind="number" if k % 2 else "category",
            inputs=1 if k % 2 else 4,
            missing=k,
            unseen=0,
            beyond=0,
            different=12,
            lowest="0.5" if k % 2 else "",
            highest="9.5" if k % 2 else "",
            levels=() if k % 2 else (LevelCount(level=name("a"), rows=20), LevelCount(level=name("b"), rows=10)),
            others=0 if k % 2 else 5,
            histogram=HISTOGRAM if k % 2 else None,
        )
        for k, column in enumerate(used)
    ]
    return (*found, ColumnSummary(name=last, kind="ignore", inputs=0, left_out=f"{name('a')} in every row"))
