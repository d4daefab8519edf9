"""`fit`: a spec to a model file."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, asdict, dataclass, field, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.architecture import build_network
from mlptrain.checkpoint_file import path_before, path_of
from mlptrain.container import Arrays
from mlptrain.data.splits import Parts
from mlptrain.data.targets import ClassTarget, Target
from mlptrain.engine.losses import Loss
from mlptrain.errors import Diverged, SpecError
from mlptrain.locking import exclusive
from mlptrain.model_file import (
    Member,
    Model,
    beginning,
    check_replaceable,
    folder_between,
    history_arrays,
    previous,
    save,
)
from mlptrain.publishing import check_writable, remove_left_over
from mlptrain.spec.fields import Spec
from mlptrain.training.events import Event, Finished
from mlptrain.training.examples import outputs_for, predict
from mlptrain.training.loop import Course, diverged, never
from mlptrain.training.loop import fit as train
from mlptrain.training.material import Material, Rows, digest, read_material
from mlptrain.training.partitions import partitions
from mlptrain.training.preparation import Prepared, prepare_part
from mlptrain.workflows.checkpoints import Checkpoints, When, existing, planned
from mlptrain.workflows.execution import choice, suitable_threads
from mlptrain.workflows.measuring import Metrics, measured, split_values
from mlptrain.workflows.prediction import predicted_columns, probability_columns, publish_table

Sink = Callable[[Event], object]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """How one training ended: one fold's, or that of the whole fit."""

    reason: str
    epochs: int
    best_epoch: int
    metrics: dict[str, Metrics]
    """Per part (train, validation), measured in evaluation mode with the parameters that were kept."""


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """How a fit ended. Of several folds: the most epochs, and the means of the metrics."""

    model: str
    reason: str
    epochs: int
    best_epoch: int
    metrics: dict[str, Metrics]
    seconds: float
    parameters: int
    folds: tuple[Trained, ...] = ()
    """Each fold, where there are several."""
    deviations: dict[str, Metrics] = field(default_factory=dict)
    """The standard deviations (n − 1) of the folds' metrics."""


def load_spec(path: str, overrides: Sequence[str]) -> tuple[Spec, Path, list[str]]:
    """The spec of a file ("-": standard input), its folder, and notices."""
    from mlptrain.spec.file import load_spec as read
    from mlptrain.spec.yaml_text import read_stdin

    text = read_stdin() if path == "-" else None
    spec, notices = read("standard input" if path == "-" else path, overrides, text)
    return spec, Path() if path == "-" else Path(path).parent, notices


def new_course(prepared: Prepared, *, fold: int = 1, folds: int = 1) -> Course:
    """The network, initialised, with the rows it learns from; fold k has seed + k − 1."""
    spec, target = replace(prepared.spec, seed=prepared.spec.seed + fold - 1), prepared.target
    network = build_network(spec.model, prepared.features.width, outputs_for(prepared.loss, target))
    network.parameters.initialize(spec.seed)
    return Course(
        network=network,
        spec=spec,
        loss=prepared.loss,
        target=target,
        train=prepared.train,
        validation=prepared.validation,
        fold=fold,
        folds=folds,
    )


def default_output(spec_path: str) -> Path:
    """<spec name>.npz in the working directory."""
    return Path("model.npz" if spec_path == "-" else f"{Path(spec_path).stem}.npz")


def fit(
    spec_path: str,
    *,
    out: Path | None = None,
    overrides: Sequence[str] = (),
    out_of_fold: Path | None = None,
    threads: int | None = None,
    resume: bool = False,
    restart: bool = False,
    finish: bool = False,
    checkpoints: When = "auto",
    checkpoint_minutes: float = 10.0,
    sinks: Iterable[Sink] = (),
    notice: Callable[[str], object] = str,
    stop: Callable[[], bool] = never,
    clock: Callable[[], float] = time.monotonic,
) -> FitResult:
    """Train what a spec says and write the model; to `out_of_fold` each row's prediction while it was held out.

    If `stop()` wishes so, what was done goes into a checkpoint and Interrupted is raised. Where an unfinished fit has
    left one, `resume` goes on with it, `finish` writes the model of its best epoch, and `restart` forgets it.
    """
    spec, folder, notices = load_spec(spec_path, overrides)
    out = out or default_output(spec_path)
    check_outputs(spec, out, out_of_fold)
    plan = planned(checkpoints, checkpoint_minutes, resume=resume, restart=restart, finish=finish)
    for message in notices:
        notice(message)
    with alone(out, notice):
        found = existing(out, plan, notice)
        material = read_material(spec, folder)
        kept = Checkpoints(out, material, plan, found, clock=clock, notice=notice)
        trainings = Trainings(material, kept, tuple(sinks), threads=threads, notice=notice, stop=stop, clock=clock)
        result = written(trainings, out, folder, out_of_fold)
        kept.remove()
    return result


