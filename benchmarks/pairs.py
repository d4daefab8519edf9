"""Whether a version of mlptrain is slower than another: processor time in interleaved pairs, as a Markdown table.

    NEW/.venv/bin/python NEW/benchmarks/pairs.py --old OLD [--new NEW] [--pairs 31] [--out pairs.md]
    …/pairs.py --old OLD --only step --works tiny,small,tabular
    …/pairs.py --old OLD --only whole --data DIR --epochs 5
    …/pairs.py --old OLD --only rows

OLD and NEW are checkouts, each with its own environment in `.venv`; by default NEW is the checkout of this script.
Measured are the works of `step.py` (each version by its own `step_peers.py`), those of `whole.py` as `mlptrain fit`,
and `mlptrain --help` beside `import numpy`, with and without the extra `fast`; where `rows` are asked for, the calls of
`row_calls.py`, which predict one row from Python, with scikit-learn and pandas. Within a pair both versions run several
times in turn, A B B A …, and the least time of each counts, for what else the machine does only adds. A ratio is new /
old within a pair; the interval is that of the median by order statistics, which assumes no distribution. The exit code
is 1 where its upper end is above 1.03.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from math import comb, inf
from pathlib import Path
from statistics import median
from typing import Any

import step
import whole
from measuring import HERE, head, heading, publish, python_without, row, say, some_of, variants
from row_calls import CALLS
from step_peers import Work

MOST, LEVEL, FEWEST = 1.03, 0.95, 6
"""The bound on the upper end, the interval's level, and the pairs that such an interval needs at least."""
PARTS = ("step", "whole", "startup")
"""What is measured unless something else is asked for."""
NAMES = [work.name for work in (*step.WORKS, *whole.WORKS)]
PEER_OF = {"mlptrain": "mlptrain", "mlptrain[fast]": "fast"}
"""What `step_peers.py` calls the variants of mlptrain."""
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
WHERE = "from importlib.util import find_spec; print(find_spec('mlptrain').submodule_search_locations[0])"
COMMAND = "from mlptrain.__main__ import main; main()"
SHORT, REPEATS = 2.0, 3
"""Processes below so many seconds run so often in a pair; others once."""
STARTS = 5
"""Processes of each version and kind in a pair of the start-up."""
SLICE, FEWEST_SLICES, MOST_SLICES = 0.04, 2, 10
"""Seconds of a slice of steps, at least one step; slices of each version in a pair."""

Pair = tuple[float, float]
"""Processor seconds of the old version, of the new one; of the start-up in units of `import numpy`."""
Results = dict[tuple[str, str], list[Pair]]
"""The pairs of each work, by each variant."""


# ── Figures ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def median_interval(values: Sequence[float], level: float = LEVEL) -> tuple[float, float]:
    """An interval that covers the median with at least this probability: the order statistics x₍ₖ₎ and x₍ₙ₊₁₋ₖ₎.

    Each of n values lies below the median with probability ½; k is the largest with P(Bin(n, ½) < k) ≤ (1 − level) / 2.

    >>> median_interval(list(range(1, 32)))
    (10, 22)
    """
    n, k, tail = len(values), 0, 0.0
    while (tail := tail + comb(n, k) / 2**n) <= (1 - level) / 2:
        k += 1
    if not k:
        raise ValueError(f"{n} values are too few for an interval")
    ordered = sorted(values)
    return ordered[k - 1], ordered[n - k]


def ratios(pairs: Sequence[Pair]) -> list[float]:
    return [new / old for old, new in pairs]


def is_as_fast(pairs: Sequence[Pair]) -> bool:
    """Whether the upper end of the interval is within the bound."""
    return median_interval(ratios(pairs))[1] <= MOST


def table(results: Results) -> Iterator[str]:
    """A row for each work and variant."""
    yield from heading("work", "by", "old", "new", "new / old (95 % interval)", f"upper end ≤ {MOST}")
    for (name, variant), pairs in results.items():
        low, high = median_interval(ratios(pairs))
        ratio = f"{median(ratios(pairs)):.3f} ({low:.3f}–{high:.3f})"
        times = (describe_time(median(side), variant) for side in zip(*pairs, strict=True))
        yield row(name, variant, *times, ratio, "yes" if is_as_fast(pairs) else "**no**")


def describe_time(seconds: float, variant: str) -> str:
    """Milliseconds; of the start-up a multiple of `import numpy`."""
    return f"{1000 * seconds:.4g} ms" if variant in PEER_OF else f"{seconds:.3f}"


