"""`export`: a file that predicts what the model predicts, or none; what it may replace; what is checked, and said."""

import json
import subprocess
import sys

import numpy as np
import pytest

from mlptrain.cli import export as export_cli
from mlptrain.commands.export import export_file
from mlptrain.commands.export_output import HEAD
from mlptrain.errors import DataError, EnvironmentFailure, SpecError
from mlptrain.export.formats import FORMATS, PythonFormat, make_identifier
from mlptrain.export.plan import NotExportable
from tests.support.command import files, mlptrain
from tests.support.images import fit_images
from tests.support.processes import environment

SPEC = """
data:
  train: rows.csv
  target: {target}
  missing_values: ["-999"]
  replace: {{"?": "7", scarlet: red, "8": "-999"}}
  columns: {{when: {{type: date, format: "%d.%m.%Y"}}, flag: boolean, colour: category}}
model: {{hidden: [4]}}
training: {{epochs: 2, batch_size: full}}
"""
NAMES = ["size", "colour", "flag", "when", "label", "price"]
ROWS = [
    [
        ("-999" if row % 7 == 3 else "?" if row % 11 == 5 else "8" if row % 13 == 6 else f"{row * 7 % 24 + 0.5}"),
        ("red", "green", " blue", "scarlet", "")[row % 5],
        ("yes", "no", "YES", "")[row % 4],
        f"{row % 28 + 1:02d}.03.{1990 + row}",
        "yes" if row * 5 % 24 > 11 else "no",
        f"{row * 3 % 17 + 0.25}",
    ]
    for row in range(40)
]


def write_rows(path, rows=ROWS, delimiter=",", decimal="."):
    lines = [
        delimiter.join(cell.replace(".", decimal) if "." in cell and cell.count(".") == 1 else cell for cell in row)
        for row in [NAMES, *rows]
    ]
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A model of classes, one of numbers, one of images, and the rows of the first two."""
    folder = tmp_path_factory.mktemp("models")
    write_rows(folder / "rows.csv")
    for name, target in (("classes", "label"), ("prices", "price")):
        (folder / f"{name}.yaml").write_text(SPEC.format(target=target))
        assert mlptrain("fit", f"{name}.yaml", "-q", cwd=folder).code == 0
        (folder / f"{name}.yaml").unlink()
    fit_images(folder, epochs=1).save(folder / "images.npz")
    for name in ("train.images", "train.labels", "test.labels"):
        (folder / name).unlink()
    return folder


@pytest.fixture
def folder(models, tmp_path):
    for name, content in files(models).items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def export(folder, *arguments, **options):
    return mlptrain("export", *arguments, cwd=folder, **options)


def check(folder, model="classes.npz", data="rows.csv", *more):
    """The document of an export to Python that is checked."""
    ended = export(folder, model, "--format", "python", "--check", data, "--json", *more)
    assert ended.code == 0, ended.err
    return json.loads(ended.out)["check"] | {"said": ended.err}


# formats


def test_the_command_line_knows_all_formats(folder):
    assert list(export_cli.FORMATS) == list(FORMATS)
    assert ", ".join(f"`{name}`" for name in FORMATS) in export_cli.FormatName.__metadata__[0].help
    assert export_cli.complete_format("py") == ["python", "pytorch"]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("model", ["classes", "prices", "images"])
def test_every_format_writes_a_model_or_refuses_it_by_name(folder, name, model):
    before = files(folder)
    try:
        made = export_file(str(folder / f"{model}.npz"), name, folder / "out")
    except (NotExportable, EnvironmentFailure):  # the latter where its library is not installed
        assert files(folder) == before
    else:
        written = files(folder)
        assert {name: written.pop(f"out/{name}".rstrip("/")) for name in made.files} == made.files
        assert written == before


@pytest.mark.parametrize("model", ["classes", "prices"])
def test_an_export_is_told_from_those_of_all_other_formats(models, tmp_path, model):
    """Else a format would take another's place: each first file has its own signature at its begin, and no other."""
    for name in FORMATS:
        try:
            made = export_file(str(models / f"{model}.npz"), name, tmp_path / name)
        except EnvironmentFailure:
            continue  # a library is not there
        head = next(iter(made.files.values()))[:HEAD]
        assert {other for other, each in FORMATS.items() if each.signature in head} == {name}
        assert b"mlptrain" in head


def test_a_format_that_is_none_is_told_what_was_probably_meant(folder):
    ended = export(folder, "classes.npz", "--format", "pyton")
    assert ended.code == 2
    assert "did you mean 'python'?" in ended.err


