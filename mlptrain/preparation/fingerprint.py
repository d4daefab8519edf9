"""What a training saw, as digests: whether two runs have the same data, and the first thing in which they differ."""

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np

from mlptrain.data.cells import Cells, NumberCells, TextCells
from mlptrain.data.features import Pixels
from mlptrain.model.examples import Examples
from mlptrain.preparation.material import Material

ROWS = "the number of rows"
Fingerprint = dict[str, str]
"""What there is of the data, in words → its SHA-256, or for the rows their number."""


def fingerprint(material: Material, validation: Examples | None) -> Fingerprint:
    """Of the rows' number, of each column that matters, of images, and of the validation rows in a file of their own.

    Equal cells have equal digests, whatever the file's line ends, delimiters or encoding.
    """
    rows = material.rows
    found = {ROWS: str(rows.count)}
    if rows.images is not None:
        found["the images"] = digest([np.ascontiguousarray(rows.images).data])
    table = rows.answers if rows.images is not None else rows.table
    assert table is not None
    names = list(table.columns) if rows.images is not None else columns_that_matter(material)
    found |= {f"column {name!r}": digest(contents(table.column(name))) for name in names}
    if validation is not None and not isinstance(material.spec.data.split.validation, float):
        inputs = validation.x.bytes if isinstance(validation.x, Pixels) else validation.x
        parts = (inputs, validation.targets, validation.weights)
        found["the validation rows"] = digest(np.ascontiguousarray(part).data for part in parts if part is not None)
    return found


def columns_that_matter(material: Material) -> list[str]:
    """Features, targets, weights, and what rows are divided by."""
    data = material.spec.data
    features = [name for name, found in material.understood.items() if found.kind != "ignore"]
    others = [name for name in (*data.targets, data.sample_weight, data.split.column) if name]
    return list(dict.fromkeys([*features, *others]))


def digest(parts: Iterable[bytes | memoryview]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()


def contents(cells: Cells) -> Iterable[bytes | memoryview]:
    """Bytes that are the same for the same cells in the same order."""
    if isinstance(cells, NumberCells):
        yield (cells.numbers + 0.0).astype("<f8").data
        yield cells.odd_rows.astype("<i8").data
        yield from contents(cells.odd)
    else:
        yield from texts(cells)


def texts(cells: TextCells) -> Iterable[bytes | memoryview]:
    """The different texts in their order, and which of them each cell is."""
    present = sorted(cells.counts)
    place_of = {text: place for place, text in enumerate(present)}
    places = np.array([place_of.get(text, -1) for text in cells.values], np.int64)
    yield "\0".join(present).encode("utf-8", "surrogatepass")
    yield (places[cells.codes] if len(places) else places).astype("<i8").data


def difference(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The first difference of two fingerprints in words; empty if there is none."""
    for what in dict.fromkeys([*then, *now]):
        if what not in now:
            return f"{what} is no longer used"
        if what not in then:
            return f"{what} was not used before"
        if then[what] != now[what]:
            numbers = f", from {then[what]} to {now[what]}" if what == ROWS else ""
            return f"{what} has changed{numbers}"
    return ""
