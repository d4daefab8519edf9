"""What has changed in a spec since a fit: its own settings, never what the rows or a time limit decide."""

import shlex
from dataclasses import replace

import pytest

from mlptrain.fitting.spec_changes import find_asked_change, find_asked_changes, write_undoing_override
from mlptrain.fitting.time_limit import shorten_spec_epochs
from mlptrain.plain import to_stored
from mlptrain.spec.file import make_draft_from_spec

SPEC = {"data": {"train": "t.csv", "target": "y"}, "training": {"epochs": 10}}


def find_changed(then, now):
    """The paths of the settings that differ, of a spec that a fit had and one that is asked for."""
    spec = to_stored(make_draft_from_spec(then).spec)
    return [".".join(path) for path, _, _ in find_asked_changes(spec, make_draft_from_spec(now))]


def test_what_a_time_limit_shortens_has_not_changed():
    warmup = {"learning_rate": {"name": "warmup", "epochs": 5}}
    draft = make_draft_from_spec(SPEC | {"training": {"epochs": 10, "time_limit": "5s"}, "schedules": warmup})
    then = shorten_spec_epochs(draft.spec, 4)
    assert list(find_asked_changes(to_stored(then), draft)) == []
    assert find_asked_change(to_stored(replace(then, seed=3)), draft) == (("seed",), 3, 0)


def test_a_loss_that_the_rows_have_decided_has_not_changed():
    assert find_changed(SPEC | {"loss": "cross_entropy"}, SPEC) == []
    assert find_changed(SPEC | {"loss": "cross_entropy"}, SPEC | {"loss": "huber"}) == ["loss"]


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        ({"optimizer": "sgd"}, {}, "optimizer"),
        ({"seed": 2}, {}, "seed"),
        ({"model": {"layers": [{"units": 3}]}}, {"model": {"layers": [{"units": 4}]}}, "model.layers"),
        ({"training": {"epochs": 10, "class_weight": "balanced"}}, {}, "training.class_weight"),
        ({}, {"training": {"epochs": 12}}, "training.epochs"),
    ],
)
def test_settings_that_are_added_changed_or_taken_out_are_found(then, now, expected):
    assert find_changed(SPEC | then, SPEC | now) == [expected]
    assert find_changed(SPEC | now, SPEC | then) == [expected]
    assert find_changed(SPEC | now, SPEC | now) == []


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ({"seed": 2}, {}),
        ({"optimizer": "sgd"}, {"optimizer": {"name": "adam", "learning_rate": 0.5}}),
        ({"optimizer": {"name": "sgd", "learning_rate": 0.25}}, {"optimizer": "sgd"}),
        ({"model": {"hidden": [64, 32]}}, {"model": {"hidden": []}}),
        ({"model": {"hidden": []}}, {"model": {"hidden": [4]}}),
        ({"model": {"dropout": 0.1}}, {"model": {"dropout": 0.3}}),
        ({"model": {"activation": {"name": "leaky_relu", "slope": 0.2}}}, {"model": {"activation": "leaky_relu"}}),
        ({"training": {"class_weight": "balanced"}}, {"training": {}}),
        ({"data": SPEC["data"] | {"missing_values": ["?", "no", "a b"]}}, {}),
        ({"data": SPEC["data"] | {"target": "it's"}}, {}),
    ],
)
def test_the_override_that_is_proposed_undoes_the_change(then, now):
    before, draft = make_draft_from_spec(SPEC | then), make_draft_from_spec(SPEC | now)
    path, value, _ = find_asked_change(to_stored(before.spec), draft)
    with_, option, override = shlex.split(write_undoing_override(path, value))
    assert (with_, option) == ("with", "--set")
    undone = make_draft_from_spec(SPEC | now, overrides=[override])
    left = find_asked_change(to_stored(before.spec), undone)
    assert left is None or left[0] != path


@pytest.mark.parametrize("value", [None, {"name": "sgd"}, [{"units": 3}]])
def test_what_one_override_cannot_say_is_not_proposed(value):
    assert write_undoing_override(("model", "layers"), value) == ""
