"""No training ends up among the denormal numbers, where arithmetic is slow: they are counted, not timed."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from mlptrain.engine.activations import ReLU
from mlptrain.engine.losses import CrossEntropy
from mlptrain.engine.norms import BatchNorm
from mlptrain.engine.optimizers import SGD, Adam, Elementwise
from mlptrain.engine.penalties import Penalty
from mlptrain.spec.fields import Training
from mlptrain.training import loop
from mlptrain.training.course import draw_batches
from mlptrain.training.loop import train_step
from tests.support.courses import course_of, part_of, spec_of, state_of

SILENCE = 1200
"""Steps after which a decay of 0.9 has brought 1 to 1e-55: through all denormal numbers of float32."""
TINY = np.finfo(np.float32).tiny


def denormals(course, state):
    """How many numbers of a training are denormal."""
    network = course.network
    kept = [network.parameters.theta, *state.slots.values(), *network.buffers.values()]
    return sum(int(((array != 0) & (np.abs(array) < TINY)).sum()) for array in kept)


def most_denormals(course, steps=SILENCE):
    """The most there are after any of so many steps."""
    state, most = state_of(course), 0
    while state.step < steps:
        for number, batch in enumerate(draw_batches(course, state.epoch), 1):
            train_step(course, state, batch, number)
            most = max(most, denormals(course, state))
        state.epoch += 1
    return most


def course(*, seen, model=None, hidden=(), rows=SILENCE, batch_size=1, **parts):
    """A float32 training on one input, of which so many rows at the start are not 0; the order stays."""
    training = Training(batch_size=batch_size, shuffle=False, epochs=100)
    spec = spec_of(hidden=hidden, training=training, model={"dtype": "float32"} | (model or {}), **parts)
    part = part_of(spec, rows, 3, seed=1)
    x = np.zeros((rows, 3), np.float32)
    x[:seen] = 1
    return course_of(spec, train=replace(part, x=x), validation_rows=0)


@pytest.mark.parametrize("optimizer", get_args(Elementwise), ids=lambda kind: kind.__name__)
def test_moments_of_a_rare_input_die_out(optimizer):
    assert most_denormals(course(seen=2, optimizer=optimizer())) == 0


@pytest.mark.parametrize("optimizer", get_args(Elementwise), ids=lambda kind: kind.__name__)
def test_weights_of_a_constant_input_decay_to_nothing(optimizer):
    assert most_denormals(course(seen=0, optimizer=optimizer(learning_rate=1e-3, weight_decay=100.0))) == 0


def test_weights_that_a_penalty_makes_small_come_to_nothing():
    quick = SGD(learning_rate=0.05)
    assert most_denormals(course(seen=0, optimizer=quick, regularization=Penalty(l2=1.0))) == 0


def test_running_statistics_of_a_constant_come_to_nothing():
    normed = course(seen=0, model={"norm": BatchNorm()}, hidden=(3,), rows=2 * SILENCE, batch_size=2)
    assert most_denormals(normed) == 0
    assert not normed.network.buffers["hidden_1.batch_norm.running_variance"].any()


@pytest.mark.parametrize("gap", [60, 87, 90, 95, 100, 103])
def test_classes_that_are_out_of_the_question_leave_no_denormal_gradient(gap):
    sure = course(seen=12, rows=12, batch_size=4, hidden=(5,), model={"activation": ReLU()}, optimizer=Adam())
    sure.train.targets[...] = 0
    sure.network.parameters.values["output.bias"][...] = [0, -gap, -gap - 1]
    state = state_of(sure)
    for number, batch in enumerate(draw_batches(sure, 0), 1):
        train_step(sure, state, batch, number)
        gradient = sure.network.parameters.gradient
        assert not ((gradient != 0) & (np.abs(gradient) < TINY)).any()
        assert denormals(sure, state) == 0
    assert isinstance(sure.head.loss, CrossEntropy)


def test_without_the_flush_there_would_be_denormals(monkeypatch):
    """The trainings above do get there."""
    monkeypatch.setattr(loop, "flush_denormals", lambda *arrays: None)
    assert most_denormals(course(seen=2, optimizer=Adam())) > 0
    assert most_denormals(course(seen=0, optimizer=SGD(learning_rate=1e-3, weight_decay=100.0))) > 0
    normed = course(seen=0, model={"norm": BatchNorm()}, hidden=(3,), rows=2 * SILENCE, batch_size=2)
    assert most_denormals(normed) > 0
