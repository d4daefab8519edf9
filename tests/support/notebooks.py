"""Notebooks that a kernel of their own executes, as Jupyter does.

`python -m tests.support.notebooks examples/first_hour.ipynb` executes it and stores what its cells show.
"""

import asyncio
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.support.command import ROOT
from tests.support.pages import copy_project
from tests.support.patience import PATIENCE

INSTALL = "needs nbclient and ipykernel: pip install -e '.[integration]'"
ENDS_WITH_ERROR = {"tags": ["raises-exception"]}


def prepare_kernels(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let kernels start that find the package that is tested, and keep no files but in a folder."""
    for name in ("nbclient", "ipykernel", "nbformat"):
        pytest.importorskip(name, reason=INSTALL)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR"):
        place = folder / ".jupyter" / name
        place.mkdir(parents=True)
        monkeypatch.setenv(name, str(place))


def make_client(notebook: Any, folder: Path) -> Any:
    """What executes a notebook in a folder."""
    from nbclient import NotebookClient

    place = {"metadata": {"path": str(folder)}}
    patience = {"timeout": PATIENCE, "startup_timeout": PATIENCE, "iopub_timeout": PATIENCE}
    return NotebookClient(notebook, **patience, resources=place, record_timing=False, coalesce_streams=True)


def make_notebook(*cells: str) -> Any:
    """A notebook of some cells of code."""
    from nbformat.v4 import new_code_cell, new_notebook

    return new_notebook(cells=[new_code_cell(cell) for cell in cells])


def execute_cells(*cells: str, folder: Path, last_fails: bool = False) -> list[list[Any]]:
    """The outputs of cells that are executed one after another."""
    notebook = make_notebook(*cells)
    notebook.cells[-1].metadata = ENDS_WITH_ERROR if last_fails else {}
    make_client(notebook, folder).execute()
    return [cell.outputs for cell in notebook.cells]


def interrupt_cell(cell: str, folder: Path, *, awaited: str) -> list[Any]:
    """The outputs of a cell that is interrupted, as the stop button does it, once a file of the pattern is there."""
    notebook = make_notebook(cell)
    notebook.cells[0].metadata = ENDS_WITH_ERROR
    client = make_client(notebook, folder)

    async def press_stop() -> None:
        async with client.async_setup_kernel():
            running = asyncio.create_task(client.async_execute_cell(notebook.cells[0], 0))
            while not list(folder.glob(awaited)) and not running.done():
                await asyncio.sleep(0.01)
            await client.km.interrupt_kernel()
            await running

    asyncio.run(press_stop())
    return list(notebook.cells[0].outputs)


def join_stream(outputs: list[Any]) -> str:
    """All that was printed."""
    return "".join(output.text for output in outputs if output.output_type == "stream")


def execute_example(path: Path, folder: Path) -> Any:
    """An example, executed in a copy of the project."""
    import nbformat

    place = copy_project(folder) / "examples"
    place.mkdir()
    notebook = nbformat.read(path, as_version=4)
    make_client(notebook, place).execute()
    return notebook


def store_outputs(path: Path) -> None:
    """Write a notebook anew with what its cells show, without what tells of this machine."""
    import nbformat

    with TemporaryDirectory() as place, pytest.MonkeyPatch.context() as monkeypatch:
        prepare_kernels(Path(place), monkeypatch)
        notebook = execute_example(path, Path(place))
    notebook.metadata.language_info = {"name": "python"}
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        store_outputs(Path(name).resolve())
