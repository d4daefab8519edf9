"""Reading the numbers and truth values of a column, and the errors that name the cells that are none."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from unicodedata import category

import numpy as np

from mlptrain.data.column_names import format_quoted_names
from mlptrain.data.grammar import LARGEST, NumberGrammar
from mlptrain.data.meanings import trim_text
from mlptrain.data.number_forms import NumberForm, find_number_forms, find_units
from mlptrain.data.number_texts import MISSING_NUMBERS, Doubles, write_data_number
from mlptrain.data.table import Table
from mlptrain.data.yaml_keys import quote_yaml_key as quote_yaml_key
from mlptrain.errors import DataError

BOOLEANS = tuple(
    frozenset(pair) for pair in (("true", "false"), ("yes", "no"), ("t", "f"), ("y", "n"), ("1", "0"), ("on", "off"))
)
SHOWN = 5
"""Odd texts that a message shows with their lines."""
LISTED = 20
"""Texts that are listed for `missing_values`."""
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
    cells = table.code_texts(name)
    known = frozenset().union(*BOOLEANS)
    gaps = table.gaps(name, MISSING_NUMBERS.union(missing))
    words = [normalise_boolean(value, table.grammar_of(name)) for value in cells.values]
    bad = {value for value, word in zip(cells.values, words, strict=True) if value not in gaps and word not in known}
    if rows := cells.find_rows(bad):
        allowed = format_quoted_names(sorted(known))
        others = f"add it to data.missing_values, or set data.columns: {{{quote_yaml_key(name)}: category}}"
        hint = f"write one of {allowed}, {others}"
        raise table.fault(
            rows[0], name, f"{cells.text(rows[0])!r} is not a truth value", cure=hint, text=cells.text(rows[0])
        )
    values = [np.nan if value in gaps else float(word in TRUE) for value, word in zip(cells.values, words, strict=True)]
    return np.array(values, np.float64)[cells.codes]


def normalise_boolean(text: str, grammar: NumberGrammar) -> str:
    """A truth value in lower case; 1.0 is 1, and 0.0 is 0."""
    if grammar.reads(text):
        number = grammar.read_number(text)
        return str(int(number)) if number in (0, 1) else text
    return trim_text(text).lower()


def describe_range(table: Table, name: str, missing: Collection[str]) -> str:
    """The range of a column of numbers, in words."""
    values = read_numbers(table, name, missing)
    known = values[~np.isnan(values)]
    ends = (write_data_number(float(end)) for end in (known.min(), known.max())) if known.size else ()
    return f"from {' to '.join(ends)}" if known.size else "(none)"


def build_number_error(table: Table, name: str, rows: Sequence[int]) -> DataError:
    """The error that names the first of the cells that are not numbers."""
    text = table.columns[name].text(rows[0])
    if table.grammar_of(name).reads(text):
        return table.fault(rows[0], name, f"{text!r} is too large for a number (at most {LARGEST:g})", cure="mend it")
    others = table.describe_cells(name, rows[1:5])
    least = "" if table.has_all_rows else "at least "
    more = f" and {least}{len(rows) - 5:,} more" if len(rows) > 5 else ""
    texts = table.columns[name].kept_texts.counts
    mixed = find_units([text]) and len(find_units(texts)) > 1  # numbers in several units are not to be read alike
    forms = find_number_forms(texts if mixed else [text], table.grammar_of(name))
    ways = f"to read it as a number, give {describe_number_forms(forms, table.grammar_of(name))}; or " if forms else ""
    hint = f"{ways}mend it, add it to data.missing_values, or set data.columns: {{{quote_yaml_key(name)}: category}}"
    nor = f", nor is {others}{more}" if others else ""
    return table.fault(
        rows[0], name, f"{text!r}{describe_code_points(text)} is not a number{nor}", cure=hint, text=text
    )


def build_odd_texts_error(
    table: Table,
    name: str,
    odd: Mapping[str, int],
    *,
    missing: Collection[str],
    figures: int,
    forms: Sequence[NumberForm],
    what: str = "numbers",
) -> DataError:
    """The error that names the odd texts in a column of `figures` numbers (or what else they are), each with its count
    and its first line.
    """
    first = {text: table.columns[name].find_rows([text])[0] for text in list(odd)[:SHOWN]}
    lines = dict(zip(first, table.lines(list(first.values())), strict=True))
    shown = ", ".join(
        f"{text!r}{describe_code_points(text)} ({count_cells(odd[text])} {line})" for text, line in lines.items()
    )
    more = f" and {count_texts(len(odd) - SHOWN)} more" if len(odd) > SHOWN else ""
    ways = f"to read them as numbers, give {describe_number_forms(forms, table.grammar_of(name))}; or " if forms else ""
    listed = f"list what means missing in data.missing_values: [{extend_marks(missing, odd)}]"
    hint = f"{ways}mend them, {listed}, or set data.columns: {{{quote_yaml_key(name)}: category}}"
    row = table.columns[name].find_rows(odd)[0]
    return table.fault(row, name, f"{figures:,} cell{'s' * (figures != 1)} are {what} but not {shown}{more}", cure=hint)


def count_cells(count: int) -> str:
    """How many cells have a text, and where the first one is, without the line."""
    return f"{count:,} cells, the first on" if count > 1 else "on"


def count_texts(count: int) -> str:
    return f"{count:,} other text{'s' * (count > 1)}"


def quote_texts(texts: Iterable[str]) -> str:
    """Texts as a list of YAML has them, the first ones of many."""
    listed = list(texts)
    more = ", …" if len(listed) > LISTED else ""
    return ", ".join(json.dumps(text, ensure_ascii=False) for text in listed[:LISTED]) + more


def extend_marks(missing: Collection[str], texts: Iterable[str]) -> str:
    """The marks of missing cells that a spec has, and some texts beside them, as the list that it is to have: a key
    that is set anew loses what it said before.
    """
    known = missing if isinstance(missing, Sequence) else sorted(missing)
    return quote_texts(dict.fromkeys([*filter(None, known), *texts]))


def describe_number_forms(forms: Sequence[NumberForm], now: NumberGrammar) -> str:
    """The settings of a spec that read texts as numbers: one way, or the other."""
    odd = next((text for text in sorted(forms[0].read) if not text.isascii() and not now.reads(text)), "")
    return " or ".join(form.describe_cure(now) for form in forms) + describe_code_points(odd)


def describe_code_points(text: str) -> str:
    """The characters of a number-like text that are not ASCII, by their code points."""
    odd = (one for one in dict.fromkeys(text) if not one.isascii() and category(one) not in ("Sc", "Ll", "Lu"))
    foreign = [f"U+{ord(one):04X}" for one in odd]
    return f" (with {', '.join(foreign[:3])})" if foreign and any(map(str.isdecimal, text)) else ""
