"""What is explained of a row: one number f that follows from the outputs of all networks, and ∂f/∂outputs.

The networks and their members are voters v with weights w, Σ w = 1, whose outputs are z (V, B, K). Shares of a
prediction add up on the scale of the outputs, not on that of probabilities: so f is the log-odds of a class, or a
number before the exponential of a link.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.column_names import format_quoted_names
from mlptrain.data.targets import NumberTarget
from mlptrain.engine.arrays import Floats, Integers
from mlptrain.engine.losses import log_softmax, softmax
from mlptrain.errors import SpecError
from mlptrain.model.head import Head
from mlptrain.model.model import Model

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class LogOdds:
    """f = log p − log(1 − p), p = Σ w softmax(z)_c of the class c of each row; a single output is that of the second.

    ∂f/∂z = a (onehot(c) − s) − b (q − s) with s = softmax(z), q that over the other classes, and the shares a, b that
    a voter has in p and in 1 − p.
    """

    codes: Integers
    """c (B,)."""

    def measure(self, z: Floats, w: Doubles) -> tuple[Doubles, Floats]:
        """f (B,) and ∂f/∂z (V, B, K)."""
        alone = z.shape[-1] == 1
        z = np.concatenate([np.zeros_like(z), z], axis=-1) if alone else z
        is_c = self.codes[:, None] == np.arange(z.shape[-1])
        others = np.where(is_c, -np.inf, z)
        log_p = np.where(is_c, log_softmax(z), 0).sum(axis=-1)
        log_rest = -np.logaddexp(0, np.where(is_c, z, 0).sum(axis=-1) - sum_in_logs(others, -1))
        parts = [np.log(w)[:, None] + each for each in (log_p, log_rest)]
        of_p, of_rest = (sum_in_logs(each, 0) for each in parts)
        a, b = (np.exp(each - total)[..., None] for each, total in zip(parts, (of_p, of_rest), strict=True))
        slopes = a * is_c - b * softmax(others) + (b - a) * softmax(z)
        return of_p - of_rest, slopes[..., 1:] if alone else slopes

    def take(self, rows: Integers) -> "LogOdds":
        """f of some of the rows, in their order."""
        return LogOdds(self.codes[rows])


@dataclass(frozen=True)
class Outputs:
    """f = Σ w (factor z_k + shift) of the output k of each row."""

    places: Integers
    """k (B,)."""
    factor: Doubles
    """Of each voter (V, K)."""
    shift: Doubles

    def measure(self, z: Floats, w: Doubles) -> tuple[Doubles, Floats]:
        """f (B,) and ∂f/∂z (V, B, K)."""
        is_k = self.places[:, None] == np.arange(z.shape[-1])
        slopes = (w[:, None] * self.factor)[:, None, :] * is_k
        shift = (w @ self.shift)[self.places]
        return np.einsum("vbk,vbk->b", slopes, z) + shift, slopes

    def take(self, rows: Integers) -> "Outputs":
        """f of some of the rows, in their order."""
        return replace(self, places=self.places[rows])


@dataclass(frozen=True)
class LogMean:
    """f = log Σ w exp(z_k) of the output k of each row: the logarithm of a mean count."""

    places: Integers

    def measure(self, z: Floats, w: Doubles) -> tuple[Doubles, Floats]:
        """f (B,) and ∂f/∂z (V, B, K)."""
        is_k = self.places[:, None] == np.arange(z.shape[-1])
        logs = np.log(w)[:, None] + np.where(is_k, z, 0).sum(axis=-1)
        f = sum_in_logs(logs, 0)
        return f, np.exp(logs - f)[..., None] * is_k

    def take(self, rows: Integers) -> "LogMean":
        """f of some of the rows, in their order."""
        return LogMean(self.places[rows])


Answer = LogOdds | Outputs | LogMean


@dataclass(frozen=True)
class Explained:
    """The number that is explained of each row, and what to call it."""

    answer: Answer
    names: Sequence[str]
    """Of each row the class, or the target."""
    words: str
    """What f is: "log-odds", "log(price)"."""


def sum_in_logs(logs: Floats, axis: int) -> Doubles:
    """log Σ e^logs over an axis."""
    largest = logs.max(axis=axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0)
    total: Doubles = largest + np.log(np.exp(logs - largest).sum(axis=axis, keepdims=True))
    return total.squeeze(axis)


def choose_explained(model: Model, predictions: NDArray[Any], class_label: str | None) -> Explained:
    """What is explained of rows: of each one class, or target.

    By default it is the positive one of two classes, of more the one that is predicted, of several targets the first.
    """
    head, count = model.head, len(predictions)
    names = list(head.classes) if head.has_classes else list(head.names)
    if class_label is not None:
        places = np.full(count, find_place(class_label, names, "class" if head.has_classes else "target"))
    elif head.has_classes and len(names) > 2:
        places = predictions.argmax(axis=1)
    else:
        places = np.full(count, 0 if head.positive_class is None else names.index(head.positive_class))
    named = [names[place] for place in places.tolist()]
    if not head.has_classes:
        return explain_numbers(model, places, named)
    if head.loss.probabilistic:
        return Explained(LogOdds(places), named, "log-odds")
    return explain_scores(model, places, named)


def find_place(label: str, names: Sequence[str], what: str) -> int:
    """The place of a class or target."""
    if label not in names:
        known = format_quoted_names(names, 20)
        raise SpecError(f"class_label: {label!r:.80} is no {what} of the model; write one of {known}")
    return names.index(label)


def count_voters(model: Model) -> list[int]:
    """How many members each network has."""
    return [each.network.members or 1 for each in model.networks]


def weigh_voters(model: Model) -> Doubles:
    """w (V,): the weight of each network, shared by its members."""
    shares = np.array(model.weights, np.float64) / np.sum(model.weights)
    counts = count_voters(model)
    return np.repeat(shares / counts, counts)


def explain_scores(model: Model, places: Integers, names: Sequence[str]) -> Explained:
    """Scores that are no probabilities; one output for two classes says s of the second, 1 − s of the first."""
    voters, outputs = sum(count_voters(model)), model.head.outputs
    if outputs > 1:
        plain = Outputs(places, np.ones((voters, outputs)), np.zeros((voters, outputs)))
        return Explained(plain, names, "score")
    sign = 1.0 if places.all() else -1.0
    shift = np.full((voters, 1), (1 - sign) / 2)
    return Explained(Outputs(np.zeros_like(places), np.full((voters, 1), sign), shift), names, "score")


def explain_numbers(model: Model, places: Integers, names: Sequence[str]) -> Explained:
    """Numbers in the target's units or, where it was transformed, of its logarithm; counts by their logarithm."""
    if model.head.loss.counts:
        return Explained(LogMean(places), names, "logarithm of the predicted count")
    targets = [narrow_target(each.head) for each, count in zip(model.networks, count_voters(model), strict=True)
               for _ in range(count)]  # fmt: skip
    factor, shift = np.array([each.scale for each in targets]), np.array([each.center for each in targets])
    words = {"none": "prediction", "log": "logarithm of the prediction", "log1p": "logarithm of 1 + the prediction"}
    return Explained(Outputs(places, factor, shift), names, words[targets[0].transform])


def narrow_target(head: Head) -> NumberTarget:
    """The target of a head of numbers."""
    assert isinstance(head.target, NumberTarget)
    return head.target
