"""Which rows of the material are for training, validation and test: once, or for each fold and repeat."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.columns import dates, numbers, rows_of
from mlptrain.data.table import Table
from mlptrain.errors import DataError, SpecError
from mlptrain.preparation.material import Material, target_codes
from mlptrain.preparation.splits import Parts, folds, split_by_column, split_groups, split_rows, split_times


def partitions(material: Material) -> list[Parts]:
    """Which rows are for training, validation and test: once, or for each fold and repeat."""
    split = material.spec.data.split
    first = parts_of(material, repeat=0)
    if split.folds is None:
        return [first, *(redrawn(material, first, repeat) for repeat in range(1, split.repeats))]
    rest = np.sort(np.concatenate([first.train, first.validation]))
    return [
        Parts(train=rest[train], validation=rest[held], test=first.test)
        for repeat in range(split.repeats)
        for train, held in fold_rows(material, rest, repeat)
    ]


def without_validation(parts: Parts) -> Parts:
    """The same with the validation rows among those for training."""
    train = np.sort(np.concatenate([parts.train, parts.validation]))
    return Parts(train=train, validation=parts.validation[:0], test=parts.test)


def redrawn(material: Material, first: Parts, repeat: int) -> Parts:
    """Another share for validation, of the rows that are not for the test: those stay apart in every repeat."""
    split, seed = material.spec.data.split, material.spec.seed
    assert isinstance(split.validation, float)
    rest = np.sort(np.concatenate([first.train, first.validation]))
    keys = {name: key[rest] for name, key in split_keys(material).items()}
    share = split.validation * material.rows.count / len(rest)
    if "groups" in keys:
        drawn = split_groups(keys["groups"], validation=share, test=0.0, seed=seed, repeat=repeat)
    else:
        classes = keys.get("classes")
        drawn = split_rows(len(rest), validation=share, test=0.0, seed=seed, repeat=repeat, classes=classes)
    return Parts(train=rest[drawn.train], validation=rest[drawn.validation], test=first.test)


def fold_rows(material: Material, rest: NDArray[np.int64], repeat: int) -> list[tuple[Any, Any]]:
    """The folds of the rows that are not for the test."""
    split, count = material.spec.data.split, len(rest)
    assert split.folds is not None
    keys = split_keys(material)
    found = folds(
        count,
        k=split.folds,
        seed=material.spec.seed,
        repeat=repeat,
        **{name: key[rest] for name, key in keys.items()},
    )
    if any(not len(part) for fold in found for part in fold):
        what = "groups" if "groups" in keys else "rows"
        raise SpecError(
            f"data.split.folds: there are too few {what} in {count} rows for {split.folds} folds; take fewer"
        )
    return found


def split_keys(material: Material) -> dict[str, NDArray[Any]]:
    """What the rows are divided by: classes, groups or times."""
    split, rows, classes = material.spec.data.split, material.rows, material.classes
    if split.type in ("group", "time"):
        assert split.column is not None
        assert rows.table is not None
        if split.type == "group":
            cells = rows.table.coded(split.column)
            if gaps := rows_of(cells, {"", *material.spec.data.rules.missing(split.column)}):
                why = "the group is missing, by which data.split divides the rows; fill it in"
                raise rows.table.fault(gaps[0], split.column, why)
            return {"groups": cells.codes.astype(np.int64)}
        return {"times": row_times(material, rows.table, split.column)}
    if split.type == "stratify" and classes is None:
        raise SpecError("data.split.type: stratify needs a target of classes; use random")
    if split.type in ("auto", "stratify") and classes is not None:
        return {"classes": target_codes(material)}
    return {}


def row_times(material: Material, table: Table, column: str) -> NDArray[np.float64]:
    """The time of each row: numbers as they are, dates in seconds."""
    own, missing = material.spec.data.rules.of(column), material.spec.data.rules.missing(column)
    texts = [text for text in table.coded(column).counts if text not in {"", *missing}]
    plain = own.format is None and own.type != "date" and all(map(table.grammar.reads, texts))
    times = numbers(table, column, missing) if plain else dates(table, column, missing, own.format)
    if np.isnan(times).any():
        row = int(np.isnan(times).argmax())
        raise table.fault(row, column, "the time is missing, by which data.split divides the rows; fill it in")
    return times


def parts_of(material: Material, *, repeat: int) -> Parts:
    """One split, by shares or by a column; an error if a part that is wanted has no rows."""
    spec, rows = material.spec, material.rows
    split = spec.data.split
    if split.type == "column":
        assert split.column is not None
        assert rows.table is not None
        return named_parts(rows.table, split.column)
    share = split.validation if isinstance(split.validation, float) else 0.0
    keys, shares = split_keys(material), {"validation": share, "test": split.test}
    if "times" in keys:
        parts = split_times(keys["times"], **shares)
    elif "groups" in keys:
        parts = split_groups(keys["groups"], **shares, seed=spec.seed, repeat=repeat)
    else:
        parts = split_rows(rows.count, **shares, seed=spec.seed, repeat=repeat, classes=keys.get("classes"))
    for name, wanted, got in (("validation", share, parts.validation), ("test", split.test, parts.test)):
        if wanted and not len(got):
            why, cure = no_rows(keys)
            raise SpecError(f"data.split.{name}: {wanted:g} of {rows.count} rows {why}; {cure}")
    if not len(parts.train):
        raise SpecError(f"data.split: no row of {rows.count} is left for training; take smaller shares")
    return parts


def no_rows(keys: dict[str, NDArray[Any]]) -> tuple[str, str]:
    """Why a part has no rows, and what to do."""
    if "classes" in keys and np.bincount(keys["classes"]).max() == 1:
        return "is no row: every class has one row, which goes to training", "set data.split.type: random"
    if "groups" in keys and len(np.unique(keys["groups"])) < 3:
        return "is no group: there are too few groups", "divide the rows by another column"
    return "is no row at all", "take a larger share"


def named_parts(table: Table, column: str) -> Parts:
    """The parts that a column names."""
    try:
        parts = split_by_column(table.texts(column))
    except ValueError as problem:
        row, cell = problem.args
        raise table.fault(row, column, f"{cell!r} is not a part; write train, validation or test") from None
    if not len(parts.train):
        raise DataError(f'{table.name}: column "{column}": no row says train; nothing can be learned')
    return parts
