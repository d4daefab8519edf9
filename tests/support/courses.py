"""Courses of training that are built from arrays: small, in float64, from a seed."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import settings
from numpy.random import default_rng

from mlptrain.data.targets import ClassTarget, NumberTarget
from mlptrain.engine.activations import Tanh
from mlptrain.engine.input_layout import InputLayout
from mlptrain.engine.losses import CrossEntropy, MeanSquaredError, Poisson
from mlptrain.engine.members import Networks
from mlptrain.engine.optimizers import SGD
from mlptrain.model.architecture import build_network
from mlptrain.model.examples import Examples
from mlptrain.model.head import Head, make_head
from mlptrain.model.history import EpochEnded
from mlptrain.spec.fields import Data, ModelSpec, Schedules, Spec, Split, Training
from mlptrain.training.course import Course
from mlptrain.training.events import Finished
from mlptrain.training.loop import train
from mlptrain.training.state import TrainState, make_initial_state

drawn = settings(derandomize=True, deadline=None, database=None)


def spec_of(
    *,
    hidden: tuple[int, ...] = (5,),
    training: Training | None = None,
    schedules: Schedules | None = None,
    **parts: Any,
) -> Spec:
    """A spec whose network is small, tanh and in float64, trained by plain SGD."""
    if isinstance(parts.get("members"), int):
        parts["members"] = Networks(count=parts["members"])
    model = {"hidden": hidden, "activation": Tanh(), "dtype": "float64"} | parts.pop("model", {})
    return Spec(
        data=Data(train="-", target="y", split=Split(validation=0.5)),
        model=ModelSpec(**model),
        training=training or Training(epochs=5, batch_size=4),
        schedules=schedules or Schedules(),
        **({"optimizer": SGD(learning_rate=0.1), "seed": 1} | parts),
    )


def target_of(classes: int) -> ClassTarget | NumberTarget:
    """A target of classes, or of one number where `classes` is 0."""
    if classes:
        return ClassTarget(name="y", classes=tuple("abcdefgh"[:classes]))
    return NumberTarget(names=("y",), center=(0.0,), scale=(1.0,))


def part_of(spec: Spec, rows: int, classes: int, seed: int, weights: Any = None) -> Examples:
    """Drawn inputs of three columns, and targets that depend on them, with noise."""
    draw = default_rng(seed)
    x = draw.standard_normal((rows, 3))
    y = x @ [1.0, -2.0, 0.5] + 0.3 * draw.standard_normal(rows)
    y = np.abs(y) if isinstance(spec.loss, Poisson) else y  # counts: below 0 there is no loss
    truth = np.digitize(y, np.linspace(-1, 1, classes - 1)) if classes else y[:, None]
    return Examples(
        x=x,
        targets=head_of(spec, classes).loss_targets(truth, x.dtype),
        truth=truth,
        weights=weights,
    )


def loss_of(spec: Spec, classes: int) -> Any:
    return spec.loss or (CrossEntropy() if classes else MeanSquaredError())


def head_of(spec: Spec, classes: int) -> Head:
    """Loss and target."""
    return make_head(loss_of(spec, classes), target_of(classes))


def course_of(
    spec: Spec | None = None,
    *,
    rows: int = 12,
    validation_rows: int = 8,
    classes: int = 3,
    train: Examples | None = None,
    layout: InputLayout | None = None,
    **spec_parts: Any,
) -> Course:
    """A course whose network is initialised from the spec's seed and the rows; codes are made of coded columns."""
    spec = spec or spec_of(**spec_parts)
    layout = layout or InputLayout(width=3 if train is None else train.x.shape[1])
    train = train or coded(part_of(spec, rows, classes, seed=1), layout)
    head = head_of(spec, classes)
    network = build_network(spec.model, layout, head.outputs, members=spec.members)
    network.initialize(train.x, spec.seed)
    return Course(
        network=network,
        spec=replace(spec, loss=head.loss),
        head=head,
        train=train,
        validation=coded(part_of(spec, validation_rows, classes, seed=2), layout) if validation_rows else None,
    )


def coded(part: Examples, layout: InputLayout) -> Examples:
    """Rows whose columns of codes are the places of what was drawn among quantiles."""
    for each in layout.codes:
        column = part.x[:, each.place]
        column[...] = np.digitize(column, np.quantile(column, np.linspace(0, 1, each.levels + 1)[1:-1]))
    return part


def state_of(course: Course) -> TrainState:
    return make_initial_state(course.network, course.spec.optimizer)


def run(course: Course, **options: Any) -> tuple[list[EpochEnded], Finished]:
    """The epochs of a whole training, and how it ended."""
    events = list(train(course, state_of(course), **options))
    finished = events[-1]
    assert isinstance(finished, Finished)
    return [event for event in events if isinstance(event, EpochEnded)], finished