@pytest.mark.parametrize("option", [["--guards"], ["--dates", "text"]])
def test_an_option_of_another_format_is_refused(folder, option):
    ended = export(folder, "classes.npz", "--format", "python", *option)
    assert ended.code == 2
    assert f"{option[0]}: it is an option of --format onnx, not of python" in ended.err


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("my model", "my_model"),
        ("3 folds", "model_3_folds"),
        ("json", "json_model"),
        ("class", "class_model"),
        ("é", "model"),
    ],
)
def test_a_module_has_a_name_that_can_be_imported(folder, stem, name):
    assert make_identifier(stem) == name
    (folder / "classes.npz").rename(folder / f"{stem}.npz")
    ended = export(folder, f"{stem}.npz", "--format", "python")
    assert ended.out.startswith(f"export: {name}.py (python, ")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("none.npz --format c", 5, "none.npz: no such file"),
        ("rows.csv --format c", 5, "rows.csv: not a model of mlptrain: this is a table"),
        ("classes.npz", 2, "FORMAT is missing (What to write: `onnx`, "),
        ("classes.npz --format torch", 2, "did you mean 'pytorch'?"),
        ("classes.npz --format c --check none.csv", 3, "none.csv: no such file"),
        ("classes.npz --format c --check fewer.csv", 3, "fewer.csv:1: columns 'colour', 'flag', 'when'"),
        (
            "classes.npz --format mlflow --check words.csv",
            3,
            "'big' is not a number; mend it, or for this",
        ),
        ("classes.npz --format c --check test.images", 3, "these are images or labels"),
        ("images.npz --format c --check rows.csv", 3, "rows.csv: this is not an IDX file"),
        (
            "images.npz --format c --check test.images --set data.delimiter=;",
            2,
            "--set: the model reads",
        ),
        (
            "classes.npz --format c --check rows.csv --set seed=1",
            2,
            "only how its input is written",
        ),
        ("classes.npz --format c --out none/x.h", 6, "the folder none does not exist"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(folder, arguments, code, said):
    (folder / "fewer.csv").write_text("size\n1\n")
    write_rows(folder / "words.csv", [["big", *ROWS[0][1:]]])
    before = files(folder)
    ended = export(folder, *arguments.split())
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert ended.err.count("error: ") == len(ended.err.splitlines()) == 1
    assert files(folder) == before


WRITE_ALL = """
from hashlib import sha256
from pathlib import Path
from mlptrain.commands.export import export_file
from mlptrain.errors import EnvironmentFailure
from mlptrain.export.formats import FORMATS
for name in FORMATS:
    try:
        made = export_file("classes.npz", name, Path(f"made.{name}"))
    except EnvironmentFailure:
        continue
    print(name, sha256(b"".join(made.files.values())).hexdigest())
"""


def test_the_same_model_gives_the_same_bytes(models, tmp_path):
    """In every process, whatever the order of its sets."""
    (tmp_path / "classes.npz").write_bytes((models / "classes.npz").read_bytes())
    line = [sys.executable, "-c", WRITE_ALL]
    found = [
        subprocess.run(line, cwd=tmp_path, env=environment(PYTHONHASHSEED=seed), capture_output=True, check=True).stdout
        for seed in ("1", "2")
    ]
    assert found[0].count(b"\n") >= 3
    assert found[0] == found[1]


# what may be replaced


@pytest.mark.parametrize("out", ["classes.npz", "rows.csv", "prices.npz", "rows.csv/x.py", "none/x.py", "."])
def test_nothing_but_an_export_is_replaced(folder, out):
    before = files(folder)
    ended = export(folder, "classes.npz", "--format", "python", "--out", out)
    assert ended.code in (2, 6)
    assert ended.out == ""
    assert files(folder) == before


def test_a_folder_is_replaced_if_it_holds_an_export_alone(folder):
    made = folder / "made"
    made.mkdir()
    for model in ("classes.npz", "prices.npz"):
        assert export(folder, model, "--format", "mlflow", "--out", "made").code == 0
        assert (made / "model.npz").read_bytes() == (folder / model).read_bytes()
    (made / "notes.txt").write_text("mine")
    assert (
        "holds what is none of an mlflow export: 'notes.txt'"
        in export(folder, "--format", "mlflow", "--out", "made").err
    )
    (made / "notes.txt").unlink()
    (made / "MLmodel").write_text("another")
    before = files(folder)
    for out in ("made", "rows.csv", "-"):
        assert export(folder, "classes.npz", "--format", "mlflow", "--out", out).code == 2
    assert export(folder, "classes.npz", "--format", "python", "--out", "made").code == 2
    assert files(folder) == before


@pytest.mark.parametrize("data", ["classes.npz", "spec.yaml"])
def test_a_model_or_a_spec_is_no_data(folder, data):
    (folder / "spec.yaml").write_text(SPEC.format(target="label"))
    ended = export(folder, "classes.npz", "--format", "python", "--check", data)
    assert ended.code == 3
    assert "and no data" in ended.err


def test_an_export_of_the_same_format_is_replaced(folder):
    for model in ("classes.npz", "prices.npz"):
        assert export(folder, model, "--format", "python", "--out", "m.py").code == 0
        assert model in (folder / "m.py").read_text()[:100]


def test_standard_output_gets_the_file_alone(folder):
    before = files(folder)
    ended = export(folder, "classes.npz", "--format", "python", "--out", "-", "--check", "rows.csv")
    assert files(folder) == before
    assert "check: 40 rows" in ended.err
    assert export(folder, "classes.npz", "--format", "python").code == 0
    assert ended.out == (folder / "classes.py").read_text()
    assert export(folder, "classes.npz", "--format", "python", "--out", "-", "--json").code == 2


# --check


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("model", ["classes", "prices", "images"])
def test_every_format_passes_its_check(folder, name, model):
    data = "test.images" if model == "images" else "rows.csv"
    try:
        found = export_file(str(folder / f"{model}.npz"), name, folder / "out", check=str(folder / data)).check
    except EnvironmentFailure as problem:
        pytest.skip(str(problem))
    assert found.comparison.rows == 40
    assert found.comparison.is_within_bound


def test_a_check_reads_data_as_predict_does_and_leaves_replacing_to_the_export(folder):
    rows = [*ROWS, ["", "violet", "", "", "", ""]]
    write_rows(folder / "rows.csv", rows)
    found = check(folder)
    assert (found["rows"], found["labels_differ"], found["not_finite"]) == (41, 0, 0)
    assert 0 < found["largest_difference"] < 1e-6
    said = mlptrain("predict", "classes.npz", "rows.csv", cwd=folder).err
    assert "missing cells filled" in said
    assert found["said"] == said


@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("data.delimiter=;", "data.decimal=,"),
        ("data.delimiter=;", "data.decimal=,", "data.missing_values=[-999,none]"),
    ],
)
def test_a_check_reads_other_dialects(folder, settings):
    word = ["none", *ROWS[0][1:]] if len(settings) > 2 else ROWS[0]
    write_rows(folder / "rows.csv", [word, *ROWS[1:]], delimiter=";", decimal=",")
    found = check(folder, "prices.npz", "rows.csv", *(word for each in settings for word in ("--set", each)))
    assert found["rows"] == 40
    assert 0 < found["by_target"]["price"] < 1e-5
    assert ("not written as the training file" in found["said"]) == (not settings)


