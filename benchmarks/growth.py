"""How time and memory of whole processes grow with rows, columns and parameters, as Markdown.

    python benchmarks/growth.py [--quick] [--axes rows,columns,parameters] [--out growth.md]

Between neighbours stands the slope in double logarithmic measure, after what a process costs that does next to nothing
(the same command on 100 rows of 10 columns) is taken off: 1.0 is linear, below 1 better. Where less than 0.1 s or 10 MB
are left, a slope would be noise, and there is none.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import log
from pathlib import Path
from statistics import median

import tables
from measuring import Part, Process, Section, heading, interleaved, megabytes, mlptrain, row, say, some_of, variants

NOISE = {"seconds": 0.1, "peak": 10e6}
"""What is left of seconds, of bytes, from which on a slope is worth something."""


@dataclass(frozen=True)
class Size:
    """A table of numbers, and a network of two hidden layers of the same width."""

    rows: int
    columns: int
    units: int
    epochs: int = 2

    @property
    def parameters(self) -> int:
        return (self.columns + 1) * self.units + (self.units + 1) * self.units + self.units + 1


CONSTANT = Size(100, 10, 16)
AXES = {
    "rows": [Size(rows, 10, 16) for rows in (10**4, 10**5, 10**6, 10**7)],
    "columns": [Size(1000, columns, 16) for columns in (10, 100, 1000, 10**4)],
    "parameters": [Size(4000, 10, units) for units in (26, 94, 310, 994, 3156)],
}
QUICK = {
    "rows": [Size(3 * 10**4, 10, 16), Size(10**5, 10, 16)],
    "columns": [Size(1000, 300, 16), Size(1000, 1000, 16)],
    "parameters": [Size(4000, 10, 310), Size(4000, 10, 560)],
}


def measure(size: Size, rounds: int) -> dict[tuple[str, str], Process]:
    """`fit`, then `predict` of the same table, by each variant: the median process of the rounds."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = tables.digits(folder / "table.csv", size.rows, size.columns)
        spec = folder / "spec.yaml"
        spec.write_text(json.dumps(specification(data, size)), encoding="utf-8")
        for command in ("fit", "predict"):
            commands = {
                variant: mlptrain(command, *arguments(command, folder, variant), without=without)
                for variant, without in variants().items()
            }
            for variant, processes in interleaved(commands, rounds).items():
                seconds, peak = (median(getattr(process, what) for process in processes) for what in NOISE)
                found[command, variant] = Process(seconds, peak, "")
    say(f"growth: {size.rows:,} rows, {size.columns:,} columns, {size.parameters:,} parameters: done")
    return found


def arguments(command: str, folder: Path, variant: str) -> list[str]:
    """What the command is told."""
    model = str(folder / f"{variant}.npz")
    if command == "fit":
        return [str(folder / "spec.yaml"), "--quiet", "--out", model]
    return [model, str(folder / "table.csv"), "--out", str(folder / f"{variant}.csv")]


def specification(data: Path, size: Size) -> dict[str, object]:
    return {
        "data": {"train": str(data), "target": "y", "split": {"validation": 0.1}},
        "model": {"hidden": [size.units, size.units]},
        "training": {"epochs": size.epochs, "batch_size": 256},
        "seed": 1,
    }


def slope(near: Process, far: Process, base: Process, factor: float, what: str) -> str:
    """log(far / near) / log(factor), of what is above the constant."""
    low, high = (getattr(each, what) - getattr(base, what) for each in (near, far))
    return f"{log(high / low) / log(factor):.2f}" if min(low, high) >= NOISE[what] else "–"


def table(axis: str, sizes: list[Size], base: dict[tuple[str, str], Process], rounds: int) -> Iterator[str]:
    """The rows of an axis: seconds and memory, and their slopes from the row before."""
    yield from heading(axis, "command", "by", "seconds", "slope", "peak memory, MB", "slope")
    found = {size: measure(size, rounds if size.rows * size.columns < 10**7 else 1) for size in sizes}
    for key in base:
        slopes = [["", ""]]
        for near, far in pairwise(sizes):
            factor = getattr(far, axis) / getattr(near, axis)
            slopes.append([slope(found[near][key], found[far][key], base[key], factor, what) for what in NOISE])
        for size, (of_time, of_memory) in zip(sizes, slopes, strict=True):
            process = found[size][key]
            cells = (f"{process.seconds:.2f}", of_time, megabytes(process.peak), of_memory)
            yield row(f"{getattr(size, axis):,}", *key, *cells)


def report(options: argparse.Namespace) -> Section:
    """The section of this part."""
    axes, rounds = QUICK if options.quick else AXES, 1 if options.quick else 3
    base = measure(CONSTANT, rounds)
    section = Section("growth: rows, columns, parameters")
    constant = ", ".join(f"{' of '.join(key)} {p.seconds:.2f} s, {megabytes(p.peak)} MB" for key, p in base.items())
    section.lines += [f"{CONSTANT.epochs} epochs. The constant, taken off before slopes: {constant}.", ""]
    for axis, sizes in axes.items():
        if axis not in options.axes:
            section.left_out.append(f"{axis} (not asked for)")
            continue
        section.lines += [*table(axis, sizes, base, rounds), ""]
        if options.quick:
            skipped = [f"{getattr(size, axis):,}" for size in AXES[axis] if size not in sizes]
            section.left_out.append(f"{', '.join(skipped)} {axis} (quick)")
    others = [f"{axis}: {sizes[0].rows:,} rows, {sizes[0].columns:,} columns" for axis, sizes in axes.items()]
    section.lines.append(f"What does not grow is as in the first row of each table ({'; '.join(others)}).")
    section.left_out += [] if "mlptrain[fast]" in variants() else ["mlptrain[fast] (not installed)"]
    return section


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--axes", type=some_of(AXES), default=list(AXES), help=",".join(AXES))


PART = Part(__doc__, report, add_options)

if __name__ == "__main__":
    PART.run_alone()
