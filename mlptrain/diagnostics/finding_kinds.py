"""The kinds of findings, a dataclass each: its code and title, its thresholds and why, and the sentence that it says.

A new kind is a dataclass here, and its name in the union at the end, whose order is that of the page: the worst first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import comb, nan, sqrt
from typing import ClassVar, get_args

import numpy as np

from mlptrain.diagnostics.network_layers import NetworkLayers
from mlptrain.diagnostics.quality import Quality, Reliability
from mlptrain.diagnostics.training_course import NetworkCourse, TrainingCourse
from mlptrain.diagnostics.weak_rows import WeakRows
from mlptrain.engine.metrics import is_larger_better
from mlptrain.explain.importance import Importance
from mlptrain.figures import format_figure, format_interval, format_weight
from mlptrain.fitting.remark import Rule, Run, apply_rule, describe_first_best, describe_unfinished_progress
from mlptrain.model.evaluation import Evaluation
from mlptrain.model.history import STORED_COLUMNS, restore_epochs


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What findings are made of: parts of a report, and what the model is worth on its training rows."""

    course: TrainingCourse
    quality: Quality | None = None
    weak_rows: WeakRows | None = None
    importance: Importance | None = None
    layers: tuple[NetworkLayers, ...] = ()
    training: Evaluation | None = None
    """None where the training rows are not there, or are those that the model is judged on."""


@dataclass(frozen=True, kw_only=True)
class NoBetterThanBaseline:
    """The interval of the watched metric, and that of the log loss, is no better than what knows nothing of a row."""

    code: ClassVar[str] = "R02"
    title: ClassVar[str] = "No better than the baseline"
    part: ClassVar[str] = "quality"

    def describe(self, evidence: Evidence) -> str:
        """The interval, and the baseline that it reaches.

        Where one class is rare, a good model may have the accuracy of the baseline, but not its log loss.
        """
        if evidence.quality is None:
            return ""
        found = evidence.quality.evaluation
        watched = "loss" if found.watched is None else found.watched.metric
        names = [name for name in dict.fromkeys([watched, "log_loss"]) if name in found.intervals]
        names = [name for name in names if found.baseline.get(name) is not None]
        if not names or any(is_beyond_baseline(found, name) for name in names):
            return ""
        ends, trivial = format_interval(*found.intervals[names[0]]), format_figure(found.baseline[names[0]])
        cure = "look at the columns, and at how it was trained"
        return f"the 95 % interval of {names[0]}, {ends}, is not better than the baseline {trivial}: {cure}"


@dataclass(frozen=True, kw_only=True)
class FaultyLayers:
    """Units are dead or saturated, gradients vanish or explode, or steps are too large."""

    code: ClassVar[str] = "R07"
    title: ClassVar[str] = "Units or gradients"
    part: ClassVar[str] = "layers"

    def describe(self, evidence: Evidence) -> str:
        """The fault that most networks have, with its cure."""
        faults = [fault for network in evidence.layers for fault in network.faults]
        if not faults:
            return ""
        codes = [each.code for each in faults]
        first = max(faults, key=lambda each: codes.count(each.code))
        networks = sum(any(each.code == first.code for each in network.faults) for network in evidence.layers)
        several = f" (in {networks} of {len(evidence.layers)} networks)" if len(evidence.layers) > 1 else ""
        return f"{first.sentence}{several}{count_others(len(set(codes)) - 1, 'fault')}"


@dataclass(frozen=True, kw_only=True)
class UnpredictedClass:
    """A class of some rows is predicted for no row."""

    code: ClassVar[str] = "R10"
    title: ClassVar[str] = "A class is never predicted"
    part: ClassVar[str] = "quality"
    least_rows: float = 5.0
    """The rows of a class from which on it is missed: of fewer, a good model may predict none."""

    def describe(self, evidence: Evidence) -> str:
        """The largest class that is never predicted."""
        if evidence.quality is None or not evidence.quality.evaluation.confusion:
            return ""
        found = evidence.quality.evaluation
        predicted = [sum(column) for column in zip(*found.confusion, strict=True)]
        missed = [
            each
            for each, rows in zip(found.classes, predicted, strict=True)
            if not rows and each.rows >= self.least_rows
        ]
        if not missed:
            return ""
        worst = max(missed, key=lambda each: each.rows)
        others = count_others(len(missed) - 1, "class", "classes")
        cure = "give the classes weights (training.class_weight: balanced), or lower the threshold"
        return f'"{worst.name}" is predicted for no row, and {format_weight(worst.rows)} have it{others}: {cure}'


