"""A model as one Python file that predicts with the standard library alone."""

import base64
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.errors import EnvironmentFailure
from mlptrain.export.cells import Cells
from mlptrain.export.definitions import collect_definitions
from mlptrain.export.plan import Plan
from mlptrain.export.processes import run_process

ROW_PARTS = (
    "data/blanks.py",
    "data/grammar.py",
    "data/meanings.py",
    "data/moments.py",
    "data/column_names.py",
    "data/text_lines.py",
    "export/standalone_table.py",
    "export/standalone_cells.py",
    "export/standalone_rows.py",
)
"""The files that a table becomes inputs of networks with, the ones that others need before these."""
PARTS = (*ROW_PARTS, "export/standalone_network.py", "export/standalone_main.py")
"""The files whose definitions make a scorer."""
USES = ("run_scorer", "predict", "predict_rows", "predict_row")
"""The definitions that are used: others come along where these need them."""
SIGNATURE = b"# Predictions of "
"""What a scorer begins with, by which it is known again."""
HEAD = '''# Predictions of {model}, by mlptrain {mlptrain}.
"""Predict {targets} with Python 3.10 or later alone: `python -I -S FILE rows.csv`, or `predict(row)` from Python."""

from __future__ import annotations

import sys

if sys.version_info < (3, 10):
    raise RuntimeError("this needs Python 3.10 or later")

'''
MARKS = re.compile(r"  # (?:noqa|type: ignore).*")
"""Comments for those who check our files."""
CHUNK = 90
"""Characters of the model on a line, which may be twice as many with backslashes."""

RUN = """
import json, runpy, sys
scorer = runpy.run_path(sys.argv[1])
model = scorer["load_model"]()
for line in sys.stdin:
    print(json.dumps(scorer["predict_row"](json.loads(line), model)))
"""
"""What a process of `predict_with_python` runs: rows as JSON in, scores as JSON out, a line each."""


def write_python(plan: Plan) -> str:
    """The text of a scorer: `python -I -S scorer.py rows.csv`, or `predict(row)` from Python."""
    targets = "the target" if len(plan.targets) == 1 else f"the {len(plan.targets)} targets"
    head = HEAD.format(model=ascii(plan.origin["model"]), mlptrain=plan.origin["mlptrain"], targets=targets)
    model = f"MODEL = {write_literal(json.dumps(pack_plan(plan), separators=(',', ':')))}\n"
    text = MARKS.sub("", collect_definitions(read_parts(PARTS), USES))
    return "\n\n".join([head + text, model, 'if __name__ == "__main__":\n    run_scorer()\n'])


def read_parts(names: Sequence[str]) -> list[str]:
    """The texts of some of our files."""
    return [files("mlptrain").joinpath(name).read_text("utf-8") for name in names]


def write_literal(text: str) -> str:
    """A text of ASCII as a literal of Python on short lines: nothing in it can be code."""
    chunks = (text[start : start + CHUNK] for start in range(0, len(text), CHUNK))
    return "\n".join(["(", *(f"    {chunk!r}" for chunk in chunks), ")"])


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
    data = base64.b64encode(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()).decode()
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
