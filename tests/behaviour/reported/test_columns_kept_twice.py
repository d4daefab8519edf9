"""A column that is to be kept more than once is kept once, and a note says so."""

import pytest

from tests.support.catalogue import TABLE, spec
from tests.support.command import mlptrain

KEPT = {
    ("size",): ("size,label", ""),
    ("size", "size"): ("size,label", "--keep 'size': is given more than once, and kept once\n"),
    ("size", "price", "size", "price"): (
        "size,price,label",
        "--keep 'size', 'price': are given more than once, and kept once each\n",
    ),
}


@pytest.mark.parametrize("keep", KEPT)
def test_a_column_that_is_kept_twice_is_written_once_with_a_note(tmp_path, keep):
    (tmp_path / "table.csv").write_text(TABLE)
    (tmp_path / "m.yaml").write_text(spec())
    assert mlptrain("fit", "m.yaml", "-q", cwd=tmp_path).code == 0
    names, said = KEPT[keep]
    ended = mlptrain("predict", "m.npz", "table.csv", *(f"--keep={name}" for name in keep), cwd=tmp_path)
    assert (ended.code, ended.out.partition("\n")[0]) == (0, names)
    assert ended.err == (f"note: {said}" if said else "")
