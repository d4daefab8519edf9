"""First-order optimizers: the step that they share, θ ← θ (1 − f lr · d λ) − u with a formula u of each optimizer.

u is a formula of the gradient g and the optimizer's slots at rate f lr; λ is `weight_decay`: decoupled, multiplied by
lr (Loshchilov & Hutter, 2019), for every optimizer alike. Each kind of parameter has its own factors f and d; all f are
1, and d is 1 for weights and 0 for the other kinds, unless the spec says otherwise.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import isfinite
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt

from mlptrain.engine.arrays import Floats
from mlptrain.engine.elementwise import NUMPY, Executor
from mlptrain.engine.parameters import Kind, Parameters
from mlptrain.engine.penalties import clip_gradient

Factor = Annotated[float, Ge(0)]
Slots = dict[str, Floats]
Objective = Callable[[], tuple[float, float]]
"""Gives the loss and the penalty of a batch at θ, and leaves the gradient of their sum in the parameters."""


@dataclass(frozen=True, kw_only=True)
class LearningRateFactors:
    """What the learning rate is multiplied by, for each kind of parameter."""

    weight: Factor = 1.0
    """Of the weights of layers."""
    embedding: Factor = 1.0
    """Of categories."""
    numeric_embedding: Factor = 1.0
    """Of numbers."""
    bias: Factor = 1.0
    """Of layers."""
    scale: Factor = 1.0
    """Of the input scaling and of norms."""
    shift: Factor = 1.0
    """Of norms."""
    slope: Factor = 1.0
    """Of parametric activations."""
    adapter: Factor = 1.0
    """Of members that share a trunk."""


@dataclass(frozen=True, kw_only=True)
class WeightDecayFactors:
    """What the weight decay is multiplied by, for each kind of parameter (the learning rate has its own factors)."""

    weight: Factor = 1.0
    """Of the weights of layers."""
    embedding: Factor = 0.0
    """Of categories."""
    numeric_embedding: Factor = 0.0
    """Of numbers."""
    bias: Factor = 0.0
    """Of layers."""
    scale: Factor = 0.0
    """Of the input scaling and of norms."""
    shift: Factor = 0.0
    """Of norms."""
    slope: Factor = 0.0
    """Of parametric activations."""
    adapter: Factor = 0.0
    """Of members that share a trunk."""


NO_DECAY = WeightDecayFactors(weight=0.0)


@dataclass(frozen=True, kw_only=True)
class FirstOrder:
    """What the elementwise optimizers share: bounds on the gradient, decoupled weight decay, names of slots.

    The bounds, in Keras's words, are applied in their order. Members that share nothing have each its own gradient.
    """

    clipvalue: Annotated[float, Gt(0)] | None = None
    """Bound on every component of the gradient."""
    clipnorm: Annotated[float, Gt(0)] | None = None
    """Bound on the norm of each parameter array's gradient."""
    global_clipnorm: Annotated[float, Gt(0)] | None = None
    """Bound on the norm of the whole gradient."""
    weight_decay: Annotated[float, Ge(0)] = 0.0
    """λ: each step also subtracts lr λ θ from the weights (decoupled; no penalty in the loss)."""
    learning_rate_factors: LearningRateFactors = field(default_factory=LearningRateFactors)
    """Factors on the learning rate, one for each kind of parameter."""
    weight_decay_factors: WeightDecayFactors = field(default_factory=WeightDecayFactors)
    """Factors on the weight decay, one for each kind of parameter."""
    slots: ClassVar[tuple[str, ...]] = ()
    """The names of its slots, the vectors of θ's length that it keeps from step to step."""
    schedulable: ClassVar[tuple[str, ...]] = ("weight_decay",)
    """The settings, beside the learning rate, that can follow a schedule."""
    elementwise: ClassVar[bool] = True
    """Whether its step is a formula that an executor runs."""
    full_batch: ClassVar[bool] = False
    """Whether a step needs all training rows at once."""
    trains_members: ClassVar[bool] = True
    """Whether it trains several networks side by side."""
    temporaries: ClassVar[int] = 0
    """How many vectors of θ's length it needs within a step."""
    update: ClassVar[Callable[..., tuple[Any, ...]]]

    @property
    def lacks_norm_bound(self) -> bool:
        """Whether a bound on the norm of the whole gradient could be set, and is not."""
        return self.global_clipnorm is None

    def init(self, size: int, dtype: np.dtype[Any]) -> Slots:
        """The slots at the start, each of θ's length."""
        return {name: np.zeros(size, dtype) for name in self.slots}

    def scalars(self, lr: float, t: int) -> Sequence[float]:
        """The numbers that the formula takes after gradient and slots, at a rate and in step t, from 1."""
        raise NotImplementedError

    def clip(self, parameters: Parameters) -> None:
        """Bound the gradient."""
        clip_gradient(
            parameters, clipvalue=self.clipvalue, clipnorm=self.clipnorm, global_clipnorm=self.global_clipnorm
        )

    def step(self, parameters: Parameters, slots: Slots, *, lr: float, t: int, executor: Executor = NUMPY) -> None:
        """One update of θ from its gradient: clip, then θ ← θ (1 − f lr · d λ) − u. t counts from 1."""
        self.clip(parameters)
        theta, gradient, scalar = parameters.theta, parameters.gradient, parameters.theta.dtype.type
        decay = self.weight_decay
        of_decay = self.weight_decay_factors if decay > 0 else NO_DECAY
        for part, f, d in group_parameters_by_factors(parameters.layout, self.learning_rate_factors, of_decay):
            scalars = [scalar(value) for value in self.scalars(f * lr, t)]
            keep = scalar(1 - f * lr * d * decay)
            executor.update(
                self.update, theta[part], gradient[part], [slot[part] for slot in slots.values()], keep, scalars
            )

    def advance(
        self,
        parameters: Parameters,
        slots: Slots,
        objective: Objective,
        *,
        lr: float,
        t: int,
        executor: Executor = NUMPY,
    ) -> tuple[float, float]:
        """One step of training, the t-th; the loss and the penalty before it. If they are not finite, θ stays."""
        loss, penalty = objective()
        if isfinite(loss + penalty):
            self.step(parameters, slots, lr=lr, t=t, executor=executor)
        return loss, penalty


@cache
def group_parameters_by_factors(
    layout: tuple[tuple[Kind, int, int], ...], of_rate: LearningRateFactors, of_decay: WeightDecayFactors
) -> list[tuple[slice, float, float]]:
    """The parts of θ with one f and one d each: neighbours that have the same are one part."""
    found: list[tuple[slice, float, float]] = []
    for kind, start, stop in layout:
        f, d = getattr(of_rate, kind), getattr(of_decay, kind)
        if found and found[-1][1:] == (f, d) and found[-1][0].stop == start:
            start = found.pop()[0].start
        found.append((slice(start, stop), f, d))
    return found
