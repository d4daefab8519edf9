"""kill -9 at random moments of a fit, then --resume, until it is done: no torn file, nothing lost, the same bytes.

Most fits are children of a warm process, so that a thousand kills take minutes; some are whole processes. Each epoch
ends with a checkpoint, and what a fit has reported as done is noted in memory that survives it.
"""

import mmap
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from mlptrain.fitting.checkpoint_file import load_checkpoint, load_newest_checkpoint
from mlptrain.model.history import EpochEnded
from mlptrain.model.model import Model
from mlptrain.storage.companions import derive_checkpoint_path, derive_previous_checkpoint_path
from mlptrain.training.events import Event, FunctionSink, Started
from tests.soak.forked import Child, Ended
from tests.soak.tally import Row
from tests.support.flows import fit

ROOT = Path(__file__).parents[2]
CONFIGURATIONS = {
    "Adam, dropout": {"model": {"hidden": [16, 8], "dropout": 0.2}},
    "batch norm, cosine": {"model": {"hidden": [16], "norm": "batch"}, "schedules": {"learning_rate": "cosine"}},
    "early stopping": {
        "model": {"hidden": [8]},
        "training": {"epochs": 40, "batch_size": 30, "early_stopping": {"patience": 30}},
    },
    "folds": {"model": {"hidden": [8]}, "data": {"split": {"folds": 3}}, "training": {"epochs": 12, "batch_size": 30}},
}
"""Fits that keep different things in their state."""
TEMPORARY = re.compile(r"\..*\.tmp")


