"""Folders of files that are whole or not there, as `publishing` writes single files."""

from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree

from mlptrain.errors import EnvironmentFailure
from mlptrain.storage.publishing import SYSTEM, Disk, locate_target, make_durable, make_temporary_path, require_folder


def publish_folder(path: Path, files: Mapping[str, bytes], disk: Disk = SYSTEM) -> None:
    """Put a folder of files in the place of `path`, all of them or none; a folder that stands there goes.

    The old one is moved aside before the new one takes its name: a crash between these two steps leaves both whole,
    under hidden names beside it.
    """
    target = locate_target(path, follow=True)
    require_folder(path, target)
    temporary, aside = make_temporary_path(target), make_temporary_path(target)
    try:
        temporary.mkdir()
        for name, content in files.items():
            with disk.create(temporary / name, target / name) as stream:
                stream.write(content)
                disk.sync(stream)
        disk.sync_folder(temporary)
        if target.exists():
            disk.replace(target, aside)
        disk.replace(temporary, target)
    except OSError as problem:
        raise EnvironmentFailure(f"{path}: cannot be written: {problem.strerror}; nothing was changed") from None
    finally:  # whatever stopped this, Ctrl-C among it
        if aside.exists() and not target.exists():
            aside.rename(target)
        for left in (temporary, aside):
            rmtree(left, ignore_errors=True)
    make_durable(path, target, disk)
