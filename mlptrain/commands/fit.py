"""`fit`: a spec to a model file."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from mlptrain.errors import Diverged, SpecError
from mlptrain.fitting.checkpoint_file import path_before, path_of
from mlptrain.fitting.checkpoints import Checkpoints, When, existing, planned
from mlptrain.fitting.given import given_spec
from mlptrain.fitting.measuring import Metrics
from mlptrain.fitting.out_of_fold import OUT_OF_FOLD, HeldOut, row_numbers
from mlptrain.fitting.time_limit import limited
from mlptrain.fitting.trainings import Sink, Trained, Trainings
from mlptrain.fitting.trials import decide
from mlptrain.model.file import check_replaceable, folder_between, previous, save
from mlptrain.model.model import Member, Model
from mlptrain.preparation.material import Material, digest
from mlptrain.preparation.partitions import partitions
from mlptrain.spec.fields import Spec
from mlptrain.storage.locking import exclusive
from mlptrain.storage.publishing import check_writable, real, remove_left_over
from mlptrain.training.loop import never


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
    refit: bool | None = None
    """Where a refit was asked for, whether the network is one: trained on all rows, on which its training metrics are.
    Those of the validation part are of the network before it, in its best epoch."""


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
    begun, given = clock(), given_spec(spec_path, overrides)
    out = out or default_output(spec_path)
    out = checked_output(out)
    check_out_of_fold(out, out_of_fold)
    plan = planned(checkpoints, checkpoint_minutes, resume=resume, restart=restart, finish=finish)
    for message in given.draft.notices:
        notice(message)
    with alone(out, notice), keeping(out):
        if out_of_fold is not None:
            remove_left_over(out_of_fold, alone=False)
        found = existing(out, plan, notice)
        material, _ = given.read(partial(decide, found=found, threads=threads, notice=notice, stop=stop, clock=clock))
        require_folds(material.spec, out_of_fold)
        material, end = limited(material, found, begun=begun, threads=threads, notice=notice, clock=clock)
        kept = Checkpoints(out, material, plan, found, clock=clock, notice=notice)
        trainings = Trainings(
            material, kept, tuple(sinks), threads=threads, notice=notice, stop=stop, clock=clock, end=end
        )
        result = written(trainings, out, given.folder, out_of_fold)
        kept.remove()
    return result


@contextmanager
def keeping(out: Path) -> Iterator[None]:
    """A divergence also says what became of the file that the model would have gone to: nothing."""
    try:
        yield
    except Diverged as problem:
        written = "no model" if path_of(out).exists() else "nothing"
        raise Diverged(f"{problem}; {f'{out} is as it was' if out.exists() else f'{written} was written'}") from None


@contextmanager
def alone(out: Path, notice: Callable[[str], object]) -> Iterator[None]:
    """No other fit writes `out` meanwhile, and what killed ones have left half written is removed."""
    with exclusive(out, notice) as locked:
        for path in (out, previous(out), path_of(out), path_before(out)):
            remove_left_over(path, alone=locked)
        yield


def written(trainings: Trainings, out: Path, folder: Path, out_of_fold: Path | None) -> FitResult:
    """Train all parts, and write the model and what was predicted for rows while they were held out."""
    material, begun = trainings.material, trainings.clock()
    held = None if out_of_fold is None else HeldOut(material.rows.count)
    parts = partitions(material)
    ended = trainings.run(parts, held)
    members, seconds = ended.members, trainings.clock() - begun
    parameters = sum(each.network.parameters.theta.size for each in members)
    result = summary(ended.results, model=str(out), seconds=seconds, parameters=parameters, asked=len(parts))
    result = replace(result, refit=ended.refit) if material.spec.training.refit else result
    save(new_model(material, members, result, folder_between(out, folder)), out)
    if out_of_fold is not None and held is not None:
        dtype = np.dtype(material.spec.model.dtype)
        held.write(out_of_fold, members[0].target, material.loss, dtype, row_numbers(material.rows))
    return result


def checked_output(out: Path) -> Path:
    """Fail before training if a file cannot be written, or must not be replaced; of a link the file it leads to.

    What stands beside the model (the one before it, checkpoints, the lock) then stands beside the file itself.
    """
    check_writable(out)
    out = real(out) if out.is_symlink() else out
    check_replaceable(out)
    return out


def require_folds(spec: Spec, out_of_fold: Path | None) -> None:
    """Refuse to write predictions of rows while they were held out where none are."""
    if out_of_fold is not None and spec.data.split.folds is None:
        raise SpecError("--out-of-fold: the spec has no folds; set data.split.folds")


def check_out_of_fold(out: Path, out_of_fold: Path | None) -> None:
    """The same for the predictions of rows while they were held out."""
    if out_of_fold is None:
        return
    check_writable(out_of_fold)
    if out_of_fold.resolve() == out.resolve():
        raise SpecError(f"--out-of-fold {out_of_fold}: this is where the model goes; choose another name")
    if out_of_fold.is_file() and out_of_fold.read_bytes()[: len(OUT_OF_FOLD)] not in (b"", OUT_OF_FOLD):
        why = "exists and holds no out-of-fold predictions"
        raise SpecError(f"--out-of-fold {out_of_fold}: {why}; choose another name, or remove it first")


CUT_SHORT = ("time_limit", "early_stopping")
"""Why a training had not all its epochs: of several trainings, the first of these that any ended for."""


def summary(results: Sequence[Trained], *, model: str, seconds: float, parameters: int, asked: int) -> FitResult:
    """One result of all folds: means of the metrics, and their standard deviations."""
    reasons = [each.reason for each in results]
    unfinished = "interrupted" in reasons or len(results) < asked
    metrics = {part: across(results, part, mean) for part in results[0].metrics}
    several = len(results) > 1
    return FitResult(
        model=model,
        reason="interrupted" if unfinished else next((each for each in CUT_SHORT if each in reasons), "epochs"),
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


def new_model(material: Material, members: Sequence[Member], result: FitResult, spec_folder: str) -> Model:
    """What the model file holds; no times, no paths of this machine, so that the same run gives the same bytes."""
    kept = ("reason", "epochs", "best_epoch", "metrics")
    facts: dict[str, Any] = {name: getattr(result, name) for name in kept}
    if result.folds:
        facts |= {"folds": [asdict(each) for each in result.folds], "deviations": result.deviations}
    if result.refit is not None:
        facts |= {"refit": result.refit}
    return Model(
        spec=material.spec,
        members=members,
        result=facts,
        spec_folder=spec_folder,
        data_digest=digest(material) if material.spec.data.split.test else "",
    )
