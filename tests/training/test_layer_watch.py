"""What is seen of the layers, and that looking changes nothing."""

from dataclasses import astuple, replace
from typing import get_args

import numpy as np
import pytest

from mlptrain.engine.activations import Activation, ReLU
from mlptrain.engine.dropout import AnyDropout, Dropout
from mlptrain.engine.members import Members, Networks, TabM, TabMMini
from mlptrain.engine.norms import Norm
from mlptrain.engine.optimizers import Optimizer
from mlptrain.engine.units import ActivationLayer
from mlptrain.model.layer_facts import measure_layers
from mlptrain.model.layer_history import LayersSeen
from mlptrain.spec.fields import Training
from mlptrain.training import layer_watch
from mlptrain.training.layer_watch import LayerWatch
from mlptrain.training.loop import train
from tests.support.courses import course_of, spec_of, state_of


def spec_that_watches(every, *, epochs=3, batch_size=4, **parts):
    return spec_of(training=Training(epochs=epochs, batch_size=batch_size, watch_layers=every), **parts)


def train_whole(spec):
    """The events of a training, and all that it has brought about, to the bit."""
    course = course_of(spec)
    state = state_of(course)
    events = list(train(course, state))
    network = course.network
    held = [network.parameters.theta, *network.buffers.values(), *state.slots.values(), state.best.theta]
    history = [astuple(replace(epoch, rows_per_second=0, gradient_norm=None)) for epoch in state.history]
    return events, [each.tobytes() for each in held], repr(history)


CASES = [
    *({"model": {"activation": each()}} for each in get_args(Activation)),
    *({"model": {"activation": each()}} for each in get_args(ActivationLayer)),
    *({"model": {"norm": each(), "dropout": Dropout(rate=0.3)}} for each in get_args(Norm)),
    *({"model": {"dropout": each(rate=0.4), "input_dropout": each(rate=0.2)}} for each in get_args(AnyDropout)),
    *({"members": each(count=3), "model": {"dropout": Dropout(rate=0.3)}} for each in get_args(Members)),
    *({"optimizer": each()} for each in get_args(Optimizer) if not each.full_batch),
    *({"optimizer": each(), "batch_size": "full"} for each in get_args(Optimizer) if each.full_batch),
    {"hidden": (4, 4, 4), "model": {"residual": 2, "activation": ReLU(), "input_scaling": True}},
    {"model": {"calibration": "temperature", "max_norm": 0.5, "parametrization": "ntk"}},
]


@pytest.mark.parametrize("parts", CASES, ids=repr)
def test_looking_changes_no_byte(parts):
    parts = {"hidden": (6, 5), **parts}
    plain, watched = train_whole(spec_that_watches(0, **parts)), train_whole(spec_that_watches(1, **parts))
    assert watched[1:] == plain[1:]
    seen = [event for event in watched[0] if isinstance(event, LayersSeen)]
    assert [event.epoch for event in seen] == [1, 2, 3]
    assert not any(isinstance(event, LayersSeen) for event in plain[0])


@pytest.mark.parametrize("parts", CASES, ids=repr)
def test_what_is_seen_in_training_is_seen_of_the_network_alone(parts):
    course = course_of(spec_that_watches(1, epochs=1, **({"hidden": (6, 5)} | parts)))
    seen = next(event for event in train(course, state_of(course)) if isinstance(event, LayersSeen))
    nothing = {"gradient_rms": None, "update_ratio": None, "gradients": None}
    assert measure_layers(course.network, course.train.x) == tuple(replace(each, **nothing) for each in seen.layers)


def test_the_cases_are_of_every_kind_of_members():
    assert {type(case["members"]) for case in CASES if "members" in case} == {Networks, TabM, TabMMini}


@pytest.mark.parametrize(("every", "epochs", "seen"), [(1, 3, [1, 2, 3]), (2, 5, [2, 4, 5]), (7, 3, [3]), (3, 3, [3])])
def test_the_layers_are_seen_every_so_many_epochs_and_after_the_last(every, epochs, seen):
    events = train_whole(spec_that_watches(every, epochs=epochs))[0]
    assert [event.epoch for event in events if isinstance(event, LayersSeen)] == seen
    assert [
        next(rest.epoch for rest in events[k + 1 :]) for k, event in enumerate(events) if event.kind == "layers"
    ] == seen


def test_events_hold_plain_numbers_only():
    for event in train_whole(spec_that_watches(1))[0]:
        if isinstance(event, LayersSeen):
            assert set(map(type, flatten(astuple(event)))) <= {int, float, str, type(None)}


def flatten(value):
    return [each for part in value for each in flatten(part)] if isinstance(value, tuple) else [value]


def test_what_is_seen_is_what_the_network_holds():
    course = course_of(spec_that_watches(1, epochs=1, model={"activation": ReLU()}, batch_size="full"))
    before = course.network.parameters.values["hidden_1.weight"].copy()
    seen = next(event for event in train(course, state_of(course)) if isinstance(event, LayersSeen))
    dense, relu, output = seen.layers
    parameters = course.network.parameters
    w, g = parameters.values["hidden_1.weight"], parameters.gradients["hidden_1.weight"]
    z = course.train.x @ w + parameters.values["hidden_1.bias"]
    assert [each.name for each in seen.layers] == ["hidden_1", "hidden_1.relu", "output"]
    assert np.isclose(dense.weight_rms, np.sqrt((w**2).mean()))
    assert np.isclose(dense.gradient_rms, np.sqrt((g**2).mean()))
    assert np.isclose(dense.update_ratio, np.sqrt(((w - before) ** 2).mean() / (w**2).mean()))
    assert np.isclose(seen.gradient_norm, np.linalg.norm(parameters.gradient))
    assert np.isclose(dense.output_mean, z.mean())
    assert np.isclose(dense.output_sd, z.std())
    assert np.isclose(relu.zeros, (z <= 0).mean())
    assert relu.dead == (z <= 0).all(axis=0).sum()
    assert (relu.weight_rms, relu.gradient_rms, relu.weights) == (None, None, None)
    assert dense.outputs.counts == tuple(np.histogram(z, 30)[0])
    assert np.allclose(dense.weights.edges, np.histogram(w, 30)[1])
    assert output.units == 3


def test_a_run_that_is_out_of_time_sees_its_last_layers():
    course = course_of(spec_that_watches(7, epochs=20))
    state = state_of(course)
    events = list(train(course, state, late=lambda: state.epoch == 3))
    assert [event.epoch for event in events if isinstance(event, LayersSeen)] == [3]
    assert [each.epoch for each in state.layers] == [3]


def test_no_more_than_some_of_the_first_rows_are_looked_at(monkeypatch):
    course = course_of(spec_that_watches(1), rows=200)
    assert LayerWatch(course).rows == 200
    monkeypatch.setattr(layer_watch, "MOST_ROWS", 50)
    assert LayerWatch(course).rows == 50
