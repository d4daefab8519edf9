import io
import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.__main__ import print_error
from mlptrain.cli.options import print_notice
from mlptrain.reporting.terminal import (
    ANYWHERE,
    KERNEL_SETS,
    NARROWEST,
    Terminal,
    find_terminal,
    is_live_terminal,
    measure_width,
    obeys_escape_codes,
    shorten_to_width,
    wrap_line,
)
from tests.support.streams import drawn


class Tty(io.StringIO):
    """A stream that takes itself for a terminal of 60 columns."""

    def isatty(self):
        return True

    def fileno(self):
        return 2


@pytest.fixture
def tty(monkeypatch):
    """A terminal of 60 columns, with nothing of it in the environment."""
    for name in ("COLUMNS", "NO_COLOR", "JPY_PARENT_PID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(os, "get_terminal_size", lambda stream: os.terminal_size((60, 20)))
    return Tty()


words = st.lists(st.text(st.characters(codec="utf-8", exclude_characters=" \n"), min_size=1), min_size=1).map(" ".join)


@drawn
@given(words, st.integers(NARROWEST, 120))
def test_lines_are_broken_between_words_only(text, width):
    lines = wrap_line(text, width).split("\n")
    assert " ".join(line.removeprefix("  ") for line in lines) == text
    assert all(measure_width(line) <= width or " " not in line.strip(" ") for line in lines)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
@pytest.mark.parametrize(
    "whole", ["/a/very/long-path/of-some/folder_with-2-hyphens/and.more.yaml", "0.30000000000000004", "hard_sigmoid"]
)
def test_paths_and_numbers_stay_whole(width, whole):
    text = f"{'word ' * 7}{whole} {'word ' * 7}and {whole}"
    assert sum(line.split().count(whole) for line in wrap_line(text, width).split("\n")) == 2


def test_lines_that_fit_and_their_spaces_stay_as_they_are():
    assert Terminal(width=60).wrap("  a   b\n\n  c") == "  a   b\n\n  c"
    assert ANYWHERE.wrap("word " * 100) == "word " * 100


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("表格", 4), ("e\u0301", 1), ("", 0)])
def test_the_columns_of_a_text(text, width):
    assert measure_width(text) == width


@drawn
@given(st.text(max_size=60), st.integers(3, 50))
def test_what_is_shortened_fits(text, width):
    assert measure_width(shorten_to_width(text, width)) <= width


@drawn
@given(st.text("abc é表", max_size=60), st.integers(12, 50))
def test_what_is_shortened_ends_between_words_with_one_sign(text, width):
    shown = shorten_to_width(text, width)
    kept = shown.removesuffix("…")
    assert text.startswith(kept)
    cut_within = kept != text and kept and kept[-1] != " " and text[len(kept)] != " "
    assert not cut_within or " " not in kept.strip()


def test_a_terminal_has_a_width_and_colours(tty, monkeypatch):
    assert find_terminal(tty) == Terminal(width=60, colour=True)
    monkeypatch.setenv("COLUMNS", "44")
    assert find_terminal(tty).width == 44


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "unknown")])
def test_no_colours_where_none_are_wanted(tty, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert find_terminal(tty) == Terminal(width=60, colour=False)


CELLS = [{"JPY_PARENT_PID": "12", "TERM": "xterm-256color"}, KERNEL_SETS, {"TERM": "dumb"}, {"TERM": "unknown"}]


@pytest.mark.parametrize("cell", CELLS)
def test_the_cell_of_a_notebook_gets_neither_pictures_nor_colours(tty, monkeypatch, cell):
    assert is_live_terminal(tty)
    for name, value in cell.items():
        monkeypatch.setenv(name, value)
    assert find_terminal(tty) == Terminal(width=60, colour=False)
    assert not is_live_terminal(tty)


@pytest.mark.parametrize("missing", KERNEL_SETS)
def test_a_pager_of_the_user_is_no_cell(missing):
    assert not obeys_escape_codes(KERNEL_SETS)
    assert obeys_escape_codes({name: value for name, value in KERNEL_SETS.items() if name != missing})
    assert obeys_escape_codes({})


def test_a_pipe_and_a_closed_stream_are_no_terminals(tty, monkeypatch):
    closed = io.StringIO()
    closed.close()
    assert find_terminal(io.StringIO()) == find_terminal(closed) == ANYWHERE

    def gone(stream):
        raise OSError(25, "Inappropriate ioctl for device")

    monkeypatch.setattr(os, "get_terminal_size", gone)
    assert find_terminal(tty) == ANYWHERE


@pytest.mark.parametrize(
    ("tell", "begin"), [(print_error, "\x1b[1;31merror:\x1b[0m "), (print_notice, "\x1b[33mnote:\x1b[0m ")]
)
def test_errors_and_notes_are_wrapped_and_their_first_word_is_coloured(tty, monkeypatch, tell, begin):
    monkeypatch.setattr(sys, "stderr", tty)
    tell("spec.yaml:4: model.activation: 'relo' is not one of hard_sigmoid, leaky_relu, parametric, relu, tanh: why")
    lines = tty.getvalue().splitlines()
    assert lines[0].startswith(begin + "spec.yaml:4:")
    assert len(lines) == 2
    assert lines[1].startswith("  ")
    assert "\x1b" not in lines[1]


def test_without_colours_nothing_is_painted():
    assert Terminal(width=80).paint("error:", "bad") == "error:"
    assert Terminal(width=80, colour=True).paint("  ", "bad") == "  "
