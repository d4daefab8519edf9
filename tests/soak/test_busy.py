"""The busy run runs pytest beside loops, ends with its exit code, and knows the tests that look at clocks."""

import sys

import pytest

from tests.soak import busy


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--version"], 0), (["no/such/file.py", "-p", "no:cacheprovider"], 4)]
)
def test_it_ends_as_pytest_ends_and_leaves_no_loop_behind(monkeypatch, arguments, code):
    begun = []
    popen = busy.subprocess.Popen
    monkeypatch.setattr(
        busy.subprocess, "Popen", lambda *args, **options: begun.append(popen(*args, **options)) or begun[-1]
    )
    monkeypatch.setattr(busy.os, "cpu_count", lambda: 1)
    monkeypatch.setattr(sys, "argv", ["busy.py", "--loops", "1", "--", *arguments])
    if code:
        with pytest.raises(SystemExit) as end:
            busy.main()
        assert end.value.code == code
    else:
        busy.main()
    assert all(each.poll() is not None for each in begun)


def test_tests_with_processes_and_clocks_are_found():
    found = busy.find_tests_with_clocks()
    assert {"tests/behaviour/test_processes.py", "tests/behaviour/test_catalogue.py", "tests/test_docs.py"} <= {*found}
    assert "tests/engine/test_losses.py" not in found
