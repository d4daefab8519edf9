"""A model as one Python file that predicts with the standard library alone."""

import base64
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from mlptrain.export.plan import Plan

PARTS = ("standalone_rows.py", "standalone_network.py", "standalone_main.py")
"""The files whose text makes a scorer."""
SIGNATURE = b"by mlptrain "
"""What the first line of a scorer has, by which it is known again."""


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
