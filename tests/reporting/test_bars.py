"""Bars: proportional, of one width, in signs that the terminal has."""

import pytest

from mlptrain.reporting.bars import EIGHTHS, choose_bar_signs, draw_bar
from mlptrain.reporting.terminal import measure_width


def test_bars_are_proportional_and_only_the_largest_fills_its_cell():
    lengths = [len(draw_bar(share, "#").rstrip()) for share in (0, 0.1, 0.5, 1, 2)]
    assert lengths == [0, 1, 5, 10, 10]
    assert draw_bar(1) == EIGHTHS[-1] * 10
    assert draw_bar(0.0125).strip() == EIGHTHS[0]
    assert {measure_width(draw_bar(share / 50)) for share in range(-5, 60)} == {10}


@pytest.mark.parametrize(
    ("encoding", "signs"), [("utf-8", EIGHTHS), ("ascii", "#"), ("cp1252", "#"), (None, "#"), ("?", "#")]
)
def test_bars_are_in_signs_that_the_encoding_has(encoding, signs):
    assert choose_bar_signs(encoding) == signs
