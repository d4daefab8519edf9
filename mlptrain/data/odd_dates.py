"""Texts that look like dates but are read by no format: names of months, words for zones, several ways of writing."""

import re
from collections.abc import Mapping
from itertools import islice

from mlptrain.data.date_recognition import list_formats_of_shape, look_at_dates, quote, read_moments

LOOKED_AT = 200
"""Different texts of a column that are looked at."""
MOST = 0.9
"""The share of them that must look like dates."""
MONTHS = {
    "Jan": "january januar jänner janvier janv enero gennaio januari ene",
    "Feb": "february februar février fevrier févr febrero febbraio februari",
    "Mar": "march märz maerz mrz mär mars marzo maart",
    "Apr": "april avril avr abril aprile abr",
    "May": "may mai mayo maggio mei mag",
    "Jun": "june juni juin junio giugno giu",
    "Jul": "july juli juillet juil julio luglio lug",
    "Aug": "august août aout agosto augustus ago",
    "Sep": "september septembre sept septiembre settembre set",
    "Oct": "october oktober okt octobre octubre ottobre ott",
    "Nov": "november novembre noviembre",
    "Dec": "december dezember dez décembre decembre déc diciembre dicembre dic",
}
"""The names of months in some languages, by their short English names."""
MONTH_OF = {name: short for short, names in MONTHS.items() for name in (short.lower(), *names.split())}
ZONE = re.compile(r" ?\(?\b(CES?T|MES?Z|EE?S?T|WES?T|BST|IST|[ECMP][SD]T|JST|AES?T)\b\)?$")
"""Words for zones, of which some mean several ones."""


def explain_odd_dates(counts: Mapping[str, int]) -> str:
    """What texts are that look like dates but are read by no format, and what to do; empty if they do not look so."""
    known = {text: 1 for text in islice(counts, LOOKED_AT) if text.strip()}
    if len(known) < 2 or sum(any(map(str.isdigit, text)) for text in known) < MOST * len(known):
        return ""
    cure = "write them as YYYY-MM-DD"
    plain = dict.fromkeys((ZONE.sub("", text) for text in known), 1)
    zone = next((found[1] for text in known if (found := ZONE.search(text))), "")
    if zone and look_at_dates(plain):
        why = f"with a word for the zone ({zone}), which no format reads"
        return f"texts that look like dates {why}; write +0200 or the like, or leave it out"
    english = dict.fromkeys(map(translate_months, plain), 1)
    if english.keys() != plain.keys() and look_at_dates(english):
        why = f"with names of months that no format reads ({next(iter(known))!r})"
        return f"texts that look like dates {why}; {cure}"
    forms = find_several_formats(plain)
    ways = " and ".join(map(quote, forms))
    return f"texts that look like dates in several ways ({ways}); {cure}" if forms else ""


def translate_months(text: str) -> str:
    """The text with short English names of months.

    >>> translate_months("3. März 2020"), translate_months("3-Okt.-2020")
    ('3. Mar 2020', '3-Oct.-2020')
    """
    return re.sub(r"[^\W\d_]+", lambda found: MONTH_OF.get(found[0].lower(), found[0]), text)


def find_several_formats(texts: Mapping[str, int]) -> list[str]:
    """The formats that together read nearly all texts, each of them some that the others do not; none if there are no
    two.
    """
    rest = dict(texts)
    found: list[str] = []
    while rest and len(found) < 3:
        forms = list_formats_of_shape(next(iter(rest)))
        read = {form: read_moments(rest, form) for form in forms}
        best = max(read, key=lambda form: len(read[form]), default="")
        if not best or not read[best]:
            break
        found.append(best)
        rest = {text: 1 for text in rest if text not in read[best]}
    return found if len(found) > 1 and len(rest) <= (1 - MOST) * len(texts) else []
