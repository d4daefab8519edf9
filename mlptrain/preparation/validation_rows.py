"""The validation rows, encoded: a share of the training file, or a file of their own, however it is written."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from mlptrain.data.cell_cures import SETTING
from mlptrain.data.feature_fitting import find_incomplete_rows
from mlptrain.data.features import Features
from mlptrain.data.files import match_files
from mlptrain.data.odd_cells import OddCells, OddRows
from mlptrain.data.table import format_row_count
from mlptrain.errors import DataError, MissingFile
from mlptrain.model.encoding import encode_examples
from mlptrain.model.examples import Examples, Origin
from mlptrain.model.head import Head
from mlptrain.model.input_format import InputFormat
from mlptrain.model.percent_notices import SET_SIGN, describe_percent_cells, describe_shares
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
class ValidationRows:
    """The rows of validation files that are of use, encoded."""

    examples: Examples
    notices: list[str]
    fractions: Collection[str]
    """The columns that have fractions, and had whole numbers only in training."""


def encode_validation_part(
    data: TrainingData, parts: Parts, features: AnyFeatures, head: Head, notices: list[str]
) -> Examples | None:
    """The rows of the validation part, a share or those of a file of their own, and which of all rows they are."""
    if (source := data.spec.data.split.validation_file) is not None:
        with name_key_of_file():
            found = read_validation_files(data, source, features, head)
        notices += found.notices
        return found.examples
    if not len(parts.validation):
        return None
    rows = data.rows.take(parts.validation)
    origin = Origin(rows=data.rows, numbers=parts.validation, features=features)
    return replace(encode_examples(data.spec, features, head, rows), origin=origin)


def read_validation_files(data: TrainingData, source: Source, features: AnyFeatures, head: Head) -> ValidationRows:
    """The rows of all validation files, each of which is read by itself, however it is written."""
    if not isinstance(features, Features):
        rows = read_rows(source, data.spec.data, data.folder)
        return encode_validation_rows(data, rows, data.spec.data, features, head)
    paths = [path for each in list_files(source) for path in match_files(locate_file(each, data.folder))]
    found = [read_validation_file(data, path, features, head) for path in paths]
    return found[0] if len(found) == 1 else join_validation_rows(found)


def join_validation_rows(files: Sequence[ValidationRows]) -> ValidationRows:
    """The rows of several files as those of one; where no file has a weight of its own, none has one."""
    parts = [each.examples for each in files]
    weighted = any(part.weights is not None for part in parts)
    ones = [np.ones(part.rows, part.x.dtype) if part.weights is None else part.weights for part in parts]
    joined = Examples(
        x=np.concatenate([part.x for part in parts]),
        targets=np.concatenate([part.targets for part in parts]),
        truth=np.concatenate([part.truth for part in parts]),
        weights=np.concatenate(ones) if weighted else None,
    )
    notices = [notice for each in files for notice in each.notices]
    return ValidationRows(examples=joined, notices=notices, fractions={*chain(*(each.fractions for each in files))})


def read_validation_file(data: TrainingData, path: str, features: Features, head: Head) -> ValidationRows:
    """A validation file, read as the training file was, or as it looks where that does not fit."""
    spec = data.spec.data
    columns = {column.name: column for column in features.columns}
    others = [*spec.targets, *filter(None, [spec.sample_weight])]

    def encode(layout: Data) -> ValidationRows:
        rows = read_rows(path, layout, Path(), store=data.rows.inputs.store)
        return encode_validation_rows(data, rows, layout, features, head)

    form = InputFormat(path, spec, columns, head, others=others)
    try:
        try:
            found = encode(form.data)
        except DataError:
            if not form.adapt():
                raise
            found = encode(form.data)
        form.note_doubt(found.fractions)
    except DataError as problem:
        raise advise_for_both_files(problem, form.notices) from None
    return replace(found, notices=[*form.notices, *found.notices])


def encode_validation_rows(
    data: TrainingData, rows: Rows, layout: Data, features: AnyFeatures, head: Head
) -> ValidationRows:
    """Rows for validation, which were read as `layout` says, encoded; notices say which are of no use."""
    spec = replace(data.spec, data=layout)
    features = read_features_as(features, data.spec.data, layout)
    percents = describe_percent_cells(rows.inputs.types, features.columns, data.spec.data, SET_SIGN)
    rows, notices = take_useful_rows(data, rows, layout)
    odd, counts = OddRows(), OddCells()
    examples = encode_examples(spec, features, head, rows, odd=odd)
    counts.add(odd)
    said = [*rows.inputs.left_out, *percents, *describe_shares(rows.inputs, features.columns, layout), counts.words()]
    notices += [f"{rows.name}: {each}" for each in said if each]
    return ValidationRows(examples=examples, notices=notices, fractions=odd.fractions)


def take_useful_rows(data: TrainingData, rows: Rows, layout: Data) -> tuple[Rows, list[str]]:
    """The rows that are of use for validation, and notices of those that are not."""
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
