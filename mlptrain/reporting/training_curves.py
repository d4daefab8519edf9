"""The curves of a finished fit: losses, and the watched metric where it is another thing, of each of its trainings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlptrain.model.watched import Watched
from mlptrain.reporting.curve import Curve, Values
from mlptrain.reporting.panels import Epochs
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.words import name_training_loss

History = Mapping[str, Values]
"""The epochs of a training, column by column."""


@dataclass(frozen=True, kw_only=True)
class TrainingCurves:
    """What a training has of curves; none of a history that has no epochs."""

    name: str
    """What it is called among several; empty where it is alone."""
    epochs: Epochs
    losses: tuple[Curve, ...]
    metrics: tuple[Curve, ...]

    @property
    def charts(self) -> list[tuple[Curve, ...]]:
        """The curves that can be drawn, those on one scale together."""
        return [chart for chart in (self.losses, self.metrics) if chart]


def list_training_curves(
    histories: Sequence[History], names: Sequence[str], watched: Watched, *, running_loss: bool
) -> list[TrainingCurves]:
    """The curves of each training, in order; `names` are theirs, of a single one there is none."""
    names = names or [""] * len(histories)
    return [
        collect_training_curves(history, name, watched, running_loss=running_loss)
        for history, name in zip(histories, names, strict=True)
    ]


def collect_training_curves(history: History, name: str, watched: Watched, *, running_loss: bool) -> TrainingCurves:
    """The curves of one training."""
    metric = None if watched.name == "loss" else watched.name
    losses = [("train_loss", name_training_loss(running=running_loss)), ("validation_loss", "validation loss")]
    metrics = [(f"{part}_metric", f"{part} {escape_text(metric)}") for part in ("train", "validation") if metric]
    return TrainingCurves(
        name=name,
        epochs=find_epochs(history),
        losses=collect_curves(history, losses),
        metrics=collect_curves(history, metrics),
    )


def collect_curves(history: History, columns: Sequence[tuple[str, str]]) -> tuple[Curve, ...]:
    """Columns of a history as curves with names; without those that have nothing to draw."""
    curves = [
        Curve(name, history.get(column, ()), part="validation" if column.startswith("validation") else "train")
        for column, name in columns
    ]
    return tuple(curve for curve in curves if curve.is_drawable)


def find_epochs(history: History) -> Epochs:
    """The first and the last epoch of a history, and the best of those that are marked."""
    numbers = [int(number or 0) for number in history.get("epoch", ())]
    best = [number for number, is_best in zip(numbers, history.get("best", ()), strict=False) if is_best]
    return Epochs(first=min(numbers, default=0), last=max(numbers, default=0), best=max(best, default=None))
