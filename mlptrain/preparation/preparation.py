"""From understood rows to encoded ones: one training's columns and target are fitted on its training rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.columns import Understood
from mlptrain.data.feature_fitting import fit_features, incomplete_rows
from mlptrain.data.features import Features, PixelFeatures
from mlptrain.data.table import Table, listed
from mlptrain.data.targets import (
    ClassTarget,
    NumberTarget,
    Target,
    fit_numbers,
    require_present,
    target_values,
)
from mlptrain.engine.losses import Loss, Poisson
from mlptrain.engine.metrics import Undefined
from mlptrain.errors import DataError, EnvironmentFailure, SpecError
from mlptrain.machine import available_memory
from mlptrain.model.encoding import (
    HEAVIEST,
    LIGHTEST,
    AnyFeatures,
    examples,
    true_values,
    with_truth,
)
from mlptrain.model.examples import Examples, Origin
from mlptrain.model.head import metrics
from mlptrain.model.rows import Rows, read_rows, some
from mlptrain.preparation.material import Material, target_codes
from mlptrain.preparation.resolution import check_target
from mlptrain.preparation.splits import Parts
from mlptrain.spec.fields import Spec


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The rows of one training, and all that was fitted on them."""

    spec: Spec
    loss: Loss
    features: AnyFeatures
    target: Target
    train: Examples
    validation: Examples | None
    understood: dict[str, Understood] = field(default_factory=dict)
    notices: Sequence[str] = ()


def prepare_part(material: Material, parts: Parts) -> Prepared:
    """One training: columns and target fitted on its training rows, all rows encoded."""
    spec, whole = material.spec, material.rows
    check_classes(material, parts)
    parts, dropped = complete(material, parts)
    check_complete_classes(material, parts)
    rows = whole.take(parts.train) if len(parts.train) < whole.count else whole
    notices = [*material.notices, *single_rows(material), *dropped]
    target = material.classes or fit_number_target(spec, rows)
    features, train = fit_inputs(material, rows, target, notices)
    origin = Origin(rows=whole, numbers=parts.train, features=features)
    held = held_out(material, parts)
    validation = None if held is None else examples(spec, features, target, held)
    if validation is not None:
        check_watched(spec, target, validation)
    return Prepared(
        spec=spec,
        loss=material.loss,
        features=features,
        target=target,
        train=replace(with_class_weights(spec, target, train), origin=origin),
        validation=validation,
        understood=material.understood,
        notices=notices,
    )


def complete(material: Material, parts: Parts) -> tuple[Parts, list[str]]:
    """The parts without incomplete rows (but for the test, where every row counts), and a notice of them."""
    train, validation = (rows[~material.incomplete[rows]] for rows in (parts.train, parts.validation))
    left_out = len(parts.train) + len(parts.validation) - len(train) - len(validation)
    for name, before, after in (("training", parts.train, train), ("validation", parts.validation, validation)):
        if len(before) and not len(after):
            raise DataError(f"{material.rows.name}: every {name} row lacks a cell (data.imputing: drop_row)")
    notices = [f"{left_out:,} rows with missing cells left out (data.imputing: drop_row)"] if left_out else []
    return Parts(train=train, validation=validation, test=parts.test), notices


def check_classes(material: Material, parts: Parts) -> None:
    """An error for a class that is held out whole, so that it cannot be learned (of folds, only some would know it)."""
    classes, rows = material.classes, material.rows
    if classes is None or material.spec.data.split.folds is not None:
        return
    codes = target_codes(material)
    held = np.concatenate([parts.validation, parts.test])
    unknown = np.flatnonzero(~np.isin(codes[held], codes[parts.train]))
    if unknown.size:
        row = int(np.sort(held[unknown])[0])
        label = classes.classes[codes[row]]
        why = f"the class {label!r} is in no training row, only among those held out; no network can learn it"
        cure = "hold out other rows (data.split.type: stratify keeps every class in training)"
        raise rows.answers.fault(row, classes.name, f"{why}; {cure}")


def check_complete_classes(material: Material, parts: Parts) -> None:
    """An error for a class all of whose training rows were left out."""
    if material.classes is None or material.spec.data.split.folds is not None:
        return
    counts = np.bincount(target_codes(material)[parts.train], minlength=len(material.classes.classes))
    if not counts.all():
        label = material.classes.classes[int(counts.argmin())]
        why = f"every training row of the class {label!r} lacks a cell (data.imputing: drop_row)"
        raise DataError(f"{material.rows.name}: {why}; no network can learn it; fill the gaps in another way")


def single_rows(material: Material) -> list[str]:
    """A notice of classes of one row, which a stratified split leaves in training."""
    if material.classes is None or not material.spec.data.split.validates:
        return []
    counts = np.bincount(target_codes(material), minlength=len(material.classes.classes))
    single = [label for label, count in zip(material.classes.classes, counts.tolist(), strict=True) if count == 1]
    if not single:
        return []
    return [
        f"classes of 1 row: {listed(single, 5)}; in a stratified split they go to training, and nothing measures them"
    ]


