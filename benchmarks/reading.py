"""Reading and predicting large tables: seconds against pandas in the same run, rows a second, memory; as Markdown.

    python benchmarks/reading.py [--rows 1000000] [--rounds 5] [--kddcup FILE] [--out FILE.md]

A CSV of mixed columns is made in a temporary folder: 12 of real numbers, 3 of whole numbers, 5 of categories (2 to 400
levels), 1 % of the cells missing. Every measurement is a process of its own, the readers take turns.
"""

import argparse
import csv
import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

WITHOUT = "import sys; sys.modules['pyarrow'] = None; "
"""Before mlptrain is imported: PyArrow counts as not installed."""
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
MLPTRAIN = {
    "imports": "from mlptrain.data.delimited import TableFormat\nfrom mlptrain.data.table import read_table\n"
    "from mlptrain.data.columns import understand, numbers\n"
    "try:\n    import pyarrow.csv\nexcept ImportError:\n    pass",
    "read": "table = read_table(sys.argv[1], TableFormat())\n"
    "kinds = {name: understand(table, name, {''}).kind for name in table.columns}\n"
    "encoded = {n: numbers(table, n, ()) if k == 'number' else table.coded(n).codes for n, k in kinds.items()}",
}
PANDAS = {"imports": "import pandas", "read": "table = pandas.read_csv(sys.argv[1]{options})"}
SPEC = """
data: {{train: {train}, target: y, split: {{validation: 0.1}}}}
model: {{hidden: [32]}}
training: {{epochs: 1, batch_size: 1024}}
"""


@dataclass(frozen=True)
class Reader:
    """A way to read the file: the lines before, the code, and the word for it."""

    name: str
    before: str
    code: str


