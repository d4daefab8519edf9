"""No file that a command reads or writes is another one of its files, by whatever names and links."""

import os

import pytest

from mlptrain.commands.paths import NamedFile, list_files_beside_model, require_separate_files
from mlptrain.errors import SpecError
from mlptrain.storage.companions import (
    derive_checkpoint_path,
    derive_previous_checkpoint_path,
    get_previous_model_path,
)
from tests.support import command

SPEC = "data: {train: t.csv, target: y, test: more.csv, split: {folds: 2}}\nmodel: {hidden: []}\ntraining: {epochs: 1}"


@pytest.fixture
def folder(tmp_path):
    rows = "".join(f"{k},{'ab'[k // 2 % 2]}\n" for k in range(12))
    for name in ("t.csv", "more.csv"):
        (tmp_path / name).write_text("x,y\n" + rows)
    (tmp_path / "s.yaml").write_text(SPEC)
    (tmp_path / "sub").mkdir()
    return tmp_path


PAIRS = {
    "history and held out": ("--history F --out-of-fold F", "--history F: this is where the held-out predictions go"),
    "history and checkpoint": ("--history s.npz.ckpt", "this is the checkpoint of this model's fit"),
    "history and checkpoint before": ("--history s.npz.ckpt.prev", "the previous checkpoint of this model's fit"),
    "history and lock": ("--history s.npz.lock", "this is the lock of this model's fit"),
    "history and the model before": ("--history s.previous.npz", "where the model is kept that this one replaces"),
    "history and model": ("--history s.npz", "this is where the model goes"),
    "history and model by --out": ("--out m.npz --history m.npz", "this is where the model goes"),
    "held out and checkpoint": ("--out-of-fold s.npz.ckpt", "this is the checkpoint of this model's fit"),
    "held out and checkpoint before": ("--out-of-fold s.npz.ckpt.prev", "the previous checkpoint of this model's fit"),
    "held out and lock": ("--out-of-fold s.npz.lock", "this is the lock of this model's fit"),
    "held out and the model before": ("--out-of-fold s.previous.npz", "the model is kept that this one replaces"),
    "held out and model": ("--out-of-fold s.npz", "this is where the model goes"),
    "by another way": ("--history sub/../s.npz.ckpt", "this is the checkpoint of this model's fit"),
    "by its whole path": ("--out-of-fold {folder}/s.npz.lock", "this is the lock of this model's fit"),
    "by a link to the folder": ("--history here/s.npz.ckpt", "this is the checkpoint of this model's fit"),
    "by a link to the file": ("--history there", "this is the checkpoint of this model's fit"),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_a_fit_of_which_two_files_would_be_one_is_refused(folder, pair):
    options, said = PAIRS[pair]
    if "link" in pair:
        (folder / "here").symlink_to(".")
        (folder / "there").symlink_to("s.npz.ckpt")
    before = command.files(folder)
    ended = command.mlptrain("fit", "s.yaml", *options.format(folder=folder).split(), cwd=folder)
    assert (ended.code, command.files(folder)) == (2, before)
    assert ended.err.count("error: ") == 1
    assert said in ended.err


@pytest.mark.parametrize("option", ["--out", "--history", "--out-of-fold"])
@pytest.mark.parametrize("file", ["t.csv", "more.csv", "s.yaml", "hard"])
def test_what_a_fit_reads_is_not_written(folder, option, file):
    os.link(folder / "t.csv", folder / "hard")
    before = command.files(folder)
    ended = command.mlptrain("fit", "s.yaml", option, file, cwd=folder)
    assert (ended.code, command.files(folder)) == (2, before)


def test_a_table_that_looks_like_held_out_predictions_is_not_written_where_it_is_read(folder):
    """The test of what a file holds would let it pass: the names are those of held-out predictions."""
    (folder / "t.csv").write_text("row,fold,y\n" + "".join(f"{k},{k % 3},{'ab'[k // 2 % 2]}\n" for k in range(12)))
    (folder / "s.yaml").write_text(SPEC.replace("test: more.csv, ", ""))
    before = command.files(folder)
    ended = command.mlptrain("fit", "s.yaml", "--out-of-fold", "t.csv", cwd=folder)
    assert (ended.code, command.files(folder)) == (2, before)
    assert "--out-of-fold t.csv: this is the training file; choose another name" in ended.err


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="a device to write to")  # noqa: PTH110
def test_what_is_no_file_may_be_written_twice(folder):
    asked = ["--history", "/dev/null", "--out-of-fold", "/dev/null"]
    assert command.mlptrain("fit", "s.yaml", "-q", *asked, cwd=folder).code == 0


def test_other_names_are_as_good_as_ever(folder):
    asked = ["--history", "h.jsonl", "--out-of-fold", "o.csv"]
    for _ in range(2):
        assert command.mlptrain("fit", "s.yaml", "-q", *asked, cwd=folder).code == 0
    assert {"h.jsonl", "o.csv", "s.npz"} <= command.files(folder).keys()


def test_a_fit_that_was_killed_while_it_linked_its_own_files_is_gone_on_with(tmp_path):
    """Between two steps of saving, a file and the one kept beside it are one: that is no reason to refuse."""
    model = tmp_path / "m.npz"
    files = [NamedFile(path=model, role="where the model goes", option="--out", of_fit=True)]
    files += list_files_beside_model(model)
    for file in (model, derive_checkpoint_path(model)):
        file.write_bytes(b"kept")
    os.link(derive_checkpoint_path(model), derive_previous_checkpoint_path(model))
    os.link(model, get_previous_model_path(model))
    require_separate_files(files)
    os.link(model, tmp_path / "h.jsonl")
    with pytest.raises(SpecError, match="this is where the model goes"):
        require_separate_files([*files, NamedFile(path=tmp_path / "h.jsonl", role="the history", option="--history")])
