"""What a training saw, as digests: whether two runs have the same data, and the first thing in which they differ."""

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np

from mlptrain.data.features import get_stored_input_array
from mlptrain.model.examples import Examples
from mlptrain.preparation.material import TrainingData

ROWS, IMAGES, VALIDATION = "the number of rows", "the images", "the validation rows"
PLURAL = (IMAGES, VALIDATION)
Fingerprint = dict[str, str]
"""Each part of the data, in words → its SHA-256, or for the rows their number."""


def take_fingerprint(data: TrainingData, validation: Examples | None) -> Fingerprint:
    """Digests of each column that matters, of images, and of the validation rows in a file of their own; rows' number.

    Equal cells have equal digests, whatever the file's line ends, delimiters or encoding.
    """
    rows = data.rows
    found = {ROWS: str(rows.count)}
    found |= {what: digest_parts([np.ascontiguousarray(array).data]) for what, array in rows.arrays.items()}
    names = rows.columns_that_matter(list_used_columns(data))
    found |= {f"column {name!r}": digest_parts(rows.answers.column(name).digest_parts()) for name in names}
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
            numbers = f", from {then[what]} to {now[what]}" if what == ROWS else ""
            return f"{what} {'have' if what in PLURAL else 'has'} changed{numbers}"
    return ""
