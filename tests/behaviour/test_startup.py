"""A start in a blink: help and messages about the command line need none of what is heavy."""

import subprocess
import sys

import pytest

from tests.support.command import ROOT
from tests.support.patience import PATIENCE

HEAVY = ("numpy", "yaml", "threadpoolctl", "rich.progress", "rich.live")
"""What a command imports once it is at work. (Typer itself brings rich's text and, from 0.29 on, pydantic.)"""
OURS = ("engine", "data", "spec", "storage", "model", "preparation", "training", "fitting", "commands", "reporting")

OF_MESSAGES = {f"mlptrain.{name}" for name in ("reporting", "reporting.terminal", "reporting.text")}
"""What a message is printed with, itself light."""

SCRIPT = """
import sys
from mlptrain.__main__ import main
sys.argv = ["mlptrain", *{arguments!r}]
try:
    main()
except SystemExit as end:
    assert (end.code or 0) == {code}, end.code
print("loaded:", *sorted(sys.modules), file=sys.stderr)
"""


def loaded(*arguments, code=0):
    """The modules that are loaded when a command has ended."""
    script = SCRIPT.format(arguments=arguments, code=code)
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.rpartition("loaded:")[2].split())


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["fit", "--help"], 0), (["predict", "--nope"], 2)])
def test_help_loads_nothing_heavy(arguments, code):
    modules = loaded(*arguments, code=code)
    assert "mlptrain.cli.fit" in modules
    heavy = {*HEAVY, *(f"mlptrain.{room}" for room in OURS)}
    loaded_too = {name for name in modules if name in heavy or any(name.startswith(f"{root}.") for root in heavy)}
    assert not loaded_too - OF_MESSAGES


def test_predict_needs_no_yaml_no_validation_of_specs_and_no_progress_bar(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "mlptrain", "fit", "configs/iris.yaml", "-q", "--out", str(tmp_path / "m.npz")],
        cwd=ROOT,
        check=True,
        timeout=PATIENCE,
    )
    modules = loaded("predict", str(tmp_path / "m.npz"), "datasets/iris.csv")
    assert "numpy" in modules
    assert (
        not {"yaml", "mlptrain.spec.schema", "mlptrain.spec.file", "mlptrain.reporting.console", "rich.live"} & modules
    )


FROM_PYTHON = """
import sys
import mlptrain
print(mlptrain.load({path!r}).predict({{name: [1.0] for name in {names!r}}}))
print("loaded:", *sorted(sys.modules), file=sys.stderr)
"""


def test_a_prediction_opens_neither_the_loop_nor_a_fit(tmp_path):
    path = str(tmp_path / "m.npz")
    subprocess.run(
        [sys.executable, "-m", "mlptrain", "fit", "configs/iris.yaml", "-q", "--out", path],
        cwd=ROOT,
        check=True,
        timeout=PATIENCE,
    )
    names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    script = FROM_PYTHON.format(path=path, names=names)
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    for modules in (loaded("predict", path, "datasets/iris.csv"), done.stderr.rpartition("loaded:")[2].split()):
        assert "mlptrain.model.model" in modules
        rooms = {name.split(".")[1] for name in modules if name.startswith("mlptrain.")}
        assert not rooms & {"preparation", "training", "fitting"}
