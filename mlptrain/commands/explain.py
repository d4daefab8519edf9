"""`explain`: what a model looks at, found on a file."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlptrain.commands.evaluate import (
    compare_with_training_file,
    name_key_of_model_spec,
    names_test_part,
    read_test_rows,
    require_target_columns,
)
from mlptrain.commands.input_format import ModelInputFormat
from mlptrain.commands.input_settings import set_input_format
from mlptrain.commands.predict_output import require_separate_output
from mlptrain.data.table_writing import choose_table_form
from mlptrain.errors import SpecError
from mlptrain.explain.methods import Explanation, Method, choose_method, explain_rows
from mlptrain.model.model import Model
from mlptrain.model.percent_notices import describe_percent_cells, describe_percent_sign
from mlptrain.model.rows import Rows, locate_file, read_rows
from mlptrain.spec.fields import Images
from mlptrain.storage.publishing import publish_file

WITHOUT_TARGET = "to explain without it: --method effects, or --rows 5, which explains row 5"
"""The hint where a method needs a target that is missing."""


def explain_files(
    model_path: str,
    data: str | None,
    method: str | None,
    options: Mapping[str, Any],
    *,
    baseline: str | None = None,
    out: Path | None = None,
    settings: Sequence[str] = (),
    threads: int | None = None,
) -> Explanation:
    """What a method, with its options, finds of a model on a file, or on the test part that its spec names, against the
    rows of the file `baseline`; also written to `out` as a table. None is the method that suits the model.
    """
    trained = Model.load(model_path)
    chosen = choose_method(trained, method, options, has_baseline=baseline is not None)
    model = set_input_format(trained, settings)
    if out is not None:
        require_free_output(out, Path(model_path), (data, baseline), model)
    if data is None:
        with name_key_of_model_spec(model, Path(model_path)):
            found = explain_test_part(
                model, Path(model_path), chosen, baseline=baseline, settings=settings, threads=threads
            )
    elif model.reads_images:
        rows, usual = read_input_rows(model, data), read_usual_rows(model, baseline)
        found = explain_rows(model, rows, chosen, clock=time.monotonic, threads=threads, usual=usual)
    else:
        found = explain_table_file(model, data, chosen, baseline=baseline, settings=settings, threads=threads)
        found = replace(found, seen=describe_memorised(compare_with_training_file(model, Path(model_path), data)))
    sign = describe_percent_sign(trained.spec.data, model.spec.data)
    found = replace(found, notices=(*sign, *found.notices))
    if out is not None:
        publish_explanation(found, out)
    return found


def describe_memorised(same: str) -> str:
    """The sentence that a file is that of the training, or like it; empty if it is not."""
    return f"{same}: this shows what the model has memorised; new rows show what it can use" if same else ""


def explain_test_part(
    model: Model,
    model_path: Path,
    method: Method,
    *,
    baseline: str | None,
    settings: Sequence[str],
    threads: int | None,
) -> Explanation:
    """What a method finds on the test part that the spec of a model names."""
    if not names_test_part(model):
        raise SpecError(f"DATA is missing, and the spec names no test part: mlptrain explain {model_path} DATA")
    if isinstance(test := model.spec.data.test, str):
        path = locate_file(test, model_path.parent / model.spec_folder)
        return explain_table_file(model, path, method, baseline=baseline, settings=settings, threads=threads)
    rows, usual = read_test_rows(model, model_path, ()), read_usual_rows(model, baseline)
    return explain_rows(model, rows, method, clock=time.monotonic, threads=threads, usual=usual)


def explain_table_file(
    model: Model, data: str, method: Method, *, baseline: str | None, settings: Sequence[str], threads: int | None
) -> Explanation:
    """What a method finds on a table, read as the training file was, or as it looks where that does not fit."""
    spec = model.spec.data
    others = [*spec.targets, *filter(None, [spec.sample_weight])] if method.needs_targets else []
    form = ModelInputFormat(model, data, others, settings, "mlptrain explain")

    def explain(reader: Model) -> Explanation:
        rows = read_input_rows(reader, data)
        if method.needs_targets:
            rows = require_target_columns(rows, reader, WITHOUT_TARGET)
        cells = describe_percent_cells(rows.inputs.types, reader.columns().values(), spec)
        usual = read_usual_rows(reader, baseline)
        found = explain_rows(reader, rows, method, clock=time.monotonic, threads=threads, usual=usual)
        return replace(found, notices=(*cells, *rows.inputs.left_out, *found.notices))

    found = form.try_readings(explain)
    return replace(found, notices=(*form.notices, *found.notices))


def read_usual_rows(model: Model, baseline: str | None) -> Rows | None:
    """The rows of the file `baseline`, written as DATA is; None if none is named."""
    return None if baseline is None else read_input_rows(model, baseline)


def read_input_rows(model: Model, data: str) -> Rows:
    """The rows of a table, or images."""
    source = Images(images=data) if model.reads_images else data
    return read_rows(source, model.spec.data, Path(), only=model.columns())


def require_free_output(out: Path, model_path: Path, inputs: Sequence[str | None], model: Model) -> None:
    """Refuse to write where an input or the model is, or in the place of any file that is not empty."""
    for each in inputs:
        require_separate_output(out, model_path, each or "-", model)
    if out.is_file() and out.stat().st_size:
        raise SpecError(f"--out {out}: exists; choose another name, or remove it first")


def publish_explanation(found: Explanation, out: Path) -> None:
    """Write what was found as a table, which is whole or not there."""
    columns, numeric = found.tabulate()
    form = choose_table_form(out, digits=None)
    publish_file(out, lambda stream: form.write([columns], numeric, stream))
