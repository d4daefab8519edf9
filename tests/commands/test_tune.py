"""`tune`: studies from beginning to end; what is wrong is found before anything is trained."""

import json

import pytest

from mlptrain.reporting.tune_results import format_value
from tests.support import command
from tests.support.flows import csv_text, mixed_rows

SPEC = """
data: {train: rows.csv, target: label, columns: {id: ignore}, split: {validation: 0.3, test: 0.2}}
model: {hidden: [4]}
training: {epochs: 6, batch_size: 16}
seed: 3
"""
SEARCH = """
tune:
  trials: 6
  search:
    optimizer.learning_rate: {low: 1e-3, high: 1e-1, scale: log}
    model.hidden: {choices: [[4], [8, 4]]}
    model.dropout: {low: 0.0, high: 0.4, step: 0.2}
"""
optuna = pytest.mark.integration


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rows.csv").write_text(csv_text(mixed_rows(120)), newline="")
    (tmp_path / "s.yaml").write_text(SPEC + SEARCH)
    return tmp_path


@pytest.fixture
def library():
    pytest.importorskip("optuna", reason="pip install -e '.[tune]'")


def tune(folder, *arguments):
    return command.mlptrain("tune", "s.yaml", *arguments, cwd=folder)


def read_lines(folder, name="s"):
    return [json.loads(line) for line in (folder / f"{name}.study.jsonl").read_text("utf-8").splitlines()]


# Without the library.


