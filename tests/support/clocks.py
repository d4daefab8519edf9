"""Clocks that move when they are told to, and work that moves them."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest


class Clock:
    """A clock that moves when it is told to, and by `tick` whenever it is read."""

    def __init__(self, tick: float = 0.0) -> None:
        self.now = 100.0
        self.tick = tick

    def __call__(self) -> float:
        self.now += self.tick
        return self.now


def let_steps_take(patch: pytest.MonkeyPatch, clock: Clock, seconds: Callable[[], float], *modules: ModuleType) -> None:
    """Let each step of training, as some modules know it, move a clock by so many seconds."""

    def make(step: Callable[..., Any]) -> Callable[..., Any]:
        def take(*arguments: Any) -> Any:
            clock.now += seconds()
            return step(*arguments)

        return take

    for module in modules:
        patch.setattr(module, "train_step", make(vars(module)["train_step"]))