def readers() -> list[Reader]:
    """The readers that can be measured here."""
    own = READ.format(**MLPTRAIN, peak=PEAK)
    found = [Reader("mlptrain, standard reader", WITHOUT, own)]
    if importlib.util.find_spec("pyarrow"):
        found.append(Reader("mlptrain[fast]", "", own))
    if importlib.util.find_spec("pandas"):
        for name, options, before in (
            ("pandas.read_csv", "", ""),
            ("pandas.read_csv, without PyArrow", "", WITHOUT),
            ("pandas.read_csv, low_memory=False (one thread)", ", low_memory=False", ""),
        ):
            read = PANDAS["read"].format(options=options)
            found.append(Reader(name, before, READ.format(imports=PANDAS["imports"], read=read, peak=PEAK)))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kddcup", type=Path, help="kddcup.tsv.gz, to time one epoch of it")
    parser.add_argument("--out", type=Path, help="write the tables to a file as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = "\n".join(report(Path(folder), options))
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


def report(folder: Path, options: argparse.Namespace) -> Iterator[str]:
    """All tables."""
    data = folder / "mixed.csv"
    make(data, options.rows)
    encoded = options.rows * (15 * 8 + 5 * 4)
    yield f"Measured {datetime.now(UTC):%Y-%m-%d} by `python benchmarks/reading.py` on {machine()}; {versions()}."
    yield ""
    yield from reading_table(data, options.rounds, encoded)
    yield ""
    yield from prediction_table(folder, data, options)
    if options.kddcup:
        yield ""
        yield from kddcup_lines(folder, options.kddcup.resolve())


def reading_table(data: Path, rounds: int, encoded: int) -> Iterator[str]:
    """Seconds, ratio to the default of pandas in the same round, peak memory over the encoded columns."""
    found: dict[str, list[tuple[float, float]]] = {reader.name: [] for reader in readers()}
    for _ in range(rounds):
        for reader in readers():
            seconds, peak = run([sys.executable, "-c", reader.before + reader.code, str(data)]).split()
            found[reader.name].append((float(seconds), float(peak)))
    base = found.get("pandas.read_csv")
    yield f"Reading {data.stat().st_size / 1e6:.0f} MB to numbers (float64) and codes (int32), {encoded / 1e6:.0f} MB:"
    yield ""
    yield "| reader | seconds, median (quartiles) | times pandas | peak memory, MB | times the encoded columns |"
    yield "|---|---|---|---|---|"
    for name, values in found.items():
        seconds = [each for each, _ in values]
        ratio = f"{statistics.median(s / b for s, (b, _) in zip(seconds, base, strict=True)):.2f}" if base else "–"
        peak = statistics.median(each for _, each in values)
        low, high = (np.quantile(seconds, q) for q in (0.25, 0.75))
        spread = f"{statistics.median(seconds):.2f} ({low:.2f}–{high:.2f})"
        yield f"| {name} | {spread} | {ratio} | {peak / 1e6:.0f} | {peak / encoded:.2f} |"


def prediction_table(folder: Path, data: Path, options: argparse.Namespace) -> Iterator[str]:
    """Rows a second of whole `mlptrain predict` processes, and their memory, also for three times the rows."""
    (folder / "spec.yaml").write_text(SPEC.format(train=data.name), encoding="utf-8")
    first = folder / "first.csv"
    with data.open(encoding="utf-8") as whole, first.open("w", encoding="utf-8") as part:
        part.writelines(line for _, line in zip(range(50_001), whole, strict=False))
    model = folder / "model.npz"
    run(
        [*command(""), "fit", str(folder / "spec.yaml"), "-q", "--out", str(model), "--set", f"data.train={first.name}"]
    )
    triple = folder / "triple.csv"
    lines = data.read_text(encoding="utf-8").partition("\n")
    triple.write_text(lines[0] + "\n" + lines[2] * 3, encoding="utf-8")
    yield "`mlptrain predict` CSV to CSV, 20 columns in, a network of one hidden layer of 32, whole processes:"
    yield ""
    yield "| reader | rows a second | peak memory, MB | of three times the rows, MB |"
    yield "|---|---|---|---|"
    for name, before in (("standard reader", WITHOUT), ("[fast]", "")):
        if not before and not importlib.util.find_spec("pyarrow"):
            continue
        predict = [*command(before), "predict", str(model), "--out", os.devnull]
        runs = [measured([*predict, str(data)]) for _ in range(options.rounds)]
        _, more = measured([*predict, str(triple)])
        seconds, peak = statistics.median(s for s, _ in runs), max(p for _, p in runs)
        yield f"| {name} | {options.rows / seconds:,.0f} | {peak / 1e6:.0f} | {more / 1e6:.0f} |"


def kddcup_lines(folder: Path, data: Path) -> Iterator[str]:
    """One epoch of a table of 494,020 rows and 42 columns, as a whole process, from the spec that init writes."""
    spec = folder / "kddcup.yaml"
    run([*command(""), "init", str(data), "--target", "target", "--out", str(spec)])
    change = ["--set", "training.epochs=1", "--set", "loss=cross_entropy", "-q", "--out", str(folder / "kddcup.npz")]
    for name, before in (("standard reader", WITHOUT), ("[fast]", "")):
        seconds, peak = measured([*command(before), "fit", str(spec), *change])
        yield f"kddcup, one epoch, {name}: {seconds:.1f} s, {peak / 1e6:.0f} MB"


def command(before: str) -> list[str]:
    """The command line, after some code."""
    return [sys.executable, "-c", f"{before}from mlptrain.__main__ import main; main()"]


def run(arguments: Sequence[str]) -> str:
    """What a process prints."""
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


def measured(arguments: Sequence[str]) -> tuple[float, float]:
    """Seconds and peak memory, in bytes, of a process."""
    code = (
        "import resource, subprocess, sys, time\nbegun = time.perf_counter()\n"
        "subprocess.run(sys.argv[1:], check=True, stderr=subprocess.DEVNULL)\n"
        "print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)"
    )
    seconds, peak = run([sys.executable, "-c", code, *arguments]).split()
    return float(seconds), float(peak)


def make(path: Path, rows: int) -> None:
    """The CSV: 12 columns of real numbers, 3 of whole ones, 5 of categories, 1 % missing, and a target `y`."""
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
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def machine() -> str:
    """The processor and its cores."""
    names = Path("/proc/cpuinfo")
    lines = names.read_text(encoding="utf-8").splitlines() if names.exists() else []
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())
    return f"{model}, {os.cpu_count()} cores"


def versions() -> str:
    """The versions of what was measured."""
    found = [f"Python {platform.python_version()}"]
    for package in ("mlptrain", "numpy", "pyarrow", "pandas"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} not installed")
    return ", ".join(found)


if __name__ == "__main__":
    main()
