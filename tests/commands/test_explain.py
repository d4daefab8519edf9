"""`explain`: a file in, what the model looks at out; what cannot be is refused, and nothing is written then."""

import csv
import json

import pytest

from mlptrain.data.table import read_table
from mlptrain.data.table_format import TableFormat
from tests.support.command import IRIS, files, mlptrain, write_iris
from tests.support.flows import csv_text, fit_mixed, mixed_rows
from tests.support.images import HEIGHT, WIDTH, fit_images


@pytest.fixture(scope="module")
def iris(tmp_path_factory):
    folder = tmp_path_factory.mktemp("iris")
    write_iris(folder)
    assert mlptrain("fit", "iris.yaml", "-q", cwd=folder).code == 0
    return folder


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed")
    fit_mixed(folder)
    return folder


def explain(folder, *arguments):
    return mlptrain("explain", *arguments, cwd=folder)


def test_the_document(iris):
    ended = explain(iris, "iris.npz", IRIS, "--json", "--repeats", "3")
    found = json.loads(ended.out)
    assert found.keys() == {
        *("method", "metric", "larger_is_better", "score", "rows", "rows_given", "repeats", "repeats_asked"),
        *("columns", "groups", "seen"),
    }
    assert (found["method"], found["metric"], found["rows"], found["repeats"]) == ("permutation", "log_loss", 150, 3)
    numbers = {"importance", "interval", "above_zero"}
    assert all(
        each.keys() == {"column", *numbers, "partner", "association", "stands_in_for"} for each in found["columns"]
    )
    assert all(each.keys() == {"columns", *numbers} for each in found["groups"])
    worth = [each["importance"] for each in found["columns"]]
    assert worth == sorted(worth, reverse=True)
    assert found["groups"][0]["columns"][:2] == ["petal_length", "petal_width"]


def test_the_model_may_be_left_out(iris):
    named, bare = (explain(iris, *model, IRIS, "--json") for model in (["iris.npz"], []))
    assert named.out == bare.out
    assert "the newest model file" in bare.err


TESTS = {
    "a share": {"split": {"test": 0.3}},
    "a file": {"test": "some.csv"},
    "none": {},
}


@pytest.mark.parametrize("data", TESTS.values(), ids=TESTS)
def test_without_data_it_is_the_test_part(tmp_path, data):
    write_iris(tmp_path, data={"train": "iris.csv", "target": "species"} | data)
    (tmp_path / "some.csv").write_text("\n".join(IRIS.read_text().splitlines()[::3]), encoding="utf-8")
    assert mlptrain("fit", "iris.yaml", "-q", cwd=tmp_path).code == 0
    ended = explain(tmp_path, "--repeats", "3", "--json")
    if not data:
        assert (ended.code, "the spec names no test part" in ended.err) == (2, True)
        return
    found = json.loads(ended.out)
    assert (found["rows"], found["seen"]) == (45 if "split" in data else 50, None)


def test_of_the_training_file_it_says_so(iris):
    ended = explain(iris, "iris.npz", "iris.csv", "--repeats", "3")
    assert "iris.csv is the training file: this shows what the model has memorised" in " ".join(ended.out.split())
    (iris / "other.csv").write_text("\n".join(IRIS.read_text().splitlines()[:90]), encoding="utf-8")
    assert "training file" not in explain(iris, "iris.npz", "other.csv", "--repeats", "3").out


@pytest.mark.parametrize("name", ["out.csv", "out.tsv", "out.csv.gz"])
def test_out_writes_the_table_in_place_of_showing_it(iris, tmp_path, name):
    out = tmp_path / name
    ended = explain(iris, "iris.npz", IRIS, "--out", out, "--repeats", "3")
    assert (ended.code, ended.out) == (0, "")
    table = read_table([str(out)], TableFormat())
    shown = json.loads(explain(iris, "iris.npz", IRIS, "--json", "--repeats", "3").out)
    names = [each["column"] for each in shown["columns"]] + ["+".join(each["columns"]) for each in shown["groups"]]
    assert [table.column("column").text(row) for row in range(table.rows)] == names
    worth = [float(table.column("importance").text(row)) for row in range(table.rows)]
    assert worth == [each["importance"] for each in (*shown["columns"], *shown["groups"])]


