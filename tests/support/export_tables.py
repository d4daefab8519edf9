"""Tables that exports are tried on: a column of every kind with the cells that are easily read in another way.

All cells are texts, as in a file. The rows to predict have what the training rows have, and what they lack.
"""

from random import Random
from typing import Any

Texts = dict[str, list[str]]

ROWS, NEW_ROWS = 120, 48

REPLACED = {"twelve": "12", "7.25": "-3", "999": "-999", "998": "-999.0"}
REPLACED |= {"crimson": "red", "unsure": "", "ja": "yes", "then": "2001-02-03"}
"""What cells are read as: numbers by words, numbers by numbers, what means missing, a level, a truth value, a date."""
MISSING = ("-999", "gone")
"""What means missing in every column, a number among it."""

LEVELS = (
    "red",
    "dark red",
    'say "hi"',
    "it's",
    "gr\u00fcn",
    "\u6771\u4eac",
    "a,b;c",
    "back\\slash",
    "NA",
    "*/ ?>",
    "two\nlines",
)
FRAGILE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "size": (
        ("",),
        ("", "-999", "-999.0", "-9.99e2", "999", "998", "twelve", "7.25", "gone", "NA", " 1.5 ", "+2", "1e1", ".5"),
    ),
    "pieces": (("0", "3", "3", "3", "16"), ("", "3.5", "-4", "25", "12.0")),
    "wealth": (("", "-999", "0", "-250"), ("", "1e7", "-3e6", "0.001", "999.0")),
    "colour": (
        (*LEVELS, "red ", "crimson", "", "gone"),
        ("", "unsure", "gone", "crimson", " red", "Red", "gru\u0308n", "\u00a0it's\t", "unseen", "-999", "dark  red"),
    ),
    'Gr\u00f6\u00dfe, "Art"': (
        ("1", "1.0", "2.50", "10", "-3", "01", ""),
        ("1.00", "1e0", "2.5", "+2.5", "10.", "010", "7", "x", "999", "-999", "", "-3.0", "4.0"),
    ),
    "zip": (("01", "12", "10", "07"), ("1", "01 ", "12.0", "7", "", "99", "-999.0")),
    "sure": (("True", "False", "maybe", "FALSE"), ("true", "TRUE", "fAlSe", "Maybe", "1", "", "unsure")),
    "fresh": (
        ("yes", "no", "YES", ""),
        ("y", "N", "tRuE", "0", "1.0", "0.000", "1e0", "", "NA", "ja", "On", " f ", "gone"),
    ),
    "day": (
        ("0001-01-01", "9999-12-31", "2000-02-29", "1900-03-01", "1969-12-31", ""),
        ("", "0004-02-29", "9999-12-31", "1600-12-31", "2100-02-28", "then", "gone", "-999", " 1970-01-01"),
    ),
    "moment": (
        ("2021-12-31T23:59:59", "2020-02-29 12:00", "2021-03-07"),
        ("2020-12-31T06:30:00.25", "2022-01-01T00:00+14:00", "2019-06-02T03:00Z", "", "gone"),
    ),
}
"""By column: cells that are among those of training, and cells of later rows."""

KINDS: dict[str, str] = {
    **dict.fromkeys(("size", "pieces", "wealth"), "number"),
    **dict.fromkeys(("colour", 'Gr\u00f6\u00dfe, "Art"', "zip", "sure"), "category"),
    "fresh": "boolean",
    **dict.fromkeys(("day", "moment"), "date"),
}
"""The input columns and their kinds."""
TARGETS = ("verdict", "grade", "price", "height", "visits")
"""Two classes, three classes, a number above 0, another number, a count."""


def draw_training_table() -> Texts:
    """Rows to train on, with all targets."""
    draw = Random(1)
    table = {name: draw_cells(name, ROWS, FRAGILE[name][0], draw) for name in KINDS}
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    return table | dict(zip(TARGETS, map(list, zip(*map(find_targets, rows), strict=True)), strict=True))


def draw_new_table() -> Texts:
    """Rows to predict: every fragile cell of each column once, beside usual ones."""
    draw = Random(2)
    return {name: draw_cells(name, NEW_ROWS, sum(FRAGILE[name], ()), draw) for name in KINDS}


def draw_cells(name: str, rows: int, fragile: tuple[str, ...], draw: Random) -> list[str]:
    """Cells of a column, the fragile ones among them, in a drawn order."""
    usual = [USUAL[name](draw) for _ in range(rows - len(fragile))]
    return draw.sample([*fragile, *usual], rows)


def draw_moment(draw: Random) -> str:
    """A minute of the years 2020 and 2021."""
    year, month, day = draw.choice((2020, 2021)), draw.randint(1, 12), draw.randint(1, 28)
    return f"{year}-{month:02}-{day:02}T{draw.randint(0, 23):02}:{draw.randint(0, 59):02}"


USUAL: dict[str, Any] = {
    "size": lambda draw: f"{draw.gauss(2, 3):.3f}",
    "pieces": lambda draw: str(draw.randint(0, 16)),
    "wealth": lambda draw: f"{draw.lognormvariate(6, 2):.2f}",
    "colour": lambda draw: draw.choice(LEVELS),
    'Gr\u00f6\u00dfe, "Art"': lambda draw: draw.choice(("1", "1.0", "2.50", "10", "-3")),
    "zip": lambda draw: draw.choice(("01", "12", "10")),
    "sure": lambda draw: draw.choice(("True", "False", "maybe")),
    "fresh": lambda draw: draw.choice(("yes", "no")),
    "day": lambda draw: f"{draw.randint(1, 9999):04}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}",
    "moment": draw_moment,
}
"""How the cells of a column usually are."""


def find_targets(row: dict[str, str]) -> tuple[str, ...]:
    """The targets of a row, which follow from its cells."""
    size = float(row["size"] or 0)
    value = size + 3 * (row["fresh"] == "yes") - 2 * (row["zip"] == "01") + int(row["pieces"]) / 4
    grade = "low" if value < 2 else "middle" if value < 5 else "high"
    height = value / 2 - size
    verdict = "r\u00e9ussi" if value > 3.5 else 'say "no"'
    return verdict, grade, f"{1 + abs(value):.3f}", f"{height:.3f}", str(int(abs(value)))
