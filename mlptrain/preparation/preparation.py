"""From understood rows to encoded ones: one training's columns and target are fitted on its training rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.column import Understood, find_repeated
from mlptrain.data.column_names import format_quoted_names
from mlptrain.data.levels import NONE, LevelFinder
from mlptrain.data.odd_cells import OddCells, OddRows
from mlptrain.data.table import Table
from mlptrain.data.targets import NumberTarget, fit_target_numbers, read_targets, require_targets_present
from mlptrain.engine.comparisons import Undefined
from mlptrain.errors import DataError, EnvironmentFailure, SpecError
from mlptrain.machine import measure_available_memory
from mlptrain.model.architecture import describe_layer_for_outputs
from mlptrain.model.encoding import (
    HEAVIEST,
    LIGHTEST,
    make_examples_from_inputs,
    require_comparable_targets,
)
from mlptrain.model.examples import Examples, Origin
from mlptrain.model.head import ClassHead, Head, NumberHead, make_head
from mlptrain.model.network_outputs import measure_part_metrics
from mlptrain.model.network_start import NetworkStart
from mlptrain.model.rows import (
    AnyFeatures,
    Rows,
)
from mlptrain.preparation.initial_columns import (
    FittedRules,
    choose_features,
    choose_head,
    choose_start,
    list_left_out_columns,
)
from mlptrain.preparation.material import TrainingData
from mlptrain.preparation.splits import Parts
from mlptrain.preparation.validation_rows import describe_incomplete_rows, encode_validation_part
from mlptrain.spec.fields import Spec


@dataclass(frozen=True, kw_only=True)
class EncodedData:
    """The rows of one training, and all that was fitted on them."""

    spec: Spec
    features: AnyFeatures
    head: Head
    train: Examples
    validation: Examples | None
    understood: dict[str, Understood] = field(default_factory=dict)
    notices: Sequence[str] = ()
    start: NetworkStart | None = None
    """What the network starts from; None where its weights are drawn."""


def fit_and_encode_parts(data: TrainingData, parts: Parts, number: int = 1) -> EncodedData:
    """One training, the `number`-th: columns and target fitted on its training rows, all rows encoded.

    Of a network that starts from the weights of a model, columns and target are those of that model.
    """
    spec, whole = data.spec, data.rows
    parts, dropped = choose_usable_rows(data, parts)
    rows = whole.take(parts.train) if len(parts.train) < whole.count else whole
    head = fit_head(data, rows, number)
    needless = describe_layer_for_outputs(spec.model, head.outputs)
    notices = [*data.notices, *describe_single_row_classes(data), *dropped, *([needless] if needless else [])]
    known = choose_features(spec, data.weights, number)
    if known is None:
        features, train = fit_and_encode_inputs(data, rows, head, notices)
    else:
        features = replace(known, ignored=list_left_out_columns(data.understood, known))
        train = encode_inputs_as_fitted(data, rows, features, head, notices)
    origin = Origin(rows=whole, numbers=parts.train, features=features)
    validation = encode_validation_part(data, parts, features, head, notices)
    if validation is not None:
        check_monitor_is_defined(spec, head, validation)
    return EncodedData(
        spec=spec,
        features=features,
        head=head,
        train=replace(add_class_weights(spec, head, train), origin=origin),
        validation=validation,
        understood=data.understood,
        notices=notices,
        start=choose_start(spec, data.weights, number),
    )


def count_inputs(data: TrainingData, parts: Parts) -> int:
    """The inputs of the first training's network: its columns are fitted, and no row is encoded."""
    if (known := choose_features(data.spec, data.weights, 1)) is not None:
        return known.width
    parts, _ = choose_usable_rows(data, parts)
    rows = data.rows.take(parts.train) if len(parts.train) < data.rows.count else data.rows
    return fit_inputs(data, rows, fit_head(data, rows, 1), [])[0].width


def choose_usable_rows(data: TrainingData, parts: Parts) -> tuple[Parts, list[str]]:
    """The parts without incomplete rows, and a notice of them; an error for a class that no training row is of."""
    refuse_held_out_classes(data, parts)
    parts, dropped = drop_incomplete_rows(data, parts)
    refuse_fully_dropped_classes(data, parts)
    return parts, dropped


