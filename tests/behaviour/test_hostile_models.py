"""Files that mean harm: each is refused in one sentence, runs nothing, and costs no more than is promised."""

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlptrain.commands.show import show_file
from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.encodings import LevelValues, OneHot
from mlptrain.data.features import Features
from mlptrain.data.number_column import NumberColumn
from mlptrain.data.scaling import NormalQuantiles
from mlptrain.data.targets import NumberTarget
from mlptrain.engine.losses import MeanSquaredError
from mlptrain.errors import DataError, EnvironmentFailure, ModelFileError
from mlptrain.model.head import NumberHead
from mlptrain.model.model import Model
from mlptrain.model.rules import check_head, check_history
from mlptrain.storage.container import write_container
from mlptrain.storage.metadata import DEEPEST, LARGEST, parse_json
from tests.support import cost
from tests.support.flows import predict
from tests.support.forging import (
    ARRAYS,
    AT_THE_BOUNDS,
    CHANGES,
    ELEMENTS,
    GOLDEN,
    METADATA,
    archives,
    changed,
    filled,
    fullest,
    length,
    other_kinds,
    overlapping,
    pickles,
    set_at,
    texts,
    with_text,
)

SOME = 1 << 22
"""Bytes, enough to be seen."""
CHANGED = [name for name in CHANGES if not name.startswith("a hundred thousand")]


def refusal(path, content):
    """The one sentence by which a file is refused."""
    path.write_bytes(content)
    with pytest.raises(ModelFileError) as problem:
        Model.load(path)
    said = str(problem.value)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
    assert len(said) < len(str(path)) + 400
    return said


def test_the_model_that_attacks_begin_with_is_a_model(tmp_path):
    (tmp_path / "m.npz").write_bytes(with_text(json.dumps(METADATA)))
    assert Model.load(tmp_path / "m.npz").spec == Model.load(GOLDEN).spec


@pytest.mark.parametrize("name", ["model.npz", "data.csv", "data.pkl", "data.parquet", "images-idx3-ubyte"])
def test_a_pickle_runs_under_no_name(tmp_path, name):
    canary, path = tmp_path / "canary", tmp_path / name
    for kind, content in pickles(canary).items():
        refusal(path, content)
        for model in (path, GOLDEN):
            with pytest.raises((ModelFileError, DataError)):
                predict(str(model), str(path))
        assert not canary.exists(), kind


@pytest.mark.parametrize("kind", other_kinds())
def test_a_file_of_another_kind_is_called_by_its_name(tmp_path, kind):
    content, word = other_kinds()[kind]
    said = refusal(tmp_path / "m.npz", content)
    assert word in said
    assert "not a model of mlptrain" in said


OTHERS = {"overlapping members"}
"""Whole archives that do not begin as ours do."""


@pytest.mark.parametrize("kind", archives())
def test_an_archive_that_is_not_ours_is_refused(tmp_path, kind):
    said = "this is an .npz of another program" if kind in OTHERS else "not a model of mlptrain"
    assert said in refusal(tmp_path / "m.npz", archives()[kind])


@pytest.mark.parametrize("kind", texts())
def test_metadata_that_is_not_our_json_is_refused(tmp_path, kind):
    assert "metadata" in refusal(tmp_path / "m.npz", with_text(texts()[kind])) or kind in (
        "a list",
        "a text",
        "a number",
        "null",
    )


REFUSALS = json.loads((Path(__file__).parent / "refusals.json").read_text(encoding="utf-8"))
"""The sentence by which each change is refused."""


@pytest.mark.parametrize("kind", CHANGED)
def test_metadata_that_lies_is_refused_by_the_first_rule_that_it_breaks(tmp_path, kind):
    path = tmp_path / "m.npz"
    assert refusal(path, changed(CHANGES[kind])) == f"{path}: {REFUSALS[kind]}"


@pytest.mark.parametrize("kind", AT_THE_BOUNDS)
def test_metadata_at_the_bounds_is_allowed(tmp_path, kind):
    (tmp_path / "m.npz").write_bytes(changed(AT_THE_BOUNDS[kind]))
    assert Model.load(tmp_path / "m.npz").spec == Model.load(GOLDEN).spec


def test_level_values_that_do_not_differ_have_a_scale_of_0():
    values = LevelValues(values=((1.0,), (1.0,)), center=(1.0,), scale=(0.0,))
    assert list(values.broken_rules(1)) == []


