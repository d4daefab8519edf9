"""Companions: the networks of another recipe that have a share in the predictions of a recipe that gave something up.

They are cheap, and trained first. How much of the weight they get is found on validation rows that neither kind of
network was trained on (stacking: Wolpert, "Stacked generalization", 1992; Breiman, "Stacked regressions", 1996).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path

import numpy as np

from mlptrain.engine.class_metrics import LogLoss
from mlptrain.engine.comparisons import Undefined
from mlptrain.engine.metrics import METRICS, measure_metric
from mlptrain.engine.number_metrics import RMSE
from mlptrain.errors import Diverged, Interrupted
from mlptrain.figures import format_figure
from mlptrain.fitting.candidates import list_spec_candidates
from mlptrain.fitting.host import Host, ignore_notice
from mlptrain.fitting.keeper import FORGETFUL, Keeper
from mlptrain.fitting.out_of_fold import HeldOutRows
from mlptrain.fitting.time_limit import shorten_spec_epochs
from mlptrain.fitting.trainings import Trainings
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.head import Head
from mlptrain.model.rows import Rows
from mlptrain.preparation.partitions import divide_rows
from mlptrain.spec.file import Draft

SHARES = np.linspace(0.1, 0.9, 17)
"""The shares of the weight that the companions may have; both kinds of network have some."""
PART = 0.5
"""The part of the time that is left which companions take at most."""


class ValidationPredictions:
    """What each of several networks predicts for its own validation rows."""

    def __init__(self) -> None:
        self.found: dict[int, HeldOutRows] = {}

    def add(self, held_out: HeldOutRows, number: int) -> None:
        """The predictions of one more network; `number` counts them from 1."""
        self.found[number] = held_out


@dataclass(frozen=True, kw_only=True)
class Companions:
    """The networks of another recipe, and what they predict for their validation rows."""

    recipe: str
    networks: Sequence[FittedNetwork]
    predictions: ValidationPredictions


@dataclass(frozen=True, kw_only=True)
class Shares:
    """The weight of each of several networks and of each of its companions."""

    own: tuple[float, ...]
    companions: tuple[float, ...]


def train_companions(draft: Draft, rows: Rows, folder: Path, keeper: Keeper, host: Host) -> Companions | None:
    """The trained networks of a companion's draft; None, with a notice, where there are none.

    They depend on the spec and the rows alone, so a fit that goes on trains them anew.
    """
    assert draft.recipe is not None
    name = draft.recipe.name
    if keeper.finishes:
        host.notice(f"--finish: the networks of recipe {name} are not in the model, as nothing is trained now")
        return None
    data = list_spec_candidates(draft, rows, folder)[0].data
    data = replace(data, spec=shorten_spec_epochs(data.spec, data.spec.training.epochs))
    host.remark(f"recipe {name}: {data.spec.data.split.trainings} networks are trained first")
    now, predictions = host.clock(), ValidationPredictions()
    quiet = replace(host, notice=ignore_notice, warning=None, remark=ignore_notice, end=now + PART * (host.end - now))
    try:
        done = Trainings(data, FORGETFUL, (), quiet).run(divide_rows(data), predictions)
    except Interrupted:
        raise Interrupted(f"stopped during the training of recipe {name}; nothing more was written") from None
    except Diverged as problem:
        host.notice(f"the networks of recipe {name} are not in the model: {problem}")
        return None
    return Companions(recipe=name, networks=done.networks, predictions=predictions)


def share_weights(head: Head, own: ValidationPredictions, companions: Companions, host: Host) -> Shares:
    """The weights of networks and their companions whose average does best on the validation rows that both have.

    What is least is the log loss of classes, the RMSE of numbers; where that has no value, each kind has half the
    weight. Within a kind all networks weigh the same.
    """
    losses = [measure_share(head, own, companions.predictions, share) for share in (0.0, *SHARES, 1.0)]
    best = int(np.argmin(losses[1:-1])) if np.isfinite(losses).all() else len(SHARES) // 2
    share = float(SHARES[best])
    host.notice(
        f"recipe {companions.recipe} has {share:.0%} of the weight: {choose_metric(head)} on validation rows "
        f"{format_figure(losses[0])} without it, {format_figure(losses[-1])} alone, {format_figure(losses[best + 1])} "
        "together"
    )
    count, others = len(own.found), len(companions.networks)
    return Shares(own=((1 - share) / count,) * count, companions=(share / others,) * others)


def choose_metric(head: Head) -> str:
    """The metric that decides."""
    return LogLoss.name if head.has_classes else RMSE.name


def measure_share(head: Head, own: ValidationPredictions, others: ValidationPredictions, share: float) -> float:
    """Σ n m / Σ n over the pairs of networks with the same n validation rows, m the metric of (1 − share) p + share q.

    Not a number where a pair has none.
    """
    pairs = [(own.found[number], others.found[number]) for number in own.found if number in others.found]
    values = [measure_pair(head, one, other, share) for one, other in pairs]
    return float(np.average(values, weights=[len(one.truth) for one, _ in pairs]))


def measure_pair(head: Head, one: HeldOutRows, other: HeldOutRows, share: float) -> float:
    """The metric of (1 − share) p + share q; not a number where it has no value."""
    predictions = (1 - share) * one.predictions + share * other.predictions
    value = measure_metric(METRICS[choose_metric(head)], head.compare(predictions, one.truth), one.weights)
    return nan if isinstance(value, Undefined) else value
