"""Weights as users of estimators give them: of rows, and of classes."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.arguments import shorten_repr
from mlptrain.errors import DataError, SpecError
from mlptrain.model.encoding import HEAVIEST, LIGHTEST

Doubles = NDArray[np.float64]

ALLOWED = f"weights are from {LIGHTEST:g} to {HEAVIEST:g}"


def read_weights(given: Any) -> Doubles | None:
    """The weights of rows, none below 0 and some above it; None where none are given.

    >>> read_weights([1, 0, 2]).tolist()
    [1.0, 0.0, 2.0]
    """
    if given is None:
        return None
    weights = np.asarray(given, np.float64)
    if weights.ndim != 1:
        raise DataError(f"sample_weight: an array of the shape {weights.shape} is given; give one weight for each row")
    for wrong, what in ((~np.isfinite(weights), "no finite number"), (weights < 0, "below zero")):
        if wrong.any():
            raise DataError(f"sample_weight: the weight of row {int(wrong.argmax()) + 1} is {what}")
    if not weights.any():
        raise DataError("sample_weight: every weight is zero; give some rows a weight above it")
    return weights


def require_class_weights(given: Any) -> None:
    """Refuse a weight of a class that is none, with its label.

    >>> require_class_weights({"a": 2, "b": 0.5}), require_class_weights("balanced")
    (None, None)
    """
    for label, weight in given.items() if isinstance(given, Mapping) else ():
        is_number = isinstance(weight, Real) and not isinstance(weight, bool)
        if is_number and weight == 0:
            raise SpecError(f"class_weight: that of {shorten_repr(label)} is 0; a class without weight is not learned")
        if not is_number or not LIGHTEST <= weight <= HEAVIEST:
            raise SpecError(f"class_weight: that of {shorten_repr(label)} is {shorten_repr(weight)}; {ALLOWED}")


def multiply_weights(of_class: Doubles, labels: Sequence[Any], weights: Doubles | None) -> Doubles:
    """The weights of rows by their classes, times their own; a SpecError names the class of one that is too large.

    >>> multiply_weights(np.array([2.0, 3.0]), ["a", "b"], np.array([1.0, 0.0])).tolist()
    [2.0, 0.0]
    """
    if weights is None:
        return of_class
    products = of_class * weights
    wrong = (weights > 0) & ~((products >= LIGHTEST) & (products <= HEAVIEST))
    if wrong.any():
        row = int(wrong.argmax())
        what = f"times the sample_weight of row {row + 1} is {products[row]:g}"
        raise SpecError(f"class_weight: that of {shorten_repr(labels[row])} {what}; {ALLOWED}")
    return products
