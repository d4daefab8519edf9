"""Rows as inputs and targets of networks in a framework, their logits as predictions: NumPy alone.

Definitions of this file are copied into what is exported, those that it needs, after those of `standalone_rows.py`.
There MODEL and ARCHITECTURES stand at the end.
"""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy

from mlptrain.export.standalone_cells import CellError, read_cells, write_text
from mlptrain.export.standalone_main import (
    CLOSED,
    DATA,
    USAGE,
    Lost,
    list_outputs,
    name_outputs,
    read_pixels,
    reads_images,
    refuse,
    write_predictions,
)
from mlptrain.export.standalone_rows import encode_row, unpack_arrays
from mlptrain.export.standalone_table import TableError, open_table, read_rows


class Architecture(NamedTuple):
    """How a network is built, the names of its arrays in files of mlptrain, and its loss of each row."""

    build: Callable[[], Any]
    names: Mapping[str, str]
    loss: Callable[[Any, Any], Any]
    sums_members: bool
    """Whether members learn as if each were alone."""


ARCHITECTURES: Sequence[Architecture] = ()
"""Those of the networks."""
MODEL = ""
"""The model but for its networks, as JSON."""


@cache
def load_model() -> dict[str, Any]:
    """The columns, the target, and what outputs mean."""
    loaded: dict[str, Any] = unpack_arrays(json.loads(MODEL))
    return loaded


# Rows


def encode_rows(rows: Iterable[Mapping[str, Any]], number: int = 1) -> Any:
    """The inputs (B, I) of rows, mappings from columns to cells; those of images are their bytes (B, I)."""
    model = load_model()
    network = model["networks"][number - 1]
    if network["pixels"] is not None:
        return numpy.asarray(rows, numpy.uint8).reshape(-1, network["inputs"]).astype(model["dtype"]) / 255
    encoded = [encode_mapping(row, place, model, network) for place, row in enumerate(rows, 1)]
    return numpy.array(encoded, numpy.float64).reshape(len(encoded), network["inputs"]).astype(model["dtype"])


def encode_mapping(row: Mapping[str, Any], place: int, model: dict[str, Any], network: dict[str, Any]) -> list[float]:
    """The inputs of one row; an error names it."""
    try:
        return encode_row(read_cells(row, model), network)
    except CellError as problem:
        raise CellError(f"row {place}: {problem}") from None


def encode_targets(rows: Iterable[Any], number: int = 1) -> Any:
    """What the loss compares with: codes of labels (B,), whether a row is of each class, or scaled numbers (B, K).

    A row is its label or number, or a sequence of numbers where several are predicted.
    """
    model = load_model()
    network = model["networks"][number - 1]
    if network["units"]:
        return scale_numbers(numpy.array(list(rows), numpy.float64), network["units"]).astype(model["dtype"])
    codes = numpy.array([find_class(label, model["classes"]) for label in rows], numpy.int64)
    if network["compares_codes"]:
        return codes
    is_class = codes[:, None] == numpy.arange(len(model["classes"]))
    return (is_class[:, 1:] if len(model["classes"]) == 2 else is_class).astype(model["dtype"])


def find_class(label: Any, classes: Sequence[str]) -> int:
    """The code of a label."""
    if (text := write_text(label)) in classes:
        return classes.index(text)
    raise CellError(f"{label!r} is none of the classes {', '.join(classes[:20])}")


def scale_numbers(y: Any, units: Mapping[str, Any]) -> Any:
    """Numbers (B, K) or (B,) as the network learns them."""
    changed = {"none": numpy.positive, "log": numpy.log, "log1p": numpy.log1p}[units["transform"]](y)
    return (changed.reshape(len(y), -1) - units["center"]) / units["scale"]


# Predictions


BATCH = 1024
"""Rows that a network predicts at a time."""


def split_rows(x: Any) -> list[Any]:
    """Rows in batches; no rows are one without any."""
    return [x[start : start + BATCH] for start in range(0, max(len(x), 1), BATCH)]


def combine_logits(logits: Sequence[Any]) -> Any:
    """Scores of the classes (B, C), or numbers (B, K): the weighted mean of all networks' predictions."""
    networks = load_model()["networks"]
    values = [predict_logits(z, network) for z, network in zip(logits, networks, strict=True)]
    return sum(network["share"] * each for network, each in zip(networks, values, strict=True))


def predict_logits(logits: Any, network: Mapping[str, Any]) -> Any:
    """What the logits (B, K) or (B, M, K) of one network predict."""
    z = logits.astype(numpy.float64)
    values = LINKS[network["link"]["name"]](z if z.ndim > 2 else z[:, None], network["link"])
    return restore_numbers(values, network["units"]) if network["units"] else values


def predict_softmax(z: Any, _: Mapping[str, Any]) -> Any:
    e = numpy.exp(z - z.max(-1, keepdims=True))
    return (e / e.sum(-1, keepdims=True)).mean(1)


def predict_logistic(z: Any, _: Mapping[str, Any]) -> Any:
    e = numpy.exp(-numpy.abs(z[..., 0]))
    low, high = e / (1 + e), 1 / (1 + e)
    above = z[..., 0] > 0
    return numpy.stack([numpy.where(above, low, high).mean(1), numpy.where(above, high, low).mean(1)], -1)


