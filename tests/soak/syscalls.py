"""Every system call of a save, killed and failed: the target is the old file or the new one, whatever happens.

strace is attached to a child that is about to save, so that it sees the calls of the save alone. A first save shows
which calls there are; then each of them, by name and number, is the last one that the child makes, or fails.
"""

import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mlptrain.data.features import Features
from mlptrain.data.number_column import NumberColumn
from mlptrain.data.scaling import Affine
from mlptrain.data.targets import ClassTarget
from mlptrain.engine.losses import CrossEntropy
from mlptrain.fitting.checkpoint_file import Checkpoint, load_checkpoint, save_checkpoint
from mlptrain.model.architecture import build_network, make_input_layout
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.head import make_head
from mlptrain.model.model import Model
from mlptrain.spec.fields import Data, ModelSpec, Spec
from mlptrain.storage.companions import derive_checkpoint_path, derive_previous_checkpoint_path
from mlptrain.storage.publishing import publish_table
from mlptrain.training.snapshot import Snapshot
from tests.soak.forked import Child, Ended
from tests.soak.tally import LeftOut, Row

ERRORS = ("ENOSPC", "EIO", "EDQUOT", "EINTR", "EACCES")
NO_FILES = re.compile(
    r"rt_sig\w*|kill|exit\w*|brk|mmap|munmap|mremap|mprotect|madvise|futex|getrandom|getpid|restart_\w+"
)
"""Calls that have nothing to do with files: killed too, but not failed."""
CALL = re.compile(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed>)", re.MULTILINE)
TEMPORARY = re.compile(r"\..*\.tmp")


@dataclass(frozen=True)
class Save:
    """Something that is saved at `target`: how, what the folder holds before, and how a whole target is known."""

    what: str
    target: str
    write: Callable[[Path], object]
    before: dict[str, bytes]
    whole: Callable[[Path], object]

    def prepare(self, folder: Path) -> None:
        """The folder as it is before the save."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, content in self.before.items():
            (folder / name).write_bytes(content)


def model(seed: int) -> Model:
    """A small model that takes several writes, with parameters of its own."""
    columns = tuple(
        NumberColumn(name=f"x{k}", boolean=False, fill=0.0, scaling=Affine(center=0.0, scale=1.0), indicator=False)
        for k in range(8)
    )
    target = ClassTarget(name="y", classes=("no", "yes"))
    spec = Spec(data=Data(train="t.csv", target="y"), model=ModelSpec(hidden=(100, 100)), loss=CrossEntropy())
    features = Features(columns=columns, ignored={})
    network = build_network(spec.model, make_input_layout(features), 2)
    network.parameters.theta[...] = np.random.default_rng(seed).standard_normal(network.parameters.theta.size)
    return Model(
        networks=[FittedNetwork(spec=spec, features=features, head=make_head(CrossEntropy(), target), network=network)],
        result={"reason": "epochs", "epochs": 1, "best_epoch": 1, "metrics": {"train": {"loss": 0.5}}},
    )


def checkpoint(seed: int) -> Checkpoint:
    """A checkpoint of several writes, with arrays of its own."""
    arrays = {"state.theta": np.random.default_rng(seed).standard_normal(4000)}
    numbers = {"epoch": seed, "running": {"batches": 0}, "best": {"epoch": 0}}
    return Checkpoint(
        spec={"data": {"split": {"folds": None, "repeats": 1}}, "training": {"epochs": 1}},
        data={},
        inputs=(),
        fitted={},
        surroundings={},
        finished={},
        under_way={1: Snapshot(numbers=numbers, arrays=arrays)},
    )


def save_third_checkpoint(path: Path) -> None:
    """Save a checkpoint at `path`, as the fit of the model beside it does."""
    save_checkpoint(checkpoint(3), path.with_suffix(""))


def saves(folder: Path) -> list[Save]:
    """A first model and one in the place of another, the same of checkpoints, a table of predictions."""
    old, older = folder / "old.npz", folder / "older.npz"
    model(1).save(old)
    model(2).save(older)
    columns = {"y": [str(k) for k in range(5000)]}
    models = {"m.npz": old.read_bytes(), "m.previous.npz": older.read_bytes()}
    target = folder / "m.npz"
    save_checkpoint(checkpoint(1), target)
    save_checkpoint(checkpoint(2), target)
    checkpoints = {
        path.name: path.read_bytes()
        for path in (derive_checkpoint_path(target), derive_previous_checkpoint_path(target))
    }
    return [
        Save("a first model", "m.npz", model(3).save, {}, Model.load),
        Save("a model over a model", "m.npz", model(3).save, models, Model.load),
        Save("a first checkpoint", "m.npz.ckpt", save_third_checkpoint, {}, load_checkpoint),
        Save("a checkpoint over others", "m.npz.ckpt", save_third_checkpoint, checkpoints, load_checkpoint),
        Save("a table", "y.csv", partial(publish_table, columns), {"y.csv": b"y\n1\n"}, Path.read_text),
    ]


def traced(command: Callable[[], object], log: Path, options: Sequence[str]) -> Ended:
    """Run a command in a child that strace watches from the command's first system call on."""
    child = Child(command, waiting=True)
    strace = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", str(log), *options, "-p", str(child.pid)], stderr=subprocess.PIPE, text=True
    )
    try:
        while "TracerPid:\t0" in Path(f"/proc/{child.pid}/status").read_text():
            if strace.poll() is not None:
                assert strace.stderr is not None
                raise LeftOut(f"strace may not watch a process here: {strace.stderr.read().strip()}")
            time.sleep(0.001)
        child.go()
    except BaseException:
        child.kill()
        child.wait()
        raise
    end = child.wait()
    strace.communicate()
    return end


