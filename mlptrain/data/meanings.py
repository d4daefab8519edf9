"""What a text means as a level, a label or a group: one value, however it is written.

Blanks around a text and its Unicode form do not count, nor do capitals in true and false, whatever other levels there
are. Where all levels are numbers, 1, 1.0, 01 and 1e0 are one. Codes, such as digits of one length with leading zeros,
are texts.
"""

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from math import isfinite
from unicodedata import normalize

from mlptrain.data.blanks import strip_blanks
from mlptrain.data.grammar import NumberGrammar, is_inexact_whole_number

TRUTHS = frozenset(["true", "false"])


def trim_text(text: str) -> str:
    r"""The text without blanks of any kind around it, in Unicode's composed form.

    >>> trim_text("\u00a0Zu\u0308rich\t") == "Zürich"
    True
    """
    return text.strip() if text.isascii() else normalize("NFC", strip_blanks(text))


def find_texts_of_marks(texts: Iterable[str], marks: Collection[str]) -> set[str]:
    """The texts that are one of the marks but for blanks around it and its Unicode form; blanks alone are empty."""
    wanted = {trim_text(mark) for mark in marks} | {""}
    return {text for text in texts if text.strip() in wanted or (not text.isascii() and trim_text(text) in wanted)}


@dataclass(frozen=True)
class TextMeaning:
    """Levels that are texts: each means itself."""

    def find_key(self, text: str) -> Hashable:
        """What a text means: texts of one key are one level."""
        return trim_text(text)


@dataclass(frozen=True)
class NumberMeaning:
    """Levels that are numbers: a text means its number, if it is one."""

    grammar: NumberGrammar

    def find_key(self, text: str) -> Hashable:
        """The number; of a text that is none, the text."""
        text = trim_text(text)
        number = self.grammar.read_mark(text)
        return text if number is None or not isfinite(number) else number


@dataclass(frozen=True)
class TruthMeaning:
    """Levels of which some are true and false: in these capitals do not count."""

    def find_key(self, text: str) -> Hashable:
        """The truth value in small letters; of a text that is none, the text."""
        text = trim_text(text)
        return text.lower() if text.lower() in TRUTHS else text


Meaning = TextMeaning | NumberMeaning | TruthMeaning


def choose_meaning(texts: Collection[str], grammar: NumberGrammar) -> Meaning:
    """What the texts of a column mean, whose missing ones are left out."""
    known = {trim_text(text) for text in texts} - {""}
    if any(map(TRUTHS.__contains__, map(str.lower, known))):
        return TruthMeaning()
    are_numbers = bool(known) and all(grammar.read_mark(text) is not None for text in known)
    return NumberMeaning(grammar) if are_numbers and not are_codes(known) else TextMeaning()


def are_codes(numbers: Collection[str]) -> bool:
    """Whether numbers are codes: digits of one length, some of which begin with 0, or too many digits to be exact.

    >>> are_codes(["01", "12"]), are_codes(["01", "1", "2"])
    (True, False)
    """
    lengths = set(map(len, numbers))
    are_digits = len(lengths) == 1 and lengths != {1} and all(map(str.isdecimal, numbers))
    return (are_digits and any(text[0] == "0" for text in numbers)) or any(map(is_inexact_whole_number, numbers))


def find_keys_of_texts(texts: Collection[str], keys: Collection[str], grammar: NumberGrammar) -> dict[str, str]:
    """The texts of a column that mean one of some keys, with the key; the very text goes before.

    >>> find_keys_of_texts(["1.0", "2", " n/a"], {"1": "one", "n/a": ""}, NumberGrammar())
    {' n/a': 'n/a'}
    >>> find_keys_of_texts(["1.0", "2"], {"1": "one", "n/a": ""}, NumberGrammar())
    {'1.0': '1'}
    """
    meaning = choose_meaning(texts, grammar)
    by_meaning = {meaning.find_key(key): key for key in keys}
    found = ((text, text if text in keys else by_meaning.get(meaning.find_key(text))) for text in texts)
    return {text: key for text, key in found if key is not None}
