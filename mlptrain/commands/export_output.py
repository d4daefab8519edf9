"""Where exports go: what they may replace, and how they are published."""

from pathlib import Path

from mlptrain.commands.paths import NamedFile, list_data_files, list_files_beside_model, require_separate_files
from mlptrain.errors import SpecError
from mlptrain.export.formats import Files, Format, Source
from mlptrain.storage.folders import publish_folder
from mlptrain.storage.publishing import check_writable, is_device_or_pipe, publish_file

STDOUT = Path("-")
HEAD = 4096
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
    cure = "choose another --out, or remove it first"
    if is_folder(files):
        if out == STDOUT:
            raise SpecError(f"--out -: the format {chosen.name} is a folder of files; name one")
        if (out.exists() or out.is_symlink()) and not is_replaceable_folder(out, chosen, files):
            raise SpecError(f"{out}: exists and is no {chosen.name} export of mlptrain alone; {cure}")
    elif out.is_dir():
        raise SpecError(f"{out}: this is a folder; name a file in it: --out {out / f'NAME{chosen.ending}'}")
    elif out.exists() and not is_device_or_pipe(out) and not begins_like_export(out, chosen):
        raise SpecError(f"{out}: exists and is no {chosen.name} export of mlptrain; {cure}")


def is_replaceable_folder(folder: Path, chosen: Format, files: Files) -> bool:
    """Whether a folder is empty, or holds files of an export alone, of which the first one tells what they are."""
    if not folder.is_dir():
        return False
    there = {path.name for path in folder.iterdir()}
    return not there or (there <= files.keys() and begins_like_export(folder / next(iter(files)), chosen))


def begins_like_export(path: Path, chosen: Format) -> bool:
    """Whether a file is an export of this format, or empty."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    return not head or chosen.signature in head


def publish_export(out: Path, files: Files) -> None:
    """Write the file or the folder, whole or not at all; nothing for standard output."""
    if is_folder(files):
        publish_folder(out, files)
    elif out != STDOUT:
        publish_file(out, lambda stream: stream.write(files[""]))
