"""`predict --out` replaces what holds predictions of this command, told by what a file holds and never by its name."""

import gzip
import os

import pytest

from tests.support import command

ROWS = "".join(f"{k},{k % 5},{'ab'[k // 2 % 2]}\n" for k in range(12))
TABLE = "x,z,y\n" + ROWS


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    (folder / "t.csv").write_text(TABLE)
    (folder / "s.yaml").write_text("data: {train: t.csv, target: y}\nmodel: {hidden: []}\ntraining: {epochs: 1}\n")
    assert command.mlptrain("fit", "s.yaml", "-q", cwd=folder).code == 0
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def folder(tmp_path, model):
    for name, content in model.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "rows.csv").write_text("x,z,id\n1,2,n1\n3,4,n2\n")
    return tmp_path


KEPT = {
    "the training table": TABLE,
    "some of its columns": "x,y\n1,a\n",
    "truth with identifiers": "id,y\nn1,a\n",
    "another table": "u,v\n1,2\n",
    "another table, semicolons": "u;v\n1;2\n",
    "a text": "Dear Sir or Madam\n",
    "JSON": '{"y": 1}\n',
    "other classes": "y,probability_c\nc,1\n",
    "an open quote": '"y\n',
    "bytes": b"\x89PNG\r\n\x1a\n\0\0",
    "UTF-16": "x,y\n1,a\n".encode("utf-16"),
    "a model": None,
}


@pytest.mark.parametrize("suffix", [".csv", ".txt", "", ".tsv"])
@pytest.mark.parametrize("what", KEPT)
def test_what_is_no_prediction_stays_whatever_its_name(folder, model, what, suffix):
    content = model["s.npz"] if KEPT[what] is None else KEPT[what]
    out = folder / f"out{suffix}"
    out.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = command.files(folder)
    ended = command.mlptrain("predict", "s.npz", "rows.csv", "--out", out.name, cwd=folder)
    assert (ended.code, command.files(folder)) == (2, before)
    assert ended.err.startswith(f"error: --out {out.name}: exists and ")
    assert "choose another name, or remove it first" in ended.err


@pytest.mark.parametrize("way", ["name", "link", "hard link", "other spelling"])
@pytest.mark.parametrize("file", ["t.csv", "rows.csv", "s.npz", "s.yaml"])
def test_what_belongs_to_the_command_or_the_model_stays_also_by_other_ways(folder, file, way):
    """Even if all its columns are written: with --keep all, a training table looks like predictions."""
    out = {"name": file, "link": "link.csv", "hard link": "hard.csv", "other spelling": f"../{folder.name}/{file}"}[way]
    if way == "link":
        (folder / out).symlink_to(file)
    if way == "hard link":
        os.link(folder / file, folder / out)
    before = command.files(folder)
    asked = ["predict", "s.npz", "rows.csv", "--keep", "all", "--out", out]
    if file != "rows.csv":
        (folder / "rows.csv").write_text(TABLE)
        before = command.files(folder)
    ended = command.mlptrain(*asked, cwd=folder)
    assert (ended.code, command.files(folder)) == (2, before)
    assert "error: --out" in ended.err


@pytest.mark.parametrize("name", ["s.npz.ckpt", "s.npz.ckpt.prev", "s.npz.lock", "s.previous.npz"])
def test_the_names_that_a_fit_makes_are_not_taken(folder, name):
    ended = command.mlptrain("predict", "s.npz", "rows.csv", "--out", name, cwd=folder)
    assert (ended.code, (folder / name).exists()) == (2, False)


OPTIONS = [[], ["--probabilities"], ["--keep", "id"], ["--keep", "all"], ["--keep", "all", "--spreadsheet-safe"]]


