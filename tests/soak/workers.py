"""kill -9 of a command with workers, or of one of them, at random moments; then --resume.

Nothing of the command may be left running, no file may be torn, what was over may not be lost, and the model that
comes out in the end must be the one of a run that was never killed, byte for byte.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from mlptrain.fitting.checkpoint_file import has_checkpoint, load_newest_checkpoint
from tests.soak.tally import Row
from tests.support.flows import write_mixed

ROOT = Path(__file__).resolve().parents[2]
GONE_WITHIN = 5.0
"""Seconds until workers must have ended behind their parent."""
TUNE = """
tune:
  sampler: grid
  search: {optimizer.learning_rate: {choices: [0.001, 0.003, 0.01]}, model.dropout: {choices: [0, 0.2]}}
"""
OWN = (".ckpt", ".ckpt.prev", ".lock", ".study", ".jsonl", ".yaml", ".npz", ".csv")
"""How the names of files end that may be there after a kill."""


def write_spec(verb: str, folder: Path) -> Path:
    """A spec of six folds that take some tenths of a second each, or of a study of six trials."""
    split = {"folds": 6} if verb == "fit" else {"validation": 0.3}
    epochs = 400 if verb == "fit" else 300
    spec = write_mixed(folder, data={"split": split}, training={"epochs": epochs, "batch_size": 4})
    if verb == "tune":
        spec.write_text(spec.read_text() + TUNE)
    return spec


def start(verb: str, spec: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    """A command in a session of its own."""
    command = [sys.executable, "-m", "mlptrain", verb, str(spec), "-q", "--out", str(out), *options]
    alone = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=alone, start_new_session=True)


def list_session(leader: int) -> list[int]:
    """The processes of a session that have not ended."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader and state != "Z":
                found.append(int(entry.name))
    return found


def kill_one(process: subprocess.Popen[str], draw: random.Random) -> str:
    """Kill the command or a process that it has started; which it was."""
    others = [each for each in list_session(process.pid) if each != process.pid]
    victim = draw.choice([process.pid, *others])
    with suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
    process.communicate()
    return "the command" if victim == process.pid else "a worker"


def wait_until_gone(leader: int) -> Sequence[int]:
    """The processes of a session that are still there when their time is over."""
    end = time.monotonic() + GONE_WITHIN
    while (left := list_session(leader)) and time.monotonic() < end:
        time.sleep(0.01)
    return left


def count_kept(verb: str, out: Path) -> int:
    """How many trainings, or trials, are kept; a torn file is an error."""
    if verb == "fit":
        found = load_newest_checkpoint(out, str) if has_checkpoint(out) else None
        return 0 if found is None else len(found.finished)
    from mlptrain.spec.tune import read_search_space, take_tune_section
    from mlptrain.spec.yaml_text import parse_document
    from mlptrain.tuning.study import Study

    section = take_tune_section(parse_document((out.parent / "mixed.yaml").read_text(), "s.yaml"))
    assert section is not None
    path = out.with_suffix(".study")
    if not path.exists() or not path.stat().st_size:
        return 0
    study = Study(path, read_search_space(section), larger_is_better=False, seed=0, epochs=1)
    return sum(each.state == "complete" for each in study.trials)


def find_faults(verb: str, spec: Path, out: Path, whole: bytes, seconds: float, draw: random.Random) -> Iterator[str]:
    """Kill a command some times, each time at a moment of its own, then bring it to its end; what was wrong."""
    kept, option = 0, "--restart"
    for _ in range(2):
        process = start(verb, spec, out, "--workers", "2", option)
        time.sleep(draw.uniform(0.1, seconds))
        which = kill_one(process, draw)
        if left := wait_until_gone(process.pid):
            yield f"{len(left)} processes are left after {which} was killed"
        if out.exists() and out.read_bytes() != whole:
            yield "another model is there"
        if verb == "fit" and out.exists():
            return
        now = count_kept(verb, out)
        if now < kept:
            yield f"{kept} were over, and {now} are kept"
        kept, option = now, "--resume"
    process = start(verb, spec, out, "--workers", "2", "--resume")
    _, said = process.communicate()
    if process.returncode:
        yield f"--resume ended with {process.returncode}: {said.strip()}"
    elif out.read_bytes() != whole:
        yield "--resume made another model"
    if torn := [path.name for path in out.parent.iterdir() if not path.name.endswith(OWN)]:
        yield f"left behind: {', '.join(torn)}"


def kill_at_random(verb: str, folder: Path, cases: int, draw: random.Random) -> Row:
    """Kill commands with two workers, or workers of theirs, twice in each of so many cases."""
    row = Row(f"{verb} --workers 2: the command or a worker killed twice, then --resume")
    folder = folder / verb
    spec = write_spec(verb, folder)
    with row.timed():
        begun = time.monotonic()
        process = start(verb, spec, folder / "whole.npz", "--workers", "2")
        process.communicate()
        seconds = time.monotonic() - begun
        whole = (folder / "whole.npz").read_bytes()
        for _ in range(cases):
            for path in folder.glob("killed.*"):
                path.unlink()
            row.case(find_faults(verb, spec, folder / "killed.npz", whole, seconds, draw))
    return row


def run(folder: Path, *, kills: int = 100, seed: int = 1) -> Iterator[Row]:
    """So many kills of fits, and where Optuna is installed of studies."""
    draw = random.Random(seed)
    yield kill_at_random("fit", folder, kills // 2, draw)
    if find_spec("optuna") is None:
        yield Row("tune --workers 2", note="left out: it needs Optuna (pip install 'mlptrain[tune]')")
    else:
        yield kill_at_random("tune", folder, kills // 2, draw)
