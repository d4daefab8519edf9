"""No command opens a socket, starts a process, or writes outside of what it was told to write."""

import json
import os
import pickle
import subprocess
import sys

import pytest

from tests.support import watching
from tests.support.forging import Runs

TABLE = "a,b,y\n" + "".join(f"{k % 7},{k * k % 31}.5,{'pq'[k % 2]}\n" for k in range(60))
SPEC = {
    "data": {"train": "t.csv", "target": "y", "split": {"validation": 0.2, "test": 0.2}},
    "model": {"hidden": [4]},
    "training": {"epochs": 2},
}
FAILING = {"show data/t.csv": 5, "predict data/m.npz data/t.csv": 5, "predict out/m.npz data/m.npz": 3}


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """What the watch says of all commands."""
    folder = tmp_path_factory.mktemp("watched").resolve()
    (folder / "data").mkdir()
    (folder / "out").mkdir()
    (folder / "data/t.csv").write_text(TABLE, encoding="utf-8")
    (folder / "data/s.yaml").write_text(json.dumps(SPEC), encoding="utf-8")
    (folder / "data/m.npz").write_bytes(pickle.dumps(Runs(folder / "canary")))
    before = {path.name: path.read_bytes() for path in (folder / "data").iterdir()}
    more = {"PYTHONDONTWRITEBYTECODE": "1", "HOME": str(folder / "nowhere"), "TMPDIR": str(folder / "none")}
    line = [sys.executable, watching.__file__, folder]
    ended = subprocess.run(line, capture_output=True, text=True, check=True, env=os.environ | more)
    assert {path.name: path.read_bytes() for path in (folder / "data").iterdir()} == before
    assert {path.name for path in folder.iterdir()} == {"data", "out"}
    return ended.stderr.splitlines()


def test_commands_reach_nothing_and_write_nothing_elsewhere(lines):
    assert not [line for line in lines if line.startswith("UNWANTED")]


def test_every_command_did_what_it_was_for(lines):
    codes = {line: FAILING.get(line, 0) for line in watching.COMMANDS}
    assert [line for line in lines if line[2:] in codes] == [f"{code} {line}" for line, code in codes.items()]


def test_the_watch_sees(lines):
    assert lines[-1] == "seen: open os.remove os.rename"
    watch = watching.Watch(watching.Path("/folder"))
    watch.on = True
    for event in (
        ("open", ("/etc/x", "w", os.O_WRONLY | os.O_CREAT)),
        ("open", ("data/t.csv", None, os.O_RDWR)),
        ("os.rename", ("out/a", "/folder/output", -1, -1)),
        ("socket.__new__", ()),
        ("subprocess.Popen", ("ls",)),
        ("pickle.find_class", ("os", "system")),
    ):
        watch(*event)
    assert len(watch.found) == 6
    for event in (("open", ("/etc/x", "r", 0)), ("open", ("out/x", "w", os.O_CREAT)), ("open", (3, "w", os.O_WRONLY))):
        watch(*event)
    assert len(watch.found) == 6
