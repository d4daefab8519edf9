"""Make the golden model of the present format: `python tests/golden/make.py`. Files of earlier formats stay.

A model of every format that was ever released stays here, and stays readable, with the predictions that it had.
"""

import tempfile
from pathlib import Path

from mlptrain.commands.fit import fit
from mlptrain.commands.predict import Prediction
from mlptrain.model.answers import Wanted
from mlptrain.model.file import FORMAT_VERSION

HERE = Path(__file__).parent
SPEC = """
data: {train: train.csv, target: kind, split: {validation: 0.2}}
model: {hidden: [6, 4], activation: relu, dropout: 0.1, norm: batch}
training: {epochs: 20, batch_size: 8}
seed: 3
"""


def main() -> None:
    """Train on a small table, keep the model and its predictions."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "train.csv").write_bytes((HERE / "train.csv").read_bytes())
        (place / "spec.yaml").write_text(SPEC, encoding="utf-8")
        model = HERE / f"format_{FORMAT_VERSION}.npz"
        model.unlink(missing_ok=True)
        fit(str(place / "spec.yaml"), out=model)
    wanted = Wanted(keep=[], probabilities=True)
    Prediction(str(model), str(HERE / "train.csv"), wanted).publish(model.with_suffix(".csv"))


if __name__ == "__main__":
    main()
