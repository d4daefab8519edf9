"""What the tests of the Python face share: a table in memory with a column of every kind, its forms, a spec on it."""

import csv
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Columns = dict[str, list[Any]]

KINDS = {"size": "number", "pieces": "number", "colour": "category", "fresh": "boolean", "day": "date"}
"""The input columns and their kinds."""
TARGETS = ("label", "price", "height")


def make_columns(rows: int = 60) -> Columns:
    """Columns of every kind with gaps, weights, a target of classes and two of numbers."""
    columns: Columns = {name: [] for name in (*KINDS, "weight", *TARGETS)}
    for k in range(rows):
        size, colour, fresh = (k * 37 % 101) / 10, ("red", "green", "blue")[(k * 7 + k // 5) % 3], k % 5 < 2
        value = 2 * size - 3 * (colour == "red") + 4 * fresh
        row = (
            None if k % 11 == 3 else size,
            k * 29 % 17,
            None if k % 13 == 5 else colour,
            None if k % 7 == 2 else fresh,
            None if k % 9 == 4 else datetime(2020, 1, 1) + timedelta(days=k * 11 % 61, hours=6 * (k % 4)),
            1.5 + k % 3,
            "dear" if value > 11 else "cheap",
            value,
            k * 0.5 - size,
        )
        for name, cell in zip(columns, row, strict=True):
            columns[name].append(cell)
    return columns


def make_records(columns: Columns) -> list[dict[str, Any]]:
    """The rows as records."""
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def drop_gaps(columns: Columns) -> Columns:
    """The rows without a gap: to predict them is no notice."""
    whole = [row for row in make_records(columns) if None not in row.values()]
    return {name: [row[name] for row in whole] for name in columns}


def make_spec(target: str | list[str] = "label", **sections: Any) -> dict[str, Any]:
    """A small spec in Python values with the kind of every column declared; `data` is merged."""
    targets = [target] if isinstance(target, str) else target
    ignored = dict.fromkeys((name for name in ("weight", *TARGETS) if name not in targets), "ignore")
    spec: dict[str, Any] = {
        "data": {"target": target, "columns": KINDS | ignored} | sections.pop("data", {}),
        "model": {"hidden": [6], "activation": "tanh"},
        "optimizer": {"name": "adam", "learning_rate": 0.02},
        "training": {"epochs": 5, "batch_size": 16},
        "seed": 3,
    }
    return spec | sections


def write_table(folder: Path, columns: Columns) -> Path:
    """The table as a CSV file, with Python's texts of its values."""
    path = folder / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def name_file(spec: dict[str, Any], name: str = "table.csv") -> dict[str, Any]:
    """The spec with the file that its rows are in."""
    return spec | {"data": {"train": name} | spec["data"]}
