"""Event streams to test sinks with: drawn ones of any shape, and one like a real run."""

from collections.abc import Iterator
from itertools import islice
from math import exp, inf, nan

from hypothesis import settings
from hypothesis import strategies as st

from mlptrain.model.history import EpochEnded
from mlptrain.training.events import Event, Finished, Started, StepsDone

drawn = settings(derandomize=True, deadline=None, database=None)

floats = st.floats() | st.sampled_from([0.0, 0.5, 1e-300, -1e308, 1e308, nan, inf, -inf])
optional = st.none() | floats
names = st.text(max_size=30) | st.sampled_from(["accuracy", "rmse", "balanced_accuracy", "\x1b[2J", "[/b]", "精度"])


@st.composite
def started(draw: st.DrawFn) -> Started:
    return Started(
        epochs=draw(st.integers(1, 100_000)),
        steps_per_epoch=draw(st.integers(1, 10_000)),
        train_rows=draw(st.integers(1, 10**9)),
        validation_rows=draw(st.sampled_from([0, 1, 5000])),
        parameters=draw(st.integers(0, 10**12)),
        monitor=draw(st.none() | st.just("loss") | names),
        metric=draw(names),
        larger_is_better=draw(st.booleans()),
        running_loss=draw(st.booleans()),
        refit=draw(st.booleans()),
    )


@st.composite
def epochs(draw: st.DrawFn, number: int) -> EpochEnded:
    return EpochEnded(
        epoch=number,
        train_loss=draw(floats),
        train_metric=draw(optional),
        penalty=draw(st.just(0.0) | floats),
        validation_loss=draw(optional),
        validation_metric=draw(optional),
        learning_rate=draw(floats),
        best=draw(st.booleans()),
        rows_per_second=draw(floats),
        gradient_norm=draw(optional),
    )


@st.composite
def runs(draw: st.DrawFn) -> list[Event]:
    """Started, a few epochs with steps between them, perhaps after those of an earlier run, perhaps Finished."""
    start = draw(started())
    before = draw(st.integers(0, max(start.epochs - 1, 0)))
    events: list[Event] = [start]
    last = before
    for epoch in range(before + 1, min(before + draw(st.integers(0, 12)), start.epochs) + 1):
        last = epoch
        events += [StepsDone(epoch=epoch, steps=step) for step in draw(st.lists(st.integers(0, 20_000), max_size=2))]
        events.append(draw(epochs(epoch)))
    reason = draw(st.sampled_from(["epochs", "early_stopping", "time_limit", "interrupted", None]))
    if reason:
        best = draw(st.integers(0, last))
        seconds = draw(st.floats(0, 1e7))
        events.append(Finished(reason=reason, epochs=last, best_epoch=best, seconds=seconds))
    return events


def broken_off(after: int, *, of: int) -> Iterator[Event]:
    """A run that the user interrupts, and nothing handles it."""
    yield from islice(training(of), after + 1)
    raise KeyboardInterrupt


def training(
    count: int, *, planned: int | None = None, best: int | None = None, monitor: str | None = "loss"
) -> Iterator[Event]:
    """A run of `count` epochs as they are: losses fall; the epochs up to `best` improve, none after it does."""
    best = count if best is None else best
    yield Started(
        epochs=planned or count,
        steps_per_epoch=10,
        train_rows=120,
        validation_rows=30,
        parameters=4675,
        monitor=monitor,
        metric="accuracy",
        larger_is_better=False,
        running_loss=False,
    )
    for epoch in range(1, count + 1):
        loss = 0.01 + exp(-9 * epoch / count)
        yield EpochEnded(
            epoch=epoch,
            train_loss=loss,
            train_metric=1 - loss / 2,
            penalty=0.0,
            validation_loss=loss + 0.02,
            validation_metric=0.9 - loss / 2,
            learning_rate=1e-3,
            best=monitor is not None and epoch <= best,
            rows_per_second=1.2e6,
        )
    yield Finished(reason="epochs", epochs=count, best_epoch=best, seconds=12.34)
