"""Networks whose best parameters are known otherwise: they are found, by way of files and specs."""

import csv
from math import log

import numpy as np
import pytest
import yaml
from numpy.random import default_rng
from sklearn.linear_model import LogisticRegression, PoissonRegressor

from tests.support.flows import fit, predict

Z = default_rng(7).standard_normal((200, 3))
X = Z * [1, 5, 0.2] + [0, 10, -3]
EXACT = {
    "model": {"hidden": [], "dtype": "float64"},
    "optimizer": "lbfgs",
    "training": {"epochs": 200, "batch_size": "full"},
}


@pytest.fixture
def draw():
    return default_rng(8)


def predictions(folder, targets, *, probabilities=False, **sections):
    """Fit a spec on X and the targets, predict X again: columns of texts."""
    names = list(targets)
    with (folder / "table.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["a", "b", "c", *names])
        writer.writerows(
            [*map(repr, x), *row] for x, row in zip(X.tolist(), zip(*targets.values(), strict=True), strict=True)
        )
    data = {"train": "table.csv", "target": names if len(names) > 1 else names[0]}
    (folder / "run.yaml").write_text(yaml.safe_dump({"data": data} | EXACT | sections))
    model = fit(str(folder / "run.yaml"), out=folder / "m.npz").model
    return predict(model, str(folder / "table.csv"), probabilities=probabilities)


def numbers(cells):
    return np.array(cells, float)


def drawn_classes(draw, count):
    """Classes that no line separates."""
    logits = Z @ draw.standard_normal((3, count)) + draw.gumbel(size=(200, count))
    return np.array(["red", "green", "blue"][:count])[logits.argmax(axis=1)]


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("loss", ["cross_entropy", None])
def test_without_hidden_layers_it_is_logistic_regression(tmp_path, count, loss, draw):
    y = drawn_classes(draw, count)
    found = predictions(tmp_path, {"y": y}, probabilities=True, **({"loss": loss} if loss else {}))
    reference = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(Z, y)
    for label, expected in zip(reference.classes_, reference.predict_proba(Z).T, strict=True):
        np.testing.assert_allclose(numbers(found[f"probability_{label}"]), expected, atol=1e-3)


def test_an_l2_penalty_is_that_of_scikit_learn(tmp_path, draw):
    """Theirs is ½ ‖w‖² + C Σ ℓ, ours is mean ℓ + λ ‖w‖²: λ = 1 / (2 C n); columns standardised as here."""
    y = drawn_classes(draw, 2)
    found = predictions(tmp_path, {"y": y}, probabilities=True, regularization={"l2": 1 / (2 * 0.1 * 200)})
    standard = (X - X.mean(axis=0)) / X.std(axis=0)
    reference = LogisticRegression(C=0.1, tol=1e-10, max_iter=10_000).fit(standard, y)
    np.testing.assert_allclose(numbers(found["probability_red"]), reference.predict_proba(standard)[:, 1], atol=1e-3)


def test_without_hidden_layers_squares_have_the_least_squares_solution(tmp_path, draw):
    y = Z @ [3.0, -2.0, 0.5] + 4 + draw.standard_normal(200)
    w = 1000 + 50 * Z[:, 0] * Z[:, 1] + 20 * draw.standard_normal(200)
    found = predictions(tmp_path, {"y": y.tolist(), "w": w.tolist()})
    A = np.column_stack([np.ones(200), Z])
    for name, truth in (("y", y), ("w", w)):
        best = A @ np.linalg.lstsq(A, truth)[0]
        np.testing.assert_allclose(numbers(found[name]), best, atol=1e-4 * truth.std())


def test_counts_have_the_solution_of_poisson_regression(tmp_path, draw):
    y = draw.poisson(np.exp(0.4 * Z[:, 0] - 0.3 * Z[:, 1] + 1))
    found = numbers(predictions(tmp_path, {"y": y.tolist()}, loss="poisson")["y"])
    reference = PoissonRegressor(alpha=0, tol=1e-10, max_iter=10_000).fit(Z, y)
    np.testing.assert_allclose(found, reference.predict(Z), rtol=1e-3)
    assert found.mean() == pytest.approx(y.mean(), rel=1e-4)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_a_quantile_has_its_share_of_the_rows_below(tmp_path, level, draw):
    y = Z[:, 0] + (1 + np.abs(Z[:, 1])) * draw.standard_normal(200)
    slow = {
        "optimizer": {"name": "adam", "learning_rate": 0.05},
        "schedules": {"learning_rate": "cosine"},
        "training": {"epochs": 400, "batch_size": "full"},
    }
    found = numbers(predictions(tmp_path, {"y": y.tolist()}, loss={"name": "quantile", "level": level}, **slow)["y"])
    assert np.mean(y < found) == pytest.approx(level, abs=0.03)


@pytest.mark.parametrize(("loss", "robust"), [("huber", True), ("log_cosh", True), ("mean_squared_error", False)])
def test_robust_losses_are_not_drawn_to_a_few_wild_rows(tmp_path, loss, robust, draw):
    truth = Z @ [3.0, -2.0, 0.5]
    y = truth + 0.1 * draw.standard_normal(200)
    y[:6] += 500
    slow = {"optimizer": {"name": "adam", "learning_rate": 0.05}, "training": {"epochs": 300, "batch_size": "full"}}
    found = numbers(predictions(tmp_path, {"y": y.tolist()}, loss=loss, **slow)["y"])
    assert (np.abs(found - truth).mean() < 3) == robust


def test_the_best_constant_for_absolute_errors_is_the_median(tmp_path, draw):
    y = np.exp(2 * draw.standard_normal(200))
    blind = {
        "data": {"train": "table.csv", "target": "y", "columns": {"b": "ignore", "c": "ignore"}},
        "regularization": {"l2": 1e4},
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "schedules": {"learning_rate": "cosine"},
        "training": {"epochs": 600, "batch_size": "full"},
    }
    found = numbers(predictions(tmp_path, {"y": y.tolist()}, loss="mean_absolute_error", **blind)["y"])
    assert found.mean() == pytest.approx(np.median(y), abs=0.05 * y.std())
    assert log(np.median(y)) == pytest.approx(0, abs=0.5)
