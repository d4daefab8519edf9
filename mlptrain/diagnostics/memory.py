"""`model.report`: a model judged on rows in memory, as one report."""

import time
from collections.abc import Sequence
from typing import Any

from mlptrain.arguments import shorten_repr
from mlptrain.diagnostics.findings import require_codes
from mlptrain.diagnostics.report import Report, Subjects, make_report
from mlptrain.diagnostics.single_rows import remove_single_rows
from mlptrain.errors import SpecError
from mlptrain.explain.methods import make_method
from mlptrain.explain.permutation import Permutation
from mlptrain.model.memory_rows import advise_conversions, make_evaluation_rows, make_labelled_images
from mlptrain.model.model import Model
from mlptrain.model.prediction_notices import OddCellsNotice
from mlptrain.model.products import limit_threads
from mlptrain.model.rows import Rows
from mlptrain.notices import warn_caller


def report_memory(
    model: Model,
    data: Any,
    *,
    labels: Any,
    training: Any,
    name: str,
    mute: Sequence[str],
    time_limit: Any,
    keep_rows: bool,
) -> Report:
    """The report of a model on data in memory; what there is to say about the rows is a warning."""
    if not isinstance(mute, str | list | tuple | set | frozenset):
        raise SpecError(f"mute: {shorten_repr(mute)} is no code of a finding, and no list of them")
    codes = require_codes([mute] if isinstance(mute, str) else sorted(mute, key=str))
    if not isinstance(name, str) or not name:
        raise SpecError(f"name: {shorten_repr(name)} is no name of a model")
    permutation = make_method("permutation", {"time_limit": time_limit})
    assert isinstance(permutation, Permutation)
    subjects, network = make_subjects(model, data, labels, training), model.networks[0].network
    with limit_threads(network, network.chunk_rows(), None), advise_conversions():
        report = make_report(model, name, subjects, permutation=permutation, clock=time.monotonic, mute=codes)
    for message in report.notices:
        warn_caller(OddCellsNotice(report.odd_cells) if message == report.odd_cells.words() else message)
    return report if keep_rows else remove_single_rows(report)


def make_subjects(model: Model, data: Any, labels: Any, training: Any) -> Subjects:
    """The rows to judge, and those of the training if they are given."""
    if data is None:
        return Subjects(rows=None, absent="no rows were given: model.report(data)")
    if training is None:
        why = "the training rows were not given: model.report(data, training=rows)"
        return Subjects(rows=read_labelled_rows(model, data, labels), name="rows", no_training=why)
    own = training if isinstance(training, tuple) else (training, None)
    return Subjects(rows=read_labelled_rows(model, data, labels), name="rows", training=read_labelled_rows(model, *own))


def read_labelled_rows(model: Model, data: Any, labels: Any) -> Rows:
    """Rows in memory whose targets are known: columns of the data, or of images the labels beside them."""
    if model.reads_images:
        if labels is None:
            raise SpecError(
                "labels: the model was trained on images; give their labels: model.report(images, labels=…)"
            )
        return make_labelled_images(data, labels, model.head)
    if labels is not None:
        target = ", ".join(model.head.names)
        raise SpecError(f"labels: the model was trained on a table; its target is a column of data: {target}")
    return make_evaluation_rows(data, model.spec.data, model.columns(), model.head, [])
