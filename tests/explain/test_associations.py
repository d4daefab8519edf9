"""Associations: from 0 to 1 whatever the kinds, those of SciPy where it knows them, 0 by chance."""

import numpy as np
import pytest

import mlptrain
from mlptrain.explain.associations import (
    measure_associations,
    measure_correlation_ratios,
    measure_cramers_v,
    renumber_codes,
    standardize_ranks,
)
from mlptrain.model.memory_rows import make_prediction_rows

stats = pytest.importorskip("scipy.stats")
RANDOM = np.random.default_rng(4)
ROWS = 400
X = np.round(RANDOM.normal(size=ROWS), 1)
LEVELS = RANDOM.integers(0, 5, ROWS)


def test_numbers_have_spearmans_correlation():
    y = np.round(X + RANDOM.normal(size=ROWS), 1)
    ours = standardize_ranks(X) @ standardize_ranks(y) / ROWS
    assert ours == pytest.approx(stats.spearmanr(X, y).statistic, abs=1e-12)


def test_missing_and_constant_numbers_have_no_association():
    gaps = np.where(np.arange(ROWS) % 3 == 0, np.nan, X)
    assert standardize_ranks(gaps)[0] == 0
    assert not standardize_ranks(np.full(9, np.nan)).any()
    assert not standardize_ranks(np.ones(9)).any()


def test_cramers_v_is_scipys_on_many_rows():
    one, other = np.tile(LEVELS, 100), np.tile((LEVELS + (X > 0.5)) % 5, 100)
    table = np.zeros((5, 5), int)
    np.add.at(table, (one, other), 1)
    assert measure_cramers_v(one, other) == pytest.approx(stats.contingency.association(table), abs=1e-3)


def test_chance_explains_nothing_however_many_levels():
    many, others = (renumber_codes(RANDOM.integers(0, 150, ROWS)) for _ in range(2))
    assert measure_cramers_v(many, others) < 0.4
    noise = np.stack([standardize_ranks(RANDOM.normal(size=ROWS)) for _ in range(20)], axis=1)
    assert measure_correlation_ratios(many, noise).mean() < 0.25
    assert not measure_correlation_ratios(np.arange(ROWS), noise).any()


def test_every_pair_of_kinds():
    columns = {
        "x": X,
        "minus": -X,
        "cut": np.where(X < -0.5, "low", np.where(X < 0.5, "mid", "high")),
        "coded": np.where(X < -0.5, "a", np.where(X < 0.5, "b", "c")),
        "flag": np.where(X > 0, "yes", "no"),
        "noise": RANDOM.normal(size=ROWS),
        "letters": np.array(list("pqrst"))[LEVELS],
        "y": np.round(X, 0),
    }
    model = mlptrain.fit(
        {"data": {"target": "y"}, "loss": "mean_squared_error", "training": {"epochs": 1}}, columns
    ).model
    fitted = model.columns()
    table = make_prediction_rows(columns, model.spec.data, fitted).table
    names = list(fitted)
    found = measure_associations(list(fitted.values()), table)
    assert (found == found.T).all()
    assert (np.diag(found) == 1).all()
    assert ((found >= 0) & (found <= 1)).all()

    def of(one, other):
        return found[names.index(one), names.index(other)]

    assert of("x", "minus") == pytest.approx(1)
    assert of("cut", "coded") == pytest.approx(1, abs=0.01)
    assert of("cut", "x") > 0.85
    assert of("flag", "x") > 0.7
    assert of("letters", "noise") < 0.25
    assert of("letters", "cut") < 0.25
