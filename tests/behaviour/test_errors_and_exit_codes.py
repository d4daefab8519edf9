"""Every error: its exit code, one message on stderr that says where and what, nothing on stdout, nothing written."""

import io
import json
import re
import signal
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from mlptrain.__main__ import print_error
from mlptrain.cli.options import print_notice
from mlptrain.commands import fit as fitting
from mlptrain.model.model import Model
from tests.support.command import IRIS, files, mlptrain, write_iris

MISTAKES = """data:
  train: iris.csv
  target: species
  spilt: {validation: 0.2}
model:
  activation: relo
  dropout: 1.5
optimizer: {name: adam, learning_rate: fast}
training:
  epochs: 0
"""


@pytest.fixture
def folder(tmp_path):
    """The table, a spec and the model it gives."""
    write_iris(tmp_path)
    assert mlptrain("fit", "iris.yaml", "-q", cwd=tmp_path).code == 0
    return tmp_path


def refused(folder, code, *arguments, lines=1, **options):
    """The message(s) of a command that ends with a code, and leaves the folder as it was; notes may stand before."""
    before = files(folder)
    ended = mlptrain(*arguments, cwd=folder, **options)
    assert ended.code == code, ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert "bug in mlptrain" not in ended.err
    begin = ended.err.index("error: ")
    notes, messages = ended.err[:begin].splitlines(), ended.err[begin:].splitlines()
    assert all(note.startswith("note: ") for note in notes)
    assert len(messages) == lines
    assert all(message.startswith("error: ") for message in messages)
    assert files(folder) == before
    return ended.err


def edited(folder, *changes, name="changed.csv"):
    """The table with cells replaced: (line, column from 0, text)."""
    lines = [line.split(",") for line in IRIS.read_text().splitlines()]
    for line, column, text in changes:
        lines[line - 1][column] = text
    (folder / name).write_text("\n".join(",".join(cells) for cells in lines) + "\n", encoding="utf-8")
    return name


# 2: the command line and the spec


