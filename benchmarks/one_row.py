"""One row from Python, and 1,024 encoded rows: microseconds a call, beside scikit-learn and ONNX Runtime, as Markdown.

    pip install -e .[bench,integration]
    python benchmarks/predict.py --only one_row [--quick] [--rounds 31] [--out one_row.md]

All are networks of three hidden layers of 128 units, trained on a table of 18 mixed columns or on its numbers. Each
call runs for some milliseconds in every round, in turn, on one thread; processor time counts.
"""

import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from measuring import heading, missing, ratios, row, say, spread
from pairs import FEWEST, median_interval
from row_calls import HIDDEN, TARGET, Call, fit_estimator, fit_model, list_numbers, read_frame, take_full_row

BURST = 0.02
"""Processor seconds of a call in a round."""
BATCH = 1024
NEEDED = ("pandas", "sklearn")
ONNX = ("onnx", "onnxruntime")
RECORD, FRAME, ESTIMATOR, NETWORK = (
    "mlptrain, record",
    "mlptrain, data frame",
    "mlptrain, estimator",
    "mlptrain, network",
)
SKLEARN, EXPORTED, ALONE = "scikit-learn, estimator", "ONNX Runtime, exported model", "ONNX Runtime, its network alone"
OF_ONE, OF_MANY = "one row", f"{BATCH:,} rows"

Key = tuple[str, str]
"""Who, and of how many rows."""

RATIOS: Sequence[tuple[str, Key, Key, str]] = (
    ("time of the estimator / scikit-learn's", (ESTIMATOR, OF_ONE), (SKLEARN, OF_ONE), "≤ 2"),
    ("time of a record / the exported model's", (RECORD, OF_ONE), (EXPORTED, OF_ONE), ""),
    (f"rows a second, {BATCH:,} encoded / exported", (EXPORTED, OF_MANY), (NETWORK, OF_MANY), "≥ 0.8"),
    (f"rows a second, {BATCH:,} encoded / network alone", (ALONE, OF_MANY), (NETWORK, OF_MANY), ""),
)
"""What is divided by what, and where it is to be; times of a call, so that rows a second are their inverse."""


def make_calls(folder: Path) -> dict[Key, Call]:
    """Every call that the libraries at hand can make."""
    frame = read_frame()
    model, one = fit_model(frame), take_full_row(frame)
    (record,) = one.to_dict("records")
    numbers, estimator = list_numbers(frame), fit_estimator(frame)
    network, x = encode_rows(model, frame)
    calls: dict[Key, Call] = {
        (RECORD, OF_ONE): lambda: model.predict(record),
        (FRAME, OF_ONE): lambda: model.predict(one),
        (ESTIMATOR, OF_ONE): lambda: estimator.predict(numbers[:1]),
        (SKLEARN, OF_ONE): make_sklearn_call(numbers, frame[TARGET].to_numpy()),
        (NETWORK, OF_MANY): lambda: deque(network.logits(x), 0),
    }
    return calls if missing(ONNX) else calls | make_onnx_calls(model, frame, x, folder)


def encode_rows(model: Any, frame: Any) -> tuple[Any, Any]:
    """The network of a model, and rows as it sees them."""
    fitted = model.networks[0]
    rows = model.read_inputs(frame[:BATCH])
    return fitted.network, rows.encode(fitted.features, fitted.network.dtype).matrix()


def make_sklearn_call(numbers: Any, labels: Any) -> Call:
    """scikit-learn's own network of the same numbers."""
    import warnings

    from sklearn.neural_network import MLPClassifier

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one epoch is not enough
        classifier = MLPClassifier(HIDDEN, max_iter=1, random_state=1).fit(numbers, labels)
    return lambda: classifier.predict(numbers[:1])


def make_onnx_calls(model: Any, frame: Any, x: Any, folder: Path) -> Mapping[Key, Call]:
    """The exported model of one and of many rows of cells, and of encoded rows the part of it that is the network."""
    import onnx
    from onnx.utils import Extractor

    from mlptrain.commands.export import read_source
    from mlptrain.export.cells import collect_cells
    from mlptrain.export.formats import choose_format
    from mlptrain.export.onnx_runtime import make_feed, open_onnx_file

    model.save(folder / "model.npz")
    source, path = read_source(folder / "model.npz"), folder / "model.onnx"
    path.write_bytes(choose_format("onnx").write(source)[""])
    one, many = (
        make_feed(collect_cells(model, model.read_inputs(rows)), source.plan)
        for rows in (take_full_row(frame), frame[:BATCH])
    )
    whole = onnx.shape_inference.infer_shapes(onnx.load(path))
    inputs = next(node.input[0] for node in whole.graph.node if node.op_type == "MatMul")
    onnx.save(Extractor(whole).extract_model([inputs], [whole.graph.output[1].name]), folder / "network.onnx")
    (_, run), (_, run_network) = (open_onnx_file(folder / name) for name in ("model.onnx", "network.onnx"))
    return {
        (EXPORTED, OF_ONE): lambda: run(one),
        (EXPORTED, OF_MANY): lambda: run(many),
        (ALONE, OF_MANY): lambda: run_network({inputs: x}),
    }


def take_turns(calls: Mapping[Key, Call], rounds: int) -> dict[Key, list[float]]:
    """Microseconds of each call, round by round; those of the first round fill caches."""
    found: dict[Key, list[float]] = {key: [] for key in calls}
    for number in range(rounds + 1):
        for key, call in calls.items():
            seconds = measure_burst(call)
            found[key] += [1e6 * seconds] if number else []
    return found


def measure_burst(call: Call) -> float:
    """Processor seconds of a call, the mean over some milliseconds."""
    begun, spent, count = time.process_time(), 0.0, 0
    while not count or spent < BURST:
        call()
        spent, count = time.process_time() - begun, count + 1
    return spent / count


def table(found: Mapping[Key, Sequence[float]]) -> Iterator[str]:
    """Microseconds by who, and what they are beside each other."""
    yield from heading("who", "of", "µs a call", "rows a second")
    for (who, size), values in found.items():
        rows = BATCH if size == OF_MANY else 1
        yield row(who, size, spread(values, ".1f"), f"{1e6 * rows / median(values):,.0f}")
    yield ""
    yield from heading("ratio", "median (95 % interval)", "to be")
    for words, over, under, bound in RATIOS:
        if over in found and under in found:
            values = ratios(found[over], found[under])
            low, high = median_interval(values) if len(values) >= FEWEST else (min(values), max(values))
            yield row(words, f"{median(values):.3f} ({low:.3f}–{high:.3f})", bound or "–")


def measure(rounds: int) -> tuple[list[str], list[str]]:
    """The tables as lines, and what is left out."""
    if absent := missing(NEEDED):
        return [], [f"one row (not installed: {', '.join(absent)})"]
    from threadpoolctl import threadpool_limits

    with tempfile.TemporaryDirectory() as folder:
        calls = make_calls(Path(folder))
        with threadpool_limits(1):  # of the libraries that are loaded by now
            found = take_turns(calls, rounds)
    say("one row: done")
    absent = missing(ONNX)
    left_out = [f"one row by ONNX Runtime (not installed: {', '.join(absent)})"] if absent else []
    said = f"{rounds} rounds in turn, processor time on one thread; medians (quartiles)."
    return ["### One row from Python", "", said, "", *table(found)], left_out
