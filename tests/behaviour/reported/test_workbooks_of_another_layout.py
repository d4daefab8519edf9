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


@pytest.mark.parametrize("settings", ["", ', decimal: ",", thousands: "."'])
def test_only_the_layout_of_a_workbook_is_looked_for(tmp_path, settings):
    """Its numbers know that they are numbers: how a text writes them is nothing to be found out of them."""
    lines = ["x;c;y", *(f"{str(x).replace('.', ',') if settings else x};{c};{y}" for x, c, y in ROWS), ""]
    (tmp_path / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    said = f'data: {{train: t.csv, target: y, delimiter: ";"{settings}}}\nmodel: {{hidden: [2]}}\n'
    (tmp_path / "m.yaml").write_text(f"{said}training: {{epochs: 1}}\n", encoding="utf-8")
    assert mlptrain("fit", "m.yaml", "-q", cwd=tmp_path).code == 0
    write_workbook(tmp_path / "t.xlsx", before=TITLE)
    found = mlptrain("predict", "m.npz", "t.xlsx", cwd=tmp_path)
    assert found.out == mlptrain("predict", "m.npz", "t.csv", cwd=tmp_path).out
    assert found.err == "note: t.xlsx: not written as the training file; read with skip_rows: 2\n"


def test_texts_of_a_workbook_are_never_read_in_another_way_than_the_model_has(tmp_path, folder):
    book = openpyxl.Workbook()
    for row in (*TITLE, ("x", "c", "y"), *((f"{x:.2f}".replace(".", ","), c, y) for x, c, y in ROWS)):
        book.active.append(row)
    book.save(folder / "texts.xlsx")
    ended = mlptrain("predict", "0.npz", "texts.xlsx", cwd=folder)
    assert (ended.code, ended.out) == (3, "")
    assert "is not a number" in ended.err
