"""A training between two steps, as plain numbers and arrays, and a training that goes on from there."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import inf, isinf, isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.network import Network
from mlptrain.engine.schedules import Plateau
from mlptrain.spec.plain import from_plain
from mlptrain.training.events import EpochEnded
from mlptrain.training.state import Best, Running, TrainState

Arrays = dict[str, NDArray[Any]]
COLUMNS = tuple(each.name for each in fields(EpochEnded))


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The numbers of a training's state, for JSON (None: infinite), and its arrays.

    Arrays: `state.theta` (P,), `state.buffers.<name>`, `state.slots.<name>`, `best.theta` (P,), `best.buffers.<name>`,
    `history.<column>` (epochs,). Of `taken` they are the living ones: valid until the next step.
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
        """The same with the best epoch's θ and buffers in place of the present ones."""
        best = {name: values for name, values in self.arrays.items() if name.startswith("best.")}
        present = {name.replace("best.", "state.", 1): values for name, values in best.items()}
        return Snapshot(numbers=self.numbers, arrays=self.arrays | present)


def taken(network: Network, state: TrainState) -> Snapshot:
    """The training as it stands."""
    numbers = {
        "epoch": state.epoch,
        "step": state.step,
        "waited": state.waited,
        "reference": finite(state.reference),
        "running": asdict(state.running),
        "plateau": {name: finite(value) for name, value in asdict(state.plateau).items()},
        "best": {"epoch": state.best.epoch, "value": finite(state.best.value)},
    }
    return Snapshot(numbers=numbers, arrays=living(network, state) | history_of(state))


def living(network: Network, state: TrainState) -> Arrays:
    """The arrays of a training that a step changes."""
    arrays: Arrays = {"state.theta": network.parameters.theta}
    arrays |= {f"state.buffers.{name}": values for name, values in network.buffers.items()}
    arrays |= {f"state.slots.{name}": values for name, values in state.slots.items()}
    if state.best.epoch:
        arrays |= {"best.theta": state.best.theta}
        arrays |= {f"best.buffers.{name}": values for name, values in state.best.buffers.items()}
    return arrays


def history_of(state: TrainState) -> Arrays:
    """The epochs done, one array a column; None is NaN."""
    return {
        f"history.{name}": np.array([nan_for_none(getattr(epoch, name)) for epoch in state.history], np.float64)
        for name in COLUMNS
    }


def restore(snapshot: Snapshot, network: Network, state: TrainState) -> None:
    """Put a snapshot into a network and the state before its first step; a ValueError if it is of another training."""
    numbers = snapshot.numbers
    state.epoch, state.step, state.waited = (whole(numbers[name]) for name in ("epoch", "step", "waited"))
    state.reference = infinite(numbers["reference"])
    state.running = from_plain(Running, numbers["running"])
    plateau = numbers["plateau"]
    state.plateau = from_plain(Plateau, plateau | {"best": infinite(plateau["best"])})
    state.best = Best()
    if best := whole(numbers["best"]["epoch"]):
        state.best.keep(best, infinite(numbers["best"]["value"]), network)
    wanted = living(network, state)
    present = {name: values for name, values in snapshot.arrays.items() if not name.startswith("history.")}
    if present.keys() != wanted.keys():
        raise ValueError(f"its arrays are others: {sorted(present.keys() ^ wanted.keys())[0]}")
    for name, values in wanted.items():
        stored = present[name]
        if (stored.shape, stored.dtype) != (values.shape, values.dtype):
            raise ValueError(f"{name} is {stored.dtype} {stored.shape}, not {values.dtype} {values.shape}")
        values[...] = stored
    state.history = epochs_of(snapshot.arrays, state.epoch)


def epochs_of(arrays: Mapping[str, NDArray[Any]], count: int) -> list[EpochEnded]:
    """The epochs done, from their columns."""
    columns = {name: arrays[f"history.{name}"].tolist() for name in COLUMNS}
    if {len(column) for column in columns.values()} != {count}:
        raise ValueError(f"its history is not one of {count} epochs")
    return [epoch_of(dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True)]


def epoch_of(values: dict[str, float]) -> EpochEnded:
    """One epoch from the numbers of its columns."""
    known: dict[str, Any] = {name: None if isnan(value) else value for name, value in values.items()}
    exact = {"epoch": int(values["epoch"]), "best": bool(values["best"]), "rows_per_second": values["rows_per_second"]}
    return EpochEnded(**(known | exact))


def nan_for_none(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def finite(value: float) -> float | None:
    """A number as JSON has it: infinity is None."""
    return None if isinf(value) else value


def infinite(value: float | None) -> float:
    """`finite`, undone."""
    return inf if value is None else float(from_plain(float, value))


def whole(value: Any) -> int:
    """A count as it was stored."""
    if (count := from_plain(int, value)) < 0:
        raise ValueError(f"{count} is no count")
    return int(count)
