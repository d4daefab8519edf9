"""A faster reader of delimited text by PyArrow, for files that it surely reads as the standard reader does.

PyArrow reads pieces of whole lines, where no byte needs a second thought: no quote but those around whole cells without
a delimiter, a quote or a line end, which are taken away; no NUL, no lone carriage return, UTF-8. Columns that were
found to be numbers arrive as numbers, all others as coded texts. A doubt or a fault raises `Unsure`; the standard
reader goes on from there and words the errors.
"""

import codecs
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, BinaryIO

import numpy as np

from mlptrain.data.ahead import Ahead
from mlptrain.data.cells import Block, Doubles, Gatherer, TextCells
from mlptrain.data.delimited import FIELD_LIMIT, Reader
from mlptrain.data.grammar import EXACT, NUMBERS

BYTES_AT_ONCE = 1 << 21
BLOCK = 1 << 19
"""Bytes of a task for PyArrow's threads; a longer line is a doubt."""
WIDEST = 500
"""Columns up to which this is quicker: PyArrow takes some time for each column of each task, whose rows are few in a
wide table. (With 1,000 columns both take the same time, with 3,000 the standard reader half of it.)"""
PROBE = 1 << 20
"""Bytes of the first piece; a smaller file is left to the standard reader, and PyArrow is not even loaded."""


class Unsure(Exception):
    """The piece might be read otherwise by the standard reader."""


def can_use_arrow_reader(reader: Reader) -> bool:
    """Whether PyArrow is there, and the format is one that both readers surely read alike."""
    layout = reader.layout
    return (
        layout.encoding.lower() in ("utf-8", "utf8")
        and not layout.skip_initial_space
        and not layout.skip_footer
        and layout.grammar == NUMBERS
        and 1 < reader.width <= WIDEST
        and reader.delimiter.isascii()
        and find_spec("pyarrow") is not None
    )


def read_arrow_blocks(reader: Reader, columns: Mapping[int, Gatherer]) -> Iterator[Sequence[Block]]:
    """Blocks of some columns; their gatherers say which are numbers, once a first piece has told them.

    Each piece is read while the one before is gathered.
    """

    def read(piece: bytes) -> Sequence[Block]:
        numbers = {place: gatherer.numeric and not gatherer.digits for place, gatherer in columns.items()}
        return read_piece(piece, numbers, width=reader.width, delimiter=reader.delimiter)

    with reader.open_bytes() as stream, Ahead() as ahead:
        checked = cut_pieces(stream, reader)
        yield read(next(checked))
        pending = ahead.submit(read, next(checked))
        for piece in checked:
            following = ahead.submit(read, piece)
            yield pending.result()
            pending = following
        yield pending.result()


def cut_pieces(stream: BinaryIO, reader: Reader) -> Iterator[bytes]:
    """The rows in pieces of whole lines, at least two of them; each is one that both readers see alike."""
    if stream.read(3) != codecs.BOM_UTF8:
        stream.seek(0)
    head = b"".join(stream.readline() for _ in range(reader.first_line))
    piece, following = stream.read(PROBE) + stream.readline(), stream.read(BYTES_AT_ONCE)
    if has_lone_return(head) or not following:
        raise Unsure
    while piece:
        bare = remove_quotes(piece, reader.delimiter)
        refuse_ambiguous_piece(bare, reader.delimiter)
        yield bare
        piece, following = following + stream.readline(), stream.read(BYTES_AT_ONCE)


def refuse_ambiguous_piece(piece: bytes, delimiter: str) -> None:
    """Refuse a piece that the two readers might read differently."""
    padded = b"\t" in piece and delimiter != "\t"  # PyArrow drops tabs around numbers
    marked = piece.startswith(codecs.BOM_UTF8)  # and a mark at the beginning
    if b"\0" in piece or has_lone_return(piece) or padded or marked:
        raise Unsure
    if may_exceed_field_limit(piece):
        raise Unsure
    if not piece.isascii():
        try:
            piece.decode()
        except UnicodeDecodeError:
            raise Unsure from None


