"""Texts that mean numbers but are written in another way than the table's: which way, and the settings that read it."""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from mlptrain.data.blanks import strip_blanks
from mlptrain.data.grammar import LIKE_MARK, DecimalPoint, NumberGrammar, ThousandsMark, straighten_signs

LOOKED_AT = 1000
"""Different texts of a column from which its way of writing is told."""
FIRST_LOOK = 200
"""Those that are enough to choose between ways of writing for a whole table."""
LONGEST = 40
"""A longer text is no number."""
MOST_WORDS = 20
"""In a column of numbers, odd texts of no more kinds than this are words for a gap, not codes."""
FEW_WORDS = 5
"""Words that are proposed together as missing."""
CURRENCIES = ("EUR", "USD", "CHF", "GBP", "JPY", "SEK", "NOK", "DKK", "PLN", "CZK", "INR", "BRL", "Fr.", "kr", "R$")
"""Signs of currency of letters, which may stand before a number."""
BEFORE = re.compile(rf"[-+]?(?P<unit>{'|'.join(map(re.escape, CURRENCIES))}|[^\W\d_]{{0,2}}[$€£¥₹₽₩])\s*[-+]?[0-9.]")
AFTER = re.compile(r"[0-9.,]\s*(?P<unit>[%‰°$€£¥₹₽₩][^\W\d_]?|[a-zµ]|[^\W\d_][^\W\d_./²³]{1,9}[./²³\w]{0,4})$")
BOUND = re.compile(r"(?:[<>≤≥≈~]=?|ab|bis|unter|über|under|over|up to)\s*[-+]?[0-9][0-9.,]*|[-+]?[0-9][0-9.,]*\s*\+")
SPREADSHEET_ERROR = re.compile(r"#[A-ZÄÖÜ][A-ZÄÖÜ0-9/?!_ ]*[!?]?|Err:[0-9]+")
"""What spreadsheets write where a formula has no value."""
MARKS: Sequence[ThousandsMark] = (",", ".", " ", "'", "_")


@dataclass(frozen=True)
class NumberNeeds:
    """What it takes to read the columns of numbers of a table: a way to write them, and words that mean missing."""

    grammar: NumberGrammar
    words: Sequence[str] = ()


@dataclass(frozen=True)
class NumberForm:
    """A way to write numbers, and the texts that it reads."""

    grammar: NumberGrammar
    read: frozenset[str]

    def describe_cure(self, now: NumberGrammar) -> str:
        """The settings of a spec that tell this way from that of the table."""
        new, used = self.grammar, find_units(sorted(self.read))
        if len(used) > 1 and new.units != now.units:
            return f"plain numbers in one unit (there are {', '.join(used)})"
        given = {
            "decimal": new.decimal != now.decimal and json.dumps(new.decimal),
            "thousands": new.thousands != now.thousands and json.dumps(new.thousands),
            "loose_signs": new.loose_signs != now.loose_signs and "true",
            "units": new.units != now.units and json.dumps(list(new.units), ensure_ascii=False),
        }
        return " and ".join(f"data.{key}: {value}" for key, value in given.items() if value)


def find_number_forms(texts: Collection[str], now: NumberGrammar) -> list[NumberForm]:
    """The ways to write numbers that read the most of some texts, and more of them than the table's own way does.

    Ways that read the same numbers are one. The first has the least settings; marks of thousands go before others.
    """
    sample = [strip_blanks(text) for text in islice(texts, LOOKED_AT)]
    if not may_be_numbers(sample):
        return []
    grammars = list_candidate_grammars(sample, now)
    read = {grammar: grammar.read(sample) for grammar in (now, *grammars)}
    most = max(map(len, read.values()))
    if len(read[now]) == most:
        return []
    forms: dict[tuple[float, ...], NumberForm] = {}
    for grammar in grammars:
        if len(read[grammar]) == most:
            numbers = grammar.parse(sorted(read[grammar]))
            assert numbers is not None
            forms.setdefault(tuple(numbers.tolist()), NumberForm(grammar, frozenset(read[grammar])))
    return list(forms.values())


