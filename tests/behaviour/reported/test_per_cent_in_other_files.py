"""Cells in per cent that would mean a hundred times as much as in training, or as little, are never so in silence."""

import pytest

from tests.support.catalogue import MODEL, TRAINING
from tests.support.command import mlptrain

pytestmark = pytest.mark.integration
SHARES = [(k * 37 % 101) / 1000 for k in range(60)]
ROWS = [(share, "pq"[share > 0.05]) for share in SHARES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Models of a workbook whose cells are shown in per cent and of the numbers in a text, and both with the sign."""
    openpyxl = pytest.importorskip("openpyxl", reason="pip install -e '.[integration]'")
    path, book = tmp_path_factory.mktemp("percent"), openpyxl.Workbook()
    for row in [("share", "y"), *ROWS]:
        book.active.append(row)
    for (cell,) in book.active.iter_rows(min_row=2, max_col=1):
        cell.number_format = "0.0 %"
    book.save(path / "book.xlsx")
    for name, end in (("plain", ""), ("sign", " %")):
        lines = ["share,y", *(f"{share * 100:.1f}{end},{label}" for share, label in ROWS), ""]
        (path / f"{name}.csv").write_text("\n".join(lines), encoding="utf-8")
    for name, train, said in (
        ("book", "book.xlsx", ""),
        ("book_sign", "book.xlsx", ", units: ['%']"),
        ("plain", "plain.csv", ""),
        ("sign", "sign.csv", ", units: ['%']"),
    ):
        text = f"data: {{train: {train}, target: y{said}}}\nmodel: {{{MODEL}}}\ntraining: {{{TRAINING}}}\n"
        (path / f"{name}.yaml").write_text(text, encoding="utf-8")
        assert mlptrain("fit", f"{name}.yaml", "-q", cwd=path).code == 0
    return path


SIGN = ("--set", 'data.units=["%"]')
FRACTION = "data.units: cells such as"
CELLS = 'column "share": cells shown in per cent are read as fractions'
CASES = [
    ("book", "book.xlsx", (), ""),
    ("book", "sign.csv", SIGN, FRACTION),
    ("book", "book.xlsx", SIGN, FRACTION),
    ("book_sign", "sign.csv", (), ""),
    ("book_sign", "book.xlsx", (), ""),
    ("plain", "plain.csv", (), ""),
    ("plain", "book.xlsx", (), CELLS),
    ("plain", "sign.csv", SIGN, FRACTION),
    ("sign", "book.xlsx", (), ""),
    ("sign", "sign.csv", (), ""),
]


@pytest.mark.parametrize("command", ["predict", "eval"])
@pytest.mark.parametrize(("model", "data", "options", "said"), CASES)
def test_another_reading_of_per_cent_than_in_training_is_said(folder, command, model, data, options, said):
    ended = mlptrain(command, f"{model}.npz", data, *options, cwd=folder)
    assert ended.code == 0, ended.err
    assert [note for note in (FRACTION, CELLS) if note in ended.err] == [said] * bool(said)
    if said == FRACTION:
        assert ("its cells of a workbook" in ended.err) == (model == "book")
