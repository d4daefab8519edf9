"""What is seen of each layer of a network: its weights, its outputs for some rows, what a step has shown of it.

Nothing here changes the network: arrays come from a workspace of its own, no random numbers are drawn, and the buffers
of the network stay as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from mlptrain.engine.arrays import Floats, Workspace
from mlptrain.engine.histograms import compute_mean_and_deviation, compute_root_mean_square, count_into_buckets
from mlptrain.engine.layer import ForwardContext, Layer
from mlptrain.engine.network import Inputs, Network
from mlptrain.engine.parameters import Parameters
from mlptrain.model.layer_history import Histogram, LayerFacts, list_seen_layers

MOST_NUMBERS = 1 << 20
"""Numbers of the widest layer's outputs, of all members: of very wide networks fewer rows are looked at."""
MOST_COUNTED = 1 << 13
"""Numbers in a histogram of outputs: of more, those of evenly spaced rows are counted."""
NEAR = 0.01
"""The part of the range of a bounded activation that counts as being at a bound."""
NEARLY_EVERY_ROW = 0.95
"""The share of the rows for which a saturated unit is at a bound."""
ADDED = ("bias", "shift")
"""Kinds of parameters that are no weights: they are added, and often begin at 0."""


@dataclass(frozen=True, kw_only=True)
class StepFacts:
    """What the last step of an epoch shows of the weights of a layer; None is what is not a finite number."""

    gradient_rms: float | None
    update_rms: float | None
    """√ mean (Δw)²."""
    gradients: Histogram | None


NO_STEP = StepFacts(gradient_rms=None, update_rms=None, gradients=None)
"""Of a layer without weights, and of a network that is not trained."""


@dataclass(frozen=True, kw_only=True)
class OutputFacts:
    """What the outputs of a layer show; the fields are those of `LayerFacts`."""

    units: int
    output_mean: float | None
    output_sd: float | None
    zeros: float
    dead: int
    saturated: int
    outputs: Histogram | None


@dataclass(frozen=True, kw_only=True)
class WatchedLayer:
    """A layer that is looked at: its name, itself, the places of its weights in θ."""

    name: str
    layer: Layer
    weights: Sequence[slice]

    def gather(self, vector: Floats) -> Floats:
        """The numbers of its weights in a vector that is laid out like θ."""
        parts = [vector[each] for each in self.weights]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def list_watched_layers(network: Network) -> list[WatchedLayer]:
    """The layers that are looked at, in their order."""
    return [
        WatchedLayer(name=name, layer=layer, weights=find_weights(network.parameters, name))
        for name, layer in list_seen_layers(network)
    ]


def find_weights(parameters: Parameters, name: str) -> list[slice]:
    """The places of the weights of a layer in θ, neighbours joined."""
    found: list[slice] = []
    own = (
        parameters.slices[key]
        for key, each in parameters.declarations.items()
        if key.rpartition(".")[0] == name and each.kind not in ADDED
    )
    for place in sorted(own, key=lambda each: each.start):
        start = found.pop().start if found and found[-1].stop == place.start else place.start
        found.append(slice(start, place.stop))
    return found


def limit_watched_rows(network: Network, rows: int) -> int:
    """How many of some rows outputs are computed for: of very wide networks fewer."""
    widest = max(layer.outputs(inputs) for _, layer, inputs in network.walk())
    return min(rows, max(MOST_NUMBERS // (widest * (network.members or 1)), 16))


def measure_outputs(
    network: Network, layers: Sequence[WatchedLayer], x: Inputs, work: Workspace
) -> dict[str, OutputFacts]:
    """What the outputs of each layer show, for all rows x in evaluation."""
    watched = {each.name: each.layer for each in layers}
    work.restart(len(x))
    outputs = network.trace_outputs(x[:], ForwardContext(work))
    return {name: measure_output(watched[name], y) for name, y in outputs if name in watched}


@np.errstate(all="ignore")  # what is not a finite number is None
def measure_layers(network: Network, x: Inputs) -> tuple[LayerFacts, ...]:
    """The facts of all layers of a network that is not trained, for all rows x."""
    layers = list_watched_layers(network)
    outputs = measure_outputs(network, layers, x, Workspace(network.dtype))
    return tuple(join_facts(each, network.parameters.theta, NO_STEP, outputs[each.name]) for each in layers)


def join_facts(watched: WatchedLayer, theta: Floats, step: StepFacts, outputs: OutputFacts) -> LayerFacts:
    """All that is seen of one layer."""
    weights = watched.gather(theta) if watched.weights else None
    rms = None if weights is None else measure_rms(weights)
    return LayerFacts(
        name=watched.name,
        layer_kind=watched.layer.kind,
        units=outputs.units,
        weight_rms=rms,
        gradient_rms=step.gradient_rms,
        update_ratio=step.update_rms / rms if rms and step.update_rms is not None else None,
        output_mean=outputs.output_mean,
        output_sd=outputs.output_sd,
        zeros=outputs.zeros,
        dead=outputs.dead,
        saturated=outputs.saturated,
        weights=None if weights is None else make_histogram(weights),
        gradients=step.gradients,
        outputs=outputs.outputs,
    )


def measure_output(layer: Layer, y: Floats) -> OutputFacts:
    """What the outputs y (…, B, O) of a layer show."""
    different = y != 0
    units, (mean, sd) = y.size // y.shape[-2], compute_mean_and_deviation(y)
    return OutputFacts(
        units=units,
        output_mean=keep_finite(mean),
        output_sd=keep_finite(sd),
        zeros=1 - int(np.count_nonzero(different)) / y.size,
        dead=units - int(np.count_nonzero(different.any(axis=-2))) if layer.activates else 0,
        saturated=count_saturated_units(layer.bounds, y),
        outputs=make_histogram(y[..., :: -(-y.size // MOST_COUNTED), :]),
    )


def count_saturated_units(bounds: tuple[float, float] | None, y: Floats) -> int:
    """The units that are next to a bound of their activation for nearly every row; 0 where there are no bounds."""
    if bounds is None:
        return 0
    low, high = bounds
    near = NEAR * (high - low)
    share = ((y <= low + near) | (y >= high - near)).mean(axis=-2)
    return int(np.count_nonzero(share >= NEARLY_EVERY_ROW))


def measure_rms(values: Floats) -> float | None:
    """√ mean v²; None where it is not a finite number."""
    return keep_finite(compute_root_mean_square(values))


def make_histogram(values: Floats) -> Histogram | None:
    """The histogram in plain numbers; None where a value is not finite."""
    found = count_into_buckets(values)
    return None if found is None else Histogram(edges=tuple(found[0].tolist()), counts=tuple(found[1].tolist()))


def keep_finite(value: float) -> float | None:
    """The value, or None where it is not a finite number."""
    return value if isfinite(value) else None