def predict_average(z: Any, link: Mapping[str, Any]) -> Any:
    return pair_classes(z.mean(1), link)


def predict_exponential(z: Any, link: Mapping[str, Any]) -> Any:
    largest = z.max(1)
    pooled = largest + numpy.log(numpy.exp(z - largest[:, None]).mean(1))
    mean = numpy.exp(numpy.minimum(pooled, link["ceiling"])) * (1 + numpy.maximum(pooled - link["ceiling"], 0))
    return pair_classes(mean, link)


def pair_classes(values: Any, link: Mapping[str, Any]) -> Any:
    """Of one output for two classes both scores."""
    return numpy.concatenate([1 - values, values], -1) if link["is_pair"] else values


LINKS: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "softmax": predict_softmax,
    "logistic": predict_logistic,
    "average": predict_average,
    "exponential": predict_exponential,
}


def restore_numbers(values: Any, units: Mapping[str, Any]) -> Any:
    """The numbers in the user's units."""
    scaled = values * units["scale"] + units["center"]
    with numpy.errstate(over="ignore"):
        restored = {"none": numpy.positive, "log": numpy.exp, "log1p": numpy.expm1}[units["transform"]](scaled)
    return numpy.clip(restored, units["lowest"], units["highest"]) if units["lowest"] else restored


# Weights


class WeightsError(ValueError):
    """A file has no weights of this network."""


def prefix_names(number: int) -> str:
    """What the names of a network's arrays begin with: nothing where it is the only one."""
    return f"{number}." if len(ARCHITECTURES) > 1 else ""


def read_arrays(path: str | Path, number: int) -> dict[str, Any]:
    """The arrays of a network, from a file of mlptrain, by the network's own names."""
    wanted = {name: prefix_names(number) + ours for name, ours in ARCHITECTURES[number - 1].names.items()}
    with numpy.load(path, allow_pickle=False) as arrays:
        require_own_arrays(Path(path), arrays, wanted.values())
        return {name: arrays[ours] for name, ours in wanted.items()}


def require_own_arrays(path: Path, arrays: Any, names: Iterable[str]) -> None:
    """An error for a model of other columns than these, and for arrays of another network."""
    if "metadata" in arrays and hashlib.sha256(path.read_bytes()).hexdigest() != load_model()["origin"]["sha256"]:
        raise WeightsError(f"{path}: another model than the one that this script was written for; export it again")
    if absent := next((name for name in names if name not in arrays), None):
        raise WeightsError(f"{path}: it has no array {absent!r}: these are not the weights of this network")


def write_arrays(path: str | Path, networks: Sequence[Mapping[str, Any]]) -> None:
    """Write the arrays of all networks under mlptrain's names."""
    found = {
        prefix_names(number) + ours: network[name]
        for number, (network, architecture) in enumerate(zip(networks, ARCHITECTURES, strict=True), 1)
        for name, ours in architecture.names.items()
    }
    with Path(path).open("wb") as stream:
        numpy.savez(stream, **found)


# The program


def run_program(predict_with: Callable[[Path, Any], Any], arguments: list[str] | None = None) -> None:
    """Read a table, write predictions; `predict_with` makes them of a file of weights and rows."""
    model = load_model()
    parser = argparse.ArgumentParser(description=f"Predict {', '.join(model['targets'])}.".replace("%", "%%"))
    parser.add_argument("rows", help="a CSV file, written as the training table was; of images rows of pixels")
    parser.add_argument("--weights", type=Path, help="the model file; by default that of its name beside this script")
    parser.add_argument("--probabilities", action="store_true", help="add a column for each class")
    parser.add_argument("--out", metavar="FILE", help="write the predictions here, whole or not at all")
    given = parser.parse_args(arguments)
    if given.probabilities and not model["are_probabilities"]:
        refuse("--probabilities: the model predicts no probabilities", USAGE)
    weights = given.weights or Path(__file__).with_name(model["origin"]["model"])
    try:
        values = predict_with(weights, read_table(given.rows, model))
        names = name_outputs(model, probabilities=given.probabilities)
        lost, rows = Lost(names), enumerate(values.tolist(), 1)
        outputs = ((place, list_outputs(row, model, probabilities=given.probabilities)) for place, row in rows)
        write_predictions(chain([names], (lost.add(row, f"row {place}") for place, row in outputs)), given.out)
        if said := lost.describe():
            print(said, file=sys.stderr)
    except (CellError, TableError, WeightsError) as problem:
        refuse(str(problem), DATA)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(CLOSED) from None
    except OSError as problem:
        refuse(f"{problem.filename or given.out or 'stdout'}: {problem.strerror}", DATA)


def read_table(path: str, model: dict[str, Any]) -> list[Any]:
    """The rows of a file, as `encode_rows` takes them."""
    form = model["table"] | ({"header": False} if reads_images(model) else {})
    with open_table(path, form["encoding"]) as stream:
        rows = list(read_rows(stream, form, path))
    return [read_pixels(row.values(), model) for row in rows] if reads_images(model) else rows
