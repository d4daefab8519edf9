"""`fit`: a spec to a model file."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from shlex import quote

from mlptrain.commands.latest_model import refuse_what_is_no_spec
from mlptrain.commands.paths import NamedFile, list_data_files, list_files_beside_model, require_separate_files
from mlptrain.data.files import name_input
from mlptrain.data.table_writing import choose_table_form
from mlptrain.errors import Diverged, SpecError
from mlptrain.fitting.candidates import describe_absent_test_files, load_weights_of_draft, read_rows_of_draft
from mlptrain.fitting.checkpoints import Checkpoints, Plan
from mlptrain.fitting.fan_out import prepare_workers
from mlptrain.fitting.fit import Fit, fit_rows
from mlptrain.fitting.host import Host
from mlptrain.fitting.out_of_fold import are_held_out_names
from mlptrain.fitting.outcome import Outcome
from mlptrain.model.file import (
    compute_relative_spec_folder,
    require_replaceable_model,
    save_contents,
)
from mlptrain.model.layer_history import LayersSeen
from mlptrain.model.network_start import KEY
from mlptrain.model.rows import Rows, locate_file
from mlptrain.model.training_names import name_training
from mlptrain.model.watched import Watched
from mlptrain.preparation.material import TrainingData, make_training_data
from mlptrain.spec.fields import Spec
from mlptrain.spec.file import NO_WEIGHTS, Draft, GivenWeights, load_draft
from mlptrain.spec.values import ValueOverride
from mlptrain.spec.yaml_text import read_stdin
from mlptrain.storage.companions import MODEL_END, PREVIOUS_END, choose_default_output
from mlptrain.storage.locking import lock_exclusively
from mlptrain.storage.publishing import (
    check_writable,
    is_device_or_pipe,
    remove_leftover_temporary_files,
    resolve_links,
)
from mlptrain.training.events import Sink

AUTOMATIC = Plan()
"""Checkpoints as they cost little time; an unfinished fit is refused."""


@dataclass(frozen=True, kw_only=True)
class FitResult(Outcome):
    """How a fit ended, and where its model is."""

    model: str
    watched: Watched
    positive_class: str | None
    """Of two classes the one that f1 and others are of; None where there are not two."""
    names: tuple[str, ...] = ()
    """What each of several trainings is called: a fold, a repeat."""
    layers: LayersSeen | None = None
    """The layers of the (first) network as they were seen last, if they were watched."""
    histories: tuple[dict[str, list[float | None]], ...] = ()
    """The epochs of each training, column by column."""
    running_loss: bool = False
    """Whether their training loss is the mean over the epoch's batches as they were trained."""
    networks: int = 1
    """Those of the model: the trainings', and companions of another recipe."""


def read_checked_draft(
    path: str, overrides: Sequence[str] = (), *, initial_weights: Path | None = None
) -> tuple[Draft, Path]:
    """The spec of a file ("-": standard input) and its folder; what is wrong whatever the rows are is an error."""
    standard = path == "-"
    if not standard:
        refuse_what_is_no_spec(path)
    folder = Path() if standard else Path(path).parent
    given = NO_WEIGHTS if initial_weights is None else name_weights_file(initial_weights, folder, "--initial-weights")
    draft = load_draft(name_input(path), overrides, read_stdin() if standard else None, weights=given)
    draft.check()
    return draft, folder


def name_weights_file(file: Path, folder: Path, origin: str) -> GivenWeights:
    """The weights in a file, under its name in a spec, whose paths are relative to its folder."""
    try:
        near = Path(os.path.relpath(file.parent.resolve(), folder.resolve()))
    except ValueError:  # another drive
        near = file.parent.resolve()
    return GivenWeights([ValueOverride(KEY, (near / file.name).as_posix(), origin)])


