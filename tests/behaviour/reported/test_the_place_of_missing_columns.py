"""A message about missing columns names the line, or the sheet, where the names of the columns stand."""

import pytest

from tests.support.command import mlptrain

ROWS = [(k * 37 % 11 + 0.5, "ab"[k % 2], ("ja", "nein")[k * 7 % 3 > 0]) for k in range(40)]
NAMES = ("size", "town", "label")
SPEC = "data: {{train: {}, target: label, {}}}\nmodel: {{hidden: []}}\ntraining: {{epochs: 1, batch_size: full}}\n"


def write_text(path, *, above=0, names=NAMES):
    rows = [names, *(row[: len(names)] for row in ROWS)]
    lines = ["A report"] * above + [",".join(map(str, row)) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("above", [0, 1, 3])
def test_the_line_of_the_names(above, tmp_path):
    write_text(tmp_path / "t.csv", above=above)
    write_text(tmp_path / "o.csv", above=above, names=("size", "place", "label"))
    (tmp_path / "s.yaml").write_text(SPEC.format("t.csv", f"skip_rows: {above}"))
    assert mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    two = SPEC.format("'[to].csv'", f"skip_rows: {above}")
    (tmp_path / "two.yaml").write_text(two)
    for command, file, name in (
        (["init", "t.csv", "--target", "laebl", "--out", "i.yaml"], "t.csv", "laebl"),
        (["predict", "s.npz", "o.csv"], "o.csv", "town"),
        (["eval", "s.npz", "o.csv"], "o.csv", "town"),
        (["check", "s.yaml", "--set", "data.target=Label"], "t.csv", "Label"),
        (["check", "s.yaml", "--set", "data.columns.twon=number"], "t.csv", "twon"),
        (["check", "two.yaml"], "t.csv", "place"),
    ):
        ended = mlptrain(*command, cwd=tmp_path)
        assert ended.code == 3
        assert f"{file}:{above + 1}: column {name!r} is missing" in ended.err, command


@pytest.mark.parametrize("sheet", [None, "Data"])
def test_the_sheet_of_several(sheet, tmp_path):
    book = pytest.importorskip("openpyxl").Workbook()
    book.active.title = "Data"
    for row in (NAMES, *ROWS):
        book.active.append(row)
    book.create_sheet("Notes").append(["nothing"])
    book.save(tmp_path / "t.xlsx")
    write_text(tmp_path / "t.csv", names=NAMES)
    text = (tmp_path / "t.csv").read_text().replace("town", "place")
    (tmp_path / "t.csv").write_text(text)
    said = f"sheet: {sheet}" if sheet else "seed: 1"
    (tmp_path / "s.yaml").write_text(SPEC.format("t.csv", "skip_rows: 0"))
    assert mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    (tmp_path / "x.yaml").write_text(SPEC.format("t.xlsx", said if sheet else "skip_rows: 0"))
    own = ["--set", f"data.sheet={sheet}"] if sheet else []
    for command in (
        ["predict", "s.npz", "t.xlsx", *own],
        ["eval", "s.npz", "t.xlsx", *own],
        ["check", "x.yaml", "--set", "data.target=place"],
        ["fit", "x.yaml", "--set", "data.columns.place=number"],
        ["init", "t.xlsx", "--target", "place", "--out", "i.yaml", *(["--sheet", sheet] if sheet else [])],
    ):
        ended = mlptrain(*command, cwd=tmp_path)
        assert ended.code == 3
        assert "t.xlsx: column 'place' is missing" in ended.err
        assert "the sheet 'Data' is read, not 'Notes'" in ended.err, command
