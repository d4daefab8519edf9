"""The journal of a study, and what killed processes and others leave in its place."""

import os

import pytest

from mlptrain.errors import SpecError
from mlptrain.tuning.study import BEGINNING, cut_torn_line, describe_left_lock, require_journal

LINE = BEGINNING + b'0,"study_name":"mlptrain"}\n'


def test_however_much_of_its_last_line_is_lost_a_journal_has_its_whole_lines(tmp_path):
    path = tmp_path / "s.study"
    whole = LINE * 3
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        require_journal(path)
        torn = size % len(LINE) > 0
        assert cut_torn_line(path) == torn
        assert path.read_bytes() == LINE * (size // len(LINE))


@pytest.mark.parametrize("content", [b"my notes", b"{}", b" " + LINE, b"\n"])
def test_another_file_is_no_journal_and_stays_as_it_is(tmp_path, content):
    path = tmp_path / "s.study"
    path.write_bytes(content)
    with pytest.raises(SpecError, match="this is no study; move it away, or choose another --out"):
        require_journal(path)
    assert path.read_bytes() == content


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_a_lock_that_was_left_is_told(tmp_path):
    path = tmp_path / "s.study"
    assert describe_left_lock(path) == ""
    (tmp_path / "s.study.lock").symlink_to(path)  # as Optuna locks: the link may lead nowhere
    assert "after 30 seconds" in describe_left_lock(path)
