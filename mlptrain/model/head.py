"""The head: a loss and a target as one value; what the network's outputs mean, on the way in and on the way out.

`ClassHead` is for a target of classes, `NumberHead` for one or several numbers. B rows, K outputs, C classes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.targets import (
    ClassTarget,
    NumberTarget,
    Target,
    find_label_array,
    read_targets,
    require_targets_present,
)
from mlptrain.engine.arrays import Floats
from mlptrain.engine.best_constant import average_targets, count_shares
from mlptrain.engine.comparisons import Comparison, compare_classes, compare_numbers
from mlptrain.engine.losses import Loss
from mlptrain.engine.metrics import (
    Metrics,
    find_default_metric,
    measure_targets,
    separate_undefined,
    undefine_nonfinite,
)
from mlptrain.engine.number_metrics import find_median
from mlptrain.errors import DataError, SpecError
from mlptrain.model.answers import (
    AnswerOptions,
    ColumnGroup,
    Columns,
    format_predicted_numbers,
    mark_not_finite,
)
from mlptrain.model.rows import Rows
from mlptrain.spec.fields import Data

Doubles = NDArray[np.float64]
MOST_LABELS = 10
"""Labels that a description of the target shows."""


@dataclass(frozen=True)
class ClassHead:
    """Outputs of a network whose target is one of C classes: scores of the classes, by the loss's link.

    A loss of numbers compares with 0 and 1: one output for two classes, else one a class.
    """

    loss: Loss
    target: ClassTarget
    default_metric: ClassVar[str] = find_default_metric(of_classes=True).name
    has_classes: ClassVar[bool] = True
    scales_target: ClassVar[bool] = False
    """Whether the loss is of targets in other units than the user's."""

    @property
    def names(self) -> Sequence[str]:
        """The columns that are predicted."""
        return (self.target.name,)

    @property
    def classes(self) -> Sequence[str]:
        """The labels, in the order of the scores."""
        return self.target.classes

    @property
    def positive_class(self) -> str | None:
        """The positive class of two; None of more."""
        return self.classes[self.target.positive] if self.width == 2 else None

    @property
    def width(self) -> int:
        """Scores of a row."""
        return len(self.target.classes)

    @property
    def outputs(self) -> int:
        """The width of the output layer."""
        if self.loss.classes:
            return self.loss.outputs(self.width)  # type: ignore[union-attr]
        return 1 if self.width == 2 else self.width

    def read_truth(self, data: Data, rows: Rows, *, unknown: bool = False) -> NDArray[Any]:
        """The code of each row's class. One that training did not have is an error, or with `unknown` −1."""
        answers, name = rows.answers, rows.answer_column(self.target.name)
        if name not in answers.columns:
            raise DataError(answers.missing([name]))
        codes = self.target.codes(answers.code_texts(name), answers.grammar_of(name))
        if not unknown and (codes < 0).any():
            row = int((codes < 0).argmax())
            cell = answers.columns[name].text(row)
            why = "the target is missing" if not cell else f"the class {cell!r} does not occur in the training file"
            raise answers.fault(row, self.target.name, f"{why}; the classes are {', '.join(self.classes[:20])}")
        return codes

    def find_known(self, truth: NDArray[Any]) -> NDArray[np.bool_]:
        """Which rows have a class that training had."""
        return np.asarray(truth >= 0)

    def describe_unknown(self, rows: Rows) -> list[str]:
        """A notice that names the labels that training did not have beside those that it had; none of numbers."""
        column = rows.answer_column(self.target.name)
        return self.target.describe_unknown(rows.answers.code_texts(column), rows.answers.grammar_of(column))

    def find_incomparable(self, truth: NDArray[Any], dtype: np.dtype[Any]) -> tuple[int, str, str] | None:
        """The first target that the loss cannot compare: its row, its column and why; None for any class."""
        return None

    def loss_targets(self, truth: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        """What the loss compares logits with: codes, or 0 and 1. An unknown class is taken for the first."""
        codes = truth if truth.min(initial=0) >= 0 else np.maximum(truth, 0)
        return codes if self.loss.classes else self.one_hot(codes).astype(dtype)

    def encoding_targets(self, truth: NDArray[Any]) -> Doubles:
        """The targets of target encodings (B, K): the 0/1 of two classes, or one column a class."""
        return self.one_hot(truth).astype(np.float64)

    def one_hot(self, codes: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether a row is of each class (B, C); of two classes whether it is of the second (B, 1)."""
        is_class: NDArray[np.bool_] = codes[:, None] == np.arange(self.width)
        return is_class[:, 1:] if self.width == 2 else is_class

    def join_equal_rows(self, truth: NDArray[Any], weights: Doubles) -> tuple[NDArray[Any], Doubles]:
        """One row for each class that occurs, with the weight of all its rows: for what says the same of every row."""
        totals: Doubles = np.bincount(truth, weights, self.width)  # type: ignore[assignment]
        return np.flatnonzero(totals), totals[totals > 0]

    def summarize_truth(self, truth: NDArray[Any], weights: Doubles) -> tuple[Doubles, Doubles]:
        """The shares of the classes (C,), and nothing."""
        return count_shares(truth, weights, self.width), np.empty(0)

    def find_constant_logits(self, truth: NDArray[Any], weights: Doubles) -> Doubles:
        """The logits (K,) of the least loss that are the same for every row."""
        if self.loss.classes:
            return self.loss.find_constant(count_shares(truth, weights, self.width))  # type: ignore[call-arg]
        codes, totals = self.join_equal_rows(truth, weights)
        return self.loss.find_constant(self.one_hot(codes).astype(np.float64), totals)  # type: ignore[call-arg]

    def make_perfect_values(self, truth: NDArray[Any]) -> NDArray[Any]:
        """The scores that say the truth with certainty (B, C)."""
        return (truth[:, None] == np.arange(self.width)).astype(np.float64)

    def predict(self, logits: Floats) -> NDArray[Any]:
        """Scores of the classes (B, C); a fresh array."""
        values = self.loss.predict(logits)
        if self.loss.classes or values.shape[1] > 1:
            return values.copy()
        return np.concatenate([1 - values, values], axis=1)

    def compare(self, predictions: NDArray[Any], truth: NDArray[Any]) -> Comparison:
        """Scores (B, C) beside the truth, as the metrics want them."""
        probabilistic, positive = self.loss.probabilistic, self.target.positive
        return compare_classes(predictions, truth, probabilistic=probabilistic, positive=positive)

    def mark_not_finite(self, values: NDArray[Any]) -> dict[str, NDArray[np.bool_]]:
        """By predicted column, which rows have no prediction, if there are any: a score is not finite."""
        bad = ~np.isfinite(values).all(axis=1)
        return {self.target.name: bad} if bad.any() else {}

    def measure_each_target(
        self, predictions: NDArray[Any], truth: NDArray[Any], weights: Floats | None
    ) -> dict[str, Metrics]:
        """Nothing: there is one target."""
        return {}

    def write_answers(self, values: NDArray[Any], dtype: np.dtype[Any]) -> Columns:
        """The predicted label of each row, under the target's own name; none where a score is not finite."""
        labels = list(map(self.target.classes.__getitem__, values.argmax(axis=1).tolist()))
        for bad in self.mark_not_finite(values).values():
            for row in np.flatnonzero(bad).tolist():
                labels[row] = ""
        return {self.target.name: labels}

    def rescale_logits(self, logits: Floats, like: Any) -> Floats:
        """Logits of a network with this head as one with another head would give them: classes have no scale."""
        return logits

    def make_array(self, values: NDArray[Any]) -> NDArray[Any]:
        """The predicted label of each row, of the type that the labels' texts read as.

        A DataError where a score is not finite: an array of labels has no value for that.
        """
        for bad in self.mark_not_finite(values).values():
            rows = ", ".join(map(str, (np.flatnonzero(bad)[:5] + 1).tolist())) + (" …" if bad.sum() > 5 else "")
            why = "the scores of the classes are not finite, so that there is no label to tell"
            raise DataError(f"predict: in {bad.sum():,} of {len(bad):,} rows ({rows}) {why}; see predict_proba")
        labels: NDArray[Any] = find_label_array(tuple(self.classes))[values.argmax(axis=1)]
        return labels

    def write_probabilities(self, values: NDArray[Any], dtype: np.dtype[Any]) -> Columns:
        """One column a class."""
        columns = zip(self.classes, values.T, strict=True)
        return {f"probability_{label}": format_predicted_numbers(column, dtype) for label, column in columns}

    def require_probabilities(self, option: str) -> None:
        """Refuse an option that asks for probabilities where the loss gives none."""
        if not self.loss.probabilistic:
            raise SpecError(f"{option}: the scores of the {self.loss.name} loss are not probabilities")

    @property
    def identity(self) -> tuple[str, ...]:
        """What networks that predict together must have in common, beside their classes."""
        return (self.target.name, str(self.target.positive))

    def find_broken_rules(self, *, of_images: bool) -> Iterator[str]:
        """The rules that a head from a file breaks."""
        labels = sorted(self.classes)
        twice = next((one for one, other in pairwise(labels) if one == other), None)
        if len(labels) < 2:
            yield "it has less than two classes"
        if twice is not None:
            yield f"the class {twice!r:.80} is there twice"
        if self.target.positive not in (0, 1):
            yield "its positive class is none of two"
        if self.loss.most_classes not in (None, len(labels)):
            yield "its loss needs two classes"

    def describe(self) -> list[tuple[str, str, str, str]]:
        """The target column: its name, "target", what it is, its labels."""
        labels = ", ".join(self.classes[:MOST_LABELS]) + (" …" if self.width > MOST_LABELS else "")
        if self.positive_class is not None:
            labels += f" (positive: {self.positive_class})"
        return [(self.target.name, "target", f"{self.width} classes", labels)]


@dataclass(frozen=True)
class NumberHead:
    """Outputs of a network whose targets are numbers, one output each, scaled for the network."""

    loss: Loss
    target: NumberTarget
    default_metric: ClassVar[str] = find_default_metric(of_classes=False).name
    has_classes: ClassVar[bool] = False
    classes: ClassVar[Sequence[str]] = ()
    positive_class: ClassVar[str | None] = None

    @property
    def scales_target(self) -> bool:
        """Whether the loss is of targets in other units than the user's."""
        return self.target.changes_units

    @property
    def names(self) -> Sequence[str]:
        return self.target.names

    @property
    def width(self) -> int:
        return len(self.target.names)

    @property
    def outputs(self) -> int:
        return len(self.target.names)

    def read_truth(self, data: Data, rows: Rows, *, unknown: bool = False) -> NDArray[Any]:
        """The targets (B, K) in the user's units."""
        require_targets_present(rows.answers, self.target.names, data.missing_targets, numeric=True)
        return read_targets(rows.answers, self.target.names, data.missing_targets)

    def find_known(self, truth: NDArray[Any]) -> NDArray[np.bool_]:
        return np.ones(len(truth), bool)

    def describe_unknown(self, rows: Rows) -> list[str]:
        return []

    def find_incomparable(self, truth: NDArray[Any], dtype: np.dtype[Any]) -> tuple[int, str, str] | None:
        bad = np.isnan(self.loss_targets(truth, dtype))
        if not bad.any():
            return None
        row, place = np.argwhere(bad)[0].tolist()
        value = float(truth[row, place])
        if self.loss.counts and value < 0:
            return row, self.names[place], f"the {self.loss.name} loss counts from 0, {value:g} is less"
        return row, self.names[place], self.target.explain_no_scaled(value, dtype)

    def loss_targets(self, truth: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        """The scaled targets (B, K); NaN for a number that the loss cannot compare."""
        scaled = self.target.scale_values(truth, dtype)
        return np.where(truth < 0, np.nan, scaled).astype(dtype) if self.loss.counts and (truth < 0).any() else scaled

    def encoding_targets(self, truth: NDArray[Any]) -> Doubles:
        return truth

    def join_equal_rows(self, truth: NDArray[Any], weights: Doubles) -> tuple[NDArray[Any], Doubles]:
        """The rows as they are: no two numbers need be equal."""
        return truth, weights

    def summarize_truth(self, truth: NDArray[Any], weights: Doubles) -> tuple[Doubles, Doubles]:
        """The means and the medians of the targets (K,)."""
        medians = [find_median(column, weights) for column in truth.T]
        return average_targets(truth, weights), np.array(medians)

    def find_constant_logits(self, truth: NDArray[Any], weights: Doubles) -> Doubles:
        return self.loss.find_constant(self.loss_targets(truth, np.dtype(np.float64)), weights)  # type: ignore[call-arg]

    def make_perfect_values(self, truth: NDArray[Any]) -> NDArray[Any]:
        return truth

    def predict(self, logits: Floats) -> NDArray[Any]:
        """Numbers in the user's units (B, K); a fresh array."""
        return self.target.restore_units(self.loss.predict(logits))

    def compare(self, predictions: NDArray[Any], truth: NDArray[Any]) -> Comparison:
        return compare_numbers(predictions, truth)

    def measure_each_target(
        self, predictions: NDArray[Any], truth: NDArray[Any], weights: Floats | None
    ) -> dict[str, Metrics]:
        """The metrics of each of several targets, by name; of one nothing beside those of all."""
        if self.width == 1:
            return {}
        found = measure_targets(compare_numbers(predictions, truth), weights)
        metrics = (separate_undefined(undefine_nonfinite(values))[0] for values in found)
        return dict(zip(self.names, metrics, strict=True))

    def mark_not_finite(self, values: NDArray[Any]) -> dict[str, NDArray[np.bool_]]:
        return mark_not_finite(values, self.target.names)

    def write_answers(self, values: NDArray[Any], dtype: np.dtype[Any]) -> Columns:
        """The predicted numbers, each under its target's own name; no text for what is not finite."""
        columns = zip(self.target.names, values.T, strict=True)
        return {name: format_predicted_numbers(column, dtype) for name, column in columns}

    def rescale_logits(self, logits: Floats, like: Any) -> Floats:
        """Logits of a network with this head as one with another head would give them for the same numbers."""
        if (self.target.center, self.target.scale) == (like.target.center, like.target.scale):
            return logits
        scaled = logits * np.asarray(self.target.scale) + np.asarray(self.target.center)
        return (scaled - np.asarray(like.target.center)) / np.asarray(like.target.scale)

    def make_array(self, values: NDArray[Any]) -> Doubles:
        """The predicted numbers (rows,), of several targets (rows, targets)."""
        return values[:, 0] if self.width == 1 else values

    def write_probabilities(self, values: NDArray[Any], dtype: np.dtype[Any]) -> Columns:
        return {}

    def require_probabilities(self, option: str) -> None:
        raise SpecError(f"{option}: the target is a number; it has no classes")

    @property
    def identity(self) -> tuple[str, ...]:
        return self.target.names

    def find_broken_rules(self, *, of_images: bool) -> Iterator[str]:
        target = self.target
        twice = next((one for one, other in pairwise(sorted(target.names)) if one == other), None)
        bounds = zip(target.lowest, target.highest, strict=False)
        if self.loss.classes or of_images:
            yield f"the loss {self.loss.name} needs classes"
        if not len(target.names) == len(target.center) == len(target.scale) > 0:
            yield "its targets have no center or scale"
        elif min(target.scale) <= 0:
            yield "the scale of its target is not above 0"
        if twice is not None:
            yield f"the target {twice!r:.80} is there twice"
        if not len(target.lowest) == len(target.highest) in (0, len(target.names)):
            yield "the bounds of its targets"
        elif not all(low <= high for low, high in bounds):
            yield "the bounds of its targets are not in order"

    def describe(self) -> list[tuple[str, str, str, str]]:
        return [(name, "target", "number", "") for name in self.target.names]


Head = ClassHead | NumberHead

HEADS: dict[type, Any] = {ClassTarget: ClassHead, NumberTarget: NumberHead}
"""The head of each kind of target."""


def make_head(loss: Loss, target: Target) -> Head:
    """The head of a loss and a target."""
    head: Head = HEADS[type(target)](loss, target)
    return head


def list_answers(head: Head, values: NDArray[Any], dtype: np.dtype[Any], options: AnswerOptions) -> list[ColumnGroup]:
    """The predicted columns of scores or numbers, by where they come from."""
    groups = [ColumnGroup(origin="the prediction", columns=head.write_answers(values, dtype))]
    if options.probabilities:
        head.require_probabilities("--probabilities")
        probabilities = head.write_probabilities(values, dtype)
        groups.append(ColumnGroup(origin="the probability of a class", columns=probabilities))
    return groups
