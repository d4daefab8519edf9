"""Labels of any type as texts that a model of classes tells apart."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.grammar import NUMBERS
from mlptrain.data.meanings import choose_meaning, trim_text
from mlptrain.data.number_texts import find_words
from mlptrain.errors import DataError

SHOWN = 5
"""How many labels a notice lists."""


def convert_labels(given: Any) -> NDArray[Any]:
    """Labels as an array; whole numbers and truth values that are kept as objects are such, as nullable columns have.

    >>> convert_labels(np.array([1, 2], object)).dtype.kind, convert_labels(["a"]).dtype.kind
    ('i', 'U')
    """
    labels = np.asarray(given)
    plain = np.asarray(labels.tolist()) if labels.dtype == object and labels.ndim == 1 else labels
    return plain if plain.dtype.kind in "iub" else labels


def find_labels(labels: NDArray[Any]) -> NDArray[Any]:
    """The different labels, sorted."""
    try:
        return np.unique(labels)
    except TypeError:
        kinds = ", ".join(sorted({type(label).__name__ for label in labels.tolist()}))
        raise DataError(f"y: its labels are of several types ({kinds}); make all of them alike") from None


def write_labels(labels: Sequence[Any]) -> list[str]:
    """A text for each of some different labels: its own, or the labels' numbers where their own texts would not do.

    >>> write_labels([0, 1]), write_labels([False, True]), write_labels(["a", "a "])
    (['0', '1'], ['False', 'True'], ['0', '1'])
    """
    texts = list(map(str, labels))
    return texts if are_labels_distinct(texts) else list(map(str, range(len(texts))))


def describe_other_texts(labels: Sequence[Any], texts: Sequence[str]) -> str:
    """A notice of the texts that a model says for labels, where these are not the labels' own; empty where they are.

    >>> describe_other_texts(["a", "a "], ["0", "1"])
    "y: as texts its labels are not told apart: the model's file says 0 for 'a', 1 for 'a '"
    """
    if list(texts) == list(map(str, labels)):
        return ""
    shown = ", ".join(f"{text} for {label!r:.40}" for text, label in zip(texts[:SHOWN], labels, strict=False))
    more = f" and {len(texts) - SHOWN:,} more" if len(texts) > SHOWN else ""
    return f"y: as texts its labels are not told apart: the model's file says {shown}{more}"


def are_labels_distinct(texts: Sequence[str]) -> bool:
    """Whether each text is a class of its own: none is empty or means missing, and no two mean the same.

    >>> are_labels_distinct(["1", "1.0"]), are_labels_distinct(["1", "NA"]), are_labels_distinct(["1", "x"])
    (False, False, True)
    """
    if not all(map(trim_text, texts)) or not all(map(is_writable, texts)):
        return False
    numbers = sum(map(NUMBERS.reads, texts))
    if 0 < numbers < len(texts) and not find_words(texts, {""}, NUMBERS):
        return False
    meaning = choose_meaning(texts, NUMBERS)
    return len(set(map(meaning.find_key, texts))) == len(texts)


def is_writable(text: str) -> bool:
    """Whether a file can hold a text: it has no NUL and no half of a character."""
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
