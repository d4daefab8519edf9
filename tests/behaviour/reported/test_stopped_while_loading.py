"""Whoever stops a command while it still loads is told so in one line, without a traceback, and with the exit code."""

import os
import signal
import subprocess
import sys

import pytest

import mlptrain.commands.predict
from tests.support import command

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

LOADING = """
import os, signal, sys

class Sender:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.{signal})

sys.meta_path.insert(0, Sender())
sys.argv = ["mlptrain", "predict", "m.npz", "t.csv", "--out", "p.csv"]
from mlptrain.__main__ import main
main()
"""
CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
LINES = ["predict m.npz t.csv", "eval m.npz t.csv", "show m.npz", "check s.yaml", "init t.csv"]
MOMENTS = [
    ("SIGINT", "mlptrain.cli"),
    ("SIGINT", "typer"),
    ("SIGINT", "numpy"),
    ("SIGTERM", "typer"),
    ("SIGTERM", "mlptrain.commands.predict"),
    ("SIGHUP", "mlptrain.cli.predict"),
]


@pytest.mark.parametrize(("name", "module"), MOMENTS)
def test_a_signal_while_a_module_is_loaded_ends_in_one_line(tmp_path, name, module):
    code = LOADING.format(module=module, signal=name)
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (CODES[name], "")
    assert ended.stderr == "error: stopped; nothing was written\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize(
    "line", ["predict m.npz t.csv", "eval m.npz t.csv", "show m.npz", "check s.yaml", "init t.csv"]
)
def test_a_signal_while_a_command_works_ends_it_alike(tmp_path, monkeypatch, name, line):
    def stop(*_arguments, **_options):
        signal.raise_signal(getattr(signal, name))

    for module, function in (("predict", "Prediction"), ("evaluate", "evaluate_files"), ("show", "show_file")):
        monkeypatch.setattr(f"mlptrain.commands.{module}.{function}", stop)
    monkeypatch.setattr("mlptrain.commands.check.check_files", stop)
    monkeypatch.setattr("mlptrain.cli.init.set_blas_threads", stop)
    before = {number: signal.getsignal(number) for number in map(signal.Signals.__getitem__, CODES)}
    ended = command.mlptrain(*line.split(), cwd=tmp_path)
    assert ended == (CODES[name], "", "error: stopped; nothing was written\n")
    assert {number: signal.getsignal(number) for number in before} == before


def test_whoever_stops_predictions_on_standard_output_is_told_how_far_they_are(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{k},{'ab'[k % 2]}\n" for k in range(12)))
    (tmp_path / "s.yaml").write_text("data: {train: t.csv, target: y}\nmodel: {hidden: []}\ntraining: {epochs: 1}\n")
    assert command.mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    monkeypatch.setattr("mlptrain.commands.predict.CHUNK", 1)
    monkeypatch.setattr("mlptrain.engine.network.Network.chunk_rows", lambda self: 4)
    predict = mlptrain.commands.predict.Prediction.predict_piece

    def stop(self, rows):
        if self.counts.rows == 8:
            raise KeyboardInterrupt
        return predict(self, rows)

    monkeypatch.setattr("mlptrain.commands.predict.Prediction.predict_piece", stop)
    ended = command.mlptrain("predict", "s.npz", "t.csv", cwd=tmp_path)
    assert (ended.code, ended.err) == (130, "error: stopped; at most the first 8 rows were written\n")
    assert len(ended.out.splitlines()) <= 9
