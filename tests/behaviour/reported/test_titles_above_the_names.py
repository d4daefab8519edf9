"""Titles above the names are found however many they are and however they are filled up, by init, predict and eval."""

import re

import pytest

from mlptrain.commands.starter_format import OPTIONS
from mlptrain.spec.file import load_spec
from tests.support.command import mlptrain

NAMES = ["a", "b", "c", "y"]
ROWS = [[f"{k}{{}}5", str(3 * k), "uvw"[k % 3], "pq"[k % 2]] for k in range(1, 25)]
TITLES = {
    "one": [["Report A"]],
    "two": [["Report A"], ["Made in May"]],
    "five": [["Report A"], ["Made in May"], ["of ours"], ["2024"], ["all"]],
    "two and an empty line": [["Report A"], ["Made in May"], []],
    "an empty line between": [["Report A"], [], ["Made in May"]],
    "of two cells": [["Report A"], ["as of", "2024"], []],
    "of two cells alone": [["as of", "2024"], ["by", "me"]],
}
FILLED = {"bare": lambda row: row, "padded": lambda row: row + [""] * (4 - len(row))}
WAYS = {"semicolons": (";", ","), "commas": (",", "."), "tabs": ("\t", ".")}


def write(path, titles, fill, delimiter, point, encoding="utf-8"):
    rows = [[cell.format(point) for cell in row] for row in [NAMES, *ROWS]]
    text = "".join(delimiter.join(row) + "\n" for row in [*map(fill, titles), *rows])
    path.write_bytes(text.encode(encoding))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model of the plain file, what it predicts and how it is measured."""
    path = tmp_path_factory.mktemp("titles")
    write(path / "plain.csv", [], FILLED["bare"], ",", ".")
    (path / "m.yaml").write_text("data: {train: plain.csv, target: y}\nmodel: {hidden: []}\ntraining: {epochs: 1}\n")
    assert mlptrain("fit", "m.yaml", "-q", cwd=path).code == 0
    return path


@pytest.mark.parametrize("fill", FILLED)
@pytest.mark.parametrize("titles", TITLES)
@pytest.mark.parametrize("way", WAYS)
def test_titles_are_no_part_of_the_table(folder, way, titles, fill):
    write(folder / "titled.csv", TITLES[titles], FILLED[fill], *WAYS[way])
    (folder / "s.yaml").unlink(missing_ok=True)
    ended = mlptrain("init", "titled.csv", "--target", "y", "--out", "s.yaml", cwd=folder)
    assert ended.code == 0, ended.err
    assert load_spec(str(folder / "s.yaml"))[0].data.skip_rows == len(TITLES[titles])
    for command in ("predict", "eval"):
        expected = mlptrain(command, "m.npz", "plain.csv", cwd=folder).out
        ended = mlptrain(command, "m.npz", "titled.csv", cwd=folder)
        assert ended.code == 0, ended.err
        assert ended.out == expected[expected.index("\n") + 1 if command == "eval" else 0 :]
        assert f"skip_rows: {len(TITLES[titles])}" in ended.err


@pytest.mark.parametrize("titles", TITLES)
def test_titles_hide_neither_the_encoding_nor_the_delimiter(folder, titles):
    lines = [*TITLES[titles][:-1], ["für Köln"], *TITLES[titles][-1:]]
    write(folder / "titled.csv", lines, FILLED["padded"], ";", ",", "cp1252")
    ended = mlptrain("predict", "m.npz", "titled.csv", cwd=folder)
    assert ended.code == 0, ended.err
    assert f'delimiter: ";", encoding: "cp1252", skip_rows: {len(lines)}' in ended.err


def test_known_names_are_found_below_any_titles(folder):
    text = "Report A;;;;;\nMade in May\nas of;2024;;\na;c;b\n1,5;u;3\n"
    (folder / "titled.csv").write_text(text)
    ended = mlptrain("predict", "m.npz", "titled.csv", cwd=folder)
    assert (ended.code, ended.out.count("\n")) == (0, 2), ended.err
    assert "skip_rows: 3" in ended.err


NO_TITLES = {
    "a name is missing": "a;;c;y\n",
    "a row with one cell": "a;b;c;y\n1;;;\n",
    "a name that stands in a row": "a;b;c;y\ny;y;y;p\n",
}


@pytest.mark.parametrize("top", NO_TITLES.values(), ids=NO_TITLES)
def test_what_may_be_names_or_rows_is_no_title(tmp_path, top):
    (tmp_path / "t.csv").write_text(top + "".join(f"{k};{k * 3};u;{'pq'[k % 2]}\n" for k in range(1, 25)))
    ended = mlptrain("init", "t.csv", "--target", "y", "--out", "s.yaml", cwd=tmp_path)
    assert "above the names" not in ended.err
    assert (ended.code == 3) == (top == NO_TITLES["a name is missing"])


UNREADABLE = {
    "title": (b"Report A,,\nof May,x\na,,y\n1,2,p\n2,3,q\n", ()),
    "encoding": (b"a,y\n\xff,p\n1,q\n", ("--encoding", "utf-16")),
    "two names": (b"a,a,y\n1,2,p\n2,3,q\n", ()),
    "sums of words": (b"T\na,b\na,b,c,y\n1,2,3,4\n", ("--skip-rows", "1")),
}


@pytest.mark.parametrize(("content", "options"), UNREADABLE.values(), ids=UNREADABLE)
def test_init_proposes_its_own_options(tmp_path, content, options):
    (tmp_path / "t.csv").write_bytes(content)
    ended = mlptrain("init", "t.csv", "--target", "y", "--out", "s.yaml", *options, cwd=tmp_path)
    assert (ended.code, list(tmp_path.iterdir())) == (3, [tmp_path / "t.csv"])
    assert not re.search(rf"data\.({'|'.join(OPTIONS)})", ended.err)
