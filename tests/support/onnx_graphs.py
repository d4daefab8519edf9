"""Small ONNX graphs run by ONNX Runtime."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mlptrain.export.onnx_file import serialize_graph
from mlptrain.export.onnx_graph import TEXT, Graph, Tensor

INSTALL = "needs onnx and onnxruntime: pip install -e '.[integration]'"


def run_formula(
    x: NDArray[Any], formula: Callable[[Tensor], Mapping[str, Tensor]], opset: int = 17
) -> dict[str, NDArray[Any]]:
    """What a formula over tensors makes of x (N, F), by name."""
    pytest.importorskip("onnx", reason=INSTALL)
    onnxruntime = pytest.importorskip("onnxruntime", reason=INSTALL)
    graph = Graph(opset=opset)
    given = graph.add_input("x", TEXT if x.dtype == object else x.dtype, x.shape[1], "")
    for name, tensor in formula(given).items():
        graph.add_output(tensor, name, x.shape[1:], "")
    content = serialize_graph(graph, name="formula", version="0", description="", facts={})
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, map(np.asarray, session.run(names, {"x": x})), strict=True))
