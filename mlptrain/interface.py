"""The Python interface of a fit: on data in memory, or from files to a file."""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from mlptrain.arguments import require_choice, require_count, require_path, shorten_repr
from mlptrain.commands.fit import fit_to_file, name_weights_file
from mlptrain.errors import SpecError
from mlptrain.fitting.candidates import describe_absent_test_files, read_rows_of_draft
from mlptrain.fitting.checkpoints import Existing, Plan
from mlptrain.fitting.fit import Fit, fit_rows
from mlptrain.fitting.host import Host
from mlptrain.fitting.signals import SIGNALS, catch_signals
from mlptrain.fitting.store_choice import place_given_rows
from mlptrain.model.memory_rows import make_training_rows
from mlptrain.model.model import Model
from mlptrain.model.network_start import KEY
from mlptrain.model.rows import Rows
from mlptrain.notices import warn_caller
from mlptrain.preparation.material import require_rows
from mlptrain.reporting.sinks import DISPLAYS, SINKS, choose_display, is_watched, make_sink
from mlptrain.spec.fields import Spec
from mlptrain.spec.file import NO_WEIGHTS, Draft, GivenWeights, find_spec_folder, is_yaml_text, make_draft_from_spec
from mlptrain.spec.values import ValueOverride
from mlptrain.training.events import Event, Sink, wrap_function_as_sink
from mlptrain.training.loop import never_stop
from mlptrain.workers.choice import choose_executor

AnySink = Sink | Callable[[Event], object] | str
"""What is called with the events of a training: a sink, a function, or the name of a sink."""


def fit(
    spec: str | Path | Mapping[str, Any] | Spec,
    data: Any = None,
    *,
    out: str | Path | None = None,
    overrides: str | Sequence[str] | Mapping[str, Any] = (),
    initial_weights: str | Path | Model | None = None,
    sinks: AnySink | Iterable[AnySink] = (),
    progress: bool | None = None,
    threads: int | None = None,
    workers: int = 1,
    unfinished: Existing = "refuse",
) -> Fit:
    """Train what `spec` says on the rows of `data`, in memory; with `out` also write the model, as the command does.

    `spec` is a path, a dict, a text of YAML, or the resolved spec of a model. `data` is a mapping of columns, a list
    of records, a structured array or a data frame that narwhals knows (pandas, polars, PyArrow …); None: the rows that
    the spec names. `overrides` change keys of the spec: {"training.epochs": 3} or ["training.epochs=3"].
    `initial_weights`, a model or the file of one, is what training starts from: its columns and its target come along.
    `sinks` are called with each event: functions, sinks, or names of those of the command line ("lines", "console").
    `progress`: whether the run is shown; None: in a notebook and on a terminal, unless `sinks` names what shows it.
    Notices are warnings. `workers` processes train folds and repeats side by side, to the same model. SpecError or
    DataError say what is wrong with the spec or the rows, Diverged that the loss left the finite numbers. Ctrl-C
    raises Interrupted, whose `model` is the best so far; with `out` a checkpoint is left instead, and `unfinished`
    says what a later fit does about it: "refuse", "resume", "finish" or "restart".

    >>> table = {"x": [0.0, 1.0, 2.0, 3.0] * 8, "y": ["low", "low", "high", "high"] * 8}
    >>> fitted = fit({"data": {"target": "y"}, "training": {"epochs": 40}, "optimizer": {"learning_rate": 0.05}}, table)
    >>> fitted.model.predict({"x": [0.5, 2.5]}).tolist()
    ['low', 'high']
    """
    path, folder, host = require_unfinished(unfinished, out), find_spec_folder(spec), make_host(threads, workers)
    opened = list_sinks(sinks, progress, title=name_spec(spec))
    weights = read_given_weights(initial_weights, folder)
    draft = make_draft_from_spec(spec, overrides, weights=weights, rows_given=data is not None)
    draft.check()
    rows = None if data is None else require_rows(make_training_rows(data, draft.spec.data))
    rows = None if rows is None else place_given_rows(rows, draft.spec.data, host)
    with catch_interrupt() as stop:
        return fit_given(draft, rows, path, folder, Plan(existing=unfinished), opened, replace(host, stop=stop))


