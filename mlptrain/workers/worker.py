"""What runs in a process that was started for tasks: it takes a job, then task after task, until its parent ends."""

import os
import pickle
import signal
import time
import traceback
from collections.abc import Hashable
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from threading import Thread
from typing import Any

from mlptrain.workers.contract import Job, Task

TOLD, RESULT, FAILED = "told", "result", "failed"
"""The kinds of message of a worker."""
STOP = "stop"
"""What the parent sends in place of a task when the user wishes to stop."""
ASK = 0.02
"""Seconds between two looks for the wish to stop."""


@dataclass(frozen=True)
class Ending:
    """What the parent sends when one task is to end with what it has."""

    key: Hashable


class PipeChannel:
    """Tells the parent by the connection with it, on which its wish to stop comes as well."""

    def __init__(self, connection: Connection, key: Hashable) -> None:
        self.connection, self.key, self.stopping, self.asked = connection, key, False, 0.0

    def tell(self, message: Any) -> None:
        """Send a message."""
        self.connection.send((TOLD, message))

    def is_stop_wished(self) -> bool:
        """Whether the parent has sent its wish; it is looked for some times a second."""
        if not self.stopping and (now := time.monotonic()) - self.asked > ASK:
            self.asked = now
            self.stopping = self.connection.poll() and self.connection.recv() in (STOP, Ending(self.key))
        return self.stopping


def serve_tasks(connection: Connection, kind: type | None) -> None:  # noqa: ARG001 (it has loaded its module)
    """Take a job of some kind, then tasks."""
    Thread(target=end_with_parent, daemon=True).start()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    try:
        job: Job = pickle.loads(connection.recv_bytes())  # noqa: S301 (of the parent)
        while (task := connection.recv()) != STOP:
            if not isinstance(task, Ending):  # else it came when its task was over
                connection.send(run_task(job, task, PipeChannel(connection, task.key)))
    except (EOFError, BrokenPipeError):
        return  # the parent needs nothing more


def run_task(job: Job, task: Task, channel: PipeChannel) -> tuple[str, Any]:
    """The message with the result of a task, or with its error."""
    try:
        return RESULT, job(task, channel)
    except (EOFError, BrokenPipeError):
        raise
    except Exception as problem:
        problem.add_note(f"in {task.name}, in a process of its own:\n{traceback.format_exc()}")
        return FAILED, make_picklable(problem)


def make_picklable(problem: Exception) -> Exception:
    """The error as it travels: one that cannot is told in words."""
    try:
        pickle.loads(pickle.dumps(problem))  # noqa: S301 (of this process)
    except Exception:
        return RuntimeError("\n".join([repr(problem), *problem.__notes__]))
    return problem


def end_with_parent() -> None:
    """End this process as soon as its parent has ended, also where that was killed."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
