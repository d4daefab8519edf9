"""`report`: a model, or several, and the rows that they are judged on, as one report."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlptrain.commands.evaluate import compare_with_training_file, read_evaluation_file
from mlptrain.commands.input_format import ModelInputFormat
from mlptrain.commands.input_settings import set_input_format
from mlptrain.commands.known_rows import (
    THEMSELVES,
    add_training_rows,
    describe_absent_rows,
    find_known_rows,
    find_named_file,
    list_named_files,
)
from mlptrain.data.files import name_input
from mlptrain.data.odd_cells import OddCells
from mlptrain.diagnostics.comparison import Contender, ModelComparison, compare_models, require_comparable
from mlptrain.diagnostics.findings import require_codes
from mlptrain.diagnostics.report import Report, Subjects, make_report
from mlptrain.diagnostics.single_rows import remove_disputed_rows, remove_single_rows
from mlptrain.display import Exportable
from mlptrain.errors import MissingFile, SpecError
from mlptrain.explain.methods import make_method
from mlptrain.explain.permutation import Permutation
from mlptrain.model.evaluation import JudgedRows
from mlptrain.model.model import Model
from mlptrain.model.percent_notices import describe_percent_cells, describe_percent_sign
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
    keep_rows: bool = True
    """Whether the report may say anything of single rows."""

    def make_permutation(self) -> Permutation:
        """The method that finds the importance of columns."""
        method = make_method("permutation", {"time_limit": self.time_limit})
        assert isinstance(method, Permutation)
        return method

    def check(self) -> None:
        """An error of options that no report can be made with, before any work is done."""
        require_codes(self.mute)
        self.make_permutation().parse_time_limit()

    def report(self, model: Model, name: str, subjects: Subjects, judged: JudgedRows | None = None) -> Report:
        """The report of a model on rows."""
        report = make_report(
            model,
            name,
            subjects,
            permutation=self.make_permutation(),
            clock=time.monotonic,
            threads=self.threads,
            mute=require_codes(self.mute),
            judged=judged,
        )
        return report if self.keep_rows else remove_single_rows(report)


@dataclass(frozen=True, kw_only=True)
class ComparedReports(Exportable):
    """Several models on the same rows, and the report of each."""

    comparison: ModelComparison
    reports: tuple[Report, ...]
    """In the order of the ranking."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What there is to say about the rows, each sentence once."""
        return tuple(dict.fromkeys(notice for each in self.reports for notice in each.notices))


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A file as one model reads it: what it is worth there."""

    reader: Model
    judged: JudgedRows
    report: Report

    @property
    def odd_cells(self) -> OddCells:
        """The cells that were filled, unseen or far out."""
        return self.report.odd_cells


def report_files(model_path: str, data: str | None = None, options: ReportOptions | None = None) -> Report:
    """The report of a model on a file, on the test part that its spec names, or on the rows that it was trained on."""
    options = options or ReportOptions()
    options.check()
    model = Model.load(model_path)
    if data is None:
        report = report_on_known_rows(model, Path(model_path), options)
    else:
        subjects = describe_file(model, Path(model_path), data)
        report = read_and_report(model, Path(model_path).stem, data, subjects, options).report
    return cut_folders_of_spec(report, model, Path(model_path))


def report_on_known_rows(model: Model, model_path: Path, options: ReportOptions) -> Report:
    """The report of a model on the rows that its spec names; where they are not there, of the model alone."""
    if options.labels is not None:
        raise SpecError("--labels: give the images, too: --data IMAGES")
    file = find_named_file(model, model_path)
    if file is None:
        if options.settings:
            raise SpecError("--set: says how a file of rows is written, and the spec names none; give --data")
        known = find_known_rows(model, model_path)
        return options.report(model, model_path.stem, known.subjects, known.judged)
    subjects = add_training_rows(file.subjects, model, model_path)
    try:
        return read_and_report(model, model_path.stem, file.path, subjects, options).report
    except MissingFile as problem:
        absent = describe_absent_rows(f"{file.key}: {problem}")
        return options.report(model, model_path.stem, absent)


def report_and_compare_files(
    model_paths: Sequence[str], data: str | None = None, options: ReportOptions | None = None
) -> ComparedReports:
    """Several models on the same rows, those of a file or of the test file that all their specs name."""
    options, names = options or ReportOptions(), name_models(model_paths)
    options.check()
    models = [Model.load(path) for path in model_paths]
    require_comparable(list(zip(names, models, strict=True)))
    if data == "-":
        raise SpecError("--data -: standard input can be read once, and several models are named; name a file")
    path = find_shared_test_file(models, model_paths) if data is None else data
    readings = []
    for model, model_path, name in zip(models, model_paths, names, strict=True):
        subjects = describe_file(model, Path(model_path), path)
        subjects = subjects if data is not None else replace(subjects, name="test rows")
        found = read_and_report(model, name, path, subjects, options)
        readings.append(replace(found, report=cut_folders_of_spec(found.report, model, Path(model_path))))
    contenders = [
        Contender(name=name, model=each.reader, judged=each.judged, seen=each.report.subject.seen)
        for name, each in zip(names, readings, strict=True)
    ]
    comparison = compare_models(contenders, readings[0].report.subject.rows_name)
    comparison = comparison if options.keep_rows else remove_disputed_rows(comparison)
    reports = {name: each.report for name, each in zip(names, readings, strict=True)}
    return ComparedReports(comparison=comparison, reports=tuple(reports[each.name] for each in comparison.models))


def read_and_report(model: Model, name: str, path: str, subjects: Subjects, options: ReportOptions) -> Reading:
    """A file, read as the training file was or as it looks, and the report of a model on it."""
    trained, model = model, set_input_format(model, options.settings)

    def read(reader: Model) -> Reading:
        rows = read_evaluation_file(reader, path, options.labels, ())
        judged = reader.judge_and_evaluate(rows)
        report = options.report(reader, name, replace(subjects, rows=rows), judged)
        cells = describe_percent_cells(rows.inputs.types, reader.columns().values(), trained.spec.data)
        return Reading(reader=reader, judged=judged, report=add_notices(report, cells))

    if model.reads_images or options.labels is not None:
        return read(model)
    others = [*model.spec.data.targets, *filter(None, [model.spec.data.sample_weight])]
    form = ModelInputFormat(model, path, others, options.settings, "mlptrain report")
    found = form.try_readings(read)
    sign = describe_percent_sign(trained.spec.data, model.spec.data)
    report = add_notices(found.report, [*sign, *form.notices])
    return replace(found, report=cut_folder(report, Path(path).parent))


def cut_folders_of_spec(report: Report, model: Model, model_path: Path) -> Report:
    """The same without the folders of the files that the spec names."""
    folder = model_path.parent / model.spec_folder
    for file in ("file", *list_named_files(model)):
        report = cut_folder(report, Path(locate_file(file, folder)).parent)
    return report


def cut_folder(report: Report, folder: Path) -> Report:
    """A report whose sentences name files without a folder: it may be sent to people who do not know the machine."""

    def cut(text: str) -> str:
        return text.replace(f"{folder}{os.sep}", "").replace(str(folder), folder.name) if folder.name else text

    return replace(
        report,
        subject=replace(report.subject, seen=cut(report.subject.seen)),
        absent={part: cut(why) for part, why in report.absent.items()},
        notices=tuple(map(cut, report.notices)),
    )


def add_notices(report: Report, notices: Sequence[str]) -> Report:
    """A report with more to say about how its rows were read."""
    return replace(report, notices=(*notices, *report.notices))


def find_test_file(model: Model, model_path: str) -> str | None:
    """The file of test rows that the spec of a model of tables names."""
    test = model.spec.data.test
    if not isinstance(test, str) or model.reads_images:
        return None
    return locate_file(test, Path(model_path).parent / model.spec_folder)


def find_shared_test_file(models: Sequence[Model], model_paths: Sequence[str]) -> str:
    """The test file that the specs of all models name; an error where there is none."""
    files = [find_test_file(model, path) for model, path in zip(models, model_paths, strict=True)]
    if files[0] is None or len({os.path.realpath(file or "") for file in files}) > 1:
        raise SpecError("several models are judged on the same rows, and their specs do not name one: give --data")
    return files[0]


def describe_file(model: Model, model_path: Path, data: str) -> Subjects:
    """What is to be said of the rows of a file before they are read: their name, whether the model has seen them."""
    short = name_input(Path(data).name)
    what = f"the rows of {short}"
    if same := compare_with_training_file(model, model_path, data):
        seen = f"{short}{same.removeprefix(data)}: the model has seen these rows, and does worse on new ones"
        return Subjects(rows=None, name=what, seen=seen, no_training=THEMSELVES)
    return add_training_rows(Subjects(rows=None, name=what), model, model_path)


def name_models(paths: Sequence[str]) -> list[str]:
    """The names of models, that of each folder before it where files are called alike.

    >>> name_models(["a.npz", "b.npz"]), name_models(["runs/1/m.npz", "runs/2/m.npz"])
    (['a', 'b'], ['1/m', '2/m'])
    """
    files = [os.path.realpath(path) for path in paths]
    if twice := next((path for path, file in zip(paths, files, strict=True) if files.count(file) > 1), None):
        raise SpecError(f"{twice}: the same model is named twice; compare different ones")
    places = [Path(path).absolute().with_suffix("").parts for path in paths]
    longest = max(map(len, places))
    named = (["/".join(place[-count:]) for place in places] for count in range(1, longest + 1))
    return next(names for names in named if len(set(names)) == len(names))
