"""Where predictions go: in which form, and what they may replace."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlptrain.commands.paths import NamedFile, list_data_files, list_files_beside_model, require_separate_files
from mlptrain.data.column_names import format_quoted_names
from mlptrain.data.sniffing import CANDIDATES
from mlptrain.data.table_writing import TYPED, TableForm, TextForm, choose_table_form
from mlptrain.errors import SpecError
from mlptrain.model.answers import escape_spreadsheet_formula
from mlptrain.model.model import Model
from mlptrain.storage.publishing import check_writable

STDOUT = Path("-")
ENCODINGS: Sequence[str] = ("utf-8", "cp1252", "latin-1", "utf-16", "utf-16-le", "utf-16-be")
"""In which predictions may be written, beside the encoding that the user names for the input."""


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """How predictions are written."""

    like_input: bool = False
    """In the dialect of the input: delimiter, decimal mark, encoding, byte order mark, ends of lines."""
    digits: int | None = None
    """Significant digits of the numbers; None for all that a number has."""


def choose_output_form(
    out: Path, options: OutputOptions, dialect: TextForm | None, texts: Collection[str]
) -> tuple[TableForm, str]:
    """The form in which predictions are written to `out` ("-": standard output), and a notice if it is another one.

    `dialect` is that of the input, None if it has none; `texts` are names and labels that must be written.
    """
    if not options.like_input:
        return choose_table_form(out, digits=options.digits), ""
    if dialect is None:
        if out.suffix.lower() in TYPED:
            return choose_table_form(out, digits=options.digits), ""
        why = "DATA is no delimited text, so that it has no dialect"
        raise SpecError(f"--like-input: {why}; leave it out, or give --out NAME.xlsx (Excel) or NAME.parquet")
    strange = [text for text in texts if not dialect.can_write(text)]
    if not strange:
        return choose_table_form(out, digits=options.digits, dialect=dialect), ""
    unicode = replace(dialect, encoding="utf-8", byte_order_mark=True)
    why = f"the input's encoding, {dialect.encoding}, cannot hold {strange[0]!r}"
    notice = f"--like-input: {why}; the predictions are UTF-8 with a byte order mark"
    return choose_table_form(out, digits=options.digits, dialect=unicode), notice


def require_replaceable_predictions(
    path: Path, form: TableForm, *, names: Collection[str], model: Model, encoding: str = "utf-8"
) -> None:
    """Refuse to replace a file that is not surely predictions of a command like this one, which writes `names`.

    A file is replaced if it is empty, or has the targets' columns and no columns but those, probabilities and scores of
    this model's classes, and those that this command writes. The file may be in any dialect in which predictions are
    written; `encoding` is that of the input.
    """
    if not path.is_file() or not path.stat().st_size:
        return
    targets = model.head.names
    classes = (f"{what}_{label}" for what in ("probability", "score") for label in model.head.classes)
    known = {*names, *targets, *classes, *(f"score_{name}" for name in targets)}
    known |= set(map(escape_spreadsheet_formula, known))
    cure = "choose another name, or remove it first"
    wanted = [{name, escape_spreadsheet_formula(name)} for name in targets]
    readings = read_names_in_any_dialect(path, form, [encoding, *ENCODINGS])
    found = next((each for each in readings if all(forms & set(each) for forms in wanted)), None)
    if found is None:
        raise SpecError(f"--out {path}: exists and holds no predictions of this target; {cure}")
    if others := [name for name in found if name not in known]:
        columns = f"has columns that this command does not write: {format_quoted_names(others, 5)}"
        raise SpecError(f"--out {path}: exists and {columns}; {cure}")


def read_names_in_any_dialect(path: Path, form: TableForm, encodings: Collection[str]) -> Iterator[list[str]]:
    """The names of the columns of a file, read in its form, and as text in one dialect after the other."""
    yield form.read_names(path)
    packed = isinstance(form, TextForm) and form.gzip
    for encoding in dict.fromkeys(encodings):
        for delimiter in CANDIDATES:
            yield TextForm(encoding=encoding, delimiter=delimiter, gzip=packed).read_names(path)


def require_separate_output(out: Path, model_path: Path, data: str, model: Model) -> None:
    """Refuse to write predictions where the input, the model, or a file of its training is."""
    folder = model_path.parent / model.spec_folder
    read = [NamedFile(path=model_path, role="the model"), *list_files_beside_model(model_path)]
    if data != "-":
        read.append(NamedFile(path=Path(data), role="the input file"))
    training = list_data_files(model.spec.data, folder)
    read += [NamedFile(path=file.path, role=f"{file.role} of the model") for file in training]
    require_separate_files([NamedFile(path=out, role="where the predictions go", option="--out")], read)
    check_writable(out)
