"""The host: how this process runs a fit. Nothing of it changes what a fit learns, but for the time it has."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from mlptrain.training.loop import never_stop
from mlptrain.workers.contract import Executor
from mlptrain.workers.in_turn import InTurn

Clock = Callable[[], float]


def ignore_notice(message: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """Threads, clock, where notices go, whether the user wishes to stop, when the user's time began and ends."""

    threads: int | None = None
    """Threads of the matrix products; None: as many as they are worth."""
    clock: Clock = time.monotonic
    notice: Callable[[str], object] = ignore_notice
    warning: Callable[[str], object] | None = None
    """Where goes what also who asked for quiet must hear: which columns are not used; None: where notices go."""
    remark: Callable[[str], object] = ignore_notice
    """Where goes what only who looks on need hear: what the spec says about columns, which trial is under way."""
    stop: Callable[[], bool] = never_stop
    begun: float | None = None
    """When the command began, by the clock; None: with the fit."""
    end: float = inf
    """Until when all trainings are to be done."""
    executor: Executor = field(default_factory=InTurn)
    """Who runs the trainings of a fit that do not depend on each other."""
    spill_dir: Path | None = None
    """The folder for arrays that are not held in memory; None: the system's folder for temporary files."""

    def warn(self, message: str) -> None:
        """Say what nobody may miss."""
        (self.warning or self.notice)(message)
