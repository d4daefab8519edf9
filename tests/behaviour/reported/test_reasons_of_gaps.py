"""A `-` in a table of `eval` or `show` has its reason beside it, whatever it is of."""

import json

import pytest

from mlptrain.engine.metrics import METRICS
from tests.support.catalogue import MODEL, TRAINING
from tests.support.command import mlptrain

ROWS = [(f"{k * 37 % 11}.5", "abcd"[k % 4], "p" if k % 4 == 0 or k % 3 == 0 else "q") for k in range(80)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("gaps")
    lines = [("x", "g", "y"), *ROWS]
    (path / "t.csv").write_text("".join(",".join(row) + "\n" for row in lines), encoding="utf-8")
    only = [row for row in ROWS if row[2] == "p"]
    (path / "p.csv").write_text("".join(",".join(row) + "\n" for row in (lines[0], *only)), encoding="utf-8")
    said = f"data: {{train: t.csv, target: y, columns: {{g: ignore}}}}\nmodel: {{{MODEL}}}\ntraining: {{{TRAINING}}}\n"
    (path / "m.yaml").write_text(said, encoding="utf-8")
    assert mlptrain("fit", "m.yaml", "-q", cwd=path).code == 0
    return path


@pytest.mark.parametrize("data", ["t.csv", "p.csv"])
@pytest.mark.parametrize("options", [(), ("--verbose",)])
def test_every_metric_that_a_slice_or_the_baseline_lacks_is_explained(folder, data, options):
    found = json.loads(mlptrain("eval", "m.npz", data, "--by", "g", "--json", *options, cwd=folder).out)
    said = " ".join(mlptrain("eval", "m.npz", data, "--by", "g", *options, cwd=folder).out.split())
    heading = said.partition("by g rows ")[2].split()
    shown = [name for name in found["metrics"] if name in heading[: len(found["metrics"])]]
    gaps = {name: [each["value"] for each in found["slices"] if each["metrics"][name] is None] for name in shown}
    assert any(gaps.values())
    for name, values in gaps.items():
        count = f"{len(values)} slice{'s' * (len(values) > 1)}"
        assert (f"({name}: undefined in" in said) == bool(values)
        assert not values or f"({name}: undefined in {count}; in {values[0]}: " in said
    for each in found["slices"]:
        assert each["undefined"].keys() == {name for name, value in each["metrics"].items() if value is None}
    for name, value in found["metrics"].items():
        if value is not None and found["baseline"][name] is None:
            assert f"({name}: the baseline has none, as {METRICS[name].gap_of_constant})" in said
    if any(each["precision"] is None for each in found["classes"]):
        assert "no precision where a class is never predicted" in said
    if any(each["recall"] is None for each in found["classes"]):
        assert "no recall where it has no rows" in said


@pytest.mark.parametrize("options", [(), ("--verbose",)])
def test_every_metric_that_show_has_no_value_of_is_explained(folder, options):
    shown = mlptrain("show", "m.npz", *options, cwd=folder).out
    table = [line.split() for line in shown.partition("\n")[2].partition("columns: ")[0].splitlines()]
    missing = [cells[0] for cells in table if "-" in cells]
    assert bool(missing) == bool(options)
    assert all(f"  ({name}: " in shown for name in missing)