@contextmanager
def alone(out: Path, notice: Callable[[str], object]) -> Iterator[None]:
    """No other fit writes `out` meanwhile, and what killed ones have left half written is removed."""
    with exclusive(out, notice):
        for path in (out, previous(out), path_of(out), path_before(out)):
            remove_left_over(path)
        yield


def written(trainings: "Trainings", out: Path, folder: Path, out_of_fold: Path | None) -> FitResult:
    """Train all parts, and write the model and what was predicted for rows while they were held out."""
    material, begun = trainings.material, trainings.clock()
    held = None if out_of_fold is None else HeldOut(material.rows.count)
    parts = partitions(material)
    members, results = trainings.run(parts, held)
    parameters = sum(each.network.parameters.theta.size for each in members)
    seconds = trainings.clock() - begun
    result = summary(results, model=str(out), seconds=seconds, parameters=parameters, asked=len(parts))
    save(new_model(material, members, result, folder_between(out, folder)), out)
    if out_of_fold is not None and held is not None:
        dtype = np.dtype(material.spec.model.dtype)
        held.write(out_of_fold, members[0].target, material.loss, dtype, row_numbers(material.rows))
    return result


def check_outputs(spec: Spec, out: Path, out_of_fold: Path | None) -> None:
    """Fail before training if a file cannot be written, or must not be replaced."""
    check_writable(out)
    check_replaceable(out)
    if out_of_fold is not None:
        if spec.data.split.folds is None:
            raise SpecError("--out-of-fold: the spec has no folds; set data.split.folds")
        check_writable(out_of_fold)
        if out_of_fold.resolve() == out.resolve():
            raise SpecError(f"--out-of-fold {out_of_fold}: this is where the model goes; choose another name")
        if out_of_fold.is_file() and out_of_fold.read_bytes()[: len(OUT_OF_FOLD)] not in (b"", OUT_OF_FOLD):
            why = "exists and holds no out-of-fold predictions"
            raise SpecError(f"--out-of-fold {out_of_fold}: {why}; choose another name, or remove it first")


@dataclass(frozen=True)
class Trainings:
    """The trainings of a fit, one or one a fold, and what they share."""

    material: Material
    kept: Checkpoints
    sinks: Sequence[Sink]
    _: KW_ONLY
    threads: int | None
    notice: Callable[[str], object]
    stop: Callable[[], bool]
    clock: Callable[[], float]

    def run(self, parts: Sequence[Parts], held: "HeldOut | None") -> tuple[list[Member], list[Trained]]:
        """Train on each of the parts; only to finish what is there, on those that have an epoch to show."""
        members, results = [], []
        for number, part in enumerate(parts, 1):
            prepared = prepare_part(self.material, part)
            for message in left_out(prepared) if number == 1 else ():
                self.notice(message)
            course = new_course(prepared, fold=number, folds=len(parts))
            course.network.executor = choice(course).executor(self.notice if number == 1 else str)
            with suitable_threads(course.network, course.batch_size, self.threads):
                if number == 1:
                    self.kept.begin(course)
                trained, history = self.resumed(course) or self.trained(course)
            if not trained.epochs:
                break
            members.append(member(prepared, course, history))
            results.append(trained)
            if held is not None and course.validation is not None:
                predictions = predict(course.network, course.loss, course.target, course.validation.x)
                held.add(part.validation, predictions, number)
            if trained.reason == "interrupted":
                break
            self.kept.fold_done(members[-1], asdict(trained))
        if not members:
            raise SpecError("--finish: no epoch of the unfinished fit had ended; go on with --resume")
        return members, results

    def resumed(self, course: Course) -> tuple[Trained, Arrays] | None:
        """A training that was done before the fit was interrupted."""
        done = self.kept.finished(course)
        return None if done is None else (Trained(**done.result), beginning(done.arrays, "history."))

    def trained(self, course: Course) -> tuple[Trained, Arrays]:
        """One training, from its beginning or from where it was interrupted."""
        state = self.kept.state(course)
        stop = always if self.kept.finishing else self.stop
        sinks = [self.kept.watch(course, state), *self.sinks]
        finished: Finished | None = None
        try:
            for event in train(course, state, clock=self.clock, stop=stop):
                finished = event if isinstance(event, Finished) else None
                for sink in sinks:
                    sink(event)
            assert finished is not None
            if finished.reason == "interrupted" and not self.kept.finishing:
                raise self.kept.interrupted(state)
            measures = final_metrics(course) if finished.epochs else {}
            if measures and measures["train"]["loss"] is None:
                raise diverged("after the last step", state.history[-1].learning_rate)
        except Diverged as problem:
            raise Diverged(f"{problem}{self.kept.keep_best(course, state)}") from None
        trained = Trained(
            reason=finished.reason, epochs=finished.epochs, best_epoch=finished.best_epoch, metrics=measures
        )
        return trained, history_arrays(state.history)


