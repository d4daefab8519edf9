"""Counterfactuals as sentences and documents."""

from dataclasses import replace

import pytest

from mlptrain.explain.changes import Change, Counterfactuals, RowChange
from mlptrain.reporting.counterfactual_results import MOST_CHANGED
from mlptrain.reporting.explain_results import build_explanation_document, format_explanation
from mlptrain.reporting.html_results import render_html
from mlptrain.reporting.terminal import Terminal, measure_width
from tests.support.strings import BUNDLES, DANGEROUS

ROW = RowChange(
    row=3,
    prediction="no",
    score=0.9,
    changes=(Change(column="age", cell="", new_cell="30"), Change(column="sex", cell="male", new_cell="female")),
    new_prediction="yes",
    new_score=0.6,
    distance=1.25,
)
NONE = RowChange(row=4, prediction="no", score=0.99)
FOUND = Counterfactuals(method="counterfactual", columns=("age", "sex"), most_changes=2, rows=(ROW, NONE))


def test_what_the_sentences_say():
    first, second, meaning = format_explanation(FOUND, Terminal(width=200)).split("\n")
    assert first == "row 3: no (0.9000) would be yes (0.6000) with age from (missing) to 30 and sex from male to female"
    assert second == "row 4: no (0.9900); no change of age, sex, 2 at once, was found that gives what is wanted"
    assert "not what would happen" in meaning
    already = replace(NONE, new_prediction="no", new_score=0.99, distance=0.0)
    assert "it is what is wanted" in format_explanation(replace(FOUND, rows=(already,)))


def test_tables_and_documents_have_all():
    columns, numeric = FOUND.tabulate()
    assert columns["new_age"] == ["30", ""]
    assert columns["new_prediction"] == ["yes", ""]
    assert numeric == {"row", "score", "new_score", "changes", "distance"}
    rows = build_explanation_document(FOUND)["rows"]
    assert rows[0]["changes"][1] == {"column": "sex", "cell": "male", "new_cell": "female"}
    assert rows[1]["new_prediction"] is None
    assert "would be yes" in render_html(FOUND)


def test_many_rows_are_cut_unless_all_are_asked_for():
    many = replace(FOUND, rows=(NONE,) * 50)
    assert format_explanation(many).count("row 4:") == MOST_CHANGED
    assert "and 30 more rows" in format_explanation(many)
    assert format_explanation(many, verbose=True).count("row 4:") == 50


@pytest.mark.parametrize("width", [40, 80])
def test_no_line_is_wider_than_the_terminal(width):
    assert all(measure_width(line) <= width for line in format_explanation(FOUND, Terminal(width=width)).split("\n"))


@pytest.mark.parametrize("texts", BUNDLES)
def test_texts_move_no_cursor(texts):
    for text in texts:
        change = Change(column=text, cell=text, new_cell=text)
        row = replace(ROW, prediction=text, new_prediction=text, changes=(change,))
        shown = format_explanation(replace(FOUND, columns=(text,), rows=(row, NONE)))
        assert not DANGEROUS.search(shown.replace("\n", ""))
