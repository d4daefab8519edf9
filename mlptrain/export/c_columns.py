"""The cells of a row in C, and the inputs of networks that are made of them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import singledispatch

import numpy as np

from mlptrain.data.grammar import LARGEST
from mlptrain.data.moments import MOMENTS
from mlptrain.data.scaling import Affine, FittedScaling, LogAffine, NormalQuantiles, SmoothlyClipped
from mlptrain.export.c_enums import Enumeration, write_enumerations, write_lookup, write_value_range
from mlptrain.export.c_text import CFile, encode_text, make_identifiers, write_comment_text, write_double
from mlptrain.export.plan import (
    CodePlan,
    Codes,
    ColumnPlan,
    DateInput,
    DatePlan,
    Input,
    LevelPlan,
    NetworkPlan,
    NotExportable,
    NumberInput,
    NumberPlan,
    OneHotPlan,
    Plan,
    TextInput,
)


@dataclass
class Cells:
    """The numbers and codes that a row's cells are read as, each once however many networks use it."""

    plan: Plan
    enums: Mapping[str, Enumeration] = field(default_factory=dict)
    """Of the columns whose texts are given as values; none where texts are texts."""
    codes: list[tuple[str, Codes]] = field(default_factory=list)

    @property
    def fields(self) -> dict[str, str]:
        """The names of the cells in the struct of a row, by those of the columns."""
        names = [each.name for each in self.plan.inputs]
        return dict(zip(names, make_identifiers(names, "column"), strict=True))

    @property
    def numbers(self) -> list[str]:
        """The inputs that are numbers or moments."""
        return [each.name for each in self.plan.inputs if not isinstance(each, TextInput)]

    def find_number(self, name: str) -> str:
        """The number that a cell is read as."""
        return f"cells[{self.numbers.index(name)}]"

    def find_code(self, name: str, codes: Codes) -> str:
        """The code that a cell is read as."""
        if (name, codes) not in self.codes:
            self.codes.append((name, codes))
        return f"codes[{self.codes.index((name, codes))}]"


# The row


def write_row_type(cells: Cells, prefix: str) -> str:
    """The struct of a row, after the enumerations of its fields."""
    if cells.plan.networks[0].pixels is not None:
        lines = [f"uint8_t pixels[{cells.plan.networks[0].pixels}]; /* row by row, 0 ... 255 */"]
    else:
        lines = list(write_fields(cells)) or ["char nothing; /* the model has no columns */"]
    body = "\n".join(f"    {line}" for line in lines)
    enums = write_enumerations(cells.enums, cells.fields, prefix)
    parts = [*enums, f"typedef struct {{\n{body}\n}} {prefix}_row;"]
    if cells.plan.inputs:
        nothing = ", ".join(write_missing(each, cells) for each in cells.plan.inputs)
        parts.append(f"/* A row of missing cells */\n#define {prefix.upper()}_MISSING {{{nothing}}}")
    return "\n\n".join(parts)


def write_missing(given: Input, cells: Cells) -> str:
    """What a missing cell is."""
    if given.name in cells.enums:
        return str(cells.enums[given.name].find_value(""))
    return "NULL" if isinstance(given, TextInput) else "NAN"


def write_fields(cells: Cells) -> Iterator[str]:
    """The fields of a row."""
    for given, name in zip(cells.plan.inputs, cells.fields.values(), strict=True):
        if given.name in cells.enums:
            yield f'int {name}; /* "{write_comment_text(given.name)}": one of its values */'
        else:
            yield write_field(given, name)


@singledispatch
def write_field(given: Input, name: str) -> str:
    """The field of a cell, with what the column is really called."""
    raise NotExportable(f"column {given.name!r}: a {type(given).__name__} has no form in C")


@write_field.register
def write_number_field(given: NumberInput, name: str) -> str:
    return f'double {name}; /* "{write_comment_text(given.name)}": NAN where missing */'


