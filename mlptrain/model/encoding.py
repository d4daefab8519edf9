"""Fitted columns applied to rows: inputs, targets, weights."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.features import Pixels
from mlptrain.data.odd_cells import OddRows
from mlptrain.engine.arrays import Floats
from mlptrain.model.examples import Examples
from mlptrain.model.head import Head
from mlptrain.model.rows import AnyFeatures, Rows, read_weight_numbers
from mlptrain.spec.fields import Data, Spec

LIGHTEST, HEAVIEST = 1e-15, 1e15
"""Bounds of weights, of rows and of classes alike: their products and the sums of those stay numbers of float32."""


def encode_examples(
    spec: Spec,
    features: AnyFeatures,
    head: Head,
    rows: Rows,
    *,
    unknown: bool = False,
    odd: OddRows | None = None,
) -> Examples:
    """The rows encoded; `odd` is told which cells are odd.

    A class that training does not know and a number that the loss cannot compare are an error; with `unknown` the class
    is coded −1, and the number is NaN for the loss.
    """
    truth = head.read_truth(spec.data, rows, unknown=unknown)
    dtype = np.dtype(spec.model.dtype)
    if not unknown:
        require_comparable_targets(head, rows, truth, dtype)
    if odd is not None:
        odd.fractions |= head.target.find_new_fractions(truth)
    return make_examples_from_inputs(spec, head, rows, truth, encode_inputs(features, rows, dtype, odd))


def require_comparable_targets(head: Head, rows: Rows, truth: NDArray[Any], dtype: np.dtype[Any]) -> None:
    """An error at the first target that the loss cannot compare, such as one without a logarithm."""
    if (fault := head.find_incomparable(truth, dtype)) is not None:
        row, name, why = fault
        raise rows.answers.fault(row, name, f"{why}; mend it, remove the row, or train with another transform or loss")


def make_examples_from_inputs(spec: Spec, head: Head, rows: Rows, truth: NDArray[Any], x: Floats | Pixels) -> Examples:
    """Encoded inputs with their targets and weights."""
    return Examples(
        x=x,
        targets=head.loss_targets(truth, x.dtype),
        truth=truth,
        weights=read_weights(spec.data, rows, x.dtype),
    )


def encode_inputs(
    features: AnyFeatures, rows: Rows, dtype: np.dtype[Any], odd: OddRows | None = None
) -> Floats | Pixels:
    """The input matrix of rows; of images it stays their bytes."""
    return rows.encode(features, dtype, odd).matrix()


def read_weights(data: Data, rows: Rows, dtype: np.dtype[Any]) -> NDArray[Any] | None:
    """The rows' weights, checked; None where the spec names no column of weights, or the rows have no such column."""
    if data.sample_weight is None:
        return None
    table = rows.require_table("data.sample_weight")
    if data.sample_weight not in table.columns:
        return None
    weights = read_weight_numbers(table, data.sample_weight)
    bad = ~((weights >= LIGHTEST) & (weights <= HEAVIEST))
    if bad.any():
        row = int(bad.argmax())
        cell = table.columns[data.sample_weight].text(row)
        allowed = f"numbers from {LIGHTEST:g} to {HEAVIEST:g}, or 0 for a row that is not to count"
        raise table.fault(row, data.sample_weight, f"{cell!r} is not a weight; weights are {allowed}")
    return weights.astype(dtype)
