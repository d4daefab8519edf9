"""One training step, mlptrain beside its peers: µs per step, interleaved in one run, as Markdown tables.

    pip install -e .[fast,bench]
    python benchmarks/step.py                                          # everything, about ten minutes
    python benchmarks/step.py --quick --works small,tabular --peers torch,sklearn --out step.md

Every library lives in a process of its own, so that no thread pool disturbs another, and is asked in turn for a short
burst of steps: A B C, A B C … A ratio is taken within each round, and the tables give its median and quartiles, so
that a machine that is slow for a while slows all alike. Same batches, float32, all cores, no mixed precision.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection

from measuring import Part, Section, heading, quartiles, ratios, row, say, some_of, spread
from step_peers import ALL, OWN, PEERS, Work, serve

WORKS = [
    Work(name="tiny", batch=4, widths=(2, 8, 2), optimizer="sgd", activation="tanh", scan=512),
    Work(name="small", batch=32, widths=(20, 64, 64, 3), optimizer="adam", scan=512),
    Work(name="mnist_sgd", batch=128, widths=(784, 512, 256, 10), optimizer="sgd", scan=16),
    Work(name="mnist_adam", batch=128, widths=(784, 512, 256, 10), optimizer="adam", scan=16),
    Work(name="dropout", batch=128, widths=(784, 1024, 1024, 1024, 10), optimizer="adam", dropout=0.5, scan=4),
    Work(name="tabular", batch=256, widths=(100, 256, 256, 256, 2), optimizer="adam", dropout=0.1, scan=16),
    Work(name="large", batch=1024, widths=(1024, 2048, 2048, 2048, 10), optimizer="adam", batches=4, scan=1),
]
QUICK = ["small", "mnist_adam", "tabular"]

Series = dict[str, list[float] | str]
"""Seconds per step of each round, by peer; or why there are none."""


# ── Measuring ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def measure_all(works: list[Work], peers: list[str], *, rounds: int, burst: float) -> dict[Work, Series]:
    """The processes are started, asked for each work, and sent home."""
    context, workers, processes = get_context("spawn"), {}, []
    for peer in (*OWN, *peers):
        workers[peer], other = context.Pipe()
        processes.append(context.Process(target=serve, args=(peer, other), daemon=True))
        processes[-1].start()
        other.close()  # the process has its own; where it ends, reading from it must end too
    results = {}
    for work in works:
        results[work] = measure(work, workers, rounds=rounds, burst=burst)
        say(f"step: {work.name}: done")
    for connection, process in zip(workers.values(), processes, strict=True):
        connection.send(None)
        process.join()  # what is measured next has the machine to itself
    return results


def measure(work: Work, workers: dict[str, Connection], *, rounds: int, burst: float) -> Series:
    """One work: each peer prepares it, finds how many steps a burst is, then they take turns."""
    for connection in workers.values():
        connection.send(work)  # all at once: what takes long is to import the libraries
    answers = {peer: connection.recv() for peer, connection in workers.items()}
    results: Series = {p: a if isinstance(a, str) else [] for p, a in answers.items()}
    steps = {p: work.scan if ALL[p].scans else 1 for p, result in results.items() if not isinstance(result, str)}
    counts = dict(steps)
    for peer, least in steps.items():
        for _ in range(3):  # the first runs may still compile
            seconds = ask(workers[peer], counts[peer]) / counts[peer]
            counts[peer] = max(round(burst / seconds / least), 1) * least
    for _ in range(rounds):
        for peer, least in steps.items():
            time.sleep(0.1)  # idle BLAS threads spin for 26 ms before they sleep, and would take a core from the next
            ask(workers[peer], max(counts[peer] // 4 // least, 1) * least)
            series(results, peer).append(ask(workers[peer], counts[peer]) / counts[peer])
    return results


def ask(connection: Connection, steps: int) -> float:
    """Seconds of so many steps."""
    connection.send(steps)
    return float(connection.recv())


# ── Tables ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def series(results: Series, peer: str) -> list[float]:
    found = results[peer]
    assert isinstance(found, list)
    return found


def time_table(results: dict[Work, Series], columns: list[str]) -> Iterator[str]:
    """Median µs per step of everyone; of mlptrain also the share of the step that its matrix products alone take."""
    own = [column for column in columns if column in ("mlptrain", "fast")]
    titles = [f"{ALL[column].title}, share of the limit" for column in own]
    yield from heading("µs per step", *(ALL[column].title for column in columns), *titles)
    for work, found in results.items():
        limit = series(found, "products")
        shares = [spread(ratios(limit, series(found, column))) for column in own]
        yield row(str(work), *(microseconds(found[column]) for column in columns), *shares)


def microseconds(found: list[float] | str) -> str:
    return found if isinstance(found, str) else f"{1e6 * statistics.median(found):.0f}"


def ratio_table(results: dict[Work, Series], ours: str, peers: list[str]) -> Iterator[str]:
    """Each peer's time over ours; at the end the geometric mean over the works that the peer can do."""
    yield from heading(f"times {ALL[ours].title}", *(ALL[peer].title for peer in peers))
    medians: dict[str, list[float]] = {peer: [] for peer in peers}
    for work, found in results.items():
        cells = []
        for peer in peers:
            theirs = found[peer]
            if isinstance(theirs, str):
                cells.append(theirs)
                continue
            over = ratios(theirs, series(found, ours))
            cells.append(spread(over, unit="×"))
            medians[peer].append(quartiles(over)[1])
        yield row(str(work), *cells)
    yield row("geometric mean", *(f"{statistics.geometric_mean(each):.2f}×" for each in medians.values()))


