"""Evaluations as text: recalls and importances as bars, which give way to a narrow terminal."""

import json
from dataclasses import replace

import pytest

from mlptrain.commands.evaluate import EvaluationResult, evaluate_files
from mlptrain.explain.permutation import Permutation
from mlptrain.model.evaluation import ClassResult
from mlptrain.reporting.bars import EIGHTHS, draw_bar
from mlptrain.reporting.evaluate_results import build_evaluation_result_document, format_classes, format_evaluation
from mlptrain.reporting.importance_results import build_importance_document, format_importance
from mlptrain.reporting.terminal import Terminal, measure_width
from tests.support.flows import fit_mixed

RECALLS = [None, 0.0, 0.004, 0.25, 0.5, 1.0]
CLASSES = tuple(
    ClassResult(name=f"class {number}", rows=10.0, precision=0.5, recall=recall, f1=0.25)
    for number, recall in enumerate(RECALLS)
)
FOUND = EvaluationResult(rows=60, metrics={"accuracy": 0.5}, classes=CLASSES)


@pytest.mark.parametrize("signs", [EIGHTHS, "#"])
def test_each_class_has_its_recall_as_a_bar(signs):
    headings, *rows = format_classes(FOUND, signs=signs).splitlines()
    place = headings.index("recall") + len("recall") + 2
    bars = [row[place : place + 10] for row in rows[: len(RECALLS)]]
    assert bars == [draw_bar(recall or 0.0, signs) for recall in RECALLS]


@pytest.mark.parametrize("width", range(30, 80))
def test_bars_of_classes_take_no_room_from_numbers(width):
    without = format_classes(FOUND, Terminal(width=width), signs=" ").splitlines()
    lines = format_classes(FOUND, Terminal(width=width)).splitlines()
    assert lines[0].split() == without[0].split()
    assert all(measure_width(line) <= width for line in lines)
    whole = max(measure_width(line) for line in format_classes(FOUND).splitlines()[: 1 + len(CLASSES)])
    assert any(sign in "\n".join(lines) for sign in EIGHTHS) == (whole <= width)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A model of a mixed table, measured with the importance of its columns."""
    folder = tmp_path_factory.mktemp("measured")
    return evaluate_files(fit_mixed(folder).model, str(folder / "mixed.csv"), importance=Permutation(repeats=3))


def test_the_importance_stands_below_and_in_the_document(measured):
    shown = format_evaluation(measured)
    assert shown.endswith("\n\n" + format_importance(measured.importance))
    document = build_evaluation_result_document(measured)
    own = build_importance_document(measured.importance)
    assert own.pop("seen") is None
    assert json.dumps(document["importance"]) == json.dumps(own)
    without = replace(measured, importance=None)
    assert document | build_evaluation_result_document(without) == document
    assert "importance" not in build_evaluation_result_document(without)
    assert format_evaluation(without) == shown.partition("\n\nimportance")[0]
