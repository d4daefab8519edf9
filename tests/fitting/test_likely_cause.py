"""Why a training has learned little: runs made to learn nothing, or only a part, each for one reason."""

import random
import warnings
from pathlib import Path

import pytest
import yaml

import mlptrain
from mlptrain.figures import format_figure
from mlptrain.notices import Notice

ROOT = Path(__file__).parents[2]
DRAW = random.Random(1)
POINTS = [(DRAW.gauss(0, 1), DRAW.gauss(0, 1)) for _ in range(300)]
NUMBERS = {"a": [a for a, _ in POINTS], "b": [b for _, b in POINTS], "y": [a + 2 * b for a, b in POINTS]}
CLASSES = NUMBERS | {"y": ["p" if a + b > 0 else "n" for a, b in POINTS]}
CORNERS = NUMBERS | {"y": ["p" if a * b > 0 else "n" for a, b in POINTS]}
FAR = NUMBERS | {"y": [1e38, *NUMBERS["y"][1:]]}
FAR_ABOVE = NUMBERS | {"y": [1e300, *(abs(value) for value in NUMBERS["y"][1:])]}
LARGE = NUMBERS | {"a": [1e5 + 1e4 * a for a in NUMBERS["a"]]}
SMALL = NUMBERS | {name: [1e-6 * value for value in NUMBERS[name]] for name in "ab"}
NOISE = NUMBERS | {"y": [DRAW.choice("pn") for _ in POINTS]}
DEAD = {
    "activation": "relu",
    "bias_initializer": {"name": "constant", "value": -50.0},
    "output": {"bias_initializer": "zeros"},
}


def remark_of(table, *, data=None, optimizer=None, epochs=20, **model):
    """The remark of a small run."""
    spec = {
        "data": {"target": "y", **(data or {})},
        "model": {"hidden": [16], **model},
        "optimizer": optimizer or {"name": "adam", "learning_rate": 0.01},
        "training": {"epochs": epochs, "batch_size": 32},
        "seed": 1,
    }
    return mlptrain.fit(spec, table).outcome.remark


def at(rate, name="adam"):
    return {"name": name, "learning_rate": rate}


TIMID = {"optimizer": at(1e-6, "sgd"), "activation": "relu"}
"""A rate far below the usual one, at which a net of large weights learns all the same."""

