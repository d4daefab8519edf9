"""The validation rows, encoded: a share of the training file, or a file of their own, however it is written."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from mlptrain.data.cell_cures import SETTING
from mlptrain.data.feature_fitting import find_incomplete_rows
from mlptrain.data.features import Features
from mlptrain.data.odd_cells import OddCells, OddRows
from mlptrain.data.table import format_row_count
from mlptrain.errors import DataError, MissingFile
from mlptrain.model.encoding import encode_examples
from mlptrain.model.examples import Examples, Origin
from mlptrain.model.head import Head
from mlptrain.model.input_format import InputFormat
from mlptrain.model.reading_settings import FORMAT_KEYS, read_features_as
from mlptrain.model.rows import (
    AnyFeatures,
    Rows,
    describe_blank_lines,
    drop_uncounted_rows,
    list_files,
    locate_file,
    read_rows,
    take_chosen_rows,
)
from mlptrain.preparation.material import TrainingData
from mlptrain.preparation.splits import Parts
from mlptrain.spec.fields import Data, Source

KEY = ("data", "split", "validation")


@dataclass(frozen=True, kw_only=True)
class ValidationFile:
    """The rows of a validation file that are of use, and the encoding by which it was read."""

    rows: Rows
    features: AnyFeatures
    examples: Examples
    notices: list[str]
    fractions: Collection[str]
    """The columns that have fractions, and had whole numbers only in training."""


def encode_validation_part(
    data: TrainingData, parts: Parts, features: AnyFeatures, head: Head, notices: list[str]
) -> Examples | None:
    """The rows of the validation part, a share or those of a file of their own, and which of all rows they are."""
    if (file := data.spec.data.split.validation_file) is not None:
        found = read_validation_file(data, file, features, head)
        notices += found.notices
        origin = Origin(rows=found.rows, numbers=np.arange(found.rows.count), features=found.features)
        return replace(found.examples, origin=origin)
    if not len(parts.validation):
        return None
    rows = data.rows.take(parts.validation)
    origin = Origin(rows=data.rows, numbers=parts.validation, features=features)
    return replace(encode_examples(data.spec, features, head, rows), origin=origin)


def read_validation_file(data: TrainingData, file: Source, features: AnyFeatures, head: Head) -> ValidationFile:
    """A validation file, read as the training file was, or as it looks where that does not fit."""
    spec = data.spec.data
    with name_key_of_file():
        if not isinstance(features, Features):
            return encode_validation_file(data, file, spec, features, head)
        path = locate_file(list_files(file)[0], data.folder)
        columns = {column.name: column for column in features.columns}
        others = [*spec.targets, *filter(None, [spec.sample_weight])]
        form = InputFormat(path, spec, columns, head, others=others)
        try:
            try:
                found = encode_validation_file(data, file, form.data, features, head)
            except DataError:
                if not form.adapt():
                    raise
                found = encode_validation_file(data, file, form.data, features, head)
            form.note_doubt(found.fractions, [locate_file(each, data.folder) for each in list_files(file)])
        except DataError as problem:
            raise advise_for_both_files(problem, form.notices) from None
    return replace(found, notices=[*form.notices, *found.notices])


def encode_validation_file(
    data: TrainingData, file: Source, layout: Data, features: AnyFeatures, head: Head
) -> ValidationFile:
    """The rows of a validation file, read as `layout` says, encoded; notices say which are of no use."""
    spec = replace(data.spec, data=layout)
    features = read_features_as(features, data.spec.data, layout)
    rows, notices = read_useful_rows(data, file, layout)
    odd, counts = OddRows(), OddCells()
    examples = encode_examples(spec, features, head, rows, odd=odd)
    counts.add(odd)
    notices += [f"{rows.name}: {counts.words()}"] if counts.words() else []
    return ValidationFile(rows=rows, features=features, examples=examples, notices=notices, fractions=odd.fractions)


def read_useful_rows(data: TrainingData, file: Source, layout: Data) -> tuple[Rows, list[str]]:
    """The rows of the validation file that are of use, and notices of those that are not."""
    rows = read_rows(file, layout, data.folder)
    if not rows.count:
        raise DataError(f"{rows.name}: there are no rows to validate on")
    blank = describe_blank_lines(rows)
    rows, dropped = drop_uncounted_rows(layout, rows)
    incomplete = find_incomplete_rows(rows.inputs, data.understood, layout.rules)
    if rows.count and incomplete.all() and not rows.are_images:
        raise DataError(f"{rows.name}: every validation row lacks a cell (data.imputing: drop_row)")
    if incomplete.any():
        dropped.append(describe_incomplete_rows(int(incomplete.sum())))
    if incomplete.any() or not rows.are_images:
        rows = take_chosen_rows(rows, ~incomplete)
    return rows, [*blank, *(f"{rows.name}: {each}" for each in dropped)]


def describe_incomplete_rows(count: int) -> str:
    """The notice of rows that lack a cell."""
    return f"{format_row_count(count)} with missing cells left out (data.imputing: drop_row)"


def advise_for_both_files(problem: DataError, notices: Sequence[str]) -> DataError:
    """The problem of a validation file: settings hold for the training file, too; with what was found out of it."""
    said = str(problem)
    if isinstance(problem, MissingFile):
        return problem
    hint = " (what the spec says of data holds for the training file, too: write this one alike)"
    advises = any(found["key"] in (*FORMAT_KEYS, "missing_values", "columns") for found in SETTING.finditer(said))
    advised = DataError(f"{said}{hint}" if advises else said)
    for notice in notices:
        advised.add_note(notice)
    return advised


@contextmanager
def name_key_of_file() -> Iterator[None]:
    """Say of a validation file that is not there which key names it."""
    try:
        yield
    except MissingFile as problem:
        problem.key = KEY
        raise
