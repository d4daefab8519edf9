"""What a spec leaves open, resolved by the rows: classes or numbers, the loss."""

from dataclasses import replace

import numpy as np

from mlptrain.data.cells import FEW, NumberCells
from mlptrain.data.columns import MANY, understand
from mlptrain.data.table import Table
from mlptrain.data.targets import (
    ClassTarget,
    fit_classes,
    missing_targets,
    require_present,
)
from mlptrain.engine.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError
from mlptrain.errors import DataError, SpecError
from mlptrain.model.rows import Rows, some
from mlptrain.spec.fields import Spec

METRICS_OF_NUMBERS = frozenset(["rmse", "mae", "r2"])


def check_target(spec: Spec, rows: Rows) -> tuple[Rows, list[str]]:
    """The rows that have a target, and notices of those that do not; an error unless the spec lets them drop."""
    names, table, missing = spec.data.targets, rows.table, spec.data.missing_targets
    if table is None:
        return rows, []
    if absent := [name for name in names if name not in table.columns]:
        raise DataError(table.missing(absent))
    if spec.data.missing_target == "error":
        require_present(table, names, missing, numeric=False)
        return rows, []
    gaps = missing_targets(table, names, missing)
    if not gaps.any():
        return rows, []
    return some(rows, ~gaps), [f"{gaps.sum():,} rows without a target left out (data.missing_target: drop)"]


def fit_classes_of(spec: Spec, rows: Rows) -> ClassTarget | None:
    """The classes of the target, or None for numbers: by the loss, else as declared, else by what its cells are."""
    names = spec.data.targets
    if not target_has_classes(spec, rows):
        return None
    if rows.table is not None:
        check_labels(spec, rows.table, names[0])
    return fit_classes(names[0] or "label", rows.answers.coded(names[0]), rows.name)


def check_labels(spec: Spec, table: Table, name: str) -> None:
    """Refuse a loss of classes for a target of many numbers with fractions."""
    cells = table.column(name)
    if spec.loss is None or spec.data.rules.of(name).type == "category":
        return
    many = isinstance(cells, NumberCells) and len(np.unique(cells.numbers)) > FEW
    texts = [] if many else list(table.coded(name).counts)
    figures = [text for text in texts if table.grammar.reads(text)]
    fractions = sum(not float(table.grammar.normal(text.strip(" "))).is_integer() for text in figures)
    if many or (len(figures) == len(texts) > MANY and fractions > MANY // 2):
        cure = f"use mean_squared_error, or declare classes with data.columns: {{{name}: category}}"
        why = f"is for classes, but the target {name!r} has many different numbers"
        raise SpecError(f"loss: {spec.loss.name} {why}; {cure}")


def target_has_classes(spec: Spec, rows: Rows) -> bool:
    """Whether the target is one of classes; numbers are, if there are two different ones (1 and 2, −1 and 1)."""
    names, data = spec.data.targets, spec.data
    if rows.table is None or (spec.loss is not None and spec.loss.classes):
        return True
    if len(names) > 1:
        return False
    kind = data.rules.of(names[0]).type or understand(rows.table, names[0], {"", *data.missing_targets}).kind
    if kind == "ignore":  # constant, a running number, dates, or text that is different in nearly every row
        table = rows.table
        return not all(map(table.grammar.reads, table.coded(names[0]).counts))
    return kind != "number" or len(different_numbers(rows.table, names[0], most=2)) == 2


def different_numbers(table: Table, name: str, *, most: int) -> set[float]:
    """The different numbers of a column, or `most` + 1 of them if there are more."""
    cells = table.column(name)
    texts = [] if isinstance(cells, NumberCells) else [text for text in cells.counts if table.grammar.reads(text)]
    if isinstance(cells, NumberCells) or len(texts) > 10 * most:
        return {float(number) for number in range(most + 1)}
    return {float(table.grammar.normal(text.strip(" "))) for text in texts}


def resolved(spec: Spec, classes: ClassTarget | None) -> Spec:
    """The spec with its loss: the given one, or what suits the target; an error where the two do not go together."""
    count = None if classes is None else len(classes.classes)
    loss = spec.loss or default_loss(count)
    if loss.classes and len(spec.data.targets) > 1:
        raise SpecError(f"loss: {loss.name} needs one target column, not {len(spec.data.targets)}")
    if isinstance(loss, BinaryCrossEntropy) and count and count > 2:
        raise SpecError(f"loss: binary_cross_entropy needs two classes, the target has {count}; use cross_entropy")
    if spec.training.class_weight is not None and classes is None:
        raise SpecError(f"training.class_weight: the target is a number (loss {loss.name}); there are no classes")
    if spec.data.target_transform != "none" and classes is not None:
        raise SpecError("data.target_transform: the target has classes; only numbers have a logarithm")
    if spec.model.calibration != "none" and not loss.probabilistic:
        raise SpecError(f"model.calibration: the {loss.name} loss gives no probabilities; remove it")
    check_monitor(spec.training.monitor, loss, classes=classes is not None)
    return replace(spec, loss=loss)


def default_loss(classes: int | None) -> Loss:
    """binary_cross_entropy for two classes, cross_entropy for more, mean_squared_error for numbers."""
    if classes is None:
        return MeanSquaredError()
    return BinaryCrossEntropy() if classes == 2 else CrossEntropy()


def check_monitor(metric: str, loss: Loss, *, classes: bool) -> None:
    """Refuse to watch a metric that has no value for this target or this loss."""
    if metric != "loss" and (metric in METRICS_OF_NUMBERS) == classes:
        needed, found = ("numbers", "classes") if classes else ("classes", "numbers")
        raise SpecError(f"training.monitor: {metric} is a metric of {needed}; the target has {found}")
    if metric == "log_loss" and not loss.probabilistic:
        raise SpecError(f"training.monitor: log_loss needs probabilities; the {loss.name} loss gives scores")
