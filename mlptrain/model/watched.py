"""What a fit watched on its validation rows, and the value it had in the best epoch of each network."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

from mlptrain.model.fitted_network import FittedNetwork


@dataclass(frozen=True, kw_only=True)
class Watched:
    """The watched quantity of a fit; what a table of its metrics begins with."""

    name: str | None
    """"loss" or a metric, on the validation rows; None where nothing was watched."""
    metric: str
    """The metric that each epoch reports."""
    values: tuple[float | None, ...]
    """Its value in the best epoch of each leading network, as it was while training; None where none is known."""
    calibrated: bool
    """Whether a temperature was found after training: the loss is another one since."""
    scaled: bool
    """Whether the loss is of a target that was scaled or transformed."""
    transformed: bool
    """Whether it is of the target's logarithm."""

    @property
    def several(self) -> bool:
        """Whether several networks predict together."""
        return len(self.values) > 1


def select_leading_networks(networks: Sequence[FittedNetwork]) -> list[FittedNetwork]:
    """The networks with the spec of the first; the others may have watched something else."""
    return [each for each in networks if each.spec == networks[0].spec]


def summarize_watched(networks: Sequence[FittedNetwork]) -> Watched:
    """What the fit of some networks watched, as the leading ones did."""
    first, networks = networks[0], select_leading_networks(networks)
    monitor = first.spec.training.monitor
    watches = any(find_best_value(each, "validation_loss") is not None for each in networks)
    column = "validation_loss" if monitor == "loss" else "validation_metric"
    return Watched(
        name=monitor if watches else None,
        metric=first.head.default_metric if monitor == "loss" else monitor,
        values=tuple(find_best_value(each, column) for each in networks),
        calibrated=any(map(is_calibrated, networks)),
        scaled=first.head.scales_target,
        transformed=first.spec.data.target_transform != "none",
    )


def find_best_value(fitted: FittedNetwork, column: str) -> float | None:
    """A column of the history in the epoch that was kept."""
    best = [number for number, is_best in enumerate(fitted.history.get("best", ())) if is_best]
    value = float(fitted.history[column][best[-1]]) if best else float("nan")
    return None if isnan(value) else value


def is_calibrated(fitted: FittedNetwork) -> bool:
    """Whether the logits are divided by a temperature that was found after training."""
    temperatures = [value for name, value in fitted.network.buffers.items() if name.endswith(".temperature")]
    return any(float(value) != 1 for each in temperatures for value in each.ravel())
