"""A run seen in a notebook: one picture, drawn anew in its place while the training goes on."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from mlptrain.model.history import EpochEnded
from mlptrain.model.layer_history import LayersSeen
from mlptrain.reporting.frame import draw_trial
from mlptrain.reporting.glyphs import UNICODE
from mlptrain.reporting.html_frame import render_frame, write_frame
from mlptrain.reporting.html_parts import Html, make_html_progress_bar
from mlptrain.reporting.lines import LinesSink
from mlptrain.reporting.progress import Progress
from mlptrain.reporting.sink_options import SinkOptions
from mlptrain.reporting.terminal import is_in_notebook
from mlptrain.training.events import EventSink, Finished, Started, StepsDone, TrialSteps

INTERVAL = 0.25
"""Seconds between two pictures at least: each of them passes through a browser."""
COLUMNS, LINES = 80, 24
"""The size of the picture as text."""


@dataclass(frozen=True, repr=False)
class Picture:
    """How a run stands: `html` for notebooks, `text` for all who show none."""

    html: Html
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        """The lines of a terminal."""
        return self.text


class PictureHandle(Protocol):
    """The place of a picture in a notebook."""

    def update(self, picture: Picture, /) -> object:
        """Put another picture there."""


class NotebookSink(EventSink):
    """Shows a fit by `display`, which puts a picture below the cell and says where; updates go there.

    All trainings of a fit (trials, folds, a refit) share the place. It is updated four times a second at most, by
    `clock`, and when the fit is over, also by an error.
    """

    def __init__(
        self,
        display: Callable[[Picture], PictureHandle],
        *,
        title: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._display = display
        self._clock = clock
        self._progress = Progress(title, clock)
        self._handle: PictureHandle | None = None
        self._due = clock()

    def see_trial(self, trial: TrialSteps, /) -> None:
        """Move the bar of a trial."""
        self._progress(trial)
        if self._progress.trial is not None:
            self._show_if_due()

    def see_start(self, started: Started, /) -> None:
        """Begin with a training."""
        self._progress(started)
        self._show_if_due()

    def see_steps(self, steps: StepsDone, /) -> None:
        """Move the bar within an epoch."""
        self._progress(steps)
        self._show_if_due()

    def see_layers(self, layers: LayersSeen, /) -> None:
        """Take note of the layers."""
        self._progress(layers)

    def see_epoch(self, epoch: EpochEnded, /) -> None:
        """Show the epoch, if it is time."""
        self._progress(epoch)
        self._show_if_due()

    def see_finish(self, finished: Finished, /) -> None:
        """Show the last picture, unless another training is to follow."""
        self._progress(finished)
        if not self._progress.goes_on:
            self.close()

    def close(self) -> None:
        """Leave the last picture, also of a fit that an error has ended; another fit gets a place of its own."""
        if self._handle is not None:
            self._show(live=False)
        self._handle = None
        self._progress.forget()

    def _show_if_due(self) -> None:
        if self._handle is None or self._clock() >= self._due:
            self._show(live=True)
            self._due = self._clock() + INTERVAL

    def _show(self, *, live: bool) -> None:
        picture = self._draw(live=live)
        if self._handle is None:
            self._handle = self._display(picture)
        else:
            self._handle.update(picture)

    def _draw(self, *, live: bool) -> Picture:
        progress = self._progress
        if progress.trial is not None:
            line = "".join(text for text, _ in draw_trial(progress.trial, COLUMNS, UNICODE)).strip()
            share = progress.trial.steps / max(progress.trial.planned, 1)
            return Picture(make_html_progress_bar(share, line.lstrip(UNICODE.done + UNICODE.left + " ")), line)
        frame, elapsed = progress.make_frame(COLUMNS, UNICODE), progress.elapsed
        if frame is None:
            return Picture(Html(""), "")
        frame = replace(frame, speed=False)
        text = write_frame(frame, elapsed, live=live, height=LINES)
        return Picture(render_frame(frame, elapsed, live=live), text)


def display_in_notebook(picture: Picture) -> PictureHandle:
    """Put a picture below the cell that runs."""
    from IPython.display import display

    handle: PictureHandle = display(picture, display_id=True)
    return handle


def make_notebook_sink(options: SinkOptions) -> NotebookSink | LinesSink:
    """The picture in a notebook; anywhere else plain lines."""
    if is_in_notebook():
        return NotebookSink(display_in_notebook, title=options.title)
    return LinesSink(options.stream, title=options.title)
