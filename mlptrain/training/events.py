"""What a fit and its training loop say: frozen facts, plain values only. Sinks show or store them, no more."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from mlptrain.model.history import EpochEnded, Reason
from mlptrain.model.layer_history import LayersSeen


@dataclass(frozen=True, kw_only=True)
class FitStarted:
    """A fit begins: its rows are read; its trials and trainings are to come."""

    kind: ClassVar[str] = "fit_started"

    source: str
    """Where the spec is from, as messages call it: the path of its file, "standard input", or "spec"."""
    user_settings: Mapping[tuple[str, ...], Any] = field(default_factory=dict)
    """What the user has written, overrides among it: texts, by the path of the key: ("seed",): "1"."""
    goes_on: bool = False
    """Whether it goes on with a fit that was interrupted."""
    restarts: bool = False
    """Whether the user wishes that a fit which was interrupted is forgotten."""


@dataclass(frozen=True, kw_only=True)
class Started:
    """Training begins, or goes on after the epochs of an earlier run."""

    kind: ClassVar[str] = "started"

    epochs: int
    steps_per_epoch: int
    train_rows: int
    validation_rows: int
    parameters: int
    monitor: str | None
    """The watched quantity: "loss" or a metric, on the validation part; None where nothing is watched."""
    metric: str
    """The metric every epoch reports: the watched one, or the default of the target."""
    larger_is_better: bool
    """Whether the watched quantity (the reported metric where nothing is watched) is better when it is larger."""
    running_loss: bool
    """Whether the training loss is the mean over the epoch's batches as they were trained, not one in evaluation."""
    fold: int = 1
    """Which of several trainings this is, from 1."""
    folds: int = 1
    """How many trainings there are."""
    repeats: int = 1
    """How many repeats they are; where there are as many as trainings, none is a fold."""
    refit: bool = False
    """Whether this is the training on all rows, up to the best epoch of the one before."""
    refit_follows: bool = False
    """Whether a training on all rows is to follow."""
    compiles: bool = False
    """Whether the first step compiles the loops of the formulas, so that it takes some seconds."""
    earlier: tuple[EpochEnded, ...] = ()
    """The epochs of the run that this one goes on with."""
    earlier_layers: tuple[LayersSeen, ...] = ()
    """What was seen of the layers in that run, as far as it was kept."""
    spec: Mapping[str, Any] = field(default_factory=dict)
    """The spec of this training with all defaults, as plain values; of the first one it is that of the fit."""


@dataclass(frozen=True, kw_only=True)
class StepsDone:
    """Steps done within the current epoch: sent a few times a second at most, and where the run is interrupted."""

    kind: ClassVar[str] = "steps"

    epoch: int
    steps: int
    stopping: bool = False
    """Whether the run is interrupted here: the state is still that after the last step."""


@dataclass(frozen=True, kw_only=True)
class TrialSteps:
    """Steps done in one of the short trainings that decide between several specs; the last has all of them."""

    kind: ClassVar[str] = "trial"

    trial: int
    """Which of the trials this is, from 1."""
    trials: int
    steps: int
    planned: int


@dataclass(frozen=True, kw_only=True)
class Finished:
    """Training is over; the network holds the parameters of `best_epoch`."""

    kind: ClassVar[str] = "finished"

    reason: Reason
    epochs: int
    best_epoch: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class FitFinished:
    """All trainings of a fit are over. None that an error or the user ends gets here."""

    kind: ClassVar[str] = "fit_finished"

    reason: str
    epochs: int
    best_epoch: int
    parameters: int
    seconds: float
    metrics: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    """Per part (train, validation) all metrics of the parameters that were kept; of folds, the means."""
    baseline: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    """Per part those of the prediction that knows nothing of a row."""
    remark: str = ""
    """One sentence about the run; empty where there is nothing to say."""


