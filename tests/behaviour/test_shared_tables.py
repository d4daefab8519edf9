"""Real data of the shared folder, where there is one beside the repository: a table with gaps, and MNIST."""

import struct

import pytest

from mlptrain.commands.evaluate import evaluate_files
from mlptrain.commands.predict import Prediction
from mlptrain.data.images import read_images, read_labels
from mlptrain.model.answers import AnswerOptions
from tests.support.flows import CONFIGS, SHARED, fit, predict


def shared(name):
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is not there: the shared data lies beside the repository on some machines only")
    return str(path)


def test_titanic_is_fitted_measured_and_predicted(tmp_path):
    data = shared("titanic.csv")
    result = fit(str(CONFIGS / "titanic.yaml"), out=tmp_path / "titanic.npz", overrides=[f"data.train={data}"])
    assert result.metrics["validation"]["auc"] > 0.8
    found = evaluate_files(result.model)
    assert found.rows == 178
    assert found.metrics["accuracy"] > 0.75
    predicted = predict(result.model, data, keep=["name"])
    assert len(predicted["survived"]) == 891
    assert set(predicted["survived"]) == {"0", "1"}
    assert predicted["name"][0] == "Braund, Mr. Owen Harris"
    prediction = Prediction(result.model, data, AnswerOptions())
    assert sum(len(piece["survived"]) for piece in prediction.predict_pieces()) == prediction.counts.rows == 891
    assert prediction.counts.odd.filled["age"] == 177


def test_one_short_epoch_of_mnist(tmp_path):
    """3,000 pictures of the 60,000, and the 10,000 of the test part cut to 500."""
    for name, count, into in (("train", 3000, "train"), ("t10k", 500, "test")):
        images = read_images(shared(f"mnist.{name}-images-idx3-ubyte.gz"))
        labels = read_labels(shared(f"mnist.{name}-labels-idx1-ubyte.gz"), len(images))
        assert images.shape[1:] == (28, 28)
        header = b"\x00\x00\x08"
        (tmp_path / f"{into}.images").write_bytes(
            header + struct.pack(">B3I", 3, count, 28, 28) + images[:count].tobytes()
        )
        (tmp_path / f"{into}.labels").write_bytes(
            header + struct.pack(">BI", 1, count) + bytes(map(int, labels.texts("")[:count]))
        )
    overrides = [
        *(
            f"data.{part}={{images: {tmp_path}/{part}.images, labels: {tmp_path}/{part}.labels}}"
            for part in ("train", "test")
        ),
        *("model.hidden=[64]", "training.epochs=1", "schedules.learning_rate=constant"),
    ]
    result = fit(str(CONFIGS / "mnist_mlp.yaml"), out=tmp_path / "m.npz", overrides=overrides)
    assert result.parameters == 784 * 64 + 64 + 640 + 10
    found = evaluate_files(result.model)
    assert found.rows == 500
    assert found.metrics["accuracy"] > 0.7
