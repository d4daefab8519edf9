"""Predictions as columns under the target's own name."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.grammar import is_number
from mlptrain.data.targets import ClassTarget, Target
from mlptrain.errors import SpecError
from mlptrain.model.rows import Rows

Columns = dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a prediction is to hold beside the predicted column(s)."""

    keep: Sequence[str] = ()
    """Columns of the input that are passed through; "all" for every one."""
    probabilities: bool = False
    spreadsheet_safe: bool = False
    """Whether texts that a spreadsheet would take for formulas get an apostrophe before them."""


def kept_columns(rows: Rows, keep: Sequence[str], taken: Collection[str]) -> Columns:
    """Columns of the input that are passed through; "all" is all of them but those whose names are `taken`."""
    if not keep:
        return {}
    if rows.table is None:
        raise SpecError("--keep: images have no columns")
    table = rows.table
    if "all" in keep:
        return {name: table.texts(name) for name in table.columns if name not in taken}
    for name in keep:
        if name in taken:
            raise SpecError(f"--keep {name}: the prediction is written under this name; rename the column of the input")
    return {name: table.texts(name) for name in keep}


def predicted_columns(target: Target, values: NDArray[Any], dtype: np.dtype[Any]) -> Columns:
    """The prediction under the target's own name."""
    if isinstance(target, ClassTarget):
        return {target.name: list(map(target.classes.__getitem__, values.argmax(axis=1).tolist()))}
    return {name: texts(values[:, position], dtype) for position, name in enumerate(target.names)}


def probability_columns(target: ClassTarget, values: NDArray[Any], dtype: np.dtype[Any]) -> Columns:
    """One column a class."""
    return {f"probability_{label}": texts(values[:, code], dtype) for code, label in enumerate(target.classes)}


def texts(values: NDArray[Any], dtype: np.dtype[Any]) -> list[str]:
    """Numbers in the shortest text that reads back as the same number of the model's precision."""
    with np.errstate(over="ignore"):
        return list(map(str, values.astype(dtype)))


def no_formula(text: str) -> str:
    """A text that no spreadsheet takes for a formula: what begins like one, and is no number, gets an apostrophe.

    >>> [no_formula(text) for text in ("=1+1", "-1.5", "@SUM(A1)", "plain")]
    ["'=1+1", '-1.5', "'@SUM(A1)", 'plain']
    """
    return f"'{text}" if text[:1] in FORMULA and not is_number(text) else text


FORMULA = frozenset("=+-@\t\r\n")

"""What a formula may begin with (OWASP, CSV injection)."""
