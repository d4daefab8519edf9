"""`eval`: a model on a file, or on the test part that its spec names."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.columns import MISSING_NUMBERS, natural_order, numbers
from mlptrain.data.table import Table
from mlptrain.data.targets import ClassTarget
from mlptrain.engine.arrays import Integers
from mlptrain.engine.metrics import (
    Answers,
    Value,
    bootstrap,
    confusion,
    default_resamples,
    measured,
    per_class,
    sliced,
)
from mlptrain.errors import DataError, SpecError
from mlptrain.fitting.measuring import Metrics, finite, split_values
from mlptrain.model.file import load
from mlptrain.model.model import Judged, Model, answers_of, judged_rows
from mlptrain.model.rows import Rows, blank_lines, read_rows
from mlptrain.preparation.material import digest, read_material
from mlptrain.preparation.partitions import partitions
from mlptrain.preparation.resolution import check_target
from mlptrain.randomness import stream
from mlptrain.spec.fields import Images, Source

MOST_SLICES = 50

"""A column of numbers with more different values than this is divided at its quartiles."""


@dataclass(frozen=True, kw_only=True)
class ClassResult:
    """What is right about one class; a value that is not defined is None."""

    name: str
    rows: float
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, kw_only=True)
class SliceResult:
    """The metrics of the rows with one value of a column."""

    value: str
    rows: int
    metrics: Metrics


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What a model is worth on a file."""

    rows: int
    metrics: Metrics
    undefined: dict[str, str] = field(default_factory=dict)
    """Why a metric is null."""
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    """95 % bootstrap intervals."""
    resamples: int = 0
    confusion: tuple[tuple[float, ...], ...] = ()
    """(Weighted) rows by true class and predicted class, in the order of `classes`."""
    classes: tuple[ClassResult, ...] = ()
    notices: tuple[str, ...] = ()
    by: str = ""
    slices: tuple[SliceResult, ...] = ()


def evaluate(
    model_path: str,
    data: str | None = None,
    labels: str | None = None,
    *,
    by: str | None = None,
    resamples: int | None = None,
) -> Evaluation:
    """The metrics of a model on a file, or on the test part that its spec names; `by` a column also in slices."""
    model = load(Path(model_path))
    texts = [] if by is None else [by]
    rows = test_rows(model, Path(model_path), texts) if data is None else given_rows(model, data, labels, texts)
    if not rows.count:
        raise DataError(f"{rows.name}: there are no rows to evaluate on")
    rows, notices = check_target(model.spec, rows)
    notices += blank_lines(rows)
    values, codes = ([], None) if by is None else slice_codes(rows, by, model.spec.data.rules.missing(by))
    whole = judged_rows(model, rows)
    known = whole.truth >= 0 if isinstance(model.target, ClassTarget) else np.ones(rows.count, bool)
    judged = whole if known.all() else whole.take(known)
    answers = answers_of(model, judged)
    metrics, undefined = split_values(finite_values(measured(answers, judged.weights, losses=judged.losses)))
    unknown = int((~known).sum())
    if unknown:
        notices.append(f"{counted(unknown)} of classes that the model does not know: always wrong")
        metrics, undefined = with_unknown(metrics, undefined, rows.count - unknown, unknown)
    resamples = default_resamples(answers) if resamples is None else resamples
    intervals = {} if unknown or not resamples else uncertain(model, answers, judged, resamples)
    table = confusion_of(model, judged)
    return Evaluation(
        rows=rows.count,
        metrics=metrics,
        undefined=undefined,
        intervals=intervals,
        resamples=resamples if intervals else 0,
        confusion=() if table is None else tuple(map(tuple, table.tolist())),
        classes=() if table is None else class_results(model, table),
        notices=tuple(notices),
        by=by or "",
        slices=() if codes is None else slice_results(values, codes[known], answers, judged),
    )


def finite_values(values: dict[str, Value]) -> dict[str, Value]:
    return {name: finite(value) for name, value in values.items()}


def uncertain(model: Model, answers: Answers, judged: Judged, resamples: int) -> dict[str, tuple[float, float]]:
    """The intervals of all metrics."""
    bits = stream(model.spec.seed, "bootstrap")
    with np.errstate(all="ignore"):
        return bootstrap(answers, judged.weights, bits=bits, resamples=resamples, losses=judged.losses)


def confusion_of(model: Model, judged: Judged) -> NDArray[np.float64] | None:
    """The confusion matrix of a model of classes."""
    if not isinstance(model.target, ClassTarget):
        return None
    return confusion(judged.truth, judged.predictions.argmax(axis=1), len(model.target.classes), judged.weights)


