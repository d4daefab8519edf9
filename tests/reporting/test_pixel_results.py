"""Maps of pixels as text and HTML: within the terminal, no control sign of a user's text."""

from dataclasses import replace

import pytest

from mlptrain.explain.pixel_maps import ImageMap, PixelMaps
from mlptrain.reporting.explain_results import build_explanation_document, format_explanation
from mlptrain.reporting.html_results import render_html
from mlptrain.reporting.pixel_results import MOST_EXPLAINED
from mlptrain.reporting.terminal import Terminal, measure_width
from tests.support.html import find_flaws
from tests.support.strings import BUNDLES, DANGEROUS

ONE = ImageMap(
    row=3, prediction="7", explained="1", score=-2.5, baseline=-0.5, values=((1.0, -3.0, 0.0), (0.0, 0.0, 0.0))
)
FOUND = PixelMaps(
    method="pixels",
    score="log-odds",
    usual="the mean of 9 images",
    height=2,
    width=3,
    values=((0.5, 1.0, 0.0), (0.0, 0.0, 0.25)),
    rows=9,
    rows_given=12,
    largest_gap=1e-6,
)
SINGLE = replace(FOUND, images=(ONE,))


def test_what_the_text_says():
    lines = format_explanation(FOUND).split("\n")
    assert lines[0] == "mean size of each pixel's effect on the log-odds (9 of 12 images, at most 1.000)"
    assert lines[1:3] == ["▒▒██", "    ░░"]
    assert "effects add up from the mean of 9 images to an image" in lines[3]
    lines = format_explanation(SINGLE).split("\n")
    assert lines[:3] == ["image 3: 7; log-odds of 1 -2.500, from -0.5000", "for      against", "░░         ██"]


def test_the_document_is_nested_numbers():
    document = build_explanation_document(SINGLE)
    assert document["values"] == FOUND.values
    assert document["images"] == [dict(vars(ONE))]


@pytest.mark.parametrize("width", [40, 60, 100])
def test_no_line_is_wider_than_the_terminal(width):
    wide = tuple((1.0, -1.0) * 75 for _ in range(4))
    for found in (FOUND, SINGLE, replace(SINGLE, images=(replace(ONE, values=wide),)), replace(FOUND, values=wide)):
        text = format_explanation(found, Terminal(width=width))
        assert all(measure_width(line) <= width for line in text.split("\n"))


def test_many_images_are_cut():
    many = replace(FOUND, images=(ONE,) * 20)
    assert format_explanation(many).count("image 3:") == MOST_EXPLAINED
    assert "and 15 more images; --verbose has all" in format_explanation(many)
    assert format_explanation(many, verbose=True).count("image 3:") == 20
    assert "and 15 more images" in render_html(many)


def test_a_notebook_shows_pictures():
    assert FOUND._repr_html_().count("<svg") == 1
    assert SINGLE._repr_html_().count("<svg") == 2
    assert find_flaws(SINGLE._repr_html_()) == find_flaws(FOUND._repr_html_()) == []


@pytest.mark.parametrize("texts", BUNDLES)
def test_texts_move_no_cursor(texts):
    for text in texts:
        hostile = replace(FOUND, images=(replace(ONE, prediction=text, explained=text),))
        assert not DANGEROUS.search(format_explanation(hostile).replace("\n", ""))
        assert find_flaws(render_html(hostile)) == []
