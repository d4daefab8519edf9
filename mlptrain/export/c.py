"""A model as one C99 header: no memory of the heap, no library but math.h and string.h."""

import re
from collections.abc import Iterator
from pathlib import PurePath

from mlptrain.export.c_columns import Cells, write_encoder, write_reader, write_row_type
from mlptrain.export.c_enums import make_enumerations
from mlptrain.export.c_layers import write_network
from mlptrain.export.c_text import CFile, encode_text, make_identifier, write_comment_text, write_double
from mlptrain.export.cells import collect_codes
from mlptrain.export.plan import NetworkPlan, NotExportable, Plan, TextInput, TextPlan

SIGNATURE = b"/*\nPredictions of "
"""What a header begins with, by which it is known again."""
MOST_ON_STACK = 64 * 1024
"""Bytes: scratch arrays that need more are static, unless the user of the header decides otherwise."""
INCLUDES = """
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error "missing numbers are NAN, which -ffast-math does not know: compile without it"
#endif
""".strip()


def make_prefix(plan: Plan) -> str:
    """What all names of a header begin with: the name of the model's file."""
    return make_identifier(PurePath(plan.origin["model"]).stem, "model").rstrip("_")


def write_c(plan: Plan, *, enums: bool = False) -> str:
    """The text of a header: a struct for a row, and a function that predicts it.

    With `enums` texts are values of enumerations, and the header has none to search among.
    """
    require_texts(plan)
    prefix = make_prefix(plan)
    file, cells = CFile(prefix, plan.dtype), Cells(plan, make_enumerations(plan) if enums else {})
    constants = write_constants(file, plan)
    calls, scratch = write_networks(file, cells, plan)
    body = write_predict(file, cells, plan, calls)
    guard = f"MLPTRAIN_{prefix}_H"  # two models whose names differ by capitals are two
    parts = [
        write_head(plan, prefix, enums=enums),
        f"#ifndef {guard}\n#define {guard}",
        INCLUDES,
        write_scratch_macro(prefix, scratch),
        constants,
        write_row_type(cells, prefix),
        *file.write_helpers(),
        *file.definitions,
        body,
        f"#endif /* {guard} */",
    ]
    return "\n\n".join(parts) + "\n"


def require_texts(plan: Plan) -> None:
    """An error that names a text that C cannot hold."""
    for what, text in list_texts(plan):
        try:
            encode_text(text)
        except ValueError as problem:
            raise NotExportable(f"{what} {text!r} {problem}; choose another format") from None


def list_texts(plan: Plan) -> Iterator[tuple[str, str]]:
    """All texts of a model, and what each is."""
    yield from (("the column", each.name) for each in plan.inputs)
    yield from (("the target", each) for each in plan.targets)
    yield from (("the class", each) for each in plan.classes)
    for network in plan.networks:
        for column in network.columns:
            if isinstance(column, TextPlan):
                yield from ((f"column {column.input!r}: the text", each) for each in column.codes.texts)


# What stands at the top


def write_head(plan: Plan, prefix: str, *, enums: bool) -> str:
    """What the header is, where it comes from, and how it is used."""
    model, version = (write_comment_text(plan.origin[key]) for key in ("model", "mlptrain"))
    values, start = name_values(plan), f" = {prefix.upper()}_MISSING" if plan.inputs else ""
    return f"""/*
Predictions of "{model}", by mlptrain {version}.
SHA-256 of the model: {write_comment_text(plan.origin["sha256"])}

    #include "{prefix}.h"
    {prefix}_row row{start};
    {write_value_type(plan)} {values}[{prefix.upper()}_{count_name(plan)}];
    int {"label" if plan.classes else "fault"} = {prefix}_predict(&row, {values});

{prefix}_predict returns {describe_result(plan)}.
{describe_texts(plan, enums=enums) if any(isinstance(each, TextInput) for each in plan.inputs) else ""}
C99 with math.h and string.h (link with -lm), no heap.
*/"""


def describe_result(plan: Plan) -> str:
    """What the function returns."""
    result = "the number of its class" if plan.classes else "0"
    fault = (
        ", or -n if the n-th field of the row cannot be read:\na number that is too large, or what is no truth value"
    )
    return result + fault * bool(plan.inputs)


def describe_texts(plan: Plan, *, enums: bool) -> str:
    """How the texts of a row are written."""
    if enums:
        return "Texts are values of enumerations.\n"
    codes = [each for one in collect_codes(plan.networks).values() for each in one]
    as_known = "Numbers among them are written as in training, or as 2 and 2.5 with the decimal sign of its table.\n"
    reads_all = all(each.grammar.is_plain for each in codes if each.numbers)
    return "Texts are UTF-8, in Unicode's composed form (NFC).\n" + as_known * (not reads_all)


def write_scratch_macro(prefix: str, scratch: int) -> str:
    """Where the arrays are that networks work in."""
    large = scratch > MOST_ON_STACK
    about = (
        "too much for some stacks: one call at a time, or define it as static _Thread_local"
        if large
        else "on the stack; define it as static where that is small, for one call at a time"
    )
    name = f"{prefix.upper()}_SCRATCH"
    return (
        f"/* {scratch} bytes of scratch arrays: {about} */\n#ifndef {name}\n#define {name}{' static' * large}\n#endif"
    )


def write_value_type(plan: Plan) -> str:
    """The type of what is predicted."""
    return "float" if plan.classes and plan.dtype == "float32" else "double"


