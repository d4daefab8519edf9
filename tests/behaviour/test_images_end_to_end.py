"""Images: IDX files in, a model, predictions for images; what does not fit is refused."""

import gzip
import struct

import numpy as np
import pytest
from numpy.random import default_rng

from mlptrain.commands.check import check_files
from mlptrain.commands.evaluate import evaluate_files
from mlptrain.data.frames import read_columns
from mlptrain.data.images import read_images, read_labels
from mlptrain.errors import DataError, SpecError
from mlptrain.explain.permutation import Permutation
from mlptrain.model.answers import AnswerOptions
from mlptrain.model.model import Model
from mlptrain.model.rows import TableRows
from tests.support.flows import fit, predict

SPEC = """
data:
  train: {images: train.images, labels: train.labels}
  test: {images: test.images.gz, labels: test.labels}
model: {hidden: [16]}
optimizer: {name: adam, learning_rate: 0.01}
training: {epochs: 15, batch_size: 16}
"""


def idx(array):
    """An array of bytes in the IDX format."""
    array = np.asarray(array, np.uint8)
    return b"\x00\x00\x08" + struct.pack(f">B{array.ndim}I", array.ndim, *array.shape) + array.tobytes()


def bars(count, seed):
    """Pictures of 5 × 4 with one bright row; its number is the label (7 for the last)."""
    draw = default_rng(seed)
    labels = draw.integers(0, 5, count)
    images = draw.integers(0, 60, (count, 5, 4))
    images[np.arange(count), labels] += 190
    return images, np.where(labels == 4, 7, labels)


@pytest.fixture
def folder(tmp_path):
    for name, count in (("train", 120), ("test", 40)):
        images, labels = bars(count, seed=count)
        (tmp_path / f"{name}.images").write_bytes(idx(images))
        (tmp_path / f"{name}.labels").write_bytes(idx(labels))
        (tmp_path / f"{name}.images.gz").write_bytes(gzip.compress(idx(images)))
    (tmp_path / "bars.yaml").write_text(SPEC)
    return tmp_path


@pytest.fixture
def model(folder):
    return fit(str(folder / "bars.yaml"), out=folder / "m.npz").model


def test_pictures_are_learned_and_measured_on_the_test_files(model):
    found = evaluate_files(model)
    assert found.rows == 40
    assert found.metrics["accuracy"] == 1


def test_images_are_predicted_under_the_name_label_in_order(model, folder):
    predicted = predict(model, str(folder / "test.images.gz"), probabilities=True)
    assert list(predicted) == ["label", *(f"probability_{label}" for label in (0, 1, 2, 3, 7))]
    assert predicted["label"] == read_labels(str(folder / "test.labels"), 40).texts("")
    assert predict(model, str(folder / "test.images"))["label"] == predicted["label"]


def test_images_and_labels_are_measured_by_name(model, folder):
    images, labels = str(folder / "train.images"), str(folder / "train.labels")
    assert evaluate_files(model, images, labels).rows == 120
    with pytest.raises(SpecError, match="--labels is missing"):
        evaluate_files(model, images)
    with pytest.raises(DataError, match="40 labels for 120 images"):
        evaluate_files(model, images, str(folder / "test.labels"))


def test_pixels_are_scaled_to_zero_to_one(folder):
    images = read_images(str(folder / "train.images"))
    found = check_files(str(folder / "bars.yaml"))
    assert images.shape == (120, 5, 4)
    assert found.layers[0][1:] == ((16, 16), 20 * 16 + 16)
    assert all(parameter.right for parameter in found.gradient)


def test_labels_may_not_be_missing_anywhere(folder):
    for where in ("data.train", "data.split.validation", "data.test"):
        overrides = [f"{where}={{images: test.images}}"]
        with pytest.raises(SpecError, match="labels"):
            evaluate_files(fit(str(folder / "bars.yaml"), out=folder / "n.npz", overrides=overrides).model)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (idx(np.zeros((3, 4, 5))), r"images of 4 × 5, the model knows 5 × 4"),
        (idx(np.zeros(3)), "these are labels, not images; swap the two files"),
        (idx(np.zeros((3, 5, 4)))[:-1], "59 bytes of data, 60 expected for 3 × 5 × 4"),
        (b"a,b\n1,2\n", "not an IDX file"),
    ],
)
def test_a_file_of_other_images_or_of_none_is_refused(model, folder, content, message):
    (folder / "other").write_bytes(content)
    with pytest.raises(DataError, match=message):
        predict(model, str(folder / "other"))


def test_images_have_no_columns_to_keep(model, folder):
    with pytest.raises(SpecError, match="--keep: images have no columns"):
        predict(model, str(folder / "test.images"), keep=["all"])


def test_a_table_is_no_images(model):
    with pytest.raises(DataError):
        Model.load(model).answer(TableRows(read_columns({"a": [1]})), AnswerOptions())


def test_images_have_no_columns_whose_importance_could_be_found(model):
    with pytest.raises(SpecError, match="--importance: the model was trained on images"):
        evaluate_files(model, importance=Permutation())


def test_images_in_memory_have_a_report_with_their_labels(model):
    images, labels = bars(40, seed=40)
    found = Model.load(model)
    for given in (labels, labels.tolist(), list(map(str, labels))):
        report = found.report(images.astype(np.uint8), labels=given)
        assert report.quality.evaluation.metrics["accuracy"] == 1
    assert {"importance", "effects"} <= report.absent.keys()
    with pytest.raises(SpecError, match="labels: the model was trained on images; give their labels"):
        found.report(images.astype(np.uint8))
    with pytest.raises(DataError, match="labels: there are 3, and 40 images"):
        found.report(images.astype(np.uint8), labels=labels[:3])
