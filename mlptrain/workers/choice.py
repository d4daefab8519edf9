"""Which executor is meant."""

import os

from mlptrain.errors import SpecError
from mlptrain.workers.contract import Executor
from mlptrain.workers.in_turn import InTurn

OF_MPI = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")
"""What programs that start many processes at once, such as mpirun, say of their number to each."""


def choose_executor(workers: int, *, threads: int = 0, cluster: str | None = None) -> Executor:
    """A cluster, or processes where several workers are asked for; a SpecError in a process that is one of many."""
    if workers == 1 and cluster is None:
        return InTurn()
    if workers > 1 and cluster is not None:
        why = "a cluster has workers of its own"
        raise SpecError(f"--workers and --cluster contradict each other: {why}; give one of them")
    asked = f"--workers {workers}" if cluster is None else "--cluster"
    if (others := count_mpi_processes()) > 1:
        why = f"this is one of {others} processes that mpirun has started, and each would start as many more"
        raise SpecError(f"{asked}: {why}; start it without mpirun, or leave it out")
    if cluster is not None:
        from mlptrain.workers.cluster import open_cluster

        return open_cluster(cluster)
    from mlptrain.workers.processes import Processes  # which loads what starts processes

    return Processes(workers, threads=threads)


def count_mpi_processes() -> int:
    """How many processes mpirun has started this one with; 1 if it has not."""
    said = [os.environ.get(name, "") for name in OF_MPI]
    return max([1, *(int(number) for number in said if number.isascii() and number.isdigit())])
