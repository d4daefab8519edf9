"""What the data room's tests share: tables from bytes, drawn tables, damaged copies."""

import gzip
import io
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from mlptrain.data.cells import Cells, NumberCells, TextCells
from mlptrain.data.coding import Coder
from mlptrain.data.delimited import Reader
from mlptrain.data.files import unpack_gzip
from mlptrain.data.table import Part, Table, gather_readers_into_table
from mlptrain.data.table_format import TableFormat
from mlptrain.data.table_writing import write_table
from mlptrain.errors import DataError

drawn = settings(derandomize=True, deadline=None, database=None)
"""The same examples on every run, however slow the machine."""

Columns = dict[str, list[str]]


def read(content: bytes | str, **layout: Any) -> Table:
    """The table in some bytes, or in the UTF-8 of a text; messages name it f.csv."""
    return read_several({"f.csv": content}, **layout)


def read_several(contents: dict[str, bytes | str], **layout: Any) -> Table:
    """The table in several pieces of bytes or texts, which have the names of files."""
    form = TableFormat(**layout)
    return gather_readers_into_table([reader_of(content, name, form) for name, content in contents.items()], form, ())


def reader_of(content: bytes | str, name: str, layout: TableFormat) -> Reader:
    """The standard reader of some bytes, or of the UTF-8 of a text."""
    data = content.encode() if isinstance(content, str) else content
    return Reader(lambda: unpack_gzip(io.BytesIO(data), name), name, layout)


def attempt(content: bytes, **layout: Any) -> Table | DataError:
    """The table, or the error that there is none."""
    try:
        return read(content, **layout)
    except DataError as problem:
        return problem


def table(**columns: str | list[str]) -> Table:
    """A table of cells; a text stands for its cells, divided by blanks, "_" for an empty one."""
    texts = {name: split(cells) if isinstance(cells, str) else cells for name, cells in columns.items()}
    cells = {name: coded(each) for name, each in texts.items()}
    rows = len(next(iter(texts.values())))
    return Table("f.csv", cells, rows, [Part("f.csv", rows, lambda found: [row + 2 for row in found])])


def split(text: str) -> list[str]:
    return ["" if cell == "_" else cell for cell in text.split()]


def coded(texts: list[str]) -> TextCells:
    """Cells of texts."""
    coder = Coder()
    codes = coder.codes(texts)
    return TextCells(codes, coder.values)


def texts_of(found: Table) -> Columns:
    """All cells of a table as texts."""
    return {name: found.texts(name) for name in found.columns}


def lines_of(found: Table) -> list[int]:
    """The line (or the number) of every row."""
    places = found.places(range(found.rows))
    return [int(place.replace(" row ", ":").rpartition(":")[2]) for place in places]


def same_cells(one: Cells, other: Cells) -> bool:
    """Whether the cells are the same, in the same form, however the texts are coded."""
    if isinstance(one, NumberCells) and isinstance(other, NumberCells):
        return (
            one.numbers.tobytes() == other.numbers.tobytes()
            and one.odd_rows.tolist() == other.odd_rows.tolist()
            and one.odd.texts() == other.odd.texts()
            and (one.digits, one.inexact) == (other.digits, other.inexact)
        )
    return isinstance(one, TextCells) and isinstance(other, TextCells) and one.texts() == other.texts()


def written(columns: Columns) -> str:
    """The text that `write_table` makes of columns."""
    stream = io.StringIO(newline="")
    write_table(columns, stream)
    return stream.getvalue()


def zipped(content: bytes) -> bytes:
    """The same bytes as gzip, the same on every day."""
    return gzip.compress(content, mtime=0)


TROUBLE = [
    '"',
    '""',
    ",",
    "\r",
    "\n",
    "\r\n",
    "\n\n",
    '","',
    '"\n',
    " ",
    "\t",
    ";",
    "'",
    "\\",
    "=1+1",
    "NA",
    "\x1a",
    "\x85",
]
TROUBLE += ["\u2028", "\ufeff", "é", "\u0661", "\U0001f600", "\x1b[2J", "a,b\nc"]
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.lists(st.sampled_from(TROUBLE) | characters, max_size=6).map("".join)
"""Any text that a cell may hold."""

plain_texts = st.text("abcXYZ019.- é", max_size=4)
"""Texts without a character that needs quotes."""


def is_name(text: str) -> bool:
    """Whether a column may be called so: not blank; a BOM at the beginning of a file is no part of a name."""
    return bool(text.strip()) and not text.startswith("\ufeff")


@st.composite
def columns_of(draw: st.DrawFn, cells: st.SearchStrategy[str] = texts, *, least: int = 1, most: int = 4) -> Columns:
    """Named columns of one length, at least one of them with a name that is no number.

    Of several columns, no row is without any cell: such a row is left out.
    """
    names = draw(st.lists(cells.filter(is_name), min_size=least - 1, max_size=most - 1, unique=True))
    names = [name for name in names if name != "name"]
    names.insert(draw(st.integers(0, len(names))), "name")
    rows = draw(st.integers(0, 6))
    columns = {name: draw(st.lists(cells, min_size=rows, max_size=rows)) for name in names}
    if len(names) > 1:
        cells = zip(columns["name"], *columns.values(), strict=True)
        columns["name"] = [row[0] if any(row) else "-" for row in cells]
    return columns
