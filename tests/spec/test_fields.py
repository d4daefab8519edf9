"""A spec is the same as plain values, as JSON and as the YAML that is printed; its defaults are as documented."""

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings

from mlptrain.annotations import list_component_names
from mlptrain.engine.activations import ReLU
from mlptrain.engine.optimizers import Adam
from mlptrain.plain import from_plain, to_plain
from mlptrain.reporting.spec_text import format_spec_as_yaml
from mlptrain.spec.fields import Data, ModelSpec, Spec, Training
from mlptrain.spec.file import load_spec
from mlptrain.spec.rules import find_contradictions
from tests.support.spec_cases import COMPONENTS, DATA, FIELDS, drawn, dumped, label, load, one, specs, unruled


@settings(drawn, max_examples=100)
@given(specs)
def test_a_spec_is_the_same_as_plain_values_and_as_json(spec):
    plain = to_plain(spec)
    assert from_plain(Spec, plain) == spec
    assert from_plain(Spec, json.loads(json.dumps(plain))) == spec
    assert to_plain(from_plain(Spec, plain)) == plain


def with_another(tree: Any, part: Any) -> list[Any]:
    """The tree with each of its parts replaced in turn."""
    if isinstance(tree, dict):
        return [tree | {key: other} for key, each in tree.items() for other in [part, *with_another(each, part)]]
    if isinstance(tree, list):
        return [
            [*tree[:place], other, *tree[place + 1 :]]
            for place, each in enumerate(tree)
            for other in [part, *with_another(each, part)]
        ]
    return []


@settings(drawn, max_examples=20)
@given(specs)
def test_a_value_of_another_kind_is_refused_by_its_section(spec):
    plain = to_plain(spec)
    for section in plain:
        for other in with_another({section: plain[section]}, {"no such key": [[]]}):
            with pytest.raises(ValueError, match=f"^{section}: "):
                from_plain(Spec, plain | other)


@settings(drawn, max_examples=25)
@given(specs)
def test_the_printed_spec_is_read_back_without_a_notice(spec):
    assume(not list(find_contradictions(spec)))
    assert read_back(format_spec_as_yaml(to_plain(spec))) == (spec, [])


@settings(drawn, max_examples=20)
@given(specs)
def test_a_spec_with_one_key_a_line_is_read_back_without_a_notice(spec):
    assume(not list(find_contradictions(spec)))
    assert read_back(dumped(to_plain(spec))) == (spec, [])


def read_back(text: str) -> tuple[Spec, list[str]]:
    """The spec of a text and its notices, but for those of settings that nothing uses, which are said of any text."""
    spec, said = load_spec("s.yaml", (), text)
    return spec, [each for each in said if " is not used: " not in each]


def covers(whole: Any, part: Any) -> bool:
    """Whether all that `part` says is in `whole`."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and covers(whole[key], part[key]) for key in part)
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(covers, whole, part))
    return type(whole) is type(part) and whole == part


@pytest.mark.parametrize("site", FIELDS, ids=label)
def test_every_field_is_what_is_written(site):
    plain = site.place(one(site.kind))
    spec = unruled(dumped(plain))
    assert covers(to_plain(spec), plain)
    assert from_plain(Spec, to_plain(spec)) == spec
    assert unruled(format_spec_as_yaml(to_plain(spec))) == spec


@pytest.mark.parametrize(("site", "kind"), COMPONENTS, ids=lambda part: getattr(part, "dotted", None) or part.__name__)
def test_every_component_may_stand_at_its_place_by_each_of_its_names(site, kind):
    for name in list_component_names(kind):
        spec = unruled(dumped(site.place({"name": name})))
        assert covers(to_plain(spec), site.place(to_plain(kind(name=name))))
        assert unruled(dumped(site.place(name))) == spec
        assert from_plain(Spec, to_plain(spec)) == spec


def test_defaults():
    spec = load(DATA)
    assert spec == Spec(data=Data(train="a.csv", target="y"))
    assert spec.model == ModelSpec(hidden=(64, 64), activation=ReLU(), norm=None, dropout=None, dtype="float32")
    assert spec.optimizer == Adam(learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8, weight_decay=0.0)
    assert spec.training == Training(epochs=100, batch_size=32, early_stopping=None, monitor="loss", shuffle=True)
    assert (spec.loss, spec.seed, spec.data.split.validation, spec.data.encoding) == (None, 0, 0.0, "utf-8")


def test_a_component_without_a_name_is_the_default_one():
    assert load(DATA + "optimizer: {learning_rate: 0.5}\n").optimizer == Adam(learning_rate=0.5)
    assert load(DATA + "model: {dropout: {rate: 0.25}}\n") == load(DATA + "model: {dropout: 0.25}\n")
