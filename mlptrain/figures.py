"""Measured numbers in texts: one form everywhere, with the same number of significant digits."""

from math import isfinite

DIGITS = 4
"""The significant digits of every figure; the digits before the decimal point are never rounded away."""
WIDTH = 10
"""The most characters of a figure."""


def format_figure(value: float | None) -> str:
    """Four significant digits, with an exponent below 0.001 and from ten million on; "-" for what is not defined.

    >>> [format_figure(value) for value in (0.5, 48211.3, 2.4e-7, -1.2345e12, 0.0, None)]
    ['0.5000', '48,211', '2.400e-7', '-1.234e12', '0', '-']
    """
    if not value:
        return "-" if value is None else "0"
    if not isfinite(value):
        return str(value)
    _, _, exponent = f"{value:.{DIGITS - 1}e}".partition("e")
    if -3 <= int(exponent) < 7:
        return f"{value:,.{max(DIGITS - 1 - int(exponent), 0)}f}"
    forms = (_shorten_exponent(f"{value:.{digits}e}") for digits in (DIGITS - 1, DIGITS - 2))
    return next(form for form in forms if len(form) <= WIDTH)


def format_setting(value: float) -> str:
    """A number that a user has set, as one writes it: the fewest digits that mean it.

    >>> [format_setting(value) for value in (1e-9, 0.005, 30.0, 1e6, 2.5e-7)]
    ['1e-9', '0.005', '30', '1e6', '2.5e-7']
    """
    if 1e-4 <= abs(value) < 1e6:
        return repr(float(value)).removesuffix(".0")
    digits = next(digits for digits in range(17) if float(f"{value:.{digits}e}") == value)
    return _shorten_exponent(f"{value:.{digits}e}")


def format_rate(value: float) -> str:
    """A learning rate of a step: as one sets it where four digits mean it, else as a figure.

    >>> [format_rate(value) for value in (0.001, 1e30, 999.951, 0.00012345678)]
    ['0.001', '1e30', '1,000', '1.235e-4']
    """
    exact = isfinite(value) and value and float(f"{value:.{DIGITS - 1}e}") == value
    return format_setting(value) if exact else format_figure(value)


def format_interval(low: float, high: float) -> str:
    """Both ends of an interval."""
    return f"{format_figure(low)} to {format_figure(high)}"


def format_weight(value: float) -> str:
    """A number of rows, which may have weights: whole numbers as they are, others as figures.

    >>> [format_weight(value) for value in (1234567.0, 12.5)]
    ['1,234,567', '12.50']
    """
    return f"{value:,.0f}" if float(value).is_integer() else format_figure(value)


def _shorten_exponent(text: str) -> str:
    """Without the signs and zeros that C puts into an exponent."""
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}"
