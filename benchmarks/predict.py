"""Predicting a large table, CSV to CSV, as whole processes, and one row from Python: speed and memory, as Markdown.

    pip install -e .[fast,bench,integration]
    python benchmarks/predict.py [--quick] [--rows 1000000] [--rounds 3] [--out predict.md]
    python benchmarks/predict.py --only one_row --out one_row.md

A CSV of 20 mixed columns is made in a temporary folder. Everyone trains a network of one hidden layer of 32 on its
first 50,000 rows, then predicts all rows. The scripts of the peers (benchmarks/peers) read in chunks, as mlptrain does.
How one row is measured: one_row.py.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import one_row
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
    mlptrain,
    ratios,
    row,
    say,
    some_of,
    spread,
    variants,
)
from pairs import FEWEST
from whole import SCRIPTS, Training, commands, left_out_peers

TRAINED_ROWS = 50_000
TRAINING = Training(
    name="mixed", train="first.csv", target="y", task="number", hidden=(32,), batch_size=1024, epochs=1, rounds=3
)


def predictions(folder: Path, data: Path, trained: list[str]) -> dict[str, list[str]]:
    """The command of everyone who has a model."""
    found = {}
    for name in trained:
        out = str(folder / f"{name} {data.stem} predictions.csv")
        if name in SCRIPTS:
            script = str(HERE / "peers" / SCRIPTS[name][0])
            found[name] = [sys.executable, script, "predict", str(folder / f"{name}.model"), str(data), out]
        else:
            model = str(folder / f"{name}.npz")
            found[name] = mlptrain("predict", model, str(data), "--out", out, without=variants()[name])
    return found


def check_rows(folder: Path, data: Path, trained: list[str], rows: int) -> None:
    """Everyone has predicted every row."""
    for name in trained:
        with (folder / f"{name} {data.stem} predictions.csv").open("rb") as stream:
            found = sum(1 for _ in stream) - 1
        if found != rows:
            raise RuntimeError(f"{name} predicted {found} rows in place of {rows}")


def table(rows: int, found: dict[str, list[Process]], triple: dict[str, Process]) -> Iterator[str]:
    """Rows a second, ratios within the rounds, memory; for three times the rows as well, where measured."""
    seconds = {name: [process.seconds for process in processes] for name, processes in found.items()}
    over = [f"times {name}" for name in variants()]
    yield from heading("by", "seconds", "rows a second", *over, "peak memory, MB", "of three times the rows, MB")
    for name, processes in found.items():
        times = [spread(ratios(seconds[name], seconds[own]), unit="×") for own in variants()]
        more = megabytes(triple[name].peak) if name in triple else "not measured"
        peak = megabytes(median(process.peak for process in processes))
        yield row(name, spread(seconds[name]), f"{rows / median(seconds[name]):,.0f}", *times, peak, more)


def measure_csv(options: argparse.Namespace) -> tuple[list[str], list[str]]:
    """The tables of CSV to CSV as lines, and what is left out."""
    rows = options.rows or (100_000 if options.quick else 1_000_000)
    rounds = options.rounds or (1 if options.quick else TRAINING.rounds)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "mixed.csv"
        tables.mixed(data, rows)
        tables.beginning(data, folder / TRAINING.train, TRAINED_ROWS // (10 if options.quick else 1))
        fits = commands(TRAINING, folder, folder)
        for command in fits.values():
            measured(command)
        say("predict: trained")
        found = interleaved(predictions(folder, data, list(fits)), rounds)
        check_rows(folder, data, list(fits), rows)
        triple = {}
        if not options.quick:
            more = tables.tripled(data, folder / "triple.csv")
            triple = {who: measured(command) for who, command in predictions(folder, more, list(fits)).items()}
    say("predict: done")
    left_out = [*left_out_peers(), *(["three times the rows (quick)"] if options.quick else [])]
    said = f"{rows:,} rows of 20 columns, CSV to CSV; {rounds} interleaved round(s), medians (quartiles)."
    return ["### CSV to CSV", "", said, "", *table(rows, found, triple)], left_out


def measure_one_row(options: argparse.Namespace) -> tuple[list[str], list[str]]:
    """The tables of one row from Python as lines, and what is left out."""
    return one_row.measure(options.rounds or (FEWEST if options.quick else 31))


MEASURES = {"csv": measure_csv, "one_row": measure_one_row}


def report(options: argparse.Namespace) -> Section:
    """The section of this part."""
    found = [MEASURES[name](options) for name in options.only]
    lines = [line for lines, _ in found for line in [*lines, ""]]
    return Section(
        "predict: a large table, and one row", lines[:-1], [each for _, left_out in found for each in left_out]
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", type=some_of(MEASURES), default=list(MEASURES), help=",".join(MEASURES))
    parser.add_argument("--rows", type=int, help="of CSV to CSV; 1,000,000 (quick: 100,000)")
    parser.add_argument("--rounds", type=int, help=f"3 (quick: 1); of one row 31 (quick: {FEWEST})")


PART = Part(__doc__, report, add_options)

if __name__ == "__main__":
    PART.run_alone()
