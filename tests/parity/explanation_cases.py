"""Whose explanations are compared with Captum's and shap's: small networks, rows and usual rows, told in our own words.

`make_explanations.py` translates each case into PyTorch and stores what the libraries find;
`test_explanation_parity.py` explains the same case.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlptrain.engine.activations import GELU, ReLU, SiLU, Tanh
from mlptrain.engine.losses import BinaryCrossEntropy, MeanSquaredError
from mlptrain.engine.network import Network
from mlptrain.engine.norms import BatchNorm, LayerNorm
from mlptrain.engine.optimizers import SGD
from mlptrain.explain.answers import Answer, LogOdds, Outputs
from tests.parity.parity_cases import Array, Case, inputs, uniform

FACTOR, SHIFT = 3.0, 10.0
"""Of targets that are numbers: how the network sees them."""


@dataclass(frozen=True)
class ExplanationCase:
    """Networks with their weights, whose mean prediction is explained: of numbers the first, of classes log-odds."""

    name: str
    cases: Sequence[Case]
    weights: Sequence[float] = (1.0,)
    smooth: bool = True

    @property
    def has_classes(self) -> bool:
        """Whether probabilities are averaged."""
        return self.cases[0].loss.classes

    @property
    def codes(self) -> Array:
        """The class of each row that is explained."""
        return np.ones(len(ROWS), np.int64) if self.cases[0].outputs == 1 else np.arange(len(ROWS)) % 3

    def make_networks(self) -> list[Network]:
        """The networks, those with running statistics as if they had been trained."""
        networks = [case.network() for case in self.cases]
        for network in networks:
            for number, (name, values) in enumerate(network.buffers.items()):
                values[...] = uniform(200 + number, values.shape, *((0.5, 1.5) if "variance" in name else (-0.5, 0.5)))
        return networks

    def make_answer(self) -> Answer:
        """The number that is explained of each row."""
        if self.has_classes:
            return LogOdds(self.codes)
        of_all = (len(self.cases), self.cases[0].outputs)
        return Outputs(self.codes * 0, np.full(of_all, FACTOR), np.full(of_all, SHIFT))


ROWS, USUAL = inputs()[:4], inputs()[4:16]
PLAIN = SGD(learning_rate=0.1)

CASES = [
    ExplanationCase("tanh, two classes", [Case(name="", optimizer=PLAIN, loss=BinaryCrossEntropy())]),
    ExplanationCase(
        "silu with batch norm, three classes", [Case(name="", optimizer=PLAIN, activation=SiLU(), norm=BatchNorm())]
    ),
    ExplanationCase(
        "gelu with layer norm, numbers",
        [Case(name="", optimizer=PLAIN, activation=GELU(), norm=LayerNorm(), loss=MeanSquaredError())],
    ),
    ExplanationCase("relu, three classes", [Case(name="", optimizer=PLAIN, activation=ReLU())], smooth=False),
    ExplanationCase(
        "the mean of two networks",
        [
            Case(name="", optimizer=PLAIN, activation=SiLU()),
            Case(name="", optimizer=PLAIN, activation=Tanh(), hidden=(7,)),
        ],
        weights=(0.25, 0.75),
    ),
]
