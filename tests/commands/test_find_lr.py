"""`find-lr`: a rate for a spec, the same for the same seed; nothing is written."""

import json

import pytest

from mlptrain.commands.find_lr import find_learning_rate
from tests.support.command import files, mlptrain, write_iris

QUICK = ("--steps", "40")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rates")
    write_iris(folder)
    return folder


def test_the_same_seed_suggests_the_same_and_nothing_is_written(folder):
    before = files(folder)
    first, second = (mlptrain("find-lr", "iris.yaml", "--json", cwd=folder) for _ in range(2))
    assert first == second
    assert (first.code, first.err) == (0, "")
    assert files(folder) == before
    found = json.loads(first.out)
    assert found["option"] == f"--set optimizer.learning_rate={found['suggestion']['rate']}"
    assert len(found["curve"]["rate"]) == len(found["curve"]["loss"]) == len(found["curve"]["smoothed"])


def test_the_line_to_paste_trains_at_the_suggested_rate(folder, tmp_path):
    text = mlptrain("find-lr", "iris.yaml", cwd=folder).out
    option = text.splitlines()[-1].split()
    ended = mlptrain("fit", folder / "iris.yaml", "-q", *option, "--out", "m.npz", cwd=tmp_path)
    assert ended.code == 0
    rate = json.loads(mlptrain("show", "m.npz", "--json", cwd=tmp_path).out)["spec"]["optimizer"]["learning_rate"]
    assert rate == find_learning_rate(str(folder / "iris.yaml")).suggestion.rate


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_curve_is_drawn_whatever_the_encoding(folder, encoding):
    lines = mlptrain("find-lr", "iris.yaml", cwd=folder, encoding=encoding).out.splitlines()
    axis = next(k for k, line in enumerate(lines) if line.lstrip().startswith(("─", "--")))
    assert ("★" if encoding == "utf-8" else "*") in lines[axis]
    assert lines[axis + 1].split()[0] == "1e-6"


def test_schedules_are_off_and_the_kinds_of_parameters_keep_their_factors(folder):
    base = find_learning_rate(str(folder / "iris.yaml"), steps=40)
    scheduled = find_learning_rate(
        str(folder / "iris.yaml"), steps=40, overrides=["schedules.learning_rate={name: cosine}"]
    )
    assert scheduled.steps == base.steps
    assert any(each.startswith("schedules are off in the test (learning_rate)") for each in scheduled.notices)
    slow = find_learning_rate(
        str(folder / "iris.yaml"), steps=40, overrides=["optimizer.learning_rate_factors={weight: 0.1, bias: 0.1}"]
    )
    assert slow.steps != base.steps
    assert slow.suggestion.lowest.rate > base.suggestion.lowest.rate


def test_of_folds_the_first_is_tested(folder):
    found = find_learning_rate(str(folder / "iris.yaml"), steps=40, overrides=["data.split={folds: 3}"])
    assert found.train_rows == 100
    assert "the test is of the first of 3 trainings" in found.notices


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--low", "1", "--high", "0.1"), "--low 1: it must be below --high, which is 0.1"),
        (("--low", "0"), "--low 0: a learning rate is a number above 0"),
        (("--high", "inf"), "--high inf: a learning rate is a number above 0"),
        (("--steps", "3"), "--steps 3: so few steps show no curve; give 20 at least"),
        (("--set", "optimizer=lbfgs", "--set", "training.batch_size=full"), "lbfgs finds the length of each step"),
    ],
)
def test_what_cannot_be_tested_is_refused(folder, arguments, said):
    ended = mlptrain("find-lr", "iris.yaml", *arguments, cwd=folder)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_no_suggestion_is_told_with_its_reason(folder):
    ended = mlptrain("find-lr", "iris.yaml", *QUICK, "--low", "1e-12", "--high", "1e-9", cwd=folder)
    assert ended.code == 0
    assert "no suggestion: the loss falls at no rate" in ended.out
    assert "--set" not in ended.out
