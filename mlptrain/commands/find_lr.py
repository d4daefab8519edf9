"""`find-lr`: the learning-rate range test of a spec, in memory; nothing is written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from mlptrain.commands.fit import read_checked_draft
from mlptrain.display import Displayable
from mlptrain.errors import SpecError
from mlptrain.figures import format_setting
from mlptrain.fitting.candidates import Candidate, list_spec_candidates, read_rows_of_draft
from mlptrain.fitting.host import Host
from mlptrain.fitting.training import list_row_notices, make_course
from mlptrain.model.products import limit_threads
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.preparation import fit_and_encode_parts
from mlptrain.spec.fields import Spec
from mlptrain.training.course import Course
from mlptrain.training.rate_range import RangeStep, RateRange, Suggestion, run_range_test, suggest_rate

STEPS, LOW, HIGH = 100, 1e-6, 10.0
FEWEST = 20
"""Steps below which a curve says nothing."""
KEY = "optimizer.learning_rate"


@dataclass(frozen=True, kw_only=True)
class RateSearch(Displayable):
    """What the range test of a spec has shown."""

    optimizer: str
    rate: float
    """The learning rate of the spec."""
    rates: RateRange
    train_rows: int
    batch_size: int
    steps: tuple[RangeStep, ...]
    """Fewer than were planned where the loss went far above that of the beginning, or was not finite."""
    suggestion: Suggestion
    notices: tuple[str, ...] = ()

    @property
    def ended_early(self) -> bool:
        """Whether the loss ended the test before the highest rate."""
        return len(self.steps) < self.rates.steps

    @property
    def option(self) -> str:
        """What to type behind `mlptrain fit SPEC` to train at the suggested rate; empty if there is none."""
        rate = self.suggestion.rate
        return "" if rate is None else f"--set {KEY}={format_setting(rate)}"


def find_learning_rate(
    spec_path: str,
    *,
    steps: int = STEPS,
    low: float = LOW,
    high: float = HIGH,
    overrides: Sequence[str] = (),
    threads: int | None = None,
    spill_dir: Path | None = None,
) -> RateSearch:
    """The range test of a spec on its first training: as many steps as asked for, at rates from low to high."""
    rates = make_rate_range(steps, low, high)
    draft, folder = read_checked_draft(spec_path, overrides)
    said = list(draft.notices)
    host = Host(notice=said.append, spill_dir=spill_dir)
    candidates = list_spec_candidates(draft, read_rows_of_draft(draft, folder, host), folder)
    data = candidates[0].data
    with draft.name_places():
        require_rates_of_steps(data.spec)
        parts = divide_rows(data)
        encoded = fit_and_encode_parts(data, parts[0])
        course = make_course(encoded, folds=len(parts))
    with limit_threads(course.network, course.batch_size, threads):
        found = tuple(run_range_test(course, rates))
    said += [*list_row_notices(encoded), *describe_difference_from_fit(candidates, course)]
    return RateSearch(
        optimizer=data.spec.optimizer.name,
        rate=data.spec.optimizer.learning_rate,
        rates=rates,
        train_rows=course.train.rows,
        batch_size=course.batch_size,
        steps=found,
        suggestion=suggest_rate(found, rates),
        notices=tuple(said),
    )


def make_rate_range(steps: int, low: float, high: float) -> RateRange:
    """The rates of a test; a SpecError if they do not rise, or are too few."""
    for option, value in (("--low", low), ("--high", high)):
        if not (isfinite(value) and value > 0):
            raise SpecError(f"{option} {str(value).removesuffix('.0')}: a learning rate is a number above 0")
    if low >= high:
        raise SpecError(f"--low {format_setting(low)}: it must be below --high, which is {format_setting(high)}")
    if steps < FEWEST:
        raise SpecError(f"--steps {steps}: so few steps show no curve; give {FEWEST} at least")
    return RateRange(low=low, high=high, steps=steps)


def require_rates_of_steps(spec: Spec) -> None:
    """Refuse an optimizer that finds the length of each step itself."""
    if spec.optimizer.full_batch:
        name = spec.optimizer.name
        why = f"{name} finds the length of each step by a search, and its learning_rate is only the first that it tries"
        raise SpecError(
            f"optimizer: {why}: there is no rate to find; leave it at {format_setting(spec.optimizer.learning_rate)}"
        )


def describe_difference_from_fit(candidates: Sequence[Candidate], course: Course) -> Iterator[str]:
    """What the test leaves out of a fit of the spec."""
    if len(candidates) > 1 and (taken := candidates[0].expansion) is not None:
        yield f"a fit would try the recipe's choices; the test takes its first: {taken.choice}"
    if course.folds > 1:
        yield f"the test is of the first of {course.folds} trainings"
    if off := [name for name, each in vars(course.spec.schedules).items() if each is not None]:
        peak = "; the suggested rate is the largest that its schedule comes to" if "learning_rate" in off else ""
        yield f"schedules are off in the test ({', '.join(off)}){peak}"
