"""Cells that a spec replaces by others (`data.replace`): found by what they mean, of typed columns by value."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mlptrain.data.column_types import ColumnType, find_keys_of_values, write_replacement
from mlptrain.data.grammar import NumberGrammar
from mlptrain.data.meanings import find_keys_of_texts


@dataclass(frozen=True)
class Replacements:
    """What some texts of a column become, and which keys of the spec they are."""

    words: Mapping[str, str]
    keys: frozenset[str]


def find_replacements(
    texts: Collection[str], words: Mapping[str, str], of: ColumnType, grammar: NumberGrammar, written: NumberGrammar
) -> Replacements:
    """The texts of a column that a spec replaces; texts have one `grammar`, the words of the spec are `written`.

    >>> from mlptrain.data.column_types import TEXT
    >>> from mlptrain.data.grammar import NUMBERS
    >>> find_replacements(["1.0", "2"], {"1": "one", "n/a": ""}, TEXT, NUMBERS, NUMBERS)
    Replacements(words={'1.0': 'one'}, keys=frozenset({'1'}))
    """
    if of.has_values:
        found = find_keys_of_values(texts, words, of, written)
    else:
        found = find_keys_of_texts(texts, words, grammar)
    new = {text: write_replacement(words[key], of, written) for text, key in found.items()}
    return Replacements(new, frozenset(found.values()))
