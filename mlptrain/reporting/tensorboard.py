"""A run as event files that TensorBoard shows: one folder a run, written as training goes on.

The records are made by tensorboard's own functions (≥ 2.21) and written by its RecordWriter to a file of ours: no
thread, no queue, and TensorFlow is not loaded where it is installed, as it is by tensorboard's EventFileWriter.
"""

import re
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os import R_OK, W_OK, X_OK, access, truncate
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

from mlptrain.errors import EnvironmentFailure, SpecError
from mlptrain.model.history import EpochEnded
from mlptrain.reporting.run_settings import list_epoch_values, list_settings, name_part_of_run, name_run
from mlptrain.reporting.sink_options import SinkOptions
from mlptrain.reporting.spec_text import format_spec_as_yaml
from mlptrain.reporting.text_tables import format_metrics
from mlptrain.training.events import EventSink, Finished, FitFinished, FitStarted, Started

INSTALL = "pip install 'mlptrain[tensorboard]'"
FLUSH = 1.0
"""Seconds after which what was written is there to read."""
LARGEST = 3.4028234663852886e38
"""The largest number of float32, which the values are written as."""
OWN_NAME = re.compile(r"events\.out\.tfevents\.(\d{4,})\.mlptrain")
"""Our event files are numbered, so that their names sort as they were written, without a clock or a host's name."""
ANY_NAME = "*tfevents*"
"""What TensorBoard takes for event files."""
EVERY_EPOCH = "learning_rate"
"""A tag that each epoch has."""
SPEC, RESULT = "spec", "result"
CODE = " " * 4
"""What stands before a line of text that Markdown is to show as it is."""


def load_tensorboard() -> SimpleNamespace:
    """What is used of tensorboard; an EnvironmentFailure with the line that installs it, if it is not there."""
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb
        from tensorboard.plugins.scalar.summary_v2 import scalar_pb
        from tensorboard.plugins.text.summary_v2 import text_pb
        from tensorboard.summary.writer.record_writer import RecordWriter
    except ImportError:
        raise EnvironmentFailure(f"TensorBoard's event files are written by tensorboard: {INSTALL}") from None
    return SimpleNamespace(
        Event=Event,
        Summary=Summary,
        RecordWriter=RecordWriter,
        make_scalar=scalar_pb,
        make_text=text_pb,
        make_hparams=hparams_pb,
        hparams=SimpleNamespace(status=api_pb2.Status, metadata=metadata, data=plugin_data_pb2),
    )


