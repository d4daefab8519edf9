"""From Python as from the command line: the same models, predictions, metrics and messages from any rows."""

import pickle
import re
import warnings
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import yaml

import mlptrain
from mlptrain.commands.evaluate import evaluate_files
from mlptrain.data.frames import read_frame
from mlptrain.errors import DataError, MlptrainError
from mlptrain.model.evaluation import Evaluation
from mlptrain.model.rows import TableRows
from mlptrain.notices import Notice
from mlptrain.plain import from_plain
from mlptrain.preparation.material import make_training_data
from mlptrain.spec.fields import Spec
from mlptrain.storage.container import read_container
from tests.support.flows import csv_text, fit, fit_mixed, mixed_rows, predict
from tests.support.in_memory import (
    KINDS,
    drop_gaps,
    make_columns,
    make_records,
    make_spec,
    name_file,
    write_table,
)

COLUMNS = make_columns()
WHOLE = drop_gaps(COLUMNS)
INSTALL = "pip install -e '.[integration]'"


def fit_command(folder, spec, columns, *overrides):
    """The model that the command fits on a CSV file of the columns, and the notices."""
    write_table(folder, columns)
    (folder / "spec.yaml").write_text(yaml.safe_dump(name_file(spec), sort_keys=False))
    told = []
    fit(str(folder / "spec.yaml"), out=folder / "m.npz", overrides=overrides, notice=told.append)
    return mlptrain.load(folder / "m.npz"), told


# the model


HELD_OUT = {"data": {"split": {"validation": 0.25}}}
IGNORED = {"price": "ignore", "height": "ignore"}
SPECS = {
    "one network": make_spec(),
    "validation": make_spec(**HELD_OUT),
    "test": make_spec(data={"split": {"validation": 0.2, "test": 0.2}}),
    "weights": make_spec(data={"sample_weight": "weight", "columns": KINDS | IGNORED}),
    "numbers": make_spec(["price", "height"], **HELD_OUT),
    "folds": make_spec(data={"split": {"folds": 3}}),
    "repeats": make_spec(data={"split": {"validation": 0.2, "repeats": 2}}),
    "groups": make_spec(data={"split": {"type": "group", "column": "pieces", "validation": 0.3}}),
    "members": make_spec(**HELD_OUT, members=3),
    "a shared trunk": make_spec(**HELD_OUT, members={"name": "tabm", "count": 2}),
    "refit": make_spec(**HELD_OUT, training={"epochs": 6, "batch_size": 16, "refit": True}),
    "temperature": make_spec(**HELD_OUT, model={"hidden": [6], "calibration": "temperature"}),
}  # fmt: skip


@pytest.mark.parametrize("name", SPECS)
def test_a_fit_in_memory_is_that_of_the_command_on_a_file_to_the_bit(tmp_path, name):
    expected, _ = fit_command(tmp_path, SPECS[name], COLUMNS)
    found = mlptrain.fit(SPECS[name], COLUMNS)
    assert found.model.networks[0].features == expected.networks[0].features
    assert found.model.result == expected.result
    without = mlptrain.fit(SPECS[name], COLUMNS, out=tmp_path / "memory.npz").model
    assert find_differing_arrays(tmp_path / "memory.npz", tmp_path / "m.npz") == ["metadata"]
    named = mlptrain.fit(name_file(SPECS[name]), COLUMNS)
    assert named.model.to_bytes() == expected.to_bytes() != without.to_bytes()


def find_differing_arrays(one, other):
    """The arrays of two model files that are not the same bytes."""
    first, second = ({name: array.tobytes() for name, array in read_container(path).items()} for path in (one, other))
    assert first.keys() == second.keys()
    return [name for name, content in first.items() if content != second[name]]


@pytest.mark.parametrize("target", ["label", "price"])
def test_a_recipe_with_trials_is_the_same_in_memory(tmp_path, target):
    spec = {"recipe": "best", "data": make_spec(target)["data"]}
    few = ["training.epochs=2", "data.split.folds=2"]
    expected, told = fit_command(tmp_path, spec, COLUMNS, *few)
    with pytest.warns(Notice, match="") as caught:
        found = mlptrain.fit(name_file(spec), COLUMNS, overrides=few)
    assert found.model.to_bytes() == expected.to_bytes()
    assert [str(each.message) for each in caught] == told
    assert any(said.startswith("trials of") for said in told)
    assert {each.filename for each in caught} == {__file__}


