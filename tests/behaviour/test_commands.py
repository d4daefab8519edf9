"""The commands: what goes to stdout, what to stderr, and what `predict` and `fit` write where."""

import csv
import io
import json
import re
import shutil
import signal

import pytest

from mlptrain.training import loop
from tests.support.command import IRIS, Ended, files, mlptrain, write_iris

FLOWERS = list(csv.DictReader(IRIS.read_text().splitlines()))


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A folder with a model and nothing else."""
    folder = tmp_path_factory.mktemp("fitted")
    write_iris(folder)
    assert mlptrain("fit", "iris.yaml", "--quiet", cwd=folder).code == 0
    for name in ("iris.csv", "iris.yaml"):
        (folder / name).unlink()
    return folder


@pytest.fixture
def model(fitted, tmp_path):
    """The model alone in a folder of its own, with the table under another name."""
    shutil.copy(fitted / "iris.npz", tmp_path / "m.npz")
    shutil.copy(IRIS, tmp_path / "flowers.csv")
    return tmp_path


def rows_of(ended: Ended):
    assert ended.code == 0, ended.err
    return list(csv.DictReader(io.StringIO(ended.out)))


# fit


def test_fit_shows_epochs_on_stderr_and_the_result_on_stdout(tmp_path):
    write_iris(tmp_path)
    ended = mlptrain("fit", "iris.yaml", cwd=tmp_path)
    assert ended.code == 0
    assert "120 training rows, 30 validation rows, 67 parameters, 10 epochs" in ended.err
    assert "done: 10 epochs" in ended.err
    assert "accuracy" in ended.out
    assert "model: iris.npz (67 parameters, epoch" in ended.out
    assert "\x1b" not in ended.err + ended.out
    assert files(tmp_path).keys() == {"iris.csv", "iris.yaml", "iris.npz"}


def test_fit_quiet_says_nothing(tmp_path):
    write_iris(tmp_path, model={"hidden_sizes": [3]})
    assert mlptrain("fit", "iris.yaml", "-q", cwd=tmp_path) == (0, "", "")


def test_fit_quiet_says_which_columns_are_not_used(tmp_path):
    write_iris(tmp_path)
    lines = (tmp_path / "iris.csv").read_text().splitlines()
    (tmp_path / "iris.csv").write_text("\n".join([f"same,{lines[0]}", *(f"1,{line}" for line in lines[1:])]))
    assert mlptrain("fit", "iris.yaml", "-q", cwd=tmp_path) == (0, "", "note: columns not used: same (constant)\n")
    checked = mlptrain("check", "iris.yaml", cwd=tmp_path)
    assert (checked.out + checked.err).count("same (constant)") == 1


def test_fit_says_what_it_read_under_another_name(tmp_path):
    write_iris(tmp_path, model={"hidden_sizes": [3]})
    assert "note: iris.yaml:" in mlptrain("fit", "iris.yaml", cwd=tmp_path).err


def test_the_document_of_a_fit_begins_with_its_model(tmp_path):
    write_iris(tmp_path)
    document = json.loads(mlptrain("fit", "iris.yaml", "--json", cwd=tmp_path).out)
    assert list(document)[:2] == ["model", "reason"]
    assert document["model"] == "iris.npz"


def test_fit_out_and_set_and_threads(tmp_path):
    write_iris(tmp_path)
    sets = ["--set", "model.hidden=[3, 2]", "--set", "optimizer=sgd", "--threads", "1", "--out", "other.npz"]
    assert mlptrain("fit", "iris.yaml", "-q", *sets, cwd=tmp_path).code == 0
    shown = json.loads(mlptrain("show", "other.npz", "--json", cwd=tmp_path).out)
    assert shown["spec"]["model"]["hidden"] == [3, 2]
    assert shown["spec"]["optimizer"]["name"] == "sgd"
    assert "iris.npz" not in files(tmp_path)


def test_a_spec_from_stdin_finds_its_data_in_the_working_directory(tmp_path):
    spec = write_iris(tmp_path).read_bytes()
    ended = mlptrain("fit", "-", "-q", cwd=tmp_path, stdin=spec)
    assert ended == (0, "", "")
    assert "model.npz" in files(tmp_path)


@pytest.mark.parametrize("old", ["train", "evaluate"])
def test_other_words_for_commands_work_and_are_not_listed(tmp_path, old):
    write_iris(tmp_path)
    arguments = ("iris.yaml", "-q") if old == "train" else ("iris.npz", "iris.csv")
    if old == "evaluate":
        mlptrain("fit", "iris.yaml", "-q", cwd=tmp_path)
    assert mlptrain(old, *arguments, cwd=tmp_path).code == 0
    assert old not in mlptrain("--help", cwd=tmp_path).out.split()


LINEAR = {
    "data": {
        "train": "iris.csv",
        "target": "petal_width",
        "columns": {"species": "ignore"},
        "split": {"validation": 0.2},
    },
    "model": {"hidden": []},
    "optimizer": {"name": "sgd", "learning_rate": 0.6},
    "training": {"epochs": 400, "batch_size": "full"},
}
"""A network that diverges after more than a hundred epochs."""


def test_a_fit_that_diverges_shows_its_last_epoch_and_where_it_stood(tmp_path):
    write_iris(tmp_path, **LINEAR)
    ended = mlptrain("fit", "iris.yaml", cwd=tmp_path)
    assert ended.code == 4
    *_, row, end, error = ended.err.splitlines()
    last = int(row.removeprefix("*").split()[0])
    assert last > 120
    assert last % 20
    assert re.fullmatch(rf"not finished: {last} of 400 epochs in \d+\.\d+ s", end)
    assert f"not finite in epoch {last + 1}" in error


@pytest.mark.parametrize(
    ("presses", "said"),
    [
        (1, r"interrupted: 93 epochs in \d+\.\d+ s, best epoch \d+ .*"),
        (2, r"not finished: 93 of 400 epochs in \d+\.\d+ s"),
    ],
)
def test_a_fit_that_is_interrupted_shows_its_last_epoch_and_where_it_stood(tmp_path, monkeypatch, presses, said):
    def step(course, state, *others):
        if state.epoch == 93:
            for _ in range(presses):
                signal.raise_signal(signal.SIGINT)
        return train_step(course, state, *others)

    train_step = loop.train_step
    monkeypatch.setattr(loop, "train_step", step)
    write_iris(tmp_path, **LINEAR, seed=2)
    ended = mlptrain("fit", "iris.yaml", cwd=tmp_path)
    assert ended.code == 130
    *_, row, end, error = ended.err.splitlines()
    assert row.removeprefix("*").split()[0] == "93"
    assert re.fullmatch(said, end)
    assert error.startswith("error: stopped ")


# the history


def test_a_history_has_one_json_object_a_line(tmp_path):
    write_iris(tmp_path)
    assert mlptrain("fit", "iris.yaml", "-q", "--history", "run.jsonl", cwd=tmp_path).code == 0
    lines = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["started", *["epoch"] * 10, "finished"]
    before = files(tmp_path)["run.jsonl"]
    assert mlptrain("fit", "iris.yaml", "-q", "--history", "run.jsonl", "--set", "seed=2", cwd=tmp_path).code == 0
    assert files(tmp_path)["run.jsonl"] != before


@pytest.mark.parametrize("name", ["iris.yaml", "iris.csv", "iris.npz", "./iris.npz"])
def test_a_history_replaces_nothing_but_a_history(tmp_path, name):
    write_iris(tmp_path)
    if name == "iris.npz":
        mlptrain("fit", "iris.yaml", "-q", cwd=tmp_path)
    before = files(tmp_path)
    ended = mlptrain("fit", "iris.yaml", "-q", "--history", name, cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"error: --history {name.removeprefix('./')}: ")
    assert files(tmp_path) == before


def test_a_spec_with_faults_leaves_no_history(tmp_path):
    write_iris(tmp_path)
    ended = mlptrain("fit", "iris.yaml", "--history", "h", "--set", "data.train=none.csv", cwd=tmp_path)
    assert ended.code == 3
    assert "h" not in files(tmp_path)


def test_a_fit_that_diverges_leaves_the_history_of_its_epochs(tmp_path):
    write_iris(tmp_path, **LINEAR)
    assert mlptrain("fit", "iris.yaml", "-q", "--history", "h", cwd=tmp_path).code == 4
    first, *epochs = (json.loads(line) for line in (tmp_path / "h").read_text().splitlines())
    assert first["event"] == "started"
    assert [line["epoch"] for line in epochs] == list(range(1, len(epochs) + 1))
    assert len(epochs) > 120


# eval


def test_eval_measures_a_file(model):
    ended = mlptrain("eval", "m.npz", "flowers.csv", cwd=model)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0].split() == ["150", "rows", "baseline", "95", "%", "interval"]
    assert "accuracy" in ended.out


def test_eval_says_why_a_metric_is_undefined(model):
    lines = (model / "flowers.csv").read_text().splitlines()
    (model / "setosa.csv").write_text("\n".join(lines[:21]))
    ended = mlptrain("eval", "m.npz", "setosa.csv", cwd=model)
    assert "auc: undefined: a class without rows" in ended.out


# predict


def test_predict_needs_nothing_but_the_model(model):
    rows = rows_of(mlptrain("predict", "m.npz", "flowers.csv", cwd=model))
    assert len(rows) == 150
    assert rows[0].keys() == {"species"}
    right = sum(row["species"] == flower["species"] for row, flower in zip(rows, FLOWERS, strict=True))
    assert right > 130


def test_predict_keeps_columns_and_tells_probabilities(model):
    arguments = ["--keep", "petal_width", "--keep", "sepal_length", "--probabilities"]
    rows = rows_of(mlptrain("predict", "m.npz", "flowers.csv", *arguments, cwd=model))
    probabilities = [f"probability_{label}" for label in ("setosa", "versicolor", "virginica")]
    assert list(rows[0]) == ["petal_width", "sepal_length", "species", *probabilities]
    for row, flower in zip(rows, FLOWERS, strict=True):
        assert row["sepal_length"] == flower["sepal_length"]
        values = {label.removeprefix("probability_"): float(row[label]) for label in probabilities}
        assert sum(values.values()) == pytest.approx(1, abs=1e-6)
        assert max(values, key=values.__getitem__) == row["species"]


def test_predict_keep_all_is_every_input_and_then_the_prediction(model):
    rows = rows_of(mlptrain("predict", "m.npz", "flowers.csv", "--keep", "all", cwd=model))
    assert list(rows[0]) == list(FLOWERS[0])
    assert [list(row.values())[:4] for row in rows] == [list(flower.values())[:4] for flower in FLOWERS]


def test_predict_reads_stdin(model):
    from_file = mlptrain("predict", "m.npz", "flowers.csv", cwd=model)
    assert mlptrain("predict", "m.npz", "-", cwd=model, stdin=IRIS.read_bytes()) == from_file
    assert "standard input" in mlptrain("predict", "m.npz", "-", cwd=model, stdin=b"a,b\n1,2\n").err


def test_predict_out_writes_the_same_bytes_as_stdout(model):
    printed = mlptrain("predict", "m.npz", "flowers.csv", cwd=model).out
    assert mlptrain("predict", "m.npz", "flowers.csv", "--out", "p.csv", cwd=model) == (0, "", "")
    assert (model / "p.csv").read_bytes() == printed.encode()
    assert mlptrain("predict", "m.npz", "flowers.csv", "--out", "p.csv", cwd=model).code == 0


@pytest.mark.parametrize("out", ["flowers.csv", "./flowers.csv", "link.csv", "m.npz"])
def test_predict_never_writes_over_its_input_or_its_model(model, out):
    (model / "link.csv").symlink_to("flowers.csv")
    before = files(model)
    ended = mlptrain("predict", "m.npz", "flowers.csv", "--out", out, cwd=model)
    what = "model" if out == "m.npz" else "input file"
    name = out.removeprefix("./")
    assert ended == (2, "", f"error: --out {name}: this is the {what}; choose another name\n")
    assert files(model) == before


def test_predict_counts_odd_cells_and_refuses_them_when_strict(model):
    lines = (model / "flowers.csv").read_text().splitlines()
    lines[3] = ",3.1,,0.2,setosa"
    lines[9] = ",3.1,1,0.2,setosa"
    (model / "odd.csv").write_text("\n".join(lines))
    counts = "missing cells filled: sepal_length 2, petal_length 1"
    ended = mlptrain("predict", "m.npz", "odd.csv", cwd=model)
    assert ended.err == f"note: {counts}\n"
    assert len(rows_of(ended)) == 150
    strict = mlptrain("predict", "m.npz", "odd.csv", "--strict", "--out", "p.csv", cwd=model)
    said = f"odd.csv:4: column \"petal_length\": '' is missing ({counts})"
    assert strict == (3, "", f"error: {said}; mend it, or leave --strict out\n")
    assert "p.csv" not in files(model)
    assert mlptrain("predict", "m.npz", "flowers.csv", "--strict", cwd=model).err == ""


def test_predict_makes_formulas_harmless_on_request(model):
    lines = (model / "flowers.csv").read_text().splitlines()
    noted = [f"{lines[0]},note", *(f"{line},=1+1" for line in lines[1:])]
    (model / "noted.csv").write_text("\n".join(noted))
    command = ("predict", "m.npz", "noted.csv", "--keep", "note")
    assert {row["note"] for row in rows_of(mlptrain(*command, cwd=model))} == {"=1+1"}
    assert {row["note"] for row in rows_of(mlptrain(*command, "--spreadsheet-safe", cwd=model))} == {"'=1+1"}


def test_fit_writes_out_of_fold_predictions(tmp_path):
    write_iris(tmp_path, data={"train": "iris.csv", "target": "species", "split": {"folds": 3}})
    ended = mlptrain("fit", "iris.yaml", "-q", "--out-of-fold", "held.csv", cwd=tmp_path)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    lines = (tmp_path / "held.csv").read_text().splitlines()
    assert lines[0].split(",")[:3] == ["row", "fold", "species"]
    assert len(lines) == 151
    shown = mlptrain("fit", "iris.yaml", cwd=tmp_path)
    assert "3 networks that predict with their average" in shown.out
    assert "  sd  " in shown.out


# words that a terminal cannot show


def test_csv_and_json_are_utf8_whatever_the_terminal_speaks(tmp_path):
    text = IRIS.read_text().replace("setosa", "Schwertlilie ‘ß’").replace("sepal_length", "länge")
    write_iris(tmp_path)
    (tmp_path / "iris.csv").write_text(text, encoding="utf-8")
    assert mlptrain("fit", "iris.yaml", "-q", cwd=tmp_path).code == 0
    utf8 = mlptrain("predict", "iris.npz", "iris.csv", "--keep", "länge", cwd=tmp_path)
    assert mlptrain("predict", "iris.npz", "iris.csv", "--keep", "länge", cwd=tmp_path, encoding="ascii") == utf8
    assert "Schwertlilie ‘ß’" in utf8.out
    shown = mlptrain("show", "iris.npz", "--json", cwd=tmp_path, encoding="ascii")
    assert "länge" in json.loads(shown.out)["columns"]


@pytest.mark.parametrize("command", [("check", "iris.yaml"), ("show", "iris.npz"), ("fit", "iris.yaml"), ("schema",)])
def test_text_for_people_never_fails_for_want_of_a_letter(tmp_path, command):
    write_iris(tmp_path, loss="hinge")
    assert mlptrain("fit", "iris.yaml", "-q", cwd=tmp_path).code == 0
    ended = mlptrain(*command, cwd=tmp_path, encoding="ascii")
    assert ended.code == 0, ended.err


# check, show, schema


def test_check_shows_every_section_and_writes_nothing(tmp_path):
    write_iris(tmp_path)
    before = files(tmp_path)
    ended = mlptrain("check", "iris.yaml", "--set", "model.hidden=[5]", cwd=tmp_path)
    assert ended.code == 0
    headings = [line.split()[0] for line in ended.out.splitlines() if not line.startswith(" ")]
    assert headings == ["target", "150", "model:", "gradient:", "spec:"]
    assert len(ended.out.splitlines()) <= 24
    assert "43 parameters" in ended.out
    assert "WRONG" not in ended.out
    assert files(tmp_path) == before


def test_check_ends_with_1_where_a_derivative_is_wrong(tmp_path, monkeypatch):
    from mlptrain.engine.activations import Tanh

    write_iris(tmp_path)
    monkeypatch.setattr(Tanh, "vjp", lambda self, dy, z, y: dy * (1 - y))
    ended = mlptrain("check", "iris.yaml", cwd=tmp_path)
    assert ended.code == 1
    assert ended.out.count("WRONG") == 2
    assert ended.err == ""


def test_show_shows_a_model(model):
    ended = mlptrain("show", "m.npz", cwd=model)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("m.npz: 67 parameters")
    assert "species: 3 classes setosa, versicolor, virginica" in ended.out


def test_schema_is_a_json_schema(tmp_path):
    schema = json.loads(mlptrain("schema", cwd=tmp_path).out)
    assert schema["title"] == "mlptrain spec"
    assert {"data", "model", "optimizer", "training"} <= schema["properties"].keys()


@pytest.mark.parametrize("command", [(), ("fit",), ("eval",), ("predict",), ("check",), ("show",), ("schema",)])
def test_every_command_has_help(tmp_path, command):
    ended = mlptrain(*command, "--help", cwd=tmp_path)
    assert ended.code == 0
    assert "Usage: mlptrain" in ended.out
    assert ended == mlptrain(*command, "-h", cwd=tmp_path)
