"""Which rows are explained: those that count, of classes that the model knows, not more than are asked for."""

import re

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.table import format_row_count
from mlptrain.errors import DataError, SpecError
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows, take_chosen_rows
from mlptrain.randomness import permutation, stream

RowsAsked = int | str | tuple[int, ...]
"""The first so many rows, `all`, or their numbers in the file, from 1: (1, 5, 7) or "1,5,7"."""


def choose_rows(rows: Rows, most: int, seed: int) -> Rows:
    """At most so many of the rows, drawn without replacement, in their order."""
    if rows.count <= most:
        return rows
    return rows.take(np.sort(permutation(stream(seed, "explain rows"), rows.count)[:most]))


def drop_unknown_classes(model: Model, rows: Rows) -> tuple[Rows, list[str]]:
    """The rows of classes that the model knows, and a notice of the others: what they cost, no column can change."""
    known = model.head.find_known(model.head.read_truth(model.spec.data, rows, unknown=True))
    if known.all():
        return rows, []
    if not known.any():
        raise DataError(f"{rows.name}: no row is of a class that the model knows")
    count = format_row_count(int((~known).sum()))
    notices = [*model.head.describe_unknown(rows), f"{count} of classes that the model does not know left out"]
    return take_chosen_rows(rows, known), notices


def choose_row_numbers(asked: RowsAsked, rows: Rows) -> NDArray[np.int64]:
    """The places of the rows that are asked for, in the order in which they are."""
    if asked == "all":
        return np.arange(rows.count)
    if isinstance(asked, tuple) or (isinstance(asked, str) and "," in asked):
        return find_row_numbers(parse_row_numbers(asked), rows)
    if not re.fullmatch("[0-9]{1,9}", str(asked)) or int(asked) < 1:
        raise SpecError(
            f'rows: {asked!r:.80} is no number of rows; write a number, all, or the rows\' numbers: "1,5,7"'
        )
    return np.arange(min(int(asked), rows.count))


def parse_row_numbers(asked: str | tuple[int, ...]) -> list[int]:
    """The numbers of rows."""
    parts = (
        [each.strip() for each in asked.split(",") if each.strip()] if isinstance(asked, str) else list(map(str, asked))
    )
    odd = next((each for each in parts if not re.fullmatch("[0-9]{1,9}", each)), None)
    if odd is not None or not parts:
        raise SpecError(f'rows: {odd or "":.80} is no number of a row; write all, a number, or several as in "1,5,7"')
    return list(map(int, parts))


def find_row_numbers(numbers: list[int], rows: Rows) -> NDArray[np.int64]:
    """The places of rows of some numbers."""
    places = {number: place for place, number in enumerate(rows.numbers.tolist())}
    absent = [number for number in numbers if number not in places]
    if absent:
        among = f"{format_row_count(rows.count)}, {min(places):,} to {max(places):,}"
        raise DataError(f"{rows.name}: there is no row {absent[0]:,} among the {among}")
    return np.array([places[number] for number in numbers])
