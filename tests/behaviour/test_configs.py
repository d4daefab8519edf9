"""Every config is run, or validated where its data is not ours to ship; and the README lists it."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from math import log
from pathlib import Path
from struct import pack

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from mlptrain.__main__ import main
from mlptrain.commands.check import check_files
from mlptrain.commands.evaluate import evaluate_files
from mlptrain.commands.fit import FitResult
from mlptrain.commands.report import ReportOptions, report_files
from mlptrain.engine.input_layout import InputLayout
from mlptrain.model.architecture import build_network
from mlptrain.model.model import Model
from mlptrain.spec.fields import Images
from mlptrain.spec.file import load_spec
from tests.support.flows import fit, predict
from tests.support.patience import PATIENCE

ROOT = Path(__file__).parents[2]
CONFIGS = {
    path.relative_to(ROOT / "configs").with_suffix("").as_posix(): path
    for path in sorted((ROOT / "configs").rglob("*.yaml"))
}
OURS = {name for name, path in CONFIGS.items() if "../datasets/" in path.read_text(encoding="utf-8")}
THEIRS = {
    "adult": ("adult_train.csv", None),
    "california_housing": ("california_housing.csv", None),
    "diamonds": ("diamonds.csv", None),
    "titanic": ("titanic.csv", None),
    "mnist_keras": ("mnist.train-images-idx3-ubyte.gz", 535_818),
    "mnist_mlp": ("mnist.train-images-idx3-ubyte.gz", 669_706),
    "fashion_mnist": ("fashion_mnist.train-images-idx3-ubyte.gz", 247_766),
} | {
    f"mnist/{name}": ("mnist.train-images-idx3-ubyte.gz", parameters)
    for name, parameters in {
        "logistic": 1_276_810,
        "logistic_dropout": 2_913_290,
        "relu": 2_913_290,
        "relu_dropout": 2_913_290,
        "relu_dropout_max_norm": 2_913_290,
        "maxout_dropout_max_norm": 1_233_610,
        "bernoulli_dropout": 1_863_690,
        "gaussian_dropout": 1_863_690,
        "wide_l2": 3_973_130,
        "wide_max_norm": 3_973_130,
        "wide_dropout_l2": 3_973_130,
        "wide_dropout_max_norm": 3_973_130,
    }.items()
}
"""Configs whose data the user brings: the first file they need, and the number of parameters for 28 × 28 pixels."""


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Fit a config with overrides, once; the model is at `result.model`."""
    folder = tmp_path_factory.mktemp("models")

    @cache
    def fitted(name: str, *overrides: str) -> FitResult:
        out = folder / f"{name}-{'-'.join(overrides)}.npz"
        return fit(str(CONFIGS[name]), out=out, overrides=overrides)

    return fitted


def test_every_config_is_run_or_validated_here_and_listed_in_the_readme():
    assert CONFIGS.keys() == OURS | THEIRS.keys()
    assert not OURS & THEIRS.keys()
    readme = (ROOT / "configs" / "README.md").read_text(encoding="utf-8")
    listed = {name: f"configs/{name.partition('/')[0]}/" if "/" in name else f"configs/{name}.yaml" for name in CONFIGS}
    assert [name for name, words in listed.items() if f"`{words}`" not in readme] == []


def test_every_config_reads_without_a_notice_and_begins_with_what_it_is():
    for path in CONFIGS.values():
        assert load_spec(str(path))[1] == []
        assert path.read_text(encoding="utf-8").startswith("# ")


# reports


@pytest.mark.parametrize("name", ["iris", "breast_cancer", "diabetes", "digits"])
def test_nothing_stands_out_of_a_healthy_run_but_that_its_rows_are_few(run, name):
    report = report_files(run(name).model, options=ReportOptions(time_limit="1s", mute=("R03",)))
    assert report.quality is not None
    assert "training" not in report.absent
    assert report.findings == ()


# XOR


@pytest.mark.parametrize("seed", range(1, 31))
def test_xor_is_solved_from_every_seed(run, seed):
    result = run("xor", f"seed={seed}")
    assert result.metrics["train"]["accuracy"] == 1.0
    assert result.metrics["train"]["loss"] < 0.01