def remove_quotes(piece: bytes, delimiter: str) -> bytes:
    r"""Whole lines without their quotes, where each two of them are around a cell that would be the same without them.

    Where only quotes, delimiters and line ends are kept, the two quotes of such a cell are neighbours. If all quotes
    are such pairs, those that follow an end of a cell are first ones, and those before an end are second ones: each
    must be half of all.

    >>> remove_quotes(b'"a",1\n"","2"\n', ",")
    b'a,1\n,2\n'
    """
    quotes = piece.count(b'"')
    if not quotes:
        return piece
    mark = delimiter.encode()
    opening = piece.startswith(b'"') + piece.count(mark + b'"') + piece.count(b'\n"')
    closing = piece.endswith(b'"') + piece.count(b'"' + mark) + piece.count(b'"\n') + piece.count(b'"\r\n')
    kept = frozenset(b'"\r\n' + mark)
    frame = piece.translate(None, bytes(byte for byte in range(256) if byte not in kept))
    if 2 * opening != quotes or 2 * closing != quotes or b'"' in frame.replace(b'""', b""):
        raise Unsure
    bare = piece.translate(None, b'"')
    if not bare or bare.endswith(b"\n") != piece.endswith(b"\n"):  # a last line of two quotes would be none
        raise Unsure
    return bare


def may_have_empty_row(piece: bytes, delimiter: str, width: int) -> bool:
    """Whether a line may have delimiters only, as many as a row has."""
    empty = delimiter.encode() * (width - 1)
    starts, ends = (empty + b"\n", empty + b"\r"), (b"\n" + empty + b"\n", b"\n" + empty + b"\r")
    return (
        piece == empty or piece.startswith(starts) or piece.endswith(b"\n" + empty) or any(end in piece for end in ends)
    )


def has_lone_return(piece: bytes) -> bool:
    """Whether a carriage return alone ends a line, as it does for the standard reader."""
    return b"\r" in piece and piece.count(b"\r") != piece.count(b"\r\n")


def may_exceed_field_limit(piece: bytes) -> bool:
    """Whether a line may be longer than a field may be: it would fill one of the windows half as long."""
    half = FIELD_LIMIT // 2
    return any(piece.find(b"\n", start, start + half) < 0 for start in range(0, len(piece) - half, half))


def read_piece(piece: bytes, numbers: Mapping[int, bool], *, width: int, delimiter: str) -> list[Block]:
    """Some columns of whole lines: those that are `numbers`, and texts."""
    import pyarrow.csv

    text = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    types = {str(place): pyarrow.float64() if number else text for place, number in numbers.items()}
    try:
        table = pyarrow.csv.read_csv(
            pyarrow.BufferReader(piece),
            pyarrow.csv.ReadOptions(column_names=[str(place) for place in range(width)], block_size=BLOCK),
            pyarrow.csv.ParseOptions(delimiter=delimiter, quote_char=False),
            pyarrow.csv.ConvertOptions(
                column_types=types, include_columns=list(types), null_values=[""], check_utf8=False
            ),
        )
    except pyarrow.ArrowException:
        raise Unsure from None
    if table.num_rows != piece.count(b"\n") + (not piece.endswith(b"\n")):  # it leaves blank lines out
        raise Unsure
    full = any(number and not column.null_count for column, number in zip(table.columns, numbers.values(), strict=True))
    if not full and may_have_empty_row(piece, delimiter, width):
        raise Unsure
    read = zip(table.columns, numbers.values(), strict=True)
    return [convert_arrow_numbers(column) if number else convert_arrow_texts(column) for column, number in read]


def convert_arrow_numbers(column: Any) -> Doubles:
    """A column of numbers, NaN for empty cells; large ones (2⁵³ may be 2⁵³ + 1) need a look at their text."""
    numbers: Doubles = column.to_numpy()
    with np.errstate(invalid="ignore"):
        certain = np.count_nonzero(np.abs(numbers) < EXACT)
    if certain + column.null_count != len(numbers):
        raise Unsure
    return numbers


def convert_arrow_texts(column: Any) -> TextCells:
    """A column of texts."""
    whole = column.unify_dictionaries().combine_chunks()
    whole = whole.chunk(0) if hasattr(whole, "chunk") else whole
    return TextCells(whole.indices.to_numpy(zero_copy_only=False), whole.dictionary.to_pylist())
