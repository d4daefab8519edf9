"""A model as one Python file that predicts with the standard library alone."""

import base64
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.errors import EnvironmentFailure
from mlptrain.export.cells import Cells
from mlptrain.export.plan import Plan
from mlptrain.export.processes import run_process

PARTS = ("standalone_rows.py", "standalone_network.py", "standalone_main.py")
"""The files whose text makes a scorer."""
SIGNATURE = b"by mlptrain "
"""What the first line of a scorer has, by which it is known again."""

RUN = """
import json, runpy, sys
scorer = runpy.run_path(sys.argv[1])
model = scorer["load_model"]()
for line in sys.stdin:
    print(json.dumps(scorer["predict_row"](json.loads(line), model)))
"""
"""What a process of `predict_with_python` runs: rows as JSON in, scores as JSON out, a line each."""


def write_python(plan: Plan) -> str:
    """The text of a scorer: `python -I -S scorer.py rows.csv`, or `predict_row(row, load_model())` from Python."""
    model = json.dumps(pack_plan(plan), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    parts = [strip_own_imports(files("mlptrain.export").joinpath(name).read_text("utf-8")) for name in PARTS]
    head = f'"""Predictions of {plan.origin["model"]!a}, by mlptrain {plan.origin["mlptrain"]}."""\n'
    return "\n\n".join([head, *parts, f"MODEL = {model!r}\n", 'if __name__ == "__main__":\n    run_scorer()\n'])


def strip_own_imports(text: str) -> str:
    """The text of a part without what it imports of the other parts."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("from mlptrain")) + "\n"


def pack_plan(value: Any) -> Any:
    """A plan as JSON's types, its arrays as texts."""
    if is_dataclass(value):
        return {each.name: pack_plan(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, np.ndarray):
        return pack_array(value)
    if isinstance(value, Mapping):
        return {key: pack_plan(each) for key, each in value.items()}
    return [pack_plan(each) for each in value] if isinstance(value, tuple) else value


def pack_array(values: Any) -> dict[str, Any]:
    """The bytes of an array, little-endian, as text."""
    data = base64.b85encode(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()).decode()
    return {"dtype": values.dtype.name, "shape": list(values.shape), "data": data}


def predict_with_python(path: Path, cells: Cells, plan: Plan) -> NDArray[np.float64]:
    """Scores of the classes (B, C), or numbers (B, K), of rows, by a scorer in a process without any package."""
    given = [sys.executable, "-I", "-S", "-c", RUN, str(path)]
    rows = "".join(f"{json.dumps(row)}\n" for row in list_rows(cells))
    ended = run_process(given, rows.encode())
    if ended.exit_code:
        raise EnvironmentFailure(f"{path.name}: the scorer has failed: {ended.problems.splitlines()[-1]}")
    return np.array(list(map(json.loads, ended.output.splitlines())), np.float64)


def list_rows(cells: Cells) -> Iterator[dict[str, Any]]:
    """The rows of cells; what is missing is None."""
    columns = [values.tolist() if isinstance(values, np.ndarray) else values for values in cells.values()]
    for row in zip(*columns, strict=True):
        yield {name: None if cell != cell else cell for name, cell in zip(cells, row, strict=True)}
