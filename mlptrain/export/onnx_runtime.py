"""An ONNX file run: by ONNX Runtime where it is installed, else by the reference evaluator of `onnx`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.errors import EnvironmentFailure
from mlptrain.export.cells import Cells, collect_codes, write_known_texts
from mlptrain.export.plan import DateInput, Plan

INSTALL = "pip install onnxruntime"
ROWS = 4096
"""Rows that are predicted at a time."""

Feed = Mapping[str, NDArray[Any]]
Run = Callable[[Feed], Mapping[str, NDArray[Any]]]
"""All outputs for inputs, by name."""


def open_onnx_file(path: Path) -> tuple[str, Run]:
    """What runs the file, in words, and how; an EnvironmentFailure if nothing that could is installed."""
    for open_file in (open_in_onnxruntime, open_in_reference):
        try:
            return open_file(path)
        except ImportError:
            continue
    raise EnvironmentFailure(f"an ONNX file is run by ONNX Runtime: {INSTALL}")


def open_in_onnxruntime(path: Path) -> tuple[str, Run]:
    """The file in ONNX Runtime, on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]

    def run(feed: Feed) -> Mapping[str, NDArray[Any]]:
        return dict(zip(names, session.run(names, feed), strict=True))

    return f"ONNX Runtime {onnxruntime.__version__}", run


def open_in_reference(path: Path) -> tuple[str, Run]:
    """The file in the reference evaluator, which is slow."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(path.read_bytes())

    @np.errstate(all="ignore")  # what is not chosen may be no number
    def run(feed: Feed) -> Mapping[str, NDArray[Any]]:
        return dict(zip(evaluator.output_names, evaluator.run(None, dict(feed)), strict=True))

    return f"the reference evaluator of onnx {onnx.__version__}", run


def predict_with_onnx(path: Path, cells: Cells, plan: Plan, *, date_texts: bool = False) -> NDArray[np.float64]:
    """Scores of the classes (B, C), or numbers (B, K), by what is installed; `date_texts` as the file was written."""
    _, run = open_onnx_file(path)
    feed = make_feed(write_dates_as_texts(cells, plan) if date_texts else cells, plan)
    rows = len(next(iter(feed.values())))
    pieces = [
        run({name: values[start : start + ROWS] for name, values in feed.items()}) for start in range(0, rows, ROWS)
    ]
    return np.concatenate([collect_values(each, plan) for each in pieces])


def make_feed(cells: Cells, plan: Plan) -> Feed:
    """Cells as the inputs of the graph: numbers keep their type, texts are objects; (N, 1), or all pixels."""
    codes = collect_codes(plan.networks)
    arrays = {
        name: values
        if isinstance(values, np.ndarray)
        else np.array(write_known_texts(values, codes.get(name, ())), object)
        for name, values in cells.items()
    }
    return {name: values.reshape(len(values), -1) for name, values in arrays.items()}


def write_dates_as_texts(cells: Cells, plan: Plan) -> Cells:
    """Moments as ISO 8601 has them, with the time of the day only where it is not midnight."""
    dates = {each.name for each in plan.inputs if isinstance(each, DateInput)}
    return {
        name: [write_moment(each) for each in np.asarray(values, float)] if name in dates else values
        for name, values in cells.items()
    }


def write_moment(seconds: float) -> str:
    """A moment as text; a missing one is empty.

    >>> write_moment(86400.0), write_moment(60.0), write_moment(float("nan"))
    ('1970-01-02', '1970-01-01T00:01:00', '')
    """
    if np.isnan(seconds):
        return ""
    return str(np.datetime64(round(seconds), "s")).removesuffix("T00:00:00")


def collect_values(outputs: Mapping[str, NDArray[Any]], plan: Plan) -> NDArray[np.float64]:
    """The outputs but the label side by side."""
    found = list(outputs.values())
    values = found[1] if plan.classes else np.stack(found[: len(plan.targets)], axis=1)
    return values.astype(np.float64)
