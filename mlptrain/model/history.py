"""The history of a training: its epochs as a list of records, or as one array a column, which is how files hold it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import isnan, nan
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

Reason = Literal["epochs", "early_stopping", "time_limit", "interrupted"]
"""Why training ended: all epochs done, no improvement for `patience` epochs, no time left, or stopped by the user."""
IMPORTED = "imported"
"""In place of a reason where the weights of a model are no more those of its training."""


@dataclass(frozen=True, kw_only=True)
class EpochEnded:
    """An epoch is over. Losses are without penalty; a value that is not defined (or not measured) is None."""

    kind: ClassVar[str] = "epoch"

    epoch: int
    train_loss: float
    train_metric: float | None
    penalty: float
    validation_loss: float | None
    validation_metric: float | None
    learning_rate: float
    best: bool
    """Whether this epoch is the best so far by the watched quantity."""
    rows_per_second: float
    gradient_norm: float | None = None
    undefined: str = ""
    """Why a metric of this epoch has no value; the history does not keep it."""


COLUMNS = tuple(each.name for each in fields(EpochEnded) if each.name != "undefined")
STORED_COLUMNS = tuple(name for name in COLUMNS if name != "rows_per_second")
"""The columns that a model file holds: all but the speed, so that the same run gives the same bytes."""


def tabulate_epochs(
    epochs: Sequence[EpochEnded], columns: Sequence[str] = STORED_COLUMNS
) -> dict[str, NDArray[np.float64]]:
    """One array (epochs,) for each of the columns; None is NaN."""
    values = {name: [getattr(epoch, name) for epoch in epochs] for name in columns}
    return {
        name: np.array([nan if each is None else float(each) for each in column], np.float64)
        for name, column in values.items()
    }


def restore_epochs(columns: Mapping[str, NDArray[Any]]) -> list[EpochEnded]:
    """The epochs that `tabulate_epochs` made columns of; without its column, the speed is NaN."""
    known = {"rows_per_second": np.full(len(columns["epoch"]), nan)} | dict(columns)
    values = [known[name].tolist() for name in COLUMNS]
    return [restore_epoch(dict(zip(COLUMNS, numbers, strict=True))) for numbers in zip(*values, strict=True)]


def restore_epoch(values: Mapping[str, float]) -> EpochEnded:
    """One epoch from the numbers of its columns."""
    known: dict[str, Any] = {name: None if isnan(value) else value for name, value in values.items()}
    exact = {"epoch": int(values["epoch"]), "best": bool(values["best"]), "rows_per_second": values["rows_per_second"]}
    return EpochEnded(**(known | exact))