def find_common_forms(
    columns: Collection[Collection[str]], now: NumberGrammar, fixed: Collection[str] = ()
) -> list[NumberForm]:
    """The ways to write numbers that read every one of some columns as well as any way does, and all of them together
    better than the table's own, whose `fixed` settings stand; marks of one column may need those of another.

    Ways that read the same numbers are one. The first has the least settings.
    """
    found = [forms for texts in columns if (forms := find_number_forms(texts, now))]
    sample = [text for texts in columns for text in islice(texts, LOOKED_AT)]
    numbers: dict[tuple[float, ...], NumberForm] = {}
    for grammar in join_grammars(found, now, fixed) if found else ():
        if all(reads_best(grammar, forms) for forms in found) and reads_as_well(grammar, now, columns):
            read = grammar.read(sample)
            values = tuple(grammar.read_number(text) for text in sample if text in read)
            numbers.setdefault(values, NumberForm(grammar, frozenset(read)))
    return list(numbers.values())


def join_grammars(
    found: Sequence[Sequence[NumberForm]], now: NumberGrammar, fixed: Collection[str]
) -> list[NumberGrammar]:
    """The ways to write numbers that have the marks, signs and units of some columns; those with less settings first.
    Columns with numbers in several units have no part in it.
    """
    forms = [form.grammar for each in found for form in each]
    units = [unit for each in found if len(used := find_units(sorted(each[0].read))) == 1 for unit in used]
    decimals = [now.decimal] if "decimal" in fixed else [now.decimal, *(each.decimal for each in forms)]
    thousands = [now.thousands] if "thousands" in fixed else ["", now.thousands, *(each.thousands for each in forms)]
    looses = [now.loose_signs] if "loose_signs" in fixed else [now.loose_signs, *(each.loose_signs for each in forms)]
    joined = [
        replace(now, decimal=point, thousands=mark, loose_signs=loose, units=unit)
        for point in dict.fromkeys(decimals)
        for mark in dict.fromkeys(thousands)
        for loose in dict.fromkeys(looses)
        for unit in dict.fromkeys([now.units, tuple(dict.fromkeys((*now.units, *units)))])
        if mark != point
    ]
    return sorted(joined, key=lambda grammar: count_settings(grammar, now))


def reads_best(grammar: NumberGrammar, forms: Sequence[NumberForm]) -> bool:
    """Whether a grammar reads all that one of some ways reads."""
    return any(form.grammar == grammar or len(grammar.read(form.read)) == len(form.read) for form in forms)


def reads_as_well(grammar: NumberGrammar, now: NumberGrammar, columns: Collection[Collection[str]]) -> bool:
    """Whether a grammar reads as many of the texts of each column as another one."""
    return all(len(grammar.read(texts)) >= len(now.read(texts)) for texts in columns)


def find_number_needs(columns: Iterable[Collection[str]], grammar: NumberGrammar) -> NumberNeeds:
    """What is needed beside a way to write numbers: the words in columns of numbers, if they are few."""
    odd = (strip_blanks(text) for texts in columns for text in texts if not grammar.reads(text))
    words = [*dict.fromkeys(text for text in odd if not any(map(str.isdecimal, text)))]
    return NumberNeeds(grammar, words if len(words) <= FEW_WORDS else ())


def swap_marks(now: NumberGrammar) -> NumberGrammar:
    """The way to write numbers in which the decimal point of another one stands between thousands."""
    return replace(now, decimal="," if now.decimal == "." else ".", thousands=now.decimal)


