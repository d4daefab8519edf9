"""`predict`: rows in, predictions out, one for each, in order."""

import shlex
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from mlptrain.commands.input_format import ModelInputFormat
from mlptrain.commands.input_settings import set_input_format
from mlptrain.commands.predict_output import (
    STDOUT,
    OutputOptions,
    choose_output_form,
    require_replaceable_predictions,
    require_separate_output,
)
from mlptrain.data.ahead import Ahead
from mlptrain.data.column_names import format_quoted_names
from mlptrain.data.column_types import ColumnType
from mlptrain.data.doubtful_rows import describe_doubtful_rows
from mlptrain.data.files import name_input
from mlptrain.data.images import read_images
from mlptrain.data.odd_cells import OddCells, format_column_counts
from mlptrain.data.table import CHUNK, Reading, Table, describe_empty_rows
from mlptrain.data.table_writing import ParquetForm, TableForm, TextForm
from mlptrain.errors import DataError, SpecError
from mlptrain.model.answers import AnswerOptions, Columns, NotFinite, escape_spreadsheet_formula
from mlptrain.model.model import Model
from mlptrain.model.percent_notices import describe_percent_cells, describe_percent_sign
from mlptrain.model.products import limit_threads
from mlptrain.model.rows import ImageRows, Rows, TableRows
from mlptrain.model.scores import name_predicted_columns
from mlptrain.storage.publishing import publish_file

if TYPE_CHECKING:  # loaded where several processes predict
    from mlptrain.commands.predict_pieces import Answer
    from mlptrain.workers.contract import Executor

AS_CSV = OutputOptions()


@dataclass
class Counts:
    """How many rows were predicted, which of their cells were filled or unseen, which predictions are not finite."""

    rows: int = 0
    odd: OddCells = field(default_factory=OddCells)
    lost: NotFinite = field(default_factory=NotFinite)


class StrictRefusalError(DataError):
    """A row that `--strict` refuses: it was read as it is written."""


