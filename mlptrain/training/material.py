"""The rows of a spec's training file, understood: columns, target, loss; before any row is set apart."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.cells import FEW, NumberCells
from mlptrain.data.columns import MANY, Understood, numbers, understand
from mlptrain.data.feature_fitting import incomplete_rows, understand_columns
from mlptrain.data.images import read_images, read_labels
from mlptrain.data.table import Table, read_table
from mlptrain.data.targets import (
    ClassTarget,
    equal_labels,
    fit_classes,
    missing_targets,
    require_present,
)
from mlptrain.engine.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError
from mlptrain.errors import DataError, SpecError
from mlptrain.spec.fields import Data, Images, Source, Spec

METRICS_OF_NUMBERS = frozenset(["rmse", "mae", "r2"])


@dataclass(frozen=True)
class Rows:
    """Inputs that are read but not encoded: a table, or images with their labels."""

    name: str
    table: Table | None = None
    images: NDArray[np.uint8] | None = None
    labels: Table | None = None

    @property
    def count(self) -> int:
        if self.images is not None:
            return len(self.images)
        assert self.table is not None
        return self.table.rows

    def take(self, rows: NDArray[np.int64]) -> "Rows":
        """Some of the rows."""
        if self.images is not None:
            return Rows(self.name, None, self.images[rows], None if self.labels is None else self.labels.take(rows))
        assert self.table is not None
        return Rows(self.name, self.table.take(rows))

    @property
    def answers(self) -> Table:
        """The table of the target: of images their labels."""
        found = self.labels if self.images is not None else self.table
        if found is None:
            raise SpecError(f"{self.name}: these images have no labels; name their file: {{images: …, labels: …}}")
        return found


@dataclass(frozen=True, kw_only=True)
class Material:
    """The rows of a spec's training file, understood, before any of them is set apart."""

    spec: Spec
    """The spec with nothing left open."""
    loss: Loss
    rows: Rows
    classes: ClassTarget | None
    """The classes of the whole file; None for a target of numbers."""
    understood: dict[str, Understood]
    incomplete: NDArray[np.bool_]
    """The rows that lack a cell without which they are no use for training and validation."""
    notices: Sequence[str]
    folder: Path


def read_rows(source: Source, data: Data, folder: Path, *, texts: Sequence[str] = ()) -> Rows:
    """The rows of files, or of a pair of image files; paths are relative to `folder`."""
    if isinstance(source, Images):
        images = read_images(located(source.images, folder))
        labels = None if source.labels is None else read_labels(located(source.labels, folder), len(images))
        return Rows(source.images, None, images, labels)
    files = [located(path, folder) for path in ([source] if isinstance(source, str) else source)]
    table = read_table(files, data, texts={*texts, *text_columns(data)})
    return Rows(table.name, table)


def text_columns(data: Data) -> list[str]:
    """The columns of which the spec says that their texts matter."""
    named = [name for name, own in data.rules.columns.items() if own.type in ("category", "boolean", "date")]
    return [*named, *([data.split.column] if data.split.column else [])]


def located(path: str, folder: Path) -> str:
    """A path of the spec, as the process sees it; "-" is standard input."""
    return path if path == "-" else str(folder / path)


def read_training_rows(spec: Spec, folder: Path, *, texts: Sequence[str] = ()) -> Rows:
    """All rows of the training file; there must be any."""
    rows = read_rows(spec.data.train, spec.data, folder, texts=texts)
    if not rows.count:
        raise DataError(f"{rows.name}: there are no rows, only names")
    return rows


def read_material(spec: Spec, folder: Path, *, texts: Sequence[str] = ()) -> Material:
    """The rows of the training file, its columns understood, without the rows that are to be dropped."""
    return understood_material(spec, folder, read_training_rows(spec, folder, texts=texts))


def understood_material(spec: Spec, folder: Path, rows: Rows) -> Material:
    """The same of rows that are read."""
    data = spec.data
    rows, notices = check_target(spec, rows)
    classes = fit_classes_of(spec, rows)
    spec = resolved(spec, classes)
    understood = understand_inputs(spec, rows)
    incomplete = np.zeros(rows.count, bool)
    if rows.table is not None and understood:
        incomplete = incomplete_rows(rows.table, understood, data.rules)
    if classes is not None and (notice := equal_labels(classes)):
        notices.append(notice)
    notices += blank_lines(rows)
    notices += [f'column "{name}": {found.note}' for name, found in understood.items() if found.notice]
    assert spec.loss is not None
    return Material(
        spec=spec,
        loss=spec.loss,
        rows=rows,
        classes=classes,
        understood=understood,
        incomplete=incomplete,
        notices=notices,
        folder=folder,
    )


def digest(material: Material) -> str:
    """SHA-256 of the targets and of all columns of numbers: the same for the same rows in the same order."""
    table, found = material.rows.table, hashlib.sha256()
    if material.classes is not None:
        found.update(target_codes(material).astype("<i8").tobytes())
    if table is not None:
        rules = material.spec.data.rules
        numeric = [name for name, each in material.understood.items() if each.kind == "number"]
        for name in [*numeric, *(material.spec.data.targets if material.classes is None else ())]:
            found.update((numbers(table, name, rules.missing(name)) + 0.0).astype("<f8").tobytes())
    return found.hexdigest()


def blank_lines(rows: Rows) -> list[str]:
    """A notice of blank lines between the rows."""
    lines = 0 if rows.table is None else rows.table.inner_blank_lines
    return [f"{rows.name}: {lines} blank line{'s' * (lines > 1)} between the rows left out"] if lines else []


def some(rows: Rows, chosen: NDArray[np.bool_]) -> Rows:
    """The chosen rows; there must be any."""
    if not chosen.any():
        raise DataError(f"{rows.name}: no row is left; all of them lack a cell that is needed")
    return rows.take(np.flatnonzero(chosen))


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


def understand_inputs(spec: Spec, rows: Rows) -> dict[str, Understood]:
    """What each input column is, from all rows of the file."""
    data, table = spec.data, rows.table
    if table is None:
        return {}
    rules = data.rules
    if unknown := [name for name in rules.columns if name not in table.columns]:
        raise DataError(f"data.columns: {table.missing(unknown)}")
    for name in (data.sample_weight, data.split.column):
        if name is not None:
            table.column(name)
    apart = {*data.targets, data.sample_weight}
    if data.split.column not in rules.columns:
        apart.add(data.split.column)
    understood = understand_columns(table, [name for name in table.columns if name not in apart], rules)
    for name, found in understood.items():
        if rules.of(name).scaling is not None and found.kind != "number":
            why = (
                f"is no column of numbers ({found.kind}{f': {found.note}' if found.note else ''}), so it is not scaled"
            )
            raise SpecError(f"data.columns.{name}.scaling: {name!r} {why}; remove the scaling, or set type: number")
    return understood


def target_codes(material: Material) -> NDArray[np.int64]:
    """The code of each row's class."""
    assert material.classes is not None
    answers = material.rows.answers
    return material.classes.codes(answers.coded(material.classes.name if material.rows.table is not None else ""))