def fit_given(
    draft: Draft, rows: Rows | None, out: Path | None, folder: Path, plan: Plan, sinks: Iterable[Sink], host: Host
) -> Fit:
    """Fit on rows (None: those that the spec names), in memory or to a file."""
    if out is None:
        return fit_in_memory(draft, rows, folder, sinks, host)
    return fit_to_file(draft, rows, out, folder, plan=plan, sinks=sinks, host=host)


HERE = Path()


def read_given_weights(given: str | Path | Model | None, folder: Path = HERE) -> GivenWeights:
    """The weights in a file, or of a model in memory; none where nothing is given."""
    origin = "initial_weights"
    if given is None:
        return NO_WEIGHTS
    if isinstance(given, Model):
        return GivenWeights([ValueOverride(KEY, "", origin)], given.to_bytes())
    return name_weights_file(require_path(given, origin), folder, origin)


def require_unfinished(unfinished: Existing, out: str | Path | None) -> Path | None:
    """Where the model goes; an error for what says nothing, or not of a fit in memory, about an unfinished fit."""
    path = None if out is None else require_path(out, "out")
    require_choice(unfinished, "unfinished", get_args(Existing))
    if path is None and unfinished != "refuse":
        raise SpecError(f"unfinished={unfinished!r}: a fit in memory leaves no checkpoint; give out, too")
    return path


def list_sinks(sinks: AnySink | Iterable[AnySink], progress: bool | None, *, title: str) -> list[Sink]:
    """The user's sinks, and behind them the one that shows the run, if it is to be shown."""
    listed = list(ensure_sink_list(sinks))
    listed += [choose_display(sys.stderr)] if is_progress_shown(progress, listed) else []
    return [resolve_sink(each, title=title) for each in listed]


def make_host(threads: int | None, workers: int = 1) -> Host:
    """The host of a fit that begins now; its notices are warnings."""
    count = None if threads is None else require_count(threads, "threads", least=1)
    executor = choose_executor(require_count(workers, "workers", least=1), threads=count or 0)
    host = Host(threads=count, notice=warn_caller, executor=executor)
    return replace(host, begun=host.clock())


def fit_in_memory(draft: Draft, rows: Rows | None, folder: Path, sinks: Iterable[Sink], host: Host) -> Fit:
    """Fit on rows (None: those that the spec names) without a file."""
    for message in draft.notices:
        host.notice(message)
    rows = read_rows_of_draft(draft, folder, host) if rows is None else rows
    for message in describe_absent_test_files(draft, folder):
        host.notice(message)
    return fit_rows(draft, rows, folder=folder, host=host, sinks=sinks)


def ensure_sink_list(sinks: AnySink | Iterable[AnySink]) -> Iterable[AnySink]:
    """The sinks to iterate over; a single one is put into a list. A SpecError for anything else."""
    if isinstance(sinks, str) or callable(sinks):
        return [sinks]
    if not isinstance(sinks, Iterable):
        raise SpecError(f"sinks: {shorten_repr(sinks)} is no list of sinks; leave it out for none")
    return sinks


def is_progress_shown(progress: bool | None, sinks: Iterable[AnySink]) -> bool:
    """Whether a sink that shows the run joins the user's own."""
    if progress is None:
        return is_watched(sys.stderr) and not any(isinstance(sink, str) and sink in DISPLAYS for sink in sinks)
    if not isinstance(progress, bool):
        raise SpecError(f"progress: {shorten_repr(progress)} is not True, False or None")
    return progress


def name_spec(spec: str | Path | Mapping[str, Any] | Spec) -> str:
    """What heads the picture of a run: the file of the spec, or nothing."""
    return "" if isinstance(spec, Mapping | Spec) or is_yaml_text(spec) else str(spec)


def resolve_sink(sink: AnySink, *, title: str) -> Sink:
    """A sink as it is, by its name, or of a function."""
    if isinstance(sink, str):
        return make_sink(sink, title=title)
    if isinstance(sink, type):
        raise SpecError(f"sinks: {sink.__name__} is a class; give an object of it: {sink.__name__}(…)")
    if not callable(sink):
        raise SpecError(f"sinks: {shorten_repr(sink)} is no sink; give a function, or one of {', '.join(SINKS)}")
    return wrap_function_as_sink(sink)


@contextmanager
def catch_interrupt() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C wishes the training to stop; only the main thread hears of it."""
    if threading.current_thread() is not threading.main_thread():
        yield never_stop
        return
    with catch_signals(SIGNALS[:1]) as stop:
        yield stop.is_wished
