"""The contract of work that may be done side by side: a job, its tasks, and the executor that runs them.

The same job on the same task gives the same result, whoever runs it: in turn, in processes, on a cluster.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class Task:
    """One piece of the work; it travels to a worker, so it is small."""

    key: Hashable
    """What the piece is called among all: results come back with it."""
    name: str
    """The same in words, for messages: "fold 3"."""
    payload: Any = None


@dataclass(frozen=True, kw_only=True)
class Done:
    """A task that is done, and its result."""

    key: Hashable
    result: Any


@dataclass(frozen=True)
class Restarted:
    """What is heard of a task that was begun anew, as its worker has gone: it tells all once more."""


class Channel(Protocol):
    """What connects a task with whoever asked for it."""

    def tell(self, message: Any) -> None:
        """Say something that cannot wait for the result."""

    def is_stop_wished(self) -> bool:
        """Whether the task is to end soon with what it has."""


class Job(Protocol):
    """What is done with each task. It travels to every worker once, with all that the tasks have in common."""

    def __call__(self, task: Task, channel: Channel, /) -> Any:
        """The result of a task."""


Hear = Callable[[Hashable, Any], object]
"""Is called with the key of a task and what that task has told. If it returns True, the task is to end soon."""


class Executor(Protocol):
    """Who runs a job on tasks."""

    @property
    def workers(self) -> int:
        """How many tasks go on at a time."""

    def prepare(self, kind: type, tasks: int, /) -> AbstractContextManager[None]:
        """Begin to make ready for so many tasks of a kind of job, while there is other work until `run`.

        What was not used is ended with the body of the `with`.
        """

    def run(self, job: Job, tasks: Iterator[Task], hear: Hear, stop: Callable[[], bool]) -> Iterator[Done]:
        """Run the job on each task, and yield the results as they come.

        A task is taken from `tasks` when a worker is free for it. Once `stop()` wishes so no more are taken, and those
        under way are told. An error of a task is raised here, and ends the others.
        """
