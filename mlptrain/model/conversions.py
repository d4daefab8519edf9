"""What to do about a faulty cell of rows in memory: the model's spec stands, so that the rows have to change."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from mlptrain.data.cell_cures import SETTING, list_date_formats, list_number_ways
from mlptrain.errors import CellFault

TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S", "T%H:%M:%S.%f")
"""What may follow a day."""
Step = tuple[str, str]
"""A text, and what is put in its place."""


def describe_conversion(problem: CellFault) -> str:
    """The cure of a cell in memory; of a column that is written in another way, the conversion that reads the cell."""
    cure, of = problem.cure, f"data[{json.dumps(problem.column, ensure_ascii=False)}]"
    ways = [*list_date_conversions(of, cure, problem.text), *list_number_conversions(of, cure, problem.text)]
    if ways:
        return f"mend it, or convert the column, in pandas: {' or '.join(ways)}"
    if list_date_formats(cure) or list_number_ways(cure):
        return f"mend it, or turn the texts of the column into {'dates' if list_date_formats(cure) else 'numbers'}"
    if "data.missing_values" in cure:
        allowed = cure.partition(", add it to data.")[0] if cure.startswith("write ") else "mend it"
        return f"{allowed}, or put None in its place if it means missing"
    return cure.partition(", or set data.")[0] if not cure.startswith("set data.") else "mend it"


def list_date_conversions(of: str, cure: str, text: str) -> Iterator[str]:
    """How pandas makes dates of a column's texts, by the formats that a cure proposes and that read this text."""
    for form in list_date_formats(cure):
        day = form.replace("YYYY", "%Y").replace("MM", "%m").replace("DD", "%d")
        if found := next((day + time for time in TIMES if reads_date(text, day + time)), None):
            yield f"pd.to_datetime({of}, format={json.dumps(found, ensure_ascii=False)})"


def reads_date(text: str, form: str) -> bool:
    """Whether a format of strptime reads a text."""
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True


def list_number_conversions(of: str, cure: str, text: str) -> Iterator[str]:
    """How pandas makes numbers of a column's texts, in the ways that a cure proposes and that read this text."""
    for way in list_number_ways(cure):
        given = {found["key"]: json.loads(found["value"]) for found in SETTING.finditer(way) if found["value"]}
        steps = list_replacements(given)
        if given.keys() <= {"units", "thousands", "decimal"} and reads_number(text, steps):
            replaced = "".join(
                f".str.replace({json.dumps(old, ensure_ascii=False)}, {json.dumps(new)})" for old, new in steps
            )
            yield f"{of}{replaced}.astype(float)"


def list_replacements(given: Mapping[str, Any]) -> Sequence[Step]:
    """The texts to replace in numbers that are written so, in this order."""
    steps = [(unit, "") for unit in given.get("units", ())]
    steps += [(given["thousands"], "")] if given.get("thousands") else []
    return [*steps, (given["decimal"], ".")] if given.get("decimal", ".") != "." else steps


def reads_number(text: str, steps: Sequence[Step]) -> bool:
    """Whether a text is a number once the replacements are made."""
    for old, new in steps:
        text = text.replace(old, new)
    try:
        float(text)
    except ValueError:
        return False
    return True