@write_field.register
def write_date_field(given: DateInput, name: str) -> str:
    clock = "UTC" if given.clock == "utc" else "by the same clock as the dates"
    about = f"seconds since 1970-01-01 {clock}, NAN where missing"
    return f'double {name}; /* "{write_comment_text(given.name)}": {about} */'


@write_field.register
def write_text_field(given: TextInput, name: str) -> str:
    return f'const char *{name}; /* "{write_comment_text(given.name)}": UTF-8, NULL or "" where missing */'


# From a row to cells


def write_reader(file: CFile, cells: Cells) -> Iterator[str]:
    """The lines that read the cells of a row, and return the number of a field that cannot be read."""
    fields = cells.fields
    order = {name: number for number, name in enumerate(fields, 1)}
    for given in cells.plan.inputs:
        if not isinstance(given, TextInput):
            yield f"{cells.find_number(given.name)} = row->{fields[given.name]};"
            yield from write_range(given, cells.find_number(given.name), order[given.name])
    for name, each in cells.enums.items():
        yield from write_value_range(fields[name], each, order[name])
    for place, (name, codes) in enumerate(cells.codes):
        if name in cells.enums:
            yield f"codes[{place}] = {write_lookup(file, fields[name], codes, cells.enums[name])};"
        else:
            yield from write_codes(file, codes, f"codes[{place}]", f"row->{fields[name]}", order[name])


@singledispatch
def write_range(given: Input, cell: str, order: int) -> Iterator[str]:
    """The lines that replace a number and refuse one out of range."""
    raise NotExportable(f"column {given.name!r}: a {type(given).__name__} has no form in C")


@write_range.register
def write_number_range(given: NumberInput, cell: str, order: int) -> Iterator[str]:
    for place, (old, new) in enumerate(given.replaced):
        value = "NAN" if new is None else write_double(new)
        yield f"{'else ' * bool(place)}if ({cell} == {write_double(old)})"
        yield f"    {cell} = {value};"
    yield from (f"if (fabs({cell}) > {write_double(LARGEST)})", f"    return {order};")


@write_range.register
def write_date_range(given: DateInput, cell: str, order: int) -> Iterator[str]:
    yield from (f"if (fabs({cell}) > {write_double(MOMENTS)})", f"    return {order};")


def write_codes(file: CFile, codes: Codes, code: str, text: str, order: int) -> Iterator[str]:
    """The lines that find the code of a text: among texts, else among numbers, unless 1.000 may be a thousand."""
    texts = {"": codes.other, **codes.texts}
    ordered = dict(sorted(texts.items(), key=lambda each: encode_text(each[0])))
    last = -1 if codes.refuses_others else codes.other
    reads_numbers = bool(codes.numbers) and codes.grammar.thousands != "."
    known = file.define_texts("texts", list(ordered))
    yield f"{code} = {call_finder(file, 'text', text, known, ordered.values(), -1 if reads_numbers else last)};"
    if reads_numbers:
        numbers = dict(sorted(dict(codes.numbers).items()))
        known = file.define_array("numbers", np.array([*numbers]))
        yield f"if ({code} < 0)"
        yield f"    {code} = {call_finder(file, 'number', text, known, numbers.values(), last)};"
    if codes.refuses_others:
        yield from (f"if ({code} < 0)", f"    return {order};")


def call_finder(file: CFile, kind: str, text: str, known: str, codes: Collection[int], other: int) -> str:
    """The code of a text among known texts or numbers."""
    array = file.define_array("codes", np.array([*codes], np.int64))
    return file.call(f"find_{kind}", text, known, array, len(codes), other)


# From cells to inputs


def write_encoder(file: CFile, cells: Cells, network: NetworkPlan) -> Iterator[str]:
    """The lines that make the inputs of a network."""
    place = 0
    for column in network.columns:
        yield f'/* "{write_comment_text(column.input)}" */'
        yield from write_column(column, file, cells, place)
        place += column.width


