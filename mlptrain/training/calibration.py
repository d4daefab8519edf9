"""Calibration: the temperature T by which logits are divided, found on the validation rows after training."""

from collections.abc import Callable
from math import exp, log

import numpy as np

from mlptrain.engine.arrays import Floats
from mlptrain.engine.network import Network
from mlptrain.training.course import Course

COLDEST, HOTTEST = 0.05, 20.0
GOLDEN = (5**0.5 - 1) / 2
HALVINGS = 40
"""Steps of the search; each leaves 0.618 of the range, 40 of them 4e-9."""


@np.errstate(all="ignore")
def calibrate_temperature(course: Course) -> None:
    """Set the network's temperature, if it has one, to the T of the least log loss on the validation rows.

    −Σ w log p(true class) of the probabilities p that the loss makes of z / T, of members of their mean (Guo et al.,
    2017). The order of the classes of one network stays as it is.
    """
    network, part = course.network, course.validation
    layers = [name for name, layer in network.layers if layer.calibrates]
    if not layers or part is None:
        return
    T = network.buffers[f"{layers[0]}.temperature"]
    T[...] = 1
    logits = np.concatenate(list(map(np.array, network.logits(part.x))), axis=-2)
    weights = np.ones(part.rows) if part.weights is None else part.weights.astype(np.float64)

    def log_loss(log_T: float) -> float:
        p = compute_true_class_probabilities(course, (logits / exp(log_T)).astype(network.dtype), part.truth)
        return -float(weights @ np.log(np.maximum(p, np.finfo(np.float32).tiny)))

    found = exp(find_minimum(log_loss, log(COLDEST), log(HOTTEST)))
    if log_loss(log(found)) < log_loss(0.0):
        T[...] = found


def copy_temperature(network: Network, other: Network) -> None:
    """Give a network, if it has one, the temperature of another one made alike."""
    for name, layer in network.layers:
        if layer.calibrates:
            network.buffers[f"{name}.temperature"][...] = other.buffers[f"{name}.temperature"]


def compute_true_class_probabilities(course: Course, logits: Floats, codes: Floats) -> Floats:
    """The probability of each row's class."""
    pooled = logits if course.network.members is None else course.head.loss.pool_logits(logits)
    p: Floats = course.head.loss.predict(pooled)[np.arange(len(codes)), codes].astype(np.float64)
    return p


def find_minimum(f: Callable[[float], float], low: float, high: float) -> float:
    """Where f, of one valley, is smallest between low and high: by golden sections (Kiefer, 1953)."""
    a, b = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    of_a, of_b = f(a), f(b)
    for _ in range(HALVINGS):
        if of_a <= of_b:
            high, b, of_b = b, a, of_a
            a = high - GOLDEN * (high - low)
            of_a = f(a)
        else:
            low, a, of_a = a, b, of_b
            b = low + GOLDEN * (high - low)
            of_b = f(b)
    return (low + high) / 2
