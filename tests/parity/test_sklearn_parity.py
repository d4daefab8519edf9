"""Same initial weights, same batches: epoch by epoch the losses of scikit-learn's MLPs, and their weights at the end.

scikit-learn adds ½ alpha ‖W‖² / B to the loss of a batch of B rows and halves the squared error: our l2 is
alpha / (2 B), and for numbers our loss and l2 are twice that.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

from mlptrain.engine.activations import Activation, Linear, ReLU, Sigmoid, Tanh
from mlptrain.engine.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError
from mlptrain.engine.network import Network
from mlptrain.engine.optimizers import SGD, Adam, Elementwise, Momentum, Nesterov
from mlptrain.engine.penalties import Penalty
from tests.parity.parity_cases import TINY, Array, Case, inputs

EPOCHS = 5


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What scikit-learn's MLP can be told; 100 rows in batches of 32, 32, 32 and 4."""

    loss: Loss
    activation: Activation = field(default_factory=Tanh)
    optimizer: Elementwise = field(default_factory=Momentum)
    alpha: float = 0.0
    hidden: tuple[int, ...] = (8, 6)
    rows: int = 100
    batch: int = 32

    def __str__(self) -> str:
        return f"{self.loss.name}, {self.activation.name}, {self.optimizer.name}, alpha {self.alpha}"

    @property
    def number(self) -> bool:
        return isinstance(self.loss, MeanSquaredError)

    def data(self) -> tuple[Array, Array]:
        x = inputs()[: self.rows]
        y = Case(name="", optimizer=self.optimizer, loss=self.loss).targets(x)
        return x, y[:, 0] if self.number else y

    def sklearn(self) -> Any:
        """A model that has its initial weights and has not learned anything: one epoch at a rate of 1e-300."""
        o: Any = self.optimizer
        kind = MLPRegressor if self.number else MLPClassifier
        model = kind(
            hidden_layer_sizes=self.hidden,
            activation={"linear": "identity", "sigmoid": "logistic"}.get(self.activation.name, self.activation.name),
            solver="adam" if o.name == "adam" else "sgd",
            alpha=self.alpha,
            batch_size=self.batch,
            learning_rate_init=1e-300,
            max_iter=1,
            shuffle=False,
            random_state=3,
            tol=0.0,
            momentum=getattr(o, "momentum", 0.0),
            nesterovs_momentum=o.name == "nesterov",
            warm_start=True,
            n_iter_no_change=1000,
            epsilon=TINY,
        ).fit(*self.data())
        return model.set_params(learning_rate_init=o.learning_rate, max_iter=EPOCHS)


CROSS, BINARY, SQUARE = CrossEntropy(), BinaryCrossEntropy(), MeanSquaredError()
ADAM = Adam(learning_rate=0.01, epsilon=TINY)
SETTINGS = [
    *(
        Setting(loss=CROSS, activation=activation, optimizer=Momentum(learning_rate=0.1))
        for activation in (Linear(), Sigmoid(), Tanh(), ReLU())
    ),
    *(Setting(loss=loss, alpha=2.0, optimizer=o) for loss in (CROSS, BINARY, SQUARE) for o in (Momentum(), ADAM)),
    Setting(loss=CROSS, optimizer=SGD(learning_rate=0.3)),
    Setting(loss=SQUARE, optimizer=SGD(learning_rate=0.1), alpha=0.5),
    Setting(loss=BINARY, optimizer=Nesterov(learning_rate=0.05, momentum=0.8), activation=ReLU(), alpha=0.5),
    Setting(loss=SQUARE, optimizer=Nesterov(learning_rate=0.05), alpha=0.1, activation=Sigmoid()),
]


def train(setting: Setting, coefficients: list[Array], intercepts: list[Array]) -> tuple[Network, list[float]]:
    """Mean loss of each epoch, weighted by rows, penalties included: scikit-learn's `loss_curve_`."""
    outputs = 1 if not isinstance(setting.loss, CrossEntropy) else 3
    case = Case(name="", optimizer=setting.optimizer, hidden=setting.hidden, activation=setting.activation)
    layers = [*case.layers()[:-1], ("output", replace(case.layers()[-1][1], units=outputs))]
    network = Network(layers, inputs().shape[1], np.dtype("float64"))
    parameters = network.parameters
    for name, W, b in zip(unit_layers(setting), coefficients, intercepts, strict=True):
        parameters.values[f"{name}.weight"][...], parameters.values[f"{name}.bias"][...] = W, b
    x, y = setting.data()
    targets = y[:, None] if setting.number else y
    half = 0.5 if setting.number else 1.0
    lr = setting.optimizer.learning_rate * (half if setting.optimizer.name != "adam" else 1.0)
    slots = setting.optimizer.init(parameters.theta.size, network.dtype)
    curve, t = [], 0
    for _ in range(EPOCHS):
        total = 0.0
        for start in range(0, setting.rows, setting.batch):
            batch = slice(start, min(start + setting.batch, setting.rows))
            rows = batch.stop - start
            penalty = Penalty(l2=setting.alpha / (2 * rows) / half)
            run = network.begin(rows, train=True, noise=None)
            values = network.objective(x[batch], targets[batch], None, loss=setting.loss, penalty=penalty, run=run)
            setting.optimizer.step(parameters, slots, lr=lr, t=(t := t + 1))
            total += half * sum(values) * rows
        curve.append(total / setting.rows)
    return network, curve


def unit_layers(setting: Setting) -> list[str]:
    return [*(f"hidden_{number}" for number in range(1, len(setting.hidden) + 1)), "output"]


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_losses_and_weights_are_those_of_scikit_learn(setting: Setting) -> None:
    model = setting.sklearn()
    network, curve = train(setting, [W.copy() for W in model.coefs_], [b.copy() for b in model.intercepts_])
    model.fit(*setting.data())
    theirs = model.loss_curve_[-EPOCHS:]
    assert np.ptp(theirs) > 1e-3  # it moved
    np.testing.assert_allclose(curve, theirs, rtol=0, atol=1e-9)
    final = network.parameters.values
    for name, W, b in zip(unit_layers(setting), model.coefs_, model.intercepts_, strict=True):
        np.testing.assert_allclose(final[f"{name}.weight"], W, rtol=0, atol=1e-9)
        np.testing.assert_allclose(final[f"{name}.bias"], b, rtol=0, atol=1e-9)
