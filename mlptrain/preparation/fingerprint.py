"""What a training saw, as digests: whether two runs have the same data, and the first thing in which they differ.

The cells of each column have a digest; so have the inputs that were made of them: which of the network's inputs means
what depends on the order of the columns and on all that was fitted on them.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from mlptrain.data.features import format_shape, get_stored_input_array
from mlptrain.model.examples import Examples
from mlptrain.model.head import Head
from mlptrain.model.rows import AnyFeatures
from mlptrain.plain import to_plain
from mlptrain.preparation.material import TrainingData

ROWS, IMAGES, VALIDATION = "the number of rows", "the images", "the validation rows"
WEIGHTS = "the initial weights"
SIZE = f"the size of {IMAGES}"
PLURAL = (IMAGES, VALIDATION, WEIGHTS)
Fingerprint = dict[str, str]
"""Each part of the data, in words → its SHA-256, or for rows and images their number and size."""
FIGURES, NOTHING = 6, 1e-9
"""The digits of a fitted number that count, and what counts as 0: another machine may add up in another order."""
MOST_NAMES = 6


class Input(NamedTuple):
    """What makes some neighbouring inputs of the network."""

    name: str
    """The column."""
    form: str
    """What it is to the network, in words."""
    digest: str
    """… and all that was fitted on it."""


@dataclass(frozen=True)
class Fitted:
    """What was fitted on the training rows of one training: the meaning of its inputs and outputs, in their order."""

    features: AnyFeatures
    head: Head

    @cached_property
    def inputs(self) -> Sequence[Input]:
        """What makes the network's inputs, in their order."""
        return [
            Input(column.name, describe_inputs(column.kind, column.width), digest_plain(to_plain(column)))
            for column in self.features.columns
        ]

    @cached_property
    def digest(self) -> str:
        """One digest of everything."""
        return digest_plain([self.inputs, to_plain(self.head.target)])


def describe_inputs(kind: str, width: int) -> str:
    """What a column is to the network."""
    return f"{kind}, {width:,} input{'s' * (width != 1)}"


def digest_plain(value: Any) -> str:
    """The SHA-256 of a plain value, of whose numbers only the first digits count."""
    return digest_parts([json.dumps(round_numbers(value), ensure_ascii=False).encode("utf-8", "surrogatepass")])


def round_numbers(value: Any) -> Any:
    """A plain value with its fractional numbers as texts of few digits."""
    if isinstance(value, float):
        return f"{value:.{FIGURES}g}" if abs(value) >= NOTHING else "0"
    if isinstance(value, dict):
        return {key: round_numbers(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [round_numbers(each) for each in value]
    return value


def take_fingerprint(data: TrainingData, validation: Examples | None) -> Fingerprint:
    """Digests of each column that matters, of images, and of the validation rows in a file of their own; rows' number.

    Equal cells have equal digests, whatever the file's line ends, delimiters or encoding.
    """
    rows = data.rows
    found = {ROWS: str(rows.count)}
    found |= {f"the size of {what}": format_shape(array.shape[1:]) for what, array in rows.arrays.items()}
    found |= {what: digest_parts([np.ascontiguousarray(array).data]) for what, array in rows.arrays.items()}
    names = rows.columns_that_matter(list_used_columns(data))
    found |= {f"column {name!r}": digest_parts(rows.answers.column(name).digest_parts()) for name in names}
    if data.weights is not None:
        found[WEIGHTS] = data.weights.digest
    if validation is not None and data.spec.data.split.validation_file is not None:
        inputs = get_stored_input_array(validation.x)
        parts = (inputs, validation.targets, validation.weights)
        found[VALIDATION] = digest_parts(np.ascontiguousarray(part).data for part in parts if part is not None)
    return found


def list_used_columns(data: TrainingData) -> list[str]:
    """Features, targets, weights, and the column that rows are divided by."""
    spec = data.spec.data
    features = [name for name, found in data.understood.items() if found.kind != "ignore"]
    others = [name for name in (*spec.targets, spec.sample_weight, spec.split.column) if name]
    return list(dict.fromkeys([*features, *others]))


def digest_parts(parts: Iterable[bytes | memoryview]) -> str:
    """The SHA-256 of parts, one after another."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()


def describe_difference(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The first difference of two fingerprints in words; empty if there is none."""
    for what in dict.fromkeys([*then, *now]):
        if what not in now:
            return f"{what} {'are' if what in PLURAL else 'is'} no longer used"
        if what not in then:
            return f"{what} {'were' if what in PLURAL else 'was'} not used before"
        if then[what] != now[what]:
            numbers = f", from {then[what]} to {now[what]}" if what in (ROWS, SIZE) else ""
            return f"{what} {'have' if what in PLURAL else 'has'} changed{numbers}"
    return ""


def describe_other_inputs(then: Sequence[Input], now: Sequence[Input]) -> str:
    """The first difference in what the network's inputs mean, in words; empty if there is none."""
    before, present = [each.name for each in then], [each.name for each in now]
    if before != present and sorted(before) == sorted(present):
        return (
            f"the columns have another order: {describe_order(present, before)} (was {describe_order(before, present)})"
        )
    if gone := [name for name in before if name not in {*present}]:
        return f"column {gone[0]!r} is no longer used"
    known = {each.name: each for each in then}
    for each in now:
        if (was := known.get(each.name)) is None:
            return f"column {each.name!r} was not used before"
        if was.form != each.form:
            return f"column {each.name!r} is understood in another way: {each.form} (was {was.form})"
        if was != each:
            return f"column {each.name!r} is understood in another way, although its cells are the same"
    return ""


def describe_order(names: Sequence[str], others: Sequence[str]) -> str:
    """Some names, in their order, from the first one that stands in another place among the others."""
    first = next(place for place, (name, other) in enumerate(zip(names, others, strict=True)) if name != other)
    shown = ", ".join(names[first : first + MOST_NAMES])
    return shown + (", …" if len(names) > first + MOST_NAMES else "")


def order_inputs_like(parts: Mapping[str, str], now: Sequence[Input]) -> Sequence[Input]:
    """The inputs now in the order in which the parts of a fingerprint name their columns."""
    place = {what: position for position, what in enumerate(parts)}
    return sorted(now, key=lambda each: place.get(f"column {each.name!r}", -1))
