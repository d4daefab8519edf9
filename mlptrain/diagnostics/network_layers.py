"""Inside the networks: their parameters and layers as they are, and what was seen of them in training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mlptrain.engine.parameters import Parameters
from mlptrain.model.encoding import encode_inputs
from mlptrain.model.evaluation import JudgedRows
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.layer_facts import limit_watched_rows, make_histogram, measure_layers, measure_rms
from mlptrain.model.layer_findings import LayerFinding, find_layer_faults
from mlptrain.model.layer_history import Histogram, LayerFacts, LayersSeen
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows
from mlptrain.model.training_names import name_training

MOST_ROWS = 2000
"""Judged rows for which the outputs of layers are computed."""
ENOUGH_ROWS = 100
"""Rows from which on a unit that does nothing for any of them is at fault: of few, it may be useful for others."""
OF_UNITS = ("dead", "saturated")
"""The faults that need no gradients."""


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
    """What is wrong with them: with the units now, with gradients and steps when they were last seen."""


def describe_networks(model: Model, judged: JudgedRows | None) -> tuple[NetworkLayers, ...]:
    """The layers of each network, with their outputs for some of the judged rows."""
    count, repeats = len(model.networks), model.spec.data.split.repeats
    return tuple(
        describe_layers(each, name_training(number, count, repeats) if count > 1 else "", judged)
        for number, each in enumerate(model.networks, 1)
    )


def describe_layers(fitted: FittedNetwork, name: str, judged: JudgedRows | None) -> NetworkLayers:
    """The layers of one network."""
    rows = 0 if judged is None else limit_watched_rows(fitted.network, min(judged.rows.count, MOST_ROWS))
    now = () if judged is None else look_at_layers(fitted, judged.rows, rows)
    snapshots = tuple(fitted.snapshots)
    return NetworkLayers(
        name=name,
        rows=rows,
        now=now,
        parameters=tuple(list_parameters(fitted.network.parameters)),
        snapshots=snapshots,
        faults=tuple(list_faults(now if rows >= ENOUGH_ROWS else (), snapshots)),
    )


def look_at_layers(fitted: FittedNetwork, rows: Rows, count: int) -> tuple[LayerFacts, ...]:
    """The layers as they are, with their outputs for so many of the rows, evenly spaced."""
    chosen = rows.take(np.linspace(0, rows.count - 1, count).round().astype(np.int64))
    return measure_layers(fitted.network, encode_inputs(fitted.features, chosen, fitted.network.dtype))


@np.errstate(all="ignore")  # what is not a finite number is None
def list_parameters(parameters: Parameters) -> Iterator[ParameterFacts]:
    """All parameters of a network, in the order of its layers."""
    for name, values in parameters.values.items():
        yield ParameterFacts(
            name=name,
            parameter_kind=parameters.declarations[name].kind,
            shape=values.shape,
            rms=measure_rms(values),
            values=make_histogram(values),
        )


def list_faults(now: tuple[LayerFacts, ...], snapshots: Sequence[LayersSeen]) -> Iterator[LayerFinding]:
    """What is wrong with the layers: idle units as they are now, gradients and steps as they were last seen."""
    if now:
        yield from find_layer_faults(LayersSeen(epoch=0, layers=now))
    for each in find_layer_faults(snapshots[-1]) if snapshots else ():
        if not now or each.code not in OF_UNITS:
            yield each
