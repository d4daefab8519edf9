"""A workbook with cells in per cent and the text saved from it mean the same where `units` drops the sign."""

import pytest

from mlptrain.commands.predict import Prediction
from mlptrain.data.column_rules import ColumnRules, FeatureRules
from mlptrain.data.feature_fitting import decide_column_kinds
from mlptrain.data.number_reading import read_numbers
from mlptrain.data.table import read_table
from mlptrain.data.table_format import TableFormat
from mlptrain.model.answers import AnswerOptions
from tests.support.flows import fit_mixed

openpyxl = pytest.importorskip("openpyxl")

pytestmark = pytest.mark.integration

FRACTIONS = [0.025, 0, 0.07, 0.1, -0.29, 1.1, 0.575]
SHOWN = [2.5, 0, 7, 10, -29, 110, 57.5]
FORMATS = ["0%", "0.00%", "0.0%", "0.0 %;[Red]-0.0 %", '#,##0.0 "p. a." %']
PLAIN = ["General", "0.000", '0.000"%"', r"0.000\%", "#,##0.00 [$€-407]"]


def save(path, values, form, **others):
    """A workbook with a column whose cells have a number format, beside others."""
    book = openpyxl.Workbook()
    columns = {"share": values, **others}
    for row in [list(columns), *zip(*columns.values(), strict=True)]:
        book.active.append(row)
    for (cell,) in book.active.iter_rows(min_row=2, max_col=1):
        cell.number_format = form
    book.save(path)
    return str(path)


def read(path, *units):
    return read_table(path, TableFormat(units=units))


@pytest.mark.parametrize("form", FORMATS)
def test_with_the_sign_among_the_units_a_cell_is_what_its_text_is(tmp_path, form):
    path = save(tmp_path / "t.xlsx", FRACTIONS, form)
    (tmp_path / "t.csv").write_text("share\n" + "".join(f"{number} %\n" for number in SHOWN))
    tables = [read(path, "%"), read(str(tmp_path / "t.csv"), "%")]
    assert [read_numbers(table, "share", ()).tolist() for table in tables] == [SHOWN, SHOWN]
    assert not decide_column_kinds(tables[0], ["share"], FeatureRules())["share"].notice


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("units", [(), ("€",)], ids=["no units", "another unit"])
def test_without_it_the_cells_are_fractions_and_a_notice_says_so(tmp_path, form, units):
    table = read(save(tmp_path / "t.xlsx", FRACTIONS, form), *units)
    assert read_numbers(table, "share", ()).tolist() == FRACTIONS
    for rules in (FeatureRules(), FeatureRules(columns={"share": ColumnRules(type="number")})):
        found = decide_column_kinds(table, ["share"], rules)["share"]
        assert (found.kind, found.notice) == ("number", True)
        assert found.note.startswith("cells shown in per cent are read as fractions: 2.5% is 0.025")


@pytest.mark.parametrize("form", PLAIN)
def test_a_cell_that_is_not_shown_in_per_cent_is_its_value(tmp_path, form):
    path = save(tmp_path / "t.xlsx", FRACTIONS, form)
    for units in ((), ("%",)):
        table = read(path, *units)
        assert read_numbers(table, "share", ()).tolist() == FRACTIONS
        assert not decide_column_kinds(table, ["share"], FeatureRules())["share"].notice


def test_each_cell_has_its_own_format_also_among_texts(tmp_path):
    path = save(tmp_path / "t.xlsx", [0.025, "2.5 %", None, "k.A."], "0.0%", plain=[0.025, 1, 2, 3])
    table = read(path, "%")
    assert table.texts("share") == ["2.5", "2.5 %", "", "k.A."]
    assert read_numbers(table, "plain", ()).tolist() == [0.025, 1, 2, 3]


def test_a_kept_cell_is_shown_in_per_cent_again(tmp_path):
    model = fit_mixed(tmp_path, "training.epochs=1", data={"units": ["%"]}).model
    count = len(FRACTIONS)
    features = {"size": [1.5] * count, "colour": ["red"] * count, "fresh": ["yes"] * count}
    path = save(tmp_path / "t.xlsx", FRACTIONS, "0.0%", **features)
    Prediction(model, path, AnswerOptions(keep=["share"])).publish(tmp_path / "out.xlsx")
    cells = [row[0] for row in openpyxl.load_workbook(tmp_path / "out.xlsx").active.iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == FRACTIONS
    assert {cell.number_format for cell in cells} == {"0.00%"}
