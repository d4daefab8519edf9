"""Names that a fit makes itself, beside one that the user gave, lead nowhere else; broken links are called by name."""

import os

import pytest

from tests.support import command

pytestmark = pytest.mark.skipif(os.name != "posix", reason="symbolic links")

BESIDE = ["m.npz.ckpt", "m.npz.ckpt.prev", "m.previous.npz"]
SPEC = "data: {train: t.csv, target: y}\nmodel: {hidden: []}\ntraining: {epochs: 3}\n"


@pytest.fixture
def folder(tmp_path):
    for name in ("out", "home"):
        (tmp_path / name).mkdir()
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{k},{'ab'[k % 2]}\n" for k in range(12)))
    (tmp_path / "s.yaml").write_text(SPEC)
    return tmp_path


def fit(folder, *more):
    return command.mlptrain("fit", "s.yaml", "-q", "--out", "out/m.npz", "--checkpoints", "epochs", *more, cwd=folder)


@pytest.mark.parametrize("name", BESIDE)
@pytest.mark.parametrize("absolute", [True, False])
def test_a_dangling_link_is_replaced_and_nothing_is_written_where_it_leads(folder, name, absolute):
    there = folder / "home" / "victim"
    (folder / "out" / name).symlink_to(there if absolute else "../home/victim")
    assert fit(folder).code == 0
    assert list((folder / "home").iterdir()) == []
    assert fit(folder, "--set", "seed=2").code == 0
    assert list((folder / "home").iterdir()) == []
    assert not any(path.is_symlink() for path in (folder / "out").iterdir() if path.name != name)


@pytest.mark.parametrize("name", ["m.previous.npz", "m.npz.ckpt", "m.npz.ckpt.prev"])
def test_what_a_link_leads_to_is_as_it_was(folder, name):
    assert fit(folder).code == 0
    victim = folder / "home" / "victim"
    victim.write_bytes((folder / "out" / "m.npz").read_bytes())
    before = victim.read_bytes()
    (folder / "out" / name).symlink_to(victim)
    fit(folder, "--set", "seed=2")
    assert victim.read_bytes() == before
    assert [path.name for path in (folder / "home").iterdir()] == ["victim"]


def test_a_link_at_the_lock_is_refused(folder):
    (folder / "out" / "m.npz.lock").symlink_to("../home/victim")
    ended = fit(folder)
    assert (ended.code, list((folder / "home").iterdir())) == (6, [])
    said = "this is a link, which is not followed, where the lock file of a fit stands"
    assert f"m.npz.lock: {said}; remove it, or choose another --out; nothing was changed" in ended.err


def test_a_folder_at_the_lock_is_refused(folder):
    (folder / "out" / "m.npz.lock").mkdir()
    ended = fit(folder)
    said = "this is a folder, where the lock file of a fit stands"
    assert f"m.npz.lock: {said}; remove it, or choose another --out; nothing was changed" in ended.err
    assert (ended.code, [path.name for path in (folder / "out").iterdir()]) == (6, ["m.npz.lock"])


def test_a_link_at_the_model_itself_is_followed_and_the_others_stand_beside_the_file(folder):
    (folder / "out" / "m.npz").symlink_to("../home/real.npz")
    assert fit(folder).code == 0
    assert fit(folder, "--set", "seed=2").code == 0
    assert sorted(path.name for path in (folder / "home").iterdir()) == ["real.npz", "real.previous.npz"]
    assert (folder / "out" / "m.npz").is_symlink()


WRITES = {
    "fit --out": "fit s.yaml --out {}",
    "fit --out-of-fold": "fit s.yaml --set data.split.folds=2 --out-of-fold {}",
    "fit --history": "fit s.yaml --history {}",
    "predict --out": "predict m.npz t.csv --out {}",
}


@pytest.mark.parametrize("line", WRITES.values(), ids=WRITES)
def test_a_link_into_a_missing_folder_is_told_with_the_folder_that_is_missing(folder, line):
    if line.startswith("predict"):
        assert command.mlptrain("fit", "s.yaml", "-q", "--out", "m.npz", cwd=folder).code == 0
    (folder / "link").symlink_to("home/none/file")
    (folder / "through").symlink_to("home/none")
    before = command.files(folder)
    for path in ("link", "through/file"):
        ended = command.mlptrain(*line.format(path).split(), cwd=folder)
        assert ended.code == 6
        missing = folder / "home" / "none"
        assert f"error: {path}: the folder {missing}, to which a link in this path leads, does not exist" in ended.err
        assert command.files(folder) == before


@pytest.mark.parametrize("line", WRITES.values(), ids=WRITES)
def test_a_missing_folder_and_a_file_in_its_place_are_told(folder, line):
    if line.startswith("predict"):
        assert command.mlptrain("fit", "s.yaml", "-q", "--out", "m.npz", cwd=folder).code == 0
    ended = command.mlptrain(*line.format("none/file").split(), cwd=folder)
    assert (ended.code, "none/file: the folder none does not exist; make it first" in ended.err) == (6, True)
    ended = command.mlptrain(*line.format("t.csv/file").split(), cwd=folder)
    assert (ended.code, "cannot be written: t.csv is not a folder" in ended.err) == (6, True)
