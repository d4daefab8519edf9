"""The learning-rate range test: the loss of batches while the rate rises from step to step, and the rate it suggests.

L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, section 3.3. There the rate rises by
equal amounts and the accuracy is watched; here it rises by equal factors, so that each decade has as many steps, and
the loss of each batch is watched, before the update at its rate.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from math import floor, isfinite, log10, sqrt
from statistics import fmean, stdev

from mlptrain.errors import Diverged
from mlptrain.training.course import Batch, Course, draw_batches
from mlptrain.training.loop import update_network
from mlptrain.training.state import make_initial_state

BETA = 0.9
"""β, the share of the earlier losses in the smoothed one."""
OPENING = 10
"""A test has so many parts, and in the first, at the lowest rates, the network learns next to nothing."""
FAR = 4.0
"""The test ends where the smoothed loss is so many times the mean of the opening, before more harm is shown."""
BELOW = 10.0
"""The rate of the least smoothed loss is divided by this."""
ERRORS = 3.0
"""A fall of the smoothed loss by less than so many of its standard errors is chance."""


@dataclass(frozen=True, kw_only=True)
class RateRange:
    """Rates from low to high by equal factors: lr_k = low (high / low)^((k − 1) / (n − 1)), k = 1 … n."""

    low: float
    high: float
    steps: int

    @property
    def opening(self) -> int:
        """How many steps the first part has, two at least."""
        return max(self.steps // OPENING, 2)

    def list_rates(self) -> list[float]:
        """The rates of all steps."""
        return [float(self.low * (self.high / self.low) ** (k / (self.steps - 1))) for k in range(self.steps)]


@dataclass(frozen=True, kw_only=True)
class RangeStep:
    """A step of the test."""

    rate: float
    loss: float
    """Of the batch in training mode, without penalties, before its update."""
    smoothed: float
    """s_k = m_k / (1 − β^k) with m_k = β m_(k−1) + (1 − β) loss_k and m_0 = 0: the exponential mean, bias-corrected."""


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """The rate that a test suggests, or why it suggests none."""

    rate: float | None
    """Of two significant digits."""
    lowest: RangeStep | None
    """The step of the least smoothed loss after the opening."""
    opening: float | None
    """The mean loss of the opening."""
    why: str = ""
    """Why there is none; of a rate, what makes it doubtful."""


def run_range_test(course: Course, rates: RateRange) -> Iterator[RangeStep]:
    """The steps of the test, until the rates are at an end or the loss is far above that of the opening.

    No schedule is asked. The optimizer with its factors by kind of parameter, penalties, dropout and the order of the
    rows are those of the course, whose network is spent.
    """
    state, steps = make_initial_state(course.network, course.spec.optimizer), list[RangeStep]()
    mean = 0.0
    for rate, (batch, number) in zip(rates.list_rates(), repeat_epochs(course), strict=False):
        try:
            loss, _ = update_network(course, state, batch, number, optimizer=course.spec.optimizer, lr=rate)
        except Diverged:
            return
        mean = BETA * mean + (1 - BETA) * loss
        steps.append(RangeStep(rate=rate, loss=loss, smoothed=mean / (1 - BETA ** (len(steps) + 1))))
        yield steps[-1]
        if is_far_above_opening(steps, rates):
            return


def repeat_epochs(course: Course) -> Iterator[tuple[Batch, int]]:
    """The batches of one epoch after the other, each with its number in its epoch."""
    for epoch in count():
        for number, batch in enumerate(draw_batches(course, epoch), 1):
            yield batch, number


def is_far_above_opening(steps: Sequence[RangeStep], rates: RateRange) -> bool:
    """Whether the smoothed loss has risen so far that no later rate can be the best one.

    A loss may be negative: the rise is measured against the size of the opening, or against the fall so far.
    """
    if len(steps) <= rates.opening:
        return False
    opening = fmean(each.loss for each in steps[: rates.opening])
    fall = opening - min(each.smoothed for each in steps)
    return steps[-1].smoothed - opening > (FAR - 1) * max(abs(opening), fall)


def suggest_rate(steps: Sequence[RangeStep], rates: RateRange) -> Suggestion:
    """A tenth of the rate at which the smoothed loss is least, if it falls by more than chance.

    The smoothed loss is late by β / (1 − β) steps, and at its least the steps begin to do harm: both lie above the rate
    that trains best. The standard error of a smoothed loss is σ √((1 − β) / (1 + β)), with σ of the opening's losses.
    """
    losses, later = [each.loss for each in steps[: rates.opening]], steps[rates.opening :]
    if not later:
        return Suggestion(
            rate=None, lowest=None, opening=None, why="the loss is not finite at the lowest rates: lower --low"
        )
    opening, lowest = fmean(losses), min(later, key=lambda each: each.smoothed)
    error = stdev(losses) * sqrt((1 - BETA) / (1 + BETA))
    if not opening - lowest.smoothed > ERRORS * error:
        why = "the loss falls at no rate by more than batches differ: the network learns nothing in so few steps"
        return Suggestion(rate=None, lowest=lowest, opening=opening, why=why)
    rate = round_to_two_figures(lowest.rate / BELOW)
    rising = lowest is not later[-1] or not isfinite(lowest.smoothed)
    why = "" if rising else "the loss still falls at the highest rate: a higher --high may suggest a higher one"
    return Suggestion(rate=rate, lowest=lowest, opening=opening, why=why)


def round_to_two_figures(number: float) -> float:
    """A positive number with two significant digits.

    >>> round_to_two_figures(0.0089023), round_to_two_figures(1.26)
    (0.0089, 1.3)
    """
    return round(number, 1 - floor(log10(number)))
