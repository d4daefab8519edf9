"""Levels, labels and groups are compared by what they mean; what is kept apart though it looks alike is told."""

import json

import numpy as np
import pytest

import mlptrain
from mlptrain.data.levels import LevelFinder
from mlptrain.model.model import Model
from tests.support import command

ROWS = 36
WAYS = {
    "whole numbers": [
        ["1", "2", "3"],
        ["1.0", "2.0", "3.0"],
        ["01", "2", "3"],
        ["1e0", "2.00", "+3"],
        ["1 ", "\t2", "\u00a03"],
    ],
    "fractions": [["0.5", "1.5", "10"], ["0.50", "1.5", "10.0"], [".5", "15e-1", "1e1"]],
    "truth values": [["true", "false", ""], ["True", "False", ""], ["TRUE", " false", "  "]],
    "words": [["rome", "oslo", "bern"], ["rome ", " oslo", "bern\u00a0"], ["\trome", "oslo\u2003", "\ufeffbern"]],
    "Unicode": [["Zürich", "Genève", "é"], ["Zu\u0308rich", "Gene\u0300ve", "e\u0301 "]],
}
PAIRS = [(kind, position) for kind, ways in WAYS.items() for position in range(1, len(ways))]
every_way = pytest.mark.parametrize(("kind", "position"), PAIRS)


def write(folder, name, columns):
    lines = [",".join(columns), *(",".join(cells) for cells in zip(*columns.values(), strict=True))]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    if name == "train.csv":  # the same rows, not byte for byte: eval tells the training file from others
        (folder / "again.csv").write_text("\n".join(lines) + "\n\n", encoding="utf-8")


def columns(levels, **more):
    """A category of three levels, a number, and two classes that depend on both."""
    size = [f"{k * 7 % 11}.25" for k in range(ROWS)]
    label = [("no", "yes")[(k % 3 == 0) ^ (k % 5 == 0)] for k in range(ROWS)]
    return {"kind": [levels[k % 3] for k in range(ROWS)], "size": size, "label": label} | more


def run(folder, *arguments):
    ended = command.mlptrain(*arguments, cwd=folder)
    assert ended.code == 0, ended.err
    return ended


def fit(folder, data, *, name="s", more=""):
    training = f"training: {{epochs: 2, batch_size: 8{more}}}\nseed: 1\n"
    said = f"data: {{train: train.csv, {data}}}\nmodel: {{hidden: [3]}}\n{training}"
    (folder / f"{name}.yaml").write_text(said, encoding="utf-8")
    return run(folder, "fit", f"{name}.yaml")


@every_way
def test_a_category_is_told_by_what_its_cells_mean(tmp_path, kind, position):
    first, other = WAYS[kind][0], WAYS[kind][position]
    write(tmp_path, "train.csv", columns(first))
    write(tmp_path, "other.csv", columns(other))
    fit(tmp_path, "target: label, columns: {kind: category}")
    expected = run(tmp_path, "predict", "s.npz", "train.csv", "--probabilities")
    found = run(tmp_path, "predict", "s.npz", "other.csv", "--probabilities")
    assert (found.out, found.err) == (expected.out, expected.err)
    measured = [run(tmp_path, "eval", "s.npz", name, "--bootstrap", "0").out for name in ("again.csv", "other.csv")]
    assert measured[0] == measured[1]


@every_way
def test_spellings_in_one_file_are_one_level(tmp_path, kind, position):
    first, other = WAYS[kind][0], WAYS[kind][position]
    mixed = [(first if k % 4 else other)[k % 3] for k in range(ROWS)]
    write(tmp_path, "train.csv", columns(first) | {"kind": mixed})
    fit(tmp_path, "target: label, columns: {kind: category}")
    column = Model.load(tmp_path / "s.npz").columns()["kind"]
    assert len(column.levels) == 3


