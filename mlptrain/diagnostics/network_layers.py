"""Inside the networks: what was seen of the layers while they were trained."""

from dataclasses import dataclass

from mlptrain.model.layer_findings import LayerFinding, find_layer_faults
from mlptrain.model.layer_history import LayersSeen
from mlptrain.model.model import Model


@dataclass(frozen=True, kw_only=True)
class NetworkLayers:
    """The layers of one network."""

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
