"""`report`: a model, and the rows that it is judged on, as one report."""

import time
from collections.abc import Sequence
from pathlib import Path

from mlptrain.commands.evaluate import (
    compare_with_training_file,
    describe_training_rows,
    find_validation_part,
    names_test_part,
    read_evaluation_file,
    read_test_rows,
)
from mlptrain.commands.input_format import ModelInputFormat
from mlptrain.commands.input_settings import set_input_format
from mlptrain.diagnostics.report import Report, Subjects, make_report
from mlptrain.errors import DataError
from mlptrain.explain.methods import make_method
from mlptrain.explain.permutation import Permutation
from mlptrain.model.model import Model
from mlptrain.model.rows import locate_file
from mlptrain.preparation.material import digest_training_data, read_training_data


def report_files(
    model_path: str,
    data: str | None = None,
    *,
    labels: str | None = None,
    time_limit: str | None = None,
    settings: Sequence[str] = (),
    threads: int | None = None,
) -> Report:
    """The report of a model on a file, on the test part that its spec names, or on the rows that it was trained on."""
    model = set_input_format(Model.load(model_path), settings)
    permutation = make_method("permutation", {"time_limit": time_limit})
    assert isinstance(permutation, Permutation)
    name = Path(model_path).stem

    def report(reader: Model, subjects: Subjects) -> Report:
        return make_report(reader, name, subjects, permutation=permutation, clock=time.monotonic, threads=threads)

    path = data
    if data is None and isinstance(test := model.spec.data.test, str) and not model.reads_images:
        path = locate_file(test, Path(model_path).parent / model.spec_folder)
    if path is None:
        return report(model, find_known_rows(model, Path(model_path)))
    what, seen = ("test rows", "") if data is None else (f"the rows of {Path(path).name}", "")
    if data is not None and (same := compare_with_training_file(model, Path(model_path), data)):
        seen = f"{same}: the model has seen these rows, and does worse on new ones"
    others = [*model.spec.data.targets, *filter(None, [model.spec.data.sample_weight])]
    form = ModelInputFormat(model, path, others, settings, "mlptrain report")

    def report_reading(reader: Model) -> Report:
        rows = read_evaluation_file(reader, path, labels, ())
        return report(reader, Subjects(rows=rows, name=what, seen=seen))

    return form.try_readings(report_reading)


def find_known_rows(model: Model, model_path: Path) -> Subjects:
    """The rows that the spec of a model names: test rows, else validation rows, else those of the training."""
    try:
        if names_test_part(model):
            return Subjects(rows=read_test_rows(model, model_path, ()), name="test rows")
        return find_training_rows(model, model_path)
    except DataError as problem:
        return Subjects(rows=None, absent=f"{problem}; give --data")


def find_training_rows(model: Model, model_path: Path) -> Subjects:
    """The validation rows of the training file, if they are known; else all of its rows."""
    if model.spec.data.train == "":
        return Subjects(rows=None, absent="the model was trained on rows in memory; give --data")
    training = read_training_data(model.spec, model_path.parent / model.spec_folder)
    changed = model.data_digest not in ("", digest_training_data(training))
    parts = None if changed or not model.data_digest else find_validation_part(training)
    if parts is not None:
        said = (
            "no test part, so these are the validation rows, by which the training was steered: it does a little worse"
        )
        return Subjects(rows=training.rows.take(parts.validation), name="validation rows", seen=f"{said} on new ones")
    return Subjects(
        rows=training.rows, name="training rows", seen=describe_training_rows(training.rows, None, changed=changed)
    )