def always() -> bool:
    """Stop at once."""
    return True


def member(prepared: Prepared, course: Course, history: Arrays) -> Member:
    """What the model file keeps of a training."""
    return Member(features=prepared.features, target=prepared.target, network=course.network, history=history)


def summary(results: Sequence[Trained], *, model: str, seconds: float, parameters: int, asked: int) -> FitResult:
    """One result of all folds: means of the metrics, and their standard deviations."""
    reasons = [each.reason for each in results]
    unfinished = "interrupted" in reasons or len(results) < asked
    metrics = {part: across(results, part, mean) for part in results[0].metrics}
    several = len(results) > 1
    return FitResult(
        model=model,
        reason="interrupted" if unfinished else "early_stopping" if "early_stopping" in reasons else "epochs",
        epochs=max(each.epochs for each in results),
        best_epoch=round(mean([each.best_epoch for each in results])),
        metrics=metrics,
        seconds=seconds,
        parameters=parameters,
        folds=tuple(results) if several else (),
        deviations={part: across(results, part, stdev) for part in metrics} if several else {},
    )


def across(results: Sequence[Trained], part: str, statistic: Callable[[list[float]], float]) -> Metrics:
    """A statistic of each metric over the folds; None where a fold has no value for it."""
    found: Metrics = {}
    for name in results[0].metrics[part]:
        values = [each.metrics[part][name] for each in results]
        known = [value for value in values if value is not None]
        found[name] = statistic(known) if len(known) == len(values) else None
    return found


def row_numbers(rows: Rows) -> NDArray[np.int64]:
    """The number of each row in its file(s), from 1, also where others were left out."""
    origin = None if rows.table is None else rows.table.origin
    return np.arange(1, rows.count + 1) if origin is None else origin + 1


OUT_OF_FOLD = b"row,fold,"
"""What a file of out-of-fold predictions begins with."""


class HeldOut:
    """What was predicted for each row while it was held out, averaged where it was held out more than once."""

    def __init__(self, rows: int) -> None:
        self.counts, self.folds = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
        self.total: NDArray[Any] | None = None

    def add(self, rows: NDArray[np.int64], predictions: NDArray[Any], fold: int) -> None:
        """The predictions of a fold's rows."""
        if self.total is None:
            self.total = np.zeros((len(self.counts), predictions.shape[1]))
        self.total[rows] += predictions
        self.counts[rows] += 1
        self.folds[rows] = fold

    def write(self, path: Path, target: Target, loss: Loss, dtype: np.dtype[Any], numbers: NDArray[np.int64]) -> None:
        """Publish a CSV: the number of each row in its file(s), its (last) fold, its prediction, probabilities."""
        assert self.total is not None
        rows = np.flatnonzero(self.counts)
        values = self.total[rows] / self.counts[rows, None]
        columns = {"row": list(map(str, numbers[rows].tolist())), "fold": list(map(str, self.folds[rows].tolist()))}
        columns |= predicted_columns(target, values, dtype)
        if isinstance(target, ClassTarget) and loss.probabilistic:
            columns |= probability_columns(target, values, dtype)
        publish_table(columns, path)


def new_model(material: Material, members: Sequence[Member], result: FitResult, spec_folder: str) -> Model:
    """What the model file holds; no times, no paths of this machine, so that the same run gives the same bytes."""
    kept = ("reason", "epochs", "best_epoch", "metrics")
    facts: dict[str, Any] = {name: getattr(result, name) for name in kept}
    if result.folds:
        facts |= {"folds": [asdict(each) for each in result.folds], "deviations": result.deviations}
    return Model(
        spec=material.spec,
        members=members,
        result=facts,
        spec_folder=spec_folder,
        data_digest=digest(material) if material.spec.data.split.test else "",
    )


def left_out(prepared: Prepared) -> list[str]:
    """Notices of the columns that are not used, and of what else was found in the data."""
    told = {name for name, found in prepared.understood.items() if found.notice} | {"as declared"}
    ignored = {name: why for name, why in prepared.features.ignored.items() if not {name, why} & told}
    shown = "; ".join(f"{name} ({why})" for name, why in list(ignored.items())[:10])
    more = f" and {len(ignored) - 10} more" if len(ignored) > 10 else ""
    notices = [f"columns not used: {shown}{more}"] if ignored else []
    size, rows = prepared.spec.training.batch_size, prepared.train.rows
    if size != "full" and size > rows:
        notices.append(f"training.batch_size: {size} is more than the {rows} training rows, which make one batch")
    return [*notices, *prepared.notices]


def final_metrics(course: Course) -> dict[str, Metrics]:
    """All metrics of the parts, with the parameters that were kept."""
    parts = {"train": course.train} | ({"validation": course.validation} if course.validation else {})
    return {name: split_values(measured(course, part))[0] for name, part in parts.items()}
