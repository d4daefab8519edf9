"""Keepers: each has every member of the protocol, with the same names and parameters, and trains the same network."""

import inspect
from dataclasses import fields
from types import FunctionType

import numpy as np
import pytest

from mlptrain.fitting.checkpoints import Checkpoints, Plan
from mlptrain.fitting.fan_out import SnapshotKeeper
from mlptrain.fitting.host import Host, ignore_notice
from mlptrain.fitting.keeper import FORGETFUL, Forgetful, Keeper
from mlptrain.fitting.outcome import TrainingResult
from mlptrain.fitting.remembered import Remembered
from mlptrain.fitting.training import make_course
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.history import tabulate_epochs
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.preparation import fit_and_encode_parts
from mlptrain.training.events import Started
from tests.support.courses import state_of
from tests.support.flows import write_mixed
from tests.support.preparing import read_data

MEMBERS = {name: member for name, member in vars(Keeper).items() if not name.startswith("_")}
METHODS = {name: member for name, member in MEMBERS.items() if isinstance(member, FunctionType)}
KINDS = [Checkpoints, Forgetful, SnapshotKeeper]


def make_keeper(kind, folder):
    if kind is SnapshotKeeper:
        return SnapshotKeeper(Remembered(file=""), ignore_notice, remembers=True)
    return Checkpoints(folder / "m.npz", Plan(), Host()) if kind is Checkpoints else kind()


def make_first_course(data):
    """The first training of some rows."""
    return make_course(fit_and_encode_parts(data, divide_rows(data)[0]), folds=1)


@pytest.fixture(params=KINDS)
def keeper(request, tmp_path):
    return make_keeper(request.param, tmp_path)


def test_the_protocol_has_what_a_fit_asks_for():
    assert set(MEMBERS) - set(METHODS) == {"unfinished", "remembers", "finishes", "restarts"}
    assert len(METHODS) >= 7


@pytest.mark.parametrize("name", MEMBERS)
def test_each_keeper_has_every_member_of_the_protocol(keeper, name):
    assert hasattr(keeper, name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", METHODS)
def test_the_methods_have_the_parameters_of_the_protocol(kind, name):
    assert inspect.signature(getattr(kind, name)) == inspect.signature(METHODS[name])


def test_without_an_unfinished_fit_every_keeper_begins_at_the_beginning(keeper, tmp_path):
    assert keeper.unfinished is None
    assert keeper.finishes is False
    data = read_data(write_mixed(tmp_path))
    course = make_first_course(data)
    keeper.begin(data, course)
    assert keeper.restore_finished(course) is None
    state, expected = keeper.restore_state(course), state_of(course)
    assert (state.epoch, state.history) == (expected.epoch, expected.history) == (0, [])
    assert state.slots.keys() == expected.slots.keys()
    for name, values in expected.slots.items():
        np.testing.assert_array_equal(state.slots[name], values)


def test_every_keeper_takes_the_events_and_the_networks_of_trainings(keeper, tmp_path):
    data = read_data(write_mixed(tmp_path))
    course = make_first_course(data)
    keeper.begin(data, course)
    state = keeper.restore_state(course)
    watch = keeper.watch(course, state)
    assert watch(Started(**{each.name: None for each in fields(Started)})) is None
    features, history = course.train.origin.features, tabulate_epochs([])
    fitted = FittedNetwork(
        spec=course.spec, features=features, head=course.head, network=course.network, history=history
    )
    result = TrainingResult(reason="epochs", epochs=1, best_epoch=1, metrics={})
    assert keeper.keep_finished(1, fitted, result) is None
    assert keeper.describe_stop(course, state).startswith("stopped")
    assert isinstance(keeper.keep_best(course, state), str)
    assert keeper.save_under_way({}) is None
    assert keeper.describe_stop_at({}).startswith("stopped")
    assert isinstance(keeper.describe_kept(), str)
    assert isinstance(keeper.remember(1), Remembered)


@pytest.mark.parametrize(("kind", "remembers"), [(Checkpoints, True), (Forgetful, False)])
def test_only_one_that_writes_remembers(tmp_path, kind, remembers):
    assert make_keeper(kind, tmp_path).remembers is remembers


def test_the_forgetful_one_has_no_state():
    assert vars(FORGETFUL) == {}