@dataclass(frozen=True, kw_only=True)
class Overfitting:
    """On these rows the model loses much of what it gains over the baseline on its training rows."""

    code: ClassVar[str] = "R01"
    title: ClassVar[str] = "Overfitting"
    part: ClassVar[str] = "quality"
    least_share: float = 0.2
    """The part of the gain that is lost. A rise of the loss in per cent would be of any size near 0, where a healthy
    network of few rows ends."""

    def describe(self, evidence: Evidence) -> str:
        """Both values, if their intervals do not overlap and much is lost."""
        if evidence.quality is None or evidence.training is None:
            return ""
        new, old = evidence.quality.evaluation, evidence.training
        known = (each for each in ("log_loss", "accuracy", "rmse") if each in new.intervals and each in old.intervals)
        name = next(known, "")
        here, there, baseline = (each.get(name) for each in (new.metrics, old.metrics, new.baseline))
        if here is None or there is None or baseline is None:
            return ""
        sign = 1 if is_larger_better(name) else -1
        gain, lost = sign * (there - baseline), sign * (there - here)
        if gain <= 0 or lost < self.least_share * gain or do_overlap(new.intervals[name], old.intervals[name]):
            return ""
        values = f"{name} {format_figure(there)} on the training rows, {format_figure(here)} on these"
        share = "all" if lost >= gain else f"{lost / gain:.0%}"
        scale = f"the baseline has {format_figure(baseline)}, so that {share} of the gain is lost"
        return f"{values}; {scale}: more rows, more dropout or weight decay, a smaller net, or early stopping"


@dataclass(frozen=True, kw_only=True)
class SingleSupport:
    """One column carries nearly all of the importance; its cells may be known only after the target is."""

    code: ClassVar[str] = "R06"
    title: ClassVar[str] = "One column carries the model"
    part: ClassVar[str] = "importance"
    least_share: float = 0.8
    """Its share of the importance of all columns: one that leaks the target leaves next to nothing to others."""

    def describe(self, evidence: Evidence) -> str:
        """The first column and its share, if there are others."""
        importance = evidence.importance
        if importance is None or len(importance.columns) < 2:
            return ""
        total = sum(max(each.importance, 0.0) for each in importance.columns)
        first = importance.columns[0]
        if not first.is_measurable or first.importance <= self.least_share * total:
            return ""
        share = f'column "{first.column}" carries {first.importance / total:.0%} of the importance'
        return f"{share}: make sure that its cells are known before the target is"


@dataclass(frozen=True, kw_only=True)
class WeakSlices:
    """On the rows with one value of a column the model is surely worse than on all."""

    code: ClassVar[str] = "R05"
    title: ClassVar[str] = "Weak rows"
    part: ClassVar[str] = "weak_rows"
    least_share: float = 0.5
    """The part of the gain over the baseline that is lost there. Of many rows every model has slices, near the border
    of two classes or of large numbers, that are surely a little worse."""

    def describe(self, evidence: Evidence) -> str:
        """The worst slice with its interval, and the value of all rows."""
        found, quality = evidence.weak_rows, evidence.quality
        if found is None or quality is None or found.overall is None:
            return ""
        baseline = quality.evaluation.baseline.get(found.metric)
        least = 0.0 if baseline is None else self.least_share * abs(found.overall - baseline)
        weak = [each for each in found.slices if each.is_weak and abs((each.metric or 0.0) - found.overall) >= least]
        if not weak:
            return ""
        worst = weak[0]
        interval = "" if worst.interval is None else f" ({format_interval(*worst.interval)})"
        where = f'where "{worst.column}" is {worst.value} ({worst.rows:,} rows)'
        value = f"{found.metric} is {format_figure(worst.metric)}{interval}, of all rows {format_figure(found.overall)}"
        others = count_others(len(weak) - 1, "slice")
        return f"{where}, {value}{others}: more such rows, or columns that tell them apart"


