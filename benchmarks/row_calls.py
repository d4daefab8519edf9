"""Calls of Python that predict one row of a table of 18 mixed columns, by the mlptrain that is imported.

`python benchmarks/row_calls.py` serves them as `step_peers.py` serves steps: lines of JSON in, a name to prepare or a
count of calls to make, processor seconds out. It names only what any version has for its users.
"""

import json
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tables

Call = Callable[[], Any]

ROWS, TARGET = 2000, "category_0"
LEFT_OUT = ["category_3", "category_4"]
"""Columns of hundreds of levels, which most tables have none of."""
HIDDEN = [128, 128, 128]
SPEC = {
    "recipe": "plain",
    "data": {"target": TARGET},
    "model": {"hidden": HIDDEN},
    "training": {"epochs": 1},
    "seed": 1,
}


def read_frame() -> Any:
    """The table as a data frame."""
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mixed.csv"
        tables.mixed(path, ROWS)
        return pd.read_csv(path).drop(columns=LEFT_OUT).dropna(subset=[TARGET])


def fit_model(frame: Any) -> Any:
    """A model of the table by the recipe `plain`; how good it is does not matter here."""
    import mlptrain

    return mlptrain.fit(SPEC, frame, progress=False, threads=1).model


def take_full_row(frame: Any) -> Any:
    """The first row without missing cells, as a frame."""
    return frame[frame.notna().all(axis=1)].iloc[:1]


def list_numbers(frame: Any) -> Any:
    """The columns of numbers as an array, missing ones 0, scaled, for estimators of all libraries alike."""
    numbers = frame.select_dtypes("number").fillna(0.0).to_numpy(float)
    return (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)


def fit_estimator(frame: Any) -> Any:
    """The classifier of mlptrain on the columns of numbers."""
    from mlptrain.sklearn import MLPTrainClassifier

    estimator = MLPTrainClassifier(hidden=HIDDEN, epochs=1, random_state=1, n_jobs=1)
    return estimator.fit(list_numbers(frame), frame[TARGET].to_numpy())


def make_call(name: str) -> Call:
    """A call by its name in `CALLS`."""
    frame = read_frame()
    return CALLS[name](frame)


def make_record_call(frame: Any) -> Call:
    model, (record,) = fit_model(frame), take_full_row(frame).to_dict("records")
    return lambda: model.predict(record)


def make_frame_call(frame: Any) -> Call:
    model, row = fit_model(frame), take_full_row(frame)
    return lambda: model.predict(row)


def make_estimator_call(frame: Any) -> Call:
    estimator, row = fit_estimator(frame), list_numbers(frame)[:1]
    return lambda: estimator.predict(row)


CALLS: dict[str, Callable[[Any], Call]] = {
    "record": make_record_call,
    "data frame": make_frame_call,
    "estimator": make_estimator_call,
}
"""One row as a record, as a data frame, and as an array that the estimator is given."""


def serve(orders: Iterator[str]) -> None:
    """Answer each order by the processor seconds that it took."""
    warnings.simplefilter("ignore")  # one epoch is not enough, and some cells are missing
    call: Call = int
    for line in orders:
        order = json.loads(line)
        if order is None:
            return
        begun = time.process_time()
        if isinstance(order, str):
            call = make_call(order)
        else:
            for _ in range(order):
                call()
        print(json.dumps(time.process_time() - begun), flush=True)


if __name__ == "__main__":
    serve(iter(sys.stdin.readline, ""))
