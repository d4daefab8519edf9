"""A training, or a prediction of a CSV, as a script in scikit-learn: one process, the work as JSON.

    python with_sklearn.py fit '{"train": "iris.csv", "target": "species", …}'
    python with_sklearn.py predict MODEL DATA.csv PREDICTIONS.csv

A pipeline as its users write it, in float32. `early_stopping` with a patience of all epochs is what evaluates a
validation part after every epoch and keeps the best one, as the others do, without ever stopping.
"""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import files
import joblib
import numpy as np
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def network(work: dict[str, Any]) -> Any:
    kind = MLPRegressor if work["task"] == "number" else MLPClassifier
    return kind(
        hidden_layer_sizes=tuple(work["hidden"]),
        activation=work["activation"],
        solver="adam",
        alpha=0.0,
        batch_size=work["batch_size"],
        learning_rate_init=work["learning_rate"],
        max_iter=work["epochs"],
        early_stopping=True,
        validation_fraction=0.2,
        n_iter_no_change=work["epochs"],
        random_state=1,
    )


def pipeline(work: dict[str, Any], frame: Any) -> Any:
    numbers = frame.select_dtypes("number").columns.tolist()
    others = [name for name in frame.columns if name not in numbers]
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
            ("categories", OneHotEncoder(handle_unknown="ignore", dtype=np.float32, sparse_output=False), others),
        ]
    )
    model = Pipeline([("columns", columns), ("network", network(work))])
    return TransformedTargetRegressor(model, transformer=StandardScaler()) if work["task"] == "number" else model


def fit(work: dict[str, Any]) -> None:
    warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is given
    if work["labels"]:
        model = network(work).fit(*files.images(work))
        trained = model
    else:
        frame = files.table(work)
        numbers = frame.select_dtypes("number").columns
        frame = frame.astype(dict.fromkeys(numbers, np.float32))
        targets = frame.pop(work["target"])
        model = pipeline(work, frame).fit(frame, targets)
        trained = (model.regressor_ if work["task"] == "number" else model)["network"]
    if trained.n_iter_ != work["epochs"]:
        raise RuntimeError(f"{trained.n_iter_} epochs in place of {work['epochs']}")
    joblib.dump(model, work["out"])
    print(json.dumps({"score": trained.best_validation_score_}))


def predict(model_file: str, data: str, out: str) -> None:
    """A table of numbers to predict; chunk by chunk, so that memory does not grow with the rows."""
    model = joblib.load(model_file)
    with Path(out).open("w", encoding="utf-8") as stream:
        stream.write("y\n")
        for chunk in files.chunks(data):
            numbers = chunk.select_dtypes("number").columns
            y = model.predict(chunk.astype(dict.fromkeys(numbers, np.float32)))
            stream.writelines(f"{value}\n" for value in y.tolist())


def main() -> None:
    command, *arguments = sys.argv[1:]
    if command == "fit":
        fit(json.loads(arguments[0]))
    else:
        predict(*arguments)


if __name__ == "__main__":
    main()