def test_a_spec_with_five_mistakes_shows_all_five_with_their_lines(folder):
    (folder / "bad.yaml").write_text(MISTAKES)
    message = refused(folder, 2, "fit", "bad.yaml", "-q", lines=5)
    expected = [
        "error: bad.yaml:4: data.spilt: unknown key 'spilt'; did you mean 'split'?",
        "error: bad.yaml:6: model.activation",
        "error: bad.yaml:7: model.dropout",
        "error: bad.yaml:8: optimizer.learning_rate",
        "error: bad.yaml:10: training.epochs",
    ]
    assert [line[: len(wanted)] for line, wanted in zip(message.splitlines(), expected, strict=True)] == expected
    assert "did you mean 'relu'?" in message
    assert refused(folder, 2, "check", "bad.yaml", lines=5) == message


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fit", "none.yaml"), "error: none.yaml: no such file"),
        (("fit", "iris.yml"), "did you mean 'iris.yaml'?"),
        (("fit", "."), "this is a folder; name a YAML file"),
        (("fit", "iris.csv"), "error: iris.csv: this is a table, and no spec; `mlptrain init iris.csv`"),
        (("fit", "iris.npz"), "iris.npz"),
        (("fit", "iris.yaml", "--set", "seed"), "write KEY=VALUE"),
        (("fit", "iris.yaml", "--set", "model.hiden=[3]"), "did you mean 'hidden'?"),
        (("fit", "iris.yaml", "--set", "training.monitor=rmse"), "rmse is a metric of numbers; the target has classes"),
        (("fit", "iris.yaml", "--set", "loss=binary_cross_entropy"), "needs two classes, the target has 3"),
        (("fit", "iris.yaml", "--set", "optimizer=lbfgs"), "set batch_size: full"),
        (
            ("fit", "iris.yaml", "--out", "iris.csv"),
            "iris.csv: exists and is not a model of mlptrain; choose another --out",
        ),
        (("fit", "iris.yaml", "--out", "iris.yaml"), "iris.yaml: exists and is not a model of mlptrain"),
        (("fit", "iris.yaml", "--out", ""), "mlptrain fit: --out is empty: give it a path"),
        (("fit", "iris.yaml", "--out", "/"), "/: exists and is not a model of mlptrain"),
        (("eval", "iris.npz", "iris.csv", "--labels", "x"), "--labels: the model was trained on a table"),
        (("predict", "iris.npz", "iris.csv", "--out", "iris.csv"), "--out iris.csv: this is the input file"),
        (
            ("predict", "iris.npz", "iris.csv", "--keep", "species"),
            "--keep species: the prediction is written under this name",
        ),
    ],
)
def test_usage_and_spec(folder, arguments, said):
    assert said in refused(folder, 2, *arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("fit", "--version"),
            "mlptrain fit: there is no option --version; it is one of mlptrain itself: mlptrain --version",
        ),
        (("fit", "iris.yaml", "--nope"), "mlptrain fit: there is no option --nope (mlptrain fit --help)"),
        (("fit", "iris.yaml", "--treads", "1"), "mlptrain fit: there is no option --treads; did you mean --threads?"),
        (
            ("fit", "iris.yaml", "--lr", "1"),
            "mlptrain fit: there is no option --lr; did you mean --set optimizer.",
        ),
        (
            ("fit", "iris.yaml", "--batch-size=8"),
            "mlptrain fit: there is no option --batch-size; did you mean --set",
        ),
        (("fit",), "mlptrain fit: SPEC is missing (A YAML spec; `-` is standard input); mlptrain fit --help has"),
        (("fit", "iris.yaml", "more"), "mlptrain fit: 'more' is too much; mlptrain fit --help says what may stand"),
        (("fit", "iris.yaml", "--threads", "0"), "mlptrain fit: --threads: give a number greater than or equal to 1;"),
        (
            ("fit", "iris.yaml", "--threads", "many"),
            "mlptrain fit: --threads: give a whole number; mlptrain fit",
        ),
        (("fit", "iris.yaml", "--threads"), "mlptrain: --threads needs a value behind it; mlptrain --help"),
        (
            ("fit", "iris.yaml", "--checkpoints", "no"),
            "mlptrain fit: --checkpoints: 'no' is not one of 'auto', ",
        ),
        (("nonsense",), "mlptrain: there is no command 'nonsense'; the commands are check, "),
        (("prdict",), "mlptrain: there is no command 'prdict'; did you mean 'predict'?"),
        (("iris.yaml",), "mlptrain: 'iris.yaml' is no command; did you mean mlptrain fit iris.yaml?"),
        (("iris.csv",), "mlptrain: 'iris.csv' is no command; did you mean mlptrain init iris.csv?"),
        (("iris.npz",), "mlptrain: 'iris.npz' is no command; did you mean mlptrain show iris.npz?"),
        (("--nope",), "mlptrain: there is no option --nope (mlptrain --help)"),
    ],
)
def test_a_command_line_that_cannot_be_read_is_one_sentence(folder, arguments, said):
    before = files(folder)
    ended = mlptrain(*arguments, cwd=folder)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"error: {said}")
    assert len(ended.err.splitlines()) == 1
    assert files(folder) == before


def test_the_version_is_told(folder):
    assert mlptrain("--version", cwd=folder) == (0, f"mlptrain {version('mlptrain')}\n", "")


