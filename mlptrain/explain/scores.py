"""What a permutation costs: the difference of a metric, and what its standard error is made of.

B rows, w their weights, W = Σ w; K targets. d are the donors: row i is judged with the cells of row d(i).
Differences are positive where the intact rows are better. Both kinds of score give, beside the difference, a vector
whose mean over repeats tells the standard error over rows *and* repeats (`estimate_error`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.random import BitGenerator
from numpy.typing import NDArray

from mlptrain.engine.bootstrap import resample_weights
from mlptrain.engine.comparisons import Comparison, Undefined, Value
from mlptrain.engine.metrics import METRICS, is_larger_better, list_metrics, measure_metric
from mlptrain.engine.ranking import measure_row_wins
from mlptrain.errors import DataError, SpecError
from mlptrain.model.fitted_network import Judgement
from mlptrain.model.head import Head

Doubles = NDArray[np.float64]
RowNumbers = NDArray[np.int64]

LOSS = "loss"
SAMPLES = 100
"""Bootstrap samples of a metric that is no mean over rows: their standard deviation is known to 7 %."""
PROPER = (LOSS, "log_loss", "brier", "rmse", "mae", "rmsle")
"""Metrics that tell small changes of every row. Where a fit watched another one, the importance is of the default."""


@dataclass(frozen=True)
class RowMean:
    """A metric that is a mean over rows, or a root of one: m = meanₖ g(Σ w vₖ / W), with v (B, K) of each row."""

    values: Callable[[Judgement, Comparison], Doubles]
    root: bool = False
    """Whether g is the square root."""

    def measure(self, judgement: Judgement, answers: Comparison) -> tuple[float, Doubles]:
        """m, and the influence uᵢ = (B wᵢ / W) meanₖ g′(mₖ) (vᵢₖ − mₖ) of each row on it (B,)."""
        v = self.values(judgement, answers).astype(np.float64, copy=False)
        w = judgement.weights / judgement.weights.sum()
        m = w @ v
        g, slope = (np.sqrt(m), 0.5 / np.sqrt(np.where(m > 0, m, np.inf))) if self.root else (m, np.ones_like(m))
        return float(g.mean()), w * ((v - m) @ (slope * (len(w) / len(m))))


@dataclass(frozen=True)
class RankedArea:
    """The area under the ROC curve A, of more than two classes the mean over those against the rest."""

    def measure(self, judgement: Judgement, answers: Comparison) -> tuple[float, Doubles]:
        """A, and uᵢ = (B wᵢ / Wᵢ) (pᵢ − A): Wᵢ is the weight of the row's class, pᵢ its wins (DeLong et al., 1988)."""
        areas, influences = [], []
        for ranking in answers.rankings:  # type: ignore[union-attr]
            wins, own = measure_row_wins(ranking, judgement.weights)
            shares = judgement.weights / own
            area = float((shares * wins)[ranking.order] @ ranking.positive)
            areas.append(area)
            influences.append(len(wins) * shares * (wins - area))
        return float(np.mean(areas)), np.mean(influences, axis=0)


KNOWN: Mapping[str, RowMean | RankedArea] = {
    LOSS: RowMean(lambda judgement, _: judgement.losses[:, None]),
    "accuracy": RowMean(lambda _, answers: find_right_rows(answers)),
    "error_rate": RowMean(lambda _, answers: 1 - find_right_rows(answers)),
    "auc": RankedArea(),
    "log_loss": RowMean(lambda _, answers: answers.surprisals[:, None]),  # type: ignore[union-attr]
    "brier": RowMean(lambda _, answers: answers.squared_distances[:, None]),  # type: ignore[union-attr]
    "rmse": RowMean(lambda _, answers: np.square(answers.errors), root=True),  # type: ignore[union-attr]
    "mae": RowMean(lambda _, answers: np.abs(answers.errors)),  # type: ignore[union-attr]
}
"""The metrics on which the influence of a row is known."""


def find_right_rows(answers: Any) -> Doubles:
    """1 for each row whose class was predicted, else 0 (B, 1)."""
    right: Doubles = (answers.cells % answers.classes == answers.truth).astype(np.float64)
    return right[:, None]


