"""Companions: the weight that the networks of another recipe get is the one that does best on validation rows."""

import numpy as np
import pytest

from mlptrain.data.targets import ClassTarget, NumberTarget
from mlptrain.engine.losses import CrossEntropy, Hinge, MeanSquaredError
from mlptrain.fitting.companions import SHARES, Companions, ValidationPredictions, measure_share, share_weights
from mlptrain.fitting.host import Host
from mlptrain.fitting.out_of_fold import HeldOutRows
from mlptrain.model.head import make_head

ROWS, PAIRS = 60, 3
NUMBERS = make_head(MeanSquaredError(), NumberTarget(names=("y",), center=(0.0,), scale=(1.0,)))
CLASSES = make_head(CrossEntropy(), ClassTarget(name="y", classes=("a", "b", "c")))
HEADS = {"numbers": NUMBERS, "classes": CLASSES}


def draw_truths(head, bits):
    """The truth of the validation rows of each of some networks."""
    if head.has_classes:
        return [bits.integers(0, 3, ROWS) for _ in range(PAIRS)]
    return [bits.normal(size=(ROWS, 1)) for _ in range(PAIRS)]


def predict(head, truth, bits, noise):
    """Predictions that are better where there is less noise."""
    if not head.has_classes:
        return truth + noise * bits.normal(size=truth.shape)
    logits = np.eye(3)[truth] + noise * bits.normal(size=(ROWS, 3))
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def record(head, truths, bits, noise):
    found = ValidationPredictions()
    for number, truth in enumerate(truths, 1):
        weights = bits.uniform(0.5, 2, ROWS)
        predictions = predict(head, truth, bits, noise)
        found.add(HeldOutRows(numbers=np.arange(ROWS), predictions=predictions, truth=truth, weights=weights), number)
    return found


def share(head, own, others):
    """The shares, and what was said of them."""
    told: list[str] = []
    companions = Companions(recipe="quick", networks=[None] * (len(others.found) + 2), predictions=others)
    return share_weights(head, own, companions, Host(notice=told.append)), told


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("seed", range(4))
def test_no_other_share_does_better_on_the_validation_rows(head, seed):
    bits = np.random.default_rng(seed)
    truths = draw_truths(head, bits)
    own, others = (record(head, truths, bits, noise) for noise in bits.uniform(0.1, 2, 2))
    shares, told = share(head, own, others)
    got = sum(shares.companions)
    assert (len(shares.own), len(shares.companions), len(told)) == (PAIRS, PAIRS + 2, 1)
    assert got + sum(shares.own) == pytest.approx(1)
    assert len(set(shares.own)) == len(set(shares.companions)) == 1
    best = measure_share(head, own, others, got)
    assert all(best <= measure_share(head, own, others, each) + 1e-12 for each in SHARES)


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_the_better_kind_gets_more(head):
    bits = np.random.default_rng(7)
    truths = draw_truths(head, bits)
    good, bad = record(head, truths, bits, 0.0), record(head, truths, bits, 3.0)
    assert sum(share(head, good, bad)[0].companions) == pytest.approx(SHARES[0])
    assert sum(share(head, bad, good)[0].companions) == pytest.approx(SHARES[-1])


def test_where_the_metric_has_no_value_each_kind_has_half():
    bits, head = np.random.default_rng(5), make_head(Hinge(), ClassTarget(name="y", classes=("a", "b", "c")))
    truths = draw_truths(head, bits)
    shares, told = share(head, record(head, truths, bits, 0.1), record(head, truths, bits, 2.0))
    assert sum(shares.companions) == pytest.approx(0.5)
    assert len(told) == 1


def test_pairs_are_networks_of_one_number_and_count_by_their_rows():
    head, bits = NUMBERS, np.random.default_rng(9)
    truths = draw_truths(head, bits)
    own, others = record(head, truths[:2], bits, 1.0), record(head, truths, bits, 1.0)
    errors = [
        np.average(np.square(own.found[k].predictions - truths[k - 1])[:, 0], weights=own.found[k].weights) ** 0.5
        for k in own.found
    ]
    assert measure_share(head, own, others, 0.0) == pytest.approx(np.mean(errors))
