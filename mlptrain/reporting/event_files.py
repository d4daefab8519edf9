"""The event files of TensorBoard in the folder of a run: written, read back, and cut off where training goes on.

`library` is what is used of tensorboard: `load_tensorboard` in `reporting/tensorboard.py` gives it.
"""

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from os import R_OK, W_OK, X_OK, access, truncate
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

from mlptrain.errors import EnvironmentFailure, SpecError
from mlptrain.model.layer_history import HISTOGRAMS, Histogram, LayersSeen
from mlptrain.training.events import FitStarted

LARGEST = 3.4028234663852886e38
"""The largest number of float32, which the values are written as."""
OWN_NAME = re.compile(r"events\.out\.tfevents\.(\d{4,})\.mlptrain")
"""Our event files are numbered, so that their names sort as they were written, without a clock or a host's name."""
ANY_NAME = "*tfevents*"
"""What TensorBoard takes for event files."""
EVERY_EPOCH = "learning_rate"
"""A tag that each epoch has."""
SEEN = ("zeros", "dead", "saturated", "gradient_rms", "update_ratio")
"""The facts of a layer that are shown as curves; each layer has the first."""
RESULT = "result"
"""The tag of the text that a run ends with."""
FAILED = "failed"
"""The tag of the text of an error that has ended a run."""
CODE = " " * 4
"""What stands before a line of text that Markdown is to show as it is."""


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
        self.tags, self.last_step = set(found.tags), found.last_step
        self.last_epoch, self.last_seen = found.last_epoch, found.last_seen

    def write_scalars(self, values: Mapping[str, float], step: int) -> None:
        """Write numbers, one by each tag; those beyond float32 are left out."""
        summary = self.library.Summary()
        self._add_scalars(summary, values)
        self._write(step=step, summary=summary)

    def write_layers(self, seen: LayersSeen) -> None:
        """Write what was seen of each layer: numbers, and histograms."""
        summary = self.library.Summary()
        for layer in seen.layers:
            facts = {f"{fact}/{layer.name}": getattr(layer, fact) for fact in SEEN}
            self._add_scalars(summary, {tag: value for tag, value in facts.items() if value is not None})
            for kind in HISTOGRAMS:
                if (histogram := getattr(layer, kind)) is not None:
                    self._add_histogram(summary, f"{kind}/{layer.name}", histogram)
        self._write(step=seen.epoch, summary=summary)

    def _add_scalars(self, summary: Any, values: Mapping[str, float]) -> None:
        for tag, value in values.items():
            if abs(value) <= LARGEST:
                summary.value.extend(self.library.make_scalar(tag, value).value)

    def _add_histogram(self, summary: Any, tag: str, histogram: Histogram) -> None:
        """A tensor (buckets, 3) of the left edge, the right edge and the count of each bucket."""
        rows = [
            list(map(float, row)) for row in zip(histogram.edges, histogram.edges[1:], histogram.counts, strict=False)
        ]
        tensor = self.library.make_tensor(rows, dtype="float64")
        metadata = self.library.describe_histogram(display_name=None, description=None)
        summary.value.add(tag=tag, metadata=metadata, tensor=tensor)

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

    def write_end(self, *, failed: bool = False) -> None:
        """Write that a training is over, or has failed, where its settings are written."""
        if self.library.hparams.metadata.SESSION_START_INFO_TAG not in self.tags:
            return
        hparams, summary = self.library.hparams, self.library.Summary()
        status = hparams.status.Value("STATUS_FAILURE" if failed else "STATUS_SUCCESS")
        ended = hparams.data.SessionEndInfo(status=status, end_time_secs=self.clock())
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


@dataclass(frozen=True, kw_only=True)
class FoundEvents:
    """What the event files of a folder have."""

    tags: frozenset[str] = frozenset()
    last_epoch: int = 0
    """The last epoch whose values are there."""
    last_seen: int = 0
    """The last epoch of which it is there what was seen of the layers."""
    last_step: int = 0
    """The last epoch of which there is anything."""


def read_folder(folder: Path, library: SimpleNamespace) -> FoundEvents:
    """What our event files of a folder have."""
    tags, epoch, seen, step = set[str](), 0, 0, 0
    for file in list_own_files(folder):
        for _, event in read_events(file, library):
            found = {value.tag for value in event.summary.value}
            epoch = event.step if EVERY_EPOCH in found else epoch
            seen = event.step if any(tag.startswith(f"{SEEN[0]}/") for tag in found) else seen
            tags, step = tags | found, max(step, event.step)
    return FoundEvents(tags=frozenset(tags), last_epoch=epoch, last_seen=seen, last_step=step)


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


def has_failed(folder: Path, library: SimpleNamespace) -> bool:
    """Whether the events of a folder are of a run that an error has ended, and that has come to no result."""
    tags = read_folder(folder, library).tags
    return FAILED in tags and RESULT not in tags


def require_own_folder(folder: Path, fit: FitStarted, library: SimpleNamespace) -> None:
    """Refuse a folder with events, unless they are of a fit that has failed, or that this one goes on with."""
    files = [path for path in folder.rglob(ANY_NAME) if path.is_file()]
    unfinished = (
        all(OWN_NAME.fullmatch(path.name) for path in files) and RESULT not in read_folder(folder, library).tags
    )
    if files and not (unfinished and (fit.goes_on or fit.restarts or has_failed(folder, library))):
        raise SpecError(f"{folder}: has the events of another run; choose another folder, or remove this one first")


def require_place_for_folder(folder: Path) -> None:
    """Fail now, not after reading all rows, if a folder is not there and cannot be made, or cannot be written."""
    try:
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    except OSError as problem:  # a name that is too long
        raise EnvironmentFailure(f"{folder}: cannot be written: {problem.strerror}") from None
    if not there.is_dir():
        raise EnvironmentFailure(f"{folder}: cannot be written: {there} is not a folder; choose another name")
    if not access(there, R_OK | W_OK | X_OK):
        raise EnvironmentFailure(f"{folder}: cannot be written: Permission denied")