@pytest.mark.parametrize("command", ["fit", "eval", "predict", "compare", "check", "find-lr", "show", "init", "schema"])
def test_help_fits_80_columns_has_examples_and_names_no_types(folder, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    said = mlptrain(command, "--help", cwd=folder).out
    assert max(map(len, said.splitlines())) <= 100
    assert "Examples:\n    mlptrain " in said
    assert not re.search(r"<\w+>|<int range>|\{\w+\}|…", said)


# 3: the data


@pytest.mark.parametrize(
    "command", [("fit", "iris.yaml", "--set", "data.train=none.csv"), ("predict", "iris.npz", "none.csv")]
)
def test_a_missing_table(folder, command):
    assert "none.csv: no such file" in refused(folder, 3, *command)


def test_an_absent_target(folder):
    said = refused(folder, 3, "fit", "iris.yaml", "--set", "data.target=specis")
    assert said == "error: iris.csv:1: column 'specis' is missing; did you mean 'species'?\n"


@pytest.mark.parametrize("command", ["fit", "predict", "eval"])
def test_text_in_a_column_of_numbers(folder, command):
    table = edited(folder, (7, 1, "wide"))
    arguments = ("iris.yaml", "--set", f"data.train={table}") if command == "fit" else ("iris.npz", table)
    assert 'changed.csv:7: column "sepal_width": ' in (said := refused(folder, 3, command, *arguments))
    assert "'wide'" in said


def test_a_missing_column_is_named(folder):
    (folder / "less.csv").write_text("\n".join(line.partition(",")[2] for line in IRIS.read_text().splitlines()))
    assert "less.csv:1: column 'sepal_length' is missing" in refused(folder, 3, "predict", "iris.npz", "less.csv")


NAMES = b"sepal_length,sepal_width,petal_length,petal_width\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "rows.csv:1: the file is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "a PNG image"),
        (b"PK\x03\x04" + bytes(50), "zip"),
        (b"\x80\x04\x95" + bytes(50), "a pickle"),
        (NAMES + b"1,2,3,4\n1,2,3\n", "rows.csv:3: 3 fields, 4 expected"),
        (NAMES + b'1,2,3,"4\n', "rows.csv:2: a quote is opened here and never closed"),
    ],
)
def test_a_table_that_is_none(folder, content, said):
    (folder / "rows.csv").write_bytes(content)
    assert said in refused(folder, 3, "predict", "iris.npz", "rows.csv")
    assert said.replace("rows.csv", "standard input") in refused(folder, 3, "predict", "iris.npz", "-", stdin=content)


def test_what_was_found_of_the_writing_stands_before_the_error(folder):
    (folder / "rows.csv").write_bytes(NAMES + b"1,\xff,3,4\n")
    ended = mlptrain("predict", "iris.npz", "rows.csv", cwd=folder)
    found, problem = ended.err.splitlines()
    assert (ended.code, ended.out) == (3, "")
    assert found == 'note: rows.csv: not written as the training file; read with encoding: "cp1252"'
    assert problem.startswith("error: rows.csv:2: column \"sepal_width\": 'ÿ' is not a number")


def test_a_missing_target_cell(folder):
    table = edited(folder, (5, 4, ""), (9, 4, ""))
    said = refused(folder, 3, "fit", "iris.yaml", "--set", f"data.train={table}")
    assert "changed.csv:5" in said
    assert "missing in 2 rows (line 5, line 9)" in said


# 4: divergence


@pytest.mark.parametrize("epochs", [1, 10])
def test_divergence_writes_nothing_and_keeps_the_old_model(folder, epochs):
    overrides = ["loss=mean_squared_error", "optimizer={name: sgd, learning_rate: 1e30}", "model.activation=relu"]
    sets = [part for override in (*overrides, f"training.epochs={epochs}") for part in ("--set", override)]
    before = files(folder)
    ended = mlptrain("fit", "iris.yaml", "-q", *sets, cwd=folder)
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.startswith("error: training diverged: the loss is not finite ")
    assert "learning rate 1e30" in ended.err
    assert "lower optimizer.learning_rate" in ended.err
    assert ended.err.count("\n") == 1
    assert files(folder) == before


# 5: the model file


@pytest.mark.parametrize(
    "command", [("predict", "m.npz", "iris.csv"), ("eval", "m.npz", "iris.csv"), ("show", "m.npz")]
)
@pytest.mark.parametrize(
    "content",
    [b"", b"text\n", b"\x89PNG\r\n\x1a\n" + bytes(50), b"\x80\x04\x95" + bytes(50), b"PK\x05\x06" + bytes(18), None],
    ids=["nothing", "text", "PNG", "pickle", "zip", "cut"],
)
def test_a_model_file_that_is_none(folder, command, content):
    (folder / "m.npz").write_bytes((folder / "iris.npz").read_bytes()[:-200] if content is None else content)
    assert refused(folder, 5, *command).startswith("error: m.npz: ")


