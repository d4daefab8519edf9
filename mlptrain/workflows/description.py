"""`show`: what a model file holds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlptrain.data.features import ClassTarget, Target
from mlptrain.model_file import load
from mlptrain.spec.plain import to_plain
from mlptrain.workflows.measuring import Metrics


@dataclass(frozen=True, kw_only=True)
class Description:
    """What `mlptrain show` says of a model file."""

    model: str
    parameters: int
    bytes: int
    reason: str
    epochs: int
    best_epoch: int
    metrics: dict[str, Metrics]
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
    model = load(Path(model_path))
    history = {
        name: [None if value != value else value for value in values.tolist()] for name, values in model.history.items()
    }
    return Description(
        model=model_path,
        parameters=model.network.parameters.theta.size,
        bytes=Path(model_path).stat().st_size,
        columns={column.name: inputs_text(column.kind, column.width) for column in model.features.columns},
        target="\n".join(f"{name}: {size} {labels}".rstrip() for name, _, size, labels in target_rows(model.target)),
        history=history,
        spec=to_plain(model.spec),
        **model.result,
    )
