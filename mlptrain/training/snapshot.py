"""A training between two steps, as plain numbers and arrays, and a training that goes on from there."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import inf, isinf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.network import Network
from mlptrain.engine.schedules import Plateau
from mlptrain.model.history import COLUMNS, EpochEnded, restore_epochs, tabulate_epochs
from mlptrain.model.layer_history import list_seen_layers, restore_layers, tabulate_layers
from mlptrain.model.network_arrays import select_arrays_by_prefix
from mlptrain.plain import from_plain
from mlptrain.training.state import Best, Running, TrainState

Arrays = dict[str, NDArray[Any]]
HISTORY, LAYERS = "history.", "layers."
"""What the names of the arrays of the history, and of what was seen of the layers, begin with."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The numbers of a training's state, for JSON (None: infinite), and its arrays.

    Arrays: `state.theta` (P,), `state.buffers.<name>`, `state.slots.<name>`, `best.theta` (P,), `best.buffers.<name>`,
    `history.<column>` (epochs,), `layers.<fact>` where the layers are watched. Those of `take_snapshot` are the living
    ones: valid until the next step.
    """

    numbers: Mapping[str, Any]
    arrays: Arrays

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return int(self.numbers["epoch"])

    @property
    def batches(self) -> int:
        """Batches done of the next one."""
        return int(self.numbers["running"]["batches"])

    @property
    def best_epoch(self) -> int:
        """The best epoch so far; 0 before the first one ended."""
        return int(self.numbers["best"]["epoch"])

    @property
    def finite(self) -> bool:
        """Whether θ and the buffers hold numbers only."""
        state = (values for name, values in self.arrays.items() if name.startswith(("state.theta", "state.buffers.")))
        return all(np.isfinite(values).all() for values in state)

    def of_best(self) -> "Snapshot":
        """A copy with the best epoch's θ and buffers in place of the present ones."""
        best = {name: values for name, values in self.arrays.items() if name.startswith("best.")}
        present = {name.replace("best.", "state.", 1): values for name, values in best.items()}
        return Snapshot(numbers=self.numbers, arrays=self.arrays | present)


def take_snapshot(network: Network, state: TrainState) -> Snapshot:
    """The training as it stands."""
    numbers = {
        "epoch": state.epoch,
        "step": state.step,
        "waited": state.waited,
        "reference": encode_infinity(state.reference),
        "running": asdict(state.running),
        "plateau": {name: encode_infinity(value) for name, value in asdict(state.plateau).items()},
        "best": {"epoch": state.best.epoch, "value": encode_infinity(state.best.value)},
    }
    history = {f"{HISTORY}{name}": column for name, column in tabulate_epochs(state.history, COLUMNS).items()}
    layers = {f"{LAYERS}{name}": values for name, values in tabulate_layers(state.layers).items()}
    return Snapshot(numbers=numbers, arrays=collect_training_state_arrays(network, state) | history | layers)


def collect_training_state_arrays(network: Network, state: TrainState) -> Arrays:
    """The arrays of a training that a step changes."""
    arrays: Arrays = {"state.theta": network.parameters.theta}
    arrays |= {f"state.buffers.{name}": values for name, values in network.buffers.items()}
    arrays |= {f"state.slots.{name}": values for name, values in state.slots.items()}
    if state.best.epoch:
        arrays |= {"best.theta": state.best.theta}
        arrays |= {f"best.buffers.{name}": values for name, values in state.best.buffers.items()}
    return arrays


def restore_snapshot(snapshot: Snapshot, network: Network, state: TrainState) -> None:
    """Put a snapshot into a network and the state before its first step; a ValueError if it is of another training."""
    numbers = snapshot.numbers
    state.epoch, state.step, state.waited = (read_count(numbers[name]) for name in ("epoch", "step", "waited"))
    state.reference = decode_infinity(numbers["reference"])
    state.running = from_plain(Running, numbers["running"])
    plateau = numbers["plateau"]
    state.plateau = from_plain(Plateau, plateau | {"best": decode_infinity(plateau["best"])})
    state.best = Best()
    if best := read_count(numbers["best"]["epoch"]):
        state.best.keep(best, decode_infinity(numbers["best"]["value"]), network)
    wanted = collect_training_state_arrays(network, state)
    present = {name: values for name, values in snapshot.arrays.items() if not name.startswith((HISTORY, LAYERS))}
    if present.keys() != wanted.keys():
        raise ValueError(f"its arrays are others: {sorted(present.keys() ^ wanted.keys())[0]}")
    for name, values in wanted.items():
        stored = present[name]
        if (stored.shape, stored.dtype) != (values.shape, values.dtype):
            raise ValueError(f"{name} is {stored.dtype} {stored.shape}, not {values.dtype} {values.shape}")
        values[...] = stored
    state.history = read_history(snapshot.arrays, state.epoch)
    state.layers = restore_layers(select_arrays_by_prefix(snapshot.arrays, LAYERS), list_seen_layers(network))


def read_history(arrays: Mapping[str, NDArray[Any]], count: int) -> list[EpochEnded]:
    """The epochs done, from the arrays of a snapshot."""
    columns = {name: arrays[f"{HISTORY}{name}"] for name in COLUMNS}
    if {len(column) for column in columns.values()} != {count}:
        raise ValueError(f"its history is not one of {count} epochs")
    return restore_epochs(columns)


def encode_infinity(value: float) -> float | None:
    """A number as JSON has it: infinity is None."""
    return None if isinf(value) else value


def decode_infinity(value: float | None) -> float:
    """None back to infinity; a ValueError for a value that is no number."""
    return inf if value is None else float(from_plain(float, value))


def read_count(value: Any) -> int:
    """A count as it was stored."""
    if (count := from_plain(int, value)) < 0:
        raise ValueError(f"{count} is no count")
    return int(count)
