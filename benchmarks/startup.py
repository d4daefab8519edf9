"""How long small commands take as whole processes, beside imports of the peers' libraries, as Markdown.

    pip install -e .[fast,bench]
    python benchmarks/startup.py [--quick] [--rounds 15] [--out startup.md]

`mlptrain --help`, and `mlptrain predict` of one row and of ten: from the start of the process to its end.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import tables
from measuring import (
    HERE,
    Part,
    Process,
    Section,
    heading,
    interleaved,
    measured,
    megabytes,
    missing,
    mlptrain,
    row,
    say,
    spread,
    variants,
)

SPEC = """
data: {{train: {train}, target: species}}
model: {{hidden: [16]}}
training: {{epochs: 5, batch_size: 16}}
"""
IMPORTS = {
    **{library: (library,) for library in ("numpy", "torch", "jax", "sklearn")},
    "keras": ("keras", os.environ["KERAS_BACKEND"]),
}
"""Libraries, and what must be installed for them."""


def commands(folder: Path, sizes: Sequence[int]) -> Iterator[tuple[str, list[str]]]:
    """What is measured, by name."""
    iris = HERE.parent / "datasets" / "iris.csv"
    spec, model = folder / "iris.yaml", str(folder / "iris.npz")
    spec.write_text(SPEC.format(train=iris), encoding="utf-8")
    measured(mlptrain("fit", str(spec), "--quiet", "--out", model))
    yield "python -c pass", [sys.executable, "-c", "pass"]
    yield "mlptrain --help", mlptrain("--help")
    for rows in sizes:
        data = str(tables.beginning(iris, folder / f"rows_{rows}.csv", rows))
        for variant, without in variants().items():
            name = f"{variant} predict, {rows} row{'s' * (rows > 1)}"
            yield name, mlptrain("predict", model, data, "--out", str(folder / f"{name}.csv"), without=without)
    for library, needed in IMPORTS.items():
        if not missing(needed):
            yield f"import {library}", [sys.executable, "-c", f"import {library}"]


def table(found: dict[str, list[Process]]) -> Iterator[str]:
    yield from heading("process", "milliseconds", "peak memory, MB")
    for name, processes in found.items():
        milliseconds = spread([1000 * process.seconds for process in processes], ".0f")
        yield row(name, milliseconds, megabytes(median(process.peak for process in processes)))


def report(options: argparse.Namespace) -> Section:
    """The section of this part; slow imports are measured in a third of the rounds."""
    rounds = options.rounds or (11 if options.quick else 15)
    with tempfile.TemporaryDirectory() as folder:
        every = dict(commands(Path(folder), (1,) if options.quick else (1, 10)))
        slow = {name: command for name, command in every.items() if name.startswith("import ")}
        own = {name: command for name, command in every.items() if name not in slow}
        interleaved(own, 1)  # compiles the bytecode, fills the disk's cache
        few = 1 if options.quick else max(rounds // 3, 1)
        found = interleaved(every, few)
        for name, processes in interleaved(own, rounds - few).items():
            found[name] += processes
    say("startup: done")
    lines = [*table(found), "", f"{rounds} interleaved rounds, of imports {few}; medians (quartiles)."]
    absent = {name: missing(needed) for name, needed in IMPORTS.items()}
    left_out = [f"{name} (not installed: {', '.join(modules)})" for name, modules in absent.items() if modules]
    left_out += ["predict of 10 rows (quick)"] if options.quick else []
    left_out += [] if "mlptrain[fast]" in variants() else ["mlptrain[fast] (not installed)"]
    return Section("startup: small commands as whole processes", lines, left_out)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, help="15 (quick: 11)")


PART = Part(__doc__, report, add_options)

if __name__ == "__main__":
    PART.run_alone()