def test_xor_is_solved_by_the_command(tmp_path):
    command = [sys.executable, "-m", "mlptrain", "fit", str(CONFIGS["xor"]), "--set", "seed=7"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert "accuracy      1.000" in done.stdout
    assert Model.load(tmp_path / "xor.npz").result["metrics"]["train"]["accuracy"] == 1.0


def test_the_model_of_xor_predicts_xor(run):
    table = str(ROOT / "datasets" / "xor.csv")
    found = predict(run("xor", "seed=1").model, table, keep=["a", "b"])
    rows = zip(*found.values(), strict=True)
    assert {(int(a), int(b)): int(y) for a, b, y in rows} == {(a, b): a ^ b for a in (0, 1) for b in (0, 1)}


def test_two_hidden_units_solve_xor_from_about_two_seeds_in_three(run):
    """The others end in a local minimum: two corners are right, the other two get the same answer."""
    results = [run("xor_2-2-1", f"seed={seed}").metrics["train"] for seed in range(1, 25)]
    solved = [result["accuracy"] == 1.0 for result in results]
    assert 14 <= sum(solved) <= 18
    assert all((result["loss"] < 0.05) == won for result, won in zip(results, solved, strict=True))
    assert run("xor_2-2-1", "seed=1").parameters == 9
    hint = re.search(
        r"two corners wrong, as from this seed\. Try: --set seed=(\d+)",
        CONFIGS["xor_2-2-1"].read_text(encoding="utf-8"),
    )
    assert hint
    assert results[0]["accuracy"] == 0.5
    assert results[int(hint[1]) - 1]["accuracy"] == 1.0


def test_dropout_on_the_hidden_layer_does_not_prevent_xor(run):
    result = run("xor_dropout")
    assert result.metrics["train"]["accuracy"] == 1.0
    history = Model.load(Path(result.model)).networks[0].history
    assert history["train_loss"][-1] == pytest.approx(result.metrics["train"]["loss"], rel=1e-5)


def test_a_sigmoid_unit_alone_ends_at_log_two(run):
    result = run("xor_logistic")
    assert result.metrics["train"]["loss"] == pytest.approx(log(2), abs=1e-3)
    network = Model.load(Path(result.model)).networks[0].network
    assert network.parameters.theta.size == 3
    assert np.abs(network.parameters.theta).max() < 0.01


# tables


def test_dropout_tutorial(run):
    result = run("dropout_10-5-1")
    assert result.parameters == 61
    assert result.metrics["train"]["accuracy"] > 0.75
    assert result.metrics["train"]["loss"] < 0.5
    history = Model.load(Path(result.model)).networks[0].history
    assert history["train_loss"][-1] == pytest.approx(result.metrics["train"]["loss"], rel=1e-5)


def test_iris(run):
    result = run("iris")
    assert result.reason == "early_stopping"
    assert result.metrics["train"]["accuracy"] > 0.95
    assert result.metrics["validation"]["accuracy"] >= 0.9


def test_iris_is_no_lucky_seed(run):
    accuracies = [run("iris", f"seed={seed}").metrics["validation"]["accuracy"] for seed in range(1, 11)]
    assert min(accuracies) >= 0.85
    assert np.mean(accuracies) > 0.93


def test_breast_cancer(run):
    result = run("breast_cancer")
    assert result.metrics["validation"]["auc"] > 0.99
    history = Model.load(Path(result.model)).networks[0].history
    assert result.metrics["validation"]["auc"] == history["validation_metric"].max()
    test = evaluate_files(result.model)
    assert test.rows == 114
    assert test.metrics["accuracy"] > 0.93
    assert test.metrics["auc"] > 0.98


def test_diabetes(run):
    """Linear least squares has an R² of about 0.5 on held-out rows."""
    result = run("diabetes")
    assert result.metrics["validation"]["r2"] > 0.4
    test = evaluate_files(result.model)
    assert test.rows == 88
    assert test.metrics["r2"] > 0.4
    assert test.metrics["rmse"] < 60


def test_digits(run):
    result = run("digits")
    assert result.metrics["validation"]["accuracy"] > 0.96
    test = evaluate_files(result.model)
    assert test.rows == 270
    assert test.metrics["accuracy"] > 0.96
    assert test.metrics["log_loss"] < 0.2


@pytest.mark.parametrize("name", sorted(OURS))
def test_the_gradient_of_every_config_with_data_is_right(name):
    found = check_files(str(CONFIGS[name]))
    assert found.gradient
    assert [parameter for parameter in found.gradient if not parameter.right] == []


# configs whose data the user brings


@pytest.mark.parametrize("name", THEIRS)
def test_a_missing_data_file_is_named_in_one_sentence(name, tmp_path, monkeypatch, capsys):
    spec = tmp_path / "configs" / f"{name}.yaml"
    spec.parent.mkdir(parents=True)
    shutil.copy(CONFIGS[name], spec)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["mlptrain", "fit", f"configs/{name}.yaml"])
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capsys.readouterr()
    assert end.value.code == 3
    assert out == ""
    assert err.count("\n") == 1
    assert re.match(
        rf"error: configs/{name}.yaml:\d+: data.train: data/{re.escape(THEIRS[name][0])}: no such file", err
    )
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [spec]


