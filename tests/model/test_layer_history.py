"""Snapshots of the layers as arrays, and back; which of many are kept; what a model file may say of them."""

from dataclasses import astuple, replace

import numpy as np
import pytest

from mlptrain.errors import ModelFileError
from mlptrain.model.file import make_arrays, restore_contents_from_arrays
from mlptrain.model.layer_history import (
    FACTS,
    MOST_SNAPSHOTS,
    LayersSeen,
    list_layer_columns,
    list_seen_layers,
    restore_layers,
    tabulate_layers,
    thin_snapshots,
)
from mlptrain.model.model import Model
from mlptrain.spec.fields import Training
from mlptrain.training.loop import train
from tests.model.test_file import CLASSES, FLAT, model_of, same_bits
from tests.support.courses import course_of, state_of


def watch(epochs=3, every=1, **parts):
    """A training, and what was seen of its layers."""
    course = course_of(training=Training(epochs=epochs, batch_size=4, watch_layers=every), **parts)
    state = state_of(course)
    return course, [event for event in train(course, state) if isinstance(event, LayersSeen)], state


def test_snapshots_come_back_from_their_arrays_with_their_types():
    course, seen, state = watch(hidden=(5, 4), model={"dropout": None})
    assert state.layers == seen
    back = restore_layers(tabulate_layers(seen), list_seen_layers(course.network))
    assert back == seen
    assert repr(back) == repr(seen)


def test_what_is_not_known_comes_back_as_none():
    course, (seen,), _ = watch(epochs=1)
    first, *others = seen.layers
    gaps = dict.fromkeys(("weight_rms", "output_mean", "output_sd", "weights", "outputs"))
    odd = replace(seen, gradient_norm=None, layers=(replace(first, **gaps), *others))
    assert restore_layers(tabulate_layers([odd]), list_seen_layers(course.network)) == [odd]


def test_of_no_snapshot_there_is_no_array():
    assert tabulate_layers([]) == {}
    assert restore_layers({}, []) == []
    assert list_layer_columns([]) == {}


def test_columns_are_by_layer_and_by_fact():
    _, seen, _ = watch(epochs=5, every=2)
    columns = list_layer_columns(seen)
    assert [*columns] == ["hidden_1", "hidden_1.tanh", "output"]
    assert all(tuple(each) == ("epoch", *FACTS) for each in columns.values())
    assert columns["output"]["epoch"] == [2, 4, 5]
    assert columns["output"]["gradient_rms"] == [each.layers[2].gradient_rms for each in seen]


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("last", [1, 50, 199, 200, 201, 400, 401, 1000, 1111])
def test_of_many_snapshots_those_at_a_round_distance_are_kept_and_the_last(every, last):
    kept = []
    epochs = [epoch for epoch in range(1, last * every + 1) if epoch % every == 0]
    for epoch in epochs:
        kept = thin_snapshots(kept, LayersSeen(epoch=epoch, layers=()), every)
        assert len(kept) <= MOST_SNAPSHOTS
    found = [each.epoch for each in kept]
    distances = {two - one for one, two in zip([0, *found], found[:-1], strict=False)}
    assert found[-1] == last * every
    assert len(distances) <= 1
    assert len(kept) >= min(len(epochs), MOST_SNAPSHOTS // 2)


def test_a_last_epoch_between_the_others_goes_where_more_follow():
    kept = []
    for epoch in (2, 4, 5, 6, 8):
        kept = thin_snapshots(kept, LayersSeen(epoch=epoch, layers=()), 2)
    assert [each.epoch for each in kept] == [2, 4, 6, 8]


# in a file


def watched_model():
    """A model whose layers were watched: the file's arrays, and the model."""
    course, _, state = watch()
    model = model_of(course.spec.model, FLAT, CLASSES, 1)
    (network,) = model.networks
    spec = replace(network.spec, training=course.spec.training)
    return replace(model, networks=[replace(network, spec=spec, layers=tabulate_layers(state.layers))])


def test_what_was_seen_goes_through_a_file_bit_for_bit(tmp_path):
    model = watched_model()
    model.save(tmp_path / "m.npz")
    (kept,), (given,) = Model.load(tmp_path / "m.npz").networks, model.networks
    assert kept.layers.keys() == given.layers.keys()
    assert all(same_bits(kept.layers[name], array) for name, array in given.layers.items())
    assert kept.snapshots == given.snapshots
    assert len(kept.snapshots) == 3


WRONG = {
    "other forms": lambda layers: layers | {"zeros": layers["zeros"][:1]},
    "another type": lambda layers: layers | {"zeros": layers["zeros"].astype(np.float32)},
    "one too few": lambda layers: {name: values for name, values in layers.items() if name != "dead"},
    "one too many": lambda layers: layers | {"more": layers["zeros"]},
    "no epochs": lambda layers: {name: values for name, values in layers.items() if name != "epoch"},
    "no snapshot": lambda layers: {name: values[:0] for name, values in layers.items()},
    "too many": lambda layers: {name: np.repeat(values, 70, axis=0) for name, values in layers.items()},
    "epochs that do not grow": lambda layers: layers | {"epoch": np.array([1.0, 1.0, 2.0])},
    "epochs that are not whole": lambda layers: layers | {"epoch": np.array([1.5, 3.0, 4.0])},
    "epochs that are no numbers": lambda layers: layers | {"epoch": np.array([1.0, 2.0, np.nan])},
    "an infinite fact": lambda layers: layers | {"weight_rms": layers["weight_rms"] + np.inf},
    "half a unit": lambda layers: layers | {"dead": layers["dead"] + 0.5},
    "fewer than no units": lambda layers: layers | {"saturated": layers["saturated"] - 1},
    "unknown units": lambda layers: layers | {"units": layers["units"] * np.nan},
    "more zeros than numbers": lambda layers: layers | {"zeros": layers["zeros"] + 1.5},
    "edges the wrong way round": lambda layers: layers | {"outputs_range": layers["outputs_range"][..., ::-1]},
    "counts without edges": lambda layers: layers | {"outputs_range": layers["outputs_range"] * np.nan},
    "negative counts": lambda layers: layers | {"outputs_counts": -layers["outputs_counts"]},
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_what_cannot_have_been_seen_is_refused(change):
    model = watched_model()
    (network,) = model.networks
    restore_contents_from_arrays("m.npz", make_arrays(model), Model)
    arrays = make_arrays(replace(model, networks=[replace(network, layers=change(network.layers))]))
    with pytest.raises(ModelFileError, match=r"^m.npz: the model is damaged: .* of (its|what)"):
        restore_contents_from_arrays("m.npz", arrays, Model)


def test_a_model_whose_layers_were_not_watched_says_nothing_of_it():
    model = watched_model()
    (network,) = model.networks
    spec = replace(network.spec, training=Training(epochs=3, batch_size=4))
    arrays = make_arrays(replace(model, networks=[replace(network, spec=spec, layers={})]))
    assert not any(name.startswith("layers.") for name in arrays)
    assert b"watch_layers" not in arrays["metadata"].tobytes()
    assert b'"format_version": 1' in arrays["metadata"].tobytes()
    assert b"watch_layers" in make_arrays(model)["metadata"].tobytes()
    assert b'"format_version": 2' in make_arrays(model)["metadata"].tobytes()


def test_all_that_is_seen_is_a_column_or_a_histogram():
    _, (seen,), _ = watch(epochs=1)
    names = {"name", "layer_kind", *FACTS, "weights", "gradients", "outputs"}
    assert names == set(vars(seen.layers[0]))
    assert len(astuple(seen.layers[0])) == len(names)
