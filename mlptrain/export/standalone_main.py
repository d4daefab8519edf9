"""A scorer as a program: a table in, predictions as CSV out; and as a module, with the standard library alone.

The text of this file is copied into what is exported, after those of the other parts, without its imports of ours;
there MODEL is the model.
"""

import argparse
import csv
import json
import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn, TextIO

from mlptrain.data.column_names import describe_missing_columns
from mlptrain.export.standalone_cells import CellError, is_real, read_cells, write_text
from mlptrain.export.standalone_network import predict_cells, turn_weights
from mlptrain.export.standalone_rows import name_odd_cells, unpack_arrays
from mlptrain.export.standalone_table import TableError, TableReader, open_table

MODEL = ""
"""The model as JSON, its arrays packed: in the exported file it stands below."""
USAGE, DATA, INTERRUPTED, CLOSED = 2, 3, 130, 141
"""Exit codes: a wrong command line, wrong data, Ctrl-C, a reader that has left."""
DIGITS = {"float32": 9, "float64": 17}
"""Significant digits that predictions are written with."""


@lru_cache(1)
def load_model() -> dict[str, Any]:
    """The model with its arrays as lists, loaded once."""
    loaded: dict[str, Any] = turn_weights(unpack_arrays(json.loads(MODEL)))
    return loaded


# For programs in Python


def predict(row: Mapping[str, Any]) -> dict[str, Any]:
    """The prediction for a row, which is a mapping from the names of columns to cells.

    A cell is a number, a text as in the training table, True or False, a date or datetime; None is missing. Of classes
    it returns {"label": "yes", "probabilities": {"no": 0.1, "yes": 0.9}} ("scores", if they are no probabilities), of
    numbers {"numbers": {"price": 12.5}}. A ValueError names the cell that cannot be read. A row of a model of images
    has `pixels`: numbers 0 … 255, row by row.
    """
    model = load_model()
    if reads_images(model):
        return describe_prediction(predict_cells({"pixels": read_pixels(row["pixels"], model)}, model), model)
    return describe_prediction(predict_cells(read_cells(write_dates(row, model), model), model), model)