RUNS = {
    "a target that is far out": (FAR, {}, "in part", "column \"y\", '1e+38', far from all others: mend it"),
    "a far target of any net": (FAR, {"hidden": []}, "did not learn", "far from all others"),
    "a far target of a scaled column": (FAR, {"hidden": []}, "did not learn", "the largest target is 17.29 (scaled),"),
    "a far target beside negative ones": (FAR, {"hidden": []}, "did not learn", "mend it, or leave its row out"),
    "a far target beside positive ones": (
        FAR_ABOVE,
        {"hidden": []},
        "did not learn",
        "mend it, or set data.target_transform: log1p",
    ),
    "a far target that is a logarithm": (
        FAR_ABOVE,
        {"hidden": [], "data": {"target_transform": "log1p", "scale_target": False}},
        "did not learn",
        "the largest target is 690.8 (logarithm), data row 1: column \"y\", '1e+300', far from all others: mend it, or",
    ),
    "a far target that is a scaled logarithm": (
        FAR_ABOVE,
        {"hidden": [], "data": {"target_transform": "log1p"}},
        "did not learn",
        "(scaled logarithm)",
    ),
    "a far target that is not scaled": (
        FAR_ABOVE | {"y": [1e9, *FAR_ABOVE["y"][1:]]},
        {"hidden": [], "data": {"scale_target": False}},
        "did not learn",
        "column \"y\", '1000000000', far from all others: mend it, or set data.target_transform: log1p",
    ),
    "a rate far too small": (
        CLASSES,
        {"optimizer": at(1e-7)},
        "did not learn",
        "1e-7 is far below the usual 0.001",
    ),
    "a rate far too large": (NUMBERS, {"optimizer": at(30.0), "epochs": 8}, "gone astray", "30 is far above the us"),
    "a large rate that kills": (CORNERS, {"optimizer": at(10.0), "activation": "relu"}, "did not learn", "far above"),
    "inputs that are large": (LARGE, {"data": {"scaling": "none"}}, "gone astray", 'column "a" are of size 100,'),
    "inputs that are small": (SMALL, {"data": {"scaling": "none"}, "epochs": 4}, "did not learn", "of size 1.0"),
    "no hidden layer": (CORNERS, {"hidden": []}, "did not learn", "it has no hidden layer"),
    "linear layers": (CORNERS, {"activation": "linear"}, "did not learn", "its hidden layers are linear"),
    "layers that saturate": (
        CORNERS,
        {"hidden": [8] * 8, "activation": "sigmoid", "optimizer": at(0.01, "sgd")},
        "did not learn",
        "8 layers of sigmoid learn slowly",
    ),
    "weights that are large": (
        NUMBERS,
        {"kernel_initializer": {"name": "normal", "standard_deviation": 3.0}, "hidden": [16, 16]} | TIMID,
        "gone astray",
        ": its initial weights are probably too large: leave model.kernel_initializer out, or set model.norm: batch",
    ),
    "dead units": (CORNERS, DEAD, "did not learn", "all 16 units of hidden_1 are dead"),
    "columns that tell nothing": (NOISE, {"hidden": [2], "epochs": 20}, "did not learn", "perhaps the columns tell"),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_made_to_fail_is_told_why(name):
    table, settings, how, why = RUNS[name]
    remark = remark_of(table, **settings)
    assert how in remark, remark
    assert why in remark, remark


def test_a_norm_lets_layers_that_saturate_learn():
    assert "layers of" not in remark_of(CORNERS, hidden=[8] * 8, activation="sigmoid", norm="batch")


@pytest.mark.parametrize(
    ("hidden", "said"),
    [([16] * 8, "it learned only in part (loss on the training rows 0.4"), ([16], "")],
)
def test_iris_with_eight_layers_of_sigmoid_is_learned_in_part(hidden, said):
    spec = {
        "data": {"train": str(ROOT / "datasets/iris.csv"), "target": "species"},
        "model": {"hidden": hidden, "activation": "sigmoid"},
        "optimizer": at(0.01),
        "training": {"epochs": 60, "batch_size": 16},
        "seed": 1,
    }
    remark = mlptrain.fit(spec).outcome.remark
    assert remark.startswith(said)
    assert ("8 layers of sigmoid" in remark) == bool(said)


@pytest.mark.parametrize("name", ["adam", "sgd"])
@pytest.mark.parametrize("factor", [300, 1000, 3000, 10_000])
@pytest.mark.parametrize("file", ["iris", "breast_cancer"])
def test_of_a_rate_that_throws_the_loss_about_only_the_rate_is_said(name, factor, file):
    """However well the classes are told apart by chance, and whatever the validation loss does."""
    rate = factor * {"adam": 0.001, "sgd": 0.01}[name]
    overrides = {"training.epochs": 15, "training.early_stopping": None, "optimizer": at(rate, name)}
    remark = mlptrain.fit(ROOT / "configs" / f"{file}.yaml", overrides=overrides).outcome.remark
    assert "is far above the usual" in remark


def test_the_large_rates_of_a_recipe_are_its_own():
    spec = {
        "recipe": "realmlp_td_s",
        "data": {"train": str(ROOT / "datasets/breast_cancer.csv"), "target": "diagnosis"},
        "training": {"epochs": 8},
    }
    assert "far above" not in mlptrain.fit(spec).outcome.remark


ASTRAY = {"optimizer.learning_rate": 3.0, "optimizer.weight_decay": 0.0, "training.epochs": 8}


def test_the_figures_of_a_remark_are_those_of_the_metrics():
    outcome = mlptrain.fit(ROOT / "configs/diabetes.yaml", overrides=ASTRAY).outcome
    loss, baseline = outcome.metrics["train"]["loss"], outcome.baseline["train"]["loss"]
    figures = f"(loss on the training rows {format_figure(loss)}, baseline there {format_figure(baseline)})"
    assert outcome.remark.startswith(f"it has gone astray {figures}: the learning rate of")


@pytest.mark.parametrize("rate", [1e-9, 1e-12])
@pytest.mark.parametrize("file", ["breast_cancer", "diabetes", "iris"])
@pytest.mark.parametrize("data", [{}, {"split": {"test": 0.2}}], ids=["validated", "all rows"])
def test_what_stands_still_from_the_first_epoch_on_did_not_learn(file, rate, data):
    """Whatever its first values are worth by chance."""
    spec = yaml.safe_load((ROOT / "configs" / f"{file}.yaml").read_text())
    spec["data"] |= {"train": str(ROOT / "datasets" / f"{file}.csv")} | data
    spec["optimizer"]["learning_rate"], spec["training"] = rate, {"epochs": 20, "batch_size": 32}
    remark = mlptrain.fit(spec).outcome.remark
    said = f"it did not learn: the learning rate of {f'{rate:.0e}'.replace('-0', '-')} is far below the usual 0.001 of"
    assert remark.startswith(said)


CONFIGS = {
    "xor": "",
    "xor_2-2-1": "it learned only in part (loss on the training rows 0.1302, baseline there 0.2500): it is probably in",
    "xor_dropout": "",
    "xor_logistic": "it did not learn: it has no hidden layer",
    "dropout_10-5-1": "",
    "iris": "it overfits from epoch 23 on",
    "breast_cancer": "it overfits from epoch 26 on",
    "digits": "",
    "diabetes": "",
}


@pytest.mark.parametrize("name", CONFIGS)
def test_of_the_small_configs_only_what_is_true_is_said(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        remark = mlptrain.fit(ROOT / "configs" / f"{name}.yaml").outcome.remark
    assert remark.startswith(CONFIGS[name])
    assert bool(remark) == bool(CONFIGS[name])
