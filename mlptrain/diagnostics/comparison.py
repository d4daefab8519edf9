"""Several models on the same rows: which is better, whether that is decided, and where they disagree."""

from dataclasses import dataclass

from mlptrain.display import Displayable
from mlptrain.engine.metrics import Metrics


@dataclass(frozen=True, kw_only=True)
class ComparedModel:
    """What one of several models is worth on the rows of all."""

    name: str
    metrics: Metrics
    intervals: dict[str, tuple[float, float]]
    """95 %, of each model alone; whether two differ is said by their difference, which is surer."""
    networks: int
    parameters: int
    seen: str = ""
    """Why the rows say little of new ones for this model; empty if that is not known."""


@dataclass(frozen=True, kw_only=True)
class MetricDifference:
    """How much better a model is than one that ranks below it, in the metric of the ranking."""

    better: str
    """The name of the model that ranks higher."""
    worse: str
    gain: float
    """The difference of the metric, above 0 where `better` is better, whichever direction the metric has."""
    interval: tuple[float, float] | None
    """95 % for all differences together (Bonferroni), both models on the same samples of the rows; None if unknown."""

    @property
    def is_decided(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.interval is not None and self.interval[0] > 0


@dataclass(frozen=True, kw_only=True)
class DisputedRow:
    """A row of which models say different things."""

    place: str
    """File and line."""
    truth: str
    predictions: tuple[str, ...]
    """Of each model, in the order of the ranking."""
    losses: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """Where models disagree."""

    rows: int | None
    """The rows of which not all models predict the same class; None of numbers."""
    disputed: tuple[DisputedRow, ...]
    """Some of them: those whose losses differ most."""


@dataclass(frozen=True, kw_only=True)
class SettingDifference:
    """A key of the spec in which not all models agree."""

    key: str
    values: tuple[str, ...]
    """Of each model, in the order of the ranking, as one writes them in YAML."""


@dataclass(frozen=True, kw_only=True)
class ModelComparison(Displayable):
    """Several models on the same rows."""

    targets: tuple[str, ...]
    rows: int
    rows_name: str
    metric: str
    """The metric of the ranking."""
    larger_is_better: bool
    baseline: Metrics
    """That of the first model."""
    models: tuple[ComparedModel, ...]
    """The best first."""
    differences: tuple[MetricDifference, ...]
    """Of every two models, those of the best model first."""
    resamples: int
    verdict: str
    """A sentence: whether the ranking is decided."""
    disagreement: Disagreement
    settings: tuple[SettingDifference, ...]
    """What differs between the specs."""
    notices: tuple[str, ...] = ()