def find_doubtful_number(columns: Iterable[Collection[str]], now: NumberGrammar) -> str:
    """A text that is another number where the marks are swapped; empty if there is none, or another text settles it.

    >>> [find_doubtful_number([texts], NumberGrammar()) for texts in (["1.234", "7"], ["1.234", "0.5"], ["7"])]
    ['1.234', '', '']
    """
    other, doubtful = swap_marks(now), ""
    marks = {*LIKE_MARK.get(now.thousands, now.thousands), ".", ","}
    for text in (strip_blanks(text) for texts in columns for text in texts if not marks.isdisjoint(text)):
        if now.reads(text) != other.reads(text):
            return ""
        if now.reads(text) and now.read_number(text) != other.read_number(text):
            doubtful = doubtful or text
    return doubtful


def may_be_numbers(sample: Sequence[str]) -> bool:
    """Whether there are figures in most of some texts."""
    with_figures = sum(len(text) <= LONGEST and any(map(str.isdecimal, text)) for text in sample)
    return 2 * with_figures > len(sample)


def list_candidate_grammars(sample: Sequence[str], now: NumberGrammar) -> list[NumberGrammar]:
    """Ways to write numbers whose marks, signs and units occur in some texts; those with less settings first."""
    there = set("".join(sample))
    marks: list[ThousandsMark] = [mark for mark in MARKS if there & set(LIKE_MARK.get(mark, mark))]
    points: list[DecimalPoint] = [".", ","] if now.decimal == "." else [",", "."]
    looses = [now.loose_signs, *([True] if any(straighten_signs(text) != text for text in sample) else [])]
    units = find_units([straighten_signs(text) for text in sample] if looses[-1] else sample)
    grammars = [
        replace(now, decimal=point, thousands=mark, loose_signs=loose, units=unit)
        for unit in dict.fromkeys([now.units, tuple(dict.fromkeys((*now.units, *units)))])
        for loose in dict.fromkeys(looses)
        for point in points
        for mark in dict.fromkeys([now.thousands, "", *marks])
        if mark != point
    ]
    return sorted(grammars, key=lambda grammar: count_settings(grammar, now))


def count_settings(grammar: NumberGrammar, now: NumberGrammar) -> tuple[int, bool]:
    """How many settings differ, and whether the decimal point does."""
    differ = [grammar.thousands != now.thousands, grammar.loose_signs != now.loose_signs, grammar.units != now.units]
    return sum(differ) + (grammar.decimal != now.decimal), grammar.decimal != now.decimal


def find_units(sample: Iterable[str]) -> tuple[str, ...]:
    """The units before or after the figures of some texts, the most frequent first; none if they are too many."""
    counts: dict[str, int] = {}
    for text in sample:
        if found := BEFORE.match(text) or AFTER.search(text):
            counts[found["unit"]] = counts.get(found["unit"], 0) + 1
    return tuple(sorted(counts, key=lambda unit: -counts[unit])) if len(counts) <= 3 else ()


@dataclass(frozen=True)
class NumberLook:
    """How far the texts of a column look like numbers: those of the table's grammar, those of other ways, the rest."""

    cells: int
    """All cells that are not missing."""
    plain: int
    """The cells that are numbers."""
    forms: Sequence[NumberForm]
    """Other ways to write numbers that read more of the cells."""
    odd: Mapping[str, int]
    """How often each text occurs that is a number in neither way."""

    @property
    def read(self) -> int:
        """The cells that are numbers in the table's way or in the best of the others."""
        return self.cells - sum(self.odd.values())

    @property
    def are_mostly_plain(self) -> bool:
        """Whether most of the cells are numbers as they are."""
        return 2 * self.plain > self.cells

    @property
    def are_mostly_numbers(self) -> bool:
        """Whether most of the cells are numbers, in one way of writing or another."""
        return 2 * self.read > self.cells

    @property
    def has_few_odd(self) -> bool:
        """Whether the odd texts are words for a gap, bounds or errors of a spreadsheet, not codes of many kinds."""
        words = [text for text in self.odd if not is_bound_or_error(text)]
        return len(words) <= MOST_WORDS


