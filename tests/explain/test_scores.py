"""Scores: the metric itself, the influence of each row as the derivative by its weight, the error as of any metric."""

import numpy as np
import pytest

import mlptrain
from mlptrain.engine.metrics import METRICS, is_larger_better, measure_metric
from mlptrain.explain.scores import KNOWN, LOSS, KnownScore, SampledScore, make_score
from mlptrain.model.fitted_network import Judgement
from mlptrain.randomness import stream

RANDOM = np.random.default_rng(8)
ROWS = 80
WEIGHTS = RANDOM.integers(1, 5, ROWS) / 2


def make_case(kind):
    """A head, and judgements of intact and of moved rows."""
    x = RANDOM.normal(size=ROWS)
    truth = {
        "two": np.where(x > 0, "b", "a"),
        "three": np.array(list("abc"))[np.arange(ROWS) % 3],
        "number": x + 9,
    }[kind]
    columns = {"x": x, "y": truth}
    spec = {"data": {"target": "y"}, "model": {"hidden": []}, "training": {"epochs": 1, "batch_size": ROWS}}
    head = mlptrain.fit(spec, columns).model.head
    codes = truth[:, None] if kind == "number" else np.unique(truth, return_inverse=True)[1]

    def judge(noise):
        if kind == "number":
            predicted = codes + noise * RANDOM.normal(size=(ROWS, 1))
        else:
            scores = np.exp(np.eye(head.width)[codes] + noise * RANDOM.normal(size=(ROWS, head.width)).round(1))
            predicted = scores / scores.sum(axis=1, keepdims=True)
        return Judgement(codes, predicted, WEIGHTS, np.abs(RANDOM.normal(size=ROWS)))

    return head, judge(0.5), judge(1.5)


CASES = {kind: make_case(kind) for kind in ("two", "three", "number")}
METRICS_OF = [
    (kind, name)
    for kind, (head, *_) in CASES.items()
    for name, metric in METRICS.items()
    if metric.of_classes == head.has_classes and metric.least_classes <= max(head.width, 2) and metric.resamples
]
KNOWN_OF = [(kind, name) for kind, name in METRICS_OF if name in KNOWN]


@pytest.mark.parametrize(("kind", "name"), METRICS_OF)
def test_a_score_is_the_metric(kind, name):
    head, intact, moved = CASES[kind]
    donors = np.roll(np.arange(ROWS), 1)
    score = make_score(name, head, intact, stream(1, "x"))
    assert isinstance(score, KnownScore if name in KNOWN else SampledScore)
    before, after = (
        measure_metric(METRICS[name], head.compare(each.predictions, each.truth), WEIGHTS) for each in (intact, moved)
    )
    assert score.measure(intact)[0] == pytest.approx(before, rel=1e-6)
    sign = -1 if is_larger_better(name) else 1
    assert score.find_difference(moved, donors)[0] == pytest.approx(sign * (after - before), rel=1e-6, abs=1e-9)


def test_the_loss_is_its_mean():
    head, intact, _ = CASES["two"]
    assert make_score(LOSS, head, intact, stream(1, "x")).measure(intact)[0] == pytest.approx(
        np.average(intact.losses, weights=WEIGHTS)
    )


@pytest.mark.parametrize(("kind", "name"), [*KNOWN_OF, ("two", LOSS)])
def test_an_influence_is_the_derivative_by_the_rows_weight(kind, name):
    """u = B w ∂m/∂w."""
    head, intact, _ = CASES[kind]
    score = KnownScore(name, head, intact)
    _, influence = score.measure(intact)
    step = 1e-6
    for row in range(0, ROWS, 7):
        changed = []
        for sign in (-1, 1):
            weights = WEIGHTS.copy()
            weights[row] += sign * step
            judged = Judgement(intact.truth, intact.predictions, weights, intact.losses)
            changed.append(score.measure(judged)[0])
        slope = (changed[1] - changed[0]) / (2 * step)
        assert influence[row] == pytest.approx(ROWS * WEIGHTS[row] * slope, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(("kind", "name"), KNOWN_OF)
def test_the_error_is_that_of_bootstrap_samples(kind, name):
    head, intact, moved = CASES[kind]
    donors = np.roll(np.arange(ROWS), 1)
    draws = np.random.default_rng(1).multinomial(ROWS, np.full(ROWS, 1 / ROWS), size=400).astype(float)
    known, sampled = KnownScore(name, head, intact), SampledScore(name, head, intact, draws)
    parts = (each.find_difference(moved, donors)[1] for each in (known, sampled))
    ours, theirs = (each.estimate_error(part) for each, part in zip((known, sampled), parts, strict=True))
    assert 0.6 < ours / theirs < 1.5


@pytest.mark.parametrize(("kind", "name"), METRICS_OF)
def test_what_changes_nothing_has_no_error(kind, name):
    head, intact, _ = CASES[kind]
    score = make_score(name, head, intact, stream(1, "x"))
    difference, parts = score.find_difference(intact, np.roll(np.arange(ROWS), 1))
    assert (difference, score.estimate_error(parts)) == (0, 0)
