"""What has changed in a spec since a fit: its own settings, never what the rows or a time limit decide."""

from dataclasses import replace

import pytest

from mlptrain.fitting.spec_changes import describe_asked_change, find_asked_changes
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
    assert describe_asked_change(to_stored(replace(then, seed=3)), draft) == "seed was 3, is 0"


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
