"""What trackers of experiments are told of a run: its name, and the settings that the user has written."""

import json
from collections.abc import Iterable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from mlptrain.model.history import EpochEnded
from mlptrain.model.training_names import name_training
from mlptrain.training.events import FitStarted, Started

Setting = bool | int | float | str

REFIT = "refit"
STANDARD_INPUT = "standard input"
COLUMNS = ("data", "columns")
"""The section whose keys are the columns of a table: what is said of them is no setting to compare runs by."""


def name_run(fit: FitStarted) -> str:
    """The name of a run: that of its spec, as in the name of the model's file.

    >>> name_run(FitStarted(source="configs/iris.yaml")), name_run(FitStarted(source="standard input"))
    ('iris', 'model')
    """
    return "model" if fit.source == STANDARD_INPUT else Path(fit.source).stem


def name_part_of_run(started: Started) -> str:
    """What one of several trainings is called, as the name of a folder: fold-2, refit; empty for a single one."""
    if started.refit:
        return REFIT
    if started.folds == 1:
        return ""
    return name_training(started.fold, started.folds, started.repeats).replace(" ", "-")


def list_settings(fit: FitStarted, spec: Mapping[str, Any]) -> dict[str, Setting]:
    """What the user has written, by dotted keys, with the values of the resolved spec.

    What is said of single columns is left out: a table may have thousands.

    >>> list_settings(FitStarted(source="s", user_settings={("model", "hidden"): ["8"]}), {"model": {"hidden": [8]}})
    {'model.hidden': '[8]'}
    """
    written = {path: text for path, text in fit.user_settings.items() if path[: len(COLUMNS)] != COLUMNS}
    return {".".join(path): simplify_setting(find_setting(spec, path, text)) for path, text in written.items()}


def find_setting(spec: Mapping[str, Any], path: Iterable[str], text: Any) -> Any:
    """The value at a path of a resolved spec; the text that the user has written where there is none, or a section."""
    value: Any = spec
    for step in path:
        if not isinstance(value, Mapping) or step not in value:
            return text
        value = value[step]
    return text if isinstance(value, Mapping) else value


def simplify_setting(value: Any) -> Setting:
    """A setting as a truth value, a number or a text: lists as JSON; a text that reads as a number is one.

    >>> simplify_setting([8, 4]), simplify_setting("0.2"), simplify_setting(True), simplify_setting("tanh")
    ('[8, 4]', 0.2, True, 'tanh')
    """
    if isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    try:
        number = float(text)
    except ValueError:
        return text
    return number if isfinite(number) else text


def list_epoch_values(epoch: EpochEnded, metric: str) -> dict[str, float]:
    """The numbers of an epoch by the names that trackers show; what was not measured or is not finite is left out."""
    values = {
        "loss/train": epoch.train_loss,
        "loss/validation": epoch.validation_loss,
        f"{metric}/train": epoch.train_metric,
        f"{metric}/validation": epoch.validation_metric,
        "penalty": epoch.penalty,
        "learning_rate": epoch.learning_rate,
        "gradient_norm": epoch.gradient_norm,
        "rows_per_second": epoch.rows_per_second,
    }
    return {name: value for name, value in values.items() if value is not None and isfinite(value)}
