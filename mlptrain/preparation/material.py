"""The rows of a spec's training file, understood: columns, target, loss; before any row is set apart."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.columns import Understood, numbers
from mlptrain.data.feature_fitting import incomplete_rows, understand_columns
from mlptrain.data.targets import (
    ClassTarget,
    equal_labels,
)
from mlptrain.engine.losses import Loss
from mlptrain.errors import DataError, SpecError
from mlptrain.model.rows import Rows, blank_lines, read_rows
from mlptrain.preparation.resolution import (
    check_target,
    fit_classes_of,
    resolved,
)
from mlptrain.spec.fields import Spec


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
