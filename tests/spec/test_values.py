"""A spec in Python values is the spec in YAML: the same Spec, the same messages."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings

from mlptrain.errors import SpecError
from mlptrain.plain import to_plain
from mlptrain.spec.document import DEEPEST, MOST_NODES
from mlptrain.spec.file import load_draft, load_spec, make_draft_from_spec
from mlptrain.spec.recipes import Facts
from mlptrain.spec.rules import find_contradictions
from tests.support.spec_cases import DATA, FIELDS, drawn, dumped, label, one, problems, specs

VALUES: dict[str, Any] = {"data": {"train": "a.csv", "target": "y"}}


def refusals(spec: Any, overrides: Any = (), **more: Any) -> list[str]:
    with pytest.raises(SpecError) as error:
        make_draft_from_spec(spec, overrides, **more).check()
    return list(error.value.problems)


@settings(drawn, max_examples=40)
@given(specs)
def test_a_dict_is_the_same_spec_as_yaml(spec):
    assume(not list(find_contradictions(spec)))
    plain = to_plain(spec)
    draft = make_draft_from_spec(plain)
    assert draft.spec == load_spec("s.yaml", (), dumped(plain))[0] == spec
    assert not [said for said in draft.notices if " is not used: " not in said]


@pytest.mark.parametrize("site", FIELDS, ids=label)
def test_a_wrong_value_is_refused_in_the_same_words(site):
    plain = site.place([[["x"]]])
    wanted = [said.partition(": ")[2] for said in problems(dumped(plain))]
    assert refusals(plain) == [f"spec: {said}" for said in wanted]


def test_all_problems_are_listed_in_the_order_of_the_dict():
    values = VALUES | {"seed": -1, "optimizer": {"learning_rate": 0.0, "beta_3": 1}, "model": {"hidden": [64, "big"]}}
    keys = "clipvalue, clipnorm, global_clipnorm, weight_decay, learning_rate_factors, weight_decay_factors"
    found = refusals(values)
    assert found[0] == "spec: seed: -1 is out of range; write a whole number from 0 to below 9223372036854775808"
    assert found[1] == "spec: optimizer.learning_rate: 0 is out of range; write a number above 0"
    assert found[2].startswith("spec: optimizer.beta_3: unknown key 'beta_3'; did you mean 'beta_") or keys in found[2]
    assert found[3] == "spec: model.hidden[1]: 'big': write a whole number such as 64"


def test_python_values_are_written_as_yaml_has_them():
    spec = make_draft_from_spec(
        VALUES
        | {
            "seed": np.int64(3),
            "training": {"shuffle": False, "early_stopping": None, "class_weight": {"a": 2}},
            "model": {"hidden": (8, 4), "dropout": np.float64(0.25), "norm": None},
            "optimizer": {"lr": 1e-5},
        }
    )
    assert (
        spec.spec
        == load_spec(
            "s.yaml",
            (),
            DATA
            + "seed: 3\ntraining: {shuffle: false, class_weight: {a: 2}}\nmodel: {hidden: [8, 4], dropout: 0.25}\n"
            + "optimizer: {learning_rate: 1e-5}",
        )[0]
    )
    assert spec.notices == ["spec: 'lr' is read as 'learning_rate'"]
    assert make_draft_from_spec({"data": {"train": Path("d") / "a.csv", "target": "no"}}).spec.data.train == str(
        Path("d/a.csv")
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"seed": {1, 2}}, "spec: seed: set is no value of a spec; write a text, a number, True or False"),
        ({"data": {"columns": {3: "number"}}}, "spec: data.columns: the key 3 is no text; put it in quotes"),
        ({"seed": float("nan")}, "spec: seed: 'nan': write a whole number such as 64"),
        ({"data": {"target": "\ud800"}}, "spec: \\ud800 is half a character; write the whole one"),
        ({"recipe": "bset"}, "spec: recipe: 'bset' is not known here; did you mean 'best'?"),
    ],
)
def test_what_is_no_value_of_a_spec_is_refused(values, said):
    assert refusals(VALUES | values)[0].startswith(said)


def test_endless_and_huge_values_are_refused():
    endless: dict[str, Any] = {}
    endless["data"] = endless
    deep: Any = []
    for _ in range(DEEPEST + 1):
        deep = [deep]
    for values in (endless, {"data": deep}, {"data": [0] * (MOST_NODES + 1)}):
        assert refusals(values) == ["spec: the spec is nested too deeply or too long"]


def test_a_spec_may_be_a_path_or_yaml_text(tmp_path):
    file = tmp_path / "iris.yaml"
    file.write_text(DATA + "seed: 4\n")
    assert (
        make_draft_from_spec(file).spec
        == make_draft_from_spec(str(file)).spec
        == make_draft_from_spec(DATA + "seed: 4\n").spec
    )
    assert make_draft_from_spec("{data: {train: a.csv, target: y}, seed: 4}").spec.seed == 4
    assert refusals(DATA + "seed: x") == ["spec:2: seed: 'x': write a whole number such as 64"]
    assert refusals(str(tmp_path / "irs.yaml"))[0].startswith(f"{tmp_path / 'irs.yaml'}: no such file; did you mean")
    assert "no such file" in refusals("a\0b")[0] or "cannot be read" in refusals("a\0b")[0]


@pytest.mark.parametrize("site", [site for site in FIELDS if not set(site.path) & {0, "q"}], ids=label)
def test_an_override_by_value_is_the_override_by_text(site):
    if site.path == ("data",):
        return
    value = one(site.kind)
    before = site.place(value)
    by_value = outcome(lambda: make_draft_from_spec(before, {site.dotted: value}).spec)
    assert by_value == outcome(lambda: make_draft_from_spec(before).spec)


def outcome(call):
    try:
        return call()
    except SpecError as error:
        return [said.partition(": ")[2] for said in error.problems]


def test_overrides_are_texts_or_values():
    by_text = make_draft_from_spec(VALUES, ["training.epochs=3", "model.hidden=[4]", "optimizer=sgd"]).spec
    by_value = make_draft_from_spec(VALUES, {"training.epochs": 3, "model.hidden": [4], "optimizer": "sgd"}).spec
    assert by_text == by_value
    assert by_value.training.epochs == 3
    said = "0 is out of range; write a whole number from 1 to 1000000000"
    assert refusals(VALUES, {"training.epochs": 0}) == [f"overrides: training.epochs: {said}"]
    assert refusals(VALUES, {"training..epochs": 0})[0].startswith("overrides: 'training..epochs' is no key")
    assert refusals(VALUES, ["training.epochs=0"]) == [f"--set training.epochs: {said}"]
    assert make_draft_from_spec(VALUES, {"recipe": "plain"}).recipe.name == "plain"


def test_rows_that_are_given_need_no_file():
    values = {"data": {"target": "y"}}
    assert refusals(values) == ["spec: data.train: 'train' is missing"]
    assert make_draft_from_spec(values, rows_given=True).spec.data.train == ""
    assert make_draft_from_spec(VALUES, rows_given=True).spec.data.train == "a.csv"
    assert refusals({}, rows_given=True) == ["spec: data: 'target' is missing: which column is to be predicted?"]
    assert refusals({"data": "x"}, rows_given=True) == ["spec: data: write a map of keys here (got 'x')"]
    draft = make_draft_from_spec({"recipe": "plain", "data": {"target": "y"}}, {"data.target": "z"}, rows_given=True)
    spec, expansion = draft.complete_spec(Facts(target="classes", rows=100))
    assert (spec.data.train, spec.data.target, expansion.recipe.name) == ("", "z", "plain")
    assert "data.train" not in expansion.overridden


def test_a_file_without_rows_is_the_error_it_was():
    with pytest.raises(SpecError, match=r"^s.yaml:1: data.train: 'train' is missing$"):
        load_draft("s.yaml", (), "data: {target: y}").check()
