"""Commands in the cells of a notebook: `!mlptrain …` writes plain lines, though IPython gives it a pseudo-terminal."""

import re

import pytest

from mlptrain.reporting.terminal import KERNEL_SETS
from tests.support.command import mlptrain, write_iris
from tests.support.pseudo_terminal import run_on_terminal

pytest.importorskip("fcntl", reason="pseudo-terminals of POSIX")

JUPYTER = {"JPY_PARENT_PID": "12", "FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"}
FIT = ("fit", "iris.yaml")
COMMANDS = [
    ("eval", "iris.npz", "iris.csv"),
    ("check", "iris.yaml"),
    ("show", "iris.npz"),
    ("fit", "iris.yaml", "--set", "training.epoch=3"),
    ("init", "iris.csv"),
    ("fit", "--help"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("cells")
    write_iris(place)
    assert mlptrain("fit", "iris.yaml", "-q", cwd=place).code == 0
    return place


@pytest.mark.parametrize("command", [FIT, *COMMANDS], ids=" ".join)
def test_no_command_writes_escape_codes_in_a_cell(folder, command):
    written = run_on_terminal(*command, cwd=folder, environment=JUPYTER)
    assert written.strip()
    assert "\x1b" not in written


@pytest.mark.parametrize("cell", [KERNEL_SETS, {"TERM": "dumb"}], ids=["its own kernels", "dumb"])
def test_a_fit_in_a_cell_writes_each_epoch_once(folder, cell):
    written = run_on_terminal(*FIT, cwd=folder, environment=cell)
    epochs = [int(number) for number in re.findall(r"^[* ] +(\d+) ", written, re.MULTILINE)]
    assert epochs == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert "\x1b" not in written


@pytest.mark.parametrize("command", [FIT, COMMANDS[0]], ids=" ".join)
def test_on_a_terminal_they_have_colours(folder, command):
    assert "\x1b[" in run_on_terminal(*command, cwd=folder, environment={})