def test_effects_need_no_target(mixed, tmp_path):
    rows = [{name: cell for name, cell in row.items() if name != "label"} for row in mixed_rows()]
    (tmp_path / "some.csv").write_text(csv_text(rows), encoding="utf-8")
    ended = explain(mixed, "mixed.npz", tmp_path / "some.csv", "--method", "effects", "--class", "cheap", "--json")
    found = json.loads(ended.out)
    assert (found["method"], found["outputs"], found["rows"]) == ("effects", ["cheap"], 60)
    assert {each["column"] for each in found["columns"]} == {"size", "colour", "fresh"}
    out = tmp_path / "effects.csv"
    assert explain(mixed, "mixed.npz", "mixed.csv", "--method", "effects", "--out", out).code == 0
    table = read_table([str(out)], TableFormat())
    assert list(table.columns) == ["column", "curve", "value", "rows", "effect"]
    shown = explain(mixed, "mixed.npz", "mixed.csv", "--method", "effects", "--columns", "size", "--points", "4").out
    values = [float(line.split()[0]) for line in shown.split("\n\n")[1].splitlines()[2:6]]
    assert values == sorted(values)
    assert set(values) <= {float(row["size"]) for row in mixed_rows() if row["size"]}


REFUSED = {
    "an option of another method": (["--class", "setosa"], 2, "class_label: the method permutation has no such option"),
    "no class": (["--method", "effects", "--class", "rose"], 2, "class: 'rose' is not one of the classes"),
    "an unknown method": (["--method", "garson"], 2, "method: 'garson' is not one of permutation"),
    "an unknown metric": (["--metric", "rmse"], 2, "metric: 'rmse' is not one of loss, accuracy"),
    "an unknown column": (["--groups", "petal"], 2, "groups: 'petal' is no column of the model"),
    "no time": (["--time-limit", "soon"], 2, "time_limit: 'soon' is no duration"),
    "no repeats": (["--repeats", "0"], 2, "--repeats"),
    "out is the model": (["--out", "iris.npz"], 2, "this is the model"),
    "out is the data": (["--out", "iris.csv"], 2, "choose another name"),
    "out exists": (["--out", "iris.yaml"], 2, "--out iris.yaml: exists"),
    "out of another kind": (["--out", "x.json"], 2, "not written as"),
}