@pytest.mark.parametrize("name", ["p.csv", "p", "p.tsv", "p.csv.gz", "p.parquet"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_command_replaces_what_it_wrote_before(folder, name, options):
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    asked = ["predict", "s.npz", "rows.csv", *options, "--out", name]
    assert command.mlptrain(*asked, cwd=folder).code == 0
    first = (folder / name).read_bytes()
    assert command.mlptrain(*asked, cwd=folder).code == 0
    assert (folder / name).read_bytes() == first
    assert command.mlptrain("predict", "s.npz", "rows.csv", "--keep", "all", "--out", name, cwd=folder).code == 0
    kept = "all" in options or "id" in options
    assert command.mlptrain("predict", "s.npz", "rows.csv", "--out", name, cwd=folder).code == 2
    (folder / name).write_bytes(first)
    assert command.mlptrain("predict", "s.npz", "rows.csv", "--out", name, cwd=folder).code == (2 if kept else 0)


INPUTS = {
    "semicolons": ("utf-8", ";"),
    "Windows": ("cp1252", ";"),
    "UTF-16": ("utf-16", "\t"),
    "Central Europe": ("cp1250", "|"),
}


@pytest.mark.parametrize("name", ["p.csv", "p.csv.gz"])
@pytest.mark.parametrize(("encoding", "delimiter"), INPUTS.values(), ids=INPUTS)
def test_predictions_replace_those_in_another_dialect(tmp_path, encoding, delimiter, name):
    (tmp_path / "t.csv").write_text(TABLE.replace("x,z,y", "x,z,Größe"), encoding="utf-8")
    (tmp_path / "s.yaml").write_text(
        "data: {train: t.csv, target: Größe}\nmodel: {hidden: []}\ntraining: {epochs: 1}\n", encoding="utf-8"
    )
    assert command.mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    (tmp_path / "rows.csv").write_text("x,z,ä\n1,2,n\n".replace(",", delimiter), encoding=encoding)
    settings = ["--set", f"data.encoding={encoding}", "--set", f"data.delimiter={delimiter}"]
    asked = ["predict", "s.npz", "rows.csv", *settings, "--probabilities", "--out", name]
    written = []
    for options in (["--like-input"], [], ["--like-input"]):
        ended = command.mlptrain(*asked, *options, cwd=tmp_path)
        assert ended.code == 0, ended.err
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[2] != written[1]
    kept = command.mlptrain(*asked, "--like-input", "--keep", "ä", cwd=tmp_path)
    assert kept.code == 0
    refused = command.mlptrain(*asked, cwd=tmp_path)
    assert (refused.code, "has columns that this command does not write: 'ä'" in refused.err) == (2, True)


def test_an_empty_file_is_replaced_and_a_link_to_predictions_stays_a_link(folder):
    (folder / "p.csv").write_text("")
    (folder / "link.csv").symlink_to("p.csv")
    for _ in range(2):
        assert command.mlptrain("predict", "s.npz", "rows.csv", "--out", "link.csv", cwd=folder).code == 0
    assert (folder / "link.csv").is_symlink()
    assert (folder / "p.csv").read_text().startswith("y\n")


def test_a_packed_table_is_looked_into(folder):
    (folder / "p.csv.gz").write_bytes(gzip.compress(TABLE.encode()))
    before = command.files(folder)
    ended = command.mlptrain("predict", "s.npz", "rows.csv", "--out", "p.csv.gz", cwd=folder)
    assert (ended.code, command.files(folder)) == (2, before)


def test_held_out_predictions_replace_their_like_only(folder):
    asked = ["fit", "s.yaml", "-q", "--set", "data.split.folds=2", "--out", "m.npz", "--out-of-fold"]
    for name, content in (
        ("a.csv", "row,fold,x,z,y\n1,1,2,3,a\n"),
        ("b.csv", "y\na\n"),
        ("c.csv", "row,fold,v\n1,1,2\n"),
    ):
        (folder / name).write_text(content)
        ended = command.mlptrain(*asked, name, cwd=folder)
        assert (ended.code, (folder / name).read_text()) == (2, content)
        assert f"--out-of-fold {name}: exists and holds no out-of-fold predictions" in ended.err
    for _ in range(2):
        assert command.mlptrain(*asked, "o.csv.gz", cwd=folder).code == 0
    assert gzip.decompress((folder / "o.csv.gz").read_bytes()).startswith(b"row,fold,y,probability_a,probability_b\n")
