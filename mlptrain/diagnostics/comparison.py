"""Several models on the same rows: which is better, whether that is decided, and where they disagree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.diagnostics.disagreement import Disagreement, find_disagreement
from mlptrain.display import Displayable
from mlptrain.engine.bootstrap import choose_resample_count, resample_together
from mlptrain.engine.metrics import METRICS, Metrics, is_larger_better
from mlptrain.errors import SpecError
from mlptrain.figures import format_figure, format_interval
from mlptrain.fitting.spec_changes import find_nested_differences, write_setting
from mlptrain.model.evaluation import Evaluation, JudgedRows
from mlptrain.model.model import Model
from mlptrain.model.products import PROCESS_LIMIT
from mlptrain.plain import to_plain
from mlptrain.randomness import stream


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


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A model that is compared with others, and what it is worth on each of the rows."""

    name: str
    model: Model
    judged: JudgedRows
    seen: str = ""
    """Why the rows say little of new ones for it; empty if that is not known."""

    @property
    def evaluation(self) -> Evaluation:
        """What it is worth on the rows."""
        return self.judged.evaluation


def compare_models(contenders: Sequence[Contender], rows_name: str) -> ModelComparison:
    """Several models that predict the same, on the same rows."""
    require_same_rows(contenders)
    metric = choose_metric(contenders)
    sign = 1.0 if is_larger_better(metric) else -1.0
    ranked = sorted(contenders, key=lambda each: -sign * (each.evaluation.metrics[metric] or 0.0))
    samples = resample_metric(ranked, metric)
    differences = tuple(list_differences(ranked, metric, sign, samples))
    first = ranked[0]
    return ModelComparison(
        targets=tuple(first.model.head.names),
        rows=first.judged.rows.count,
        rows_name=rows_name,
        metric=metric,
        larger_is_better=sign > 0,
        baseline=first.evaluation.baseline,
        models=tuple(map(describe_contender, ranked)),
        differences=differences,
        resamples=0 if samples is None else len(samples),
        verdict=describe_verdict(differences, metric, [each.name for each in ranked]),
        disagreement=find_disagreement([each.judged for each in ranked], [each.model for each in ranked]),
        settings=tuple(list_setting_differences([to_plain(each.model.spec) for each in ranked])),
    )


def describe_contender(contender: Contender) -> ComparedModel:
    """What a model is worth on the rows."""
    return ComparedModel(
        name=contender.name,
        metrics=contender.evaluation.metrics,
        intervals=contender.evaluation.intervals,
        networks=len(contender.model.networks),
        parameters=contender.model.parameters,
        seen=contender.seen,
    )


def require_comparable(models: Sequence[tuple[str, Model]]) -> None:
    """Refuse models that do not predict the same: an error that names the first difference."""
    (first, model), *others = models
    for name, other in others:
        for (what, one), (_, two) in zip(list_identity(model), list_identity(other), strict=False):
            if one != two:
                said = f'{what} of {first} is "{one}", that of {name} is "{two}"'
                raise SpecError(f"{said}: only models that predict the same can be compared; report each alone")


def list_identity(model: Model) -> list[tuple[str, str]]:
    """What models must have in common to be compared."""
    head = model.head
    return [
        ("the input", "images" if model.reads_images else "a table"),
        ("the target", ", ".join(head.names)),
        ("the number of classes", str(len(head.classes))),
        *((f"class {number}", name) for number, name in enumerate(head.classes, 1)),
        ("the positive class", head.positive_class or "none"),
        ("the column of weights", model.spec.data.sample_weight or "none"),
    ]


def require_same_rows(contenders: Sequence[Contender]) -> None:
    """Refuse rows that models read otherwise: other rows left out, other targets or weights."""
    first, *others = contenders
    for other in others:
        pairs = [(first.judged.judgement.truth, other.judged.judgement.truth)]
        pairs += [(first.judged.judgement.weights, other.judged.judgement.weights)]
        if not all(np.array_equal(one, two, equal_nan=one.dtype.kind == "f") for one, two in pairs):
            counts = f"{first.judged.rows.count:,} and {other.judged.rows.count:,} rows"
            why = "they do not read the same targets and weights from these rows"
            cure = "their specs differ in data.missing_values, data.missing_target, data.replace or the like"
            raise SpecError(f"{first.name} and {other.name} cannot be compared: {why} ({counts}): {cure}")


def choose_metric(contenders: Sequence[Contender]) -> str:
    """The metric of the ranking: what all fits watched, else the first of those below that all models have.

    The loss is none of them: models of different losses, or of targets scaled otherwise, cannot be compared by it.
    """
    watched = {each.model.watched.name or "loss" for each in contenders}
    names = [*(watched if len(watched) == 1 else ()), "log_loss", "accuracy", "rmse"]
    shared = (each for each in names if each in METRICS and all(has_metric(one, each) for one in contenders))
    if (name := next(shared, None)) is None:
        raise SpecError("the models have no metric in common that is defined for these rows; report each alone")
    return name