@pytest.mark.parametrize(
    ("bounds", "rule"),
    [
        ({"lowest": (0.0,)}, "the bounds of its targets"),
        ({"highest": (1.0,)}, "the bounds of its targets"),
        ({"lowest": (0.0, 0.0), "highest": (1.0, 1.0)}, "the bounds of its targets"),
        ({"lowest": (1.0,), "highest": (0.5,)}, "the bounds of its targets are not in order"),
    ],
)
def test_bounds_of_targets_are_one_of_each_and_in_order(bounds, rule):
    target = NumberTarget(names=("y",), center=(0.0,), scale=(1.0,))
    check_head(NumberHead(MeanSquaredError(), target), of_images=False)
    check_head(NumberHead(MeanSquaredError(), replace(target, lowest=(0.0,), highest=(0.0,))), of_images=False)
    with pytest.raises(ValueError, match=f"^{rule}$"):
        check_head(NumberHead(MeanSquaredError(), replace(target, **bounds)), of_images=False)


def test_a_very_wide_table_of_categories_is_refused_before_anything_is_made_of_it(tmp_path):
    levels = [f"level {number}" for number in range(200_000)]

    def wide(metadata):
        column = metadata["members"][0]["features"]["columns"][1]
        column["levels"], column["encoding"]["levels"] = levels, len(levels)

    assert "larger network than its arrays make" in refusal(tmp_path / "m.npz", changed(wide))


@pytest.mark.parametrize("name", [name for name in ARRAYS if name != "metadata"])
def test_an_array_of_another_kind_or_with_numbers_that_are_not_finite_is_refused(tmp_path, name):
    values = ARRAYS[name]
    history = name.startswith("history.")
    wrong = [values[:-1], np.zeros(values.shape, "<i4"), values[None], values.astype("f4" if history else "f8")]
    if not history:
        wrong += [values * np.float32(np.nan), np.full_like(values, np.inf)]
    for array in wrong:
        refusal(tmp_path / "m.npz", with_text(json.dumps(METADATA), **{name: array}))


@pytest.mark.parametrize("epochs", [[np.inf] * 20, [-1.0] * 20, [1e300] * 20, [np.nan] * 20])
def test_a_history_without_sensible_epochs_is_refused(tmp_path, epochs):
    refusal(tmp_path / "m.npz", with_text(json.dumps(METADATA), **{"history.epoch": np.array(epochs)}))


@pytest.mark.parametrize("name", ["history.more", "buffers.more", "parameters.more", "more", "2.parameters.x"])
def test_an_array_too_many_is_refused(tmp_path, name):
    refusal(tmp_path / "m.npz", with_text(json.dumps(METADATA), **{name: np.zeros(20)}))


def test_what_a_model_file_says_reaches_the_terminal_as_words(tmp_path):
    (tmp_path / "m.npz").write_bytes(changed(set_at("mlptrain")("[/b]\x1b[2J")))
    described = show_file(str(tmp_path / "m.npz"))
    assert "\x1b" not in repr(described)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="measured by what Linux says of a process")
