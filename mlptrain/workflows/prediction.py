"""`predict`: rows in, predictions out, one for each, in order."""

import csv
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.features import CategoryColumn, DateColumn, FeatureColumn, Features, NumberColumn, OddCells
from mlptrain.data.grammar import is_number
from mlptrain.data.images import read_images
from mlptrain.data.table import CHUNK, Reading, Table, Writer, from_columns, write_table
from mlptrain.data.targets import ClassTarget, Target
from mlptrain.errors import DataError, SpecError
from mlptrain.spec.plain import to_plain
from mlptrain.storage.model_file import Model, load
from mlptrain.storage.publishing import publish
from mlptrain.training.examples import predict as predict_rows
from mlptrain.training.material import Rows
from mlptrain.training.preparation import compact_inputs
from mlptrain.workflows.execution import suitable_threads

Columns = dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a prediction is to hold beside the predicted column(s)."""

    keep: Sequence[str] = ()
    """Columns of the input that are passed through; "all" for every one."""
    probabilities: bool = False
    spreadsheet_safe: bool = False
    """Whether texts that a spreadsheet would take for formulas get an apostrophe before them."""


@dataclass
class Counts:
    """How many rows were predicted, and which of their cells were filled or unseen."""

    rows: int = 0
    odd: OddCells = field(default_factory=OddCells)


def average(model: Model, rows: Rows, odd: OddCells | None = None) -> NDArray[Any]:
    """The mean of the members' predictions: scores of the classes (B, K), or numbers in the user's units (B, K)."""
    total: Any = 0.0
    for member in model.members:
        found = OddCells()
        x = compact_inputs(member.features, rows, member.network.dtype, found)
        total = total + predict_rows(member.network, model.loss, member.target, x)
        if odd is not None and member is model.members[0]:
            odd.add(found)
    mean: NDArray[Any] = total / len(model.members) if len(model.members) > 1 else total
    return mean


def predicted_with(model: Model, rows: Rows, wanted: Wanted, odd: OddCells | None = None) -> Columns:
    """Predictions for all rows, in order: the kept columns, the prediction under the target's name, probabilities."""
    values, dtype = average(model, rows, odd), model.members[0].network.dtype
    columns = predicted_columns(model.target, values, dtype)
    if wanted.probabilities:
        columns |= probability_columns(require_probabilities(model), values, dtype)
    columns = kept_columns(rows, wanted.keep, columns) | columns
    return (
        {no_formula(name): list(map(no_formula, cells)) for name, cells in columns.items()}
        if wanted.spreadsheet_safe
        else columns
    )


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


def is_text(column: FeatureColumn) -> bool:
    """Whether the texts of a column matter, not its numbers."""
    return isinstance(column, CategoryColumn | DateColumn) or column.boolean


def as_text(write: Callable[[TextIO], object]) -> Callable[[BinaryIO], object]:
    """What writes text, as what writes bytes."""

    def write_bytes(stream: BinaryIO) -> None:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=False)
        write(text)
        text.flush()
        text.detach()

    return write_bytes


def publish_table(columns: Columns, path: Path) -> None:
    """Publish columns as a CSV file."""
    publish(path, as_text(lambda stream: write_table(columns, stream)))


def kept_columns(rows: Rows, keep: Sequence[str], taken: Collection[str]) -> Columns:
    """Columns of the input that are passed through; "all" is all of them but those whose names are `taken`."""
    if not keep:
        return {}
    if rows.table is None:
        raise SpecError("--keep: images have no columns")
    table = rows.table
    if "all" in keep:
        return {name: table.texts(name) for name in table.columns if name not in taken}
    for name in keep:
        if name in taken:
            raise SpecError(f"--keep {name}: the prediction is written under this name; rename the column of the input")
    return {name: table.texts(name) for name in keep}


def predicted_columns(target: Target, values: NDArray[Any], dtype: np.dtype[Any]) -> Columns:
    """The prediction under the target's own name."""
    if isinstance(target, ClassTarget):
        return {target.name: list(map(target.classes.__getitem__, values.argmax(axis=1).tolist()))}
    return {name: texts(values[:, position], dtype) for position, name in enumerate(target.names)}


def require_probabilities(model: Model) -> ClassTarget:
    """The classes, if the model gives probabilities."""
    if not isinstance(model.target, ClassTarget):
        raise SpecError("--probabilities: the target is a number; it has no classes")
    if not model.loss.probabilistic:
        raise SpecError(f"--probabilities: the scores of the {model.loss.name} loss are not probabilities")
    return model.target


def probability_columns(target: ClassTarget, values: NDArray[Any], dtype: np.dtype[Any]) -> Columns:
    """One column a class."""
    return {f"probability_{label}": texts(values[:, code], dtype) for code, label in enumerate(target.classes)}


def texts(values: NDArray[Any], dtype: np.dtype[Any]) -> list[str]:
    """Numbers in the shortest text that reads back as the same number of the model's precision."""
    with np.errstate(over="ignore"):
        return list(map(str, values.astype(dtype)))


def no_formula(text: str) -> str:
    """A text that no spreadsheet takes for a formula: what begins like one, and is no number, gets an apostrophe.

    >>> [no_formula(text) for text in ("=1+1", "-1.5", "@SUM(A1)", "plain")]
    ["'=1+1", '-1.5', "'@SUM(A1)", 'plain']
    """
    return f"'{text}" if text[:1] in FORMULA and not is_number(text) else text


FORMULA = frozenset("=+-@\t\r\n")
"""What a formula may begin with (OWASP, CSV injection)."""


class LoadedModel:
    """A model in memory: `predict` takes a mapping of columns, a data frame or a two-dimensional array."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def spec(self) -> dict[str, Any]:
        """The resolved spec, as plain values."""
        plain: dict[str, Any] = to_plain(self.model.spec)
        return plain

    def predict(self, table: Any, *, probabilities: bool = False) -> Columns:
        """The predicted columns, by name."""
        rows = Rows("table", columns_of(table, self.model))
        return predicted_with(self.model, rows, Wanted(probabilities=probabilities))


def columns_of(table: Any, model: Model) -> Table:
    """The columns of a mapping, of any data frame (named columns that can be looked up), or of an array in order."""
    fitted = model.columns()
    if isinstance(table, Mapping):
        columns = dict(table)
    elif hasattr(table, "columns"):
        columns = {name: table[name] for name in table.columns}
    else:
        array = np.asarray(table)
        if array.ndim != 2 or array.shape[1] != len(fitted):
            raise DataError(f"table: an array of {len(fitted)} columns is expected ({', '.join(fitted)})")
        columns = {name: array[:, position] for position, name in enumerate(fitted)}
    for name, values in columns.items():
        if isinstance(values, str) or not hasattr(values, "__iter__"):
            raise DataError(f"table: column {name!r} is {values!r}; give a list of values, one for each row")
    return from_columns({name: as_trained(values, fitted.get(name)) for name, values in columns.items()})


def as_trained(values: Collection[Any], column: FeatureColumn | None) -> Collection[Any]:
    """The values of a column; the category or truth value 1 is 1.0 in an array of floats, if training saw no 1.0."""
    if column is None or isinstance(column, DateColumn) or (isinstance(column, NumberColumn) and not column.boolean):
        return values
    known = column.levels if isinstance(column, CategoryColumn) else ()
    return [value if str(value) in known else whole(value) for value in values]


def whole(value: Any) -> Any:
    """A float without a fraction as a whole number."""
    return int(value) if isinstance(value, float | np.floating) and value.is_integer() else value


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
