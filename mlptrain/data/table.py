"""Tables: named columns of cells, which know the file and line of each row for messages; reading and writing them."""

import codecs
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import accumulate

from mlptrain.data import arrow_csv
from mlptrain.data.cells import Block, Cells, Gatherer, RowNumbers, TextCells
from mlptrain.data.column_names import describe_missing_columns
from mlptrain.data.column_types import TEXT, ColumnType, find_texts_of_equal_value, make_typed_grammar
from mlptrain.data.common_columns import check_same_columns, find_common_types
from mlptrain.data.delimited import Reader
from mlptrain.data.excel import ExcelReader
from mlptrain.data.files import is_idx, is_parquet, is_zip, make_opener, match_files, name_input
from mlptrain.data.grammar import NUMBERS, NumberGrammar
from mlptrain.data.left_out_lines import describe_left_out_lines
from mlptrain.data.meanings import find_texts_of_marks
from mlptrain.data.parquet import ParquetReader
from mlptrain.data.stores import MEMORY, Store
from mlptrain.data.table_format import TableFormat
from mlptrain.data.table_writing import TextForm
from mlptrain.errors import CellFault, DataError

AnyReader = Reader | ParquetReader | ExcelReader

CHUNK = 1 << 15
"""Rows of a table that is read piece by piece."""

Texts = Collection[str]
"""Names of columns that are kept as texts, because their texts will be asked for."""


@dataclass(frozen=True)
class Part:
    """The rows of a table that come from one file; `lines_of(rows)` are the file lines they begin on (ascending)."""

    name: str
    rows: int
    lines_of: Callable[[Sequence[int]], list[int]]
    unit: str = ":"
    """What stands between the file's name and the number: ":" for lines, " row " where a file has no lines."""
    may_have_others: bool = False
    """Whether rows of it may be no rows of the table, such as units or sums: a text or a sheet was typed by someone."""
    place_of_names: str = ""
    """Where the names of the columns stand; empty for the file's first line."""
    which_sheet: str = ""
    """Which of several sheets it is."""


