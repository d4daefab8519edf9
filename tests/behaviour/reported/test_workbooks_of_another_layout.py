"""A model of one workbook predicts the same rows in workbooks laid out otherwise, and says how they are read."""

import pytest

from tests.support.command import mlptrain

openpyxl = pytest.importorskip("openpyxl")

ROWS = [(k * 37 % 11 + 0.5, "ab"[k % 2], ("ja", "nein")[k * 7 % 3 > 0]) for k in range(60)]
TITLE, SUMS = (("Bericht 2024",), ()), (("Summe", None, None),)
LAYOUTS = {
    "plain": {},
    "a title": {"before": TITLE},
    "sums": {"after": SUMS},
    "another sheet": {"sheet": "Daten", "first": "Info"},
    "all of them": {"before": TITLE, "after": SUMS, "sheet": "Daten", "first": "Info"},
}
HOW_IT_IS_READ = ("not written as the training file; read with", "its only sheet is read")


def write_workbook(path, *, before=(), after=(), sheet="Tabelle1", first=None):
    book = openpyxl.Workbook()
    page = book.active
    page.title = first or sheet
    if first:
        page.append(["nur Text"])
        page = book.create_sheet(sheet)
    for row in (*before, ("x", "c", "y"), *ROWS, *after):
        page.append(row)
    book.save(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a workbook of each layout, and a model of each as `init` and `fit` make it."""
    path = tmp_path_factory.mktemp("workbooks")
    for number, layout in enumerate(LAYOUTS.values()):
        write_workbook(path / f"{number}.xlsx", **layout)
        assert mlptrain("init", f"{number}.xlsx", "--target", "y", "--out", f"{number}.yaml", cwd=path).code == 0
        assert mlptrain("fit", f"{number}.yaml", "-q", "--set", "training.epochs=1", cwd=path).code == 0
    return path


@pytest.mark.parametrize("other", range(len(LAYOUTS)), ids=LAYOUTS)
@pytest.mark.parametrize("own", range(len(LAYOUTS)), ids=LAYOUTS)
def test_every_layout_gives_the_same_predictions(folder, own, other):
    expected = mlptrain("predict", f"{own}.npz", f"{own}.xlsx", cwd=folder).out
    found = mlptrain("predict", f"{own}.npz", f"{other}.xlsx", cwd=folder)
    assert found.out == expected
    assert expected.count("\n") == len(ROWS) + 1
    measured = mlptrain("eval", f"{own}.npz", f"{other}.xlsx", cwd=folder)
    assert measured.code == 0
    assert f"{len(ROWS)} rows" in measured.out
    for said in (found.err, measured.err):
        assert sum(said.count(each) for each in HOW_IT_IS_READ) == (own != other), said


def test_what_the_user_says_of_the_layout_stands(folder):
    ended = mlptrain("predict", "0.npz", "4.xlsx", "--set", "data.sheet=Info", cwd=folder)
    assert ended.code == 3
    assert "columns 'x', 'c' are missing; the columns are 'nur Text'" in ended.err
