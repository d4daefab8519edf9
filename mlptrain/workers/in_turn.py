"""Tasks in turn, in this process."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from mlptrain.workers.contract import Done, Hear, Job, Task


@dataclass
class DirectChannel:
    """Calls whoever listens at once."""

    key: Hashable
    hear: Hear
    stop: Callable[[], bool]
    ending: bool = False

    def tell(self, message: Any) -> None:
        """Call the listener."""
        self.ending |= self.hear(self.key, message) is True

    def is_stop_wished(self) -> bool:
        """Ask at once."""
        return self.stop() or self.ending


@dataclass(frozen=True)
class InTurn:
    """Runs one task after the other."""

    workers: int = 1

    def prepare(self, _kind: type, _tasks: int, /) -> AbstractContextManager[None]:
        """There is nothing to make ready."""
        return nullcontext()

    def run(self, job: Job, tasks: Iterator[Task], hear: Hear, stop: Callable[[], bool]) -> Iterator[Done]:
        """Run the job on each task, until `stop()` wishes that no more are begun."""
        for task in tasks:
            yield Done(key=task.key, result=job(task, DirectChannel(task.key, hear, stop)))
            if stop():
                return
