"""What must hold between the parts of a model beyond the type of each: fitted columns, target, loss, history, result.

Whoever wrote a model file may have written anything: what these rules let through, every command can work with.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from mlptrain.model.baseline import Baseline
from mlptrain.model.head import Head
from mlptrain.model.history import IMPORTED, STORED_COLUMNS, Reason
from mlptrain.model.layer_history import COUNTED, COUNTS, HISTOGRAMS, MOST_SNAPSHOTS, RANGE, list_array_forms
from mlptrain.model.rows import AnyFeatures
from mlptrain.spec.fields import Spec
from mlptrain.storage.container import Arrays

MOST_LAYERS = 1000
NUMBERED = re.compile(r"column_[1-9][0-9]{0,9}")
"""The columns of a table without a header."""
MEASURE = re.compile(r"[a-z0-9_]{1,40}")
"""What a part or a metric is called."""


def require_rule(holds: bool, rule: str) -> None:
    """Refuse a model that breaks a rule."""
    if not holds:
        raise ValueError(rule)


def check_features(features: AnyFeatures, spec: Spec) -> None:
    """The fitted columns, or the size of images."""
    for rule in features.broken_rules():
        raise ValueError(rule)
    names = [column.name for column in features.columns]
    others = [name for name in (spec.data.sample_weight, spec.data.split.column) if name is not None]
    told_by_place = all(map(NUMBERED.fullmatch, [*names, *features.ignored, *others]))
    require_rule(
        features.on_images or spec.data.has_header or told_by_place, "without a header, a column has no number"
    )


def check_head(head: Head, *, of_images: bool) -> None:
    """The classes or numbers to be predicted, and the loss that was to predict them."""
    for rule in head.find_broken_rules(of_images=of_images):
        raise ValueError(rule)


def check_baseline(baseline: Baseline | None, head: Head) -> None:
    """What is said of every row alike, for these classes or numbers."""
    for rule in () if baseline is None else baseline.find_broken_rules(head):
        raise ValueError(rule)


def check_networks_agree(heads: Sequence[Head], features: Sequence[AnyFeatures]) -> None:
    """Several networks predict one and the same target."""
    kinds = {each.on_images for each in features}
    require_rule(
        len(kinds) == 1, "there is no network" if not kinds else "one network is for images, another for tables"
    )
    require_rule(
        len({(each.identity, tuple(each.classes)) for each in heads}) == 1, "its networks predict different targets"
    )


def check_history(history: Arrays) -> None:
    """Columns of one length, by the names that are known."""
    require_rule(history.keys() <= set(STORED_COLUMNS), "its history has columns that are not known here")
    require_rule(
        all(each.dtype == np.float64 and each.ndim == 1 for each in history.values()), "the form of its history"
    )
    require_rule(len({each.size for each in history.values()}) <= 1, "the columns of its history differ in length")
    epochs = history.get("epoch", np.empty(0))
    require_rule(not history or "epoch" in history, "its history has no epochs")
    require_rule(bool(((epochs >= 0) & (epochs < 2**53)).all()), "the epochs of its history")


def check_layers(layers: Arrays, count: int) -> None:
    """What was seen of `count` layers: all arrays, of one number of snapshots, with possible numbers."""
    if not layers:
        return
    epochs = layers.get("epoch", np.empty(0))
    found = {name: (values.shape, values.dtype) for name, values in layers.items()}
    known = found == list_array_forms(epochs.size, count) and 0 < epochs.size <= MOST_SNAPSHOTS
    require_rule(known, "the form of what was seen of its layers")
    require_rule(bool((np.diff(epochs, prepend=0) >= 1).all()) and are_counts(epochs), "the epochs of its layers")
    require_rule(not any(np.isinf(values).any() for values in layers.values()), "a fact of its layers is infinite")
    for name in COUNTED:
        require_rule(are_counts(layers[name]), f"{name} of its layers")
    require_rule(bool(((layers["zeros"] >= 0) & (layers["zeros"] <= 1)).all()), "the zeros of its layers")
    for name in HISTOGRAMS:
        check_histograms(layers[RANGE.format(name)], layers[COUNTS.format(name)], name)


def are_counts(values: NDArray[Any]) -> bool:
    """Whether numbers are whole, not negative, and exact."""
    return bool(((values >= 0) & (values < 2**53) & (values == np.floor(values))).all())


def check_histograms(ends: NDArray[Any], counts: NDArray[Any], name: str) -> None:
    """Their edges are in order, or there are none and nothing is counted."""
    low, high = np.moveaxis(ends, -1, 0)
    absent = np.isnan(low) & np.isnan(high) & (counts == 0).all(axis=-1)
    require_rule(bool((absent | ((low < high) & (counts >= 0).all(axis=-1))).all()), f"a histogram of its {name}")


def check_result(result: Any) -> None:
    """How training ended: reason, epochs, metrics by part; of folds each one's, and deviations; whether refitted."""
    require_rule(isinstance(result, Mapping), "its result is not a map")
    needed, new = {"reason", "epochs", "best_epoch", "metrics"}, {"baseline", "undefined", "targets"}
    require_rule(needed <= result.keys() <= needed | new | {"folds", "deviations", "refit"}, "the keys of its result")
    require_rule(result["reason"] in (*get_args(Reason), IMPORTED), "its reason is not known here")
    require_rule(
        all(type(result[name]) is int and result[name] >= 0 for name in ("epochs", "best_epoch")), "its epochs"
    )
    check_metrics(result["metrics"])
    check_metrics(result.get("deviations", result["metrics"]))
    if result.get("baseline"):
        check_metrics(result["baseline"])
    check_reasons(result.get("undefined", {}))
    check_targets(result.get("targets", {}))
    require_rule(type(result.get("refit", False)) is bool, "its refit")
    require_rule(isinstance(result.get("folds", []), list), "its folds")
    for fold in result.get("folds", []):
        known = isinstance(fold, Mapping) and needed <= fold.keys() <= needed | new
        require_rule(known, "the keys of a fold")
        check_result(fold)


def check_reasons(parts: Any) -> None:
    """Texts, by metric, by part."""
    require_rule(isinstance(parts, Mapping), "its undefined metrics are not a map")
    for part in parts.values():
        require_rule(isinstance(part, Mapping), "its undefined metrics are not maps")
        require_rule(all(type(reason) is str for reason in part.values()), "a reason is no text")
        require_safe_metric_names(part)


def check_targets(parts: Any) -> None:
    """Numbers, or null, by metric, by target, by part."""
    require_rule(isinstance(parts, Mapping), "the metrics of its targets are not a map")
    for targets in parts.values():
        if targets:
            check_metrics({f"target_{number}": each for number, each in enumerate(targets.values())})


def check_metrics(parts: Any) -> None:
    """Numbers, or null, by metric, by part."""
    require_rule(isinstance(parts, Mapping) and bool(parts), "its metrics are not a map")
    for part in parts.values():
        require_rule(isinstance(part, Mapping) and bool(part), "its metrics are not maps")
        require_rule(part.keys() == next(iter(parts.values())).keys(), "its parts have different metrics")
        require_rule(
            all(value is None or type(value) in (int, float) for value in part.values()), "a metric is no number"
        )
    require_safe_metric_names([*parts, *next(iter(parts.values()))])


def require_safe_metric_names(names: Collection[str]) -> None:
    """Parts and metrics go to the terminal as they are."""
    require_rule(all(map(MEASURE.fullmatch, names)), "the name of a metric")
