"""`export`: a model in another language."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlptrain.commands.export_check import ExportCheck
from mlptrain.commands.export_output import STDOUT, publish_export, require_replaceable_export, require_separate_export
from mlptrain.commands.latest_model import refuse_wrong_data
from mlptrain.errors import SpecError
from mlptrain.export.comparison import Comparison
from mlptrain.export.formats import Files, Format, Source, choose_format, name_file
from mlptrain.export.outputs import plan_model
from mlptrain.model.file import WRITER
from mlptrain.model.model import Model


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What came of rows that the model and its export have predicted."""

    data: str
    executor: str
    """What ran the export."""
    comparison: Comparison
    notices: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written."""

    format: str
    path: Path
    files: Files
    """Their contents, by their names in the folder; "" for a file that is all."""
    check: Checked | None = None

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(map(len, self.files.values()))

    @property
    def notices(self) -> Sequence[str]:
        """What the user should hear."""
        return () if self.check is None else self.check.notices


def export_file(
    model_path: str,
    format_name: str,
    out: Path | None = None,
    *,
    check: str | None = None,
    settings: Sequence[str] = (),
    **options: Any,
) -> Exported:
    """Write a model in a format, by default in the working directory, under the model's name with another ending.

    `check` names data that both predict before anything is written; where they differ, nothing is. "-" for `out` writes
    nothing: the caller has the contents. `settings` say how the data is written, `options` are those of the format: its
    fields.
    """
    chosen = choose_format(format_name, **options)
    if settings and check is None:
        raise SpecError("--set: it says how the DATA of --check is written, and there is no --check")
    if check is not None:
        refuse_wrong_data(check)
    source = read_source(Path(model_path))
    path = out or Path(name_file(source.path.stem, chosen))
    require_separate_export(path, source, check)
    files = chosen.write(source)
    require_replaceable_export(path, chosen, files)
    checked = None if check is None else check_export(source, files, chosen, path=path, data=check, settings=settings)
    publish_export(path, files)
    return Exported(format=chosen.name, path=path, files=files, check=checked)


def read_source(path: Path) -> Source:
    """A model with its plan."""
    model = Model.load(str(path))
    origin = {"model": path.name, "sha256": sha256(path.read_bytes()).hexdigest(), "mlptrain": WRITER}
    return Source(model=model, path=path, plan=plan_model(model, origin))


def check_export(
    source: Source, files: Files, chosen: Format, *, path: Path, data: str, settings: Sequence[str]
) -> Checked:
    """The comparison of an export with its model on data, before it is published; an error where they differ."""
    with TemporaryDirectory(prefix="mlptrain-") as folder:
        written = Path(folder) / (name_file(source.path.stem, chosen) if path == STDOUT else path.name)
        publish_export(written, files)
        check = ExportCheck(
            source, data, lambda cells: chosen.predict(written, cells, source), name=str(path), settings=settings
        )
        check.compare_all()
        executor = chosen.name_executor(written)
    return Checked(data=data, executor=executor, comparison=check.comparison, notices=check.notices)
