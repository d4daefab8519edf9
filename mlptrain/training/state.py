"""Everything the loop needs, beside θ and the buffers of the network, to go on where it stands."""

from dataclasses import dataclass, field
from math import inf

import numpy as np

from mlptrain.engine.arrays import Floats
from mlptrain.engine.first_order import Slots
from mlptrain.engine.network import Network
from mlptrain.engine.optimizers import Optimizer
from mlptrain.engine.schedules import Plateau
from mlptrain.model.history import EpochEnded
from mlptrain.model.layer_facts import StepFacts
from mlptrain.model.layer_history import LayersSeen


@dataclass
class Best:
    """The best epoch so far by a value to be made small, and copies of what the network held then."""

    epoch: int = 0
    value: float = inf
    theta: Floats = field(default_factory=lambda: np.empty(0))
    buffers: dict[str, Floats] = field(default_factory=dict)

    def keep(self, epoch: int, value: float, network: Network) -> None:
        """Make the present state of the network the best one."""
        self.epoch, self.value = epoch, value
        if self.theta.size != network.parameters.theta.size:
            self.theta = np.empty_like(network.parameters.theta)
        np.copyto(self.theta, network.parameters.theta)
        self.buffers = {name: buffer.copy() for name, buffer in network.buffers.items()}

    def restore(self, network: Network) -> None:
        """Put the best state back into the network."""
        network.parameters.theta[...] = self.theta
        for name, buffer in self.buffers.items():
            network.buffers[name][...] = buffer


@dataclass
class Running:
    """The epoch under way: batches done, their summed loss and weight, and the reported values of the last one."""

    batches: int = 0
    total: float = 0.0
    weight: float = 0.0
    penalty: float = 0.0
    lr: float = 0.0
    gradient_norm: float | None = None
    step_facts: tuple[StepFacts, ...] = ()
    """Of the layers that are watched, once all batches are done."""


@dataclass
class TrainState:
    """Epochs and steps done, the optimizer's slots, what the plateau rule has seen, the best epoch, the history.

    Between any two steps it is complete: a program that stores it with θ and the buffers, and puts them back, goes on
    as if it had not stopped. Orders of rows and masks of dropout need no state: they are functions of seed, epoch and
    step.
    """

    slots: Slots
    epoch: int = 0
    step: int = 0
    running: Running = field(default_factory=Running)
    plateau: Plateau = field(default_factory=Plateau)
    best: Best = field(default_factory=Best)
    waited: int = 0
    """Epochs since the watched value last improved by more than `min_delta`."""
    reference: float = inf
    """The value the next improvement is measured against."""
    history: list[EpochEnded] = field(default_factory=list)
    layers: list[LayersSeen] = field(default_factory=list)
    """What was seen of the layers, thinned where there are many snapshots."""


def make_initial_state(network: Network, optimizer: Optimizer) -> TrainState:
    """The state before the first step."""
    return TrainState(optimizer.init(network.parameters.theta.size, network.dtype))
