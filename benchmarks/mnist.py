"""MNIST and Fashion-MNIST: `mlptrain fit` and `mlptrain eval` of each config, published test error beside measured.

    python benchmarks/mnist.py --data DIR --record runs.jsonl [--configs mnist/relu,fashion_mnist] [--out FILE.md]
    python benchmarks/mnist.py --record runs.jsonl --configs none --out FILE.md    # the table alone, of earlier runs

A full run of all takes hours. `--record` keeps each run, so that the table can be made of several sessions: it shows
the runs that are of the configs as they are now, the latest one of each config, seed and number of epochs.
`--epochs N` shortens; the table says so.
"""

import argparse
import hashlib
import json
import os
import platform
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from measuring import HERE, heading, installed, machine, measured, mlptrain, publish, row, say

from mlptrain.engine.schedules import LinearRamp
from mlptrain.machine import count_usable_cores
from mlptrain.spec.fields import Images, Spec
from mlptrain.spec.file import load_spec

CONFIGS = HERE.parent / "configs"
SRIVASTAVA = "Srivastava et al. (2014)"
TABLE_2, TABLE_9, TABLE_10 = (f"{SRIVASTAVA}, table {number}" for number in (2, 9, 10))
ABOUT = (
    "Made by `benchmarks/mnist.py` of the runs it kept. Wrong answers on the 10,000 test images in %, as published and",
    "as measured; of several seeds the median, and each in brackets. No augmentation, all 60,000 training images, the",
    "network of the last epoch. One image is 0.01 %, and two networks of the same worth differ by about 0.1 %. Seconds",
    "are those of the whole `mlptrain fit`, by the clock and of processor time: where the first are many more for one",
    "thread, other work went on beside it.",
)


@dataclass(frozen=True)
class Published:
    """A row as published: the network in words, the test error in % (none: not published), where."""

    network: str
    error: str = "–"
    source: str = "–"


