"""A number of the data has one form in all that one command says, and never an exponent where its digits do."""

import re

import pytest

from mlptrain.data.number_texts import write_data_number
from tests.support.command import mlptrain

LARGEST = ["92813.5", "2328508.59", "1577955900000", "999999.9", "74"]


@pytest.mark.parametrize("largest", LARGEST)
def test_the_largest_number_is_written_alike_wherever_it_stands(largest, tmp_path):
    prices = [f"{1.07**k:.2f}" for k in range(59)] + [largest]
    rows = [f"{price},{price},{k * 7 % 13}.5" for k, price in enumerate(prices)]
    (tmp_path / "t.csv").write_text("\n".join(["price,cost,size", *rows]) + "\n")
    ended = mlptrain("init", "t.csv", "--target", "price", "--out", "s.yaml", cwd=tmp_path)
    assert ended.code == 0, ended.err
    said = (tmp_path / "s.yaml").read_text()
    shown = set(re.findall(r"(?:from 1 to|largest) ([0-9.e+]+)", f"{said} {ended.out} {ended.err}"))
    assert shown == {write_data_number(float(largest))}
    assert "e" not in shown.pop()


@pytest.mark.parametrize("digits", range(1, 16))
def test_no_digit_before_the_point_is_lost(digits):
    number = float("987654321012345"[:digits])
    assert write_data_number(number) == f"{number:.0f}"
    assert abs(float(write_data_number(number + 0.25)) - number - 0.25) <= 0.5