def name_values(plan: Plan) -> str:
    """What the values are that are predicted."""
    return ("probabilities" if plan.are_probabilities else "scores") if plan.classes else "numbers"


def count_name(plan: Plan) -> str:
    """The name of their number."""
    return "CLASSES" if plan.classes else "NUMBERS"


def write_constants(file: CFile, plan: Plan) -> str:
    """How many fields and predicted values there are, and what they are called."""
    names, values, prefix = [each.name for each in plan.inputs], plan.classes or plan.targets, file.prefix
    kind = "classes" if plan.classes else "targets"
    parts = [f"#define {prefix.upper()}_{count_name(plan)} {len(values)}"]
    if names:
        parts += [f"#define {prefix.upper()}_COLUMNS {len(names)}"]
    about = write_comment_text(", ".join(plan.targets))
    parts += [f"\n/* {about} */", *file.write_names(kind, values)]
    if names:
        parts += ["\n/* The fields of a row, as the table calls them */", *file.write_names("columns", names)]
    return "\n".join(parts)


# What is done


def write_networks(file: CFile, cells: Cells, plan: Plan) -> tuple[list[str], int]:
    """The lines that add up the networks' predictions, and the bytes of scratch arrays that they need."""
    calls, latest, largest = list[str](), "", 0
    for network in plan.networks:
        inputs = network.pixels or sum(each.width for each in network.columns)
        encoder = define_encoder(file, cells, network)
        lines, sizes = write_network(file, network, inputs)
        name = file.define_function("network", f"const {file.real} *x, double *values", [*declare(file, sizes), *lines])
        calls += [f"{encoder};"] * (encoder != latest)
        calls += [f"{name}(x, values);", f"for (int k = 0; k < {count_values(plan)}; k++)"]
        calls += [f"    total[k] += {write_double(network.share)} * values[k];"]
        latest, largest = encoder, max(largest, sum(sizes.values()))
    widest = max(each.pixels or sum(column.width for column in each.columns) for each in plan.networks)
    first = f"{file.prefix.upper()}_SCRATCH {file.real} x[{max(widest, 1)}];"
    return [first, *calls], (largest + widest) * file.dtype.itemsize


def count_values(plan: Plan) -> int:
    """How many values are predicted."""
    return len(plan.classes or plan.targets)


def declare(file: CFile, sizes: dict[str, int]) -> list[str]:
    """The arrays that a network works in."""
    arrays = ", ".join(f"{name}[{size}]" for name, size in sizes.items())
    return [f"{file.prefix.upper()}_SCRATCH {file.real} {arrays};"] if arrays else []


def define_encoder(file: CFile, cells: Cells, network: NetworkPlan) -> str:
    """The call that makes the inputs of a network."""
    if network.pixels is not None:
        scaled = f"x[i] = ({file.real})row->pixels[i] / {file.write_real(255)};"
        lines = [f"for (int i = 0; i < {network.pixels}; i++)", f"    {scaled}"]
        return f"{file.define_function('encode', f'const {file.prefix}_row *row, {file.real} *x', lines)}(row, x)"
    lines = list(write_encoder(file, cells, network))
    unused = list_unused(["cells", "codes", "x"], lines)
    name = file.define_function("encode", f"const double *cells, const int *codes, {file.real} *x", [*unused, *lines])
    return f"{name}(cells, codes, x)"


def list_unused(arguments: list[str], lines: list[str]) -> list[str]:
    """Statements that keep compilers from warning of arguments that no line uses."""
    code = "\n".join(line for line in lines if not line.startswith("/*"))
    return [f"(void){each};" for each in arguments if re.search(rf"\b{each}\b", code) is None]


def write_predict(file: CFile, cells: Cells, plan: Plan, calls: list[str]) -> str:
    """The function that predicts a row, and the one that reads it."""
    count, values = count_values(plan), name_values(plan)
    scratch, *others = calls
    lines = [f"double total[{count}] = {{0}}, values[{count}];", scratch]
    if plan.networks[0].pixels is None:
        lines += [f"double cells[{max(len(cells.numbers), 1)}];", f"int codes[{max(len(cells.codes), 1)}];"]
        reader = define_reader(file, cells)
        lines += [f"const int fault = {reader}(row, cells, codes);", "if (fault != 0)", "    return -fault;"]
    lines += others
    lines += [f"for (int k = 0; {values} != NULL && k < {count}; k++)"]
    lines += [f"    {values}[k] = {'(float)' if write_value_type(plan) == 'float' else ''}total[k];"]
    lines += [f"return {file.call('find_largest', count, 'total')};" if plan.classes else "return 0;"]
    body = "\n".join(f"    {line}" for line in lines)
    head = f"int {file.prefix}_predict(const {file.prefix}_row *row, {write_value_type(plan)} *{values})"
    return f"/* Predicts a row; {values} may be NULL. */\nstatic inline {head}\n{{\n{body}\n}}"


def define_reader(file: CFile, cells: Cells) -> str:
    """The function that reads the cells of a row: the number of the field that cannot be read, or 0."""
    lines = list(write_reader(file, cells))
    body = "\n".join(f"    {line}" for line in [*list_unused(["row", "cells", "codes"], lines), *lines, "return 0;"])
    name = f"{file.prefix}_read_row"
    head = f"static int {name}(const {file.prefix}_row *row, double *cells, int *codes)"
    file.definitions.append(f"{head}\n{{\n{body}\n}}")
    return name
