"""What runs a training: the threads that its matrix products are worth, the executor of its elementwise formulas."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

from mlptrain.engine.elementwise import NUMPY, Executor
from mlptrain.engine.lbfgs import LBFGS
from mlptrain.engine.network import Network
from mlptrain.training.course import Course

SMALL = 1 << 23
"""Multiplications in the largest product of a step up to which a second thread brings next to nothing. Where another
process has the second core, BLAS threads wait for each other, and small products take a hundred times as long."""

COMPILATION = 1.5
"""Seconds to load the compiler and to compile the loops of a training."""
CALL, UNIT, DROPPED_UNIT, PARAMETER, SLOT = 8e-6, 0.8e-9, 0.8e-9, 0.15e-9, 0.5e-9
"""Seconds that a compiled loop saves: per layer and step; per row and unit, with dropout as much again; per parameter,
and for each slot of the optimizer. Measured with benchmarks/step.py; only their order of magnitude matters."""


def largest_product(network: Network, rows: int) -> int:
    """Rows · inputs · outputs of the largest layer."""
    shared = 1 if network.members is None or network.summed > 1 else network.members  # one product of all members' rows
    return shared * rows * max(inputs * layer.outputs(inputs) for _, layer, inputs in network.unfolded())


@contextmanager
def suitable_threads(network: Network, rows: int, asked: int | None) -> Iterator[None]:
    """One thread while the products are small, unless the user has `asked` for a number."""
    if asked is not None or largest_product(network, rows) > SMALL:
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Who runs the elementwise formulas, and why."""

    compiled: bool
    why: str

    @property
    def text(self) -> str:
        """As `check` says it."""
        return f"{'compiled by Numba' if self.compiled else 'NumPy'} ({self.why})"

    def executor(self, notice: Callable[[str], object]) -> Executor:
        """The executor; a compiler that is installed and cannot be loaded is told, and NumPy does the work."""
        if not self.compiled:
            return NUMPY
        try:
            from mlptrain.engine.compiled import Compiled
        except ImportError as problem:
            notice(f"Numba cannot be loaded ({problem}); NumPy runs the elementwise formulas, with the same results")
            return NUMPY
        return Compiled()


def choice(course: Course) -> Choice:
    """Compiled loops where they save at least twice the time that it takes to compile them."""
    saved = saved_seconds(course)
    worth = saved >= 2 * COMPILATION
    if find_spec("numba") is None:
        gain = f"mlptrain[fast] would save about {saved:.0f} s" if worth else "compiled loops would not pay here"
        return Choice(compiled=False, why=f"Numba is not installed; {gain}")
    if not worth:
        return Choice(compiled=False, why=f"compiling takes {COMPILATION} s and would save about {saved:.1f} s")
    return Choice(compiled=True, why=f"saves about {saved:.0f} s of {course.spec.training.epochs} epochs")


def saved_seconds(course: Course) -> float:
    """About what compiled loops save in a whole training."""
    network, spec = course.network, course.spec
    unit = UNIT + DROPPED_UNIT * any(layer.noisy for _, layer in network.layers)
    slots = 0 if isinstance(spec.optimizer, LBFGS) else len(spec.optimizer.slots)
    parameter = 0.0 if isinstance(spec.optimizer, LBFGS) else PARAMETER + SLOT * slots
    widths = [layer.outputs(inputs) for _, layer, inputs in network.unfolded()]
    of_step = CALL * len(widths) + parameter * network.parameters.theta.size
    of_row = unit * sum(widths) * (network.members or 1)
    steps = course.steps_per_epoch * spec.training.epochs * course.folds
    return steps * (of_step + course.batch_size * of_row)


def products(network: Network, rows: int) -> str:
    """Which library computes the matrix products of a batch, with which kernels and how many threads."""
    from threadpoolctl import threadpool_info

    small = largest_product(network, rows) <= SMALL
    loaded = [each for each in threadpool_info() if each["user_api"] == "blas"]
    of_numpy = [each for each in loaded if "numpy" in each["filepath"]]  # SciPy, say, may have brought its own
    libraries = of_numpy or loaded
    return "; ".join(map(partial(library, small=small), libraries)) or "the library that NumPy was built with"


def library(facts: Mapping[str, Any], *, small: bool) -> str:
    """A library of products in words: OpenBLAS 0.3.31, SkylakeX kernels, 2 threads."""
    name = {"openblas": "OpenBLAS", "mkl": "MKL", "blis": "BLIS"}.get(facts["internal_api"], facts["internal_api"])
    kernels = f", {facts['architecture']} kernels" if facts.get("architecture") else ""
    threads = "1 thread, as they are small" if small else f"{facts['num_threads']} threads"
    return f"{name} {facts.get('version') or ''}{kernels}, {threads}"