def class_results(model: Model, table: NDArray[np.float64]) -> tuple[ClassResult, ...]:
    """Precision, recall and f1 of each class."""
    assert isinstance(model.target, ClassTarget)
    found = per_class(table)
    columns = (found.precision, found.recall, found.f1, found.support)
    return tuple(
        ClassResult(name=name, rows=rows, precision=number(precision), recall=number(recall), f1=number(f1))
        for name, precision, recall, f1, rows in zip(
            model.target.classes, *(column.tolist() for column in columns), strict=True
        )
    )


def number(value: float) -> float | None:
    return None if value != value else value


def slice_codes(rows: Rows, by: str, missing: Sequence[str]) -> tuple[list[str], Integers]:
    """The values that divide the rows, and which of them each row has."""
    if rows.table is None:
        raise SpecError("--by: images have no columns")
    table = rows.table
    cells, gaps = table.coded(by), {"", *missing}
    present = [value for value in cells.counts if value not in gaps]
    if len(present) > MOST_SLICES:
        return quartiles(table, by, missing, present)
    ordered = natural_order(present)
    place = {value: code for code, value in enumerate(ordered)} | dict.fromkeys(gaps, len(ordered))
    codes = np.array([place.get(value, -1) for value in cells.values], np.int64)[cells.codes]
    return [*ordered, "(missing)"], codes


def quartiles(table: Table, by: str, missing: Sequence[str], present: Sequence[str]) -> tuple[list[str], Integers]:
    """A column of many numbers, divided at its quartiles; missing ones apart."""
    if not all(table.grammar.reads(value) or value.strip(" ") in MISSING_NUMBERS for value in present):
        raise DataError(f'{table.name}: column "{by}": {len(present)} different texts are too many slices')
    values = numbers(table, by, missing)
    low, *inner, high = np.unique(np.nanquantile(values, [0, 0.25, 0.5, 0.75, 1])).tolist()
    codes = np.searchsorted(inner, values, side="right")
    edges = [low, *inner, high]
    names = [f"{left:.6g} to {right:.6g}" for left, right in pairwise(edges)]
    gaps = np.isnan(values)
    return [*names, *(["(missing)"] if gaps.any() else [])], np.where(gaps, len(names), codes)


def slice_results(values: Sequence[str], codes: Integers, answers: Answers, judged: Judged) -> tuple[SliceResult, ...]:
    """The metrics of each slice that has rows."""
    found = sliced(answers, codes, judged.weights, losses=judged.losses)
    return tuple(
        SliceResult(
            value=values[code], rows=int((codes == code).sum()), metrics=split_values(finite_values(metrics))[0]
        )
        for code, metrics in enumerate(found)
        if (codes == code).any()
    )


def counted(rows: int) -> str:
    return f"{rows:,} row{'s' * (rows != 1)}"


def with_unknown(
    values: Metrics, undefined: dict[str, str], known: int, unknown: int
) -> tuple[Metrics, dict[str, str]]:
    """Rows of classes that training did not know are wrong in accuracy; the other metrics have no value then."""
    reason = f"{counted(unknown)} of classes that the model does not know"
    accuracy = (values["accuracy"] or 0.0) * known / (known + unknown)
    kept: Metrics = dict.fromkeys(values)
    kept |= {"accuracy": accuracy, "error_rate": 1 - accuracy}
    return kept, undefined | {name: reason for name, value in kept.items() if value is None}


def given_rows(model: Model, data: str, labels: str | None, texts: Sequence[str]) -> Rows:
    """The rows of the file(s) that the user named."""
    if not model.on_images and labels is not None:
        raise SpecError("--labels: the model was trained on a table; its targets are a column of DATA")
    source: Source = Images(images=data, labels=labels) if model.on_images else data
    if isinstance(source, Images) and labels is None:
        raise SpecError("--labels is missing: give the IDX file of the labels")
    return read_rows(source, model.spec.data, Path(), texts=texts)


def test_rows(model: Model, model_path: Path, texts: Sequence[str]) -> Rows:
    """The test part that the spec names: a file, a share of the training file, or what its column says."""
    data, folder = model.spec.data, model_path.parent / model.spec_folder
    if data.test is not None:
        return read_rows(data.test, data, folder, texts=texts)
    if not data.split.test and data.split.type != "column":
        raise SpecError(f"{model_path}: its spec names no test part; give DATA")
    material = read_material(model.spec, folder, texts=texts)
    if model.data_digest not in ("", digest(material)):
        why = "it has changed since the model was trained, so that its test rows can no longer be told from the others"
        raise DataError(f"{material.rows.name}: {why}; give DATA")
    test = partitions(material)[0].test
    if not len(test):
        raise DataError(f'{material.rows.name}: column "{data.split.column}": no row says test; give DATA')
    return material.rows.take(test)
