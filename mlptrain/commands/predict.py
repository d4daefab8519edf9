"""`predict`: rows in, predictions out, one for each, in order."""

import csv
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from mlptrain.data.features import Features, OddCells
from mlptrain.data.images import read_images
from mlptrain.data.table import CHUNK, Reading, Table, Writer, from_columns
from mlptrain.data.targets import ClassTarget
from mlptrain.errors import DataError, SpecError
from mlptrain.fitting.execution import suitable_threads
from mlptrain.model.answers import (
    Columns,
    Wanted,
)
from mlptrain.model.file import load
from mlptrain.model.model import (
    LoadedModel,
    Model,
    is_text,
    predicted_with,
    require_probabilities,
)
from mlptrain.model.rows import Rows
from mlptrain.storage.publishing import as_text, publish


@dataclass
class Counts:
    """How many rows were predicted, and which of their cells were filled or unseen."""

    rows: int = 0
    odd: OddCells = field(default_factory=OddCells)


class Prediction:
    """A data file that is predicted piece by piece, so that memory does not grow with its rows."""

    def __init__(
        self, model_path: str, data: str, wanted: Wanted, *, strict: bool = False, threads: int | None = None
    ) -> None:
        self.model, self.wanted, self.counts = load(Path(model_path)), wanted, Counts()
        self.data, self.strict, self.threads = data, strict, threads
        self.names: list[str] = []
        if wanted.probabilities:
            require_probabilities(self.model)
        if self.model.on_images and wanted.keep:
            raise SpecError("--keep: images have no columns")

    def pieces(self) -> Iterator[Columns]:
        """The predicted columns of a few ten thousand rows after another; at least one piece, be it empty."""
        network = self.model.members[0].network
        with suitable_threads(network, network.chunk_rows(), self.threads):
            yield from self._pieces()

    def _pieces(self) -> Iterator[Columns]:
        for rows in self.rows():
            self.counts.rows += rows.count
            columns = predicted_with(self.model, rows, self.wanted, self.counts.odd)
            odd = self.counts.odd
            if self.strict and rows.table is not None and (odd.filled or odd.unseen):
                raise DataError(f"{first_odd(self.model, rows.table)} ({odd.words()}); mend it, or leave --strict out")
            yield columns

    def rows(self) -> Iterator[Rows]:
        """The input, piece by piece; pieces are whole chunks of the network, wherever the reader divides the file."""
        if self.model.on_images:
            yield Rows(self.data, None, read_images(self.data))
            return
        reading = Reading(self.data, self.model.spec.data)
        self.names = reading.names
        self.check_width()
        columns = self.model.columns()
        keep = reading.names if "all" in self.wanted.keep else self.wanted.keep
        texts = {name for name, column in columns.items() if is_text(column)}.union(keep)
        there = set(reading.names)
        unread = there - columns.keys() - set(keep)
        if absent := [name for name in [*columns, *keep] if name not in there]:
            raise DataError(from_columns(dict.fromkeys(reading.names, ()), reading.source.name).missing(absent))
        step = max(member.network.chunk_rows() for member in self.model.members)
        chunks = reading.chunks(-(-CHUNK // step) * step, texts=texts, unread=unread)
        for table in ahead(chunks) if reading.quick else chunks:
            if blank := reading.source.inner_blank_lines:
                lines = f"{blank} blank line{'s' * (blank > 1)} between the rows"
                raise DataError(f"{table.name}: {lines}; remove them, so that each row gets its prediction")
            yield Rows(table.name, table)

    @property
    def ignored(self) -> list[str]:
        """Columns of the file that the model never saw, and that are not passed through."""
        data = self.model.spec.data
        known = {*self.model.columns(), *self.wanted.keep, *data.targets, data.sample_weight, data.split.column}
        known.update(name for member in self.model.members for name in member.features.ignored)
        return [] if "all" in self.wanted.keep else [name for name in self.names if name not in known]

    def write(self, stream: TextIO) -> None:
        """Write all predictions as CSV."""
        writer = Writer(stream)
        for number, columns in enumerate(self.pieces()):
            if not number:
                writer.write([[name] for name in columns])
            writer.write(list(columns.values()))

    def publish(self, path: Path) -> None:
        """Write all predictions to a file, which is whole or not there; no model or spec is replaced."""
        self.check_replaceable(path)
        publish(path, as_text(self.write))

    def check_width(self) -> None:
        """Without a header, columns are told by their place: there must be as many as in training (or no target)."""
        data = self.model.spec.data
        if data.header:
            return
        left_out = {name for member in self.model.members for name in member.features.ignored}
        others = {name for name in (data.sample_weight, data.split.column) if name is not None}
        known = self.model.columns().keys() | left_out | others
        width, place = len(known | set(data.targets)), max(int(name.rpartition("_")[2]) for name in known)
        if len(self.names) != width and not place <= len(self.names) < width:
            why = f"{len(self.names)} columns, {width} in training; without a header, columns are told by their place"
            raise DataError(f"{self.data}:1: {why}")

    def check_replaceable(self, path: Path) -> None:
        """Refuse to replace what is neither named .csv nor begins with a line of names, among them the target's."""
        if not path.is_file() or not path.stat().st_size or path.suffix == ".csv":
            return
        with path.open("rb") as stream:
            first = stream.readline(1 << 20)
        names = next(csv.reader([first.decode("utf-8", "replace")]), [])
        target = self.model.target
        columns = {target.name} if isinstance(target, ClassTarget) else set(target.names)
        if not columns <= set(names):
            why = "exists and holds no predictions of this target"
            raise SpecError(f"--out {path}: {why}; choose another name, or remove it first")


def ahead(pieces: Iterator[Table]) -> Iterator[Table]:
    """The same pieces, each one read while the one before is predicted; worth it where reading leaves Python free."""
    with ThreadPoolExecutor(1) as reader:
        following = reader.submit(next, pieces, None)
        while (piece := following.result()) is not None:
            following = reader.submit(next, pieces, None)
            yield piece


def first_odd(model: Model, table: Table) -> DataError:
    """The error that names the first cell that is missing or unseen."""
    features = model.members[0].features
    assert isinstance(features, Features)
    return features.first_odd(table)


def load_model(path: str) -> LoadedModel:
    """The model in a file."""
    return LoadedModel(load(Path(path)))


def predict(model_path: str, data: str, *, keep: Sequence[str] = (), probabilities: bool = False) -> Columns:
    """Predictions of a model file for a data file, all at once."""
    prediction = Prediction(model_path, data, Wanted(keep=keep, probabilities=probabilities))
    columns: Columns = {}
    for piece in prediction.pieces():
        for name, cells in piece.items():
            columns.setdefault(name, []).extend(cells)
    return columns
