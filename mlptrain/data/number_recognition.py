"""Recognising columns of numbers and truth values, and those that only look like them: identifiers, codes, amounts."""

import re
from collections.abc import Collection

import numpy as np

from mlptrain.data.cells import LONGEST_DIGITS, Cells, TextCells
from mlptrain.data.column import ColumnLook, Understood
from mlptrain.data.grammar import NumberGrammar, is_inexact_whole_number
from mlptrain.data.number_reading import BOOLEANS, build_number_error, describe_code_points, quote_yaml_key
from mlptrain.data.number_texts import (
    MISSING_NUMBERS,
    Doubles,
    find_missing_number_texts,
    find_words,
    parse_missing_numbers,
)

CAPITALS = 2**4 + 2**5
"""Ways to write true and false, with and without capitals."""
NEARLY_ALL, MOST, MANY = 0.99, 0.9, 20
"""A column with some text is one of numbers with faults, not one of categories, if nearly all of its cells are numbers,
or most of them and more than this many different ones."""
INFINITE = frozenset(["inf", "infinity", "nan"])
"""Words that other programs write for numbers; beside numbers they are always a mistake."""
RUNNING = 10
"""At least this many whole numbers, each one more than the one before, are a running number."""
OTHER_GRAMMARS = (
    (NumberGrammar(",", ""), 'data.decimal: ","'),
    (NumberGrammar(",", "."), 'data.decimal: "," and data.thousands: "."'),
    (NumberGrammar(".", ","), 'data.thousands: ","'),
    (NumberGrammar(",", " "), 'data.decimal: "," and data.thousands: " "'),
    (NumberGrammar(".", "'"), 'data.thousands: "\'"'),
)
"""Ways to write numbers that are texts here, and what would make them numbers."""
UNITS = re.compile(r"[-+]?[$€£¥] ?[0-9.,]+|[-+]?[0-9.,]+ ?[$€£¥%]")
RUNNING_NUMBER = Understood("ignore", "a running number: an identifier")


def recognise_numbers(look: ColumnLook) -> Understood | None:
    """Whether a column is one of numbers or truth values; None if it is left to other kinds.

    Numbers with a few words among them are an error, which names the words.
    """
    if look.cells.is_numeric and (found := recognise_number_cells(look, look.cells.kept_texts)):
        return found
    counts = look.counts
    if len(counts) < 2:
        return None
    if len(counts) <= CAPITALS and frozenset(value.lower() for value in counts) in BOOLEANS:
        return Understood("boolean")
    return recognise_number_texts(look)


def recognise_number_cells(look: ColumnLook, odd: TextCells) -> Understood | None:
    """Whether cells that are kept as numbers, but for `odd` ones, are a column of numbers."""
    cells, table, missing = look.cells, look.table, look.missing
    grammar = table.grammar_of(look.name)
    words = find_words(odd.counts, missing, grammar)
    if not (words or cells.is_inexact or cells.has_leading_zeros):
        return RUNNING_NUMBER if are_running_numbers(cells.read_numbers(missing, grammar)[0]) else Understood("number")
    if words and not suggest_number_format(words):  # else all texts may be numbers in another way of writing them
        refuse_infinities_among_numbers(look, words)
        refuse_words_among_numbers(look, odd, figures=count_numbers(cells, missing, grammar))
    return None


def recognise_number_texts(look: ColumnLook) -> Understood | None:
    """Whether texts that are neither constant nor truth values are numbers."""
    counts, grammar = look.counts, look.table.grammar_of(look.name)
    figures = grammar.read(counts)
    words = {value for value in counts.keys() - figures if value.strip(" ") not in MISSING_NUMBERS}
    if figures and not words:
        codes = explain_codes_not_numbers(figures)
        if codes and look.is_unique:
            return Understood("ignore", f"{codes}, {len(counts)} different ones: an identifier")
        if codes:
            return Understood("category", codes)
        different = len(counts) == look.texts.rows
        running = different and are_running_numbers(look.texts.read_numbers(look.missing, grammar)[0])
        return RUNNING_NUMBER if running else Understood("number")
    if figures:
        refuse_infinities_among_numbers(look, words)
    if marks := suggest_number_format(counts):
        said = f"these look like numbers; to read them as numbers, give {marks}"
        return Understood("ignore" if look.is_unique else "category", said, notice=True)
    if figures:
        refuse_words_among_numbers(look, look.texts, figures=sum(counts[value] for value in figures), many=len(figures))
    return None


def refuse_infinities_among_numbers(look: ColumnLook, words: Collection[str]) -> None:
    """An error where all words in a column with numbers are infinities, which a network cannot learn from."""
    if words and all(word.strip(" +-").lower() in INFINITE for word in words):
        raise build_number_error(look.table, look.name, look.cells.find_rows(words))


def refuse_words_among_numbers(look: ColumnLook, cells: TextCells, *, figures: int, many: int = MANY + 1) -> None:
    """An error where some `cells` are words in a column of `figures` numbers, `many` of them different."""
    table, name = look.table, look.name
    words = find_words(cells.counts, look.missing, table.grammar_of(name))
    wrong = sum(cells.counts[value] for value in words)
    share = figures / max(figures + wrong, 1)
    if not wrong or not (share > NEARLY_ALL or (share > MOST and many > MANY)):
        return
    rows = look.cells.find_rows(words)
    shown = table.describe_cells(name, rows[:5])
    if foreign := describe_code_points(look.cells.text(rows[0])):
        shown += foreign
    more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
    hint = f"mend them, list them in data.missing_values, or set data.columns: {{{quote_yaml_key(name)}: category}}"
    raise table.fault(rows[0], name, f"{figures} cells are numbers but not {shown}{more}; {hint}")


def count_numbers(cells: Cells, missing: Collection[str], grammar: NumberGrammar) -> int:
    """How many cells are numbers and not missing."""
    counts = cells.kept_texts.counts
    gaps = {*missing, *find_missing_number_texts(counts, missing, grammar)}
    odd = sum(count for value, count in counts.items() if value not in gaps and grammar.reads(value))
    return odd + cells.count_plain_numbers(parse_missing_numbers(missing, grammar))


def explain_codes_not_numbers(values: Collection[str]) -> str:
    """Why digits are codes, not numbers: of one length with some that begin with 0, or too long to be exact."""
    lengths = set(map(len, values))
    if len(lengths) == 1 and re.search(r"^0[0-9]+$", "\n".join(values), re.MULTILINE):
        return "codes with leading zeros"
    return (
        "whole numbers too long to be exact"
        if max(lengths) > LONGEST_DIGITS and any(map(is_inexact_whole_number, values))
        else ""
    )


def are_running_numbers(numbers: Doubles) -> bool:
    """Whether whole numbers rise by one from cell to cell."""
    if len(numbers) < RUNNING or not np.isfinite(numbers).all():
        return False
    return float(numbers[0]).is_integer() and bool((np.diff(numbers) == 1).all())


def suggest_number_format(values: Collection[str]) -> str:
    """The settings that make numbers of texts, all written in one of the other ways; empty if there are none."""
    texts = [value.strip() for value in values]
    if all(map(UNITS.fullmatch, texts)):
        return "plain numbers, without signs of units"
    return " or ".join(cure for grammar, cure in OTHER_GRAMMARS if all(map(grammar.reads, texts)))