def test_a_time_limit_holds_in_memory():
    spec = make_spec(training={"epochs": 10**6, "batch_size": 16, "time_limit": "1s"})
    with pytest.warns(UserWarning, match="time_limit: 1,000,000 epochs would take about"):
        found = mlptrain.fit(spec, COLUMNS)
    assert 1 <= found.epochs < 10**6


def test_a_spec_that_names_its_files_needs_no_rows(tmp_path, monkeypatch):
    expected, _ = fit_command(tmp_path, SPECS["validation"], COLUMNS)
    assert mlptrain.fit(tmp_path / "spec.yaml").model.to_bytes() == expected.to_bytes()
    monkeypatch.chdir(tmp_path)
    assert mlptrain.fit(name_file(SPECS["validation"])).model.to_bytes() == expected.to_bytes()


def test_validation_rows_may_stay_in_a_file(tmp_path):
    write_table(tmp_path, WHOLE)
    spec = make_spec(data={"split": {"validation": "table.csv"}})
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec, sort_keys=False))
    found = mlptrain.fit(tmp_path / "spec.yaml", COLUMNS)
    assert found.metrics["validation"]["accuracy"] == found.model.evaluate(WHOLE).metrics["accuracy"]


# the metrics


def evaluate_telling_notices(model, data, **options):
    """The evaluation, whose notices are warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", Notice)
        found = model.evaluate(data, **options)
    assert tuple(str(each.message) for each in caught) == found.notices
    return found


def evaluate_by_command(model, data, **options):
    """What the command finds, as a model in Python gives it: it was not asked for importances."""
    found = vars(evaluate_files(str(model), str(data), **options)).copy()
    assert found.pop("importance") is None
    return Evaluation(**found)


@pytest.mark.parametrize("name", ["one network", "weights", "numbers", "folds", "members", "temperature"])
@pytest.mark.parametrize("by", [None, "colour", "fresh", "size", "pieces", "weight"])
def test_an_evaluation_is_that_of_the_command(tmp_path, models, name, by):
    model = models(name)
    model.save(tmp_path / "m.npz")
    expected = evaluate_by_command(tmp_path / "m.npz", write_table(tmp_path, COLUMNS), by=by, resamples=20)
    for data in (COLUMNS, make_records(COLUMNS)):
        assert evaluate_telling_notices(model, data, by=by, resamples=20) == expected
    assert expected.intervals


@pytest.fixture(scope="module")
def models():
    """One model of each spec, fitted when it is asked for."""
    fitted = {}

    def get(name):
        if name not in fitted:
            fitted[name] = mlptrain.fit(SPECS[name], COLUMNS).model
        return fitted[name]

    return get


def test_rows_without_a_target_drop_if_the_spec_says_so(tmp_path):
    spec = make_spec(data={"missing_target": "drop"})
    gaps = COLUMNS | {"label": [None if k % 6 == 1 else cell for k, cell in enumerate(COLUMNS["label"])]}
    expected, told = fit_command(tmp_path, spec, gaps)
    with pytest.warns(UserWarning, match="10 rows without a target left out") as caught:
        model = mlptrain.fit(name_file(spec), gaps).model
    assert [str(each.message) for each in caught] == told
    assert model.to_bytes() == expected.to_bytes()
    found = evaluate_telling_notices(model, gaps)
    assert found == replace(evaluate_by_command(tmp_path / "m.npz", tmp_path / "table.csv"), seen="")
    assert (found.rows, found.notices[0]) == (50, told[-1])


@pytest.mark.parametrize("form", ["columns", "records", "parquet"])
def test_a_row_without_any_cell_is_a_row_where_rows_are_no_lines(tmp_path, form):
    """A file of text has lines, and one without a cell is none; everywhere else the rows are those that are given."""
    gap = {name: [*cells, None] for name, cells in COLUMNS.items()}
    parquet = library("pyarrow.parquet") if form == "parquet" else None
    model = mlptrain.fit(make_spec(), COLUMNS).model
    if parquet is not None:
        parquet.write_table(library("pyarrow").table(gap), tmp_path / "t.parquet")
        model.save(tmp_path / "m.npz")
        with pytest.raises(DataError, match=r"t.parquet row 61: column \"label\": the target is missing in 1 row"):
            evaluate_files(str(tmp_path / "m.npz"), str(tmp_path / "t.parquet"))
        assert len(predict(str(tmp_path / "m.npz"), str(tmp_path / "t.parquet"))["label"]) == 61
        return
    rows = make_records(gap) if form == "records" else gap
    for use in (lambda: mlptrain.fit(make_spec(), rows), lambda: model.evaluate(rows)):
        with pytest.raises(DataError, match=r"data row 61: column \"label\": the target is missing in 1 row"):
            use()
    with pytest.warns(Notice, match="missing cells filled"):
        assert len(model.predict(rows)) == 61
    with pytest.warns(Notice, match="^1 row without a target left out"):
        mlptrain.fit(make_spec(data={"missing_target": "drop"}), rows)


def test_classes_that_training_did_not_have_are_the_same_error(tmp_path, models):
    """To evaluate unknown labels tells how the model does among those who have other classes, too."""
    other = COLUMNS | {"label": [*COLUMNS["label"][:-1], "new"]}
    models("one network").save(tmp_path / "m.npz")
    path = write_table(tmp_path, other)
    found = evaluate_telling_notices(models("one network"), other)
    assert found == evaluate_by_command(tmp_path / "m.npz", path)


# the messages


def spoil(name, row, cell):
    """The columns with one other cell."""
    return COLUMNS | {name: [cell if k == row else each for k, each in enumerate(COLUMNS[name])]}


SPOILED = {
    "a text among numbers": spoil("size", 7, "many"),
    "infinity": spoil("size", 4, float("inf")),
    "a number too large": spoil("size", 4, 10**400),
    "no date": spoil("day", 9, "someday"),
    "no truth value": spoil("fresh", 11, "perhaps"),
    "no target": spoil("label", 3, None),
    "several without a target": COLUMNS | {"label": [None, *COLUMNS["label"][1:-1], None]},
    "one class": COLUMNS | {"label": ["dear"] * 60},
    "no target column": {name: cells for name, cells in COLUMNS.items() if name != "label"},
    "no column that is declared": {name: cells for name, cells in COLUMNS.items() if name != "colour"},
    "no rows": {name: [] for name in COLUMNS},
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILED)
def test_an_error_is_that_of_the_command_with_the_row_in_place_of_the_line(tmp_path, name):
    with pytest.raises(MlptrainError) as by_command:
        fit_command(tmp_path, make_spec(), SPOILED[name])
    for rows in (SPOILED[name], make_records(SPOILED[name])) if name != "no rows" else (SPOILED[name],):
        with pytest.raises(type(by_command.value)) as in_memory:
            mlptrain.fit(make_spec(), rows)
        said = re.sub(rf"^{tmp_path}/spec\.yaml:\d+", "spec", str(by_command.value))
        assert to_lines(str(in_memory.value), tmp_path) == said


def to_lines(said, folder):
    """A message with the file in place of the rows in memory: the first row is the second line."""
    key = r"^(spec: data\.columns\.\w+: )?data\b(?!\.)"
    named = re.sub(key, lambda found: f"{found[1] or ''}{folder / 'table.csv'}", said)
    lines = re.sub(r"csv row (\d+)", lambda found: f"csv:{int(found[1]) + 1}", named)
    return re.sub(r"(?<=table.csv): (column '\w+' is missing)", r":1: \1", re.sub(r"\brow (\d+)", line, lines))


def line(found):
    return f"line {int(found[1]) + 1}"


@pytest.mark.parametrize("weight", [-1.5, None, "x", 1e300])
def test_a_weight_that_is_none_is_the_same_error(tmp_path, weight):
    rows = spoil("weight", 5, weight)
    with pytest.raises(DataError) as by_command:
        fit_command(tmp_path, SPECS["weights"], rows)
    with pytest.raises(DataError, match="data row 6: ") as in_memory:
        mlptrain.fit(SPECS["weights"], rows)
    assert to_lines(str(in_memory.value), tmp_path) == str(by_command.value)


# what a file taught, predicted from memory


ROWS = mixed_rows()
TABLE = {name: [row[name] for row in ROWS] for name in ROWS[0]}
TYPED = {
    "size": [float(cell) if cell else None for cell in TABLE["size"]],
    "colour": TABLE["colour"],
    "fresh": [cell == "yes" for cell in TABLE["fresh"]],
}


class Frame:
    """A data frame as libraries share it: names that can be listed, columns that can be looked up."""

    def __init__(self, columns):
        self._columns = columns

    @property
    def columns(self):
        return list(self._columns)

    def __getitem__(self, name):
        return iter(self._columns[name])


class NAType:
    """pandas' missing value, of which nothing is known, not even whether it is itself."""

    def __repr__(self):
        return "<NA>"

    def __ne__(self, other):
        return self

    def __bool__(self):
        raise TypeError("boolean value of NA is ambiguous")

    __hash__ = None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model that was fitted on a file, and the file."""
    folder = tmp_path_factory.mktemp("python")
    fit_mixed(folder)
    return folder


@pytest.fixture(scope="module")
def from_file(folder):
    return mlptrain.load(str(folder / "mixed.npz"))


@pytest.fixture(scope="module")
def expected(folder):
    """The labels and the probabilities that the command writes."""
    written = predict(str(folder / "mixed.npz"), str(folder / "mixed.csv"), probabilities=True)
    labels = written.pop("label")
    return labels, np.array(list(written.values()), np.float32).T


def predict_both(model, data):
    """Labels and probabilities of rows; their gaps, which are the same everywhere, are noticed."""
    with pytest.warns(UserWarning, match="^missing cells filled: size 6$"):
        labels = model.predict(data).tolist()
    with pytest.warns(UserWarning, match="^missing cells filled: size 6$"):
        return labels, model.predict_proba(data)


def assert_same(found, expected):
    assert found[0] == expected[0]
    np.testing.assert_array_equal(found[1].astype(np.float32), expected[1])


@pytest.mark.parametrize(
    "data",
    [
        TABLE,
        Frame(TABLE),
        Frame(dict(reversed(TABLE.items()))),
        ROWS,
        TYPED,
        [dict(zip(TYPED, row, strict=True)) for row in zip(*TYPED.values(), strict=True)],
    ],
    ids=["texts", "frame", "another order", "records of texts", "values", "records"],
)
def test_any_form_of_rows_gives_what_the_file_gives(from_file, expected, data):
    assert_same(predict_both(from_file, data), expected)


@pytest.mark.parametrize("gap", [None, float("nan"), np.float32("nan"), NAType(), "", "NA", Decimal("nan")], ids=repr)
def test_every_librarys_gap_is_a_missing_cell(from_file, expected, gap):
    typed = TABLE | TYPED | {"size": [gap if cell is None else cell for cell in TYPED["size"]]}
    assert_same(predict_both(from_file, Frame(typed)), expected)
    assert_same(predict_both(from_file, {name: np.array(cells, object) for name, cells in typed.items()}), expected)


@pytest.mark.parametrize(
    ("target", "classes"),
    [
        ([0, 1], ("0", "1")),
        ([1.0, 2.0], ("1", "2")),
        ([True, False], ("False", "True")),
        (["1", "2", "3"], ("1", "2", "3")),
        (["a", "b"], ("a", "b")),
        ([1, 2, 3], None),
        ([0.5, 1.5, 2.5], None),
        (np.arange(60) / 7, None),
    ],
)
def test_a_target_in_memory_is_what_its_type_is(target, classes):
    """Numbers are numbers unless two are different; texts are classes, even if all of them are digits."""
    values = target if len(target) == 60 else [target[k * k % len(target)] for k in range(59)] + [target[-1]]
    rows = TableRows(read_frame({"x": np.arange(60) * 0.5, "y": values}))
    found = make_training_data(from_plain(Spec, {"data": {"train": "-", "target": "y"}}), rows, Path()).classes
    assert (None if found is None else found.classes) == classes


CODED = [{"grade": str(k % 3 + 1), "old": str(k % 2), "x": str(k % 7 / 2), "y": "ab"[k % 3 == 0]} for k in range(30)]


@pytest.mark.parametrize("levels", [lambda grade: grade, lambda grade: f"{grade}.0"], ids=["1", "1.0"])
@pytest.mark.parametrize("dtype", [float, np.float32, object])
def test_an_array_has_the_columns_in_the_order_of_training(tmp_path, levels, dtype):
    """An array of floats has no other way to hold the category 1 and the truth value 1 than 1.0."""
    (tmp_path / "coded.csv").write_text(csv_text([dict(row, grade=levels(row["grade"])) for row in CODED]))
    spec = tmp_path / "coded.yaml"
    spec.write_text(
        "data: {train: coded.csv, target: y, columns: {grade: category}}\n"
        "model: {hidden: [4]}\ntraining: {epochs: 3, batch_size: 10}\n"
    )
    model = mlptrain.fit(spec, out=tmp_path / "m.npz").model
    written = predict(str(tmp_path / "m.npz"), str(tmp_path / "coded.csv"), probabilities=True)
    array = np.array([[float(row[name]) for name in ("grade", "old", "x")] for row in CODED], dtype=dtype)
    for data in (array, array.tolist(), list(array), [tuple(row) for row in array]):
        assert model.predict(data).tolist() == written["y"]
        assert model.predict_proba(data)[:, 0].tolist() == np.array(written["probability_a"], np.float32).tolist()


# rows of a newcomer


RECORDS = make_records(WHOLE)
NO_ROWS = {
    "nothing": {},
    "an empty list": [],
    "a file": "iris.csv",
    "a path": Path("iris.csv"),
    "bytes": b"x",
    "a number": 3,
    "a set": {1, 2},
    "a generator": (record for record in RECORDS),
    "a class": dict,
    "a list of texts": ["a", "b"],
    "a list of gaps": [None, None],
    "records and others": [RECORDS[0], 3],
    "records of nothing": [{}, {}],
    "lists of lists": [[1, 2], [3, 4]],
    "lists of sets": [{1, 2, 3, 4, 5}],
    "an array of no dimension": np.array(3),
    "an array of one dimension": np.arange(3),
    "an array of three dimensions": np.zeros((2, 2, 2)),
    "an array of records": np.array(RECORDS[:3]),
    "columns of different lengths": WHOLE | {"size": [1.0]},
    "a text as a column": WHOLE | {"colour": "red"},
    "a map as a column": WHOLE | {"colour": {0: "red"}},
    "one value as a column": WHOLE | {"size": 3},
    "lists in cells": WHOLE | {"size": [[1, 2]] * len(WHOLE["size"])},
    "objects in cells": WHOLE | {"size": [object()] * len(WHOLE["size"])},
    "complex numbers": WHOLE | {"size": [1j] * len(WHOLE["size"])},
    "a name that is no text": WHOLE | {None: WHOLE["size"]},
    "a name that is a fraction": WHOLE | {0.5: WHOLE["size"]},
    "a name that is a tuple": WHOLE | {("a", "b"): WHOLE["size"]},
    "a name twice": WHOLE | {1: WHOLE["size"], "1": WHOLE["size"]},
    "a name with half a character": WHOLE | {"\ud800": WHOLE["size"]},
    "a name with NUL": WHOLE | {"a\0b": WHOLE["size"]},
    "texts with NUL": WHOLE | {"colour": ["a\0"] * len(WHOLE["size"])},
    "half a character": WHOLE | {"colour": ["\ud800"] * len(WHOLE["size"])},
    "other names": {"x": [1.0], "y": ["a"]},
}


@pytest.mark.parametrize("name", NO_ROWS)
def test_whatever_is_given_as_rows_is_rows_or_one_clear_sentence(models, name):
    data, model, refused = NO_ROWS[name], models("one network"), []
    for use in (lambda: mlptrain.fit(make_spec(), data), lambda: model.evaluate(data), lambda: model.predict(data)):
        try:
            use()
        except MlptrainError as problem:
            refused.append(str(problem))
    assert len(refused) == 3 or (name, len(refused)) == ("an empty list", 2)
    for said in refused:
        assert re.match(r"(data|data row \d+|data\.columns): ", said)
        assert "\n" not in said
        assert len(said) < 400


# the same from every library


def library(name):
    return pytest.importorskip(name, reason=f"needs {name}: {INSTALL}")


def make_frames(columns):
    """The columns as frames of each library, with the types that their users have."""
    pandas, polars, pyarrow = library("pandas"), library("polars"), library("pyarrow")
    plain = pandas.DataFrame({name: pandas.Series(cells, dtype=object) for name, cells in columns.items()})
    inferred = pandas.DataFrame(columns)
    nullable = inferred.convert_dtypes().astype({"colour": "category"})
    arrow, frame = pyarrow.table(columns), polars.DataFrame(columns)
    place = arrow.column_names.index("colour")
    return {
        "pandas objects": plain,
        "pandas": inferred,
        "pandas nullable": nullable.set_index(nullable.index + 7),
        "pandas on arrow": arrow.to_pandas(types_mapper=pandas.ArrowDtype),
        "pyarrow": arrow,
        "pyarrow coded": arrow.set_column(place, "colour", arrow["colour"].dictionary_encode()),
        "pyarrow batch": arrow.combine_chunks().to_batches()[0],
        "polars": frame,
        "polars lazy": frame.lazy(),
        "polars categorical": frame.with_columns(polars.col("colour").cast(polars.Categorical)),
        "polars enum": frame.with_columns(polars.col("colour").cast(polars.Enum(["blue", "green", "red"]))),
        "columns": columns,
        "records": make_records(columns),
    }


@pytest.mark.integration
@pytest.mark.parametrize("name", ["validation", "weights", "numbers", "folds"])
def test_every_librarys_frame_gives_the_model_of_the_file_to_the_bit(tmp_path, name):
    expected, _ = fit_command(tmp_path, SPECS[name], COLUMNS)
    for form, rows in make_frames(COLUMNS).items():
        assert mlptrain.fit(name_file(SPECS[name]), rows).model.to_bytes() == expected.to_bytes(), form


@pytest.mark.integration
def test_every_librarys_frame_gives_what_the_file_gives(from_file, expected):
    for data in make_frames(TYPED | {"id": range(60)}).values():
        assert_same(predict_both(from_file, data), expected)


@pytest.mark.integration
def test_frames_that_are_no_tables_are_one_clear_sentence(models):
    pandas, polars, pyarrow = library("pandas"), library("polars"), library("pyarrow")
    frame, model = pandas.DataFrame(WHOLE), models("one network")
    refused = [
        pandas.DataFrame(),
        frame[:0][["size"]],
        pandas.concat([frame, frame[["size"]]], axis=1),
        pandas.concat({"a": frame}, axis=1),
        frame["size"],
        frame.set_index(["colour", "size"]),
        frame.assign(size=pandas.to_timedelta(range(len(frame)), unit="s")),
        frame.assign(size=pandas.period_range("2020", periods=len(frame), freq="D")),
        frame.assign(colour=b"a"),
        frame.groupby("colour"),
        pandas.DataFrame(np.zeros((3, 2))),
        polars.DataFrame(),
        polars.Series([1.0]),
        polars.DataFrame(WHOLE).with_columns(size=polars.lit([1])),
        pyarrow.array([1.0]),
        pyarrow.table(WHOLE | {"size": [{"a": 1}] * len(frame)}),
    ]
    for rows in refused:
        for use in (lambda rows: mlptrain.fit(make_spec(), rows), model.predict, model.evaluate):
            with pytest.raises(MlptrainError, match=r"^(spec: )?data"):
                use(rows)


# a notebook


@pytest.mark.integration
def test_a_notebook(tmp_path, monkeypatch):
    """Cells of a notebook, one after another: fit a pandas frame, look, pickle, predict with other libraries."""
    monkeypatch.chdir(tmp_path)
    pd, pl, pa = library("pandas"), library("polars"), library("pyarrow")
    rng = np.random.default_rng(5)

    df = pd.DataFrame(
        {
            "area": rng.uniform(20, 200, 300).round(1),
            "rooms": pd.array(rng.integers(1, 7, 300), "Int64"),
            "kind": pd.Categorical(rng.choice(["flat", "house", "loft"], 300)),
            "city": rng.choice(["Bern", "Genève", "Zürich"], 300),
            "garden": pd.array(rng.random(300) < 0.4, "boolean"),
            "sold": pd.Timestamp("2021-03-01") + pd.to_timedelta(rng.integers(0, 900, 300), unit="D"),
            "trust": rng.uniform(0.5, 2, 300),
        }
    )
    df["dear"] = (df["area"] * (1 + (df["kind"] == "house")) > 150).astype(int)
    for k, name in enumerate(["area", "rooms", "kind", "city", "garden", "sold"]):
        df.loc[df.index[k::23], name] = None
    df = df.rename(index=lambda row: f"row {row}")

    spec = {
        "data": {"target": "dear", "sample_weight": "trust", "split": {"validation": 0.2}},
        "model": {"hidden": [16], "activation": "silu"},
        "optimizer": {"name": "adam", "learning_rate": 0.02},
        "training": {"epochs": 30, "batch_size": 32},
        "seed": 1,
    }
    fit = mlptrain.fit(spec, df)
    assert repr(fit).startswith("Fit: ")
    assert fit.metrics["validation"]["accuracy"] > 0.8
    history = pd.DataFrame(fit.history)
    assert history["validation_loss"].idxmin() + 1 == fit.best_epoch

    model = pickle.loads(pickle.dumps(fit.model))
    assert set(model.columns()) == {"area", "rooms", "kind", "city", "garden", "sold"}
    with pytest.warns(UserWarning, match="missing cells filled"):
        measured = model.evaluate(df, by="city")
    assert measured.rows == 300
    assert measured.metrics["accuracy"] > 0.8

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        predicted = model.predict(df)
        df["prediction"] = predicted
        df[[f"p_{label}" for label in model.classes]] = probabilities = model.predict_proba(df)

        cells = df.astype(object).where(df.notna(), None)
        columns = {name: cells[name].tolist() for name in model.columns()}
        others = {
            "polars": pl.DataFrame({**columns, "kind": pl.Series(columns["kind"], dtype=pl.Categorical)}),
            "polars of pandas": pl.from_pandas(df.reset_index(drop=True)),
            "polars lazy": pl.DataFrame(columns).lazy(),
            "pyarrow": pa.Table.from_pandas(df),
            "pandas on arrow": pa.Table.from_pandas(df).to_pandas(types_mapper=pd.ArrowDtype),
            "pandas shuffled": df[sorted(df.columns)],
            "dict": columns,
            "records": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
            "pandas records": cells.to_dict("records"),
        }
        for rows in others.values():
            np.testing.assert_array_equal(model.predict(rows), predicted)
            np.testing.assert_array_equal(model.predict_proba(rows), probabilities)
            np.testing.assert_array_equal(fit.model.predict_proba(rows), probabilities)

    assert predicted.dtype == np.int64
    assert (df["prediction"] == df["dear"]).mean() > 0.8
    model.save("houses.npz")
    assert mlptrain.load("houses.npz").to_bytes() == fit.model.to_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["houses.npz"]


@pytest.mark.parametrize(
    ("texts", "classes"),
    [
        ([f"{k * 37 % 500}" for k in range(60)], 60),
        ([f"{20 + k % 30}" for k in range(60)], 30),
        ([f"{k % 9 / 2}" for k in range(60)], 9),
        ([f"{k % 10}" for k in range(60)], 0),
        (["01", "02", "03"] * 20, 0),
        (["a", "b"] * 30, 0),
    ],
    ids=["all different", "many", "fractions", "few codes", "leading zeros", "words"],
)
def test_a_target_of_texts_that_look_like_numbers_is_said_to_make_classes(texts, classes):
    """The note says how to have numbers and how to have classes; either settles it."""
    rows = {"x": [k * 7 % 11 / 2 for k in range(60)], "y": texts}
    spec = {"data": {"target": "y"}, "model": {"hidden": []}, "training": {"epochs": 1}}

    def hear(**more):
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            mlptrain.fit({**spec, **more}, rows)
        return [str(each.message) for each in heard]

    said = f'column "y": the target has texts that look like numbers, which make {classes} classes; '
    ways = "to read them as numbers, set data.columns: {y: number}; if they are classes, {y: category}"
    assert hear() == ([said + ways] if classes else [])
    assert hear(data={"target": "y", "columns": {"y": "category"}}) == []
    assert not classes or hear(data={"target": "y", "columns": {"y": "number"}}) == []
