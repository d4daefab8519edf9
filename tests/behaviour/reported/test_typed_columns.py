"""A typed column is its type: how texts write numbers and dates never touches it; words of the spec match by value."""

import datetime as dt
import json

import pyarrow as pa
import pytest
from pyarrow import parquet

from mlptrain.data.column_rules import ColumnRules, FeatureRules
from mlptrain.data.feature_fitting import decide_column_kinds, fit_features
from mlptrain.data.frames import read_frame
from mlptrain.data.grammar import NumberGrammar
from mlptrain.data.number_reading import read_numbers
from mlptrain.data.table import Table, read_table
from mlptrain.data.table_format import TableFormat
from tests.support.command import mlptrain

GRAMMARS = [
    NumberGrammar(),
    NumberGrammar(","),
    NumberGrammar(",", "."),
    NumberGrammar(".", ","),
    NumberGrammar(",", " "),
]
VALUES = [1.125, 2.375, -3.5, 1234.5, 1e-7, 0.5]
COLUMNS = {
    "doubles": pa.array(VALUES),
    "few": pa.array([1.125, 2.375] * 3),
    "many": pa.array([k + 0.125 for k in range(1200)]),
    "floats": pa.array(VALUES, pa.float32()),
    "integers": pa.array([1, -2000, 3000, 4, 5, 6]),
    "large integers": pa.array([1, -2000, 3000, 4, 5, 2**53 + 1]),
    "decimals": pa.array(["1.125", "2.375", "-3.500", "1234.500"]).cast(pa.decimal128(9, 3)),
    "dictionary": pa.array(VALUES).dictionary_encode(),
    "missing": pa.array([1.125, None, 2.375]),
}


def layout(grammar: NumberGrammar, **more) -> TableFormat:
    return TableFormat(decimal=grammar.decimal, thousands=grammar.thousands, **more)


def stored(path, **columns) -> str:
    parquet.write_table(pa.table(columns), path / "t.parquet")
    return str(path / "t.parquet")


@pytest.mark.parametrize("grammar", GRAMMARS, ids=str)
@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_a_grammar_of_texts_does_not_touch_numbers(tmp_path, grammar, column):
    path = stored(tmp_path, x=column)
    expected = [float("nan") if value is None else float(value) for value in column.to_pylist()]
    for texts in ((), ("x",)):
        table = read_table(path, layout(grammar), texts=texts)
        assert read_numbers(table, "x", ()).tolist() == pytest.approx(expected, nan_ok=True)
        assert table.texts("x") == read_table(path, TableFormat()).texts("x")


@pytest.mark.parametrize("grammar", GRAMMARS, ids=str)
def test_texts_of_a_typed_file_are_still_texts(tmp_path, grammar):
    path = stored(tmp_path, x=pa.array([grammar.write("1.5"), grammar.write("2.5")]))
    assert read_numbers(read_table(path, layout(grammar)), "x", ()).tolist() == [1.5, 2.5]


def test_a_text_file_beside_a_typed_one_keeps_its_grammar(tmp_path):
    (tmp_path / "t.csv").write_text("x;y\n1,5;a\n")
    path = stored(tmp_path, x=pa.array([1.125, 1000.25]), y=["a", "b"])
    table = read_table([str(tmp_path / "t.csv"), path], layout(NumberGrammar(",", "."), delimiter=";"))
    assert read_numbers(table, "x", ()).tolist() == [1.5, 1.125, 1000.25]


MARKS = {
    "-999": (pa.array([-999.0, 1.5, 2.5]), [1.5, 2.5]),
    "-999.0": (pa.array([-999, 1, 2]), [1, 2]),
    "-999,5": (pa.array([-999.5, 1.5, 2.5]), [1.5, 2.5]),
    "-9.99e2": (pa.array([-999.0, 1.5, 2.5]), [1.5, 2.5]),
    " -999 ": (pa.array(["-999.00", "1.50", "2.50"]).cast(pa.decimal128(9, 2)), [1.5, 2.5]),
    "+7": (pa.array([7, 1, 2], pa.uint8()), [1, 2]),
}


@pytest.mark.parametrize(("mark", "column", "left"), [(mark, *case) for mark, case in MARKS.items()], ids=MARKS)
@pytest.mark.parametrize("kind", ["number", "category"])
def test_missing_values_match_by_value(tmp_path, mark, column, left, kind):
    table = read_table(
        stored(tmp_path, x=column), layout(NumberGrammar(",")), texts=["x"] if kind == "category" else []
    )
    rules = FeatureRules(columns={"x": ColumnRules(type=kind, missing_values=(mark,))})
    fitted = fit_features(table, decide_column_kinds(table, ["x"], rules), rules, targets=read_numbers(table, "x", ()))
    if kind == "number":
        assert sorted(fitted.columns[0].read(table)[1:].tolist()) == left
        assert fitted.columns[0].read(table)[0] != fitted.columns[0].read(table)[0]
    else:
        assert [float(level) for level in fitted.columns[0].levels if level] == left


@pytest.mark.parametrize(
    ("key", "column", "texts"),
    [
        ("-999.0", pa.array([-999, 1, 2]), ["", "1", "2"]),
        ("-999,0", pa.array([-999.0, 1.5]), ["", "1.5"]),
        ("1.125", pa.array([1.125, 1125.0]), ["1.125", ""]),  # a spec with marks of thousands means 1125
        (
            "1900-01-01",
            pa.array([dt.datetime(1900, 1, 1), dt.datetime(2020, 1, 1)]),
            ["", "2020-01-01 00:00:00.000000"],
        ),
        ("01.01.1900", pa.array([dt.date(1900, 1, 1), dt.date(2020, 1, 1)]), ["", "2020-01-01"]),
        ("True", pa.array([True, False]), ["", "false"]),
    ],
)
def test_replacements_match_by_value(tmp_path, key, column, texts):
    found = read_table(stored(tmp_path, x=column), layout(NumberGrammar(",", "."), replace={key: ""}))
    assert found.texts("x") == texts


