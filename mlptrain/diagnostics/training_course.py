"""How a model was trained: its epochs, network by network, and the metrics of the parts."""

from dataclasses import dataclass
from math import isnan

from mlptrain.engine.metrics import Metrics
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.model import Model
from mlptrain.model.training_names import name_training
from mlptrain.model.watched import Watched

History = dict[str, tuple[float | None, ...]]


@dataclass(frozen=True, kw_only=True)
class NetworkCourse:
    """The epochs of one network."""

    name: str
    """fold 2, repeat 3 …; empty of one network."""
    best_epoch: int | None
    """The epoch whose parameters were kept; None where none was watched."""
    history: History
    """The epochs, column by column; None where a value is not defined."""


@dataclass(frozen=True, kw_only=True)
class TrainingCourse:
    """How a model was trained."""

    reason: str
    epochs: int
    """Those of one network, or of the search for the best epoch before a refit."""
    watched: Watched
    running_loss: bool
    """Whether the training loss is the mean over the epoch's batches as they were trained."""
    refit: bool
    """Whether the network was trained anew on all rows up to the best epoch."""
    networks: tuple[NetworkCourse, ...]
    """Those that have the spec of the first."""
    metrics: dict[str, Metrics]
    """The metrics of the parts: train, validation …"""
    baseline: dict[str, Metrics]


def describe_course(model: Model) -> TrainingCourse:
    """How a model was trained."""
    networks, result = model.leading_networks, model.result
    repeats = model.spec.data.split.repeats
    return TrainingCourse(
        reason=result.get("reason", ""),
        epochs=result.get("epochs", 0),
        watched=model.watched,
        running_loss=model.spec.training.train_loss == "running",
        refit=result.get("refit", False),
        networks=tuple(
            describe_network_course(each, name_training(number, len(networks), repeats) if len(networks) > 1 else "")
            for number, each in enumerate(networks, 1)
        ),
        metrics=result.get("metrics", {}),
        baseline=result.get("baseline", {}),
    )


def describe_network_course(fitted: FittedNetwork, name: str) -> NetworkCourse:
    """The epochs of one network."""
    columns = {column: values.tolist() for column, values in fitted.history.items()}
    epochs = [int(epoch) for epoch, best in zip(columns.get("epoch", ()), columns.get("best", ()), strict=True) if best]
    return NetworkCourse(
        name=name,
        best_epoch=epochs[-1] if epochs else None,
        history={
            column: tuple(None if isnan(value) else value for value in values) for column, values in columns.items()
        },
    )
