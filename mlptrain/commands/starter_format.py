"""How a table is written that `init` looks at: as the user says, else as it looks; and the lines that are no rows."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from shlex import quote

from mlptrain.commands.starter_gaps import means_missing
from mlptrain.commands.starter_yaml import format_setting
from mlptrain.data.cell_cures import SETTING
from mlptrain.data.files import is_parquet, is_zip
from mlptrain.data.grammar import DecimalPoint, NumberGrammar
from mlptrain.data.number_forms import choose_number_grammar
from mlptrain.data.sniffing import sniff_format
from mlptrain.data.table import Table, read_table_to_describe
from mlptrain.data.table_format import TableFormat, is_known_encoding
from mlptrain.data.workbook_shape import look_at_workbook
from mlptrain.errors import DataError, MissingFile, SpecError

OPTIONS = ("skip_rows", "encoding", "delimiter", "decimal", "sheet")
"""The keys of a spec that `init`, which has no spec yet, has options for."""
PROPOSED = re.compile(rf"(?P<verb>set )?{SETTING.pattern}")


@contextmanager
def propose_own_options() -> Iterator[None]:
    """Say with the options of `init` what is to be done about a table that cannot be read."""
    try:
        yield
    except MissingFile:
        raise
    except DataError as problem:
        raise DataError(put_options_for_keys(str(problem))) from None


def put_options_for_keys(said: str) -> str:
    """A message that proposes options of `init` in place of keys of a spec.

    >>> put_options_for_keys('a title: set data.skip_rows: 2 and data.delimiter: ";"')
    "a title: give --skip-rows 2 and --delimiter ';'"
    >>> put_options_for_keys("set data.encoding (cp1252 is common)"), put_options_for_keys("set data.header: false")
    ('give --encoding (cp1252 is common)', 'set data.header: false')
    """

    def write_proposal(found: re.Match[str]) -> str:
        if found["key"] not in OPTIONS:
            return found[0]
        option = f"--{found['key'].replace('_', '-')}"
        value = found["value"] and quote(found["value"].strip('"'))
        return f"{'give ' if found['verb'] else ''}{option}{f' {value}' if value else ''}"

    return PROPOSED.sub(write_proposal, said)


def make_given_format(
    *,
    skip_rows: int = 0,
    encoding: str | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    sheet: str | None = None,
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
    return TableFormat(skip_rows=skip_rows, encoding=encoding or "utf-8", delimiter=mark, decimal=point, sheet=sheet)


def find_table_format(path: str, target: str | None, given: TableFormat) -> TableFormat:
    """How the text of a file is written, as far as it is not given."""
    found = sniff_format(path, [] if target is None else [target], given)
    return replace(found, decimal=given.decimal)


def describe_skipped_lines(path: str, layout: TableFormat) -> Iterator[str]:
    """Notices of the lines that the spec leaves out."""
    word = "row" if is_zip(path) else "line"
    for count, where, key in (
        (layout.skip_rows, "above the names", "skip_rows"),
        (layout.skip_after_names, "below the names", "skip_after_names"),
        (layout.skip_footer, "at the end", "skip_footer"),
    ):
        if count:
            lines = f"{count} {word}{'s' * (count > 1)}"
            yield f"{path}: {lines} {where} {'are' if count > 1 else 'is'} no part of the table (data.{key}: {count})"


def look_at_format(path: str, target: str | None, given: TableFormat) -> tuple[TableFormat, list[str]]:
    """How the table of a file of any kind is written: what is `given`, and what a first look tells; remarks on it."""
    if is_parquet(path):
        return TableFormat(), []
    if not is_zip(path):
        return find_table_format(path, target, given), []
    layout, remark = look_at_workbook(path, [target] if target else [], given)
    return layout, [remark] if remark else []


def apply_best_number_grammar(
    data: str, layout: TableFormat, table: Table, asked: TableFormat
) -> tuple[TableFormat, Table]:
    """The format and the table with the way to write numbers by which most columns are numbers."""
    texts = [
        {value: count for value, count in counts.items() if value.strip() and not means_missing(value)}
        for counts in (
            dict.fromkeys(column.first_texts, 1) if column.is_numeric else column.kept_texts.counts
            for name, column in table.columns.items()
            if not table.type_of(name).has_values
        )
        if len(counts) > 1
    ]
    point: DecimalPoint = "." if layout.delimiter is None else ","  # who divides by commas writes no decimal commas
    best = choose_number_grammar(texts, table.grammar, point=point)
    if best == table.grammar:
        return layout, table
    given = {each.name: getattr(best, each.name) for each in fields(NumberGrammar) if hasattr(layout, each.name)}
    better = replace(layout, **given)
    if asked.decimal != TableFormat.decimal and better.decimal != asked.decimal:
        return layout, table
    return better, read_table_to_describe(data, better)


def format_table_settings(layout: TableFormat) -> Iterator[str]:
    """What differs from an ordinary CSV file."""
    words = {
        "header": "the names are numbers"
        if layout.has_header
        else "the first line looks like data: the columns are column_1, column_2, …",
        "skip_rows": "lines above the names",
        "skip_after_names": "lines below the names that are no rows, such as units",
        "skip_footer": "lines at the end that are no rows, such as sums",
        "skip_initial_space": "there is a blank after each delimiter",
    }
    for each in fields(TableFormat):
        value = getattr(layout, each.name)
        if each.name != "replace" and value not in (None, each.default):
            text = format_setting(value)
            yield f"  {each.name}: {text}" + (f"    # {words[each.name]}" if each.name in words else "")