@pytest.mark.parametrize(("options", "code", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused(iris, options, code, said):
    before = files(iris)
    ended = explain(iris, "iris.npz", "iris.csv", *options)
    assert (ended.code, ended.out) == (code, "")
    assert said in " ".join(ended.err.split())
    assert files(iris) == before


def test_data_without_the_target_or_a_column_is_refused(mixed, tmp_path):
    rows = mixed_rows()
    for absent, said in (("label", "column 'label' is missing"), ("size", "column 'size' is missing")):
        some = [{name: cell for name, cell in row.items() if name != absent} for row in rows]
        (tmp_path / "some.csv").write_text(csv_text(some), encoding="utf-8")
        ended = explain(mixed, "mixed.npz", tmp_path / "some.csv")
        assert (ended.code, said in ended.err) == (3, True), ended


def test_a_file_that_is_written_otherwise_is_read_as_eval_reads_it(mixed, tmp_path):
    rows = mixed_rows()
    text = csv_text(rows)
    other = "\n".join(";".join(cell.replace(".", ",") for cell in line) for line in csv.reader(text.splitlines()))
    (tmp_path / "straight.csv").write_text(text, encoding="utf-8")
    (tmp_path / "other.csv").write_text(other, encoding="utf-8")
    straight, turned = (
        explain(mixed, "mixed.npz", tmp_path / f"{name}.csv", "--json") for name in ("straight", "other")
    )
    assert json.loads(turned.out)["columns"] == json.loads(straight.out)["columns"]
    assert "not written as the training file" in turned.err


# ---- single rows


def test_rows_are_explained_by_gradients_unless_a_method_is_named(iris):
    for options, method in (([], "gradients"), (["--method", "shapley"], "shapley")):
        found = json.loads(explain(iris, "iris.npz", IRIS, "--rows", "1,101,51", "--json", *options).out)
        assert found.keys() == {"method", "score", "usual", "largest_gap", "rows", "seen"}
        assert (found["method"], found["score"]) == (method, "log-odds")
        assert [row["row"] for row in found["rows"]] == [1, 101, 51]
        for row in found["rows"]:
            assert row["explained"] == row["prediction"]
            assert row["baseline"] + sum(row["effects"].values()) == pytest.approx(row["score"], abs=0.02)
            assert row["effects"].keys() == row["cells"].keys()


def test_out_has_one_line_a_row_that_adds_up(mixed, tmp_path):
    (tmp_path / "t.csv").write_text(csv_text(mixed_rows(30)), encoding="utf-8")
    model = next(mixed.glob("*.npz"))
    ended = explain(tmp_path, model, "t.csv", "--rows", "all", "--out", "effects.csv")
    assert (ended.code, ended.out) == (0, "")
    lines = list(csv.DictReader((tmp_path / "effects.csv").read_text(encoding="utf-8").splitlines()))
    assert [line["row"] for line in lines] == list(map(str, range(1, 31)))
    effects = [name for name in lines[0] if name.startswith("effect_")]
    assert list(lines[0]) == ["row", "prediction", "explained", "score", "baseline", *effects]
    for line in lines:
        total = float(line["baseline"]) + sum(float(line[name]) for name in effects)
        assert total == pytest.approx(float(line["score"]), abs=0.02)


def test_a_baseline_is_what_effects_are_counted_from(iris, tmp_path):
    rows = IRIS.read_text(encoding="utf-8").splitlines()
    one = tmp_path / "one.csv"
    one.write_text("\n".join([rows[0], rows[60]]), encoding="utf-8")
    for method in ("gradients", "shapley"):
        options = ["--method", method, "--class", "virginica", "--json"]
        found = json.loads(explain(iris, "iris.npz", IRIS, "--rows", "61,60", "--baseline", one, *options).out)
        other, same = found["rows"]
        assert {*same["effects"].values()} == {0.0}
        assert same["score"] == pytest.approx(other["baseline"])
        assert (same["explained"], found["usual"].split()[-2:]) == ("virginica", ["1", "row"])


ROWS_REFUSED = {
    "no rows": (["--rows", "0"], 2, "rows: '0' is no number of rows"),
    "a row that is not there": (["--rows", "1,151"], 3, "there is no row 151 among the 150 rows, 1 to 150"),
    "an unknown class": (["--rows", "1", "--class", "rose"], 2, "class_label: 'rose' is no class of the model"),
    "an option of another method": (["--rows", "1", "--repeats", "3"], 2, "it is of permutation"),
    "orders of gradients": (["--rows", "1", "--orders", "3"], 2, "it is of shapley"),
    "a baseline of another method": (["--baseline", "iris.csv"], 2, "it is of gradients, shapley"),
    "a baseline that is not there": (["--rows", "1", "--baseline", "none.csv"], 3, "none.csv"),
    "out is the baseline": (["--rows", "1", "--baseline", "other.csv", "--out", "other.csv"], 2, "choose another name"),
}


@pytest.mark.parametrize(("options", "code", "said"), ROWS_REFUSED.values(), ids=ROWS_REFUSED)
def test_what_cannot_be_asked_of_rows_is_refused(iris, options, code, said):
    (iris / "other.csv").write_text("\n".join(IRIS.read_text().splitlines()[:90]), encoding="utf-8")
    before = files(iris)
    ended = explain(iris, "iris.npz", "iris.csv", *options)
    assert (ended.code, ended.out) == (code, "")
    assert said in " ".join(ended.err.split())
    assert files(iris) == before


def test_what_would_change_an_answer(iris, tmp_path):
    options = ["--method", "counterfactual", "--change", "petal_length,petal_width", "--rows", "1,51"]
    found = json.loads(explain(iris, "iris.npz", IRIS, *options, "--json").out)
    assert found.keys() == {"method", "columns", "most_changes", "rows", "seen"}
    for row in found["rows"]:
        assert row["new_prediction"] not in (row["prediction"], None)
        assert {each["column"] for each in row["changes"]} <= {"petal_length", "petal_width"}
    out = tmp_path / "changes.csv"
    assert explain(iris, "iris.npz", IRIS, *options, "--out", out).code == 0
    lines = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert [line["new_prediction"] for line in lines] == [row["new_prediction"] for row in found["rows"]]
    assert explain(iris, "iris.npz", IRIS, *options).out.count("would be") == 2
    ended = explain(iris, "iris.npz", IRIS, "--method", "counterfactual")
    assert (ended.code, "name the columns that may change" in ended.err) == (2, True)


# ---- images


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    fit_images(folder).save(str(folder / "m.npz"))
    return folder


def test_of_images_it_is_a_map_of_pixels(pictures):
    found = json.loads(explain(pictures, "m.npz", "train.images", "--rows-limit", "50", "--json").out)
    same = {"method", "score", "usual", "largest_gap", "rows", "seen"}
    assert found.keys() == same | {"height", "width", "rows_given", "values", "images"}
    assert (found["method"], found["rows"], found["rows_given"], found["images"]) == ("pixels", 50, 200, [])
    assert [len(line) for line in found["values"]] == [WIDTH] * HEIGHT
    assert json.loads(explain(pictures, "m.npz", "--json").out)["rows"] == 40
    assert "█" in explain(pictures, "m.npz", "test.images").out


def test_single_images_are_explained_by_their_numbers(pictures, tmp_path):
    found = json.loads(explain(pictures, "m.npz", "test.images", "--rows", "5,3", "--class", "1", "--json").out)
    assert [(each["row"], each["explained"]) for each in found["images"]] == [(5, "1"), (3, "1")]
    for each in found["images"]:
        total = each["baseline"] + sum(map(sum, each["values"]))
        assert total == pytest.approx(each["score"], abs=0.02)
    out = tmp_path / "pixels.csv"
    assert explain(pictures, "m.npz", "test.images", "--rows", "5,3", "--out", out).code == 0
    lines = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert list(lines[0]) == ["row", "y", "x", "effect"]
    assert len(lines) == 2 * HEIGHT * WIDTH
    options = ["--rows", "5", "--baseline", "train.images", "--json"]
    assert json.loads(explain(pictures, "m.npz", "test.images", *options).out)["usual"] == "the mean of 200 images"


IMAGES_REFUSED = {
    "a method of tables": (["test.images", "--method", "permutation"], 2, "does not explain a model of images"),
    "labels": (["test.labels"], 3, "these are labels, not images"),
    "a table": (["some.csv"], 3, "this is not an IDX file"),
    "settings of tables": (["test.images", "--set", "data.delimiter=;"], 2, "images, which are written in one way"),
    "a row that is not there": (["test.images", "--rows", "41,"], 3, "there is no row 41 among the 40 rows"),
    "no row": (["test.images", "--rows", "0"], 2, "rows: '0' is no number of rows"),
}


@pytest.mark.parametrize(("options", "code", "said"), IMAGES_REFUSED.values(), ids=IMAGES_REFUSED)
def test_what_cannot_be_asked_of_images_is_refused(pictures, options, code, said):
    (pictures / "some.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    ended = explain(pictures, "m.npz", *options)
    assert (ended.code, ended.out) == (code, "")
    assert said in " ".join(ended.err.split())


def test_pixels_are_not_of_tables(iris):
    ended = explain(iris, "iris.npz", IRIS, "--method", "pixels")
    assert ended.code == 2
    assert "method: pixels does not explain a model of a table; choose permutation" in " ".join(ended.err.split())


WAYS_WITHOUT_TARGET = [["--method", "effects"], ["--rows", "5"]]


def test_the_ways_that_are_named_where_the_target_is_missing_need_none(iris, tmp_path):
    names, *rows = (iris / IRIS).read_text().splitlines()
    place = names.split(",").index("species")
    lines = [",".join(cell for k, cell in enumerate(line.split(",")) if k != place) for line in [names, *rows[::15]]]
    (tmp_path / "new.csv").write_text("\n".join(lines) + "\n")
    asked = [str(iris / "iris.npz"), "new.csv"]
    refused = explain(tmp_path, *asked)
    assert refused.code == 3
    assert "mlptrain predict" not in refused.err
    for way in WAYS_WITHOUT_TARGET:
        assert " ".join(way) in refused.err
        ended = explain(tmp_path, *asked, *way)
        assert ended.code == 0, ended.err
