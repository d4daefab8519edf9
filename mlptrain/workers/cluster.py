"""Tasks on a cluster of Dask: whatever machines its workers are on.

A job goes to each worker once, tasks to those that are free. Dask begins a task anew where its worker has gone, which
`Restarted` tells. Objects travel as pickles: who may reach the scheduler can run code on its workers, and they here.
"""

import pickle
import queue
import sys
import warnings
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from importlib.metadata import version
from time import monotonic
from typing import Any
from uuid import uuid4

from mlptrain.errors import EnvironmentFailure
from mlptrain.workers.contract import Done, Hear, Job, Restarted, Task

PATIENCE = 10.0
"""Seconds until a scheduler that does not answer is given up."""
ASK = 0.1
"""Seconds until it is asked again whether the user wishes to stop."""
LOOK = 0.5
"""Seconds between two looks of a worker for that wish: each is a message to the scheduler and back."""


def load_dask() -> Any:
    """The library, which says nothing by itself."""
    import dask

    dask.config.set({"logging.distributed": "critical"})
    import distributed

    return distributed


@dataclass
class ClusterChannel:
    """Tells whoever asked for a task by an event of the scheduler."""

    topic: str
    key: Hashable
    attempt: str = field(default_factory=lambda: uuid4().hex)
    told: int = 0
    stopping: bool = False
    looked: float = 0.0

    def tell(self, message: Any) -> None:
        """Send a message."""
        self.told += 1
        load_dask().get_worker().log_event(self.topic, pickle.dumps((self.key, self.attempt, message)))

    def is_stop_wished(self) -> bool:
        """Whether the stop is wished; it is looked for about twice a second."""
        if not self.stopping and (now := monotonic()) - self.looked > LOOK:
            wishes = (self.topic, name_ending(self.topic, self.key))
            self.looked, self.stopping = now, any(load_dask().Event(each).is_set() for each in wishes)
        return self.stopping


def name_ending(topic: str, key: Hashable) -> str:
    """The name of the event that one task is to end."""
    return f"{topic}-{key}"


def run_task(job: Job, task: Task, topic: str) -> tuple[str, int, Any]:
    """What a worker does with a task: the attempt that it was, how many messages it sent, and the result."""
    channel = ClusterChannel(topic, task.key)
    result = job(task, channel)
    return channel.attempt, channel.told, result


def report_versions() -> tuple[str, ...]:
    """The versions that decide the last digits of results."""
    return (f"Python {sys.version.split()[0]}", f"NumPy {version('numpy')}", f"mlptrain {version('mlptrain')}")


class Ears:
    """Hears what tasks tell, in the order in which each told it."""

    def __init__(self, hear: Hear) -> None:
        self.hear = hear
        self.arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.attempts: dict[Hashable, str] = {}
        self.heard: dict[str, int] = {}
        """By attempt, the messages that came."""
        self.over = set[Hashable]()
        """The tasks that are done: what an attempt begun anew still tells of them is late."""

    def note(self, event: tuple[float, bytes]) -> None:
        """Take an event; Dask calls this in a thread of its own."""
        self.arrived.put(event[1])

    def listen(self, timeout: float = 0.0) -> None:
        """Pass on what has come; wait for the first of it as long as that."""
        while True:
            try:
                key, attempt, message = pickle.loads(self.arrived.get(timeout=timeout or None, block=timeout > 0))  # noqa: S301
            except queue.Empty:
                return
            timeout = 0.0
            if key in self.over:
                continue
            if self.attempts.setdefault(key, attempt) != attempt:
                self.attempts[key] = attempt
                self.hear(key, Restarted())
            self.heard[attempt] = self.heard.get(attempt, 0) + 1
            self.hear(key, message)

    def wait_for(self, attempt: str, count: int) -> None:
        """Pass on what has come until all messages of an attempt have."""
        end = monotonic() + PATIENCE
        while self.heard.get(attempt, 0) < count and monotonic() < end:
            self.listen(timeout=ASK)


