"""What once gave wrong numbers, or lost a file, without a word."""

import pytest

import mlptrain
from mlptrain.commands.init import make_starter_spec
from mlptrain.data.delimited import Reader
from mlptrain.data.frames import read_columns
from mlptrain.data.grammar import NumberGrammar
from mlptrain.data.number_reading import read_booleans, read_numbers
from mlptrain.data.table import gather_readers_into_table
from mlptrain.data.table_format import TableFormat
from mlptrain.errors import DataError, SpecError
from mlptrain.spec.file import load_spec
from tests.support.flows import fit, predict

ROWS = 40


def written(folder, columns, spec, *, header=True, name="d.csv"):
    lines = [",".join(columns)] if header else []
    lines += [",".join(cells) for cells in zip(*columns.values(), strict=True)]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    path = folder / "s.yaml"
    path.write_text(spec + "model: {hidden: [2]}\ntraining: {epochs: 1}\n", encoding="utf-8")
    return str(path)


def fitted(folder, columns, spec, **more):
    header = more.pop("header", True)
    return fit(written(folder, columns, spec, header=header), out=folder / "m.npz", **more)


@pytest.mark.parametrize(
    ("text", "grammar", "number"),
    [
        ("1,234", NumberGrammar(".", ","), 1234.0),
        ("-1,234,567.5", NumberGrammar(".", ","), -1234567.5),
        ("1234", NumberGrammar(".", ","), 1234.0),
        ("12,5", NumberGrammar(".", ","), None),
        ("1,2,3", NumberGrammar(".", ","), None),
        ("0,123", NumberGrammar(".", ","), None),
        ("1,234,56", NumberGrammar(".", ","), None),
        ("1.234,56", NumberGrammar(",", "."), 1234.56),
        ("12.5", NumberGrammar(",", "."), None),
        ("08.10.2023", NumberGrammar(",", "."), None),
        ("1.2.3.4", NumberGrammar(",", "."), None),
    ],
)
def test_marks_of_thousands_stand_between_groups_of_three_digits(text, grammar, number):
    found = grammar.parse([text])
    assert (None if found is None else found.tolist()) == (None if number is None else [number])
    assert grammar.reads(text) is (number is not None)


def test_one_column_of_three_decimals_makes_no_marks_of_thousands_of_decimal_commas(tmp_path):
    rows = "".join(f"{k % 9 + 1},5;0,{121 + k};{'uv'[k % 2]}\n" for k in range(ROWS))
    (tmp_path / "d.csv").write_text(f"hours;rate;y\n{rows}")
    text = make_starter_spec(str(tmp_path / "d.csv"), "y", folder=tmp_path).text
    assert 'decimal: ","' in text
    assert "thousands" not in text
    assert "from 1.5 to 9.5" in text


XY = {"x": [f"{k}.5" for k in range(ROWS)], "y": [("a", "b")[k % 2] for k in range(ROWS)]}


@pytest.mark.parametrize("name", ["d.csv", "s.yaml", "notes.txt"])
def test_out_of_fold_predictions_replace_nothing_but_their_like(tmp_path, name):
    spec = "data: {train: d.csv, target: y, split: {folds: 2}}\n"
    path = written(tmp_path, XY, spec)
    (tmp_path / "notes.txt").write_text("mine")
    before = (tmp_path / name).read_bytes()
    said = {"d.csv": "this is the training file", "s.yaml": "this is the spec"}
    with pytest.raises(SpecError, match=said.get(name, "holds no out-of-fold predictions")):
        fit(path, out=tmp_path / "m.npz", out_of_fold=tmp_path / name)
    assert (tmp_path / name).read_bytes() == before
    for _ in range(2):
        fit(path, out=tmp_path / "m.npz", out_of_fold=tmp_path / "held.csv")


def test_out_of_fold_rows_have_the_numbers_of_the_file(tmp_path):
    columns = XY | {"y": ["" if k in (0, 7) else cell for k, cell in enumerate(XY["y"])]}
    spec = "data: {train: d.csv, target: y, missing_target: drop, split: {folds: 2}}\n"
    fitted(tmp_path, columns, spec, out_of_fold=tmp_path / "held.csv")
    numbers_of_rows = [line.split(",")[0] for line in (tmp_path / "held.csv").read_text().splitlines()[1:]]
    assert numbers_of_rows == [str(k + 1) for k in range(ROWS) if k not in (0, 7)]


