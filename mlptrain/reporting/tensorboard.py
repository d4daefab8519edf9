"""A run as event files that TensorBoard shows: one folder a run, written as training goes on.

The records are made by tensorboard's own functions (≥ 2.21) and written by its RecordWriter to a file of ours: no
thread, no queue, and TensorFlow is not loaded where it is installed, as it is by tensorboard's EventFileWriter.
"""

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any

from mlptrain.arguments import require_path, shorten_repr
from mlptrain.errors import Diverged, EnvironmentFailure, SpecError
from mlptrain.model.history import EpochEnded
from mlptrain.model.layer_history import LayersSeen
from mlptrain.reporting.event_files import (
    FAILED,
    RESULT,
    EventFolder,
    has_failed,
    remove_own_events,
    require_own_folder,
    require_place_for_folder,
)
from mlptrain.reporting.run_settings import list_epoch_values, list_settings, name_part_of_run, name_run
from mlptrain.reporting.sink_options import SinkOptions
from mlptrain.reporting.spec_text import format_spec_as_yaml
from mlptrain.reporting.text_tables import format_metrics
from mlptrain.training.events import EventSink, Finished, FitFinished, FitStarted, Started

INSTALL = "pip install 'mlptrain[tensorboard]'"
FLUSH = 1.0
"""Seconds after which what was written is there to read."""
SPEC = "spec"
"""The tag of the spec's text."""
LONGEST_NAME = 255
"""Bytes of the longest name of a folder."""


def load_tensorboard() -> SimpleNamespace:
    """What is used of tensorboard; an EnvironmentFailure with the line that installs it, if it is not there."""
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.plugins.histogram.metadata import create_summary_metadata
        from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb
        from tensorboard.plugins.scalar.summary_v2 import scalar_pb
        from tensorboard.plugins.text.summary_v2 import text_pb
        from tensorboard.summary.writer.record_writer import RecordWriter
        from tensorboard.util.tensor_util import make_tensor_proto
    except ImportError:
        raise EnvironmentFailure(f"TensorBoard's event files are written by tensorboard: {INSTALL}") from None
    return SimpleNamespace(
        Event=Event,
        Summary=Summary,
        RecordWriter=RecordWriter,
        make_scalar=scalar_pb,
        make_text=text_pb,
        make_hparams=hparams_pb,
        make_tensor=make_tensor_proto,
        describe_histogram=create_summary_metadata,
        hparams=SimpleNamespace(status=api_pb2.Status, metadata=metadata, data=plugin_data_pb2),
    )


