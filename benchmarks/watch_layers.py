"""What looking into the layers costs: trainings with `training.watch_layers: 1` and without it, as Markdown.

    pip install -e .[fast,bench]
    python benchmarks/watch_layers.py --data DIR [--works adult,diamonds] [--pairs 31] [--epochs 10]

The works are those of `whole.py`. Processor time of the training alone, without reading and saving, with one thread.
Within a pair both run in turn, A B B A A B, and the least time of each counts; a ratio is with / without within a
pair, its interval that of the median by order statistics. The exit code is 1 where its upper end is above 1.03.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

import whole
from measuring import HERE, head, heading, publish, row, say, some_of
from pairs import FEWEST, MOST, Pair, alternate, is_as_fast, median_interval, ratios

import mlptrain
from mlptrain.training.events import EventSink, Finished, Started

WORKS = {work.name: work for work in whole.WORKS}
REPEATS = 3
"""How often each runs in a pair."""


class Stopwatch(EventSink):
    """The processor seconds of a training, from its first event to its last."""

    seconds = 0.0

    def see_start(self, _: Started) -> None:
        self.seconds -= time.process_time()

    def see_finish(self, _: Finished) -> None:
        self.seconds += time.process_time()


def measure_training(spec: dict[str, Any], every: int) -> float:
    """The processor seconds of a training that looks into the layers every so many epochs; 0: never."""
    stopwatch = Stopwatch()
    overrides = {"training.watch_layers": every}
    mlptrain.fit(spec, overrides=overrides, sinks=stopwatch, progress=False, threads=1)
    return stopwatch.seconds


def pair_up(spec: dict[str, Any], pairs: int) -> Iterator[Pair]:
    """Seconds without and with looking, after a run that fills caches."""
    measure_training(spec, 1)
    for number in range(pairs):
        least = [inf, inf]
        for every in alternate(REPEATS, number):
            least[every] = min(least[every], measure_training(spec, every))
        yield least[0], least[1]


def describe_work(name: str, epochs: int, pairs: Sequence[Pair]) -> str:
    """A row of the table."""
    low, high = median_interval(ratios(pairs))
    without, looking = (1000 * median(side) / epochs for side in zip(*pairs, strict=True))
    ratio = f"{median(ratios(pairs)):.3f} ({low:.3f}–{high:.3f})"
    return row(name, f"{without:.1f}", f"{looking:.1f}", ratio, "yes" if is_as_fast(pairs) else "**no**")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent / "data", help="the folder with the data files")
    parser.add_argument("--works", type=some_of(WORKS), default=["adult"], help=",".join(WORKS))
    parser.add_argument("--pairs", type=int, default=31)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--out", type=Path, help="also write the table to this file")
    options = parser.parse_args(arguments)
    if options.pairs < FEWEST:
        parser.error(f"--pairs {options.pairs}: an interval needs {FEWEST} at least")
    lines, found = [*head(), ""], {}
    for name in options.works:
        folder = HERE.parent / "datasets" if name == "iris" else options.data.resolve()
        spec = WORKS[name].spec(folder)
        spec["training"]["epochs"] = options.epochs
        found[name] = [*pair_up(spec, options.pairs)]
        say(f"watch_layers: {name}: done")
    rows = [describe_work(name, options.epochs, pairs) for name, pairs in found.items()]
    columns = ("work", "an epoch, ms", "looking, ms", "looking / not (95 % interval)", f"upper end ≤ {MOST}")
    note = f"{options.pairs} interleaved pairs of {options.epochs} epochs, processor time, one thread; medians."
    publish([*lines, *heading(*columns), *rows, "", note], options.out)
    sys.exit(not all(map(is_as_fast, found.values())))


if __name__ == "__main__":
    main()
