"""What is proposed for a file that is not there: one of its kind, of its own name near by, or of a near name."""

from pathlib import Path

import pytest

from mlptrain.data.files import TABLE_ENDS
from mlptrain.data.near_files import suggest_file
from mlptrain.spec.yaml_text import SPEC_ENDS
from tests.support import command

FILES = [
    *("iris.npz", "iris.yaml", "iris.npz.ckpt", "xor.csv.gz", "rows.csv", "rows.parquet", "configs/xor.yaml"),
    *("configs/deep/far.yaml", "datasets/iris.csv", "datasets/pixels", ".hidden/zebra.csv"),
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "t.csv").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


TABLES = {
    "iris.csv": "datasets/iris.csv",
    "configs/iris.csv": "datasets/iris.csv",
    "Rows.CSV": "rows.csv",
    "row.csv": "rows.csv",
    "row.parquet": "rows.parquet",
    "xor.csv": "xor.csv.gz",
    "datasets/pixel": "datasets/pixels",
    "irsi.csv": None,
    "zebra.csv": None,
    "xyz.csv": None,
    "iris": "datasets/iris.csv",
}
SPECS = {
    "xor.yaml": "configs/xor.yaml",
    "iris.yml": "iris.yaml",
    "irsi.yaml": "iris.yaml",
    "rows.yaml": None,
    "xor": "configs/xor.yaml",
    "far.yaml": None,
    "far": None,
    "": None,
}


@pytest.mark.parametrize("missing", TABLES)
def test_a_table_that_is_not_there_is_meant_for_a_table(folder, missing):
    assert suggest_file(Path(missing), TABLE_ENDS) == propose(TABLES[missing])


@pytest.mark.parametrize("missing", SPECS)
def test_a_spec_that_is_not_there_is_meant_for_a_spec(folder, missing):
    assert suggest_file(Path(missing), SPEC_ENDS) == propose(SPECS[missing])


NONE_HERE = "; no file of a like name is in this folder"


def propose(meant):
    return NONE_HERE if meant is None else f"; did you mean {str(Path(meant))!r}?"


def test_a_folder_that_is_not_there_is_told(folder):
    assert (
        suggest_file(Path("data/iris.csv"), TABLE_ENDS)
        == f"; the folder data does not exist{propose('datasets/iris.csv')}"
    )
    assert suggest_file(Path("data/new.csv"), TABLE_ENDS) == (
        "; the folder data does not exist: make it and put new.csv there, or name the file where it is"
    )


def test_nothing_above_the_working_directory_or_a_path_from_the_root_is_proposed(folder, monkeypatch):
    monkeypatch.chdir(folder / "inner")
    (folder / "rows.csv").rename(folder / "datasets" / "rows.csv")
    (folder / "rows.parquet").unlink()
    assert suggest_file(Path("rows.csv"), TABLE_ENDS) == NONE_HERE
    inner = folder / "inner"
    assert suggest_file(inner / "rows.csv", TABLE_ENDS) == f"; no file of a like name is in the folder {inner}"


@pytest.mark.parametrize(
    ("line", "place"),
    [("fit s.yaml", "s.yaml:2: data.train: "), ("check s.yaml --set data.train=iris.csv", "--set data.train: ")],
)
def test_the_key_that_names_a_missing_training_file_is_told(folder, line, place):
    (folder / "s.yaml").write_text("data:\n  train: iris.csv\n  target: species\n")
    meant = str(Path("datasets/iris.csv"))
    ended = command.mlptrain(*line.split(), cwd=folder)
    assert ended == (3, "", f"error: {place}iris.csv: no such file; did you mean {meant!r}?\n")


def test_a_spec_that_is_like_none_is_told_how_one_is_written(folder):
    ended = command.mlptrain("fit", "zzzz", cwd=folder)
    cure = "`mlptrain init DATA --target COLUMN` writes a spec"
    assert ended == (2, "", f"error: zzzz: no such file{NONE_HERE}; {cure}\n")
    assert "did you mean 'configs/xor.yaml'?" in command.mlptrain("fit", "xor", cwd=folder).err


def test_a_table_that_is_like_none_is_told_where_it_was_sought(folder):
    (folder / "s.yaml").write_text("data:\n  train: gone/new.csv\n  target: species\n")
    said = "the folder gone does not exist: make it and put new.csv there, or name the file where it is"
    assert (
        command.mlptrain("fit", "s.yaml", cwd=folder).err
        == f"error: s.yaml:2: data.train: gone/new.csv: no such file; {said}\n"
    )
