"""Predictions as columns of text, with what passes through from the input."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.grammar import is_number
from mlptrain.errors import SpecError
from mlptrain.model.rows import Rows

Columns = dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class AnswerOptions:
    """What predictions hold beside the predicted column(s)."""

    keep: Sequence[str] = ()
    """Columns of the input that pass through; "all" for every one."""
    probabilities: bool = False
    spreadsheet_safe: bool = False
    """Whether texts that a spreadsheet would take for formulas get an apostrophe before them."""


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
    """Numbers in the shortest text that reads back as the same number of the model's precision."""
    with np.errstate(over="ignore"):
        return list(map(str, values.astype(dtype)))


def escape_spreadsheet_formulas(columns: Columns) -> Columns:
    """The columns without texts that a spreadsheet would run."""
    return {
        escape_spreadsheet_formula(name): list(map(escape_spreadsheet_formula, cells))
        for name, cells in columns.items()
    }


def escape_spreadsheet_formula(text: str) -> str:
    """A text that no spreadsheet takes for a formula: what begins like one, and is no number, gets an apostrophe.

    >>> [escape_spreadsheet_formula(text) for text in ("=1+1", "-1.5", "@SUM(A1)", "plain")]
    ["'=1+1", '-1.5', "'@SUM(A1)", 'plain']
    """
    return f"'{text}" if text[:1] in FORMULA and not is_number(text) else text


FORMULA = frozenset("=+-@\t\r\n")
"""What a formula may begin with (OWASP, CSV injection)."""
