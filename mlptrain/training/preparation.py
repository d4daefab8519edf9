"""From a spec to rows: read the files, understand and fit the columns, split, encode, resolve what was left open."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.columns import Understood, numbers, understand
from mlptrain.data.features import (
    ClassTarget,
    FeatureRules,
    Features,
    NumberTarget,
    PixelFeatures,
    Target,
    fit_classes,
    fit_features,
    fit_numbers,
    hide_categories,
    require_present,
    understand_columns,
)
from mlptrain.data.grammar import is_number
from mlptrain.data.images import read_images, read_labels
from mlptrain.data.splits import Parts, split_rows
from mlptrain.data.table import Table, read_table
from mlptrain.engine.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError, Poisson
from mlptrain.errors import DataError, SpecError
from mlptrain.spec.fields import Data, Source, Spec
from mlptrain.training.examples import Examples, loss_targets

AnyFeatures = Features | PixelFeatures
METRICS_OF_NUMBERS = frozenset(["rmse", "mae", "r2"])


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The rows of a training, and all that was fitted on them."""

    spec: Spec
    """The spec with nothing left open."""
    loss: Loss
    features: AnyFeatures
    target: Target
    train: Examples
    validation: Examples | None
    understood: dict[str, Understood] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """Inputs that are read but not encoded: a table, or images with their labels."""

    name: str
    table: Table | None = None
    images: NDArray[np.uint8] | None = None
    labels: NDArray[np.uint8] | None = None

    @property
    def count(self) -> int:
        if self.images is not None:
            return len(self.images)
        assert self.table is not None
        return self.table.rows

    def take(self, rows: NDArray[np.int64]) -> "Rows":
        """Some of the rows."""
        if self.images is not None:
            return Rows(self.name, None, self.images[rows], None if self.labels is None else self.labels[rows])
        assert self.table is not None
        return Rows(self.name, self.table.take(rows.tolist()))

    def cells(self, column: str) -> Sequence[str]:
        """The texts of a column; of images the labels."""
        if self.table is not None:
            return self.table.column(column)
        if self.labels is None:
            raise SpecError(f"{self.name}: these images have no labels; name their file: {{images: …, labels: …}}")
        return [str(label) for label in self.labels.tolist()]


def read_rows(source: Source, data: Data, folder: Path) -> Rows:
    """The rows of a file, or of a pair of image files; paths are relative to `folder`."""
    if isinstance(source, str):
        return Rows(source, read_table(located(source, folder), data))
    images = read_images(located(source.images, folder))
    labels = None if source.labels is None else read_labels(located(source.labels, folder), len(images))
    return Rows(source.images, None, images, labels)


def located(path: str, folder: Path) -> str:
    """A path of the spec, as the process sees it; "-" is standard input."""
    return path if path == "-" else str(folder / path)


def prepare(spec: Spec, folder: Path) -> Prepared:
    """Everything a training needs, from the files a spec names."""
    data = spec.data
    whole = read_rows(data.train, data, folder)
    if not whole.count:
        raise DataError(f"{whole.name}: there are no rows, only names")
    check_target(spec, whole)
    classes = has_classes(spec, whole)
    spec = resolved(spec, whole, classes=classes)
    assert spec.loss is not None
    parts = split_parts(spec, whole, classes=classes)
    rows = whole.take(parts.train) if len(parts.train) < whole.count else whole
    target = fit_target(spec, rows, whole, classes=classes)
    features, understood = fit_inputs(spec, rows, whole)
    held = held_out(spec, whole, parts, folder)
    train = with_class_weights(spec, target, examples(spec, features, target, rows))
    if isinstance(features, Features):
        hide_categories(features, train.x, spec.seed)
    validation = None if held is None else examples(spec, features, target, held)
    return Prepared(
        spec=spec,
        loss=spec.loss,
        features=features,
        target=target,
        train=train,
        validation=validation,
        understood=understood,
    )


def target_names(data: Data) -> tuple[str, ...]:
    """The target column(s)."""
    return (data.target,) if isinstance(data.target, str) else data.target


