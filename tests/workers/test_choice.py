"""Which executor is meant, and where none may be."""

import pytest

from mlptrain.errors import SpecError
from mlptrain.workers.choice import OF_MPI, choose_executor


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    for name in OF_MPI:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_as_many_tasks_go_on_as_workers_are_asked_for(workers):
    assert choose_executor(workers).workers == workers


@pytest.mark.parametrize("name", OF_MPI)
def test_one_of_many_processes_starts_no_more(monkeypatch, name):
    monkeypatch.setenv(name, "4")
    with pytest.raises(SpecError, match=r"^--workers 2: this is one of 4 processes that mpirun has started"):
        choose_executor(2)
    assert choose_executor(1).workers == 1
    for harmless in ("1", "", "x"):
        monkeypatch.setenv(name, harmless)
        assert choose_executor(2).workers == 2
