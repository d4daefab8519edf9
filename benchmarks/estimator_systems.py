"""The systems that `estimators.py` compares: how each becomes an estimator for a table, as a careful user writes it.

Each is made of the names of the columns and a seed; its `fit` gets a data frame whose texts are categories. What a
system needs is imported when it is made.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HIDDEN, DROPOUT, RATE, BATCH, EPOCHS, PATIENCE = (128, 128), 0.1, 1e-3, 128, 100, 10
"""Of the network in skorch, which has no default: as the guides of PyTorch have it, and early stopping beside it."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is to be learned: the columns of a table, whether the target is one of classes, and the seed."""

    numbers: Sequence[str]
    categories: Sequence[str]
    classes: int
    """How many classes there are; 0 of numbers."""
    seed: int


@dataclass(frozen=True)
class System:
    """A system by the libraries that it needs and the estimator that it makes."""

    modules: Sequence[str]
    make: Callable[[Work], Any]
    about: str


def make_mlptrain(work: Work) -> Any:
    """The estimator with its defaults."""
    from mlptrain.sklearn import MLPTrainClassifier, MLPTrainRegressor

    kind = MLPTrainClassifier if work.classes else MLPTrainRegressor
    return kind(random_state=work.seed, n_jobs=1)


def make_sklearn(work: Work) -> Any:
    """The MLP of scikit-learn with its defaults, behind its transformers."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPClassifier if work.classes else MLPRegressor
    return put_behind_transformers(work, kind(random_state=work.seed))


def make_skorch(work: Work) -> Any:
    """A network of PyTorch in skorch, behind the transformers of scikit-learn."""
    import torch
    from skorch import NeuralNet, NeuralNetClassifier
    from skorch.callbacks import EarlyStopping

    torch.manual_seed(work.seed)
    kind, loss = (NeuralNetClassifier, torch.nn.CrossEntropyLoss) if work.classes else (NeuralNet, torch.nn.MSELoss)
    network = kind(
        build_torch_network(work.classes),
        criterion=loss,
        optimizer=torch.optim.AdamW,
        lr=RATE,
        batch_size=BATCH,
        max_epochs=EPOCHS,
        callbacks=[EarlyStopping(patience=PATIENCE, load_best=True)],
        verbose=0,
    )
    return put_behind_transformers(work, network)


def build_torch_network(classes: int) -> Any:
    """Hidden layers of ReLUs with dropout, as many inputs as there are; its outputs are logits, or numbers (B,)."""
    from torch import nn

    blocks = [[nn.LazyLinear(units), nn.ReLU(), nn.Dropout(DROPOUT)] for units in HIDDEN]
    last = [nn.LazyLinear(classes)] if classes else [nn.LazyLinear(1), nn.Flatten(0)]
    return nn.Sequential(*(layer for block in [*blocks, last] for layer in block))


def make_realmlp(work: Work) -> Any:
    """RealMLP-TD-S of pytabkit with its defaults; numbers that are missing, which it refuses, are imputed before."""
    from pytabkit import RealMLP_TD_S_Classifier, RealMLP_TD_S_Regressor
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline

    kind = RealMLP_TD_S_Classifier if work.classes else RealMLP_TD_S_Regressor
    imputed = [("numbers", SimpleImputer(), list(work.numbers)), ("rest", "passthrough", list(work.categories))]
    columns = ColumnTransformer(imputed, verbose_feature_names_out=False).set_output(transform="pandas")
    return make_pipeline(columns, kind(random_state=work.seed, device="cpu", n_threads=1, verbosity=0))


def put_behind_transformers(work: Work, network: Any) -> Any:
    """A pipeline: numbers imputed and standardised, categories one-hot, number targets standardised; in float32."""
    import numpy as np
    from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), list(work.numbers)),
            ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), list(work.categories)),
        ]
    )
    single = FunctionTransformer(np.asarray, kw_args={"dtype": np.float32})
    pipeline = make_pipeline(columns, single, network)
    if work.classes:
        return pipeline
    return TransformedTargetRegressor(pipeline, transformer=make_pipeline(StandardScaler(), single))


SYSTEMS: Mapping[str, System] = {
    "mlptrain": System((), make_mlptrain, "MLPTrainClassifier and MLPTrainRegressor, defaults"),
    "scikit-learn": System(("sklearn",), make_sklearn, "MLPClassifier and MLPRegressor, defaults, behind transformers"),
    "skorch": System(
        ("skorch", "torch"),
        make_skorch,
        f"{len(HIDDEN)} layers of {HIDDEN[0]} ReLUs, dropout {DROPOUT:g}, AdamW, early stopping, behind the same",
    ),
    "RealMLP-TD-S": System(("pytabkit", "torch"), make_realmlp, "pytabkit's RealMLP_TD_S_*, defaults"),
}
"""By the name that the page has."""
