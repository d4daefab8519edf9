"""No column is written over another one: what would have the same name is refused, with the name and the way."""

import csv

import pytest

from tests.support import command

ROWS = 12


def write(folder, names, *columns, more=""):
    """A table of `x`, and columns; the spec says which is the target."""
    lines = [",".join(["x", *names]), *(",".join([str(k), *(c[k % len(c)] for c in columns)]) for k in range(ROWS))]
    (folder / "t.csv").write_text("\n".join(lines) + "\n")
    head = "model: {hidden: []}\ntraining: {epochs: 1}\n"
    (folder / "s.yaml").write_text(f"data: {{train: t.csv, {more}}}\n{head}")


def refused(ended, *said):
    assert ended.code == 2, ended.err
    assert ended.err.count("error: ") == 1
    for text in said:
        assert text in ended.err
    assert ended.out == ""


HELD_OUT = {
    "row": (["row"], "target: row", "'row': the number of the row and the prediction"),
    "fold": (["fold"], "target: fold", "'fold': the fold and the prediction"),
    "row of several": (["row", "z"], "target: [z, row]", "'row': the number of the row and the prediction"),
    "fold of several": (["fold", "z"], "target: [fold, z]", "'fold': the fold and the prediction"),
}


@pytest.mark.parametrize("case", HELD_OUT)
def test_targets_named_as_the_columns_of_held_out_predictions_are_refused_before_training(tmp_path, case):
    names, target, said = HELD_OUT[case]
    write(tmp_path, names, *[["1.5", "2.5", "3.25"]] * len(names), more=f"{target}, split: {{folds: 2}}")
    before = command.files(tmp_path)
    refused(command.mlptrain("fit", "s.yaml", "--out-of-fold", "o.csv", cwd=tmp_path), said, "leave out --out-of-fold")
    assert command.files(tmp_path) == before


def test_a_class_named_as_the_target_is_refused_where_probabilities_are_held_out(tmp_path):
    write(tmp_path, ["probability_p"], ["p", "q"], more="target: probability_p, split: {folds: 2}")
    said = "'probability_p': the prediction and the probability of a class"
    refused(command.mlptrain("fit", "s.yaml", "--out-of-fold", "o.csv", cwd=tmp_path), said)


@pytest.fixture
def classes(tmp_path):
    """A model whose target has the name of one of its probabilities."""
    write(tmp_path, ["probability_p"], ["p", "q"], more="target: probability_p")
    assert command.mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    return tmp_path


@pytest.mark.parametrize("out", [[], ["--out", "o.csv"]])
@pytest.mark.parametrize("more", [[], ["--keep", "x"], ["--spreadsheet-safe"]])
def test_a_probability_does_not_stand_in_the_place_of_the_prediction(classes, out, more):
    ended = command.mlptrain("predict", "s.npz", "t.csv", "--probabilities", *out, *more, cwd=classes)
    refused(ended, "two columns would be named 'probability_p': the prediction and the probability of a class; rename")
    assert not (classes / "o.csv").exists()
    assert command.mlptrain("predict", "s.npz", "t.csv", *more, cwd=classes).code == 0


KEPT = ["probability_no", "probability_yes", "y"]


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_column_does_not_stand_in_the_place_of_a_predicted_one(tmp_path, name):
    write(tmp_path, ["y"], ["no", "yes"], more="target: y")
    assert command.mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    (tmp_path / "rows.csv").write_text(f"x,{name},id\n1,old,7\n")
    asked = ["predict", "s.npz", "rows.csv", "--probabilities", "--keep"]
    refused(command.mlptrain(*asked, name, cwd=tmp_path), f"--keep {name}: the prediction is written under this name")
    ended = command.mlptrain(*asked, "all", cwd=tmp_path)
    assert ended.code == 0
    assert next(csv.reader(ended.out.splitlines())) == ["x", "id", "y", "probability_no", "probability_yes"]
    assert (
        f"note: --keep all: {name!r} of the input is not kept; the prediction of this name stands behind" in ended.err
    )


SAFE = [("=a", "'=a"), ("+a", "'+a"), ("@a", "'@a"), ("-a", "'-a"), ("=y", "'=y")]


@pytest.mark.parametrize("names", SAFE, ids=str)
def test_two_names_that_become_one_for_a_spreadsheet_are_refused(tmp_path, names):
    one, other = names
    write(tmp_path, [one, other, "y"], ["1", "2", "5"], ["3", "4", "7"], ["no", "yes"], more="target: y")
    assert command.mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    asked = ["predict", "s.npz", "t.csv", "--keep", "all"]
    refused(
        command.mlptrain(*asked, "--spreadsheet-safe", cwd=tmp_path), "would be named", "leave out --spreadsheet-safe"
    )
    plain = command.mlptrain(*asked, cwd=tmp_path)
    assert next(csv.reader(plain.out.splitlines())) == ["x", one, other, "y"]


def test_a_target_that_becomes_a_kept_column_for_a_spreadsheet_is_refused(tmp_path):
    write(tmp_path, ["'=y", "=y"], ["1", "2", "5"], ["no", "yes"], more='target: "=y"')
    assert command.mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    asked = ["predict", "s.npz", "t.csv", "--keep", "'=y", "--spreadsheet-safe"]
    refused(command.mlptrain(*asked, cwd=tmp_path), "would be named")
