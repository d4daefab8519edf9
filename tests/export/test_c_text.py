"""C as text: whatever is written, a compiler reads the same back, and nothing of a text becomes code."""

import re
from random import Random
from shutil import which

import numpy as np
import pytest

from mlptrain.export.c_program import COMPILERS, find_compiler
from mlptrain.export.c_text import (
    LONGEST_NAME,
    RESERVED,
    encode_text,
    list_needed,
    make_identifier,
    make_identifiers,
    quote_text,
    read_helpers,
    turn_to_double,
    write_comment_text,
    write_values,
)
from mlptrain.export.processes import run_process

PIECES = [
    *'"\\?/*\n\r\t 0179abnuxUé€😀\u202e\u200f\ufeff\x7f\x1b%',
    "??/",
    "*/",
    "/*",
    "//",
    "\\0",
    "int",
    "NULL",
    "e\u0301",
]
DRAW = Random(0)
TEXTS = ["", *PIECES, *("".join(DRAW.choices(PIECES, k=DRAW.randint(2, 12))) for _ in range(300))]
PRINTER = """
int main(void) {{
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        fwrite(texts[i], 1, strlen(texts[i]) + 1, stdout);
    fwrite(floats, sizeof floats, 1, stdout);
    fwrite(doubles, sizeof doubles, 1, stdout);
    return 0;
}}
"""


def draw_reals(dtype):
    """Numbers of all sizes, drawn by their bits, and those at the ends."""
    bits = np.random.default_rng(0).integers(0, 256, 400 * np.dtype(dtype).itemsize, np.uint8).view(dtype)
    limits = np.finfo(dtype)
    ends = [0.0, -0.0, 1.0, np.inf, -np.inf, limits.max, limits.tiny, limits.smallest_subnormal, limits.eps]
    return np.concatenate([bits[np.isfinite(bits)], np.array(ends, dtype)])


@pytest.mark.skipif(not any(map(which, COMPILERS)), reason="there is no C compiler: install gcc")
def test_a_compiler_reads_texts_and_numbers_as_they_are(tmp_path):
    floats, doubles = draw_reals(np.float32), draw_reals(np.float64)
    lines = ["#include <math.h>", "#include <stdio.h>", "#include <string.h>"]
    lines += [f"/* {write_comment_text(text)} */" for text in TEXTS]
    lines += [f"static const char *const texts[] = {{{', '.join(map(quote_text, TEXTS))}}};"]
    lines += [f"static const float floats[] = {{{', '.join(write_values(floats))}}};"]
    lines += [f"static const double doubles[] = {{{', '.join(write_values(doubles))}}};", PRINTER.format()]
    (tmp_path / "print.c").write_text("\n".join(lines), encoding="utf-8")
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    done = run_process([find_compiler(), *flags, str(tmp_path / "print.c"), "-o", str(tmp_path / "print")])
    assert done.problems == ""
    written = b"".join(text.encode() + b"\0" for text in TEXTS)
    assert run_process([str(tmp_path / "print")]).output == written + floats.tobytes() + doubles.tobytes()


def test_numbers_are_written_as_shortly_as_they_can_be():
    assert write_values(np.array([0.1, 3, 1e-30], np.float32)) == ["0.1f", "3.0f", "1e-30f"]


def test_names_differ_and_are_names():
    names = make_identifiers([*TEXTS, *RESERVED, "a" * 300, "a" * 301], "column")
    assert len(set(names)) == len(names)
    assert not RESERVED & set(names)
    pattern = re.compile("[A-Za-z](?:_?[A-Za-z0-9])*_?", re.ASCII)  # no name that C keeps for itself: _X, a__b
    assert [name for name in names if not pattern.fullmatch(name) or len(name) > LONGEST_NAME + 5] == []


@pytest.mark.skipif(not any(map(which, COMPILERS)), reason="there is no C compiler: install gcc")
def test_no_name_is_a_macro_of_the_headers_that_come_along(tmp_path):
    headers = [f"#include <{name}.h>" for name in ("math", "stddef", "stdint", "stdio", "string")]
    (tmp_path / "macros.c").write_text("\n".join([*headers, ""]))
    listed = run_process([find_compiler(), "-std=gnu11", "-dM", "-E", str(tmp_path / "macros.c")]).output.decode()
    macros = set(re.findall(r"^#define ([A-Za-z]\w*) ", listed, re.MULTILINE))
    assert macros >= {"NAN", "NULL", "UINT8_MAX"}
    assert {name for name in macros if make_identifier(name, "column") in macros} == set()


@pytest.mark.parametrize(("text", "why"), [("a\0b", "NUL"), ("\ud800", "half a character")])
def test_a_text_that_c_cannot_hold_says_why(text, why):
    with pytest.raises(ValueError, match=why):
        encode_text(text)


def test_helpers_come_before_those_that_call_them():
    order = list(read_helpers())
    for name in order:
        assert list_needed([name])[-1] == name
        assert list_needed([name]) == [each for each in order if each in list_needed([name])]


def test_helpers_of_double_precision_have_nothing_of_floats():
    doubles = turn_to_double("\n".join(read_helpers().values()))
    assert re.search(r"\bfloat\b|[0-9]f\b|\b(?:exp|log|sin|cos|tan|abs|min|max|m1|1p|h)f\(", doubles) is None
