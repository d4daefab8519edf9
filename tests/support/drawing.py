"""What the engine's tests share: the members of a union, drawn inputs, difference quotients.

Everything is drawn from a seed, so that a failure repeats.
"""

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, get_args

import numpy as np
from hypothesis import settings
from numpy.random import Generator, default_rng

from mlptrain.engine.activations import Mish
from mlptrain.engine.arrays import Floats, Integers, Workspace
from mlptrain.engine.layer import ForwardContext, Layer, LayerState
from mlptrain.engine.losses import BinaryCrossEntropy, CrossEntropy, Focal, Huber, Loss, Quantile
from mlptrain.engine.members import Shared
from mlptrain.engine.residual import Residual
from mlptrain.engine.units import Activate, AnyActivation, Parametric, PReLU, wrap_activation_as_layer
from mlptrain.randomness import stream

DTYPES = [np.dtype(np.float32), np.dtype(np.float64)]
H = 1e-5
"""The step of a central difference in float64: the measured optimum."""

drawn = settings(derandomize=True, deadline=None, database=None, max_examples=40)
"""The same examples on every run, however slow the machine."""


def members(union: Any) -> list[Any]:
    """One of every member of a union, with its defaults: a new member is tested before its author writes a test."""
    return [member() for member in get_args(union)]


def label(component: Any) -> str:
    """The class, and the fields that differ from their defaults: the name of a test's parameter."""
    if isinstance(component, Activate):
        return label(component.activation)
    if isinstance(component, Residual):
        return f"Residual-{len(component.layers)}"
    if isinstance(component, Shared):
        return f"Shared-{label(component.layer)}"
    changed = [f"{f.name}={v}" for f in fields(component) if (v := getattr(component, f.name)) != f.default]
    return "-".join([type(component).__name__, *changed])


LOSSES = [
    *members(Loss),
    CrossEntropy(label_smoothing=0.1),
    BinaryCrossEntropy(label_smoothing=0.1),
    Huber(delta=0.5),
    Quantile(level=0.9),
    Focal(gamma=0.0),
    Focal(gamma=0.5),
]


def activation_layers() -> list[Layer]:
    """Every activation as a layer, those with parameters included."""
    others = [PReLU(shared=True), Parametric(activation=Mish(), start=0.7)]
    return [*map(wrap_activation_as_layer, members(AnyActivation)), *others]


def outputs_of(loss: Any) -> int:
    """The width of the logits: that of three classes, or two numbers."""
    return loss.outputs(3) if loss.classes else 2


def targets_for(loss: Any, rows: int, draw: Generator) -> Floats | Integers:
    """Targets that suit the loss."""
    if loss.classes:
        return draw.integers(0, max(outputs_of(loss), 2), rows)
    if loss.counts:
        return draw.poisson(2.0, (rows, outputs_of(loss))).astype(float)
    return draw.standard_normal((rows, outputs_of(loss)))


def training(
    rows: int, dtype: Any = np.float64, *, seed: int = 1, train: bool = True, count: int = 1
) -> ForwardContext:
    """A pass in training; the same seed gives the same noise: a frozen mask."""
    work = Workspace(np.dtype(dtype))
    work.restart(rows)
    return ForwardContext(work, train=train, noise=[stream(seed + m, "dropout", 0, 1) for m in range(count)])


def evaluation(rows: int, dtype: Any = np.float64) -> ForwardContext:
    """A pass in evaluation, in which nobody may use the noise that is at hand."""
    return training(rows, dtype, train=False)


def own_of(
    layer: Layer, inputs: int, draw: Generator, *, lead: tuple[int, ...] = (), dtype: Any = np.float64
) -> LayerState:
    """Drawn parameters, gradients of NaN (what is not written shows) and fresh buffers, for members `lead`."""
    declared, buffers = layer.declare(inputs), layer.buffers(inputs)
    shapes = {name: each.shape if each.shared else (*lead, *each.shape) for name, each in declared.items()}
    lead = () if layer.traits.shared else lead
    return LayerState(
        {name: draw.standard_normal(shape).astype(dtype) for name, shape in shapes.items()},
        {name: np.full(shape, np.nan, dtype) for name, shape in shapes.items()},
        {name: np.broadcast_to(value, (*lead, *value.shape)).astype(dtype) for name, value in buffers.items()},
    )


def member_of(own: LayerState, index: int) -> LayerState:
    """The parameters, gradients and buffers of one member."""
    parts = ({k: v[index] for k, v in part.items()} for part in (own.parameters, own.gradients, own.buffers))
    return LayerState(*parts)


def slopes(f: Callable[[], float], x: Floats, h: float = H) -> Floats:
    """∂f/∂x by central differences, coordinate by coordinate; f reads x, which is moved in place."""
    flat, result = x.reshape(-1), np.empty(x.size)
    assert np.shares_memory(flat, x)
    for i, value in enumerate(flat.copy()):
        flat[i] = value + h
        above = f()
        flat[i] = value - h
        below = f()
        flat[i] = value
        result[i] = (above - below) / (2 * h)
    return result.reshape(x.shape)


def distance(a: Floats, b: Floats) -> float:
    """‖a − b‖ relative to the larger of ‖a‖ and ‖b‖."""
    scale = max(np.linalg.norm(a), np.linalg.norm(b))
    return float(np.linalg.norm(a - b) / scale) if scale else 0.0


def identical(a: Iterable[Any], b: Iterable[Any]) -> bool:
    """Whether two sequences of arrays are the same bit for bit, dtype and shape included."""
    pairs = [(np.asarray(x), np.asarray(y)) for x, y in zip(a, b, strict=True)]
    return all(x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes() for x, y in pairs)


def standard_normal(*shape: int, seed: int = 0, dtype: Any = np.float64) -> Floats:
    """Drawn numbers of a shape."""
    return default_rng(seed).standard_normal(shape).astype(dtype)
