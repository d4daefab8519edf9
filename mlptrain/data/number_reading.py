"""Reading the numbers and truth values of a column, and the errors that name the cells that are none."""

from collections.abc import Collection, Sequence

import numpy as np

from mlptrain.data.grammar import LARGEST, NumberGrammar
from mlptrain.data.number_texts import MISSING_NUMBERS, Doubles
from mlptrain.data.table import Table, format_quoted_names
from mlptrain.data.yaml_keys import quote_yaml_key as quote_yaml_key
from mlptrain.errors import DataError

BOOLEANS = tuple(
    frozenset(pair) for pair in (("true", "false"), ("yes", "no"), ("t", "f"), ("y", "n"), ("1", "0"), ("on", "off"))
)
TRUE = frozenset(["true", "yes", "t", "y", "1", "on"])


def read_numbers(table: Table, name: str, missing: Collection[str]) -> Doubles:
    """The numbers of a column, NaN where missing; an error lists the cells that are none, with their lines."""
    cells = table.column(name)
    values, found = cells.read_numbers(missing, table.grammar_of(name))
    wrong = np.isposinf(found)
    if wrong.any():
        texts = cells.kept_texts.values
        bad = {value for value, is_wrong in zip(texts, wrong.tolist(), strict=True) if is_wrong}
        if rows := cells.find_rows(bad):
            raise build_number_error(table, name, rows)
    return values


def read_booleans(table: Table, name: str, missing: Collection[str]) -> Doubles:
    """1 for true, 0 for false (also where other programs write 1.0 and 0.0), NaN where missing."""
    cells = table.coded(name)
    known = frozenset().union(*BOOLEANS)
    gaps = MISSING_NUMBERS | table.gaps(name, missing)
    words = [normalise_boolean(value, table.grammar_of(name)) for value in cells.values]
    bad = {value for value, word in zip(cells.values, words, strict=True) if value not in gaps and word not in known}
    if rows := cells.find_rows(bad):
        allowed = format_quoted_names(sorted(known))
        hint = f"write one of {allowed}, or set data.columns: {{{quote_yaml_key(name)}: category}}"
        raise table.fault(rows[0], name, f"{cells.text(rows[0])!r} is not a truth value; {hint}")
    values = [np.nan if value in gaps else float(word in TRUE) for value, word in zip(cells.values, words, strict=True)]
    return np.array(values, np.float64)[cells.codes]


def normalise_boolean(text: str, grammar: NumberGrammar) -> str:
    """A truth value in lower case; 1.0 is 1, and 0.0 is 0."""
    if grammar.reads(text):
        number = float(grammar.normal(text.strip(" ")))
        return str(int(number)) if number in (0, 1) else text
    return text.lower()


def describe_range(table: Table, name: str, missing: Collection[str]) -> str:
    """The range of a column of numbers, in words."""
    values = read_numbers(table, name, missing)
    known = values[~np.isnan(values)]
    return f"from {known.min():g} to {known.max():g}" if known.size else "(none)"


def build_number_error(table: Table, name: str, rows: Sequence[int]) -> DataError:
    """The error that names the first of the cells that are not numbers."""
    text = table.columns[name].text(rows[0])
    if table.grammar_of(name).reads(text):
        return table.fault(rows[0], name, f"{text!r} is too large for a number (at most {LARGEST:g}); mend it")
    others = table.describe_cells(name, rows[1:5])
    more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
    hint = f"mend it, add it to data.missing_values, or set data.columns: {{{quote_yaml_key(name)}: category}}"
    nor = f", nor is {others}{more}" if others else ""
    return table.fault(rows[0], name, f"{text!r}{describe_code_points(text)} is not a number{nor}; {hint}")


def describe_code_points(text: str) -> str:
    """The characters of a number-like text that are not ASCII, by their code points."""
    foreign = [f"U+{ord(character):04X}" for character in dict.fromkeys(text) if not character.isascii()]
    return f" (with {', '.join(foreign[:3])})" if foreign and any(map(str.isdecimal, text)) else ""
