"""`export`: a model in another language."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from mlptrain.errors import SpecError
from mlptrain.export.formats import Files, Format, Source, choose_format
from mlptrain.export.outputs import plan_model
from mlptrain.model.file import WRITER
from mlptrain.model.model import Model
from mlptrain.storage.publishing import publish_file

HEAD = 4096
"""Bytes at the begin of a file that tell whether it is an export."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written."""

    format: str
    path: Path
    size: int
    """Bytes of all files."""


def export_file(model_path: str, format_name: str, out: Path | None = None) -> Exported:
    """Write a model in a format, by default beside the working directory's other files under the model's own name."""
    chosen = choose_format(format_name)
    source = read_source(Path(model_path))
    path = out or Path(source.path.with_suffix(chosen.ending).name)
    files = chosen.write(source)
    for each in list_paths(path, files):
        require_replaceable_export(each, chosen)
    for each, content in zip(list_paths(path, files), files.values(), strict=True):
        publish_file(each, partial(write_content, content=content))
    return Exported(format=chosen.name, path=path, size=sum(map(len, files.values())))


def write_content(stream: BinaryIO, *, content: bytes) -> None:
    """Write all bytes of a file."""
    stream.write(content)


def read_source(path: Path) -> Source:
    """A model with its plan."""
    model = Model.load(str(path))
    origin = {"model": path.name, "sha256": sha256(path.read_bytes()).hexdigest(), "mlptrain": WRITER}
    return Source(model=model, path=path, plan=plan_model(model, origin))


def list_paths(path: Path, files: Files) -> Iterator[Path]:
    """Where the files go."""
    yield from (path / name if name else path for name in files)


def require_replaceable_export(path: Path, chosen: Format) -> None:
    """Refuse to replace what is no export of this format."""
    if path.exists() and not (path.is_file() and chosen.signature in path.read_bytes()[:HEAD]):
        raise SpecError(f"{path}: exists and is no {chosen.name} export of mlptrain; choose another --out")
