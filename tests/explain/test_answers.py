"""The number that is explained: what it is of every kind of prediction, and its slopes by differences."""

import numpy as np
import pytest
from numpy.random import default_rng

import mlptrain
from mlptrain.errors import SpecError
from mlptrain.explain.answers import LogMean, LogOdds, Outputs, choose_explained, weigh_voters
from tests.support.drawing import slopes

VOTERS, ROWS, K = 3, 4, 3
W = np.array([0.2, 0.5, 0.3])
CODES = np.array([2, 0, 1, 1])
DRAW = default_rng(4)
ANSWERS = {
    "log-odds": LogOdds(CODES),
    "log-odds of one output": LogOdds(CODES % 2),
    "numbers": Outputs(CODES, DRAW.uniform(0.5, 2, (VOTERS, K)), DRAW.normal(size=(VOTERS, K))),
    "counts": LogMean(CODES),
}


def draw_outputs(name):
    return default_rng(1).normal(size=(VOTERS, ROWS, 1 if "one output" in name else K))


@pytest.mark.parametrize("name", ANSWERS)
def test_slopes_are_the_derivatives(name):
    answer, z = ANSWERS[name], draw_outputs(name)
    _, found = answer.measure(z, W)
    np.testing.assert_allclose(found, slopes(lambda: float(answer.measure(z, W)[0].sum()), z), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", ANSWERS)
def test_some_rows_are_as_they_are_among_all(name):
    answer, z, rows = ANSWERS[name], draw_outputs(name), np.array([3, 0])
    np.testing.assert_allclose(answer.take(rows).measure(z[:, rows], W)[0], answer.measure(z, W)[0][rows], rtol=1e-14)


def test_log_odds_are_those_of_the_mean_probability():
    z = draw_outputs("")
    p = W @ (np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)).reshape(VOTERS, -1)
    p = p.reshape(ROWS, K)[np.arange(ROWS), CODES]
    np.testing.assert_allclose(LogOdds(CODES).measure(z, W)[0], np.log(p / (1 - p)), rtol=1e-12)


def test_certainty_stays_a_number():
    z = np.array([[[800.0, 0.0, -800.0]]])
    for code, expected in ((0, 800), (1, -800), (2, -1600)):
        f, slope = LogOdds(np.array([code])).measure(z, np.ones(1))
        assert f[0] == pytest.approx(expected)
        assert np.isfinite(slope).all()


X = np.arange(48) % 12 / 4.0
TABLE = {"x": X, "group": np.array(["a", "b", "c"] * 16)}
TARGETS = {
    "two classes": (np.where(X > 1, "no", "yes"), {}),
    "two classes, one score": (np.where(X > 1, "no", "yes"), {"loss": "mean_squared_error"}),
    "three classes": (np.array(["a", "b", "c"])[(X * 4).astype(int) // 4], {}),
    "scores": (np.where(X > 1, "no", "yes"), {"loss": "hinge"}),
    "a number": (3 * X + 7, {}),
    "its logarithm": (np.exp(X), {"data": {"target_transform": "log"}}),
    "a count": ((X * 4).round(), {"loss": "poisson"}),
}


def fit(name, **more):
    values, spec = TARGETS[name]
    data = {"target": "y", "columns": {"group": {"type": "category", "encoding": "embedding"}}, **spec.get("data", {})}
    spec = {"model": {"hidden": [4], "activation": "silu"}, "training": {"epochs": 2}, **spec, "data": data, **more}
    return mlptrain.fit(spec, {**TABLE, "y": values}).model


def expect(model, name, row):
    """f of a row, from what the model predicts."""
    if model.classes.size:
        p = model.predict_proba(TABLE)[row.row - 1][model.classes.tolist().index(row.explained)]
        return np.log(p / (1 - p))
    y = float(model.predict(TABLE)[row.row - 1])
    return y if name == "a number" else np.log(y)


@pytest.mark.parametrize("how", [{}, {"members": 2}, {"members": {"name": "tabm", "count": 3}}], ids=str)
@pytest.mark.parametrize("name", TARGETS)
def test_the_score_is_that_of_the_prediction(name, how):
    model = fit(name, **how)
    found = model.explain(TABLE, method="gradients", rows=6)
    assert found.largest_gap <= 1e-3
    for row in found.rows:
        assert row.baseline + sum(row.effects.values()) == pytest.approx(row.score, abs=1e-2)
        if "score" not in name:
            assert row.score == pytest.approx(expect(model, name, row), rel=1e-4, abs=1e-4)


def test_of_folds_it_is_the_score_of_their_mean():
    model = fit("three classes", data={"target": "y", "split": {"folds": 3}})
    assert len(model.networks) > 1
    assert weigh_voters(model).sum() == pytest.approx(1)
    for row in model.explain(TABLE, method="gradients", rows=5).rows:
        assert row.score == pytest.approx(expect(model, "three classes", row), rel=1e-4, abs=1e-4)


def test_scores_that_are_no_probabilities():
    model = fit("scores")
    for place, row in enumerate(model.explain(TABLE, method="gradients", rows=4).rows):
        assert row.score == pytest.approx(model.predict_scores(TABLE)[place, 1], abs=1e-5)
    model = fit("two classes, one score")
    for label, sign in (("yes", 1), ("no", -1)):
        row = model.explain(TABLE, method="gradients", rows=1, class_label=label).rows[0]
        assert row.score == pytest.approx((1 - sign) / 2 + sign * model.predict_scores(TABLE)[0, 0], abs=1e-5)


def test_what_is_explained_by_default_and_by_name():
    two, three = fit("two classes"), fit("three classes")
    assert {row.explained for row in two.explain(TABLE, method="gradients", rows=8).rows} == {two.head.positive_class}
    for row in three.explain(TABLE, method="gradients", rows="all").rows:
        assert row.explained == row.prediction
    yes, no = (two.explain(TABLE, method="gradients", rows=1, class_label=label).rows[0] for label in ("yes", "no"))
    assert yes.score == pytest.approx(-no.score)
    assert yes.effects["x"] == pytest.approx(-no.effects["x"])
    with pytest.raises(SpecError, match="class_label: 'maybe' is no class of the model; write one of 'no', 'yes'"):
        choose_explained(two, np.zeros((1, 2)), "maybe")


def test_one_of_several_targets():
    table = {**TABLE, "y": 3 * X, "u": -X}
    spec = {"data": {"target": ["y", "u"]}, "model": {"hidden": []}, "training": {"epochs": 2}}
    model = mlptrain.fit(spec, table).model
    for place, name in enumerate(["y", "u"]):
        row = model.explain(TABLE, method="gradients", rows=1, class_label=name).rows[0]
        assert row.score == pytest.approx(model.predict(TABLE)[0, place], rel=1e-5)
        assert float(row.prediction) == pytest.approx(row.score, rel=1e-5)