def predict_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The predictions for several rows, as `predict` returns them."""
    return list(map(predict, rows))


def describe_prediction(values: list[float], model: dict[str, Any]) -> dict[str, Any]:
    """Scores or numbers with what they are of."""
    if not model["classes"]:
        return {"numbers": dict(zip(model["targets"], values, strict=True))}
    kind = "probabilities" if model["are_probabilities"] else "scores"
    return {"label": choose_label(values, model), kind: dict(zip(model["classes"], values, strict=True))}


def choose_label(values: list[float], model: dict[str, Any]) -> str:
    """The class of the largest score."""
    label: str = model["classes"][values.index(max(values))]
    return label


def write_dates(row: Mapping[str, Any], model: dict[str, Any]) -> Mapping[str, Any]:
    """The row, numbers in columns of dates as the texts that the format reads: 20200229, or an epoch in its unit."""
    dates = [given["name"] for given in model["inputs"] if given["kind"] == "date"]
    return {**row, **{name: write_text(row[name]) for name in dates if is_real(row.get(name))}}


def reads_images(model: dict[str, Any]) -> bool:
    """Whether rows are images."""
    return bool(model["networks"][0]["pixels"])


def read_pixels(cells: Iterable[Any], model: dict[str, Any]) -> list[float]:
    """The pixels of an image; a CellError if they are none."""
    pixels, count = [float(cell) for cell in cells], model["networks"][0]["pixels"]
    if len(pixels) != count:
        raise CellError(f"{len(pixels)} pixels, {count} expected")
    if not all(0 <= each <= 255 for each in pixels):
        raise CellError("pixels are numbers 0 … 255")
    return pixels


# As a program


def name_outputs(model: dict[str, Any], *, probabilities: bool) -> list[str]:
    """The names of the predicted columns."""
    scores = [f"probability_{label}" for label in model["classes"]] if probabilities else []
    return [*model["targets"], *scores]


def list_outputs(values: list[float], model: dict[str, Any], *, probabilities: bool) -> list[str]:
    """The predicted cells of a row; empty ones for what is no finite number."""
    digits = DIGITS[model["dtype"]]
    numbers = [f"{value:.{digits}g}" if math.isfinite(value) else "" for value in values]
    if not model["classes"]:
        return numbers
    return [choose_label(values, model) if all(numbers) else "", *(numbers if probabilities else [])]


class Lost:
    """Predictions that are not finite numbers: how many by column, and where the first stands."""

    def __init__(self, names: list[str]) -> None:
        self.counts, self.first = dict.fromkeys(names, 0), ""

    def add(self, outputs: list[str], place: str) -> list[str]:
        """The predicted cells of a row, of which the empty ones are counted."""
        for name, cell in zip(self.counts, outputs, strict=True):
            self.counts[name] += not cell
        self.first = self.first or place * (not all(outputs))
        return outputs

    def describe(self) -> str:
        """The counts as a notice; empty if there are none."""
        counted = ", ".join(f"{name} {count:,}" for name, count in self.counts.items() if count)
        said = "predictions that are not finite numbers, their cells are left empty"
        return f"{said}: {counted}; the first: {self.first}" if counted else ""


class Scoring:
    """A table that is predicted row by row, and what was odd about its cells."""

    def __init__(self, given: argparse.Namespace, model: dict[str, Any]) -> None:
        self.model, self.given = model, given
        self.name = "<stdin>" if given.rows == "-" else given.rows
        self.rows = 0
        self.counts: dict[str, dict[str, int]] = {"filled": {}, "unseen": {}}
        self.lost = Lost(name_outputs(model, probabilities=given.probabilities))
        if given.probabilities and not model["are_probabilities"]:
            refuse("--probabilities: the model predicts no probabilities", USAGE)

    def score(self, stream: TextIO) -> Iterator[list[Any]]:
        """The lines to write, the names first."""
        form = self.model["table"] | ({"header": False} if reads_images(self.model) else {})
        table = TableReader(stream, form, self.name)
        predicted = name_outputs(self.model, probabilities=self.given.probabilities)
        kept = [name for name in self.list_kept_columns(table.names) if name not in predicted]
        self.require_columns(table.names, kept)
        yield [*kept, *predicted]
        for line, record in table.read_rows():
            self.rows += 1
            row = dict(zip(table.names, record, strict=True))
            values = self.predict_record(line, row)
            outputs = list_outputs(values, self.model, probabilities=self.given.probabilities)
            yield [*(row[name] for name in kept), *self.lost.add(outputs, f"{self.name}:{line}")]

    def predict_record(self, line: int, row: dict[str, str]) -> list[float]:
        """Scores or numbers of a row; an error names its line."""
        try:
            if reads_images(self.model):
                return predict_cells({"pixels": read_pixels(row.values(), self.model)}, self.model)
            cells = read_cells(row, self.model)
            values = predict_cells(cells, self.model)
        except ValueError as problem:
            raise TableError(f"{self.name}:{line}: {problem}") from None
        self.count_odd_cells(cells)
        return values

    def list_kept_columns(self, names: Iterable[str]) -> list[str]:
        """The columns that pass through."""
        if self.given.keep and reads_images(self.model):
            refuse("--keep: images have no columns", USAGE)
        return list(names) if "all" in self.given.keep else list(dict.fromkeys(self.given.keep))

    def require_columns(self, names: Iterable[str], kept: list[str]) -> None:
        """An error that names the columns that are missing, all at once."""
        there, used = set(names), [given["name"] for given in self.model["inputs"]]
        if absent := [name for name in dict.fromkeys([*used, *kept]) if name not in there]:
            raise TableError(f"{self.name}:1: {describe_missing_columns(absent, list(names), used)}")

    def count_odd_cells(self, cells: dict[str, Any]) -> None:
        """Count the cells that are odd to every network that looks at their column."""
        seen: dict[str, set[str]] = {}
        for network in self.model["networks"]:
            for name, kind in name_odd_cells(cells, network).items():
                seen.setdefault(name, set()).add(kind)
        for name, kinds in seen.items():
            if len(kinds) == 1 and (kind := kinds.pop()):
                self.counts[kind][name] = self.counts[kind].get(name, 0) + 1

    def describe_odd_cells(self) -> str:
        """The counts as a notice; empty if there are none."""
        said = {"filled": "missing cells filled", "unseen": "values that training did not see"}
        counted = {
            kind: ", ".join(f"{name} {count:,}" for name, count in found.items()) for kind, found in self.counts.items()
        }
        return "; ".join(f"{what}: {counted[kind]}" for kind, what in said.items() if counted[kind])


def refuse(said: str, code: int) -> NoReturn:
    """End the program with a sentence."""
    print(f"error: {said}", file=sys.stderr)
    raise SystemExit(code)


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The options of the command line."""
    model = load_model()
    images = f"a file of rows of {model['networks'][0]['pixels']} numbers 0 … 255, without names"
    table = "a CSV file, written as the training table was, with its columns in any order"
    said = images if reads_images(model) else table
    parser = argparse.ArgumentParser(description=f"Predict {', '.join(model['targets'])}.", allow_abbrev=False)
    parser.add_argument("rows", help=f"{said}; compressed by gzip or not; - is stdin".replace("%", "%%"))
    parser.add_argument("--probabilities", action="store_true", help="add a column for each class")
    parser.add_argument("--keep", action="append", default=[], metavar="COLUMN", help="pass a column through; or `all`")
    parser.add_argument("--out", metavar="FILE", help="write the predictions here, whole or not at all")
    return parser.parse_args(arguments)


def write_predictions(lines: Iterable[list[Any]], out: str | None) -> None:
    """Write CSV to a file, which is whole or not there, or to stdout."""
    if out is None:
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogatepass", newline="")  # type: ignore[union-attr]
        csv.writer(sys.stdout, lineterminator="\n").writerows(lines)
        sys.stdout.flush()
        return
    part = Path(f"{out}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", errors="surrogatepass", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(lines)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def run_scorer(arguments: list[str] | None = None) -> None:
    """Read a table, write predictions; what is odd about its cells is said on stderr."""
    given = parse_arguments(arguments)
    scoring = Scoring(given, load_model())
    try:
        with open_table(given.rows, scoring.model["table"]["encoding"]) as stream:
            write_predictions(scoring.score(stream), given.out)
    except TableError as problem:
        refuse(str(problem), DATA)
    except OSError as problem:
        if problem.filename is None and given.out is None:  # what stdout did not take is not tried again
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(problem, BrokenPipeError):
            raise SystemExit(CLOSED) from None
        place = given.rows if problem.filename == given.rows else given.out or "stdout"
        refuse(f"{place}: {problem.strerror}", DATA)
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    for said in filter(None, (scoring.describe_odd_cells(), scoring.lost.describe())):
        print(said, file=sys.stderr)
