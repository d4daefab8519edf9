"""Cells of a row as inputs of networks, with the standard library alone.

The text of this file is copied into what is exported, after that of `standalone_cells.py`, without its imports of ours.
"""

import base64
import math
import statistics
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any

from mlptrain.data.grammar import NumberGrammar
from mlptrain.data.moments import DAY
from mlptrain.export.standalone_cells import CellError

STANDARD_NORMAL = statistics.NormalDist()
EDGE = 1e-7 - 2.0**-52
LARGEST_SCALED = 1e30
"""A scaled number beyond this leaves no room for its products."""


def unpack_array(packed: dict[str, Any]) -> Any:
    """The nested lists of an array that stands in the model as text."""
    values = array({"float32": "f", "float64": "d"}[packed["dtype"]])
    values.frombytes(base64.b64decode(packed["data"]))
    if sys.byteorder == "big":
        values.byteswap()
    return nest_values(values.tolist(), packed["shape"])


def nest_values(values: list[Any], shape: list[int]) -> Any:
    """Values in rows of the last length, these in rows of the one before …"""
    for length in reversed(shape[1:]):
        values = [values[start : start + length] for start in range(0, len(values), length)]
    return values


def unpack_arrays(plain: Any) -> Any:
    """The model with its arrays as nested lists."""
    if isinstance(plain, dict):
        return (
            unpack_array(plain)
            if "dtype" in plain and "data" in plain
            else {key: unpack_arrays(each) for key, each in plain.items()}
        )
    return [unpack_arrays(each) for each in plain] if isinstance(plain, list) else plain


# Scalings


def center_and_scale(x: float, scaling: dict[str, Any]) -> float:
    z = (x - scaling["center"]) / scaling["scale"]
    return z if math.isfinite(z) else x / scaling["scale"] - scaling["center"] / scaling["scale"]


def clip_smoothly(x: float, scaling: dict[str, Any]) -> float:
    z = min(max(center_and_scale(x, scaling), -1e300), 1e300)
    return z / math.hypot(1, z / 3)


def scale_signed_log(x: float, scaling: dict[str, Any]) -> float:
    return center_and_scale(math.copysign(math.log1p(abs(x)), x), scaling)


def find_normal_quantile(x: float, scaling: dict[str, Any]) -> float:
    """Φ⁻¹(p), p the place of x among the quantiles, the middle of those that equal it."""
    quantiles = scaling["values"]
    low, high = bisect_left(quantiles, x), bisect_right(quantiles, x)
    if x <= quantiles[0] or x >= quantiles[-1]:
        p = 0.0 if x <= quantiles[0] else 1.0
    elif low < high:
        p = (low + high - 1) / 2 / (len(quantiles) - 1)
    else:
        before, after = quantiles[low - 1], quantiles[low]
        p = (low - 1 + (x - before) / (after - before)) / (len(quantiles) - 1)
    return STANDARD_NORMAL.inv_cdf(min(max(p, EDGE), 1 - EDGE))


SCALINGS = {
    "affine": center_and_scale,
    "smoothly_clipped": clip_smoothly,
    "log_affine": scale_signed_log,
    "normal_quantiles": find_normal_quantile,
}


# Columns of the matrix


def encode_number(x: float, column: dict[str, Any]) -> list[float]:
    is_missing = x != x
    scaling = column["scaling"]
    scaled = SCALINGS[scaling["name"]](column["fill"] if is_missing else x, scaling)
    if abs(scaled) > LARGEST_SCALED:
        raise CellError(f"{x:g} is out of all proportion to the training rows ({scaled:.3g} once scaled)")
    return [scaled, float(is_missing)] if column["indicator"] else [scaled]