@every_way
def test_labels_are_told_by_what_they_mean(tmp_path, kind, position):
    if "" in WAYS[kind][0]:
        first, other = (["true", "false", "true"], [WAYS[kind][position][k] for k in (0, 1, 0)])
    else:
        first, other = WAYS[kind][0], WAYS[kind][position]
    write(tmp_path, "train.csv", {"x": columns(first)["size"], "y": columns(first)["kind"]})
    write(tmp_path, "other.csv", {"x": columns(first)["size"], "y": columns(other)["kind"]})
    fit(tmp_path, "target: y, columns: {y: category}")
    measured = [
        run(tmp_path, "eval", "s.npz", name, "--bootstrap", "0", "--json") for name in ("again.csv", "other.csv")
    ]
    assert json.loads(measured[0].out) == json.loads(measured[1].out)
    assert not any("does not know" in each.err for each in measured)


@every_way
def test_declared_levels_are_told_by_what_they_mean(tmp_path, kind, position):
    first, other = WAYS[kind][0], WAYS[kind][position]
    write(tmp_path, "train.csv", columns(first))
    listed = json.dumps([level for level in other if level.strip()])
    fit(tmp_path, f"target: label, columns: {{kind: {{levels: {listed}}}}}")
    found = run(tmp_path, "predict", "s.npz", "train.csv").err
    assert found.count("did not see") == ("" in first)


@every_way
def test_words_to_replace_and_missing_words_are_told_by_what_they_mean(tmp_path, kind, position):
    first, other = WAYS[kind][0], WAYS[kind][position]
    write(tmp_path, "train.csv", columns(first))
    key = json.dumps(other[0])
    fit(tmp_path, f"target: label, columns: {{kind: category}}, replace: {{{key}: moon}}")
    assert "moon" in Model.load(tmp_path / "s.npz").columns()["kind"].levels
    fit(tmp_path, f"target: label, columns: {{kind: {{type: category, missing_values: [{key}]}}}}", name="m")
    assert len(Model.load(tmp_path / "m.npz").columns()["kind"].levels) == (2 if "" in first else 3)


@every_way
def test_groups_and_slices_are_told_by_what_they_mean(tmp_path, kind, position):
    first, other = ([level or "none" for level in way] for way in (WAYS[kind][0], WAYS[kind][position]))
    if "" in WAYS[kind][0]:
        first, other = [*first[:2], "true"], [*other[:2], other[0]]
    groups = [(first if k % 2 else other)[k % 3] for k in range(ROWS)]
    write(tmp_path, "train.csv", columns(first) | {"kind": groups})
    many = len(set(first))
    fit(tmp_path, f"target: label, columns: {{kind: ignore}}, split: {{type: group, column: kind, folds: {many}}}")
    found = run(tmp_path, "eval", "s.npz", "train.csv", "--by", "kind", "--json", "--bootstrap", "0")
    assert sorted(each["rows"] for each in json.loads(found.out)["slices"]) in ([12] * 3, [12, 24])


