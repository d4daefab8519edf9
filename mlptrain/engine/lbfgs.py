"""L-BFGS: quasi-Newton steps for full-batch work on small networks (Nocedal & Wright, 2006, algorithms 7.4 and 7.5)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt

from mlptrain.engine.arrays import Floats
from mlptrain.engine.elementwise import NUMPY, Executor
from mlptrain.engine.first_order import Objective, Slots
from mlptrain.engine.parameters import Parameters


@dataclass(frozen=True, kw_only=True)
class LBFGS:
    """θ ← θ − α H g: H from the last `history` pairs s = Δθ, y = Δg (two-loop recursion), α by a weak Wolfe search.

    One epoch is one step; each step evaluates the whole training part a few times. Dropout masks stay frozen within
    a step. `learning_rate` is the first α tried.
    """

    name: Literal["lbfgs"] = "lbfgs"
    learning_rate: Annotated[float, Gt(0)] = 1.0
    """The first α that is tried."""
    history: Annotated[int, Ge(1)] = 10
    """The last steps that the curvature is estimated from."""
    evaluations: Annotated[int, Ge(1)] = 20
    """The most evaluations of the loss in one line search."""
    slots: ClassVar[tuple[str, ...]] = ("s", "y")
    schedulable: ClassVar[tuple[str, ...]] = ()
    elementwise: ClassVar[bool] = False
    full_batch: ClassVar[bool] = True
    trains_members: ClassVar[bool] = False
    temporaries: ClassVar[int] = 5
    """Start, gradient, direction, both differences."""
    lacks_norm_bound: ClassVar[bool] = False

    def init(self, size: int, dtype: np.dtype[Any]) -> Slots:
        """The pairs, newest last; a row of zeros is a pair not yet there."""
        return {name: np.zeros((self.history, size), dtype) for name in self.slots}

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
        """One step of training; the loss and the penalty before it."""
        seen: list[tuple[float, float]] = []

        def total() -> float:
            seen.append(objective())
            return sum(seen[-1])

        self.step(parameters.theta, parameters.gradient, slots, lr=lr, objective=total)
        return seen[0]

    def step(
        self,
        theta: Floats,
        gradient: Floats,
        slots: Slots,
        *,
        lr: float,
        objective: Callable[[], float],
    ) -> float:
        """One step; `objective()` gives the value at θ and leaves its gradient in `gradient`. Returns the value before.

        Where no lower value is found along the direction θ stays as it was.
        """
        value = objective()
        start, g = theta.copy(), gradient.copy()
        d = find_direction(g, slots)
        if not slots["y"].any():
            d *= 1 / max(float(np.abs(g).sum()), 1.0)
        found = search_weak_wolfe(
            theta, gradient, start, d, value, lr=lr, evaluations=self.evaluations, objective=objective
        )
        if not found <= value:
            theta[...] = start
            return value
        s, y = theta - start, gradient - g
        if np.dot(s, y) > 1e-10 * np.dot(y, y) > np.finfo(y.dtype).tiny:  # else 1/(sᵀy) or 1/(yᵀy) would overflow
            for name, new in (("s", s), ("y", y)):
                older = slots[name]
                for k in range(len(older) - 1):
                    older[k] = older[k + 1]
                older[-1] = new
        return value


def find_direction(g: Floats, slots: Slots) -> Floats:
    """−H g by the two-loop recursion; −g without pairs."""
    pairs = [(s, y, 1 / np.dot(s, y)) for s, y in zip(slots["s"], slots["y"], strict=True) if y.any()]
    d = -g
    steps = []
    for s, y, rho in reversed(pairs):
        a = rho * np.dot(s, d)
        steps.append(a)
        d -= a * y
    if pairs:
        s, y, rho = pairs[-1]
        d /= rho * np.dot(y, y)
    for (s, y, rho), a in zip(pairs, reversed(steps), strict=True):
        d += (a - rho * np.dot(y, d)) * s
    return d


def search_weak_wolfe(
    theta: Floats,
    gradient: Floats,
    start: Floats,
    d: Floats,
    value: float,
    *,
    lr: float,
    evaluations: int,
    objective: Callable[[], float],
) -> float:
    """Leave θ = start + α d with a sufficient decrease and a flatter slope (Lewis & Overton, 2013); the value there.

    Bisection: too high (or NaN) halves towards the last good α, still too steep doubles.
    """
    slope = float(np.dot(gradient, d))
    low, high, alpha, new = 0.0, np.inf, lr, np.inf
    for _ in range(evaluations):
        go_along(theta, start, alpha, d)
        new = objective()
        if not new <= value + 1e-4 * alpha * slope:
            high = alpha
        elif np.dot(gradient, d) < 0.9 * slope:
            low = alpha
        else:
            break
        alpha = (low + high) / 2 if high < np.inf else 2 * low
    else:
        if low > 0:  # the largest α that was low enough, if still steep
            go_along(theta, start, low, d)
            new = objective()
    return new


def go_along(theta: Floats, start: Floats, alpha: float, d: Floats) -> None:
    """θ = start + α d; where d is 0, as of frozen parameters, θ is start to the bit, −0 included."""
    np.multiply(d, alpha, out=theta)
    theta += start
    np.copyto(theta, start, where=d == 0)
