"""Whole numbers of training that have fractions in another file: their marks may stand between thousands."""

import pytest

from tests.support.command import mlptrain

WAYS = {
    "points": ('thousands: ""', "{}", "{}.125", "12.345", "--set data.decimal=, --set data.thousands=."),
    "points beside commas": (
        "thousands: ','",
        "{:,}",
        "{:,}.125",
        "12.345",
        "--set data.decimal=, --set data.thousands=.",
    ),
    "commas": ('decimal: ","', "{}", "{},125", "12,345", "--set data.decimal=. --set data.thousands=,"),
}
"""What the spec says, how the file of training writes whole numbers and others, a doubtful number, and the cure."""
COMMANDS = {
    "predict": ("predict", "m.npz", "new.csv"),
    "predict -": ("predict", "m.npz", "-"),
    "eval": ("eval", "m.npz", "new.csv"),
    "eval -": ("eval", "m.npz", "-"),
    "fit": ("fit", "m.yaml", "--out", "other.npz", "--set", "data.split.validation=new.csv"),
    "check": ("check", "m.yaml", "--set", "data.split.validation=new.csv"),
}
NAMES = ("big", "other", "y")


def write(path, rows):
    path.write_text("".join(";".join(row) + "\n" for row in [NAMES, *rows]), encoding="utf-8")
    return path.read_bytes()


def train(folder, way, *, whole=NAMES):
    """A model of a file whose columns `whole` have whole numbers only."""
    said, figure, fraction, doubtful, cure = WAYS[way]
    form = [figure if name in whole else fraction for name in NAMES]
    rows = [[one.format(k * number) for one, number in zip(form, (7919, 37, 211), strict=True)] for k in range(1, 41)]
    write(folder / "t.csv", rows)
    data = f"train: t.csv, delimiter: ';', target: y, columns: {{big: number, other: number, y: number}}, {said}"
    (folder / "m.yaml").write_text(f"data: {{{data}}}\nmodel: {{hidden: []}}\ntraining: {{epochs: 1}}\n")
    assert mlptrain("fit", "m.yaml", "-q", cwd=folder).code == 0
    return doubtful, cure


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("way", WAYS)
def test_a_fraction_of_three_figures_is_doubtful_in_a_column_of_whole_numbers(tmp_path, way, command):
    doubtful, cure = train(tmp_path, way)
    content = write(tmp_path / "new.csv", [(doubtful, "7", "3"), ("4", "8", "5")])
    ended = mlptrain(*COMMANDS[command], cwd=tmp_path, stdin=content)
    assert ended.code == 0, ended.err
    said = f"numbers such as {doubtful!r} are read as in training, as 12.345; if they mean 12345"
    assert ended.err.count(said) == 1
    assert (cure in ended.err) == (command not in ("fit", "check"))
    if command in ("predict", "eval"):
        again = mlptrain(*COMMANDS[command], *cure.split(), cwd=tmp_path)
        assert again.code == 0
        assert "numbers such as" not in again.err
        assert again.out != ended.out


@pytest.mark.parametrize(("command", "noted"), [("predict", False), ("eval", True), ("fit", True)])
def test_a_target_of_whole_numbers_is_a_column_of_them(tmp_path, command, noted):
    doubtful, _ = train(tmp_path, "points", whole=["y"])
    write(tmp_path / "new.csv", [("4", "8", doubtful), ("5", "8", "2.000")])
    ended = mlptrain(*COMMANDS[command], cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert (f"numbers such as {doubtful!r}" in ended.err) == noted


SETTLED = {
    "fractions in training": (["y"], [("12.345", "7", "3")]),
    "two figures": (NAMES, [("12.345", "7", "3"), ("1.25", "8", "5")]),
    "two figures in another column": (NAMES, [("12.345", "7.5", "3"), ("4", "8", "5")]),
    "a zero before": (NAMES, [("12.345", "7", "3"), ("0.345", "8", "5")]),
    "whole numbers": (NAMES, [("12345", "7", "3")]),
    "gaps": (NAMES, [("12345", "", "3"), ("4", "NA", "5")]),
}


@pytest.mark.parametrize("command", ["predict", "eval", "fit"])
@pytest.mark.parametrize(("whole", "rows"), SETTLED.values(), ids=SETTLED)
def test_nothing_is_noted_where_there_is_no_doubt(tmp_path, whole, rows, command):
    train(tmp_path, "points", whole=whole)
    write(tmp_path / "new.csv", rows)
    ended = mlptrain(*COMMANDS[command], cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "numbers such as" not in ended.err


@pytest.mark.parametrize("kind", ["parquet", "xlsx"])
@pytest.mark.integration
def test_numbers_that_are_values_have_no_marks(tmp_path, kind):
    pandas = pytest.importorskip("pandas", reason="pip install -e '.[integration]'")
    train(tmp_path, "points")
    frame = pandas.DataFrame({"big": [12.345, 447.055], "other": [1.125, 2.25], "y": [3, 4]})
    path = tmp_path / f"new.{kind}"
    frame.to_parquet(path) if kind == "parquet" else frame.to_excel(path, index=False)
    for command in ("predict", "eval"):
        ended = mlptrain(command, "m.npz", path.name, cwd=tmp_path)
        assert ended.code == 0, ended.err
        assert "numbers such as" not in ended.err


def test_the_input_is_not_read_again_where_training_had_fractions(tmp_path, monkeypatch):
    train(tmp_path, "points")
    write(tmp_path / "new.csv", [("12345", "7", "3"), ("4", "8", "5")])
    monkeypatch.setattr("mlptrain.model.input_format.InputFormat.read_columns", None)
    assert mlptrain("predict", "m.npz", "new.csv", cwd=tmp_path).err == ""