def encode_date(t: float, column: dict[str, Any]) -> list[float]:
    parts, is_missing = column["parts"], t != t
    t = parts["median"] if is_missing else t
    phases = find_phases(t)
    values = [(t - parts["center"]) / parts["scale"]]
    for cycle in ("year", "week", "day"):
        if cycle in parts["cycles"]:
            angle = 2 * math.pi * phases[cycle]
            values += [math.sin(angle), math.cos(angle)]
    return [*values, float(is_missing)] if column["indicator"] else values


def find_phases(t: float) -> dict[str, float]:
    """Where a moment is in its year, week and day: 0 … 1."""
    days, time = divmod(t, DAY)
    year = find_year(int(days))
    start = count_days_to_year(year)
    return {
        "year": (days - start) / (count_days_to_year(year + 1) - start),
        "week": (days + 3) % 7 / 7,
        "day": time / DAY,
    }


def count_days_to_year(year: int) -> int:
    """Days from 1970-01-01 to the first of January of a year."""
    before = year - 1
    return 365 * before + before // 4 - before // 100 + before // 400 - 719162


def find_year(day: int) -> int:
    """The year of a day since 1970."""
    year = 1970 + math.floor(day / 365.2425)
    while count_days_to_year(year) > day:
        year -= 1
    while count_days_to_year(year + 1) <= day:
        year += 1
    return year


def find_code(text: str, codes: dict[str, Any]) -> int:
    """The code of a text."""
    found = codes["texts"].get(text)
    if found is None and codes["numbers"]:
        found = find_code_of_number(text, codes)
    if found is None and codes["refuses_others"]:
        raise CellError(f"{text!r} is not a truth value")
    return int(codes["other"] if found is None else found)


def find_code_of_number(text: str, codes: dict[str, Any]) -> int | None:
    """The code of the number that a text is; None if it is none, or there is no such code."""
    if "grammar_of_texts" not in codes:
        given = codes["grammar"]
        codes["grammar_of_texts"] = NumberGrammar(**{**given, "units": tuple(given["units"])})
        codes["of_number"] = dict(map(tuple, codes["numbers"]))
    grammar: NumberGrammar = codes["grammar_of_texts"]
    if codes["refuses_others"]:
        number = grammar.read_number(text) if grammar.reads(text) else None
    else:
        number = grammar.read_mark(text)
    found: int | None = codes["of_number"].get(number)
    return found


def encode_levels(text: str, column: dict[str, Any]) -> list[float]:
    values: list[float] = column["values"][find_code(text, column["codes"])]
    return values


def encode_one_hot(text: str, column: dict[str, Any]) -> list[float]:
    code, values = find_code(text, column["codes"]), list(column["off"])
    if code < len(values):
        values[code] = column["on"][code]
    return values


def encode_code(text: str, column: dict[str, Any]) -> list[float]:
    return [float(find_code(text, column["codes"]))]


COLUMNS: dict[str, Callable[[Any, dict[str, Any]], list[float]]] = {
    "number": encode_number,
    "date": encode_date,
    "levels": encode_levels,
    "one_hot": encode_one_hot,
    "codes": encode_code,
}


def encode_row(cells: dict[str, Any], network: dict[str, Any]) -> list[float]:
    """The inputs of one network, its row of the matrix."""
    inputs: list[float] = []
    for column in network["columns"]:
        try:
            inputs += COLUMNS[column["name"]](cells[column["input"]], column)
        except CellError as problem:
            raise CellError(f"column {column['input']!r}: {problem}") from None
    return inputs


def name_odd_cells(cells: dict[str, Any], network: dict[str, Any]) -> dict[str, str]:
    """By column, what is odd about its cell for a network that looks at it: filled, unseen, or nothing ("")."""
    odd = {}
    for column in network["columns"]:
        cell, codes = cells[column["input"]], column.get("codes")
        is_odd = cell != cell if codes is None else find_code(cell, codes) == codes["other"]
        kind = "filled" if codes is None or codes["refuses_others"] else "unseen"
        odd[column["input"]] = kind if is_odd else ""
    return odd
