"""What is said when training leaves the finite numbers: the batch, what is not finite first, the row, the cure."""

import struct
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.engine.activations import Linear, ReLU
from mlptrain.engine.dropout import Dropout
from mlptrain.engine.lbfgs import LBFGS
from mlptrain.engine.norms import BatchNorm
from mlptrain.engine.optimizers import SGD, Adam, Momentum, Optimizer
from mlptrain.engine.penalties import Penalty
from mlptrain.errors import Diverged
from mlptrain.spec.fields import Training
from mlptrain.training.course import draw_batches
from mlptrain.training.divergence import build_final_divergence_error
from mlptrain.training.loop import train
from tests.support.courses import course_of, drawn, run, state_of
from tests.support.flows import fit


def said(course):
    """The message of a run that diverges."""
    with pytest.raises(Diverged) as caught:
        run(course)
    return str(caught.value)


def numbers_course(**parts):
    """A course that predicts a number."""
    return course_of(classes=0, **parts)


# which rows a batch has, and that θ is what gave the loss


@pytest.mark.parametrize("training", [Training(batch_size=4), Training(batch_size=5, shuffle=False), Training()])
@pytest.mark.parametrize("model", [{}, {"norm": BatchNorm()}])
def test_the_numbers_of_a_batchs_rows_are_those_of_its_inputs(training, model):
    course = course_of(rows=21, training=training, model=model)
    for epoch in range(3):
        for number, (x, targets, _) in enumerate(draw_batches(course, epoch), 1):
            rows = course.row_numbers(epoch, number)
            assert np.array_equal(course.train.x[rows], x)
            assert np.array_equal(course.train.targets[rows], targets)


@pytest.mark.parametrize("optimizer", get_args(Optimizer), ids=lambda kind: kind.__name__)
def test_parameters_and_steps_are_those_before_the_step_that_is_not_taken(optimizer):
    size = "full" if optimizer is LBFGS else 4
    course = numbers_course(optimizer=optimizer(), training=Training(batch_size=size))
    course.train.targets[...] = np.nan
    before, state = course.network.parameters.theta.copy(), state_of(course)
    with pytest.raises(Diverged):
        list(train(course, state))
    assert np.array_equal(course.network.parameters.theta, before)
    assert state.step == 0
    assert not any(slot.any() for slot in state.slots.values())


# what is not finite first


@pytest.mark.parametrize("name", ["hidden_1", "hidden_2", "output"])
@pytest.mark.parametrize("dropout", [None, Dropout(rate=0.3)])
def test_the_first_layer_whose_output_is_not_finite_is_named(name, dropout):
    course = numbers_course(hidden=(5, 4), model={"activation": ReLU(), "dropout": dropout})
    course.network.parameters.values[f"{name}.weight"][...] = 1e308
    course.network.parameters.values[f"{name}.bias"][...] = 1.7e308
    if name == "hidden_1":
        course.train.x[...] = 3.0
    message = said(course)
    assert (
        f"in epoch 1, batch 1 (learning rate 0.1); first is the output of layer {name}, after numbers up to " in message
    )


def test_a_loss_that_overflows_where_the_logits_do_not_is_named():
    course = numbers_course()
    course.network.parameters.values["output.bias"][...] = 1e200
    assert "; first is the loss itself, after numbers up to 1.000e200; try a smaller optimizer.learning_rate" in said(
        course
    )


def test_a_penalty_that_overflows_is_named():
    course = course_of(hidden=(), regularization=Penalty(l2=1e10), optimizer=SGD(learning_rate=1e-300))
    course.network.parameters.values["output.weight"][...] = 1e152
    course.train.x[...] = 0.0
    assert "; first is the penalty on the weights, after numbers up to 1.000e152; " in said(course)


def test_parameters_that_a_step_made_not_finite_are_named():
    course = numbers_course(optimizer=SGD(learning_rate=1e308), hidden=())
    course.train.targets[...] = 1e10
    assert "in epoch 1, batch 2 (learning rate 1e308); first is the parameters output.weight after the step" in said(
        course
    )


@pytest.mark.parametrize("optimizer", [Momentum(), Adam()], ids=["momentum", "adam"])
def test_a_gradient_that_was_not_finite_is_named(optimizer):
    """The loss is: its gradient overflows on the way back to the first layer."""
    course = numbers_course(optimizer=optimizer, model={"activation": Linear()})
    values = course.network.parameters.values
    values["output.weight"][...] = 1e10
    values["hidden_1.weight"][...] = 0.0
    course.train.targets[...] = 1e140
    course.train.x[...] = 1e170
    assert "batch 2 (learning rate 0.0" in (message := said(course))
    assert "; first is the gradient of hidden_1.weight in the step before, " in message


def test_of_several_gradients_it_is_the_one_nearest_to_the_loss():
    course = numbers_course(optimizer=Momentum(), model={"activation": Linear()})
    values = course.network.parameters.values
    values["hidden_1.weight"][...], values["output.weight"][...] = 1e-30, 1e-31
    course.train.x[...] = 1e200
    course.train.targets[...] = 1e140
    assert "; first is the gradient of output.weight in the step before, " in said(course)


