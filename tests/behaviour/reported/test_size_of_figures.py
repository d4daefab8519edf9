"""Figures of any size have the same number of significant digits, in every text of every command."""

import random
import re

import pytest

from tests.support.command import mlptrain

SPEC = """data: {train: t.csv, target: y, columns: {g: category}, split: SPLIT}
model: {hidden: [4]}
training: {epochs: 3}
"""


def write_table(folder, size, split):
    """A target of a size, a group, a spec."""
    draw = random.Random(1)
    rows = []
    for k in range(60):
        x = draw.gauss(0, 1)
        rows.append(f"{x:.4f},{'ab'[k % 2]},{size * (x + draw.gauss(0, 0.3)):.6g}")
    (folder / "t.csv").write_text("\n".join(["x,g,y", *rows, ""]), encoding="utf-8")
    (folder / "s.yaml").write_text(SPEC.replace("SPLIT", split), encoding="utf-8")


def list_figures(text, names):
    """The figures of the rows and columns with these names."""
    found = []
    for line in text.splitlines():
        cells = line.split()
        if cells and cells[0] in names:
            found += [cell for cell in cells[1:] if re.fullmatch(r"-?[\d,]*\d\.?\d*(e-?\d+)?", cell)]
    return found


def count_digits(figure):
    return len(re.sub("[^0-9]", "", figure.partition("e")[0]).lstrip("0"))


@pytest.mark.parametrize("size", [1e-12, 1e-7, 1e-4, 0.02, 1.0, 300.0, 1e7, 1e12])
@pytest.mark.parametrize("split", ["{validation: 0.3}", "{folds: 2}"])
def test_a_target_of_any_size(tmp_path, size, split):
    write_table(tmp_path, size, split)
    fitted = mlptrain("fit", "s.yaml", cwd=tmp_path)
    judged = mlptrain("eval", "s.npz", "t.csv", "--by", "g", cwd=tmp_path)
    shown = mlptrain("show", "s.npz", cwd=tmp_path)
    for ended in (fitted, judged, shown):
        assert ended.code == 0, ended.err
        assert "0.0000" not in re.sub(r"0\.0000\d", "", ended.out + ended.err)
    rows = ["rmse", "mae", "fold", "mean", "sd", "a", "b"]
    figures = list_figures(fitted.out + judged.out + shown.out, rows)
    assert len(figures) >= 10
    measured = [figure for figure in figures if "." in figure or "e" in figure]
    assert measured
    assert all(count_digits(figure) == 4 for figure in measured)
    assert not [figure for figure in figures if figure.strip("0.") == "" and figure != "0"]
