"""The ONNX file: it predicts what the model predicts, says what it is, and stays small; all of a plan has a writer."""

import json
import sys
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any
from warnings import catch_warnings

import numpy as np
import pytest

import mlptrain
from mlptrain.annotations import list_union_members
from mlptrain.data.scaling import FittedScaling
from mlptrain.engine.activations import Activation
from mlptrain.engine.losses import Poisson
from mlptrain.errors import EnvironmentFailure
from mlptrain.export.onnx_activations import write_activation
from mlptrain.export.onnx_columns import COLUMN_WRITERS, declare_input
from mlptrain.export.onnx_embeddings import write_numeric_embedding
from mlptrain.export.onnx_graph import concatenate
from mlptrain.export.onnx_operations import write_operation
from mlptrain.export.onnx_outputs import write_graph, write_link, write_onnx
from mlptrain.export.onnx_runtime import open_onnx_file, predict_with_onnx
from mlptrain.export.onnx_scalings import SCALING_WRITERS
from mlptrain.export.outputs import plan_model
from mlptrain.export.plan import (
    ColumnPlan,
    Exponential,
    Input,
    Link,
    NumericEmbeddingPlan,
    Operation,
    Plan,
    TextPlan,
)
from tests.support.export_cases import CASES, FEW_CASES, assert_same_predictions, make_export_case
from tests.support.onnx_graphs import INSTALL, run_formula

WRITERS: list[tuple[Any, Collection[type]]] = [
    (Input, declare_input.registry),
    (ColumnPlan, COLUMN_WRITERS),
    (FittedScaling, SCALING_WRITERS),
    (Operation, write_operation.registry),
    (NumericEmbeddingPlan, write_numeric_embedding.registry),
    (Activation, write_activation.registry),
    (Link, write_link.registry),
]
TITANIC_LIKE: Mapping[str, Any] = {
    "recipe": "plain",
    "data": {"target": "label", "columns": {"a": "number", "b": "number", "c": "number", "d": "category"}},
}
ALL_AT_ONCE: Mapping[str, Any] = {
    "data": {
        "target": "label",
        "missing_values": ["-999"],
        "columns": {
            "a": {"type": "number", "scaling": "robust"},
            "b": {"type": "number", "scaling": "quantile"},
            "c": {"type": "number", "scaling": "log1p"},
            "d": {"type": "category", "encoding": "embedding"},
            "e": {"type": "category", "encoding": "target"},
            "f": "boolean",
            "g": "date",
            "h": "date",
            "i": {"type": "number", "scaling": "standard"},
            "j": {"type": "number", "scaling": {"name": "quantile", "quantiles": 50}},
        },
    },
    "model": {
        "hidden": [8, 8, 8, 8],
        "activation": {"name": "parametric", "activation": "selu"},
        "norm": "layer",
        "residual": 1,
        "numeric_embedding": "plr",
        "input_scaling": True,
    },
    "members": {"name": "tabm", "count": 2},
}
MOST_NODES = [(TITANIC_LIKE, 120), (ALL_AT_ONCE, 400)]


def draw_mixed_table(rows: int = 2000) -> dict[str, list[Any]]:
    """Columns of all kinds, so many that quantile scalings have all their quantiles."""
    draw = np.random.default_rng(0)
    days = np.datetime64("2020-01-01") + draw.integers(0, 3000, (2, rows)).astype("timedelta64[D]")
    numbers = {name: draw.normal(size=rows).tolist() for name in "abcij"}
    texts = {name: draw.choice(["red", "green", "blue", ""], rows).tolist() for name in "de"}
    others = {"f": draw.choice(["yes", "no"], rows).tolist(), "label": draw.choice(["x", "y"], rows).tolist()}
    return numbers | texts | others | dict(zip("gh", days.astype(str).tolist(), strict=True))


def plan_fit(spec: Mapping[str, Any]) -> Plan:
    """The plan of a model of the table, trained for an epoch."""
    table, columns = draw_mixed_table(), spec["data"]["columns"]
    used = {name: cells for name, cells in table.items() if name in {"label", *columns}}
    with catch_warnings(action="ignore"):  # missing cells are filled
        model = mlptrain.fit({**spec, "training": {"epochs": 1}}, used, progress=False, threads=1).model
    return plan_model(model, {"model": "m.npz", "sha256": "0" * 64, "mlptrain": "0.0"})


@pytest.mark.parametrize(
    ("member", "writers"), [(member, writers) for union, writers in WRITERS for member in list_union_members(union)]
)
def test_every_member_of_the_unions_of_a_plan_has_a_writer(member, writers):
    assert member in writers


@pytest.mark.parametrize(("spec", "most"), MOST_NODES, ids=["titanic-like", "all-at-once"])
def test_a_graph_has_few_nodes(spec, most):
    assert len(write_graph(plan_fit(spec)).nodes) <= most


@pytest.mark.parametrize("name", FEW_CASES)
def test_nothing_is_in_a_graph_twice_or_for_nothing(name):
    graph = write_graph(make_export_case(name).plan)
    keys = [(node.operator, node.inputs, node.attributes) for node in graph.nodes]
    assert len(keys) == len(set(keys))
    made = [name for node in graph.nodes for name in node.outputs] + list(graph.constants)
    assert len(made) == len(set(made))
    used = {name for node in graph.nodes for name in node.inputs} | {port.name for port in graph.outputs}
    assert used == {*made, *(port.name for port in graph.inputs)}


