"""Estimators and `mlptrain.fit` that start from a model: by its file, or by the model itself."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

import mlptrain
from mlptrain.errors import DataError, SpecError
from mlptrain.sklearn import MLPTrainClassifier, MLPTrainRegressor
from tests.support.in_memory import make_columns, make_spec

STILL = {"optimizer": {"name": "sgd", "learning_rate": 1e-30}, "training": {"epochs": 1}}
DRAW = np.random.default_rng(0)
X = DRAW.standard_normal((60, 3))
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)


def make(kind=MLPTrainClassifier, **more):
    return kind(None, **{"hidden": [5], "epochs": 3, "batch_size": "full", "random_state": 1, **more})


def theta(model):
    return model.networks[0].network.parameters.theta


@pytest.mark.parametrize(("kind", "y"), [(MLPTrainClassifier, Y), (MLPTrainRegressor, X @ [1.0, 2.0, 3.0])])
def test_an_estimator_that_does_not_move_predicts_as_the_model_that_it_starts_from(tmp_path, kind, y):
    first = make(kind).fit(X, y)
    first.save(tmp_path / "m.npz")
    for given in (first.model_, tmp_path / "m.npz", str(tmp_path / "m.npz")):
        second = make(kind, epochs=None, spec=STILL, initial_weights=given).fit(X[:30], y[:30])
        assert np.array_equal(theta(first.model_), theta(second.model_))
        assert np.array_equal(first.predict(X), second.predict(X))
        assert second.model_.networks[0].features.columns == first.model_.networks[0].features.columns


def test_a_clone_and_a_pickle_keep_the_weights():
    first = make().fit(X, Y)
    second = make(initial_weights=first.model_)
    for each in (clone(second), pickle.loads(pickle.dumps(second))):
        assert np.array_equal(theta(each.initial_weights), theta(first.model_))
        assert np.array_equal(each.fit(X, Y).predict_proba(X), clone(second).fit(X, Y).predict_proba(X))
    assert b"mlptrain.model" not in pickle.dumps(second.fit(X, Y))


def test_what_does_not_suit_the_model_is_refused():
    first = make().fit(X, Y)
    with pytest.raises(DataError, match=r"the class '7' is none of the given model, whose classes are 0, 1, 2"):
        make(initial_weights=first.model_).fit(X, np.where(Y == 2, 7, Y))
    with pytest.raises(SpecError, match=r"hidden_1 \(Dense\) has 3 inputs and 5 outputs, in this"):
        make(initial_weights=first.model_, hidden=[6]).fit(X, Y)
    with pytest.raises(SpecError, match=r"^initial_weights: 7 is no path"):
        make(initial_weights=7).fit(X, Y)
    fresh = make(initial_weights=first.model_, spec={"initial_weights": {"head": "fresh"}})
    assert fresh.fit(X, np.where(Y == 2, 7, Y)).classes_.tolist() == [0, 1, 7]


def test_fit_takes_a_model_in_memory_or_a_file(tmp_path):
    columns, spec = make_columns(), make_spec()
    first = mlptrain.fit(spec, columns, out=tmp_path / "m.npz")
    still = {"optimizer.name": "sgd", "optimizer.learning_rate": 1e-30, "training.epochs": 1}
    by_file = mlptrain.fit(spec, columns, initial_weights=tmp_path / "m.npz", overrides=still)
    by_model = mlptrain.fit(spec, columns, initial_weights=first.model, overrides=still, out=tmp_path / "n.npz")
    for each in (by_file, by_model):
        assert np.array_equal(theta(each.model), theta(first.model))
        assert each.model.networks[0].features == first.model.networks[0].features
    assert by_file.model.spec.start.digest == by_model.model.spec.start.digest
    assert by_model.model.spec.start.file == ""
    with pytest.raises(SpecError, match="a model in memory; give them again, or name a file"):
        mlptrain.fit(by_model.model.spec, columns)
    again = mlptrain.fit(by_model.model.spec, columns, initial_weights=first.model)
    assert again.model.networks[0].history["train_loss"] == by_model.model.networks[0].history["train_loss"]
    with pytest.raises(SpecError, match=r"initial_weights\.digest: the given model has changed"):
        mlptrain.fit(by_model.model.spec, columns, initial_weights=mlptrain.fit(spec, columns).model)


def test_the_types_of_later_rows_are_written_as_the_model_knows_them():
    floats = {"x": [1.0, 2.0, 3.0, 1.0] * 8, "y": ["a", "b", "a", "b"] * 8}
    spec = {"data": {"target": "y", "columns": {"x": "category"}}, "training": {"epochs": 1}, "model": {"hidden": [3]}}
    first = mlptrain.fit(spec, floats)
    whole = floats | {"x": [int(each) for each in floats["x"]]}
    assert mlptrain.fit(spec, whole, initial_weights=first.model).model.history == (
        mlptrain.fit(spec, floats, initial_weights=first.model).model.history
    )
