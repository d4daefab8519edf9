"""Tasks in processes: what comes back, what is heard, and what is left when something ends."""

import os
import signal
import sys
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from mlptrain.errors import DataError, EnvironmentFailure
from mlptrain.workers.contract import Task
from mlptrain.workers.in_turn import InTurn
from mlptrain.workers.processes import Processes, hide_main_module
from tests.workers.jobs import do_as_told

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="ends processes as POSIX does")


def make_tasks(*payloads):
    return iter([Task(key=k, name=f"task {k}", payload=each) for k, each in enumerate(payloads)])


def never():
    return False


EXECUTORS = {"in turn": InTurn(), "one process": Processes(1), "two": Processes(2), "more than tasks": Processes(5)}


@pytest.mark.parametrize("executor", EXECUTORS.values(), ids=EXECUTORS)
def test_every_executor_brings_each_result_once_and_lets_each_task_be_heard(executor):
    heard = []
    tasks = make_tasks(*(("square", k) for k in range(4)))
    done = {each.key: each.result for each in executor.run(do_as_told, tasks, lambda *said: heard.append(said), never)}
    assert done == {k: k * k for k in range(4)}
    assert sorted(heard) == [(k, ("begins", k)) for k in range(4)]


@pytest.mark.parametrize("executor", [InTurn(), Processes(2)], ids=["in turn", "two"])
def test_an_error_of_a_task_is_raised_as_it_is(executor):
    with pytest.raises(DataError, match="7 is wrong"):
        list(executor.run(do_as_told, make_tasks(("fail", 7), ("square", 1)), lambda *_: None, never))


def test_an_error_that_cannot_travel_is_told_in_words():
    with pytest.raises(RuntimeError, match=r"TooOddError\('odd'\)(.|\n)*in task 0, in a process of its own"):
        list(Processes(1).run(do_as_told, make_tasks(("fail oddly", 1)), lambda *_: None, never))


def test_a_process_that_is_killed_is_an_error_that_names_its_task():
    with pytest.raises(EnvironmentFailure, match=r"^task 1: its process was ended by signal 9 .*take fewer --workers"):
        list(Processes(2).run(do_as_told, make_tasks(("wait", 0), ("die", 1)), lambda *_: None, never))


def test_once_a_stop_is_wished_no_task_is_begun_and_those_under_way_are_told():
    heard = []
    tasks = make_tasks(("wait", 0), ("wait", 1), ("square", 2))
    executor = Processes(2).run(do_as_told, tasks, lambda *said: heard.append(said), lambda: len(heard) == 2)
    assert [each.result for each in executor] == ["stopped", "stopped"]
    assert [task.key for task in tasks] == [2]


def test_tasks_are_taken_when_a_worker_is_free():
    taken = []

    def draw():
        for task in make_tasks(*(("square", k) for k in range(4))):
            taken.append(task.key)
            yield task

    for each in Processes(1).run(do_as_told, draw(), lambda *_: None, never):
        assert taken == [*range(each.key + 1)]


@pytest.mark.parametrize(("own", "expected"), [(None, "4"), ("3", "3"), ("9", "4"), ("many", "4")])
def test_workers_share_the_cores_and_the_users_smaller_number_stands(monkeypatch, own, expected):
    monkeypatch.setattr("mlptrain.workers.processes.count_usable_cores", lambda: 8)
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if own is not None:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", own)
    (done,) = Processes(2).run(do_as_told, make_tasks(("threads", 0)), lambda *_: None, never)
    assert done.result == expected
    assert os.environ.get("OPENBLAS_NUM_THREADS") == own


def test_the_main_module_is_hidden_only_while_processes_start():
    main = sys.modules["__main__"]
    with hide_main_module():
        assert not hasattr(sys.modules["__main__"], "__file__")
    assert sys.modules["__main__"] is main


SCRIPT = """
import sys
from mlptrain.workers.contract import Task
from mlptrain.workers.processes import Processes
from tests.workers.jobs import do_as_told

tasks = iter([Task(key=k, name="", payload=("wait", k)) for k in range(2)])
list(Processes(2).run(do_as_told, tasks, lambda key, said: print(said, flush=True), lambda: False))
"""


def test_workers_end_with_a_parent_that_is_killed():
    """A script without a guard of its main part starts workers, too. The pipe ends when the last of them has ended."""
    with Popen([sys.executable, "-c", SCRIPT], stdout=PIPE, text=True, cwd=Path.cwd()) as process:
        assert process.stdout is not None
        assert {process.stdout.readline(), process.stdout.readline()} == {"('begins', 0)\n", "('begins', 1)\n"}
        process.kill()
        assert process.stdout.read() == ""


def test_processes_that_were_prepared_do_the_work_and_the_others_are_ended():
    executor = Processes(3)
    with executor.prepare(Task, 2):
        prepared = [worker.process for worker in executor.ready]
        assert len(prepared) == 2
        (done,) = executor.run(do_as_told, make_tasks(("square", 3)), lambda *_: None, never)
        assert (done.result, len(executor.ready)) == (9, 1)
    assert executor.ready == []
    for process in prepared:
        with pytest.raises(ValueError, match="process object is closed"):
            process.is_alive()


@pytest.mark.parametrize("executor", [InTurn(), Processes(2)], ids=["in turn", "two"])
def test_one_task_is_ended_while_the_others_go_on(executor):
    """Its worker goes on to the next task."""
    tasks = make_tasks(("wait", 0), ("square", 3), ("wait", 2), ("square", 4))
    done = executor.run(do_as_told, tasks, lambda key, _: key in (0, 2), never)
    assert {each.key: each.result for each in done} == {0: "stopped", 1: 9, 2: "stopped", 3: 16}