@pytest.mark.parametrize("name", THEIRS)
def test_a_config_says_where_its_files_go(name):
    comment = "".join(
        line for line in CONFIGS[name].read_text(encoding="utf-8").splitlines(True) if line.startswith("#")
    )
    assert THEIRS[name][0] in comment
    assert "the folder `data` beside `configs`" in " ".join(comment.replace("\n# ", " ").split())


@pytest.mark.parametrize("name", [name for name, (_, parameters) in THEIRS.items() if parameters])
def test_a_network_of_images_has_the_documented_number_of_parameters(name):
    spec, _ = load_spec(str(CONFIGS[name]))
    assert isinstance(spec.data.train, Images)
    assert isinstance(spec.data.test, Images)
    network = build_network(spec.model, InputLayout(width=28 * 28), 10)
    assert network.parameters.theta.size == THEIRS[name][1]


def test_gaussian_and_bernoulli_dropout_are_compared_with_all_else_equal():
    gaussian, bernoulli = (load_spec(str(CONFIGS[f"mnist/{name}_dropout"]))[0] for name in ("gaussian", "bernoulli"))
    kinds = {"input_dropout": bernoulli.model.input_dropout, "dropout": bernoulli.model.dropout}
    rates = [(gaussian.model.input_dropout, gaussian.model.dropout), tuple(kinds.values())]
    assert [[each.rate for each in pair] for pair in rates] == [[0.2, 0.5]] * 2
    assert replace(gaussian, model=replace(gaussian.model, **kinds)) == bernoulli


@pytest.mark.parametrize("name", [name for name in THEIRS if name.startswith("mnist/")])
def test_a_row_of_the_papers_learns_and_its_gradient_is_right(name, tmp_path):
    """With narrow layers and a few small pictures in place of MNIST: bright rows, whose number is the label."""
    draw, files = np.random.default_rng(0), []
    for part, count in (("train", 400), ("test", 100)):
        labels = draw.integers(0, 10, count)
        images = draw.integers(0, 60, (count, 10, 6))
        images[np.arange(count), labels] += 190
        for kind, array in (("images", images), ("labels", labels)):
            path = tmp_path / f"{part}.{kind}"
            path.write_bytes(
                b"\x00\x00\x08" + pack(f">B{array.ndim}I", array.ndim, *array.shape) + array.astype("u1").tobytes()
            )
            files.append(f"data.{part}.{kind}={path}")
    layers = len(load_spec(str(CONFIGS[name]))[0].model.hidden)
    small = [*files, f"model.hidden={[40] * layers}", "training.epochs=40", "training.batch_size=20"]
    found = check_files(str(CONFIGS[name]), overrides=small)
    assert [parameter for parameter in found.gradient if not parameter.right] == []
    fit(str(CONFIGS[name]), out=tmp_path / "m.npz", overrides=small)
    losses = Model.load(tmp_path / "m.npz").networks[0].history["train_loss"]
    assert losses[-1] < losses[0]