def drop_incomplete_rows(data: TrainingData, parts: Parts) -> tuple[Parts, list[str]]:
    """The parts without incomplete rows (but for the test, where every row counts), and a notice of them."""
    train, validation = (rows[~data.incomplete[rows]] for rows in (parts.train, parts.validation))
    left_out = len(parts.train) + len(parts.validation) - len(train) - len(validation)
    for name, before, after in (("training", parts.train, train), ("validation", parts.validation, validation)):
        if len(before) and not len(after):
            raise DataError(f"{data.rows.name}: every {name} row lacks a cell (data.imputing: drop_row)")
    notices = [describe_incomplete_rows(left_out)] if left_out else []
    return Parts(train=train, validation=validation, test=parts.test), notices


def refuse_held_out_classes(data: TrainingData, parts: Parts) -> None:
    """An error for a class that is held out whole: it cannot be learned (with folds, only some would know it)."""
    classes, rows = data.classes, data.rows
    if classes is None or data.spec.data.split.folds is not None:
        return
    codes = data.class_codes()
    held = np.concatenate([parts.validation, parts.test])
    unknown = np.flatnonzero(~np.isin(codes[held], codes[parts.train]))
    if unknown.size:
        row = int(np.sort(held[unknown])[0])
        label = classes.classes[codes[row]]
        why = f"the class {label!r} is in no training row, only among those held out; no network can learn it"
        cure = "hold out other rows (data.split.type: stratify keeps every class in training)"
        raise rows.answers.fault(row, classes.name, f"{why}; {cure}")


def refuse_fully_dropped_classes(data: TrainingData, parts: Parts) -> None:
    """An error for a class all of whose training rows were left out."""
    if data.classes is None or data.spec.data.split.folds is not None:
        return
    codes, count = data.class_codes(), len(data.classes.classes)
    lost = (np.bincount(codes, minlength=count) > 0) & (np.bincount(codes[parts.train], minlength=count) == 0)
    if lost.any():
        label = data.classes.classes[int(lost.argmax())]
        why = f"every training row of the class {label!r} lacks a cell (data.imputing: drop_row)"
        raise DataError(f"{data.rows.name}: {why}; no network can learn it; fill the gaps in another way")


def describe_single_row_classes(data: TrainingData) -> list[str]:
    """A notice of classes of one row, which a stratified split leaves in training."""
    if data.classes is None or not data.spec.data.split.validates:
        return []
    counts = np.bincount(data.class_codes(), minlength=len(data.classes.classes))
    single = [label for label, count in zip(data.classes.classes, counts.tolist(), strict=True) if count == 1]
    if not single:
        return []
    return [
        f"classes of 1 row: {format_quoted_names(single, 5)}; "
        "in a stratified split they go to training, and nothing measures them"
    ]


def check_monitor_is_defined(spec: Spec, head: Head, validation: Examples) -> None:
    """Refuse to watch a metric that has no value on these rows: their truth alone decides that."""
    name = spec.training.monitor
    if name == "loss":
        return
    value = measure_part_metrics(head, validation, head.make_perfect_values(validation.truth))[name]
    if isinstance(value, Undefined):
        cure = "hold out other rows, or watch the loss"
        raise SpecError(f"training.monitor: {name} has no value on the validation rows: {value.reason}; {cure}")


def fit_head(data: TrainingData, rows: Rows, number: int) -> Head:
    """Loss and target: the classes of the whole file, or numbers scaled by the training rows, or those of a model."""
    if data.classes is not None:
        return ClassHead(data.loss, data.classes)
    if (known := choose_head(data.spec, data.weights, number)) is not None:
        return make_head(data.loss, known.target)
    return NumberHead(data.loss, fit_number_target(data, rows))


def fit_number_target(data: TrainingData, rows: Rows) -> NumberTarget:
    """Center and scale of number targets, from the training rows."""
    names, spec, loss = data.spec.data.targets, data.spec.data, data.loss
    require_targets_present(rows.answers, names, spec.missing_targets, numeric=True)
    values = read_targets(rows.answers, names, spec.missing_targets)
    scaled = spec.scale_target and not loss.counts
    bare = NumberTarget(
        names=names, center=(0.0,) * len(names), scale=(1.0,) * len(names), transform=spec.target_transform
    )
    require_comparable_targets(NumberHead(loss, bare), rows, values, np.dtype(np.float64))
    target = fit_target_numbers(names, values, scaled=scaled, source=rows.name, transform=spec.target_transform)
    if not spec.clamp_target:
        return target
    lowest, highest = (tuple(bound.tolist()) for bound in (values.min(axis=0), values.max(axis=0)))
    return replace(target, lowest=lowest, highest=highest)


