"""Networks in Keras: losses, weights there and back, predictions.

Definitions of this file are copied into what is exported, those that it needs.
"""

from collections.abc import Sequence
from functools import reduce
from math import log
from pathlib import Path
from typing import Any

import keras
import numpy
from keras import ops

from mlptrain.export.framework_rows import (
    ARCHITECTURES,
    combine_logits,
    encode_rows,
    load_model,
    read_arrays,
    run_program,
    split_rows,
    write_arrays,
)

# Losses: ℓ of each row and member (B, M) from logits (B, M, K) and targets (B, 1, K), codes (B, 1)


def mark_classes(targets: Any, logits: Any) -> Any:
    """1 for the true class, 0 for the others."""
    return ops.one_hot(ops.cast(targets, "int32"), logits.shape[-1], dtype=logits.dtype)


def compute_cross_entropy(logits: Any, targets: Any, label_smoothing: float = 0.0) -> Any:
    """−Σ q log softmax(z), q = (1 − ε) onehot(y) + ε / K."""
    q = (1 - label_smoothing) * mark_classes(targets, logits) + label_smoothing / logits.shape[-1]
    return -ops.sum(q * ops.log_softmax(logits, axis=-1), -1)


def compute_binary_cross_entropy(logits: Any, targets: Any, label_smoothing: float = 0.0) -> Any:
    """−q log p − (1 − q) log(1 − p), q = (1 − ε) y + ε / 2, p = sigmoid(z)."""
    q, z = (1 - label_smoothing) * ops.cast(targets, logits.dtype) + label_smoothing / 2, logits[..., 0]
    return (1 - q) * ops.softplus(z) + q * ops.softplus(-z)


def compute_focal(logits: Any, targets: Any, gamma: float) -> Any:
    """−(1 − p)^γ log p, p the probability of the true class."""
    log_p = ops.sum(mark_classes(targets, logits) * ops.log_softmax(logits, axis=-1), -1)
    return -(ops.maximum(-ops.expm1(log_p), 1e-37) ** gamma) * log_p


def compute_hinge(logits: Any, targets: Any) -> Any:
    """max(0, 1 + max over j ≠ y of z_j − z_y)."""
    is_true = mark_classes(targets, logits)
    others = ops.where(is_true > 0, -float("inf"), logits)
    return ops.relu(1 + ops.max(others, -1) - ops.sum(is_true * logits, -1))


def compute_mean_squared_error(logits: Any, targets: Any) -> Any:
    """e², e = z − y."""
    return ops.mean(ops.square(logits - targets), -1)


def compute_mean_absolute_error(logits: Any, targets: Any) -> Any:
    """abs e, e = z − y."""
    return ops.mean(ops.abs(logits - targets), -1)


def compute_huber(logits: Any, targets: Any, delta: float) -> Any:
    """½ e² where abs e ≤ δ, δ (abs e − ½ δ) elsewhere."""
    e = logits - targets
    c = ops.clip(e, -delta, delta)
    return ops.mean(c * (e - 0.5 * c), -1)


def compute_log_cosh(logits: Any, targets: Any) -> Any:
    """log cosh e = e + softplus(−2 e) − log 2."""
    e = ops.abs(logits - targets)
    return ops.mean(e + ops.softplus(-2 * e) - log(2), -1)


def compute_quantile(logits: Any, targets: Any, level: float) -> Any:
    """level (y − z) where y > z, (1 − level) (z − y) elsewhere."""
    e = logits - targets
    return ops.mean(ops.maximum((1 - level) * e, -level * e), -1)


def compute_poisson(logits: Any, targets: Any, ceiling: float = 60.0) -> Any:
    """eᶻ − y z; above z = ceiling eᶻ goes on as its tangent."""
    mean = ops.exp(ops.minimum(logits, ceiling)) * (1 + ops.relu(logits - ceiling))
    return ops.mean(mean - targets * logits, -1)


def compute_loss(targets: Any, logits: Any, number: int = 1) -> Any:
    """The loss of each row (B,), as `network.compile(loss=compute_loss)` takes it: of members the mean, or their sum.

    It is the sum where networks side by side learn as if each were alone.
    """
    architecture, network = ARCHITECTURES[number - 1], load_model()["networks"][number - 1]
    K = network["outputs"]
    z = ops.reshape(logits, (-1, network["members"], K))
    y = ops.reshape(targets, (-1, 1) if network["compares_codes"] else (-1, 1, K))
    losses = architecture.loss(z, y)
    return ops.sum(losses, -1) if architecture.sums_members else ops.mean(losses, -1)


# Networks and their weights


def build_network(number: int = 1) -> keras.Model:
    """The network, of several one of them: x (B, I) → logits (B, K), of members (B, M, K).

    Its weights are drawn as the framework likes it; `load_weights` puts the trained ones there.
    """
    return ARCHITECTURES[number - 1].build()


def find_variable(network: keras.Model, name: str) -> Any:
    """The variable of a layer, by the names of both."""
    layer, *path = name.split(".")
    return reduce(getattr, path, network.get_layer(layer))


def load_weights(network: keras.Model, path: str | Path, number: int = 1) -> None:
    """Put the weights of a model file of mlptrain, or of one that `to_mlptrain` wrote, into a network."""
    for name, array in read_arrays(path, number).items():
        find_variable(network, name).assign(array)


def collect_weights(network: keras.Model, number: int = 1) -> dict[str, Any]:
    """The arrays of a network, as mlptrain has them."""
    return {name: ops.convert_to_numpy(find_variable(network, name)) for name in ARCHITECTURES[number - 1].names}


def to_mlptrain(networks: keras.Model | Sequence[keras.Model], path: str | Path) -> None:
    """Write weights as `mlptrain import` and `mlptrain fit --initial-weights` read them: of all networks, in order."""
    several = networks if isinstance(networks, list | tuple) else [networks]
    write_arrays(path, [collect_weights(network, number) for number, network in enumerate(several, 1)])


def compute_logits(network: keras.Model, x: Any) -> Any:
    """The logits of encoded rows in evaluation, as NumPy's array."""
    return numpy.concatenate([ops.convert_to_numpy(network(batch, training=False)) for batch in split_rows(x)])


def load_networks(path: str | Path) -> list[keras.Model]:
    """All networks of a model file, with their weights."""
    networks = [build_network(number) for number in range(1, len(ARCHITECTURES) + 1)]
    for number, network in enumerate(networks, 1):
        load_weights(network, path, number)
    return networks


def predict_scores(networks: Sequence[keras.Model], rows: Any) -> Any:
    """Scores of the classes (B, C), or numbers (B, K), of rows."""
    return combine_logits(
        [compute_logits(network, encode_rows(rows, number)) for number, network in enumerate(networks, 1)]
    )


def run_script() -> None:
    """Read a table, write predictions."""
    run_program(lambda path, rows: predict_scores(load_networks(path), rows))
