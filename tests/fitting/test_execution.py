"""Who runs a training: compiled loops where they pay, the same results whoever it is."""

import builtins
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from mlptrain.engine.elementwise import NUMPY
from mlptrain.engine.optimizers import SGD, Adam
from mlptrain.fitting import execution
from mlptrain.fitting.execution import COMPILATION, choose_executor, estimate_seconds_compiling_saves
from mlptrain.model.products import describe_products, limit_threads
from mlptrain.spec.fields import Training
from tests.support.courses import course_of
from tests.support.flows import fit
from tests.support.patience import PATIENCE


def course(*, epochs=10, **others):
    return course_of(rows=64, training=Training(epochs=epochs, batch_size=16), **others)


def test_compiled_loops_are_chosen_where_they_save_twice_their_compilation():
    one = estimate_seconds_compiling_saves(course(epochs=1))
    enough = int(2 * COMPILATION / one) + 1
    assert choose_executor(course(epochs=enough)).compiled
    assert not choose_executor(course(epochs=enough - 2)).compiled


def test_what_is_saved_grows_with_the_work():
    base = estimate_seconds_compiling_saves(course())
    assert estimate_seconds_compiling_saves(course(epochs=20)) == pytest.approx(2 * base)
    assert estimate_seconds_compiling_saves(replace(course(), folds=3)) == pytest.approx(3 * base)
    assert estimate_seconds_compiling_saves(course(optimizer=Adam())) > estimate_seconds_compiling_saves(
        course(optimizer=SGD())
    )


def test_without_numba_numpy_runs_and_the_reason_is_told(monkeypatch):
    monkeypatch.setattr(execution, "find_spec", lambda name: None)
    for epochs, word in ((1, "would not pay"), (10**9, "would save")):
        chosen = choose_executor(course(epochs=epochs))
        assert not chosen.compiled
        assert "not installed" in chosen.why
        assert word in chosen.why
        assert chosen.load(pytest.fail) is NUMPY


def test_a_numba_that_cannot_be_loaded_is_told_and_numpy_runs(monkeypatch):
    true_import = builtins.__import__

    def refuse(name, *others, **named):
        if name == "mlptrain.engine.compiled":
            raise ImportError("Numba needs an older NumPy")
        return true_import(name, *others, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)
    told = []
    assert choose_executor(course(epochs=10**9)).load(told.append) is NUMPY
    assert "Numba needs an older NumPy" in told[0]


SPEC = """
data: {train: t.csv, target: y}
model: {hidden: [16, 8], dropout: 0.2}
optimizer: {name: adam, weight_decay: 0.01}
training: {epochs: 3, batch_size: 16}
"""


def test_a_model_file_is_the_same_whoever_trained_it(tmp_path, monkeypatch):
    draw = np.random.default_rng(1)
    rows = "\n".join(f"{a:.4f},{b:.4f},{'xyz'[int(a > 0) + int(b > 0)]}" for a, b in draw.standard_normal((120, 2)))
    (tmp_path / "t.csv").write_text(f"a,b,y\n{rows}\n")
    (tmp_path / "s.yaml").write_text(SPEC)
    models = []
    for compilation in (1e9, 0.0):
        monkeypatch.setattr(execution, "COMPILATION", compilation)
        out = tmp_path / f"{compilation}" / "m.npz"
        out.parent.mkdir()
        fit(str(tmp_path / "s.yaml"), out=out)
        models.append(out.read_bytes())
    assert models[0] == models[1]


def test_a_short_run_does_not_load_the_compiler(tmp_path):
    code = "import sys; sys.argv[1:] = {!r}; from mlptrain.__main__ import main\ntry: main()\nexcept SystemExit: pass\n"
    arguments = ["fit", "configs/xor.yaml", "--quiet", "--out", str(tmp_path / "m.npz")]
    script = code.format(arguments) + "print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout.strip() == "False"


def test_the_library_of_the_products_is_named():
    small, large = course().network, course(hidden=(2048,)).network
    with threadpool_limits(2, user_api="blas"):
        assert ", 2 threads" in describe_products(large, 1 << 14)
        with limit_threads(small, 16, None):
            assert "1 thread, as they are small" in describe_products(small, 16)
    with threadpool_limits(1, user_api="blas"):
        assert describe_products(large, 1 << 14).endswith(", 1 thread")