def has_classes(spec: Spec, rows: Rows) -> bool:
    """Whether the target is one of classes: by the loss, else as declared, else by what its cells are."""
    names, data = target_names(spec.data), spec.data
    if rows.table is None or (spec.loss is not None and spec.loss.classes):
        return True
    if len(names) > 1:
        return False
    kind = data.columns.get(names[0]) or understand(rows.table, names[0], {"", *data.missing_values}).kind
    if kind == "ignore":  # constant, or text that is different in nearly every row
        return not all(map(is_number, rows.table.columns[names[0]]))
    return kind != "number"


def check_target(spec: Spec, rows: Rows) -> None:
    """The target columns are there, and no row is without its target."""
    names, table = target_names(spec.data), rows.table
    if table is None:
        return
    if absent := [name for name in names if name not in table.columns]:
        raise DataError(table.missing(absent))
    require_present(table, names, {"", *spec.data.missing_values})


def resolved(spec: Spec, rows: Rows, *, classes: bool) -> Spec:
    """The spec with its loss: the given one, or what suits the target; an error where the two do not go together."""
    names = target_names(spec.data)
    count = len(set(rows.cells(names[0]))) if classes else None
    loss = spec.loss or default_loss(count)
    if loss.classes and len(names) > 1:
        raise SpecError(f"loss: {loss.name} needs one target column, not {len(names)}")
    if isinstance(loss, BinaryCrossEntropy) and count and count > 2:
        raise SpecError(f"loss: binary_cross_entropy needs two classes, the target has {count}; use cross_entropy")
    if spec.training.class_weight is not None and not classes:
        raise SpecError(f"training.class_weight: the target is a number (loss {loss.name}); there are no classes")
    check_monitor(spec.training.monitor, loss, classes=classes)
    return replace(spec, loss=loss)


def check_monitor(metric: str, loss: Loss, *, classes: bool) -> None:
    """Refuse to watch a metric that has no value for this target or this loss."""
    if metric != "loss" and (metric in METRICS_OF_NUMBERS) == classes:
        needed, found = ("numbers", "classes") if classes else ("classes", "numbers")
        raise SpecError(f"training.monitor: {metric} is a metric of {needed}; the target has {found}")
    if metric == "log_loss" and not loss.probabilistic:
        raise SpecError(f"training.monitor: log_loss needs probabilities; the {loss.name} loss gives scores")


def default_loss(classes: int | None) -> Loss:
    """binary_cross_entropy for two classes, cross_entropy for more, mean_squared_error for numbers."""
    if classes is None:
        return MeanSquaredError()
    return BinaryCrossEntropy() if classes == 2 else CrossEntropy()


def split_parts(spec: Spec, whole: Rows, *, classes: bool) -> Parts:
    """Which rows are for training, validation and test."""
    split = spec.data.split
    share = split.validation if isinstance(split.validation, float) else 0.0
    codes = None
    if split.type != "random" and classes:
        cells = whole.cells(target_names(spec.data)[0])
        codes = fit_classes(target_names(spec.data)[0], cells, whole.name).codes(cells)
    elif split.type == "stratify":
        raise SpecError("data.split.type: stratify needs a target of classes; use random")
    parts = split_rows(whole.count, validation=share, test=split.test, seed=spec.seed, classes=codes)
    for name, wanted, got in (("validation", share, parts.validation), ("test", split.test, parts.test)):
        if wanted and not len(got):
            raise SpecError(
                f"data.split.{name}: {wanted:g} of {whole.count} rows is no row at all; take a larger share"
            )
    if not len(parts.train):
        raise SpecError(f"data.split: no row of {whole.count} is left for training; take smaller shares")
    return parts


def held_out(spec: Spec, whole: Rows, parts: Parts, folder: Path) -> Rows | None:
    """The rows of the validation part."""
    validation = spec.data.split.validation
    if not isinstance(validation, float):
        rows = read_rows(validation, spec.data, folder)
        if not rows.count:
            raise DataError(f"{rows.name}: there are no rows to validate on")
        return rows
    return whole.take(parts.validation) if len(parts.validation) else None


def fit_target(spec: Spec, rows: Rows, whole: Rows, *, classes: bool) -> Target:
    """The fitted target: classes of the whole file, center and scale of the training rows."""
    names, data = target_names(spec.data), spec.data
    if classes:
        return fit_classes(names[0] or "label", whole.cells(names[0]), whole.name)
    assert rows.table is not None
    values = np.stack([numbers(rows.table, name, data.missing_values) for name in names], axis=1)
    if isinstance(spec.loss, Poisson) and values.min() < 0:
        raise DataError(f'{rows.name}: column "{names[0]}": the poisson loss counts from 0, {values.min():g} is less')
    scaled = data.scale_target and not isinstance(spec.loss, Poisson)
    return fit_numbers(names, values, scaled=scaled, source=rows.name)


