"""The benchmark of looking into the layers runs to its end, on next to no work."""

import pytest
import watch_layers
from measuring import row


def test_it_prints_a_row_a_work_and_ends_as_the_bound_says(capsys):
    with pytest.raises(SystemExit) as end:
        watch_layers.main(["--works=iris", "--pairs=6", "--epochs=1"])
    out = capsys.readouterr().out
    (line,) = [line for line in out.splitlines() if line.startswith("| iris |")]
    assert line.endswith("| **no** |" if end.value.code else "| yes |")


def test_the_row_has_the_time_of_an_epoch_and_the_ratio_within_pairs():
    pairs = [(0.010, 0.011)] * 3 + [(0.020, 0.022)] * 4
    assert watch_layers.describe_work("w", 10, pairs) == row("w", "2.0", "2.2", "1.100 (1.100–1.100)", "**no**")


def test_too_few_pairs_are_refused(capsys):
    with pytest.raises(SystemExit):
        watch_layers.main(["--pairs=5"])
    assert "an interval needs 6 at least" in capsys.readouterr().err
