import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.reporting.html_parts import (
    MOST_ROWS,
    escape_html,
    make_html_heading,
    make_html_paragraph,
    make_html_progress_bar,
    make_html_table,
)
from tests.support.html import count_elements, find_flaws
from tests.support.streams import drawn
from tests.support.strings import BUNDLES

PARTS = [
    make_html_heading,
    make_html_paragraph,
    lambda text: make_html_table([[text, text], [text, text]], strong=0),
    lambda text: make_html_progress_bar(0.5, text),
]


@pytest.mark.parametrize("make", PARTS)
@pytest.mark.parametrize("texts", BUNDLES)
def test_hostile_texts_make_the_elements_of_tame_ones(make, texts):
    for text in texts:
        assert count_elements(make(text)) == count_elements(make("tame"))
        assert find_flaws(make(text)) == []


@drawn
@given(st.text())
def test_any_text_is_escaped(text):
    assert not set("<>\"'") & set(escape_html(text))
    assert find_flaws(f"<p>{escape_html(text)}</p>") == []


def test_a_long_text_is_cut():
    assert len(escape_html("x" * 500)) == 200


def test_a_long_table_is_cut_and_says_so():
    table = make_html_table([["k"], *([str(k)] for k in range(MOST_ROWS + 1234))])
    assert table.count("<tr>") == MOST_ROWS + 1
    assert "and 1,234 more" in table