@dataclass(frozen=True, kw_only=True)
class TrainingProgress:
    """How far one of several trainings has come that go on side by side. Its own events come in its turn."""

    kind: ClassVar[str] = "progress"

    training: int
    """Which of them this is, from 1."""
    trainings: int
    repeats: int
    epochs: int
    """To be done at most."""
    steps_per_epoch: int
    monitor: str
    """The quantity that is watched, or else reported."""
    epoch: int = 0
    """Done."""
    steps: int = 0
    """Done of the next one."""
    value: float | None = None
    """The watched quantity at the end of the last epoch."""
    best_epoch: int = 0
    best_value: float | None = None
    reason: Reason | None = None
    """Why it is over, if so."""


Event = (
    FitStarted | TrialSteps | TrainingProgress | Started | StepsDone | LayersSeen | EpochEnded | Finished | FitFinished
)


def narrow_to_finished(event: Event) -> Finished | None:
    """The event, if it is the last one of a training."""
    return event if isinstance(event, Finished) else None


def tell_sinks(sinks: Iterable["Sink"], event: Event) -> None:
    """Call each sink with an event."""
    for sink in sinks:
        sink(event)


@runtime_checkable
class Sink(Protocol):
    """A context manager that is called with each event of the trainings that happen within it.

    It is entered before the first training and left after the last one, or when an error ends them. One that raises
    ends the fit; it cannot hold an error back.
    """

    def __enter__(self) -> object: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def __call__(self, event: Event, /) -> object: ...


class EventSink:
    """A sink with one method for each kind of event; each does nothing unless a subclass says what."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    def __call__(self, event: Event, /) -> None:
        """Pass an event to the method for its kind."""
        match event:
            case StepsDone():
                self.see_steps(event)
            case LayersSeen():
                self.see_layers(event)
            case EpochEnded():
                self.see_epoch(event)
            case Started():
                self.see_start(event)
            case TrainingProgress():
                self.see_progress(event)
            case TrialSteps():
                self.see_trial(event)
            case Finished():
                self.see_finish(event)
            case FitStarted():
                self.see_fit_start(event)
            case FitFinished():
                self.see_fit_finish(event)

    def see_fit_start(self, fit: FitStarted, /) -> None:
        """A fit begins, before its trials and trainings."""

    def see_trial(self, trial: TrialSteps, /) -> None:
        """Steps of a trial are done, before the first training."""

    def see_progress(self, progress: TrainingProgress, /) -> None:
        """One of several trainings that go on side by side has come further."""

    def see_start(self, started: Started, /) -> None:
        """A training begins; a fit of several folds has one after the other."""

    def see_steps(self, steps: StepsDone, /) -> None:
        """Steps within an epoch are done."""

    def see_layers(self, layers: LayersSeen, /) -> None:
        """The layers were looked at; the event of the end of that epoch follows, or was the last one."""

    def see_epoch(self, epoch: EpochEnded, /) -> None:
        """An epoch is over."""

    def see_finish(self, finished: Finished, /) -> None:
        """A training is over. None that an error ends gets here."""

    def see_fit_finish(self, fit: FitFinished, /) -> None:
        """All trainings of a fit are over."""

    def close(self) -> None:
        """All trainings are over, or an error has ended them."""


class FunctionSink(EventSink):
    """A sink that calls a function with every event."""

    def __init__(self, function: Callable[[Event], object]) -> None:
        self._function = function

    def __call__(self, event: Event, /) -> None:
        """Call the function."""
        self._function(event)


def wrap_function_as_sink(sink: Sink | Callable[[Event], object]) -> Sink:
    """A sink as it is; a function as a sink that calls it."""
    return sink if isinstance(sink, Sink) else FunctionSink(sink)


@contextmanager
def open_sinks(sinks: Iterable[Sink], first: Event | None = None) -> Iterator[None]:
    """Enter all sinks, call each with the `first` event, if any, and leave each of them in every case."""
    sinks = tuple(sinks)
    with ExitStack() as stack:
        for sink in sinks:
            stack.enter_context(sink)
        if first is not None:
            tell_sinks(sinks, first)
        yield
