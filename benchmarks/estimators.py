"""Estimators on prepared tables, all by `fit` and `predict` on data frames: what they predict, and processor time.

    python benchmarks/estimators.py --tables FOLDER                          # all tables × systems × seeds: hours
    python benchmarks/estimators.py --tables FOLDER --only phoneme --systems mlptrain scikit-learn --seeds 0
    python benchmarks/estimators.py --report --out benchmarks/ESTIMATORS.md  # only write the page of what there is

FOLDER is like that of accuracy.py. Each fit is in this one process with one thread; its seconds are processor time, so
that other work on the machine changes little. A system whose libraries are not installed is left out. Each result is
added to the results file at once, and what is there is not run again: a run may be stopped and started anew. Several
may share one file if they do not share systems.
"""

import argparse
import json
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from accuracy import SHARED, Table, commit_now, read_table, table_folders
from accuracy_scores import error, rmse
from estimator_systems import SYSTEMS, Work
from measuring import heading, installed, machine, missing, publish, row, say

SEEDS = (0, 1, 2)
OURS = "mlptrain"
PACKAGES = ("numpy", "scikit-learn", "torch", "skorch", "pytabkit", "numba")


@dataclass(frozen=True)
class Run:
    """One fit and what its predictions of the test part are worth."""

    table: str
    system: str
    seed: int
    task: str
    score: float
    """The error of classes, the RMSE of numbers."""
    seconds: float
    """Processor time of `fit`."""
    predict_seconds: float
    commit: str
    versions: Sequence[str]
    machine: str

    @property
    def key(self) -> tuple[str, str, int]:
        return self.table, self.system, self.seed


def main() -> None:
    """Run what is missing, then write the page."""
    options = make_parser().parse_args()
    left_out = [] if options.report else run_missing(options)
    publish(list(report(read_runs(options.results), left_out)), options.out)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--tables", type=Path, default=SHARED / "tables", metavar="FOLDER", help="the folder with the tables")
    add("--only", nargs="+", metavar="TABLE", help="only these tables")
    add("--systems", nargs="+", default=list(SYSTEMS), choices=list(SYSTEMS), metavar="NAME", help=", ".join(SYSTEMS))
    add("--seeds", nargs="+", type=int, default=SEEDS, metavar="N")
    add("--results", type=Path, default=Path("estimators.jsonl"), metavar="FILE.jsonl", help="one line a fit")
    add("--report", action="store_true", help="run nothing")
    add("--out", type=Path, metavar="FILE.md", help="write the page to a file as well")
    return parser


# ── Runs ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def run_missing(options: argparse.Namespace) -> list[str]:
    """Fit what has no result; whole seeds come first. The systems that are left out, each with the reason."""
    tables = list(map(read_table, table_folders(options.tables, options.only)))
    absent = {name: lacking for name in options.systems if (lacking := missing(SYSTEMS[name].modules))}
    systems = [name for name in options.systems if name not in absent]
    jobs = [(table, system, seed) for seed in options.seeds for system in systems for table in tables]
    for number, (table, system, seed) in enumerate(jobs, 1):
        if (table.name, system, seed) not in {run.key for run in read_runs(options.results)}:
            run = measure(table, system, seed)
            with options.results.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(asdict(run), ensure_ascii=False) + "\n")
            place = f"{number} of {len(jobs)}: {table.name}, {system}, seed {seed}"
            say(f"{place}: {run.score:.4g}, {run.seconds:.1f} s")
    return [f"{name}: {', '.join(lacking)} is not installed" for name, lacking in absent.items()]


def measure(table: Table, system: str, seed: int) -> Run:
    """Fit on the training part with one thread, predict the test part."""
    from threadpoolctl import threadpool_limits

    train, test = read_frame(table, "train"), read_frame(table, "test")
    y, truth = train.pop(table.target), test.pop(table.target)
    kinds = {name: kind for name, kind in table.columns.items() if name != table.target}
    work = Work(
        numbers=[name for name, kind in kinds.items() if kind == "number"],
        categories=[name for name, kind in kinds.items() if kind == "category"],
        classes=0 if table.task == "regression" else y.nunique(),
        seed=seed,
    )
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of epochs that were not enough, of missing cells that were filled
        if "torch" in SYSTEMS[system].modules:
            limit_torch()
        estimator = SYSTEMS[system].make(work)
        begun = time.process_time()
        estimator.fit(train, y)
        fitted = time.process_time()
        predicted = estimator.predict(test)
        done = time.process_time()
    compare = rmse if table.task == "regression" else error
    return Run(
        table=table.name,
        system=system,
        seed=seed,
        task=table.task,
        score=compare(truth.tolist(), predicted.tolist()),
        seconds=round(fitted - begun, 2),
        predict_seconds=round(done - fitted, 3),
        commit=commit_now(),
        versions=[installed(name) for name in PACKAGES],
        machine=machine(),
    )


