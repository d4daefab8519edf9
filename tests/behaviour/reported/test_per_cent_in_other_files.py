"""Cells in per cent that would mean a hundred times as much as in training, or as little, are never so in silence."""

from warnings import catch_warnings, simplefilter

import pytest

import mlptrain as mlptrain_package
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
    (path / "shares.csv").write_text("\n".join(["share,y", *(f"{share},{label}" for share, label in ROWS), ""]))
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
SHARE = 'column "share": numbers up to 0.1 are read as they are; if 0.1 means 10 %, which training read as 10, give 10'
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
    ("sign", "plain.csv", (), ""),
    ("sign", "shares.csv", (), SHARE),
    ("book_sign", "shares.csv", (), SHARE),
    ("plain", "shares.csv", (), ""),
]


@pytest.mark.parametrize("command", ["predict", "eval", "explain"])
@pytest.mark.parametrize(("model", "data", "options", "said"), CASES)
def test_another_reading_of_per_cent_than_in_training_is_said(folder, command, model, data, options, said):
    ended = mlptrain(command, f"{model}.npz", data, *options, cwd=folder)
    assert ended.code == 0, ended.err
    assert [note for note in (FRACTION, CELLS, SHARE) if note in ended.err] == [said] * bool(said)
    if said == FRACTION:
        assert ("its cells of a workbook" in ended.err) == (model == "book")


@pytest.mark.parametrize("command", ["fit", "check"])
@pytest.mark.parametrize(
    ("model", "data", "said"), [(model, data, said) for model, data, given, said in CASES if not given]
)
def test_another_reading_of_a_validation_file_is_said(folder, command, model, data, said):
    ended = mlptrain(command, f"{model}.yaml", "--set", f"data.split.validation={data}", "--set", "seed=2", cwd=folder)
    assert ended.code == 0, ended.err
    assert [note for note in (CELLS, SHARE) if f"note: {data}: {note}" in ended.err] == [said] * bool(said)
    assert ('set data.units: ["%"], which reads both so' in ended.err) == (said == CELLS)


@pytest.mark.parametrize("name", ["book", "book_sign", "plain", "sign"])
@pytest.mark.parametrize("factor", [1, 100])
def test_numbers_in_memory_that_may_be_shares_are_said(folder, name, factor):
    model = mlptrain_package.load(folder / f"{name}.npz")
    data = {"share": [factor * share for share in SHARES], "y": [label for _, label in ROWS]}
    for ask in (model.predict, model.predict_proba, model.evaluate, model.explain):
        with catch_warnings(record=True) as said:
            simplefilter("always")
            ask(data)
        assert (SHARE in [str(each.message) for each in said]) == (factor == 1 and name in ("sign", "book_sign"))
