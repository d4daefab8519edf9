"""Scores: a model's own outputs (logits), before the loss's link and before numbers get the user's units."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.model.answers import AnswerOptions, ColumnGroup, Columns, format_predicted_numbers, join_columns
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.head import Head, list_answers
from mlptrain.model.network_outputs import iterate_logits
from mlptrain.model.rows import Rows


def name_scores(head: Head) -> list[str]:
    """The columns of the scores: one a class, of two classes with one output that of the second, or one a number."""
    names = head.classes or head.names
    return [f"score_{name}" for name in names[-head.outputs :]]


def write_scores(head: Head, scores: NDArray[Any], dtype: np.dtype[Any]) -> Columns:
    """The scores (B, K) as columns of text; none for what is not finite."""
    return {
        name: format_predicted_numbers(column, dtype) for name, column in zip(name_scores(head), scores.T, strict=True)
    }


@np.errstate(all="ignore")  # what is too large for the network's numbers is seen in the scores
def predict_scores(networks: Sequence[FittedNetwork], weights: Sequence[float], rows: Rows) -> NDArray[Any]:
    """The scores (B, K) of rows, of several networks those of their average.

    One network: its outputs z. Several: z whose prediction is the networks' weighted mean prediction, which for classes
    is log Σ w softmax(z) / Σ w (up to a constant); for numbers Σ w z / Σ w, in the scale of the first network.
    """
    head = networks[0].head
    each = [network.head.rescale_logits(collect_logits(network, rows), head) for network in networks]
    if len(each) == 1:
        return each[0]
    return np.asarray(head.loss.pool_logits(np.stack(each), np.asarray(weights)))


def collect_logits(fitted: FittedNetwork, rows: Rows) -> NDArray[Any]:
    """The logits (B, K) of one network for all rows."""
    x = rows.encode(fitted.features, fitted.network.dtype)
    chunks = [logits.copy() for logits in iterate_logits(fitted.network, fitted.head, x)]
    return np.concatenate(chunks) if chunks else np.empty((0, fitted.head.outputs), fitted.network.dtype)


def name_predicted_columns(head: Head, options: AnswerOptions) -> list[str]:
    """The names of all predicted columns; a SpecError where two have the same."""
    dtype = np.dtype(np.float64)
    groups = list_answers(head, np.empty((0, head.width)), dtype, options)
    if options.scores:
        groups.append(ColumnGroup(origin="a score", columns=write_scores(head, np.empty((0, head.outputs)), dtype)))
    return list(join_columns(groups))
