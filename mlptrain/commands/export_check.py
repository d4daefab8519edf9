"""`export --check`: data that a model and its export predict, read as `predict` reads it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from mlptrain.commands.input_settings import read_as
from mlptrain.commands.predict import Prediction
from mlptrain.data.frames import replace_texts
from mlptrain.errors import DataError, MlptrainError, SpecError
from mlptrain.export.cells import Cells, collect_cells
from mlptrain.export.comparison import Comparison
from mlptrain.export.formats import Doubles, Source
from mlptrain.figures import format_figure
from mlptrain.model.answers import AnswerOptions, Columns
from mlptrain.model.rows import ImageRows, Rows, TableRows
from mlptrain.spec.fields import Data

Scorer = Callable[[Cells], Doubles]


class ExportMismatchError(MlptrainError):
    """An export does not predict what its model predicts: a bug in mlptrain, or in what runs the export."""


class ExportCheck(Prediction):
    """The prediction of data, beside which an export scores the same rows.

    Cells are read as they are written, so that the export itself has to replace what the spec replaces; the model gets
    them replaced.
    """

    command: ClassVar[str] = "mlptrain export --check"

    def __init__(self, source: Source, data: str, score: Scorer, *, name: str, settings: Sequence[str] = ()) -> None:
        super().__init__(str(source.path), data, AnswerOptions(), settings=settings)
        require_known_marks(self.model.spec.data, self.trained, self.model.columns())
        self.score, self.comparison, self.name = score, Comparison(source.plan), name
        self.words = self.model.spec.data.replace
        if self.words:
            self.model = read_as(self.model, replace(self.model.spec.data, replace={}))
            self.kept_as_texts = self.model.columns().keys()

    def compare_all(self) -> None:
        """Compare all rows; an error where the export predicts something else."""
        for _ in self.predict_pieces():
            pass
        if not self.comparison.is_within_bound:
            raise self.build_error(describe_fault(self.comparison))

    def build_error(self, fault: str) -> ExportMismatchError:
        """The error that an export is not what it is to be."""
        return ExportMismatchError(f"{self.name}: not written: {fault}; please report it")

    def predict_piece(self, rows: Rows) -> Columns:
        """Compare some rows, whose odd cells are counted as `predict` counts them."""
        self.counts.rows += rows.count
        model = self.model if self.model.reads_images else self.format.model
        as_written = read_as(model, replace(model.spec.data, replace=self.words)) if self.words else model
        cells = collect_cells(as_written, rows, as_read=reads_otherwise(as_written.spec.data, self.trained))
        if self.words and not isinstance(rows, ImageRows):
            rows = TableRows(replace_texts(rows.table, self.words))
        expected = model.predict_values(rows, self.counts.odd)
        self.counts.lost.add(model.head.mark_not_finite(expected), rows)
        if rows.count == self.counts.rows:
            self.shares = model.describe_shares(rows)
        if rows.count:
            self.comparison.add(self.score_cells(cells), expected.astype(float), rows.describe_place)
        return {}

    def score_cells(self, cells: Cells) -> Doubles:
        """What the export predicts for cells that the model has read."""
        try:
            return self.score(cells)
        except DataError as problem:
            raise self.build_error(f"it refuses what the model predicts: {problem}") from None


def reads_otherwise(now: Data, trained: Data) -> bool:
    """Whether cells may mean something else than in training, beside how a table of them is divided."""
    settings = ((each.grammar, each.replace, each.missing_values, each.columns) for each in (now, trained))
    return len({str(each) for each in settings}) > 1


def require_known_marks(now: Data, trained: Data, columns: Iterable[str]) -> None:
    """An error where `--set` takes back what an export still does: marks of missing cells, replacements."""
    for name in columns:
        if lost := [mark for mark in trained.rules.missing(name) if mark not in now.rules.missing(name)]:
            raise SpecError(
                f"--set: the export takes {lost[0]!r} in column {name!r} for missing, as training did; list it"
            )
    if lost := [word for word, new in trained.replace.items() if now.replace.get(word) != new]:
        raise SpecError(f"--set data.replace: the export replaces {lost[0]!r}, as training did; list it")


def describe_fault(comparison: Comparison) -> str:
    """How an export differs from its model."""
    labels = f" and {comparison.labels:,} labels differ" if comparison.labels else ""
    largest = f"by {format_figure(comparison.largest)} in {comparison.place}, where 1e-5 is allowed"
    return f"it does not predict what the model predicts: it differs {largest}{labels}"
