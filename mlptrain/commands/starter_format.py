"""How a table is written that `init` looks at: as the user says, else as it looks; and the lines that are no rows."""

from collections.abc import Iterator
from dataclasses import replace

from mlptrain.data.grammar import DecimalPoint
from mlptrain.data.sniffing import sniff_format
from mlptrain.data.table_format import TableFormat, is_known_encoding
from mlptrain.errors import SpecError


def make_given_format(
    *, skip_rows: int = 0, encoding: str | None = None, delimiter: str | None = None, decimal: str | None = None
) -> TableFormat:
    """The form of the text as far as the user gives it; a SpecError for what cannot be."""
    mark = "\t" if delimiter in ("\\t", "tab") else delimiter
    if mark is not None and (len(mark) != 1 or mark in '"\r\n\0'):
        raise SpecError(f"--delimiter {delimiter}: give the one character that divides the cells (\\t for a tab)")
    if encoding is not None and not is_known_encoding(encoding):
        raise SpecError(f"--encoding {encoding}: no text encoding; utf-8, cp1252 and latin-1 are common")
    if decimal not in (None, ".", ","):
        raise SpecError(f"--decimal {decimal}: give . or ,")
    point: DecimalPoint = "," if decimal == "," else "."
    return TableFormat(skip_rows=skip_rows, encoding=encoding or "utf-8", delimiter=mark, decimal=point)


def find_table_format(path: str, target: str | None, given: TableFormat) -> TableFormat:
    """How the text of a file is written, as far as it is not given."""
    found = sniff_format(path, [] if target is None else [target], given)
    return replace(found, decimal=given.decimal)


def describe_skipped_lines(path: str, layout: TableFormat) -> Iterator[str]:
    """Notices of the lines that the spec leaves out."""
    for count, where, key in (
        (layout.skip_rows, "above the names", "skip_rows"),
        (layout.skip_after_names, "below the names", "skip_after_names"),
        (layout.skip_footer, "at the end", "skip_footer"),
    ):
        if count:
            lines = f"{count} line{'s' * (count > 1)}"
            yield f"{path}: {lines} {where} {'are' if count > 1 else 'is'} no part of the table (data.{key}: {count})"
