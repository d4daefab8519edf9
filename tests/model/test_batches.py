"""Predictions of Arrow batches are those of the rows all at once, whoever divides them."""

import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import mlptrain
from mlptrain.errors import DataError, SpecError
from mlptrain.model.prediction_notices import OddCellsNotice

pyarrow = pytest.importorskip("pyarrow", reason="pip install 'mlptrain[parquet]'")
csv = pytest.importorskip("pyarrow.csv")

ROWS = 50
TABLE = {
    "size": np.arange(ROWS) * 37 % 11 * 1.0,
    "colour": [("red", "green", "blue")[k % 3] for k in range(ROWS)],
    "label": ["dear" if k * 37 % 11 > 5 else "cheap" for k in range(ROWS)],
    "code": [int(k * 37 % 11 > 5) for k in range(ROWS)],
    "price": np.arange(ROWS) * 37 % 11 * 1.5,
    "id": np.arange(ROWS),
}
TARGETS = {"texts": "label", "whole numbers": "code", "numbers": "price", "several numbers": ["price", "size"]}
KINDS = {"texts": pyarrow.string(), "whole numbers": pyarrow.int64()}


@pytest.fixture(scope="module")
def models():
    fitted = {}
    for name, target in TARGETS.items():
        unused = {each: "ignore" for each in ("label", "code", "price", "id") if each not in target}
        kind = {"loss": "cross_entropy"} if name == "whole numbers" else {}
        spec = {"data": {"target": target, "columns": unused}, "training": {"epochs": 2}} | kind
        fitted[name] = mlptrain.fit(spec, TABLE).model
    return fitted


def batches_of(*ends):
    table = pyarrow.table(TABLE)
    starts = [0, *ends]
    parts = [table.slice(a, b - a) for a, b in zip(starts, [*ends, ROWS], strict=True)]
    return [part.combine_chunks().to_batches()[0] if len(part) else empty_batch() for part in parts]


def empty_batch():
    table = pyarrow.table(TABLE)
    return pyarrow.RecordBatch.from_pylist([], schema=table.schema)


@pytest.mark.parametrize("ends", [(), (20,), (0, 7, 7, 49)])
@pytest.mark.parametrize("name", TARGETS)
def test_every_division_gives_the_predictions_of_all_rows(models, name, ends):
    model = models[name]
    found = list(model.predict_batches(iter(batches_of(*ends)), keep=["id"], probabilities=name in KINDS))
    assert [len(each) for each in found] == [len(each) for each in batches_of(*ends)]
    assert len({each.schema for each in found}) == 1, "an empty batch has the same schema"
    whole = pyarrow.Table.from_batches(found)
    assert whole.column("id").to_pylist() == list(range(ROWS))
    for batch, given in zip(found, batches_of(*ends), strict=True):  # products of few rows differ in the last bits
        check_batch(model, batch, pyarrow.Table.from_batches([given]), KINDS.get(name, pyarrow.float64()))


def check_batch(model, batch, given, kind):
    """What is in a batch is what the model predicts for its rows."""
    expected = model.predict(given)
    for k, target in enumerate(model.head.names):
        column = expected[:, k] if expected.ndim > 1 else expected
        assert batch.schema.field(target).type == kind
        assert batch.column(target).to_pylist() == column.tolist()
    if model.head.has_classes:
        columns = [batch.column(f"probability_{label}").to_numpy() for label in model.head.classes]
        np.testing.assert_array_equal(np.stack(columns, axis=1), model.predict_proba(given))


def test_a_method_of_a_pickled_model_does_the_same(models):
    """That is how Spark's `mapInArrow` and Dask's `map_partitions` get it."""
    again = pickle.loads(pickle.dumps(models["texts"].predict_batches))
    assert list(again(batches_of(9))) == list(models["texts"].predict_batches(batches_of(9)))


def test_batches_are_read_one_at_a_time(models):
    def read():
        yield batches_of()[0]
        raise AssertionError("read too early")

    assert len(next(models["texts"].predict_batches(read()))) == ROWS


def test_odd_cells_of_all_batches_are_one_warning_at_the_end(models):
    table = pyarrow.table(TABLE | {"colour": ["pink"] * ROWS})
    running = models["texts"].predict_batches(iter([table.slice(0, 20), table.slice(20)]))
    next(running), next(running)
    with pytest.warns(OddCellsNotice, match=f"did not see: colour {ROWS}"):
        assert list(running) == []


@pytest.mark.parametrize(
    ("name", "batches", "options", "error", "said"),
    [
        ("texts", [3], {}, DataError, "a batch is a int; give an iterator"),
        ("texts", batches_of(), {"keep": ["nothing"]}, DataError, "'nothing' is no column"),
        ("texts", batches_of(), {"keep": ["label"]}, SpecError, "keep: 'label' is what is predicted"),
        ("numbers", batches_of(), {"probabilities": True}, SpecError, "the target is a number"),
        ("texts", [pyarrow.table({"size": [1.0]})], {}, DataError, "colour"),
    ],
)
def test_what_cannot_be_meant_is_refused(models, name, batches, options, error, said):
    with pytest.raises(error, match=said):
        list(models[name].predict_batches(iter(batches), **options))


# The page shows how other engines call it.

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "use-more-cores-and-machines.md"


@pytest.fixture
def iris(tmp_path, monkeypatch):
    """A folder with a model of the flowers, and the flowers."""
    source = PAGE.parents[2] / "datasets" / "iris.csv"
    spec = {"data": {"train": str(source), "target": "species"}, "training": {"epochs": 2}}
    model = mlptrain.fit(spec, out=tmp_path / "flowers.npz").model
    monkeypatch.chdir(tmp_path)
    return model, csv.read_csv(source)


def run_snippet(word, rows):
    """What the snippet of the page that has the word makes of the rows."""
    (code,) = [each for each in re.findall(r"```py\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL) if word in each]
    names = {"rows": rows}
    exec(code, names)
    return names["predictions"]


class SparkFrame:
    """What Spark does with the function: on a worker, with batches of a partition."""

    def __init__(self, table):
        self.table = table

    def mapInArrow(self, function, schema):  # noqa: N802 (Spark's)
        assert schema == "species string"
        return pyarrow.Table.from_batches(pickle.loads(pickle.dumps(function))(iter(self.table.to_batches(40))))


def test_the_snippet_for_spark_predicts_what_the_model_does(iris):
    model, table = iris
    found = run_snippet("mapInArrow", SparkFrame(table))
    assert found.schema == pyarrow.schema({"species": pyarrow.string()})
    assert found.column("species").to_pylist() == model.predict(table).tolist()


@pytest.mark.integration
def test_the_snippet_for_dask_predicts_what_the_model_does(iris):
    frames = pytest.importorskip("dask.dataframe", reason="pip install 'dask[dataframe]'")
    model, table = iris
    found = run_snippet("map_partitions", frames.from_pandas(table.to_pandas(), npartitions=3))
    assert found.compute(scheduler="synchronous")["species"].tolist() == model.predict(table).tolist()
