"""Exported scripts, imported."""

import ast
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.export.plan import Plan
from mlptrain.model.file import decode_model, encode_model
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.model import Model
from tests.support.export_cases import ExportCase


def import_script(path: Path, text: str) -> ModuleType:
    """The module of a script, written to `path`."""
    path.write_text(text, "utf-8")
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[path.stem] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def list_rows(case: ExportCase) -> Any:
    """The rows of a case, as scripts take them: mappings, or pixels."""
    if "pixels" in case.cells:
        return case.cells["pixels"]
    columns = [values if isinstance(values, list) else np.asarray(values).tolist() for values in case.cells.values()]
    return [dict(zip(case.cells, row, strict=True)) for row in zip(*columns, strict=True)]


def list_weights(model: Model) -> dict[str, NDArray[Any]]:
    """The arrays of a model's networks, by the names that its file has."""
    several = len(model.networks) > 1
    return {
        f"{number}." * several + f"{kind}.{name}": array
        for number, each in enumerate(model.networks, 1)
        for kind, arrays in (("parameters", each.network.parameters.values), ("buffers", each.network.buffers))
        for name, array in arrays.items()
    }


def put_weights(model: Model, arrays: dict[str, NDArray[Any]]) -> None:
    """Put arrays into the networks."""
    there = list_weights(model)
    assert there.keys() == arrays.keys()
    for name, array in arrays.items():
        there[name][...] = array


def draw_targets(model: Model, count: int) -> tuple[NDArray[Any], Any]:
    """Targets of rows: as the head has them, and as scripts take them."""
    draw, head = np.random.default_rng(0), model.head
    if head.has_classes:
        codes = draw.integers(0, head.width, count)
        return codes, [head.classes[code] for code in codes]
    numbers = draw.integers(1, 9, (count, head.width)).astype(np.float64)
    return numbers, numbers.tolist()


def measure_gradient(fitted: FittedNetwork, x: Any, targets: Any) -> tuple[float, dict[str, NDArray[Any]]]:
    """The loss of a batch in training without dropout, and its gradient by the names of a file; buffers move."""
    network = fitted.network
    run = network.begin(len(x), train=True)
    loss = network.loss_and_gradient(x, targets, None, loss=fitted.head.loss, run=run)
    return loss, {f"parameters.{name}": each.copy() for name, each in network.parameters.gradients.items()}


def assert_same_logits(script: ModuleType, call: Callable[[Any, Any], Any], networks: Any, case: ExportCase) -> None:
    """The logits that `call` finds with each network of a script are the engine's, within 1e-5 (1 + their size)."""
    for number, (fitted, network) in enumerate(zip(case.model.networks, networks, strict=True), 1):
        x = script.encode_rows(list_rows(case), number)
        z = np.concatenate([chunk.copy() for chunk in fitted.network.logits(x)], axis=-2)
        expected = z if z.ndim == 2 else z.swapaxes(0, 1)  # scripts have the members second
        np.testing.assert_allclose(call(network, x).reshape(expected.shape), expected, rtol=1e-5, atol=1e-5)


def find_named_arrays(text: str) -> list[str]:
    """Our names of the arrays that a script loads, of all its networks."""
    assigned = [node for node in ast.parse(text).body if isinstance(node, ast.Assign)]
    values = {node.targets[0].id: node.value for node in assigned if isinstance(node.targets[0], ast.Name)}
    rows = values["ARCHITECTURES"].elts
    prefixes = [f"{number}." if len(rows) > 1 else "" for number in range(1, len(rows) + 1)]
    return [
        prefix + ours
        for prefix, row in zip(prefixes, rows, strict=True)
        for ours in ast.literal_eval(values[row.args[1].id]).values()
    ]


def copy_model(model: Model) -> Model:
    """The model with arrays of its own."""
    return decode_model(encode_model(model), Model)


def read_weights(path: Path, model: Model) -> Model:
    """The model with the weights in a file, which has all of them and no others."""
    copied = copy_model(model)
    with np.load(path, allow_pickle=False) as back:
        put_weights(copied, dict(back))
    return copied


def predict_case(model: Model, case: ExportCase) -> NDArray[np.float64]:
    """What a model predicts for the rows of a case."""
    shape = getattr(case.model.networks[0].features, "shape", ())
    rows = case.cells["pixels"].reshape(-1, *shape) if shape else case.rows
    return model.predict_values(model.read_inputs(rows)).astype(np.float64)


def sign_plan(plan: Plan, path: Path) -> Plan:
    """The plan of the model in a file."""
    return replace(plan, origin={**plan.origin, "sha256": sha256(path.read_bytes()).hexdigest()})