def fit_inputs(spec: Spec, rows: Rows, whole: Rows) -> tuple[AnyFeatures, dict[str, Understood]]:
    """The fitted input columns and what each column was understood as (over all rows of the file)."""
    data = spec.data
    if rows.images is not None:
        return PixelFeatures(shape=rows.images.shape[1:]), {}
    assert rows.table is not None
    assert whole.table is not None
    unknown = [name for name in data.columns if name not in whole.table.columns]
    if unknown:
        raise DataError(f"data.columns: {whole.table.missing(unknown)}")
    if data.sample_weight is not None:
        whole.table.column(data.sample_weight)
    apart = {*target_names(data), data.sample_weight}
    rules = FeatureRules(
        kinds=data.columns,
        missing_values=data.missing_values,
        scaling=data.scaling,
        imputing=data.imputing,
        min_frequency=data.min_frequency,
    )
    understood = understand_columns(whole.table, [name for name in whole.table.columns if name not in apart], rules)
    return fit_features(rows.table, understood, rules), understood


def examples(spec: Spec, features: AnyFeatures, target: Target, rows: Rows, *, unknown: bool = False) -> Examples:
    """The rows encoded. A class that training does not know is an error, or with `unknown` is coded −1."""
    dtype = np.dtype(spec.model.dtype)
    assert spec.loss is not None
    truth: NDArray[Any]
    if isinstance(target, NumberTarget):
        assert rows.table is not None
        truth = target.read(rows.table)
        gaps = np.isnan(truth).any(axis=1)
        if gaps.any():
            raise rows.table.fault(int(gaps.argmax()), target.names[0], "the target is missing")
    else:
        truth = class_codes(target, rows, unknown=unknown)
    return Examples(
        x=encode_inputs(features, rows, dtype),
        targets=loss_targets(spec.loss, target, truth, dtype),
        truth=truth,
        weights=sample_weights(spec.data, rows, dtype),
    )


def class_codes(target: ClassTarget, rows: Rows, *, unknown: bool) -> NDArray[np.int64]:
    cells = rows.cells(target.name)
    codes = target.codes(cells)
    if not unknown and (codes < 0).any():
        row = int((codes < 0).argmax())
        why = (
            f"the class {cells[row]!r} does not occur in the training file; the classes are {', '.join(target.classes)}"
        )
        raise rows.table.fault(row, target.name, why) if rows.table else DataError(f"{rows.name}: {why}")
    return codes


def encode_inputs(
    features: AnyFeatures, rows: Rows, dtype: np.dtype[Any], counts: dict[str, int] | None = None
) -> NDArray[Any]:
    """The input matrix of rows; an error where a table is given for images or the other way round."""
    if isinstance(features, PixelFeatures):
        if rows.images is None:
            raise DataError(f"{rows.name}: the model was trained on images; give an IDX file")
        if rows.images.shape[1:] != features.shape:
            raise DataError(
                f"{rows.name}: images of {sizes(rows.images.shape[1:])}, the model knows {sizes(features.shape)}"
            )
        return features.encode_images(rows.images, dtype)
    if rows.table is None:
        raise DataError(f"{rows.name}: the model was trained on a table; give one")
    return features.encode(rows.table, dtype, counts)


def sizes(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def sample_weights(data: Data, rows: Rows, dtype: np.dtype[Any]) -> NDArray[Any] | None:
    """The rows' weights, checked."""
    if data.sample_weight is None or rows.table is None:
        return None
    weights = numbers(rows.table, data.sample_weight, ())
    bad = ~(weights > 0)
    if bad.any():
        row = int(bad.argmax())
        cell = rows.table.columns[data.sample_weight][row]
        raise rows.table.fault(row, data.sample_weight, f"{cell!r} is not a weight; weights are numbers above 0")
    return weights.astype(dtype)


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
        weights = np.array([given.get(label, 1.0) for label in target.classes])
    return replace(part, class_weights=weights.astype(part.x.dtype))
