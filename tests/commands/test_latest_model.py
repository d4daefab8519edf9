"""Which model and data are meant: by name, by the name of a spec, or the newest model file in this folder."""

import os

import pytest

from mlptrain.commands.latest_model import (
    choose_model,
    choose_model_and_data,
    find_latest_model,
    refuse_what_is_no_spec,
)
from mlptrain.errors import DataError, ModelFileError, SpecError
from tests.support import command
from tests.support.flows import fit
from tests.support.pages import copy_project

SPEC = "data: {train: t.csv, target: y}\nmodel: {hidden: []}\ntraining: {epochs: 1}\n"
TABLE = "x,y\n" + "".join(f"{k},{'ab'[k % 2]}\n" for k in range(12))


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    (folder / "t.csv").write_text(TABLE)
    (folder / "s.yaml").write_text(SPEC)
    assert command.mlptrain("fit", "s.yaml", "-q", cwd=folder).code == 0
    return (folder / "s.npz").read_bytes()


@pytest.fixture
def folder(tmp_path, content, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text(TABLE)
    for name in ("s.yaml", "other.yml"):
        (tmp_path / name).write_text(SPEC)
    return tmp_path


def put(folder, content, **ages):
    """Models by name, each with the second at which it was written."""
    for name, age in ages.items():
        path = folder / f"{name}.npz"
        path.write_bytes(content)
        os.utime(path, (age, age))


def test_the_model_that_was_written_last_is_meant(folder, content):
    put(folder, content, a=100, b=300, c=200)
    assert str(find_latest_model(folder)) == str(folder / "b.npz")
    named = choose_model_and_data("t.csv")
    assert (named.model, named.data) == ("b.npz", "t.csv")
    assert named.notice == "the model is b.npz, the newest model file in this folder"
    assert choose_model_and_data(None).data is None
    assert choose_model_and_data("-").data == "-"
    assert choose_model(None).model == "b.npz"


def test_the_end_of_a_name_may_be_of_large_letters(folder, content):
    put(folder, content, a=100)
    (folder / "a.npz").rename(folder / "A.NPZ")
    assert choose_model(None).model == "A.NPZ"


UNFOUND_NAMES = {
    "model.pt": "the name of a model ends with .npz; name it model.npz",
    "sub/model": "the name of a model ends with .npz; name it sub/model.npz",
    "net_v0.5": "the name of a model ends with .npz; name it net_v0.5.npz",
    "s.previous.npz": "such a name is for the model that another one replaces; name it s.npz",
}


@pytest.mark.parametrize("name", UNFOUND_NAMES)
def test_fit_refuses_a_name_by_which_its_model_would_not_be_found(folder, content, name):
    put(folder, content, z=100)
    (folder / "sub").mkdir()
    there = sorted(folder.rglob("*"))
    ended = command.mlptrain("fit", "s.yaml", "--out", name, cwd=folder)
    assert ended == (2, "", f"error: --out {name}: {UNFOUND_NAMES[name]}\n")
    assert sorted(folder.rglob("*")) == there


@pytest.mark.parametrize("name", ["m.npz", "M.NPZ", "net.v2.npz", "sub/m.npz"])
def test_the_model_of_the_last_fit_is_meant_whatever_its_name(folder, content, name, monkeypatch):
    put(folder, content, z=100)
    (folder / "sub").mkdir()
    assert command.mlptrain("fit", "s.yaml", "-q", "--out", name, cwd=folder).code == 0
    monkeypatch.chdir((folder / name).parent)
    assert choose_model(None).model == (folder / name).name


def test_what_is_no_finished_model_of_ours_does_not_count(folder, content):
    put(folder, content, a=100)
    for name in ("a.previous.npz", "a.npz.ckpt", "a.npz.ckpt.prev", ".a.npz.1-00000000.tmp", ".hidden.npz"):
        (folder / name).write_bytes(content)
    (folder / "arrays.npz").write_bytes(b"PK\x03\x04 other arrays")
    (folder / "unfinished.npz").write_bytes(content.replace(b"mlptrain model", b"mlptrain checkpoint", 1))
    (folder / "folder.npz").mkdir()
    assert find_latest_model(folder) == folder / "a.npz"


def test_several_of_one_age_and_none_are_errors_that_list_them(folder, content):
    with pytest.raises(SpecError, match="MODEL is missing, and no model is in this folder; name one, or mlptrain fit"):
        choose_model_and_data("t.csv")
    put(folder, content, **{"a.previous": 5})
    (folder / "a.npz.ckpt").write_bytes(content)
    with pytest.raises(SpecError, match=r"no model is in this folder \(a.npz.ckpt, a.previous.npz do not count\)"):
        choose_model_and_data(None)
    put(folder, content, c=100, a=100, b=50)
    with pytest.raises(SpecError, match=r"these are of the same age: a.npz, c.npz; name one"):
        choose_model_and_data(None)


def test_one_file_that_does_not_count_is_said_of_one(folder, content):
    put(folder, content, **{"a.previous": 5})
    with pytest.raises(
        SpecError, match=r"this folder \(a.previous.npz does not count\); name one, or mlptrain fit SPEC"
    ):
        choose_model_and_data(None)


@pytest.mark.parametrize(("name", "spec"), [("s", "s.yaml"), ("other", "other.yml"), ("wide", "SPEC")])
def test_in_place_of_a_model_the_unfinished_fit_is_named_with_the_ways_to_end_it(folder, content, name, spec):
    put(folder, content, **{"a.previous": 5})
    unfinished = content.replace(b"mlptrain model", b"mlptrain checkpoint", 1)
    (folder / "t.npz.ckpt").write_bytes(content)  # which is none
    (folder / f"{name}.npz.ckpt").write_bytes(unfinished)
    cure = f"mlptrain fit {spec} --resume goes on with it, --finish writes the model of its best epoch"
    for data in (None, "t.csv"):
        with pytest.raises(SpecError) as caught:
            choose_model_and_data(data)
        where = f"no model is in this folder, but an unfinished fit is ({name}.npz.ckpt); {cure}"
        assert str(caught.value) == f"MODEL is missing, and {where}"
    if spec != "SPEC":
        with pytest.raises(ModelFileError) as failed:
            choose_model(spec)
        said = f"its model {name}.npz is not here; an unfinished fit is: {cure}"
        assert str(failed.value) == f"{spec}: this is a spec, and {said}"


def test_a_link_to_a_model_is_no_second_one(folder, content):
    put(folder, content, a=100)
    (folder / "latest.npz").symlink_to("a.npz")
    assert choose_model(None).model == "a.npz"


@pytest.mark.parametrize("name", ["s.yaml", "./s.yaml", "other.yml"])
def test_a_spec_stands_for_its_model(folder, content, name):
    put(folder, content, s=100, other=50, last=200)
    named = choose_model_and_data(name)
    assert (named.model, named.data) == (f"{name.removeprefix('./').split('.')[0]}.npz", None)
    assert named.notice.startswith(f"the model is {named.model}, of ")
    assert choose_model_and_data(name, "t.csv").data == "t.csv"
    assert choose_model(name).model == named.model


def test_a_spec_in_another_folder_than_that_of_its_model_is_told(folder, content):
    put(folder, content, s=100)
    (folder / "sub").mkdir()
    (folder / "sub" / "s.yaml").write_text(SPEC)
    assert "but it was fitted by a spec in the folder" in choose_model("sub/s.yaml").notice


UNCHANGED_SPECS = {
    "folds and members": "data: {train: t.csv, target: y, split: {folds: 2}}\ntraining: {epochs: 1}\nmembers: 2\n",
    "refit": "data: {train: t.csv, target: y, split: {validation: 0.3}}\ntraining: {epochs: 2, refit: true}\n",
    "repeats": "data: {train: t.csv, target: y, split: {validation: 0.3, repeats: 2}}\ntraining: {epochs: 1}\n",
    "layers": f"{SPEC}seed: 1\n".replace("hidden: []", "layers: [{units: 3, norm: batch, dropout: 0.1}]"),
    "recipe": "recipe: plain\ndata: {train: t.csv, target: y, split: {validation: 0.3}}\ntraining: {epochs: 1}\n",
    "choices": "recipe: best\ndata: {train: t.csv, target: y, split: {validation: 0.3}}\ntraining: {epochs: 1}\n",
    "time limit": f"{SPEC}schedules: {{learning_rate: {{name: warmup, epochs: 5}}}}\n".replace(
        "epochs: 1", "epochs: 1000000, time_limit: 0.5"
    ),
}


@pytest.mark.parametrize("name", UNCHANGED_SPECS)
def test_a_spec_that_its_model_was_fitted_by_has_not_changed(folder, name):
    (folder / "same.yaml").write_text(UNCHANGED_SPECS[name])
    assert command.mlptrain("fit", "same.yaml", "-q", cwd=folder).code == 0
    assert choose_model("same.yaml").notice == "the model is same.npz, of same.yaml"


CHANGED_SPECS = {
    "data.target": SPEC.replace("target: y", "target: x"),
    "model.hidden": SPEC.replace("[]", "[4]"),
    "optimizer": f"{SPEC}optimizer: sgd\n",
    "optimizer.learning_rate": f"{SPEC}optimizer: {{learning_rate: 0.5}}\n",
    "data.columns.x": SPEC.replace("target: y", "target: y, columns: {x: category}"),
    "training.epochs": SPEC.replace("epochs: 1", "epochs: 2"),
    "loss": f"{SPEC}loss: cross_entropy\n",
    "model.hidden, training.epochs, seed": f"{SPEC}seed: 1\n".replace("[]", "[4]").replace("epochs: 1", "epochs: 2"),
}


@pytest.mark.parametrize("changed", CHANGED_SPECS)
def test_what_has_changed_in_a_spec_since_its_fit_is_told(folder, content, changed):
    put(folder, content, s=100)
    (folder / "s.yaml").write_text(CHANGED_SPECS[changed])
    since = f"but was fitted with other settings ({changed}); mlptrain fit s.yaml makes it anew"
    assert choose_model("s.yaml").notice == f"the model is s.npz, of s.yaml, {since}"


def test_a_setting_that_was_taken_out_of_a_spec_has_changed(folder):
    spec = SPEC.replace("target: y", "target: y, split: {validation: 0.3}")
    (folder / "stop.yaml").write_text(spec.replace("epochs: 1", "epochs: 1, early_stopping: {patience: 2}"))
    assert command.mlptrain("fit", "stop.yaml", "-q", cwd=folder).code == 0
    (folder / "stop.yaml").write_text(spec)
    assert "other settings (training.early_stopping)" in choose_model("stop.yaml").notice


@pytest.mark.parametrize("text", ["data: {train: [\n", f"{SPEC}sead: 1\n"])
def test_a_spec_that_can_no_longer_be_read_is_told_and_no_error(folder, content, text):
    put(folder, content, s=100)
    (folder / "s.yaml").write_text(text)
    ended = command.mlptrain("predict", "s.yaml", "t.csv", cwd=folder)
    assert (ended.code, len(ended.out.splitlines())) == (0, 13)
    assert "note: the model is s.npz, of s.yaml, which can no longer be read: s.yaml:" in ended.err


def test_a_spec_without_its_model_is_told_how_to_make_it(folder, content):
    put(folder, content, other=100)
    with pytest.raises(ModelFileError, match=r"this is a spec, and its model s.npz is not here; mlptrain fit s.yaml"):
        choose_model_and_data("s.yaml")


def test_the_same_model_fitted_again_is_the_last_one(folder):
    """Its file stays as it is, byte for byte; only its time tells that it was fitted."""
    for name in ("s.yaml", "other.yml"):
        assert command.mlptrain("fit", name, "-q", "--set", f"seed={len(name)}", cwd=folder).code == 0
    os.utime(folder / "s.npz", (100, 100))
    assert choose_model(None).model == "other.npz"
    assert command.mlptrain("fit", "s.yaml", "-q", "--set", "seed=6", cwd=folder).code == 0
    assert not (folder / "s.previous.npz").exists()
    os.utime(folder / "other.npz", (200, 200))
    assert choose_model(None).model == "s.npz"


WRONG_DATA = {"s.npz": "a model of mlptrain", "s.yaml": "a spec", "s.npz.ckpt": "an unfinished fit of mlptrain"}


@pytest.mark.parametrize("name", WRONG_DATA)
def test_what_is_no_data_is_called_by_its_kind(folder, content, name):
    put(folder, content, s=100)
    (folder / "s.npz.ckpt").write_bytes(content.replace(b"mlptrain model", b"mlptrain checkpoint", 1))
    with pytest.raises(DataError, match=f"{name}: this is {WRONG_DATA[name]}, and no data"):
        choose_model_and_data("s.npz", name)
    ended = command.mlptrain("init", name, "--target", "y", "--out", "new.yaml", cwd=folder)
    assert (ended.code, f"{name}: this is {WRONG_DATA[name]}" in ended.err) == (3, True)


@pytest.mark.parametrize("model", ["s.npz", "s.yaml"])
def test_model_and_data_in_the_wrong_order_are_put_right(folder, content, model):
    put(folder, content, s=100)
    with pytest.raises(SpecError, match=f"MODEL stands before DATA: {model} t.csv"):
        choose_model_and_data("t.csv", model)


NO_SPEC = {
    "s.npz": "a model of mlptrain, and no spec; `mlptrain show s.npz`",
    "s.npz.ckpt": "an unfinished fit of mlptrain, and no spec; name its spec: mlptrain fit SPEC --resume",
    "t.csv": "a table, and no spec; `mlptrain init t.csv` writes a spec for it",
    "t.parquet": "a table, and no spec; `mlptrain init t.parquet`",
    "t.tsv.gz": "a table, and no spec; `mlptrain init t.tsv.gz`",
}


@pytest.mark.parametrize("line", ["fit {}", "check {}"])
@pytest.mark.parametrize("name", NO_SPEC)
def test_what_is_no_spec_is_called_by_its_kind(folder, content, name, line):
    put(folder, content, s=100)
    (folder / "s.npz.ckpt").write_bytes(content.replace(b"mlptrain model", b"mlptrain checkpoint", 1))
    for table in ("t.parquet", "t.tsv.gz"):
        (folder / table).write_bytes(b"PAR1\x15")
    ended = command.mlptrain(*line.format(name).split(), cwd=folder)
    assert (ended.code, ended.err.startswith(f"error: {name}: this is {NO_SPEC[name]}")) == (2, True), ended.err
    refuse_what_is_no_spec("s.yaml")


@pytest.mark.parametrize("line", ["predict {} t.csv", "eval {} t.csv", "show {}"])
@pytest.mark.parametrize("name", ["t.csv", "s.npz.ckpt", "text.txt"])
def test_what_is_no_model_is_called_by_its_kind(folder, content, name, line):
    leave_unfinished_fit(folder)
    (folder / "text.txt").write_text("Dear Sir\n")
    kinds = {
        "t.csv": "t.csv: not a model of mlptrain: this is a table; a model is the .npz that `mlptrain fit` writes",
        "s.npz.ckpt": "this is an unfinished fit of mlptrain, and no model yet; `mlptrain fit SPEC --finish` makes",
        "text.txt": "text.txt: not a model of mlptrain",
    }
    ended = command.mlptrain(*line.format(name).split(), cwd=folder)
    assert (ended.code, kinds[name] in ended.err) == (5, True), ended.err


def leave_unfinished_fit(folder):
    """A fit that is killed after an epoch, and leaves s.npz.ckpt."""

    def kill(event):
        if event.kind == "epoch":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fit("s.yaml", out=folder / "s.npz", overrides=["training.epochs=5"], checkpoints="epochs", sinks=[kill])


def test_predict_without_data_says_that_it_is_missing(folder, content):
    put(folder, content, s=100)
    for line in ("predict", "predict s.npz", "predict s.yaml"):
        ended = command.mlptrain(*line.split(), cwd=folder)
        assert (ended.code, "error: DATA is missing: mlptrain predict s.npz DATA" in ended.err) == (2, True)


def test_the_three_commands_of_the_readmes_first_sentence(tmp_path):
    copy_project(tmp_path)
    assert command.mlptrain("fit", "configs/xor.yaml", cwd=tmp_path).code == 0
    measured = command.mlptrain("eval", cwd=tmp_path)
    assert (measured.code, measured.out.startswith("no test part, so these are the rows")) == (0, True)
    predicted = command.mlptrain("predict", "datasets/xor.csv", cwd=tmp_path)
    assert (predicted.code, len(predicted.out.splitlines())) == (0, 5)
    for ended in (measured, predicted):
        assert "note: the model is xor.npz, the newest model file in this folder\n" in ended.err
    for line in ("eval configs/xor.yaml", "predict configs/xor.yaml datasets/xor.csv", "show configs/xor.yaml"):
        ended = command.mlptrain(*line.split(), cwd=tmp_path)
        assert ended.code == 0
        assert "note: the model is xor.npz, of configs/xor.yaml\n" in ended.err
