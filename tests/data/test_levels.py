"""What a text means as a level: laws of keys, merged spellings and the finder."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.data.blanks import is_blank
from mlptrain.data.cells import TextCells
from mlptrain.data.column_types import make_typed_grammar
from mlptrain.data.grammar import NUMBERS, NumberGrammar
from mlptrain.data.levels import NONE, LevelFinder, code_by_meaning, find_near_levels, merge_levels
from mlptrain.data.meanings import (
    NumberMeaning,
    TextMeaning,
    TruthMeaning,
    are_codes,
    choose_meaning,
    find_keys_of_texts,
    find_texts_of_marks,
    trim_text,
)
from tests.support.table_cases import drawn

COMMA = NumberGrammar(decimal=",", thousands=".")
TEXTS = st.text(st.sampled_from("01.5a A\u00a0\té\u0301\ufeff"), max_size=4)


def cells(texts):
    values = list(dict.fromkeys(texts))
    return TextCells(np.array([values.index(text) for text in texts], np.int32), values)


@drawn
@given(TEXTS)
def test_a_trimmed_text_stays_as_it_is_and_means_the_same(text):
    trimmed = trim_text(text)
    assert trim_text(trimmed) == trimmed
    assert is_blank(text) == (trimmed == "")
    assert find_texts_of_marks([text], [trimmed]) == {text}


@pytest.mark.parametrize(
    ("texts", "grammar", "meaning"),
    [
        (["1", "2.0", " 3"], NUMBERS, NumberMeaning),
        (["1,5", "1.000"], COMMA, NumberMeaning),
        (["1.5"], make_typed_grammar(COMMA), NumberMeaning),
        (["01", "12"], NUMBERS, TextMeaning),
        (["9007199254740993", "1"], NUMBERS, TextMeaning),
        (["true", "FALSE ", ""], NUMBERS, TruthMeaning),
        (["true", "false", "maybe"], NUMBERS, TruthMeaning),
        (["", " "], NUMBERS, TextMeaning),
    ],
)
def test_the_texts_of_a_column_decide_what_they_mean(texts, grammar, meaning):
    assert type(choose_meaning(texts, grammar)) is meaning


@drawn
@given(st.lists(TEXTS, max_size=8), st.lists(TEXTS, max_size=2))
def test_merged_levels_have_all_cells_and_find_each_text(texts, marks):
    column = cells(texts)
    merged = merge_levels(column.counts, marks, NUMBERS)
    assert sum(merged.values()) == len(texts)
    finder = LevelFinder(list(merged), marks)
    codes = finder.code_cells(column)
    assert np.bincount(codes[codes >= 0], minlength=len(merged)).tolist() == list(merged.values())
    assert [finder.find_code(text) for text in texts] == codes.tolist()


@drawn
@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_codes_by_meaning_are_equal_where_the_keys_are(texts):
    codes = code_by_meaning(cells(texts), NUMBERS).tolist()
    meaning = choose_meaning(texts, NUMBERS)
    keys = [meaning.find_key(text) for text in texts]
    assert [[one == other for other in codes] for one in codes] == [[one == other for other in keys] for one in keys]


def test_the_most_frequent_spelling_is_the_level():
    assert list(merge_levels({"1": 2, "1.0": 4, "2": 1}, (), NUMBERS)) == ["1.0", "2"]
    assert list(merge_levels({"b ": 5, "a": 1}, (), NUMBERS)) == ["b", "a"]


def test_a_level_that_is_there_twice_in_meaning_is_found_by_its_very_text_alone():
    finder = LevelFinder(["1", "1.0"])
    assert [finder.find_code(text) for text in ("1", "1.0", "01")] == [0, 1, NONE]


def test_keys_are_found_by_meaning_and_the_very_text_goes_before():
    assert find_keys_of_texts(["1", "1.0", "2"], ["1", "1.0"], NUMBERS) == {"1": "1", "1.0": "1.0"}
    assert find_keys_of_texts([" x", "X", "y"], ["x"], NUMBERS) == {" x": "x"}


@pytest.mark.parametrize(("numbers", "codes"), [(["00", "01"], True), (["0", "1"], False), (["1", "01"], False)])
def test_codes_are_digits_of_one_length_with_leading_zeros(numbers, codes):
    assert are_codes(numbers) == codes


def test_pairs_that_may_be_meant_alike_are_found_once():
    assert find_near_levels(["a", "A", "b", "1", "1.0", ""]) == [("a", "A"), ("1", "1.0")]
