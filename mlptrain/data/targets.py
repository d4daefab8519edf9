"""The target: classes as codes, or numbers as the network sees them, and back to the user's units."""

import re
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.cells import TextCells
from mlptrain.data.column import Doubles, Integers, Matrix
from mlptrain.data.column_names import format_quoted_names
from mlptrain.data.grammar import NUMBERS, NumberGrammar
from mlptrain.data.levels import NONE, LevelFinder, describe_near_levels, is_word_for_missing, merge_levels
from mlptrain.data.meanings import NumberMeaning, choose_meaning, trim_text
from mlptrain.data.number_reading import extend_marks, read_numbers
from mlptrain.data.number_texts import find_words, has_fraction, sort_numbers_or_texts
from mlptrain.data.scaling import StandardScaling
from mlptrain.data.table import Table, format_row_count
from mlptrain.errors import DataError

MOST_HINTS = 20
"""Unknown labels that are compared with the classes for a hint."""

Transform = Literal["none", "log", "log1p"]

LEAST: dict[Transform, float] = {"none": -np.inf, "log": 0.0, "log1p": -1.0}
"""Only numbers above this can be transformed."""


@dataclass(frozen=True, kw_only=True)
class ClassTarget:
    """A target of classes, coded 0 … K − 1 in natural order; a label counts by what it means."""

    kind: Literal["classes"] = "classes"
    name: str
    classes: tuple[str, ...]
    positive: int = 1
    """The code of the positive class of two."""

    def choose_positive(self, label: str) -> "ClassTarget":
        """The target with another positive class; a ValueError says why there is none of this label."""
        listed = format_quoted_names(self.classes, 10)
        if len(self.classes) != 2:
            raise ValueError(f"of {len(self.classes)} classes none is the positive one ({listed}); remove it")
        code = int(self.codes(TextCells(np.zeros(1, np.int64), [label]))[0])
        if code < 0:
            raise ValueError(f"{label!r} is no class of {self.name!r}; write one of {listed}")
        return replace(self, positive=code)

    def codes(self, cells: TextCells, grammar: NumberGrammar = NUMBERS) -> Integers:
        """The code of each cell, −1 for a class that training did not have."""
        return LevelFinder(self.classes, grammar=grammar).code_cells(cells)

    def find_new_fractions(self, _: Integers, /) -> set[str]:
        """No target: classes are no numbers."""
        return set()

    def describe_unknown(self, cells: TextCells, grammar: NumberGrammar = NUMBERS) -> list[str]:
        """A notice that counts the labels that training did not have, beside those that it had; none if it had all."""
        finder = LevelFinder(self.classes, grammar=grammar)
        unknown = {label: count for label, count in cells.counts.items() if finder.find_code(label) == NONE}
        if not unknown:
            return []
        shown = ", ".join(f"{label!r} {count:,}" for label, count in list(unknown.items())[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        count = format_row_count(sum(unknown.values()))
        what = f"{count} of classes that the model does not know, always wrong: {shown}{more}"
        near = next((f" ({hint})" for label in list(unknown)[:MOST_HINTS] if (hint := finder.find_near(label))), "")
        return [f"{what}; it knows {format_quoted_names(self.classes, 10)}{near}"]


@dataclass(frozen=True, kw_only=True)
class NumberTarget:
    """One or several numbers: the network sees (f(y) − center) / scale; metrics and predictions have the user's units.

    f is the identity, log y or log(1 + y).
    """

    kind: Literal["numbers"] = "numbers"
    names: tuple[str, ...]
    center: tuple[float, ...]
    scale: tuple[float, ...]
    transform: Transform = "none"
    lowest: tuple[float, ...] = ()
    highest: tuple[float, ...] = ()
    """What predictions are kept within; empty for no bounds."""
    whole: tuple[str, ...] = ()
    """The targets whose training numbers were all whole; none in models that did not keep it."""

    def scale_values(self, values: Doubles, dtype: np.dtype[Any]) -> Matrix:
        """The numbers that the network learns to predict (rows, targets); NaN where there is no such number."""
        with np.errstate(invalid="ignore", divide="ignore"):
            scaled = (transform_targets(values, self.transform) - np.asarray(self.center)) / np.asarray(self.scale)
        held = np.abs(scaled) <= np.finfo(dtype).max
        return (scaled if held.all() else np.where(held, scaled, np.nan)).astype(dtype)

    def explain_no_scaled(self, value: float, dtype: np.dtype[Any]) -> str:
        """Why there is no scaled number for a target."""
        if value <= LEAST[self.transform]:
            return f"{value:g} has no logarithm (data.target_transform: {self.transform})"
        cure = "" if self.transform != "none" else "; set data.scale_target: true"
        return f"the target {value:g} is more than {dtype} can hold{cure}"

    def find_new_fractions(self, values: Doubles) -> set[str]:
        """The targets that have fractions among some numbers (rows, targets), and had none in training."""
        return {name for place, name in enumerate(self.names) if name in self.whole and has_fraction(values[:, place])}

    @property
    def changes_units(self) -> bool:
        """Whether the network sees other numbers than the user's."""
        return self.transform != "none" or any(self.center) or any(each != 1 for each in self.scale)

    def restore_units(self, predicted: Matrix) -> Doubles:
        """Predictions in the user's units."""
        y = predicted.astype(np.float64) * np.asarray(self.scale) + np.asarray(self.center)
        if self.transform != "none":
            y = np.exp(y) if self.transform == "log" else np.expm1(y)
        return np.clip(y, np.asarray(self.lowest), np.asarray(self.highest)) if self.lowest else y


Target = ClassTarget | NumberTarget


def transform_targets(values: Doubles, transform: Transform) -> Doubles:
    """f(y)."""
    if transform == "none":
        return values
    return np.log(values) if transform == "log" else np.log1p(values)


def read_targets(table: Table, names: Sequence[str], missing: Collection[str]) -> Doubles:
    """The number targets (rows, targets) in the user's units."""
    return np.stack([read_numbers(table, name, missing) for name in names], axis=1)


def mark_rows_without_target(table: Table, names: Sequence[str], missing: Collection[str]) -> NDArray[np.bool_]:
    """Which rows have no target: its cell is empty, or a text that is declared as missing."""
    gaps = np.zeros(table.rows, bool)
    for name in names:
        gaps[list_rows_without_target(table, name, missing, numeric=False)] = True
    return gaps


def list_rows_without_target(table: Table, name: str, missing: Collection[str], *, numeric: bool) -> list[int]:
    """The rows without a target. Where it is a number in all other rows, NA and the like mean missing, too."""
    if numeric or has_only_numbers(table, name, missing):
        return np.flatnonzero(np.isnan(read_numbers(table, name, missing))).tolist()
    return table.code_texts(name).find_rows(table.gaps(name, missing))


def has_only_numbers(table: Table, name: str, missing: Collection[str]) -> bool:
    """Whether there are numbers, and all other texts mean missing."""
    cells = table.column(name)
    texts = cells.kept_texts.counts
    figures = cells.is_numeric or any(map(table.grammar_of(name).reads, texts))
    return figures and not find_words(texts, {"", *missing}, table.grammar_of(name))


def require_targets_present(table: Table, names: Sequence[str], missing: Collection[str], *, numeric: bool) -> None:
    """An error that counts the rows without a target and names the first lines."""
    for name in names:
        rows = list_rows_without_target(table, name, missing, numeric=numeric)
        if rows:
            lines = ", ".join(table.lines(rows[:5])) + (" …" if len(rows) > 5 else "")
            count = f"{len(rows)} row{'s' * (len(rows) > 1)}"
            cure = "fill them in, remove the rows, or set data.missing_target: drop"
            raise table.fault(rows[0], name, f"the target is missing in {count} ({lines}); {cure}")


def fit_classes(name: str, cells: TextCells, source: str, grammar: NumberGrammar = NUMBERS) -> ClassTarget:
    """The classes of a target column, each under its most frequent spelling."""
    classes = tuple(sort_numbers_or_texts(merge_levels(cells.counts, (), grammar)))
    if len(classes) < 2:
        raise DataError(f'{source}: column "{name}": there is one class only, {classes[0]!r}; nothing can be learned')
    return ClassTarget(name=name, classes=classes)


def convert_labels_to_array(classes: Sequence[str]) -> NDArray[Any]:
    """The classes as the array that their texts read as: int64 if all are whole numbers, bool if they are true and
    false, else str. A text is no number if it does not read back: 01, 1.0 and +1 are texts.

    >>> tuple(map(convert_labels_to_array, (["0", "-3"], ["False", "True"], ["1", "x"])))
    (array([ 0, -3]), array([False,  True]), array(['1', 'x'], dtype='<U1'))
    """
    if classes and all(map(is_int64_text, classes)):
        return np.array(list(map(int, classes)), np.int64)
    if set(classes) in ({"True", "False"}, {"true", "false"}):
        return np.array([label.lower() == "true" for label in classes])
    return np.array(classes, np.str_)


@lru_cache(maxsize=64)
def find_label_array(classes: tuple[str, ...]) -> NDArray[Any]:
    """The same, made once for a model's classes; not to be written to."""
    labels = convert_labels_to_array(classes)
    labels.flags.writeable = False
    return labels


def is_int64_text(label: str) -> bool:
    """Whether a text is a whole number as Python writes it, of 64 bits."""
    return re.fullmatch("0|-?[1-9][0-9]{0,18}", label) is not None and -(2**63) <= int(label) < 2**63


def describe_doubtful_labels(
    target: ClassTarget, cells: TextCells, grammar: NumberGrammar = NUMBERS, *, missing: Collection[str] = ()
) -> list[str]:
    """Notices of labels that may be meant alike or apart, and of labels that may mean that there is none, beside those
    that `missing` of the spec lists.
    """
    near = describe_near_levels(target.name, target.classes, grammar, what="classes")
    words = {label: count for label, count in cells.counts.items() if is_word_for_missing(label)}
    cure = f"if missing is meant: data.missing_values: [{extend_marks(missing, words)}], data.missing_target: drop"
    verb = "is a class" if len(words) == 1 else "are classes"
    said = f'column "{target.name}": {describe_counted_texts(words)}, which {verb} here; {cure}' if words else ""
    return [each for each in (near, describe_joined_codes(target.name, cells, grammar), said) if each]


def describe_counted_texts(words: Mapping[str, int]) -> str:
    """How many cells say what."""
    return ", ".join(
        f"{count:,} cell{'s' * (count != 1)} say{'s' * (count == 1)} {word!r}" for word, count in words.items()
    )


def describe_joined_codes(name: str, cells: TextCells, grammar: NumberGrammar) -> str:
    """A notice of labels that are one class as they are one number, though one of them begins with 0 as codes do."""
    if not isinstance(meaning := choose_meaning(cells.counts, grammar), NumberMeaning):
        return ""
    alike: dict[Hashable, list[str]] = {}
    for label in map(trim_text, cells.counts):
        alike.setdefault(meaning.find_key(label), []).append(label)
    joined = (sorted({*labels}) for labels in alike.values() if len({*labels}) > 1)
    pairs = [labels for labels in joined if any(re.match("0[0-9]", label) for label in labels)]
    if not pairs:
        return ""
    shown = "; ".join(" and ".join(map(repr, labels)) for labels in pairs[:3])
    why = "as they are one number; if they are two codes, write them with letters"
    return f'column "{name}": {shown} are one class, {why}'


def fit_target_numbers(
    names: tuple[str, ...], values: Doubles, *, scaled: bool, source: str, transform: Transform = "none"
) -> NumberTarget:
    """Center and scale of number targets: mean and standard deviation, or 0 and 1 where they are not to be scaled."""
    for position, name in enumerate(names):
        column = values[:, position]
        if len(column) and column.min() == column.max():
            raise DataError(f'{source}: column "{name}": the target is constant; nothing can be learned')
    whole = tuple(name for place, name in enumerate(names) if not has_fraction(values[:, place]))
    if not scaled:
        zeros, ones = (0.0,) * len(names), (1.0,) * len(names)
        return NumberTarget(names=names, center=zeros, scale=ones, transform=transform, whole=whole)
    fitted = [StandardScaling().fit(column) for column in transform_targets(values, transform).T]
    centers, scales = tuple(each.center for each in fitted), tuple(each.scale or 1.0 for each in fitted)
    return NumberTarget(names=names, center=centers, scale=scales, transform=transform, whole=whole)