def test_a_check_takes_standard_input_and_data_without_the_target(folder):
    rows = "\n".join(",".join([*row[:4], row[5]]) for row in [NAMES, *ROWS]).encode()
    ended = export(folder, "classes.npz", "--format", "python", "--check", "-", stdin=rows)
    assert "check: 40 rows of - by Python" in ended.out


@pytest.mark.parametrize("model", ["classes", "prices"])
def test_an_export_that_differs_is_not_written(folder, monkeypatch, model):
    right = PythonFormat.predict
    monkeypatch.setattr(PythonFormat, "predict", lambda *given: right(*given) + 1e-3 * np.arange(40)[:, None])
    before = files(folder)
    ended = export(folder, f"{model}.npz", "--format", "python", "--check", "rows.csv")
    assert (ended.code, ended.out) == (1, "")
    assert f"error: {model}.py: not written" in ended.err
    assert "rows.csv:41" in ended.err
    assert files(folder) == before


def test_an_export_that_refuses_a_row_of_the_model_is_not_written(folder, monkeypatch):
    def refuse(*_):
        raise DataError("row 3: 'x' is no number")

    monkeypatch.setattr(PythonFormat, "predict", refuse)
    before = files(folder)
    ended = export(folder, "classes.npz", "--format", "python", "--check", "rows.csv")
    said = "classes.py: not written: it refuses what the model predicts: row 3: 'x' is no number; please report it"
    assert ended == (1, "", f"error: {said}\n")
    assert files(folder) == before


@pytest.mark.parametrize("setting", ["data.missing_values=[none]", "data.replace={a: b}"])
def test_what_an_export_still_does_cannot_be_taken_back(folder, setting):
    ended = export(folder, "classes.npz", "--format", "python", "--check", "rows.csv", "--set", setting)
    assert ended.code == 2
    assert "as training did; list it" in ended.err


def test_settings_without_data_are_an_error(folder):
    with pytest.raises(SpecError, match="--check"):
        export_file(str(folder / "classes.npz"), "python", folder / "m.py", settings=["data.delimiter=;"])