def test_the_largest_input_is_one_of_a_row_that_is_not_finite():
    """An input that is larger but does no harm is not to blame."""
    course = numbers_course(hidden=(), training=Training(batch_size="full"))
    course.network.parameters.values["output.weight"][...] = [[0], [1e300], [0]]
    course.train.x[3, 0], course.train.x[7, 1] = 1e20, 1e10
    assert "the largest input is 1.000e10, number 2 of training row 8;" in said(course)


def test_the_gradient_norm_is_told_where_it_is_finite():
    course = numbers_course(hidden=())
    course.train.targets[...] = 1e200
    assert "batch 1 (learning rate 0.1, gradient norm " in said(course)


def test_the_fold_is_told_where_there_are_several():
    course = replace(numbers_course(), fold=2, folds=3)
    course.train.targets[...] = np.nan
    assert "in fold 2, epoch 1, batch 1 " in said(course)


def test_the_epoch_and_the_batch_are_those_of_the_loss():
    course = numbers_course(training=Training(batch_size=4, shuffle=False))
    course.train.targets[9] = 1e200
    assert "in epoch 1, batch 3 " in said(course)


def test_without_a_file_the_number_of_the_training_row_is_told():
    course = numbers_course(training=Training(batch_size=4))
    course.train.x[7, 1] = np.nan
    assert "; first is the output of layer hidden_1, " in (message := said(course))
    assert "the largest input is nan, number 2 of training row 8;" in message
    course = numbers_course(hidden=())
    course.train.targets[3] = 1e200
    assert "the largest target is 1.000e200, training row 4;" in said(course)


@pytest.mark.parametrize("chunk", [1, 5, 100])
def test_after_the_last_step_the_row_is_found_in_whatever_chunk_it_is(chunk, monkeypatch):
    course = numbers_course()
    state = state_of(course)
    list(train(course, state))
    course.train.x[8, 2] = np.inf
    monkeypatch.setattr(course.network, "chunk_rows", lambda: chunk)
    message = str(build_final_divergence_error(course, state))
    assert message.startswith(
        "training diverged: the loss is not finite after the last step (learning rate 0.1); first is"
    )
    assert "the largest input is inf, number 3 of training row 9;" in message


def test_a_sum_of_finite_losses_that_overflows_is_a_divergence_too():
    course = numbers_course(hidden=(), training=Training(batch_size="full"))
    course.network.parameters.values["output.bias"][...] = 1.2e154
    assert "; first is the mean of the losses, " in said(course)


# the cell in the file


def cells_of(rows, seed):
    """Numbers of size 1 as texts, three columns, and a number that depends on them."""
    x = np.random.default_rng(seed).standard_normal((rows, 3))
    return [[*(f"{value:.4f}" for value in row), f"{row.sum():.4f}"] for row in x]


def written(folder, cells, **spec):
    """A table of such cells with a blank line in it, and a spec on it that scales nothing."""
    lines = [",".join(row) for row in cells]
    (folder / "d.csv").write_text("\n".join(["a,b,c,y", *lines[:4], "", *lines[4:]]) + "\n", encoding="utf-8")
    data = {"train": "d.csv", "target": "y", "scaling": "none", "scale_target": False} | spec.pop("data", {})
    base = {
        "model": {"hidden": [3]},
        "optimizer": {"name": "sgd", "learning_rate": 0.01},
        "training": {"batch_size": 5},
    }
    path = folder / "s.yaml"
    path.write_text(yaml.safe_dump({"data": data} | base | spec), encoding="utf-8")
    return str(path)


def line_of(row):
    return row + 2 + (row >= 4)


SPLITS = [{}, {"validation": 0.2}, {"validation": 0.2, "test": 0.2}, {"folds": 3}]


@drawn
@given(
    row=st.integers(0, 29),
    column=st.integers(0, 2),
    split=st.sampled_from(SPLITS),
    batch_size=st.sampled_from([1, 7, 30, "full"]),
    gap=st.integers(0, 29),
    seed=st.integers(0, 5),
)
def test_the_cell_that_is_to_blame_is_named_by_file_line_and_column(
    tmp_path_factory, row, column, split, batch_size, gap, seed
):
    folder = tmp_path_factory.mktemp("d")
    cells = cells_of(30, seed)
    cells[row][column] = "-2.5e25"
    data = {"split": split}
    if gap != row:
        cells[gap][3], data["missing_target"] = "", "drop"
    spec = written(folder, cells, data=data, training={"batch_size": batch_size, "epochs": 3}, seed=seed)
    try:
        fit(spec, out=folder / "m.npz")
        message = ""
    except Diverged as problem:
        message = str(problem)
    name = "abc"[column]
    held_out = not message and split in ({"validation": 0.2}, {"validation": 0.2, "test": 0.2})
    where = f"the largest input is -2.500e25, {folder}/d.csv:{line_of(row)}: column \"{name}\", '-2.5e25'; "
    assert held_out or where in message
    assert held_out or f"data.columns: {{{name}: {{scaling: robust}}}}" in message