@dataclass(frozen=True)
class Table:
    """Columns of cells, all of one length, in the order of the file."""

    name: str
    columns: Mapping[str, Cells]
    rows: int
    parts: Sequence[Part]
    origin: RowNumbers | None = None
    """For each row its number in the file(s), if the table has only some of their rows."""
    inner_blank_lines: int = 0
    empty_rows_at_end: int = 0
    """How many rows without any cell were left out behind the others."""
    again: "Callable[[Texts], Table] | None" = None
    """Reads the whole table once more, with the texts of some columns."""
    grammar: NumberGrammar = NUMBERS
    """How numbers are written in cells that are texts."""
    types: Mapping[str, ColumnType] = field(default_factory=dict)
    """The types of columns whose source knows them; empty for text files."""
    remarks: Sequence[str] = ()
    """What the user should hear of the files."""
    left_out: Sequence[str] = ()
    """Notices of the lines that the format of the files leaves out."""
    kinds_follow_types: bool = False
    """Whether the type of a column is its kind where the spec declares none (in memory), or its cells say it."""
    is_piece: bool = False
    """Whether others of the file's rows are read apart."""
    replaced_keys: frozenset[str] = frozenset()
    """The keys of `data.replace` that were in some cell."""
    store: Store = MEMORY
    """Where the columns live, and what is made of them."""

    @property
    def has_all_rows(self) -> bool:
        """Whether there are no rows beside these, so that what is counted in them is all."""
        return self.origin is None and not self.is_piece

    def column(self, name: str) -> Cells:
        """The cells of one column; an error names the nearest one where it is missing."""
        if name not in self.columns:
            raise DataError(self.missing([name]))
        return self.columns[name]

    def type_of(self, name: str) -> ColumnType:
        """The type of one column; that of texts where its source knows none."""
        return self.types.get(name, TEXT)

    def grammar_of(self, name: str) -> NumberGrammar:
        """How the numbers of one column are written: typed ones in one way only, whatever the spec says of texts."""
        return make_typed_grammar(self.grammar) if self.type_of(name).has_values else self.grammar

    def gaps(self, name: str, missing: Collection[str]) -> frozenset[str]:
        """The texts of one column that mean missing: `marks`, and blanks alone or around one of them."""
        marks = self.marks(name, missing)
        return marks | find_texts_of_marks(self.column(name).kept_texts.values, marks)

    def marks(self, name: str, missing: Collection[str]) -> frozenset[str]:
        """The words for missing in one column: the empty one and `missing`, which typed cells match by value."""
        kind = self.type_of(name)
        if not kind.has_values or not missing:
            return frozenset({"", *missing})
        texts = self.column(name).kept_texts.values
        return find_texts_of_equal_value(texts, missing, kind, self.grammar) | {""}

    def code_texts(self, name: str) -> TextCells:
        """The cells of one column as texts."""
        cells = self.column(name)
        coded = cells.code_texts()
        if coded is None:
            assert self.again is not None
            coded = self.again([name]).code_texts(name)
            coded = coded if self.origin is None else coded.take(self.origin)
        return coded

    def texts(self, name: str) -> list[str]:
        """The cells of one column as a list of texts."""
        return self.code_texts(name).texts()

    def missing(self, names: Sequence[str]) -> str:
        """The message that columns are missing."""
        first = self.parts[0] if self.parts else Part(self.name, 0, list)
        place = first.place_of_names or first.name + ":1" * (first.unit == ":")
        sheet = f" ({first.which_sheet})" if first.which_sheet else ""
        return f"{place}: {describe_missing_columns(names, self.columns)}{sheet}"

    def fault(self, row: int, column: str, why: str, *, cure: str = "", text: str = "") -> CellFault:
        """The error that a cell (of this text) is wrong, at its line and column, and what a spec can do about it."""
        return CellFault(f'{self.places([row])[0]}: column "{column}": {why}', cure, column=column, text=text)

    def places(self, rows: Sequence[int]) -> list[str]:
        """The file and line of some rows."""
        return [f"{part.name}{part.unit}{line}" for part, line in self._lines(rows)]

    def lines(self, rows: Sequence[int]) -> list[str]:
        """The lines of some rows, with their files where there are several."""
        word = "line " if not self.parts or self.parts[0].unit == ":" else "row "
        return self.places(rows) if len(self.parts) > 1 else [f"{word}{line}" for _, line in self._lines(rows)]

    def describe_cells(self, name: str, rows: Sequence[int]) -> str:
        """Cells of a column with their lines, for a message."""
        cells = self.columns[name]
        return ", ".join(f"{cells.text(row)!r} on {line}" for row, line in zip(rows, self.lines(rows), strict=True))

    def _lines(self, rows: Sequence[int]) -> Iterator[tuple[Part, int]]:
        wanted = list(rows) if self.origin is None else self.origin[list(rows)].tolist()
        ends = list(accumulate(part.rows for part in self.parts))
        found = {}
        for position, part in enumerate(self.parts):
            begin = ends[position] - part.rows
            inside = sorted({row for row in wanted if bisect_right(ends, row) == position})
            lines = part.lines_of([row - begin for row in inside])
            found.update({row: (part, line) for row, line in zip(inside, lines, strict=True)})
        return map(found.__getitem__, wanted)

    def take(self, rows: RowNumbers) -> "Table":
        """A table of some rows."""
        columns = self.store.take(self.columns, rows)
        origin = rows if self.origin is None else self.origin[rows]
        return replace(self, columns=columns, rows=len(rows), origin=origin)


def format_row_count(rows: int) -> str:
    """A number of rows in words."""
    return f"{rows:,} row{'s' * (rows != 1)}"


def describe_empty_rows(count: int) -> str:
    """The notice of rows without any cell behind the others."""
    return f"{count} row{'s' * (count > 1)} without any cell at the end left out"


def read_table(
    paths: str | Sequence[str],
    layout: TableFormat,
    *,
    texts: Texts = (),
    unread: Texts = (),
    only: Texts | None = None,
    store: Store = MEMORY,
) -> Table:
    """The table in a file, or in several with the same columns ("-": standard input), in a store.

    Where the columns of a file can be read one by one, `unread` ones have empty cells, and so have all but the `only`
    ones that matter.
    """
    given = [paths] if isinstance(paths, str) else paths
    readers = [open_reader(name, layout) for path in given for name in match_files(path)]
    others = set() if only is None else {name for reader in readers for name in reader.header()}.difference(only)
    return gather_readers_into_table(readers, layout, texts, {*unread, *others}, store)


