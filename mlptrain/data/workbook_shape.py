"""How a table lies in an Excel workbook, by the rules for texts: its sheet, titles, units, sums; for a first spec."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from mlptrain.data.column_names import has_saved_index
from mlptrain.data.excel import Value, is_filled, read_sheet, write_value
from mlptrain.data.sniffing import FOOTERS, TAIL, find_header
from mlptrain.data.table_format import TableFormat
from mlptrain.data.table_shape import Record, count_footer_rows, count_rows_after_names, find_names

LOOKED_AT = 50
"""Rows from which it is told where the table begins."""


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook: its rows as texts, without empty cells at their ends."""

    name: str
    others: Sequence[str]
    rows: Sequence[Record]

    def find_names(self, names: Collection[str]) -> int | None:
        """The first of the rows at the top that have the most of the names; None if none has one."""
        return find_names(self.rows[:LOOKED_AT], names)

    @property
    def has_table(self) -> bool:
        """Whether two rows have two cells each, at least."""
        return sum(sum(map(bool, row)) > 1 for row in self.rows[:LOOKED_AT]) > 1

    def find_start(self, names: Collection[str]) -> int:
        """The row in which the table begins: that with one of `names`, else the first as wide as most rows are."""
        filled = [len(row) if has_saved_index(row) else sum(map(bool, row)) for row in self.rows[:LOOKED_AT]]
        widths = Counter(width for width in filled if width)
        usual = max(widths, key=lambda width: (widths[width], width), default=1)
        by_width = next((place for place, width in enumerate(filled) if width >= usual), 0)
        named = self.find_names(names)
        return by_width if named is None else named


def look_at_workbook(
    path: str, names: Collection[str], given: TableFormat, *, usual_footer: int = 0
) -> tuple[TableFormat, str]:
    """How the table of a workbook is laid out, and a remark on the sheet, where the user named none of several.

    `names` are known names of columns; the sheet and the rows to skip that are `given` stand; tables of the same origin
    have `usual_footer` rows at the end that are none.
    """
    sheet = read_texts(path, given.sheet) if given.sheet is not None else choose_sheet_with_table(path, names)
    layout = describe_sheet(sheet, names, given.skip_rows, usual_footer)
    if given.sheet is not None or not sheet.others:
        return layout, ""
    others = ", ".join(map(repr, sheet.others))
    return layout, f"{path}: the sheet {sheet.name!r} is read, not {others}; --sheet names another one"


def choose_sheet_with_table(path: str, names: Collection[str]) -> Sheet:
    """The first sheet that has one of the names, else the first with a table, else the first."""
    sheets = read_sheets(path)
    seen = []
    for sheet in sheets:
        seen.append(sheet)
        if sheet.has_table and (not names or sheet.find_names(names) is not None):
            return sheet
    return next((sheet for sheet in seen if sheet.has_table), seen[0])


def read_sheets(path: str) -> Iterator[Sheet]:
    """The sheets of a workbook, one after another."""
    first = read_texts(path, None)
    yield first
    yield from (read_texts(path, name) for name in first.others)


def read_texts(path: str, name: str | None) -> Sheet:
    """A sheet as texts."""
    title, sheets, rows = read_sheet(path, name)
    return Sheet(title, [other for other in sheets if other != title], list(map(write_row, rows)))


def write_row(values: Sequence[Value]) -> Record:
    """The texts of a row, up to its last cell with a value."""
    filled = [place for place, value in enumerate(values) if is_filled(value)]
    return [write_value(value) for value in values[: filled[-1] + 1]] if filled else []


def describe_sheet(sheet: Sheet, names: Collection[str], skipped: int, usual_footer: int) -> TableFormat:
    """The layout of the table in a sheet, of which `skipped` rows are skipped, if any."""
    start = skipped or sheet.find_start(names)
    first, *below = [row for row in sheet.rows[start:] if row] or [[]]
    width = max(map(len, [first, *(row for row in below if sum(map(bool, row)) > 1)]))
    rows = [pad_row(row, width) for row in below]
    header = find_header(first, names)
    after = 0 if header is False else count_rows_after_names([row for row in rows if len(row) == width])
    footer = count_footer_rows(rows[after:], rows[after:][-TAIL:], width, usual=usual_footer)
    return TableFormat(
        header=header,
        skip_rows=start if any(sheet.rows[:start]) else 0,
        skip_after_names=after,
        skip_footer=min(footer, FOOTERS),
        sheet=sheet.name if sheet.others else None,
    )


def pad_row(row: Record, width: int) -> Record:
    """A row as wide as the table; a lone text in the first of several columns stays alone, as a remark stands."""
    return row if len(row) == 1 < width else [*row, *[""] * (width - len(row))]