@singledispatch
def write_column(column: ColumnPlan, file: CFile, cells: Cells, place: int) -> Iterator[str]:
    """The lines that make a column's inputs, from `place` on."""
    raise NotExportable(f"column {column.input!r}: a {type(column).__name__} has no form in C")


@write_column.register
def write_number_column(column: NumberPlan, file: CFile, cells: Cells, place: int) -> Iterator[str]:
    cell = cells.find_number(column.input)
    scaled = write_scaling(column.scaling, file, file.call("fill", cell, write_double(column.fill)))
    yield f"x[{place}] = ({file.real}){scaled};"
    if column.indicator:
        yield write_indicator(file, place + 1, cell)


def write_indicator(file: CFile, place: int, cell: str) -> str:
    """The line that says whether a cell is missing."""
    return f"x[{place}] = isnan({cell}) ? {file.write_real(1)} : {file.write_real(0)};"


@write_column.register
def write_date_column(column: DatePlan, file: CFile, cells: Cells, place: int) -> Iterator[str]:
    cell, parts = cells.find_number(column.input), column.parts
    yield "{"
    yield f"    const double t = {file.call('fill', cell, write_double(parts.median))};"
    yield f"    x[{place}] = ({file.real})((t - {write_double(parts.center)}) / {write_double(parts.scale)});"
    if parts.cycles:
        yield "    double year_angle, week_angle, day_angle;"
        yield f"    {file.call('find_angles', 't', '&year_angle', '&week_angle', '&day_angle')};"
    waves = [(wave, cycle) for cycle in ("year", "week", "day") if cycle in parts.cycles for wave in ("sin", "cos")]
    for number, (wave, cycle) in enumerate(waves, place + 1):
        yield f"    x[{number}] = ({file.real}){wave}({cycle}_angle);"
    yield "}"
    if column.indicator:
        yield write_indicator(file, place + parts.width, cell)


@write_column.register
def write_level_column(column: LevelPlan, file: CFile, cells: Cells, place: int) -> Iterator[str]:
    code, W = cells.find_code(column.input, column.codes), column.width
    values = column.values.astype(file.dtype)
    if W == 1:
        yield f"x[{place}] = {file.define_array('values', values)}[{code}];"
    elif W:
        row = f"{file.define_array('values', values)} + {code} * {W}"
        yield f"{file.call('copy', W, row, f'x + {place}')};"


@write_column.register
def write_one_hot_column(column: OneHotPlan, file: CFile, cells: Cells, place: int) -> Iterator[str]:
    code = cells.find_code(column.input, column.codes)
    marks = [file.define_array(name, getattr(column, name).astype(file.dtype)) for name in ("on", "off")]
    yield f"{file.call('write_one_hot', code, *marks, column.width, f'x + {place}')};"


@write_column.register
def write_code_column(column: CodePlan, file: CFile, cells: Cells, place: int) -> Iterator[str]:
    yield f"x[{place}] = ({file.real}){cells.find_code(column.input, column.codes)};"


# Scalings


@singledispatch
def write_scaling(scaling: FittedScaling, file: CFile, x: str) -> str:
    """The scaled number."""
    raise NotExportable(f"the scaling {scaling.name!r} has no form in C")


@write_scaling.register
def write_affine(scaling: Affine, file: CFile, x: str) -> str:
    return file.call("center_and_scale", x, write_double(scaling.center), write_double(scaling.scale))


@write_scaling.register
def write_smoothly_clipped(scaling: SmoothlyClipped, file: CFile, x: str) -> str:
    return file.call("clip_smoothly", x, write_double(scaling.center), write_double(scaling.scale))


@write_scaling.register
def write_log_affine(scaling: LogAffine, file: CFile, x: str) -> str:
    return file.call("scale_logarithm", x, write_double(scaling.center), write_double(scaling.scale))


@write_scaling.register
def write_normal_quantiles(scaling: NormalQuantiles, file: CFile, x: str) -> str:
    quantiles = file.define_array("quantiles", np.array(scaling.values))
    return file.call("scale_by_quantiles", x, quantiles, len(scaling.values))
