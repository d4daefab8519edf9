"""Which metrics people are shown, and in which order: the watched one first, none that says what another one says."""

from collections.abc import Mapping, Sequence

from mlptrain.figures import format_figure
from mlptrain.model.baseline import explain_baseline_gap
from mlptrain.model.watched import Watched

SHORT = ("loss", "log_loss", "accuracy", "f1", "auc", "rmse", "mae", "r2")
"""The metrics that `fit` ends with, beside the watched one; `eval` shows all, `--json` and `--verbose` too."""
Metrics = Mapping[str, float | None]
Parts = Mapping[str, Metrics]


def order_metrics(parts: Parts, watched: Watched, *, first: str) -> list[str]:
    """All metrics, `first` before the others, without those that follow from another one."""
    names = list(next(iter(parts.values())))
    hidden = find_repetitions(parts, watched, first)
    return sorted((name for name in names if name not in hidden), key=lambda name: name != first)


def shorten_metrics(parts: Parts, watched: Watched, *, first: str) -> list[str]:
    """The few that a fit ends with; those that are undefined in all parts are not among them."""
    ordered = order_metrics(parts, watched, first=first)
    defined = [name for name in ordered if any(values[name] is not None for values in parts.values())]
    return [name for name in defined if name == first or name in SHORT]


def find_repetitions(parts: Parts, watched: Watched, first: str) -> set[str]:
    """The metrics that say what another one says, or, of a scaled target, what nobody can read."""
    values = [list(map(format_figure, (each.get("loss"), each.get("log_loss")))) for each in parts.values()]
    hidden = {"accuracy" if first == "error_rate" else "error_rate"}
    if all(loss == log_loss for loss, log_loss in values):
        hidden.add("log_loss" if first == "loss" else "loss")
    if first != "loss" and (watched.calibrated or watched.scaled or watched.several):
        hidden.add("loss")
    return hidden


def choose_headline(metrics: Mapping[str, float | None], watched: Watched) -> str:
    """The metric that leads where the model is measured as it is now.

    The loss is that of networks before their calibration and their average; log_loss is that of what they predict.
    """
    changed = watched.name == "loss" and (watched.calibrated or watched.several)
    if changed and metrics.get("log_loss") is not None:
        return "log_loss"
    return watched.name or watched.metric


def describe_scaled_loss(names: Sequence[str], watched: Watched) -> list[str]:
    """A line about the units of the loss, if it is shown and its target was scaled."""
    what = "the logarithm of the target, scaled" if watched.transformed else "the scaled target"
    return [f"  (loss: of {what})"] if "loss" in names and watched.scaled else []


def explain_gaps(metrics: Parts, undefined: Mapping[str, Mapping[str, str]], baseline: Parts) -> dict[str, str]:
    """Why a metric has no value, by its name: on the last part, on another one alone, or of the baseline alone."""
    parts, gaps = [*metrics], dict[str, str]()
    last = parts[-1]
    for part in reversed(parts):
        where = "" if part == last else f"on the {part} rows "
        for name, reason in undefined.get(part, {}).items():
            gaps.setdefault(name, f"{where}undefined: {reason}")
    for name in list_baseline_gaps(metrics[last], baseline.get(last, {})):
        gaps.setdefault(name, explain_baseline_gap(name))
    return gaps


def list_baseline_gaps(metrics: Metrics, baseline: Metrics) -> list[str]:
    """The metrics that a baseline, if there is one, does not have, and the model has."""
    return [name for name, value in metrics.items() if baseline and value is not None and baseline.get(name) is None]
