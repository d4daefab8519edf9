"""Where the system gives no thread, files are read in turn with the same results; else it is exit code 6, no bug."""

import threading

import pytest

from mlptrain.data import arrow_csv
from mlptrain.fitting import training
from mlptrain.model.products import ROWS_TO_TRY, make_room_for_products
from tests.support import command
from tests.support.courses import course_of

SPEC = "data: {train: t.csv, target: y}\nmodel: {hidden: [2]}\ntraining: {epochs: 1, batch_size: 512}\n"


def refuse(_thread):
    raise RuntimeError("can't start new thread")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A table of several pieces for the quick reader, so that it reads ahead."""
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(arrow_csv, "PROBE", 1 << 12)
    monkeypatch.setattr(arrow_csv, "BYTES_AT_ONCE", 1 << 13)
    rows = [f"{k % 97}.5,{k * 7 % 31},{'no' if k % 3 else 'yes'}" for k in range(3000)]
    (tmp_path / "t.csv").write_text("a,b,y\n" + "\n".join(rows) + "\n")
    (tmp_path / "s.yaml").write_text(SPEC)
    return tmp_path


COMMANDS = {
    "fit": "fit s.yaml --out other.npz --quiet",
    "predict": "predict m.npz t.csv",
    "predict to a file": "predict m.npz t.csv --out p.csv",
    "eval": "eval m.npz t.csv",
    "check": "check s.yaml",
    "init": "init t.csv --target y --out new.yaml",
}


@pytest.mark.parametrize("line", COMMANDS.values(), ids=COMMANDS)
def test_without_a_thread_a_command_does_the_same(folder, monkeypatch, line):
    assert command.mlptrain("fit", "s.yaml", "--out", "m.npz", "--quiet", cwd=folder).code == 0

    def run():
        ended = command.mlptrain(*line.split(), cwd=folder)
        made = {
            name: (folder / name).read_bytes()
            for name in ("other.npz", "p.csv", "new.yaml")
            if (folder / name).exists()
        }
        for name in made:
            (folder / name).unlink()
        return ended.code, ended.err, ended.out if line.startswith("predict") else "", made

    before = run()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert before[0] == 0
    assert run() == before


def test_where_there_is_no_other_way_it_is_the_environment(folder, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(training, "make_course", fail)
    ended = command.mlptrain("fit", "s.yaml", "--quiet", cwd=folder)
    assert ended.code == 6
    cure = "end other programs, or raise the limits of this one"
    assert ended.err == f"error: the system gives no thread (can't start new thread); {cure}\n"


@pytest.mark.parametrize("rows", [3, 10**9])
def test_the_library_of_products_takes_its_buffers_before_the_first_epoch(folder, monkeypatch, rows):
    course, sizes = course_of(rows=8), []
    monkeypatch.setattr(
        "mlptrain.model.products.np.zeros",
        lambda shape, dtype: sizes.append(shape) or __import__("numpy").ones(shape, dtype),
    )
    make_room_for_products(course.network, rows)
    assert [shape[0] for shape in sizes] == [min(rows, ROWS_TO_TRY)]


def test_too_little_memory_for_products_is_said_before_anything_is_trained(folder, monkeypatch):
    def too_much(*_):
        raise MemoryError("Unable to allocate 1 GiB")

    monkeypatch.setattr(training, "make_room_for_products", too_much)
    ended = command.mlptrain("fit", "s.yaml", "--quiet", cwd=folder)
    assert (ended.code, ended.err.count("not enough memory")) == (6, 1)
    assert not (folder / "s.npz").exists()
