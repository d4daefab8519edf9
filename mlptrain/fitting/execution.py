"""The executor of a training: who runs its elementwise formulas, NumPy or compiled loops, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from mlptrain.engine.elementwise import NUMPY, Executor
from mlptrain.training.course import Course

COMPILATION = 1.5
"""Seconds to load the compiler and to compile the loops of a training."""
CALL, UNIT, DROPPED_UNIT, PARAMETER, SLOT = 8e-6, 0.8e-9, 0.8e-9, 0.15e-9, 0.5e-9
"""Seconds that a compiled loop saves: per layer and step; per row and unit, with dropout as much again; per parameter,
and for each slot of the optimizer. Measured with benchmarks/step.py; only their order of magnitude matters."""


@dataclass(frozen=True, kw_only=True)
class ExecutorChoice:
    """Who runs the elementwise formulas, and why."""

    compiled: bool
    why: str

    def describe(self) -> str:
        """The choice as `check` says it."""
        return f"{'compiled by Numba' if self.compiled else 'NumPy'} ({self.why})"

    def load(self, notice: Callable[[str], object]) -> Executor:
        """The executor; a compiler that is installed and cannot be loaded is told, and NumPy does the work."""
        if not self.compiled:
            return NUMPY
        try:
            from mlptrain.engine.compiled import NumbaExecutor
        except ImportError as problem:
            notice(f"Numba cannot be loaded ({problem}); NumPy runs the elementwise formulas, with the same results")
            return NUMPY
        return NumbaExecutor()


def choose_executor(course: Course, *, epochs: int | None = None) -> ExecutorChoice:
    """Compiled loops where they save at least twice the time that it takes to compile them.

    `epochs` are those that there will be of each training, if they are not those of its spec.
    """
    epochs = course.spec.training.epochs if epochs is None else epochs
    saved = estimate_seconds_compiling_saves(course, epochs)
    worth = saved >= 2 * COMPILATION
    if find_spec("numba") is None:
        gain = f"mlptrain[fast] would save about {saved:.0f} s" if worth else "compiled loops would not pay here"
        return ExecutorChoice(compiled=False, why=f"Numba is not installed; {gain}")
    if not worth:
        return ExecutorChoice(compiled=False, why=f"compiling takes {COMPILATION} s and would save about {saved:.1f} s")
    return ExecutorChoice(compiled=True, why=f"saves about {saved:.0f} s of {epochs} epochs")


def estimate_seconds_compiling_saves(course: Course, epochs: int | None = None) -> float:
    """About what compiled loops save in so many epochs of each training, by default those of its spec."""
    epochs = course.spec.training.epochs if epochs is None else epochs
    network, spec = course.network, course.spec
    unit = UNIT + DROPPED_UNIT * network.traits.noisy
    parameter = PARAMETER + SLOT * len(spec.optimizer.slots) if spec.optimizer.elementwise else 0.0
    widths = [layer.outputs(inputs) for _, layer, inputs in network.walk()]
    of_step = CALL * len(widths) + parameter * network.parameters.theta.size
    of_row = unit * sum(widths) * (network.members or 1)
    steps = course.steps_per_epoch * epochs * course.folds
    return steps * (of_step + course.batch_size * of_row)