def test_no_model_file(folder):
    assert "none.npz: no such file" in refused(folder, 5, "predict", "none.npz", "iris.csv")
    assert "this is a folder" in refused(folder, 5, "show", ".")


# 6: the environment


@pytest.mark.parametrize("out", ["none/x", "iris.csv/x", "x" * 300])
def test_an_output_that_cannot_be_written(folder, out):
    assert f"{out}: " in refused(folder, 6, "fit", "iris.yaml", "-q", "--out", out)
    assert out in refused(folder, 6, "predict", "iris.npz", "iris.csv", "--out", out)


def test_a_history_that_cannot_be_written(folder):
    said = refused(folder, 6, "fit", "iris.yaml", "-q", "--history", "none/h.jsonl")
    assert said == "error: none/h.jsonl: the folder none does not exist; make it first\n"


def test_no_memory(folder):
    assert "error: not enough memory" in refused(
        folder, 6, "fit", "iris.yaml", "-q", "--set", "model.hidden=[1000000, 1000000]"
    )


def test_a_table_that_does_not_fit_into_the_memory(folder, monkeypatch):
    monkeypatch.setattr("mlptrain.preparation.preparation.measure_available_memory", lambda: 1000)
    said = refused(folder, 6, "fit", "iris.yaml", "-q", "--out", "new.npz", "--set", "data.memory=memory")
    assert "iris.csv: 150 rows of 4 inputs need" in said


def test_a_full_disk(folder, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    said = refused(folder, 6, "fit", "iris.yaml", "-q", "--set", "seed=5")
    assert "cannot be written: No space left on device" in said


def test_what_the_system_refuses_elsewhere(folder, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied", "/secret")

    monkeypatch.setattr(Model, "answer", refuse)
    assert "Permission denied: '/secret'" in refused(folder, 6, "predict", "iris.npz", "iris.csv")


@pytest.mark.parametrize(("library", "code"), [("numpy.random", 6), ("mlptrain.data", 1), (None, 6)])
def test_a_library_that_cannot_be_loaded(folder, monkeypatch, tmp_path_factory, library, code):
    """For want of memory, say; one of our own that is not there is a bug."""

    def load(*arguments, **options):
        raise ImportError("failed to map segment from shared object", name=library)

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("reports")))
    monkeypatch.setattr(Model, "answer", load)
    ended = mlptrain("predict", "iris.npz", "iris.csv", cwd=folder)
    assert ended.code == code
    assert ("error: a library cannot be loaded: failed to map segment" in ended.err) == (code == 6)
    assert ended.err.count("\n") == 1


class Full(io.StringIO):
    """A log on a full disk, a terminal that has gone."""

    def write(self, text):
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("told", [print_notice, print_error])
def test_what_nobody_can_be_told_ends_no_command(monkeypatch, told):
    monkeypatch.setattr("sys.stderr", Full())
    told("a note")


# 130 and 143: interruption


def interrupting(number, step):
    """A wish to stop that is felt at a step, as if the signal had come there."""

    def fit(*arguments, host, **options):
        asked = iter(range(1, 10**6))
        handler = signal.getsignal(number)

        def wished():
            if next(asked) == step:
                handler(number, None)
            return host.stop()

        return original(*arguments, host=replace(host, stop=wished), **options)

    original = fitting.fit_files
    return fit


