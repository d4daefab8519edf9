"""The estimators in the tools of scikit-learn: pipelines, searches, other estimators around them, inspections."""

import numpy as np
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, learning_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.support.estimators import NAMES, X, Y, make_quick


def test_in_a_pipeline():
    made = make_pipeline(StandardScaler(), make_quick(epochs=20)).fit(X, Y)
    assert made.score(X, Y) > 0.8


def test_behind_a_column_transformer():
    texts = np.column_stack([np.array(NAMES)[Y], Y[::-1]]).astype(object)
    columns = ColumnTransformer([("one", OneHotEncoder(), [0])], remainder="passthrough", sparse_threshold=0)
    assert make_pipeline(columns, make_quick(epochs=20)).fit(texts, Y).score(texts, Y) > 0.9


@pytest.mark.parametrize("jobs", [None, pytest.param(2, marks=pytest.mark.integration)])
def test_in_a_grid_search(jobs):
    search = GridSearchCV(make_quick(), {"epochs": [1, 20], "hidden": [(4,), (16,)]}, cv=3, n_jobs=jobs).fit(X, Y)
    assert search.best_params_["epochs"] == 20
    assert search.best_score_ > 0.8
    assert not np.isnan(search.cv_results_["mean_test_score"]).any()


def test_weights_are_routed():
    with sklearn.config_context(enable_metadata_routing=True):
        routed = make_quick().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        weights = np.where(Y == 1, 1e-6, 1.0)
        scores = cross_val_score(routed, X, Y, cv=3, params={"sample_weight": weights})
    assert scores.shape == (3,)
    plain = cross_val_score(make_quick(), X, Y, cv=3)
    assert not np.array_equal(scores, plain)


@pytest.mark.filterwarnings("ignore::mlptrain.notices.Notice")
@pytest.mark.parametrize(
    "make",
    [
        lambda estimator: CalibratedClassifierCV(estimator, cv=3),
        lambda estimator: BaggingClassifier(estimator, n_estimators=3, random_state=0),
        lambda estimator: StackingClassifier([("mlp", estimator), ("linear", LogisticRegression(max_iter=500))], cv=3),
    ],
    ids=["calibrated", "bagging", "stacking"],
)
def test_inside_another_estimator(make):
    whole = make(make_quick(epochs=20)).fit(X, Y)
    assert whole.score(X, Y) > 0.85
    assert whole.predict_proba(X).shape == (150, 3)


@pytest.mark.filterwarnings("ignore::mlptrain.notices.Notice")
def test_in_inspections_and_curves():
    fitted = make_quick(epochs=20).fit(X, Y)
    importance = permutation_importance(fitted, X, Y, n_repeats=2, random_state=0)
    assert importance.importances_mean.argmax() in (2, 3)
    assert partial_dependence(fitted, X, [2], grid_resolution=5).average.shape == (3, 5)
    sizes, _, scores = learning_curve(make_quick(), X, Y, cv=3, train_sizes=[0.5, 1.0], shuffle=True, random_state=0)
    assert (len(sizes), scores.shape) == (2, (2, 3))