@pytest.mark.parametrize("form", [None, "DD.MM.YYYY", "%m/%d/%y"])
def test_a_format_of_texts_does_not_touch_dates(tmp_path, form):
    days = [dt.date(2020, 1, 5), dt.date(2020, 2, 6), dt.date(2021, 3, 7)]
    table = read_table(stored(tmp_path, when=pa.array(days)), TableFormat(), texts=["when"])
    rules = FeatureRules(columns={"when": ColumnRules(type="date", format=form)})
    fitted = fit_features(table, decide_column_kinds(table, ["when"], rules), rules, targets=[[0.0]] * 3)
    epoch = dt.date(1970, 1, 1)
    assert fitted.columns[0].read(table).tolist() == [(day - epoch).days * 86400 for day in days]


TARGETS = {
    "price": pa.array([1.125 + k / 8 for k in range(24)]),
    "class": pa.array(["a", "b"] * 12),
    "flag": pa.array([True, False] * 12),
    "code": pa.array([1, 2] * 12),
}


@pytest.mark.parametrize("target", TARGETS)
def test_commands_see_the_same_in_a_typed_file_and_in_a_text(tmp_path, target):
    """Fitted on a text with decimal commas and points: eval and predict agree on both forms of the rows."""
    numbers = {"a": [1.125 + k / 8 for k in range(24)], "w": [1.5, 2.5] * 12, "y": TARGETS[target].to_pylist()}
    table = pa.table({**numbers, "y": TARGETS[target]})
    parquet.write_table(table, tmp_path / "t.parquet")
    rows = [[str(value).replace(".", ",") for value in row.values()] for row in table.to_pylist()]
    text = "\n".join(";".join(row) for row in [list(numbers), *rows]) + "\n"
    (tmp_path / "t.csv").write_text(text.replace("True", "true").replace("False", "false"))
    data = 'train: t.csv, target: y, delimiter: ";", decimal: ",", thousands: ".", sample_weight: w'
    (tmp_path / "s.yaml").write_text(f"data: {{{data}}}\nmodel: {{hidden: [2]}}\ntraining: {{epochs: 1}}\n")
    assert mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    both = [
        mlptrain("eval", "s.npz", name, "--json", "--bootstrap", 0, cwd=tmp_path) for name in ("t.csv", "t.parquet")
    ]
    assert [each.code for each in both] == [0, 0], both
    assert json.loads(both[0].out)["metrics"] == json.loads(both[1].out)["metrics"]
    answers = [mlptrain("predict", "s.npz", name, cwd=tmp_path) for name in ("t.csv", "t.parquet")]
    assert answers[0].out == answers[1].out


def kinds_of(table: Table) -> dict[str, str]:
    return {name: each.kind for name, each in decide_column_kinds(table, list(table.columns), FeatureRules()).items()}


@pytest.mark.parametrize("grammar", GRAMMARS, ids=str)
def test_kinds_do_not_depend_on_the_grammar_of_texts(tmp_path, grammar):
    path = stored(tmp_path, few=[1.125, 2.375] * 30, many=[k + 0.5 for k in range(60)], flag=[True, False] * 30)
    assert kinds_of(read_table(path, layout(grammar))) == {"few": "number", "many": "number", "flag": "boolean"}


DAY = dt.date(2020, 1, 5)
DATES = {
    "days": [DAY + dt.timedelta(days=k % 7) for k in range(60)],
    "days, each another": [DAY + dt.timedelta(days=k) for k in range(60)],
    "times": [dt.datetime(2020, 1, 5, k % 24, 30) for k in range(60)],
    "with gaps": [None if k % 3 else DAY + dt.timedelta(days=k) for k in range(60)],
    "one day": [DAY] * 60,
    "none": [None] * 60,
}


@pytest.mark.parametrize("days", DATES.values(), ids=DATES)
def test_a_typed_column_of_dates_is_the_same_in_every_typed_table(tmp_path, days):
    columns = {"x": [k * 0.5 for k in range(60)], "when": days}
    book = pytest.importorskip("openpyxl").Workbook()
    for row in [list(columns), *zip(*columns.values(), strict=True)]:
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    table = pa.table(columns)
    tables = {
        "frame": read_frame(table),
        "mapping": read_frame(columns),
        "Parquet": read_table(stored(tmp_path, **columns), TableFormat()),
        "workbook": read_table(str(tmp_path / "t.xlsx"), TableFormat()),
    }
    found = {name: decide_column_kinds(each, ["x", "when"], FeatureRules()) for name, each in tables.items()}
    said = {(each["when"].kind, each["when"].notice) for each in found.values()}
    assert said == {("date" if len({*days} - {None}) > 1 else "ignore", False)}


def test_texts_and_columns_with_other_values_are_no_typed_dates(tmp_path):
    texts = [str(day) for day in DATES["days"]]
    table = read_table(stored(tmp_path, when=texts), TableFormat())
    found = decide_column_kinds(table, ["when"], FeatureRules())["when"]
    assert (found.kind, found.notice) == ("ignore", True)
    book = pytest.importorskip("openpyxl").Workbook()
    for value in ["when", *DATES["days"], "open"]:
        book.active.append([value])
    book.save(tmp_path / "t.xlsx")
    table = read_table(str(tmp_path / "t.xlsx"), TableFormat())
    assert decide_column_kinds(table, ["when"], FeatureRules())["when"].notice
    rules = FeatureRules(missing_values=("open",))
    assert decide_column_kinds(table, ["when"], rules)["when"].kind == "date"
