"""A whole fit in memory: a spec and rows in, a model and how it went out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from mlptrain.display import Displayable
from mlptrain.engine.metrics import Metrics
from mlptrain.errors import Interrupted, SpecError
from mlptrain.figures import format_figure
from mlptrain.fitting.candidates import list_spec_candidates
from mlptrain.fitting.companions import Companions, ValidationPredictions, share_weights, train_companions
from mlptrain.fitting.concessions import choose_concession
from mlptrain.fitting.host import Host
from mlptrain.fitting.keeper import FORGETFUL, Keeper
from mlptrain.fitting.out_of_fold import HeldOut, require_distinct_held_out_columns
from mlptrain.fitting.outcome import Outcome, TrainingResult, summarize_results
from mlptrain.fitting.remark import describe_runs
from mlptrain.fitting.thread_choice import choose_threads
from mlptrain.fitting.time_limit import apply_time_limit, begin_time_limit
from mlptrain.fitting.trainings import Trainings
from mlptrain.fitting.trials import choose_candidate
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows
from mlptrain.model.training_names import describe_best_epochs
from mlptrain.preparation.material import TrainingData, digest_training_data
from mlptrain.preparation.partitions import divide_rows
from mlptrain.spec.file import Draft
from mlptrain.training.events import FitFinished, FitStarted, Sink, open_sinks, tell_sinks


@dataclass(frozen=True, kw_only=True, repr=False)
class Fit(Displayable):
    """A model, and how its fit went."""

    model: Model
    outcome: Outcome
    held_out: HeldOut | None = None
    """Each row's prediction while it was held out, if that was asked for."""

    @property
    def metrics(self) -> dict[str, Metrics]:
        """Per part (train, validation) all metrics of the parameters that were kept."""
        return self.outcome.metrics

    @property
    def baseline(self) -> dict[str, Metrics]:
        """Per part the metrics of the prediction that knows nothing of a row, made of the training rows."""
        return self.outcome.baseline

    @property
    def undefined(self) -> dict[str, dict[str, str]]:
        """Per part why a metric has no value."""
        return self.outcome.undefined

    @property
    def targets(self) -> dict[str, dict[str, Metrics]]:
        """Per part, of several targets the metrics of each."""
        return self.outcome.targets

    @property
    def epochs(self) -> int:
        """Epochs done."""
        return self.outcome.epochs

    @property
    def best_epoch(self) -> int:
        """The epoch whose parameters were kept."""
        return self.outcome.best_epoch

    @property
    def history(self) -> dict[str, list[float | None]]:
        """The epochs, column by column."""
        return self.model.history

    @property
    def layers(self) -> dict[str, dict[str, list[float | None]]]:
        """What was seen of the layers, by layer and by fact, one number a snapshot, their epochs beside them."""
        return self.model.layers

    def __repr__(self) -> str:
        """What the fit came to, in a few lines."""
        outcome, several = self.outcome, len(self.model.networks) > 1
        size = f"{len(self.model.networks)} networks, " if several else ""
        best = describe_best_epochs([each.best_epoch for each in outcome.folds or (outcome,)])
        lines = [f"Fit: {size}{outcome.parameters:,} parameters, epoch {best} of {outcome.epochs}"]
        for part, metrics in outcome.metrics.items():
            known = ", ".join(f"{name} {format_figure(value)}" for name, value in metrics.items() if value is not None)
            lines.append(f"  {part}: {known}")
        lines += [f"  {outcome.remark}"] if outcome.remark else []
        return "\n".join(lines)


def fit_rows(
    draft: Draft,
    rows: Rows,
    *,
    folder: Path = Path(),
    host: Host | None = None,
    sinks: Iterable[Sink] = (),
    keeper: Keeper = FORGETFUL,
    keep_held_out: bool = False,
) -> Fit:
    """Train what a spec says on rows in memory; `folder` is the one that the spec's other paths are relative to.

    With `keep_held_out` the fit also has each row's prediction while it was held out. If `host.stop()` wishes so,
    Interrupted is raised; its `model` is the best so far, None before the first epoch's end.
    """
    host = host or Host()
    host = replace(host, begun=host.clock() if host.begun is None else host.begun)
    host = begin_time_limit(draft.spec.training.time_limit, host)
    with draft.name_places():
        return fit_candidates(draft, rows, folder, host, tuple(sinks), keeper, keep_held_out=keep_held_out)