def read_table_to_describe(path: str, layout: TableFormat) -> Table:
    """The table in a file; columns of which no cells can be made are there, with their types and without cells."""
    readers = [open_reader(name, layout) for name in match_files(path)]
    unread = {name for reader in readers for name, of in reader.types().items() if of.unreadable}
    return gather_readers_into_table(readers, layout, (), unread)


def open_reader(path: str, layout: TableFormat, known: Texts = ()) -> AnyReader:
    """The reader for a file of its kind, which is known to have some columns."""
    if is_parquet(path):
        return ParquetReader(path)
    if is_zip(path):
        return ExcelReader(path, layout)
    if is_idx(path):
        what = "these are images or labels (IDX), not a table"
        raise DataError(f"{name_input(path)}: {what}; name both: {{images: …, labels: …}}")
    return Reader(make_opener(path), name_input(path), layout, known)


def gather_readers_into_table(
    readers: Sequence[AnyReader], layout: TableFormat, texts: Texts, unread: Texts = (), store: Store = MEMORY
) -> Table:
    """All rows of all readers as one table, in a store."""
    gatherers: dict[str, Gatherer] = {}
    parts = []
    types = find_common_types(readers)
    for source in readers:
        names = source.header()
        if not gatherers:
            gatherers = make_gatherers(layout, names, types, texts, columns=len(names), store=store)
        check_same_columns(source.place_of_names, names, readers[0].name, list(gatherers))
        parts.append(
            Part(
                source.name,
                feed_rows_to_gatherers(source, {name: gatherers[name] for name in names}, unread),
                source.lines_of,
                source.unit,
                not isinstance(source, ParquetReader),
                source.place_of_names,
                source.which_sheet,
            )
        )
    more = f" and {len(readers) - 1} more files" if len(readers) > 1 else ""
    return Table(
        readers[0].name + more,
        {name: gatherer.finish() for name, gatherer in gatherers.items()},
        sum(part.rows for part in parts),
        parts,
        None,
        sum(source.inner_blank_lines for source in readers),
        sum(source.empty_rows_at_end for source in readers),
        partial(gather_with_more_texts, readers, layout, texts, unread, store),
        layout.grammar,
        types,
        [remark for source in readers for remark in source.remarks],
        left_out=describe_left_out_lines({source.name: source.left_out for source in readers}),
        replaced_keys=frozenset[str]().union(*(gatherer.replaced_keys for gatherer in gatherers.values())),
        store=store,
    )


def gather_with_more_texts(
    readers: Sequence[AnyReader], layout: TableFormat, texts: Texts, unread: Texts, store: Store, others: Texts
) -> Table:
    """All rows of all readers once more, with the texts of other columns as well."""
    return gather_readers_into_table(readers, layout, {*texts, *others}, unread, store)


def find_lines_behind(lines_of: Callable[[Sequence[int]], list[int]], begin: int, rows: Sequence[int]) -> list[int]:
    """The lines of rows that are counted from row `begin` on."""
    return lines_of([row + begin for row in rows])


def make_gatherers(
    layout: TableFormat,
    names: Iterable[str],
    types: Mapping[str, ColumnType],
    texts: Texts,
    *,
    columns: int,
    store: Store = MEMORY,
) -> dict[str, Gatherer]:
    """A gatherer for each of some columns, out of `columns` in all."""
    make = partial(Gatherer, layout.grammar, replace=layout.replace, columns=columns, store=store)
    return {name: make(as_text=name in texts, of=types.get(name, TEXT)) for name in names}


def feed_rows_to_gatherers(source: AnyReader, columns: Mapping[str, Gatherer], unread: Texts) -> int:
    """Gather all rows of a reader, and return their number."""
    rows, types = 0, source.types()
    foreign = [types[name].has_values and not each.type.has_values for name, each in columns.items()] if types else []
    with source.faults():
        for block in read_blocks(source, dict(enumerate(columns.values())), unread):
            for position, (gatherer, cells) in enumerate(zip(columns.values(), block, strict=True)):
                gatherer.add(gatherer.write_values(cells) if foreign and foreign[position] else cells)
            rows += len(block[0])
    source.check_unchanged()
    return rows