def look_at_number_texts(counts: Mapping[str, int], now: NumberGrammar) -> NumberLook:
    """How far texts, each with its number of cells, look like numbers; missing ones are none of them."""
    plain = now.read(counts)
    rest = counts.keys() - plain
    forms = find_number_forms(counts, now) if rest else []
    read = forms[0].grammar if forms else now
    odd = {text: counts[text] for text in counts if text in rest and not read.reads(text)}
    return NumberLook(sum(counts.values()), sum(counts[text] for text in plain), forms, odd)


def is_bound_or_error(text: str) -> bool:
    """Whether a text is a bound (<5, 80+), or the error of a spreadsheet.

    >>> [is_bound_or_error(text) for text in ("<5", "> 1,000", "80+", "#DIV/0!", "#NV", "A/5")]
    [True, True, True, True, True, False]
    """
    text = strip_blanks(text)
    return BOUND.fullmatch(text) is not None or SPREADSHEET_ERROR.fullmatch(text) is not None


def choose_number_grammar(
    columns: Sequence[Mapping[str, int]], now: NumberGrammar, *, point: DecimalPoint = "."
) -> NumberGrammar:
    """The way to write numbers by which the most columns are mostly numbers; `now` if no other is better.

    A column is the texts of its cells that are not missing, and how often each occurs. Where marks may be decimal
    points or marks of thousands, `point` is likelier.
    """
    found = [form.grammar for counts in columns for form in find_number_forms(list(counts)[:FIRST_LOOK], now)]
    swapped = [replace(each, thousands=now.decimal) for each in found if each.decimal != now.decimal]
    forms = [*found, *(each for each in swapped if each not in found)]  # where , is the point, . stands for thousands
    units = tuple(dict.fromkeys(unit for each in forms if len(each.units) < 2 for unit in each.units))
    whole = [
        replace(each, loose_signs=loose, units=unit)
        for each in sorted(forms, key=lambda grammar: grammar.decimal != point)
        for loose in dict.fromkeys([now.loose_signs, any(other.loose_signs for other in forms)])
        for unit in dict.fromkeys([now.units, units])
    ]

    def measure_worth(grammar: NumberGrammar) -> tuple[int, int, int]:
        shares = [share for counts in columns if (share := measure_number_share(counts, grammar)) > 0.5]
        return len(shares), sum(round(1000 * share) for share in shares), -grammar.loose_signs - len(grammar.units)

    return max([now, *dict.fromkeys(whole)], key=measure_worth)


def measure_number_share(counts: Mapping[str, int], grammar: NumberGrammar) -> float:
    """The share of the cells that are numbers, by the first different texts of a column."""
    seen = dict(islice(counts.items(), FIRST_LOOK))
    read = grammar.read(seen)
    return sum(count for text, count in seen.items() if text in read) / max(sum(seen.values()), 1)


def find_odd_number_texts(counts: Mapping[str, int], grammar: NumberGrammar) -> dict[str, int]:
    """The odd texts in a column of numbers, each with its number of cells, the most frequent first.

    Empty where most of the cells are no numbers, or the others are too many to be gaps. (What means a missing number
    anyway should not be among the counts.)
    """
    plain = grammar.read(counts)
    odd = {text: count for text, count in counts.items() if text not in plain}
    look = NumberLook(sum(counts.values()), sum(counts[text] for text in plain), (), odd)
    if not (look.are_mostly_plain and look.has_few_odd):
        return {}
    return dict(sorted(odd.items(), key=lambda each: -each[1]))


def is_grouped_in_thousands(texts: Collection[str], grammar: NumberGrammar) -> bool:
    """Whether all decimal points stand before exactly three digits, as marks of thousands do: 523.513 and 648."""
    grouped = re.compile(rf"[-+]?[1-9][0-9]{{0,2}}{re.escape(grammar.decimal)}[0-9]{{3}}", re.ASCII)
    with_point = [strip_blanks(text) for text in texts if grammar.decimal in text]
    others = all(strip_blanks(text).lstrip("+-").isdecimal() for text in texts if text and grammar.decimal not in text)
    return len(with_point) > 2 and others and all(map(grouped.fullmatch, with_point))
