"""Real processes: pipes, devices, and the same bytes from two of them."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.command import IRIS, files, write_iris
from tests.support.flows import fit
from tests.support.patience import PATIENCE
from tests.support.processes import environment, process


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, and a table that is larger than any pipe holds."""
    folder = tmp_path_factory.mktemp("processes")
    fit(str(write_iris(folder)), out=folder / "iris.npz")
    header, *rows = IRIS.read_text().splitlines()
    (folder / "large.csv").write_text("\n".join([header, *rows * 150]) + "\n")
    return folder


@pytest.mark.parametrize("data", ["iris.csv", "large.csv"])
def test_a_reader_that_has_seen_enough_ends_predict_quietly(folder, data):
    with process("predict", "iris.npz", data, "--keep", "all", cwd=folder) as predict:
        assert predict.stdout.readline() == b"sepal_length,sepal_width,petal_length,petal_width,species\n"
        predict.stdout.close()
        assert b"error" not in predict.stderr.read()
        assert predict.wait(timeout=PATIENCE) == 0


def test_a_reader_that_has_left_before_the_first_byte_is_no_fault_either(folder):
    read, write = os.pipe()
    os.close(read)
    with process("show", "iris.npz", cwd=folder, stdout=write) as show:
        os.close(write)
        assert show.stderr.read() == b""
        assert show.wait(timeout=PATIENCE) == 0


def test_predictions_go_through_a_pipe_in_order(folder):
    with process("predict", "iris.npz", "-", cwd=folder, stdin=subprocess.PIPE) as predict:
        out, err = predict.communicate((folder / "large.csv").read_bytes(), timeout=PATIENCE)
    assert (predict.returncode, err) == (0, b"")
    header, *labels = out.decode().splitlines()
    assert (header, len(labels)) == ("species", 22_500)
    assert labels == labels[:150] * 150


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_device_is_the_environments_fault(folder):
    with (
        Path("/dev/full").open("wb") as full,
        process("predict", "iris.npz", "iris.csv", cwd=folder, stdout=full) as predict,
    ):
        assert predict.stderr.read() == b"error: the system says: [Errno 28] No space left on device\n"
        assert predict.wait(timeout=PATIENCE) == 6


@pytest.mark.skipif(os.name != "posix", reason="closing a stream as a POSIX shell does it")
@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_closed_stream_is_no_fault(folder, closed):
    command = f'"$0" -m mlptrain fit iris.yaml --out closed.npz {closed}'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable], cwd=folder, env=environment(), capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == 0
    assert b"error:" not in done.stdout + done.stderr
    assert (b"model: closed.npz" in done.stdout) == (closed == "2>&-")


AROUND = {
    "as it comes": ({"PYTHONHASHSEED": "1"}, "-q"),
    "another hash seed": ({"PYTHONHASHSEED": "2"}, "-q"),
    "another language": ({"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}, "--json"),
    "another time zone, home and terminal": (
        {"TZ": "Pacific/Chatham", "HOME": "/nonexistent", "TERM": "dumb", "COLUMNS": "1", "NO_COLOR": "1"},
        "--history=h.jsonl",
    ),
}
"""What must not matter: the environment, what is shown."""


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """A folder with a spec that uses all that is drawn, categories, and names that are not ASCII."""
    folder = tmp_path_factory.mktemp("everything")
    (folder / "specs").mkdir()
    (folder / "models").mkdir()
    colours = ["rot", "grün", "blau", ""]
    rows = [f"{k % 13},{colours[k % 4]},{'yes' if k % 3 else 'no'},{'äb'[k % 7 > 3]}" for k in range(80)]
    (folder / "specs" / "t.csv").write_text("\n".join(["größe,colour,flag,y", *rows]), encoding="utf-8")
    (folder / "specs" / "t.yaml").write_text(
        "data: {train: t.csv, target: y, split: {validation: 0.2}, category_encoding: target}\n"
        "model: {hidden: [16, 8], dropout: 0.3, norm: batch, activation: gelu}\n"
        "training: {epochs: 5, batch_size: 8, class_weight: {ä: 2, b: 1}}\n",
        encoding="utf-8",
    )
    return folder


def fitted(folder, name, where, spec, options, **environ):
    """The bytes of a model that a process has fitted."""
    out = folder / "models" / name
    given = environment(**environ)
    with process("fit", spec, "--out", os.path.relpath(out, where), *options, cwd=where, env=given) as fitting:
        fitting.communicate(timeout=PATIENCE)
    assert fitting.returncode == 0
    return out.read_bytes()


def test_nothing_around_a_fit_changes_its_bytes(everything):
    """Nor do the working directory, another way to name the spec, the time at which it runs."""
    specs, models = everything / "specs", everything / "models"
    found = {
        fitted(everything, f"{number}.npz", where, spec, [option], **environ)
        for number, (environ, option) in enumerate(AROUND.values())
        for where, spec in [(specs, "t.yaml") if number % 2 else (models, specs / "t.yaml")]
    }
    assert len(found) == 1


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals of POSIX")
def test_a_terminal_that_is_watched_changes_no_byte(everything):
    ours, theirs = os.openpty()
    try:
        watched = everything / "models" / "watched.npz"
        with process("fit", "t.yaml", "--out", watched, cwd=everything / "specs", stderr=theirs) as fitting:
            os.close(theirs)
            seen = b""
            with suppress(OSError):  # the end of a terminal on Linux
                while more := os.read(ours, 65536):
                    seen += more
            assert fitting.wait(timeout=PATIENCE) == 0
    finally:
        os.close(ours)
    assert b"\x1b[" in seen
    assert watched.read_bytes() == fitted(everything, "unwatched.npz", everything / "specs", "t.yaml", ["-q"])


def test_divergence_is_one_line_even_with_warnings_as_errors(tmp_path):
    write_iris(tmp_path, loss="mean_squared_error", optimizer={"name": "sgd", "learning_rate": 1e30})
    with process("fit", "iris.yaml", "-q", cwd=tmp_path) as fitting:
        out, err = fitting.communicate(timeout=PATIENCE)
    assert (fitting.returncode, out) == (4, b"")
    assert err.count(b"\n") == 1
    assert files(tmp_path).keys() == {"iris.csv", "iris.yaml"}
