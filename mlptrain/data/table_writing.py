"""Tables to write: delimited text in a dialect, Parquet, or a workbook; the form of a file follows from its name.

Columns come as texts, numbers among them as Python writes them; `numeric` names these. All forms hold the same values.
"""

import codecs
import csv
import gzip
import io
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from mlptrain.data import excel_writer, parquet_writer
from mlptrain.data.column_types import ColumnType
from mlptrain.data.files import GZIP_FAULTS
from mlptrain.data.grammar import DecimalPoint
from mlptrain.errors import DataError, SpecError

Columns = Mapping[str, Sequence[str]]

LONGEST_NAMES = 1 << 20
"""Bytes of a file's beginning in which the names of its columns must end."""


class Writer:
    """Writes columns of texts as delimited lines."""

    def __init__(self, stream: TextIO, delimiter: str = ",", line_end: str = "\n") -> None:
        self._plain = csv.writer(stream, delimiter=delimiter, lineterminator=line_end)
        # With this end of line, every `csv` quotes cells that hold a carriage return; ours is put in its place.
        careful = cast(TextIO, UnixLines(stream)) if line_end == "\n" else stream
        self._careful = csv.writer(careful, delimiter=delimiter, lineterminator="\r\n")

    def write(self, columns: Sequence[Sequence[str]]) -> None:
        """Write the rows of some columns."""
        careful = any("\r" in "".join(cells) for cells in columns)
        (self._careful if careful else self._plain).writerows(zip(*columns, strict=True))


@dataclass(frozen=True)
class UnixLines:
    """A stream for lines that end in CR LF, written with LF alone."""

    stream: TextIO

    def write(self, line: str) -> int:
        """Write one line."""
        return self.stream.write(line[:-2] + "\n")


def write_table(columns: Columns, stream: TextIO) -> None:
    """Write columns of text as CSV, names first."""
    writer = Writer(stream)
    writer.write([[name] for name in columns])
    writer.write(list(columns.values()))


def round_number_text(text: str, digits: int) -> str:
    """A number with so many significant digits; an empty text stays.

    >>> [round_number_text(text, 3) for text in ("0.42063028", "123456.0", "2.0", "1e-07", "")]
    ['0.421', '123000', '2', '1e-07', '']
    """
    return str(float(f"{float(text):.{digits - 1}e}")).removesuffix(".0") if text else ""


@dataclass(frozen=True, kw_only=True)
class TextForm:
    """Delimited text: how it is written."""

    delimiter: str = ","
    decimal: DecimalPoint = "."
    encoding: str = "utf-8"
    byte_order_mark: bool = False
    line_end: str = "\n"
    gzip: bool = False
    digits: int | None = None
    """Significant digits of the numbers; None for all that a number has."""

    def write(self, pieces: Iterable[Columns], numeric: Collection[str], stream: BinaryIO) -> None:
        """Write the names and the pieces of a table."""
        with self.open_text(stream) as text:
            writer = Writer(text, self.delimiter, self.line_end)
            for number, columns in enumerate(pieces):
                if not number:
                    writer.write([[name] for name in columns])
                writer.write(
                    [self.format_numbers(cells) if name in numeric else cells for name, cells in columns.items()]
                )

    def format_numbers(self, cells: Sequence[str]) -> Sequence[str]:
        """Numbers with the digits and the decimal mark that are wanted."""
        if self.digits is not None:
            cells = [round_number_text(cell, self.digits) for cell in cells]
        return cells if self.decimal == "." else [cell.replace(".", self.decimal) for cell in cells]

    @contextmanager
    def open_text(self, stream: BinaryIO) -> Iterator[TextIO]:
        """A stream of text over one of bytes, which stays open; compressed without name and time, so always alike."""
        packed = gzip.GzipFile("", "wb", fileobj=stream, mtime=0) if self.gzip else None
        raw = cast(BinaryIO, packed or stream)
        text = io.TextIOWrapper(raw, encoding=self.encoding, newline="", write_through=False)
        try:
            if self.byte_order_mark:
                text.write("\ufeff")
            yield text
        except UnicodeEncodeError as problem:
            what = f"{problem.object[problem.start]!r} is no character of {self.encoding}"
            raise DataError(f"the predictions cannot be written: {what}; leave out --like-input") from None
        finally:
            text.detach()
            if packed is not None:
                packed.close()

    def can_write(self, texts: Iterable[str]) -> bool:
        """Whether the encoding has all characters of some texts."""
        try:
            "".join(texts).encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True

    def read_names(self, path: Path) -> list[str]:
        """The names of the columns of a file that is written in this form; none if it is written otherwise."""
        try:
            with path.open("rb") as raw:
                stream = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if self.gzip else raw
                beginning = stream.read(LONGEST_NAMES)
            text = codecs.getincrementaldecoder(self.encoding)().decode(beginning).removeprefix("\ufeff")
            return next(csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter, strict=True), [])
        except (UnicodeError, csv.Error, *GZIP_FAULTS):
            return []


