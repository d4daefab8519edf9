"""Dates as texts in a graph: it reads YYYY-MM-DD, and nothing else."""

from dataclasses import replace
from warnings import catch_warnings

import numpy as np
import pytest

import mlptrain
from mlptrain.export.onnx_date_texts import read_dates
from mlptrain.export.onnx_outputs import OPSET_WITH_TEXTS, write_graph, write_onnx
from mlptrain.export.onnx_runtime import make_feed, open_onnx_file, predict_with_onnx
from mlptrain.export.outputs import plan_model
from mlptrain.export.plan import NotExportable
from tests.support.export_cases import GENERATED, IMAGES, assert_same_predictions, make_export_case
from tests.support.onnx_graphs import INSTALL, run_formula

NO_DATES = ["0000-01-01", "2021-02-29", "1900-02-29", "2020-02-30", "2021-04-31", "2021-13-01", "2021-00-01"]
NO_DATES += ["2021-1-01", "20210101", "", "x", " 2021-01-01", "2021-01-01T00:00", "2021-01-00", "12021-01-01"]
SPEC = {
    "data": {
        "target": "label",
        "columns": {"born": "date", "left": "date", "size": "number"},
        "missing_values": ["1900-01-01"],
        "replace": {"then": "2001-02-03", "1900-01-02": "1900-01-01", "1900-01-03": "1900-01-04", "1900-01-04": ""},
    },
    "training": {"epochs": 1},
}
WORDS = ["", "1900-01-01", "then", "1900-01-02", "1900-01-03", "1900-01-04", "0001-01-01", "9999-12-31"]
WITHOUT_DATES = [*IMAGES, *(name for name, each in GENERATED.items() if "day" in each["left_out"])]


def draw_dates(draw, rows):
    return (np.datetime64("2000-01-01") + draw.integers(0, 9000, rows)).astype(str).tolist()


@pytest.fixture(scope="module")
def model():
    draw = np.random.default_rng(0)
    size = draw.normal(size=80)
    table = {"born": draw_dates(draw, 80), "left": draw_dates(draw, 80), "size": size.tolist()}
    table["label"] = np.where(size > 0, "x", "y").tolist()
    with catch_warnings(action="ignore"):  # no text that is replaced is there
        return mlptrain.fit(SPEC, table, progress=False, threads=1).model


@pytest.fixture(scope="module")
def plan(model):
    return plan_model(model, {"model": "m.npz", "sha256": "0", "mlptrain": "0.0"})


@pytest.mark.integration
def test_every_day_of_the_calendar_is_read_and_no_other():
    days = np.arange("0001-01-01", "9999-12-31", 13, dtype="datetime64[D]")
    ends = np.arange("1896-01", "2005-01", dtype="datetime64[M]").astype("datetime64[D]") - 1
    dates = np.concatenate([days, ends])
    texts = np.array([*dates.astype(str), *NO_DATES], object)[:, None]
    found = run_formula(texts, lambda given: {"y": read_dates(given)}, opset=OPSET_WITH_TEXTS)["y"][:, 0]
    np.testing.assert_array_equal(found[: len(dates)], dates.astype("datetime64[s]").astype(float))
    assert np.isnan(found[len(dates) :]).all()


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore")  # cells are missing or far from those of training
def test_the_graph_reads_dates_as_the_model_does(model, plan, tmp_path):
    pytest.importorskip("onnxruntime", reason=INSTALL)
    onnx, path = pytest.importorskip("onnx", reason=INSTALL), tmp_path / "model.onnx"
    path.write_bytes(write_onnx(plan, guards=True, date_texts=True))
    onnx.checker.check_model(onnx.load(path), full_check=True)
    texts = [*WORDS, *draw_dates(np.random.default_rng(1), 20)]
    table = {"born": texts, "left": texts[::-1], "size": np.linspace(-2, 2, len(texts))}
    found = open_onnx_file(path)[1](make_feed(table, plan))
    assert_same_predictions(found["probabilities"], model.predict_proba(table), plan)
    gaps = np.array([text in ("", "1900-01-01", "1900-01-02", "1900-01-04") for text in texts], int)
    assert found["unseen"].tolist() == (gaps + gaps[::-1]).tolist()


@pytest.mark.integration
def test_moments_that_are_checked_become_texts(model, plan, tmp_path):
    pytest.importorskip("onnx", reason=INSTALL)
    path = tmp_path / "model.onnx"
    path.write_bytes(write_onnx(plan, date_texts=True))
    days = draw_dates(np.random.default_rng(2), 10)
    seconds = np.array(days, "datetime64[s]").astype(float)
    found = predict_with_onnx(path, {"born": seconds, "left": seconds, "size": np.zeros(10)}, plan, date_texts=True)
    assert_same_predictions(found, model.predict_proba({"born": days, "left": days, "size": np.zeros(10)}), plan)


@pytest.mark.integration
@pytest.mark.parametrize("name", WITHOUT_DATES)
def test_networks_are_the_same_with_the_operators_that_read_texts(name, tmp_path):
    onnx = pytest.importorskip("onnx", reason=INSTALL)
    pytest.importorskip("onnxruntime", reason=INSTALL)
    case, path = make_export_case(name), tmp_path / "model.onnx"
    path.write_bytes(write_onnx(case.plan, date_texts=True))
    onnx.checker.check_model(onnx.load(path), full_check=True)
    assert_same_predictions(predict_with_onnx(path, case.cells, case.plan), case.expected, case.plan)


def test_other_forms_and_times_of_the_day_are_refused_by_name(plan):
    with pytest.raises(NotExportable, match="'moment' has times of the day"):
        write_graph(make_export_case("linear").plan, date_texts=True)
    inputs = tuple(replace(each, format="%d.%m.%Y") if each.name == "left" else each for each in plan.inputs)
    with pytest.raises(NotExportable, match=r"'left' has dates of the form %d\.%m\.%Y"):
        write_graph(replace(plan, inputs=inputs), date_texts=True)
