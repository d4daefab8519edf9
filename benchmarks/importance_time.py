"""Permutation importance beside scikit-learn's and AutoGluon's: the same network, rows and repeats; processor seconds.

A network of two hidden layers is trained on simulated columns of numbers. All predict with the same function, from the
encoded matrix to probabilities or numbers, with one thread: the others permute that matrix. What mlptrain does besides
is in its time: encoding the rows, associations and groups of columns, intervals over rows.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from statistics import median
from typing import Any

import numpy as np
from measuring import heading, missing, row, spread
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.inspection import permutation_importance
from threadpoolctl import threadpool_limits

import mlptrain
from mlptrain.data.odd_cells import OddCells
from mlptrain.explain.encoded_rows import EncodedRows
from mlptrain.explain.methods import explain_rows, make_method
from mlptrain.model.memory_rows import make_evaluation_rows
from mlptrain.model.model import Model
from mlptrain.model.network_outputs import predict_values

SCORES = {"log_loss": "neg_log_loss", "auc": "roc_auc", "rmse": "neg_root_mean_squared_error"}
"""What each metric is called in scikit-learn."""
AUTOGLUON_SCORES = {"log_loss": "log_loss", "auc": "roc_auc", "rmse": "root_mean_squared_error"}
OURS, SKLEARN, AUTOGLUON = "mlptrain", "scikit-learn", "AutoGluon"
Columns = dict[str, Any]
Found = Mapping[str, float]
"""The importance of each column."""


@dataclass(frozen=True)
class Work:
    """What is measured, and on how much."""

    metric: str
    rows: int = 5000
    columns: int = 20
    repeats: int = 10
    rounds: int = 11
    epochs: int = 3


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


def make_systems(work: Work) -> dict[str, Callable[[], Found]]:
    """What each system does with the same network and rows."""
    cells = simulate(work.rows, work.columns, classes=work.metric != "rmse")
    model = train(cells, work.epochs)
    read = make_evaluation_rows(cells, model.spec.data, model.columns(), model.head, [])
    encoded = EncodedRows.encode(model, read, OddCells(), with_targets=True)
    x, truth = encoded.networks[0].x, encoded.judge(losses=False).truth
    y = truth[:, 0] if work.metric == "rmse" else truth
    options = {"metric": work.metric, "repeats": work.repeats, "rows_limit": work.rows, "time_limit": "9h"}
    method, estimator = make_method("permutation", options), (Regressor if work.metric == "rmse" else Classifier)(model)

    def explain() -> Found:
        found = explain_rows(model, read, method, clock=time.monotonic, threads=1)
        return {each.column: each.importance for each in found.columns}

    def permute() -> Found:
        how = {"scoring": SCORES[work.metric], "n_repeats": work.repeats, "random_state": 1}
        found = permutation_importance(estimator, x, y, **how).importances_mean
        return {f"c{place}": float(each) for place, each in enumerate(found)}

    systems: dict[str, Callable[[], Found]] = {OURS: explain, SKLEARN: permute}
    if not missing(["pandas", "autogluon"]):
        systems[AUTOGLUON] = make_autogluon(work, estimator, x, y)
    return systems


def make_autogluon(work: Work, estimator: Any, x: Any, y: Any) -> Callable[[], Found]:
    """What AutoGluon does with a network; its function is given frames."""
    pandas, metrics = import_module("pandas"), import_module("autogluon.core.metrics")
    compute = import_module("autogluon.core.utils").compute_permutation_feature_importance
    frame, answers = pandas.DataFrame(x, columns=[f"c{place}" for place in range(x.shape[1])]), pandas.Series(y)
    scorer = getattr(metrics, AUTOGLUON_SCORES[work.metric])

    def predict(some: Any) -> Any:
        values = estimator.predict_encoded(some.to_numpy())
        return values[:, 0] if work.metric == "rmse" else values[:, 1]

    def permute() -> Found:
        found = compute(frame, answers, predict, scorer, num_shuffle_sets=work.repeats, silent=True)
        return found["importance"].to_dict()

    return permute


def measure(work: Work) -> Mapping[str, Any]:
    """The processor seconds of each system, in turns, and how far the importances lie from ours."""
    systems = make_systems(work)
    seconds: dict[str, list[float]] = {name: [] for name in systems}
    found: dict[str, Found] = {}
    with threadpool_limits(1):
        for _ in range(work.rounds):
            for name, run in systems.items():
                begun = time.process_time()
                found[name] = run()
                seconds[name].append(round(time.process_time() - begun, 4))
    largest = max(found[OURS].values())
    apart = {
        name: max(abs(each[column] - found[OURS][column]) for column in each) / largest for name, each in found.items()
    }
    return {"seconds": seconds, "apart": apart}


def list_works(rounds: int) -> list[Mapping[str, Any]]:
    """One for each metric."""
    return [asdict(Work(metric, rounds=rounds)) for metric in SCORES]


def report(results: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Iterator[str]:
    """A row a metric and peer."""
    work = results[0][0]
    yield (
        f"{work['rows']:,} rows, {work['columns']} columns, {work['repeats']} repeats, {work['rounds']} rounds: "
        "medians (quartiles) of processor seconds, one thread. The ratio is that of the medians, of mlptrain to the "
        "other: below 1 mlptrain is faster. *Apart*: how far an importance lies from ours at most, as a share of the "
        "largest."
    )
    yield ""
    yield from heading("metric", "beside", "mlptrain", "the other", "ratio", "apart")
    for own, each in results:
        ours = each["seconds"][OURS]
        for name, theirs in each["seconds"].items():
            if name != OURS:
                ratio, apart = median(ours) / median(theirs), each["apart"][name]
                yield row(own["metric"], name, spread(ours), spread(theirs), f"**{ratio:.2f}**", f"{apart:.1%}")
        if AUTOGLUON not in each["seconds"]:
            yield row(own["metric"], AUTOGLUON, "", "not installed", "", "")
