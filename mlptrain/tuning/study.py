"""A study in its journal: which trials there were, which values are tried next (the only file that imports Optuna).

T. Akiba et al., "Optuna: A Next-generation Hyperparameter Optimization Framework", KDD 2019; TPE: J. Bergstra et al.,
"Algorithms for Hyper-Parameter Optimization", NeurIPS 2011; hyperband: L. Li et al., JMLR 18, 2018; the importance of
keys: S. Watanabe et al., "PED-ANOVA", IJCAI 2023.
"""

import os
import platform
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

from mlptrain.errors import EnvironmentFailure, SpecError
from mlptrain.spec.tune import Choices, Searched, SearchSpace
from mlptrain.tuning.trial import TrialOutcome

NAME = "mlptrain"
BEGINNING = b'{"op_code":'
"""How every journal begins."""
GRACE = 30
"""Seconds after which Optuna takes the lock of a journal from a process that was killed while it wrote."""
AWAY = 3.0
"""A trial of another machine that has taken so many times the longest one is given up."""


def load_optuna() -> Any:
    """The library, which says nothing by itself."""
    try:
        import optuna
    except ImportError:
        raise EnvironmentFailure("tune needs Optuna: pip install 'mlptrain[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    return optuna


def require_journal(path: Path) -> None:
    """An error where a file is no journal: it is not to be written to, nor removed."""
    with path.open("rb") as stream:
        beginning = stream.read(len(BEGINNING))
    if not BEGINNING.startswith(beginning):
        raise SpecError(f"{path}: this is no study; move it away, or choose another --out")


def cut_torn_line(path: Path) -> bool:
    """Cut off a last line that a killed process has left half written; whether there was one."""
    content = path.read_bytes()
    if content.endswith(b"\n") or not content:
        return False
    with path.open("r+b") as stream:
        stream.truncate(content.rfind(b"\n") + 1)
    return True


def describe_left_lock(path: Path) -> str:
    """What is said where a killed process has left the lock of a journal; empty where none has."""
    if not os.path.lexists(f"{path}.lock"):
        return ""
    return f"{path}: a process that was killed has left its lock, which is taken from it after {GRACE} seconds"


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """A trial of a study: the values it set, and how it ended."""

    number: int
    """From 1."""
    state: str
    """complete, pruned, failed, or running."""
    values: Mapping[str, float]
    value: float | None
    seconds: float | None
    message: str = ""
    spec: Mapping[str, Any] | None = None


class Study:
    """The trials of a study, in a journal that several processes may write."""

    def __init__(self, path: Path, space: SearchSpace, *, larger_is_better: bool, seed: int, epochs: int) -> None:
        self.optuna = load_optuna()
        self.path, self.space, self.seed = path, space, seed
        if space.settings.sampler == "qmc" and find_spec("scipy") is None:
            raise EnvironmentFailure("tune.sampler: qmc needs SciPy: pip install 'mlptrain[tune]'")
        direction = "maximize" if larger_is_better else "minimize"
        journal = self.optuna.storages.journal
        lock = journal.JournalFileOpenLock(str(path)) if sys.platform == "win32" else None
        how = {"study_name": NAME, "direction": direction, "pruner": self.make_pruner(epochs)}
        try:
            storage = self.optuna.storages.JournalStorage(journal.JournalFileBackend(str(path), lock_obj=lock))
            self.study = self.optuna.create_study(storage=storage, load_if_exists=True, **how)
        except ValueError:  # a line that is no JSON
            raise SpecError(f"{path}: the journal is damaged; --restart forgets the study") from None
        self.running: dict[int, Any] = {}
        self.distributions = {key: self.make_distribution(each) for key, each in space.searched.items()}

    def make_pruner(self, epochs: int) -> Any:
        """What ends trials early."""
        pruners, kind = self.optuna.pruners, self.space.settings.pruner
        if kind == "hyperband":
            return pruners.HyperbandPruner(min_resource=1, max_resource=max(epochs, 2))
        return pruners.MedianPruner() if kind == "median" else pruners.NopPruner()

    def make_distribution(self, searched: Searched) -> Any:
        """The values of a key as Optuna knows them; choices by their numbers."""
        kinds = self.optuna.distributions
        if isinstance(searched, Choices):
            return kinds.CategoricalDistribution(tuple(range(len(searched.values))))
        if searched.whole:
            step = round(searched.step or 1)
            return kinds.IntDistribution(round(searched.low), round(searched.high), log=searched.log, step=step)
        return kinds.FloatDistribution(searched.low, searched.high, log=searched.log, step=searched.step)

    def make_sampler(self, number: int) -> Any:
        """What chooses the values of a trial: of the seed and its number, so that a resumed study goes on alike."""
        samplers, seed = self.optuna.samplers, (self.seed + 7919 * number) % 2**32
        kind = self.space.settings.sampler
        if kind == "tpe":
            return samplers.TPESampler(seed=seed)
        if kind == "qmc":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Optuna calls it experimental
                return samplers.QMCSampler(seed=self.seed % 2**32)
        return samplers.RandomSampler(seed=seed)

    # What stands in the journal.

    @property
    def facts(self) -> dict[str, Any]:
        """What the study was begun with."""
        return dict(self.study.user_attrs)

    def write_facts(self, facts: Mapping[str, Any]) -> None:
        """Say what the study is begun with."""
        for name, value in facts.items():
            self.study.set_user_attr(name, value)

    @property
    def trials(self) -> list[TrialRecord]:
        """All trials but those that nobody ended."""
        return [make_record(each) for each in self.study.get_trials(deepcopy=False) if is_counted(each)]

    def give_up_lost_trials(self) -> int:
        """Mark the trials whose process has gone, and put their values before the next ones; how many they were."""
        lost = [each for each in self.study.get_trials(deepcopy=False) if each.state.name == "RUNNING"]
        longest = max([each.seconds or 0.0 for each in self.trials], default=0.0)
        gone = [each for each in lost if is_lost(each, longest)]
        for each in gone:
            self.study.tell(each.number, state=self.optuna.trial.TrialState.FAIL)
            self.study.enqueue_trial(each.params)
        return len(gone)

    # One trial after the other.

    def ask(self) -> tuple[int, dict[str, float]]:
        """Begin a trial: its number, from 1, and the values that it sets."""
        count = len(self.study.get_trials(deepcopy=False))
        if self.space.settings.sampler == "grid" and not self.has_waiting():
            self.study.enqueue_trial(self.choose_next_of_grid())
        self.study.sampler = self.make_sampler(count)
        trial = self.study.ask(self.distributions)
        trial.set_user_attr("process", f"{platform.node()}:{os.getpid()}")
        self.running[trial.number + 1] = trial
        return trial.number + 1, dict(trial.params)

    def has_waiting(self) -> bool:
        """Whether values are to be tried before others."""
        return any(each.state.name == "WAITING" for each in self.study.get_trials(deepcopy=False))

    def choose_next_of_grid(self) -> dict[str, float]:
        """The first combination of the grid that no trial has."""
        steps = [each.list_steps() or [] for each in self.space.searched.values()]
        known = [each.params for each in self.study.get_trials(deepcopy=False)]
        for values in product(*steps):
            combination = dict(zip(self.space.searched, values, strict=True))
            if not any(is_near(each, combination) for each in known):
                return combination
        raise SpecError("tune.trials: all combinations of the grid have been tried")

    def report(self, number: int, step: int, value: float) -> bool:
        """Note a value on the way, where it may matter; whether the trial is to end."""
        if self.space.settings.pruner == "none":
            return False
        trial = self.running[number]
        trial.report(value, step)
        return bool(trial.should_prune())

    def tell(self, number: int, outcome: TrialOutcome, *, pruned: bool) -> TrialRecord:
        """End a trial; one that was stopped by the user is none of those that count."""
        trial, states = self.running.pop(number), self.optuna.trial.TrialState
        for name in ("seconds", "message", "spec"):
            trial.set_user_attr(name, getattr(outcome, name))
        if outcome.state == "complete":
            self.study.tell(trial, outcome.value)
        elif outcome.state == "stopped" and pruned:
            self.study.tell(trial, state=states.PRUNED)
        else:
            trial.set_user_attr("counts", outcome.state == "failed")
            self.study.tell(trial, state=states.FAIL)
            if outcome.state == "stopped":
                self.study.enqueue_trial(trial.params)
        return make_record(self.study.get_trials(deepcopy=False)[number - 1])

    def measure_importance(self) -> dict[str, float]:
        """How much of the differences between trials each key explains; nothing where there are too few."""
        if len(self.space.searched) < 2:
            return {}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return dict(self.optuna.importance.get_param_importances(self.study))
        except (ValueError, RuntimeError):
            return {}

    def sort_complete(self) -> list[TrialRecord]:
        """The trials that came to their end, the best first; of equal ones the first."""
        larger = self.study.direction.name == "MAXIMIZE"
        complete = [each for each in self.trials if each.state == "complete" and each.value is not None]
        return sorted(complete, key=lambda each: (-(each.value or 0.0) if larger else (each.value or 0.0), each.number))


STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "running"}


