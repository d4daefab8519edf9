"""Make the golden models of the present format: `python tests/golden/make.py [NAME]…`. Files of earlier formats stay.

A model of every format that was ever released stays here, and stays readable, with the predictions that it had.

format_1.npz                one network on train.csv: numbers with gaps, a category; batch norm, dropout
format_1_folds_members.npz  three folds of two members each on mixed.csv: numbers in `plr` embeddings, a category as an
                            embedding and one as one-hot columns, a truth value, a date; three classes, calibrated
Both were made by version 0.1.0.
format_2.npz                two networks of different specs and weights on train.csv
"""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import yaml

from mlptrain.commands.predict import Prediction
from mlptrain.model.answers import AnswerOptions
from mlptrain.model.model import Model
from tests.support.flows import fit

HERE = Path(__file__).parent
SPECS = {
    "": """
data: {train: train.csv, target: kind, split: {validation: 0.2}}
model: {hidden: [6, 4], activation: relu, dropout: 0.1, norm: batch}
training: {epochs: 20, batch_size: 8}
seed: 3
""",
    "_folds_members": """
data:
  train: mixed.csv
  target: grade
  split: {folds: 3}
  columns:
    town: {type: category, encoding: {name: embedding, width: 3, one_hot_up_to: 4}}
    fresh: boolean
    sold: date
members: 2
model:
  hidden: [6, 5]
  activation: silu
  numeric_embedding: {name: plr, frequencies: 3, outputs: 2}
  calibration: temperature
optimizer: {name: adamw, learning_rate: 0.02}
training: {epochs: 12, batch_size: 16}
seed: 5
""",
}
"""What was trained, by the end of the file's name; the table is the one that the spec names."""
OTHER = """
data: {train: train.csv, target: kind, scaling: robust, category_encoding: ordinal}
model: {hidden: [5], activation: tanh}
loss: {name: cross_entropy, label_smoothing: 0.1}
training: {epochs: 30, batch_size: 8}
seed: 4
"""
"""The second network of format 2."""


def main() -> None:
    """Train on small tables, keep the models and their predictions."""
    for name in sys.argv[1:] or MAKERS:
        path = HERE / f"{name}.npz"
        path.unlink(missing_ok=True)
        model = MAKERS[name]()
        model.save(path)
        options = AnswerOptions(keep=[], probabilities=True)
        Prediction(str(path), str(HERE / model.spec.data.train), options).publish(path.with_suffix(".csv"))


def train(spec: str) -> Model:
    """The model of a spec on its small table."""
    table = HERE / yaml.safe_load(spec)["data"]["train"]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / table.name).write_bytes(table.read_bytes())
        (place / "spec.yaml").write_text(spec, encoding="utf-8")
        fit(str(place / "spec.yaml"), out=place / "model.npz")
        return Model.load(place / "model.npz")


def train_two() -> Model:
    """Two networks of different specs and weights."""
    first, second = train(SPECS[""]), train(OTHER)
    return replace(first, networks=[*first.networks, *second.networks], weights=(1.0, 3.0))


MAKERS: dict[str, Callable[[], Model]] = {
    **{f"format_1{ending}": partial(train, spec) for ending, spec in SPECS.items()},
    "format_2": train_two,
}


if __name__ == "__main__":
    main()
