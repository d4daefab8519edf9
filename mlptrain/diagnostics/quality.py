"""How good a model is on rows: metrics, curves, calibration, thresholds; of numbers the residuals."""

from dataclasses import dataclass, field

from mlptrain.model.evaluation import Evaluation, JudgedRows


@dataclass(frozen=True, kw_only=True)
class Line:
    """Points of a curve, in ascending order of x."""

    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class ClassCurves:
    """The curves of a class against the rest."""

    name: str
    rows: float
    """The (weighted) rows of the class."""
    auc: float | None
    average_precision: float | None
    roc: Line
    """x: false positive rate, y: true positive rate."""
    precision_recall: Line
    """x: recall, y: precision."""


@dataclass(frozen=True, kw_only=True)
class ReliabilityGroup:
    """Rows of similar predicted probability: their mean probability, and the observed share with its 95 % interval.

    Means and shares are weighted; the interval is Wilson's, of (Σ w)² / Σ w² rows.
    """

    predicted: float
    observed: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """Predicted beside observed probabilities, of a class or (name None) of the predicted class, whichever it is."""

    name: str | None
    groups: tuple[ReliabilityGroup, ...]


@dataclass(frozen=True, kw_only=True)
class ThresholdResult:
    """What predictions are worth that say the positive class from a probability on."""

    threshold: float
    predicted: float
    """The share of rows that reach it."""
    precision: float | None
    recall: float | None
    f1: float | None
    accuracy: float | None
    is_best: bool = False
    """Whether its f1 is the largest of all thresholds."""


@dataclass(frozen=True, kw_only=True)
class QuantileCoverage:
    """Of a quantile loss: how many true numbers lie at or below the prediction, beside how many should."""

    level: float
    """The share that should."""
    observed: float
    """The (weighted) share that does, with its 95 % interval."""
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Residuals:
    """Of a number target: predicted beside true numbers, and the errors predicted − true."""

    target: str
    points: tuple[tuple[float, float], ...]
    """(true, predicted) of some rows, drawn evenly."""
    rows: int
    """The rows with finite numbers, of which the points are some."""
    edges: tuple[float, ...]
    counts: tuple[float, ...]
    """The (weighted) errors between neighbouring edges."""
    below: float
    above: float
    """The (weighted) errors that are less than the first edge, or more than the last."""
    by_prediction: tuple["ResidualGroup", ...]
    coverage: QuantileCoverage | None = None
    """Of a quantile loss only."""


@dataclass(frozen=True, kw_only=True)
class ResidualGroup:
    """The errors of rows of similar predictions: quantiles at 10, 50 and 90 %."""

    predicted: float
    low: float
    median: float
    high: float
    rows: int


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What a model is worth on rows."""

    evaluation: Evaluation
    curves: tuple[ClassCurves, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    thresholds: tuple[ThresholdResult, ...] = ()
    residuals: tuple[Residuals, ...] = ()
    absent: dict[str, str] = field(default_factory=dict)
    """Why curves, reliability, thresholds or residuals are empty, where they could be expected."""


def measure_quality(judged: JudgedRows) -> Quality:
    """What a model is worth on judged rows."""
    return Quality(evaluation=judged.evaluation)
