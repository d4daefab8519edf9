"""The rows of one part as the network and the metrics want them, and what predictions for them are worth."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.targets import ClassTarget, NumberTarget, Target
from mlptrain.engine.arrays import Floats
from mlptrain.engine.losses import Loss
from mlptrain.engine.metrics import Undefined, Value, classification, regression
from mlptrain.engine.network import Inputs, Network
from mlptrain.model.examples import Examples


def loss_targets(loss: Loss, target: Target, truth: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """What the loss compares logits with: codes; scaled numbers; or, for a loss of numbers on classes, 0 and 1."""
    if isinstance(target, NumberTarget):
        return target.scaled(truth, dtype)
    if loss.classes:
        return truth
    one_hot = (truth[:, None] == np.arange(len(target.classes))).astype(dtype)
    return one_hot[:, 1:] if len(target.classes) == 2 else one_hot


def outputs_for(loss: Loss, target: Target) -> int:
    """The width of the output layer."""
    if isinstance(target, NumberTarget):
        return len(target.names)
    if loss.classes:
        return loss.outputs(len(target.classes))  # type: ignore[union-attr]
    return 1 if len(target.classes) == 2 else len(target.classes)


def predicted(loss: Loss, target: Target, logits: Floats) -> NDArray[Any]:
    """Scores of the classes (B, K), or numbers in the user's units (B, K); a fresh array."""
    values = loss.predict(logits)
    if isinstance(target, NumberTarget):
        return target.unscaled(values)
    if loss.classes or values.shape[1] > 1:
        return values.copy()
    return np.concatenate([1 - values, values], axis=1)


def answers(network: Network, loss: Loss, x: Inputs) -> Iterator[Floats]:
    """The logits (B, K) of x in evaluation, of several members those of their mean prediction, chunk by chunk."""
    for logits in network.logits(x):
        yield logits if network.members is None else loss.pooled(logits)


@np.errstate(all="ignore")  # what is too large for the network's numbers is seen in the predictions
def predict(network: Network, loss: Loss, target: Target, x: Inputs) -> NDArray[Any]:
    """Predictions for all rows, chunk by chunk."""
    return joined(target, [predicted(loss, target, logits) for logits in answers(network, loss, x)])


def joined(target: Target, chunks: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The predictions of all chunks, of which there may be none."""
    width = len(target.classes) if isinstance(target, ClassTarget) else len(target.names)
    return np.concatenate(chunks) if chunks else np.empty((0, width))


def judged(network: Network, loss: Loss, target: Target, part: Examples) -> tuple[Floats, NDArray[Any]]:
    """The loss of each row in evaluation mode (B,), and the predictions."""
    start, losses, chunks = 0, [], []
    for logits in answers(network, loss, part.x):
        stop = start + len(logits)
        rows, _ = loss.rows(logits, part.targets[start:stop])
        losses.append(rows.copy())
        chunks.append(predicted(loss, target, logits))
        start = stop
    return np.concatenate(losses) if losses else np.empty(0, part.x.dtype), joined(target, chunks)


def evaluate(network: Network, loss: Loss, target: Target, part: Examples) -> tuple[float, NDArray[Any]]:
    """The loss in evaluation mode, averaged over the (weighted) rows (NaN without any), and the predictions."""
    losses, predictions = judged(network, loss, target, part)
    return mean_loss(losses, part.weights), predictions


def mean_loss(losses: Floats, weights: Floats | None) -> float:
    """Σ w · loss / Σ w; NaN without rows."""
    w = np.ones(len(losses)) if weights is None else weights.astype(np.float64)
    return float(w @ losses.astype(np.float64) / w.sum()) if len(losses) else float("nan")


def metrics(loss: Loss, target: Target, part: Examples, predictions: NDArray[Any]) -> dict[str, Value]:
    """All metrics of design's list that suit the target."""
    weights = None if part.weights is None else part.weights.astype(np.float64)
    if isinstance(target, NumberTarget):
        return regression(predictions, part.truth, weights)
    return classification(predictions, part.truth, weights, probabilistic=loss.probabilistic)


def quick_metric(name: str, loss: Loss, target: Target, part: Examples, predictions: NDArray[Any]) -> float | None:
    """One metric by name, with the cheap way for accuracy."""
    if name == "accuracy" and part.weights is None:
        return float((predictions.argmax(axis=1) == part.truth).mean())
    value = metrics(loss, target, part, predictions)[name]
    return None if isinstance(value, Undefined) else value
