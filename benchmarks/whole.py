"""Whole processes: `mlptrain fit` beside the same training as a script in PyTorch and in scikit-learn, as Markdown.

    pip install -e .[fast,bench]
    python benchmarks/whole.py --data DIR [--quick] [--works iris,adult] [--rounds 3] [--out whole.md]

Everything counts: the start, the imports, reading, training with 20 % validation rows evaluated after every epoch,
writing the model. Same file, widths, batch size, Adam, learning rate, float32; DIR holds adult_train.csv, diamonds.csv
and MNIST's training files. The scripts are in benchmarks/peers.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

from measuring import (
    FAST,
    HERE,
    Part,
    Process,
    Section,
    heading,
    interleaved,
    megabytes,
    missing,
    mlptrain,
    ratios,
    row,
    say,
    some_of,
    spread,
    variants,
)

from mlptrain.machine import count_usable_cores

SCRIPTS = {
    "PyTorch": ("with_torch.py", ("torch", "pandas")),
    "scikit-learn": ("with_sklearn.py", ("sklearn", "pandas")),
}
"""The peers: their script, and the modules that it imports."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """A training that every library can do, with Adam."""

    name: str
    train: str
    labels: str | None = None
    """The file of classes, where `train` holds images."""
    target: str = ""
    header: bool = True
    spaces: bool = False
    """Whether a space follows each delimiter."""
    columns: int = 0
    """How many there are, where no header says so."""
    task: Literal["class", "number"] = "class"
    hidden: tuple[int, ...]
    activation: Literal["relu", "tanh"] = "relu"
    learning_rate: float = 0.001
    batch_size: int
    epochs: int
    rounds: int = 3

    def __str__(self) -> str:
        return f"{self.name}: {'-'.join(map(str, self.hidden))}, batch {self.batch_size}, {self.epochs} epochs"

    @property
    def metric(self) -> str:
        return {"class": "accuracy", "number": "r2"}[self.task]

    def spec(self, folder: Path) -> dict[str, Any]:
        """What mlptrain is told."""
        train = str(folder / self.train)
        images = {"train": {"images": train, "labels": str(folder / (self.labels or ""))}}
        table = {"train": train, "target": self.target, "header": self.header, "skip_initial_space": self.spaces}
        return {
            "data": (images if self.labels else table) | {"split": {"validation": 0.2}},
            "model": {"hidden": self.hidden, "activation": self.activation},
            "optimizer": {"name": "adam", "learning_rate": self.learning_rate},
            "training": {"epochs": self.epochs, "batch_size": self.batch_size},
            "seed": 1,
        }

    def order(self, folder: Path, out: Path) -> dict[str, Any]:
        """What the scripts of the peers are told."""
        files = {"train": str(folder / self.train), "labels": str(folder / self.labels) if self.labels else None}
        return asdict(self) | files | {"out": str(out), "threads": count_usable_cores()}


WORKS = [
    Training(
        name="iris",
        train="iris.csv",
        target="species",
        hidden=(16,),
        activation="tanh",
        learning_rate=0.01,
        batch_size=16,
        epochs=200,
        rounds=7,
    ),
    Training(
        name="adult",
        train="adult_train.csv",
        target="column_15",
        header=False,
        spaces=True,
        columns=15,
        hidden=(128, 64),
        batch_size=256,
        epochs=20,
    ),
    Training(
        name="diamonds",
        train="diamonds.csv",
        target="price",
        task="number",
        hidden=(128, 128),
        batch_size=256,
        epochs=20,
    ),
    Training(
        name="mnist",
        train="mnist.train-images-idx3-ubyte.gz",
        labels="mnist.train-labels-idx1-ubyte.gz",
        hidden=(512, 256),
        batch_size=128,
        epochs=5,
    ),
]
QUICK = ["iris", "adult"]


def commands(work: Training, data: Path, folder: Path) -> dict[str, list[str]]:
    """The same training by everyone that is installed."""
    spec = folder / f"{work.name}.yaml"
    spec.write_text(json.dumps(work.spec(data)), encoding="utf-8")
    found = {
        name: mlptrain("fit", str(spec), "--quiet", "--json", "--out", str(folder / f"{name}.npz"), without=without)
        for name, without in variants().items()
    }
    for name, (script, needed) in SCRIPTS.items():
        if not missing(needed):
            order = json.dumps(work.order(data, folder / f"{name}.model"))
            found[name] = [sys.executable, str(HERE / "peers" / script), "fit", order]
    return found


def score(work: Training, process: Process) -> float:
    """The metric of the validation rows, as the process says."""
    document = json.loads(process.output)
    return float(document["score"] if "score" in document else document["metrics"]["validation"][work.metric])


def rows(work: Training, found: dict[str, list[Process]]) -> Iterator[str]:
    """The rows of a work: seconds, ratios within the rounds, peak memory, score."""
    seconds = {name: [process.seconds for process in processes] for name, processes in found.items()}
    for name, processes in found.items():
        over = [spread(ratios(seconds[name], seconds[own]), unit="×") for own in variants()]
        peak = megabytes(median(process.peak for process in processes))
        reached = f"{work.metric} {median(score(work, process) for process in processes):.4f}"
        yield row(str(work), name, spread(seconds[name]), *over, peak, reached)


def left_out_peers() -> list[str]:
    """Who is not installed."""
    absent = {name: missing(needed) for name, (_, needed) in SCRIPTS.items()}
    absent |= {"mlptrain[fast]": missing(FAST)}
    return [f"{name} (not installed: {', '.join(modules)})" for name, modules in absent.items() if modules]


def report(options: argparse.Namespace) -> Section:
    """The section of this part."""
    names = options.works or (QUICK if options.quick else [work.name for work in WORKS])
    section = Section("whole: reading, training and writing as a whole process", left_out=left_out_peers())
    over = [f"times {name}" for name in variants()]
    section.lines += heading("work", "by", "seconds", *over, "peak memory, MB", "validation rows")
    for work in WORKS:
        data = HERE.parent / "datasets" if work.name == "iris" else options.data.resolve()
        absent = [name for name in (work.train, work.labels) if name and not (data / name).exists()]
        if work.name not in names:
            section.left_out.append(f"the work {work.name} (not asked for)")
        elif absent:
            section.left_out.append(f"the work {work.name} (not in the folder of data: {', '.join(absent)})")
        else:
            with tempfile.TemporaryDirectory() as folder:
                found = interleaved(
                    commands(work, data, Path(folder)), options.rounds or (1 if options.quick else work.rounds)
                )
            section.lines += rows(work, found)
            say(f"whole: {work.name}: done")
    section.lines += ["", "Medians (quartiles) of interleaved rounds; JAX and Keras have no script here."]
    return section


def add_options(parser: argparse.ArgumentParser) -> None:
    known = [work.name for work in WORKS]
    parser.add_argument("--works", type=some_of(known), help=f"{','.join(known)} (quick: some)")
    parser.add_argument("--rounds", type=int, help="3, iris 7 (quick: 1)")


PART = Part(__doc__, report, add_options)

if __name__ == "__main__":
    PART.run_alone()
