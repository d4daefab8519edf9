"""One trained network with its own spec and encoding: rows in, predictions and losses out."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.odd_cells import OddRows
from mlptrain.engine.network import Network
from mlptrain.model.baseline import Baseline
from mlptrain.model.encoding import encode_examples
from mlptrain.model.head import Head
from mlptrain.model.layer_history import LayersSeen, list_seen_layers, restore_layers
from mlptrain.model.network_outputs import average_predictions, predict_values, predict_with_row_losses
from mlptrain.model.rows import AnyFeatures, Rows
from mlptrain.spec.fields import Spec
from mlptrain.storage.container import Arrays

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Judgement:
    """What a model is worth on rows: truth, predictions, weights (1 without any) and losses, one of each a row."""

    truth: NDArray[Any]
    predictions: NDArray[Any]
    weights: Doubles
    losses: Doubles
    no_loss: str = ""
    """Why there is no loss: the first target that it cannot compare; empty if it compares all."""

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "Judgement":
        """Some of the rows, marked or by their numbers."""
        return Judgement(self.truth[rows], self.predictions[rows], self.weights[rows], self.losses[rows], self.no_loss)


def average_judgements(judged: Sequence[Judgement], weights: Sequence[float]) -> Judgement:
    """The judgement of several networks of the same rows: their predictions and losses, averaged with weights."""
    predictions = average_predictions([each.predictions for each in judged], weights)
    losses = average_predictions([each.losses for each in judged], weights)
    return replace(judged[0], predictions=predictions, losses=losses)


@dataclass(frozen=True, kw_only=True)
class FittedNetwork:
    """One trained network, what was fitted on its training rows, and how its training went."""

    spec: Spec
    """The resolved spec."""
    features: AnyFeatures
    head: Head
    network: Network
    history: Arrays = field(default_factory=dict)
    layers: Arrays = field(default_factory=dict)
    """What was seen of the layers, as `tabulate_layers` has it; nothing where they were not watched."""
    baseline: Baseline | None = None
    """What knows nothing of a row, from the training rows; models of the first format have none."""

    @property
    def snapshots(self) -> list[LayersSeen]:
        """The layers as they were while it was trained."""
        return restore_layers(self.layers, list_seen_layers(self.network))

    def predict(self, rows: Rows, odd: OddRows | None = None) -> NDArray[Any]:
        """Scores of the classes (B, C), or numbers in the user's units (B, K); `odd` is told which cells are odd."""
        x = rows.encode(self.features, self.network.dtype, odd)
        return predict_values(self.network, self.head, x)

    @np.errstate(all="ignore")  # what is too large for the network's numbers is seen in the metrics
    def judge(self, rows: Rows, odd: OddRows | None = None) -> Judgement:
        """Predictions and losses of rows whose targets are known; a class that training did not have is coded −1.

        `odd` is told which cells are odd.
        """
        part = encode_examples(self.spec, self.features, self.head, rows, unknown=True, odd=odd)
        fault = self.head.find_incomparable(part.truth, self.network.dtype)
        losses, predictions = predict_with_row_losses(self.network, self.head, part)
        weights = np.ones(rows.count) if part.weights is None else part.weights.astype(np.float64)
        no_loss = "" if fault is None else str(rows.answers.fault(*fault))
        return Judgement(part.truth, predictions, weights, losses.astype(np.float64), no_loss)
