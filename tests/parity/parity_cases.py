"""What the parity tests compare: small networks, their data and initial weights, told in the engine's own words.

`make_oracles.py` translates each case into PyTorch and Keras and stores what they compute; `test_parity.py` runs the
engine on the same case. Data and weights come from NumPy's raw bit streams, which are the same on every machine for
ever (NEP 19), so only results are stored.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.activations import (
    ELU,
    GELU,
    SELU,
    HardSigmoid,
    HardTanh,
    LeakyReLU,
    Linear,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Softsign,
    Tanh,
)
from mlptrain.engine.layers import Dense
from mlptrain.engine.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    Huber,
    LogCosh,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
)
from mlptrain.engine.network import NamedLayers, Network
from mlptrain.engine.norms import BatchNorm, LayerNorm, Norm
from mlptrain.engine.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Elementwise,
    Lion,
    Momentum,
    NAdam,
    Nesterov,
    RAdam,
    RMSprop,
)
from mlptrain.engine.penalties import Penalty
from mlptrain.engine.units import Activate, AnyActivation, PReLU

Array = NDArray[Any]

STEPS, BATCH, BATCHES, INPUTS = 20, 32, 4, 5
TINY = 1e-12
"""An ε that no gradient here feels: for formulas that agree but for the place where ε stands."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network, a loss, an optimizer: 20 steps over four batches of 32 rows, round and round."""

    name: str
    optimizer: Elementwise
    loss: Loss = field(default_factory=CrossEntropy)
    hidden: tuple[int, ...] = (8, 6)
    activation: AnyActivation = field(default_factory=Tanh)
    norm: Norm | None = None
    penalty: Penalty = field(default_factory=Penalty)
    max_norm: float | None = None
    class_weights: tuple[float, ...] | None = None

    @property
    def outputs(self) -> int:
        return 1 if isinstance(self.loss, BinaryCrossEntropy) else 3

    def layers(self) -> NamedLayers:
        """dense → normalisation → activation for each hidden layer, then a dense one."""
        named: list[tuple[str, Any]] = []
        for number, units in enumerate(self.hidden, start=1):
            named.append((f"hidden_{number}", Dense(units=units, max_norm=self.max_norm)))
            if self.norm is not None:
                named.append((f"hidden_{number}.norm", self.norm))
            layer = self.activation if isinstance(self.activation, PReLU) else Activate(activation=self.activation)
            named.append((f"hidden_{number}.activation", layer))
        return [*named, ("output", Dense(units=self.outputs, max_norm=self.max_norm))]

    def network(self, dtype: str = "float64") -> Network:
        """The network at the weights that every library starts from."""
        network = Network(self.layers(), INPUTS, np.dtype(dtype))
        for index, (name, declaration) in enumerate(network.parameters.declarations.items()):
            network.parameters.values[name][...] = start(declaration.kind, declaration.shape, index)
        return network

    def targets(self, x: Array) -> Array:
        """Codes or values that a small network can learn in part."""
        angles = np.stack([x[:, 0] + x[:, 1] * x[:, 2], x[:, 3] - x[:, 0], x[:, 4] * x[:, 1]], axis=1)
        if isinstance(self.loss, CrossEntropy):
            return angles.argmax(axis=1)
        if isinstance(self.loss, BinaryCrossEntropy):
            return (angles[:, 0] > 0).astype(np.int64)
        if isinstance(self.loss, Poisson):
            return np.floor(np.exp(np.clip(angles + 0.5, -1, 2)))
        return 2 * angles

    def batches(self) -> Iterator[tuple[Array, Array]]:
        """(x, targets) of each step."""
        x = inputs()
        y = self.targets(x)
        for step in range(STEPS):
            rows = slice(step % BATCHES * BATCH, (step % BATCHES + 1) * BATCH)
            yield x[rows], y[rows]


