"""Where exports go: what they may replace, and how they are published."""

from pathlib import Path

from mlptrain.commands.paths import NamedFile, list_data_files, list_files_beside_model, require_separate_files
from mlptrain.data.column_names import format_quoted_names
from mlptrain.errors import SpecError
from mlptrain.export.formats import Files, Format, Source
from mlptrain.storage.folders import publish_folder
from mlptrain.storage.publishing import check_writable, is_device_or_pipe, publish_file

STDOUT = Path("-")
HEAD = 300
"""Bytes at the begin of a file that tell whether it is an export."""


def is_folder(files: Files) -> bool:
    """Whether files are to be in a folder of their own."""
    return "" not in files


def require_separate_export(out: Path, source: Source, check: str | None) -> None:
    """Refuse to write where the model, data, or a file of the model's training is, or where no file can be."""
    if out == STDOUT:
        return
    read = [NamedFile(path=source.path, role="the model"), *list_files_beside_model(source.path)]
    if check not in (None, "-"):
        read.append(NamedFile(path=Path(str(check)), role="the DATA of --check"))
    training = list_data_files(source.model.spec.data, source.path.parent / source.model.spec_folder)
    read += [NamedFile(path=file.path, role=f"{file.role} of the model") for file in training]
    require_separate_files([NamedFile(path=out, role="where the export goes", option="--out")], read)
    check_writable(out)


def require_replaceable_export(out: Path, chosen: Format, files: Files) -> None:
    """Refuse to replace what is no export of this format; a folder may hold nothing but its files."""
    if is_folder(files) and out == STDOUT:
        raise SpecError(f"--out -: the format {chosen.name} is a folder of files; name one")
    if fault := find_folder_fault(out, chosen, files) if is_folder(files) else find_file_fault(out, chosen):
        raise SpecError(f"{out}: {fault}; choose another --out")


def find_file_fault(out: Path, chosen: Format) -> str:
    """Why a file may not be replaced; empty if it may, or is not there."""
    if out.is_dir():
        return f"this is a folder, and the format {chosen.name} is a file"
    if not out.exists() or is_device_or_pipe(out) or begins_like_export(out, chosen):
        return ""
    return f"exists and is no {chosen.name} export of mlptrain"


def find_folder_fault(out: Path, chosen: Format, files: Files) -> str:
    """Why a folder may not be replaced; empty if it may, is empty, or is not there."""
    if not out.exists():
        return ""
    if not out.is_dir():
        return f"this is a file, and the format {chosen.name} is a folder"
    there = {path.name for path in out.iterdir()}
    if others := sorted(there - files.keys()):
        return f"exists and holds what is none of an {chosen.name} export: {format_quoted_names(others, 3)}"
    if there and not begins_like_export(out / next(iter(files)), chosen):
        return f"exists and is no {chosen.name} export of mlptrain"
    return ""


def begins_like_export(path: Path, chosen: Format) -> bool:
    """Whether a file is an export of this format, or empty."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    return not head or (chosen.signature in head and b"mlptrain" in head)


def publish_export(out: Path, files: Files) -> None:
    """Write the file or the folder, whole or not at all; nothing for standard output."""
    if is_folder(files):
        publish_folder(out, files)
    elif out != STDOUT:
        publish_file(out, lambda stream: stream.write(files[""]))
