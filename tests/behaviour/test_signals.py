"""Signals end a training in a real process, and another process goes on with it."""

import os
import re
import signal

import pytest

from tests.support.command import files, write_iris
from tests.support.patience import PATIENCE
from tests.support.processes import process

EPOCHS = ["--set", "training.epochs=3000", "--set", "training.batch_size=full"]
"""Many, of one step each: a checkpoint after each of them takes long, none of them next to nothing."""
MOMENTS = [
    *((signal.SIGINT, 130, line) for line in (1, 20)),
    *((signal.SIGTERM, 143, line) for line in (5, 50)),
    *((signal.SIGHUP, 129, line) for line in (1, 50)),
]
"""Each signal early and late."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The model of the same fit that was never interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    write_iris(folder)
    with process("fit", "iris.yaml", *EPOCHS, "--out", "m.npz", "-q", cwd=folder) as fitting:
        assert fitting.wait(timeout=PATIENCE) == 0
    return (folder / "m.npz").read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code", "line"), MOMENTS, ids=str)
def test_a_signal_ends_training_with_a_checkpoint_that_is_gone_on_with(whole, tmp_path, number, code, line):
    write_iris(tmp_path)
    with process("fit", "iris.yaml", *EPOCHS, "--checkpoints", "epochs", "--out", "m.npz", cwd=tmp_path) as fitting:
        while not re.match(rb"\*?\s+%d\s" % line, said := fitting.stderr.readline()):  # the line of that epoch
            assert said, "ended before that epoch"
        fitting.send_signal(number)
        out, err = fitting.communicate(timeout=PATIENCE)
    assert (fitting.returncode, out) == (code, b"")
    again = f"{' '.join(EPOCHS)} --resume goes on from there\n".encode()
    assert re.search(rb"error: stopped after epoch \d.*all is kept in m.npz.ckpt: %b$" % again, err)
    assert files(tmp_path).keys() == {"iris.csv", "iris.yaml", "m.npz.ckpt", "m.npz.ckpt.prev"}
    with process("fit", "iris.yaml", *EPOCHS, "--out", "m.npz", "--resume", "-q", cwd=tmp_path) as fitting:
        assert fitting.communicate(timeout=PATIENCE)[0] == b""
    assert files(tmp_path).keys() == {"iris.csv", "iris.yaml", "m.npz"}
    assert (tmp_path / "m.npz").read_bytes() == whole