def fit_files(
    spec_path: str,
    *,
    out: Path | None = None,
    overrides: Sequence[str] = (),
    initial_weights: Path | None = None,
    out_of_fold: Path | None = None,
    sink_files: Sequence[NamedFile] = (),
    plan: Plan = AUTOMATIC,
    sinks: Iterable[Sink] = (),
    host: Host | None = None,
) -> FitResult:
    """Train what a spec says and write the model; to `out_of_fold` each row's prediction while it was held out.

    The networks start from the weights in the file `initial_weights`, if one is named.

    `sink_files` are what sinks write. If `host.stop()` wishes so, a checkpoint keeps what was done and
    Interrupted is raised. If an unfinished fit has left one, the plan says what becomes of it.
    """
    host = host or Host()
    host = replace(host, begun=host.clock())
    weights = [] if initial_weights is None else [f"--initial-weights {quote(str(initial_weights))}"]
    plan = replace(plan, options=[*weights, *(f"--set {quote(each)}" for each in overrides)])
    draft, folder = read_checked_draft(spec_path, overrides, initial_weights=initial_weights)
    out = out or choose_default_output(spec_path)
    read = [] if spec_path == "-" else [NamedFile(path=Path(spec_path), role="the spec")]
    done = fit_to_file(
        draft,
        None,
        out,
        folder,
        out_of_fold=out_of_fold,
        sink_files=sink_files,
        read=read,
        plan=plan,
        sinks=sinks,
        host=host,
    )
    return make_fit_result(done, str(resolve_link(out)))


def make_fit_result(done: Fit, model: str) -> FitResult:
    """The result of a fit whose model went to a file of this name."""
    split, snapshots = done.model.spec.data.split, done.model.networks[0].snapshots
    return FitResult(
        model=model,
        networks=len(done.model.networks),
        watched=done.model.watched,
        positive_class=done.model.head.positive_class,
        names=tuple(name_training(k, split.trainings, split.repeats) for k in range(1, len(done.outcome.folds) + 1)),
        layers=snapshots[-1] if snapshots else None,
        histories=done.model.histories,
        running_loss=done.model.spec.training.train_loss == "running",
        **vars(done.outcome),
    )


def fit_to_file(
    draft: Draft,
    rows: Rows | None,
    out: Path,
    folder: Path,
    *,
    out_of_fold: Path | None = None,
    sink_files: Sequence[NamedFile] = (),
    read: Sequence[NamedFile] = (),
    plan: Plan = AUTOMATIC,
    sinks: Iterable[Sink] = (),
    host: Host,
) -> Fit:
    """Fit on rows (None: those that the spec names) and write the model, alone and with checkpoints beside it.

    `sink_files` are what sinks write, `read` what was read before; no file that is written may be one of the others.
    """
    out = require_writable_output(out)
    require_separate_fit_files(out, out_of_fold, sink_files, [*read, *list_read_files(draft.spec, folder)])
    check_out_of_fold(out_of_fold, draft.spec.data.targets)
    for message in draft.notices:
        host.notice(message)
    with lock_and_clean_output(out, host), report_file_on_divergence(out), prepare_workers(host, draft.spec):
        if out_of_fold is not None:
            remove_leftover_temporary_files(out_of_fold, alone=False)
        keeper = Checkpoints(out, plan, host, draft, read_data=partial(understand_rows, draft, rows, folder, host))
        rows = read_rows_of_draft(draft, folder, host) if rows is None else rows
        for message in describe_absent_test_files(draft, folder):
            host.notice(message)
        done = fit_rows(
            draft, rows, folder=folder, host=host, sinks=sinks, keeper=keeper, keep_held_out=out_of_fold is not None
        )
        model = replace(done.model, spec_folder=compute_relative_spec_folder(out, folder))
        save_contents(model, out)
        if out_of_fold is not None and done.held_out is not None:
            lost = done.held_out.write(out_of_fold, model)
            if lost.first:
                host.notice(f"{out_of_fold}: {lost.words()}")
        keeper.remove()
    return replace(done, model=model)


