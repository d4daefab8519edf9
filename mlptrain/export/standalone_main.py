"""A scorer as a program: a CSV file in, predictions as CSV out, with the standard library alone.

The text of this file is copied into what is exported, after that of `standalone_network.py`, without its imports; there
MODEL is the model.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from mlptrain.export.standalone_network import predict_row, turn_weights
from mlptrain.export.standalone_rows import CellError, unpack_arrays

MODEL = ""
"""The model as JSON, its arrays packed: in the exported file it stands below."""


def load_model() -> dict[str, Any]:
    """The model with its arrays as lists."""
    loaded: dict[str, Any] = turn_weights(unpack_arrays(json.loads(MODEL)))
    return loaded


def name_outputs(model: dict[str, Any], *, probabilities: bool) -> list[str]:
    """The names of the predicted columns."""
    scores = [f"probability_{label}" for label in model["classes"]] if probabilities else []
    return [*model["targets"], *scores]


def list_outputs(values: list[float], model: dict[str, Any], *, probabilities: bool) -> list[Any]:
    """The predicted cells of a row."""
    if not model["classes"]:
        return values
    return [model["classes"][values.index(max(values))], *(values if probabilities else [])]


def read_rows(stream: TextIO, table: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of a CSV file, by the names of its first line."""
    first = stream.readline()
    delimiter = table["delimiter"] or ("\t" if "\t" in first and "," not in first else ",")
    names = next(csv.reader([first], delimiter=delimiter))
    for cells in csv.reader(stream, delimiter=delimiter):
        yield dict(zip(names, cells, strict=False))


def score_rows(stream: TextIO, model: dict[str, Any], *, probabilities: bool, keep: list[str]) -> Iterator[list[Any]]:
    """The lines to write, the names first."""
    yield [*keep, *name_outputs(model, probabilities=probabilities)]
    for number, row in enumerate(read_rows(stream, model["table"]), 1):
        try:
            values = predict_row(row, model)
        except CellError as problem:
            raise SystemExit(f"row {number}: {problem}") from None
        yield [*(row.get(name, "") for name in keep), *list_outputs(values, model, probabilities=probabilities)]


def run_scorer(arguments: list[str] | None = None) -> None:
    """Read a CSV file, write predictions to stdout."""
    parser = argparse.ArgumentParser(description="Predict the rows of a CSV file.")
    parser.add_argument("rows", help="a CSV file with the columns of training, in any order; - is stdin")
    parser.add_argument("--probabilities", action="store_true", help="add a column for each class")
    parser.add_argument("--keep", action="append", default=[], metavar="COLUMN", help="pass a column through")
    given = parser.parse_args(arguments)
    model = load_model()
    with sys.stdin if given.rows == "-" else Path(given.rows).open(encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows(score_rows(stream, model, probabilities=given.probabilities, keep=given.keep))