def test_a_targets_own_marks_mean_that_it_is_missing(tmp_path):
    columns = {"x": XY["x"], "price": ["-999" if k % 8 == 0 else f"{k}.25" for k in range(ROWS)]}
    spec = "data: {train: d.csv, target: price, columns: {price: {missing_values: ['-999']}}}\n"
    with pytest.raises(DataError, match="the target is missing in 5 rows"):
        fitted(tmp_path, columns, spec)
    said = []
    fit(str(tmp_path / "s.yaml"), out=tmp_path / "m.npz", overrides=["data.missing_target=drop"], notice=said.append)
    assert "5 rows without a target left out (data.missing_target: drop)" in said


def test_without_a_header_the_columns_must_be_those_of_training(tmp_path):
    columns = {"t": XY["y"], "x": XY["x"], "z": [f"{k * k % 7}.5" for k in range(ROWS)], "c": ["7"] * ROWS}
    model = fitted(tmp_path, columns, "data: {train: d.csv, target: column_1, header: false}\n", header=False).model
    assert len(predict(model, str(tmp_path / "d.csv"))["column_1"]) == ROWS
    lines = (tmp_path / "d.csv").read_text().splitlines()
    (tmp_path / "short.csv").write_text("\n".join(line.partition(",")[2] for line in lines) + "\n")
    with pytest.raises(DataError, match="3 columns, 4 in training; without a header"):
        predict(model, str(tmp_path / "short.csv"))


def test_levels_that_no_cell_has_are_named(tmp_path):
    columns = XY | {"size": [("small", "large")[k % 3 == 0] for k in range(ROWS)]}
    spec = "data: {train: d.csv, target: y, columns: {size: {encoding: ordinal, levels: [Small, Large]}}}\n"
    with pytest.raises(DataError, match="none of its declared levels occurs; the cells are 'large', 'small'"):
        fitted(tmp_path, columns, spec)


def test_a_scaling_of_what_is_no_number_is_refused(tmp_path):
    columns = XY | {"c": [("red", "blue")[k % 3 == 0] for k in range(ROWS)]}
    with pytest.raises(SpecError, match=r"data\.columns\.c\.scaling: 'c' is no column of numbers \(category\)"):
        fitted(tmp_path, columns, "data: {train: d.csv, target: y, columns: {c: {scaling: robust}}}\n")


def test_a_file_named_twice_is_refused(tmp_path):
    with pytest.raises(SpecError, match="a file is named twice"):
        load_spec(written(tmp_path, XY, "data: {train: [d.csv, d.csv], target: y}\n"))


def test_truth_values_may_be_written_as_numbers_with_a_point():
    table = read_columns({"x": ["1.0", "0.0", "1", "NA", "true"]})
    assert read_booleans(table, "x", ()).tolist()[:3] == [1.0, 0.0, 1.0]
    assert str(read_booleans(table, "x", ())[3]) == "nan"


def test_labels_that_differ_by_case_alone_are_noticed(tmp_path):
    said = []
    columns = XY | {"y": [("yes", "no", "Yes", "no")[k % 4] for k in range(ROWS)]}
    fitted(tmp_path, columns, "data: {train: d.csv, target: y}\n", notice=said.append)
    assert any("'Yes' and 'yes' are two classes" in message for message in said)


def test_a_value_in_place_of_a_column_is_named(tmp_path):
    model = mlptrain.load(fitted(tmp_path, XY, "data: {train: d.csv, target: y}\n").model)
    with pytest.raises(DataError, match="give a list of values"):
        model.predict({"x": 0.5, "z": [1.0, 2.0]})


def test_numbers_with_marks_are_read_alike_from_large_files(tmp_path):
    import io

    layout = TableFormat(delimiter=";", decimal=",", thousands=".")
    text = "x;y\n" + "".join(f"{k // 1000 + 1}.{k % 1000:03},25;a\n" for k in range(3000))
    source = Reader(lambda: io.BytesIO(text.encode()), "d.csv", layout)
    table = gather_readers_into_table([source], layout, ())
    assert read_numbers(table, "x", ()).tolist() == [(k // 1000 + 1) * 1000 + k % 1000 + 0.25 for k in range(3000)]
