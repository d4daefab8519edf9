"""Reading a large table: seconds beside pandas, and memory over what it is read to, as Markdown.

    pip install -e .[fast,bench]
    python benchmarks/reading.py [--quick] [--rows 1000000] [--rounds 5] [--quoted] [--out reading.md]

A CSV of mixed columns is made in a temporary folder: 11 of real numbers, 3 of whole numbers, 5 of categories (2 to 400
levels), a target, 1 % of the cells missing; with --quoted each cell is between quotes. It is read by processes that
take turns; imports are not counted. With pmlb_kddcup.tsv.gz in the folder of data, one epoch of it as a whole process
is measured too (not with --quick).
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import tables
from measuring import (
    FAST,
    Part,
    Section,
    heading,
    interleaved,
    megabytes,
    missing,
    mlptrain,
    python_without,
    ratios,
    row,
    say,
    spread,
    variants,
)

READ = """
import sys, time
import numpy as np
{imports}
begun = time.perf_counter()
{read}
seconds = time.perf_counter() - begun
print(seconds, {peak})
"""
PEAK = "1024 * int(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])"
"""The most memory of the process itself, in bytes (Linux)."""
OWN = READ.format(
    imports="from mlptrain.data.delimited import TableFormat\nfrom mlptrain.data.table import read_table\n"
    "from mlptrain.data.feature_fitting import infer_kind_from_cells\n"
    "from mlptrain.data.number_reading import read_numbers\n"
    "try:\n    import pyarrow.csv\nexcept ImportError:\n    pass",
    read="table = read_table(sys.argv[1], TableFormat())\n"
    "kinds = {name: infer_kind_from_cells(table, name, {''}).kind for name in table.columns}\n"
    "encoded = {\n"
    "    n: read_numbers(table, n, ()) if k == 'number' else table.code_texts(n).codes for n, k in kinds.items()\n"
    "}",
    peak=PEAK,
)
PANDAS = "pandas.read_csv"
KDDCUP = "pmlb_kddcup.tsv.gz"


@dataclass(frozen=True)
class Reader:
    """A way to read the file: its name, the modules it goes without, the code."""

    name: str
    without: tuple[str, ...]
    code: str


def readers() -> Iterator[Reader]:
    """Those that can be measured here."""
    for name, without in variants().items():
        yield Reader(name, without, OWN)
    if not missing(["pandas"]):
        for name, options, without in (
            (PANDAS, "", ()),
            (f"{PANDAS}, without PyArrow", "", FAST),
            (f"{PANDAS}, low_memory=False (one thread)", ", low_memory=False", ()),
        ):
            read = f"table = pandas.read_csv(sys.argv[1]{options})"
            yield Reader(name, without, READ.format(imports="import pandas", read=read, peak=PEAK))


def measure(data: Path, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Seconds and peak memory of each reader, round by round, as its process says."""
    found: dict[str, list[tuple[float, float]]] = {reader.name: [] for reader in readers()}
    for _ in range(rounds):
        for reader in readers():
            command = [sys.executable, "-c", python_without(reader.without) + reader.code, str(data)]
            seconds, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            found[reader.name].append((float(seconds), float(peak)))
    return found


def table(found: dict[str, list[tuple[float, float]]], encoded: int) -> Iterator[str]:
    """Seconds, ratio to the default of pandas in the same round, peak memory over the encoded columns."""
    yield from heading("reader", "seconds", f"times {PANDAS}", "peak memory, MB", "times the encoded columns")
    for name, values in found.items():
        seconds = [each for each, _ in values]
        base = [each for each, _ in found.get(PANDAS, [])]
        ratio = spread(ratios(seconds, base), unit="×") if base else "–"
        peak = median(each for _, each in values)
        yield row(name, spread(seconds), ratio, megabytes(peak), f"{peak / encoded:.2f}")


def kddcup_table(data: Path, rounds: int) -> Iterator[str]:
    """One epoch of 494,020 rows and 42 columns as a whole process, from the spec that `init` writes."""
    with tempfile.TemporaryDirectory() as name:
        spec = Path(name) / "kddcup.yaml"
        subprocess.run(mlptrain("init", str(data), "--target", "target", "--out", str(spec)), check=True)
        change = ["--set", "training.epochs=1", "--set", "loss=cross_entropy", "--quiet"]
        fits = {
            variant: mlptrain("fit", str(spec), *change, "--out", str(Path(name) / f"{variant}.npz"), without=without)
            for variant, without in variants().items()
        }
        found = interleaved(fits, rounds)
    yield from heading("kddcup, one epoch", "seconds", "peak memory, MB")
    for variant, processes in found.items():
        peak = megabytes(median(process.peak for process in processes))
        yield row(variant, spread([process.seconds for process in processes]), peak)


def report(options: argparse.Namespace) -> Section:
    """The section of this part."""
    rows = options.rows or (100_000 if options.quick else 1_000_000)
    rounds = options.rounds or (2 if options.quick else 5)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "mixed.csv"
        tables.mixed(data, rows, quoted=options.quoted)
        size, found = data.stat().st_size, measure(data, rounds)
    encoded = rows * (15 * 8 + 5 * 4)
    section = Section("reading: a large table")
    section.lines += [
        f"{rows:,} rows, {size / 1e6:.0f} MB, to numbers (float64) and codes (int32), {encoded / 1e6:.0f} MB;",
        f"{rounds} interleaved rounds, medians (quartiles). mlptrain reads with the standard library and NumPy,",
        "mlptrain[fast] with PyArrow; pandas 3 with several threads and PyArrow's strings unless told otherwise.",
        "",
        *table(found, encoded),
    ]
    kddcup = options.data.resolve() / KDDCUP
    if options.quick or not kddcup.exists():
        section.left_out.append(f"kddcup ({'quick' if options.quick else f'{KDDCUP} is not in the folder of data'})")
    else:
        section.lines += ["", *kddcup_table(kddcup, min(rounds, 3))]
    section.left_out += [] if "mlptrain[fast]" in variants() else ["mlptrain[fast] (not installed)"]
    section.left_out += [f"{name} (not installed)" for name in missing(["pandas"])]
    say("reading: done")
    return section


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, help="1,000,000 (quick: 100,000)")
    parser.add_argument("--rounds", type=int, help="5 (quick: 2)")
    parser.add_argument("--quoted", action="store_true", help="each cell between quotes")


PART = Part(__doc__, report, add_options)

if __name__ == "__main__":
    PART.run_alone()
