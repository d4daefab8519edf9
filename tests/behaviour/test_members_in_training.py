"""Members: several networks trained side by side are those networks, each trained alone; together they predict."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from mlptrain.engine.activations import ReLU
from mlptrain.engine.dropout import Dropout, GaussianDropout
from mlptrain.engine.embeddings import PBLD, PLR, PiecewiseLinear
from mlptrain.engine.first_order import LearningRateFactors, WeightDecayFactors
from mlptrain.engine.initializers import ThroughRows, UnitVariance
from mlptrain.engine.input_layout import Codes, InputLayout
from mlptrain.engine.losses import ClassLoss, Loss, MeanSquaredError
from mlptrain.engine.norms import BatchNorm, LayerNorm
from mlptrain.engine.optimizers import SGD, Adam, AdamW, Elementwise
from mlptrain.engine.penalties import Penalty
from mlptrain.engine.schedules import CosLog4, FlatCosine, LinearRamp
from mlptrain.engine.units import AnyActivation, Parametric
from mlptrain.errors import Diverged
from mlptrain.model.history import EpochEnded
from mlptrain.model.network_outputs import predict_values, predict_with_mean_loss, predict_with_row_losses
from mlptrain.spec.fields import Schedules, Training
from mlptrain.training import course as course_file
from mlptrain.training.course import draw_batches
from mlptrain.training.gradient_check import check_gradient
from mlptrain.training.loop import train
from tests.support.courses import course_of, run, spec_of, state_of
from tests.support.drawing import members as one_of_each

COUNT = 3
LAYOUT = InputLayout(width=3, numbers=(0, 2), codes=(Codes(place=1, levels=5, width=4),))
NUMBERS = InputLayout(width=3, numbers=(0, 1, 2))
ALL_PARTS = {
    "input_scaling": True,
    "parametrization": "ntk",
    "kernel_initializer": UnitVariance(),
    "bias_initializer": ThroughRows(),
    "activation": Parametric(),
    "dropout": Dropout(rate=0.15),
}
FACTORS = AdamW(
    learning_rate=0.04,
    beta_2=0.95,
    weight_decay=0.02,
    learning_rate_factors=LearningRateFactors(scale=6, bias=0.1, slope=0.1, numeric_embedding=0.1),
    weight_decay_factors=WeightDecayFactors(embedding=1, scale=6, slope=0.1, numeric_embedding=0.1),
)
WAVES = Schedules(learning_rate=CosLog4(), dropout=FlatCosine(), weight_decay=FlatCosine())


def training(**more):
    return Training(**({"epochs": 5, "batch_size": 8} | more))


def recipe(numeric, **more):
    """Everything together, as the strong recipes have it."""
    parts = {"optimizer": FACTORS, "schedules": WAVES, "training": training(drop_last=True, ties="last")}
    return parts | {"layout": LAYOUT, "model": ALL_PARTS | {"numeric_embedding": numeric}} | more


CASES = {
    "plain": {},
    "no hidden layer": {"hidden": ()},
    "two hidden layers": {"hidden": (6, 4)},
    "dropout": {"model": {"dropout": Dropout(rate=0.3), "input_dropout": Dropout(rate=0.2)}},
    "gaussian dropout": {"model": {"dropout": GaussianDropout(rate=0.3), "input_dropout": GaussianDropout(rate=0.1)}},
    "full batch, dropout": {
        "training": training(batch_size="full"),
        "model": {"dropout": Dropout(rate=0.3), "input_dropout": Dropout(rate=0.2), "input_scaling": True},
    },
    "no shuffling": {"training": training(shuffle=False), "model": {"input_dropout": GaussianDropout(rate=0.2)}},
    "batch norm": {"model": {"norm": BatchNorm()}},
    "layer norm": {"model": {"norm": LayerNorm()}},
    "penalties, max-norm": {"regularization": Penalty(l1=0.01, l2=0.02), "model": {"max_norm": 0.8}},
    "clipvalue": {"optimizer": SGD(learning_rate=0.1, clipvalue=0.01)},
    "clipnorm": {"optimizer": SGD(learning_rate=0.1, clipnorm=0.05)},
    "global clipnorm": {"optimizer": Adam(learning_rate=0.1, global_clipnorm=0.05)},
    "a number": {"classes": 0},
    "scheduled dropout": {"schedules": Schedules(dropout=LinearRamp()), "model": {"dropout": Dropout(rate=0.5)}},
    "periodic": recipe(PBLD(frequencies=4)),
    "periodic with relu": recipe(PLR(frequencies=4, outputs=2)),
    "piecewise linear": recipe(PiecewiseLinear(bins=4, outputs=2), classes=0),
    "tables alone": {"layout": LAYOUT},
    "numbers alone": recipe(PBLD(frequencies=4), layout=NUMBERS, optimizer=SGD(learning_rate=0.1)),
}
each_case = pytest.mark.parametrize("parts", CASES.values(), ids=CASES)


def together(parts, **more):
    return course_of(rows=20, **({"training": training(), "members": COUNT} | parts | more))


def apart(parts, **more):
    """The same rows for a network of each of the seeds."""
    first = spec_of().seed
    return [together(parts, members=1, seed=first + m, **more) for m in range(COUNT)]


def require_the_same(many, alone):
    """To the bit: NumPy multiplies the matrices of members one by one.

    Only the norm of a whole gradient is summed in another order, by parameters.
    """
    tolerance = 1e-12 if getattr(many.spec.optimizer, "global_clipnorm", None) else 0
    for m, one in enumerate(alone):
        for views, apart in (
            (many.network.parameters.values, one.network.parameters.values),
            (many.network.buffers, one.network.buffers),
        ):
            for name, values in apart.items():
                np.testing.assert_allclose(views[name][m], values, rtol=tolerance, atol=0, err_msg=name)


@each_case
def test_a_member_starts_as_the_network_of_its_seed(parts):
    require_the_same(together(parts), apart(parts))


@each_case
def test_a_member_becomes_what_the_network_of_its_seed_becomes(parts):
    """After all epochs, without a validation part: nothing chooses among them."""
    many, alone = together(parts, validation_rows=0), apart(parts, validation_rows=0)
    epochs, _ = run(many)
    apart_epochs = [run(one)[0] for one in alone]
    require_the_same(many, alone)
    for number, epoch in enumerate(epochs):
        mean = np.mean([each[number].train_loss for each in apart_epochs])
        assert epoch.train_loss == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize("optimizer", one_of_each(Elementwise), ids=lambda optimizer: optimizer.name)
def test_every_optimizer_trains_a_member_as_it_trains_its_network(optimizer):
    parts = recipe(PBLD(frequencies=4), optimizer=replace(optimizer, weight_decay=0.01))
    many, alone = together(parts, validation_rows=0), apart(parts, validation_rows=0)
    for course in (many, *alone):
        run(course)
    require_the_same(many, alone)


@pytest.mark.parametrize("activation", one_of_each(AnyActivation), ids=lambda activation: activation.name)
def test_every_activation_of_a_member_is_that_of_its_network(activation):
    parts = {"model": {"activation": activation, "dropout": Dropout(rate=0.3)}, "hidden": (6, 4)}
    many, alone = together(parts, validation_rows=0), apart(parts, validation_rows=0)
    for course in (many, *alone):
        run(course)
    require_the_same(many, alone)


def test_weights_of_rows_go_with_the_rows_of_each_member():
    parts = {"training": training(class_weight=None)}
    weighted = [together(parts, validation_rows=0), *apart(parts, validation_rows=0)]
    weights = np.linspace(0.5, 2, 20)
    many, *alone = (replace(course, train=replace(course.train, weights=weights)) for course in weighted)
    for course in (many, *alone):
        run(course)
    require_the_same(many, alone)


def test_in_float32_a_member_is_its_network_to_a_millionth():
    parts = recipe(PBLD(frequencies=4))
    parts["model"] = parts["model"] | {"dtype": "float32"}
    many, alone = together(parts, validation_rows=0), apart(parts, validation_rows=0)
    for course in (many, *alone):
        course.train.x.flags.writeable = False
        run(course)
    for m, one in enumerate(alone):
        for name, values in one.network.parameters.values.items():
            together_values = many.network.parameters.values[name][m]
            np.testing.assert_allclose(together_values, values, rtol=1e-6, atol=1e-6, err_msg=name)


# ---- their batches


@pytest.mark.parametrize("at_once", [0, 1 << 24])
def test_the_batches_of_a_member_are_those_of_its_network(at_once, monkeypatch):
    monkeypatch.setattr(course_file, "GATHER_AT_ONCE", at_once)
    parts = {"training": training(batch_size=6)}
    many, alone = together(parts), apart(parts)
    weights = np.linspace(0.5, 2, 20)
    many, *alone = (replace(c, train=replace(c.train, weights=weights)) for c in (many, *alone))
    for epoch in (0, 3):
        for first in (0, 2):
            each = zip(
                draw_batches(many, epoch, first), *(draw_batches(one, epoch, first) for one in alone), strict=True
            )
            for number, (batch, *singles) in enumerate(each, first + 1):
                for m, single in enumerate(singles):
                    for ours, theirs in zip(batch, single, strict=True):
                        np.testing.assert_array_equal(ours[m], theirs)
                    rows = alone[m].row_numbers(epoch, number)
                    np.testing.assert_array_equal(many.row_numbers(epoch, number)[m], rows)


# ---- their prediction


@pytest.mark.parametrize("loss", get_args(Loss), ids=lambda kind: kind.__name__)
def test_together_they_predict_the_mean_of_their_predictions(loss):
    """Of probabilities, of scores, of expected counts: never of logits where the link is not the identity."""
    classes = 0 if not issubclass(loss, ClassLoss) else 2 if loss.__name__ == "BinaryCrossEntropy" else 3
    many, alone = (
        build({"loss": loss()}, classes=classes, validation_rows=0, model={"activation": ReLU()})
        for build in (together, apart)
    )
    x = many.train.x
    mean = np.mean([predict_values(one.network, one.head, x) for one in alone], axis=0)
    np.testing.assert_allclose(predict_values(many.network, many.head, x), mean, rtol=1e-12, atol=1e-14)
    losses, predictions = predict_with_row_losses(many.network, many.head, many.train)
    np.testing.assert_array_equal(predictions, predict_values(many.network, many.head, x))
    assert losses.shape == (20,)
    assert predict_with_mean_loss(many.network, many.head, many.train)[0] == pytest.approx(losses.mean())


def test_a_loss_of_numbers_on_classes_averages_as_well():
    many, alone = (build({"loss": MeanSquaredError()}, classes=3) for build in (together, apart))
    mean = np.mean([predict_values(one.network, one.head, many.train.x) for one in alone], axis=0)
    np.testing.assert_allclose(predict_values(many.network, many.head, many.train.x), mean, rtol=1e-12)


@pytest.mark.parametrize("monitor", ["loss", "accuracy", "log_loss"])
def test_the_best_epoch_is_that_of_their_common_prediction(monitor):
    """The networks alone, stopped after every epoch, and their predictions averaged by hand."""
    parts = {"training": training(epochs=12, monitor=monitor), "optimizer": Adam(learning_rate=0.1)}
    many, alone = together(parts), apart(parts)
    epochs, finished = run(many)
    part, predictions = many.validation, []
    for one in alone:
        ends = (event for event in train(one, state_of(one)) if isinstance(event, EpochEnded))
        predictions.append([predict_values(one.network, one.head, part.x) for _ in ends])
    found = []
    for common in np.mean(predictions, axis=0):
        right = common[np.arange(part.rows), part.truth]
        error = (common.argmax(axis=1) != part.truth).mean()
        found.append(error if monitor == "accuracy" else -np.log(right).mean())
    assert finished.best_epoch == 1 + int(np.argmin(found))
    told = [1 - e.validation_metric if monitor == "accuracy" else e.validation_loss for e in epochs]
    np.testing.assert_allclose(told, found, rtol=1e-9)


# ---- what else looks at a network


@pytest.mark.parametrize("count", [1, 3])
@each_case
def test_the_gradient_of_every_case_is_right(parts, count):
    checks = check_gradient(together(parts, members=count))
    assert [check.name for check in checks if not check.right] == []
    for check in checks:
        assert count == 1 or check.shape[0] == count


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("parts", [{}, CASES["periodic"]], ids=["plain", "periodic"])
def test_it_is_said_where_members_diverge(shuffle, parts):
    course = together(parts | {"training": training(shuffle=shuffle)})
    course.train.x[7, 2] = np.nan
    with pytest.raises(
        Diverged, match=r"first is the output of layer .*; the largest input is nan, number 3 of training row 8;"
    ):
        run(course)


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_target_that_is_not_finite_is_named_for_members_too(shuffle):
    course = together({"classes": 0, "training": training(shuffle=shuffle)})
    course.train.targets[7, 0] = np.inf
    with pytest.raises(Diverged, match=r"first is the loss itself, .*; the largest target is inf, training row 8;"):
        run(course)


def test_members_that_leave_the_finite_numbers_by_their_steps_are_told_like_one():
    course = together({"classes": 0, "hidden": (), "optimizer": SGD(learning_rate=1e300)})
    with pytest.raises(Diverged, match=r"not finite in epoch [123], batch [123]"):
        run(course)