class Prediction:
    """A data file that is predicted piece by piece, so that memory does not grow with its rows."""

    command: ClassVar[str] = "mlptrain predict"
    """What messages say how the input is written by options of."""

    def __init__(
        self,
        model_path: str,
        data: str,
        options: AnswerOptions,
        *,
        settings: Sequence[str] = (),
        strict: bool = False,
        threads: int | None = None,
        executor: "Executor | None" = None,
    ) -> None:
        trained = Model.load(model_path)
        self.model, self.options, self.counts = set_input_format(trained, settings), options, Counts()
        self.settings, self.trained = settings, trained.spec.data
        self.model_path, self.data, self.strict, self.threads = model_path, data, strict, threads
        self.executor = executor
        self.names: list[str] = []
        self.kept_as_texts: Set[str] = frozenset()
        self.said: list[str] = []
        self.empty_rows = 0
        self.doubts: list[str] = []
        self.shares: list[str] = []
        if options.probabilities:
            self.model.head.require_probabilities("--probabilities")
        if self.model.reads_images and options.keep:
            raise SpecError("--keep: images have no columns")
        self.predicted = name_predicted_columns(self.model.head, options)

    def predict_pieces(self) -> Iterator[Columns]:
        """The predicted columns, some ten thousand rows at a time; at least one piece, even if it is empty."""
        network = self.model.networks[0].network
        with limit_threads(network, network.chunk_rows(), self.threads):
            if not self.model.reads_images:
                self.check_columns(self.reading)
            try:
                first = True
                for rows, answer in self.answer_pieces():
                    columns = self.predict_piece(rows) if answer is None else self.take_answer(rows, answer)
                    first = False
                    yield columns
                if not self.model.reads_images:
                    self.format.note_doubt(self.counts.odd.fractions)
            except DataError as problem:
                if (
                    isinstance(problem, StrictRefusalError)
                    or not first
                    or self.model.reads_images
                    or not self.format.adapt()
                ):
                    raise problem if self.model.reads_images else self.format.advise(problem) from None
                self.reading, self.counts = Reading(self.data, self.format.data, self.format.needed), Counts()
                yield from self.predict_pieces()

    def answer_pieces(self) -> "Iterator[tuple[Rows, Answer | None]]":
        """The pieces in their order; those that a worker has predicted with its answer."""
        if self.executor is None or self.executor.workers == 1 or self.model.reads_images:
            return ((rows, None) for rows in self.read_pieces())
        from mlptrain.commands.predict_pieces import AnswerJob, answer_side_by_side

        job = AnswerJob(model=self.format.model, options=self.options, threads=self.threads)
        return answer_side_by_side(job, self.read_pieces(), self.executor)

    def predict_piece(self, rows: Rows) -> Columns:
        """The predicted columns of some rows, whose odd cells are counted, or with `strict` an error."""
        self.counts.rows += rows.count
        model = self.model if self.model.reads_images else self.format.model
        columns = model.answer(rows, self.options, self.counts.odd, self.counts.lost)
        self.look_at_piece(model, rows)
        return columns

    def take_answer(self, rows: Rows, answer: "Answer") -> Columns:
        """The same of rows that a worker has predicted."""
        self.counts.rows += rows.count
        self.counts.odd.merge(answer.odd)
        self.look_at_piece(self.format.model, rows)
        return answer.columns

    def look_at_piece(self, model: Model, rows: Rows) -> None:
        """Take note of what the first rows say of the file; with `strict` refuse a row that is odd."""
        odd, lost = self.counts.odd, self.counts.lost
        if rows.count == self.counts.rows:
            self.shares = model.describe_shares(rows)
        if self.strict and odd.first:
            raise StrictRefusalError(f"{odd.build_error(rows.inputs)} ({odd.words()}); mend it, or leave --strict out")
        if self.strict and lost.first:
            why = "the row lies too far from those of training; mend it, or leave --strict out"
            counted = format_column_counts(lost.counts)
            raise StrictRefusalError(f"{lost.first}: the prediction is not a finite number ({counted}): {why}")

    @cached_property
    def reading(self) -> Reading:
        """The input, open for reading."""
        return self.open_reading()

    @cached_property
    def format(self) -> ModelInputFormat:
        """How the input is written."""
        keep = [name for name in self.options.keep if name != "all"]
        return ModelInputFormat(self.model, self.data, keep, self.settings, self.command)

    def open_reading(self) -> Reading:
        """The input, open for reading as the model's training file was, or as it looks where that does not fit."""
        needed = self.format.needed
        try:
            reading = Reading(self.data, self.format.data, needed)
            absent = [name for name in self.model.columns() if name not in reading.names]
            if absent and self.format.adapt():
                return Reading(self.data, self.format.data, needed)
        except DataError as problem:
            if not self.format.adapt():
                raise self.format.advise(problem) from None
            return Reading(self.data, self.format.data, needed)
        return reading

    def read_pieces(self) -> Iterator[Rows]:
        """The input, piece by piece; pieces are whole chunks of the network, wherever the reader divides the file."""
        if self.model.reads_images:
            yield ImageRows(name_input(self.data), read_images(self.data))
            return
        reading = self.reading
        columns = self.model.columns()
        keep = reading.names if "all" in self.options.keep else self.options.keep
        texts = {name for name, column in columns.items() if column.needs_texts}.union(keep, self.kept_as_texts)
        there = set(reading.names)
        unread = there - columns.keys() - set(keep)
        step = max(each.network.chunk_rows() for each in self.model.networks)
        chunks = reading.chunks(-(-CHUNK // step) * step, texts=texts, unread=unread)
        for table in prefetch_tables(chunks) if reading.quick else chunks:
            if blank := reading.source.inner_blank_lines:
                raise self.refuse_blank_lines(blank)
            self.doubts = describe_doubtful_rows(table)
            self.empty_rows = reading.source.empty_rows_at_end
            yield TableRows(table)

    @property
    def unused_columns(self) -> list[str]:
        """Columns of the file that the model never saw, and that are not passed through."""
        data = self.model.spec.data
        known = {*self.model.columns(), *self.options.keep, *data.targets, data.sample_weight, data.split.column}
        known |= self.model.ignored_columns
        return [] if "all" in self.options.keep else [name for name in self.names if name not in known]

    @property
    def notices(self) -> list[str]:
        """What the user should hear once all rows are predicted: columns without use, odd cells."""
        ignored = self.unused_columns
        unused = f"columns that the model does not use: {format_quoted_names(ignored)}" if ignored else ""
        empty = "" if self.counts.rows else f"{name_input(self.data)}: there are no rows, only names"
        ends = f"{name_input(self.data)}: {describe_empty_rows(self.empty_rows)}" if self.empty_rows else ""
        said = (
            *([] if self.model.reads_images else self.format.notices),
            *([] if self.model.reads_images else self.reading.source.remarks),
            *self.describe_percents(),
            *self.said,
            "" if self.model.reads_images else self.reading.source.left_out.describe(),
            *(str(self.format.advise(DataError(doubt))) for doubt in self.doubts),
            unused,
            empty,
            ends,
            self.describe_repeated(),
            self.describe_replaced(),
            self.counts.odd.words(),
            self.counts.lost.words(),
        )
        return [message for message in said if message]

    def describe_percents(self) -> list[str]:
        """Notices of cells in per cent that may mean another number than in training."""
        types = {} if self.model.reads_images else self.reading.types
        columns = self.model.columns().values()
        return [
            *describe_percent_sign(self.trained, self.model.spec.data),
            *describe_percent_cells(types, columns, self.trained),
            *self.shares,
        ]

    def describe_repeated(self) -> str:
        """A notice of columns that are to be kept twice: of two columns of one name, one would be lost to readers."""
        keep = self.options.keep
        repeated = list(dict.fromkeys(name for name in keep if keep.count(name) > 1))
        one = "is given more than once, and kept once"
        several = "are given more than once, and kept once each"
        return f"--keep {format_quoted_names(repeated)}: {one if len(repeated) == 1 else several}" if repeated else ""

    def describe_replaced(self) -> str:
        """A notice of columns of the input that "all" does not keep: predictions stand under their names."""
        if "all" not in self.options.keep:
            return ""
        replaced = [name for name in self.names if name in self.predicted]
        one = "is not kept; the prediction of this name stands behind the kept columns"
        several = "are not kept; the predictions of these names stand behind the kept columns"
        said = one if len(replaced) == 1 else several
        return f"--keep all: {format_quoted_names(replaced)} of the input {said}" if replaced else ""

    @property
    def output_names(self) -> list[str]:
        """The names of the columns that are written, before a spreadsheet is thought of."""
        kept = self.reading.names if "all" in self.options.keep else self.options.keep
        return [*(name for name in kept if name not in self.predicted), *self.predicted]

    @property
    def numeric(self) -> set[str]:
        """The names of the written columns that are numbers: all that is predicted but labels."""
        names = set(self.predicted) - set(self.model.head.names if self.model.head.has_classes else ())
        return set(map(escape_spreadsheet_formula, names)) if self.options.spreadsheet_safe else names

    @property
    def kept_types(self) -> dict[str, ColumnType]:
        """The types of the columns that pass through, by the names under which they are written."""
        if self.model.reads_images:
            return {}
        rename = escape_spreadsheet_formula if self.options.spreadsheet_safe else str
        kept = set(self.output_names).difference(self.predicted)
        return {rename(name): of for name, of in self.reading.types.items() if name in kept}

    def choose_form(self, out: Path, options: OutputOptions) -> TableForm:
        """The form in which the predictions are written."""
        dialect = self.reading.dialect if options.like_input and not self.model.reads_images else None
        form, notice = choose_output_form(out, options, dialect, [*self.output_names, *self.model.head.classes])
        self.said += [notice] * bool(notice)
        if isinstance(form, TextForm) or (isinstance(form, ParquetForm) and any(self.format.data.replace.values())):
            return form  # a replaced cell may be of another type than its column
        return replace(form, types=self.kept_types)

    def write(self, stream: BinaryIO, options: OutputOptions = AS_CSV) -> None:
        """Write all predictions to a stream."""
        self.choose_form(STDOUT, options).write(self.predict_pieces(), self.numeric, stream)

    def publish(self, path: Path, options: OutputOptions = AS_CSV) -> None:
        """Write all predictions to a file, which is whole or not there; only predictions are replaced."""
        require_separate_output(path, Path(self.model_path), self.data, self.model)
        form = self.choose_form(path, options)
        encoding = self.model.spec.data.encoding if self.model.reads_images else self.format.data.encoding
        require_replaceable_predictions(path, form, names=self.output_names, model=self.model, encoding=encoding)
        publish_file(path, lambda stream: form.write(self.predict_pieces(), self.numeric, stream))

    def refuse_blank_lines(self, count: int) -> DataError:
        """The error for lines without a cell between the rows."""
        source = self.reading.source
        several = count > 1
        said = f"a blank line between the rows{f', the first of {count}' * several}"
        cure = f"remove {'them' if several else 'it'}, so that each row gets its prediction"
        return DataError(f"{source.name}{source.unit}{source.find_blank_line()}: {said}; {cure}")

    def check_columns(self, reading: Reading) -> None:
        """An error where the input lacks a column of the model, or one that is to be kept."""
        self.names = reading.names
        keep = [name for name in self.options.keep if name != "all"]
        columns, there = self.model.columns(), set(reading.names)
        try:
            self.check_width()
            if absent := [name for name in dict.fromkeys([*columns, *keep]) if name not in there]:
                taken = columns if any(name in columns for name in absent) else ()
                kept = [name for name in absent if name not in columns]
                refuse_list_of_names(kept, there)
                asked = f" (--keep asks for {format_quoted_names(kept)})" if kept else ""
                raise DataError(f"{reading.missing(absent, taken)}{asked}")
        except DataError as problem:
            raise self.format.advise(problem) from None

    def check_width(self) -> None:
        """Without a header, columns are told by their place: there must be as many as in training (or no target)."""
        data = self.model.spec.data
        if data.has_header:
            return
        others = {name for name in (data.sample_weight, data.split.column) if name is not None}
        known = self.model.columns().keys() | self.model.ignored_columns | others
        width, place = len(known | set(data.targets)), max(int(name.rpartition("_")[2]) for name in known)
        if len(self.names) != width and not place <= len(self.names) < width:
            why = f"{len(self.names)} columns, {width} in training; without a header, columns are told by their place"
            raise DataError(f"{name_input(self.data)}:1: {why}")


def refuse_list_of_names(kept: Iterable[str], there: Set[str]) -> None:
    """An error where one `--keep` that names no column lists several with commas between, of which one is there."""
    for name in kept:
        parts = [part.strip() for part in name.split(",")]
        if len(parts) > 1 and not there.isdisjoint(parts):
            meant = " ".join(f"--keep {shlex.quote(part)}" for part in parts if part)
            raise SpecError(f"--keep {name}: give --keep once for each column: {meant}")


def prefetch_tables(pieces: Iterator[Table]) -> Iterator[Table]:
    """The same pieces, each one read while the one before is predicted; worth it where reading leaves Python free."""
    with Ahead() as reader:
        following = reader.submit(next, pieces, None)
        while (piece := following.result()) is not None:
            following = reader.submit(next, pieces, None)
            yield piece
