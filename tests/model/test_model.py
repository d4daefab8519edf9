"""The model: arrays out, of the types of the labels; the same after a file, bytes or pickle; an average of networks."""

import copy
import pickle
import struct
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

import mlptrain
from mlptrain.engine.losses import Loss
from mlptrain.errors import DataError, ModelFileError, SpecError
from mlptrain.model.model import Model
from tests.support.in_memory import drop_gaps, make_columns, make_records, make_spec

COLUMNS = make_columns()
WHOLE = drop_gaps(COLUMNS)
ROWS = len(WHOLE["size"])
WITHOUT_PROBABILITIES = [kind().name for kind in get_args(Loss) if kind.classes and not kind.probabilistic]
SMALL = {"data": {"target": "y"}, "training": {"epochs": 1, "batch_size": 4}}


def fit_labels(*labels):
    """A model of these labels."""
    return mlptrain.fit(SMALL, {"x": [0.5, 1.5, 2.5, 3.5, 4.5, 5.5], "y": (list(labels) * 6)[:6]}).model


@pytest.fixture(scope="module")
def model():
    return mlptrain.fit(make_spec(data={"split": {"validation": 0.2}}), COLUMNS).model


@pytest.fixture(scope="module")
def several():
    """Three networks of two targets."""
    return mlptrain.fit(make_spec(["price", "height"], data={"split": {"folds": 3}}), COLUMNS).model


# predictions


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ((1, 2), np.array([1, 2])),
        (("10", "9"), np.array([9, 10])),
        (("-3", "0", "7"), np.array([-3, 0, 7])),
        ((True, False), np.array([False, True])),
        (("true", "false"), np.array([False, True])),
        (("yes", "no"), np.array(["no", "yes"])),
        (("1", "x", "y"), np.array(["1", "x", "y"])),
        (("01", "02"), np.array(["01", "02"])),
        (("é", "ü"), np.array(["é", "ü"])),
        ((str(2**62 + 1), "1"), np.array([1, 2**62 + 1])),
        ((str(2**63), "1"), np.array(["1", str(2**63)])),
    ],
)
def test_labels_are_whole_numbers_truth_values_or_texts(labels, classes):
    model = fit_labels(*labels)
    found = model.predict({"x": np.arange(50) / 9})
    assert model.classes.dtype == found.dtype == classes.dtype
    assert found.shape == (50,)
    assert model.classes.tolist() == classes.tolist()
    assert set(found.tolist()) <= set(classes.tolist())


