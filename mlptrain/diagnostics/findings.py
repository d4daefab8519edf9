"""Findings: what stands out in a report, in a sentence each; every kind has a code, by which it can be muted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mlptrain.diagnostics.finding_kinds import KINDS, Evidence
from mlptrain.errors import SpecError

MOST = 8
"""Findings that are shown: a reader of more sees none of them."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that stands out."""

    code: str
    """R01, R02 …"""
    title: str
    sentence: str
    """What it is, with its numbers, and what to do."""
    part: str
    """The part of the report that shows it: quality, weak_rows, importance, course, layers or columns."""


def list_findings(evidence: Evidence, mute: Collection[str] = ()) -> tuple[list[Finding], list[str]]:
    """What stands out, the worst first, and the codes of what would but is muted."""
    found = [
        Finding(code=code, title=kind.title, sentence=sentence, part=kind.part)
        for code, kind in KINDS.items()
        if (sentence := kind.describe(evidence))
    ]
    kept = [each for each in found if each.code not in mute]
    return kept[:MOST], [each.code for each in found if each.code in mute]


def require_codes(codes: Sequence[str]) -> frozenset[str]:
    """The codes of findings to mute; an error that lists them for one that no finding has.

    >>> sorted(require_codes(["R03"]))
    ['R03']
    """
    for code in codes:
        if code not in KINDS:
            known = ", ".join(f"{each} ({KINDS[each].title.lower()})" for each in sorted(KINDS))
            raise SpecError(f"mute: no finding has the code {code!r}; there are {known}")
    return frozenset(codes)