@dataclass(frozen=True, kw_only=True)
class UnfamiliarCells:
    """Cells of a column are missing, or unseen in training, far more often than in the training rows."""

    code: ClassVar[str] = "R08"
    title: ClassVar[str] = "Cells unlike those of training"
    part: ClassVar[str] = "columns"
    least_ratio: float = 2.0
    """How many times as often as in training."""
    least_share: float = 0.05
    """The share of the rows by which it is more than in training: what is rare may double and mean nothing."""
    least_z: float = 3.3
    """The standard errors between both shares: by chance, one of a thousand columns has so many."""

    def describe(self, evidence: Evidence) -> str:
        """The column whose share of such cells has grown most."""
        grown = sorted(self.find_grown(evidence), reverse=True)
        if not grown:
            return ""
        _, name, what, now, then = grown[0]
        others = count_others(len({each[1] for each in grown} - {name}), "column")
        shares = f"{now:.0%} of the cells {what}, in training {then:.1%}"
        return f'column "{name}": {shares}{others}: find out what has changed since'

    def find_grown(self, evidence: Evidence) -> Iterator[tuple[float, str, str, float, float]]:
        """Columns with far more such cells: by how much, the name, what they are, both shares."""
        if evidence.quality is None or evidence.training is None:
            return
        new, old = evidence.quality.evaluation, evidence.training
        for kind, what in (("filled", "are missing"), ("unseen", "have a value that training did not see")):
            before: Mapping[str, int] = getattr(old.odd_cells, kind)
            for name, count in getattr(new.odd_cells, kind).items():
                now, then = count / new.rows, before.get(name, 0) / old.rows
                pooled = (count + before.get(name, 0)) / (new.rows + old.rows)
                error = sqrt(pooled * (1 - pooled) * (1 / new.rows + 1 / old.rows))
                if now - then >= max(self.least_share, self.least_z * error) and now >= self.least_ratio * then:
                    yield now - then, name, what, now, then


@dataclass(frozen=True, kw_only=True)
class Miscalibration:
    """Predicted probabilities lie outside the intervals of the observed shares more often than by chance."""

    code: ClassVar[str] = "R04"
    title: ClassVar[str] = "Probabilities are off"
    part: ClassVar[str] = "quality"
    outside: float = 0.05
    """The share of the groups that are outside by chance, where the probabilities are right."""
    chance: float = 0.02
    """How often chance alone may lead to this finding, over all classes: three of ten groups of one class."""
    least_error: float = 0.02
    """The mean distance from predicted to observed: of very many rows, distances that mean nothing are outside."""

    def describe(self, evidence: Evidence) -> str:
        """The class with the most groups outside, and which way they err."""
        curves = () if evidence.quality is None else evidence.quality.reliability
        most = [(len(self.list_errors(each)), each) for each in curves]
        count, worst = max(most, key=lambda pair: pair[0], default=(0, None))
        if worst is None or count < self.find_least_count(len(worst.groups), len(curves)):
            return ""
        if sum(abs(each.predicted - each.observed) for each in worst.groups) < self.least_error * len(worst.groups):
            return ""
        errors = self.list_errors(worst)
        which = "too high" if min(errors) > 0 else "too low" if max(errors) < 0 else "off both ways"
        whose = "those of the predicted class" if worst.name is None else f'those of "{worst.name}"'
        groups = f"in {count} of {len(worst.groups)} groups of rows they lie outside the interval of the observed share"
        return f"{whose} are {which}: {groups}: model.calibration: temperature, or less overfitting"

    def list_errors(self, curve: Reliability) -> list[float]:
        """Predicted − observed of the groups outside."""
        outside = (each for each in curve.groups if not each.low <= each.predicted <= each.high)
        return [each.predicted - each.observed for each in outside]

    def find_least_count(self, groups: int, classes: int) -> int:
        """The fewest groups outside that chance alone seldom leads to: classes · P(X ≥ k) ≤ chance, X binomial.

        >>> [Miscalibration().find_least_count(10, classes) for classes in (1, 6)]
        [3, 4]
        """
        p, tail = self.outside, 1.0
        for count in range(groups + 1):
            if classes * tail <= self.chance:
                return count
            tail -= comb(groups, count) * p**count * (1 - p) ** (groups - count)
        return groups + 1


