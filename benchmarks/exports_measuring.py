"""One model in one format: written, run on rows, compared with the model; of ONNX also the speed."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from mlptrain.commands.export import read_source
from mlptrain.export.cells import Cells, collect_cells
from mlptrain.export.comparison import Comparison
from mlptrain.export.formats import choose_format
from mlptrain.export.plan import Plan
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows, read_rows
from mlptrain.spec.fields import Images

FORMATS = ("onnx", "python", "c")
SLOW = ("python",)
"""Formats that predict one row after another, in an interpreted language."""
BATCH = 1024
"""Rows of a batch whose speed is measured."""
ROUNDS, SECONDS = 7, 0.2
"""Rounds of which the median counts, and the least processor time of each."""


class Limits(NamedTuple):
    """How many rows are predicted."""

    rows: int
    slow_rows: int


def measure(path: Path, name: str, data: Path, limits: Limits) -> dict[str, Any]:
    """How the export of a model in a format predicts the rows of a file, beside the model."""
    source, chosen = read_source(path), choose_format(name)
    rows = read_new_rows(source.model, data)
    most = limits.slow_rows if name in SLOW else limits.rows
    cells = take_rows(collect_cells(source.model, rows), most)
    expected = source.model.predict_values(rows)[:most].astype(np.float64)
    comparison = Comparison(source.plan)
    with TemporaryDirectory() as folder:
        written = Path(folder) / f"export{chosen.ending}"
        written.write_bytes(chosen.write(source)[""])
        begun = time.perf_counter()
        comparison.add(chosen.predict(written, cells, source), expected, str)
        found = {
            "rows": comparison.rows,
            "largest": comparison.largest,
            "labels": comparison.labels,
            "seconds": time.perf_counter() - begun,
            "bytes": written.stat().st_size,
            "model_bytes": path.stat().st_size,
            "parameters": source.model.parameters,
            "networks": len(source.model.networks),
            "specs": len({str(each.spec) for each in source.model.networks}),
        }
        return found | (measure_onnx(written, cells, source.plan) if name == "onnx" else {})


def read_new_rows(model: Model, data: Path) -> Rows:
    """The rows of a file: a table, or images."""
    given = Images(images=str(data)) if model.reads_images else str(data)
    return read_rows(given, model.spec.data, Path(), only=list(model.columns()))


def take_rows(cells: Cells, count: int) -> Cells:
    """The first rows."""
    return {name: values[:count] for name, values in cells.items()}


# ── ONNX ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def measure_onnx(path: Path, cells: Cells, plan: Plan) -> dict[str, Any]:
    """The nodes of a graph, and its speed on one thread: µs for one row, rows a second in batches."""
    import onnx

    from mlptrain.export.onnx_runtime import make_feed, open_onnx_file

    runtime, run = open_onnx_file(path)
    one, batch = (make_feed(repeat_rows(cells, count), plan) for count in (1, BATCH))
    return {
        "nodes": len(onnx.load(path).graph.node),
        "runtime": runtime,
        "one_row_us": measure_seconds(lambda: run(one)) * 1e6,
        "rows_a_second": BATCH / measure_seconds(lambda: run(batch)),
    }


def repeat_rows(cells: Cells, count: int) -> Mapping[str, Any]:
    """So many rows, the first ones over and over where there are fewer."""
    places = [place % len(next(iter(cells.values()))) for place in range(count)]
    taken = {name: [values[place] for place in places] for name, values in cells.items()}
    return {name: np.array(values) if isinstance(cells[name], np.ndarray) else values for name, values in taken.items()}


def measure_seconds(call: Callable[[], object]) -> float:
    """Seconds of processor time of a call: the median over rounds of its mean in a round."""
    call()
    rounds = []
    for _ in range(ROUNDS):
        begun, calls = time.process_time(), 0
        while not calls or time.process_time() - begun < SECONDS:
            call()
            calls += 1
        rounds.append((time.process_time() - begun) / calls)
    return median(rounds)
