"""Columns as nodes: the cells of rows become the input matrix of a network, all columns of one kind at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch
from itertools import accumulate
from typing import Any

import numpy as np

from mlptrain.export.cells import PIXELS
from mlptrain.export.onnx_date_texts import declare_date_texts, require_plain_dates
from mlptrain.export.onnx_dates import find_phases
from mlptrain.export.onnx_graph import DOUBLE, INTEGER, TEXT, TRUTH, Graph, Tensor, concatenate
from mlptrain.export.onnx_scalings import scale_numbers
from mlptrain.export.plan import (
    CodePlan,
    Codes,
    ColumnPlan,
    DateInput,
    DatePlan,
    Input,
    LevelPlan,
    NotExportable,
    NumberInput,
    NumberPlan,
    OneHotPlan,
    Plan,
    TextInput,
    TextPlan,
)

WIDEST_TABLE = 64
"""Levels from which one-hot columns are made by the operator for that: a table would be the square of them."""
InputTensors = Mapping[str, Tensor]
"""Inputs (N, 1) by name."""
Given = Mapping[str, Input]
"""What they are, by name."""


# What a row has


def declare_inputs(graph: Graph, plan: Plan, *, date_texts: bool = False) -> InputTensors:
    """The inputs of the graph: one (N, 1) a column under the column's own name, or all pixels."""
    pixels = plan.networks[0].pixels
    if pixels is not None:
        return {PIXELS: graph.add_input(PIXELS, np.dtype(np.uint8), pixels, "The pixels of an image, row by row.")}
    dates = [each for each in plan.inputs if date_texts and isinstance(each, DateInput)]
    require_plain_dates(dates, plan.networks)
    others = {each.name: declare_input(each, graph) for each in plan.inputs if each not in dates}
    return others | declare_date_texts(graph, dates, plan.table.replace)


@singledispatch
def declare_input(given: Input, graph: Graph) -> Tensor:
    """An input of the graph."""
    raise NotExportable(f"column {given.name!r}: a {type(given).__name__} has no form in ONNX")


@declare_input.register
def declare_number(given: NumberInput, graph: Graph) -> Tensor:
    return graph.add_input(given.name, DOUBLE, 1, "A number; missing = NaN.")


@declare_input.register
def declare_text(given: TextInput, graph: Graph) -> Tensor:
    text = "A text as in training, a number also as Python writes it, without blanks around it, in NFC"
    return graph.add_input(given.name, TEXT, 1, f"{text}; missing = the empty text.")


@declare_input.register
def declare_date(given: DateInput, graph: Graph) -> Tensor:
    clock = "UTC" if given.clock == "utc" else "as the clock of the cell shows"
    return graph.add_input(given.name, DOUBLE, 1, f"A moment in seconds since 1970-01-01 {clock}; missing = NaN.")


# What columns of the matrix are made of it


@dataclass(frozen=True, eq=False)
class Block:
    """Columns (N, width) that were made together."""

    tensor: Tensor
    width: int


@dataclass(frozen=True, eq=False)
class Column:
    """A column of the matrix: the one at `place` of a block."""

    block: Block
    place: int