# ── Versions ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Version:
    """A checkout with its environment, and the threads that its processes may use."""

    folder: Path
    threads: int

    @property
    def python(self) -> str:
        return str(self.folder.absolute() / ".venv" / "bin" / "python")

    def environment(self) -> dict[str, str]:
        """Nothing but its own environment says what an interpreter imports."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return kept | dict.fromkeys(THREADS, str(self.threads))

    def check(self) -> None:
        """Refuse a checkout whose environment imports another one."""
        run = partial(subprocess.run, check=True, capture_output=True, text=True, cwd=tempfile.gettempdir())
        found = Path(run([self.python, "-c", WHERE], env=self.environment()).stdout.strip())
        if not found.resolve().is_relative_to(self.folder.resolve()):
            sys.exit(f"{self.python} imports mlptrain from {found}, which is not in {self.folder}")

    def spend(self, *arguments: str, folder: Path) -> float:
        """Processor seconds, of the user and the system, of this interpreter with these arguments."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [self.python, *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder, env=self.environment())
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stderr}")
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def serve(self, peer: str) -> "AbstractContextManager[Steps]":
        """A process that runs training steps, by the checkout's own script."""
        return self.serve_script(self.folder.absolute() / "benchmarks" / "step_peers.py", peer)

    @contextmanager
    def serve_script(self, path: Path, *arguments: str) -> Iterator["Steps"]:
        """A process of the checkout that serves what a script does."""
        command = [self.python, str(path), *arguments]
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, env=self.environment(), **streams) as process:
            yield Steps(process)
            print("null", file=process.stdin, flush=True)


