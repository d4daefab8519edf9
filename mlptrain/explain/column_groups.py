"""Groups of columns that stand for each other: found by their associations, or named."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.column_names import find_near_name, format_quoted_names
from mlptrain.errors import SpecError

TIED = 0.7
"""The least association of columns that are tied to each other."""

Group = tuple[str, ...]


@dataclass(frozen=True)
class Partner:
    """The column that goes with another one most closely."""

    name: str
    association: float


@dataclass(frozen=True)
class Ties:
    """The partners of columns, by name, and the groups of columns that are to be moved together."""

    partners: Mapping[str, Partner] = field(default_factory=dict)
    groups: Sequence[Group] = ()


def find_partners(names: Sequence[str], associations: NDArray[np.float64]) -> dict[str, Partner]:
    """The closest partner of each column that is tied to any; of equally close ones the first by name."""
    order = sorted(range(len(names)), key=names.__getitem__)
    close = np.round(associations, 12)[:, order]
    close[order, range(len(names))] = -1  # no column is its own partner
    found = {}
    for name, row in zip(names, close, strict=True):
        first = int(row.argmax())
        if row[first] >= TIED:
            found[name] = Partner(names[order[first]], float(row[first]))
    return found


def join_tied_columns(names: Sequence[str], associations: NDArray[np.float64]) -> list[Group]:
    """The groups of two or more columns that are tied, directly or through others (single linkage)."""
    group = np.arange(len(names))
    for one, other in np.argwhere(np.triu(associations >= TIED, 1)).tolist():
        group[group == group[other]] = group[one]
    found = [
        tuple(sorted(names[place] for place in np.flatnonzero(group == each).tolist())) for each in np.unique(group)
    ]
    return sorted(each for each in found if len(each) > 1)


def parse_groups(text: str, names: Sequence[str], option: str = "groups") -> list[Group]:
    """The groups in a text such as "a+b,c": columns joined by +, groups parted by commas.

    Names may hold both signs: at each place the longest name of a column that fits is read.

    >>> parse_groups("a+b,c+d,e", ["a", "b", "c+d", "e"])
    [('a', 'b'), ('c+d',), ('e',)]
    """
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    groups: list[list[str]] = [[]]
    place = 0
    while True:
        found = re.compile(rf"\s*({known})\s*(?=[+,]|$)").match(text, place)
        if found is None:
            raise SpecError(refuse_unknown(re.split("[+,]", text[place:])[0].strip(), names, option))
        groups[-1].append(found[1])
        place = found.end() + 1
        if found.end() == len(text):
            return [tuple(each) for each in groups]
        groups += [[]] * (text[found.end()] == ",")


def parse_columns(asked: str | Sequence[str], names: Sequence[str], *, option: str, why: str) -> list[str]:
    """The columns in a text such as "a,b", or in a list; `why` says what is against columns that are joined by +."""
    if isinstance(asked, str):
        groups = parse_groups(asked, names, option)
        if several := [group for group in groups if len(group) > 1]:
            raise SpecError(f"{option}: {why}; write {','.join(several[0])}")
        asked = [name for group in groups for name in group]
    for name in asked:
        if name not in names:
            raise SpecError(refuse_unknown(name, names, option))
    return list(dict.fromkeys(asked))


def refuse_unknown(name: str, names: Sequence[str], option: str = "groups") -> str:
    """The sentence that a name in an option is no column of the model."""
    near = "".join(f"; did you mean {other!r}?" for other in find_near_name(name, names))
    return f"{option}: {name!r:.80} is no column of the model{near or ': ' + format_quoted_names(list(names), 20)}"


def check_groups(groups: Sequence[Sequence[str]], names: Sequence[str]) -> list[Group]:
    """Groups that are given, each of columns of the model, none of which is in two."""
    for name in (name for group in groups for name in group):
        if name not in names:
            raise SpecError(refuse_unknown(name, names))
    twice = list(find_repeated_names(groups))
    if twice:
        raise SpecError(f"groups: {twice[0]!r:.80} is named twice; a column is in one group at most")
    return [tuple(sorted(group)) for group in groups if len(group) > 1]


def find_repeated_names(groups: Sequence[Sequence[str]]) -> Iterator[str]:
    """The names that occur again."""
    seen = set()
    for name in (name for group in groups for name in group):
        if name in seen:
            yield name
        seen.add(name)
