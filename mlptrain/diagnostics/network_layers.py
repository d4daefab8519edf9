"""Inside the networks: what was seen of the layers while they were trained."""

from dataclasses import dataclass

from mlptrain.model.layer_findings import LayerFinding, find_layer_faults
from mlptrain.model.layer_history import Histogram, LayerFacts, LayersSeen
from mlptrain.model.model import Model


@dataclass(frozen=True, kw_only=True)
class ParameterFacts:
    """A parameter of a layer, weights or biases, as it is in the model."""

    name: str
    """The layer's name, a point, and its own."""
    parameter_kind: str
    """weight, bias, scale, embedding …"""
    shape: tuple[int, ...]
    """Of several members their number comes first, unless they share it."""
    rms: float | None
    """√ mean w²; None where it is not a finite number."""
    values: Histogram | None


@dataclass(frozen=True, kw_only=True)
class NetworkLayers:
    """The layers of one network."""

    name: str = ""
    """fold 2, repeat 3 …; empty of one network."""
    rows: int = 0
    """The judged rows that went through it, of which `now` tells; 0 without any."""
    now: tuple[LayerFacts, ...] = ()
    """The layers as they are in the model; gradients and steps are None."""
    parameters: tuple[ParameterFacts, ...] = ()
    snapshots: tuple[LayersSeen, ...]
    """What was seen of them while it was trained; nothing without `training.watch_layers`."""
    faults: tuple[LayerFinding, ...]
    """What is wrong with them at the end."""


def describe_networks(model: Model) -> tuple[NetworkLayers, ...]:
    """The layers of each network."""
    return tuple(
        NetworkLayers(
            snapshots=tuple(each.snapshots),
            faults=tuple(find_layer_faults(each.snapshots[-1])) if each.snapshots else (),
        )
        for each in model.networks
    )
