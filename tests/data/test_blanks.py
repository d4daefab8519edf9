"""Blanks around a text mean nothing, of whatever kind they are, and whatever the text is."""

import sys
from collections.abc import Sequence
from unicodedata import category

import numpy as np
import pytest

from mlptrain.data.blanks import BLANKS, ZERO_WIDTH, is_blank, strip_blanks
from mlptrain.data.date_column import read_dates
from mlptrain.data.dates import parse_dates
from mlptrain.data.feature_fitting import infer_column_kind
from mlptrain.data.grammar import NumberGrammar
from mlptrain.data.meanings import trim_text
from mlptrain.data.moments import ISO
from mlptrain.data.number_reading import read_numbers
from mlptrain.data.number_texts import MISSING_NUMBERS, parse_numbers
from mlptrain.data.table import Table
from mlptrain.errors import DataError
from tests.support.table_cases import read

AROUND = [
    " ",
    "\t",
    "\n",
    "\u00a0",
    "\u2009",
    "\u202f",
    "\u3000",
    "\u200b",
    "\u200e",
    "\u200f",
    "\u00ad",
    "\ufeff",
    " \u200b\t",
]


def column(cells: Sequence[str]) -> Table:
    """A file of one column x."""
    return read("\n".join(["x", *(f'"{cell}"' for cell in cells)]) + "\n")


every_blank = pytest.mark.parametrize("blank", AROUND, ids=ascii)


def test_blanks_are_pythons_and_invisible_characters_alone() -> None:
    every = map(chr, range(sys.maxunicode + 1))
    assert {one for one in every if one.isspace()} == set(BLANKS) - set(map(chr, ZERO_WIDTH))
    assert {category(chr(code)) for code in ZERO_WIDTH} <= {"Cf", "Mn", "Cn"}


@pytest.mark.parametrize("blank", BLANKS, ids=ascii)
def test_a_blank_on_either_side_changes_nothing(blank: str) -> None:
    grammars = [NumberGrammar(), NumberGrammar(",", "."), NumberGrammar(loose_signs=True, units=("€",))]
    for text in (f"{blank}12", f"12{blank}", f"{blank}{blank}12 {blank}"):
        assert (strip_blanks(text), trim_text(text)) == ("12", "12")
        assert parse_numbers([text, "7"], {""}, NumberGrammar()).tolist() == [12, 7]
        assert all(grammar.reads(text) and grammar.read_mark(text) == 12 for grammar in grammars)
        assert parse_dates([text.replace("12", "2020-01-02")], None).tolist() == [1577923200]
    assert is_blank(blank * 2)
    assert np.isnan(parse_numbers([blank, f"{blank}NA", "7"], MISSING_NUMBERS, NumberGrammar())[:2]).all()


@every_blank
@pytest.mark.parametrize("rows", [60, 1500])
@pytest.mark.parametrize("every", [1, 20])
def test_numbers_with_blanks_are_a_column_of_numbers(blank: str, rows: int, every: int) -> None:
    numbers = [k * 37 % 1511 / 100 for k in range(rows)]
    odd = [f"{number}{blank}" if k % every == 0 else str(number) for k, number in enumerate(numbers)]
    found = column(list(odd))
    assert infer_column_kind(found, "x", {""}) == infer_column_kind(column([str(n) for n in numbers]), "x", {""})
    assert read_numbers(found, "x", {""}).tolist() == numbers


@every_blank
@pytest.mark.parametrize(
    "texts",
    [
        [f"{k * k:04}" for k in range(60)],
        [str(10**18 + k * k) for k in range(60)],
        [str(k) for k in range(60)],
        ["yes", "no"] * 30,
        [f"2020-01-{1 + k % 28:02}" for k in range(60)],
        ["-999", "5.5", "NA"] * 20,
    ],
    ids=["leading zeros", "too long", "running", "truths", "dates", "missing"],
)
def test_a_column_is_what_it_is_without_the_blanks(blank: str, texts: list[str]) -> None:
    one, other = (column([f"{mark}{cell}{mark}" for cell in texts]) for mark in ("", blank))
    assert infer_column_kind(one, "x", {"", "-999"}).kind == infer_column_kind(other, "x", {"", "-999"}).kind


@every_blank
def test_a_word_among_numbers_is_an_error_with_or_without_a_blank(blank: str) -> None:
    cells = [*map(str, range(0, 600, 10)), f"unknown{blank}"]
    with pytest.raises(DataError, match="60 cells are numbers but not"):
        infer_column_kind(column(list(cells)), "x", {""})


@every_blank
def test_a_word_for_missing_with_blanks_is_a_missing_date(blank: str) -> None:
    found = column(["2020-01-02", f"{blank}NA", f"gone{blank}"])
    assert read_dates(found, "x", ("gone",), ISO).tolist()[0] == 1577923200
    assert np.isnan(read_dates(found, "x", ("gone",), ISO)[1:]).all()