def fit_candidates(
    draft: Draft, rows: Rows, folder: Path, host: Host, sinks: Sequence[Sink], keeper: Keeper, *, keep_held_out: bool
) -> Fit:
    """Train the candidate of a spec that suits the rows, within the host's time."""
    host = choose_threads(draft, rows, folder, keeper.unfinished, host)
    conceded = choose_concession(draft, rows, folder, keeper.unfinished, host, needs_folds=keep_held_out)
    other = conceded.companion
    companions = None if other is None else train_companions(other, rows, folder, keeper, host)
    candidates = list_spec_candidates(conceded.draft, rows, folder)
    several = len(candidates) > 1
    first = make_fit_started_event(draft, keeper)
    with open_sinks(sinks if several else (), first):
        trial = None if conceded.draft.recipe is None else conceded.draft.recipe.trial
        data = choose_candidate(candidates, trial, keeper.unfinished, host, sinks).data
        if keep_held_out and data.spec.data.split.folds is None:
            raise SpecError("--out-of-fold: the spec has no folds; set data.split.folds")
        if keep_held_out:
            require_distinct_held_out_columns(data)
        data = apply_time_limit(data, keeper.unfinished, host, conceded.given_up)
        held_out = HeldOut(data.rows, data.spec.data.split) if keep_held_out else None
        trainings = Trainings(data, keeper, sinks, host)
        with open_sinks(() if several else sinks, first):
            return train_on_parts(data, trainings, held_out, companions)


def make_fit_started_event(draft: Draft, keeper: Keeper) -> FitStarted:
    """The event that a fit begins, or goes on."""
    return FitStarted(
        source=draft.document.name,
        user_settings=draft.user_settings,
        goes_on=keeper.unfinished is not None,
        restarts=keeper.restarts,
    )


def make_fit_finished_event(outcome: Outcome) -> FitFinished:
    """The event that a fit is over."""
    return FitFinished(**{each.name: getattr(outcome, each.name) for each in fields(FitFinished)})


def train_on_parts(
    data: TrainingData, trainings: Trainings, held_out: HeldOut | None, companions: Companions | None = None
) -> Fit:
    """Divide the rows, train, and sum up; an Interrupted has the best model so far, unless a checkpoint keeps it."""
    clock, keeper = trainings.host.clock, trainings.keeper
    parts, begun = divide_rows(data), clock()
    predictions = ValidationPredictions()
    try:
        ended = trainings.run(parts, held_out if companions is None else predictions)
    except Interrupted as problem:
        if not keeper.remembers:
            problem.model = make_unfinished_model(data, trainings, len(parts), clock() - begun)
        raise
    refit, seconds = ended.refit if data.spec.training.refit else None, clock() - begun
    done = make_fit(data, ended.networks, ended.results, seconds=seconds, asked=len(parts), refit=refit)
    if companions is not None:
        done = add_companions(done, predictions, companions, trainings.host)
    remark = describe_runs(ended.runs, data.spec.data.split)
    outcome = replace(done.outcome, remark=remark)
    tell_sinks(trainings.sinks, make_fit_finished_event(outcome))
    return replace(done, held_out=held_out, outcome=outcome)


def add_companions(done: Fit, predictions: ValidationPredictions, companions: Companions, host: Host) -> Fit:
    """A fit whose model has the companions' networks too; its metrics are those of its own."""
    own, others = done.model.networks, companions.networks
    shares = share_weights(done.model.head, predictions, companions, host)
    model = replace(done.model, networks=[*own, *others], weights=[*shares.own, *shares.companions])
    return replace(done, model=model, outcome=replace(done.outcome, parameters=model.parameters))


def make_unfinished_model(data: TrainingData, trainings: Trainings, asked: int, seconds: float) -> Model | None:
    """The model of what an interrupted fit has done; None if no epoch had ended."""
    if not trainings.networks:
        return None
    networks, results = trainings.networks, trainings.results
    return make_fit(data, networks, results, seconds=seconds, asked=asked + 1, refit=None).model


def make_fit(
    data: TrainingData,
    networks: Sequence[FittedNetwork],
    results: Sequence[TrainingResult],
    *,
    seconds: float,
    asked: int,
    refit: bool | None,
) -> Fit:
    """The model of some networks, and the outcome of their trainings."""
    parameters = sum(each.network.parameters.theta.size for each in networks)
    split = data.spec.data.split
    outcome = summarize_results(results, seconds=seconds, parameters=parameters, asked=asked, refit=refit, split=split)
    model = Model(
        networks=networks,
        weights=(1.0,) * len(networks),
        result=outcome.facts(),
        data_digest=digest_training_data(data),
    )
    return Fit(model=model, outcome=outcome)
