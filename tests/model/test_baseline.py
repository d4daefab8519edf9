"""The baseline is scikit-learn's dummy, measured as the model is; its loss is that of the best constant."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng
from sklearn import metrics as sk

from mlptrain.data.targets import ClassTarget, NumberTarget
from mlptrain.engine.comparisons import Undefined
from mlptrain.engine.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Hinge,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
)
from mlptrain.engine.metrics import METRICS, measure_metric
from mlptrain.model.baseline import describe_no_better, fit_baseline, measure_baseline
from mlptrain.model.examples import Examples
from mlptrain.model.head import make_head
from tests.support.drawing import drawn

TWO = ClassTarget(name="y", classes=("no", "yes"))
THREE = ClassTarget(name="y", classes=("a", "b", "c"))
NUMBER = NumberTarget(names=("n",), center=(0.0,), scale=(1.0,))
seeds = st.integers(0, 10**6)


def make_part(head, truth, weights=None):
    x = np.zeros((len(truth), 1))
    return Examples(x=x, targets=head.loss_targets(truth, np.dtype(float)), truth=truth, weights=weights)


@pytest.mark.parametrize(("loss", "target"), [(BinaryCrossEntropy(), TWO), (CrossEntropy(), THREE)])
@drawn
@given(seed=seeds, weighted=st.booleans())
def test_of_classes_it_says_the_shares_of_the_training_rows(loss, target, seed, weighted):
    draw = default_rng(seed)
    classes = len(target.classes)
    train, test = (np.r_[np.arange(classes), draw.integers(0, classes, 20)] for _ in range(2))
    w = draw.choice([0.5, 1.0, 3.0], len(train)) if weighted else None
    head = make_head(loss, target)
    found = measure_baseline(fit_baseline(head, make_part(head, train, w)), head, test, np.ones(len(test)))
    shares = np.bincount(train, w, classes) / np.bincount(train, w, classes).sum()
    said = np.full(len(test), shares.argmax())
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(test, said))
    log_loss = sk.log_loss(test, np.tile(shares, (len(test), 1)), labels=range(classes))
    assert found["log_loss"] == pytest.approx(log_loss)
    assert found["loss"] == pytest.approx(log_loss)
    assert found["auc"] == pytest.approx(0.5)
    assert found["mcc"] == 0


def test_of_numbers_it_says_the_mean_or_the_median_under_the_training_weights():
    head = make_head(MeanSquaredError(), NUMBER)
    train, w = np.array([[1.0], [2.0], [10.0]]), np.array([1.0, 1.0, 2.0])
    test = np.array([[3.0], [5.0]])
    found = measure_baseline(fit_baseline(head, make_part(head, train, w)), head, test, np.ones(2))
    mean, median = 23 / 4, 6.0
    assert found["rmse"] == pytest.approx(np.sqrt(np.mean((test - mean) ** 2)))
    assert found["loss"] == pytest.approx(found["rmse"] ** 2)
    assert found["mae"] == pytest.approx(np.abs(test - median).mean())
    assert found["median_absolute_error"] == pytest.approx(np.median(np.abs(test - median)))


def test_of_the_training_rows_themselves_the_mean_explains_nothing():
    head, truth = make_head(MeanSquaredError(), NUMBER), default_rng(0).standard_normal((30, 1))
    found = measure_baseline(fit_baseline(head, make_part(head, truth)), head, truth, np.ones(30))
    assert found["r2"] == pytest.approx(0, abs=1e-12)


LOSSES = [
    *((loss, NUMBER) for loss in (MeanSquaredError(), MeanAbsoluteError(), Huber(), LogCosh(), Quantile(level=0.9))),
    *((Poisson(), NUMBER), (MeanSquaredError(), TWO), (MeanAbsoluteError(), THREE), (Hinge(), TWO)),
    (CrossEntropy(label_smoothing=0.2), THREE),
    (BinaryCrossEntropy(label_smoothing=0.2), TWO),
]


@pytest.mark.parametrize(("loss", "target"), LOSSES)
def test_no_other_constant_has_a_smaller_loss_on_the_training_rows(loss, target):
    head, draw = make_head(loss, target), default_rng(3)
    classes = len(head.classes)
    truth = (
        draw.permutation(np.repeat(np.arange(classes), [30, 14, 6][:classes]))
        if classes
        else draw.poisson(2.0, (50, 1)) * 1.0
    )
    w = np.ones(len(truth))
    baseline = fit_baseline(head, make_part(head, truth))
    least = measure_baseline(baseline, head, truth, w)["loss"]
    targets = head.loss_targets(truth, np.dtype(float))
    for step in draw.standard_normal((40, head.outputs)) * 0.3:
        others = head.loss.rows(np.tile(np.array(baseline.logits) + step, (len(truth), 1)), targets)[0]
        assert least <= others.mean() + 1e-9


def test_a_class_that_a_fold_has_not_seen_costs_a_finite_loss():
    head = make_head(CrossEntropy(), THREE)
    found = measure_baseline(
        fit_baseline(head, make_part(head, np.array([0, 1, 1]))), head, np.array([2, 2]), np.ones(2)
    )
    assert np.isfinite(found["loss"])
    assert found["accuracy"] == 0
    assert isinstance(found["auc"], Undefined)


def test_a_sentence_says_so_only_where_the_model_is_no_better():
    assert describe_no_better("the validation", "accuracy", {"accuracy": 0.9}, {"accuracy": 0.6}) == ""
    assert describe_no_better("the validation", "loss", {"loss": 0.5}, {"loss": 0.6}) == ""
    assert describe_no_better("the validation", "loss", {"loss": 0.5}, {}) == ""
    assert describe_no_better("the validation", "loss", {"loss": None}, {"loss": 0.6}) == ""
    said = describe_no_better("the validation", "accuracy", {"accuracy": 0.5}, {"accuracy": 0.5})
    assert said.startswith("on the validation rows the model is no better than the baseline")


VALUES = {True: np.eye(2), False: np.array([[-3.0], [-1.0], [0.0], [2.0]])}
"""What is predicted of a row."""
TRUTHS = {True: [0, 1], False: [[-2.0], [0.0], [1.0], [3.0]]}


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_that_only_a_constant_may_lack_says_why(name):
    """Over all predictions of two rows, and their truths: the metrics that need a reason have one, and no others."""
    metric = METRICS[name]
    values, truths = VALUES[metric.of_classes], TRUTHS[metric.of_classes]
    head = make_head(BinaryCrossEntropy(), TWO) if metric.of_classes else make_head(MeanSquaredError(), NUMBER)

    def has_gap(pair, truth):
        value = measure_metric(metric, head.compare(np.array(pair), np.array(truth)))
        return isinstance(value, Undefined) or not np.isfinite(value)

    suits = metric.least_classes <= 2
    lacking = suits and any(
        has_gap([value, value], truth) and not all(has_gap(pair, truth) for pair in product(values, repeat=2))
        for truth in product(truths, repeat=2)
        for value in values
    )
    assert bool(lacking) == bool(metric.gap_of_constant)
