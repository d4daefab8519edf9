"""`report`: a model, and the rows that it is judged on, as one report."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from mlptrain.commands.evaluate import compare_with_training_file, read_evaluation_file
from mlptrain.commands.input_format import ModelInputFormat
from mlptrain.commands.input_settings import set_input_format
from mlptrain.commands.known_rows import add_training_rows, find_known_rows
from mlptrain.diagnostics.findings import require_codes
from mlptrain.diagnostics.report import Report, Subjects, make_report
from mlptrain.explain.methods import make_method
from mlptrain.explain.permutation import Permutation
from mlptrain.model.model import Model
from mlptrain.model.rows import locate_file


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """How a report is made."""

    labels: str | None = None
    """The file of the labels of images."""
    time_limit: str | None = None
    """For the importance of columns."""
    settings: tuple[str, ...] = ()
    """How the file of rows is written, as `--set` says it."""
    threads: int | None = None
    mute: tuple[str, ...] = ()
    """The codes of findings that are left out."""

    def make_permutation(self) -> Permutation:
        """The method that finds the importance of columns."""
        method = make_method("permutation", {"time_limit": self.time_limit})
        assert isinstance(method, Permutation)
        return method


def report_files(model_path: str, data: str | None = None, options: ReportOptions | None = None) -> Report:
    """The report of a model on a file, on the test part that its spec names, or on the rows that it was trained on."""
    options = options or ReportOptions()
    muted, permutation = require_codes(options.mute), options.make_permutation()
    model = set_input_format(Model.load(model_path), options.settings)
    name = Path(model_path).stem

    def report(reader: Model, subjects: Subjects) -> Report:
        return make_report(
            reader, name, subjects, permutation=permutation, clock=time.monotonic, threads=options.threads, mute=muted
        )

    path = data
    if data is None and isinstance(test := model.spec.data.test, str) and not model.reads_images:
        path = locate_file(test, Path(model_path).parent / model.spec_folder)
    if path is None:
        return report(model, find_known_rows(model, Path(model_path)))
    subjects = describe_file(model, Path(model_path), data, path)
    others = [*model.spec.data.targets, *filter(None, [model.spec.data.sample_weight])]
    form = ModelInputFormat(model, path, others, options.settings, "mlptrain report")

    def report_reading(reader: Model) -> Report:
        return report(reader, replace(subjects, rows=read_evaluation_file(reader, path, options.labels, ())))

    return form.try_readings(report_reading)


def describe_file(model: Model, model_path: Path, data: str | None, path: str) -> Subjects:
    """What is to be said of the rows of a file before they are read: their name, whether the model has seen them."""
    if data is None:
        return add_training_rows(Subjects(rows=None, name="test rows"), model, model_path)
    what = f"the rows of {Path(path).name}"
    if same := compare_with_training_file(model, model_path, data):
        seen = f"{same}: the model has seen these rows, and does worse on new ones"
        return Subjects(rows=None, name=what, seen=seen, no_training="these are the training rows themselves")
    return add_training_rows(Subjects(rows=None, name=what), model, model_path)
