"""A study: trials one after the other or side by side, until there are enough or the time is over."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

from mlptrain.fitting.host import Host
from mlptrain.tuning.study import Study, TrialRecord
from mlptrain.tuning.trial import Reported, TrialJob, TrialOutcome
from mlptrain.workers.contract import Task

DEFAULT_TRIALS = 50


@dataclass
class Progress:
    """What becomes of the trials of one command."""

    study: Study
    host: Host
    trials: float
    end: float
    tell: Callable[[TrialRecord], object]

    def is_over(self) -> bool:
        """Whether no trial is begun any more, and those under way are to end."""
        return self.host.stop() or self.host.clock() >= self.end

    def make_tasks(self) -> Iterator[Task]:
        """A task for each trial; its values are chosen when a worker is free."""
        while not self.is_over() and len(self.study.trials) < self.trials:
            number, values = self.study.ask()
            yield Task(key=number, name=f"trial {number}", payload=values)

    def hear(self, number: Any, message: Any) -> bool:
        """Note a value on the way; whether the trial is to end."""
        if isinstance(message, Reported) and self.study.report(number, message.step, message.value):
            self.pruned.add(number)
        return number in self.pruned

    def __post_init__(self) -> None:
        self.pruned = set[int]()

    def take(self, number: int, outcome: TrialOutcome) -> None:
        """End a trial in the journal, and say how it went."""
        late = self.host.clock() >= self.end and not self.host.stop()
        self.tell(self.study.tell(number, outcome, pruned=number in self.pruned or late))


def run_study(
    study: Study, job: TrialJob, host: Host, trials: int | None, end: float, tell: Callable[[TrialRecord], object]
) -> None:
    """Make trials until there are so many, or the time is over; `tell` hears of each that has ended."""
    most = choose_trials(job, trials, limited=end < inf)
    progress = Progress(study=study, host=host, trials=most, end=end, tell=tell)
    with host.executor.prepare(TrialJob, host.executor.workers):
        for done in host.executor.run(job, progress.make_tasks(), progress.hear, progress.is_over):
            assert isinstance(done.key, int)
            progress.take(done.key, done.result)


def choose_trials(job: TrialJob, trials: int | None, *, limited: bool) -> float:
    """How many trials are made: as asked for, all of a grid, as many as the time allows, or the default."""
    settings = job.space.settings
    asked = trials or settings.trials
    if settings.sampler == "grid":
        combinations = job.space.count_combinations() or 1
        return min(asked or combinations, combinations)
    return asked or (inf if limited else DEFAULT_TRIALS)
