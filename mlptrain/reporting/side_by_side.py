"""Trainings that go on side by side as lines of a picture: a line for each, and one for all."""

from collections.abc import Sequence

from mlptrain.figures import format_figure
from mlptrain.model.training_names import name_training
from mlptrain.reporting.curve import find_curve_column
from mlptrain.reporting.glyphs import Glyphs, Line
from mlptrain.reporting.words import format_stopwatch
from mlptrain.training.events import TrainingProgress

BAR = 20
"""Signs of the bar of one training."""


def compute_share(progress: TrainingProgress) -> float:
    """The part of a training that is done."""
    if progress.reason is not None:
        return 1.0
    return (progress.epoch + progress.steps / max(progress.steps_per_epoch, 1)) / max(progress.epochs, 1)


def draw_trainings(
    seen: Sequence[TrainingProgress], title: str, size: tuple[int, int], glyphs: Glyphs, elapsed: float
) -> list[Line]:
    """A line for each training that has begun, as many as there is room for in `size` (columns, lines), and a bar.

    Where there is no room for all, those that are over go first.
    """
    width, height = size
    room = max(height - 4, 1)
    shown = sorted(sorted(seen, key=lambda each: each.reason is not None)[:room], key=lambda each: each.training)
    trainings = seen[0].trainings
    head = f"{title}: " * bool(title) + f"{trainings} trainings, {count_running(seen)} of them side by side"
    lines: list[Line] = [[(head[:width], "strong")], []]
    lines += [draw_training(each, width, glyphs) for each in shown]
    return [*lines, [], draw_all(seen, width, glyphs, elapsed)][-height:]


def count_running(seen: Sequence[TrainingProgress]) -> int:
    """How many trainings are under way."""
    return sum(each.reason is None for each in seen)


def draw_training(progress: TrainingProgress, width: int, glyphs: Glyphs) -> Line:
    """What a training is called, a bar, and what is known of it, as far as there is room."""
    name = name_training(progress.training, progress.trainings, progress.repeats)
    facts = [f"epoch {progress.epoch}/{progress.epochs}"]
    if progress.value is not None:
        facts.append(f"{progress.monitor} {format_figure(progress.value)}")
    if progress.best_epoch:
        facts.append(f"best {format_figure(progress.best_value)} (epoch {progress.best_epoch})")
    text = f"  {', '.join(facts)}"
    place = f"  {name:<{len(name_training(progress.trainings, progress.trainings, progress.repeats))}}  "
    over = progress.reason is not None
    bar = max(min(BAR, width - len(place) - 1), 0)
    full = find_curve_column(compute_share(progress), bar + 1)
    return [
        (place[:width], "quiet" if over else ""),
        (glyphs.done * full, "best"),
        (glyphs.left * (bar - full), "quiet"),
        (text[: max(width - len(place) - bar - 1, 0)], "quiet" if over else ""),
    ]


def draw_all(seen: Sequence[TrainingProgress], width: int, glyphs: Glyphs, elapsed: float) -> Line:
    """How much of all trainings is done, for how long they have run, and an estimate of the time left."""
    trainings = seen[0].trainings
    over, done = sum(each.reason is not None for each in seen), sum(map(compute_share, seen))
    text = f"  {over} of {trainings} done  {format_stopwatch(elapsed)}"
    if done:
        text += f", {format_stopwatch(elapsed / done * (trainings - done))} left"
    length = max(min(width, 60) - 3 - len(text), 0)
    full = find_curve_column(done / trainings, length + 1)
    bar: Line = [("  ", ""), (glyphs.done * full, "best"), (glyphs.left * (length - full), "quiet")]
    return [*bar, (text[: max(width - 3, 0)], "")]