def read_blocks(source: AnyReader, columns: Mapping[int, Gatherer], unread: Texts = ()) -> Iterator[Sequence[Block]]:
    """Blocks of some columns, by PyArrow as far as it surely reads the same, else by the standard reader."""
    done = 0
    if isinstance(source, Reader) and arrow_csv.can_use_arrow_reader(source):
        try:
            for block in arrow_csv.read_arrow_blocks(source, columns):
                yield block
                done += len(block[0])
            return
        except arrow_csv.Unsure:
            pass
    for whole in source.blocks(unread):
        rows = len(whole[0])
        if done < rows:
            yield [whole[place][done:] if done else whole[place] for place in columns]
        done = max(done - rows, 0)


def describe_dialect(source: Reader) -> TextForm:
    """How the text of a file is written: what it is told by, and what only its bytes show."""
    with source.open_bytes() as raw:
        marked = raw.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
    with source.text() as stream:
        line_end = "\r\n" if stream.readline().endswith("\r\n") else "\n"
    layout = source.layout
    unicode = codecs.lookup(layout.encoding).name in ("utf-8", "utf-8-sig")
    return TextForm(
        delimiter=source.delimiter,
        decimal=layout.decimal,
        encoding="utf-8" if unicode else layout.encoding,
        byte_order_mark=unicode and marked,
        line_end=line_end,
    )


class Reading:
    """Reads a table piece by piece, so that it may be larger than the memory."""

    def __init__(self, path: str, layout: TableFormat, known: Texts = ()) -> None:
        self.source, self.layout = open_reader(path, layout, known), layout
        self.names = self.source.header()
        self.types = self.source.types()

    @property
    def quick(self) -> bool:
        """Whether the reader works outside of Python's interpreter lock most of the time."""
        source = self.source
        return not isinstance(source, Reader) or arrow_csv.can_use_arrow_reader(source)

    def missing(self, names: Sequence[str], taken: Texts = ()) -> str:
        """The message that columns are missing, where the columns `taken` are others."""
        source = self.source
        sheet = f" ({source.which_sheet})" if source.which_sheet else ""
        return f"{source.place_of_names}: {describe_missing_columns(names, self.names, taken)}{sheet}"

    @property
    def dialect(self) -> TextForm | None:
        """How the file is written; None if it is no delimited text."""
        return describe_dialect(self.source) if isinstance(self.source, Reader) else None

    def chunks(self, rows: int = CHUNK, *, texts: Texts = (), unread: Texts = ()) -> Iterator[Table]:
        """Tables of `rows` rows each, the last one of fewer; columns that are `unread` are left out."""
        chosen = {place: name for place, name in enumerate(self.names) if name not in unread}
        made = make_gatherers(self.layout, chosen.values(), self.types, texts, columns=len(self.names))
        gatherers = {place: made[name] for place, name in chosen.items()}
        held, begin = 0, 0
        with self.source.faults():
            for block in read_blocks(self.source, gatherers, unread):
                taken, count = 0, len(block[0])
                while taken < count:
                    part = slice(taken, min(count, taken + rows - held))
                    for gatherer, cells in zip(gatherers.values(), block, strict=True):
                        gatherer.add(cells[part])
                    held, taken = held + part.stop - part.start, part.stop
                    if held == rows:
                        yield self.table(chosen.values(), gatherers.values(), begin, is_piece=True)
                        begin, held = begin + held, 0
        self.source.check_unchanged()
        if held or not begin:
            yield self.table(chosen.values(), gatherers.values(), begin, is_piece=begin > 0)

    def table(self, names: Iterable[str], gatherers: Iterable[Gatherer], begin: int, *, is_piece: bool) -> Table:
        """The gathered cells as a table, whose first row is row `begin` of the file, all of it or a piece."""
        columns = {name: gatherer.finish() for name, gatherer in zip(names, gatherers, strict=True)}
        rows = next(iter(columns.values())).rows
        source = self.source
        typed = not isinstance(source, ParquetReader)
        part = Part(source.name, rows, partial(find_lines_behind, source.lines_of, begin), source.unit, typed)
        grammar = self.layout.grammar
        return Table(source.name, columns, rows, [part], grammar=grammar, types=self.types, is_piece=is_piece)