@dataclass(frozen=True)
class Point:
    """One system call of a save: its name and which one of them it is."""

    call: str
    number: int

    def __str__(self) -> str:
        return f"{self.call} {self.number}"


def points(one: Save, folder: Path) -> list[Point]:
    """All system calls of a save that succeeds."""
    log = folder.with_suffix(".log")
    for once in range(2):  # the first imports what is not imported yet
        one.prepare(folder)
        if not once:
            one.write(folder / one.target)
    end = traced(lambda: one.write(folder / one.target), log, [])
    assert end == Ended(0, ""), end
    begun = log.read_text(encoding="utf-8", errors="replace")
    seen: Counter[str] = Counter()
    found = []
    for call in CALL.findall(begun):
        seen[call] += 1
        if call not in ("rt_sigtimedwait", "exit_group"):
            found.append(Point(call, seen[call]))
    return found


def faults_of(one: Save, folder: Path, new: dict[str, bytes], end: Ended) -> Iterator[str]:
    """What is wrong with what a save has left behind."""
    left = {path.name: path.read_bytes() for path in folder.iterdir()}
    temporaries = [name for name in left if TEMPORARY.fullmatch(name)]
    if len(temporaries) > 2 * (end.code == -signal.SIGKILL):  # the new file, and another name of the old one
        yield f"left {len(temporaries)} temporary files"
    for name in {*left, *one.before, *new} - {*temporaries}:
        if left.get(name) not in (one.before.get(name), new.get(name)):
            yield f"{name} is torn"
    for name in {one.target} & left.keys():
        one.whole(folder / name)
    is_new = left.get(one.target) == new[one.target]
    if end.code == 0 and not is_new:
        yield "said nothing, and the file is not the new one"
    if end.code > 0 and is_new and "nothing was changed" in end.err:
        yield "said that nothing was changed, and the file is the new one"


def injected(
    one: Save, folder: Path, new: dict[str, bytes], point: Point, what: str, when: str = ""
) -> tuple[bool, list[str]]:
    """Save while `what` happens at a point ("+": and ever after): whether it happened, and what was wrong then."""
    log = folder.with_suffix(".log")
    one.prepare(folder)
    options = ["-e", f"trace={point.call}", "-e", f"inject={point.call}:{what}:when={point.number}{when}"]
    end = traced(lambda: one.write(folder / one.target), log, options)
    said = log.read_text(encoding="utf-8", errors="replace")
    killing = what == "signal=SIGKILL"
    happened = "killed by SIGKILL" in said if killing else "(INJECTED)" in said
    codes = (-signal.SIGKILL, 0) if killing else (0, 6)
    return happened, [
        f"{one.what}, {what} at {point}{when}: {fault}"
        for fault in (*end.faults(*codes), *faults_of(one, folder, new, end))
    ]


def run(folder: Path, *, every: int = 1) -> Iterator[Row]:
    """Every system call of every save killed, and failed with every error; or every n-th of them."""
    if not shutil.which("strace"):
        raise LeftOut("strace is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    for one in saves(folder):
        place = folder / "save"
        found = points(one, place)
        new = {path.name: path.read_bytes() for path in place.iterdir()}
        on_files = [point for point in found if not NO_FILES.fullmatch(point.call)]
        errors = [(point, f"error={error}") for point in on_files for error in ERRORS]
        for what, cases, when in (
            ("kill -9 at", [(point, "signal=SIGKILL") for point in found], ""),
            ("an error from", errors, ""),
            ("an error from then on from", [case for case in errors if "EINTR" not in case[1]], "+"),
        ):
            row = Row(f"{what} every system call of saving {one.what}")
            with row.timed():
                first = min(every, len(cases)) // 2  # the first ones are for memory, perhaps there already
                count(row, [injected(one, place, new, point, error, when) for point, error in cases[first::every]])
            yield row


def count(row: Row, cases: Sequence[tuple[bool, list[str]]]) -> None:
    """Count what happened; a point that the child did not come to (memory that it had already) is no case."""
    for happened, faults in cases:
        if happened:
            row.case(faults)
    if missed := sum(not happened for happened, _ in cases):
        row.note = f"{missed} points were not reached again"