def has_metric(contender: Contender, name: str) -> bool:
    """Whether a metric of a model is defined on the rows."""
    return contender.evaluation.metrics.get(name) is not None


def resample_metric(ranked: Sequence[Contender], name: str) -> NDArray[np.float64] | None:
    """The metric of each model in the same samples (R, M); None where it cannot be resampled.

    Rows of classes that the models do not know are wrong for all: they shrink each difference of accuracy, the only
    metric that is defined where there are any.
    """
    if not METRICS[name].resamples:
        return None
    head, judgement = ranked[0].model.head, ranked[0].judged.judgement
    known = head.find_known(judgement.truth)
    if not known.any():
        return None
    told = [each.judged.judgement.take(known) for each in ranked]
    comparisons = [each.model.head.compare(own.predictions, own.truth) for each, own in zip(ranked, told, strict=True)]
    bits = stream(ranked[0].model.spec.seed, "bootstrap")
    count = choose_resample_count(comparisons[0])
    share = told[0].weights.sum() / judgement.weights.sum()
    with np.errstate(all="ignore"), PROCESS_LIMIT.limit_products(1):  # of many small sums
        return share * resample_together(comparisons, METRICS[name], told[0].weights, bits=bits, resamples=count)


def list_differences(
    ranked: Sequence[Contender], metric: str, sign: float, samples: NDArray[np.float64] | None
) -> Iterator[MetricDifference]:
    """The difference of every two models."""
    values = [each.evaluation.metrics[metric] or 0.0 for each in ranked]
    pairs = list(combinations(range(len(ranked)), 2))
    for better, worse in pairs:
        interval = None
        if samples is not None:
            interval = find_interval(sign * (samples[:, better] - samples[:, worse]), 0.05 / len(pairs))
        yield MetricDifference(
            better=ranked[better].name,
            worse=ranked[worse].name,
            gain=sign * (values[better] - values[worse]),
            interval=interval,
        )


def find_interval(values: NDArray[np.float64], level: float) -> tuple[float, float] | None:
    """The percentiles between which 1 − level of the values lie that are finite; None where none is."""
    values = values[np.isfinite(values)]
    if not values.size:
        return None
    low, high = np.quantile(values, [level / 2, 1 - level / 2]).tolist()
    return low, high


def describe_verdict(differences: Sequence[MetricDifference], metric: str, names: Sequence[str]) -> str:
    """A sentence: whether it is decided which model is the best."""
    best, *others = names
    own = [each for each in differences if each.better == best]
    beaten = [each.worse for each in own if each.is_decided]
    if any(each.interval is None for each in own):
        return f'"{best}" has the best {metric}; no intervals are known, so that the ranking is not decided'
    if len(beaten) == len(others):
        whole = quote_names(others) if len(others) < 4 else "all others"
        return f'"{best}" is better than {whole} ({describe_gain(own[0], metric)})'
    if not any(each.is_decided for each in differences):
        what = (
            "all intervals of differences include"
            if len(differences) > 1
            else "the interval of the difference includes"
        )
        figures = f" ({describe_gain(own[0], metric)})" if len(differences) == 1 else ""
        return f"{what} 0: the ranking is not decided{figures}"
    open_names = quote_names([each for each in others if each not in beaten])
    surely = f", better than {quote_names(beaten)}" if beaten else ""
    return f'"{best}" has the best {metric}{surely}; whether it is better than {open_names} is not decided'


def describe_gain(difference: MetricDifference, metric: str) -> str:
    """The difference between two models with its interval."""
    interval = "" if difference.interval is None else f", 95 %: {format_interval(*difference.interval)}"
    return f"by {format_figure(difference.gain)} of {metric}{interval}"


def quote_names(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> quote_names(["a"]), quote_names(["a", "b", "c"])
    ('"a"', '"a", "b" and "c"')
    """
    *first, last = (f'"{each}"' for each in names)
    return f"{', '.join(first)} and {last}" if first else last


def list_setting_differences(specs: Sequence[dict[str, Any]]) -> Iterator[SettingDifference]:
    """The keys in which not all specs agree; of components of different names, the whole component."""
    first, *others = specs
    paths = dict.fromkeys(path for other in others for path, _, _ in find_nested_differences(first, other))
    for path in paths:
        if not any(path[:end] in paths for end in range(1, len(path))):
            values = (write_setting(shorten_component(find_value(spec, path))) for spec in specs)
            yield SettingDifference(key=".".join(path), values=tuple(values))


def find_value(spec: dict[str, Any], path: Sequence[str]) -> Any:
    """The value of a key in a spec; None where it is not there."""
    value: Any = spec
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def shorten_component(value: Any) -> Any:
    """A component with its name before its settings, those that are none left out; another value as it is.

    >>> shorten_component({"momentum": None, "name": "sgd"}), shorten_component({"rate": 0.1, "name": "bernoulli"})
    ('sgd', {'name': 'bernoulli', 'rate': 0.1})
    """
    if not isinstance(value, dict) or "name" not in value:
        return value
    kept = {"name": value["name"]} | {key: each for key, each in value.items() if each is not None}
    return kept if len(kept) > 1 else kept["name"]