class TensorBoardSink(EventSink):
    """Event files in `folder`/`name`, of several trainings in folders of their own below it.

    `name` is by default that of the spec. A fit that goes on adds a file and writes no epoch twice. A SpecError says
    that a folder has the events of another run, an EnvironmentFailure that tensorboard is not installed or the folder
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
        self._library = load_tensorboard()
        require_place_for_folder(Path(folder))
        self._folder, self._name = Path(folder), name
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
            training.write_settings(list_settings(self._fit, started.spec), group=run.folder.name)
        training.go_on_after(len(started.earlier))
        for epoch in started.earlier[training.last_epoch :]:
            self._write_epoch(training, epoch)
        self._flush()

    def see_epoch(self, epoch: EpochEnded, /) -> None:
        """Write the values of an epoch."""
        if self._training:
            self._write_epoch(self._training, epoch)
        if self._clock() >= self._due:
            self._flush()

    def see_finish(self, finished: Finished, /) -> None:
        """Write that a training is over; one that was interrupted may go on."""
        if self._training and finished.reason != "interrupted":
            self._training.write_end()
        self._flush()

    def see_fit_finish(self, fit: FitFinished, /) -> None:
        """Write what the fit has come to."""
        if self._run:
            table = format_metrics({**fit.metrics, **find_last_baseline(fit)}) if fit.metrics else ""
            size = f"{fit.parameters:,} parameters, epoch {fit.best_epoch} of {fit.epochs}"
            self._run.write_text(RESULT, "\n".join(filter(None, [table, fit.remark, size])), step=fit.epochs)
        self.close()

    def close(self) -> None:
        """Close the files."""
        for folder in (self._training, self._run):
            if folder:
                folder.close()
        self._forget()

    def _locate_run(self) -> Path:
        return self._folder / (self._name or name_run(self._fit))

    def _open_run(self) -> "EventFolder":
        folder = self._locate_run()
        require_own_folder(folder, self._fit, self._library)
        if self._fit.restarts:
            remove_own_events(folder)
        return EventFolder(folder, self._library, self._wall_clock)

    def _open_training(self, run: "EventFolder", part: str) -> "EventFolder":
        if self._training and self._training is not run:
            self._training.close()
        return EventFolder(run.folder / part, run.library, run.clock) if part else run

    def _write_epoch(self, training: "EventFolder", epoch: EpochEnded) -> None:
        values = list_epoch_values(epoch, self._metric)
        training.write_scalars({tag: value for tag, value in values.items() if abs(value) <= LARGEST}, epoch.epoch)

    def _flush(self) -> None:
        for folder in (self._training, self._run):
            if folder:
                folder.flush()
        self._due = self._clock() + FLUSH


class EventFolder:
    """The event files of a training, or of a whole run: those that are there, and a new one from the first write."""

    def __init__(self, folder: Path, library: SimpleNamespace, clock: Callable[[], float]) -> None:
        self.folder, self.library, self.clock = folder, library, clock
        self._look()
        self._stream: IO[bytes] | None = None
        self._writer: Any = None

    def go_on_after(self, epoch: int) -> None:
        """Training goes on after an epoch: what was written of later ones, which no checkpoint has kept, goes."""
        if self.last_step > epoch:
            cut_off_later_events(self.folder, epoch, self.library)
            self._look()

    def _look(self) -> None:
        found = read_folder(self.folder, self.library)
        self.tags, self.last_epoch, self.last_step = set(found.tags), found.last_epoch, found.last_step

    def write_scalars(self, values: dict[str, float], step: int) -> None:
        """Write numbers, one by each tag."""
        summary = self.library.Summary()
        for tag, value in values.items():
            summary.value.extend(self.library.make_scalar(tag, value).value)
        self._write(step=step, summary=summary)

    def write_text(self, tag: str, text: str, *, step: int) -> None:
        """Write a text that is shown as it is, unless the folder has it."""
        shown = "\n".join(CODE + line for line in text.split("\n"))
        self._write_once(tag, self.library.make_text(tag, shown), step)

    def write_settings(self, settings: dict[str, Any], *, group: str) -> None:
        """Write what the runs are compared by; trainings of one `group` are shown together.

        There is no summary of the whole experiment, which could name the metrics: TensorBoard takes that of any one run
        for all, and hides the settings that only other runs have.
        """
        summary = self.library.make_hparams(settings, trial_id=group, start_time_secs=self.clock())
        self._write_once(self.library.hparams.metadata.SESSION_START_INFO_TAG, summary, 0)

    def write_end(self) -> None:
        """Write that a training is over."""
        hparams, summary = self.library.hparams, self.library.Summary()
        ended = hparams.data.SessionEndInfo(status=hparams.status.Value("STATUS_SUCCESS"), end_time_secs=self.clock())
        metadata = hparams.metadata.create_summary_metadata(hparams.data.HParamsPluginData(session_end_info=ended))
        tag = hparams.metadata.SESSION_END_INFO_TAG
        summary.value.add(tag=tag, metadata=metadata, tensor=hparams.metadata.NULL_TENSOR)
        self._write_once(tag, summary, 0)

    def flush(self) -> None:
        """Make what was written there to read."""
        if self._stream:
            self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        if self._stream:
            self._stream.close()
        self._stream = None

    def _write_once(self, tag: str, summary: Any, step: int) -> None:
        if tag not in self.tags:
            self.tags.add(tag)
            self._write(step=step, summary=summary)

    def _write(self, *, step: int, **content: Any) -> None:
        event = self.library.Event(wall_time=self.clock(), step=step, **content)
        if self._stream is None:
            self._stream = create_event_file(self.folder)
            self._writer = self.library.RecordWriter(self._stream)
            first = self.library.Event(wall_time=event.wall_time, file_version="brain.Event:2")
            self._writer.write(first.SerializeToString())
        self._writer.write(event.SerializeToString())


def make_tensorboard_sink(options: SinkOptions) -> TensorBoardSink:
    """Event files in the folder at the path."""
    if options.path is None:
        raise SpecError("the sink 'tensorboard' writes a folder: give mlptrain.TensorBoardSink(FOLDER)")
    return TensorBoardSink(options.path)


def find_last_baseline(fit: FitFinished) -> dict[str, dict[str, float | None]]:
    """The baseline of the last part that has one, with a value or a gap for each of its metrics."""
    part = list(fit.metrics)[-1]
    if part not in fit.baseline:
        return {}
    return {"baseline": {name: fit.baseline[part].get(name) for name in fit.metrics[part]}}


@dataclass(frozen=True, kw_only=True)
class FoundEvents:
    """What the event files of a folder have."""

    tags: frozenset[str] = frozenset()
    last_epoch: int = 0
    """The last epoch whose values are there."""
    last_step: int = 0
    """The last epoch of which there is anything."""


def read_folder(folder: Path, library: SimpleNamespace) -> FoundEvents:
    """What our event files of a folder have."""
    tags, epoch, step = set[str](), 0, 0
    for file in list_own_files(folder):
        for _, event in read_events(file, library):
            found = {value.tag for value in event.summary.value}
            epoch = event.step if EVERY_EPOCH in found else epoch
            tags, step = tags | found, max(step, event.step)
    return FoundEvents(tags=frozenset(tags), last_epoch=epoch, last_step=step)


def cut_off_later_events(folder: Path, epoch: int, library: SimpleNamespace) -> None:
    """Cut off what was written from the first event of a later epoch on.

    TensorBoard has a mark that training was begun again, but its reader heeds it for the older kinds of events alone.
    """
    files = list_own_files(folder)
    for number, file in enumerate(files, 1):
        first = next((start for start, event in read_events(file, library) if event.step > epoch), None)
        if first is not None:
            truncate(file, first)
            for later in files[number:]:
                truncate(later, 0)  # a server that has it open would not see another one of its name
            return


def read_events(file: Path, library: SimpleNamespace) -> Iterator[tuple[int, Any]]:
    """Where each event of a file begins, and the event, up to the end, or to a record that a crash has torn.

    A record is its length (8 bytes, little-endian), a checksum (4), the bytes, and another checksum (4).
    """
    whole, start = file.stat().st_size, 0
    with file.open("rb") as stream:
        while whole - start >= 16:
            (size,) = struct.unpack("<Q", stream.read(12)[:8])
            if start + size + 16 > whole:
                return
            yield start, library.Event.FromString(stream.read(size + 4)[:-4])
            start += size + 16


def list_own_files(folder: Path) -> list[Path]:
    """Our event files of a folder, in the order in which they were written."""
    found = {path: OWN_NAME.fullmatch(path.name) for path in folder.glob(ANY_NAME)}
    return sorted((path for path, own in found.items() if own), key=lambda path: int(path.name.split(".")[3]))


def create_event_file(folder: Path) -> IO[bytes]:
    """A new event file of a folder, which is made if need be."""
    own = list_own_files(folder)
    number = int(own[-1].name.split(".")[3]) + 1 if own else 1
    path = folder / f"events.out.tfevents.{number:04d}.mlptrain"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return path.open("xb")
    except OSError as problem:
        raise EnvironmentFailure(f"{path}: cannot be written: {problem.strerror}") from None


def remove_own_events(folder: Path) -> None:
    """Remove our event files of a run and of its trainings."""
    for path in folder.rglob(ANY_NAME):
        if OWN_NAME.fullmatch(path.name):
            path.unlink()


def require_own_folder(folder: Path, fit: FitStarted, library: SimpleNamespace) -> None:
    """Refuse a folder with events, unless they are of the unfinished fit that this one goes on with or replaces."""
    files = [path for path in folder.rglob(ANY_NAME) if path.is_file()]
    unfinished = (
        all(OWN_NAME.fullmatch(path.name) for path in files) and RESULT not in read_folder(folder, library).tags
    )
    if files and not (unfinished and (fit.goes_on or fit.restarts)):
        raise SpecError(f"{folder}: has the events of another run; choose another folder, or remove this one first")


def require_place_for_folder(folder: Path) -> None:
    """Fail now, not after reading all rows, if a folder is not there and cannot be made, or cannot be written."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise EnvironmentFailure(f"{folder}: cannot be written: {there} is not a folder; choose another name")
    if not access(there, R_OK | W_OK | X_OK):
        raise EnvironmentFailure(f"{folder}: cannot be written: Permission denied")