def test_probabilities_are_in_the_order_of_the_classes(model):
    probabilities = model.predict_proba(WHOLE)
    assert probabilities.shape == (ROWS, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert (model.classes[probabilities.argmax(axis=1)] == model.predict(WHOLE)).all()


@pytest.mark.parametrize("loss", WITHOUT_PROBABILITIES)
def test_a_loss_without_probabilities_predicts_but_has_none(loss):
    model = mlptrain.fit(make_spec(loss=loss), COLUMNS).model
    assert model.predict(WHOLE).shape == (ROWS,)
    said = f"^predict_proba: the scores of the {loss} loss are not probabilities$"
    with pytest.raises(SpecError, match=said):
        model.predict_proba(WHOLE)


def test_numbers_are_floats_one_column_a_target(several):
    one = mlptrain.fit(make_spec("price"), COLUMNS).model
    assert (one.predict(WHOLE).shape, one.predict(WHOLE).dtype) == ((ROWS,), np.float64)
    assert (several.predict(WHOLE).shape, several.predict(WHOLE).dtype) == ((ROWS, 2), np.float64)
    assert one.classes.size == several.classes.size == 0
    for each in (one, several):
        with pytest.raises(SpecError, match=r"^predict_proba: the target is a number; it has no classes$"):
            each.predict_proba(WHOLE)


@pytest.mark.parametrize("form", [make_records, lambda columns: dict(reversed(columns.items()))])
def test_forms_and_orders_of_rows_change_nothing(model, form):
    np.testing.assert_array_equal(model.predict_proba(form(WHOLE)), model.predict_proba(WHOLE))


def test_one_record_is_one_row(model):
    """A product of one row may differ in its last bit from that of many."""
    expected = model.predict_proba(WHOLE)
    for row, record in enumerate(make_records(WHOLE)[:5]):
        np.testing.assert_allclose(model.predict_proba(record), expected[row : row + 1], rtol=1e-5)
        assert model.predict(record).tolist() == model.predict(WHOLE)[row : row + 1].tolist()


def test_the_given_array_of_predictions_is_the_users_own(several, model):
    for each, name in ((several, "predict"), (model, "predict_proba"), (model, "predict")):
        before = getattr(each, name)(WHOLE)
        spoiled = getattr(each, name)(WHOLE)
        spoiled[...] = spoiled[0]
        np.testing.assert_array_equal(getattr(each, name)(WHOLE), before)


def test_no_rows_are_no_predictions(model, several):
    none = {name: [] for name in WHOLE}
    assert (model.predict(none).shape, model.predict(none).dtype.kind) == ((0,), "U")
    assert model.predict_proba(none).shape == (0, 2)
    assert several.predict(none).shape == (0, 2)


def test_several_networks_predict_their_weighted_mean(several):
    singles = [replace(several, networks=[each], weights=(1.0,)).predict(WHOLE) for each in several.networks]
    np.testing.assert_allclose(several.predict(WHOLE), np.mean(singles, axis=0), rtol=1e-12)
    weighted = replace(several, weights=(1.0, 3.0, 0.0))
    np.testing.assert_allclose(weighted.predict(WHOLE), (singles[0] + 3 * singles[1]) / 4, rtol=1e-12)
    np.testing.assert_array_equal(replace(several, weights=(1.0, 0.0, 0.0)).predict(WHOLE), singles[0])


# evaluation


def test_an_evaluation_counts_what_was_predicted(model):
    found = model.evaluate(WHOLE)
    assert found.rows == ROWS
    assert found.metrics["accuracy"] == pytest.approx((model.predict(WHOLE) == WHOLE["label"]).mean())
    assert np.sum(found.confusion) == ROWS
    low, high = found.intervals["accuracy"]
    assert low <= found.metrics["accuracy"] <= high


def test_an_evaluation_is_two_lines_of_text(model):
    found = model.evaluate(WHOLE)
    rows, metrics = repr(found).splitlines()
    assert rows == f"Evaluation: {ROWS} rows"
    assert f"accuracy {found.metrics['accuracy']:.4f}"[:14] in metrics


def test_the_errors_of_numbers_are_those_of_the_predictions(several):
    """Of several targets the root of the mean over all numbers."""
    truth = np.array([WHOLE["price"], WHOLE["height"]]).T
    expected = np.abs(several.predict(WHOLE) - truth).mean()
    assert several.evaluate(WHOLE).metrics["mae"] == pytest.approx(expected, rel=1e-9)


def test_rows_are_also_measured_by_a_column(model):
    found = model.evaluate(WHOLE, by="colour")
    assert found.by == "colour"
    assert {each.value for each in found.slices} == set(WHOLE["colour"])
    assert sum(each.rows for each in found.slices) == ROWS
    right = sum(each.metrics["accuracy"] * each.rows for each in found.slices)
    assert right == pytest.approx(found.metrics["accuracy"] * ROWS)


def test_resamples_are_as_many_as_are_asked_for(model):
    assert model.evaluate(WHOLE, resamples=7).resamples == 7
    without = model.evaluate(WHOLE, resamples=0)
    assert (without.intervals, without.resamples) == ({}, 0)
    assert without.metrics == model.evaluate(WHOLE).metrics


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"by": 3}, "by: 3 is no name of a column"),
        ({"by": ["colour"]}, r"by: \['colour'\] is no name of a column"),
        ({"resamples": -1}, "resamples: -1 is no whole number from 0 on"),
        ({"resamples": 1.5}, "resamples: 1.5 is no whole number from 0 on"),
        ({"resamples": "9"}, "resamples: '9' is no whole number from 0 on"),
    ],
)
def test_wrong_options_of_an_evaluation_are_one_sentence(model, options, said):
    with pytest.raises(SpecError, match=f"^{said}$"):
        model.evaluate(WHOLE, **options)


def test_what_cannot_be_evaluated_is_a_data_error(model):
    with pytest.raises(DataError, match=r"^data: there are no rows to evaluate on$"):
        model.evaluate({name: [] for name in WHOLE})
    with pytest.raises(DataError, match=r"^data: column 'label' is missing"):
        model.evaluate({name: cells for name, cells in WHOLE.items() if name != "label"})
    with pytest.raises(DataError, match=r'^data row 3: column "label": the target is missing in 1 row \(row 3\)'):
        model.evaluate(WHOLE | {"label": [*WHOLE["label"][:2], None, *WHOLE["label"][3:]]})


# what a model says of itself


def test_the_history_has_one_value_for_each_epoch(model, several):
    assert model.history["epoch"] == [1, 2, 3, 4, 5]
    assert all(len(values) == 5 for values in model.history.values())
    assert all(isinstance(value, float | None) for values in model.history.values() for value in values)
    assert None not in model.history["validation_loss"]
    assert several.history == replace(several, networks=several.networks[:1], weights=(1.0,)).history


