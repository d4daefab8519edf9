"""What runs ONNX files: ONNX Runtime, else the reference evaluator, else it is said what to install."""

import sys

import numpy as np
import pytest

from mlptrain.errors import EnvironmentFailure
from mlptrain.export.onnx_runtime import open_onnx_file, write_dates_as_texts
from tests.support.export_cases import make_export_case


def test_without_anything_that_runs_it_it_is_said_what_to_install(monkeypatch, tmp_path):
    for name in ("onnxruntime", "onnx"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(EnvironmentFailure, match="pip install onnxruntime"):
        open_onnx_file(tmp_path / "model.onnx")


def test_only_moments_become_texts():
    cells = {"day": np.array([0.0, -86400.0, np.nan]), "size": np.array([0.0, 1.0, 2.0])}
    found = write_dates_as_texts(cells, make_export_case("linear").plan)
    assert found["day"] == ["1970-01-01", "1969-12-31", ""]
    assert found["size"] is cells["size"]
