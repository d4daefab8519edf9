"""Running a C export: a program around its header reads rows from stdin and writes what it predicts."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shutil import which
from struct import pack
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.meanings import trim_text
from mlptrain.errors import DataError, EnvironmentFailure
from mlptrain.export.c import count_name, count_values, make_prefix, write_value_type
from mlptrain.export.c_columns import Cells as FieldNames
from mlptrain.export.c_enums import Enumeration, make_enumerations
from mlptrain.export.cells import PIXELS, Cells, Values, collect_codes, write_known_texts
from mlptrain.export.plan import Codes, Input, Plan, TextInput
from mlptrain.export.processes import run_process

COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-std=c99", "-O2")
LONGEST_TEXT = 1 << 20
"""Bytes of a text that the program has room for."""
REFUSED = 3
"""The program ends with it where a row is refused."""


def predict_with_c(path: Path, cells: Cells, plan: Plan, *, enums: bool = False) -> NDArray[np.float64]:
    """Scores of the classes (B, C), or numbers (B, K), of rows by a header: it is compiled and run."""
    with TemporaryDirectory() as folder:
        program = compile_program(Path(folder), [path], [plan], enums=enums)
        return run_program(program, 0, cells, plan, enums=enums)


def compile_program(
    folder: Path, headers: Sequence[Path], plans: Sequence[Plan], flags: Sequence[str] = FLAGS, *, enums: bool = False
) -> Path:
    """A program of several headers in a folder: its argument is the place of the one that predicts."""
    compiler = find_compiler()
    source, program = folder / "program.c", folder / "program"
    for number, header in enumerate(headers):
        (folder / f"export_{number}.h").write_bytes(header.read_bytes())  # its own path may have any sign
    source.write_text(write_program(plans, enums=enums), "utf-8")
    done = run_process([compiler, *flags, str(source), "-o", str(program), "-lm"])
    if done.exit_code:
        raise EnvironmentFailure(f"{compiler} does not compile the export: {done.problems[:500]}")
    return program


def find_compiler() -> str:
    """The C compiler of this machine."""
    found = next(filter(None, map(which, COMPILERS)), None)
    if found is None:
        raise EnvironmentFailure(f"no C compiler ({', '.join(COMPILERS)}) is here to try the export with; install one")
    return found


def run_program(program: Path, place: int, cells: Cells, plan: Plan, *, enums: bool = False) -> NDArray[np.float64]:
    """What one of the headers predicts."""
    done = run_process([str(program), str(place)], pack_rows(cells, plan, make_enumerations(plan) if enums else {}))
    if done.exit_code == REFUSED:
        raise DataError(done.problems)
    if done.exit_code or done.problems:
        raise EnvironmentFailure(f"the compiled export ends with {done.exit_code}: {done.problems}")
    return np.frombuffer(done.output, np.float64).reshape(-1, count_values(plan))


def pack_rows(cells: Cells, plan: Plan, enums: Mapping[str, Enumeration]) -> bytes:
    """The rows as the program reads them: doubles, values, texts after their length, pixels."""
    if PIXELS in cells and not plan.inputs:
        return np.ascontiguousarray(cells[PIXELS], np.uint8).tobytes()
    codes = collect_codes(plan.networks)
    columns = [
        pack_column(each, cells[each.name], codes.get(each.name, ()), enums.get(each.name)) for each in plan.inputs
    ]
    return b"".join(part for row in zip(*columns, strict=True) for part in row)


def pack_column(given: Input, values: Values, codes: Sequence[Codes], enum: Enumeration | None) -> Iterator[bytes]:
    """The bytes of each cell of a column."""
    if not isinstance(given, TextInput):
        yield from (pack("=d", value) for value in values)
        return
    texts = write_known_texts(list(map(str, values)), codes)
    yield from (pack_text(text) if enum is None else pack("=i", enum.find_value(trim_text(text))) for text in texts)


def pack_text(text: str) -> bytes:
    """A text after its length; no level has half a character, nor more bytes than there is room for."""
    content = text.encode("utf-8", "surrogatepass")[:LONGEST_TEXT]
    return pack("=I", len(content)) + content


# The program


PROGRAM = """
static inline int read_bytes(void *target, size_t size)
{
    return fread(target, 1, size, stdin) == size;
}

static inline int read_text(char *target, const char **field)
{
    uint32_t length;
    if (!read_bytes(&length, sizeof length) || length > LONGEST_TEXT || !read_bytes(target, length))
        return 0;
    target[length] = '\\0';
    *field = length > 0 ? target : NULL;
    return 1;
}
"""

SCORE = """
static int score_{prefix}(void)
{{
    {texts}
    {prefix}_row row{start};
    {value_type} values[{count}];
    double written;
    long number = 0;
    while ({reads}) {{
        const int found = {prefix}_predict(&row, values);
        number++;
        if (found < 0) {{
            fprintf(stderr, "row %ld: column %s: the C export cannot read the cell", number, {column});
            return {refused};
        }}
        for (int k = 0; k < {count}; k++) {{
            written = values[k];
            fwrite(&written, sizeof written, 1, stdout);
        }}
    }}
    return 0;
}}
"""

MAIN = """
int main(int count, char **arguments)
{{
    int (*const scorers[])(void) = {{{scorers}}};
    return count > 1 ? scorers[atoi(arguments[1])]() : 2;
}}
"""


def write_program(plans: Sequence[Plan], *, enums: bool) -> str:
    """The source of a program that scores rows with any of several headers, whose models' names differ."""
    includes = [f'#include "export_{number}.h"' for number in range(len(plans))]
    system = ["#include <stdio.h>", "#include <stdlib.h>", f"#define LONGEST_TEXT {LONGEST_TEXT}"]
    main = MAIN.format(scorers=", ".join(f"score_{make_prefix(plan)}" for plan in plans))
    return "\n".join([*includes, *system, PROGRAM, *(write_score(plan, enums=enums) for plan in plans), main])


def write_score(plan: Plan, *, enums: bool) -> str:
    """The function that scores rows with a header."""
    prefix, fields = make_prefix(plan), list(FieldNames(plan).fields.values())
    pairs = zip(plan.inputs, fields, strict=True)
    texts = [name for each, name in pairs if isinstance(each, TextInput) and not enums]
    arrays = "".join(f"static char text_{name}[LONGEST_TEXT + 1];\n    " for name in texts)
    reads = [
        f"read_text(text_{name}, &row.{name})" if name in texts else f"read_bytes(&row.{name}, sizeof row.{name})"
        for name in (fields or ["pixels"])
    ]
    return SCORE.format(
        prefix=prefix,
        start=f" = {prefix.upper()}_MISSING" if fields else "",
        texts=arrays,
        value_type=write_value_type(plan),
        count=f"{prefix.upper()}_{count_name(plan)}",
        reads=" && ".join(reads),
        column=f"{prefix}_columns[-found - 1]" if fields else '"pixels"',
        refused=REFUSED,
    )
