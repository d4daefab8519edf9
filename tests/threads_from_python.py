"""How many threads matrix products have while a fit runs that asks for one: `python tests/threads_from_python.py`.

It prints the threads of each BLAS before, in the steps and after; the exit status is 1 where a step had more than one.
"""

import sys

import numpy as np
from threadpoolctl import threadpool_info

import mlptrain
from mlptrain.model.history import EpochEnded
from mlptrain.training.events import Event, StepsDone


def count_threads() -> set[int]:
    """The threads of each BLAS that is loaded."""
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


def main() -> int:
    """Fit a network of 600 and 600 units with one thread, and look."""
    seen: set[int] = set()

    def look(event: Event) -> None:
        if isinstance(event, StepsDone | EpochEnded):
            seen.update(count_threads())

    x = np.linspace(-1, 1, 600)
    spec = {"data": {"target": "y"}, "model": {"hidden": [600, 600]}, "training": {"epochs": 2}}
    before = count_threads()
    mlptrain.fit(spec, {"x": x, "y": x**2}, threads=1, sinks=look)
    print(f"before {sorted(before)}, in the steps {sorted(seen)}, after {sorted(count_threads())}")
    return int(seen != {1} or count_threads() != before)


if __name__ == "__main__":
    sys.exit(main())
