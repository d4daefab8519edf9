"""`show`: what a model file holds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlptrain.data.targets import ClassTarget, Target
from mlptrain.fitting.measuring import Metrics
from mlptrain.model.file import load
from mlptrain.model.model import Model
from mlptrain.spec.plain import to_plain


@dataclass(frozen=True, kw_only=True)
class Description:
    """What `mlptrain show` says of a model file."""

    model: str
    parameters: int
    bytes: int
    networks: int
    """More than one after folds; the history is that of the first."""
    reason: str
    epochs: int
    best_epoch: int
    metrics: dict[str, Metrics]
    refit: bool
    """Whether the network was trained anew on all rows; the history is that of the search for the best epoch."""
    columns: dict[str, str]
    target: str
    history: dict[str, list[float | None]]
    spec: dict[str, Any]


def target_rows(target: Target) -> list[tuple[str, str, str, str]]:
    """The target column(s), in words."""
    if isinstance(target, ClassTarget):
        labels = ", ".join(target.classes[:10]) + (" …" if len(target.classes) > 10 else "")
        return [(target.name, "target", f"{len(target.classes)} classes", labels)]
    return [(name, "target", "number", "") for name in target.names]


def inputs_text(kind: str, width: int) -> str:
    """A column's kind and the inputs it becomes."""
    return f"{kind}, {width} input{'s' * (width > 1)}"


def describe(model_path: str) -> Description:
    """What a model file holds."""
    return description(load(Path(model_path)), model_path, Path(model_path).stat().st_size)


def description(model: Model, model_path: str, size: int) -> Description:
    """What a model holds that stands in a file of some size."""
    first = model.members[0]
    history = {
        name: [None if value != value else value for value in values.tolist()] for name, values in first.history.items()
    }
    kept = ("reason", "epochs", "best_epoch", "metrics")
    return Description(
        model=model_path,
        parameters=sum(each.network.parameters.theta.size for each in model.members),
        bytes=size,
        networks=len(model.members),
        columns={name: inputs_text(column.kind, column.width) for name, column in model.columns().items()},
        target="\n".join(f"{name}: {size} {labels}".rstrip() for name, _, size, labels in target_rows(model.target)),
        history=history,
        spec=to_plain(model.spec),
        refit=model.result.get("refit", False),
        **{name: model.result[name] for name in kept},
    )
