"""The benchmark of importances runs to its end, on next to no work, and both find the same."""

import importance


def test_it_prints_a_row_a_metric(capsys):
    options = {"rows": 200, "columns": 4, "repeats": 5, "rounds": 1, "epochs": 5}
    importance.main([f"--{name}={value}" for name, value in options.items()])
    lines = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()]
    assert [cells[0] for cells in lines[2:]] == list(importance.SCORES)
    assert {len(cells) for cells in lines} == {5}
    assert all(float(cells[4].rstrip("%")) < 25 for cells in lines[2:])
