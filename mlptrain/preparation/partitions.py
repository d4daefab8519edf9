"""Which rows of the data are for training, validation and test: once, or for each fold and repeat."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.date_column import read_dates
from mlptrain.data.levels import code_by_meaning
from mlptrain.data.number_reading import read_numbers
from mlptrain.data.table import Table
from mlptrain.errors import DataError, SpecError
from mlptrain.preparation.material import TrainingData
from mlptrain.preparation.splits import Parts, split_by_column, split_folds, split_groups, split_rows, split_times


def divide_rows(data: TrainingData) -> list[Parts]:
    """Which rows are for training, validation and test: once, or for each fold and repeat."""
    split = data.spec.data.split
    first = divide_rows_once(data, repeat=0)
    if split.folds is None:
        return [first, *(redraw_validation(data, first, repeat) for repeat in range(1, split.repeats))]
    rest = np.sort(np.concatenate([first.train, first.validation]))
    return [
        Parts(train=rest[train], validation=rest[held], test=first.test)
        for repeat in range(split.repeats)
        for train, held in divide_into_folds(data, rest, repeat)
    ]


def join_validation_to_training(parts: Parts) -> Parts:
    """The same with the validation rows among those for training."""
    train = np.sort(np.concatenate([parts.train, parts.validation]))
    return Parts(train=train, validation=parts.validation[:0], test=parts.test)


def redraw_validation(data: TrainingData, first: Parts, repeat: int) -> Parts:
    """Another share for validation, of the rows that are not for the test: those stay apart in every repeat."""
    split, seed = data.spec.data.split, data.spec.seed
    rest = np.sort(np.concatenate([first.train, first.validation]))
    keys = {name: key[rest] for name, key in find_split_keys(data).items()}
    share = split.validation_share * data.rows.count / len(rest)
    if "groups" in keys:
        drawn = split_groups(keys["groups"], validation=share, test=0.0, seed=seed, repeat=repeat)
    else:
        classes = keys.get("classes")
        drawn = split_rows(len(rest), validation=share, test=0.0, seed=seed, repeat=repeat, classes=classes)
    return Parts(train=rest[drawn.train], validation=rest[drawn.validation], test=first.test)


def divide_into_folds(data: TrainingData, rest: NDArray[np.int64], repeat: int) -> list[tuple[Any, Any]]:
    """The folds of the rows that are not for the test."""
    split, count = data.spec.data.split, len(rest)
    keys = find_split_keys(data)
    found = split_folds(
        count,
        k=split.folds or 1,
        seed=data.spec.seed,
        repeat=repeat,
        **{name: key[rest] for name, key in keys.items()},
    )
    if any(not len(part) for fold in found for part in fold):
        what = "groups" if "groups" in keys else "rows"
        raise SpecError(
            f"data.split.folds: there are too few {what} in {count} rows for {split.folds} folds; take fewer"
        )
    return found


def find_split_keys(data: TrainingData) -> dict[str, NDArray[Any]]:
    """What the rows are divided by: classes, groups or times."""
    split, table, classes = data.spec.data.split, data.rows.inputs, data.classes
    if split.type == "group":
        return {"groups": read_groups(data, table, split.key_column)}
    if split.type == "time":
        return {"times": read_times(data, table, split.key_column)}
    if split.type == "stratify" and classes is None:
        raise SpecError("data.split.type: stratify needs a target of classes; use random")
    if split.type in ("auto", "stratify") and classes is not None:
        return {"classes": data.class_codes()}
    return {}


def read_groups(data: TrainingData, table: Table, column: str) -> NDArray[np.int64]:
    """The code of each row's group."""
    cells, marks = table.code_texts(column), data.spec.data.rules.missing(column)
    if gaps := cells.find_rows(table.gaps(column, marks)):
        why = "the group is missing, by which data.split divides the rows; fill it in"
        raise table.fault(gaps[0], column, why)
    return code_by_meaning(cells, table.grammar_of(column))


def read_times(data: TrainingData, table: Table, column: str) -> NDArray[np.float64]:
    """The time of each row: numbers as they are, dates in seconds."""
    own, missing = data.spec.data.rules.of(column), data.spec.data.rules.missing(column)
    gaps = table.gaps(column, missing)
    texts = [text for text in table.code_texts(column).counts if text not in gaps]
    plain = own.format is None and own.type != "date" and all(map(table.grammar_of(column).reads, texts))
    times = read_numbers(table, column, missing) if plain else read_dates(table, column, missing, own.format)
    if np.isnan(times).any():
        row = int(np.isnan(times).argmax())
        raise table.fault(row, column, "the time is missing, by which data.split divides the rows; fill it in")
    return times


def divide_rows_once(data: TrainingData, *, repeat: int) -> Parts:
    """One split, by shares or by a column; an error if a part that is wanted has no rows."""
    spec, rows = data.spec, data.rows
    split = spec.data.split
    if split.type == "column":
        return read_parts_from_column(rows.inputs, split.key_column)
    share = split.validation_share
    keys, shares = find_split_keys(data), {"validation": share, "test": split.test}
    if "times" in keys:
        parts = split_times(keys["times"], **shares)
    elif "groups" in keys:
        parts = split_groups(keys["groups"], **shares, seed=spec.seed, repeat=repeat)
    else:
        parts = split_rows(rows.count, **shares, seed=spec.seed, repeat=repeat, classes=keys.get("classes"))
    for name, wanted, got in (("validation", share, parts.validation), ("test", split.test, parts.test)):
        if wanted and not len(got):
            why, cure = explain_no_rows(keys, name)
            raise SpecError(f"data.split.{name}: {wanted:g} of {rows.count} rows {why}; {cure}")
    if not len(parts.train):
        raise SpecError(f"data.split: no row of {rows.count} is left for training; take smaller shares")
    return parts


def explain_no_rows(keys: dict[str, NDArray[Any]], part: str) -> tuple[str, str]:
    """Why a part has no rows, and what to do."""
    if "classes" in keys and np.bincount(keys["classes"]).max() == 1:
        return "is no row: every class has one row, which goes to training", f"add rows, or set data.split.{part}: 0"
    if "groups" in keys and len(np.unique(keys["groups"])) < 3:
        return "is no group: there are too few groups", "divide the rows by another column"
    return "is no row at all", f"take a larger share, or set data.split.{part}: 0"


def read_parts_from_column(table: Table, column: str) -> Parts:
    """The parts that a column names."""
    cells = table.texts(column)
    try:
        parts = split_by_column(cells)
    except ValueError as problem:
        row, cell = problem.args
        raise table.fault(row, column, f"{cell!r} is not a part; write train, validation or test") from None
    if not len(parts.train):
        raise DataError(f'{table.name}: column "{column}": no row says train; nothing can be learned')
    return parts
