"""The picture of a run as lines of styled text: what fits the size at hand, first while it runs, then at its end."""

from dataclasses import dataclass
from textwrap import wrap

from mlptrain.model.history import EpochEnded
from mlptrain.model.layer_findings import find_layer_faults
from mlptrain.model.training_names import place_training
from mlptrain.reporting.curve import Curve, find_curve_column
from mlptrain.reporting.digest import LAST, Digest
from mlptrain.reporting.epoch_table import Column, Layout, fit_columns_to_width, list_epoch_columns
from mlptrain.reporting.glyphs import Glyphs, Line, Style
from mlptrain.reporting.panels import Epochs, draw_panels
from mlptrain.reporting.words import (
    COMPILING,
    describe_failure,
    describe_finish,
    describe_gap,
    describe_start,
    format_stopwatch,
    is_untrained,
    name_training_loss,
)
from mlptrain.training.events import Started, TrialSteps

MOST_ROWS = 24
"""Epochs in the table of a tall terminal."""
FINAL_ROWS = 12
"""Epochs in the table that stays."""
MOST_BEFORE = 3
"""Trainings before the one that runs, of which the live picture says how they ended."""
WIDEST = 88
"""Wider than this the picture does not grow: lines would tear apart."""


@dataclass(frozen=True)
class Frame:
    """A digest seen on `width` columns."""

    digest: Digest
    started: Started
    title: str
    width: int
    glyphs: Glyphs
    before: tuple[str, ...] = ()
    """How the trainings before this one ended, a line each."""
    worked: int = 0
    """How many of them were done in this run."""
    settled: tuple[float, float] = (0.0, 0.0)
    """Seconds and epochs up to the first event: loops are compiled then, which says nothing of the time to come."""
    speed: bool = True
    """Whether the table has the rows a second."""

    def live(self, height: int, elapsed: float) -> list[Line]:
        """The run as it stands, in at most `height` lines: the bar, then rows, then all else as there is room."""
        if height < 10:
            return [*self._rows(self._layout(), max(1, height - 1), last=height), self._bar(elapsed)][-height:]
        head, chart = self._head(live=True), self._chart(3 + (height >= 34)) if height >= 20 else []
        faults = self._faults() if height >= 16 else []
        room = height - len(head) - len(chart) - len(faults) - 4
        table = [*self._table(min(max(room, 1), MOST_ROWS), last=LAST), *faults]
        return [*head, *table, *chart, [], self._bar(elapsed)][-height:]

    def final(self, height: int, elapsed: float) -> list[Line]:
        """The run after its end, in about twenty lines that stay: with a prompt below they fill 24 lines at most."""
        budget = FINAL_ROWS if height > 24 else FINAL_ROWS - 1
        reason = self.digest.undefined
        gap: list[Line] = [[(describe_gap(self.started, reason)[: self.width], "quiet")]] if reason else []
        gap += self._faults()
        run = [*self._table(budget - len(gap), last=1), *gap, *self._chart(3), []] if self.digest.last else []
        return [*self._head(), *run, *self._strong(self.describe_end(elapsed))]

    def describe_end(self, elapsed: float) -> str:
        """Why training ended, or where an error stopped it."""
        digest = self.digest
        if digest.finished:
            return describe_finish(self.started, digest.finished, digest.best)
        return describe_failure(self.started, digest.last.epoch if digest.last else 0, elapsed)

    def _head(self, *, live: bool = False) -> list[Line]:
        """What is trained, after the trainings before it: while it runs, the last few of them."""
        before = self.before[-MOST_BEFORE:] if live else self.before
        ended: list[Line] = [[(shorten_facts(line, self.width), "quiet")] for line in before]
        return [*ended, *self._strong(describe_start(self.started, self.title))[:3], []]

    def _strong(self, text: str) -> list[Line]:
        indent = "  "[: self.width - 1]  # none where there is room for one sign only
        lines = wrap(text, max(self.width, 1), break_on_hyphens=False, subsequent_indent=indent)
        return [[(line, "strong")] for line in lines]

    def list_faults(self) -> list[str]:
        """What is wrong inside the network, as it was seen last."""
        seen = self.digest.layers
        return [] if seen is None else [finding.sentence for finding in find_layer_faults(seen)]

    def _faults(self) -> list[Line]:
        """The same as lines of the picture."""
        wide = max(min(self.width, WIDEST), 3)
        return [[(line, "strong")] for each in self.list_faults() for line in wrap(each, wide, subsequent_indent="  ")]

    def list_columns(self) -> list[Column]:
        """The columns of the table, were there room for all."""
        digest = self.digest
        return list_epoch_columns(
            self.started, penalty=digest.penalty, train_metric=digest.train_metric, speed=self.speed
        )

    def _layout(self) -> Layout:
        return fit_columns_to_width(self.list_columns(), min(self.width, WIDEST))

    def _table(self, budget: int, *, last: int) -> list[Line]:
        layout = self._layout()
        colours = [_choose_heading_style(heading) for heading in layout.columns]
        legend = f"{self.glyphs.best} best" if self.started.monitor is not None else ""
        headings = [list(zip(cells, colours, strict=True)) for cells in layout.headings(legend)]
        return [*headings, *self._rows(layout, budget, last=last)]

    def _rows(self, layout: Layout, budget: int, *, last: int) -> list[Line]:
        return [self._row(layout, event) for event in self.digest.rows(budget, last=last)]

    def _row(self, layout: Layout, event: EpochEnded) -> Line:
        if self.best == event.epoch:
            return [("".join(layout.row(event, self.glyphs.best)), "best")]
        return [("".join(layout.row(event)), "")]

    @property
    def first(self) -> int | None:
        """The epoch with which the curves begin: that of the run before, where this one goes on."""
        return self.started.earlier[0].epoch if self.started.earlier else self.digest.first

    @property
    def best(self) -> int | None:
        """The best epoch so far, if one is marked."""
        best = self.digest.best
        if best is None or self.started.monitor is None or is_untrained(best):
            return None
        return best.epoch

    def _bar(self, elapsed: float) -> Line:
        """How much of the run is done, in words as long as there is room for, and a bar in what is left."""
        room = min(max(self._layout().width, 60), self.width) - 2
        at, spent, left = self.describe_progress(elapsed)
        text = next((text for text in (at + spent + left, at + spent) if len(text) + 12 <= room), at)
        length = max(room - 2 - len(text), 0)
        done = find_curve_column(self.share, length + 1)
        full, rest = self.glyphs.done * done, self.glyphs.left * (length - done)
        return [("  ", ""), (full, "best"), (rest, "quiet"), (f"  {text}", "")]

    @property
    def _trainings(self) -> int:
        """All trainings of the fit."""
        return self.started.folds + (self.started.refit or self.started.refit_follows)

    @property
    def _number(self) -> int:
        """Which of them this is, from 1."""
        return self.started.fold + self.started.refit

    @property
    def _name(self) -> str:
        """What this training is called among the others."""
        started = self.started
        if started.refit:
            return "refit"
        return place_training(started.fold, started.folds, started.repeats) if started.folds > 1 else "search"

    @property
    def share(self) -> float:
        """The part of all trainings that is done."""
        return (self._number - 1 + self.digest.share) / self._trainings

    def describe_progress(self, elapsed: float) -> tuple[str, str, str]:
        """Which epoch is under way, the time gone, and an estimate of the time left."""
        digest, epochs = self.digest, self.started.epochs
        at = f"epoch {min(int(digest.position) + 1, epochs)}/{epochs}"
        if self._trainings > 1:
            at = f"{self._name}, {at}"
        seconds, done = self.settled
        if self.started.compiles and not seconds:
            return COMPILING, f"  {format_stopwatch(elapsed)}", ""
        worked = self.worked * epochs + digest.done - done
        if worked <= 0:
            return at, f"  {format_stopwatch(elapsed)}", ""
        left = (elapsed - seconds) / worked * (epochs - digest.position + epochs * (self._trainings - self._number))
        return at, f"  {format_stopwatch(elapsed)}", f", {format_stopwatch(left)} left"

    def _chart(self, height: int) -> list[Line]:
        """Both losses side by side on one scale, under them the place of the best epoch; nothing where room lacks."""
        panels = draw_panels([self.list_losses()], self._epochs(), min(self.width, WIDEST), height, self.glyphs)
        return [[], *panels] if panels else []

    def _epochs(self) -> Epochs:
        last = self.digest.last
        return Epochs(first=self.first or 1, last=last.epoch if last else 1, best=self.best)

    def list_losses(self) -> list[Curve]:
        """The losses of training and validation, as far as they are kept."""
        digest, loss = self.digest, name_training_loss(running=self.started.running_loss)
        curves = [Curve(loss, digest.train_loss.values(), digest.train_loss.ends, part="train")]
        if self.started.validation_rows:
            trace = digest.validation_loss
            curves.append(Curve("validation loss", trace.values(), trace.ends, part="validation"))
        return curves


def shorten_facts(line: str, width: int) -> str:
    """As many of the facts of a line, which commas separate, as there is room for, from the first on."""
    facts = line.split(", ")
    while len(facts) > 1 and len(", ".join(facts)) > width:
        facts.pop()
    return ", ".join(facts)[:width]


def draw_trial(trial: TrialSteps, width: int, glyphs: Glyphs) -> Line:
    """Which trial is under way, and how much of it is done: one line."""
    text = f"  trial {trial.trial} of {trial.trials}, step {trial.steps:,}/{trial.planned:,}"
    length = max(min(width, 60) - 3 - len(text), 0)
    done = find_curve_column(trial.steps / max(trial.planned, 1), length + 1)
    bar: Line = [("  ", ""), (glyphs.done * done, "best"), (glyphs.left * (length - done), "quiet")]
    return [*bar, (text[: max(width - 3, 0)], "")]


def _choose_heading_style(heading: Column) -> Style:
    colours: dict[str, Style] = {"train": "train", "batch": "train", "validation": "validation"}
    return colours.get(heading.above, "quiet")
