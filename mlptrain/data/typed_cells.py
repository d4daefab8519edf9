"""Values in memory as cells: Python's objects by their types, and NumPy's arrays without a look at each by Python.

Values have the texts that files have for them: 1, 0.5, True, 2020-02-29 12:30:00. None, NaN, NaT and the empty text
are missing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.cells import (
    AHEAD_READING,
    MOMENT_READING,
    Cells,
    Doubles,
    NumberCells,
    TextCells,
    compute_distinct_text_limit,
    format_double,
)
from mlptrain.data.coding import Coder, Codes
from mlptrain.data.column_types import ColumnType
from mlptrain.data.grammar import LARGEST
from mlptrain.data.moments import DAY, EPOCH

Mask = NDArray[np.bool_]
Integers = NDArray[np.int64]
TypedCells = tuple[Cells, ColumnType]

BILLION = 10**9
FIRST_SECOND, LAST_SECOND = -62135596800, 253402300799
"""The years 1 … 9999, as texts have them."""
SAMPLE = 4096
TRUTHS = ("False", "True")
GAPS = frozenset(["NoneType", "NAType", "NaTType", "MaskedConstant"])
"""The types of missing values, by name: their libraries need not be there."""
FAMILIES: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("date", (date, np.datetime64)),
    ("boolean", (bool, np.bool_)),
    ("number", (Real, Decimal)),
    ("category", (str,)),
)
"""The kinds of Python objects. The kind of a mixed column is the first of them that occurs."""
CURES: tuple[tuple[tuple[type, ...], str], ...] = (
    ((timedelta, np.timedelta64), "give its length as a number, such as its seconds"),
    ((bytes, bytearray), "decode it to text"),
    ((complex, np.complexfloating), "give its real and its imaginary part a column each"),
    ((Iterable,), "give each of its values a column of its own"),
)


class UnreadableCell(Exception):  # noqa: N818
    """A value in some row that is no number, text, truth value or date."""

    def __init__(self, row: int, why: str) -> None:
        super().__init__(why)
        self.row = row


# Arrays


def convert_array_to_cells(values: NDArray[Any], *, as_text: bool) -> TypedCells:
    """The cells of a NumPy array: numbers, truth values and dates without a look at each by Python."""
    if values.ndim != 1:
        raise UnreadableCell(0, f"an array of the shape {values.shape} is no column; give each of its columns a name")
    missing = np.ma.getmaskarray(values)
    plain = np.asarray(values)
    if plain.dtype.kind in "iufbM":
        return convert_masked_to_cells(plain, missing, as_text=as_text)
    objects = plain.tolist()
    for row in np.flatnonzero(missing).tolist():
        objects[row] = None
    return convert_objects_to_cells(objects, as_text=as_text)


def convert_masked_to_cells(values: NDArray[Any], missing: Mask, *, as_text: bool) -> TypedCells:
    """The cells of numbers, truth values or dates, some of them missing."""
    if values.dtype.kind == "b":
        return convert_booleans_to_cells(values, missing), ColumnType("boolean")
    if values.dtype.kind == "M":
        return convert_datetimes_to_cells(values, missing | np.isnat(values)), ColumnType("date")
    if values.dtype.kind == "f":
        values = convert_floats_to_doubles(values)
        missing = missing | np.isnan(values)
    if as_text or has_few_distinct_values(values):
        return code_numbers_as_texts(values, missing), ColumnType("number")
    return separate_nonfinite_numbers(np.where(missing, np.nan, values.astype(np.float64, copy=False))), ColumnType(
        "number"
    )


def convert_floats_to_doubles(values: NDArray[Any]) -> Doubles:
    """Floats as doubles; of half precision those of their shortest texts, as files have them: 0.1, not 0.09998.

    >>> convert_floats_to_doubles(np.array([0.1, -2.5], np.float16)).tolist()
    [0.1, -2.5]
    """
    if values.dtype != np.float16:
        return values.astype(np.float64, copy=False)
    different, places = np.unique(values.view(np.uint16), return_inverse=True)  # −0 and 0 are two
    doubles: Doubles = np.array([convert_value_to_double(value) for value in different.view(np.float16)], np.float64)
    return doubles[places]


def convert_booleans_to_cells(values: Mask, missing: Mask) -> TextCells:
    """Cells of truth values."""
    return TextCells(np.where(missing, len(TRUTHS), values).astype(np.int32), [*TRUTHS, ""])


def code_numbers_as_texts(values: NDArray[Any], missing: Mask) -> TextCells:
    """Cells of numbers, as their texts."""
    known = values[~missing]
    bits = known.view(np.int64) if known.dtype.kind == "f" else known  # −0 and 0 are two
    different, codes = np.unique(bits, return_inverse=True)
    write = format_double_keeping_sign if known.dtype.kind == "f" else str
    return insert_missing_code(codes, list(map(write, different.view(known.dtype).tolist())), missing)


def insert_missing_code(codes: NDArray[Any], values: Sequence[str], missing: Mask) -> TextCells:
    """Cells from the codes of present values; missing ones get the code of the empty text."""
    place = values.index("") if "" in values else len(values)
    placed: Codes = np.full(len(missing), place, np.int32)
    placed[~missing] = codes
    return TextCells(placed, values if "" in values else [*values, ""])


def separate_nonfinite_numbers(values: Doubles) -> NumberCells:
    """Cells of numbers; missing and infinite ones are kept apart, as texts."""
    odd = ~(np.abs(values) <= LARGEST)
    texts = code_numbers_as_texts(values[odd], np.isnan(values[odd]))
    return NumberCells(np.where(odd, np.nan, values), np.flatnonzero(odd), texts)


def has_few_distinct_values(values: NDArray[Any]) -> bool:
    """Whether so few numbers are different that their texts are kept; mostly, a look at some of them is enough."""
    return len(np.unique(values[:SAMPLE])) <= compute_distinct_text_limit(1) and len(
        np.unique(values)
    ) <= compute_distinct_text_limit(1)


def convert_datetimes_to_cells(values: NDArray[Any], missing: Mask) -> TextCells:
    """Cells of NumPy's dates and times."""
    values = np.where(missing, np.datetime64(0, "s").astype(values.dtype), values)
    years = values.astype("datetime64[Y]").astype(np.int64) + 1970
    check_years((years < 1) | (years > 9999))
    return convert_moments_to_cells(*split_datetimes_into_seconds(values), missing)


