"""A run seen live in a terminal."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.style import Style

from mlptrain.model.history import EpochEnded
from mlptrain.model.layer_history import LayersSeen
from mlptrain.reporting.frame import draw_trial
from mlptrain.reporting.glyphs import ASCII, Line, choose_glyphs
from mlptrain.reporting.lines import LinesSink
from mlptrain.reporting.progress import Progress
from mlptrain.reporting.side_by_side import draw_trainings
from mlptrain.reporting.sink_options import SinkOptions
from mlptrain.reporting.terminal import is_live_terminal
from mlptrain.reporting.text import escape_unencodable
from mlptrain.training.events import Event, EventSink, Finished, Started, StepsDone, TrainingProgress, TrialSteps

INTERVAL = 0.1
"""Seconds between two pictures at least."""
DRAWING_SHARE = 0.02
"""Drawing takes no more than this part of the time, whatever the terminal."""

_STYLES = {
    "": Style(),
    "quiet": Style(dim=True),
    "strong": Style(bold=True),
    "train": Style(color="cyan"),
    "validation": Style(color="yellow"),
    "best": Style(color="green", bold=True),
}


class ConsoleSink(EventSink):
    """A table of epochs, curves of the losses and a bar, drawn on `console` (stderr by default) as events arrive.

    It draws from the call that brings an event, at most ten times a second; it never reads the network's state and,
    once the terminal is gone (`OSError`), it draws no more and lets training go on. Leaving the context, also by an
    exception, shows the cursor again and leaves the last picture.
    """

    def __init__(
        self, console: Console | None = None, *, title: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console or Console(stderr=True)
        self._clock = clock
        self._progress = Progress(title, clock)
        self._due = clock()
        self._live: Live | None = None
        self._erased = False

    def __call__(self, event: Event, /) -> None:
        """Take note of an event, and draw if it is time."""
        super().__call__(event)
        if self._live and self._clock() >= self._due:
            self._draw()

    def see_trial(self, trial: TrialSteps, /) -> None:
        """Move a bar, which goes once the trial is over: notices have said which choice it is of."""
        if self._live is None:
            self._open(trial)
        else:
            self._progress(trial)
        if self._progress.trial is None:
            self._stop(transient=True)

    def see_progress(self, progress: TrainingProgress, /) -> None:
        """Move a line; its training goes on beside others, whose lines are in the same picture."""
        if self._live is None or not self._progress.side_by_side:
            self._open(progress)
        else:
            self._progress(progress)

    def see_start(self, started: Started, /) -> None:
        """Begin a picture, in the place of that of the training before, unless all are in one."""
        if self._progress.side_by_side:
            self._progress(started)
        else:
            self._open(started)

    def see_steps(self, steps: StepsDone, /) -> None:
        """Take note of the steps."""
        self._progress(steps)

    def see_epoch(self, epoch: EpochEnded, /) -> None:
        """Take note of the epoch."""
        self._progress(epoch)

    def see_layers(self, layers: LayersSeen, /) -> None:
        """Take note of the layers."""
        self._progress(layers)

    def see_finish(self, finished: Finished, /) -> None:
        """Leave the last picture; if another training is to follow, none."""
        self._progress(finished)
        if not self._progress.goes_on:
            self.close()
        elif not self._progress.side_by_side:
            self._stop(transient=True)

    def close(self) -> None:
        """Leave the picture as it stands, and show the cursor again."""
        self._stop(transient=False)
        self._progress.forget()

    def _stop(self, *, transient: bool) -> None:
        """Show the cursor again, and leave the picture or nothing."""
        live, self._live = self._live, None
        self._erased = transient
        if live:
            live.transient = transient
            with suppress(OSError):
                live.stop()

    def _open(self, event: Started | TrialSteps | TrainingProgress) -> None:
        self._stop(transient=self._progress.trial is not None)
        self._progress(event)
        self._due = self._clock()
        self._live = Live(
            get_renderable=self._picture,
            console=self._console,
            auto_refresh=False,
            redirect_stdout=False,
            vertical_overflow="crop",
        )
        with suppress(OSError):
            self._live.start()

    def _draw(self) -> None:
        begun = self._clock()
        try:
            if self._live:
                self._live.refresh()
        except OSError:
            self.close()
        now = self._clock()
        self._due = now + max(INTERVAL, (now - begun) / DRAWING_SHARE)

    def _picture(self) -> "StyledLines | str":
        width, height = self._console.size
        glyphs = ASCII if self._console.legacy_windows else choose_glyphs(self._console.encoding)
        progress = self._progress
        if progress.trial is not None and self._live:
            return StyledLines([draw_trial(progress.trial, width, glyphs)])
        if progress.side_by_side and self._live:
            seen = [each for _, each in sorted(progress.side_by_side.items())]
            return StyledLines(draw_trainings(seen, progress.title, (width, height - 1), glyphs, progress.elapsed))
        frame = progress.make_frame(width, glyphs)
        if frame is None or (self._erased and not self._live):
            return ""
        elapsed = progress.elapsed
        return StyledLines(frame.live(height - 1, elapsed) if self._live else frame.final(height, elapsed))


class StyledLines:
    """Lines as Rich draws them: no markup is read and nothing wraps."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self._lines:
            yield from (Segment(escape_unencodable(text, options.encoding), _STYLES[style]) for text, style in line)
            yield Segment.line()


def make_sink_for_console(
    console: Console, *, title: str = "", clock: Callable[[], float] = time.monotonic
) -> ConsoleSink | LinesSink:
    """The live picture where `console` is a terminal that can move its cursor, plain lines everywhere else.

    `FORCE_COLOR` makes Rich take a log for a terminal; the file itself is asked instead.
    """
    if console.is_interactive and is_live_terminal(console.file):
        return ConsoleSink(console, title=title, clock=clock)
    return LinesSink(console.file, title=title, clock=clock)


def make_console_sink(options: SinkOptions) -> ConsoleSink | LinesSink:
    """The live picture if the stream is a terminal, plain lines otherwise."""
    return make_sink_for_console(Console(file=options.stream), title=options.title)
