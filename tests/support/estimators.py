"""Small estimators, and rows that they learn in no time."""

from sklearn.datasets import load_diabetes, load_iris

from mlptrain.sklearn import MLPTrainClassifier, MLPTrainRegressor

SMALL = {"hidden": (16,), "batch_size": 16, "learning_rate": 0.02}
X, Y = load_iris(return_X_y=True)
NUMBERS, TARGET = load_diabetes(return_X_y=True)
NAMES = ("cold", "hot", "warm")


def make_small(**parameters):
    """A classifier and a regressor that learn the data of the checks in a few epochs."""
    classifier = MLPTrainClassifier(**({"epochs": 15} | SMALL | parameters))
    return [classifier, MLPTrainRegressor(**({"epochs": 20} | SMALL | parameters))]


def make_quick(**parameters):
    """A classifier that learns a little in no time."""
    return MLPTrainClassifier(**({"hidden": (8,), "epochs": 4, "learning_rate": 0.05, "random_state": 0} | parameters))
