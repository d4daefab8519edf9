"""From Python: `mlptrain.fit`, `evaluate`, `predict`, and a loaded model that takes tables in memory."""

import subprocess
import sys

import numpy as np
import pytest

import mlptrain
from mlptrain.errors import DataError, ModelFileError
from tests.support.flows import ROOT, csv_text, fit_mixed, mixed_rows, write_mixed

ROWS = mixed_rows()
TABLE = {name: [row[name] for row in ROWS] for name in ROWS[0]}


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
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    fit_mixed(folder)
    return folder


@pytest.fixture(scope="module")
def model(fitted):
    return mlptrain.load_model(str(fitted / "mixed.npz"))


@pytest.fixture(scope="module")
def expected(fitted):
    return mlptrain.predict(str(fitted / "mixed.npz"), str(fitted / "mixed.csv"), probabilities=True)


def test_the_commands_are_functions(tmp_path):
    spec = write_mixed(tmp_path)
    result = mlptrain.fit(str(spec), out=tmp_path / "m.npz", overrides=["training.epochs=2"])
    assert result.epochs == 2
    assert mlptrain.evaluate(result.model, str(tmp_path / "mixed.csv")).rows == 60
    assert len(mlptrain.predict(result.model, str(tmp_path / "mixed.csv"))["label"]) == 60


def test_nothing_else_is_offered_and_nothing_heavy_is_loaded_before_it_is_used():
    assert sorted(mlptrain.__all__) == ["evaluate", "fit", "load_model", "predict"]
    with pytest.raises(AttributeError, match="has no attribute 'train'"):
        mlptrain.train  # noqa: B018
    code = "import sys, mlptrain; assert 'numpy' not in sys.modules; mlptrain.load_model; assert 'numpy' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_a_mapping_of_columns_gives_what_the_file_gives(model, expected):
    assert model.predict(TABLE, probabilities=True) == expected
    assert model.predict(TABLE) == {"label": expected["label"]}


def test_a_data_frame_gives_what_the_file_gives(model, expected):
    assert model.predict(Frame(TABLE), probabilities=True) == expected
    assert model.predict(Frame(dict(reversed(TABLE.items()))), probabilities=True) == expected


@pytest.mark.parametrize("gap", [None, float("nan"), np.float32("nan"), NAType(), "", "NA"], ids=repr)
def test_values_may_be_numbers_and_truth_values_and_any_librarys_gap(model, expected, gap):
    typed = TABLE | {
        "size": [float(cell) if cell else gap for cell in TABLE["size"]],
        "fresh": [cell == "yes" for cell in TABLE["fresh"]],
    }
    assert model.predict(Frame(typed), probabilities=True) == expected
    arrays = {name: np.array(values, dtype=object) for name, values in typed.items()}
    assert model.predict(arrays, probabilities=True) == expected


def test_columns_are_joined_by_name_and_a_missing_one_is_named(model):
    with pytest.raises(DataError, match="column 'colour' is missing"):
        model.predict({name: values for name, values in TABLE.items() if name != "colour"})
    with pytest.raises(DataError, match="columns of different lengths"):
        model.predict(TABLE | {"colour": ["red"]})


def test_the_spec_is_there_as_plain_values(model):
    assert model.spec["model"]["hidden"] == [8]
    assert model.spec["data"]["train"] == "mixed.csv"


def test_what_is_no_model_is_refused(fitted):
    with pytest.raises(ModelFileError):
        mlptrain.load_model(str(fitted / "mixed.csv"))


# arrays


CODED = [{"grade": str(k % 3 + 1), "old": str(k % 2), "x": str(k % 7 / 2), "y": "ab"[k % 3 == 0]} for k in range(30)]


@pytest.mark.parametrize("levels", [lambda grade: grade, lambda grade: f"{grade}.0"], ids=["1", "1.0"])
@pytest.mark.parametrize("dtype", [float, np.float32, object])
def test_an_array_has_the_columns_in_the_order_of_training(tmp_path, levels, dtype):
    """An array of floats has no other way to hold the category 1 and the truth value 1 than 1.0."""
    rows = [dict(row, grade=levels(row["grade"])) for row in CODED]
    (tmp_path / "coded.csv").write_text(csv_text(rows))
    spec = tmp_path / "coded.yaml"
    spec.write_text(
        "data: {train: coded.csv, target: y, columns: {grade: category}}\nmodel: {hidden: [4]}\ntraining: {epochs: 3}\n"
    )
    path = mlptrain.fit(str(spec), out=tmp_path / "m.npz").model
    expected = mlptrain.predict(path, str(tmp_path / "coded.csv"), probabilities=True)
    array = np.array([[float(row[name]) for name in ("grade", "old", "x")] for row in CODED], dtype=dtype)
    loaded = mlptrain.load_model(path)
    assert loaded.predict(array, probabilities=True) == expected
    assert loaded.predict(array.tolist(), probabilities=True) == expected


def test_an_array_of_another_width_is_refused_with_the_names_it_needs(model):
    for shape in ((5, 2), (3,), (2, 3, 1)):
        with pytest.raises(DataError, match=r"an array of 3 columns is expected \(size, colour, fresh\)"):
            model.predict(np.zeros(shape))


def test_no_rows_are_no_predictions(model):
    assert model.predict(np.zeros((0, 3))) == {"label": []}
