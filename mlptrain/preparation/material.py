"""The rows of a spec's training file, understood: columns, target, loss; before any row is set apart."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.column import Understood
from mlptrain.data.column_rules import ColumnRules
from mlptrain.data.feature_fitting import decide_column_kinds, find_incomplete_rows
from mlptrain.data.features import COLUMN_CLASSES
from mlptrain.data.imputing import Imputing
from mlptrain.data.number_reading import read_numbers
from mlptrain.data.stores import MEMORY, Store, iterate_number_bytes
from mlptrain.data.table import Table
from mlptrain.data.targets import ClassTarget, describe_doubtful_labels
from mlptrain.engine.losses import Loss
from mlptrain.errors import DataError, SpecError
from mlptrain.model.file import ModelContents
from mlptrain.model.initial_weights import LoadedWeights, WeightsOfModel, restore_loaded_weights
from mlptrain.model.network_start import KEY
from mlptrain.model.rows import Rows, describe_blank_lines, drop_uncounted_rows, find_doubtful_rows, read_rows
from mlptrain.preparation.column_notices import (
    describe_findings,
    describe_levels_for_missing,
    describe_near_groups,
)
from mlptrain.preparation.initial_columns import (
    describe_start,
    find_known_columns,
    find_known_target,
    take_target_of_model,
    understand_columns_like,
    write_known_texts,
)
from mlptrain.preparation.resolution import explain_target_kind, resolve_spec_loss, resolve_target_classes
from mlptrain.preparation.target_doubts import list_target_doubts
from mlptrain.preparation.unmatched_texts import describe_unmatched_texts
from mlptrain.spec.fields import Spec

KIND_WORDS = {"number": "numbers", "category": "categories", "date": "dates"}


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """The rows that a spec trains on, understood, before any of them is set apart."""

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
    target_reason: str
    """Why the target is one of classes or of numbers."""
    folder: Path
    """The folder that the spec's paths are relative to."""
    weights: LoadedWeights | None = None
    """The weights that the networks start from; None where they are drawn."""

    def class_codes(self) -> NDArray[np.int64]:
        """The code of each row's class; none of numbers."""
        if self.classes is None:
            return np.empty(0, np.int64)
        answers = self.rows.answers
        column = self.rows.answer_column(self.classes.name)
        return self.classes.codes(answers.code_texts(column), answers.grammar_of(column))


def read_training_rows(spec: Spec, folder: Path, *, texts: Sequence[str] = (), store: Store = MEMORY) -> Rows:
    """All rows of the training file, in a store; there must be any."""
    return require_rows(read_rows(spec.data.train, spec.data, folder, texts=texts, store=store))


def require_rows(rows: Rows) -> Rows:
    """The rows; an error where there are none."""
    if not rows.count:
        raise DataError(f"{rows.name}: there are no rows, only names")
    return rows


def read_training_data(spec: Spec, folder: Path, *, texts: Sequence[str] = ()) -> TrainingData:
    """The rows of the training file, its columns understood, without the rows that are to be dropped."""
    return make_training_data(spec, read_training_rows(spec, folder, texts=texts), folder)


def read_training_data_again(model: ModelContents, folder: Path, *, texts: Sequence[str] = ()) -> TrainingData:
    """The rows of the training file of a model, understood as its fit did.

    What that took from the weights of another model, the model has from it.
    """
    spec = model.networks[0].spec
    rows = read_training_rows(spec, folder, texts=texts)
    return make_training_data(spec, rows, folder, weights=restore_loaded_weights(spec, model.networks))


def make_training_data(spec: Spec, rows: Rows, folder: Path, *, weights: LoadedWeights | None = None) -> TrainingData:
    """Rows in memory, their columns understood, without the rows that are to be dropped.

    Rows that look like none are named in a notice, or beside what is wrong. `weights` are those that the networks start
    from, if they do.
    """
    doubts = find_doubtful_rows(rows)
    try:
        made = understand_training_rows(spec, rows, folder, weights)
    except DataError as problem:
        raise (DataError(f"{problem} ({doubts[0]})") if doubts else problem) from None
    return replace(made, notices=[*doubts, *made.notices])


