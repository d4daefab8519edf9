"""Tasks on a cluster of Dask: what is heard, and in which order; with the library, real workers on this machine."""

import os
import pickle
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Timer

import pytest

from mlptrain.errors import DataError, EnvironmentFailure, SpecError
from mlptrain.workers.choice import choose_executor
from mlptrain.workers.cluster import Ears
from mlptrain.workers.contract import Restarted, Task
from tests.support import command
from tests.support.flows import fit, write_mixed
from tests.workers.jobs import do_as_told


def tell(ears, key, attempt, message):
    ears.note((0.0, pickle.dumps((key, attempt, message))))


def test_messages_are_heard_in_their_order_and_an_attempt_anew_says_so():
    heard = []
    ears = Ears(lambda *said: heard.append(said))
    for key, attempt, message in (
        (1, "a", "one"),
        (2, "b", "two"),
        (1, "c", "one"),
        (1, "c", "three"),
        (2, "b", "four"),
    ):
        tell(ears, key, attempt, message)
    ears.listen()
    assert heard == [(1, "one"), (2, "two"), (1, Restarted()), (1, "one"), (1, "three"), (2, "four")]


def test_all_that_an_attempt_has_told_is_heard_before_its_result_and_nothing_after():
    heard = []
    ears = Ears(lambda *said: heard.append(said))
    tell(ears, 1, "a", "one")
    tell(ears, 1, "a", "two")
    ears.wait_for("a", 2)
    assert heard == [(1, "one"), (1, "two")]
    ears.over.add(1)
    tell(ears, 1, "b", "late")
    ears.listen()
    assert len(heard) == 2


def test_a_cluster_and_workers_contradict_each_other():
    with pytest.raises(SpecError, match="--workers and --cluster contradict each other"):
        choose_executor(2, cluster="tcp://127.0.0.1:1")


def test_without_the_library_one_line_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask", None)
    spec = write_mixed(tmp_path)
    ended = command.mlptrain("fit", spec, "--cluster", "tcp://127.0.0.1:1", cwd=tmp_path)
    assert (ended.code, ended.err) == (6, "error: --cluster needs Dask: pip install 'mlptrain[dask]'\n")


# With the library.

ROOT = Path(__file__).parents[2]
LONGEST = 120.0
"""Seconds after which a program of the cluster is ended in any case."""


def start(stack, *arguments):
    """A program of Dask, which ends with the test."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    process = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments], env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE
        )
    )
    stack.callback(process.kill)
    watchdog = Timer(LONGEST, process.kill)
    watchdog.daemon = True
    watchdog.start()
    stack.callback(watchdog.cancel)
    return process


@pytest.fixture(scope="module")
def address():
    """The address of a scheduler with two workers."""
    pytest.importorskip("distributed", reason="pip install -e '.[dask]'")
    with ExitStack() as stack:
        scheduler = start(stack, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        found = None
        while found is None:
            assert scheduler.stderr is not None
            line = scheduler.stderr.readline().decode()
            assert line, "the scheduler has ended"
            found = re.search(r"Scheduler at: +(tcp://\S+)", line)
        workers = [start(stack, "worker", found[1], "--nthreads", "1", "--no-dashboard", "--no-nanny") for _ in "ab"]
        for worker in workers:
            assert worker.stderr is not None
            while b"Registered to" not in (line := worker.stderr.readline()):
                assert line, "a worker has ended"
        yield found[1]


@pytest.fixture(scope="module")
def cluster(address):
    executor = choose_executor(1, cluster=address)
    yield executor
    executor.client.close()


integration = pytest.mark.integration


@integration
def test_each_result_comes_once_and_each_task_is_heard(cluster):
    heard = []
    tasks = iter([Task(key=k, name=f"task {k}", payload=("square", k)) for k in range(5)])
    done = {each.key: each.result for each in cluster.run(do_as_told, tasks, lambda *said: heard.append(said), never)}
    assert done == {k: k * k for k in range(5)}
    assert sorted(heard) == [(k, ("begins", k)) for k in range(5)]


def never():
    return False


@integration
def test_an_error_of_a_task_is_raised_as_it_is(cluster):
    tasks = iter([Task(key=0, name="", payload=("fail", 7))])
    with pytest.raises(DataError, match="7 is wrong"):
        list(cluster.run(do_as_told, tasks, lambda *_: None, never))


@integration
def test_a_wish_to_stop_reaches_the_tasks(cluster):
    heard = []
    tasks = iter([Task(key=k, name="", payload=("wait", k)) for k in range(2)])
    running = cluster.run(do_as_told, tasks, lambda *said: heard.append(said), lambda: len(heard) == 2)
    assert [each.result for each in running] == ["stopped", "stopped"]


@integration
@pytest.mark.parametrize("split", [{"folds": 5}, {"validation": 0.2, "repeats": 3}], ids=["folds", "repeats"])
def test_the_model_is_the_same_byte_for_byte(cluster, tmp_path, split):
    spec = str(write_mixed(tmp_path, data={"split": split}, training={"epochs": 5, "batch_size": 16}))
    fit(spec, out=tmp_path / "in_turn.npz")
    fit(spec, out=tmp_path / "m.npz", executor=cluster)
    assert (tmp_path / "m.npz").read_bytes() == (tmp_path / "in_turn.npz").read_bytes()


@integration
@pytest.mark.parametrize("given", ["tcp://127.0.0.1:9", "no address"])
def test_where_no_scheduler_answers_one_sentence_says_it(address, given, monkeypatch):
    monkeypatch.setattr("mlptrain.workers.cluster.PATIENCE", 0.3)
    with pytest.raises(EnvironmentFailure, match=f"^--cluster {given}: no scheduler of Dask answers"):
        choose_executor(1, cluster=given)
