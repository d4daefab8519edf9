"""`check` and `show`: what they tell is so, and the spec they print is the spec."""

import re
import textwrap
from pathlib import Path

import pytest
import yaml

from mlptrain.commands.check import check_files
from mlptrain.commands.show import show_file
from mlptrain.engine.activations import Tanh
from mlptrain.plain import to_plain
from mlptrain.reporting.check_results import format_check
from mlptrain.reporting.show_results import format_description
from mlptrain.reporting.spec_text import format_spec_as_yaml
from mlptrain.spec.file import load_spec
from tests.support.flows import CONFIGS, fit, fit_mixed, mixed_rows, write_mixed

LONG = {
    "data": {
        "split": {"validation": 0.2, "test": 0.1},
        "missing_values": ["?", "n/a", "no", "~", "1e5", "null"],
        "replace": {"yes": "yes", "<=50K.": "a: b", "#": "- x", "": " "},
        "scaling": "min_max",
    },
    "model": {
        "layers": [
            {"units": 6, "activation": {"name": "elu", "alpha": 1e-05}, "norm": "batch", "dropout": 0.1},
            {"units": 5, "norm": "layer", "max_norm": 3.0},
        ],
        "input_dropout": 0.05,
        "kernel_initializer": "orthogonal",
        "activation": "prelu",
    },
    "loss": {"name": "focal", "gamma": 1.5},
    "optimizer": {"name": "nadam", "learning_rate": 1e-05, "clipnorm": 1.0},
    "schedules": {"learning_rate": {"name": "warm_up", "epochs": 2, "then": {"name": "cosine", "cycles": 2}}},
    "regularization": {"l1": 1e-07, "l2": 1e-10},
    "training": {
        "epochs": 3,
        "batch_size": 16,
        "early_stopping": {"patience": 2},
        "class_weight": {"cheap": 2, "dear": 1.5},
        "monitor": "f1",
    },
    "seed": 9007199254740993,
}


def printed(text, heading="resolved spec"):
    """The YAML below a heading of what a command prints, without the indent."""
    return textwrap.dedent(re.split(rf"^{heading}\n", text, flags=re.MULTILINE)[1].split("\n\n")[0])


@pytest.mark.parametrize("sections", [{}, LONG], ids=["short", "long"])
@pytest.mark.parametrize("command", ["check", "show"])
def test_the_spec_that_is_printed_fits_to_the_same_model(tmp_path, sections, command):
    spec = write_mixed(tmp_path, **sections)
    first = fit(str(spec), out=tmp_path / "first.npz")
    text = format_check(check_files(str(spec))) if command == "check" else format_description(show_file(first.model))
    again = tmp_path / "again.yaml"
    again.write_text(printed(text, "resolved spec" if command == "check" else "spec"), encoding="utf-8")
    assert load_spec(str(again))[1] == []
    fit(str(again), out=tmp_path / "second.npz")
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()


@pytest.mark.parametrize("config", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_config_printed_in_full_is_the_same_spec(config):
    spec, _ = load_spec(str(config))
    text = format_spec_as_yaml(to_plain(spec))
    assert load_spec("printed", (), text)[0] == spec
    assert "epochs" in yaml.safe_load(text)["training"]


def test_check_shows_columns_layers_and_parameters(tmp_path):
    rows = [dict(row, same="1") for row in mixed_rows()]
    spec = write_mixed(tmp_path, rows, model={"hidden": [8, 4], "dropout": 0.5})
    found = check_files(str(spec))
    columns = {name: (kind, given) for name, kind, given, _ in found.columns}
    assert columns["size"] == ("number", "2 inputs")
    assert columns["colour"] == ("category", "4 inputs")
    assert columns["fresh"] == ("boolean", "1 input")
    assert columns["id"] == ("ignore", "not used")
    assert columns["same"][1] == "not used"
    assert columns["label"] == ("target", "2 classes")
    assert found.rows_checked == 16
    assert [(name, shape, count) for name, shape, count in found.layers if count] == [
        ("hidden_1 (Dense)", (16, 8), 64),
        ("hidden_2 (Dense)", (16, 4), 36),
        ("output (Dense)", (16, 1), 5),
    ]
    assert found.parameters == 105
    assert any("same (constant)" in notice for notice in found.notices)
    assert all(parameter.right for parameter in found.gradient)


def test_check_writes_nothing(tmp_path, monkeypatch):
    spec = write_mixed(tmp_path)
    monkeypatch.chdir(tmp_path)
    check_files(str(spec))
    assert {path.name for path in tmp_path.iterdir()} == {"mixed.csv", "mixed.yaml"}


def test_memory_is_that_of_the_process_and_grows_with_rows_and_with_units(tmp_path):
    def memory(rows, *overrides):
        return check_files(str(write_mixed(tmp_path, mixed_rows(rows))), overrides=overrides).memory

    small = memory(60)
    assert small > 50 << 20
    assert memory(20_000) > small
    assert memory(60, "model.hidden=[600, 600]") > small


def test_a_wrong_derivative_is_called_wrong(tmp_path, monkeypatch):
    monkeypatch.setattr(Tanh, "vjp", lambda self, dy, z, y: dy)
    found = check_files(str(write_mixed(tmp_path)))
    assert [parameter.name for parameter in found.gradient if not parameter.right] == [
        "hidden_1.weight",
        "hidden_1.bias",
    ]
    lines = {
        line.split()[0]: line for line in format_check(found).splitlines() if "hidden_1." in line or "output." in line
    }
    assert lines["hidden_1.weight"].endswith("WRONG")
    assert lines["output.weight"].endswith("right")


# show


def test_show_tells_what_a_model_file_holds(tmp_path):
    result = fit_mixed(tmp_path, "data.split.validation=0.2")
    found = show_file(result.model)
    assert (found.model, found.parameters, found.bytes) == (result.model, 73, Path(result.model).stat().st_size)
    assert (found.reason, found.epochs, found.best_epoch) == (result.reason, result.epochs, result.best_epoch)
    assert found.metrics == result.metrics
    assert found.columns == {"size": "number, 2 inputs", "colour": "category, 4 inputs", "fresh": "number, 1 input"}
    assert found.target == "label: 2 classes cheap, dear (positive: dear)"
    assert found.history["epoch"] == list(range(1, 13))
    assert found.history["gradient_norm"] == [None] * 12
    assert found.spec["model"]["hidden"] == [8]


def test_show_as_text_has_every_section(tmp_path):
    result = fit_mixed(tmp_path, "training.epochs=50")
    text = format_description(show_file(result.model))
    headings = [line for line in text.splitlines() if line and not line.startswith(" ")]
    assert headings[1:] == ["metrics", "columns", "target", "history", "spec"]
    assert "73 parameters" in headings[0]
    epochs = [
        int(line.split()[0]) for line in text.split("\nhistory\n")[1].splitlines()[1:] if line[:8].strip().isdigit()
    ]
    assert (epochs[0], epochs[-1]) == (1, 50)
    assert len(epochs) == 20


def test_a_model_of_numbers_is_described_too(tmp_path):
    found = show_file(fit_mixed(tmp_path, data={"target": ["price", "count"]}).model)
    assert found.target == "price: number\ncount: number"
    assert "r2" in format_description(found)
