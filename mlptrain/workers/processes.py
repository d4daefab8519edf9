"""Tasks in several processes of this machine.

The processes are spawned: a fork would copy the locks of threads that BLAS and Arrow have started. A signal of the
terminal goes to all processes of a command; workers leave it to their parent. They end when it ends, however that is.
"""

import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any

from mlptrain.errors import EnvironmentFailure
from mlptrain.machine import THREAD_VARIABLES, count_usable_cores
from mlptrain.workers.contract import Done, Hear, Job, Task
from mlptrain.workers.worker import FAILED, RESULT, STOP, TOLD, Ending, serve_tasks

ASK = 0.1
"""Seconds until it is asked again whether the user wishes to stop."""
SIGNALS = {getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)}


@dataclass
class Worker:
    """A process, the connection with it, and the task that it is at."""

    process: BaseProcess
    connection: Connection
    task: Task | None = None

    def give(self, task: Task) -> None:
        """Send a task; that the process has died is seen when it is waited for."""
        self.task = task
        self.send(task)

    def send(self, message: Any) -> None:
        """Send what a worker understands: a task, or the wish to stop."""
        with suppress(OSError):
            self.connection.send(message)

    def end(self) -> None:
        """End the process at once."""
        self.process.kill()
        self.process.join()
        self.process.close()
        self.connection.close()


@dataclass(frozen=True)
class Processes:
    """Runs tasks in so many processes."""

    workers: int
    cure: str = "take fewer --workers, or close other programs"
    """What a message proposes where the system ends a process."""
    threads: int = 0
    """Threads of the matrix products in each; 0: the cores, divided by the processes."""
    ready: list[Worker] = field(default_factory=list)
    """Those that were started before there was a job."""

    @contextmanager
    def prepare(self, kind: type, tasks: int, /) -> Iterator[None]:
        """Start the processes, which load what the kind of job needs, beside other work until `run`."""
        self.ready.extend(self.start(min(self.workers, tasks), kind))
        try:
            yield
        finally:
            while self.ready:
                self.ready.pop().end()

    def start(self, count: int, kind: type | None = None) -> list[Worker]:
        """Start some processes."""
        return start_workers(count, self.threads or max(1, count_usable_cores() // self.workers), kind)

    def run(self, job: Job, tasks: Iterator[Task], hear: Hear, stop: Callable[[], bool]) -> Iterator[Done]:
        """Run the job on each task, and yield the results as they come."""
        first = [*islice(tasks, self.workers)]
        team = [self.ready.pop() for _ in first[: len(self.ready)]]
        team += self.start(len(first) - len(team))
        try:
            send_job(job, team)
            for worker, task in zip(team, first, strict=True):
                worker.give(task)
            yield from self.attend(team, tasks, hear, stop)
        finally:
            for worker in team:
                worker.end()

    def attend(self, team: list[Worker], tasks: Iterator[Task], hear: Hear, stop: Callable[[], bool]) -> Iterator[Done]:
        """Hear the workers until no task is left, and give each that is free another one."""
        stopping = False
        while busy := {worker.connection: worker for worker in team if worker.task is not None}:
            ready = wait([*busy], timeout=ASK)
            for worker in [worker for connection, worker in busy.items() if connection in ready]:
                yield from self.hear_worker(worker, tasks if not stopping else iter(()), hear)
            if not stopping and stop():
                stopping = True
                for worker in team:
                    worker.send(STOP)

    def hear_worker(self, worker: Worker, tasks: Iterator[Task], hear: Hear) -> Iterator[Done]:
        """Hear one message of a worker; a result is followed by the next task."""
        assert worker.task is not None
        key = worker.task.key
        try:
            kind, content = worker.connection.recv()
        except (EOFError, OSError):
            raise self.make_error(worker) from None
        if kind == TOLD:
            if hear(key, content) is True:
                worker.send(Ending(key))
        elif kind == FAILED:
            raise content
        elif kind == RESULT:
            worker.task = None
            yield Done(key=key, result=content)
            if (task := next(tasks, None)) is not None:
                worker.give(task)

    def make_error(self, worker: Worker) -> EnvironmentFailure:
        """The error that a process has ended with its task undone."""
        worker.process.join()
        code, task = worker.process.exitcode or 0, worker.task
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        why = " (the system does that where memory is short)" if -code == getattr(signal, "SIGKILL", 9) else ""
        return EnvironmentFailure(f"{task.name if task else 'a task'}: its process {how}{why}; {self.cure}")


def start_workers(count: int, threads: int, kind: type | None) -> list[Worker]:
    """Start processes that load what a kind of job needs, and wait for a job."""
    context, team = get_context("spawn"), list[Worker]()
    variables = {name: str(min(threads, read_count(name, threads))) for name in THREAD_VARIABLES}
    with hold_signals(), hide_main_module(), set_variables(variables):
        for _ in range(count):
            here, there = context.Pipe()
            process = context.Process(target=serve_tasks, args=(there, kind), daemon=True)
            process.start()
            there.close()
            team.append(Worker(process, here))
    return team


def read_count(variable: str, otherwise: int) -> int:
    """The number in a variable of the environment, which the user may have set."""
    text = os.environ.get(variable, "")
    return int(text) if text.isascii() and text.isdigit() else otherwise


def send_job(job: Job, team: list[Worker]) -> None:
    """Send the job to all; it is made into bytes once."""
    content = pickle.dumps(job, protocol=5)
    for worker in team:
        with suppress(OSError):  # it has died, which is seen when it is waited for
            worker.connection.send_bytes(content)


@contextmanager
def hold_signals() -> Iterator[None]:
    """Hold the signals that end a command back for a while; processes that are started then never get them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows: there the worker turns them off itself
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def hide_main_module() -> Iterator[None]:
    """Hide the program that was started: a worker needs nothing of it, and would run a script once more."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def set_variables(values: dict[str, str]) -> Iterator[None]:
    """Set variables of the environment for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
