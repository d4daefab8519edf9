"""Every component that a spec can name trains, is saved, is loaded and predicts, and changes what is learned."""

from math import isfinite
from typing import Any, get_args

import numpy as np
import pytest

from mlptrain.annotations import list_component_names, list_union_members
from mlptrain.engine.dropout import AnyDropout
from mlptrain.engine.initializers import Initializer
from mlptrain.engine.losses import ClassLoss, Loss
from mlptrain.engine.members import Members
from mlptrain.engine.norms import Norm
from mlptrain.engine.optimizers import Optimizer
from mlptrain.engine.schedules import Schedule
from mlptrain.engine.units import AnyActivation
from mlptrain.errors import Diverged
from mlptrain.model.model import Model
from tests.support.flows import fit_mixed, predict


def names(union: Any) -> list[str]:
    return [name for kind in list_union_members(union) for name in list_component_names(kind)]


def fitted(folder, *overrides, **sections):
    """Fit on the mixed table; the training losses of the epochs, and the predictions for it."""
    result = fit_mixed(folder, "training.train_loss=evaluation", *overrides, **sections)
    assert all(value is None or isfinite(value) for part in result.metrics.values() for value in part.values())
    model = Model.load(folder / "mixed.npz")
    predicted = predict(result.model, str(folder / "mixed.csv"))
    assert all(len(cells) == 60 for cells in predicted.values())
    assert np.isfinite(model.networks[0].network.parameters.theta).all()
    return model.networks[0].history["train_loss"], model


@pytest.mark.parametrize("name", names(Optimizer))
def test_every_optimizer(tmp_path, name):
    losses, model = fitted(
        tmp_path, *(["training.batch_size=full"] if name == "lbfgs" else []), optimizer={"name": name}
    )
    assert losses[-1] < losses[0]
    assert model.spec.optimizer.name == name


@pytest.mark.parametrize("name", names(AnyActivation))
def test_every_activation(tmp_path, name):
    losses, model = fitted(tmp_path, model={"hidden": [8, 8], "activation": name})
    assert losses[-1] < losses[0]
    assert model.spec.model.activation.name == name


@pytest.mark.parametrize("name", names(Norm | None))
@pytest.mark.parametrize("dropout", [None, *({"name": name, "rate": 0.2} for name in names(AnyDropout))])
def test_every_norm_and_dropout(tmp_path, name, dropout):
    losses, _ = fitted(tmp_path, "training.epochs=30", model={"hidden": [8, 8], "norm": name, "dropout": dropout})
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("batch_size", ["16", "full"])
@pytest.mark.parametrize("name", names(Members))
def test_every_kind_of_members(tmp_path, name, batch_size):
    """What is learned is in one file; members predict with their average."""
    model = {"hidden": [8, 8], "numeric_embedding": "piecewise_linear", "dropout": 0.1, "input_dropout": 0.05}
    how = [
        f"training.batch_size={batch_size}",
        "training.epochs=20",
        "data.category_encoding={name: embedding, width: 3}",
    ]
    losses, fitted_model = fitted(tmp_path, *how, model=model, members={"name": name, "count": 3})
    assert losses[-1] < losses[0]
    network = fitted_model.networks[0].network
    (logits,) = network.logits(np.zeros((5, network.inputs), np.float32))
    assert (network.members, logits.shape) == (3, (3, 5, 1))
    assert len({member.tobytes() for member in logits}) == 3


@pytest.mark.parametrize("size", [1, 2])
def test_residual_blocks(tmp_path, size):
    losses, model = fitted(tmp_path, model={"hidden": [8, 8, 8], "residual": size, "norm": "batch", "dropout": 0.1})
    assert losses[-1] < losses[0]
    assert f"block_{3 - size}.hidden_3.batch_norm.running_mean" in model.networks[0].network.buffers


@pytest.mark.parametrize("name", names(Initializer))
def test_every_initializer(tmp_path, name):
    overrides = ["model.kernel_initializer.value=0.1"] if name == "constant" else []
    losses, _ = fitted(tmp_path, *overrides, model={"hidden": [8], "kernel_initializer": {"name": name}})
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", names(Schedule))
def test_every_schedule(tmp_path, name):
    schedules = {"learning_rate": {"name": name}}
    losses, model = fitted(tmp_path, "data.split.validation=0.2", "training.epochs=20", schedules=schedules)
    assert losses[-1] < losses[0]
    rates = model.networks[0].history["learning_rate"]
    assert (len(set(rates)) > 1) == (name not in ("constant", "step"))


@pytest.mark.parametrize("loss", get_args(Loss), ids=lambda kind: list_component_names(kind)[0])
def test_every_loss(tmp_path, loss):
    (name,) = list_component_names(loss)
    target = "label" if issubclass(loss, ClassLoss) else "count" if name == "poisson" else "price"
    losses, model = fitted(tmp_path, "training.epochs=30", data={"target": target}, loss=name)
    assert losses[-1] < losses[0]
    assert model.loss.name == name


@pytest.mark.parametrize("loss", ["mean_squared_error", "huber", "cross_entropy", "focal", "hinge"])
def test_classes_can_be_learned_by_losses_of_either_kind(tmp_path, loss):
    losses, model = fitted(tmp_path, data={"target": "colour"}, loss=loss)
    assert losses[-1] < losses[0]
    assert model.head.classes == ("blue", "green", "red")


def test_penalties_are_told_apart_from_the_loss_and_make_weights_small(tmp_path):
    def end(*overrides):
        _, model = fitted(tmp_path, "training.epochs=40", *overrides)
        weight = model.networks[0].network.parameters.theta[model.networks[0].network.parameters.regions["weight"]]
        return model.networks[0].history["penalty"][-1], np.abs(weight).sum()

    plain, ridge, lasso = end(), end("regularization.l2=0.05"), end("regularization.l1=0.02")
    assert plain[0] == 0 < min(ridge[0], lasso[0])
    assert max(ridge[1], lasso[1]) < plain[1]


def test_weight_decay_makes_weights_small_and_is_no_penalty(tmp_path):
    def end(*overrides):
        _, model = fitted(tmp_path, "training.epochs=40", *overrides)
        return model.networks[0].history["penalty"][-1], np.abs(
            model.networks[0].network.parameters.values["hidden_1.weight"]
        ).sum()

    (_, plain), (penalty, decayed) = end(), end("optimizer.weight_decay=1")
    assert penalty == 0
    assert decayed < plain


@pytest.mark.parametrize("clip", ["clipvalue", "clipnorm", "global_clipnorm"])
def test_clipping_keeps_a_run_in_bounds_that_would_diverge(tmp_path, clip):
    far = {"data": {"target": "price", "scale_target": False, "scaling": "none"}, "model": {"hidden": []}}
    sgd = "optimizer={name: sgd, learning_rate: 0.5}"
    with pytest.raises(Diverged):
        fitted(tmp_path, sgd, "training.epochs=30", **far)
    losses, _ = fitted(tmp_path, sgd, f"optimizer.{clip}=0.1", "training.epochs=30", **far)
    assert losses[-1] < losses[0]


def test_the_gradient_norm_is_in_the_history_on_request(tmp_path):
    _, model = fitted(tmp_path, "training.gradient_norm=true")
    assert (model.networks[0].history["gradient_norm"] > 0).all()
