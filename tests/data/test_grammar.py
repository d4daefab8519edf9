"""What a text is as a number, whatever signs, marks and units it has."""

from array import array
from itertools import product

import pytest

from mlptrain.data.grammar import MINUS_LIKE, DecimalPoint, NumberGrammar, ThousandsMark
from mlptrain.data.number_forms import choose_number_grammar, find_number_forms

PRICES = {"{}": (), "CHF {}": ("CHF",), "{} CHF": ("CHF",), "€{}": ("€",), "{}€": ("€",), "{} Euro": ("Euro",)}
AMOUNTS = {"509": 509.0, "1'023": 1023.0, "-12": -12.0, "+7": 7.0, "0": 0.0}
NO_CENTS = [dash * count for dash in ("-", *MINUS_LIKE) for count in (1, 2)]


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize(("price", "units"), PRICES.items(), ids=PRICES)
def test_a_dash_behind_the_decimal_point_stands_for_the_cents(
    price: str, units: tuple[str, ...], decimal: DecimalPoint
) -> None:
    grammar = NumberGrammar(decimal, "'", loose_signs=True, units=units)
    other = NumberGrammar("," if decimal == "." else ".", "'", loose_signs=True, units=units)
    for (amount, number), dashes in product(AMOUNTS.items(), NO_CENTS):
        text = price.format(f"{amount}{decimal}{dashes}")
        assert grammar.parse([text]) == array("d", [number]), text
        assert not other.reads(text), text


@pytest.mark.parametrize(("price", "units"), PRICES.items(), ids=PRICES)
@pytest.mark.parametrize("decimal", [".", ","])
def test_such_prices_are_found_with_the_settings_that_read_them(
    price: str, units: tuple[str, ...], decimal: DecimalPoint
) -> None:
    texts = [price.format(f"{100 + k * 37}{decimal}-") for k in range(20)]
    best = find_number_forms(texts, NumberGrammar())[0].grammar
    assert best == NumberGrammar(decimal, loose_signs=True, units=units)
    numbers = best.parse(texts)
    assert numbers is not None
    assert numbers.tolist() == [100 + k * 37 for k in range(20)]


@pytest.mark.parametrize("text", ["12-", "12.5-", "12 -", "\u221212", "(12)", "(12.50)", "$12-", "-$12", "12.5$-"])
def test_a_dash_in_another_place_is_a_minus(text: str) -> None:
    numbers = NumberGrammar(loose_signs=True, units=("$",)).parse([text])
    assert numbers is not None
    assert numbers[0] < 0


@pytest.mark.parametrize("text", ["12.-5", "12.-e5", "1.-2", "12--", "-12-", "(-12)", "-", ".-", "12.,-"])
def test_what_has_dashes_elsewhere_is_no_number(text: str) -> None:
    for decimal in (".", ","):
        assert not NumberGrammar(decimal, loose_signs=True).reads(text)


COMMAS = {f"{k * 37 % 991},{k % 10}{k % 7}": 1 for k in range(60)}
GROUPED = {f"{k * 37 % 900 + 1}.{k * 91 % 1000:03}": 1 for k in range(60)}
POINTS = {f"{k * 37 % 991}.{k % 10}{k % 7}": 1 for k in range(60)}
WHOLE = {str(k): 1 for k in range(60)}


@pytest.mark.parametrize(
    ("columns", "decimal", "thousands"),
    [
        ([COMMAS, GROUPED], ",", "."),
        ([GROUPED, COMMAS, WHOLE], ",", "."),
        ([COMMAS, WHOLE], ",", ""),
        ([GROUPED, WHOLE], ".", ""),
        ([POINTS, GROUPED], ".", ""),
        ([COMMAS, POINTS, POINTS], ".", ""),
    ],
)
def test_a_table_has_one_decimal_mark(
    columns: list[dict[str, int]], decimal: DecimalPoint, thousands: ThousandsMark
) -> None:
    """Points before three digits are marks of thousands where another column has decimal commas."""
    assert choose_number_grammar(columns, NumberGrammar(), point=",") == NumberGrammar(decimal, thousands)
