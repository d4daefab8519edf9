"""Schedules: the value of a quantity (learning rate, momentum, dropout, weight decay) as a function of time.

`schedule(base, now)` gives the value at `now` for the configured value `base`. Times are epochs, as fractions; where
a schedule ends is the end of the run unless it says `epochs`.
"""

from dataclasses import dataclass, field, replace
from math import cos, floor, inf, log2, pi
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt


@dataclass(frozen=True)
class Now:
    """Where training stands: epochs done (with the fraction of this one), epochs in all, reductions so far."""

    epoch: float
    epochs: int
    reductions: int = 0

    @property
    def fraction(self) -> float:
        return min(self.epoch / self.epochs, 1.0)


@dataclass(frozen=True, kw_only=True)
class ConstantSchedule:
    """base, unchanged."""

    name: Literal["constant"] = "constant"

    def __call__(self, base: float, now: Now) -> float:
        return base


@dataclass(frozen=True, kw_only=True)
class Step:
    """base · factor^⌊epoch / every⌋."""

    name: Literal["step"] = "step"
    every: Annotated[int, Ge(1)] = 30
    """Epochs between two reductions."""
    factor: Annotated[float, Gt(0), Lt(1)] = 0.1
    """The factor of each reduction."""

    def __call__(self, base: float, now: Now) -> float:
        return base * self.factor ** floor(now.epoch / self.every)


@dataclass(frozen=True, kw_only=True)
class Exponential:
    """base · factor^epoch, falling at every step."""

    name: Literal["exponential"] = "exponential"
    factor: Annotated[float, Gt(0), Lt(1)] = 0.95
    """The factor of each epoch."""

    def __call__(self, base: float, now: Now) -> float:
        return float(base * self.factor**now.epoch)


@dataclass(frozen=True, kw_only=True)
class InverseTime:
    """base / (1 + rate · epoch) (Robbins & Monro, 1951)."""

    name: Literal["inverse_time"] = "inverse_time"
    rate: Annotated[float, Gt(0)] = 1.0
    """How fast it falls."""

    def __call__(self, base: float, now: Now) -> float:
        return base / (1 + self.rate * now.epoch)


@dataclass(frozen=True, kw_only=True)
class Polynomial:
    """end + (base − end) (1 − t)^power, t the fraction of the run done."""

    name: Literal["polynomial"] = "polynomial"
    power: Annotated[float, Gt(0)] = 1.0
    """The power of the share of the run that is left."""
    end: Annotated[float, Ge(0)] = 0.0
    """The value at the end."""

    def __call__(self, base: float, now: Now) -> float:
        return float(self.end + (base - self.end) * (1 - now.fraction) ** self.power)


@dataclass(frozen=True, kw_only=True)
class Cosine:
    """end + (base − end) ½ (1 + cos π t), t the fraction of the cycle done (Loshchilov & Hutter, 2017).

    `cycles` restarts, each cycle `growth` times as long as the one before.
    """

    name: Literal["cosine"] = "cosine"
    end: Annotated[float, Ge(0)] = 0.0
    """The value at the end."""
    cycles: Annotated[int, Ge(1), Le(1000)] = 1
    """How many times it starts anew, the first one included."""
    growth: Annotated[float, Gt(0), Le(100)] = 1.0
    """How much longer each cycle is than the one before."""

    def __call__(self, base: float, now: Now) -> float:
        longest = self.cycles - 1 if self.growth > 1 else 0  # its length is 1, so that none overflows
        lengths = [self.growth ** (cycle - longest) for cycle in range(self.cycles)]
        left = now.fraction * sum(lengths)
        for length in lengths[:-1]:
            if left < length:
                break
            left -= length
        else:
            length = lengths[-1]
        return interpolate_cosine(base, self.end, min(left / length, 1.0) if length else 1.0)


@dataclass(frozen=True, kw_only=True)
class CosLog4:
    """base · ½ (1 − cos(2π log₂(1 + 15 t))), t the fraction of the run done (Holzmüller et al., 2024, RealMLP).

    Four cycles from 0 to base and back, each twice as long as the one before; 0 at t = 0, 1/15, 1/5, 7/15 and 1.
    """

    name: Literal["coslog4"] = "coslog4"

    def __call__(self, base: float, now: Now) -> float:
        return base * 0.5 * (1 - cos(2 * pi * log2(1 + 15 * now.fraction)))


@dataclass(frozen=True, kw_only=True)
class FlatCosine:
    """base up to `flat` of the run, then down to 0 along half a cosine (Holzmüller et al., 2024, RealMLP)."""

    name: Literal["flat_cos"] = "flat_cos"
    flat: Annotated[float, Ge(0), Lt(1)] = 0.5
    """The share of the run before the fall."""

    def __call__(self, base: float, now: Now) -> float:
        return interpolate_cosine(base, 0.0, max(now.fraction - self.flat, 0.0) / (1 - self.flat))


@dataclass(frozen=True, kw_only=True)
class OneCycle:
    """From base / start_divisor up to base at `peak` of the run, then down to base / end_divisor, by cosines.

    Smith & Topin (2018), in the two phases of PyTorch and fastai; base is the largest value.
    """

    name: Literal["one_cycle"] = "one_cycle"
    peak: Annotated[float, Gt(0), Lt(1)] = 0.3
    """The share of the run before the peak."""
    start_divisor: Annotated[float, Ge(1)] = 25.0
    """base over the value at the start."""
    end_divisor: Annotated[float, Ge(1)] = 1e4
    """base over the value at the end."""

    def __call__(self, base: float, now: Now) -> float:
        t = now.fraction
        if t < self.peak:
            return interpolate_cosine(base / self.start_divisor, base, t / self.peak)
        return interpolate_cosine(base, base / self.end_divisor, (t - self.peak) / (1 - self.peak))


