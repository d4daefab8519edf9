"""The ONNX file: it predicts what the model predicts, and every member of the plan's unions has a writer."""

from collections.abc import Collection
from typing import Any

import pytest

from mlptrain.annotations import list_union_members
from mlptrain.data.scaling import FittedScaling
from mlptrain.engine.activations import Activation
from mlptrain.export.onnx_activations import write_activation
from mlptrain.export.onnx_columns import COLUMN_WRITERS, declare_input
from mlptrain.export.onnx_embeddings import write_numeric_embedding
from mlptrain.export.onnx_operations import write_operation
from mlptrain.export.onnx_outputs import write_link, write_onnx
from mlptrain.export.onnx_runtime import predict_with_onnx
from mlptrain.export.onnx_scalings import SCALING_WRITERS
from mlptrain.export.plan import ColumnPlan, Input, Link, NumericEmbeddingPlan, Operation
from tests.support.export_cases import CASES, assert_same_predictions, make_export_case

INSTALL = "needs onnx and onnxruntime: pip install -e '.[integration]'"

WRITERS: list[tuple[Any, Collection[type]]] = [
    (Input, declare_input.registry),
    (ColumnPlan, COLUMN_WRITERS),
    (FittedScaling, SCALING_WRITERS),
    (Operation, write_operation.registry),
    (NumericEmbeddingPlan, write_numeric_embedding.registry),
    (Activation, write_activation.registry),
    (Link, write_link.registry),
]


@pytest.mark.parametrize(
    ("member", "writers"), [(member, writers) for union, writers in WRITERS for member in list_union_members(union)]
)
def test_every_member_of_the_unions_of_a_plan_has_a_writer(member, writers):
    assert member in writers


@pytest.mark.integration
@pytest.mark.parametrize("name", CASES)
def test_the_file_predicts_what_the_model_predicts(name, tmp_path):
    onnx = pytest.importorskip("onnx", reason=INSTALL)
    pytest.importorskip("onnxruntime", reason=INSTALL)
    case, path = make_export_case(name), tmp_path / "model.onnx"
    path.write_bytes(write_onnx(case.plan))
    onnx.checker.check_model(onnx.load(path), full_check=True)
    assert_same_predictions(predict_with_onnx(path, case.cells, case.plan), case.expected, case.plan)
