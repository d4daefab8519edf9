"""Cells of a workbook that are shown in per cent: 2.5% holds 0.025, while the text saved from it says 2.5.

Where `data.units` drops the sign from texts, the cells count as the texts do, so that both files mean the same.
"""

import re
from collections.abc import Sequence
from typing import Any

LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
"""Parts of a number format that are shown as they are."""
STYLES = re.compile(rb'%|numFmtId="(?:9|10)"')
"""What styles have if a format is one of per cent: 9 and 10 are the built-in ones."""


class Fraction(float):
    """A number whose cell is shown in per cent."""


class Percentage(float):
    """The number that a cell shows: a hundred times its `fraction`."""

    fraction: Fraction


def is_percent_format(form: str | None) -> bool:
    r"""Whether a number format shows a hundred times the number.

    >>> [is_percent_format(form) for form in ("0%", "0.0 %;[Red]-0.0 %", '0.0"%"', r"0\%", "General", None)]
    [True, True, False, False, False, False]
    """
    return form is not None and "%" in form and "%" in LITERAL.sub("", form)


def has_percent_styles(styles: bytes) -> bool:
    """Whether a workbook's styles have a format of per cent, so that it is worth asking each cell for its own."""
    return STYLES.search(styles) is not None


def mark_fractions(cells: Sequence[Any]) -> list[Any]:
    """The values of some cells of openpyxl; numbers that are shown in per cent are marked."""
    return [mark_fraction(cell.value, cell.number_format) for cell in cells]


def mark_fraction(value: Any, form: str | None) -> Any:
    """A value; a number that is shown in per cent is marked."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Fraction(value) if is_number and is_percent_format(form) else value


def count_in_percent(value: Any) -> Any:
    """The number that a cell shows in per cent, as its text reads; any other value stays.

    >>> count_in_percent(Fraction(0.07)), count_in_percent(0.07)
    (7.0, 0.07)
    """
    if not isinstance(value, Fraction):
        return value
    from decimal import Decimal  # slow to load, seldom needed

    shown = Percentage(Decimal(repr(float(value))) * 100)
    shown.fraction = value
    return shown


def describe_fractions(values: Sequence[Any]) -> str:
    """What a notice says of a column that has cells shown in per cent, and read as fractions; empty if it has none."""
    first = next((value for value in values if isinstance(value, Fraction) and value), None)
    if first is None:
        return ""
    shown, read = f"{count_in_percent(first):.15g}", f"{first:.15g}"
    cure = f'if new rows come as texts, set data.units: ["%"], which reads both as {shown}'
    return f"cells shown in per cent are read as fractions: {shown}% is {read}; {cure}"