def interpolate_cosine(start: float, end: float, t: float) -> float:
    """From start to end along half a cosine."""
    return end + (start - end) * 0.5 * (1 + cos(pi * t))


@dataclass(frozen=True, kw_only=True)
class LinearRamp:
    """From start (0) to end (base) in a straight line over `epochs` (the whole run), then end; defaults in brackets."""

    name: Literal["linear"] = "linear"
    start: Annotated[float, Ge(0)] = 0.0
    """The value at the start."""
    end: Annotated[float, Ge(0)] | None = None
    """The value from `epochs` on."""
    epochs: Annotated[float, Gt(0)] | None = None
    """The epochs of the line."""

    def __call__(self, base: float, now: Now) -> float:
        end = base if self.end is None else self.end
        t = now.fraction if self.epochs is None else min(now.epoch / self.epochs, 1.0)
        return self.start + (end - self.start) * t


@dataclass(frozen=True, kw_only=True)
class ReduceOnPlateau:
    """base · factor^reductions, not below `minimum`: one more reduction when the watched value has not improved.

    `patience` epochs without an improvement of more than `min_delta` make a reduction; `cooldown` epochs after it are
    not counted.
    """

    name: Literal["reduce_on_plateau"] = "reduce_on_plateau"
    factor: Annotated[float, Gt(0), Lt(1)] = 0.1
    """The factor of each reduction."""
    patience: Annotated[int, Ge(1)] = 10
    """Epochs without improvement before a reduction."""
    min_delta: Annotated[float, Ge(0)] = 1e-4
    """The least improvement that counts."""
    cooldown: Annotated[int, Ge(0)] = 0
    """Epochs after a reduction in which none is counted."""
    minimum: Annotated[float, Ge(0)] = 0.0
    """The value below which it does not fall."""

    def __call__(self, base: float, now: Now) -> float:
        return max(base * self.factor**now.reductions, min(self.minimum, base))


@dataclass(frozen=True)
class Plateau:
    """What `ReduceOnPlateau` has seen. The watched value is one to be made small."""

    best: float = inf
    wait: int = 0
    cooldown: int = 0
    reductions: int = 0

    def after(self, value: float, rule: ReduceOnPlateau) -> "Plateau":
        """The state after an epoch that ended with `value`; NaN is no improvement."""
        cooldown = max(self.cooldown - 1, 0)
        if value < self.best - rule.min_delta:
            return replace(self, best=value, wait=0, cooldown=cooldown)
        if self.cooldown:
            return replace(self, wait=0, cooldown=cooldown)
        if self.wait + 1 < rule.patience:
            return replace(self, wait=self.wait + 1)
        return Plateau(best=self.best, wait=0, cooldown=rule.cooldown, reductions=self.reductions + 1)


Decay = (
    ConstantSchedule
    | Step
    | Exponential
    | InverseTime
    | Polynomial
    | Cosine
    | CosLog4
    | FlatCosine
    | OneCycle
    | LinearRamp
    | ReduceOnPlateau
)


@dataclass(frozen=True, kw_only=True)
class WarmUp:
    """From start · value up to the value in a straight line over the first `epochs`, on top of the schedule `then`.

    `then` sees the whole run: its time is not shifted (Goyal et al., 2017).
    """

    name: Literal["warm_up"] = "warm_up"
    epochs: Annotated[float, Gt(0)] = 5.0
    """The epochs of the rise."""
    start: Annotated[float, Ge(0), Lt(1)] = 0.0
    """The share of the value at the start."""
    then: Decay = field(default_factory=ConstantSchedule)
    """The schedule after the rise."""

    def __call__(self, base: float, now: Now) -> float:
        ramp = min(now.epoch / self.epochs, 1.0)
        return self.then(base, now) * (self.start + (1 - self.start) * ramp)


Schedule = Decay | WarmUp


def find_plateau_rule(schedule: Schedule) -> ReduceOnPlateau | None:
    """The rule that reduces on a plateau, if the schedule has one."""
    inner = schedule.then if isinstance(schedule, WarmUp) else schedule
    return inner if isinstance(inner, ReduceOnPlateau) else None


def resize_schedule(schedule: Schedule, epochs: int, *, of: int) -> Schedule:
    """The schedule for a run of `epochs` instead of `of` epochs: epochs that it names change in proportion."""
    if isinstance(schedule, WarmUp):
        then = resize_decay(schedule.then, epochs, of=of)
        return replace(schedule, epochs=schedule.epochs * epochs / of, then=then)
    return resize_decay(schedule, epochs, of=of)


def resize_decay(decay: Decay, epochs: int, *, of: int) -> Decay:
    """The decay for a run of `epochs` instead of `of` epochs."""
    if isinstance(decay, LinearRamp) and decay.epochs is not None:
        return replace(decay, epochs=decay.epochs * epochs / of)
    return decay


def depends_on_total_epochs(schedule: Schedule) -> bool:
    """Whether the values of the epochs done change when the run is made longer."""
    inner = schedule.then if isinstance(schedule, WarmUp) else schedule
    open_ended = isinstance(inner, LinearRamp) and inner.epochs is None
    return open_ended or isinstance(inner, Polynomial | Cosine | CosLog4 | FlatCosine | OneCycle)