def test_parquet_and_frames_have_the_levels_of_a_csv(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    write(tmp_path, "train.csv", columns(["1", "2", "3"], flag=["true", "false"] * 18))
    fit(tmp_path, "target: flag, columns: {kind: category}")
    expected = run(tmp_path, "eval", "s.npz", "again.csv", "--bootstrap", "0", "--json")
    numbers = [k % 3 + 1 for k in range(ROWS)]
    texts = columns(["1", "2", "3"])
    for number, flag in ((float, bool), (int, bool), (str, str)):
        rest = {"size": pa.array(map(float, texts["size"])), "label": texts["label"]}
        kind = pa.array(list(map(number, numbers)))
        table = pa.table({"kind": kind, **rest, "flag": [flag(k % 2 == 0) for k in range(ROWS)]})
        pq.write_table(table, tmp_path / "other.parquet")
        found = run(tmp_path, "eval", "s.npz", "other.parquet", "--bootstrap", "0", "--json")
        assert (json.loads(found.out), found.err) == (json.loads(expected.out), expected.err)
        columns_in_memory = {name: table[name].to_pylist() for name in table.column_names}
        measured = Model.load(tmp_path / "s.npz").evaluate(columns_in_memory, resamples=0)
        assert measured.metrics == json.loads(expected.out)["metrics"]


def test_a_truth_value_may_have_blanks_around_it(tmp_path):
    member = [("yes", "no", "yes ", "\u00a0no", "YES")[k % 5] for k in range(ROWS)]
    write(tmp_path, "train.csv", columns(["a", "b", "c"]) | {"kind": member})
    fit(tmp_path, "target: label")
    assert Model.load(tmp_path / "s.npz").columns()["kind"].boolean


@pytest.mark.parametrize("key", ["1", "1.0", "01", " 1"])
def test_class_weights_name_a_class_by_what_it_means(tmp_path, key):
    labels = [("1", "2")[k % 2] for k in range(ROWS)]
    write(tmp_path, "train.csv", columns(["a", "b", "c"]) | {"label": labels})
    fit(tmp_path, "target: label", more=f", class_weight: {{{key!r}: 3}}")
    fit(tmp_path, "target: label", name="t", more=", class_weight: {1: 3}")
    one, other = (run(tmp_path, "predict", f"{name}.npz", "train.csv", "--probabilities").out for name in "st")
    assert one == other
    (tmp_path / "d.yaml").write_text((tmp_path / "t.yaml").read_text().replace("{1: 3}", "{1: 3, 1.0: 4}"))
    ended = command.mlptrain("fit", "d.yaml", cwd=tmp_path)
    assert (ended.code, "are one class; give it once" in ended.err) == (2, True)


# what is kept apart

APART = {
    "capitals": (["oslo", "OSLO", "bern"], "by capitals only"),
    "blanks within": (["new york", "new\u00a0york", "bern"], "by blanks only"),
    "wide letters": (["oslo", "ｏｓｌｏ", "bern"], "by the form of their letters only"),
    "a soft hyphen": (["oslo", "os\u00adlo", "bern"], "by signs that are not seen only"),
    "a mark of direction": (["oslo", "os\u200elo", "bern"], "by signs that are not seen only"),
    "numbers beside words": (["1", "1.0", "x"], "only as texts, not as numbers"),
    "yes and Yes": (["yes", "Yes", "perhaps"], "by capitals only"),
}


@pytest.mark.parametrize(("levels", "how"), APART.values(), ids=APART)
def test_levels_and_labels_that_look_alike_are_kept_apart_and_told(tmp_path, levels, how):
    write(tmp_path, "train.csv", columns(levels))
    said = fit(tmp_path, "target: label, columns: {kind: category}").err
    pairs = (levels[:2], levels[1::-1])
    assert any(f'column "kind": {one!r} and {other!r} are two levels' in " ".join(said.split()) for one, other in pairs)
    assert how in " ".join(said.split())
    assert len(Model.load(tmp_path / "s.npz").columns()["kind"].levels) == 3
    said = " ".join(fit(tmp_path, "target: kind, columns: {kind: category}", name="t").err.split())
    assert "are two classes, which differ" in said
    assert how in said


@pytest.mark.parametrize(("levels", "how"), APART.values(), ids=APART)
@pytest.mark.parametrize("more", ["", ", columns: {kind: category}"], ids=["no input", "an input"])
def test_groups_and_slices_that_look_alike_are_told(tmp_path, levels, how, more):
    groups = [level if "1" in levels else f"{level}{k}" for k in range(4) for level in levels]
    write(tmp_path, "train.csv", columns("abc") | {"kind": [groups[k % len(groups)] for k in range(ROWS)]})
    said = " ".join(fit(tmp_path, f"target: label, split: {{folds: 3, type: group, column: kind}}{more}").err.split())
    assert 'column "kind": ' in said
    assert f"are two groups, which differ {how}" in said
    checked = " ".join(run(tmp_path, "check", "s.yaml").err.split())
    assert f"are two groups, which differ {how}" in checked
    measured = " ".join(run(tmp_path, "eval", "s.npz", "again.csv", "--by", "kind", "--bootstrap", "0").err.split())
    assert f"are two slices, which differ {how}" in measured
    assert "data.replace" not in measured.partition("slices")[2]


def test_groups_and_slices_that_mean_one_value_or_different_ones_are_no_matter(tmp_path):
    for name, groups in {"one": ["rome", " rome", "oslo", "bern"], "ids": [f"{10**19 + k}" for k in range(9)]}.items():
        write(tmp_path, "train.csv", columns("abc") | {"kind": [groups[k % len(groups)] for k in range(ROWS)]})
        said = fit(tmp_path, "target: label, split: {folds: 2, type: group, column: kind}", name=name).err
        said += run(tmp_path, "eval", f"{name}.npz", "again.csv", "--by", "kind", "--bootstrap", "0").err
        assert "differ" not in said


NEARLY = {
    "capitals, beside blanks": (["Zürich", "a", "b"], " zürich ", "they differ by capitals only"),
    "capitals, beside letters and marks": (["Zürich", "a", "b"], "zu\u0308rich", "they differ by capitals only"),
    "capitals and blanks": (["New York", "a", "b"], " new\u00a0york", "they differ by capitals and blanks only"),
    "all that there is": (
        ["Bad Ems", "a", "b"],
        "bad\u00a0\u00a0e\u00adｍs",
        "by capitals, blanks, signs that are not seen and the form of their letters only",
    ),
    "capitals": (["oslo", "rome", "bern"], "OSLO", "'OSLO' is not 'oslo': they differ by capitals only"),
    "codes": (["01", "02", "03"], "1", "'1' is not '01': they differ only as texts, not as numbers"),
    "codes of words": (["1", "2", "x"], "1.0", "'1.0' is not '1': they differ only as texts, not as numbers"),
    "blanks within": (["a b", "c", "d"], "a\u00a0b", "'a\\xa0b' is not 'a b': they differ by blanks only"),
    "wide digits": (["1", "2", "x"], "１", "they differ by the form of their letters only"),
}


@pytest.mark.parametrize(("levels", "other", "hint"), NEARLY.values(), ids=NEARLY)
def test_an_unseen_value_that_looks_like_a_level_is_told(tmp_path, levels, other, hint):
    write(tmp_path, "train.csv", columns(levels))
    write(tmp_path, "other.csv", columns([other, *levels[1:]]))
    fit(tmp_path, "target: label, columns: {kind: category}")
    for command_line in (["predict", "s.npz", "other.csv"], ["eval", "s.npz", "other.csv", "--bootstrap", "0"]):
        said = " ".join(run(tmp_path, *command_line).err.split())
        assert f"values that training did not see: kind 12 ({hint}" in said or hint in said
    fit(tmp_path, "target: kind, columns: {kind: category}", name="t")
    said = " ".join(run(tmp_path, "eval", "t.npz", "other.csv", "--bootstrap", "0").err.split())
    assert f"12 rows of classes that the model does not know, always wrong: {other!r} 12" in said
    assert hint in said


def test_versions_of_old_models_keep_levels_that_differ_by_blanks():
    finder = LevelFinder(["1", "1.0", "rome", "rome "])
    assert [finder.find_code(text) for text in ("1", "1.0", "rome", "rome ", " rome")] == [0, 1, 2, 3, -1]


# a missing label

BLANKS = ["", " ", "  ", "\t", "\u00a0", "\u2003", "\ufeff"]


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("kind", ["words", "truth values", "numbers"])
def test_a_target_of_blanks_is_missing(tmp_path, kind, blank):
    labels = {"words": ["a", "b"], "truth values": ["true", "false"], "numbers": ["1.5", "2.5", "3.5"]}[kind]
    cells = [blank if k == 5 else labels[k % len(labels)] for k in range(ROWS)]
    write(tmp_path, "train.csv", columns(["a", "b", "c"]) | {"label": cells})
    (tmp_path / "s.yaml").write_text("data: {train: train.csv, target: label}\ntraining: {epochs: 1}\n")
    ended = command.mlptrain("fit", "s.yaml", cwd=tmp_path)
    assert (ended.code, 'train.csv:7: column "label": the target is missing in 1 row' in ended.err) == (3, True), (
        ended.err
    )
    assert "1 row without a target left out" in fit(tmp_path, "target: label, missing_target: drop").err
    found = command.mlptrain("eval", "s.npz", "train.csv", "--json", cwd=tmp_path)
    assert json.loads(found.out)["rows"] == ROWS - 1


@pytest.mark.parametrize("blank", BLANKS)
def test_blanks_are_missing_in_features_groups_weights_and_dates_too(tmp_path, blank):
    days = [blank if k == 5 else f"2024-01-{k % 28 + 1:02d}" for k in range(ROWS)]
    kinds, sizes = ([blank if k == 5 else f"{k % 3}{unit}" for k in range(ROWS)] for unit in ("a", ""))
    write(tmp_path, "train.csv", columns(["a", "b", "c"]) | {"kind": kinds, "size": sizes, "day": days})
    fit(tmp_path, "target: label, columns: {day: date, size: number}")
    model = Model.load(tmp_path / "s.npz")
    assert "" in model.columns()["kind"].levels
    assert "missing cells filled: size 1, day 1" in run(tmp_path, "predict", "s.npz", "train.csv").err
    for data in ("sample_weight: size", "split: {type: group, column: kind, validation: 0.3}"):
        (tmp_path / "g.yaml").write_text(f"data: {{train: train.csv, target: label, {data}}}\n")
        ended = command.mlptrain("fit", "g.yaml", cwd=tmp_path)
        assert (ended.code, "train.csv:7: " in ended.err) == (3, True)


WORDS = ["NA", "NaN", "None", "NULL", "null", "#N/A", "N/A", "<NA>", "?", "nan", "NaT", "\\N", "n.a.", "-"]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("labels", [("yes", "no"), ("True", "False"), ("red", "blue")])
def test_a_label_that_is_a_word_for_missing_is_a_class_and_told(tmp_path, labels, word):
    cells = [word if k % 9 == 5 else labels[k % 2] for k in range(ROWS)]
    write(tmp_path, "train.csv", columns(["a", "b", "c"]) | {"label": cells})
    said = " ".join(fit(tmp_path, "target: label").err.split())
    listed = json.dumps(word)
    assert f'column "label": 4 cells say {word!r}, which is a class here; if missing is meant:' in said
    cure = f"missing_values: [{listed}], missing_target: drop"
    assert f"data.missing_values: [{listed}], data.missing_target: drop" in said
    again = fit(tmp_path, f"target: label, {cure}").err
    assert "4 rows without a target left out" in again
    assert "which is a class here" not in again
    assert sorted(Model.load(tmp_path / "s.npz").head.classes) == sorted(labels)


def test_frames_of_any_type_have_the_levels_of_each_other():
    rows = {"kind": [1, 2, 3] * 12, "size": [k * 7 % 11 + 0.5 for k in range(ROWS)], "label": [True, False] * 18}
    spec = {"data": {"target": "label", "columns": {"kind": "category"}}, "training": {"epochs": 1, "batch_size": 8}}
    model = mlptrain.fit(spec, rows).model
    expected = model.predict_proba(rows)
    for convert in (float, str, "{}.0".format, np.int8, " {} ".format):
        np.testing.assert_array_equal(
            model.predict_proba(rows | {"kind": [convert(cell) for cell in rows["kind"]]}), expected
        )
    for convert in (bool, str, "{}".format, np.bool_, lambda flag: str(flag).lower(), lambda flag: str(flag).upper()):
        measured = model.evaluate(rows | {"label": [convert(flag) for flag in rows["label"]]}, resamples=0)
        assert measured.metrics["loss"] is not None
