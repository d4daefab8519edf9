"""Where the cells of a training table are held, and the matrix of its rows: by the spec, the memory and the disk."""

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from mlptrain.data.stores import MEMORY, SHARE, Files, Sparing, Store
from mlptrain.data.table_size import TableSize, count_file_bytes, estimate_table_size
from mlptrain.errors import DataError, EnvironmentFailure, SpecError
from mlptrain.fitting.host import Host
from mlptrain.machine import is_folder_in_memory, measure_available_memory
from mlptrain.model.rows import Rows, TableRows, list_files, locate_file
from mlptrain.spec.fields import Data, narrow_to_images

CELL = 30
"""Bytes of memory for a cell at the peak of a fit: as it was read, taken for a part, and encoded as one number."""
CELL_IN_FILES = 12
"""Bytes of disk for a cell: as it was read, and encoded as one number."""
UNPACKED = 100
"""A file takes no more memory than so many times its size, whatever it holds."""


def choose_store(data: Data, folder: Path, host: Host) -> Store:
    """The store of the table that a spec names; of `auto` by an estimate, before anything of the table is read."""
    if data.memory == "memory" or narrow_to_images(data.train) is not None:
        tell_idle_settings(data, host)
        return MEMORY
    paths = [locate_file(path, folder) for path in list_files(data.train)]
    files = Files(choose_spill_folder(host))
    if data.memory == "auto" and fits_in_memory(paths, data):
        return MEMORY if is_folder_in_memory(files.folder) else Sparing(files)
    if is_folder_in_memory(files.folder):
        why = "a folder in memory (tmpfs), so that nothing would be won by files there"
        said = f"{files.folder}: this is {why}; name one on a disk with --spill-dir"
        if data.memory == "files" or host.spill_dir is not None:
            raise EnvironmentFailure(said)
        host.notice(f"data.memory: the table may not fit into the memory that is free, but {said}")
        return MEMORY
    size = estimate_table_size(paths, data)
    if size is not None:
        files.require_room(CELL_IN_FILES * size.cells)
    if data.memory == "auto":
        host.notice(f"data.memory: {describe_size(size)}in files without a name in {files.folder}, not in memory")
    return files


def place_given_rows(rows: Rows, data: Data, host: Host) -> Rows:
    """Rows in memory, whose cells stay there, with the store of the matrix that is made of them."""
    files = Files(choose_spill_folder(host))
    if data.memory == "memory" or not isinstance(rows, TableRows) or is_folder_in_memory(files.folder):
        return rows
    store = files if data.memory == "files" else Sparing(files)
    return TableRows(replace(rows.table, store=store))


def tell_idle_settings(data: Data, host: Host) -> None:
    """Say which settings do nothing, as all is held in memory."""
    if data.memory == "files":
        host.notice("data.memory: images are held in memory, as the bytes of their pixels")
    elif host.spill_dir is not None:
        host.notice("--spill-dir: no file goes there, as all is held in memory")


def choose_spill_folder(host: Host) -> Path:
    """The folder for files without a name."""
    if host.spill_dir is not None and not host.spill_dir.is_dir():
        raise SpecError(f"--spill-dir {host.spill_dir}: no such folder; make it first, or name another one")
    return find_temporary_folder() if host.spill_dir is None else host.spill_dir


def find_temporary_folder() -> Path:
    """The folder of the system for temporary files, by its name alone: `tempfile` would write one to try it."""
    named = [os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP")]
    there = [Path(name) for name in (*named, "/tmp", "/var/tmp") if name and Path(name).is_dir()]  # noqa: S108
    return there[0] if there else Path(tempfile.gettempdir())


def fits_in_memory(paths: list[str], data: Data) -> bool:
    """Whether the cells of a table surely take no more than a share of the memory that is free."""
    there = measure_available_memory()
    if there is None:
        return True
    try:
        if UNPACKED * count_file_bytes(paths) <= SHARE * there:
            return True
    except DataError:  # reading says what is wrong
        return True
    size = estimate_table_size(paths, data)
    return size is None or CELL * size.cells <= SHARE * there


def describe_size(size: TableSize | None) -> str:
    """The size of a table that does not fit into memory, in words."""
    return "" if size is None else f"about {size.rows:,} rows of {size.columns:,} columns are held "