ROWS = {
    "mnist/logistic": Published("2 × 800 logistic", "1.60", "Simard et al. (2003)"),
    "mnist/logistic_dropout": Published("3 × 1024 logistic, dropout", "1.35", TABLE_2),
    "mnist/relu": Published("3 × 1024 ReLU"),
    "mnist/relu_dropout": Published("3 × 1024 ReLU, dropout", "1.25", TABLE_2),
    "mnist/relu_dropout_max_norm": Published("3 × 1024 ReLU, dropout, max-norm", "1.06", TABLE_2),
    "mnist/maxout_dropout_max_norm": Published(
        "2 × (5 × 240) maxout, dropout, max-norm", "0.94", "Goodfellow et al. (2013)"
    ),
    "mnist/bernoulli_dropout": Published("2 × 1024 ReLU, dropout by 0 and 1, max-norm", "1.08 ± 0.04", TABLE_10),
    "mnist/gaussian_dropout": Published("2 × 1024 ReLU, Gaussian dropout, max-norm", "0.95 ± 0.04", TABLE_10),
    "mnist/wide_l2": Published("1024-1024-2048 ReLU, L2", "1.62", TABLE_9),
    "mnist/wide_max_norm": Published("1024-1024-2048 ReLU, max-norm", "1.35", TABLE_9),
    "mnist/wide_dropout_l2": Published("1024-1024-2048 ReLU, dropout, L2", "1.25", TABLE_9),
    "mnist/wide_dropout_max_norm": Published("1024-1024-2048 ReLU, dropout, max-norm", "1.05", TABLE_9),
    "fashion_mnist": Published("256-128-100 ReLU", "11.67", "Xiao et al. (2017)"),
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training, what its model is worth on the test images, and by what it was made."""

    config: str
    digest: str
    """Of the config's text without its comments."""
    seed: int
    epochs: int
    full: int
    """The epochs that the config says."""
    error: float
    """Wrong answers on the test images, %."""
    seconds: float
    """Of the whole process `fit`, by the clock …"""
    processor_seconds: float
    """… and of processor time, which other work on the machine does not lengthen much."""
    threads: int
    date: str
    machine: str
    versions: str


def main() -> None:
    """Measure, keep, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent / "data", help="the folder with the data files")
    parser.add_argument("--configs", type=names, default=list(ROWS), help=f"none, or some of {','.join(ROWS)}")
    parser.add_argument("--seeds", type=numbers, default=[1], help="1,2,3")
    parser.add_argument("--epochs", type=int, help="shorten the configs to so many epochs, and their ramps with them")
    parser.add_argument("--threads", type=int, default=count_usable_cores(), help="of the matrix products")
    parser.add_argument("--record", type=Path, help="JSON lines: every run is added, and the table shows earlier ones")
    parser.add_argument("--out", type=Path, help="write the table to a file as well")
    options = parser.parse_args()
    runs = earlier(options.record)
    for name in options.configs:
        for seed in options.seeds:
            run = fitted(name, seed, options.epochs, options.threads, options.data.resolve())
            runs.append(run)
            keep(run, options.record)
            say(f"{name}, seed {seed}, {run.epochs} epochs: {run.error:.2f} % in {run.seconds:.0f} s")
    publish(list(table(runs)), options.out)


def names(text: str) -> list[str]:
    """Names of configs, divided by commas; `none` is none of them."""
    found = [] if text == "none" else text.split(",")
    if unknown := [name for name in found if name not in ROWS]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(ROWS)}")
    return found


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


# ── Running ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def fitted(name: str, seed: int, epochs: int | None, threads: int, data: Path) -> Run:
    """Fit and evaluate one config."""
    spec, _ = load_spec(str(config(name)))
    changes = [f"seed={seed}", *placed(spec, data), *shortened(spec, epochs)]
    with tempfile.TemporaryDirectory() as folder:
        model = str(Path(folder) / "model.npz")
        arguments = ["--out", model, "--threads", str(threads), "--quiet", "--checkpoints", "off"]
        arguments += [word for change in changes for word in ("--set", change)]
        before = spent()
        fit = measured(mlptrain("fit", str(config(name)), *arguments))
        after = spent()
        found = json.loads(measured(mlptrain("eval", model, "--threads", str(threads), "--json")).output)
    return Run(
        config=name,
        digest=digest(name),
        seed=seed,
        epochs=epochs or spec.training.epochs,
        full=spec.training.epochs,
        error=round(100 * found["metrics"]["error_rate"], 4),
        seconds=round(fit.seconds, 1),
        processor_seconds=round(after - before, 1),
        threads=threads,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=machine(),
        versions=", ".join([f"Python {platform.python_version()}", *map(installed, ("mlptrain", "numpy", "numba"))]),
    )


def spent() -> float:
    """Seconds of processor time of the processes that were started and have ended."""
    times = os.times()
    return times.children_user + times.children_system


def config(name: str) -> Path:
    return CONFIGS / f"{name}.yaml"


def placed(spec: Spec, data: Path) -> Iterator[str]:
    """What puts the files of the data, by their own names, into the folder `data`."""
    for part in ("train", "test"):
        source = getattr(spec.data, part)
        assert isinstance(source, Images)
        for key, path in asdict(source).items():
            yield f"data.{part}.{key}={data / Path(path).name}"


def shortened(spec: Spec, epochs: int | None) -> Iterator[str]:
    """What makes the run shorter, and a ramp of the momentum by as much."""
    if epochs is None:
        return
    yield f"training.epochs={epochs}"
    ramp = spec.schedules.momentum
    if isinstance(ramp, LinearRamp) and ramp.epochs is not None:
        yield f"schedules.momentum.epochs={ramp.epochs * epochs / spec.training.epochs}"


def digest(name: str) -> str:
    """Of what the config says: its text without the comments."""
    lines = config(name).read_text(encoding="utf-8").splitlines()
    said = "\n".join(line for line in lines if not line.startswith("#"))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


# ── Keeping ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def earlier(record: Path | None) -> list[Run]:
    """The runs kept so far."""
    if record is None or not record.exists():
        return []
    return [Run(**json.loads(line)) for line in record.read_text(encoding="utf-8").splitlines()]


def keep(run: Run, record: Path | None) -> None:
    if record is not None:
        with record.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(run)) + "\n")


# ── The table ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def table(runs: Sequence[Run]) -> Iterator[str]:
    """Title, rows, who made them, what has not been run."""
    current = {(run.config, run.seed, run.epochs): run for run in runs if run.digest == digest(run.config)}
    groups: dict[tuple[str, int, int], list[Run]] = {}
    for run in current.values():
        groups.setdefault((run.config, run.epochs, run.threads), []).append(run)
    yield "# MNIST and Fashion-MNIST: published test error beside measured"
    yield ""
    yield from [*ABOUT, ""]
    yield from heading(
        "config", "network", "published", "source", "measured", "epochs", "seconds", "of processor", "threads"
    )
    for name in ROWS:
        yield from (line(found) for key, found in sorted(groups.items()) if key[0] == name)
    yield from ["", "## The runs", ""]
    yield from sorted({f"* {run.date}: {run.machine}; {run.versions}" for run in current.values()})
    if absent := [
        name for name in ROWS if not any(run.config == name and run.epochs == run.full for run in current.values())
    ]:
        yield f"* without a full run: {', '.join(f'`{name}`' for name in absent)}"


def line(runs: Sequence[Run]) -> str:
    """The row of a config: its runs of so many epochs."""
    run, published = runs[0], ROWS[runs[0].config]
    errors = [each.error for each in sorted(runs, key=lambda each: each.seed)]
    single = f" ({', '.join(f'{error:.2f}' for error in errors)})" if len(errors) > 1 else ""
    epochs = f"{run.epochs}" if run.epochs == run.full else f"{run.epochs}, shortened from {run.full}"
    return row(
        f"`{run.config}`",
        published.network,
        published.error,
        published.source,
        f"**{statistics.median(errors):.2f}**{single}",
        epochs,
        f"{statistics.median(each.seconds for each in runs):,.0f}",
        f"{statistics.median(each.processor_seconds for each in runs):,.0f}",
        f"{run.threads}",
    )


if __name__ == "__main__":
    main()