def test_networks_share_what_they_do_with_the_same_cells():
    """Three folds look up the texts of a column, whose levels are the same, once."""
    plan = make_export_case("linear").plan
    assert len(plan.networks) == 3
    encoders = [node for node in write_graph(plan).nodes if node.operator == "LabelEncoder"]
    assert len(encoders) < sum(isinstance(each, TextPlan) for one in plan.networks for each in one.columns)


def test_without_the_library_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(EnvironmentFailure, match=r"pip install 'mlptrain\[onnx\]'"):
        write_onnx(make_export_case("linear").plan)


@pytest.mark.integration
@pytest.mark.parametrize("name", CASES)
def test_the_file_predicts_what_the_model_predicts(name, tmp_path):
    onnx = pytest.importorskip("onnx", reason=INSTALL)
    pytest.importorskip("onnxruntime", reason=INSTALL)
    case, path = make_export_case(name), tmp_path / "model.onnx"
    path.write_bytes(write_onnx(case.plan))
    onnx.checker.check_model(onnx.load(path), full_check=True)
    assert_same_predictions(predict_with_onnx(path, case.cells, case.plan), case.expected, case.plan)


@pytest.mark.integration
@pytest.mark.parametrize("name", ["linear", "weighted"])
def test_the_reference_evaluator_predicts_the_same(name, tmp_path, monkeypatch):
    pytest.importorskip("onnx", reason=INSTALL)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    case, path = make_export_case(name), tmp_path / "model.onnx"
    path.write_bytes(write_onnx(case.plan))
    assert open_onnx_file(path)[0].startswith("the reference evaluator of onnx")
    assert_same_predictions(predict_with_onnx(path, case.cells, case.plan), case.expected, case.plan)


@pytest.mark.integration
@pytest.mark.parametrize("members", [1, 3])
def test_large_exponentials_go_on_as_tangents(members):
    loss = Poisson()
    z = np.linspace(-5, 2 * loss.ceiling, 60).reshape(-1, 3)
    link = Exponential(is_pair=False, ceiling=loss.ceiling)

    def write(given):
        outputs = given if members == 1 else concatenate([(given * m).add_axes(0) for m in range(members)], axis=0)
        return {"y": write_link(link, outputs, has_members=members > 1)}

    outputs = z if members == 1 else np.stack([z * m for m in range(members)])
    expected = loss.predict(outputs if members == 1 else loss.pool_logits(outputs))
    np.testing.assert_allclose(run_formula(z, write)["y"], expected, rtol=1e-12)


@pytest.mark.integration
def test_many_levels_need_no_table_of_their_square(tmp_path):
    pytest.importorskip("onnx", reason=INSTALL)
    levels = [f"level {number}" for number in range(300)]
    table = {"colour": [*levels, *levels], "label": [str(number % 2) for number in range(600)]}
    spec = {"data": {"target": "label", "columns": {"colour": {"type": "category", "encoding": "one_hot"}}}}
    model = mlptrain.fit({**spec, "training": {"epochs": 1}}, table, progress=False, threads=1).model
    path, plan = tmp_path / "model.onnx", plan_model(model, {"model": "m", "sha256": "0", "mlptrain": "0"})
    graph = write_graph(plan)
    assert sum(node.operator == "OneHot" for node in graph.nodes) == 1
    path.write_bytes(write_onnx(plan))
    new = {"colour": [levels[7], "", "none of them", levels[299]]}
    with catch_warnings(action="ignore"):  # cells are missing or unknown
        expected = model.predict_proba(new)
    assert_same_predictions(predict_with_onnx(path, new, plan), expected, plan)


@pytest.mark.integration
def test_the_file_says_what_it_is():
    onnx = pytest.importorskip("onnx", reason=INSTALL)
    case = make_export_case("linear")
    model = onnx.load_from_string(write_onnx(case.plan))
    facts = {each.key: each.value for each in model.metadata_props}
    assert facts["mlptrain.sha256"] == case.plan.origin["sha256"]
    assert json.loads(facts["mlptrain.spec"])["data"]["target"] == "grade"
    said = {each.name: each.doc_string for each in (*model.graph.input, *model.graph.output)}
    assert said["size"] == "A number; missing = NaN."
    assert "seconds since 1970-01-01 UTC" in said["day"]
    assert list(said) == [*(each.name for each in case.plan.inputs), "grade", "probabilities"]
    assert "cannot refuse" in model.doc_string


@pytest.mark.integration
def test_labels_are_those_of_the_best_scores(tmp_path):
    pytest.importorskip("onnx", reason=INSTALL)
    onnxruntime = pytest.importorskip("onnxruntime", reason=INSTALL)
    case = make_export_case("images")
    session = onnxruntime.InferenceSession(write_onnx(case.plan), providers=["CPUExecutionProvider"])
    labels, scores = session.run(None, dict(case.cells))
    assert labels.tolist() == [case.plan.classes[place] for place in scores.argmax(axis=1)]


@pytest.mark.integration
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no names of files that are not UTF-8")
@pytest.mark.parametrize("missing", [(), ("onnxruntime",)], ids=["ONNX Runtime", "reference evaluator"])
def test_the_models_file_may_have_a_name_that_is_no_utf_8(missing, tmp_path, monkeypatch):
    onnx = pytest.importorskip("onnx", reason=INSTALL)
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    case, path = make_export_case("linear"), tmp_path / "caf\udce9.onnx"
    path.write_bytes(write_onnx(replace(case.plan, origin={**case.plan.origin, "model": path.name})))
    assert onnx.load_from_string(path.read_bytes()).doc_string.startswith("caf\\udce9.onnx: predicts")
    assert_same_predictions(predict_with_onnx(path, case.cells, case.plan), case.expected, case.plan)
