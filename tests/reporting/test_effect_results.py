"""Effects as text: a line a curve, all values of few columns, for narrow terminals and plain encodings, too."""

import json

import pytest

from mlptrain.explain.effect_curves import Effect, EffectCurves, EffectPoint
from mlptrain.reporting.effect_results import MOST_ROWS
from mlptrain.reporting.explain_results import build_explanation_document, format_explanation
from mlptrain.reporting.json_document import format_json
from mlptrain.reporting.terminal import Terminal, measure_width
from tests.support.strings import BUNDLES, DANGEROUS


def effect(name, *effects, curve="ale", missing=None, values=None):
    values = values or [10.0 * place for place in range(len(effects))]
    points = tuple(
        EffectPoint(value=value, rows=7, effect=(each,)) for value, each in zip(values, effects, strict=True)
    )
    gap = None if missing is None else EffectPoint(value="", rows=3, effect=(missing,))
    return Effect(column=name, curve=curve, points=points, missing=gap)


def found(*columns, **more):
    fixed = {"method": "effects", "rows": 100, "rows_given": 100, "outputs": ("price",), "of_classes": False}
    return EffectCurves(**(fixed | {"mean": (12.5,)} | more), columns=columns)


FOUND = found(
    effect("size", -2.0, 0.5, 4.0, missing=-3.0),
    effect("colour", 1.0, -0.5, curve="partial_dependence", values=["", "red"]),
    effect("nothing", values=[]),
)


def test_a_line_a_curve_the_widest_range_first():
    text = format_explanation(FOUND)
    lines = text.split("\n")
    assert "how far price lies from its mean 12.50 (100 rows)" in lines[0]
    assert [line.split()[0] for line in lines[2:4]] == ["size", "colour"]
    assert lines[2].split()[1:] == ["-3.000", "4.000", "▁▄█", "0", "20", "ALE"]
    assert "(missing)" in lines[3]
    assert "not what would happen if the value were changed" in text


def test_all_values_of_few_columns():
    text = format_explanation(FOUND)
    (size,) = [part for part in text.split("\n\n") if part.startswith("size")]
    assert [line.split() for line in size.split("\n")[2:]] == [
        ["0", "-2.000", "7"],
        ["10", "0.5000", "7"],
        ["20", "4.000", "7"],
        ["(missing)", "-3.000", "3"],
    ]
    many = found(*(effect(f"c{k}", 0.0, k + 1.0) for k in range(50)))
    assert f"and {50 - MOST_ROWS} more curves; --verbose has all" in format_explanation(many)
    assert "rows\n" not in format_explanation(many)
    shown = format_explanation(many, verbose=True).split("\n\n")
    assert (len(shown), "more curves" in shown[0]) == (51, False)


def test_several_outputs_have_a_line_each():
    point = EffectPoint(value=1.0, rows=2, effect=(0.1, -0.4))
    other = EffectPoint(value=2.0, rows=2, effect=(-0.1, 0.4))
    two = Effect(column="size", curve="ale", points=(point, other))
    text = format_explanation(found(two, outputs=("cheap", "dear"), of_classes=True, mean=(0.5, 0.5)))
    assert [line.split()[:2] for line in text.split("\n")[2:4]] == [["size", "dear"], ["size", "cheap"]]
    assert "the class's probability" in text


@pytest.mark.parametrize("width", [60, 80])
def test_no_line_is_wider_than_the_terminal(width):
    lines = format_explanation(FOUND, Terminal(width=width)).split("\n")
    assert max(map(measure_width, lines)) <= width


def test_plain_encodings_have_plain_curves():
    assert format_explanation(FOUND, signs="#").isascii()


@pytest.mark.parametrize("texts", BUNDLES)
def test_names_and_values_move_no_cursor(texts):
    for text in texts:
        hostile = found(effect(text, 1.0, 2.0, values=[text, "b"]), outputs=(text,))
        assert not DANGEROUS.search(format_explanation(hostile).replace("\n", ""))


def test_the_document():
    document = json.loads(format_json(build_explanation_document(FOUND)))
    assert document.keys() == {"method", "rows", "rows_given", "outputs", "mean", "columns", "seen"}
    assert document["columns"][0] == {
        "column": "size",
        "curve": "ale",
        "points": [{"value": 10.0 * k, "rows": 7, "effect": [each]} for k, each in enumerate((-2.0, 0.5, 4.0))],
        "missing": {"value": "", "rows": 3, "effect": [-3.0]},
        "ice": [],
    }
