"""What is seen of the layers of a network while it is trained: as records, or as arrays, which is how files hold it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.histograms import BUCKETS
from mlptrain.engine.layer import Layer
from mlptrain.engine.network import Network

MOST_SNAPSHOTS = 200
"""Of more snapshots of the layers, every second, every fourth … is kept, and the last."""


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
    """Of many outputs, those of evenly spaced rows are counted."""


@dataclass(frozen=True, kw_only=True)
class LayersSeen:
    """The layers as they are at the end of an epoch, in the order of the network."""

    kind: ClassVar[str] = "layers"

    epoch: int
    layers: tuple[LayerFacts, ...]
    gradient_norm: float | None = None
    """The norm of the whole gradient in the last step of the epoch."""


COUNTED = ("units", "dead", "saturated")
"""The facts that are whole numbers."""
FACTS = ("weight_rms", "gradient_rms", "update_ratio", "output_mean", "output_sd", "zeros", *COUNTED)
"""The facts that are one number each."""
HISTOGRAMS = ("weights", "gradients", "outputs")
RANGE, COUNTS = "{}_range", "{}_counts"
"""The names of a histogram's arrays: the first and the last edge, and the counts."""


def list_seen_layers(network: Network) -> list[tuple[str, Layer]]:
    """The layers that are looked at, by name: all but those that do nothing in evaluation, in their order."""
    return [(name, layer) for name, layer, _ in network.walk() if not layer.idle]


def thin_snapshots(earlier: Sequence[LayersSeen], newest: LayersSeen, every: int) -> list[LayersSeen]:
    """The snapshots that are kept, the newest last: those of round distances from epoch 0 on, as many as there may be.

    Which they are depends on the epoch and on `every`, the distance at first, alone.
    """
    step = every
    while (newest.epoch - 1) // step + 1 > MOST_SNAPSHOTS:
        step *= 2
    return [*(each for each in earlier if each.epoch % step == 0), newest]


def tabulate_layers(snapshots: Sequence[LayersSeen]) -> dict[str, NDArray[Any]]:
    """The snapshots as arrays; nothing of none. S snapshots, L layers; None is NaN.

    `epoch` and `gradient_norm` (S,); each of the facts (S, L); of each histogram the first and the last edge (S, L, 2)
    and the counts (S, L, buckets).
    """
    if not snapshots:
        return {}
    found: dict[str, NDArray[Any]] = {
        "epoch": np.array([each.epoch for each in snapshots], np.float64),
        "gradient_norm": np.array([encode_gap(each.gradient_norm) for each in snapshots]),
    }
    rows = [each.layers for each in snapshots]
    for name in FACTS:
        found[name] = np.array([[encode_gap(getattr(facts, name)) for facts in row] for row in rows], np.float64)
    for name in HISTOGRAMS:
        pairs = [[split_histogram(getattr(facts, name)) for facts in row] for row in rows]
        found[RANGE.format(name)] = np.array([[ends for ends, _ in row] for row in pairs], np.float64)
        found[COUNTS.format(name)] = np.array([[counts for _, counts in row] for row in pairs], np.int32)
    return found


def restore_layers(arrays: Mapping[str, NDArray[Any]], layers: Sequence[tuple[str, Layer]]) -> list[LayersSeen]:
    """The snapshots that `tabulate_layers` made arrays of, of a network with these layers."""
    if not arrays:
        return []
    columns = {name: arrays[name].tolist() for name in ("epoch", "gradient_norm", *FACTS)}
    return [
        LayersSeen(
            epoch=int(epoch),
            gradient_norm=decode_gap(columns["gradient_norm"][row]),
            layers=tuple(
                LayerFacts(
                    name=name,
                    layer_kind=layer.kind,
                    **{fact: restore_fact(fact, columns[fact][row][column]) for fact in FACTS},
                    **restore_histograms(arrays, row, column),
                )
                for column, (name, layer) in enumerate(layers)
            ),
        )
        for row, epoch in enumerate(columns["epoch"])
    ]


def restore_histograms(arrays: Mapping[str, NDArray[Any]], row: int, column: int) -> dict[str, Any]:
    """The histograms of a layer in a snapshot, by name."""
    found = {name: (arrays[RANGE.format(name)], arrays[COUNTS.format(name)]) for name in HISTOGRAMS}
    return {name: join_histogram(ends[row, column], counts[row, column]) for name, (ends, counts) in found.items()}


def list_array_forms(snapshots: int, layers: int) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """The shape and the type of each of the arrays."""
    double, count = np.dtype(np.float64), np.dtype(np.int32)
    return {
        **dict.fromkeys(("epoch", "gradient_norm"), ((snapshots,), double)),
        **dict.fromkeys(FACTS, ((snapshots, layers), double)),
        **{RANGE.format(name): ((snapshots, layers, 2), double) for name in HISTOGRAMS},
        **{COUNTS.format(name): ((snapshots, layers, BUCKETS), count) for name in HISTOGRAMS},
    }


def list_layer_columns(snapshots: Sequence[LayersSeen]) -> dict[str, dict[str, list[float | None]]]:
    """By layer, by fact, one number a snapshot, and the epochs of the snapshots beside them."""
    if not snapshots:
        return {}
    epochs: list[float | None] = [each.epoch for each in snapshots]
    return {
        facts.name: {"epoch": epochs}
        | {fact: [getattr(each.layers[position], fact) for each in snapshots] for fact in FACTS}
        for position, facts in enumerate(snapshots[0].layers)
    }


def restore_fact(name: str, value: float) -> Any:
    """A fact from the number of its column."""
    return int(value) if name in COUNTED else decode_gap(value)


def encode_gap(value: float | None) -> float:
    """None as NaN."""
    return nan if value is None else value


def decode_gap(value: float) -> float | None:
    """NaN as None."""
    return None if isnan(value) else value


def split_histogram(histogram: Histogram | None) -> tuple[tuple[float, float], tuple[int, ...]]:
    """The first and the last edge, and the counts."""
    if histogram is None:
        return (nan, nan), (0,) * BUCKETS
    return (histogram.edges[0], histogram.edges[-1]), histogram.counts


def join_histogram(ends: NDArray[Any], counts: NDArray[Any]) -> Histogram | None:
    """The histogram of the first and the last edge, and the counts."""
    low, high = ends.tolist()
    if isnan(low):
        return None
    return Histogram(edges=tuple(np.linspace(low, high, BUCKETS + 1).tolist()), counts=tuple(counts.tolist()))
