"""The gradient of a very spec against finite differences: float64, its first batch, dropout masks frozen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mlptrain.engine.arrays import Floats
from mlptrain.engine.network import Network
from mlptrain.randomness import stream, uniform
from mlptrain.training.course import Course

STEPS = (1e-4, 1e-5, 1e-6)
DIRECTIONS = 3
TOLERANCE = 1e-6
ROWS = 256
"""The most rows: of many, some are so near a kink that no difference quotient can be trusted."""
MOVED = 0.01
"""Every parameter is moved by up to this: where all inputs of a unit are dropped, a bias of 0 is exactly a kink."""


@dataclass(frozen=True)
class ParameterCheck:
    """One parameter, its shape, and the largest relative error of the gradient along random directions."""

    name: str
    shape: tuple[int, ...]
    error: float

    @property
    def right(self) -> bool:
        return self.error <= TOLERANCE


def check_gradient(course: Course) -> list[ParameterCheck]:
    """The relative error of every parameter's gradient on the first batch, near the initial parameters.

    Along a random unit direction d: abs(g·d − n) / max(abs g·d, abs n, s), n = (L(θ + h d) − L(θ − h d)) / 2h, with s
    the size of g·d to be expected: ‖g‖ / √P over the parameter's P numbers, or 1e-4 ‖g‖ over all parameters.
    The best of three h counts: a kink of ReLU between θ − h d and θ + h d spoils one h, a wrong derivative spoils all.
    """
    network, objective = copy_network_in_double(course)
    objective()
    parameters = network.parameters
    gradient = parameters.gradient.copy()
    size = float(np.linalg.norm(gradient))
    checks = []
    for position, (name, part) in enumerate(parameters.slices.items()):
        count = part.stop - part.start
        expected = max(float(np.linalg.norm(gradient[part])) / count**0.5, 1e-4 * size)
        errors = []
        for draw in range(DIRECTIONS):
            d = 2 * uniform(stream(course.spec.seed, "gradient check", position, draw), (count,)) - 1
            d /= np.linalg.norm(d)
            errors.append(
                measure_slope_error(parameters.theta[part], d, float(gradient[part] @ d), expected, objective)
            )
        checks.append(ParameterCheck(name, parameters.shapes[name], max(errors)))
    return sorted(checks, key=lambda check: list(parameters.declarations).index(check.name))


def count_checked_rows(course: Course) -> int:
    """Rows of the first batch that the gradient is checked on."""
    return min(course.batch_size, ROWS)


def copy_network_in_double(course: Course) -> tuple[Network, Callable[[], float]]:
    """The course's network in float64, and its objective on the first batch with the noise of the first step.

    Of members it is the sum of their objectives, whose gradient the network gives; they see the same rows here.
    """
    old, spec = course.network, course.spec
    network = old.like("float64")
    theta = network.parameters.theta
    theta[...] = old.parameters.theta + MOVED * (2 * uniform(stream(spec.seed, "gradient check"), theta.shape) - 1)
    part = course.train.take_first(count_checked_rows(course))
    targets = course.head.loss_targets(part.truth, network.dtype)
    x, weights = part.x[:].astype(np.float64), part.training_weights()

    def objective() -> float:
        run = network.begin(part.rows, train=True, noise=course.noise(0))
        values = network.objective(
            x,
            targets,
            None if weights is None else weights.astype(np.float64),
            loss=course.head.loss,
            penalty=spec.regularization,
            run=run,
        )
        return network.gradient_scale * sum(values)

    return network, objective


def measure_slope_error(theta: Floats, d: Floats, slope: float, least: float, objective: Callable[[], float]) -> float:
    """The smallest relative error of `slope` over the step sizes; θ is left as it was."""
    start, errors = theta.copy(), []
    for h in STEPS:
        theta[...] = start + h * d
        above = objective()
        theta[...] = start - h * d
        numeric = (above - objective()) / (2 * h)
        errors.append(abs(slope - numeric) / max(abs(slope), abs(numeric), least, 1e-12))
    theta[...] = start
    return min(errors)
