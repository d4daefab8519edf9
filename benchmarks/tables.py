"""Tables that are made for a measurement."""

import csv
from pathlib import Path

BLOCK = 1 << 22
"""Cells that are drawn at once."""


def mixed(path: Path, rows: int, *, quoted: bool = False) -> None:
    """A CSV of 20 columns: 11 of real numbers, 3 of whole ones, 5 of categories, 1 % missing, and a target `y`.

    Where it is `quoted`, each cell is between quotes.
    """
    import numpy as np

    generator = np.random.default_rng(0)
    columns = {f"real_{k}": [f"{x:.6f}" for x in generator.normal(size=rows) * 10 ** (k % 4)] for k in range(11)}
    for k, most in enumerate((100, 10_000, 1_000_000)):
        columns[f"whole_{k}"] = list(map(str, generator.integers(0, most, rows).tolist()))
    for k, levels in enumerate((2, 10, 50, 150, 400)):
        columns[f"category_{k}"] = [f"level_{code}" for code in generator.integers(0, levels, rows).tolist()]
    for cells in columns.values():
        for row in np.flatnonzero(generator.random(rows) < 0.01).tolist():
            cells[row] = ""
    columns["y"] = [f"{x:.6f}" for x in generator.normal(size=rows)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def beginning(whole: Path, part: Path, rows: int) -> Path:
    """The first rows of a CSV, as a file of their own."""
    with whole.open(encoding="utf-8") as source, part.open("w", encoding="utf-8") as target:
        target.writelines(line for _, line in zip(range(rows + 1), source, strict=False))
    return part


def tripled(whole: Path, path: Path) -> Path:
    """Three times the rows of a CSV."""
    header, _, rows = whole.read_text(encoding="utf-8").partition("\n")
    path.write_text(header + "\n" + rows * 3, encoding="utf-8")
    return path


def digits(path: Path, rows: int, columns: int) -> Path:
    """A CSV of numbers 0.000000 … 9.999999 in the given columns and a target `y`, written digit by digit for speed."""
    import numpy as np

    generator = np.random.default_rng(0)
    step = max(BLOCK // (columns + 1), 1)
    with path.open("wb") as stream:
        stream.write(",".join([*(f"x_{k}" for k in range(columns)), "y"]).encode() + b"\n")
        for start in range(0, rows, step):
            size = min(step, rows - start)
            cells = generator.integers(ord("0"), ord("9") + 1, (size, columns + 1, 9), np.uint8)
            cells[:, :, 1], cells[:, :, -1] = ord("."), ord(",")
            cells[:, -1, -1] = ord("\n")
            stream.write(cells.tobytes())
    return path