class TensorBoardSink(EventSink):
    """Event files in `folder`/`name`, of several trainings in folders of their own below it.

    `name` is by default that of the spec. A fit that goes on adds a file and writes no epoch twice; the events of one
    that has diverged stay, and the next of the name replaces them. A SpecError says that `folder` or `name` is none, or
    that there are the events of another run, an EnvironmentFailure that tensorboard is not installed or the folder
    cannot be written.
    """

    def __init__(
        self,
        folder: str | Path,
        name: str = "",
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder, self._name = require_path(folder, "TensorBoardSink: folder"), require_run_name(name)
        self._library = load_tensorboard()
        require_place_for_folder(self._folder)
        self._clock, self._wall_clock = clock, wall_clock
        self._forget()

    def _forget(self) -> None:
        self._fit = FitStarted(source="run")
        self._run: EventFolder | None = None
        self._training: EventFolder | None = None
        self._metric = ""
        self._due = self._clock() + FLUSH

    def see_fit_start(self, fit: FitStarted, /) -> None:
        """Refuse a folder that has the events of another run."""
        self._fit = fit
        require_own_folder(self._locate_run(), fit, self._library)

    def see_start(self, started: Started, /) -> None:
        """Open the folder of a training; write spec, settings, and epochs of the earlier run that are not there."""
        run = self._run = self._run or self._open_run()
        self._metric = started.metric
        run.write_text(SPEC, format_spec_as_yaml(started.spec), step=0)
        training = self._training = self._open_training(run, name_part_of_run(started))
        if not started.refit:
            training.write_settings(list_settings(self._fit, started.spec), group=run.folder.as_posix())
        training.go_on_after(len(started.earlier))
        for epoch in started.earlier[training.last_epoch :]:
            training.write_scalars(list_epoch_values(epoch, self._metric), epoch.epoch)
        for seen in (each for each in started.earlier_layers if each.epoch > training.last_seen):
            training.write_layers(seen)
        self._flush()

    def see_epoch(self, epoch: EpochEnded, /) -> None:
        """Write the values of an epoch."""
        if self._training:
            self._training.write_scalars(list_epoch_values(epoch, self._metric), epoch.epoch)
        if self._clock() >= self._due:
            self._flush()

    def see_layers(self, layers: LayersSeen, /) -> None:
        """Write what was seen of the layers."""
        if self._training:
            self._training.write_layers(layers)

    def see_finish(self, finished: Finished, /) -> None:
        """Write that a training is over; one that was interrupted may go on."""
        if self._training and finished.reason != "interrupted":
            self._training.write_end()
        self._flush()

    def see_fit_finish(self, fit: FitFinished, /) -> None:
        """Write what the fit has come to."""
        if self._run:
            self._run.write_text(RESULT, format_fit_end(fit), step=fit.epochs)
        self.close()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None, /
    ) -> None:
        """Close the files; where the training has diverged, they say so."""
        if self._run and self._training and isinstance(problem, Diverged):
            self._run.write_text(FAILED, str(problem), step=0)
            self._training.write_end(failed=True)
        self.close()

    def close(self) -> None:
        """Close the files."""
        for folder in (self._training, self._run):
            if folder:
                folder.close()
        self._forget()

    def _locate_run(self) -> Path:
        return self._folder / (self._name or name_run(self._fit))

    def _open_run(self) -> EventFolder:
        folder = self._locate_run()
        require_own_folder(folder, self._fit, self._library)
        if self._fit.restarts or (has_failed(folder, self._library) and not self._fit.goes_on):
            remove_own_events(folder)
        return EventFolder(folder, self._library, self._wall_clock)

    def _open_training(self, run: EventFolder, part: str) -> EventFolder:
        if self._training and self._training is not run:
            self._training.close()
        return EventFolder(run.folder / part, run.library, run.clock) if part else run

    def _flush(self) -> None:
        for folder in (self._training, self._run):
            if folder:
                folder.flush()
        self._due = self._clock() + FLUSH


def require_run_name(name: Any) -> str:
    """The name of a run, which is a folder below that of all runs; an empty one is that of the spec."""
    fault = "is no name" if not isinstance(name, str) or "\0" in name else ""
    if not fault and (Path(name).is_absolute() or ".." in Path(name).parts):
        fault = "leads out of the folder"
    if not fault and any(len(part.encode(errors="replace")) > LONGEST_NAME for part in Path(name).parts):
        fault = f"is longer than {LONGEST_NAME} bytes"
    if fault:
        raise SpecError(f"TensorBoardSink: name: {shorten_repr(name)} {fault}; give a text like 'second'")
    return str(name)


def make_tensorboard_sink(options: SinkOptions) -> TensorBoardSink:
    """Event files in the folder at the path."""
    if options.path is None:
        raise SpecError("the sink 'tensorboard' writes a folder: give mlptrain.TensorBoardSink(FOLDER)")
    return TensorBoardSink(options.path)


def format_fit_end(fit: FitFinished) -> str:
    """The metrics that a fit has come to, as a table, and a line each for its remark and its size."""
    table = format_metrics({**fit.metrics, **find_last_baseline(fit)}) if fit.metrics else ""
    size = f"{fit.parameters:,} parameters, epoch {fit.best_epoch} of {fit.epochs}"
    return "\n".join(filter(None, [table, fit.remark and f"remark: {fit.remark}", size]))


def find_last_baseline(fit: FitFinished) -> dict[str, dict[str, float | None]]:
    """The baseline of the last part that has one, with a value or a gap for each of its metrics."""
    part = list(fit.metrics)[-1]
    if part not in fit.baseline:
        return {}
    return {"baseline": {name: fit.baseline[part].get(name) for name in fit.metrics[part]}}