@dataclass(frozen=True)
class Steps:
    """A process that serves training steps."""

    process: "subprocess.Popen[str]"

    def ask(self, order: dict[str, Any] | str | int) -> float:
        """Processor seconds that an order took: a work or a call to prepare, or a count of steps."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(order), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        if isinstance(answer, str):
            raise RuntimeError(answer)
        return float(answer)


def alternate(repeats: int, number: int) -> Iterator[int]:
    """Which version runs next, 0 the old one: A B B A A B …; every second pair begins with the new one."""
    for repeat in range(repeats):
        yield from [0, 1] if (repeat + number) % 2 == 0 else [1, 0]


# ── Parts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def measure_steps(versions: Sequence[Version], options: argparse.Namespace) -> Results:
    """The works of `step.py`: in every pair both versions have a fresh process, which does all works."""
    works = [work for work in step.WORKS if work.name in options.works]
    results: Results = {(f"step {work.name}", variant): [] for work in works for variant in options.variants}
    counts: dict[tuple[str, str], int] = {}
    for number in range(options.pairs if works else 0):
        for variant in options.variants:
            with ExitStack() as stack:
                sides = [stack.enter_context(version.serve(PEER_OF[variant])) for version in versions]
                for work in works:
                    key = (f"step {work.name}", variant)
                    prepare_steps(sides, work)
                    counts[key] = counts.get(key) or count_steps(sides[0])
                    results[key].append(take_slices(sides, counts[key], number=number, slices=options.slices))
        say(f"pairs: step: {number + 1} of {options.pairs}")
    return results


def prepare_steps(sides: Sequence[Steps], work: Work) -> None:
    """Both processes make the network of a work, and its first steps, which may compile."""
    for side in sides:
        side.ask(asdict(work))
        side.ask(1)


def count_steps(side: Steps) -> int:
    """The steps of a slice."""
    count = 1
    for _ in range(3):
        count = max(round(SLICE * count / max(side.ask(count), 1e-6)), 1)
    return count


def take_slices(sides: Sequence[Steps], count: int, *, number: int, slices: int) -> Pair:
    """Seconds a step of the old version, of the new one: the least of their slices, after one that does not count."""
    warm = max(side.ask(count) for side in sides)
    repeats = min(max(round(slices * SLICE / warm), FEWEST_SLICES), slices)
    least = [inf, inf]
    for which in alternate(repeats, number):
        least[which] = min(least[which], sides[which].ask(count) / count)
    return least[0], least[1]


def measure_rows(versions: Sequence[Version], options: argparse.Namespace) -> Results:
    """The calls of `row_calls.py`, by public names only: in every pair both versions have a fresh process for each."""
    results: Results = {(f"one row: {name}", "mlptrain"): [] for name in CALLS}
    for number in range(options.pairs):
        for name in CALLS:
            with ExitStack() as stack:
                sides = [stack.enter_context(each.serve_script(HERE / "row_calls.py")) for each in versions]
                for side in sides:
                    side.ask(name)
                    side.ask(1)
                slices = take_slices(sides, count_steps(sides[0]), number=number, slices=options.slices)
                results[f"one row: {name}", "mlptrain"].append(slices)
        say(f"pairs: rows: {number + 1} of {options.pairs}")
    return results


def measure_whole(versions: Sequence[Version], options: argparse.Namespace) -> Results:
    """The works of `whole.py` whose files are there: `mlptrain fit` as a whole process."""
    results: Results = {}
    with tempfile.TemporaryDirectory() as name:
        for work in whole.WORKS:
            data = HERE.parent / "datasets" if work.name == "iris" else options.data.resolve()
            if work.name in options.works and all((data / file).exists() for file in (work.train, work.labels) if file):
                results |= measure_fit(versions, work.spec(data), work=work.name, folder=Path(name), options=options)
    return results


def measure_fit(
    versions: Sequence[Version], spec: dict[str, Any], *, work: str, folder: Path, options: argparse.Namespace
) -> Results:
    """The pairs of one training, by each variant."""
    spec["training"]["epochs"] = min(spec["training"]["epochs"], options.epochs or spec["training"]["epochs"])
    path = folder / f"{work}.yaml"
    path.write_text(json.dumps(spec), encoding="utf-8")
    fit = ("fit", str(path), "--quiet", "--threads", str(options.threads), "--out", str(folder / f"{work}.npz"))
    results: Results = {}
    for variant in options.variants:
        command = ("-c", python_without(variants()[variant]) + COMMAND, *fit)
        results[f"whole {work}", variant] = pair_up(versions, command, folder=folder, pairs=options.pairs)
        say(f"pairs: whole {work}, {variant}: done")
    return results


def pair_up(versions: Sequence[Version], arguments: Sequence[str], *, folder: Path, pairs: int) -> list[Pair]:
    """Seconds of whole processes; those that run first, to fill caches, are not counted."""
    first = [version.spend(*arguments, folder=folder) for version in versions]
    repeats = REPEATS if max(first) < SHORT else 1
    found = []
    for number in range(pairs):
        least = [inf, inf]
        for which in alternate(repeats, number):
            least[which] = min(least[which], versions[which].spend(*arguments, folder=folder))
        found.append((least[0], least[1]))
    return found


def measure_startup(versions: Sequence[Version], options: argparse.Namespace) -> Results:
    """`mlptrain --help` in units of `import numpy`, each version by its own interpreter, and all four in turn."""
    found: list[Pair] = []
    commands = (("-c", "import numpy"), ("-c", COMMAND, "--help"))
    with tempfile.TemporaryDirectory() as name:
        for number in range(-1, options.pairs):  # the first one fills caches
            least = [[inf, inf], [inf, inf]]
            for which in alternate(STARTS, number):
                for each, command in zip(least, commands, strict=True):
                    each[which] = min(each[which], versions[which].spend(*command, folder=Path(name)))
            numpy, ours = least
            found += [(ours[0] / numpy[0], ours[1] / numpy[1])] if number >= 0 else []
    say("pairs: startup: done")
    return {("mlptrain --help", "times import numpy"): found}


MEASURES = {"step": measure_steps, "whole": measure_whole, "startup": measure_startup, "rows": measure_rows}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--old", type=Path, required=True, metavar="DIR", help="the old checkout")
    parser.add_argument("--new", type=Path, default=HERE.parent, metavar="DIR", help="the new one; by default this")
    parser.add_argument("--only", type=some_of(MEASURES), default=list(PARTS), help=",".join(MEASURES))
    parser.add_argument("--works", type=some_of(NAMES), default=NAMES, help=",".join(NAMES))
    parser.add_argument("--variants", type=some_of(variants()), default=list(variants()), help=",".join(variants()))
    parser.add_argument("--pairs", type=int, default=31)
    parser.add_argument("--slices", type=int, default=MOST_SLICES, help=f"of {SLICE} s of steps, in a pair, at most")
    parser.add_argument("--epochs", type=int, help="of the works of `whole`, at most")
    parser.add_argument("--threads", type=int, default=1, help="1; threads that wait for each other take time, too")
    parser.add_argument("--data", type=Path, default=HERE.parent / "data", help="the folder with the data files")
    parser.add_argument("--out", type=Path, help="also write the table to this file")
    options = parser.parse_args()
    if options.pairs < FEWEST:
        parser.error(f"--pairs {options.pairs}: an interval needs {FEWEST} at least")
    lines, versions, results = (
        [*head(), ""],
        [Version(each, options.threads) for each in (options.old, options.new)],
        {},
    )
    for version in versions:
        version.check()
    for part in options.only:
        results |= MEASURES[part](versions, options)
    note = f"{options.pairs} interleaved pairs, processor time, {options.threads} thread(s); medians."
    publish([*lines, *table(results), "", note], options.out)
    sys.exit(not all(map(is_as_fast, results.values())))


if __name__ == "__main__":
    main()