def write_spec(folder: Path, sections: dict[str, dict[str, object]]) -> Path:
    """A spec on the iris table; its path."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "datasets" / "iris.csv", folder)
    spec = {"training": {"epochs": 40, "batch_size": 30}, "seed": 1} | sections
    spec["data"] = {"train": "iris.csv", "target": "species", "split": {"validation": 0.2}} | sections.get("data", {})
    path = folder / "iris.yaml"
    path.write_text(yaml.safe_dump(spec), encoding="utf-8")
    return path


class Told:
    """What a fit has reported, in memory that it shares with us: where it began, and how far it came."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, 16)

    def __call__(self, event: Event) -> None:
        """Note an event; the checkpoint of an epoch is written before it is told of here."""
        if isinstance(event, Started):
            self.note(len(event.earlier) + 100 * event.fold, 0)
        elif isinstance(event, EpochEnded):
            self.note(self.begun, event.epoch + self.begun // 100 * 100)

    def note(self, begun: int, done: int) -> None:
        """Keep two numbers."""
        self.memory[:] = struct.pack("qq", begun, done)

    @property
    def begun(self) -> int:
        """Where the fit, or the training of a fold, began: 100 · fold + epochs done before; 0 if it did not."""
        return int(struct.unpack("qq", self.memory)[0])

    @property
    def done(self) -> int:
        """The last epoch that was reported, in the same way."""
        return int(struct.unpack("qq", self.memory)[1])


@dataclass
class Fit:
    """A fit that is killed and resumed until it is done."""

    spec: Path
    whole: bytes
    """The model of a fit that nobody interrupted."""

    @property
    def out(self) -> Path:
        """Where its model goes."""
        return self.spec.parent / "m.npz"

    def faults(self, *, done: bool) -> Iterator[str]:
        """What is wrong with what it has left: after a kill, or when it is done."""
        left = {path.name for path in self.out.parent.iterdir()} - {"iris.csv", "iris.yaml"}
        temporaries = {name for name in left if TEMPORARY.fullmatch(name)}
        if self.out.exists() and self.out.read_bytes() != self.whole:
            yield f"{self.out.name} is torn or another model"
        for path in (derive_checkpoint_path(self.out), derive_previous_checkpoint_path(self.out)):
            if path.exists():
                load_checkpoint(path)
        if done and left != {self.out.name}:
            yield f"left {sorted(left)}"
        if len(temporaries) > 2:
            yield f"left {len(temporaries)} temporary files"
        if (
            unknown := left
            - temporaries
            - {self.out.name, *(f"{self.out.name}{end}" for end in (".ckpt", ".ckpt.prev", ".lock"))}
        ):
            yield f"left {sorted(unknown)}"

    def clear(self) -> None:
        """Forget the model, to begin anew."""
        for path in self.out.parent.iterdir():
            if path.name not in ("iris.csv", "iris.yaml"):
                path.unlink()


def uninterrupted(spec: Path) -> tuple[Fit, float]:
    """A fit that is done, and its seconds as a child."""
    one = Fit(spec, b"")
    begun = time.monotonic()
    end = Child(lambda: fit(str(spec), out=one.out, checkpoints="epochs")).wait()
    seconds = time.monotonic() - begun
    assert end == Ended(0, ""), end
    one.whole = one.out.read_bytes()
    Model.load(one.out)
    one.clear()
    return one, seconds


def killed_after(seconds: float, child: Child) -> Ended:
    """A child's end: killed after so many seconds, if it has not ended by itself."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            break
        signal.sigtimedwait({signal.SIGCHLD}, left)
    with suppress(ProcessLookupError):
        child.kill()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return child.wait()


def children(what: str, one: Fit, seconds: float, kills: int, draw: random.Random) -> Row:
    """Kill children at random moments, each in the place of the one before, until there were so many kills."""
    row, runs, reported = Row(f"kill -9 of fit: {what}"), 0, 0
    with row.timed():
        while row.cases < kills:
            told = Told()
            child = Child(
                lambda told=told: fit(
                    str(one.spec), out=one.out, resume=True, checkpoints="epochs", sinks=[FunctionSink(told)]
                )
            )
            end = killed_after(draw.uniform(0, seconds), child)
            published = one.out.exists()
            done = end.code == 0
            faults = [*end.faults(0, -signal.SIGKILL), *one.faults(done=done)]
            if (
                told.begun % 100 < reported % 100
                and told.begun // 100 <= reported // 100
                and told.begun
                and not published
            ):
                faults.append(f"began at {told.begun}, after {reported} had been reported")
            reported = max(reported, told.done)
            if done:
                runs, reported = runs + 1, 0
                one.clear()
                row.failures += faults
            else:
                row.case(faults)
    row.note = f"{runs} fits brought to their end, the same bytes each"
    return row


def processes(one: Fit, kills: int, draw: random.Random) -> Row:
    """The same with whole processes, by the command line."""
    row, runs = Row("kill -9 of python -m mlptrain fit"), 0
    command = [sys.executable, "-m", "mlptrain", "fit", str(one.spec), "--out", str(one.out), "--resume"]
    command += ["--checkpoints", "epochs", "--threads", "1", "-q", "--set", "training.epochs=40"]
    begun = time.monotonic()
    run_process(command, None)
    seconds = time.monotonic() - begun
    one.clear()
    with row.timed():
        while row.cases < kills:
            before = epoch(one.out)
            end = run_process(command, draw.uniform(seconds / 3, 1.3 * seconds))
            faults = [*end.faults(0, -signal.SIGKILL), *one.faults(done=end.code == 0)]
            if end.code == 0:
                runs += 1
                one.clear()
                row.failures += faults
                continue
            if epoch(one.out) < before and not one.out.exists():
                faults.append(f"had come to epoch {before}, and has only {epoch(one.out)}")
            row.case(faults)
    row.note = f"{runs} fits brought to their end, the same bytes each"
    return row


def run_process(command: list[str], seconds: float | None) -> Ended:
    """Run a command, and kill it after so many seconds."""
    alone = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=alone) as process:
        try:
            _, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            _, err = process.communicate()
    return Ended(process.returncode, err if process.returncode > 0 else "")


def epoch(model: Path) -> int:
    """How far the newest checkpoint is: 100 · folds done + epochs; 0 if there is none."""
    found = load_newest_checkpoint(model, str)
    if found is None:
        return 0
    return 100 * len(found.finished) + max((each.epoch for each in found.under_way.values()), default=0)


def run(folder: Path, *, kills: int = 1000, whole: int = 30, seed: int = 1) -> Iterator[Row]:
    """Kill so many children, shared among the configurations, and so many whole processes."""
    draw = random.Random(seed)
    for what, sections in CONFIGURATIONS.items():
        one, seconds = uninterrupted(write_spec(folder / "warm", sections))
        one, seconds = uninterrupted(write_spec(folder / "fits", sections))
        yield children(what, one, seconds, -(-kills // len(CONFIGURATIONS)), draw)
    if whole:
        one, _ = uninterrupted(write_spec(folder / "fits", CONFIGURATIONS["batch norm, cosine"]))
        yield processes(one, whole, draw)
