"""What is seen of the layers of a network while it is trained: facts of each layer, epoch by epoch."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """How many numbers lie in each bucket of equal width: `counts[k]` from `edges[k]` to `edges[k + 1]`."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class LayerFacts:
    """What is seen of a layer; None is what it does not have, or what is not a finite number.

    Weights are what the layer multiplies by: its parameters but biases and shifts. Outputs are those of the first
    training rows in evaluation. Of several members the units of all are counted.
    """

    name: str
    layer_kind: str
    """What it is, as `check` says it: Dense, Activate …"""
    units: int
    weight_rms: float | None
    """√ mean w² of the weights w."""
    gradient_rms: float | None
    """That of the loss's gradient with respect to the weights, in the last step of the epoch."""
    update_ratio: float | None
    """That of the last step's change of the weights, divided by `weight_rms`."""
    output_mean: float | None
    output_sd: float | None
    zeros: float
    """The share of the outputs that are exactly 0."""
    dead: int
    """Units of an activation that are 0 for every row."""
    saturated: int
    """Units of a bounded activation that are next to a bound for nearly every row."""
    weights: Histogram | None
    gradients: Histogram | None
    """Of the gradient with respect to the weights."""
    outputs: Histogram | None


@dataclass(frozen=True, kw_only=True)
class LayersSeen:
    """The layers as they are at the end of an epoch, in the order of the network."""

    kind: ClassVar[str] = "layers"

    epoch: int
    layers: tuple[LayerFacts, ...]
    gradient_norm: float | None = None
    """The norm of the whole gradient in the last step of the epoch."""