def list_read_files(spec: Spec, folder: Path) -> list[NamedFile]:
    """The files that a spec names, as far as they are there."""
    weights = [] if spec.start is None or not spec.start.file else [locate_file(spec.start.file, folder)]
    of_weights = [NamedFile(path=Path(path), role="the file of the initial weights") for path in weights]
    return [*list_data_files(spec.data, folder), *of_weights]


def understand_rows(draft: Draft, rows: Rows | None, folder: Path, host: Host) -> TrainingData:
    """The rows of a fit (None: those that the spec names), understood as far as the spec alone decides."""
    rows = read_rows_of_draft(draft, folder, host) if rows is None else rows
    return make_training_data(draft.spec, rows, folder, weights=load_weights_of_draft(draft, folder))


@contextmanager
def report_file_on_divergence(out: Path) -> Iterator[None]:
    """Add to a Diverged error that the file of the model is as it was, or that none was written."""
    try:
        yield
    except Diverged as problem:
        raise Diverged(f"{problem}; {f'{out} is as it was' if out.exists() else 'no model was written'}") from None


@contextmanager
def lock_and_clean_output(out: Path, host: Host) -> Iterator[None]:
    """Keep other fits from writing `out`, and remove temporary files that killed ones have left."""
    with lock_exclusively(out, host.notice) as locked:
        remove_leftover_temporary_files(out, alone=locked)
        for beside in list_files_beside_model(out):
            remove_leftover_temporary_files(beside.path, alone=locked, follow=False)
        yield


def resolve_link(out: Path) -> Path:
    """The file that a link leads to, so that the previous model, checkpoints and the lock stand beside it."""
    return resolve_links(out) if out.is_symlink() else out


def require_writable_output(out: Path) -> Path:
    """Fail before training if a file cannot be written or replaced; returns the file that a link leads to."""
    check_writable(out)
    target = resolve_link(out)
    require_replaceable_model(target)
    require_model_name(out)
    return target


def require_model_name(out: Path) -> None:
    """Refuse a name by which the commands without MODEL would not find a model, and take an older one."""
    if out.name.endswith(PREVIOUS_END):
        better = out.with_name(f"{out.name.removesuffix(PREVIOUS_END)}{MODEL_END}")
        raise SpecError(f"--out {out}: such a name is for the model that another one replaces; name it {better}")
    if out.suffix.lower() == MODEL_END or is_device_or_pipe(out):
        return
    known = out.suffix[1:].isalpha()  # .pt, .keras: not the .5 of a version
    better = out.with_suffix(MODEL_END) if known else out.with_name(f"{out.name}{MODEL_END}")
    raise SpecError(f"--out {out}: the name of a model ends with {MODEL_END}; name it {better}")


def require_separate_fit_files(
    out: Path, out_of_fold: Path | None, sink_files: Sequence[NamedFile], read: Sequence[NamedFile]
) -> None:
    """Refuse a fit of which two files would be one."""
    written = [
        NamedFile(path=out, role="where the model goes", option="--out", of_fit=True),
        *list_files_beside_model(out),
    ]
    if out_of_fold is not None:
        role = "where the held-out predictions go"
        written.append(NamedFile(path=out_of_fold, role=role, option="--out-of-fold"))
    require_separate_files([*written, *sink_files], read)


def check_out_of_fold(out_of_fold: Path | None, targets: Sequence[str]) -> None:
    """Fail before training if the held-out predictions cannot be written, or must not replace a file."""
    if out_of_fold is None:
        return
    check_writable(out_of_fold)
    form = choose_table_form(out_of_fold, option="--out-of-fold")
    if not out_of_fold.is_file() or not out_of_fold.stat().st_size:
        return
    if not are_held_out_names(form.read_names(out_of_fold), targets):
        why = "exists and holds no out-of-fold predictions of this target"
        raise SpecError(f"--out-of-fold {out_of_fold}: {why}; choose another name, or remove it first")