def test_without_the_library_one_line_says_how_to_get_it(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    ended = tune(folder)
    assert (ended.code, ended.err) == (6, "error: tune needs Optuna: pip install 'mlptrain[tune]'\n")
    assert sorted(path.name for path in folder.iterdir()) == ["rows.csv", "s.yaml"]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (SPEC, 2, "s.yaml: the section tune is missing, which says what may vary"),
        (f"{SPEC}tune: {{search: {{model.hiden: {{choices: [1, 2]}}}}}}", 2, "s.yaml:6: model.hiden: unknown key"),
        (f"{SPEC}tune: {{search: {{model.dropout: {{low: 0, high: 2.5}}}}}}", 2, "s.yaml:6: model.dropout"),
        (f"{SPEC}tune: {{search: {{training.epochs: {{choices: [3, x]}}}}}}", 2, "s.yaml:6: training.epochs"),
        (f"{SPEC.replace('validation: 0.3, ', '')}{SEARCH}", 2, "there are no validation rows to compare trials on"),
        (f"{SPEC.replace('rows.csv', 'others.csv')}{SEARCH}", 3, "no such file"),
        (f"{SPEC.replace('epochs', 'epoch')}{SEARCH}", 2, "unknown key 'epoch'"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_trained(folder, text, code, said):
    (folder / "s.yaml").write_text(text)
    ended = tune(folder)
    assert ended.code == code
    assert said in ended.err
    assert not list(folder.glob("*.study*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--resume", "--restart"], "--resume and --restart contradict each other"),
        (["--join"], "--join: s.study is not there"),
        (["--set", "model.dropout=0.1"], "--set model.dropout=0.1: the study searches this key"),
        (["--time-limit", "soon"], "--time-limit: 'soon' is no duration"),
        (["--out", "s.pt"], "the name of a model ends with .npz"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(folder, arguments, said):
    ended = tune(folder, *arguments)
    assert ended.code == 2
    assert said in ended.err
    assert not list(folder.glob("*.study*"))


def test_values_are_shown_as_set_takes_them():
    assert format_value(["4", ["8"], {"a": "b"}]) == "[4, [8], {a: b}]"


# With it.


@optuna
def test_the_model_is_the_fit_of_the_best_spec_byte_for_byte(folder, library):
    ended = tune(folder, "--json")
    assert ended.code == 0
    found, lines = json.loads(ended.out), read_lines(folder)
    assert [each["trial"] for each in lines] == [1, 2, 3, 4, 5, 6]
    best = min(lines, key=lambda each: each["value"])
    assert found["best"][0] == best["trial"]
    assert set(found["importance"]) == set(best["settings"])
    again = command.mlptrain("fit", "s.best.yaml", "--out", "again.npz", "--json", cwd=folder)
    assert (folder / "again.npz").read_bytes() == (folder / "s.npz").read_bytes()
    assert json.loads(again.out)["watched"]["values"] == [best["value"]]


@optuna
@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "grid"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_study_makes_as_many_trials_as_it_is_asked_for(folder, library, sampler, workers):
    text = SEARCH.replace("trials: 6", f"trials: 6\n  sampler: {sampler}")
    text = text.replace("{low: 1e-3, high: 1e-1, scale: log}", "{choices: [0.001, 0.1]}") if sampler == "grid" else text
    (folder / "s.yaml").write_text(SPEC + text)
    assert tune(folder, "--quiet", "--workers", workers).code == 0
    lines = read_lines(folder)
    assert [each["state"] for each in lines] == ["complete"] * 6
    if sampler == "grid":
        assert len({json.dumps(each["settings"]) for each in lines}) == 6


@optuna
def test_a_study_that_goes_on_is_the_one_that_never_ended(folder, library):
    assert tune(folder, "--quiet").code == 0
    whole = [(each["settings"], each["value"]) for each in read_lines(folder)]
    assert tune(folder, "--quiet", "--restart", "--trials", 2).code == 0
    assert tune(folder, "--quiet", "--resume").code == 0
    assert [(each["settings"], each["value"]) for each in read_lines(folder)] == whole


@optuna
def test_another_spec_search_or_data_is_refused_and_restart_forgets(folder, library):
    assert tune(folder, "--quiet", "--trials", 1).code == 0
    assert "this study was begun before; --resume goes on" in tune(folder).err
    (folder / "s.yaml").write_text(SPEC.replace("seed: 3", "seed: 4") + SEARCH)
    assert "the spec has changed since the study began" in tune(folder, "--resume").err
    (folder / "s.yaml").write_text(SPEC + SEARCH.replace("0.4", "0.2"))
    assert "what is searched has changed" in tune(folder, "--resume").err
    (folder / "s.yaml").write_text(SPEC + SEARCH)
    (folder / "rows.csv").write_text(csv_text(mixed_rows(121)), newline="")
    ended = tune(folder, "--resume")
    assert (ended.code, "the data has changed" in ended.err) == (3, True)
    assert tune(folder, "--restart", "--quiet", "--trials", 1).code == 0


@optuna
def test_test_rows_are_never_looked_at(folder, library):
    """What stands in their cells changes nothing."""
    rows = [row | {"part": ("train", "validation", "test")[k % 3]} for k, row in enumerate(mixed_rows(120))]
    split = "{type: column, column: part}"
    (folder / "s.yaml").write_text(SPEC.replace("{validation: 0.3, test: 0.2}", split) + SEARCH)
    found = []
    for size in ("1", "9"):
        changed = [row | {"size": size} if row["part"] == "test" else row for row in rows]
        (folder / "rows.csv").write_text(csv_text(changed), newline="")
        assert tune(folder, "--quiet", "--restart").code == 0
        found.append([(each["settings"], each["value"]) for each in read_lines(folder)])
    assert found[0] == found[1]


@optuna
def test_trials_that_cannot_win_end_early(folder, library):
    text = SEARCH.replace("trials: 6", "trials: 12\n  sampler: random\n  pruner: median")
    (folder / "s.yaml").write_text(SPEC.replace("epochs: 6", "epochs: 30") + text)
    assert tune(folder, "--quiet").code == 0
    states = [each["state"] for each in read_lines(folder)]
    assert (len(states), set(states)) == (12, {"complete", "pruned"})


@optuna
def test_folds_and_seeds_are_averaged(folder, library):
    text = SPEC.replace("{validation: 0.3, test: 0.2}", "{folds: 3}")
    (folder / "s.yaml").write_text(text + SEARCH.replace("trials: 6", "trials: 2\n  seeds: 2\n  pruner: median"))
    ended = tune(folder, "--json")
    assert ended.code == 0
    assert len(json.loads(ended.out)["fit"]["folds"]) == 3


@optuna
def test_a_trial_that_diverges_fails_and_the_others_go_on(folder, library):
    search = "{choices: [0.01, 1e30]}"
    names = "{choices: [sgd, adam]}"
    text = f"tune: {{sampler: grid, search: {{optimizer.learning_rate: {search}, optimizer.name: {names}}}}}\n"
    (folder / "s.yaml").write_text(SPEC.replace("target: label", "target: price") + text)
    assert tune(folder, "--quiet").code == 0
    failed = [each for each in read_lines(folder) if each["state"] == "failed"]
    assert failed
    assert all(each["message"] for each in failed)


@pytest.mark.parametrize("option", ["--resume", "--restart", "--join", "--quiet"])
def test_a_file_that_is_no_study_is_refused_and_stays(folder, option):
    (folder / "s.study").write_bytes(b"my notes")
    ended = tune(folder, option)
    assert (ended.code, "s.study: this is no study" in ended.err) == (2, True)
    assert (folder / "s.study").read_bytes() == b"my notes"


@optuna
def test_a_study_whose_last_line_is_torn_goes_on_as_if_it_were_whole(folder, library):
    assert tune(folder, "--quiet").code == 0
    whole = [(each["settings"], each["value"]) for each in read_lines(folder)]
    journal = (folder / "s.study").read_bytes()
    for lost in (9, 300):
        (folder / "s.study").write_bytes(journal[:-lost])
        ended = tune(folder, "--resume")
        assert (ended.code, "half written" in ended.err) == (0, True)
        assert [(each["settings"], each["value"]) for each in read_lines(folder)] == whole


@optuna
def test_a_damaged_study_is_one_message(folder, library):
    assert tune(folder, "--quiet", "--trials", 2).code == 0
    lines = (folder / "s.study").read_bytes().splitlines(keepends=True)
    (folder / "s.study").write_bytes(b"".join([*lines[:3], lines[3][:20], *lines[4:]]))
    ended = tune(folder, "--resume")
    assert (ended.code, "the journal is damaged" in ended.err) == (2, True)


@optuna
def test_what_a_sampler_needs_beside_is_told_with_the_line_that_installs_it(folder, library, monkeypatch):
    monkeypatch.setattr("mlptrain.tuning.study.find_spec", lambda name: None)
    (folder / "s.yaml").write_text(SPEC + SEARCH.replace("trials: 6", "trials: 1\n  sampler: qmc"))
    ended = tune(folder)
    assert (ended.code, ended.err) == (6, "error: tune.sampler: qmc needs SciPy: pip install 'mlptrain[tune]'\n")
    assert not list(folder.glob("*.study"))