def split_datetimes_into_seconds(values: NDArray[Any]) -> tuple[Integers, Integers]:
    """Whole seconds since 1970, and the billionths beyond them, of NumPy's dates and times."""
    if np.datetime_data(values.dtype)[0] in ("ns", "ps", "fs", "as"):
        return split_ticks_into_seconds(values.astype("datetime64[ns]").view(np.int64), BILLION)
    return split_ticks_into_seconds(values.astype("datetime64[us]").view(np.int64), 10**6)


def check_years(beyond: Mask) -> None:
    """An error at the first date that has no text."""
    if beyond.any():
        raise UnreadableCell(int(beyond.argmax()), "the year is none of 1 to 9999; mend the date, or make it missing")


def split_ticks_into_seconds(ticks: Integers, per_second: int) -> tuple[Integers, Integers]:
    """Whole seconds, and the billionths beyond them."""
    seconds, rest = np.divmod(ticks, per_second)
    return seconds, rest * (BILLION // per_second)


def convert_moments_to_cells(
    seconds: Integers, billionths: Integers, missing: Mask, ahead: Doubles | None = None
) -> TextCells:
    """Cells of moments: their texts, which a file may have, and what they are read as.

    `ahead` are the seconds that the clocks of their zones are ahead of UTC, NaN where a time has none. Where one moment
    occurs in several zones, the first one counts.
    """
    check_years(~missing & ((seconds < FIRST_SECOND) | (seconds > LAST_SECOND)))
    seconds, billionths = seconds[~missing], billionths[~missing]
    _, place = np.unique(seconds, return_inverse=True)
    _, first, codes = np.unique(place * BILLION + billionths, return_index=True, return_inverse=True)
    seconds, billionths = seconds[first], billionths[first]
    cells = insert_missing_code(codes, format_moments(seconds, billionths), missing)
    moments = seconds.astype(np.float64)
    for row in np.flatnonzero(billionths).tolist():  # Python divides whole numbers exactly
        moments[row] = (int(seconds[row]) * BILLION + int(billionths[row])) / BILLION
    zones = np.full(len(moments), np.nan) if ahead is None else ahead[~missing][first]
    return replace(
        cells, readings={MOMENT_READING: np.append(moments, np.nan), AHEAD_READING: np.append(zones, np.nan)}
    )


def format_moments(seconds: Integers, billionths: Integers) -> list[str]:
    """Dates, with the time if it is not midnight, and fractions of a second if there are any."""
    texts = np.datetime_as_string(seconds.astype("datetime64[s]")).tolist()
    fractions = [f".{rest:09d}".rstrip("0") if rest else "" for rest in billionths.tolist()]
    whole = [f"{text[:10]} {text[11:]}{rest}" for text, rest in zip(texts, fractions, strict=True)]
    return [text.removesuffix(" 00:00:00") for text in whole]


def convert_texts_to_cells(texts: Sequence[str]) -> TextCells:
    """Cells of texts that a file may have."""
    coder = Coder()
    codes = coder.codes(texts)
    "".join(coder.values).encode()
    return TextCells(codes, coder.values)


# Python's objects


def convert_objects_to_cells(values: Sequence[Any], *, as_text: bool) -> TypedCells:
    """The cells of objects, by their types: all numbers, all truth values, all dates, all texts, or a mixture."""
    families = find_object_kinds(values)
    present = set(families) - {None}
    kind = next((kind for kind, _ in FAMILIES if kind in present), "category")
    if len(present) > 1 or kind == "category":
        texts = format_values(values, families)
        strays = [row for row, family in enumerate(families) if family not in (kind, None)]
        return convert_texts_to_cells(texts), ColumnType(kind, {texts[row]: row for row in reversed(strays)})
    missing = np.fromiter((family is None for family in families), bool, len(families))
    if kind == "boolean":
        known = (family is not None and bool(value) for value, family in zip(values, families, strict=True))
        return convert_booleans_to_cells(np.fromiter(known, bool, len(values)), missing), ColumnType(kind)
    if kind == "date":
        return convert_date_objects(values, missing), ColumnType(kind)
    return convert_number_objects(values, missing, as_text=as_text), ColumnType(kind)


def convert_date_objects(values: Sequence[Any], missing: Mask) -> TextCells:
    """The cells of dates and times."""
    pairs = list(zip(values, missing.tolist(), strict=True))
    ticks = [divmod(0 if gap else count_nanoseconds_since_epoch(value), BILLION) for value, gap in pairs]
    seconds, billionths = np.array(ticks, np.int64).reshape(-1, 2).T
    zones = [value.utcoffset() if isinstance(value, datetime) and not gap else None for value, gap in pairs]
    ahead = np.array([np.nan if zone is None else zone.total_seconds() for zone in zones], np.float64)
    return convert_moments_to_cells(seconds, billionths, missing, ahead)


def convert_number_objects(values: Sequence[Any], missing: Mask, *, as_text: bool) -> Cells:
    """The cells of numbers of any type."""
    pairs = list(zip(values, missing.tolist(), strict=True))
    numbers = np.array([np.nan if gap else convert_value_to_double(value) for value, gap in pairs], np.float64)
    if as_text or has_few_distinct_values(numbers):
        return convert_texts_to_cells(["" if gap else format_typed_value(value) for value, gap in pairs])
    return separate_nonfinite_numbers(numbers)


def find_object_kinds(values: Sequence[Any]) -> list[str | None]:
    """The kind that each object is of, None for a missing one; an error at the first that is of none."""
    types = {each for each in set(map(type, values)) if each.__name__ not in GAPS}
    family = {each: find_type_kind(each) for each in types}
    if wrong := {each for each, kind in family.items() if kind is None}:
        row = next(row for row, value in enumerate(values) if type(value) in wrong)
        cure = next((cure for types, cure in CURES if isinstance(values[row], types)), "turn it into one of these")
        raise UnreadableCell(row, f"{shorten_value(values[row])} is no number, text, truth value or date; {cure}")
    doubtful = {each for each, kind in family.items() if kind in ("number", "date")}
    return [None if type(value) in doubtful and is_nan(value) else family.get(type(value)) for value in values]


def find_type_kind(of: type) -> str | None:
    """The kind of a type's values, None if they are of none; NumPy calls lengths of time numbers."""
    kinds = (kind for kind, types in FAMILIES if issubclass(of, types))
    return None if issubclass(of, np.timedelta64) else next(kinds, None)


def is_nan(value: Any) -> bool:
    """Whether a value is NaN or NaT."""
    return value.is_nan() if isinstance(value, Decimal) else bool(value != value)


def convert_value_to_double(value: Any) -> float:
    """The nearest number; infinity if the value is too large for a double."""
    try:
        return float(str(value) if isinstance(value, np.float16) else value)
    except OverflowError:
        return np.inf


def format_values(values: Sequence[Any], families: Sequence[Any]) -> list[str]:
    """The texts of objects, empty for missing ones."""
    return ["" if family is None else format_typed_value(value) for value, family in zip(values, families, strict=True)]


def format_category(value: Any) -> str:
    """The text of a category, which may be anything, such as an interval."""
    if type(value).__name__ in GAPS:
        return ""
    return str(value) if find_type_kind(type(value)) is None else format_typed_value(value)


def format_typed_value(value: Any) -> str:
    """The text that a file has for a value."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | np.bool_):
        return TRUTHS[bool(value)]
    if isinstance(value, date | np.datetime64):
        seconds, billionths = divmod(count_nanoseconds_since_epoch(value), BILLION)
        return format_moments(np.array([seconds]), np.array([billionths]))[0]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return (
        str(int(value)) if isinstance(value, Integral) else format_double_keeping_sign(convert_value_to_double(value))
    )


def format_double_keeping_sign(number: float) -> str:
    """A number in its shortest text, that of minus zero included."""
    return format_double(number) if number or np.copysign(1, number) > 0 else "-0"


def count_nanoseconds_since_epoch(value: Any) -> int:
    """The billionths of a second since 1970-01-01 00:00 UTC; a time without a zone is one of UTC."""
    if isinstance(value, np.datetime64):
        seconds, billionths = split_datetimes_into_seconds(np.array([value]))
        return int(seconds[0]) * BILLION + int(billionths[0])
    seconds = (value.toordinal() - EPOCH) * DAY
    if not isinstance(value, datetime):
        return seconds * BILLION
    ahead = (value.utcoffset() or timedelta()) // timedelta(microseconds=1)
    seconds += value.hour * 3600 + value.minute * 60 + value.second
    return (seconds * 10**6 + value.microsecond - ahead) * 1000 + getattr(value, "nanosecond", 0)


def shorten_value(value: Any) -> str:
    """A value for a message, not too long."""
    text = f"{value!r}".replace("\n", " ")
    return text if len(text) <= 60 else f"{text[:57]}…"
