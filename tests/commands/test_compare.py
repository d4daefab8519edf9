"""`compare`: models on the rows that all share, whether they have seen them, and what cannot be compared."""

import json
from contextlib import chdir
from itertools import permutations

import pytest

from mlptrain.commands.compare import compare_files
from mlptrain.commands.evaluate import evaluate_files
from mlptrain.errors import ModelFileError, SpecError
from mlptrain.figures import format_figure
from tests.support.command import IRIS, files, mlptrain, write_iris

TEST = {"validation": 0.2, "test": 0.2}
NAMES = ["one.npz", "two.npz", "three.npz"]
QUICK = {"epochs": 2, "batch_size": 32}


def fit_iris(folder, name="iris", data=None, **sections):
    """A model of iris in `folder`."""
    data = {"train": "iris.csv", "target": "species"} | (data or {})
    write_iris(folder, f"{name}.yaml", data=data, **{"training": QUICK} | sections)
    assert mlptrain("fit", f"{name}.yaml", "-q", cwd=folder).code == 0
    return str(folder / f"{name}.npz")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Three models with one test part."""
    folder = tmp_path_factory.mktemp("shared")
    for name, hidden, epochs in (("one", [8], 30), ("two", [4], 1), ("three", [], 3)):
        fit_iris(folder, name, {"split": TEST}, model={"hidden": hidden}, training={"epochs": epochs})
    return folder


@pytest.mark.parametrize("data", [None, str(IRIS)])
def test_each_model_is_worth_what_eval_says(shared, data):
    with chdir(shared):
        found = compare_files(NAMES, data)
        for model in found.comparison.models:
            alone = evaluate_files(found.files[model.name], data)
            assert (model.metrics, model.intervals) == (alone.metrics, alone.intervals)
            assert found.comparison.rows == alone.rows
    values = [each.metrics[found.comparison.metric] for each in found.comparison.models]
    assert values == sorted(values, reverse=found.comparison.larger_is_better)


def test_the_order_of_the_arguments_changes_nothing(shared):
    found = {mlptrain("compare", *names, "--json", cwd=shared).out for names in permutations(NAMES)}
    documents = [json.loads(each) for each in found]
    assert all(each["comparison"] == documents[0]["comparison"] for each in documents)
    inside = json.loads(mlptrain("compare", ".", "--json", cwd=shared).out)
    assert inside["comparison"] == documents[0]["comparison"]
    assert inside["files"].keys() == {"one", "two", "three"}


def test_nothing_is_written(shared):
    before = files(shared)
    ended = mlptrain("compare", ".", "--verbose", cwd=shared)
    assert (ended.code, ended.err) == (0, "")
    assert files(shared) == before


@pytest.mark.parametrize(
    ("split", "sections", "trained"),
    [
        (TEST, {}, 90),
        (None, {}, 150),
        ({"validation": 0.2}, {}, 120),
        ({"folds": 3, "test": 0.2}, {}, 120),
        (TEST, {"training": QUICK | {"refit": True}}, 120),
    ],
)
def test_rows_that_a_model_was_trained_on_are_counted(tmp_path, shared, split, sections, trained):
    path = fit_iris(tmp_path, data={} if split is None else {"split": split}, **sections)
    found = compare_files([path, str(shared / "one.npz")], str(tmp_path / "iris.csv")).comparison
    seen = {each.name: each.seen for each in found.models}
    assert f"which was trained on {trained} of these 150 rows" in seen["iris"]
    assert "which was trained on 90 of these 150 rows" in seen["one"]


def test_the_count_is_left_out_where_the_training_file_has_changed(shared, tmp_path):
    first, second = fit_iris(tmp_path, "first"), fit_iris(tmp_path, "second", seed=2)
    lines = IRIS.read_text().splitlines(keepends=True)
    (tmp_path / "iris.csv").write_text("".join([lines[0], *lines[60:]]))
    found = compare_files([first, second], str(tmp_path / "iris.csv")).comparison
    assert [f"iris.csv is the training file of {each.name}" in each.seen for each in found.models] == [True, True]
    assert all("which was trained on these rows" in each.seen for each in found.models)
    assert not any(
        each.seen for each in compare_files([str(shared / "one.npz"), str(shared / "two.npz")]).comparison.models
    )


def test_a_validation_file_is_marked(tmp_path):
    (tmp_path / "valid.csv").write_bytes(IRIS.read_bytes().replace(b"5.1", b"5.2"))
    steered = fit_iris(tmp_path, "steered", {"split": {"validation": "valid.csv"}})
    other = fit_iris(tmp_path, "other")
    seen = {
        each.name: each.seen for each in compare_files([steered, other], str(tmp_path / "valid.csv")).comparison.models
    }
    assert seen["steered"].startswith("valid.csv is the validation file of steered, whose training it steered")
    assert seen["other"] == ""


NO_PART = "the models have no test part in common: "


@pytest.mark.parametrize(
    ("data", "sections", "why"),
    [
        ({}, {}, "the spec of other names none"),
        ({"split": TEST}, {"seed": 7}, "that of one is 30 rows of iris.csv, that of other is 30 rows of iris.csv"),
        (
            {"split": TEST | {"test": 0.4}},
            {},
            "that of one is 30 rows of iris.csv, that of other is 60 rows of iris.csv",
        ),
        ({"test": "iris.csv"}, {}, "that of one is 30 rows of iris.csv, that of other is iris.csv"),
    ],
)
def test_without_a_common_test_part_it_is_said_why_and_what_to_do(shared, tmp_path, data, sections, why):
    other = fit_iris(tmp_path, "other", {"train": str(shared / "iris.csv")} | data, **sections)
    with pytest.raises(SpecError) as problem:
        compare_files([str(shared / "one.npz"), other])
    assert str(problem.value).startswith(f"{NO_PART}{why}")
    assert str(problem.value).endswith("--data DATA")
    assert compare_files([str(shared / "one.npz"), other], str(IRIS)).comparison.rows == 150


def test_one_test_file_is_common_whatever_the_paths_say(tmp_path):
    (tmp_path / "in").mkdir()
    first = fit_iris(tmp_path, "first", {"test": "iris.csv"})
    second = fit_iris(tmp_path / "in", "second", {"test": "../iris.csv"}, seed=2)
    assert compare_files([first, second]).comparison.rows == 150
    (tmp_path / "iris.csv").unlink()
    ended = mlptrain("compare", first, second, cwd=tmp_path)
    assert ended.code == 3
    assert "data.test: " in ended.err
    assert ended.err.endswith("; give --data\n")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"target": "petal_length"}, 'the target of one is "species", that of other is "petal_length"'),
        ({"target": "petal_width"}, 'the target of one is "species", that of other is "petal_width"'),
    ],
)
def test_other_targets_are_refused_by_name(shared, tmp_path, data, said):
    other = fit_iris(tmp_path, "other", data)
    for arguments in (["one.npz", other], [".", other]):
        ended = mlptrain("compare", *arguments, "--data", IRIS, cwd=shared)
        assert (ended.code, ended.out) == (2, "")
        assert said in ended.err


def test_other_classes_and_kinds_of_a_target_are_refused_by_name(shared, tmp_path):
    text = IRIS.read_text()
    (tmp_path / "named.csv").write_text(text.replace("setosa", "iris setosa"))
    (tmp_path / "coded.csv").write_text(
        text.replace("setosa", "1").replace("versicolor", "2").replace("virginica", "3")
    )
    numbers = {"loss": "mean_squared_error"}
    for file, said, sections in (("named", '"iris setosa"', {}), ("coded", 'that of coded is "0"', numbers)):
        other = fit_iris(tmp_path, file, {"train": f"{file}.csv"}, **sections)
        with pytest.raises(SpecError, match=said):
            compare_files([str(shared / "one.npz"), other], str(IRIS))


def test_a_file_of_a_folder_that_is_no_model_is_named(shared, tmp_path):
    for name in NAMES:
        (tmp_path / name).write_bytes((shared / name).read_bytes())
    broken = bytearray((shared / "one.npz").read_bytes())
    broken[len(broken) // 2] ^= 1
    (tmp_path / "broken.npz").write_bytes(broken)
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "gone.npz").symlink_to(tmp_path / "nowhere.npz")
    found = compare_files([str(tmp_path)], str(IRIS))
    left_out = {each.file: each.why for each in found.left_out}
    assert left_out.keys() == {str(tmp_path / f"{name}.npz") for name in ("broken", "empty", "gone")}
    assert all(path in why for path, why in left_out.items())
    assert len(found.comparison.models) == 3
    text = mlptrain("compare", ".", "--data", IRIS, cwd=tmp_path).out
    assert text.count("left out: ") == 3
    for path in left_out:
        with pytest.raises(ModelFileError):
            compare_files([path, str(shared / "one.npz")], str(IRIS))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["one.npz"], "one.npz: a comparison takes two models; `mlptrain eval one.npz` measures one"),
        (["one.npz", "one.npz"], "the same model is named twice"),
        ([".", "--data", "-"], "--data -: standard input can be read once"),
        ([".", "--set", "data.delimiter=;"], "--set: says how DATA is written, and none is named; give --data"),
        ([".", "--labels", "x"], "--labels: give the images, too"),
        (["folder"], "folder: there is no model (.npz) in this folder"),
    ],
)
def test_what_cannot_be_compared_is_refused(shared, arguments, said):
    (shared / "folder").mkdir(exist_ok=True)
    ended = mlptrain("compare", *arguments, cwd=shared)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_a_spec_stands_for_its_model(shared):
    ended = mlptrain("compare", "one.yaml", "two.npz", "--json", cwd=shared)
    assert ended.err.startswith("note: the model is one.npz, of one.yaml")
    assert json.loads(ended.out)["files"] == {"one": "one.npz", "two": "two.npz"}


def test_the_text_has_every_model_and_every_decision(shared):
    with chdir(shared):
        found = compare_files(NAMES, str(IRIS)).comparison
    lines = mlptrain("compare", *NAMES, "--data", IRIS, "--verbose", cwd=shared).out.splitlines()
    for each in found.models:
        assert any(
            line.startswith(f"  {each.name} *") and format_figure(each.metrics[found.metric]) in line for line in lines
        )
    for each in found.differences:
        decided = "yes" if each.is_decided else "no"
        assert any(line.split()[:4] == [each.better, each.worse, decided, format_figure(each.gain)] for line in lines)
