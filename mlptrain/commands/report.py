"""`report`: a model, or several, and the rows that they are judged on, as one report."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlptrain.commands.evaluate import compare_with_training_file
from mlptrain.commands.judged_file import judge_file
from mlptrain.commands.known_rows import (
    THEMSELVES,
    add_training_rows,
    describe_absent_rows,
    find_known_rows,
    find_named_file,
    list_named_files,
)
from mlptrain.commands.paths import name_models
from mlptrain.data.files import name_input
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
    found = judge_file(model, path, labels=options.labels, settings=options.settings, command="mlptrain report")
    report = options.report(found.reader, name, replace(subjects, rows=found.judged.rows), found.judged)
    report = add_notices(report, found.notices)
    tables = not (model.reads_images or options.labels is not None)
    report = cut_folder(report, Path(path).parent) if tables else report
    return Reading(reader=found.reader, judged=found.judged, report=report)


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