def test_opening_costs_no_more_than_is_promised(tmp_path):
    """2 × the file and 64 MiB of memory; 10 s of the processor for 100 MiB, and 2 s besides."""
    attacks = {f"full of {kind}": with_text(fullest(kind)) for kind in ELEMENTS}
    attacks |= {
        f"overfull of {kind}": with_text(beyond(kind)) for kind in ("empty lists", "short texts", "entries of one map")
    }
    attacks |= {kind: changed(change) for kind, change in CHANGES.items() if "thousand" in kind or "million" in kind}
    attacks |= {
        "a large model": large_model(),
        "overlapping": overlapping(),
        "very many members": with_text(json.dumps(METADATA), **{f"{k:0200}": np.zeros(0) for k in range(9900)}),
        "very deep": with_text("[" * SOME),
        "one long text": with_text('"' + "\\\\" * (SOME // 2) + '"'),
        "one long text that is not closed": with_text('"' + "😀" * (SOME // 4)),
        "quotes": with_text('"' * SOME),
        "blanks": with_text(" " * SOME),
    }
    files = [tmp_path / f"{number}.npz" for number in range(len(attacks))]
    for file, content in zip(files, attacks.values(), strict=True):
        file.write_bytes(content)
    command = [sys.executable, cost.__file__, GOLDEN, *files]
    threads = {"OPENBLAS_NUM_THREADS": "1"}
    ended = subprocess.run(command, capture_output=True, check=True, text=True, env=os.environ | threads)
    for kind, file, line in zip(attacks, files, ended.stdout.splitlines(), strict=True):
        found, size = json.loads(line), file.stat().st_size
        assert found["memory"] <= 2 * size + (64 << 20), (kind, found)
        assert found["seconds"] <= 2 + 10 * size / (100 << 20), (kind, found)
        assert bool(found["said"]) == (kind not in ("a large model", "full of entries of one map")), (kind, found)


def beyond(kind):
    """Metadata of a kind as large as it may be, or nearly."""
    return filled(kind, (LARGEST - 4000) // (length(kind) + 1))


def large_model():
    """A model of four million parameters."""
    units = 2000
    network = {
        "hidden_1.weight": (6, units),
        "hidden_2.weight": (units, units),
        "output.weight": (units, 1),
        **{f"hidden_{k}.{part}": (units,) for k in (1, 2) for part in ("bias", "batch_norm.scale", "batch_norm.shift")},
    }
    arrays = {f"parameters.{name}": np.full(shape, 0.5, "f4") for name, shape in network.items()}
    parts = [f"hidden_{k}.batch_norm.running_{part}" for k in (1, 2) for part in ("mean", "variance")]
    arrays |= {f"buffers.{name}": np.ones(units, "f4") for name in parts}
    metadata = json.loads(json.dumps(METADATA))
    metadata["spec"]["model"]["hidden"] = [units, units]
    return with_text(json.dumps(metadata), **arrays)


@pytest.mark.parametrize("deep", [DEEPEST, DEEPEST + 1])
def test_metadata_is_nested_so_deeply_and_no_deeper(deep):
    text = b"[" * deep + b'"]]]]\\"[[[["' + b"]" * deep
    if deep <= DEEPEST:
        assert parse_json(text) is not None
    else:
        with pytest.raises(ValueError, match="nested more than 32 levels deep"):
            parse_json(text)


@pytest.mark.parametrize("text", ['"\\\\ud800"', '"\\\\\\\\udfff"', '"∂\\u2202"', '{"a": "}{", "b": ",,::[["}'])
def test_signs_in_texts_are_no_signs_of_json(text):
    assert parse_json(text.encode()) == json.loads(text)


def test_a_model_that_could_not_be_read_again_is_not_written(tmp_path):
    model = Model.load(GOLDEN)
    levels = tuple(f"level {number}" for number in range(10**6))
    wide = CategoryColumn(name="c", levels=levels, encoding=OneHot(levels=len(levels)))
    member = replace(model.networks[0], features=Features(columns=(wide,)))
    with pytest.raises(EnvironmentFailure, match=r"do not fit into a model file: .*; raise data\.min_frequency"):
        replace(model, networks=[member]).save(tmp_path / "m.npz")
    with pytest.raises(ModelFileError, match=r"more than 10000 arrays; use fewer folds"):
        write_container(io.BytesIO(), {f"a{number}": np.zeros(0) for number in range(10_000)})
    assert not list(tmp_path.iterdir())


EPOCHS = np.arange(1.0, 4.0)
HISTORIES = {
    "its history has columns that are not known here": {"epoch": EPOCHS, "more": EPOCHS},
    "the form of its history": {"epoch": EPOCHS[None]},
    "the columns of its history differ in length": {"epoch": EPOCHS, "best": EPOCHS[:2]},
    "its history has no epochs": {"best": EPOCHS},
    "the epochs of its history": {"epoch": -EPOCHS},
}


@pytest.mark.parametrize("rule", HISTORIES)
def test_a_history_is_refused_by_the_rule_that_it_breaks(rule):
    with pytest.raises(ValueError, match=f"^{rule}$"):
        check_history(HISTORIES[rule])


def test_histories_and_quantiles_at_the_bounds_are_allowed():
    check_history({})
    check_history({"epoch": np.array([0.0, 2.0**53 - 1])})
    column = NumberColumn(
        name="x", boolean=False, fill=0.0, scaling=NormalQuantiles(values=(0.0, 0.0, 1.0)), indicator=False
    )
    assert list(column.broken_rules()) == []
    out_of_order = replace(column, scaling=NormalQuantiles(values=(0.0, 2.0, 1.0)))
    assert list(out_of_order.scaling.broken_rules()) == ["its quantiles are not in order"]


def test_a_table_without_a_header_has_numbered_columns(tmp_path):
    def numbered(metadata):
        metadata["spec"]["data"] |= {"header": False}
        for number, column in enumerate(metadata["members"][0]["features"]["columns"], 1):
            column["name"] = f"column_{number}"

    (tmp_path / "m.npz").write_bytes(changed(numbered))
    assert Model.load(tmp_path / "m.npz").networks[0].features.columns[0].name == "column_1"