@dataclass(frozen=True)
class KnownScore:
    """The difference of a metric whose error follows from the rows' influences."""

    name: str
    head: Head
    intact: Judgement

    @cached_property
    def before(self) -> tuple[float, Doubles]:
        """The metric of the intact rows, and the rows' influences on it."""
        return self.measure(self.intact)

    def find_difference(self, judgement: Judgement, donors: RowNumbers) -> tuple[float, Doubles]:
        """m(moved) − m(intact), and the influence ψ (B,) of each row on it; both negative where larger is better.

        δᵢ = uᵢ(moved) − uᵢ(intact) is the influence of a row as the one that is judged. Row i also gives its cells to
        row j = d⁻¹(i): ψᵢ = δᵢ + δⱼ, the projections of a U-statistic of order 2 (Hoeffding, 1948). Without δⱼ the
        interval would be far too narrow.
        """
        sign = -1 if is_larger_better(self.name) else 1
        (before, of_intact), (moved, own) = self.before, self.measure(judgement)
        change = own - of_intact
        influence = change.copy()
        influence[donors] += change
        return sign * (require_value(self.name, moved) - before), influence if sign == 1 else -influence

    def measure(self, judgement: Judgement) -> tuple[float, Doubles]:
        """m, and u (B,)."""
        answers = self.head.compare(judgement.predictions, judgement.truth)
        return KNOWN[self.name].measure(judgement, answers)

    def estimate_error(self, influence: Doubles) -> float:
        """√(Σ ψ² / (B (B − 1))), from the influences averaged over repeats."""
        rows = len(influence)
        return float(np.sqrt(influence @ influence / (rows * (rows - 1))))


@dataclass(frozen=True)
class SampledScore:
    """The difference of any metric, whose error is the standard deviation over bootstrap samples of the rows."""

    name: str
    head: Head
    intact: Judgement
    draws: Doubles
    """How often each sample has each row (samples, B)."""

    @cached_property
    def answers(self) -> Comparison:
        """The intact rows beside the truth."""
        return self.compare(self.intact)

    def compare(self, judgement: Judgement) -> Comparison:
        """A judgement beside the truth, to be weighed many times."""
        return self.head.compare(judgement.predictions, judgement.truth).keep_rankings()

    def find_difference(self, judgement: Judgement, donors: RowNumbers) -> tuple[float, Doubles]:
        """m(moved) − m(intact), and the same in each sample.

        A sample in which row i occurs nᵢ times has the pair of row i and its donor nᵢ n_{d(i)} times; both metrics are
        of the same pairs.
        """
        sign, answers = -1 if is_larger_better(self.name) else 1, self.compare(judgement)
        difference = self.measure_answers(answers) - self.measure_answers(self.answers)
        weights = self.draws * self.draws[:, donors] * self.intact.weights
        found = [self.sample(answers, each) - self.sample(self.answers, each) for each in weights]
        return sign * difference, sign * np.array(found)

    def measure(self, judgement: Judgement) -> tuple[float, Doubles]:
        """m; the influences of the rows are not known."""
        return self.measure_answers(self.compare(judgement)), np.empty(0)

    def measure_answers(self, answers: Comparison) -> float:
        """m of all rows."""
        return require_value(self.name, measure_metric(METRICS[self.name], answers, self.intact.weights))

    def sample(self, answers: Comparison, weights: Doubles) -> float:
        """m of a sample; NaN where it is undefined."""
        value = measure_metric(METRICS[self.name], answers, weights)
        return float("nan") if isinstance(value, Undefined) else value

    def estimate_error(self, differences: Doubles) -> float:
        """The standard deviation of the samples' differences, averaged over repeats; NaN of less than two."""
        known = differences[np.isfinite(differences)]
        return float(known.std(ddof=1)) if len(known) > 1 else float("nan")


Score = KnownScore | SampledScore


def require_value(name: str, value: Value) -> float:
    """The value of a metric; a DataError that says why it has none."""
    if isinstance(value, Undefined) or not np.isfinite(value):
        why = value.reason if isinstance(value, Undefined) else "it is not a finite number"
        raise DataError(f"{name} is undefined on these rows: {why}; choose another metric (mlptrain explain --metric)")
    return value


def choose_metric(asked: str | None, watched: str | None, head: Head) -> str:
    """The metric of the importance: the one that is asked for, else the watched one if it is proper, else the default.

    The default is the log loss, of numbers RMSE; of classes without probabilities the loss.
    """
    known = [metric for metric in list_metrics(len(head.classes)) if metric.resamples]
    of_scores = head.has_classes and not head.loss.probabilistic
    names = [LOSS, *(each.name for each in known if not (of_scores and each.needs_probabilities))]
    if asked is not None:
        if asked not in names:
            raise SpecError(f"metric: {asked!r:.80} is not one of {', '.join(names)}")
        return asked
    default = ("log_loss" if not of_scores else LOSS) if head.has_classes else head.default_metric
    return watched if watched in PROPER and watched != LOSS and watched in names else default


def make_score(name: str, head: Head, intact: Judgement, bits: BitGenerator) -> Score:
    """What measures a metric on the intact rows and on those whose cells are moved."""
    if name in KNOWN:
        if name != LOSS:
            require_value(
                name, measure_metric(METRICS[name], head.compare(intact.predictions, intact.truth), intact.weights)
            )
        score = KnownScore(name, head, intact)
        require_value(name, score.before[0])
        return score
    ones = np.ones(len(intact.truth))
    return SampledScore(name, head, intact, np.stack([resample_weights(ones, bits) for _ in range(SAMPLES)]))
