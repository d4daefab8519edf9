"""`tune`: a spec that says what may vary, to the best model of a study."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any, BinaryIO, Literal

from mlptrain.commands.fit import FitResult, fit_files, require_writable_output
from mlptrain.commands.latest_model import refuse_what_is_no_spec
from mlptrain.data.files import name_input
from mlptrain.engine.metrics import is_larger_better
from mlptrain.errors import DataError, Interrupted, SpecError
from mlptrain.fitting.candidates import list_spec_candidates, read_rows_of_draft
from mlptrain.fitting.checkpoints import Plan
from mlptrain.fitting.host import Host
from mlptrain.preparation.material import TrainingData, digest_training_data
from mlptrain.preparation.partitions import divide_rows
from mlptrain.spec.document import Document
from mlptrain.spec.durations import parse_duration
from mlptrain.spec.file import Override, make_draft_from_document, make_overrides
from mlptrain.spec.tune import Choices, SearchSpace, read_search_space, take_tune_section
from mlptrain.spec.yaml_text import parse_document, read_spec_file, read_stdin
from mlptrain.storage.companions import (
    choose_default_output,
    derive_best_spec_path,
    derive_lines_path,
    derive_study_path,
)
from mlptrain.storage.locking import lock_exclusively
from mlptrain.storage.publishing import publish_file
from mlptrain.tuning.study import Study, TrialRecord, cut_torn_line, describe_left_lock, require_journal
from mlptrain.tuning.trial import TrialJob, copy_document
from mlptrain.tuning.tune import run_study

Existing = Literal["refuse", "resume", "restart", "join"]
BEST = 10
"""Trials that are shown of the best ones."""
FEW_ROWS, MANY_TRIALS = 1000, 20
"""With fewer validation rows and more trials than these, the best value flatters."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A value that a trial has set, as it stands in the spec."""

    key: str
    value: Any