@dataclass(frozen=True)
class Cluster:
    """Runs tasks on the workers of a scheduler."""

    address: str
    client: Any
    workers: int

    def prepare(self, _kind: type, _tasks: int, /) -> AbstractContextManager[None]:
        """The workers are there."""
        return nullcontext()

    def run(self, job: Job, tasks: Iterator[Task], hear: Hear, stop: Callable[[], bool]) -> Iterator[Done]:
        """Run the job on each task, and yield the results as they come."""
        topic = f"mlptrain-{uuid4().hex}"

        def hear_and_end(key: Hashable, message: Any) -> None:
            if hear(key, message) is True:
                load_dask().Event(name_ending(topic, key), client=self.client).set()

        ears = Ears(hear_and_end)
        self.client.subscribe_topic(topic, ears.note)
        shared = self.client.scatter(job, broadcast=True, hash=False)
        busy: dict[Any, Task] = {}
        try:
            stopping = False
            while True:
                while not stopping and len(busy) < self.workers and (task := next(tasks, None)) is not None:
                    busy[self.client.submit(run_task, shared, task, topic, pure=False)] = task
                if not busy:
                    return
                for future in self.wait_for_some(busy):
                    task = busy.pop(future)
                    attempt, told, result = self.gather(future, task)
                    future.release()  # or it is done anew where its worker goes later
                    ears.wait_for(attempt, told)
                    ears.over.add(task.key)
                    yield Done(key=task.key, result=result)
                ears.listen()
                if not stopping and stop():
                    stopping = True
                    load_dask().Event(topic, client=self.client).set()
        finally:
            self.client.cancel([*busy], force=True)
            self.client.unsubscribe_topic(topic)

    def wait_for_some(self, busy: dict[Any, Task]) -> list[Any]:
        """The tasks that are done, once there are any, or it is time to look about."""
        try:
            return [*load_dask().wait([*busy], timeout=ASK, return_when="FIRST_COMPLETED").done]
        except TimeoutError:
            return []

    def gather(self, future: Any, task: Task) -> tuple[str, int, Any]:
        """The result of a task; its own error, or that its workers have gone."""
        library = load_dask()
        lost = (library.KilledWorker, library.client.FutureCancelledError, OSError)
        try:
            attempt, told, result = future.result()
        except lost as problem:
            why = f"its workers at {self.address} have gone ({type(problem).__name__})"
            raise EnvironmentFailure(f"{task.name}: {why}; look at their logs") from None
        return attempt, told, result


def open_cluster(address: str) -> Cluster:
    """The cluster of a scheduler; an error where none answers, has no workers, or workers of other versions."""
    try:
        library = load_dask()
    except ImportError:
        raise EnvironmentFailure("--cluster needs Dask: pip install 'mlptrain[dask]'") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions are compared below
            client = library.Client(address, timeout=PATIENCE)
    except (OSError, ValueError, TimeoutError) as problem:
        why = f"no scheduler of Dask answers ({type(problem).__name__})"
        raise EnvironmentFailure(f"--cluster {address}: {why}; dask scheduler starts one") from None
    threads = sum(each["nthreads"] for each in client.scheduler_info(n_workers=-1)["workers"].values())
    if not threads:
        raise EnvironmentFailure(f"--cluster {address}: it has no workers; dask worker {address} starts one")
    require_same_versions(client, address)
    return Cluster(address=address, client=client, workers=threads)


def require_same_versions(client: Any, address: str) -> None:
    """An error that names the first worker of another version, whose results might differ in the last digits."""
    here = report_versions()
    for worker, there in client.run(report_versions, on_error="return").items():
        if isinstance(there, Exception):
            why = f"mlptrain cannot be loaded there ({type(there).__name__})"
            raise EnvironmentFailure(f"--cluster {address}: worker {worker}: {why}; install mlptrain where workers run")
        if there != here:
            other = next(two for one, two in zip(here, there, strict=True) if one != two)
            mine = next(one for one, two in zip(here, there, strict=True) if one != two)
            why = f"{other} there, {mine} here, so that last digits may differ"
            raise EnvironmentFailure(f"--cluster {address}: worker {worker}: {why}; install the same versions")
