"""Predictions as columns of text, with what passes through from the input."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.grammar import is_number
from mlptrain.data.odd_cells import format_column_counts
from mlptrain.errors import SpecError
from mlptrain.model.rows import Rows

Columns = dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class AnswerOptions:
    """What predictions hold beside the predicted column(s)."""

    keep: Sequence[str] = ()
    """Columns of the input that pass through; "all" for every one."""
    probabilities: bool = False
    scores: bool = False
    """Whether the network's own outputs are among the columns, before the loss's link."""
    spreadsheet_safe: bool = False
    """Whether texts that a spreadsheet would take for formulas get an apostrophe before them."""


@dataclass
class NotFinite:
    """Predictions that are not finite numbers: how many by column, and where the first stands."""

    counts: dict[str, int] = field(default_factory=dict)
    first: str = ""

    def add(self, marks: Mapping[str, NDArray[np.bool_]], rows: Rows) -> None:
        """Count the rows that are marked, by column."""
        for name, marked in marks.items():
            if count := int(marked.sum()):
                self.first = self.first or rows.describe_place(int(marked.argmax()))
                self.counts[name] = self.counts.get(name, 0) + count

    def words(self, consequence: str = ", their cells are left empty") -> str:
        """The counts as a notice; empty if there are none."""
        counted = format_column_counts(self.counts)
        return f"predictions that are not finite numbers{consequence}: {counted}; the first: {self.first}" * (
            self.first != ""
        )


def mark_not_finite(values: NDArray[Any], names: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    """By column, which of its numbers (rows, columns) are not finite; a column without any is left out."""
    bad = ~np.isfinite(values)
    return {name: column for name, column in zip(names, bad.T, strict=True) if column.any()} if bad.any() else {}


@dataclass(frozen=True, kw_only=True)
class ColumnGroup:
    """Columns that come from one place."""

    origin: str
    """Where they come from, as a message says it: "the prediction"."""
    columns: Columns
    cure: str = "rename the target in the training table, and train anew"
    """What to do about a name that another column has, too."""


def join_columns(groups: Sequence[ColumnGroup]) -> Columns:
    """All columns of the groups, in order; two of one name are a SpecError, as one would be lost."""
    joined: Columns = {}
    origins: dict[str, ColumnGroup] = {}
    for group in groups:
        for name, cells in group.columns.items():
            if name in joined:
                other = origins[name]
                cure = next((each.cure for each in (other, group) if each.cure != ColumnGroup.cure), group.cure)
                raise SpecError(f"two columns would be named {name!r}: {other.origin} and {group.origin}; {cure}")
            joined[name], origins[name] = cells, group
    return joined


def select_kept_columns(rows: Rows, keep: Sequence[str], predicted: Collection[str]) -> Columns:
    """Columns of the input that pass through; "all" is all of them but those with a predicted column's name."""
    if not keep:
        return {}
    table = rows.require_table("--keep")
    if "all" in keep:
        return {name: table.texts(name) for name in table.columns if name not in predicted}
    for name in keep:
        if name in predicted:
            raise SpecError(f"--keep {name}: the prediction is written under this name; rename the column of the input")
    return {name: table.texts(name) for name in keep}


def format_predicted_numbers(values: NDArray[Any], dtype: np.dtype[Any]) -> list[str]:
    """Numbers in the shortest text that reads back as the same number of the model's precision.

    A number that this precision cannot hold is written in its own; what is no finite number has no text.
    """
    with np.errstate(all="ignore"):
        narrow = values.astype(dtype)
    texts = list(map(str, narrow))
    lost = ~np.isfinite(narrow) | ((np.abs(narrow) < np.finfo(dtype).tiny) & (narrow != values))
    for row in np.flatnonzero(lost).tolist():
        texts[row] = str(float(values[row])) if np.isfinite(values[row]) else ""
    return texts


def escape_spreadsheet_formulas(columns: Columns) -> Columns:
    """The columns without texts that a spreadsheet would run; a SpecError where two would then have one name."""
    escaped = [
        ColumnGroup(
            origin=f"the column {name!r}",
            columns={escape_spreadsheet_formula(name): list(map(escape_spreadsheet_formula, cells))},
            cure="rename one of them, or leave out --spreadsheet-safe",
        )
        for name, cells in columns.items()
    ]
    return join_columns(escaped)


def escape_spreadsheet_formula(text: str) -> str:
    """A text that no spreadsheet takes for a formula: what begins like one, and is no number, gets an apostrophe.

    >>> [escape_spreadsheet_formula(text) for text in ("=1+1", "-1.5", "@SUM(A1)", "plain")]
    ["'=1+1", '-1.5', "'@SUM(A1)", 'plain']
    """
    return f"'{text}" if text[:1] in FORMULA and not is_number(text) else text


FORMULA = frozenset("=+-@\t\r\n")
"""What a formula may begin with (OWASP, CSV injection)."""