@dataclass(frozen=True, kw_only=True)
class BestEpochAtAnEnd:
    """The first epoch was the best, or the loss was still falling at the end: what `fit` says of its epochs."""

    code: ClassVar[str] = "R09"
    title: ClassVar[str] = "Too few epochs, or too large steps"
    part: ClassVar[str] = "course"
    rules: ClassVar[Sequence[Rule]] = (describe_first_best, describe_unfinished_progress)

    def describe(self, evidence: Evidence) -> str:
        """What at least half of the networks have in common."""
        course = evidence.course
        runs = [restore_run(each, course) for each in course.networks if each.history.get("epoch")]
        for rule in self.rules:
            said = [sentence for run in runs if (sentence := apply_rule(rule, run))]
            if said and 2 * len(said) >= len(runs):
                return said[0] + (f" (in {len(said)} of {len(runs)} networks)" if len(runs) > 1 else "")
        return ""


@dataclass(frozen=True, kw_only=True)
class FewRows:
    """The rows are so few that it is uncertain what the model is worth."""

    code: ClassVar[str] = "R03"
    title: ClassVar[str] = "Few rows"
    part: ClassVar[str] = "quality"
    of_accuracy: float = 0.05
    """Half the interval of accuracy: models that differ by less, as most do, cannot be told apart on such rows."""
    of_rmse: float = 0.1
    """The same of rmse, as a part of it."""
    least_rows: float = 30.0
    """Of fewer rows no interval is believed: where all of them are right it has no width, and one row has none."""

    def describe(self, evidence: Evidence) -> str:
        """The interval and the number of rows."""
        if evidence.quality is None:
            return ""
        found = evidence.quality.evaluation
        if found.rows < self.least_rows:
            rows = "1 row is" if found.rows == 1 else f"{found.rows:,} rows are"
            return f"{rows} too few to say what the model is worth: judge it on more rows"
        for name, least in (("accuracy", self.of_accuracy), ("rmse", self.of_rmse)):
            if name not in found.intervals:
                continue
            low, high = found.intervals[name]
            scale = 1.0 if name == "accuracy" else found.metrics[name] or nan
            if (high - low) / 2 > least * scale:
                ends = f"between {format_figure(low)} and {format_figure(high)}"
                return f"of {found.rows:,} rows, {name} is only known to lie {ends} (95 %): judge it on more rows"
        return ""


FindingKind = (
    NoBetterThanBaseline
    | FaultyLayers
    | UnpredictedClass
    | Overfitting
    | SingleSupport
    | WeakSlices
    | UnfamiliarCells
    | Miscalibration
    | BestEpochAtAnEnd
    | FewRows
)
KINDS: Mapping[str, FindingKind] = {kind.code: kind() for kind in get_args(FindingKind)}
"""The kinds by their codes, the worst first."""


def is_beyond_baseline(found: Evaluation, name: str) -> bool:
    """Whether the whole interval of a metric is better than the baseline."""
    (low, high), baseline = found.intervals[name], found.baseline[name]
    assert baseline is not None
    return low > baseline if is_larger_better(name) else high < baseline


def do_overlap(first: tuple[float, float], second: tuple[float, float]) -> bool:
    """Whether two intervals have a number in common."""
    return first[0] <= second[1] and second[0] <= first[1]


def count_others(count: int, noun: str, nouns: str = "") -> str:
    """How many more there are, in brackets; empty for none.

    >>> count_others(2, "slice"), count_others(1, "class", "classes")
    (' (and 2 more slices)', ' (and 1 more class)')
    """
    many = nouns or f"{noun}s"
    return f" (and {count} more {noun if count == 1 else many})" if count > 0 else ""


def restore_run(network: NetworkCourse, course: TrainingCourse) -> Run:
    """What is known of the epochs of a network, as `fit` had it."""
    unknown = tuple([None] * len(network.history["epoch"]))
    columns = {
        name: np.array([nan if value is None else value for value in network.history.get(name, unknown)])
        for name in STORED_COLUMNS
    }
    return Run(
        epochs=restore_epochs(columns),
        reason=course.reason,
        monitor=course.watched.name or "loss",
        best_epoch=network.best_epoch or 0,
        validation_rows=int(course.watched.name is not None),
        train_metrics={},
        baseline_loss=None,
        running_loss=course.running_loss,
    )