@dataclass(frozen=True, eq=False)
class Matrix:
    """The input matrix of a network, column by column; `codes` (N, 1) have no other column."""

    columns: Mapping[int, Column]
    codes: Mapping[int, Tensor]

    def take_all(self) -> Tensor:
        """All columns side by side."""
        return self.take_columns(range(len(self.columns)))

    def take_columns(self, places: Sequence[int]) -> Tensor:
        """Some columns side by side (N, W)."""
        chosen = [self.columns[place] for place in places]
        blocks = list(dict.fromkeys(each.block for each in chosen))
        starts = dict(zip(blocks, accumulate((each.width for each in blocks), initial=0), strict=False))
        found = [starts[each.block] + each.place for each in chosen]
        joined = concatenate(each.tensor for each in blocks)
        is_all = found == list(range(sum(each.width for each in blocks)))
        return joined if is_all else joined.take(found, axis=-1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """Columns that are written together, with the place in the matrix where each begins; blocks get a type."""

    columns: Sequence[Any]
    places: Sequence[int]
    cells: InputTensors
    given: Given
    dtype: np.dtype[Any]

    def join_cells(self) -> Tensor:
        """The cells of all columns (N, F)."""
        return concatenate(self.cells[each.input] for each in self.columns)

    def make_block(self, tensor: Tensor) -> Block:
        """A block with one column of each of the columns."""
        return Block(tensor.cast(self.dtype), len(self.columns))


Written = tuple[dict[int, Column], dict[int, Tensor]]
"""Columns and codes by their place in the matrix."""


def write_columns(columns: Sequence[ColumnPlan], cells: InputTensors, given: Given, dtype: np.dtype[Any]) -> Matrix:
    """The input matrix of a network, in the type of its arrays."""
    places = list(accumulate((each.width for each in columns), initial=0))
    found: dict[int, Column] = {}
    codes: dict[int, Tensor] = {}
    for numbers in group_columns(columns, given):
        chosen, starts = [columns[number] for number in numbers], [places[number] for number in numbers]
        group = Group(columns=chosen, places=starts, cells=cells, given=given, dtype=dtype)
        more, more_codes = COLUMN_WRITERS[type(chosen[0])](group)
        found |= more
        codes |= more_codes
    return Matrix(found, codes)


def group_columns(columns: Sequence[ColumnPlan], given: Given) -> list[list[int]]:
    """The numbers of the columns that are written together: numbers that are scaled alike and replaced alike …"""
    groups: dict[Any, list[int]] = {}
    for number, each in enumerate(columns):
        source = given[each.input]
        scaling = type(each.scaling) if isinstance(each, NumberPlan) else None
        replaced = source.replaced if isinstance(source, NumberInput) else None
        made_by = COLUMN_WRITERS[type(each)]
        groups.setdefault((made_by, scaling, replaced), []).append(number)
    return list(groups.values())


def write_numbers(group: Group) -> Written:
    """Scaled numbers, with their fill where they are missing, and marks of that."""
    x = replace_numbers(group.join_cells(), group.given[group.columns[0].input])
    missing = x.apply("IsNaN", dtype=TRUTH)
    filled = missing.choose([each.fill for each in group.columns], x)
    scaled = group.make_block(scale_numbers(filled, [each.scaling for each in group.columns]))
    columns = {place: Column(scaled, number) for number, place in enumerate(group.places)}
    return columns | mark_missing(group, missing), {}


def replace_numbers(x: Tensor, source: Any) -> Tensor:
    """The numbers that count as others, or as missing, replaced; none is replaced twice."""
    replaced = x
    for old, new in source.replaced:
        replaced = x.equals(old).choose(np.nan if new is None else new, replaced)
    return replaced


def mark_missing(group: Group, missing: Tensor) -> dict[int, Column]:
    """The last column of those that have an indicator."""
    marks = group.make_block(missing)
    places = zip(group.places, group.columns, strict=True)
    return {
        place + each.width - 1: Column(marks, number) for number, (place, each) in enumerate(places) if each.indicator
    }


def write_dates(group: Group) -> Written:
    """The parts of moments; a missing one has those of the median."""
    t, parts = group.join_cells(), [each.parts for each in group.columns]
    missing = t.apply("IsNaN", dtype=TRUTH)
    t = missing.choose([each.median for each in parts], t)
    elapsed = group.make_block((t - [each.center for each in parts]) / [each.scale for each in parts])
    angles = {cycle: phase * (2 * np.pi) for cycle, phase in find_phases(t).items()}
    waves = {cycle: [group.make_block(wave) for wave in (angle.sin(), angle.cos())] for cycle, angle in angles.items()}
    columns: dict[int, Column] = {}
    for number, (place, each) in enumerate(zip(group.places, parts, strict=True)):
        own = [elapsed, *(block for cycle, both in waves.items() if cycle in each.cycles for block in both)]
        columns |= {place + offset: Column(block, number) for offset, block in enumerate(own)}
    return columns | mark_missing(group, missing), {}


def write_levels(group: Group) -> Written:
    """What the tables have for the levels, all of them in one block."""
    rows = [find_values(find_codes(group, each), each, group.dtype) for each in group.columns]
    width = sum(each.width for each in group.columns)
    block = Block(concatenate(rows).reshape(0, width), width)
    starts = list(accumulate((each.width for each in group.columns), initial=0))
    return {
        place + offset: Column(block, start + offset)
        for place, start, each in zip(group.places, starts, group.columns, strict=False)
        for offset in range(each.width)
    }, {}


def find_values(codes: Tensor, column: LevelPlan | OneHotPlan, dtype: np.dtype[Any]) -> Tensor:
    """The values of a column for codes (N, 1): (N, 1, W)."""
    if isinstance(column, LevelPlan) or column.width <= WIDEST_TABLE:
        return codes.look_up(column.values, dtype)
    marks = mark_codes(codes, column.width).cast(dtype)
    if (column.on == 1).all() and (column.off == 0).all():
        return marks
    return marks * (column.on - column.off) + column.off


def mark_codes(codes: Tensor, width: int) -> Tensor:
    """1 at the place of the code among `width` columns (N, 1, width), which are all 0 of a code that is too large."""
    depth, marks = codes.graph.add_constant(width, INTEGER), codes.graph.add_constant([0, 1], np.float32)
    return codes.graph.add_node("OneHot", [codes, depth, marks], marks.dtype, axis=-1)


def write_codes(group: Group) -> Written:
    """The codes themselves (N, 1)."""
    return {}, {place: find_codes(group, each) for place, each in zip(group.places, group.columns, strict=True)}


def find_codes(group: Group, column: TextPlan) -> Tensor:
    """The codes (N, 1) of a column's texts."""
    return encode_texts(group.cells[column.input], column.codes)


def encode_texts(texts: Tensor, codes: Codes) -> Tensor:
    """Texts as codes. What is a number in another writing than the known ones counts as another text."""
    return texts.graph.add_node(
        "LabelEncoder",
        [texts],
        INTEGER,
        keys_strings=tuple(codes.texts),
        values_int64s=tuple(codes.texts.values()),
        default_int64=codes.other,
    )


COLUMN_WRITERS: dict[type[ColumnPlan], Callable[[Group], Written]] = {
    NumberPlan: write_numbers,
    DatePlan: write_dates,
    LevelPlan: write_levels,
    OneHotPlan: write_levels,
    CodePlan: write_codes,
}


def write_pixels(pixels: Tensor, width: int, dtype: np.dtype[Any]) -> Matrix:
    """Bytes / 255."""
    block = Block(pixels.cast(dtype) / 255, width)
    return Matrix({place: Column(block, place) for place in range(width)}, {})
