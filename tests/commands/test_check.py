"""`check` and `show`: what they tell is so, and the spec they print is the spec."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from mlptrain.commands.check import check_files
from mlptrain.commands.show import show_file
from mlptrain.engine.activations import Tanh
from mlptrain.model.model import Model
from mlptrain.plain import to_plain
from mlptrain.reporting.check_results import format_check
from mlptrain.reporting.fit_results import build_fit_document
from mlptrain.reporting.show_results import build_description_document, format_description, format_stored_spec
from mlptrain.reporting.spec_text import format_marked_spec, format_spec_as_yaml
from mlptrain.reporting.terminal import Terminal
from mlptrain.spec.file import load_spec
from tests.support.command import write_iris
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


@pytest.mark.parametrize("sections", [{}, LONG], ids=["short", "long"])
@pytest.mark.parametrize("command", ["check", "show"])
def test_the_spec_that_is_printed_fits_to_the_same_model(tmp_path, sections, command):
    spec = write_mixed(tmp_path, **sections)
    first = fit(str(spec), out=tmp_path / "first.npz")
    text = (
        format_marked_spec(check_files(str(spec)).spec)
        if command == "check"
        else format_stored_spec(show_file(first.model))
    )
    again = tmp_path / "again.yaml"
    again.write_text(text, encoding="utf-8")
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
    text = format_check(found)
    assert "gradient: 2 of 4 right, worst relative error " in text
    assert {line.split()[0] for line in text.splitlines() if line.endswith("WRONG")} == {
        "hidden_1.weight",
        "hidden_1.bias",
    }


def test_check_fits_one_screen_whatever_the_table_has(tmp_path):
    rows = [dict(row, **{f"c{k}": str(k * 7 % 13 + n % 5) for k in range(40)}) for n, row in enumerate(mixed_rows())]
    spec = write_mixed(tmp_path, rows, model={"hidden": [8] * 9})
    found = check_files(str(spec))
    text = format_check(found, Terminal(width=80))
    assert len(text.splitlines()) <= 24
    assert max(map(len, text.splitlines())) <= 80
    assert "and 36 more: 36 number (--verbose shows all)" in text
    whole = format_check(found, verbose=True)
    assert all(f"  {name} " in whole for name, _, given, _ in found.columns if given.endswith("input"))
    assert "hidden_9 (Dense)" in whole
    assert "matrix products" in whole


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
@pytest.mark.parametrize("colour", [False, True])
def test_check_and_show_fit_the_terminal_and_no_word_is_broken(tmp_path, width, colour):
    result = fit_mixed(tmp_path, "data.split.validation=0.2")
    terminal = Terminal(width=width, colour=colour)
    for text in (
        format_check(check_files(str(tmp_path / "mixed.yaml")), terminal),
        format_description(replace(show_file(result.model), model="m.npz"), terminal),
    ):
        plain = re.sub("\x1b\\[[0-9;]*m", "", text)
        assert (text != plain) == colour
        assert max(map(len, plain.splitlines())) <= width


def test_columns_say_why_also_where_the_spec_declares_them(tmp_path):
    kinds = {"size": "number", "colour": "category", "fresh": "boolean", "id": "ignore", "price": "ignore"}
    found = check_files(str(write_mixed(tmp_path, data={"columns": kinds | {"count": "ignore"}})))
    why = {name: words for name, _, _, words in found.columns}
    assert why["size"] == "from 0 to 10; 6 missing (10.0%)"
    assert why["colour"] == "3 levels: red, green, blue"
    assert why["fresh"]
    assert why["id"].startswith("as declared")
    assert why["price"] == "as declared; its cells are numbers"
    assert "left out, as the spec says: id" in format_check(found)
    assert "price (its cells are numbers)" in format_check(found)


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


def test_show_tells_what_was_seen_of_the_layers(tmp_path):
    result = fit_mixed(tmp_path, "training.watch_layers=5")
    found = show_file(result.model)
    assert [*found.layers] == ["hidden_1", "hidden_1.tanh", "output"]
    assert found.layers["output"]["epoch"] == [5, 10, 12]
    assert "layers after epoch 12" in format_description(found)
    assert build_description_document(found)["layers"] == found.layers
    assert build_fit_document(result)["layers"]["output"] == {
        name: values[-1] for name, values in found.layers["output"].items() if name != "epoch"
    }
    assert Model.load(Path(result.model)).layers == found.layers


def test_where_no_layers_were_watched_none_are_told(tmp_path):
    result = fit_mixed(tmp_path)
    found = show_file(result.model)
    assert (found.layers, found.last_layers) == ({}, None)
    assert "layers" not in {**build_description_document(found), **build_fit_document(result)}
    assert "layers after" not in format_description(found)


def test_show_as_text_has_every_section(tmp_path):
    result = fit_mixed(tmp_path, "training.epochs=50")
    text = format_description(show_file(result.model))
    headings = [line.partition(" ")[0] for line in text.splitlines() if not line.startswith(" ")]
    assert headings[1:] == ["columns:", "target", "history", "spec:"]
    assert "73 parameters" in text.splitlines()[0]
    assert len(text.splitlines()) <= 24
    assert list_epochs(text) == [1, 10, 20, 30, 40, 50]
    assert len(list_epochs(format_description(show_file(result.model), verbose=True))) > 10


def list_epochs(text):
    """The epochs of the history that is shown."""
    rows = text.split("\nhistory")[1].splitlines()[2:]
    return [int(row.removeprefix("   *").split()[0]) for row in rows if row.startswith("  ")]


NETWORKS = {
    "folds": {"folds": 3},
    "repeats": {"validation": 0.25, "repeats": 2},
    "many": {"folds": 4, "repeats": 2},
    "nothing watched": {},
}


@pytest.mark.parametrize("name", NETWORKS)
def test_show_says_the_best_epochs_that_the_networks_have(tmp_path, name):
    result = fit_mixed(tmp_path, "optimizer.learning_rate=0.3", data={"split": NETWORKS[name]})
    bests = [fold.best_epoch for fold in result.folds] or [result.best_epoch]
    found = show_file(result.model)
    said = format_description(found).splitlines()[0].rpartition(", best ")[2]
    if len(bests) > 6:
        assert said == f"{min(bests)} to {max(bests)}"
    else:
        assert list(map(int, said.split(", "))) == bests
    assert build_description_document(found)["best_epoch"] == result.best_epoch
    older = replace(found, best_epochs=())
    assert (", best" in format_description(older).splitlines()[0]) == (found.networks == 1)


def test_show_names_the_columns_of_the_history_as_fit_does(tmp_path):
    result = fit_mixed(tmp_path, "data.split.validation=0.2", "training.monitor=f1")
    text = format_description(show_file(result.model))
    for name in ("batch loss", "validation loss", "validation f1", "history (* best)"):
        assert name in text
    evaluated = fit_mixed(tmp_path, "training.train_loss=evaluation", out="other.npz")
    assert "train loss" in format_description(show_file(evaluated.model))


SPECS = {
    "recipe": {"recipe": "plain"},
    "folds": {"data": {"split": {"folds": 3}}},
    "refit": {"data": {"split": {"validation": 0.2}}, "training": {"epochs": 4, "refit": True}},
    "several targets": {"data": {"target": ["price", "count"]}},
    "odd texts": {"data": {"missing_values": ["\u2028", "a: b", "\x85", "\u202e", "a\nb"]}},
}


@pytest.mark.parametrize("name", SPECS)
def test_the_stored_spec_gives_the_same_bytes_in_the_same_folder(tmp_path, name):
    sections = {key: value for key, value in SPECS[name].items() if key != "recipe"}
    path = write_mixed(tmp_path / "configs", **{"training": {"epochs": 2}} | sections)
    if "recipe" in SPECS[name]:
        path.write_text("recipe: plain\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    first = fit(str(path), out=tmp_path / "first.npz")
    text = format_stored_spec(show_file(first.model))
    assert text.startswith("# paths are relative to configs: save it there\n")
    again = tmp_path / "configs" / "again.yaml"
    again.write_text(text, encoding="utf-8")
    fit(str(again), out=tmp_path / "second.npz")
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()


def test_a_model_of_numbers_is_described_too(tmp_path):
    found = show_file(fit_mixed(tmp_path, data={"target": ["price", "count"]}).model)
    assert found.target == "price: number\ncount: number"
    assert "r2" in format_description(found)


@pytest.mark.parametrize(
    ("split", "line"),
    [
        ({"validation": 0.2, "test": 0.1}, "150 rows: 105 for training, 30 for validation, 15 for test"),
        ({"folds": 5}, "150 rows; 5 networks, each on other rows, of the first: 120 for training, 30 for validation"),
        ({}, "150 rows: 150 for training"),
    ],
)
def test_it_says_how_the_rows_are_divided(tmp_path, split, line):
    spec = write_iris(tmp_path, data={"train": "iris.csv", "target": "species", "split": split})
    assert line in format_check(check_files(str(spec))).splitlines()
