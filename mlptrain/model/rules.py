"""What must hold between the parts of a model beyond the type of each: fitted columns, target, loss, history, result.

Whoever wrote a model file may have written anything: what these rules let through, every command can work with.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from math import prod
from typing import Any, get_args

import numpy as np

from mlptrain.data.dates import compiled
from mlptrain.data.encodings import LevelCodes, LevelValues, OneHot, ScaledOneHot
from mlptrain.data.features import CategoryColumn, DateColumn, FeatureColumn, NumberColumn, PixelFeatures
from mlptrain.data.scaling import NormalQuantiles
from mlptrain.data.targets import ClassTarget, Target
from mlptrain.engine.losses import BinaryCrossEntropy
from mlptrain.model.encoding import AnyFeatures
from mlptrain.spec.fields import Spec
from mlptrain.storage.container import Arrays
from mlptrain.training.events import EpochEnded, Reason

HISTORY = tuple(each.name for each in fields(EpochEnded) if each.name != "rows_per_second")
"""The columns of the history that are stored: all but the speed, so that the same run gives the same bytes."""

MOST_LAYERS, MOST_PIXELS = 1000, 10**9
MOMENTS = 1e12
"""Dates are within so many seconds of 1970."""
NUMBERED = re.compile(r"column_[1-9][0-9]{0,9}")
"""The columns of a table without a header."""
MEASURE = re.compile(r"[a-z0-9_]{1,40}")
"""What a part or a metric is called."""


def require(holds: bool, rule: str) -> None:
    """Refuse a model that breaks a rule."""
    if not holds:
        raise ValueError(rule)


def require_different(texts: Sequence[str], what: str) -> None:
    """Refuse texts of which one is there twice."""
    twice = next((one for one, other in pairwise(sorted(texts)) if one == other), None)
    require(twice is None, f"{what} {twice!r:.80} is there twice")


def check_features(features: AnyFeatures, spec: Spec) -> None:
    """The fitted columns, or the size of images."""
    if isinstance(features, PixelFeatures):
        require(all(side > 0 for side in features.shape), "its images have no pixels")
        require(0 < prod(features.shape) <= MOST_PIXELS, "its images are too large")
        return
    require(bool(features.columns), "it has no columns")
    names = [column.name for column in features.columns]
    require_different(names, "the column")
    others = [name for name in (spec.data.sample_weight, spec.data.split.column) if name is not None]
    told_by_place = all(map(NUMBERED.fullmatch, [*names, *features.ignored, *others]))
    require(spec.data.header or told_by_place, "without a header, a column has no number")
    for column in features.columns:
        for rule in broken(column):
            raise ValueError(f"column {column.name!r:.80}: {rule}")


def broken(column: FeatureColumn) -> Iterator[str]:
    """The rules that a column breaks."""
    if isinstance(column, NumberColumn):
        yield from broken_scaling(column)
    elif isinstance(column, DateColumn):
        yield from broken_date(column)
    else:
        yield from broken_category(column)


def broken_scaling(column: NumberColumn) -> Iterator[str]:
    """Numbers are scaled by a known amount."""
    scaling = column.scaling
    if isinstance(scaling, NormalQuantiles):
        if not scaling.values or not ascending(scaling.values):
            yield "its quantiles are not in order"
    elif scaling.scale <= 0:
        yield "its scale is not above 0"


def ascending(values: Sequence[float]) -> bool:
    """Whether no value is less than the one before, and the last is more than the first."""
    array = np.asarray(values, np.float64)
    return bool((array[1:] >= array[:-1]).all()) and array[0] < array[-1]


def broken_date(column: DateColumn) -> Iterator[str]:
    """A format of dates, and dates of our time."""
    parts = column.parts
    compiled(column.format)
    if not 0 < parts.scale <= MOMENTS or max(abs(parts.center), abs(parts.median)) > MOMENTS:
        yield "its dates are out of range"
    if len(set(parts.cycles)) < len(parts.cycles):
        yield "a cycle is there twice"


def broken_category(column: CategoryColumn) -> Iterator[str]:
    """Different levels, each with its code or its values."""
    require_different(column.levels, "the level")
    encoding, levels = column.encoding, len(column.levels)
    if isinstance(encoding, OneHot | LevelCodes):
        if not levels or encoding.levels != levels:
            yield f"it has {levels} levels, not {encoding.levels}"
        if isinstance(encoding, LevelCodes) and encoding.embedding < 1:
            yield "its embedding has no width"
    elif isinstance(encoding, ScaledOneHot):
        if not 0 < levels == len(encoding.on) == len(encoding.off):
            yield f"it has {levels} levels, but values of {len(encoding.on)}"
        elif max(map(abs, encoding.on + encoding.off)) > 3:
            yield "its values are out of all proportion"
    elif not levels or len(encoding.values) != levels + 1:
        yield f"it has {levels} levels, but values of {len(encoding.values) - 1}"
    else:
        yield from broken_values(encoding)


def broken_values(encoding: LevelValues) -> Iterator[str]:
    """As many values for each level as there are centers and scales."""
    width = len(encoding.center)
    if not width or len(encoding.scale) != width or {len(row) for row in encoding.values} != {width}:
        yield "its levels have different numbers of values"
    elif min(encoding.scale) < 0:
        yield "its scale is below 0"
    else:
        with np.errstate(all="ignore"):
            if not np.isfinite(encoding.standardised(np.asarray(encoding.values))).all():
                yield "its values are out of all proportion"


def check_target(target: Target, spec: Spec, *, on_images: bool) -> None:
    """The classes or numbers to be predicted, and the loss that was to predict them."""
    loss = spec.loss
    if loss is None:
        raise ValueError("its spec has no loss")
    if isinstance(target, ClassTarget):
        require(len(target.classes) >= 2, "it has less than two classes")
        require_different(target.classes, "the class")
        require(not isinstance(loss, BinaryCrossEntropy) or len(target.classes) == 2, "its loss needs two classes")
        return
    require(not loss.classes and not on_images, f"the loss {loss.name} needs classes")
    require(len(target.names) == len(target.center) == len(target.scale) > 0, "its targets have no center or scale")
    require_different(target.names, "the target")
    require(min(target.scale) > 0, "the scale of its target is not above 0")
    bounds = list(zip(target.lowest, target.highest, strict=False))
    require(len(target.lowest) == len(target.highest) in (0, len(target.names)), "the bounds of its targets")
    require(all(low <= high for low, high in bounds), "the bounds of its targets are not in order")


def check_alike(targets: Sequence[Target], features: Sequence[AnyFeatures]) -> None:
    """Several networks predict one and the same target."""
    kinds = {type(each) for each in features}
    require(len(kinds) == 1, "there is no network" if not kinds else "one network is for images, another for tables")
    answers = {each.classes if isinstance(each, ClassTarget) else each.names for each in targets}
    names = {each.name if isinstance(each, ClassTarget) else "" for each in targets}
    require(len(answers) == len(names) == 1, "its networks predict different targets")


def check_history(history: Arrays) -> None:
    """Columns of one length, by the names that are known."""
    require(history.keys() <= set(HISTORY), "its history has columns that are not known here")
    require(all(each.dtype == np.float64 and each.ndim == 1 for each in history.values()), "the form of its history")
    require(len({each.size for each in history.values()}) <= 1, "the columns of its history differ in length")
    epochs = history.get("epoch", np.empty(0))
    require(not history or "epoch" in history, "its history has no epochs")
    require(bool(((epochs >= 0) & (epochs < 2**53)).all()), "the epochs of its history")


def check_result(result: Any) -> None:
    """How training ended: reason, epochs, metrics by part; of folds each one's, and deviations; whether refitted."""
    require(isinstance(result, Mapping), "its result is not a map")
    needed = {"reason", "epochs", "best_epoch", "metrics"}
    require(needed <= result.keys() <= needed | {"folds", "deviations", "refit"}, "the keys of its result")
    require(result["reason"] in get_args(Reason), "its reason is not known here")
    require(all(type(result[name]) is int and result[name] >= 0 for name in ("epochs", "best_epoch")), "its epochs")
    check_metrics(result["metrics"])
    check_metrics(result.get("deviations", result["metrics"]))
    require(type(result.get("refit", False)) is bool, "its refit")
    require(isinstance(result.get("folds", []), list), "its folds")
    for fold in result.get("folds", []):
        require(isinstance(fold, Mapping) and fold.keys() == needed, "the keys of a fold")
        check_result(fold)


def check_metrics(parts: Any) -> None:
    """Numbers, or null, by metric, by part."""
    require(isinstance(parts, Mapping) and bool(parts), "its metrics are not a map")
    for part in parts.values():
        require(isinstance(part, Mapping) and bool(part), "its metrics are not maps")
        require(part.keys() == next(iter(parts.values())).keys(), "its parts have different metrics")
        require(all(value is None or type(value) in (int, float) for value in part.values()), "a metric is no number")
    require_measures([*parts, *next(iter(parts.values()))])


def require_measures(names: Collection[str]) -> None:
    """Parts and metrics go to the terminal as they are."""
    require(all(map(MEASURE.fullmatch, names)), "the name of a metric")