def check_watched(spec: Spec, target: Target, validation: Examples) -> None:
    """Refuse to watch a metric that these rows give no value: whether they do, their truth alone decides."""
    name, loss = spec.training.monitor, spec.loss
    if name == "loss":
        return
    assert loss is not None
    width = len(target.classes) if isinstance(target, ClassTarget) else len(target.names)
    value = metrics(loss, target, validation, np.zeros((validation.rows, width)))[name]
    if isinstance(value, Undefined):
        cure = "hold out other rows, or watch the loss"
        raise SpecError(f"training.monitor: {name} has no value on the validation rows: {value.reason}; {cure}")


def held_out(material: Material, parts: Parts) -> Rows | None:
    """The rows of the validation part."""
    spec = material.spec
    validation = spec.data.split.validation
    if not isinstance(validation, float):
        rows = read_rows(validation, spec.data, material.folder)
        if not rows.count:
            raise DataError(f"{rows.name}: there are no rows to validate on")
        rows = check_target(spec, rows)[0]
        if rows.table is None:
            return rows
        return some(rows, ~incomplete_rows(rows.table, material.understood, spec.data.rules))
    return material.rows.take(parts.validation) if len(parts.validation) else None


def fit_number_target(spec: Spec, rows: Rows) -> NumberTarget:
    """Center and scale of number targets, from the training rows."""
    names, data = spec.data.targets, spec.data
    assert rows.table is not None
    require_present(rows.table, names, data.missing_targets, numeric=True)
    values = target_values(rows.table, names, data.missing_targets)
    if isinstance(spec.loss, Poisson) and values.min() < 0:
        raise DataError(f'{rows.name}: column "{names[0]}": the poisson loss counts from 0, {values.min():g} is less')
    scaled = data.scale_target and not isinstance(spec.loss, Poisson)
    target = fit_numbers(names, values, scaled=scaled, source=rows.name, transform=data.target_transform)
    if not data.clamp_target:
        return target
    lowest, highest = (tuple(bound.tolist()) for bound in (values.min(axis=0), values.max(axis=0)))
    return replace(target, lowest=lowest, highest=highest)


def fit_inputs(material: Material, rows: Rows, target: Target, notices: list[str]) -> tuple[AnyFeatures, Examples]:
    """The fitted input columns, and the training rows, encoded."""
    spec, table = material.spec, rows.table
    dtype = np.dtype(spec.model.dtype)
    if table is None:
        assert rows.images is not None
        pixels = PixelFeatures(shape=rows.images.shape[1:])
        return pixels, examples(spec, pixels, target, rows)
    truth = true_values(spec, target, rows)
    rules, answers = spec.data.rules, encoding_targets(target, truth)
    features = fit_features(table, material.understood, rules, targets=answers, notices=notices)
    require_memory(features, table, material.rows.count, dtype)
    x = features.encode_training(table, dtype, rules=rules, targets=answers, seed=spec.seed)
    return features, with_truth(spec, target, rows, truth, x)


def encoding_targets(target: Target, truth: NDArray[Any]) -> NDArray[np.float64]:
    """The targets of target encodings (rows, K): numbers, the 0/1 of two classes, or one column for each of several."""
    if isinstance(target, NumberTarget):
        return truth
    one_hot = (truth[:, None] == np.arange(len(target.classes))).astype(np.float64)
    return one_hot[:, 1:] if len(target.classes) == 2 else one_hot


def require_memory(features: Features, table: Table, rows: int, dtype: np.dtype[Any]) -> None:
    """An error, before anything is allocated, if the matrix does not fit into the memory."""
    needed, there = features.width * rows * dtype.itemsize, available_memory()
    if there is not None and needed > there:
        widest = max(features.columns, key=lambda column: column.width)
        cure = f"column {widest.name!r} alone has {widest.width}: raise data.min_frequency, or encode or ignore it"
        raise EnvironmentFailure(
            f"{table.name}: {rows:,} rows of {features.width:,} inputs need {needed / 2**30:,.1f} GiB of memory, "
            f"{there / 2**30:,.1f} GiB are free; {cure}"
        )


def with_class_weights(spec: Spec, target: Target, part: Examples) -> Examples:
    """The training rows with the classes' weights: rows / (classes · rows of the class), or as given."""
    given = spec.training.class_weight
    if given is None or not isinstance(target, ClassTarget):
        return part
    if given == "balanced":
        counts = np.bincount(part.truth, minlength=len(target.classes))
        weights = part.rows / (len(counts) * np.maximum(counts, 1))
    else:
        unknown = [label for label in given if label not in target.classes]
        if unknown:
            raise SpecError(f"training.class_weight: {unknown[0]!r} is no class; they are {', '.join(target.classes)}")
        if odd := [label for label, weight in given.items() if not LIGHTEST <= weight <= HEAVIEST]:
            raise SpecError(f"training.class_weight: {odd[0]!r}: weights are from {LIGHTEST:g} to {HEAVIEST:g}")
        weights = np.array([given.get(label, 1.0) for label in target.classes])
    return replace(part, class_weights=weights.astype(part.x.dtype))
