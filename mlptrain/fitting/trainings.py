"""The trainings of a fit: one, or one a fold, and perhaps a refit; in turn, or side by side."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from mlptrain.errors import Interrupted, SpecError
from mlptrain.fitting.fan_out import train_side_by_side
from mlptrain.fitting.host import Host
from mlptrain.fitting.keeper import Keeper
from mlptrain.fitting.out_of_fold import Recorder
from mlptrain.fitting.outcome import TrainingResult, join_results
from mlptrain.fitting.remark import Run
from mlptrain.fitting.training import Record, Trained, Trainer, make_course
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.products import limit_threads
from mlptrain.model.training_names import choose_training_noun, name_training
from mlptrain.preparation.material import TrainingData
from mlptrain.preparation.partitions import join_validation_to_training
from mlptrain.preparation.preparation import fit_and_encode_parts
from mlptrain.preparation.splits import Parts
from mlptrain.spec.fields import Split
from mlptrain.training.calibration import copy_temperature
from mlptrain.training.events import Sink


@dataclass(frozen=True, kw_only=True)
class FinishedTrainings:
    """What the trainings have brought about."""

    networks: Sequence[FittedNetwork]
    results: Sequence[TrainingResult]
    runs: Sequence[Run]
    """What is known of each training but a refit."""
    refit: bool = False
    """Whether the network is one that was trained anew on all rows."""


class Trainings:
    """The trainings of a fit, and what they share: data, keeper, sinks, host."""

    def __init__(self, data: TrainingData, keeper: Keeper, sinks: Iterable[Sink], host: Host) -> None:
        self.data, self.keeper, self.sinks, self.host = data, keeper, tuple(sinks), host
        self.trainer = Trainer(data, keeper, self.sinks, host)
        self.done: dict[int, Trained] = {}
        """The trainings that are over, by their number."""

    @property
    def networks(self) -> list[FittedNetwork]:
        """Those of the trainings that are over, in their order."""
        return [self.done[number].fitted for number in sorted(self.done)]

    @property
    def results(self) -> list[TrainingResult]:
        """How they ended."""
        return [self.done[number].result for number in sorted(self.done)]

    @property
    def runs(self) -> list[Run]:
        """What is known of each."""
        return [self.done[number].run for number in sorted(self.done)]

    def run(self, parts: Sequence[Parts], held: Recorder | None) -> FinishedTrainings:
        """Train on each of the parts; only to finish an unfinished fit, on those that have an epoch to show."""
        predicts = held is not None
        try:
            for trained in self.train_parts(parts, predicts=predicts):
                self.done[trained.number] = trained
        except Interrupted:
            self.done |= {each.number: each for each in self.trainer.stopped}
            raise
        if held is not None:
            for number, trained in sorted(self.done.items()):
                if trained.held_out is not None:
                    held.add(trained.held_out, number)
        if not self.done:
            raise SpecError("--finish: no epoch of the unfinished fit had ended; go on with --resume")
        if len(self.done) < len(parts):
            self.host.notice(describe_missing_trainings(self.data.spec.data.split, len(self.done)))
        if self.data.spec.training.refit:
            return self.refit(parts[0], self.done[1])
        return FinishedTrainings(runs=self.runs, networks=self.networks, results=self.results)

    def train_parts(self, parts: Sequence[Parts], *, predicts: bool) -> Iterator[Trained]:
        """Each training that is over: side by side where several can be, else in turn."""
        several = self.host.executor.workers > 1 and not self.keeper.finishes
        if several and len(parts) > 1:
            return train_side_by_side(self.trainer, parts, predicts=predicts)
        if several:
            self.host.notice("--workers: there is one training, for one process; folds and repeats go side by side")
        return self.train_in_turn(parts, predicts=predicts)

    def train_in_turn(self, parts: Sequence[Parts], *, predicts: bool) -> Iterator[Trained]:
        """Each training that is over, one after the other."""
        for number, part in enumerate(parts, 1):
            trained = self.trainer.train_part(part, number, len(parts), predicts=predicts)
            if trained is None:
                return
            yield trained
            if trained.result.reason == "interrupted":
                return
            self.keeper.keep_finished(number, trained.fitted, trained.result)

    def refit(self, part: Parts, searched: Trained) -> FinishedTrainings:
        """A network trained anew on all rows up to the best epoch, with the history and temperature of the search.

        Where that is not possible, what the search has found.
        """
        found, search = searched.fitted, searched.result
        if self.keeper.finishes:
            self.host.notice("training.refit: --finish trains no further; the network of the best epoch is kept")
            return FinishedTrainings(runs=self.runs, networks=[found], results=[replace(search, reason="interrupted")])
        if not found.history["best"].any():
            why = "no epoch is known to be the best, so there is none up to which to train anew"
            self.host.notice(f"training.refit: {why}")
            return FinishedTrainings(runs=self.runs, networks=[found], results=[search])
        if search.reason == "time_limit":
            return self.keep_search(found, search)
        encoded = fit_and_encode_parts(self.data, join_validation_to_training(part))
        course = replace(make_course(encoded), refit=search.best_epoch)
        copy_temperature(course.network, found.network)
        with limit_threads(course.network, course.batch_size, self.host.threads):
            self.trainer.load_executor(course)
            result, _ = self.trainer.train(encoded, course)
        if result.reason == "time_limit":
            return self.keep_search(found, replace(search, reason="time_limit"))
        whole = join_results(search, result)
        refitted = self.trainer.make_network(encoded, course, Record(history=found.history, layers=found.layers))
        return FinishedTrainings(runs=self.runs, networks=[refitted], results=[whole], refit=True)

    def keep_search(self, found: FittedNetwork, search: TrainingResult) -> FinishedTrainings:
        """What the search has found, where there was no time for a whole refit."""
        self.host.notice("training.time_limit: there was no time for the refit; the network of the best epoch is kept")
        return FinishedTrainings(runs=self.runs, networks=[found], results=[search])


def describe_missing_trainings(split: Split, done: int) -> str:
    """The notice that some of several trainings are not in the model."""
    count, noun = split.trainings, choose_training_noun(split.trainings, split.repeats)
    held = f"{done} networks" if done > 1 else f"the network of {name_training(1, count, split.repeats)} alone"
    return f"--finish: {count - done} of {count} {noun} were not trained; the model holds {held}"
