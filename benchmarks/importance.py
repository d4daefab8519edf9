"""Permutation importance beside scikit-learn's: the same network, rows and repeats; processor seconds, as Markdown.

    pip install -e .[test]
    python benchmarks/importance.py [--rows 5000] [--columns 20] [--repeats 10] [--rounds 3] [--epochs 3]

A network of two hidden layers is trained on simulated columns of numbers. Both predict with the same function, from
the encoded matrix to probabilities or numbers: scikit-learn's `permutation_importance` permutes that matrix. What
mlptrain does besides is in its time: encoding the rows, associations and groups of columns, intervals over rows.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.inspection import permutation_importance

import mlptrain
from mlptrain.data.odd_cells import OddCells
from mlptrain.explain.encoded_rows import EncodedRows
from mlptrain.explain.methods import explain_rows, make_method
from mlptrain.model.memory_rows import make_evaluation_rows
from mlptrain.model.model import Model
from mlptrain.model.network_outputs import predict_values

SCORES = {"log_loss": "neg_log_loss", "auc": "roc_auc", "rmse": "neg_root_mean_squared_error"}
"""What each metric is called there."""
Columns = dict[str, Any]


class Network(BaseEstimator):
    """A fitted model behind scikit-learn's interface; x is its encoded matrix."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def fit(self, _: Any, __: Any) -> "Network":
        return self

    def predict_encoded(self, x: Any) -> Any:
        fitted = self.model.networks[0]
        return predict_values(fitted.network, fitted.head, x)

    def __sklearn_is_fitted__(self) -> bool:
        return True


class Classifier(ClassifierMixin, Network):
    """A model of two classes."""

    classes_ = np.array([0, 1])

    def predict_proba(self, x: Any) -> Any:
        return self.predict_encoded(x)

    def predict(self, x: Any) -> Any:
        return self.predict_encoded(x).argmax(axis=1)


class Regressor(RegressorMixin, Network):
    """A model of one number."""

    def predict(self, x: Any) -> Any:
        return self.predict_encoded(x)[:, 0]


def simulate(rows: int, columns: int, *, classes: bool) -> Columns:
    """Columns of normal numbers, of which every second one matters, and their target."""
    random = np.random.default_rng(1)
    x = random.normal(size=(rows, columns)).round(3)
    y = x[:, ::2] @ np.linspace(1, 0.1, x[:, ::2].shape[1]) + x[:, 0] * x[:, -1] + random.normal(size=rows)
    target = np.where(y > 0, "yes", "no") if classes else y
    return {f"c{place}": column for place, column in enumerate(x.T)} | {"y": target}


def train(columns: Columns, epochs: int) -> Model:
    """A network of two hidden layers."""
    spec = {
        "data": {"target": "y"},
        "model": {"hidden": [128, 64], "activation": "silu"},
        "training": {"epochs": epochs},
    }
    return mlptrain.fit(spec, columns).model


def measure_seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """The processor seconds of some work, and what it gives."""
    begun = time.process_time()
    found = work()
    return time.process_time() - begun, found


def compare(metric: str, *, rows: int, columns: int, repeats: int, rounds: int, epochs: int) -> list[str]:
    """A row of the table: the seconds of both, their ratio, and how far the importances lie apart."""
    cells = simulate(rows, columns, classes=metric != "rmse")
    model = train(cells, epochs)
    read = make_evaluation_rows(cells, model.spec.data, model.columns(), model.head, [])
    encoded = EncodedRows.encode(model, read, OddCells(), with_targets=True)
    x, truth = encoded.networks[0].x, encoded.judge(losses=False).truth
    method = make_method("permutation", {"metric": metric, "repeats": repeats, "rows_limit": rows, "time_limit": "9h"})
    estimator = (Regressor if metric == "rmse" else Classifier)(model)

    def explain() -> Any:
        return explain_rows(model, read, method, clock=time.monotonic, threads=1)

    def permute() -> Any:
        y = truth[:, 0] if metric == "rmse" else truth
        return permutation_importance(estimator, x, y, scoring=SCORES[metric], n_repeats=repeats, random_state=1)

    pairs = [(measure_seconds(explain), measure_seconds(permute)) for _ in range(rounds)]
    (_, ours), (_, theirs) = pairs[-1]
    worth = {each.column: each.importance for each in ours.columns}
    apart = np.abs(np.array([worth[f"c{k}"] for k in range(columns)]) - theirs.importances_mean).max()
    largest = max(worth.values())
    seconds = [median(pair[who][0] for pair in pairs) for who in (0, 1)]
    ratio = median(pair[0][0] / pair[1][0] for pair in pairs)
    return [metric, *(f"{each:.2f}" for each in seconds), f"{ratio:.2f}", f"{apart / largest:.1%}"]


def write_page(rows: Sequence[Sequence[str]]) -> str:
    """The table."""
    headings = ["metric", "mlptrain", "scikit-learn", "ratio", "apart, of the largest"]
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("rows", 5000), ("columns", 20), ("repeats", 10), ("rounds", 3), ("epochs", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = vars(parser.parse_args(arguments))
    print(write_page([compare(metric, **options) for metric in SCORES]))


if __name__ == "__main__":
    main()
