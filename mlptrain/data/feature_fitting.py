"""Columns fitted on the training rows: what each is, its levels, its scaling, what fills its gaps."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.column_rules import FeatureRules
from mlptrain.data.columns import RUNNING_NUMBER, Kind, Understood, booleans, dates, natural_order, numbers, understand
from mlptrain.data.dates import DateParts, date_format
from mlptrain.data.encodings import (
    OrdinalEncoding,
)
from mlptrain.data.features import CategoryColumn, DateColumn, FeatureColumn, Features, NumberColumn, level_codes
from mlptrain.data.table import Table, listed
from mlptrain.errors import DataError

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]
Matrix = NDArray[np.floating[Any]]
FAR_OUT = 1e6
"""A number so many interquartile ranges from the median is worth a notice."""


def understand_columns(table: Table, names: Sequence[str], rules: FeatureRules) -> dict[str, Understood]:
    """The kind of each of the columns: the spec's, or what its cells say.

    A running number is an identifier, unless there is nothing else to learn from.
    """
    found = {name: understood(table, name, rules) for name in names}
    if all(each.kind == "ignore" for each in found.values()):
        return {name: Understood("number") if each == RUNNING_NUMBER else each for name, each in found.items()}
    return found


def understood(table: Table, name: str, rules: FeatureRules) -> Understood:
    """What one column is."""
    own = rules.of(name)
    if own.type is not None:
        return Understood(own.type, "as declared")
    if own.format is not None:
        return Understood("date", "as declared")
    if own.encoding is not None or own.levels is not None:
        return Understood("category", "as declared")
    return understand(table, name, {"", *rules.missing(name)})


def fit_features(
    table: Table,
    understood: Mapping[str, Understood],
    rules: FeatureRules,
    *,
    targets: Doubles,
    notices: list[str] | None = None,
) -> Features:
    """Fit the columns on the training rows, whose `targets` (n, K) serve target encodings."""
    columns: list[FeatureColumn] = []
    ignored = {}
    for name, found in understood.items():
        column = None if found.kind == "ignore" else fit_column(table, name, found.kind, rules, targets)
        if column is None:
            rare = " or too rare" if found.kind == "category" and min_frequency(name, rules) > 1 else ""
            ignored[name] = found.note if found.kind == "ignore" else f"constant{rare} in the training rows"
        else:
            columns.append(column)
            if notices is not None and isinstance(column, NumberColumn):
                notices += far_out(column, table)
    if not columns:
        left_out = f"left out: {listed(ignored)}" if ignored else "there is none beside the target"
        raise DataError(f"{table.name}: no column is left to learn from; {left_out}")
    return Features(columns=tuple(columns), ignored=ignored)


def fit_column(table: Table, name: str, kind: Kind, rules: FeatureRules, targets: Doubles) -> FeatureColumn | None:
    """One fitted column; None where it is constant in the training rows."""
    if kind == "category":
        return fit_category(table, name, rules, targets)
    return fit_date(table, name, rules) if kind == "date" else fit_number(table, name, rules, boolean=kind == "boolean")


def min_frequency(name: str, rules: FeatureRules) -> int:
    return rules.of(name).min_frequency or rules.min_frequency


def fit_category(table: Table, name: str, rules: FeatureRules, targets: Doubles) -> CategoryColumn | None:
    """A category column. Missing is a level of its own, but has no place in an order."""
    asked, missing = rules.of(name).encoding or rules.encoding, rules.missing(name)
    cells = table.coded(name)
    counts: dict[str, int] = {}
    for value, count in cells.counts.items():
        level = "" if value in missing else value
        counts[level] = counts.get(level, 0) + count
    if len(counts) < 2:
        return None
    order = [*natural_order(counts.keys() - {""}), *([""] if "" in counts else [])]
    if (declared := rules.of(name).levels) is not None:
        order = list(declared)
    elif isinstance(asked, OrdinalEncoding):
        order = [level for level in order if level]
    levels = tuple(
        level for level in order if counts.get(level, 0) >= (min_frequency(name, rules) if not declared else 0)
    )
    if declared is not None and not counts.keys() & set(levels):
        found = listed(sorted(counts.keys() - {""}), 5)
        raise DataError(f'{table.name}: column "{name}": none of its declared levels occurs; the cells are {found}')
    if not levels:
        return None
    codes = level_codes(cells, levels, missing)
    return CategoryColumn(
        name=name, levels=levels, encoding=asked.fit(codes, levels=len(levels), targets=targets), missing=missing
    )


def fit_date(table: Table, name: str, rules: FeatureRules) -> DateColumn | None:
    """A column of dates."""
    own, missing = rules.of(name), rules.missing(name)
    seconds = dates(table, name, missing, own.format)
    gaps = np.isnan(seconds)
    if gaps.all():
        return None
    parts = DateParts.fit(seconds)
    known = [value for value in table.coded(name).counts if value not in {"", *missing}]
    form = own.format or date_format(known) or ""
    indicator = (own.imputing or rules.imputing).indicator and bool(gaps.any())
    column = DateColumn(name=name, format=form, parts=parts, indicator=indicator, missing=missing)
    return None if parts.degenerate else column


def fit_number(table: Table, name: str, rules: FeatureRules, *, boolean: bool) -> NumberColumn | None:
    """A column of numbers or truth values."""
    own, missing = rules.of(name), rules.missing(name)
    imputing, scaling = own.imputing or rules.imputing, own.scaling or rules.scaling
    values = (booleans if boolean else numbers)(table, name, missing)
    known = values[~np.isnan(values)]
    if not known.size or known.min() == known.max():
        return None
    fitted = scaling.fit(known)
    return (
        None
        if fitted.degenerate
        else NumberColumn(
            name=name,
            boolean=boolean,
            fill=imputing.fit(known),
            scaling=fitted,
            indicator=imputing.indicator and known.size < values.size,
            missing=missing,
        )
    )


def far_out(column: NumberColumn, table: Table) -> Iterator[str]:
    """A notice of the number that is farthest out, if it is out of all proportion."""
    values = column.read(table)
    known = np.sort(values[~np.isnan(values)])
    if known[-1] - known[0] <= FAR_OUT * abs(known[len(known) // 2] - known[0]):
        return
    low, median, high = (float(known[len(known) * k // 4]) for k in (1, 2, 3))
    spread = high - low or float((known / 1e150).std() * 1e150)
    distances = np.abs(values - median) / spread if spread > 0 else np.zeros(1)
    row = int(np.nanargmax(distances))
    if distances[row] > FAR_OUT:
        where, cell = table.lines([row])[0], table.columns[column.name].text(row)
        yield f'column "{column.name}": {cell} on {where} is {distances[row]:.0e} interquartile ranges from the median'


def incomplete_rows(table: Table, understood: Mapping[str, Understood], rules: FeatureRules) -> NDArray[np.bool_]:
    """The rows that lack a cell of a column of which such rows are to be dropped."""
    dropped = np.zeros(table.rows, bool)
    for name, found in understood.items():
        if (rules.of(name).imputing or rules.imputing).strategy != "drop_row" or found.kind == "ignore":
            continue
        missing = rules.missing(name)
        if found.kind == "number":
            dropped |= np.isnan(numbers(table, name, missing))
        else:
            dropped |= level_codes(table.coded(name), [""], missing) == 0
    return dropped
