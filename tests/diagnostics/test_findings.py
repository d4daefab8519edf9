"""The list of findings: the worst first, no more than a reader takes in, muted by code."""

import pytest

from mlptrain.diagnostics.finding_kinds import KINDS
from mlptrain.diagnostics.findings import MOST, list_findings, require_codes
from mlptrain.errors import SpecError
from tests.diagnostics.test_finding_kinds import PAIRS, see


@pytest.fixture
def everything(monkeypatch):
    """Evidence in which every kind finds something."""
    for kind in KINDS.values():
        monkeypatch.setattr(type(kind), "describe", lambda self, evidence: f"{self.code} of it")
    return see()


def test_the_worst_come_first_and_no_more_than_eight(everything):
    found, muted = list_findings(everything)
    assert [each.code for each in found] == list(KINDS)[:MOST]
    assert (len(found), muted) == (8, [])


@pytest.mark.parametrize("code", list(KINDS))
def test_a_muted_finding_is_counted_and_makes_room(everything, code):
    found, muted = list_findings(everything, {code})
    assert muted == [code]
    assert [each.code for each in found] == [each for each in KINDS if each != code][:MOST]


def test_what_is_muted_but_not_there_is_not_counted():
    pair = PAIRS[0]
    assert list_findings(pair.has_not, set(KINDS)) == ([], [])
    assert list_findings(pair.has, set(KINDS)) == ([], [pair.code])


def test_an_unknown_code_is_an_error_that_lists_all():
    with pytest.raises(SpecError, match="'r01'") as caught:
        require_codes(["R01", "r01"])
    assert all(code in str(caught.value) for code in KINDS)
