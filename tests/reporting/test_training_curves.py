from math import isfinite

from hypothesis import given
from hypothesis import strategies as st

from mlptrain.model.history import STORED_COLUMNS
from mlptrain.model.watched import Watched
from mlptrain.reporting.curve_rows import count_epochs, describe_scales, draw_curve_rows
from mlptrain.reporting.glyphs import ASCII, UNICODE
from mlptrain.reporting.training_curves import list_training_curves
from tests.support.streams import drawn, optional

FLAGS = st.sampled_from([0.0, 1.0])


@st.composite
def histories(draw):
    """A history as a model file may have it: some of the columns, all of one length."""
    count = draw(st.integers(0, 6))
    names = draw(st.sets(st.sampled_from([name for name in STORED_COLUMNS if name != "epoch"])))
    columns = {name: draw(st.lists(optional, min_size=count, max_size=count)) for name in sorted(names)}
    flags = {"best": draw(st.lists(FLAGS, min_size=count, max_size=count))} if "best" in columns else {}
    first = draw(st.integers(1, 3))
    return {"epoch": [float(first + k) for k in range(count)]} | columns | flags if count else {}


def has_curve(values):
    return len(values) > 1 and any(value is not None and isfinite(value) for value in values)


def watch(name):
    return Watched(name=name, metric="auc", values=(None,), calibrated=False, scaled=False, transformed=False)


def collect(found, name="auc"):
    names = [f"fold {k + 1}" for k in range(len(found))]
    return list_training_curves(found, names, watch(name), running_loss=True)


@drawn
@given(histories(), st.sampled_from(["auc", "loss", None]))
def test_a_curve_is_a_column_of_the_history(history, watched):
    (training,) = list_training_curves([history], (), watch(watched), running_loss=True)
    columns = {"batch loss": "train_loss", "validation loss": "validation_loss"}
    if watched == "auc":
        columns |= {"train auc": "train_metric", "validation auc": "validation_metric"}
    found = {curve.name: curve.values for chart in training.charts for curve in chart}
    assert found == {name: history[column] for name, column in columns.items() if name in found}
    assert found.keys() == {name for name, column in columns.items() if has_curve(history.get(column, ()))}
    marked = [epoch for epoch, best in zip(history.get("epoch", ()), history.get("best", ()), strict=False) if best]
    assert training.epochs.best == (marked[-1] if marked else None)


@drawn
@given(st.lists(histories(), min_size=1, max_size=4), st.integers(1, 100), st.sampled_from([ASCII, UNICODE]))
def test_each_training_has_a_line_that_the_terminal_has_room_for(found, width, glyphs):
    lines = ["".join(text for text, _ in line) for line in draw_curve_rows(collect(found), width, glyphs)]
    assert len(lines) in (0, len(found) + 1)
    assert len({len(line) for line in lines}) <= 1
    assert all(len(line) <= width for line in lines)
    assert glyphs is UNICODE or "".join(lines).isascii()


def make_history(count):
    epochs = [float(k + 1) for k in range(count)]
    return {"epoch": epochs, "train_loss": [1 / epoch for epoch in epochs], "validation_loss": [None] * count}


def test_a_training_of_half_the_epochs_has_half_the_line():
    trainings = collect([make_history(20), make_history(10)], "loss")
    _, longer, shorter = draw_curve_rows(trainings, 48, UNICODE)
    assert [len(line[1][0].strip()) for line in (longer, shorter)] == [39, 20]
    assert [count_epochs(each) for each in trainings] == [20, 10]


def test_all_trainings_are_on_the_scale_that_is_said():
    trainings = collect([make_history(20), {**make_history(10), "train_loss": [0.01] * 10}], "loss")
    assert describe_scales(trainings) == "loss from 0.01000 to 1.000"
    _, first, second = draw_curve_rows(trainings, 48, UNICODE)
    assert (first[1][0].strip()[0], set(second[1][0].strip())) == ("█", {"▁"})
