"""Maps of pixels: of planted pixels, of linear models, whatever the shape of the images."""

import numpy as np
import pytest

from mlptrain.errors import DataError, SpecError
from mlptrain.explain.pixels import CLOSE_ENOUGH
from mlptrain.explain.row_effects import CLOSE
from tests.support.images import HEIGHT, PLANTED, WIDTH, draw_images, fit_images

IMAGES, _ = draw_images(30, seed=3)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return fit_images(tmp_path_factory.mktemp("images"))


def test_the_planted_pixels_stand_out(model):
    found = model.explain(IMAGES)
    assert (found.height, found.width, found.rows, found.rows_given) == (HEIGHT, WIDTH, 30, 30)
    values = np.array(found.values)
    planted = [values[place] for place in PLANTED]
    others = np.delete(values.ravel(), [y * WIDTH + x for y, x in PLANTED])
    assert values.shape == (HEIGHT, WIDTH)
    assert min(planted) > 2 * others.max()
    assert not found.images


def test_of_single_images_the_effects_add_up_and_their_sizes_are_averaged(model):
    found = model.explain(IMAGES, rows="all")
    assert found.largest_gap <= CLOSE
    values = np.array([each.values for each in found.images])
    scores = np.array([each.score - each.baseline for each in found.images])
    assert values.sum(axis=(1, 2)) == pytest.approx(scores, abs=CLOSE * np.abs(scores).mean())
    assert np.array(found.values) == pytest.approx(np.abs(values).mean(axis=0), rel=1e-12)
    assert np.array(model.explain(IMAGES).values) == pytest.approx(np.array(found.values), abs=CLOSE_ENOUGH)
    odds = np.exp([each.score for each in found.images])
    assert odds / (1 + odds) == pytest.approx(model.predict_proba(IMAGES)[:, 1], abs=1e-6)


@pytest.mark.parametrize(("shape", "sides"), [((), (HEIGHT, WIDTH)), ((3,), (HEIGHT, WIDTH))])
def test_of_a_linear_model_they_are_its_terms(tmp_path, shape, sides):
    """Σ over colours of w (x − x⁰), x⁰ the mean image."""
    model, images = fit_images(tmp_path, *shape, hidden=(), epochs=2), draw_images(12, 1, *shape)[0]
    weight = model.networks[0].network.parameters.values["output.weight"].astype(np.float64)
    w = (weight[:, -1] - (weight[:, 0] if weight.shape[1] > 1 else 0)).reshape(images.shape[1:])
    terms = w * (images / 255 - (images / 255).mean(axis=0))
    terms = terms.reshape(len(images), *sides, -1).sum(axis=-1)
    found = model.explain(images, rows="all", class_label="1")
    assert np.array([each.values for each in found.images]) == pytest.approx(terms, abs=1e-6)
    assert np.array(model.explain(images, class_label="1").values) == pytest.approx(
        np.abs(terms).mean(axis=0), abs=1e-6
    )


@pytest.mark.parametrize(
    "sections",
    [{"data": {"split": {"folds": 2}}}, {"model": {"numeric_embedding": "plr"}, "members": 2}],
    ids=["folds", "embeddings of members"],
)
def test_whatever_the_network_the_effects_add_up(tmp_path, sections):
    found = fit_images(tmp_path, hidden=(4,), epochs=1, **sections).explain(IMAGES, rows=3)
    assert found.largest_gap <= CLOSE
    assert np.abs(np.array(found.images[0].values)).min() > 0


def test_images_keep_their_numbers(model):
    every = {each.row: each for each in model.explain(IMAGES, rows="all").images}
    some = model.explain(IMAGES, rows=[7, 3]).images
    assert [each.row for each in some] == [7, 3]
    for each in some:
        assert np.array(each.values) == pytest.approx(np.array(every[each.row].values), abs=1e-9)


def test_effects_are_counted_from_a_baseline(model):
    found = model.explain(IMAGES, rows=[1, 2], baseline=IMAGES[1:2])
    first, second = found.images
    assert not np.any(second.values)
    assert second.score == pytest.approx(first.baseline)
    assert found.usual == "the mean of 1 image"


def test_of_many_images_some_are_drawn(model):
    found = model.explain(IMAGES, rows_limit=10)
    assert (found.rows, found.rows_given) == (10, 30)
    assert found == model.explain(IMAGES, rows_limit=10)


def test_the_table_has_a_line_a_pixel(model):
    columns, numeric = model.explain(IMAGES).tabulate()
    assert list(columns) == ["y", "x", "importance"]
    assert {*columns} == numeric
    assert len(columns["y"]) == HEIGHT * WIDTH
    found = model.explain(IMAGES, rows=2)
    columns, _ = found.tabulate()
    places = zip(columns["row"], columns["y"], columns["x"], columns["effect"], strict=True)
    for row, y, x, effect in places:
        assert float(effect) == found.images[int(row) - 1].values[int(y) - 1][int(x) - 1]


def test_what_cannot_be_is_refused(model):
    with pytest.raises(SpecError, match="class_label: 'seven' is no class of the model"):
        model.explain(IMAGES, class_label="seven")
    with pytest.raises(DataError, match="images of 5 × 6, the model knows 6 × 5"):
        model.explain(IMAGES.transpose(0, 2, 1))
    with pytest.raises(DataError, match="the model wants images"):
        model.explain({"a": [1.0]})
    with pytest.raises(DataError, match="there is one only"):
        model.explain(IMAGES[:1])
