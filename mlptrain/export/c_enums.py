"""Texts as values of enumerations, for programs without texts: those that mean the same to the model are one value."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from mlptrain.data.grammar import is_number
from mlptrain.export.c_text import CFile, make_identifiers, write_comment_text
from mlptrain.export.plan import Codes, Plan, TextInput, TextPlan

MACROS = ("CLASSES", "NUMBERS", "COLUMNS", "MISSING", "SCRATCH")
"""What the header defines under its prefix, so that no value may be called so."""
SHOWN = 4
"""Texts of a value that its comment shows."""

Meaning = tuple[int, ...]
"""What a text is to a model: its code in each coding of its column, of which several networks may have several."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Enumeration:
    """The values of a column, 0 … V − 1, and the texts of each."""

    codings: Sequence[Codes]
    meanings: Sequence[Meaning]
    """Of each value; the first is what any other text is, or a missing one where other texts are refused."""
    texts: Sequence[Sequence[str]]

    @property
    def labels(self) -> list[str]:
        """A word for each value."""
        first = "missing" if self.refuses_others else "other"
        return [first, *("missing" if "" in texts else texts[0] for texts in self.texts[1:])]

    @property
    def refuses_others(self) -> bool:
        """Whether a text that is not among those of the values is a fault."""
        return any(each.refuses_others for each in self.codings)

    def find_value(self, text: str) -> int:
        """The value of a text; one beyond all for a text that is refused."""
        meaning = tuple(find_code(text, each) for each in self.codings)
        return self.meanings.index(meaning) if -1 not in meaning else len(self.meanings)

    def list_codes(self, codes: Codes) -> list[int]:
        """The code of each value in a coding."""
        place = self.codings.index(codes)
        return [meaning[place] for meaning in self.meanings]


def find_code(text: str, codes: Codes) -> int:
    """The code of a text, −1 for one that is refused."""
    if text in codes.texts or not text:
        return codes.texts.get(text, codes.other)
    if codes.numbers and is_number(text) and float(text) in dict(codes.numbers):
        return dict(codes.numbers)[float(text)]
    return -1 if codes.refuses_others else codes.other


def make_enumerations(plan: Plan) -> dict[str, Enumeration]:
    """The enumeration of each column of texts."""
    return {each.name: make_enumeration(plan, each.name) for each in plan.inputs if isinstance(each, TextInput)}


def make_enumeration(plan: Plan, name: str) -> Enumeration:
    """The values of a column, in the order of the texts."""
    columns = [column for network in plan.networks for column in network.columns if column.input == name]
    codings: list[Codes] = []
    for column in columns:
        if isinstance(column, TextPlan) and column.codes not in codings:
            codings.append(column.codes)
    refuses = any(each.refuses_others for each in codings)
    first = tuple(find_code("", each) if refuses else each.other for each in codings)
    found: dict[Meaning, list[str]] = {first: []}
    for text in dict.fromkeys(text for each in codings for text in ["", *each.texts]):
        found.setdefault(tuple(find_code(text, each) for each in codings), []).append(text)
    return Enumeration(codings=codings, meanings=list(found), texts=list(found.values()))


def write_enumerations(enums: Mapping[str, Enumeration], fields: Mapping[str, str], prefix: str) -> Iterator[str]:
    """The definitions of all enumerations."""
    words = [f"{fields[name]} {label}".upper() for name, each in enums.items() for label in each.labels]
    names = make_identifiers([*MACROS, *words], "value")[len(MACROS) :]
    sizes = [len(each.meanings) for each in enums.values()]
    starts = accumulate(sizes, initial=0)
    for (name, each), start in zip(enums.items(), starts, strict=False):
        lines = [
            f"    {prefix.upper()}_{names[start + value]} = {value}, /* {describe_value(value, each)} */"
            for value in range(len(each.meanings))
        ]
        yield "\n".join([f'/* The values of "{write_comment_text(name)}" */', "enum {", *lines, "};"])


def describe_value(value: int, each: Enumeration) -> str:
    """Some of the texts that a value is for."""
    texts = [f'"{write_comment_text(text)}"' if text else "missing" for text in each.texts[value]]
    shown = [*["any other text"] * (value == 0 and not each.refuses_others), *texts]
    return ", ".join(shown[:SHOWN]) + (", ..." if len(shown) > SHOWN else "")


def write_value_range(field: str, each: Enumeration, order: int) -> list[str]:
    """The lines that refuse a number that is no value."""
    return [f"if (row->{field} < 0 || row->{field} >= {len(each.meanings)})", f"    return {order};"]


def write_lookup(file: CFile, field: str, codes: Codes, each: Enumeration) -> str:
    """The code of a value."""
    return f"{file.define_array('codes', np.array(each.list_codes(codes), np.int64))}[row->{field}]"