def read_frame(table: Table, part: str) -> Any:
    """A part of a table: numbers as float64, texts as categories; classes as whole numbers, −1 for an unknown one."""
    import pandas as pd

    texts = [name for name, kind in table.columns.items() if kind == "category"]
    options = {"dtype": dict.fromkeys(texts, str), "keep_default_na": False, "na_values": [""]}
    frame = pd.read_csv(table.folder / f"{part}.csv", **options)
    if table.target in texts:
        known = pd.read_csv(table.folder / "train.csv", usecols=[table.target], **options)[table.target]
        frame[table.target] = pd.Categorical(frame[table.target], categories=sorted(set(known))).codes.astype("int64")
    return frame.astype({name: "category" for name in texts if name != table.target})


def limit_torch() -> None:
    """One thread for PyTorch, too."""
    import torch

    torch.set_num_threads(1)


def read_runs(path: Path) -> list[Run]:
    """The results so far."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [Run(**json.loads(line)) for line in lines]


# ── The page ──────────────────────────────────────────────────────────────────────────────────────────────────────────

Runs = Mapping[tuple[str, str], Sequence[Run]]
"""By table and system."""


def report(runs: Sequence[Run], left_out: Sequence[str]) -> Iterator[str]:
    """The page."""
    yield "# Estimators on prepared tables"
    yield ""
    yield from list_results(runs) if runs else ["Nothing has been measured yet."]
    yield from (f"* Left out: {said}." for said in left_out)


def list_results(runs: Sequence[Run]) -> Iterator[str]:
    """What was measured, the table, and how our estimators stand."""
    found: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        found.setdefault((run.table, run.system), []).append(run)
    systems = [name for name in SYSTEMS if any(run.system == name for run in runs)]
    tables = sorted({run.table for run in runs})
    yield from describe_runs(runs, systems)
    yield ""
    yield from heading("table", *(f"{name}{cell}" for name in systems for cell in ("", ", s")))
    for table in tables:
        yield row(table, *(cell for name in systems for cell in describe_cells(found, table, name, systems)))
    yield ""
    yield from describe_standing(found, tables, systems)


def describe_runs(runs: Sequence[Run], systems: Sequence[str]) -> Iterator[str]:
    """What was measured, and how."""
    commits, versions = sorted({run.commit for run in runs}), sorted({each for run in runs for each in run.versions})
    yield (
        f"{len(runs)} fits, mlptrain at {', '.join(commits)}; {runs[0].machine}; {', '.join(versions)}. Written by "
        "`estimators.py`. Error of classes, RMSE of numbers on the test part: the mean over the seeds (± standard "
        "deviation), the best of a table bold; then the seconds of `fit`, processor time with one thread, reading of "
        "files not counted. All get the same data frames and the same rows; each holds out rows for itself."
    )
    yield ""
    for name in systems:
        own = [run for run in runs if run.system == name]
        tables, seeds = len({run.table for run in own}), sorted({run.seed for run in own})
        yield f"* {name}: {SYSTEMS[name].about}; {tables} tables, seeds {', '.join(map(str, seeds))}."


def describe_cells(found: Runs, table: str, system: str, systems: Sequence[str]) -> tuple[str, str]:
    """The score and the seconds of a system on a table."""
    runs = found.get((table, system))
    if not runs:
        return "–", "–"
    scores = [run.score for run in runs]
    best = min(compute_mean(found, table, other) for other in systems if (table, other) in found)
    mean = f"{fmean(scores):.4g}"
    text = f"**{mean}**" if fmean(scores) == best else mean
    spread = f" ± {stdev(scores):.2g}" if len(scores) > 1 else ""
    return f"{text}{spread}", f"{fmean(run.seconds for run in runs):.1f}"


def compute_mean(found: Runs, table: str, system: str, seeds: Sequence[int] | None = None) -> float:
    """The mean score over some seeds, by default all."""
    return fmean(run.score for run in found[table, system] if seeds is None or run.seed in seeds)


def describe_standing(found: Runs, tables: Sequence[str], systems: Sequence[str]) -> Iterator[str]:
    """How our estimators stand beside each other system, over the tables and seeds that both have."""
    for other in systems:
        shared = {
            table: seeds
            for table in tables
            if (seeds := list_seeds(found, table, OURS) & list_seeds(found, table, other)) and other != OURS
        }
        if not shared:
            continue
        better = [
            table
            for table, seeds in shared.items()
            if compute_mean(found, table, OURS, [*seeds]) < compute_mean(found, table, other, [*seeds])
        ]
        ours, theirs = (sum_seconds(found, shared, name) for name in (OURS, other))
        yield (
            f"* Beside {other}: better on {len(better)} of {len(shared)} tables"
            f"{describe_others(shared, better)}; {ours:.0f} s for all of them, {other} {theirs:.0f} s."
        )


def sum_seconds(found: Runs, shared: Mapping[str, set[int]], system: str) -> float:
    """The seconds of a system for some tables, of each table the mean over some seeds."""
    return sum(fmean(run.seconds for run in found[table, system] if run.seed in shared[table]) for table in shared)


def describe_others(shared: Iterable[str], better: Sequence[str]) -> str:
    """The tables on which another system is as good or better."""
    others = [table for table in shared if table not in better]
    return f" (not on {', '.join(others)})" if others else ""


def list_seeds(found: Runs, table: str, system: str) -> set[int]:
    """The seeds that a system has on a table."""
    return {run.seed for run in found.get((table, system), ())}


if __name__ == "__main__":
    main()
