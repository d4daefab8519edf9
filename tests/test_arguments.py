"""Arguments: what is meant passes; anything else is one sentence that names the argument."""

from pathlib import Path

import numpy as np
import pytest

from mlptrain.arguments import require_choice, require_count, require_path, shorten_repr
from mlptrain.errors import SpecError


class PathLike:
    def __fspath__(self):
        return "a/b.npz"


class BytesLike:
    def __fspath__(self):
        return b"a"


@pytest.mark.parametrize("value", ["a/b.npz", Path("a/b.npz"), PathLike(), np.str_("a/b.npz")])
def test_texts_and_paths_are_paths(value):
    assert require_path(value, "out") == Path("a/b.npz")


@pytest.mark.parametrize("value", [None, 3, b"a", "", "a\0b", BytesLike(), ["a"], object])
def test_anything_else_is_no_path(value):
    with pytest.raises(SpecError, match=r"^out: .* is no path; give a text or a pathlib.Path$"):
        require_path(value, "out")


@pytest.mark.parametrize("value", [1, 7, np.int64(2), True])
def test_whole_numbers_are_counts(value):
    assert require_count(value, "threads", least=1) == value


@pytest.mark.parametrize("value", [0, -1, 1.0, "2", None, np.float64(2), [1]])
def test_anything_else_is_no_count(value):
    with pytest.raises(SpecError, match=r"^threads: .* is no whole number from 1 on$"):
        require_count(value, "threads", least=1)


def test_a_choice_is_one_of_the_words():
    require_choice("resume", "unfinished", ["refuse", "resume"])
    for value in ("Resume", None, 1, ["resume"], ""):
        with pytest.raises(SpecError, match=r"^unfinished: .* is not one of refuse, resume$"):
            require_choice(value, "unfinished", ["refuse", "resume"])


def test_values_are_quoted_in_at_most_eighty_characters():
    assert shorten_repr("a") == "'a'"
    assert shorten_repr("x" * 200) == "'" + "x" * 78 + "…"
    assert len(shorten_repr(list(range(10**4)))) == 80