def is_counted(trial: Any) -> bool:
    """Whether a trial is one of those that were asked for: not one that waits, was stopped, or lost its process."""
    return trial.state.name in ("COMPLETE", "PRUNED", "RUNNING") or bool(trial.user_attrs.get("counts"))


def make_record(trial: Any) -> TrialRecord:
    """A trial of Optuna as a record."""
    last = max(trial.intermediate_values.items(), default=(0, None))[1]
    return TrialRecord(
        number=trial.number + 1,
        state=STATES[trial.state.name],
        values=dict(trial.params),
        value=trial.value if trial.state.name == "COMPLETE" else last,
        seconds=trial.user_attrs.get("seconds"),
        message=trial.user_attrs.get("message", ""),
        spec=trial.user_attrs.get("spec"),
    )


def is_lost(trial: Any, longest: float) -> bool:
    """Whether the process of a running trial has gone: on this machine for certain, on others by its time."""
    host, _, number = trial.user_attrs.get("process", ":").rpartition(":")
    if host == platform.node() and sys.platform != "win32":
        return int(number) == os.getpid() or not is_alive(
            int(number)
        )  # in a container a new process has the old number
    age = 0.0 if trial.datetime_start is None else (trial.datetime_start.now() - trial.datetime_start).total_seconds()
    return not host or (longest > 0 and age > AWAY * longest)


def is_alive(process: int) -> bool:
    """Whether a process of this machine is there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def is_near(one: Mapping[str, Any], other: Mapping[str, float]) -> bool:
    """Whether two sets of values are the same, but for rounding."""
    return one.keys() == other.keys() and all(
        abs(one[key] - other[key]) <= 1e-9 * max(1, abs(other[key])) for key in other
    )
