"""Columns of truth values: what few stray cells are called, and what is a value of its own."""

import pytest

from mlptrain.data.column import ColumnLook
from mlptrain.data.number_reading import BOOLEANS
from mlptrain.data.truth_values import (
    CAPITALS,
    WORDS,
    list_truth_values,
    look_at_truth_values,
    recognise_truth_values,
)
from mlptrain.errors import DataError
from tests.support.table_cases import table


def recognise(cells):
    return recognise_truth_values(ColumnLook(table(x=cells), "x", {""}))


@pytest.mark.parametrize("pair", WORDS)
def test_few_odd_cells_are_strays_that_an_error_names_with_their_number_and_lines(pair):
    one, other = sorted(pair)
    cells = [one, other.upper(), one.title(), f" {other}"] * 50
    with pytest.raises(DataError) as caught:
        recognise([*cells, "maybe", "maybe", "5"])
    said = "200 cells are truth values but not 'maybe' (2 cells, the first on line 202), '5' (on line 204); mend them, "
    cure = 'list what means missing in data.missing_values: ["maybe", "5"], or set data.columns: {x: category}'
    assert f'f.csv:202: column "x": {said}{cure}' in str(caught.value)


@pytest.mark.parametrize(
    ("odd", "kind"),
    [(0, "boolean"), (10, "error"), (11, "notice"), (22, "notice"), (23, None), (200, None)],
)
def test_of_more_odd_cells_the_spec_decides_and_of_many_they_are_values_of_their_own(odd, kind):
    cells = ["true", "FALSE"] * 100 + ["no internet"] * odd
    if kind == "error":
        with pytest.raises(DataError, match="'no internet' \\(10 cells, the first on line 202\\)"):
            recognise(cells)
        return
    found = recognise(cells)
    assert (found and ("notice" if found.notice else found.kind)) == kind
    if kind == "notice":
        said = f"200 of {200 + odd} cells are truth values; if the others mean missing, list "
        assert (found.kind, found.note) == ("category", f'{said}"no internet" in data.missing_values')


def test_what_means_a_missing_truth_value_anyway_is_no_stray():
    assert recognise(["yes", "no"] * 100 + ["NA", "?"]).kind == "boolean"


@pytest.mark.parametrize(
    "cells", [["true"] * 100 + ["maybe"], ["a", "b", "t"] * 30, ["yes", "true"] * 30, ["1", "0"] * 9]
)
def test_both_values_of_one_pair_must_be_there(cells):
    assert recognise(cells) is None


def test_the_pairs_are_those_that_are_read():
    assert {*WORDS} < {*BOOLEANS}
    assert look_at_truth_values({"T": 3, "f": 2}).truths == 5


@pytest.mark.parametrize("pair", BOOLEANS)
@pytest.mark.parametrize("usual", CAPITALS)
def test_both_values_are_written_with_the_same_capitals_those_of_most_cells(pair, usual):
    """Also where one value has others in most of its cells."""
    false, true = sorted(pair)
    others = [spell for spell in CAPITALS if spell is not usual]
    cells = [usual(true)] * 9 + [usual(false)] * 3 + [others[0](false)] * 4 + [others[1](true), f" {false}", ""]
    assert list_truth_values(ColumnLook(table(x=cells), "x", {""})) == [usual(false), usual(true)]
