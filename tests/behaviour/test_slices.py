"""`eval`: intervals, classes, confusion, and the metrics by the values of a column."""

from itertools import pairwise

import numpy as np
import pytest

from mlptrain.commands.evaluate import evaluate_files
from mlptrain.errors import DataError
from mlptrain.model.slicing import MOST_SLICES
from tests.support.flows import csv_text, fit_mixed, mixed_rows, predict

ROWS = mixed_rows()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return fit_mixed(tmp_path_factory.mktemp("model")).model


@pytest.fixture(scope="module")
def regressor(tmp_path_factory):
    return fit_mixed(tmp_path_factory.mktemp("regressor"), data={"target": "price"}).model


def on(model, rows, folder, **options):
    (folder / "rows.csv").write_text(csv_text(rows))
    return evaluate_files(model, str(folder / "rows.csv"), **options)


def with_column(cells):
    return [row | {"g": str(cell)} for row, cell in zip(ROWS, cells, strict=True)]


SLICED = {
    "texts": (["red", "", "green", "blue"] * 15, ["blue", "green", "red", "(missing)"]),
    "few-numbers": ([10, 9, "-1.5", 100] * 15, ["-1.5", "9", "10", "100"]),
    "numbers-with-gaps": (["", "10", "9"] * 20, ["9", "10", "(missing)"]),
    "one-value": (["x"] * 60, ["x"]),
}


@pytest.mark.parametrize("target", ["classes", "numbers"])
@pytest.mark.parametrize(("cells", "values"), SLICED.values(), ids=SLICED)
def test_a_slice_is_worth_what_its_rows_alone_are(model, regressor, tmp_path, cells, values, target):
    path, rows = (model if target == "classes" else regressor), with_column(cells)
    found = on(path, rows, tmp_path, by="g", resamples=0)
    assert found.by == "g"
    assert [each.value for each in found.slices] == values
    assert sum(each.rows for each in found.slices) == found.rows == 60
    for each in found.slices:
        alone = on(path, [row for row in rows if (row["g"] or "(missing)") == each.value], tmp_path, resamples=0)
        assert each.rows == alone.rows
        defined = {name for name, value in alone.metrics.items() if value is not None}
        assert {name for name, value in each.metrics.items() if value is not None} == defined
        for name in defined:
            assert each.metrics[name] == pytest.approx(alone.metrics[name], rel=1e-6), name


@pytest.mark.parametrize("gaps", [0, 6])
def test_a_column_of_many_numbers_is_divided_at_its_quartiles(model, tmp_path, gaps):
    numbers = [(k * 37 % 60) + 0.5 for k in range(60)]
    rows = with_column(["" if k < gaps // 2 else "NA" if k < gaps else number for k, number in enumerate(numbers)])
    found = on(model, rows, tmp_path, by="g", resamples=0)
    known = np.array(numbers[gaps:])
    edges = np.quantile(known, [0, 0.25, 0.5, 0.75, 1])
    assert len({row["g"] for row in rows}) > MOST_SLICES
    assert [each.value for each in found.slices] == [
        *(f"{low:.6g} to {high:.6g}" for low, high in pairwise(edges)),
        *(["(missing)"] if gaps else []),
    ]
    places = np.searchsorted(edges[1:-1], known, side="right")
    assert [each.rows for each in found.slices] == [*np.bincount(places), *([gaps] if gaps else [])]
    assert sum(each.rows for each in found.slices) == 60


def test_a_column_of_too_many_texts_or_none_is_refused(model, tmp_path):
    with pytest.raises(DataError, match=r'column "g": 60 different texts are too many slices'):
        on(model, with_column([f"t{k}" for k in range(60)]), tmp_path, by="g")
    with pytest.raises(DataError, match="column 'sise' is missing; did you mean 'size'"):
        on(model, with_column(range(60)), tmp_path, by="sise")


def test_rows_of_unknown_classes_are_wrong_in_their_slices(model, tmp_path):
    cells = ["c"] * 5 + ["a", "b"] * 27 + ["a"]
    rows = [row | ({"label": "priceless"} if k < 7 else {}) for k, row in enumerate(with_column(cells))]
    found = on(model, rows, tmp_path, by="g")
    assert sum(each.rows for each in found.slices) == found.rows == 60
    right = sum(each.rows * each.metrics["accuracy"] for each in found.slices)
    assert right == pytest.approx(60 * found.metrics["accuracy"])
    assert [each.metrics["accuracy"] for each in found.slices if each.value == "c"] == [0.0]
    assert [each.metrics["loss"] for each in found.slices] == [None] * 3
    assert not found.intervals


def test_a_feature_can_divide_the_rows_too(model, tmp_path):
    assert [each.value for each in on(model, ROWS, tmp_path, by="colour").slices] == ["blue", "green", "red"]


# classes


def test_the_confusion_counts_the_rows_by_true_and_predicted_class(model, tmp_path):
    found = on(model, ROWS, tmp_path)
    predicted = predict(model, str(tmp_path / "rows.csv"))["label"]
    names = [each.name for each in found.classes]
    assert names == ["cheap", "dear"]
    pairs = [(row["label"], label) for row, label in zip(ROWS, predicted, strict=True)]
    assert found.confusion == tuple(tuple(float(pairs.count((true, said))) for said in names) for true in names)
    for each, row, column in zip(found.classes, found.confusion, np.transpose(found.confusion), strict=True):
        right = found.confusion[names.index(each.name)][names.index(each.name)]
        expected = (sum(row), right / sum(row), right / sum(column))
        assert (each.rows, each.recall, each.precision) == pytest.approx(expected)
        assert each.f1 == pytest.approx(2 * each.precision * each.recall / (each.precision + each.recall))


def test_a_class_without_rows_has_no_recall(model, tmp_path):
    found = on(model, [row for row in ROWS if row["label"] == "dear"], tmp_path)
    assert (found.classes[0].rows, found.classes[0].recall) == (0, None)


def test_numbers_have_neither_classes_nor_confusion(regressor, tmp_path):
    found = on(regressor, ROWS, tmp_path)
    assert (found.classes, found.confusion) == ((), ())


# intervals


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_intervals_hold_the_value_and_are_the_same_each_time(model, regressor, tmp_path, kind):
    path = model if kind == "classes" else regressor
    found = on(path, ROWS, tmp_path, resamples=200)
    assert found.resamples == 200
    assert found.intervals.keys() == found.metrics.keys() - found.undefined.keys() - {"ece"}
    assert all(low <= found.metrics[name] <= high for name, (low, high) in found.intervals.items())
    assert on(path, ROWS, tmp_path, resamples=200) == found
    assert on(path, ROWS, tmp_path, resamples=201).intervals != found.intervals


def test_more_rows_have_narrower_intervals(regressor, tmp_path):
    few, many = (on(regressor, ROWS * times, tmp_path, resamples=200).intervals["rmse"] for times in (1, 16))
    assert 0.15 < (many[1] - many[0]) / (few[1] - few[0]) < 0.4


def test_no_samples_are_no_intervals_and_nothing_else_changes(model, tmp_path):
    without, some = on(model, ROWS, tmp_path, resamples=0), on(model, ROWS, tmp_path, resamples=50)
    assert (without.intervals, without.resamples) == ({}, 0)
    assert (without.metrics, without.classes, without.confusion) == (some.metrics, some.classes, some.confusion)


def test_a_metric_without_a_value_has_no_interval(model, tmp_path):
    found = on(model, [row for row in ROWS if row["label"] == "dear"], tmp_path)
    assert "auc" not in found.intervals
    assert "accuracy" in found.intervals