@pytest.mark.parametrize(("scaled", "cure"), [(False, "set data.scale_target: true"), (True, "log1p")])
def test_a_target_that_is_to_blame_is_named(tmp_path, scaled, cure):
    cells = cells_of(30, 0)
    cells[11][3] = "3e25"
    overrides = [f"data.scale_target={str(scaled).lower()}", "optimizer.learning_rate=1e30"][: 1 + scaled]
    with pytest.raises(Diverged) as caught:
        fit(written(tmp_path, cells), out=tmp_path / "m.npz", overrides=overrides)
    if not scaled:
        assert f"the largest target is 3.000e25, {tmp_path}/d.csv:14: column \"y\", '3e25'; {cure}; " in str(
            caught.value
        )
    else:  # scaled it is at most √30: it is the learning rate
        assert "the largest " not in str(caught.value)
        assert "the learning rate of 1e30 is far above the usual 0.01 of sgd: lower" in str(caught.value)


def diverged(spec, **overrides):
    """What is said where a fit diverges."""
    with pytest.raises(Diverged) as caught:
        fit(spec, out=Path(spec).parent / "m.npz", overrides=[f"{key}={value}" for key, value in overrides.items()])
    return str(caught.value)


def test_of_a_usual_learning_rate_a_smaller_one_is_proposed(tmp_path):
    """Nothing else is to blame: targets of size 1e2 that are not scaled, at which steps grow."""
    cells = [[*row[:3], str(100 * float(row[3]))] for row in cells_of(30, 0)]
    rate = {"name": "sgd", "learning_rate": 0.29}
    spec = written(tmp_path, cells, optimizer=rate, training={"epochs": 300}, model={"hidden": [30, 30]})
    cure = "try a smaller optimizer.learning_rate"
    assert f"; {cure}, or optimizer.global_clipnorm: 1; " in diverged(spec)


@pytest.mark.parametrize("name", ["sgd", "momentum", "adam", "rmsprop"])
def test_where_all_numbers_are_small_the_far_learning_rate_is_named_and_no_cell(tmp_path, name):
    spec = written(
        tmp_path,
        cells_of(30, 0),
        optimizer={"name": name, "learning_rate": 1e200, "weight_decay": 0.1},
        training={"epochs": 20},
    )
    said = diverged(spec)
    assert "weight_decay" not in said
    assert "the learning rate of 1e200 is far above the usual 0.0" in said
    assert ": lower optimizer.learning_rate; " in said
    assert "largest" not in said


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop"])
def test_where_the_weight_decay_multiplies_the_weights_it_is_named_and_no_cell(tmp_path, name):
    decay = {"name": name, "learning_rate": 0.01, "weight_decay": 1000}
    said = diverged(written(tmp_path, cells_of(30, 0), optimizer=decay, training={"epochs": 500}))
    factor = "each step multiplies the weights by 1 − learning_rate · weight_decay = -9.000"
    assert f"; {factor}: lower optimizer.weight_decay, which is 1000; " in said
    assert "largest" not in said
    assert "clipnorm" not in said


def test_a_category_is_never_to_blame(tmp_path):
    cells = [[*row[:2], "xyz"[k % 3], row[3]] for k, row in enumerate(cells_of(30, 0))]
    spec = written(
        tmp_path,
        cells,
        optimizer={"name": "sgd", "learning_rate": 1e30},
        data={"columns": {"a": "ignore", "b": "ignore"}},
    )
    assert "the largest input" not in diverged(spec)


def test_no_pixel_is_to_blame(tmp_path):
    images = np.zeros((12, 2, 2), np.uint8)
    images[:, 0, 0] = np.arange(12)
    images[6, 1, 1] = 255
    (tmp_path / "i").write_bytes(b"\0\0\x08\x03" + struct.pack(">3I", *images.shape) + images.tobytes())
    (tmp_path / "l").write_bytes(b"\0\0\x08\x01" + struct.pack(">I", 12) + bytes(k % 3 for k in range(12)))
    spec = {
        "data": {"train": {"images": "i", "labels": "l"}},
        "model": {"hidden": [3]},
        "loss": "mean_squared_error",
        "optimizer": {"name": "sgd", "learning_rate": 1e30},
        "training": {"batch_size": "full", "epochs": 5},
    }
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(spec))
    assert "the largest input" not in diverged(str(tmp_path / "s.yaml"))


# the file that the model would have gone to


def test_a_model_that_is_there_stays_and_the_message_says_so(tmp_path):
    spec = written(tmp_path, cells_of(30, 0), training={"epochs": 1, "batch_size": 5})
    out = tmp_path / "m.npz"
    far = ["optimizer.learning_rate=1e30", "training.epochs=3"]
    with pytest.raises(Diverged, match=r"; no model was written$"):
        fit(spec, out=out, overrides=far)
    assert not out.exists()
    fit(spec, out=out)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(Diverged, match=r"m\.npz is as it was$"):
        fit(spec, out=out, overrides=far)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
