"""An executor for tests: tasks run here, on copies, and their results come in another order."""

import pickle
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice
from math import inf
from typing import Any

from mlptrain.errors import EnvironmentFailure
from mlptrain.workers.contract import Done, Hear, Job, Task
from mlptrain.workers.in_turn import DirectChannel


def copy(value: Any) -> Any:
    """A value as it arrives in another process."""
    return pickle.loads(pickle.dumps(value, protocol=5))


@dataclass(frozen=True)
class Elsewhere:
    """Takes as many tasks at a time as it has workers, and does the last of them first."""

    workers: int = 2
    dies_at: float = inf
    """The number of the result in place of which an error is raised."""

    def prepare(self, _kind: type, _tasks: int, /) -> AbstractContextManager[None]:
        """There is nothing to make ready."""
        return nullcontext()

    def run(self, job: Job, tasks: Iterator[Task], hear: Hear, stop: Callable[[], bool]) -> Iterator[Done]:
        """Run the job on copies of the tasks."""
        over = 0
        while group := [*islice(tasks, self.workers)]:
            for task in reversed(group):
                if over == self.dies_at:
                    raise EnvironmentFailure(f"{task.name}: its process was ended by signal 9")
                channel = DirectChannel(task.key, lambda key, said: hear(copy(key), copy(said)), stop)
                over += 1
                yield Done(key=copy(task.key), result=copy(copy(job)(copy(task), channel)))
            if stop():
                return
