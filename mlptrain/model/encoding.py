"""Fitted columns applied to rows: inputs, targets, weights."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.features import Pixels
from mlptrain.data.number_reading import read_numbers
from mlptrain.engine.arrays import Floats
from mlptrain.model.examples import Examples
from mlptrain.model.head import Head
from mlptrain.model.rows import AnyFeatures, Rows
from mlptrain.spec.fields import Data, Spec

LIGHTEST, HEAVIEST = 1e-15, 1e15
"""Bounds of weights, of rows and of classes alike: their products and the sums of those stay numbers of float32."""


def encode_examples(spec: Spec, features: AnyFeatures, head: Head, rows: Rows, *, unknown: bool = False) -> Examples:
    """The rows encoded. A class that training does not know is an error, or with `unknown` is coded −1."""
    truth = head.read_truth(spec.data, rows, unknown=unknown)
    return make_examples_from_inputs(spec, head, rows, truth, encode_inputs(features, rows, np.dtype(spec.model.dtype)))


def make_examples_from_inputs(spec: Spec, head: Head, rows: Rows, truth: NDArray[Any], x: Floats | Pixels) -> Examples:
    """Encoded inputs with their targets and weights."""
    return Examples(
        x=x,
        targets=head.loss_targets(truth, x.dtype),
        truth=truth,
        weights=read_weights(spec.data, rows, x.dtype),
    )


def encode_inputs(features: AnyFeatures, rows: Rows, dtype: np.dtype[Any]) -> Floats | Pixels:
    """The input matrix of rows; of images it stays their bytes."""
    return rows.encode(features, dtype).matrix()


def read_weights(data: Data, rows: Rows, dtype: np.dtype[Any]) -> NDArray[Any] | None:
    """The rows' weights, checked; None where the spec names no column of weights."""
    if data.sample_weight is None:
        return None
    table = rows.require_table("data.sample_weight")
    weights = read_numbers(table, data.sample_weight, ())
    bad = ~((weights >= LIGHTEST) & (weights <= HEAVIEST))
    if bad.any():
        row = int(bad.argmax())
        cell = table.columns[data.sample_weight].text(row)
        why = f"{cell!r} is not a weight; weights are numbers above 0, from {LIGHTEST:g} to {HEAVIEST:g}"
        raise table.fault(row, data.sample_weight, why)
    return weights.astype(dtype)
