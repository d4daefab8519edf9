"""A network's outputs for encoded rows: predictions, losses, metrics."""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.arrays import Floats
from mlptrain.engine.comparisons import Value
from mlptrain.engine.metrics import (
    METRICS,
    measure_metric,
    measure_metrics,
)
from mlptrain.engine.network import Inputs, Network
from mlptrain.model.examples import Examples
from mlptrain.model.head import Head


def iterate_logits(network: Network, head: Head, x: Inputs) -> Iterator[Floats]:
    """The logits (B, K) of x in evaluation, of several members those of their mean prediction, chunk by chunk."""
    for logits in network.logits(x):
        yield logits if network.members is None else head.loss.pool_logits(logits)


@np.errstate(all="ignore")  # what is too large for the network's numbers is seen in the predictions
def predict_values(network: Network, head: Head, x: Inputs) -> NDArray[Any]:
    """Scores or numbers for all rows, chunk by chunk."""
    return join_chunks(head, [head.predict(logits) for logits in iterate_logits(network, head, x)])


def average_predictions(predictions: Iterable[NDArray[Any]], weights: Sequence[float]) -> NDArray[Any]:
    """Σ w p / Σ w of the predictions p of several networks; of one w p."""
    total = reduce(np.add, (weight * each for weight, each in zip(weights, predictions, strict=True)))
    return total / sum(weights) if len(weights) > 1 else total


def join_chunks(head: Head, chunks: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The predictions of all chunks; there may be none."""
    return np.concatenate(chunks) if chunks else np.empty((0, head.width))


def predict_with_row_losses(network: Network, head: Head, part: Examples) -> tuple[Floats, NDArray[Any]]:
    """The loss of each row in evaluation mode (B,), and the predictions."""
    start, losses, chunks = 0, [], []
    for logits in iterate_logits(network, head, part.x):
        stop = start + len(logits)
        rows, _ = head.loss.rows(logits, part.targets[start:stop])
        losses.append(rows.copy())
        chunks.append(head.predict(logits))
        start = stop
    return np.concatenate(losses) if losses else np.empty(0, part.x.dtype), join_chunks(head, chunks)


def predict_with_mean_loss(network: Network, head: Head, part: Examples) -> tuple[float, NDArray[Any]]:
    """The loss in evaluation mode, averaged over the (weighted) rows (NaN without any), and the predictions."""
    losses, predictions = predict_with_row_losses(network, head, part)
    return average_losses(losses, part.weights), predictions


def average_losses(losses: Floats, weights: Floats | None) -> float:
    """Σ w · loss / Σ w; NaN without rows."""
    w = np.ones(len(losses)) if weights is None else weights.astype(np.float64)
    return float(w @ losses.astype(np.float64) / w.sum()) if len(losses) else float("nan")


def measure_part_metrics(head: Head, part: Examples, predictions: NDArray[Any]) -> dict[str, Value]:
    """All metrics of the predictions for a part."""
    return measure_metrics(head.compare(predictions, part.truth), part.weights)


def measure_named_metric(name: str, head: Head, part: Examples, predictions: NDArray[Any]) -> Value:
    """One metric by name."""
    return measure_metric(METRICS[name], head.compare(predictions, part.truth), part.weights)