@dataclass(frozen=True, kw_only=True)
class TuneTrial:
    """A trial of a study."""

    number: int
    state: str
    value: float | None
    """The watched quantity on the validation rows; of one that ended early the last that was seen."""
    settings: Sequence[Setting]
    seconds: float | None
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class TuneResult:
    """What a study came to."""

    monitor: str
    trials: Sequence[TuneTrial]
    best: Sequence[TuneTrial]
    """The best ones that came to their end, the best first."""
    importance: Mapping[str, float]
    """How much of the differences between trials each key explains; empty where there are too few."""
    spec: str
    """The file of the best spec."""
    study: str
    fit: FitResult | None
    """How the model of the best spec was trained; None for a command that joined the study of another one."""
    notices: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a study needs, found and checked before it begins."""

    job: TrialJob
    data: TrainingData
    path: Path
    """The journal."""
    validation_rows: int

    @property
    def space(self) -> SearchSpace:
        """What is searched."""
        return self.job.space

    @property
    def monitor(self) -> str:
        """The watched quantity."""
        return self.data.spec.training.monitor

    def open_study(self) -> Study:
        """The study in its journal, which is made if it is not there."""
        spec = self.data.spec
        larger = is_larger_better(self.monitor)
        return Study(self.path, self.space, larger_is_better=larger, seed=spec.seed, epochs=spec.training.epochs)

    def describe_facts(self) -> dict[str, str]:
        """Digests of what must be the same where a study goes on."""
        document, space = self.job.document, self.space
        return {
            "spec": digest_text(json.dumps([document.tree, [str(each) for each in self.job.overrides]])),
            "search": digest_text(f"{space.searched} {space.settings.pruner} {space.settings.sampler}"),
            "data": digest_training_data(self.data),
        }


def tune_file(
    spec_path: str,
    *,
    write_spec: Callable[[Mapping[str, Any]], str],
    out: Path | None = None,
    overrides: Sequence[str] = (),
    trials: int | None = None,
    time_limit: str | None = None,
    existing: Existing = "refuse",
    host: Host,
    tell: Callable[[TuneTrial], object],
) -> TuneResult:
    """Search what the section `tune` of a spec says, and fit the best spec found; `write_spec` makes its YAML.

    The study is kept beside the model, trial by trial: one that was ended goes on with `existing` "resume", and another
    machine takes part in it with "join". Test rows are never looked at.
    """
    begun, out = host.clock(), require_writable_output(out or choose_default_output(spec_path))
    prepared = prepare_study(spec_path, out, overrides, host)
    space, end = prepared.space, begun + choose_limit(prepared.space, time_limit)
    with lock_study(prepared.path, existing, host):
        mend_study(prepared.path, existing, host)
        study = prepared.open_study()
        require_same_study(prepared.path, study, prepared.describe_facts())
        if existing == "resume" and (lost := study.give_up_lost_trials()):
            host.notice(f"{prepared.path}: {lost} trial{'s' * (lost > 1)} had not ended; made anew")
        try:
            run_study(
                study, prepared.job, host, trials=trials, end=end, tell=lambda each: tell(make_trial(space, each))
            )
        finally:
            write_lines(prepared.path, space, study)
        if host.stop():
            kept = f"all are kept in {prepared.path}: --resume goes on"
            raise Interrupted(f"stopped after {len(study.trials)} trials; {kept}")
        if existing == "join":
            return sum_up(study, prepared, "", None)
        spec = publish_best_spec(study, spec_path, out, write_spec)
        fitted = fit_files(str(spec), out=out, plan=Plan(existing="restart"), host=host)
        return sum_up(study, prepared, str(spec), fitted)


def prepare_study(spec_path: str, out: Path, overrides: Sequence[str], host: Host) -> Prepared:
    """All that a study needs; what is wrong with the spec, the values that are searched or the rows is an error."""
    document, space = read_space(spec_path)
    folder, given = Path() if spec_path == "-" else Path(spec_path).parent, make_overrides(list(overrides))
    draft = make_draft_from_document(copy_document(document), given)
    draft.check()
    check_space(document, given, space)
    for message in draft.notices:
        host.notice(message)
    rows = read_rows_of_draft(draft, folder, host)
    data = list_spec_candidates(draft, rows, folder)[0].data
    if not data.spec.data.split.validates:
        raise SpecError("tune: there are no validation rows to compare trials on; set data.split.validation or folds")
    job = TrialJob(document=document, overrides=given, space=space, rows=rows, folder=folder, threads=host.threads)
    validation_rows = len(divide_rows(data)[0].validation)
    return Prepared(job=job, data=data, path=derive_study_path(out), validation_rows=validation_rows)


def publish_best_spec(study: Study, spec_path: str, out: Path, write_spec: Callable[[Mapping[str, Any]], str]) -> Path:
    """Write the spec of the best trial beside that of the study; an error where no trial came to its end."""
    best = study.sort_complete()
    if not best:
        raise SpecError(f"tune: no trial came to its end{describe_first_failure(study)}")
    path = derive_best_spec_path(out if spec_path == "-" else Path(spec_path))
    publish_text(path, write_spec(best[0].spec or {}))
    return path


def publish_text(path: Path, text: str) -> None:
    """Publish a text as a file."""

    def write(stream: BinaryIO) -> None:
        stream.write(text.encode())

    publish_file(path, write)


def read_space(spec_path: str) -> tuple[Document, SearchSpace]:
    """The document of a spec without its section `tune`, and what that section says."""
    if spec_path != "-":
        refuse_what_is_no_spec(spec_path)
    name = name_input(spec_path)
    document = parse_document(read_stdin() if spec_path == "-" else read_spec_file(spec_path), name)
    section = take_tune_section(document)
    if section is None:
        example = "tune: {search: {optimizer.learning_rate: {low: 1e-4, high: 3e-2, scale: log}}}"
        raise SpecError(f"{name}: the section tune is missing, which says what may vary: {example}")
    return document, read_search_space(section)


def choose_limit(space: SearchSpace, given: str | None) -> float:
    """The seconds that the study has; infinite where nothing limits it."""
    limit = given or space.settings.time_limit
    try:
        return inf if limit is None else parse_duration(limit)
    except ValueError as problem:
        raise SpecError(f"--time-limit: {problem}") from None


def check_space(document: Document, overrides: Sequence[Override], space: SearchSpace) -> None:
    """Refuse values that the spec does not take, each by itself and with its line, before anything is trained."""
    problems = [
        f"{override}: the study searches this key; leave it out, or take it out of tune.search"
        for override in overrides
        if override.key in space.searched
    ]
    for key, searched in space.searched.items():
        for value in searched.ends:
            try:
                make_draft_from_document(copy_document(document), [*overrides, space.set_value(key, value)]).check()
            except SpecError as problem:
                problems += problem.problems
    if problems:
        raise SpecError(*dict.fromkeys(problems))


def lock_study(path: Path, existing: Existing, host: Host) -> AbstractContextManager[Any]:
    """Keep others from a study, but for those who join it; an error if it is there, or not, against what was asked.

    The lock is that of the lines beside the journal, which has one of its own.
    """
    there = path.exists()
    if there:
        require_journal(path)
    if existing == "join":
        if not there:
            raise SpecError(f"--join: {path} is not there; mlptrain tune without --join begins a study")
        return nullcontext()
    if there and existing == "refuse":
        raise SpecError(f"{path}: this study was begun before; --resume goes on with it, --restart forgets it")
    if existing == "restart":
        path.unlink(missing_ok=True)
    if existing == "resume" and not there:
        host.notice(f"{path} is not there; the study begins at the beginning")
    return lock_exclusively(derive_lines_path(path), host.notice)


def mend_study(path: Path, existing: Existing, host: Host) -> None:
    """Make good what a killed process has left of a study that goes on."""
    if existing != "resume" or not path.exists():
        return
    if cut_torn_line(path):
        host.notice(f"{path}: its last line was half written, and is left out")
    if left := describe_left_lock(path):
        host.notice(left)


def require_same_study(path: Path, study: Study, facts: Mapping[str, str]) -> None:
    """An error where the study was begun with another spec, other values to search, or other data."""
    known = study.facts
    if not known:
        study.write_facts(facts)
        return
    words = {"spec": "the spec has changed", "search": "what is searched has changed", "data": "the data has changed"}
    for name, said in words.items():
        if known.get(name) != facts[name]:
            kind = DataError if name == "data" else SpecError
            raise kind(f"{path}: {said} since the study began; undo that, or forget the study with --restart")


def digest_text(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def make_trial(space: SearchSpace, record: TrialRecord) -> TuneTrial:
    """A trial as results show it."""
    settings = []
    for key, value in record.values.items():
        searched = space.searched[key]
        shown = searched.values[int(value)] if isinstance(searched, Choices) else searched.write(value)
        settings.append(Setting(key=key, value=shown))
    return TuneTrial(
        number=record.number,
        state=record.state,
        value=record.value,
        settings=settings,
        seconds=record.seconds,
        message=record.message,
    )


def write_lines(path: Path, space: SearchSpace, study: Study) -> None:
    """Write the trials beside the journal, a line of JSON each, for people and programs."""
    lines = []
    for record in study.trials:
        trial = make_trial(space, record)
        values = {"trial": trial.number, "state": trial.state, "value": trial.value, "seconds": trial.seconds}
        values |= {"settings": {each.key: each.value for each in trial.settings}, "message": trial.message}
        lines.append(json.dumps(values | {"spec": record.spec}, ensure_ascii=False))
    publish_text(derive_lines_path(path), "".join(f"{line}\n" for line in lines))


def describe_first_failure(study: Study) -> str:
    """Why the first trial failed, as the end of a sentence."""
    return next((f": {each.message}" for each in study.trials if each.message), "")


def sum_up(study: Study, prepared: Prepared, spec: str, fitted: FitResult | None) -> TuneResult:
    """The result of a study."""
    trials = [make_trial(prepared.space, each) for each in study.trials]
    notices = []
    if len(trials) > MANY_TRIALS and prepared.validation_rows < FEW_ROWS:
        why = f"the best of {len(trials)} trials on {prepared.validation_rows} validation rows is in part luck"
        notices.append(f"{why}: its value flatters; mlptrain eval on rows that no trial has seen tells the truth")
    return TuneResult(
        monitor=prepared.monitor,
        trials=trials,
        best=[make_trial(prepared.space, each) for each in study.sort_complete()[:BEST]],
        importance=study.measure_importance(),
        spec=spec,
        study=str(prepared.path),
        fit=fitted,
        notices=notices,
    )
