"""Effects on single rows as text: tables of few rows and columns, no control sign of a user's text."""

from dataclasses import replace

import pytest

from mlptrain.explain.row_effects import RowEffect, RowEffects
from mlptrain.reporting.explain_results import build_explanation_document, format_explanation
from mlptrain.reporting.html_results import render_html
from mlptrain.reporting.row_effect_results import MOST_EFFECTS, MOST_EXPLAINED
from mlptrain.reporting.terminal import Terminal, measure_width
from tests.support.strings import BUNDLES, DANGEROUS

ROW = RowEffect(
    row=3,
    prediction="no",
    explained="yes",
    score=-2.5,
    baseline=-0.5,
    effects={"age": 0.5, "sex": -2.25, "fare": -0.25},
    cells={"age": "22", "sex": "male", "fare": ""},
)
FOUND = RowEffects(method="gradients", score="log-odds", usual="the mean of 9 rows", rows=(ROW,), largest_gap=1e-6)


def test_what_the_text_says():
    lines = format_explanation(FOUND).split("\n")
    assert lines[0] == "row 3: no; log-odds of yes -2.500, from -0.5000"
    assert [line.split()[:2] for line in lines[2:5]] == [["sex", "-2.250"], ["age", "+0.5000"], ["fare", "-0.2500"]]
    assert "effects add up from the mean of 9 rows to the row" in " ".join(format_explanation(FOUND).split())
    assert "±" not in format_explanation(FOUND)
    number = replace(FOUND, score="prediction", rows=(replace(ROW, prediction="-2.5", explained="price"),))
    assert format_explanation(number).startswith("row 3: price -2.500, from -0.5000\n")


def test_standard_errors_are_shown_where_effects_are_estimated():
    estimated = replace(FOUND, rows=(replace(ROW, errors={"age": 0.1, "sex": 0.2, "fare": 0.0}),))
    assert "± 0.2000" in format_explanation(estimated)
    assert "standard error" in format_explanation(estimated)


@pytest.mark.parametrize("width", [40, 60, 100])
def test_no_line_is_wider_than_the_terminal(width):
    assert all(measure_width(line) <= width for line in format_explanation(FOUND, Terminal(width=width)).split("\n"))


def test_many_rows_and_columns_are_cut():
    names = [f"c{number}" for number in range(50)]
    wide = replace(ROW, effects={name: 1.0 / (n + 1) for n, name in enumerate(names)}, cells=dict.fromkeys(names, "x"))
    many = replace(FOUND, rows=(wide,) * 20)
    text = format_explanation(many)
    assert text.count("row 3:") == MOST_EXPLAINED
    assert text.count("and 40 more columns; --verbose has all") == MOST_EXPLAINED
    assert "and 15 more rows; --out FILE and --json have all" in text
    assert len(text.split("\n")) < MOST_EXPLAINED * (MOST_EFFECTS + 4)
    assert "c49" in format_explanation(many, verbose=True)
    assert len(build_explanation_document(many)["rows"]) == 20
    assert "and 15 more rows" in render_html(many)


@pytest.mark.parametrize("texts", BUNDLES)
def test_texts_move_no_cursor(texts):
    for text in texts:
        effects, cells = {text: 1.0}, {text: text}
        hostile = replace(FOUND, rows=(replace(ROW, prediction=text, explained=text, effects=effects, cells=cells),))
        assert not DANGEROUS.search(format_explanation(hostile).replace("\n", ""))