def understand_training_rows(spec: Spec, rows: Rows, folder: Path, weights: LoadedWeights | None) -> TrainingData:
    """Rows in memory, their columns understood, without the rows that are to be dropped."""
    rows, notices = drop_uncounted_rows(spec.data, rows)
    rows = write_known_texts(rows, spec, weights)
    if (known := find_known_target(spec, weights)) is not None:
        target_reason = f"as in {known.name}"
        spec, classes = take_target_of_model(spec, known, rows)
    else:
        classes = resolve_target_classes(spec, rows)
        notices += list_target_doubts(spec, rows.answers, classes=classes is not None) if not rows.are_images else []
        target_reason = explain_target_kind(spec, classes)
    spec, loss = resolve_spec_loss(spec, classes)
    understood = determine_input_column_kinds(spec, rows.inputs, weights) if not rows.are_images else {}
    notices += describe_start(spec, weights) if weights is not None else []
    notices += describe_unmatched_texts(rows.inputs, spec.data) if not rows.are_images else []
    if classes is not None and not rows.are_images:
        column = rows.answer_column(classes.name)
        cells, grammar = rows.answers.code_texts(column), rows.answers.grammar_of(column)
        notices += describe_doubtful_labels(classes, cells, grammar, missing=spec.data.missing_values)
    if spec.data.split.type == "group":
        notices += describe_near_groups(rows.inputs, spec.data.split.key_column, spec.data.rules)
    notices += describe_blank_lines(rows)
    notices += describe_findings(understood)
    notices += describe_levels_for_missing(rows.inputs, understood, spec.data.rules)
    return TrainingData(
        spec=spec,
        loss=loss,
        rows=rows,
        classes=classes,
        understood=understood,
        incomplete=find_incomplete_rows(rows.inputs, understood, spec.data.rules),
        notices=notices,
        target_reason=target_reason,
        folder=folder,
        weights=weights,
    )


def determine_input_column_kinds(spec: Spec, table: Table, weights: LoadedWeights | None) -> dict[str, Understood]:
    """The kind of each input column, from all rows of the file, or as in the model that the weights come from."""
    rules, data = spec.data.rules, spec.data
    if unknown := [name for name in rules.columns if name not in table.columns]:
        raise DataError(f"data.columns.{unknown[0]}: {table.missing(unknown)}")
    for name in (data.sample_weight, data.split.column):
        if name is not None:
            table.column(name)
    apart = {*data.targets, data.sample_weight}
    if data.split.column not in rules.columns:
        apart.add(data.split.column)
    names = [name for name in table.columns if name not in apart]
    if (known := find_known_columns(spec, weights)) is not None:
        return understand_columns_like(known, spec, table, names)
    understood = decide_column_kinds(table, names, rules)
    for name, found in understood.items():
        refuse_useless_settings(name, found, rules.of(name))
    return understood


def refuse_useless_settings(name: str, found: Understood, own: ColumnRules) -> None:
    """An error for a setting of a column that columns of its kind do not have."""
    of_other_kinds = [key for column in COLUMN_CLASSES for key in column.own_keys if found.kind not in key.kinds]
    useless = [(key.name, key.kinds[0]) for key in of_other_kinds if getattr(own, key.name) is not None]
    fills = own.imputing is not None and own.imputing.strategy != "drop_row"
    if fills and (found.kind == "category" or (found.kind == "date" and own.imputing != Imputing(indicator=False))):
        useless.append(("imputing", "number"))
    if useless and not (found.kind == "ignore" and found.declared):
        key, kind = useless[0]
        note = f": {found.note}" if found.note else ""
        done = {"scaling": "so it is not scaled"}.get(key, f"so {key} does nothing")
        why = f"is no column of {KIND_WORDS[kind]} ({found.kind}{note}), {done}"
        raise SpecError(f"data.columns.{name}.{key}: {name!r} {why}; remove the {key}, or set type: {kind}")


def digest_training_data(data: TrainingData) -> str:
    """SHA-256 of the targets and of all columns of numbers: the same for the same rows in the same order."""
    found, spec = hashlib.sha256(), data.spec
    if data.classes is not None:
        found.update(data.class_codes().astype("<i8").tobytes())
    numeric = [name for name, each in data.understood.items() if each.kind == "number"]
    for name in [*numeric, *(spec.data.targets if data.classes is None else ())]:
        values = read_numbers(data.rows.inputs, name, spec.data.rules.missing(name))
        for part in iterate_number_bytes(values):
            found.update(part)
    return found.hexdigest()


def describe_seen_rows(data: TrainingData) -> str:
    """A notice that the model of the initial weights may have seen rows for validation; empty if that is not known."""
    weights, now = data.weights, data.spec
    if not isinstance(weights, WeightsOfModel) or not weights.data_digest or not now.data.split.validates:
        return ""
    then = weights.networks[0].spec
    alike = (then.data.split, then.seed, then.training.refit) == (now.data.split, now.seed, False)
    if alike or weights.data_digest != digest_training_data(data):
        return ""
    why = f"{weights.name} was trained on these rows, divided in another way (data.split, seed or training.refit)"
    return f"{KEY}: {why}: rows that it has seen may be for validation now, and their values flatter"
