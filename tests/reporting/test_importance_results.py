"""Importances as text: bars, columns that give way to a narrow terminal, no control sign of a user's name."""

from dataclasses import replace

import pytest

from mlptrain.explain.importance import ColumnImportance, GroupImportance, Importance
from mlptrain.reporting.explain_results import build_explanation_document, format_explanation
from mlptrain.reporting.importance_results import MOST_ROWS
from mlptrain.reporting.terminal import ANYWHERE, Terminal, measure_width
from tests.support.strings import BUNDLES, DANGEROUS


def column(name, importance, **more):
    interval = (importance - 0.01, importance + 0.01)
    return ColumnImportance(column=name, importance=importance, interval=interval, above_zero=0.9, **more)


FOUND = Importance(
    method="permutation",
    metric="log_loss",
    larger_is_better=False,
    score=0.5,
    rows=5000,
    rows_given=48842,
    repeats=7,
    repeats_asked=10,
    columns=(
        column("capital_gain", 0.4, partner="capital_loss", association=0.91),
        column("age_of_the_person", 0.1),
        column("capital_loss", 0.012, partner="capital_gain", association=0.91, stands_in_for="capital_gain"),
        column("noise", -0.003),
    ),
    groups=(
        GroupImportance(columns=("capital_gain", "capital_loss"), importance=0.6, interval=(0.5, 0.7), above_zero=1.0),
    ),
    seen="a.csv is the training file: this shows what the model has memorised",
)


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_no_line_is_wider_than_the_terminal(width):
    lines = format_explanation(FOUND, Terminal(width=width)).split("\n")
    tables = [line for line in lines if line.startswith("  ") and not line.startswith("  (")]
    assert all(measure_width(line) <= max(width, 50) for line in tables), lines
    assert all(measure_width(line) <= width for line in lines if line not in tables)


def test_the_last_columns_give_way_first():
    order = ["importance", "95 % interval", "goes with", "above 0"]
    for width, there in ((110, order), (100, order[:3]), (66, order[:2]), (40, order[:1])):
        text = format_explanation(FOUND, Terminal(width=width))
        headings = next(
            line for line in text.split("\n") if line.startswith("   ") and line.strip().startswith("importance")
        )
        assert [name for name in order if name in headings] == there
        assert ("no room for" in text) == (there != order)


def test_what_the_table_says():
    text = " ".join(format_explanation(FOUND).split())
    for said in (
        "how far log_loss rises from 0.5000",
        "5,000 of 48,842 rows, 7 repeats",
        "stands in for capital_gain (0.91)",
        "capital_gain + capital_loss",
        "no measurable use, as the interval is not above 0: noise",
        "not what causes the target",
        "is the training file",
    ):
        assert said in text
    assert "how far auc falls" in format_explanation(replace(FOUND, metric="auc", larger_is_better=True))


def test_many_columns_are_cut_unless_all_are_asked_for():
    many = replace(FOUND, columns=tuple(column(f"c{number}", 1 / (number + 1)) for number in range(2000)))
    assert "and 1,970 more columns; --verbose has all" in format_explanation(many)
    assert len(format_explanation(many).split("\n")) < MOST_ROWS + 12
    assert "c1999" in format_explanation(many, verbose=True)
    assert len(build_explanation_document(many)["columns"]) == 2000


@pytest.mark.parametrize("texts", BUNDLES)
def test_names_move_no_cursor(texts):
    for text in texts:
        hostile = replace(FOUND, columns=(column(text, 0.2, partner=text, association=0.8),), seen=text)
        shown = format_explanation(hostile, ANYWHERE)
        assert not DANGEROUS.search(shown.replace("\n", ""))


@pytest.mark.parametrize("width", range(50, 140, 10))
def test_a_group_names_as_many_of_its_columns_as_there_is_room_for(width):
    names = tuple(f"a_column_of_the_table_{k}" for k in range(7))
    group = GroupImportance(columns=names, importance=0.6, interval=(0.5, 0.7), above_zero=1.0)
    shown = format_explanation(replace(FOUND, groups=(group,)), Terminal(width=width))
    (line,) = [line for line in shown.split("\n") if line.startswith("  a_column")]
    assert measure_width(line) <= max(width, 70)
    named = line.count("a_column")
    assert f"+ {7 - named} more" in line
    longer = measure_width(line) + len(" + ") + len(names[0][:20])
    assert named == 4 or longer > width
    assert named == 2 or "100%" in line