def test_the_resolved_spec_is_there(model):
    assert model.spec.model.hidden == (6,) or list(model.spec.model.hidden) == [6]
    assert model.spec.loss is not None
    assert model.spec.data.target == "label"


def test_a_model_shows_itself_in_one_line(model, several):
    assert repr(model) == f"Model: label (2 classes) from 5 columns; {model.parameters:,} parameters"
    assert repr(several) == f"Model: price, height from 5 columns; 3 networks, {several.parameters:,} parameters"


# kept


@pytest.mark.parametrize("kind", ["model", "several"])
@pytest.mark.parametrize(
    "keep",
    [
        lambda model, path: pickle.loads(pickle.dumps(model)),
        lambda model, path: copy.deepcopy(model),
        lambda model, path: Model.from_bytes(model.to_bytes()),
        lambda model, path: Model.from_bytes(bytearray(model.to_bytes())),
        lambda model, path: (model.save(path), Model.load(path))[1],
        lambda model, path: (model.save(str(path)), mlptrain.load(str(path)))[1],
    ],
    ids=["pickle", "copy", "bytes", "bytearray", "file", "load"],
)
def test_a_model_that_was_kept_is_the_same(request, tmp_path, kind, keep):
    model = request.getfixturevalue(kind)
    again = keep(model, tmp_path / "m.npz")
    assert again.to_bytes() == model.to_bytes()
    assert (again.history, again.result, repr(again)) == (model.history, model.result, repr(model))
    np.testing.assert_array_equal(again.predict(WHOLE), model.predict(WHOLE))


def test_a_file_has_the_bytes_of_the_model_and_replaces_only_a_model(tmp_path, model, several):
    path = tmp_path / "m.npz"
    model.save(path)
    assert path.read_bytes() == model.to_bytes()
    several.save(path)
    assert (path.read_bytes(), (tmp_path / "m.previous.npz").read_bytes()) == (several.to_bytes(), model.to_bytes())
    path.write_text("mine")
    with pytest.raises(SpecError, match="exists and is not a model of mlptrain"):
        model.save(path)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"x" * 999])
def test_other_bytes_are_no_model(content):
    with pytest.raises(ModelFileError, match="not a model of mlptrain"):
        Model.from_bytes(content)


@pytest.mark.parametrize("content", ["text", None, 3])
def test_what_is_no_bytes_is_one_sentence(content):
    with pytest.raises(SpecError, match=r"^content: .* is not the bytes of a model's file$"):
        Model.from_bytes(content)


# images


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A model of images, and images like those that it has seen."""
    folder = tmp_path_factory.mktemp("images")
    images = (np.arange(40 * 12) * 7 % 251).astype(np.uint8).reshape(40, 3, 4)
    (folder / "images").write_bytes(struct.pack(">4B3I", 0, 0, 8, 3, *images.shape) + images.tobytes())
    (folder / "labels").write_bytes(struct.pack(">4BI", 0, 0, 8, 1, 40) + bytes(k % 3 for k in range(40)))
    train = {"images": str(folder / "images"), "labels": str(folder / "labels")}
    spec = {"data": {"train": train}, "model": {"hidden": [4]}, "training": {"epochs": 1, "batch_size": 20}}
    return mlptrain.fit(spec).model, images


def test_images_are_predicted_from_an_array_of_bytes(pictures):
    model, images = pictures
    assert (model.predict(images).shape, model.predict(images).dtype) == ((40,), np.int64)
    assert model.predict_proba(images[:5]).shape == (5, 3)
    np.testing.assert_array_equal(model.predict(np.asfortranarray(images)), model.predict(images))
    assert model.predict(images[:0]).shape == (0,)
    assert repr(model) == f"Model: label (3 classes) from images; {model.parameters:,} parameters"
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(images), model.predict(images))


def test_images_and_tables_are_not_mixed_up(pictures, model):
    of_images, images = pictures
    with pytest.raises(DataError, match=r"^data: a dict is given; the model wants images"):
        of_images.predict(WHOLE)
    with pytest.raises(DataError, match=r"^data: images of 3 × 3, the model knows 3 × 4"):
        of_images.predict(images[:, :, :3])
    with pytest.raises(DataError, match=r"^data: an array of 5 columns is expected"):
        model.predict(images)
    with pytest.raises(SpecError, match=r"^evaluate: the model was trained on images; use `mlptrain eval"):
        of_images.evaluate(images)
