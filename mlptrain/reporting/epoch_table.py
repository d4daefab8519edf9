"""The table of epochs as text: which columns there are, which of them a width has room for, how they line up."""

from collections.abc import Callable
from dataclasses import dataclass

from mlptrain.figures import WIDTH, format_figure
from mlptrain.model.history import EpochEnded
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.words import format_row_rate
from mlptrain.training.events import Started

MARGIN = 2
"""Characters left of the first column: the mark of the best epoch and a space."""


@dataclass(frozen=True)
class Column:
    """Two lines of heading, and what the column says of an epoch; where room lacks, the highest `rank` goes first."""

    above: str
    label: str
    rank: int
    text: Callable[[EpochEnded], str]
    least: int = WIDTH

    @property
    def width(self) -> int:
        return max(self.least, len(self.above), len(self.label))


@dataclass(frozen=True)
class Layout:
    """The columns that fit, from left to right, `gap` spaces before each but the first."""

    columns: tuple[Column, ...]
    gap: int

    @property
    def width(self) -> int:
        return MARGIN + sum(column.width for column in self.columns) + self.gap * (len(self.columns) - 1)

    def headings(self, legend: str = "") -> tuple[list[str], list[str]]:
        """The two lines above the table, as cells; before the first one the legend of the mark, if there is room."""
        above, labels = self._line([c.above for c in self.columns]), self._line([c.label for c in self.columns])
        if len(legend) <= len(above[0]):
            above[0] = legend.ljust(len(above[0]))
        elif len(above) > 1 and len(legend) + 2 <= len(above[0]) + len(above[1]) - len(above[1].lstrip()):
            above[:2] = [legend, above[1][len(legend) - len(above[0]) :]]
        return above, labels

    def row(self, epoch: EpochEnded, mark: str = "") -> list[str]:
        """The line of an epoch, as cells; `mark` stands in the margin."""
        return self._line([column.text(epoch) for column in self.columns], mark)

    def _line(self, texts: list[str], mark: str = "") -> list[str]:
        cells = [text.rjust(column.width) for text, column in zip(texts, self.columns, strict=True)]
        return [mark.ljust(MARGIN) + cells[0], *(" " * self.gap + cell for cell in cells[1:])]


def list_epoch_columns(started: Started, *, penalty: bool, train_metric: bool, speed: bool = True) -> list[Column]:
    """Every column that this run has something to say in; that of the speed, which no two runs share, if asked for."""
    loss, metric = ("batch" if started.running_loss else "train"), escape_text(started.metric)
    validated = started.validation_rows > 0
    every = [
        (True, Column("", "epoch", 0, lambda e: str(e.epoch), max(5, len(str(started.epochs))))),
        (True, Column(loss, "loss", 1, lambda e: format_figure(e.train_loss))),
        (train_metric, Column("train", metric, 4, lambda e: format_figure(e.train_metric))),
        (validated, Column("validation", "loss", 2, lambda e: format_figure(e.validation_loss))),
        (validated, Column("validation", metric, 3, lambda e: format_figure(e.validation_metric))),
        (True, Column("learning", "rate", 5, lambda e: format_figure(e.learning_rate))),
        (penalty, Column("", "penalty", 6, lambda e: format_figure(e.penalty))),
        (reports_gradient_norm(started), Column("gradient", "norm", 7, lambda e: format_figure(e.gradient_norm))),
        (speed, Column("", "rows/s", 8, lambda e: format_row_rate(e.rows_per_second), 8)),
    ]
    return [column for wanted, column in every if wanted]


def reports_gradient_norm(started: Started) -> bool:
    """Whether the norm of the gradient is told, because it was asked for or the layers are watched."""
    training = started.spec.get("training", {})
    return bool(training.get("gradient_norm") or training.get("watch_layers"))


def fit_columns_to_width(every: list[Column], width: int) -> Layout:
    """As many columns as `width` has room for, closer together before one is dropped; the first one always stays."""
    kept = list(every)
    while True:
        for gap in (2, 1):
            layout = Layout(tuple(kept), gap)
            if layout.width <= width or len(kept) == 1:
                return layout
        kept.remove(max(kept, key=lambda column: column.rank))
