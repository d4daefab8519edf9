"""Looks at the layers of a network while it is trained, without changing what is trained."""

from collections.abc import Sequence

import numpy as np

from mlptrain.engine.arrays import Workspace
from mlptrain.model.layer_facts import (
    NO_STEP,
    OutputFacts,
    StepFacts,
    join_facts,
    limit_watched_rows,
    list_watched_layers,
    make_histogram,
    measure_outputs,
    measure_rms,
)
from mlptrain.model.layer_history import LayersSeen
from mlptrain.training.course import Course

MOST_ROWS = 512
"""Training rows, the first ones, on which outputs are computed."""


class LayerWatch:
    """Looks into the network of a course: after the last step of each epoch, and at the end of some epochs."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.layers = list_watched_layers(course.network)
        self.rows = limit_watched_rows(course.network, min(course.train.rows, MOST_ROWS))
        self._before = np.empty_like(course.network.parameters.theta)
        self._work = Workspace(course.network.dtype)

    def remember_parameters(self) -> None:
        """Keep θ as it is before the last step of an epoch."""
        np.copyto(self._before, self.course.network.parameters.theta)

    @np.errstate(all="ignore")
    def measure_step(self) -> tuple[StepFacts, ...]:
        """What the step since then shows of each layer."""
        parameters = self.course.network.parameters
        np.subtract(parameters.theta, self._before, out=self._before)
        return tuple(
            StepFacts(
                gradient_rms=measure_rms(gradients := each.gather(parameters.gradient)),
                update_rms=measure_rms(each.gather(self._before)),
                gradients=make_histogram(gradients),
            )
            if each.weights
            else NO_STEP
            for each in self.layers
        )

    @np.errstate(all="ignore")  # what is not a finite number is None
    def measure_layers(self, epoch: int, steps: Sequence[StepFacts], gradient_norm: float | None) -> LayersSeen:
        """The facts of all layers, with what the last step has shown of them."""
        outputs = self.measure_outputs()
        theta = self.course.network.parameters.theta
        layers = (
            join_facts(each, theta, step, outputs[each.name]) for each, step in zip(self.layers, steps, strict=True)
        )
        return LayersSeen(epoch=epoch, layers=tuple(layers), gradient_norm=gradient_norm)

    def measure_outputs(self) -> dict[str, OutputFacts]:
        """What the outputs of each layer show, for the first training rows in evaluation."""
        return measure_outputs(self.course.network, self.layers, self.course.train.x[: self.rows], self._work)
