"""Rows in memory, of any form that `data.frames` reads, as a spec or a model wants them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from mlptrain.data.features import FeatureColumn
from mlptrain.data.frames import adapt_texts_to_columns, adapt_texts_to_known, read_frame, replace_texts
from mlptrain.data.table import Table
from mlptrain.errors import CellFault, DataError, SpecError
from mlptrain.model.head import Head
from mlptrain.model.rows import ImageRows, TableRows
from mlptrain.spec.fields import Data, narrow_to_images

NAME = "data"
"""What messages call a table in memory."""


@contextmanager
def advise_conversions() -> Iterator[None]:
    """Let the error of a cell say how to convert the rows: the spec, which its cure speaks of, is the model's."""
    try:
        yield
    except CellFault as problem:
        if not problem.cure:
            raise
        from mlptrain.model.conversions import describe_conversion  # seldom needed

        cure = describe_conversion(problem)
        raise CellFault(problem.said, cure, column=problem.column, text=problem.text) from None


def make_training_rows(data: Any, spec: Data) -> TableRows:
    """The rows to train on; columns that the spec ignores may hold anything."""
    if narrow_to_images(spec.train) is not None:
        raise SpecError("data: the spec names images (data.train); leave data out, or name a target instead")
    if not spec.has_header:
        raise SpecError("data.header: rows in memory have names of columns; leave it out")
    ignored = [column for column in spec.rules.columns if spec.rules.of(column).kind == "ignore"]
    return adapt_table_to_spec(read_frame(data, name=NAME, unread=ignored), spec)


def adapt_table_to_spec(table: Table, spec: Data) -> TableRows:
    """The rows of a table in memory, with the texts in it that the spec replaces."""
    return TableRows(replace_texts(replace(table, grammar=spec.grammar), spec.replace))


def make_prediction_rows(data: Any, spec: Data, columns: Mapping[str, FeatureColumn]) -> TableRows:
    """The rows to predict: the model's columns, found by name, of an array in their order."""
    return TableRows(read_model_columns(data, spec, columns, list(columns)))


def make_image_rows(data: Any) -> ImageRows:
    """Images to predict: an array of bytes (images, height, width, …)."""
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim < 2:
        found = f"an array of {data.dtype}" if isinstance(data, np.ndarray) else f"a {type(data).__name__}"
        raise DataError(f"{NAME}: {found} is given; the model wants images: an array of uint8 (images, height, width)")
    return ImageRows(NAME, data)


def make_labelled_images(data: Any, labels: Any, head: Head) -> ImageRows:
    """Images to evaluate on, with the label of each."""
    table = adapt_texts_to_known(read_frame({"": labels}, name="labels"), {"": head.classes})
    rows = make_image_rows(data)
    if table.rows != rows.count:
        raise DataError(f"labels: there are {table.rows:,}, and {rows.count:,} images")
    return replace(rows, labels=table)


def make_evaluation_rows(
    data: Any, spec: Data, columns: Mapping[str, FeatureColumn], head: Head, others: Sequence[str]
) -> TableRows:
    """The rows to evaluate on: the model's columns, the target, weights if they are there, and other columns."""
    weights = [] if spec.sample_weight is None else [spec.sample_weight]
    wanted = list(dict.fromkeys([*columns, *head.names, *others]))
    table = read_model_columns(data, spec, columns, wanted, optional=weights)
    return TableRows(adapt_texts_to_known(table, dict.fromkeys(head.names, head.classes) if head.has_classes else {}))


def read_model_columns(
    data: Any, spec: Data, columns: Mapping[str, FeatureColumn], wanted: Sequence[str], *, optional: Sequence[str] = ()
) -> Table:
    """Some columns, with the texts that the fitted ones know for their values; `optional` ones may be missing."""
    table = read_frame(data, names=list(columns), only=wanted, optional=optional, name=NAME)
    table = replace(table, grammar=spec.grammar)
    return adapt_texts_to_columns(replace_texts(table, spec.replace), columns.values())