def fit_inputs(
    data: TrainingData, rows: Rows, head: Head, notices: list[str]
) -> tuple[AnyFeatures, NDArray[Any], NDArray[Any]]:
    """The fitted input columns; the truth that they were fitted with, and as targets of encodings."""
    truth = head.read_truth(data.spec.data, rows)
    targets = head.encoding_targets(truth) if not rows.are_images else np.empty((0, 0))
    features = rows.fit_features(data.understood, data.spec.data.rules, targets=targets, notices=notices)
    return features, truth, targets


def fit_and_encode_inputs(
    data: TrainingData, rows: Rows, head: Head, notices: list[str]
) -> tuple[AnyFeatures, Examples]:
    """The fitted input columns, and the training rows, encoded."""
    spec, rules = data.spec, data.spec.data.rules
    features, truth, targets = fit_inputs(data, rows, head, notices)
    dtype = np.dtype(spec.model.dtype)
    require_comparable_targets(head, rows, truth, dtype)
    if not rows.are_images:
        require_room_for_matrix(features, rows.inputs, data.rows.count, dtype)
    x = rows.encode_training(features, dtype, rules=rules, targets=targets, seed=spec.seed)
    return features, make_examples_from_inputs(spec, head, rows, truth, x)


def encode_inputs_as_fitted(
    data: TrainingData, rows: Rows, features: AnyFeatures, head: Head, notices: list[str]
) -> Examples:
    """The training rows, encoded by columns that were fitted on other rows; cells that these did not have are told."""
    spec, odd, counts = data.spec, OddRows(), OddCells()
    truth, dtype, rules = head.read_truth(spec.data, rows), np.dtype(spec.model.dtype), FittedRules(spec.data.rules)
    require_comparable_targets(head, rows, truth, dtype)
    if not rows.are_images:
        require_room_for_matrix(features, rows.inputs, data.rows.count, dtype)
    x = rows.encode_training(features, dtype, rules=rules, targets=np.empty((0, 0)), seed=spec.seed, odd=odd)
    counts.add(odd)
    said = replace(counts, filled={}).words()  # gaps are told as little as of other training rows
    notices += [f"{rows.name}: {said}"] if said else []
    return make_examples_from_inputs(spec, head, rows, truth, x)


def require_room_for_matrix(features: AnyFeatures, table: Table, rows: int, dtype: np.dtype[Any]) -> None:
    """An error, before anything is allocated, if the matrix fits neither into the memory nor where else it may be."""
    needed, there = features.width * rows * dtype.itemsize, measure_available_memory()
    if there is not None and needed > max(there, table.store.measure_disk()):
        widest = max(features.columns, key=lambda column: column.width)
        cure = f"column {widest.name!r} alone has {widest.width}: raise data.min_frequency, or encode or ignore it"
        raise EnvironmentFailure(
            f"{table.name}: {rows:,} rows of {features.width:,} inputs need {needed / 2**30:,.1f} GiB of memory, "
            f"{there / 2**30:,.1f} GiB are free; {cure}"
        )


def find_class_code(head: Head, label: str) -> int:
    """The code of a class that the spec names; an error where there is none."""
    code = LevelFinder(head.classes).find_code(label)
    if code == NONE:
        raise SpecError(f"training.class_weight: {label!r} is no class; they are {', '.join(head.classes)}")
    return code


def add_class_weights(spec: Spec, head: Head, part: Examples) -> Examples:
    """The training rows with the classes' weights: rows / (classes · rows of the class), or as given."""
    given, classes = spec.training.class_weight, head.classes
    if given is None or not classes:
        return part
    if given == "balanced":
        counts = np.bincount(part.truth, minlength=len(classes))
        weights: NDArray[Any] = part.rows / (len(counts) * np.maximum(counts, 1))
    else:
        places = {label: find_class_code(head, label) for label in given}
        if (doubled := find_repeated(list(map(str, places.values())))) is not None:
            twice = format_quoted_names(label for label, place in places.items() if str(place) == doubled)
            raise SpecError(f"training.class_weight: {twice} are one class; give it once")
        if odd := [label for label, weight in given.items() if not LIGHTEST <= weight <= HEAVIEST]:
            raise SpecError(f"training.class_weight: {odd[0]!r}: weights are from {LIGHTEST:g} to {HEAVIEST:g}")
        weights = np.ones(len(classes))
        weights[list(places.values())] = list(given.values())
    return replace(part, class_weights=weights.astype(part.x.dtype))
