"""A count in an error is of all rows, or is said to be the least."""

import re

import pytest

from tests.support.command import mlptrain

ROWS = 200
SPEC = """data: {train: t.csv, target: label, columns: {size: number}, split: {validation: 0.3}}
model: {hidden: []}
training: {epochs: 1, batch_size: full}
"""
COUNT = re.compile(r"and (at least )?([0-9,]+) more;")


@pytest.fixture
def folder(tmp_path):
    """A model, and a file with a word in every fourth row."""
    for name, odd in (("t", ROWS), ("odd", 4)):
        sizes = ("n.k." if k % odd == 3 and odd < ROWS else f"{k * 7 % 31}.5" for k in range(ROWS))
        rows = [f"{size},{'ab'[k % 2]},{('no', 'yes')[k * 3 % 7 > 2]}" for k, size in enumerate(sizes)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["size,kind,label", *rows]) + "\n")
    (tmp_path / "s.yaml").write_text(SPEC)
    assert mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    return tmp_path


COMMANDS = {
    "training rows": ["check", "s.yaml", "--set", "data.train=odd.csv"],
    "a whole file": ["eval", "s.npz", "odd.csv"],
    "a file in one piece": ["predict", "s.npz", "odd.csv"],
    "a file in pieces": ["predict", "s.npz", "odd.csv"],
}


@pytest.mark.parametrize("case", COMMANDS)
def test_a_count_of_a_part_of_the_rows_is_the_least(case, folder, monkeypatch):
    if case == "a file in pieces":
        monkeypatch.setattr("mlptrain.commands.predict.CHUNK", 60)
        monkeypatch.setattr("mlptrain.engine.network.Network.chunk_rows", lambda _network: 60)
    ended = mlptrain(*COMMANDS[case], cwd=folder)
    assert ended.code == 3
    found = COUNT.search(" ".join(ended.err.split()))
    assert found is not None, ended.err
    count = int(found[2])
    assert count == ROWS // 4 - 5 if found[1] is None else 0 < count < ROWS // 4 - 5
    assert (found[1] is None) == (case in ("a whole file", "a file in one piece"))