AT_ONCE = "error: stopped at once; what was written before stays as it is\n"
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_an_interrupted_fit_keeps_a_checkpoint_and_says_so(folder, monkeypatch, number, code):
    monkeypatch.setattr(fitting, "fit_files", interrupting(number, 10))  # 4 steps an epoch, asked once before the first
    ended = mlptrain("fit", "iris.yaml", "--json", "--out", "stopped.npz", cwd=folder)
    assert (ended.code, ended.out) == (code, "")
    assert "interrupted: 2 epochs" in ended.err
    said = "error: stopped after epoch 2, batch 1 of the next; all is kept in stopped.npz.ckpt: --resume goes on"
    assert said in ended.err
    assert "stopped.npz.ckpt" in files(folder)
    assert "stopped.npz" not in files(folder)


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_before_training_does_not_wait(folder, monkeypatch, number, code):
    """There is nothing to keep while the data is read."""

    def reading(*arguments, **options):
        signal.getsignal(number)(number, None)
        raise AssertionError("the signal was not felt")

    monkeypatch.setattr(fitting, "read_rows_of_draft", reading)
    said = refused(folder, code, "fit", "iris.yaml", "-q", "--json")
    assert said == AT_ONCE


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_second_signal_does_not_wait(folder, monkeypatch, number, code):
    def fit(*arguments, host, **options):
        host.stop()
        signal.getsignal(signal.SIGINT)(signal.SIGINT, None)
        assert host.stop()
        signal.getsignal(number)(number, None)
        raise AssertionError("the second signal was not felt")

    monkeypatch.setattr(fitting, "fit_files", fit)
    assert refused(folder, code, "fit", "iris.yaml", "-q") == AT_ONCE


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_while_the_model_is_written_waits_and_is_not_lost(folder, monkeypatch, number, code):
    original = fitting.save_contents

    def save(*arguments):
        signal.getsignal(number)(number, None)
        original(*arguments)

    monkeypatch.setattr(fitting, "save_contents", save)
    ended = mlptrain("fit", "iris.yaml", "--json", "--out", "signalled.npz", cwd=folder)
    assert ended.code == code
    assert json.loads(ended.out)["reason"] == "epochs"
    assert "signalled.npz" in files(folder)


def test_a_signal_that_the_caller_ignores_is_ignored(folder, monkeypatch):
    """As `nohup` does it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        seen = []
        original = fitting.fit_files
        monkeypatch.setattr(
            fitting, "fit_files", lambda *a, **o: (seen.append(signal.getsignal(signal.SIGHUP)), original(*a, **o))[1]
        )
        assert mlptrain("fit", "iris.yaml", "-q", "--out", "hup.npz", cwd=folder).code == 0
        assert seen == [signal.SIG_IGN]
    finally:
        signal.signal(signal.SIGHUP, before)


def test_signals_are_what_they_were_after_a_fit(folder):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    mlptrain("fit", "iris.yaml", "-q", cwd=folder)
    mlptrain("fit", "none.yaml", "-q", cwd=folder)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_ctrl_c_elsewhere(folder, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(Model, "answer", interrupt)
    said = refused(folder, 130, "predict", "iris.npz", "iris.csv", "--out", "p.csv")
    assert said == "error: stopped; nothing was written\n"


# 1: a bug


def test_a_bug_is_one_line_that_names_a_report_with_the_traceback(folder, monkeypatch, tmp_path_factory):
    def bug(*arguments, **options):
        raise ZeroDivisionError("of a kind\nwith two lines \x1b[2J")

    reports = tmp_path_factory.mktemp("reports")
    monkeypatch.setattr("tempfile.tempdir", str(reports))
    monkeypatch.setattr(Model, "answer", bug)
    before = files(folder)
    ended = mlptrain("predict", "iris.npz", "iris.csv", cwd=folder)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.count("\n") == 1
    assert "\x1b" not in ended.err
    assert ended.err.startswith("error: a bug in mlptrain: ZeroDivisionError: of a kind\\nwith two lines")
    (report,) = reports.iterdir()
    assert ended.err.endswith(f"please report it with {report}\n")
    assert "Traceback" in report.read_text()
    assert files(folder) == before


def test_user_text_cannot_move_the_cursor(folder):
    name = "evil\x1b[2J\u202e.csv"
    Path(folder / name).write_text("a\n1\n")
    said = refused(folder, 3, "predict", "iris.npz", name)
    assert "\x1b" not in said
    assert "\u202e" not in said


@pytest.mark.parametrize("problem", [MemoryError, OSError, ImportError])
def test_where_memory_is_too_short_to_print_an_error_well_it_is_one_plain_line(monkeypatch, capsys, problem):
    def fail(*_):
        raise problem

    monkeypatch.setattr("mlptrain.cli.options.print_message", fail)
    print_error("not enough\x1b memory\nat all")
    assert capsys.readouterr().err == "error: not enough? memory?at all\n"