@dataclass(frozen=True, kw_only=True)
class ParquetForm:
    """A Parquet file: numbers as doubles, kept columns of the types they have, everything else as texts; a number that
    is not there is null.
    """

    digits: int | None = None
    types: Mapping[str, ColumnType] = field(default_factory=dict)
    """The types of the columns that are no predictions, where their source knows them."""

    def __post_init__(self) -> None:
        parquet_writer.require_pyarrow()

    def write(self, pieces: Iterable[Columns], numeric: Collection[str], stream: BinaryIO) -> None:
        """Write the pieces of a table, a row group each."""
        parquet_writer.write_pieces(convert_numbers(pieces, numeric, self.digits), numeric, self.types, stream)

    def read_names(self, path: Path) -> list[str]:
        """The names of the columns of a Parquet file; none if it is another kind of file."""
        return parquet_writer.read_names(path)


@dataclass(frozen=True, kw_only=True)
class ExcelForm:
    """An Excel workbook of one sheet: numbers as numbers, kept cells by their types, all others as texts."""

    digits: int | None = None
    types: Mapping[str, ColumnType] = field(default_factory=dict)
    """The types of the columns that are no predictions, where their source knows them."""

    def __post_init__(self) -> None:
        excel_writer.require_openpyxl()

    def write(self, pieces: Iterable[Columns], numeric: Collection[str], stream: BinaryIO) -> None:
        """Write the pieces of a table below each other."""
        from mlptrain.data.kept_columns import restore_pieces  # seldom needed

        excel_writer.write_workbook(restore_pieces(convert_numbers(pieces, numeric, self.digits), self.types), stream)

    def read_names(self, path: Path) -> list[str]:
        """The names of the columns in a workbook; none if it is another kind of file."""
        return excel_writer.read_workbook_names(path)


def convert_numbers(
    pieces: Iterable[Columns], numeric: Collection[str], digits: int | None
) -> Iterator[dict[str, Sequence[Any]]]:
    """The pieces of a table, the texts of whose `numeric` columns have become numbers."""
    for columns in pieces:
        yield {
            name: [convert_number_text(cell, digits) for cell in cells] if name in numeric else cells
            for name, cells in columns.items()
        }


def convert_number_text(text: str, digits: int | None) -> float | None:
    """A text of a number as the number, None for an empty one."""
    return float(text if digits is None else round_number_text(text, digits)) if text else None


TableForm = TextForm | ParquetForm | ExcelForm

TYPED: Mapping[str, type[ParquetForm | ExcelForm]] = {".parquet": ParquetForm, ".pq": ParquetForm, ".xlsx": ExcelForm}
"""The forms of files that know the types of their cells, by the ends of names."""

CSV = TextForm()

NOT_WRITTEN = {
    **dict.fromkeys((".xls", ".xlsm", ".xlsb"), "an Excel file of this kind (but as .xlsx)"),
    ".ods": "an OpenDocument file",
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), "JSON"),
    **dict.fromkeys((".npz", ".npy"), "NumPy arrays"),
    **dict.fromkeys((".feather", ".arrow", ".ipc"), "an Arrow file"),
    **dict.fromkeys((".zip", ".bz2", ".xz", ".zst", ".7z"), "a file compressed so"),
    **dict.fromkeys((".yaml", ".yml"), "YAML"),
    **dict.fromkeys((".html", ".htm", ".md", ".pdf"), "a document"),
    **dict.fromkeys((".pkl", ".pickle", ".h5", ".hdf5", ".db", ".sqlite"), "a file of this kind"),
}
"""What names say that no form here is."""


def choose_table_form(
    path: Path, *, digits: int | None = None, dialect: TextForm | None = None, option: str = "--out"
) -> TableForm:
    """The form that a file's name asks for: .parquet, .xlsx, .tsv, with .gz compressed; else CSV, or the `dialect`.

    A SpecError where the name asks for what is not written, or contradicts the dialect.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes[-1:] == [".gz"]
    kind = next(iter(suffixes[-2:-1] if packed else suffixes[-1:]), "")
    if kind in NOT_WRITTEN or (packed and kind in TYPED):
        what = NOT_WRITTEN.get(kind, "a compressed file of this kind (it is compressed within)")
        names = ".csv, .csv.gz, .tsv, .parquet or .xlsx"
        raise SpecError(f"{option} {path}: the table is not written as {what}; name it {names}")
    if kind in TYPED:
        if dialect is not None:
            why = "such a file has no delimiter and no decimal mark"
            raise SpecError(f"--out {path} with --like-input: {why}; leave --like-input out, or name it .csv")
        return TYPED[kind](digits=digits)
    if dialect is None:
        return TextForm(delimiter="\t" if kind in (".tsv", ".tab") else ",", digits=digits, gzip=packed)
    if kind in (".tsv", ".tab") and dialect.delimiter != "\t":
        why = f"the input's delimiter is {dialect.delimiter!r}, and this name is for tabs"
        raise SpecError(f"--out {path} with --like-input: {why}; name it .csv")
    return replace(dialect, digits=digits, gzip=packed)
