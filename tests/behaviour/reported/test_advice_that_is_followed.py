"""What a message proposes to set can be set as it stands: nothing is lost that the spec said before."""

import re

import pytest
import yaml

from tests.support.command import mlptrain

ROWS = 60
LISTS = re.compile(r"missing_values: (\[[^\]]*\])")


def write_rows(folder, *, x="1.5", kind="a", label="yes", day="21-Jan-2020"):
    """Rows whose columns have an odd cell in every twentieth row, and `-` among the numbers, which the spec lists."""
    lines = ["x,kind,day,label"]
    for k in range(ROWS):
        cells = [f"{k * 7 % 23}.5", "abc"[k % 3], f"{k % 28 + 1:02d}-Jan-20{k % 19 + 10}", ("no", "yes")[k % 2]]
        odd = k % 20 == 3
        cells = [each if odd and each else cell for each, cell in zip((x, kind, day, label), cells, strict=True)]
        lines.append(",".join(["-", *cells[1:]] if k % 10 == 5 else cells))
    (folder / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


CASES = {
    "levels": ({"kind": "k.A."}, {"missing_values": ["-", "?"]}, ["-", "?", "k.A."]),
    "labels": ({"label": "n.a."}, {"missing_values": ["-", "?"]}, ["-", "?", "n.a."]),
    "words among numbers": ({"x": "unknown"}, {"missing_values": ["-"]}, ["-", "unknown"]),
    "words among numbers of a column": (
        {"x": "unknown"},
        {"missing_values": ["?"], "columns": {"x": {"missing_values": ["-"]}}},
        ["-", "?", "unknown"],
    ),
    "dates": ({"day": "open"}, {"missing_values": ["-"], "columns": {"day": {"missing_values": ["?"]}}}, None),
    "no list": ({"kind": "k.A."}, {"columns": {"x": {"missing_values": ["-"]}}}, ["k.A."]),
}


@pytest.mark.parametrize(("odd", "data", "listed"), CASES.values(), ids=CASES)
def test_a_list_that_is_proposed_holds_what_the_spec_lists(odd, data, listed, tmp_path):
    write_rows(tmp_path, **{"x": "", "kind": "", "day": "", "label": "", **odd})
    spec = {"data": {"train": "t.csv", "target": "label"} | data}
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    ended = mlptrain("check", "s.yaml", cwd=tmp_path)
    said = " ".join(ended.err.split())
    found = [yaml.safe_load(each) for each in LISTS.findall(said)]
    assert found == [listed or ["-", "?", "open"]], said


def test_labels_that_are_numbers_beside_words_keep_the_marks_of_the_target(tmp_path):
    cells = [("a", "b", str(k), str(-k), "?" if k % 2 else "b")[k % 5] for k in range(ROWS)]
    rows = [f"{k * 7 % 23}.5,{cell}" for k, cell in enumerate(cells)]
    (tmp_path / "t.csv").write_text("\n".join(["x,label", *rows]) + "\n", encoding="utf-8")
    own = "{missing_target: drop, train: t.csv, target: label, columns: {label: {missing_values: ['?']}}}"
    (tmp_path / "s.yaml").write_text(f"data: {own}\n", encoding="utf-8")
    said = " ".join(mlptrain("check", "s.yaml", cwd=tmp_path).err.split())
    assert [yaml.safe_load(each) for each in LISTS.findall(said)] == [["?", "a", "b"]], said


@pytest.mark.parametrize("bad", ["x", "n/a", "1,5"])
def test_a_weight_that_is_no_number_has_one_cure_in_fit_check_and_eval(tmp_path, bad):
    rows = [f"{k},{k % 2},{'pq'[k % 3 == 0]}" for k in range(40)]
    (tmp_path / "good.csv").write_text("\n".join(["a,w,y", *rows]) + "\n")
    rows[6] = f'6,"{bad}",p'
    (tmp_path / "bad.csv").write_text("\n".join(["a,w,y", *rows]) + "\n")
    for name in ("good", "bad"):
        spec = f"data: {{train: {name}.csv, target: y, sample_weight: w}}\ntraining: {{epochs: 1}}\n"
        (tmp_path / f"{name}.yaml").write_text(spec)
    assert mlptrain("fit", "good.yaml", cwd=tmp_path).code == 0
    marks = f'data.missing_values=["{bad}"]'
    for arguments in (["fit", "bad.yaml"], ["check", "bad.yaml"], ["eval", "good.npz", "bad.csv"]):
        for more in ([], ["--set", marks]):
            ended = mlptrain(*arguments, *more, cwd=tmp_path)
            said = " ".join(ended.err.split())
            assert (ended.code, f"bad.csv:8: column \"w\": '{bad}' is not a number" in said) == (3, True), said
            assert "mend it" in said or "--set data.decimal" in said
            assert "category" not in said
            assert "data.missing_values" not in said
