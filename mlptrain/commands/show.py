"""`show`: what a model file holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlptrain.display import Displayable
from mlptrain.engine.metrics import Metrics
from mlptrain.model.layer_history import LayersSeen, list_layer_columns
from mlptrain.model.model import Model
from mlptrain.model.training_names import name_training
from mlptrain.model.watched import Watched
from mlptrain.plain import to_plain
from mlptrain.spec.fields import Split


@dataclass(frozen=True, kw_only=True)
class OtherNetworks:
    """Networks of another spec than the first one."""

    networks: int
    share: float
    """Their part of the weight of all networks."""
    spec: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Description(Displayable):
    """What `mlptrain show` says of a model file."""

    model: str
    parameters: int
    bytes: int
    networks: int
    """More than one after folds; the history is that of the first."""
    reason: str
    epochs: int
    best_epoch: int
    best_epochs: tuple[int, ...]
    """That of each of several networks, in place of their mean; none where the file does not have them."""
    metrics: dict[str, Metrics]
    baseline: dict[str, Metrics]
    """The metrics of the prediction that knows nothing of a row; of a model that has none, nothing."""
    undefined: dict[str, dict[str, str]]
    """Why a metric has no value."""
    refit: bool
    """Whether the network was trained anew on all rows; the history is that of the search for the best epoch."""
    columns: dict[str, str]
    target: str
    history: dict[str, list[float | None]]
    histories: tuple[dict[str, list[float | None]], ...]
    """That of each of the networks that have the spec of the first."""
    names: tuple[str, ...]
    """What each of several networks is called: a fold, a repeat."""
    layers: dict[str, dict[str, list[float | None]]]
    """What was seen of the layers, by layer and by fact; nothing where they were not watched."""
    last_layers: LayersSeen | None
    """The last of these snapshots."""
    spec: dict[str, Any]
    """That of the first network."""
    others: tuple[OtherNetworks, ...]
    """The networks that have another spec, one entry a spec."""
    spec_folder: str
    """The folder that the spec's paths are relative to, seen from the model's."""
    watched: Watched
    running_loss: bool
    """Whether the training loss of the history is the mean over the epoch's batches as they were trained."""


def show_file(model_path: str) -> Description:
    """What a model file holds."""
    return describe_model(Model.load(model_path), model_path, Path(model_path).stat().st_size)


def describe_model(model: Model, model_path: str, size: int) -> Description:
    """What a model holds that stands in a file of some size."""
    snapshots = model.networks[0].snapshots
    kept = ("reason", "epochs", "best_epoch", "metrics")
    return Description(
        model=model_path,
        parameters=model.parameters,
        bytes=size,
        networks=len(model.networks),
        columns={name: describe_column_inputs(column.kind, column.width) for name, column in model.columns().items()},
        target="\n".join(f"{name}: {size} {labels}".rstrip() for name, _, size, labels in model.head.describe()),
        best_epochs=tuple(each["best_epoch"] for each in model.result.get("folds", ())),
        history=model.history,
        histories=model.histories,
        names=name_networks(model.spec.data.split, len(model.leading_networks)),
        layers=list_layer_columns(snapshots),
        last_layers=snapshots[-1] if snapshots else None,
        spec=to_plain(model.spec),
        others=tuple(list_other_networks(model)),
        baseline=model.result.get("baseline", {}),
        undefined=model.result.get("undefined", {}),
        spec_folder=model.spec_folder,
        watched=model.watched,
        running_loss=model.spec.training.train_loss == "running",
        refit=model.result.get("refit", False),
        **{name: model.result[name] for name in kept},
    )


def name_networks(split: Split, count: int) -> tuple[str, ...]:
    """What each of several networks is called; of a single one there is no name."""
    trainings = max(split.trainings, count)
    return tuple(name_training(k, trainings, split.repeats) for k in range(1, count + 1)) if count > 1 else ()


def describe_column_inputs(kind: str, width: int) -> str:
    """A column's kind and the inputs it becomes."""
    return f"{kind}, {width} input{'s' * (width > 1)}"


def list_other_networks(model: Model) -> Iterator[OtherNetworks]:
    """The networks that have another spec than the first, by spec, in their order."""
    rest = [(each.spec, weight) for each, weight in zip(model.networks, model.weights, strict=True)]
    while rest := [(spec, weight) for spec, weight in rest if spec != rest[0][0]]:
        own = [weight for spec, weight in rest if spec == rest[0][0]]
        yield OtherNetworks(networks=len(own), share=sum(own) / sum(model.weights), spec=to_plain(rest[0][0]))
