"""Several files predicted into a folder."""

import pytest

from mlptrain.commands.predict_files import name_predictions
from tests.support import command
from tests.support.flows import csv_text, fit_mixed, mixed_rows


@pytest.fixture
def folder(tmp_path):
    fit_mixed(tmp_path)
    (tmp_path / "in").mkdir()
    for k in range(3):
        (tmp_path / "in" / f"part_{k}.csv").write_text(csv_text(mixed_rows(20 * k + 5)), newline="")
    return tmp_path


@pytest.mark.parametrize("workers", [1, 2])
def test_each_file_has_the_predictions_that_it_has_alone(folder, workers):
    ended = command.mlptrain(
        "predict", "mixed.npz", "in/part_*.csv", "--out-dir", "out", "--workers", workers, "--probabilities", cwd=folder
    )
    assert ended.code == 0
    said = [line for line in ended.err.splitlines() if "rows, predictions in" in line]
    assert said == [f"note: in/part_{k}.csv: {20 * k + 5} rows, predictions in out/part_{k}.csv" for k in range(3)]
    for k in range(3):
        alone = command.mlptrain("predict", "mixed.npz", f"in/part_{k}.csv", "--probabilities", cwd=folder)
        assert (folder / "out" / f"part_{k}.csv").read_bytes().decode() == alone.out


def test_a_file_that_is_wrong_is_named_and_those_before_it_stay(folder):
    (folder / "in" / "part_1.csv").write_text("size\n1\n")
    ended = command.mlptrain("predict", "mixed.npz", "in/part_*.csv", "--out-dir", "out", cwd=folder)
    assert ended.code == 3
    assert "in/part_1.csv:1" in ended.err
    assert [path.name for path in (folder / "out").iterdir()] == ["part_0.csv"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["in/part_0.csv", "in/part_1.csv"], "in/part_1.csv: a second file; --out-dir DIR predicts several"),
        (["in/part_0.csv", "--out-dir", "out", "--out", "o.csv"], "--out and --out-dir contradict each other"),
        (["in/part_0.csv", "./in/part_0.csv", "--out-dir", "out"], "would both be out/part_0.csv"),
        (["-", "--out-dir", "out"], "standard input has no name"),
        (["--out-dir", "out"], "DATA is missing"),
        (["nothing_*.csv", "--out-dir", "out"], "no file matches this pattern"),
        (["in/part_0.csv", "--out-dir", "in"], "the input file"),
        (["in/part_0.csv", "--out-dir", "mixed.npz"], "--out-dir mixed.npz: cannot be made"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence(folder, arguments, said):
    before = sorted(path for path in folder.rglob("*"))
    ended = command.mlptrain("predict", "mixed.npz", *arguments, cwd=folder)
    assert ended.code in (2, 3, 6)
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert [path for path in folder.rglob("*") if path not in before and path.is_file()] == []


def test_names_of_predictions_end_as_what_they_are():
    assert name_predictions("a/b.TSV") == "b.TSV"
    assert name_predictions("images.idx") == "images.idx.csv"
