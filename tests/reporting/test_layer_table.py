"""The table of layers: what it shows, and what it leaves out where there is no room."""

from dataclasses import replace

import pytest

from mlptrain.model.layer_history import FACTS, LayersSeen
from mlptrain.reporting.layer_table import MOST_LAYERS, format_layers, list_layer_facts
from mlptrain.reporting.terminal import Terminal
from tests.model.test_layer_findings import facts, seen


def text_of(layers, width=None, *, verbose=False):
    return "\n".join(format_layers(layers, Terminal(width=width), verbose=verbose, title="layers")).split("\n")


def test_each_layer_has_a_line_and_what_it_lacks_is_a_dash():
    title, heading, first, second, *rest = text_of(seen())
    assert title == "layers"
    assert heading.split() == [
        "layer",
        "units",
        "weights",
        "gradients",
        "update",
        "mean",
        "sd",
        "zeros",
        "dead",
        "saturated",
    ]
    assert first.split() == ["hidden_1", "(Dense)", "40", "-", "0.01000", "0.001000", "-", "-", "0", "0", "0"]
    assert second.split() == ["hidden_1.sigmoid", "(Activate)", "40", "-", "-", "-", "-", "-", "0", "0", "0"]
    assert len(rest) == 3


def test_what_is_wrong_stands_below():
    lines = text_of(seen(facts("hidden_1", gradient_rms=1e-9)))
    assert lines[-1].startswith("  layer hidden_1 (sigmoid): gradients are 1e-7 of those at the output")


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_no_line_is_wider_than_the_terminal_and_what_is_left_out_is_said(width):
    lines = text_of(seen(facts("hidden_1", gradient_rms=1e-9)), width)
    assert all(len(line) <= width for line in lines)
    assert any("no room for" in line for line in lines) == (width < 100)


def test_of_many_layers_those_with_weights_are_shown_and_the_others_on_request():
    many = [facts(f"hidden_{k}", weight_rms=1.0) for k in range(1, 20)]
    layers = LayersSeen(epoch=1, layers=(*many, facts("hidden_1.relu", "Activate"), facts("output", weight_rms=1.0)))
    short = text_of(layers)
    assert short[0] == f"layers ({len(layers.layers) - MOST_LAYERS} more with --verbose)"
    assert len(short) == 2 + MOST_LAYERS
    assert short[-1].split()[0] == "output"
    assert len(text_of(layers, verbose=True)) == 2 + len(layers.layers)


def test_the_document_has_every_fact_that_is_a_number():
    layers = seen()
    document = list_layer_facts(replace(layers, layers=layers.layers[:2]))
    assert [*document] == ["hidden_1", "hidden_1.sigmoid"]
    assert all(tuple(each) == FACTS for each in document.values())
