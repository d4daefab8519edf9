"""Figures: the same number of significant digits everywhere, whatever their size."""

import re
from math import inf, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain import figures
from mlptrain.figures import DIGITS, WIDTH, format_figure, format_interval, format_weight
from tests.support.streams import drawn, optional


def read(text):
    return float(text.replace(",", ""))


@drawn
@given(optional)
def test_a_figure_fits_its_column(value):
    assert 1 <= len(format_figure(value)) <= WIDTH


@drawn
@given(st.floats(1e-99, 1e99) | st.floats(-1e99, -1e-99))
def test_a_figure_reads_back_to_four_digits(value):
    assert read(format_figure(value)) == pytest.approx(value, rel=5.001e-4)


@drawn
@given(st.floats(1e-99, 1e99) | st.floats(-1e99, -1e-99))
def test_every_figure_has_four_significant_digits(value):
    digits = re.sub("[^0-9]", "", format_figure(value).partition("e")[0]).lstrip("0")
    assert len(digits) == (DIGITS if abs(value) < 9999.5 or abs(value) >= 9999999.5 else len(f"{abs(value):.0f}"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.4e-7, "2.400e-7"),
        (0.00099999, "0.001000"),
        (0.0503, "0.05030"),
        (1.0, "1.000"),
        (52.0128, "52.01"),
        (999.96, "1,000"),
        (53445.2, "53,445"),
        (12_345_678.0, "1.235e7"),
        (-1.2345e-300, "-1.23e-300"),
        (0.0, "0"),
        (-0.0, "0"),
        (nan, "nan"),
        (-inf, "-inf"),
        (None, "-"),
    ],
)
def test_figures_of_all_sizes(value, text):
    assert format_figure(value) == text


def test_an_interval_has_two_figures():
    assert format_interval(1e-7, 2.5e-7) == "1.000e-7 to 2.500e-7"


@drawn
@given(st.integers(0, 10**12))
def test_whole_rows_are_counted_in_full(rows):
    assert format_weight(float(rows)) == f"{rows:,}"


@pytest.mark.parametrize("room", ["training", "fitting", "commands"])
def test_no_message_has_a_form_of_figures_of_its_own(room):
    files = sorted((Path(figures.__file__).parent / room).glob("*.py"))
    assert files
    odd = [file.name for file in files if re.search(r":[.,\d]*[ge]\}", file.read_text(encoding="utf-8"))]
    assert odd == []
