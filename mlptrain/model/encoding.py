"""Fitted columns applied to rows: inputs, targets, weights."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.columns import numbers
from mlptrain.data.features import Compact, Features, OddCells, PixelFeatures, Pixels
from mlptrain.data.targets import (
    ClassTarget,
    Target,
    require_present,
    target_values,
)
from mlptrain.engine.arrays import Floats
from mlptrain.errors import DataError
from mlptrain.model.examples import Examples
from mlptrain.model.head import loss_targets
from mlptrain.model.rows import Rows
from mlptrain.spec.fields import Data, Spec

AnyFeatures = Features | PixelFeatures


LIGHTEST, HEAVIEST = 1e-15, 1e15

"""Bounds of weights, of rows and of classes alike: their products and the sums of those stay numbers of float32."""


def true_values(spec: Spec, target: Target, rows: Rows, *, unknown: bool = False) -> NDArray[Any]:
    """The targets as metrics want them: codes of classes, or numbers in the user's units."""
    if isinstance(target, ClassTarget):
        return class_codes(target, rows, unknown=unknown)
    assert rows.table is not None
    missing = spec.data.missing_targets
    require_present(rows.table, target.names, missing, numeric=True)
    return target_values(rows.table, target.names, missing)


def examples(spec: Spec, features: AnyFeatures, target: Target, rows: Rows, *, unknown: bool = False) -> Examples:
    """The rows encoded. A class that training does not know is an error, or with `unknown` is coded −1."""
    truth = true_values(spec, target, rows, unknown=unknown)
    return with_truth(spec, target, rows, truth, encode_inputs(features, rows, np.dtype(spec.model.dtype)))


def with_truth(spec: Spec, target: Target, rows: Rows, truth: NDArray[Any], x: Floats | Pixels) -> Examples:
    """Encoded inputs with their targets and weights."""
    assert spec.loss is not None
    return Examples(
        x=x,
        targets=loss_targets(spec.loss, target, truth, x.dtype),
        truth=truth,
        weights=sample_weights(spec.data, rows, x.dtype),
    )


def class_codes(target: ClassTarget, rows: Rows, *, unknown: bool) -> NDArray[np.int64]:
    """The codes of the rows' classes."""
    answers, name = rows.answers, target.name if rows.table is not None else ""
    if rows.table is not None and name not in answers.columns:
        raise DataError(answers.missing([name]))
    codes = target.codes(answers.coded(name))
    if not unknown and (codes < 0).any():
        row = int((codes < 0).argmax())
        known = ", ".join(target.classes[:20])
        cell = answers.columns[name].text(row)
        why = "the target is missing" if not cell else f"the class {cell!r} does not occur in the training file"
        raise answers.fault(row, target.name, f"{why}; the classes are {known}")
    return codes


def encode_inputs(features: AnyFeatures, rows: Rows, dtype: np.dtype[Any]) -> Floats | Pixels:
    """The input matrix of rows; of images it stays what they are."""
    inputs = compact_inputs(features, rows, dtype)
    return inputs.matrix() if isinstance(inputs, Compact) else inputs


def compact_inputs(
    features: AnyFeatures, rows: Rows, dtype: np.dtype[Any], odd: OddCells | None = None
) -> Compact | Pixels:
    """The inputs, some rows at a time; an error where a table is given for images or the other way round."""
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
    return features.compact(rows.table, dtype, odd)


def sizes(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def sample_weights(data: Data, rows: Rows, dtype: np.dtype[Any]) -> NDArray[Any] | None:
    """The rows' weights, checked."""
    if data.sample_weight is None or rows.table is None:
        return None
    weights = numbers(rows.table, data.sample_weight, ())
    bad = ~((weights >= LIGHTEST) & (weights <= HEAVIEST))
    if bad.any():
        row = int(bad.argmax())
        cell = rows.table.columns[data.sample_weight].text(row)
        why = f"{cell!r} is not a weight; weights are numbers above 0, from {LIGHTEST:g} to {HEAVIEST:g}"
        raise rows.table.fault(row, data.sample_weight, why)
    return weights.astype(dtype)