def uniform(seed: int, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> Array:
    """Numbers of [low, high) from the upper 53 of 64 raw bits of PCG64."""
    raw = np.random.PCG64(seed).random_raw(int(np.prod(shape)))
    return low + (high - low) * ((raw >> np.uint64(11)).astype(np.float64) * 2.0**-53).reshape(shape)


@cache
def inputs() -> Array:
    return uniform(1, (BATCH * BATCHES, INPUTS), -1.5, 1.5)


def start(kind: str, shape: tuple[int, ...], index: int) -> Array:
    """Initial values of a parameter: weights U(±√(6/(I + O))), biases and shifts U(±0.3), scales U(0.5, 1.5), ¼."""
    if kind == "slope":
        return np.full(shape, 0.25)
    bounds = {"bias": (-0.3, 0.3), "shift": (-0.3, 0.3), "scale": (0.5, 1.5)}
    low, high = bounds[kind] if kind != "weight" else (-((6 / sum(shape)) ** 0.5), (6 / sum(shape)) ** 0.5)
    return uniform(100 + index, shape, low, high)


ACTIVATIONS: list[AnyActivation] = [
    ReLU(),
    LeakyReLU(slope=0.1),
    ELU(alpha=0.7),
    SELU(),
    GELU(),
    SiLU(),
    Mish(),
    Softplus(),
    Softsign(),
    HardSigmoid(),
    HardTanh(),
    Sigmoid(),
    Linear(),
    PReLU(),
    PReLU(shared=True),
]

LOSSES: list[Loss] = [
    CrossEntropy(label_smoothing=0.1),
    BinaryCrossEntropy(),
    MeanSquaredError(),
    Huber(delta=0.7),
    Poisson(),
]

OPTIMIZERS: list[Elementwise] = [
    SGD(learning_rate=0.5),
    Momentum(learning_rate=0.1),
    Nesterov(learning_rate=0.1),
    RMSprop(learning_rate=0.01),
    Adam(learning_rate=0.01),
    AdamW(learning_rate=0.01, weight_decay=0.1),
    Adamax(learning_rate=0.01),
    Adagrad(learning_rate=0.05),
    Adadelta(learning_rate=1.0),
]
"""Those whose formula PyTorch and Keras share, up to the place of ε."""

LARGE_EPSILONS: list[Elementwise] = [
    RMSprop(learning_rate=0.01, epsilon=0.01),
    Adam(learning_rate=0.01, epsilon=0.01),
    Adamax(learning_rate=0.01, epsilon=0.01),
    NAdam(learning_rate=0.01, epsilon=0.01),
    Adagrad(learning_rate=0.05, epsilon=0.01),
]
"""So large that a wrong place of ε shows."""


def label(component: Any) -> str:
    """A short name: gelu, elu(alpha=0.7)."""
    fields = {name: value for name, value in vars(component).items() if name != "name"}
    plain = type(component)()
    told = ", ".join(f"{name}={value}" for name, value in fields.items() if value != getattr(plain, name))
    return f"{component.name}({told})" if told else component.name


def shared_cases() -> Iterator[Case]:
    """What both PyTorch and Keras can do in the same words."""
    for optimizer in OPTIMIZERS:
        yield Case(name=f"optimizer: {optimizer.name}", optimizer=optimizer)
    for loss in LOSSES:
        yield Case(name=f"loss: {label(loss)}", optimizer=Momentum(learning_rate=0.03), loss=loss)
    for norm in (BatchNorm(), LayerNorm()):
        yield Case(name=f"norm: {norm.name}", optimizer=Nesterov(learning_rate=0.1), norm=norm, activation=SELU())
    yield Case(name="clip: global", optimizer=Adam(learning_rate=0.02, global_clipnorm=0.05), loss=MeanSquaredError())
    yield Case(name="no hidden layer", optimizer=Momentum(learning_rate=0.1), hidden=())


def pytorch_cases() -> list[Case]:
    cases = list(shared_cases())
    cases += [Case(name=f"activation: {label(a)}", optimizer=SGD(learning_rate=0.2), activation=a) for a in ACTIVATIONS]
    cases += [Case(name=f"optimizer: {o.name}, large epsilon", optimizer=o) for o in LARGE_EPSILONS]
    cases += [
        Case(name="optimizer: nadam", optimizer=NAdam(learning_rate=0.01)),
        Case(name="optimizer: radam", optimizer=RAdam(learning_rate=0.05, beta_2=0.95, epsilon=TINY)),
        Case(
            name="loss: cross_entropy, class weights",
            optimizer=Adam(learning_rate=0.01),
            class_weights=(1.0, 3.0, 0.25),
        ),
    ]
    return cases


def keras_cases() -> list[Case]:
    """No Poisson (Keras's takes rates, not logits); Keras's ε stands elsewhere, so ours and its are made tiny."""
    cases = [case for case in shared_cases() if not isinstance(case.loss, Poisson)]
    momentum = Momentum(learning_rate=0.1)
    cases += [
        Case(name="optimizer: lion", optimizer=Lion(learning_rate=0.01)),
        Case(name="loss: log_cosh", optimizer=momentum, loss=LogCosh()),
        Case(name="activation: relu", optimizer=momentum, activation=ReLU()),
        Case(name="activation: gelu", optimizer=momentum, activation=GELU()),
        Case(name="activation: silu", optimizer=momentum, activation=SiLU()),
        Case(name="activation: prelu", optimizer=momentum, activation=PReLU()),
        Case(name="clip: value", optimizer=Momentum(learning_rate=0.1, clipvalue=0.02)),
        Case(name="clip: norm", optimizer=Momentum(learning_rate=0.1, clipnorm=0.1)),
        Case(name="penalty: l1 and l2", optimizer=momentum, penalty=Penalty(l1=0.01, l2=0.02)),
        Case(name="max-norm", optimizer=SGD(learning_rate=0.5), max_norm=0.8),
    ]
    return [replace(case, optimizer=without_epsilon(case.optimizer)) for case in cases]


def without_epsilon(optimizer: Elementwise) -> Elementwise:
    if hasattr(optimizer, "epsilon") and not isinstance(optimizer, Adadelta):
        return replace(optimizer, epsilon=TINY)
    return optimizer


# ── Components alone ──────────────────────────────────────────────────────────────────────────────────────────────────

POINTS = np.array([-1e4, -60, -12, -3, -2.5, -1, -0.7, -0.1, -1e-3, 0, 1e-3, 0.1, 0.7, 1, 2.5, 3, 12, 60, 1e4])
"""Kinks, both tails, and what lies between."""

PYTORCH_LOSSES: list[Loss] = [
    CrossEntropy(),
    CrossEntropy(label_smoothing=0.1),
    BinaryCrossEntropy(),
    MeanSquaredError(),
    MeanAbsoluteError(),
    Huber(),
    Huber(delta=0.7),
    Poisson(),
]
KERAS_LOSSES: list[Loss] = [LogCosh(), Focal(), Focal(gamma=0.5)]


def loss_sample(loss: Loss) -> tuple[Array, Array]:
    """(logits (8, K), targets) for one evaluation of a loss: moderate rows and some confident ones."""
    logits = uniform(7, (8, 3), -2, 2)
    logits[5:] *= 4
    if isinstance(loss, BinaryCrossEntropy):
        return logits[:, :1], np.arange(8) % 2
    if isinstance(loss, CrossEntropy | Focal):
        return logits, np.arange(8) % 3
    if isinstance(loss, Poisson):
        return logits, np.floor(uniform(8, (8, 3), 0, 5))
    return logits, uniform(8, (8, 3), -2, 2)
