"""The settings of how a table is read: their keys, the option that sets one, and columns that read as they say."""

import re
from collections.abc import Mapping
from dataclasses import fields, replace

from mlptrain.data.column_rules import ColumnRules
from mlptrain.data.date_column import DateColumn
from mlptrain.data.features import FeatureColumn, Features
from mlptrain.data.grammar import NumberGrammar
from mlptrain.data.table_format import TableFormat
from mlptrain.model.rows import AnyFeatures
from mlptrain.spec.fields import Data

FORMAT_KEYS = tuple(each.name for each in fields(TableFormat))
GRAMMAR_KEYS = tuple(each.name for each in fields(NumberGrammar) if each.name in FORMAT_KEYS)
MARKS = ("delimiter", "decimal", "thousands")
"""Keys whose value is one character."""


def read_features_as(features: AnyFeatures, before: Data, now: Data) -> AnyFeatures:
    """The fitted columns, which read their cells as a data section says."""
    if not isinstance(features, Features):
        return features
    return replace(features, columns=tuple(read_column_as(column, before, now) for column in features.columns))


def read_column_as(column: FeatureColumn, before: Data, now: Data) -> FeatureColumn:
    """The fitted column with the marks of missing cells and the format of dates that are set anew."""
    name = column.name
    if before.rules.missing(name) != now.rules.missing(name):
        column = replace(column, missing=tuple(now.rules.missing(name)))
    form = now.rules.of(name).format
    if isinstance(column, DateColumn) and form and form != before.rules.of(name).format:
        column = replace(column, format=form)
    return column


def set_date_formats(data: Data, formats: Mapping[str, str]) -> Data:
    """The data section with other formats of some columns of dates."""
    own: dict[str, ColumnRules] = {name: replace(data.rules.of(name), format=form) for name, form in formats.items()}
    return replace(data, columns={**data.columns, **own})


def quote_key(name: str) -> str:
    """A column's name as a step of a dotted key."""
    return name if re.fullmatch(r"[^.\"=\s]+", name) else f'"{name}"'


def write_option(key: str, value: str) -> str:
    """The option that sets a key to a value in YAML, as a shell takes it."""
    from shlex import quote  # for messages alone

    if key.removeprefix("data.") in MARKS and len(value) == 3:
        value = value.strip('"')
    return f"--set {quote(f'{key}={value}')}"
