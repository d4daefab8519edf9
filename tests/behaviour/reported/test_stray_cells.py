"""Odd cells among truth values or dates never make a category of the column: they are named, with what to do."""

import json
import random

import pytest
import yaml

from tests.support.command import mlptrain

ROWS = 300
FIRST = random.Random(1)
TRUTHS = [FIRST.choice(["true", "TRUE", "True", "false", "False"]) for _ in range(ROWS)]
YES = [FIRST.choice(["yes", "Yes", "no", "NO"]) for _ in range(ROWS)]
DAYS = [f"2024-{1 + k % 12:02}-{1 + k * 7 % 28:02}" for k in range(ROWS)]
COLUMNS = {"truths": TRUTHS, "yes and no": YES, "days": DAYS}
QUICK = ("--set", "training.epochs=1", "--set", "model.hidden=[2]")


def write_table(folder, cells, odd, **columns):
    cells = [*cells[: -len(odd)], *odd]
    rows = [f"{k * k % 17},{cell},{k % 5}" for k, cell in enumerate(cells)]
    (folder / "t.csv").write_text("\n".join(["x,flag,y", *rows]) + "\n")
    spec = {"data": {"train": "t.csv", "target": "y", "split": {"validation": 0.2}}}
    if columns:
        spec["data"]["columns"] = {"flag": columns}
    (folder / "s.yaml").write_text(yaml.safe_dump(spec))


@pytest.mark.parametrize("name", ["truths", "yes and no"])
@pytest.mark.parametrize("odd", [["maybe"], ["maybe", "maybe", "?!", "7"]], ids=["one", "some"])
def test_fit_and_check_name_the_odd_cells_and_what_they_propose_works(tmp_path, name, odd):
    write_table(tmp_path, COLUMNS[name], odd)
    for command in (["fit", "s.yaml", *QUICK], ["check", "s.yaml"]):
        ended = mlptrain(*command, cwd=tmp_path)
        assert ended.code == 3
        assert f"{ROWS - len(odd)} cells are truth values but not 'maybe' (" in ended.err
        listed = ended.err.partition("data.missing_values: ")[2].partition(", or set")[0]
        assert sorted(json.loads(listed)) == sorted({*odd})
    cures = (["--set", f"data.missing_values={listed}"], ["--set", "data.columns={flag: category}"])
    for cure, kind in zip(cures, ("boolean", "category"), strict=True):
        checked = mlptrain("check", "s.yaml", "--json", *cure, cwd=tmp_path)
        assert checked.code == 0, checked.err
        assert kind in json.dumps(json.loads(checked.out)["columns"])
        assert mlptrain("fit", "s.yaml", *QUICK, *cure, cwd=tmp_path).code == 0


@pytest.mark.parametrize("name", ["truths", "yes and no"])
def test_declared_truth_values_name_the_odd_cell_and_the_way_to_declare_it_missing(tmp_path, name):
    write_table(tmp_path, COLUMNS[name], ["maybe"], type="boolean")
    ended = mlptrain("fit", "s.yaml", *QUICK, cwd=tmp_path)
    assert f"t.csv:{ROWS + 1}: column \"flag\": 'maybe' is not a truth value; write one of " in ended.err
    assert ", add it to data.missing_values, or set data.columns: {flag: category}" in ended.err
    assert mlptrain("fit", "s.yaml", *QUICK, "--set", "data.missing_values=[maybe]", cwd=tmp_path).code == 0


@pytest.mark.parametrize("name", ["truths", "yes and no"])
def test_init_takes_odd_cells_among_truth_values_for_missing_and_says_so(tmp_path, name):
    write_table(tmp_path, COLUMNS[name], ["maybe", "maybe"])
    ended = mlptrain("init", "t.csv", "--target", "y", "--out", "i.yaml", cwd=tmp_path)
    assert "column \"flag\": its cells are truth values but for 'maybe' (2), which are taken for missing" in ended.err
    said = yaml.safe_load((tmp_path / "i.yaml").read_text())["data"]["columns"]["flag"]
    assert said == {"type": "boolean", "missing_values": ["maybe"]}
    assert mlptrain("fit", "i.yaml", *QUICK, cwd=tmp_path).code == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("odd", [1, 40])
def test_true_is_one_value_in_any_capitals_whatever_stands_beside_it(tmp_path, seed, odd):
    write_table(tmp_path, TRUTHS, ["maybe"] * odd, type="category")
    ended = mlptrain("check", "s.yaml", "--json", "--set", f"seed={seed}", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "are two levels" not in ended.err
    assert mlptrain("fit", "s.yaml", *QUICK, "--set", f"seed={seed}", cwd=tmp_path).code == 0
    (tmp_path / "new.csv").write_text("x,flag\n" + "".join(f"1,{cell}\n" for cell in ("true", "TRUE", "True", "tRuE")))
    predicted = mlptrain("predict", "s.npz", "new.csv", cwd=tmp_path)
    assert len(set(predicted.out.split()[1:])) == 1
    assert "not seen" not in predicted.err


@pytest.mark.parametrize("odd", [["maybe"], ["soon", "later", "soon", "never"]], ids=["one", "some"])
def test_odd_cells_among_dates_are_named_and_make_no_category(tmp_path, odd):
    write_table(tmp_path, DAYS, odd)
    for command in (["fit", "s.yaml", *QUICK], ["check", "s.yaml"]):
        ended = mlptrain(*command, cwd=tmp_path)
        assert ended.code == 0
        said = " ".join((ended.err + ended.out).split())
        assert 'column "flag" is left out: dates but for ' in said
        assert all(f"{word!r} ({odd.count(word)} cell" in said for word in odd)
        assert "missing_values: [" in said
    ended = mlptrain("init", "t.csv", "--target", "y", "--out", "-", cwd=tmp_path)
    assert yaml.safe_load(ended.out)["data"]["columns"]["flag"]["type"] == "date"