def report(options: argparse.Namespace) -> Section:
    """The section of this part."""
    names = options.works or (QUICK if options.quick else [work.name for work in WORKS])
    rounds = max(options.rounds or (4 if options.quick else 15), 2)
    burst = 0.05 if options.quick else 0.2
    works = [work for work in WORKS if work.name in names]
    results = measure_all(works, options.peers, rounds=rounds, burst=burst)
    asked = [*OWN, *options.peers]
    present = [name for name in asked if any(isinstance(each[name], list) for each in results.values())]
    reasons = next(iter(results.values()))
    return Section(
        "step: one training step",
        [*tables(results, present), closing(rounds, burst, present)],
        [
            *(f"{ALL[name].title} ({reasons[name]})" for name in asked if name not in present),
            *(f"{ALL[name].title} (not asked for)" for name in PEERS if name not in options.peers),
            *(f"the work {work.name} (not asked for)" for work in WORKS if work not in works),
        ],
    )


def tables(results: dict[Work, Series], present: list[str]) -> Iterator[str]:
    """Times, then ratios to either mlptrain."""
    yield from [*time_table(results, present), ""]
    for ours in ("fast", "mlptrain"):
        if ours in present:
            yield from [*ratio_table(results, ours, [peer for peer in PEERS if peer in present]), ""]


def closing(rounds: int, burst: float, present: list[str]) -> str:
    """How it was measured."""
    backend = f" Keras on {os.environ['KERAS_BACKEND']}." if "keras" in present else ""
    return (
        f"{rounds} interleaved rounds of {burst:g} s each; median (quartiles). Above 1 mlptrain is faster. "
        f"*Products only* are the matrix products of a step with all cores, the limit.{backend}"
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    works = [work.name for work in WORKS]
    parser.add_argument("--works", type=some_of(works), help=f"{','.join(works)} (quick: some)")
    parser.add_argument("--peers", type=some_of(PEERS), default=list(PEERS))
    parser.add_argument("--rounds", type=int, help="15 (quick: 4)")


PART = Part(__doc__, report, add_options)

if __name__ == "__main__":
    PART.run_alone()
